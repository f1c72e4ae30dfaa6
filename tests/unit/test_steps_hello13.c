/* steps/hello13.c and steps/negotiate13.c: what the hellos of DTLS 1.3 must and must not have, and what a server makes of
 * one (RFC 8446 sections 4.1 and 9.2, RFC 9147 section 5). */
#include "crypto/kx.h"
#include "fpl_extension_types.h"
#include "fpl_functions.h"
#include "hellos.h"
#include "steps/steps.h"

#define X FPL_NAMED_GROUP_X25519
#define P FPL_NAMED_GROUP_SECP256R1
#define AES128 FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256
#define AES256 FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384
#define CHACHA FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256
#define OF12 FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256

static fpl_config *config;
static fpl_conn    conn;

static void begin(fpl_role role)
{
    fpl_self_signed credential;
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_config_set_versions(config, FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13), FPL_OK);
    ck_assert_int_eq(fpl_make_self_signed(&credential, P, NULL, 1767225600), FPL_OK);
    ck_assert_int_eq(fpl_config_set_credential(config, credential.certificate, credential.certificate_len, credential.key,
                                               credential.key_len),
                     FPL_OK);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, role,
                                    role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS13_CLIENT : FPL_MACHINE_DTLS13_SERVER, 0),
                     FPL_STATUS_OK);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

/* --- ClientHello --------------------------------------------------------------------------------------- */

START_TEST(what_a_client_must_not_say_any_more)
{
    static const uint8_t  octets[2] = {0, 0};
    static const uint8_t  deflate[1] = {1};
    static const uint8_t  both[2] = {1, 0};
    static hello          h;
    fpl_client_hello      msg;
    begin(FPL_ROLE_SERVER);
    hello_begin(&h);
    hello_read(&h);
    msg = h.msg;
    ck_assert(fpl_check_legacy_cookie_empty(&conn, &msg) && fpl_check_only_null_compression(&conn, &msg));
    msg.legacy_cookie = fpl_bytes_of(octets, 1);
    ck_assert(!fpl_check_legacy_cookie_empty(&conn, &msg));
    msg.legacy_compression_methods = fpl_bytes_of(octets, 2);
    ck_assert(!fpl_check_only_null_compression(&conn, &msg));
    msg.legacy_compression_methods = fpl_bytes_of(both, 2);
    ck_assert(!fpl_check_only_null_compression(&conn, &msg));
    msg.legacy_compression_methods = fpl_bytes_of(deflate, 1);
    ck_assert(!fpl_check_only_null_compression(&conn, &msg));
    finish();
}
END_TEST

START_TEST(what_a_client_must_say)
{ /* HC-07; bits: groups, shares, schemes, PSK */
    static const fpl_named_group      groups[] = {X};
    static const fpl_signature_scheme schemes[] = {FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256};
    for (unsigned has = 0; has < 16; has++) {
        static hello h;
        begin(FPL_ROLE_SERVER);
        hello_begin(&h);
        if ((has & 1) != 0) {
            hello_add_list(&h, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, 2, groups, 1);
        }
        if ((has & 2) != 0) {
            hello_add_shares(&h, groups, 1, 9);
        }
        if ((has & 4) != 0) {
            hello_add_list(&h, FPL_EXTENSION_TYPE_SIGNATURE_ALGORITHMS, 2, schemes, 1);
        }
        if ((has & 8) != 0) {
            hello_add(&h, FPL_EXTENSION_TYPE_PRE_SHARED_KEY, (const uint8_t *)"psk", 3);
        }
        hello_read(&h);
        ck_assert_msg(fpl_check_mandatory_extensions_there(&conn, &h.msg) == ((has & 3) == 3 && (has & 12) != 0), "%u", has);
        finish();
    }
}
END_TEST

/* --- ServerHello ----------------------------------------------------------------------------------------- */

