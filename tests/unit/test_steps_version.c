/* steps/version.c: which version a hello allows and an answer means, and that nobody talked the two down. */
#include "fpl_functions.h"
#include "hellos.h"
#include "steps/steps.h"

#define BOTH (FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13)
#define ONE_TWO FPL_ANSWER_VERSION_OF_HELLO_DTLS12
#define ONE_THREE FPL_ANSWER_VERSION_OF_HELLO_DTLS13
#define NEITHER FPL_ANSWER_VERSION_OF_HELLO_NEITHER

static fpl_config *config;
static fpl_conn    conn;

static void begin(fpl_role role, unsigned versions)
{
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_config_set_versions(config, versions), FPL_OK);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, role,
                                    role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS13_CLIENT : FPL_MACHINE_DTLS13_SERVER, 0),
                     FPL_STATUS_OK);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

START_TEST(supported_versions_alone_counts)
{
    static const struct {
        uint16_t legacy;
        size_t   num;
        uint16_t list[4];
        unsigned answers[3]; /* of a server with 1.2, 1.3, both */
    } cases[] = {
        {0xfefd, 0, {0}, {ONE_TWO, NEITHER, ONE_TWO}},
        {0xfeff, 0, {0}, {NEITHER, NEITHER, NEITHER}},      /* DTLS 1.0 */
        {0xfefc, 0, {0}, {ONE_TWO, NEITHER, ONE_TWO}},      /* no supported_versions, no 1.3: RFC 8446 section 4.2.1 */
        {0x0303, 0, {0}, {NEITHER, NEITHER, NEITHER}},      /* TLS */
        {0xfefd, 1, {0xfefc}, {NEITHER, ONE_THREE, ONE_THREE}},
        {0xfefd, 2, {0xfefc, 0xfefd}, {ONE_TWO, ONE_THREE, ONE_THREE}},
        {0xfefd, 2, {0xfefd, 0xfefc}, {ONE_TWO, ONE_THREE, ONE_THREE}}, /* its order says nothing */
        {0xfefd, 1, {0xfefd}, {ONE_TWO, NEITHER, ONE_TWO}},
        {0xfefd, 1, {0xfeff}, {NEITHER, NEITHER, NEITHER}}, /* legacy_version does not count beside the list */
        {0xfeff, 1, {0xfefc}, {NEITHER, ONE_THREE, ONE_THREE}},
        {0xfefd, 4, {0x1a1a, 0xfefc, 0x0304, 0xfefd}, {ONE_TWO, ONE_THREE, ONE_THREE}}, /* GREASE, TLS 1.3 */
    };
    static const unsigned versions[3] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13, BOTH};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t v = 0; v < 3; v++) {
            static hello h;
            begin(FPL_ROLE_SERVER, versions[v]);
            hello_begin(&h);
            h.version = cases[i].legacy;
            if (cases[i].num > 0) {
                hello_add_list(&h, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, 1, cases[i].list, cases[i].num);
            }
            hello_read(&h);
            ck_assert_msg(fpl_classify_version_of_hello(&conn, &h.msg) == cases[i].answers[v], "case %zu, versions %u", i,
                          versions[v]);
            finish();
        }
    }
}
END_TEST

START_TEST(a_list_that_cannot_be_read_is_refused_by_the_version_it_leads_to)
{
    static const uint8_t odd[] = {3, 0xfe, 0xfc, 0xfe};
    static hello         h;
    begin(FPL_ROLE_SERVER, BOTH);
    hello_begin(&h);
    hello_add(&h, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, odd, sizeof odd);
    hello_read(&h);
    ck_assert_int_eq(fpl_classify_version_of_hello(&conn, &h.msg), ONE_THREE);
    finish();
    begin(FPL_ROLE_SERVER, FPL_VERSIONS_DTLS12);
    ck_assert_int_eq(fpl_classify_version_of_hello(&conn, &h.msg), ONE_TWO);
    finish();
}
END_TEST

