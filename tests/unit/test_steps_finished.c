/* src/steps/finished.c: verify_data is over a transcript, or there is none (RFC 5246 section 7.4.9, RFC 8446
 * section 4.4.4). */
#include "crypto/prf.h"
#include "engine/conn.h"
#include "fpl_functions.h"

#include "unit.h"

static fpl_config *config;
static fpl_conn    conn;

static void begin(void)
{
    static const uint8_t secret[48] = {1};
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, FPL_ROLE_CLIENT, FPL_MACHINE_DTLS12_CLIENT, 0), FPL_STATUS_OK);
    conn.suite = fpl_cipher_suite_find(FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    ck_assert_int_eq(fpl_prf_init(&conn.hs->master, conn.suite->hash, fpl_bytes_of(secret, sizeof secret)), FPL_STATUS_OK);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

static bool valid(const uint8_t *data, size_t len)
{
    fpl_finished msg;
    msg.verify_data = fpl_bytes_of(data, len);
    return fpl_check_finished12_valid(&conn, &msg);
}

/* What the server would say over `digest`. */
static void expect_over(const uint8_t *digest, size_t len, uint8_t out[FPL_VERIFY_DATA12_LEN])
{
    ck_assert_int_eq(fpl_prf_expand(&conn.hs->master, fpl_bytes_of((const uint8_t *)"server finished", 15),
                                    fpl_bytes_of(digest, len), fpl_bytes_none(), out, FPL_VERIFY_DATA12_LEN),
                     FPL_STATUS_OK);
}

START_TEST(takes_what_is_over_the_transcript)
{
    uint8_t digest[FPL_HASH_MAX_LEN];
    uint8_t data[FPL_VERIFY_DATA12_LEN];
    begin();
    ck_assert_int_eq(fpl_transcript_choose(config, &conn.hs->transcript, FPL_VERSION_DTLS12, conn.suite->hash, 0),
                     FPL_STATUS_OK);
    expect_over(digest, fpl_transcript_digest(&conn.hs->transcript, conn.suite->hash, digest), data);
    ck_assert(valid(data, sizeof data));
    ck_assert(!valid(data, sizeof data - 1)); /* HC-18 */
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        ck_assert(!valid(data, sizeof data));
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    finish();
}
END_TEST

START_TEST(there_is_none_over_nothing)
{ /* a hash that does not run is an error, not an empty seed */
    uint8_t    data[FPL_VERIFY_DATA12_LEN];
    uint8_t    bytes[64];
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    begin();
    expect_over(data, 0, data);
    ck_assert(!valid(data, sizeof data));
    ck_assert(!fpl_build_finished(&conn, &w));
    finish();
}
END_TEST

/* --- DTLS 1.3 ------------------------------------------------------------------------------------------ */

static void begin13(fpl_cipher_suite suite)
{
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, FPL_ROLE_CLIENT, FPL_MACHINE_DTLS13_CLIENT, 0), FPL_STATUS_OK);
    conn.version = FPL_VERSION_DTLS13;
    conn.suite = fpl_cipher_suite_find(suite);
    conn.hs->finished_read.hash = conn.suite->hash;
    conn.hs->finished_read.bytes[0] = 1;
    conn.hs->finished_write.hash = conn.suite->hash;
    conn.hs->finished_write.bytes[0] = 2;
}

static bool valid13(const uint8_t *data, size_t len)
{
    fpl_finished msg;
    msg.verify_data = fpl_bytes_of(data, len);
    return fpl_check_finished13_valid(&conn, &msg);
}

START_TEST(each_side_has_a_key_of_its_own)
{
    static const fpl_cipher_suite suites[] = {FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256,
                                              FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384};
    for (size_t i = 0; i < 2; i++) {
        uint8_t    digest[FPL_HASH_MAX_LEN];
        uint8_t    theirs[FPL_HASH_MAX_LEN];
        uint8_t    ours[FPL_HASH_MAX_LEN];
        uint8_t    bytes[FPL_HASH_MAX_LEN];
        fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
        fpl_bytes  over;
        size_t     len;
        begin13(suites[i]);
        ck_assert_int_eq(fpl_transcript_choose(config, &conn.hs->transcript, FPL_VERSION_DTLS13, conn.suite->hash, 0),
                         FPL_STATUS_OK);
        len = fpl_transcript_digest(&conn.hs->transcript, conn.suite->hash, digest);
        over = fpl_bytes_of(digest, len);
        ck_assert_int_eq(fpl_schedule13_verify_data(&conn.hs->finished_read, over, theirs), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_schedule13_verify_data(&conn.hs->finished_write, over, ours), FPL_STATUS_OK);
        ck_assert(fpl_build_finished(&conn, &w));
        ck_assert_uint_eq(w.len, len);
        ck_assert_mem_eq(bytes, ours, len);
        ck_assert(valid13(theirs, len));
        ck_assert(!valid13(ours, len)); /* ours sent back */
        ck_assert(!valid13(theirs, len - 1)); /* HC-18 */
        ck_assert(!valid13(theirs, 12));
        ck_assert(!valid13(theirs, 0));
        for (size_t bit = 0; bit < 8 * len; bit++) {
            theirs[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            ck_assert(!valid13(theirs, len));
            theirs[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
        finish();
    }
}
END_TEST

START_TEST(without_a_key_or_a_transcript_there_is_no_finished)
{
    uint8_t    bytes[64] = {0};
    uint8_t    data[FPL_HASH_MAX_LEN] = {0};
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    begin13(FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    ck_assert(!fpl_build_finished(&conn, &w)); /* no transcript */
    ck_assert(!valid13(data, 32));
    ck_assert_int_eq(fpl_transcript_choose(config, &conn.hs->transcript, FPL_VERSION_DTLS13, conn.suite->hash, 0),
                     FPL_STATUS_OK);
    memset(&conn.hs->finished_write, 0, sizeof conn.hs->finished_write);
    memset(&conn.hs->finished_read, 0, sizeof conn.hs->finished_read);
    ck_assert(!fpl_build_finished(&conn, &w)); /* no key */
    ck_assert(!valid13(data, 32));
    ck_assert(!valid13(data, 0));
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, takes_what_is_over_the_transcript);
    tcase_add_test(tc, there_is_none_over_nothing);
    tcase_add_test(tc, each_side_has_a_key_of_its_own);
    tcase_add_test(tc, without_a_key_or_a_transcript_there_is_no_finished);
}

UNIT_MAIN("steps/finished", tests)
