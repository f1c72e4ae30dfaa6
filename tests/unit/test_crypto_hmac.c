/* crypto/hmac against RFC 4231. */

#include "crypto/hmac.h"

#include "unit.h"

static fpl_bytes text(const char *s)
{
    return fpl_bytes_of((const uint8_t *)s, strlen(s));
}

START_TEST(macs_as_published)
{
    /* RFC 4231 section 4.3, in one part and in several. */
    static const char kExpected[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    fpl_bytes whole[] = {text("what do ya want for nothing?")};
    fpl_bytes parts[] = {text("what do ya "), fpl_bytes_none(), text("want for nothing?")};
    uint8_t out[FPL_HMAC_SHA256_LEN];
    ck_assert_int_eq(fpl_hmac_sha256(text("Jefe"), whole, 1, out), FPL_STATUS_OK);
    unit_mem_is_hex(out, sizeof(out), kExpected);
    ck_assert_int_eq(fpl_hmac_sha256(text("Jefe"), parts, 3, out), FPL_STATUS_OK);
    unit_mem_is_hex(out, sizeof(out), kExpected);
}
END_TEST

START_TEST(takes_empty_input)
{
    uint8_t out[FPL_HMAC_SHA256_LEN];
    ck_assert_int_eq(fpl_hmac_sha256(fpl_bytes_none(), NULL, 0, out), FPL_STATUS_OK);
    unit_mem_is_hex(out, sizeof(out), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

/* RFC 4231 sections 4.3, 4.4 and 4.7: keys below and above a block; one keying serves several messages. */
START_TEST(macs_under_a_kept_key)
{
    static uint8_t kLong[131];
    static uint8_t kShort[20];
    static uint8_t kData[50];
    memset(kLong, 0xaa, sizeof(kLong));
    memset(kShort, 0xaa, sizeof(kShort));
    memset(kData, 0xdd, sizeof(kData));
    const struct {
        fpl_hash hash;
        fpl_bytes key;
        fpl_bytes data;
        const char *expected;
    } kCases[] = {
        {FPL_HASH_SHA256, fpl_bytes_of(kLong, sizeof(kLong)),
         text("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {FPL_HASH_SHA384, fpl_bytes_of(kLong, sizeof(kLong)),
         text("Test Using Larger Than Block-Size Key - Hash Key First"),
         "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
         "0c2ef6ab4030fe8296248df163f44952"},
        {FPL_HASH_SHA256, fpl_bytes_of(kShort, sizeof(kShort)), fpl_bytes_of(kData, sizeof(kData)),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {FPL_HASH_SHA384, fpl_bytes_of(kShort, sizeof(kShort)), fpl_bytes_of(kData, sizeof(kData)),
         "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
         "2a5ab39dc13814b94e3ab6e101a34f27"},
    };
    for (size_t i = 0; i < sizeof(kCases) / sizeof(kCases[0]); i++) {
        fpl_hmac hmac;
        static const fpl_hmac kUnused;
        uint8_t out[FPL_HASH_MAX_LEN];
        ck_assert_int_eq(fpl_hmac_init(&hmac, kCases[i].hash, kCases[i].key), FPL_STATUS_OK);
        for (int round = 0; round < 2; round++) {
            size_t len = fpl_hmac_compute(&hmac, &kCases[i].data, 1, out);
            unit_mem_is_hex(out, len, kCases[i].expected);
            (void)fpl_hmac_compute(&hmac, NULL, 0, out);
        }
        fpl_hmac_wipe(&hmac);
        ck_assert_mem_eq(&hmac, &kUnused, sizeof(hmac));
    }
}
END_TEST

/* Chains are computed in place. */
START_TEST(writes_over_what_it_reads)
{
    fpl_hmac hmac;
    uint8_t apart[FPL_HASH_MAX_LEN] = {1, 2, 3};
    uint8_t chain[FPL_HASH_MAX_LEN] = {1, 2, 3};
    ck_assert_int_eq(fpl_hmac_init(&hmac, FPL_HASH_SHA384, text("key")), FPL_STATUS_OK);
    for (int i = 0; i < 3; i++) {
        uint8_t next[FPL_HASH_MAX_LEN];
        fpl_bytes whole[] = {fpl_bytes_of(apart, 48)};
        fpl_bytes halves[] = {fpl_bytes_of(chain, 24), fpl_bytes_of(chain + 24, 24)};
        (void)fpl_hmac_compute(&hmac, whole, 1, next);
        (void)fpl_hmac_compute(&hmac, halves, 2, chain);
        memcpy(apart, next, sizeof(next));
        ck_assert_mem_eq(apart, chain, sizeof(chain));
    }
    fpl_hmac_wipe(&hmac);
}
END_TEST

START_TEST(keys_no_hash_but_ours)
{
    static const fpl_hmac kUnused;
    fpl_hmac hmac;
    memset(&hmac, 0xee, sizeof(hmac));
    ck_assert_int_eq(fpl_hmac_init(&hmac, FPL_HASH_NONE, text("key")), FPL_STATUS_INTERNAL);
    ck_assert_mem_eq(&hmac, &kUnused, sizeof(hmac));
    ck_assert_int_eq(fpl_hmac_init(&hmac, 99, text("key")), FPL_STATUS_INTERNAL);
}
END_TEST

START_TEST(compares)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    ck_assert(fpl_equal(a, b, sizeof(a)));
    ck_assert(fpl_equal(a, b, 0));
    for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
        b[bit / 8] = (uint8_t)(1 << (bit % 8));
        ck_assert(!fpl_equal(a, b, sizeof(a)));
        b[bit / 8] = 0;
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, macs_as_published);
    tcase_add_test(tc, takes_empty_input);
    tcase_add_test(tc, macs_under_a_kept_key);
    tcase_add_test(tc, writes_over_what_it_reads);
    tcase_add_test(tc, keys_no_hash_but_ours);
    tcase_add_test(tc, compares);
}

UNIT_MAIN("crypto/hmac", tests)
