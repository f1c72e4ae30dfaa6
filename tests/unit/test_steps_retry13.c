/* steps/retry13.c and steps/cookie13.c: what is asked of a client that must say its hello again, what that hello may
 * change, and the cookie that remembers it all (RFC 8446 sections 4.1.2 and 4.2.2, RFC 9147 section 5.1). */
#include "steps/retry13.h"

#include "fpl_functions.h"
#include "hellos.h"
#include "steps/cookie.h"
#include "steps/cookie13.h"
#include "steps/steps.h"

#define X FPL_NAMED_GROUP_X25519
#define P FPL_NAMED_GROUP_SECP256R1

#define GREASE 0x4a4a

static fpl_config    *config;
static fpl_conn       conn;
static fpl_cookie_jar jar;
static const uint8_t  address[] = {192, 0, 2, 1, 0x12, 0x34};

static void begin(void)
{
    static const uint8_t key[FPL_COOKIE_KEY_LEN] = {1, 2, 3};
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    memset(&jar, 0, sizeof jar);
    ck_assert_int_eq(fpl_config_set_versions(config, FPL_VERSIONS_DTLS13), FPL_OK);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, FPL_ROLE_SERVER, FPL_MACHINE_LISTEN, 5000000), FPL_STATUS_OK);
    fpl_cookie_jar_add(&jar, 77, key, 0);
    conn.cookies = &jar;
    conn.address = fpl_bytes_of(address, sizeof address);
    conn.scratch = true;
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

/* A hello with these groups, and shares of those. */
static void with_groups(hello *h, const fpl_named_group *groups, size_t num, const fpl_named_group *shares,
                        size_t num_shares)
{
    static const uint16_t versions[] = {FPL_DTLS13};
    hello_begin(h);
    hello_add_list(h, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, 1, versions, 1);
    hello_add_list(h, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, 2, groups, num);
    hello_add_shares(h, shares, num_shares, 9);
    hello_read(h);
}

/* --- the plan --------------------------------------------------------------------------------------------- */

START_TEST(a_share_that_came_will_do_whatever_else_we_like_better)
{
    static const struct {
        fpl_named_group ours[2], groups[3], shares[2];
        size_t          num_ours, num_groups, num_shares;
        fpl_named_group wanted; /* 0: none need be asked for */
        bool            common;
    } cases[] = {
        {{X, P}, {X, P}, {X}, 2, 2, 1, 0, true},
        {{X, P}, {P, X}, {P}, 2, 2, 1, 0, true},          /* X would be ours, but P is here */
        {{X, P}, {P, X}, {P}, 2, 2, 0, X, true},          /* no share at all: our order counts */
        {{P, X}, {X, P}, {X}, 2, 2, 0, P, true},
        {{P}, {X, P}, {X}, 1, 2, 1, P, true},
        {{P}, {GREASE, X, P}, {GREASE, X}, 1, 3, 2, P, true},
        {{P}, {X}, {X}, 1, 1, 1, 0, false},
        {{P}, {X}, {P}, 1, 1, 1, 0, false},               /* a share of a group that it does not name is none */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static hello h;
        fpl_retry13  retry;
        begin();
        ck_assert_int_eq(fpl_config_set_groups(config, cases[i].ours, cases[i].num_ours), FPL_OK);
        with_groups(&h, cases[i].groups, cases[i].num_groups, cases[i].shares, cases[i].num_shares);
        ck_assert_msg(fpl_retry13_plan(config, &h.msg, &retry) == cases[i].common, "case %zu", i);
        ck_assert_int_eq(fpl_classify_plan_of_retry(&conn, &h.msg),
                         cases[i].common ? FPL_ANSWER_PLAN_OF_RETRY_GROUP_AND_SUITE
                                         : FPL_ANSWER_PLAN_OF_RETRY_NOTHING_COMMON);
        ck_assert_msg(!cases[i].common || retry.group == cases[i].wanted, "case %zu: %04x", i, retry.group);
        ck_assert(!cases[i].common || retry.suite == FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
        finish();
    }
}
END_TEST

START_TEST(our_order_chooses_the_suite_and_what_is_bound_stays)
{
    static const uint8_t offered[] = {0x0a, 0x0a, 0xc0, 0x2b, 0x13, 0x03, 0x13, 0x02, 0x13, 0x01};
    fpl_cipher_suite     ours[2] = {FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384, FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256};
    fpl_bytes            list = fpl_bytes_of(offered, sizeof offered);
    begin();
    ck_assert_uint_eq(fpl_suite13_choose(config, list, 0)->value, FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, ours, 2), FPL_OK);
    ck_assert_uint_eq(fpl_suite13_choose(config, list, 0)->value, ours[0]);
    ck_assert_uint_eq(fpl_suite13_choose(config, list, ours[1])->value, ours[1]);
    ck_assert_ptr_null(fpl_suite13_choose(config, list, FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256));
    ck_assert_ptr_null(fpl_suite13_choose(config, fpl_bytes_of(offered, 4), 0)); /* of DTLS 1.2, and GREASE */
    finish();
}
END_TEST

