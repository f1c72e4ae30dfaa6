/* engine/transcript: what is hashed, from when on, and with what (FR-15). */
#include "engine/transcript.h"

#include <openssl/sha.h>

#include "api/config.h"
#include "unit.h"

static fpl_config    *config;
static fpl_transcript transcript;

static void begin(void)
{
    config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    memset(&transcript, 0, sizeof transcript);
}

static void finish(void)
{
    fpl_transcript_wipe(config, &transcript);
    fpl_config_free(config);
}

static void append(uint8_t type, uint16_t seq, const char *body)
{
    ck_assert_int_eq(fpl_transcript_append(config, &transcript, type, seq, fpl_bytes_of((const uint8_t *)body, strlen(body))),
                     FPL_STATUS_OK);
}

/* The form of RFC 6347 section 4.2.6, written out: as if the message had come in one fragment. */
static const uint8_t form[] = {1, 0, 0, 3, 0x01, 0x02, 0, 0, 0, 0, 0, 3, 'a', 'b', 'c',
                               14, 0, 0, 0, 0x01, 0x03, 0, 0, 0, 0, 0, 0};

static void is_of_form(fpl_hash hash)
{
    uint8_t expected[FPL_HASH_MAX_LEN];
    uint8_t got[FPL_HASH_MAX_LEN];
    size_t  len = hash == FPL_HASH_SHA256 ? SHA256_DIGEST_LENGTH : SHA384_DIGEST_LENGTH;
    if (hash == FPL_HASH_SHA256) {
        SHA256(form, sizeof form, expected);
    } else {
        SHA384(form, sizeof form, expected);
    }
    ck_assert_uint_eq(fpl_transcript_digest(&transcript, hash, got), len);
    ck_assert_mem_eq(got, expected, len);
}

START_TEST(has_unfragmented_headers)
{
    begin();
    append(1, 0x0102, "abc");
    append(14, 0x0103, "");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    is_of_form(FPL_HASH_SHA256);
    is_of_form(FPL_HASH_SHA256); /* asking disturbs nothing */
    finish();
}
END_TEST

START_TEST(choosing_in_the_middle_is_no_matter)
{
    begin();
    append(1, 0x0102, "abc");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, FPL_HASH_SHA384, FPL_HASH_SHA256), FPL_STATUS_OK);
    append(14, 0x0103, "");
    is_of_form(FPL_HASH_SHA384);
    is_of_form(FPL_HASH_SHA256);
    finish();
}
END_TEST

START_TEST(the_second_hash_ends_when_told)
{
    uint8_t out[FPL_HASH_MAX_LEN];
    begin();
    append(1, 0x0102, "abc");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, FPL_HASH_SHA256, FPL_HASH_SHA384), FPL_STATUS_OK);
    fpl_transcript_drop_other(&transcript);
    append(14, 0x0103, "");
    is_of_form(FPL_HASH_SHA256);
    ck_assert_uint_eq(fpl_transcript_digest(&transcript, FPL_HASH_SHA384, out), 0);
    fpl_transcript_drop_other(&transcript); /* once more is no matter */
    is_of_form(FPL_HASH_SHA256);
    finish();
}
END_TEST

START_TEST(the_same_hash_twice_runs_once)
{
    begin();
    append(1, 0x0102, "abc");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, FPL_HASH_SHA256, FPL_HASH_SHA256), FPL_STATUS_OK);
    ck_assert_uint_eq(transcript.num_running, 1);
    append(14, 0x0103, "");
    is_of_form(FPL_HASH_SHA256);
    finish();
}
END_TEST

START_TEST(a_restart_forgets)
{ /* the first ClientHello and the HelloVerifyRequest, RFC 6347 section 4.2.1 */
    begin();
    append(1, 0, "forgotten");
    append(3, 0, "this too");
    fpl_transcript_restart(config, &transcript);
    append(1, 0x0102, "abc");
    append(14, 0x0103, "");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    is_of_form(FPL_HASH_SHA256);
    finish();
}
END_TEST

