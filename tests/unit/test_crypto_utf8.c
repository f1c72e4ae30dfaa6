/* crypto/utf8 over every code point, and over what is none. */

#include "crypto/utf8.h"

#include "unit.h"

static bool is_valid(const char *hex)
{
    uint8_t text[16];
    return fpl_utf8_is_valid(fpl_bytes_of(text, unit_hex(hex, text, sizeof(text))));
}

static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)((0xf00U >> len) | point);
    return len;
}

START_TEST(judges_every_code_point)
{
    for (uint32_t point = 0; point < 0x200000; point++) {
        uint8_t text[4];
        size_t len = encode(point, text);
        bool expected = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
        if (fpl_utf8_is_valid(fpl_bytes_of(text, len)) != expected ||
            (len > 1 && fpl_utf8_is_valid(fpl_bytes_of(text, len - 1)))) {
            ck_abort_msg("U+%X", (unsigned)point);
        }
    }
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const char *const kBad[] = {"80", "c080", "c1bf",   "e09fbf", "f08fbfbf", "f8888080",
                                       "ff", "c341", "e28241", "41c3",   "fe"};
    for (size_t i = 0; i < sizeof(kBad) / sizeof(kBad[0]); i++) {
        ck_assert(!is_valid(kBad[i]));
    }
    ck_assert(is_valid(""));
    ck_assert(is_valid("41c3a9e282acf09f9880"));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, judges_every_code_point);
    tcase_add_test(tc, refuses_what_is_none);
}

UNIT_MAIN("crypto/utf8", tests)