/* --- what may not change -------------------------------------------------------------------------------------- */

typedef void (*change_fn)(hello *h);

static size_t load16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

static void nothing(hello *h) { (void)h; }
static void version(hello *h) { h->version = 0xfefc; }
static void random_of(hello *h) { h->random[31] ^= 1; }
static void session_id(hello *h) { h->session_id[0] = 1; h->session_id_len = 1; }
static void more_suites(hello *h) { h->suites[h->num_suites++] = 0x1302; }
static void other_suite(hello *h) { h->suites[0] = 0x1303; }
static void compression(hello *h) { h->compression[h->num_compression++] = 1; }
static void last_octet(hello *h) { h->extensions[h->extensions_len - 1] ^= 1; } /* of the unknown extension */
static void unknown(hello *h) { hello_add(h, 0x7777, NULL, 0); }
static void padding(hello *h) { hello_add(h, FPL_EXTENSION_TYPE_PADDING, (const uint8_t *)"\0\0\0", 3); }
static void early_data(hello *h) { hello_add(h, FPL_EXTENSION_TYPE_EARLY_DATA, NULL, 0); }
static void cookie(hello *h) { hello_add(h, FPL_EXTENSION_TYPE_COOKIE, (const uint8_t *)"\0\1c", 3); }
static void psk(hello *h) { hello_add(h, FPL_EXTENSION_TYPE_PRE_SHARED_KEY, (const uint8_t *)"p", 1); }

/* the first four octets of an extension are its head */
static void share(hello *h)
{
    size_t at = 0;
    while (load16(h->extensions + at) != FPL_EXTENSION_TYPE_KEY_SHARE) {
        at += 4 + load16(h->extensions + at + 2);
    }
    h->extensions[at + 4 + 2 + 4] ^= 1;
}

START_TEST(only_what_may_change_may_change)
{ /* HC-37 */
    static const struct {
        change_fn change;
        bool       with_same_share, with_demand; /* is it still the same hello? */
    } cases[] = {
        {nothing, true, true},      {version, false, false},     {random_of, false, false},   {session_id, false, false},
        {more_suites, false, false}, {other_suite, false, false}, {compression, false, false}, {last_octet, false, false},
        {unknown, false, false},    {padding, true, true},       {early_data, true, true},    {cookie, true, true},
        {psk, true, true},          {share, false, true},
    };
    static const fpl_named_group groups[] = {X, P};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int demanded = 0; demanded < 2; demanded++) {
            static hello h;
            uint8_t      before[FPL_FIXED_PART_LEN];
            uint8_t      after[FPL_FIXED_PART_LEN];
            with_groups(&h, groups, 2, groups, 1);
            hello_add(&h, 0x8888, (const uint8_t *)"abc", 3);
            hello_read(&h);
            fpl_hello_fixed_part(&h.msg, demanded != 0, before);
            cases[i].change(&h);
            hello_read(&h);
            fpl_hello_fixed_part(&h.msg, demanded != 0, after);
            ck_assert_msg((memcmp(before, after, sizeof before) == 0) ==
                              (demanded ? cases[i].with_demand : cases[i].with_same_share),
                          "case %zu, demanded %d", i, demanded);
        }
    }
}
END_TEST

static void assert_unlike(hello *one, hello *two)
{
    uint8_t a[FPL_FIXED_PART_LEN];
    uint8_t b[FPL_FIXED_PART_LEN];
    hello_read(one);
    hello_read(two);
    fpl_hello_fixed_part(&one->msg, false, a);
    fpl_hello_fixed_part(&two->msg, false, b);
    ck_assert_mem_ne(a, b, sizeof a);
}