/* A ServerHello with a random and, unless 0, a selected version. */
static fpl_server_hello answer_of(const uint8_t random[32], uint16_t selected)
{
    static uint8_t   extensions[6];
    fpl_server_hello msg;
    memset(&msg, 0, sizeof msg);
    msg.legacy_version = FPL_DTLS12;
    msg.random = fpl_bytes_of(random, 32);
    if (selected != 0) {
        fpl_put_uint(extensions, 2, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS);
        fpl_put_uint(extensions + 2, 2, 2);
        fpl_put_uint(extensions + 4, 2, selected);
        msg.has_extensions = true;
        msg.extensions = fpl_bytes_of(extensions, sizeof extensions);
    }
    return msg;
}

START_TEST(an_answer_is_of_one_kind)
{
    static const uint8_t plain[32] = {1};
    fpl_server_hello     msg;
    begin(FPL_ROLE_CLIENT, BOTH);
    msg = answer_of(fpl_hello_retry_request_random, FPL_DTLS13);
    ck_assert_int_eq(fpl_classify_server_hello_kind(&conn, &msg), FPL_ANSWER_SERVER_HELLO_KIND_HELLO_RETRY);
    ck_assert(!fpl_check_not_a_hello_retry(&conn, &msg));
    msg = answer_of(fpl_hello_retry_request_random, 0); /* the random first */
    ck_assert_int_eq(fpl_classify_server_hello_kind(&conn, &msg), FPL_ANSWER_SERVER_HELLO_KIND_HELLO_RETRY);
    msg = answer_of(plain, FPL_DTLS13);
    ck_assert_int_eq(fpl_classify_server_hello_kind(&conn, &msg), FPL_ANSWER_SERVER_HELLO_KIND_DTLS13);
    ck_assert(fpl_check_selected_version_is_dtls13(&conn, &msg) && fpl_check_not_a_hello_retry(&conn, &msg));
    msg = answer_of(plain, FPL_DTLS12); /* supported_versions, whatever it says: RFC 8446 section 4.2.1 */
    ck_assert_int_eq(fpl_classify_server_hello_kind(&conn, &msg), FPL_ANSWER_SERVER_HELLO_KIND_DTLS13);
    ck_assert(!fpl_check_selected_version_is_dtls13(&conn, &msg));
    msg = answer_of(plain, 0);
    ck_assert_int_eq(fpl_classify_server_hello_kind(&conn, &msg), FPL_ANSWER_SERVER_HELLO_KIND_DTLS12);
    ck_assert(!fpl_check_selected_version_is_dtls13(&conn, &msg));
    finish();
}
END_TEST

START_TEST(a_sentinel_stops_a_client_that_offered_more)
{ /* SM-32: RFC 8446 section 4.1.3 */
    static const char *const ends[] = {"DOWNGRD\001", "DOWNGRD", "DOWNGRD\002", "downgrd\001"};
    for (unsigned versions = 1; versions <= 3; versions++) {
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            uint8_t          random[32] = {1};
            fpl_server_hello msg;
            memcpy(random + 24, ends[i], 8);
            begin(FPL_ROLE_CLIENT, versions);
            msg = answer_of(random, 0);
            ck_assert_int_eq(fpl_check_no_downgrade_sentinel(&conn, &msg), versions == FPL_VERSIONS_DTLS12 || i >= 2);
            finish();
        }
    }
}
END_TEST

START_TEST(a_server_that_could_do_more_says_so)
{ /* SM-33 */
    static const uint8_t zeros[32];
    static hello         h;
    for (unsigned versions = 1; versions <= 3; versions += 2) {
        begin(FPL_ROLE_SERVER, versions);
        fpl_mark_downgrade(&conn);
        if (versions == BOTH) {
            ck_assert_mem_eq(conn.server_random + 24, "DOWNGRD\001", 8);
        } else {
            ck_assert_mem_eq(conn.server_random + 24, zeros, 8);
        }
        ck_assert_mem_eq(conn.server_random, zeros, 24);
        hello_begin(&h); /* whichever client it is that DTLS 1.2 is chosen for */
        hello_read(&h);
        ck_assert_int_eq(fpl_act_choose_parameters12(&conn, &h.msg), FPL_STATUS_OK);
        ck_assert_mem_ne(conn.server_random, zeros, 24);
        ck_assert_int_eq(memcmp(conn.server_random + 24, "DOWNGRD\001", 8) == 0, versions == BOTH);
        finish();
    }
}
END_TEST

