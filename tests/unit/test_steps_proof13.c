/* steps/certificate13.c and steps/signature.c: chains, requests and what a CertificateVerify of DTLS 1.3 is over
 * (RFC 8446 sections 4.3.2, 4.4.2 and 4.4.3). */
#include "crypto/scheme.h"
#include "crypto/sign.h"
#include "fpl_functions.h"
#include "steps/steps.h"
#include "unit.h"

static fpl_config     *config;
static fpl_conn        conn;
static fpl_self_signed credential;

static void begin(fpl_role role, fpl_named_group curve)
{
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_make_self_signed(&credential, curve, "proof", 1767225600), FPL_OK);
    ck_assert_int_eq(fpl_config_set_credential(config, credential.certificate, credential.certificate_len, credential.key,
                                               credential.key_len),
                     FPL_OK);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, role,
                                    role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS13_CLIENT : FPL_MACHINE_DTLS13_SERVER, 0),
                     FPL_STATUS_OK);
    conn.version = FPL_VERSION_DTLS13;
    conn.suite = fpl_cipher_suite_find(FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    ck_assert_int_eq(fpl_transcript_choose(config, &conn.hs->transcript, FPL_VERSION_DTLS13, conn.suite->hash, 0),
                     FPL_STATUS_OK);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

static void knows(fpl_signature_scheme scheme)
{
    conn.hs->peer_schemes[0] = scheme;
    conn.hs->num_peer_schemes = 1;
}

/* Our chain as a peer reads it. */
static fpl_certificate13 own_certificate(uint8_t *bytes, size_t cap)
{
    fpl_writer        w = fpl_writer_of(bytes, cap);
    fpl_reader        r;
    fpl_certificate13 msg;
    ck_assert(fpl_build_certificate13(&conn, &w));
    r = fpl_reader_of(bytes, w.len);
    ck_assert(fpl_decode_certificate13(&msg, &r) && r.len == 0);
    return msg;
}

START_TEST(a_scheme_is_for_one_curve)
{ /* RFC 8446 section 4.2.3, while in DTLS 1.2 any hash goes with any curve */
    fpl_certificate_verify verify;
    begin(FPL_ROLE_CLIENT, FPL_NAMED_GROUP_SECP384R1);
    knows(FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256);
    ck_assert_uint_eq(fpl_own_scheme(&conn), 0);
    conn.version = FPL_VERSION_DTLS12;
    ck_assert_uint_eq(fpl_own_scheme(&conn), FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256);
    conn.version = FPL_VERSION_DTLS13;
    knows(FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384);
    ck_assert_uint_eq(fpl_own_scheme(&conn), FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384);

    conn.hs->peer_key.curve = FPL_NAMED_GROUP_SECP384R1;
    verify.algorithm = FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256;
    ck_assert(!fpl_check_cv_scheme_fits_key(&conn, &verify));
    verify.algorithm = FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384;
    ck_assert(fpl_check_cv_scheme_fits_key(&conn, &verify));
    finish();
}
END_TEST

START_TEST(a_request_that_our_key_does_not_fit_is_answered_without_it)
{
    static const fpl_certificate_request13 request;
    fpl_certificate13                      shown;
    uint8_t                                bytes[2048];
    begin(FPL_ROLE_CLIENT, FPL_NAMED_GROUP_SECP256R1);
    knows(FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384);
    ck_assert_int_eq(fpl_act_keep_certificate_request13(&conn, &request), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_classify_client_auth(&conn), FPL_ANSWER_CLIENT_AUTH_WITHOUT_CERT);
    shown = own_certificate(bytes, sizeof bytes);
    ck_assert(shown.certificate_list.len == 0 && shown.certificate_request_context.len == 0);
    ck_assert_int_eq(fpl_classify_client_certificate13(&conn, &shown), FPL_ANSWER_CLIENT_CERTIFICATE13_EMPTY);
    ck_assert(!fpl_check_certificate13_list_not_empty(&conn, &shown));
    knows(FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256);
    ck_assert_int_eq(fpl_act_keep_certificate_request13(&conn, &request), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_classify_client_auth(&conn), FPL_ANSWER_CLIENT_AUTH_WITH_CERT);
    shown = own_certificate(bytes, sizeof bytes);
    ck_assert_int_eq(fpl_classify_client_certificate13(&conn, &shown), FPL_ANSWER_CLIENT_CERTIFICATE13_GIVEN);
    finish();
}
END_TEST

START_TEST(a_chain_is_judged_and_kept)
{
    fpl_certificate13 shown;
    uint8_t           bytes[2048];
    uint8_t           print[32];
    begin(FPL_ROLE_SERVER, FPL_NAMED_GROUP_SECP256R1);
    shown = own_certificate(bytes, sizeof bytes);
    ck_assert(fpl_check_certificate_context_empty(&conn, &shown));
    ck_assert(fpl_check_certificate13_list_not_empty(&conn, &shown));
    ck_assert(fpl_check_certificate13_extensions_offered(&conn, &shown));
    ck_assert(fpl_check_certificate13_acceptable(&conn, &shown));
    ck_assert(fpl_check_certificate13_key_supported(&conn, &shown));
    ck_assert_int_eq(fpl_act_keep_peer_certificate13(&conn, &shown), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.hs->num_chain, 1);
    ck_assert_uint_eq(conn.hs->chain_views[0].len, credential.certificate_len);
    ck_assert_mem_eq(conn.hs->chain_views[0].der, credential.certificate, credential.certificate_len);
    fpl_fingerprint(credential.certificate, credential.certificate_len, print);
    ck_assert(conn.has_peer_fingerprint);
    ck_assert_mem_eq(conn.peer_fingerprint, print, sizeof print);
    shown.certificate_request_context = fpl_bytes_of(bytes, 1);
    ck_assert(!fpl_check_certificate_context_empty(&conn, &shown));
    finish();
}
END_TEST

/* A list of `num` certificates of which the last has an extension. */
static fpl_certificate13 list_of(size_t num, bool extension, uint8_t *bytes, size_t cap)
{
    static const uint8_t status_request[] = {0, 5, 0, 1, 7};
    fpl_writer           w = fpl_writer_of(bytes, cap);
    fpl_certificate13    msg;
    for (size_t i = 0; i < num; i++) {
        fpl_certificate_entry entry;
        entry.cert_data = fpl_bytes_of(credential.certificate, credential.certificate_len);
        entry.extensions = fpl_bytes_of(status_request, extension && i == num - 1 ? sizeof status_request : 0);
        ck_assert(fpl_encode_certificate_entry(&w, &entry));
    }
    memset(&msg, 0, sizeof msg);
    msg.certificate_list = fpl_bytes_of(bytes, w.len);
    return msg;
}

START_TEST(a_chain_has_bounds_and_no_answers_to_nothing)
{
    static uint8_t    bytes[65536];
    fpl_certificate13 msg;
    begin(FPL_ROLE_CLIENT, FPL_NAMED_GROUP_SECP256R1);
    msg = list_of(2, true, bytes, sizeof bytes);
    ck_assert(!fpl_check_certificate13_extensions_offered(&conn, &msg));
    msg = list_of(2, false, bytes, sizeof bytes);
    ck_assert(fpl_check_certificate13_extensions_offered(&conn, &msg));
    ck_assert(fpl_check_certificate13_acceptable(&conn, &msg));
    msg = list_of(config->limits[FPL_LIMIT_CERTIFICATE_COUNT], false, bytes, sizeof bytes);
    ck_assert(fpl_check_certificate13_acceptable(&conn, &msg));
    ck_assert_int_eq(fpl_act_keep_peer_certificate13(&conn, &msg), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.hs->num_chain, config->limits[FPL_LIMIT_CERTIFICATE_COUNT]);
    msg = list_of(config->limits[FPL_LIMIT_CERTIFICATE_COUNT] + 1, false, bytes, sizeof bytes);
    ck_assert(!fpl_check_certificate13_acceptable(&conn, &msg));
    config->limits[FPL_LIMIT_CERTIFICATE_COUNT] = 32;
    config->limits[FPL_LIMIT_CERTIFICATE_BYTES] = msg.certificate_list.len;
    ck_assert(fpl_check_certificate13_acceptable(&conn, &msg));
    config->limits[FPL_LIMIT_CERTIFICATE_BYTES]--;
    ck_assert(!fpl_check_certificate13_acceptable(&conn, &msg));
    bytes[3] ^= 0xff; /* no certificate any more */
    msg.certificate_list.len = 3 + credential.certificate_len + 2;
    ck_assert(!fpl_check_certificate13_acceptable(&conn, &msg));
    finish();
}
END_TEST

START_TEST(a_signature_is_over_the_signers_own_words)
{ /* one of a client's is none of a server's, and neither is one over another transcript: RFC 8446 section 4.4.3 */
    static const fpl_role roles[] = {FPL_ROLE_CLIENT, FPL_ROLE_SERVER};
    for (size_t i = 0; i < 2; i++) {
        uint8_t                chain[2048];
        uint8_t                bytes[256];
        fpl_writer             w = fpl_writer_of(bytes, sizeof bytes);
        fpl_reader             r;
        fpl_certificate13      shown;
        fpl_certificate_verify verify;
        begin(roles[i], FPL_NAMED_GROUP_SECP384R1); /* the scheme's hash is not the suite's */
        knows(FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384);
        conn.hs->scheme = fpl_own_scheme(&conn);
        shown = own_certificate(chain, sizeof chain);
        ck_assert(fpl_check_certificate13_acceptable(&conn, &shown));
        ck_assert_int_eq(fpl_act_sign(&conn), FPL_STATUS_OK);
        ck_assert_uint_eq(conn.hs->digest_len, 48);
        ck_assert(fpl_build_certificate_verify(&conn, &w));
        r = fpl_reader_of(bytes, w.len);
        ck_assert(fpl_decode_certificate_verify(&verify, &r));
        ck_assert(!fpl_check_cv_signature_valid(&conn, &verify)); /* we said it: it is not the peer's */
        conn.role = roles[1 - i];
        ck_assert(fpl_check_cv_signature_valid(&conn, &verify));
        ck_assert(!conn.proven);
        ck_assert_int_eq(fpl_act_keep_peer_proof13(&conn, &verify), FPL_STATUS_OK);
        ck_assert(conn.proven && conn.peer_scheme == FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384);
        ck_assert_int_eq(fpl_transcript_append(config, &conn.hs->transcript, 8, 0, fpl_bytes_none()), FPL_STATUS_OK);
        ck_assert(!fpl_check_cv_signature_valid(&conn, &verify));
        finish();
    }
}
END_TEST

START_TEST(what_is_signed_is_as_the_rfc_says)
{ /* spaces, text, zero, hash: put together here once more */
    uint8_t content[64 + 34 + FPL_HASH_MAX_LEN];
    uint8_t digest[FPL_HASH_MAX_LEN];
    begin(FPL_ROLE_SERVER, FPL_NAMED_GROUP_SECP256R1);
    knows(FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256);
    conn.hs->scheme = fpl_own_scheme(&conn);
    ck_assert_int_eq(fpl_signature_digest(&conn), FPL_STATUS_OK);
    memset(content, 0x20, 64);
    memcpy(content + 64, "TLS 1.3, server CertificateVerify", 34);
    ck_assert_uint_eq(fpl_transcript_digest(&conn.hs->transcript, FPL_HASH_SHA256, content + 64 + 34), 32);
    ck_assert_uint_eq(fpl_hash_once(FPL_HASH_SHA256, fpl_bytes_of(content, 64 + 34 + 32), digest), conn.hs->digest_len);
    ck_assert_mem_eq(conn.hs->digest, digest, 32);
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_scheme_is_for_one_curve);
    tcase_add_test(tc, a_request_that_our_key_does_not_fit_is_answered_without_it);
    tcase_add_test(tc, a_chain_is_judged_and_kept);
    tcase_add_test(tc, a_chain_has_bounds_and_no_answers_to_nothing);
    tcase_add_test(tc, a_signature_is_over_the_signers_own_words);
    tcase_add_test(tc, what_is_signed_is_as_the_rfc_says);
}

UNIT_MAIN("steps/proof13", tests)
