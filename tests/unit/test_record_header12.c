/* record/header12: headers there and back, and datagrams that are none. */

#include "record/header12.h"

#include "samples.h"
#include "unit.h"

typedef struct parsed {
    fpl_parse parse;
    fpl_drop why;
    size_t consumed;
    fpl_record12 record;
} parsed;

/* parse reads a heap copy of just `len` bytes, so that the sanitizer sees each byte too far. */
static parsed parse(const uint8_t *data, size_t len)
{
    parsed out;
    memset(&out, 0, sizeof(out));
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    if (len != 0) {
        memcpy(exact, data, len);
    }
    out.parse = fpl_header12_parse(exact, len, &out.record, &out.consumed, &out.why);
    ck_assert_uint_le(out.consumed, len);
    ck_assert_int_eq(out.parse == FPL_PARSE_OK, out.why == FPL_DROP_NONE);
    ck_assert_int_ne(out.parse, FPL_PARSE_NONE);
    if (out.parse == FPL_PARSE_DROP_REST) {
        ck_assert_uint_eq(out.consumed, len);
    } else {
        ck_assert_uint_ge(out.consumed, FPL_HEADER12_LEN);
    }
    if (out.parse == FPL_PARSE_OK) {
        ck_assert_ptr_eq(out.record.header, exact);
        ck_assert_ptr_eq(out.record.body, exact + FPL_HEADER12_LEN);
        ck_assert_uint_eq(out.record.body_len + FPL_HEADER12_LEN, out.consumed);
    }
    free(exact);
    return out;
}

static void make(uint8_t *out, uint8_t type, uint16_t version, uint16_t epoch, size_t length)
{
    fpl_header12_write(out, type, version, epoch, 0x010203040506, (uint16_t)length);
}

START_TEST(reads_a_real_record)
{
    uint8_t data[256];
    size_t len = unit_hex(CAPTURE_CLIENT_FINISHED, data, sizeof(data));
    parsed p = parse(data, len);
    ck_assert_int_eq(p.parse, FPL_PARSE_OK);
    ck_assert_uint_eq(p.record.type, FPL_CONTENT_TYPE_HANDSHAKE);
    ck_assert_uint_eq(p.record.version, FPL_RECORD_VERSION_DTLS12);
    ck_assert_uint_eq(p.record.epoch, 1);
    ck_assert_uint_eq(p.record.seq, 0);
    ck_assert_uint_eq(p.record.body_len, 48);
}
END_TEST

START_TEST(writes_what_it_reads)
{
    uint8_t data[FPL_HEADER12_LEN + 7] = {0};
    fpl_header12_write(data, FPL_CONTENT_TYPE_ALERT, FPL_RECORD_VERSION_DTLS12, 0xfffe, FPL_RECORD_MAX_SEQ,
                       7);
    unit_mem_is_hex(data, FPL_HEADER12_LEN, "15fefdfffeffffffffffff0007");
    parsed p = parse(data, sizeof(data));
    ck_assert_int_eq(p.parse, FPL_PARSE_OK);
    ck_assert_uint_eq(p.record.epoch, 0xfffe);
    ck_assert_uint_eq(p.record.seq, FPL_RECORD_MAX_SEQ);
    ck_assert_uint_eq(p.record.body_len, 7);
}
END_TEST

START_TEST(judges_every_first_byte)
{ /* RL-18 */
    for (unsigned type = 0; type < 256; type++) {
        uint8_t data[FPL_HEADER12_LEN + 3] = {0};
        make(data, (uint8_t)type, FPL_RECORD_VERSION_DTLS12, 0, 3);
        parsed p = parse(data, sizeof(data));
        if ((type >= 20 && type <= 23) || type == 26) {
            ck_assert_int_eq(p.parse, FPL_PARSE_OK);
        } else if (type >= 20 && type < 32 && type != 25) {
            ck_assert_int_eq(p.parse, FPL_PARSE_DROP_RECORD);
            ck_assert_int_eq(p.why, FPL_DROP_TYPE);
        } else {
            ck_assert_int_eq(p.parse, FPL_PARSE_DROP_REST);
            ck_assert_int_eq(p.why, FPL_DROP_NOT_DTLS);
        }
    }
}
END_TEST

