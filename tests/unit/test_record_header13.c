/* record/header13: every form of the unified header, every cut; record numbers and epochs from few bits. */

#include "record/header13.h"

#include "unit.h"

#define FORM(s, l) (0x20 | ((s) << 3) | ((l) << 2))

typedef struct parsed {
    fpl_parse parse;
    fpl_drop why;
    size_t consumed;
    fpl_record13 record;
} parsed;

/* parse parses a copy of exactly `len` bytes, so that the sanitizer sees the first step beyond. */
static parsed parse(const uint8_t *data, size_t len)
{
    parsed p = {.consumed = SIZE_MAX};
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    p.parse = fpl_header13_parse(copy, len, &p.record, &p.consumed, &p.why);
    ck_assert_uint_le(p.consumed, len);
    ck_assert_int_eq(p.parse == FPL_PARSE_OK, p.why == FPL_DROP_NONE);
    if (p.parse == FPL_PARSE_OK) {
        ck_assert_ptr_eq(p.record.header, copy);
        ck_assert_ptr_eq(p.record.body, copy + p.record.header_len);
        ck_assert_uint_eq(p.record.header_len + p.record.body_len, p.consumed);
    }
    if (p.parse == FPL_PARSE_DROP_REST) {
        ck_assert_uint_eq(p.consumed, len);
    }
    free(copy);
    return p;
}

/* make writes a record of some form with a body of `body_len` and returns its length. */
static size_t make(uint8_t *data, uint8_t form, size_t body_len)
{
    size_t at = 0;
    data[at++] = form;
    for (int i = 0; i < ((form & 8) != 0 ? 2 : 1); i++) {
        data[at++] = 0xa5;
    }
    if ((form & 4) != 0) {
        data[at++] = (uint8_t)(body_len >> 8);
        data[at++] = (uint8_t)body_len;
    }
    memset(data + at, 0x5a, body_len);
    return at + body_len;
}

START_TEST(reads_every_form)
{
    uint8_t data[64];
    for (uint8_t s = 0; s < 2; s++) {
        for (uint8_t l = 0; l < 2; l++) {
            for (uint8_t e = 0; e < 4; e++) {
                size_t len = make(data, (uint8_t)(FORM(s, l) | e), 20);
                parsed p = parse(data, len);
                ck_assert_int_eq(p.parse, FPL_PARSE_OK);
                ck_assert_uint_eq(p.consumed, len);
                ck_assert_uint_eq(p.record.body_len, 20);
                ck_assert_int_eq(p.record.number_len, 1 + s);
                ck_assert_int_eq(p.record.header_len, 2 + s + 2 * l);
                ck_assert_uint_eq(p.record.epoch_bits, e);
                /* With a length the record ends where it says, without one it takes all. */
                data[len] = 0x2f;
                p = parse(data, len + 1);
                ck_assert_int_eq(p.parse, FPL_PARSE_OK);
                ck_assert_uint_eq(p.consumed, len + 1 - l);
            }
        }
    }
}
END_TEST

START_TEST(drops_what_is_cut_off)
{ /* RL-12, RL-13, RL-16 */
    uint8_t data[64];
    for (uint8_t form = 0x20; form < 0x30; form++) {
        size_t len = make(data, form, 20);
        size_t header_len = len - 20;
        for (size_t cut = 0; cut < len; cut++) {
            parsed p = parse(data, cut);
            bool has_length = (form & 4) != 0;
            if (cut < header_len || has_length) {
                ck_assert_int_eq(p.parse, FPL_PARSE_DROP_REST);
                ck_assert_int_eq(p.why, FPL_DROP_TRUNCATED);
            } else if (cut - header_len < FPL_RECORD13_MIN_CIPHERTEXT) {
                ck_assert_int_eq(p.parse, FPL_PARSE_DROP_RECORD);
                ck_assert_int_eq(p.why, FPL_DROP_TOO_SHORT);
            } else {
                ck_assert_int_eq(p.parse, FPL_PARSE_OK);
            }
        }
    }
}
END_TEST