START_TEST(parts_do_not_run_into_one_another)
{ /* what ends one part and what begins the next are not the same */
    static const uint8_t inner[] = {0x88, 0x89, 0, 0, 0, 0};
    static hello         one, two;
    hello_begin(&one);
    hello_begin(&two);
    hello_add(&one, 0x8888, (const uint8_t *)"ab", 2);
    hello_add(&one, 0x8889, (const uint8_t *)"c", 1);
    hello_add(&two, 0x8888, (const uint8_t *)"a", 1);
    hello_add(&two, 0x8889, (const uint8_t *)"bc", 2);
    assert_unlike(&one, &two);
    hello_begin(&one);
    hello_begin(&two);
    hello_add(&one, 0x8888, NULL, 0); /* two, or one that holds what looks like the other's head */
    hello_add(&one, 0x8889, NULL, 0);
    hello_add(&two, 0x8888, inner, sizeof inner);
    assert_unlike(&one, &two);
    hello_begin(&one);
    hello_begin(&two);
    hello_add(&one, 0x8888, (const uint8_t *)"a", 1);
    hello_add(&two, 0x8889, (const uint8_t *)"a", 1);
    assert_unlike(&one, &two);
}
END_TEST

/* --- the cookie ------------------------------------------------------------------------------------------------ */

/* The cookie that a listener gives for `h`, in its extension. */
static size_t make_cookie(hello *h, uint8_t *out, size_t cap)
{
    fpl_writer w = fpl_writer_of(out, cap);
    conn.message = &h->message;
    ck_assert_int_eq(fpl_hook_cookie_make(&conn, &w), FPL_WRITE);
    conn.message = NULL;
    ck_assert(fpl_writer_ok(&w));
    return w.len;
}

/* The second hello: `h` with that cookie. */
static void answer_with(hello *h, const uint8_t *body, size_t len)
{
    hello_add(h, FPL_EXTENSION_TYPE_COOKIE, body, len);
    hello_read(h);
}

static void first_hello(hello *h)
{
    static const fpl_named_group groups[] = {X, P};
    with_groups(h, groups, 2, groups, 1);
}

START_TEST(a_cookie_says_again_what_it_was_told)
{
    static hello       h;
    uint8_t            bytes[256];
    uint8_t            fixed[FPL_FIXED_PART_LEN];
    uint8_t            hash[FPL_HASH_MAX_LEN];
    uint8_t            wire[HELLO_ROOM];
    fpl_cookie13_state state;
    size_t             len, wire_len;
    begin();
    first_hello(&h);
    fpl_hello_fixed_part(&h.msg, false, fixed);
    wire[0] = 1;
    fpl_put_uint(wire + 1, 3, h.len);
    memcpy(wire + 4, h.bytes, h.len);
    wire_len = 4 + h.len;
    ck_assert_int_eq(fpl_classify_cookie13(&conn, &h.msg), FPL_ANSWER_COOKIE13_SEND_COOKIE);
    len = make_cookie(&h, bytes, sizeof bytes);
    answer_with(&h, bytes, len);
    ck_assert_int_eq(fpl_classify_cookie13(&conn, &h.msg), FPL_ANSWER_COOKIE13_VALID);
    ck_assert(fpl_cookie13_open(&conn, &h.msg, &state));
    ck_assert_uint_eq(state.retry.suite, FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    ck_assert_uint_eq(state.retry.group, 0);
    ck_assert_uint_eq(state.time, 5000);
    ck_assert_mem_eq(state.fixed_part, fixed, sizeof fixed);
    ck_assert_uint_eq(fpl_hash_once(FPL_HASH_SHA256, fpl_bytes_of(wire, wire_len), hash), state.hello_hash_len);
    ck_assert_mem_eq(state.hello_hash, hash, state.hello_hash_len);
    finish();
}
END_TEST

START_TEST(no_two_cookies_are_alike)
{ /* and nothing of what they say can be read in them */
    static hello h;
    uint8_t      one[256];
    uint8_t      two[256];
    uint8_t      fixed[FPL_FIXED_PART_LEN];
    size_t       len;
    begin();
    first_hello(&h);
    fpl_hello_fixed_part(&h.msg, false, fixed);
    len = make_cookie(&h, one, sizeof one);
    ck_assert_uint_eq(make_cookie(&h, two, sizeof two), len);
    ck_assert_mem_ne(one + 3, two + 3, 12);
    for (size_t at = 0; at + 8 <= len; at++) {
        ck_assert_mem_ne(one + at, fixed, 8);
    }
    finish();
}
END_TEST

/* What a server says of the hello with `len` octets of cookie extension. */
static fpl_cookie13_answer judged(const uint8_t *body, size_t len)
{
    static hello h;
    first_hello(&h);
    answer_with(&h, body, len);
    return fpl_classify_cookie13(&conn, &h.msg);
}

START_TEST(a_cookie_is_whole_and_ours_or_nothing)
{ /* DS-04: bits, cuts, additions; DS-02: address; another key; another age */
    static hello  h;
    uint8_t       bytes[256] = {0};
    size_t        len;
    const uint8_t key[FPL_COOKIE_KEY_LEN] = {9};
    begin();
    first_hello(&h);
    len = make_cookie(&h, bytes, sizeof bytes);
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_INVALID);
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t cut = 2; cut < len; cut++) {
        uint8_t shorter[256];
        fpl_put_uint(shorter, 2, cut - 2);
        memcpy(shorter + 2, bytes + 2, cut - 2);
        ck_assert_int_eq(judged(shorter, cut), FPL_ANSWER_COOKIE13_INVALID);
    }
    fpl_put_uint(bytes, 2, len - 2 + 1);
    ck_assert_int_eq(judged(bytes, len + 1), FPL_ANSWER_COOKIE13_INVALID);
    fpl_put_uint(bytes, 2, len - 2);
    ck_assert_int_eq(judged(bytes, len + 1), FPL_ANSWER_COOKIE13_INVALID); /* what follows it belongs to nothing */
    for (size_t take = 0; take < sizeof address; take++) {
        conn.address = fpl_bytes_of(address, take);
        ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_INVALID);
    }
    conn.address = fpl_bytes_of(address, sizeof address);
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_VALID);
    conn.now += config->limits[FPL_LIMIT_COOKIE_LIFETIME];
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_VALID);
    conn.now += 1000;
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_INVALID);
    conn.now = 4999999; /* of the future */
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_INVALID);
    conn.now = 5000000;
    fpl_cookie_jar_add(&jar, 78, key, 0);
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_VALID);
    fpl_cookie_jar_add(&jar, 77, key, 0); /* the same number, another key */
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_INVALID);
    finish();
}
END_TEST

