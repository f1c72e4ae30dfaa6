/* crypto/hash against FIPS 180 vectors, and its snapshots. */

#include "crypto/hash.h"

#include "unit.h"

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA384_ABC                                                                                           \
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"                                       \
    "8086072ba1e7cc2358baeca134c825a7"
#define SHA256_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const uint8_t kAbc[] = {'a', 'b', 'c'};

START_TEST(hashes_as_published)
{
    uint8_t out[FPL_HASH_MAX_LEN];
    fpl_bytes abc = fpl_bytes_of(kAbc, sizeof(kAbc));
    size_t len = fpl_hash_once(FPL_HASH_SHA256, abc, out);
    unit_mem_is_hex(out, len, SHA256_ABC);
    len = fpl_hash_once(FPL_HASH_SHA384, abc, out);
    unit_mem_is_hex(out, len, SHA384_ABC);
    len = fpl_hash_once(FPL_HASH_SHA256, fpl_bytes_none(), out);
    unit_mem_is_hex(out, len, SHA256_NOTHING);
    fpl_hash_fingerprint(abc, out);
    unit_mem_is_hex(out, FPL_FINGERPRINT_LEN, SHA256_ABC);
}
END_TEST

START_TEST(digest_does_not_disturb)
{
    static const fpl_hash kHashes[] = {FPL_HASH_SHA256, FPL_HASH_SHA384};
    static const char *const kExpected[] = {SHA256_ABC, SHA384_ABC};
    fpl_running_hash running;
    uint8_t out[FPL_HASH_MAX_LEN];
    ck_assert_int_eq(fpl_hash_init(&running, kHashes[_i]), FPL_STATUS_OK);
    for (size_t i = 0; i < sizeof(kAbc); i++) {
        fpl_hash_digest(&running, out);
        fpl_hash_update(&running, fpl_bytes_of(&kAbc[i], 1));
        fpl_hash_update(&running, fpl_bytes_none());
    }
    for (int i = 0; i < 2; i++) {
        size_t len = fpl_hash_digest(&running, out);
        unit_mem_is_hex(out, len, kExpected[_i]);
    }
    fpl_hash_wipe(&running);
}
END_TEST

START_TEST(copies_go_their_own_ways)
{
    static const fpl_hash kHashes[] = {FPL_HASH_SHA256, FPL_HASH_SHA384};
    static const char *const kExpected[] = {SHA256_ABC, SHA384_ABC};
    fpl_running_hash first;
    fpl_running_hash second;
    uint8_t out[FPL_HASH_MAX_LEN];
    memset(&second, 0xee, sizeof(second));
    ck_assert_int_eq(fpl_hash_init(&first, kHashes[_i]), FPL_STATUS_OK);
    fpl_hash_update(&first, fpl_bytes_of(kAbc, 1));
    fpl_hash_copy(&second, &first);
    fpl_hash_update(&second, fpl_bytes_of(kAbc, 3)); /* not what the first goes on with */
    fpl_hash_update(&first, fpl_bytes_of(kAbc + 1, 2));
    (void)fpl_hash_finish(&second, out);
    size_t len = fpl_hash_finish(&first, out);
    unit_mem_is_hex(out, len, kExpected[_i]);
    ck_assert_int_eq(fpl_hash_init(&first, kHashes[_i]), FPL_STATUS_OK); /* and may begin again */
    fpl_hash_update(&first, fpl_bytes_of(kAbc, 3));
    len = fpl_hash_finish(&first, out);
    unit_mem_is_hex(out, len, kExpected[_i]);
    fpl_hash_wipe(&first);
    fpl_hash_wipe(&second);
}
END_TEST

START_TEST(knows_its_hashes)
{
    fpl_running_hash running;
    uint8_t out[FPL_HASH_MAX_LEN];
    ck_assert_uint_eq(fpl_hash_length(FPL_HASH_SHA256), 32);
    ck_assert_uint_eq(fpl_hash_length(FPL_HASH_SHA384), 48);
    ck_assert_uint_eq(fpl_hash_length(0), 0);
    ck_assert_uint_eq(fpl_hash_block_length(FPL_HASH_SHA256), 64);
    ck_assert_uint_eq(fpl_hash_block_length(FPL_HASH_SHA384), 128);
    ck_assert_uint_eq(fpl_hash_block_length(0), 0);
    for (size_t i = 0; i < FPL_NUM_HASH; i++) {
        ck_assert_uint_eq(fpl_hash_length(fpl_hash_rows[i].value), fpl_hash_rows[i].length);
    }
    ck_assert_ptr_null(fpl_hash_md(0));
    ck_assert_int_eq(fpl_hash_init(&running, 0), FPL_STATUS_INTERNAL);
    ck_assert_uint_eq(fpl_hash_once(0, fpl_bytes_none(), out), 0);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, hashes_as_published);
    tcase_add_loop_test(tc, digest_does_not_disturb, 0, 2);
    tcase_add_loop_test(tc, copies_go_their_own_ways, 0, 2);
    tcase_add_test(tc, knows_its_hashes);
}

UNIT_MAIN("crypto/hash", tests)
