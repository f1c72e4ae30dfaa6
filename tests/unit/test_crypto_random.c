/* crypto/random: its source may be replaced, and may fail. */

#include "crypto/random.h"

#include "unit.h"

static int count_up(void *arg, uint8_t *out, size_t len)
{
    uint8_t *next = arg;
    for (size_t i = 0; i < len; i++) {
        out[i] = (*next)++;
    }
    return 1;
}

static int broken(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    memset(out, 0x55, len);
    return 0;
}

START_TEST(asks_libcrypto_by_default)
{
    static const fpl_rng kDefault;
    uint8_t a[32];
    uint8_t b[32];
    ck_assert_int_eq(fpl_random(NULL, a, sizeof(a)), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_random(&kDefault, b, sizeof(b)), FPL_STATUS_OK);
    ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

START_TEST(asks_the_source_it_is_given)
{
    uint8_t next = 7;
    fpl_rng rng = {count_up, &next};
    uint8_t out[4];
    ck_assert_int_eq(fpl_random(&rng, out, sizeof(out)), FPL_STATUS_OK);
    unit_mem_is_hex(out, sizeof(out), "0708090a");
}
END_TEST

START_TEST(gives_zeros_when_the_source_fails)
{
    fpl_rng rng = {broken, NULL};
    uint8_t out[4];
    ck_assert_int_eq(fpl_random(&rng, out, sizeof(out)), FPL_STATUS_INTERNAL);
    unit_mem_is_hex(out, sizeof(out), "00000000");
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, asks_libcrypto_by_default);
    tcase_add_test(tc, asks_the_source_it_is_given);
    tcase_add_test(tc, gives_zeros_when_the_source_fails);
}

UNIT_MAIN("crypto/random", tests)
