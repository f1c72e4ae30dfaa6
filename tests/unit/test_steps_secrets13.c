/* steps/secrets13.c and steps/key_log.c: both ends come to the same secrets, tell them once, and keep no more than they
 * need (RFC 8446 section 7.1, draft-ietf-tls-keylogfile section 2). */
#include <ctype.h>

#include "crypto/schedule13.h"
#include "fpl_functions.h"
#include "pair.h"
#include "steps/key_log.h"

#define MAX_LINES 16
#define LINE_ROOM 256

typedef struct log_book {
    char   lines[MAX_LINES][LINE_ROOM];
    size_t num;
} log_book;

static log_book books[2];

static void write_down(void *arg, const char *line)
{
    log_book *book = arg;
    ck_assert_uint_lt(book->num, MAX_LINES);
    ck_assert_uint_lt(strlen(line), LINE_ROOM);
    strcpy(book->lines[book->num++], line);
}

static void begin(unsigned versions, fpl_cipher_suite suite)
{
    memset(books, 0, sizeof books);
    pair_begin();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set_versions(ends[i].config, versions), FPL_OK);
        ck_assert_int_eq(fpl_config_set_key_log(ends[i].config, write_down, &books[i]), FPL_OK);
        if (suite != 0) {
            ck_assert_int_eq(fpl_config_set_cipher_suites(ends[i].config, &suite, 1), FPL_OK);
        }
    }
}

/* A line is a label, the client's random and a secret of `len` octets. */
static void is_well_formed(const char *line, const char *label, size_t len)
{
    size_t at = strlen(label);
    ck_assert_msg(strncmp(line, label, at) == 0 && line[at] == ' ', "%s", line);
    for (size_t i = 0; i < 64; i++) {
        ck_assert(isxdigit((unsigned char)line[at + 1 + i]) && !isupper((unsigned char)line[at + 1 + i]));
    }
    ck_assert_int_eq(line[at + 65], ' ');
    ck_assert_uint_eq(strlen(line + at + 66), 2 * len);
    ck_assert_uint_eq(strspn(line + at + 66, "0123456789abcdef"), 2 * len);
}

START_TEST(both_ends_tell_the_same_five_secrets)
{
    static const char *const labels[] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                                         "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"};
    static const struct {
        fpl_cipher_suite suite;
        size_t           len;
    } suites[] = {{FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256, 32}, {FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384, 48}};
    for (size_t i = 0; i < 2; i++) {
        begin(FPL_VERSIONS_DTLS13, suites[i].suite);
        pair_connect();
        ck_assert_uint_eq(books[PAIR_CLIENT].num, 5);
        ck_assert_uint_eq(books[PAIR_SERVER].num, 5);
        for (size_t line = 0; line < 5; line++) {
            is_well_formed(books[PAIR_CLIENT].lines[line], labels[line], suites[i].len);
            ck_assert_str_eq(books[PAIR_CLIENT].lines[line], books[PAIR_SERVER].lines[line]);
            for (size_t other = 0; other < line; other++) {
                ck_assert_str_ne(strrchr(books[0].lines[line], ' '), strrchr(books[0].lines[other], ' '));
            }
        }
        pair_end_all();
    }
}
END_TEST

START_TEST(dtls12_tells_its_master_secret)
{
    begin(FPL_VERSIONS_DTLS12, 0);
    pair_connect();
    ck_assert_uint_eq(books[PAIR_CLIENT].num, 1);
    is_well_formed(books[PAIR_CLIENT].lines[0], "CLIENT_RANDOM", 48);
    ck_assert_str_eq(books[PAIR_CLIENT].lines[0], books[PAIR_SERVER].lines[0]);
    pair_end_all();
}
END_TEST

static bool is_zero(const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (((const uint8_t *)bytes)[i] != 0) {
            return false;
        }
    }
    return true;
}

START_TEST(what_is_exported_is_the_same_at_both_ends)
{ /* RFC 8446 section 7.5, and as far as HKDF goes */
    static uint8_t out[2][255 * 32 + 1];
    static char    label[300];
    uint8_t        untouched;
    begin(FPL_VERSIONS_DTLS13, FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    pair_open(false);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, out[0], 32, "EXPORTER-x", NULL, 0), FPL_NOT_YET);
    pair_start();
    pair_pump();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_conn_export(ends[i].conn, out[i], 255 * 32, "EXPORTER-x", NULL, 0), FPL_OK);
    }
    ck_assert_mem_eq(out[0], out[1], 255 * 32);
    ck_assert_int_eq(fpl_conn_export(ends[1].conn, out[1], 32, "EXPORTER-x", (const uint8_t *)"", 0), FPL_OK);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, out[0], 32, "EXPORTER-x", NULL, 0), FPL_OK);
    ck_assert_mem_eq(out[0], out[1], 32); /* in DTLS 1.3 no context is an empty one */
    ck_assert_int_eq(fpl_conn_export(ends[1].conn, out[1], 32, "EXPORTER-x", (const uint8_t *)"c", 1), FPL_OK);
    ck_assert_mem_ne(out[0], out[1], 32);
    ck_assert_int_eq(fpl_conn_export(ends[1].conn, out[1], 32, "EXPORTER-y", NULL, 0), FPL_OK);
    ck_assert_mem_ne(out[0], out[1], 32);
    memset(label, 'l', sizeof label - 1);
    untouched = out[0][0];
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, out[0], 255 * 32 + 1, "EXPORTER-x", NULL, 0), FPL_MISUSE);
    label[250] = '\0';
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, out[0], 32, label, NULL, 0), FPL_MISUSE);
    ck_assert_uint_eq(out[0][0], untouched);
    label[249] = '\0';
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, out[0], 32, label, NULL, 0), FPL_OK);
    pair_end_all();
}
END_TEST

