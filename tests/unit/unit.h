#ifndef FPL_TESTS_UNIT_UNIT_H
#define FPL_TESTS_UNIT_UNIT_H

/* What every unit test shares: a runner for one suite, and bytes written as hex. */

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* UNIT_MAIN defines a main that runs one suite. `tests` is a function, because Check's names of tests are
 * no constant expressions:
 *
 *   static void tests(TCase *tc)
 *   {
 *       tcase_add_test(tc, takes_each_number_once);
 *   }
 *
 *   UNIT_MAIN("record/replay", tests) */
#define UNIT_MAIN(name, tests)                                                                               \
    int main(void)                                                                                           \
    {                                                                                                        \
        return unit_run((name), (tests));                                                                    \
    }

/* unit_run runs one suite and returns the exit status of the program. */
static inline int unit_run(const char *name, void (*add_tests)(TCase *))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    add_tests(tests);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* unit_nibble returns the value of a hex digit in lower case. */
static inline int unit_nibble(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    ck_assert_msg(digit >= 'a' && digit <= 'f', "not hex");
    return digit - 'a' + 10;
}

/* unit_hex writes the bytes of `hex` to `out`, which has room for `cap`, and returns how many. */
static inline size_t unit_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = strlen(hex) / 2;
    ck_assert_uint_eq(strlen(hex) % 2, 0);
    ck_assert_uint_le(len, cap);
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)((unit_nibble(hex[2 * i]) << 4) | unit_nibble(hex[2 * i + 1]));
    }
    return len;
}

/* unit_mem_is_hex asserts that `len` bytes at `data` are those of `hex`. */
static inline void unit_mem_is_hex(const uint8_t *data, size_t len, const char *hex)
{
    uint8_t expected[4096];
    ck_assert_uint_eq(len, unit_hex(hex, expected, sizeof(expected)));
    if (len != 0) {
        ck_assert_mem_eq(data, expected, len);
    }
}

#endif /* FPL_TESTS_UNIT_UNIT_H */