START_TEST(a_server_chooses_among_what_was_offered)
{
    static const uint8_t random[32] = {1};
    fpl_cipher_suite     ours[2] = {CHACHA, OF12};
    fpl_server_hello     msg;
    memset(&msg, 0, sizeof msg);
    msg.random = fpl_bytes_of(random, sizeof random);
    begin(FPL_ROLE_CLIENT);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, ours, 2), FPL_OK);
    msg.cipher_suite = CHACHA;
    ck_assert(fpl_check_suite13_was_offered(&conn, &msg));
    ck_assert(!fpl_check_suite12_was_offered(&conn, &msg)); /* of the other version */
    msg.cipher_suite = OF12;
    ck_assert(!fpl_check_suite13_was_offered(&conn, &msg));
    ck_assert(fpl_check_suite12_was_offered(&conn, &msg));
    msg.cipher_suite = AES128;
    ck_assert(!fpl_check_suite13_was_offered(&conn, &msg));

    ck_assert(fpl_check_session_id_echo_empty(&conn, &msg));
    msg.legacy_session_id_echo = fpl_bytes_of(random, 1);
    ck_assert(!fpl_check_session_id_echo_empty(&conn, &msg));

    msg.cipher_suite = CHACHA;
    ck_assert_int_eq(fpl_act_keep_hello_retry(&conn, &msg), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.version, FPL_VERSION_DTLS13);
    ck_assert(fpl_check_suite13_same_as_in_retry(&conn, &msg));
    msg.cipher_suite = AES128;
    ck_assert(!fpl_check_suite13_same_as_in_retry(&conn, &msg));
    finish();
}
END_TEST

START_TEST(a_retry_has_a_reason)
{ /* SM-26 */
    static const struct {
        fpl_extension_type type;
        bool               reason;
    } cases[] = {{FPL_EXTENSION_TYPE_KEY_SHARE, true},
                 {FPL_EXTENSION_TYPE_COOKIE, true},
                 {FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, false}};
    begin(FPL_ROLE_CLIENT);
    for (size_t i = 0; i < 3; i++) {
        uint8_t          extensions[4] = {0};
        fpl_server_hello msg;
        memset(&msg, 0, sizeof msg);
        ck_assert(!fpl_check_retry_changes_hello(&conn, &msg));
        fpl_put_uint(extensions, 2, cases[i].type);
        msg.extensions = fpl_bytes_of(extensions, sizeof extensions);
        ck_assert_int_eq(fpl_check_retry_changes_hello(&conn, &msg), cases[i].reason);
    }
    finish();
}
END_TEST

/* --- what a server makes of a hello ------------------------------------------------------------------------- */

static fpl_kx client_share;