START_TEST(judges_every_version)
{ /* RL-22 */
    for (unsigned version = 0; version <= 0xffff; version++) {
        for (unsigned epoch = 0; epoch < 2; epoch++) {
            uint8_t data[FPL_HEADER12_LEN] = {0};
            make(data, 22, (uint16_t)version, (uint16_t)epoch, 0);
            fpl_drop why;
            fpl_record12 record;
            size_t consumed;
            fpl_parse got = fpl_header12_parse(data, sizeof(data), &record, &consumed, &why);
            fpl_parse expected = FPL_PARSE_DROP_REST;
            if (version == 0xfefd || (version == 0xfeff && epoch == 0)) {
                expected = FPL_PARSE_OK;
            } else if (version >> 8 == 0xfe) {
                expected = FPL_PARSE_DROP_RECORD;
            }
            ck_assert_int_eq(got, expected);
            ck_assert_int_eq(why, expected == FPL_PARSE_OK ? FPL_DROP_NONE : FPL_DROP_VERSION);
        }
    }
}
END_TEST

START_TEST(drops_what_is_cut_off)
{ /* RL-16, RL-26 */
    uint8_t data[256];
    size_t len = unit_hex(CAPTURE_CLIENT_FINISHED, data, sizeof(data));
    for (size_t cut = 0; cut < len; cut++) {
        parsed p = parse(data, cut);
        ck_assert_int_eq(p.parse, FPL_PARSE_DROP_REST);
        ck_assert_int_eq(p.why, FPL_DROP_TRUNCATED);
    }
    data[11] = 0xff;
    data[12] = 0xff;
    ck_assert_int_eq(parse(data, len).parse, FPL_PARSE_DROP_REST);
}
END_TEST

START_TEST(degenerate_datagrams)
{ /* RL-26 */
    static uint8_t data[65535];
    uint32_t random = 7;
    for (size_t i = 0; i < sizeof(data); i++) {
        random = random * 1664525 + 1013904223;
        data[i] = (uint8_t)(random >> 24);
    }
    for (unsigned first = 0; first < 256; first++) {
        data[0] = (uint8_t)first;
        parse(data, sizeof(data));
    }
    memset(data, 0, 13);
    ck_assert_int_eq(parse(data, 13).parse, FPL_PARSE_DROP_REST);
    ck_assert_int_eq(parse(data, 1).parse, FPL_PARSE_DROP_REST);
    ck_assert_int_eq(parse(data, 0).parse, FPL_PARSE_DROP_REST);
}
END_TEST

START_TEST(has_limits_of_length)
{ /* RL-19 */
    static uint8_t data[65535];
    static const size_t kMax[] = {FPL_RECORD_MAX_PLAINTEXT, FPL_RECORD12_MAX_CIPHERTEXT};
    for (uint16_t epoch = 0; epoch < 2; epoch++) {
        make(data, 23, FPL_RECORD_VERSION_DTLS12, epoch, kMax[epoch]);
        ck_assert_int_eq(parse(data, sizeof(data)).parse, FPL_PARSE_OK);
        make(data, 23, FPL_RECORD_VERSION_DTLS12, epoch, kMax[epoch] + 1);
        parsed p = parse(data, sizeof(data));
        ck_assert_int_eq(p.parse, FPL_PARSE_DROP_RECORD);
        ck_assert_int_eq(p.why, FPL_DROP_TOO_LONG);
        ck_assert_uint_eq(p.consumed, FPL_HEADER12_LEN + kMax[epoch] + 1);
    }
}
END_TEST

START_TEST(goes_on_after_a_dropped_record)
{ /* RL-17 */
    uint8_t data[3 * FPL_HEADER12_LEN + 6] = {0};
    make(data, 22, FPL_RECORD_VERSION_DTLS12, 0, 1);
    make(data + 14, 24, FPL_RECORD_VERSION_DTLS12, 0, 2); /* heartbeat */
    make(data + 29, 23, FPL_RECORD_VERSION_DTLS12, 0, 3);
    static const fpl_parse kExpected[] = {FPL_PARSE_OK, FPL_PARSE_DROP_RECORD, FPL_PARSE_OK};
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        parsed p = parse(data + at, sizeof(data) - at);
        ck_assert_int_eq(p.parse, kExpected[i]);
        at += p.consumed;
    }
    ck_assert_uint_eq(at, sizeof(data));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, reads_a_real_record);
    tcase_add_test(tc, writes_what_it_reads);
    tcase_add_test(tc, judges_every_first_byte);
    tcase_add_test(tc, judges_every_version);
    tcase_add_test(tc, drops_what_is_cut_off);
    tcase_add_test(tc, degenerate_datagrams);
    tcase_add_test(tc, has_limits_of_length);
    tcase_add_test(tc, goes_on_after_a_dropped_record);
}

UNIT_MAIN("record/header12", tests)