/* What a client's first hello has. */
static void own_hello(unsigned versions, fpl_message *out, uint8_t *bytes, size_t cap)
{
    fpl_writer w = fpl_writer_of(bytes, cap);
    fpl_reader r;
    begin(FPL_ROLE_CLIENT, versions);
    ck_assert_int_eq(fpl_act_start_connection(&conn), FPL_STATUS_OK);
    ck_assert(fpl_build_client_hello(&conn, &w));
    ck_assert(fpl_message_decode(out, FPL_MESSAGE_CLIENT_HELLO, 0, fpl_bytes_of(bytes, w.len), &r));
    finish();
}

static unsigned suites_use(fpl_bytes list)
{
    unsigned         use = 0;
    fpl_cipher_suite suite;
    while (fpl_cipher_suite_next(&list, &suite)) {
        ck_assert_ptr_nonnull(fpl_cipher_suite_find(suite));
        use |= fpl_cipher_suite_find(suite)->use;
    }
    return use;
}

START_TEST(a_hello_offers_what_is_allowed_and_no_more)
{
    static const uint16_t of13[] = {FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, FPL_EXTENSION_TYPE_KEY_SHARE};
    static const uint16_t of12[] = {FPL_EXTENSION_TYPE_EXTENDED_MASTER_SECRET, FPL_EXTENSION_TYPE_RENEGOTIATION_INFO,
                                    FPL_EXTENSION_TYPE_EC_POINT_FORMATS};
    static const uint16_t of_both[] = {FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, FPL_EXTENSION_TYPE_SIGNATURE_ALGORITHMS};
    for (unsigned versions = 1; versions <= 3; versions++) {
        uint8_t          bytes[2048];
        fpl_message      message;
        fpl_client_hello h;
        fpl_bytes        body;
        own_hello(versions, &message, bytes, sizeof bytes);
        h = message.as.client_hello;
        ck_assert_uint_eq(h.legacy_version, FPL_DTLS12);
        ck_assert(h.legacy_session_id.len == 0 && h.legacy_cookie.len == 0);
        ck_assert_uint_eq(suites_use(h.cipher_suites), versions);
        for (size_t i = 0; i < 2; i++) {
            ck_assert_int_eq(fpl_extensions_find(h.extensions, of13[i], &body), (versions & FPL_VERSIONS_DTLS13) != 0);
            ck_assert(fpl_extensions_find(h.extensions, of_both[i], &body));
        }
        for (size_t i = 0; i < 3; i++) {
            ck_assert_int_eq(fpl_extensions_find(h.extensions, of12[i], &body), (versions & FPL_VERSIONS_DTLS12) != 0);
        }
        if (fpl_extensions_find(h.extensions, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, &body)) {
            static const uint8_t lists[] = {4, 0xfe, 0xfc, 0xfe, 0xfd, 2, 0xfe, 0xfc};
            ck_assert_uint_eq(body.len, versions == BOTH ? 5 : 3);
            ck_assert_mem_eq(body.data, versions == BOTH ? lists : lists + 5, body.len);
        }
        ck_assert(!fpl_extensions_find(h.extensions, FPL_EXTENSION_TYPE_COOKIE, &body));
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, supported_versions_alone_counts);
    tcase_add_test(tc, a_list_that_cannot_be_read_is_refused_by_the_version_it_leads_to);
    tcase_add_test(tc, an_answer_is_of_one_kind);
    tcase_add_test(tc, a_sentinel_stops_a_client_that_offered_more);
    tcase_add_test(tc, a_server_that_could_do_more_says_so);
    tcase_add_test(tc, a_hello_offers_what_is_allowed_and_no_more);
}

UNIT_MAIN("steps/version", tests)