/* A hello with these suites and groups, taken in up to where choose_parameters13 runs; a share of x25519 if `shared`. */
static fpl_plan13_answer chosen(const fpl_cipher_suite *suites, size_t num, const fpl_named_group *groups, size_t num_groups,
                                bool shared, fpl_signature_scheme scheme)
{
    static hello               h;
    uint8_t                    bytes[2 * FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    fpl_named_group_list       named;
    fpl_signature_scheme_list  schemes;
    fpl_key_share_client_hello shares;
    uint8_t                    share[4 + 32];
    uint8_t                    scheme_bytes[2];
    hello_begin(&h);
    memcpy(h.suites, suites, num * sizeof *suites);
    h.num_suites = num;
    hello_read(&h);
    for (size_t i = 0; i < num_groups; i++) {
        fpl_put_uint(bytes + 2 * i, 2, groups[i]);
    }
    named.named_group_list = fpl_bytes_of(bytes, 2 * num_groups);
    fpl_put_uint(scheme_bytes, 2, scheme);
    schemes.supported_signature_algorithms = fpl_bytes_of(scheme_bytes, 2);
    ck_assert_int_eq(fpl_kx_generate(&client_share, X, NULL), FPL_STATUS_OK);
    fpl_put_uint(share, 2, X);
    fpl_put_uint(share + 2, 2, 32);
    memcpy(share + 4, fpl_kx_public(&client_share).data, 32);
    shares.client_shares = fpl_bytes_of(share, shared ? sizeof share : 0);
    ck_assert_int_eq(fpl_hook_groups_note(&conn, &named), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hook_signature_schemes_note(&conn, &schemes), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hook_key_share_consider(&conn, &shares), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_act_choose_parameters13(&conn, &h.msg), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.hs->peer_share13.len, 0); /* it ends with the hello */
    ck_assert_mem_eq(conn.client_random, h.random, 32);
    return fpl_classify_plan13(&conn);
}

static const fpl_cipher_suite     all[] = {AES256, CHACHA, AES128};
static const fpl_named_group      both_groups[] = {P, X};
static const fpl_signature_scheme scheme = FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256;

START_TEST(a_hello_that_will_do_is_answered_at_once)
{
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t  len = 0;
    begin(FPL_ROLE_SERVER);
    ck_assert_int_eq(chosen(all, 3, both_groups, 2, true, scheme), FPL_ANSWER_PLAN13_ACCEPT);
    ck_assert_uint_eq(conn.version, FPL_VERSION_DTLS13);
    ck_assert_uint_eq(conn.suite->value, AES128); /* our order */
    ck_assert_uint_eq(conn.group, X);
    ck_assert_uint_eq(conn.hs->scheme, scheme);
    ck_assert_int_eq(fpl_kx_agree(&client_share, fpl_kx_public(&conn.hs->kx[0]), secret, &len), FPL_KX_OK);
    ck_assert_uint_eq(len, conn.hs->shared_secret_len);
    ck_assert_mem_eq(secret, conn.hs->shared_secret, len);
    fpl_kx_wipe(&client_share);
    finish();
}
END_TEST

START_TEST(nothing_in_common_is_no_crash)
{
    static const fpl_named_group  x448[] = {FPL_NAMED_GROUP_X448};
    static const fpl_cipher_suite of12[] = {OF12};
    begin(FPL_ROLE_SERVER);
    ck_assert_int_eq(chosen(of12, 1, both_groups, 2, true, scheme), FPL_ANSWER_PLAN13_NOTHING_COMMON);
    ck_assert_int_eq(chosen(all, 3, x448, 1, false, scheme), FPL_ANSWER_PLAN13_NOTHING_COMMON);
    ck_assert_int_eq(chosen(all, 3, both_groups, 2, true, FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384),
                     FPL_ANSWER_PLAN13_NOTHING_COMMON); /* our certificate's is another curve */
    ck_assert_ptr_null(conn.suite);
    fpl_kx_wipe(&client_share);
    finish();
}
END_TEST

START_TEST(what_a_retry_chose_stays_chosen)
{
    fpl_cipher_suite ours[3] = {CHACHA, AES128, AES256};
    uint8_t          digest[sizeof conn.hs->hello_digest];
    begin(FPL_ROLE_SERVER);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, ours, 3), FPL_OK);
    ck_assert_int_eq(chosen(all + 2, 1, both_groups, 2, false, scheme), FPL_ANSWER_PLAN13_RETRY);
    ck_assert_uint_eq(conn.hs->retry_suite, AES128);
    ck_assert_uint_eq(conn.hs->retry_group, X); /* our order among what it names */
    ck_assert_uint_eq(conn.suite->value, AES128);
    memcpy(digest, conn.hs->hello_digest, sizeof digest);
    ck_assert_int_eq(chosen(all, 3, both_groups, 2, false, scheme), FPL_ANSWER_PLAN13_RETRY); /* its share again not there */
    ck_assert_uint_eq(conn.hs->retry_suite, AES128);
    ck_assert_mem_eq(digest, conn.hs->hello_digest, sizeof digest);
    ck_assert_int_eq(chosen(all, 3, both_groups, 2, true, scheme), FPL_ANSWER_PLAN13_ACCEPT);
    ck_assert_uint_eq(conn.suite->value, AES128);
    ck_assert_int_eq(chosen(all, 2, both_groups, 2, true, scheme), FPL_ANSWER_PLAN13_NOTHING_COMMON);
    fpl_kx_wipe(&client_share);
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, what_a_client_must_not_say_any_more);
    tcase_add_test(tc, what_a_client_must_say);
    tcase_add_test(tc, a_server_chooses_among_what_was_offered);
    tcase_add_test(tc, a_retry_has_a_reason);
    tcase_add_test(tc, a_hello_that_will_do_is_answered_at_once);
    tcase_add_test(tc, nothing_in_common_is_no_crash);
    tcase_add_test(tc, what_a_retry_chose_stays_chosen);
}

UNIT_MAIN("steps/hello13", tests)