START_TEST(what_is_used_up_is_wiped)
{ /* a client that waits for the ACK of its last flight still has its handshake */
    fpl_conn *client;
    begin(FPL_VERSIONS_DTLS13, 0);
    pair_open(false);
    pair_start();
    client = ends[PAIR_CLIENT].conn;
    ck_assert(!is_zero(client->hs->kx[0].private_key, 32));
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert(ends[PAIR_CLIENT].connected);
    ck_assert_ptr_nonnull(client->hs);
    ck_assert(is_zero(client->hs->kx[0].private_key, 32));
    ck_assert_uint_eq(client->hs->num_kx, 0);
    ck_assert(is_zero(client->hs->shared_secret, sizeof client->hs->shared_secret));
    ck_assert(is_zero(&client->hs->secrets13, sizeof client->hs->secrets13));
    ck_assert_uint_eq(client->hs->peer_share13.len, 0);
    pair_pump();
    ck_assert_ptr_null(client->hs);
    pair_end_all();
}
END_TEST

START_TEST(without_a_transcript_or_a_secret_there_is_nothing)
{
    fpl_config *config = fpl_config_new();
    fpl_conn    conn;
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, FPL_ROLE_SERVER, FPL_MACHINE_DTLS13_SERVER, 0), FPL_STATUS_OK);
    conn.version = FPL_VERSION_DTLS13;
    conn.suite = fpl_cipher_suite_find(FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    conn.hs->shared_secret_len = 32;
    ck_assert_int_eq(fpl_act_agree_handshake_secrets(&conn), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_transcript_choose(config, &conn.hs->transcript, FPL_VERSION_DTLS13, conn.suite->hash, 0),
                     FPL_STATUS_OK);
    ck_assert_int_eq(fpl_act_agree_handshake_secrets(&conn), FPL_STATUS_INTERNAL); /* it was wiped all the same */
    ck_assert_int_eq(fpl_act_derive_traffic_secrets(&conn), FPL_STATUS_INTERNAL);
    conn.role = FPL_ROLE_CLIENT;
    ck_assert_int_eq(fpl_act_agree_handshake_secrets(&conn), FPL_STATUS_INTERNAL); /* no share */
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}
END_TEST

START_TEST(a_line_that_would_not_fit_is_not_written)
{
    static const uint8_t secret[FPL_HASH_MAX_LEN + 1];
    fpl_config          *config = fpl_config_new();
    fpl_conn             conn;
    memset(&conn, 0, sizeof conn);
    memset(books, 0, sizeof books);
    conn.config = config;
    fpl_key_log(&conn, "LABEL", fpl_bytes_of(secret, 1)); /* nobody listens */
    ck_assert_int_eq(fpl_config_set_key_log(config, write_down, &books[0]), FPL_OK);
    fpl_key_log(&conn, "A_LABEL_THAT_IS_LONGER_THAN_ANY_OF_OURS_IS", fpl_bytes_of(secret, 1));
    fpl_key_log(&conn, "LABEL", fpl_bytes_of(secret, sizeof secret));
    ck_assert_uint_eq(books[0].num, 0);
    fpl_key_log(&conn, "LABEL", fpl_bytes_of(secret, sizeof secret - 1));
    ck_assert_uint_eq(books[0].num, 1);
    is_well_formed(books[0].lines[0], "LABEL", FPL_HASH_MAX_LEN);
    fpl_config_free(config);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, both_ends_tell_the_same_five_secrets);
    tcase_add_test(tc, dtls12_tells_its_master_secret);
    tcase_add_test(tc, what_is_exported_is_the_same_at_both_ends);
    tcase_add_test(tc, what_is_used_up_is_wiped);
    tcase_add_test(tc, without_a_transcript_or_a_secret_there_is_nothing);
    tcase_add_test(tc, a_line_that_would_not_fit_is_not_written);
}

UNIT_MAIN("steps/secrets13", tests)