START_TEST(there_is_no_digest_before_a_hash)
{
    uint8_t out[FPL_HASH_MAX_LEN];
    begin();
    append(1, 0, "abc");
    ck_assert_uint_eq(fpl_transcript_digest(&transcript, FPL_HASH_SHA256, out), 0);
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, (fpl_hash)99, 0), FPL_STATUS_INTERNAL);
    finish();
}
END_TEST

static void *none(void *arg, size_t size)
{
    return *(bool *)arg ? NULL : malloc(size);
}

static void drop(void *arg, void *memory, size_t size)
{
    (void)arg;
    (void)size;
    free(memory);
}

START_TEST(no_memory_is_told)
{
    bool          fails = false;
    fpl_allocator allocator = {none, drop, &fails};
    uint8_t       long_body[2000] = {0};
    config = fpl_config_new_with_allocator(&allocator);
    memset(&transcript, 0, sizeof transcript);
    append(1, 0x0102, "abc");
    fails = true;
    ck_assert_int_eq(fpl_transcript_append(config, &transcript, 2, 5, fpl_bytes_of(long_body, sizeof long_body)),
                     FPL_STATUS_NO_MEMORY);
    append(14, 0x0103, ""); /* what did not fit is not half in */
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS12, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    is_of_form(FPL_HASH_SHA256);
    finish();
}
END_TEST

/* --- DTLS 1.3 ------------------------------------------------------------------------------------------ */

/* The first hello of a retry, as RFC 8446 section 4.4.1 wants it: four octets of header alone (RFC 9147 section 5.2). */
static const uint8_t hello13[] = {1, 0, 0, 3, 'a', 'b', 'c'};

static void is_hash_of(const uint8_t *bytes, size_t len)
{
    uint8_t expected[SHA256_DIGEST_LENGTH];
    uint8_t got[FPL_HASH_MAX_LEN];
    SHA256(bytes, len, expected);
    ck_assert_uint_eq(fpl_transcript_digest(&transcript, FPL_HASH_SHA256, got), sizeof expected);
    ck_assert_mem_eq(got, expected, sizeof expected);
}

START_TEST(dtls13_has_short_headers)
{ /* whether the hash was known by then or not */
    static const uint8_t both[] = {1, 0, 0, 3, 'a', 'b', 'c', 2, 0, 0, 2, 'd', 'e', 8, 0, 0, 0};
    begin();
    append(1, 0x0102, "abc");
    append(2, 0x0103, "de");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS13, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    append(8, 0x0104, "");
    is_hash_of(both, sizeof both);
    finish();
}
END_TEST

/* message_hash of the first hello, then `retry`, then the second hello. */
static size_t expected_after_retry(const char *retry, uint8_t out[256])
{
    size_t len = 4;
    memcpy(out, (const uint8_t[]){254, 0, 0, SHA256_DIGEST_LENGTH}, 4);
    SHA256(hello13, sizeof hello13, out + len);
    len += SHA256_DIGEST_LENGTH;
    memcpy(out + len, (const uint8_t[]){2, 0, 0, (uint8_t)strlen(retry)}, 4);
    memcpy(out + len + 4, retry, strlen(retry));
    len += 4 + strlen(retry);
    memcpy(out + len, (const uint8_t[]){1, 0, 0, 1, 'x'}, 5);
    return len + 5;
}

START_TEST(a_retry_makes_the_first_hello_a_hash)
{
    uint8_t expected[256];
    begin();
    append(1, 0, "abc");
    ck_assert_int_eq(fpl_transcript_as_message_hash(config, &transcript, FPL_HASH_SHA256), FPL_STATUS_OK);
    append(2, 0, "retry");
    append(1, 1, "x");
    is_hash_of(expected, expected_after_retry("retry", expected));
    /* The ServerHello has the suite of the retry: choosing once more is no matter, another hash is a mistake. */
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS13, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    is_hash_of(expected, expected_after_retry("retry", expected));
    ck_assert_int_ne(fpl_transcript_choose(config, &transcript, FPL_VERSION_DTLS13, FPL_HASH_SHA384, 0), FPL_STATUS_OK);
    finish();
}
END_TEST

