/* steps/key_share.c: the shares that are sent, taken, demanded and answered (RFC 8446 section 4.2.8). */
#include "crypto/features.h"
#include "fpl_extension_types.h"
#include "fpl_functions.h"
#include "hellos.h"
#include "steps/steps.h"

#define X FPL_NAMED_GROUP_X25519
#define P FPL_NAMED_GROUP_SECP256R1
#define Q FPL_NAMED_GROUP_SECP384R1
#define GREASE 0x4a4a

static fpl_config *config;
static fpl_conn    conn;

static void begin(fpl_role role, const fpl_named_group *groups, size_t num)
{
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_config_set_versions(config, FPL_VERSIONS_DTLS13), FPL_OK);
    ck_assert_int_eq(fpl_config_set_groups(config, groups, num), FPL_OK);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, role,
                                    role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS13_CLIENT : FPL_MACHINE_DTLS13_SERVER, 0),
                     FPL_STATUS_OK);
}

static void finish(void)
{
    conn.message = NULL;
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

/* Is `group` among the shares that the hook writes, and how many are there? */
static size_t offered(fpl_named_group group, bool *found)
{
    uint8_t                    bytes[2048];
    fpl_writer                 w = fpl_writer_of(bytes, sizeof bytes);
    fpl_reader                 r;
    fpl_key_share_client_hello ext;
    fpl_key_share_entry        entry;
    size_t                     num = 0;
    ck_assert_int_eq(fpl_hook_key_share_offer(&conn, &w), FPL_WRITE);
    r = fpl_reader_of(bytes, w.len);
    ck_assert(fpl_decode_key_share_client_hello(&ext, &r));
    *found = false;
    while (fpl_key_share_entry_next(&ext.client_shares, &entry)) {
        *found = *found || entry.group == group;
        num++;
    }
    return num;
}

START_TEST(a_client_sends_a_share_of_its_first_group)
{
    static const fpl_named_group groups[] = {P, X};
    bool                         found;
    begin(FPL_ROLE_CLIENT, groups, 2);
    ck_assert_int_eq(fpl_act_start_connection(&conn), FPL_STATUS_OK);
    ck_assert_uint_eq(offered(P, &found), 1);
    ck_assert(found);
    ck_assert_ptr_nonnull(fpl_share_of(conn.hs, P));
    ck_assert_ptr_null(fpl_share_of(conn.hs, X));
    finish();
}
END_TEST

#if FPL_HAVE_MLKEM
START_TEST(beside_a_hybrid_share_goes_its_classical_half)
{
    static const fpl_named_group groups[] = {FPL_NAMED_GROUP_X25519MLKEM768, P, X};
    bool                         found;
    begin(FPL_ROLE_CLIENT, groups, 3);
    ck_assert_int_eq(fpl_act_start_connection(&conn), FPL_STATUS_OK);
    ck_assert_uint_eq(offered(X, &found), 2);
    ck_assert(found);
    ck_assert_ptr_nonnull(fpl_share_of(conn.hs, FPL_NAMED_GROUP_X25519MLKEM768));
    finish();
    begin(FPL_ROLE_CLIENT, groups, 2); /* not where it is not wanted */
    ck_assert_int_eq(fpl_act_start_connection(&conn), FPL_STATUS_OK);
    ck_assert_uint_eq(offered(X, &found), 1);
    finish();
}
END_TEST
#else
START_TEST(a_group_that_libcrypto_lacks_is_not_to_be_had)
{
    static const fpl_named_group hybrid = FPL_NAMED_GROUP_X25519MLKEM768;
    config = fpl_config_new();
    ck_assert_int_eq(fpl_config_set_groups(config, &hybrid, 1), FPL_MISUSE);
    for (uint8_t i = 0; i < config->num_groups; i++) {
        ck_assert_uint_ne(config->groups[i], hybrid);
    }
    fpl_config_free(config);
}
END_TEST
#endif

START_TEST(a_demand_is_for_what_we_named_and_have_not_sent)
{ /* SM-26 */
    static const fpl_named_group      groups[] = {P, X};
    fpl_key_share_hello_retry_request demand = {X};
    uint8_t                           before[32];
    bool                              found;
    begin(FPL_ROLE_CLIENT, groups, 2);
    ck_assert_int_eq(fpl_act_start_connection(&conn), FPL_STATUS_OK);
    memcpy(before, conn.hs->kx[0].private_key, sizeof before);
    ck_assert(fpl_extension_check_demanded_group_was_supported(&conn, &demand));
    ck_assert(fpl_extension_check_demanded_group_had_no_share_yet(&conn, &demand));
    demand.selected_group = P;
    ck_assert(!fpl_extension_check_demanded_group_had_no_share_yet(&conn, &demand));
    demand.selected_group = Q;
    ck_assert(!fpl_extension_check_demanded_group_was_supported(&conn, &demand));
    demand.selected_group = X;
    ck_assert_int_eq(fpl_hook_key_share_redo(&conn, &demand), FPL_STATUS_OK);
    ck_assert_uint_eq(offered(X, &found), 1); /* in place of the other */
    ck_assert(found);
    ck_assert_ptr_null(fpl_share_of(conn.hs, P));
    ck_assert_uint_eq(conn.hs->retry_group, X);
    ck_assert_mem_ne(conn.hs->kx[0].private_key, before, sizeof before);
    finish();
}
END_TEST

START_TEST(an_answer_is_to_a_share_of_ours)
{ /* HC-09 */
    static const fpl_named_group groups[] = {P, X};
    static const uint8_t         zeros[32];
    uint8_t                      share[65];
    fpl_kx                       theirs = {0};
    fpl_key_share_server_hello   answer;
    begin(FPL_ROLE_CLIENT, groups, 2);
    ck_assert_int_eq(fpl_act_start_connection(&conn), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_kx_generate(&theirs, P, NULL), FPL_STATUS_OK);
    ck_assert_uint_eq(fpl_kx_public(&theirs).len, sizeof share);
    memcpy(share, fpl_kx_public(&theirs).data, sizeof share);
    answer.server_share.group = P;
    answer.server_share.key_exchange = fpl_bytes_of(share, sizeof share);
    ck_assert(fpl_extension_check_answered_group_was_shared(&conn, &answer));
    ck_assert(fpl_extension_check_answered_group_is_demanded_group(&conn, &answer));
    ck_assert(fpl_extension_check_server_share_well_formed(&conn, &answer));
    conn.hs->retry_group = X;
    ck_assert(!fpl_extension_check_answered_group_is_demanded_group(&conn, &answer));
    conn.hs->retry_group = P;
    ck_assert(fpl_extension_check_answered_group_is_demanded_group(&conn, &answer));
    ck_assert_int_eq(fpl_hook_key_share_keep(&conn, &answer), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.group, P);
    ck_assert_uint_eq(conn.hs->peer_share13.len, sizeof share);
    ck_assert_mem_eq(conn.hs->peer_share13.data, share, sizeof share);
    share[10] ^= 1; /* off the curve */
    ck_assert(!fpl_extension_check_server_share_well_formed(&conn, &answer));
    answer.server_share.group = X;
    answer.server_share.key_exchange = fpl_bytes_of(zeros, sizeof zeros);
    ck_assert(!fpl_extension_check_answered_group_was_shared(&conn, &answer));
    ck_assert(!fpl_extension_check_server_share_well_formed(&conn, &answer)); /* of small order */
    fpl_kx_wipe(&theirs);
    finish();
}
END_TEST

/* A hello with these groups and shares; its key_share. */
static fpl_key_share_client_hello shares_of(hello *h, const fpl_named_group *groups, size_t num,
                                            const fpl_named_group *shares, size_t num_shares)
{
    fpl_key_share_client_hello ext;
    fpl_bytes                  body;
    fpl_reader                 r;
    hello_begin(h);
    hello_add_list(h, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, 2, groups, num);
    hello_add_shares(h, shares, num_shares, 9);
    hello_read(h);
    conn.message = &h->message;
    ck_assert(fpl_extensions_find(h->msg.extensions, FPL_EXTENSION_TYPE_KEY_SHARE, &body));
    r = fpl_reader_of(body.data, body.len);
    ck_assert(fpl_decode_key_share_client_hello(&ext, &r));
    return ext;
}

START_TEST(shares_follow_the_groups_that_were_named)
{ /* HC-10 */
    static const struct {
        fpl_named_group groups[4], shares[3];
        size_t          num_groups, num_shares;
        bool            good;
    } cases[] = {
        {{X, P}, {X}, 2, 1, true},
        {{X, P}, {P}, 2, 1, true},
        {{X, P}, {X, P}, 2, 2, true},
        {{X, P}, {P, X}, 2, 2, false},
        {{P}, {X}, 1, 1, false},
        {{GREASE, X, P, Q}, {GREASE, Q}, 4, 2, true},
        {{X, P}, {GREASE, X}, 2, 2, false},
        {{X, P}, {0}, 2, 0, true},
    };
    static const fpl_named_group ours[] = {X, P};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static hello               h;
        fpl_key_share_client_hello ext;
        begin(FPL_ROLE_SERVER, ours, 2);
        ext = shares_of(&h, cases[i].groups, cases[i].num_groups, cases[i].shares, cases[i].num_shares);
        ck_assert_msg(fpl_extension_check_shares_follow_supported_groups(&conn, &ext) == cases[i].good, "case %zu", i);
        finish();
    }
}
END_TEST

