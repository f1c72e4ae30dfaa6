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
    tcase_add_test(tc, compares);
}

UNIT_MAIN("crypto/hmac", tests)