START_TEST(drops_what_cannot_be_unmasked)
{ /* RL-12; the record behind it is found */
    uint8_t data[96];
    for (size_t body_len = 0; body_len < 20; body_len++) {
        size_t len = make(data, FORM(1, 1), body_len);
        size_t next = make(data + len, FORM(0, 1), 16);
        parsed p = parse(data, len + next);
        ck_assert_uint_eq(p.consumed, len);
        ck_assert_int_eq(p.parse, body_len < 16 ? FPL_PARSE_DROP_RECORD : FPL_PARSE_OK);
        ck_assert_int_eq(p.why, body_len < 16 ? FPL_DROP_TOO_SHORT : FPL_DROP_NONE);
        ck_assert_int_eq(parse(data + len, next).parse, FPL_PARSE_OK);
    }
}
END_TEST

START_TEST(drops_a_length_beyond_the_datagram)
{ /* RL-16 */
    uint8_t data[64];
    static const uint16_t kMore[] = {1, 2, 0xffff - 20};
    for (size_t i = 0; i < 3; i++) {
        size_t len = make(data, FORM(1, 1), 20);
        uint16_t wrong = (uint16_t)(20 + kMore[i]);
        data[3] = (uint8_t)(wrong >> 8);
        data[4] = (uint8_t)wrong;
        parsed p = parse(data, len);
        ck_assert_int_eq(p.parse, FPL_PARSE_DROP_REST);
        ck_assert_int_eq(p.why, FPL_DROP_TRUNCATED);
    }
}
END_TEST

START_TEST(has_limits_of_length)
{ /* RL-19 */
    static uint8_t data[65536];
    size_t len = make(data, FORM(1, 1), FPL_RECORD13_MAX_CIPHERTEXT);
    ck_assert_int_eq(parse(data, len).parse, FPL_PARSE_OK);
    len = make(data, FORM(1, 1), FPL_RECORD13_MAX_CIPHERTEXT + 1);
    parsed p = parse(data, len + 1);
    ck_assert_int_eq(p.parse, FPL_PARSE_DROP_RECORD);
    ck_assert_int_eq(p.why, FPL_DROP_TOO_LONG);
    ck_assert_uint_eq(p.consumed, len);
    len = make(data, FORM(0, 0), 65000);
    p = parse(data, len);
    ck_assert_int_eq(p.why, FPL_DROP_TOO_LONG);
    ck_assert_uint_eq(p.consumed, len);
}
END_TEST

START_TEST(judges_every_first_byte)
{ /* RL-14, RL-18 */
    uint8_t data[64] = {0};
    for (unsigned first = 0; first < 256; first++) {
        (void)make(data, (uint8_t)first, 40);
        parsed p = parse(data, sizeof(data));
        bool ours = first >= 0x20 && first < 0x30;
        ck_assert_int_eq(fpl_header13_begins((uint8_t)first), first >= 0x20 && first < 0x40);
        ck_assert_int_eq(p.parse, ours ? FPL_PARSE_OK : FPL_PARSE_DROP_REST);
        ck_assert_int_eq(p.why, ours ? FPL_DROP_NONE : FPL_DROP_NOT_DTLS);
    }
}
END_TEST

START_TEST(degenerate_datagrams)
{ /* RL-26 */
    static uint8_t data[65535];
    ck_assert_int_eq(parse(data, 0).parse, FPL_PARSE_DROP_REST);
    ck_assert_int_eq(parse(data, 1).parse, FPL_PARSE_DROP_REST);
    ck_assert_int_eq(parse(data, 13).parse, FPL_PARSE_DROP_REST);
    for (unsigned first = 0; first < 256; first++) {
        memset(data, (int)first, sizeof(data));
        (void)parse(data, sizeof(data));
    }
}
END_TEST

START_TEST(writes_what_it_reads)
{
    uint8_t data[FPL_HEADER13_LEN + 0x1234];
    memset(data, 0, sizeof(data));
    fpl_header13_write(data, 0xfffe, 0x123456789a, 0x1234);
    unit_mem_is_hex(data, FPL_HEADER13_LEN, "2e789a1234");
    parsed p = parse(data, sizeof(data));
    ck_assert_int_eq(p.parse, FPL_PARSE_OK);
    ck_assert_uint_eq(p.record.epoch_bits, 2);
    ck_assert_uint_eq(p.record.header_len, FPL_HEADER13_LEN);
    ck_assert_uint_eq(p.record.number_len, 2);
}
END_TEST