START_TEST(a_server_takes_the_share_that_it_likes_best)
{
    static const fpl_named_group all[] = {GREASE, X, P, Q};
    static const struct {
        fpl_named_group ours[2];
        fpl_named_group demanded, taken;
    } cases[] = {{{X, P}, 0, X}, {{P, X}, 0, P}, {{Q, P}, 0, Q}, {{X, P}, P, P}, {{X, P}, Q, Q}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static hello               h;
        fpl_key_share_client_hello ext;
        begin(FPL_ROLE_SERVER, cases[i].ours, 2);
        ext = shares_of(&h, all, 4, all, 4);
        conn.hs->retry_group = cases[i].demanded;
        ck_assert_int_eq(fpl_hook_key_share_consider(&conn, &ext), FPL_STATUS_OK);
        ck_assert_uint_eq(conn.group, cases[i].taken);
        ck_assert_uint_eq(conn.hs->peer_share13.len, fpl_named_group_find(cases[i].taken)->share_length);
        finish();
    }
}
END_TEST

START_TEST(no_share_of_ours_is_no_group_yet)
{
    static const fpl_named_group groups[] = {Q, P};
    static const fpl_named_group ours[] = {P};
    static hello                 h;
    fpl_key_share_client_hello   ext;
    begin(FPL_ROLE_SERVER, ours, 1);
    ext = shares_of(&h, groups, 2, groups, 1);
    conn.group = X; /* what a hello before it may have left */
    conn.hs->peer_share13 = fpl_bytes_of(h.bytes, 32);
    ck_assert_int_eq(fpl_hook_key_share_consider(&conn, &ext), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.group, 0);
    ck_assert_uint_eq(conn.hs->peer_share13.len, 0);
    finish();
}
END_TEST