START_TEST(two_keys_of_one_number_are_both_tried)
{
    static hello  h;
    uint8_t       bytes[256];
    size_t        len;
    const uint8_t key[FPL_COOKIE_KEY_LEN] = {9};
    begin();
    first_hello(&h);
    len = make_cookie(&h, bytes, sizeof bytes);
    fpl_cookie_jar_add(&jar, 77, key, 0);
    ck_assert_int_eq(judged(bytes, len), FPL_ANSWER_COOKIE13_VALID);
    finish();
}
END_TEST

START_TEST(where_no_cookie_is_wanted_none_is_asked_for)
{
    static hello h;
    begin();
    first_hello(&h);
    conn.address_validated = true;
    ck_assert_int_eq(fpl_classify_cookie13(&conn, &h.msg), FPL_ANSWER_COOKIE13_NOT_NEEDED);
    conn.address_validated = false;
    conn.cookies = NULL;
    ck_assert_int_eq(fpl_classify_cookie13(&conn, &h.msg), FPL_ANSWER_COOKIE13_NOT_NEEDED);
    conn.cookies = &jar;
    ck_assert_int_eq(fpl_config_set_cookie_exchange(config, false), FPL_OK);
    ck_assert_int_eq(fpl_classify_cookie13(&conn, &h.msg), FPL_ANSWER_COOKIE13_NOT_NEEDED);
    finish();
}
END_TEST

/* --- the retry, made and made again ------------------------------------------------------------------------------- */