START_TEST(a_server_that_forgot_has_the_same_transcript)
{
    uint8_t expected[256];
    uint8_t first[SHA256_DIGEST_LENGTH];
    begin();
    append(1, 7, "what was before does not count");
    SHA256(hello13, sizeof hello13, first);
    ck_assert_int_eq(fpl_transcript_from_retry(config, &transcript, FPL_HASH_SHA256, fpl_bytes_of(first, sizeof first),
                                               fpl_bytes_of((const uint8_t *)"retry", 5)),
                     FPL_STATUS_OK);
    append(1, 1, "x");
    is_hash_of(expected, expected_after_retry("retry", expected));
    ck_assert_int_eq(fpl_transcript_from_retry(config, &transcript, FPL_HASH_SHA384, fpl_bytes_of(first, sizeof first),
                                               fpl_bytes_of((const uint8_t *)"retry", 5)),
                     FPL_STATUS_INTERNAL); /* a hash of another length */
    finish();
}
END_TEST

START_TEST(a_message_hash_is_as_long_as_its_hash)
{ /* RFC 8446 section 4.4.1, by hand for SHA-384; and with the cookie of a server that forgot likewise */
    static const uint8_t retry[] = {2, 0, 0, 5, 'r', 'e', 't', 'r', 'y'};
    uint8_t              bytes[4 + SHA384_DIGEST_LENGTH + sizeof retry] = {254, 0, 0, SHA384_DIGEST_LENGTH};
    uint8_t              expected[SHA384_DIGEST_LENGTH];
    uint8_t              got[FPL_HASH_MAX_LEN];
    SHA384(hello13, sizeof hello13, bytes + 4);
    memcpy(bytes + 4 + SHA384_DIGEST_LENGTH, retry, sizeof retry);
    SHA384(bytes, sizeof bytes, expected);
    begin();
    append(1, 0, "abc");
    ck_assert_int_eq(fpl_transcript_as_message_hash(config, &transcript, FPL_HASH_SHA384), FPL_STATUS_OK);
    append(2, 0, "retry");
    ck_assert_uint_eq(fpl_transcript_digest(&transcript, FPL_HASH_SHA384, got), sizeof expected);
    ck_assert_mem_eq(got, expected, sizeof expected);
    ck_assert_int_eq(fpl_transcript_from_retry(config, &transcript, FPL_HASH_SHA384,
                                               fpl_bytes_of(bytes + 4, SHA384_DIGEST_LENGTH),
                                               fpl_bytes_of((const uint8_t *)"retry", 5)),
                     FPL_STATUS_OK);
    ck_assert_uint_eq(fpl_transcript_digest(&transcript, FPL_HASH_SHA384, got), sizeof expected);
    ck_assert_mem_eq(got, expected, sizeof expected);
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, has_unfragmented_headers);
    tcase_add_test(tc, choosing_in_the_middle_is_no_matter);
    tcase_add_test(tc, the_second_hash_ends_when_told);
    tcase_add_test(tc, the_same_hash_twice_runs_once);
    tcase_add_test(tc, a_restart_forgets);
    tcase_add_test(tc, there_is_no_digest_before_a_hash);
    tcase_add_test(tc, no_memory_is_told);
    tcase_add_test(tc, dtls13_has_short_headers);
    tcase_add_test(tc, a_retry_makes_the_first_hello_a_hash);
    tcase_add_test(tc, a_server_that_forgot_has_the_same_transcript);
    tcase_add_test(tc, a_message_hash_is_as_long_as_its_hash);
}

UNIT_MAIN("engine/transcript", tests)