START_TEST(only_the_share_that_counts_is_judged)
{
    static const fpl_named_group groups[] = {X, P};
    static hello                 h;
    fpl_key_share_client_hello   ext;
    begin(FPL_ROLE_SERVER, groups, 1);
    ext = shares_of(&h, groups, 2, groups, 2); /* of P a share off its curve */
    ck_assert(fpl_extension_check_offered_share_is_valid(&conn, &ext));
    finish();
    begin(FPL_ROLE_SERVER, groups + 1, 1);
    ext = shares_of(&h, groups, 2, groups, 2);
    ck_assert(!fpl_extension_check_offered_share_is_valid(&conn, &ext));
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_client_sends_a_share_of_its_first_group);
#if FPL_HAVE_MLKEM
    tcase_add_test(tc, beside_a_hybrid_share_goes_its_classical_half);
#else
    tcase_add_test(tc, a_group_that_libcrypto_lacks_is_not_to_be_had);
#endif
    tcase_add_test(tc, a_demand_is_for_what_we_named_and_have_not_sent);
    tcase_add_test(tc, an_answer_is_to_a_share_of_ours);
    tcase_add_test(tc, shares_follow_the_groups_that_were_named);
    tcase_add_test(tc, a_server_takes_the_share_that_it_likes_best);
    tcase_add_test(tc, no_share_of_ours_is_no_group_yet);
    tcase_add_test(tc, only_the_share_that_counts_is_judged);
}

UNIT_MAIN("steps/key_share", tests)