START_TEST(a_retry_is_rebuilt_octet_for_octet)
{ /* with the group demanded and without, under every suite */
    for (size_t i = 0; i < 6; i++) {
        static const fpl_cipher_suite suites[3] = {FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256,
                                                   FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384,
                                                   FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256};
        static const fpl_named_group  groups[] = {X, P};
        static hello                  h;
        uint8_t                       retry[512];
        uint8_t                       expected[FPL_HASH_MAX_LEN];
        uint8_t                       got[FPL_HASH_MAX_LEN];
        fpl_writer                    w = fpl_writer_of(retry, sizeof retry);
        fpl_transcript                transcript;
        fpl_server_hello              said;
        fpl_reader                    r;
        fpl_bytes                     body;
        fpl_hash                      hash = fpl_cipher_suite_find(suites[i / 2])->hash;
        bool                          demand = i % 2 == 1;
        begin();
        memset(&transcript, 0, sizeof transcript);
        ck_assert_int_eq(fpl_config_set_cipher_suites(config, &suites[i / 2], 1), FPL_OK);
        ck_assert_int_eq(fpl_config_set_groups(config, demand ? groups + 1 : groups, 1), FPL_OK);
        with_groups(&h, groups, 2, groups, 1);
        h.suites[0] = suites[i / 2];
        hello_read(&h);
        /* the listener's */
        conn.message = &h.message;
        conn.peer_offered = fpl_extensions_mask(h.msg.extensions);
        ck_assert(fpl_build_hello_retry_request(&conn, &w));
        r = fpl_reader_of(retry, w.len);
        ck_assert(fpl_decode_server_hello(&said, &r));
        ck_assert(fpl_server_hello_is_hello_retry_request(&said));
        ck_assert(said.legacy_session_id_echo.len == 0 && said.cipher_suite == suites[i / 2]);
        ck_assert_int_eq(fpl_extensions_find(said.extensions, FPL_EXTENSION_TYPE_KEY_SHARE, &body), demand);
        ck_assert(fpl_check_selected_version_is_dtls13(&conn, &said));
        ck_assert(fpl_extensions_find(said.extensions, FPL_EXTENSION_TYPE_COOKIE, &body));
        /* the client's transcript */
        ck_assert_int_eq(fpl_transcript_append(config, &transcript, 1, 0, fpl_bytes_of(h.bytes, h.len)), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_transcript_as_message_hash(config, &transcript, hash), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_transcript_append(config, &transcript, 2, 0, fpl_bytes_of(retry, w.len)), FPL_STATUS_OK);
        /* the connection's */
        answer_with(&h, body.data, body.len);
        conn.scratch = false;
        conn.message = &h.message;
        conn.peer_offered = 0;
        ck_assert_int_eq(fpl_cookie13_rebuild(&conn, &h.msg), FPL_STATUS_OK);
        ck_assert_uint_eq(fpl_transcript_digest(&conn.hs->transcript, hash, got), fpl_hash_length(hash));
        ck_assert_uint_eq(fpl_transcript_digest(&transcript, hash, expected), fpl_hash_length(hash));
        ck_assert_mem_eq(got, expected, fpl_hash_length(hash));
        ck_assert_uint_eq(conn.hs->retry_suite, suites[i / 2]);
        ck_assert_uint_eq(conn.hs->retry_group, demand ? P : 0);
        conn.message = NULL;
        fpl_transcript_wipe(config, &transcript);
        finish();
    }
}
END_TEST

START_TEST(a_second_hello_is_held_against_the_first)
{ /* here by the cookie */
    static hello h;
    uint8_t      bytes[256];
    size_t       len;
    begin();
    first_hello(&h);
    ck_assert(!fpl_check_second_hello_unchanged(&conn, &h.msg)); /* no cookie */
    len = make_cookie(&h, bytes, sizeof bytes);
    answer_with(&h, bytes, len);
    ck_assert(fpl_check_second_hello_unchanged(&conn, &h.msg));
    h.random[0] ^= 1;
    hello_read(&h);
    ck_assert(!fpl_check_second_hello_unchanged(&conn, &h.msg));
    finish();
}
END_TEST

START_TEST(a_demanded_share_comes_alone)
{ /* and here by what the connection kept */
    static const fpl_named_group groups[] = {X, P};
    static hello                 h;
    begin();
    with_groups(&h, groups, 2, groups, 1);
    conn.hs->retry_suite = FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256;
    conn.hs->retry_group = P;
    fpl_hello_fixed_part(&h.msg, true, conn.hs->hello_digest);
    with_groups(&h, groups, 2, groups + 1, 1);
    ck_assert(fpl_check_second_hello_unchanged(&conn, &h.msg));
    with_groups(&h, groups, 2, groups, 2);
    ck_assert(!fpl_check_second_hello_unchanged(&conn, &h.msg));
    with_groups(&h, groups, 2, groups, 0);
    ck_assert(!fpl_check_second_hello_unchanged(&conn, &h.msg));
    with_groups(&h, groups, 1, groups + 1, 1);
    ck_assert(!fpl_check_second_hello_unchanged(&conn, &h.msg));
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_share_that_came_will_do_whatever_else_we_like_better);
    tcase_add_test(tc, our_order_chooses_the_suite_and_what_is_bound_stays);
    tcase_add_test(tc, only_what_may_change_may_change);
    tcase_add_test(tc, parts_do_not_run_into_one_another);
    tcase_add_test(tc, a_cookie_says_again_what_it_was_told);
    tcase_add_test(tc, no_two_cookies_are_alike);
    tcase_add_test(tc, a_cookie_is_whole_and_ours_or_nothing);
    tcase_add_test(tc, two_keys_of_one_number_are_both_tried);
    tcase_add_test(tc, where_no_cookie_is_wanted_none_is_asked_for);
    tcase_add_test(tc, a_retry_is_rebuilt_octet_for_octet);
    tcase_add_test(tc, a_second_hello_is_held_against_the_first);
    tcase_add_test(tc, a_demanded_share_comes_alone);
}

UNIT_MAIN("steps/retry13", tests)