/* nearest is the slow and obvious way: it tries every number around. */
static uint64_t nearest(uint64_t next, uint64_t low, uint64_t span)
{
    for (uint64_t distance = 0;; distance++) {
        if (next <= UINT64_MAX - distance && (next + distance) % span == low) {
            return next + distance;
        }
        if (next >= distance && (next - distance) % span == low) {
            return next - distance;
        }
    }
}

START_TEST(finds_the_nearest_number)
{
    static const uint64_t kAround[] = {0,
                                       100,
                                       127,
                                       128,
                                       129,
                                       255,
                                       256,
                                       257,
                                       1000,
                                       UINT64_C(1) << 16,
                                       (UINT64_C(1) << 48) - 1,
                                       UINT64_C(1) << 63,
                                       UINT64_MAX - 300,
                                       UINT64_MAX - 128,
                                       UINT64_MAX - 1,
                                       UINT64_MAX};
    for (size_t i = 0; i < sizeof(kAround) / sizeof(kAround[0]); i++) {
        for (unsigned low = 0; low < 256; low++) {
            ck_assert_uint_eq(fpl_header13_sequence(kAround[i], (uint16_t)low, 1),
                              nearest(kAround[i], low, 256));
        }
    }
    static const uint64_t kAroundLong[] = {0,      32767,  32768,           32769,         65535,     65536,
                                           65537,  98304,  98305,           UINT64_C(1) << 32,
                                           UINT64_MAX - 65535, UINT64_MAX - 32768, UINT64_MAX};
    for (size_t i = 0; i < sizeof(kAroundLong) / sizeof(kAroundLong[0]); i++) {
        for (unsigned low = 0; low < 65536; low += 509) {
            ck_assert_uint_eq(fpl_header13_sequence(kAroundLong[i], (uint16_t)low, 2),
                              nearest(kAroundLong[i], low, 65536));
        }
    }
}
END_TEST

START_TEST(finds_what_is_near)
{ /* RL-08: half the numbers that the bits can tell apart may be lost or late */
    for (uint64_t next = 0; next < 1000; next++) {
        for (uint64_t seq = next < 127 ? 0 : next - 127; seq <= next + 128; seq++) {
            ck_assert_uint_eq(fpl_header13_sequence(next, (uint16_t)(seq & 0xff), 1), seq);
        }
    }
    for (uint64_t next = 0; next < 200000; next += 997) {
        for (uint64_t seq = next < 32767 ? 0 : next - 32767; seq <= next + 32768; seq += 31) {
            ck_assert_uint_eq(fpl_header13_sequence(next, (uint16_t)(seq & 0xffff), 2), seq);
        }
    }
}
END_TEST

START_TEST(finds_epochs)
{
    for (unsigned newest = 0; newest <= UINT16_MAX; newest += newest > 100 && newest < 65000 ? 101 : 1) {
        for (uint8_t bits = 0; bits < 4; bits++) {
            uint16_t epoch;
            unsigned expected = newest;
            while (expected % 4 != bits && expected != 0) {
                expected--;
            }
            bool exists = expected % 4 == bits;
            ck_assert_int_eq(fpl_header13_epoch_back((uint16_t)newest, bits, &epoch), exists);
            if (exists) {
                ck_assert_uint_eq(epoch, expected);
            }
            expected = newest + 1;
            while (expected % 4 != bits) {
                expected++;
            }
            exists = expected <= UINT16_MAX;
            ck_assert_int_eq(fpl_header13_epoch_ahead((uint16_t)newest, bits, &epoch), exists);
            if (exists) {
                ck_assert_uint_eq(epoch, expected);
            }
        }
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, reads_every_form);
    tcase_add_test(tc, drops_what_is_cut_off);
    tcase_add_test(tc, drops_what_cannot_be_unmasked);
    tcase_add_test(tc, drops_a_length_beyond_the_datagram);
    tcase_add_test(tc, has_limits_of_length);
    tcase_add_test(tc, judges_every_first_byte);
    tcase_add_test(tc, degenerate_datagrams);
    tcase_add_test(tc, writes_what_it_reads);
    tcase_add_test(tc, finds_the_nearest_number);
    tcase_add_test(tc, finds_what_is_near);
    tcase_add_test(tc, finds_epochs);
}

UNIT_MAIN("record/header13", tests)
