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
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    is_of_form(FPL_HASH_SHA256);
    is_of_form(FPL_HASH_SHA256); /* asking disturbs nothing */
    finish();
}
END_TEST

START_TEST(choosing_in_the_middle_is_no_matter)
{
    begin();
    append(1, 0x0102, "abc");
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_HASH_SHA384, FPL_HASH_SHA256), FPL_STATUS_OK);
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
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_HASH_SHA256, FPL_HASH_SHA384), FPL_STATUS_OK);
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
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_HASH_SHA256, FPL_HASH_SHA256), FPL_STATUS_OK);
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
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
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
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, (fpl_hash)99, 0), FPL_STATUS_INTERNAL);
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
    ck_assert_int_eq(fpl_transcript_choose(config, &transcript, FPL_HASH_SHA256, 0), FPL_STATUS_OK);
    is_of_form(FPL_HASH_SHA256);
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
}

UNIT_MAIN("engine/transcript", tests)
