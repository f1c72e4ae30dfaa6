/* record/epoch13: numbering, windows, limits, and a network that loses and reorders. */

#include "record/epoch13.h"

#include "record13_make.h"
#include "unit.h"

#define FORGERIES_OF_GCM (UINT64_C(1) << 36) /* RFC 9147 section 4.5.3 */

/* open_at opens the first record of `data` in `epoch`. */
static fpl_drop open_at(fpl_read_epoch13 *epoch, uint8_t *data, size_t len, fpl_plain13 *plain)
{
    fpl_record13 record;
    size_t consumed;
    fpl_drop why;
    ck_assert_int_eq(fpl_header13_parse(data, len, &record, &consumed, &why), FPL_PARSE_OK);
    ck_assert_uint_eq(consumed, len);
    return fpl_epoch13_open(epoch, &record, plain);
}

/* seal_u32 makes the next record of `epoch`, which says `value`. */
static size_t seal_u32(fpl_write_epoch13 *epoch, uint32_t value, uint8_t *out, size_t cap)
{
    size_t len = 0;
    memcpy(out + FPL_PROTECT13_PREFIX, &value, sizeof(value));
    ck_assert_int_eq(fpl_epoch13_seal(epoch, 23, out, sizeof(value), 0, cap, &len), FPL_SEAL_OK);
    return len;
}

START_TEST(numbers_its_records)
{
    fpl_protect13_key key;
    fpl_protect13_key peer;
    fpl_write_epoch13 write;
    fpl_read_epoch13 read;
    uint8_t data[64];
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    unit_key13(&peer, FPL_AEAD_AES_128_GCM, 0);
    fpl_write_epoch13_init(&write, 3, &key);
    fpl_read_epoch13_init(&read, 3, &peer);
    for (uint32_t i = 0; i < 10; i++) {
        fpl_plain13 plain;
        size_t len = seal_u32(&write, i, data, sizeof(data));
        ck_assert_uint_eq(write.next_seq, i + 1);
        ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
        ck_assert_uint_eq(plain.seq, i);
        ck_assert_uint_eq(plain.len, 4);
        ck_assert_mem_eq(plain.content, &i, 4);
    }
    fpl_write_epoch13_wipe(&write);
    fpl_read_epoch13_wipe(&read);
}
END_TEST

START_TEST(uses_up_no_number_in_vain)
{
    static uint8_t data[FPL_RECORD_MAX_PLAINTEXT + 64];
    fpl_protect13_key key;
    fpl_write_epoch13 write;
    size_t len;
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    fpl_write_epoch13_init(&write, 3, &key);
    ck_assert_int_eq(fpl_epoch13_seal(&write, 23, data, 10, 2, 12 + FPL_PROTECT13_OVERHEAD - 1, &len),
                     FPL_SEAL_BUFFER_TOO_SMALL);
    ck_assert_int_eq(fpl_epoch13_seal(&write, 23, data, FPL_RECORD_MAX_PLAINTEXT + 1, 0, sizeof(data), &len),
                     FPL_SEAL_TOO_LONG);
    ck_assert_int_eq(fpl_epoch13_seal(&write, 23, data, FPL_RECORD_MAX_PLAINTEXT, 1, sizeof(data), &len),
                     FPL_SEAL_TOO_LONG);
    ck_assert_int_eq(fpl_epoch13_seal(&write, 20, data, 1, 0, sizeof(data), &len), FPL_SEAL_INTERNAL);
    ck_assert_uint_eq(write.next_seq, 0);
    fpl_write_epoch13_wipe(&write);
}
END_TEST

START_TEST(falls_silent_at_the_end_of_numbers)
{ /* RL-09 */
    fpl_protect13_key key;
    fpl_write_epoch13 write;
    uint8_t data[64];
    size_t len = 0;
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    fpl_write_epoch13_init(&write, 3, &key);
    write.next_seq = FPL_RECORD_MAX_SEQ - 1;
    (void)seal_u32(&write, 0, data, sizeof(data));
    (void)seal_u32(&write, 0, data, sizeof(data));
    ck_assert_int_eq(fpl_epoch13_seal(&write, 23, data, 1, 0, sizeof(data), &len), FPL_SEAL_EXHAUSTED);
    ck_assert_int_eq(fpl_epoch13_seal(&write, 23, data, 1, 0, sizeof(data), &len), FPL_SEAL_EXHAUSTED);
    ck_assert(fpl_write_epoch13_seal_limit(&write, UINT64_MAX));
    fpl_write_epoch13_wipe(&write);
}
END_TEST

START_TEST(reads_numbers_of_64_bits)
{ /* A peer may go on beyond 2^48; its last number would take the window with it. */
    fpl_protect13_key key;
    fpl_read_epoch13 read;
    fpl_plain13 plain;
    uint8_t data[64];
    static const uint8_t kInner[] = {'a', 23};
    static const uint64_t kNumbers[] = {UINT64_C(1) << 48, (UINT64_C(1) << 63) + 5, UINT64_MAX - 1};
    unit_key13(&key, FPL_AEAD_CHACHA20_POLY1305, 0);
    for (size_t i = 0; i < 3; i++) {
        fpl_read_epoch13_init(&read, 3, &key);
        read.replay.next = kNumbers[i] - 10;
        size_t len = unit_record13(&key, UNIT_LONG_NUMBER, 3, kNumbers[i], kInner, 2, data, sizeof(data));
        ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
        ck_assert_uint_eq(plain.seq, kNumbers[i]);
        len = unit_record13(&key, UNIT_LONG_NUMBER, 3, kNumbers[i], kInner, 2, data, sizeof(data));
        ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_REPLAY);
    }
    size_t len = unit_record13(&key, UNIT_LONG_NUMBER, 3, UINT64_MAX, kInner, 2, data, sizeof(data));
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_EPOCH);
    ck_assert_uint_eq(read.replay.next, UINT64_MAX);
    fpl_read_epoch13_wipe(&read);
}
END_TEST

START_TEST(takes_each_record_once)
{ /* RL-01, RL-02 */
    fpl_protect13_key key;
    fpl_protect13_key peer;
    fpl_write_epoch13 write;
    fpl_read_epoch13 read;
    static uint8_t sent[200][64];
    size_t len = 0;
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    unit_key13(&peer, FPL_AEAD_AES_128_GCM, 0);
    fpl_write_epoch13_init(&write, 3, &key);
    fpl_read_epoch13_init(&read, 3, &peer);
    for (uint32_t i = 0; i < 200; i++) {
        len = seal_u32(&write, i, sent[i], sizeof(sent[i]));
    }
    fpl_plain13 plain;
    uint8_t data[64];
    memcpy(data, sent[150], len);
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
    for (int i = 0; i < 1000; i++) {
        memcpy(data, sent[150], len);
        ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_REPLAY);
    }
    memcpy(data, sent[150 - FPL_REPLAY_WINDOW], len);
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_TOO_OLD);
    memcpy(data, sent[150 - FPL_REPLAY_WINDOW + 1], len);
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
    memcpy(data, sent[150 - FPL_REPLAY_WINDOW + 1], len);
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_REPLAY);
    ck_assert_uint_eq(read.forgeries, 0);
    fpl_write_epoch13_wipe(&write);
    fpl_read_epoch13_wipe(&read);
}
END_TEST

START_TEST(no_stranger_moves_the_window)
{ /* RL-03, RL-25: nothing but the count of forgeries changes */
    fpl_protect13_key key;
    fpl_protect13_key peer;
    fpl_write_epoch13 write;
    fpl_read_epoch13 read;
    fpl_plain13 plain;
    uint8_t kept[64];
    uint8_t data[64];
    unit_key13(&key, FPL_AEAD_AES_256_GCM, 0);
    unit_key13(&peer, FPL_AEAD_AES_256_GCM, 0);
    fpl_write_epoch13_init(&write, 3, &key);
    fpl_read_epoch13_init(&read, 3, &peer);
    write.next_seq = 5;
    size_t len = seal_u32(&write, 0, data, sizeof(data));
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
    len = seal_u32(&write, 1, kept, sizeof(kept));
    fpl_replay before = read.replay;
    uint64_t forgeries = 0;
    /* The masked number, every bit of it, and the ciphertext. */
    for (size_t bit = 8; bit < 8 * len; bit++) {
        if (bit >= 24 && bit < 40) {
            continue; /* the length, which the parser judges */
        }
        memcpy(data, kept, len);
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        memset(&plain, 0xee, sizeof(plain));
        fpl_plain13 untouched = plain;
        ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_FORGED);
        ck_assert_mem_eq(&plain, &untouched, sizeof(plain));
        ck_assert_mem_eq(&read.replay, &before, sizeof(before));
        ck_assert_uint_eq(read.forgeries, ++forgeries);
    }
    ck_assert_int_eq(open_at(&read, kept, len, &plain), FPL_DROP_NONE);
    ck_assert_uint_eq(plain.seq, 6);
    fpl_write_epoch13_wipe(&write);
    fpl_read_epoch13_wipe(&read);
}
END_TEST

START_TEST(an_authentic_record_of_no_use_moves_nothing)
{ /* RL-21; 9147bis section 4.5.2: no replay window is updated */
    static const uint8_t kZeros[4];
    fpl_protect13_key key;
    fpl_read_epoch13 read;
    fpl_plain13 plain;
    uint8_t data[64];
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    fpl_read_epoch13_init(&read, 3, &key);
    size_t len = unit_record13(&key, UNIT_LONG_NUMBER, 3, 9, kZeros, sizeof(kZeros), data, sizeof(data));
    ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_TYPE);
    ck_assert_uint_eq(read.replay.next, 0);
    ck_assert_uint_eq(read.forgeries, 0);
    fpl_read_epoch13_wipe(&read);
}
END_TEST

/* cross sends `count` records of some form over a network that shuffles every sixteen and loses a fifth:
 * all that arrive must be delivered. */
static void cross(fpl_aead aead, uint8_t form, uint32_t count, uint64_t first)
{
    enum { kTogether = 16 };
    fpl_protect13_key key;
    fpl_protect13_key peer;
    fpl_read_epoch13 read;
    uint32_t random = 1;
    unit_key13(&key, aead, 0);
    unit_key13(&peer, aead, 0);
    fpl_read_epoch13_init(&read, 3, &peer);
    read.replay.next = first;
    for (uint32_t begin = 0; begin < count; begin += kTogether) {
        uint32_t order[kTogether] = {0};
        for (uint32_t i = 0; i < kTogether; i++) {
            random = random * 1664525 + 1013904223;
            uint32_t at = (random >> 8) % (i + 1);
            order[i] = order[at];
            order[at] = begin + i;
        }
        for (uint32_t i = 0; i < kTogether; i++) {
            random = random * 1664525 + 1013904223;
            if ((random >> 8) % 5 == 0) {
                continue;
            }
            uint8_t inner[5];
            uint8_t data[64];
            fpl_plain13 plain;
            memcpy(inner, &order[i], 4);
            inner[4] = 23;
            size_t len =
                unit_record13(&key, form, 3, first + order[i], inner, sizeof(inner), data, sizeof(data));
            ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
            ck_assert_uint_eq(plain.seq, first + order[i]);
            ck_assert_mem_eq(plain.content, &order[i], 4);
        }
    }
    ck_assert_uint_eq(read.forgeries, 0);
    fpl_protect13_wipe(&key);
    fpl_read_epoch13_wipe(&read);
}

START_TEST(crosses_the_bounds_of_short_numbers)
{ /* RL-08 */
    static const fpl_aead kAeads[] = {FPL_AEAD_AES_128_GCM, FPL_AEAD_CHACHA20_POLY1305};
    cross(kAeads[_i], UNIT_LONG_NUMBER | UNIT_WITH_LENGTH, 70000, 0);
    cross(kAeads[_i], UNIT_LONG_NUMBER, 2000, (UINT64_C(1) << 48) - 1000);
    cross(kAeads[_i], UNIT_SHORT_NUMBER, 600, 0);
    cross(kAeads[_i], UNIT_SHORT_NUMBER | UNIT_WITH_LENGTH, 2000, (UINT64_C(1) << 32) - 1000);
}
END_TEST

START_TEST(forms_may_be_mixed)
{
    static const uint8_t kForms[] = {UNIT_SHORT_NUMBER, UNIT_LONG_NUMBER, UNIT_SHORT_NUMBER | UNIT_WITH_LENGTH,
                                     UNIT_LONG_NUMBER | UNIT_WITH_LENGTH};
    static const uint8_t kInner[] = {'a', 23};
    fpl_protect13_key key;
    fpl_read_epoch13 read;
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    fpl_read_epoch13_init(&read, 3, &key);
    for (uint64_t seq = 0; seq < 1000; seq++) {
        uint8_t data[64];
        fpl_plain13 plain;
        size_t len = unit_record13(&key, kForms[seq % 4], 3, seq, kInner, 2, data, sizeof(data));
        ck_assert_int_eq(open_at(&read, data, len, &plain), FPL_DROP_NONE);
        ck_assert_uint_eq(plain.seq, seq);
    }
    fpl_read_epoch13_wipe(&read);
}
END_TEST

START_TEST(counts_towards_its_limits)
{ /* RL-10 */
    fpl_write_epoch13 write;
    fpl_read_epoch13 read;
    fpl_write_epoch13_init(&write, 3, NULL);
    for (write.next_seq = 0; write.next_seq < 30; write.next_seq++) {
        ck_assert_int_eq(fpl_write_epoch13_seal_limit(&write, 20), write.next_seq >= 20);
        ck_assert_int_eq(fpl_write_epoch13_seal_soon(&write, 20, 5), write.next_seq >= 15);
        ck_assert(fpl_write_epoch13_seal_soon(&write, 20, 100));
    }
    write.next_seq = FPL_RECORD_MAX_SEQ;
    ck_assert(!fpl_write_epoch13_seal_limit(&write, UINT64_MAX));
    ck_assert(fpl_write_epoch13_seal_soon(&write, UINT64_MAX, 1));
    write.next_seq++;
    ck_assert(fpl_write_epoch13_seal_limit(&write, UINT64_MAX));

    fpl_read_epoch13_init(&read, 3, NULL);
    read.forgeries = FORGERIES_OF_GCM - 101;
    ck_assert(!fpl_read_epoch13_forgery_limit(&read, FORGERIES_OF_GCM));
    ck_assert(!fpl_read_epoch13_forgery_soon(&read, FORGERIES_OF_GCM, 100));
    read.forgeries++;
    ck_assert(fpl_read_epoch13_forgery_soon(&read, FORGERIES_OF_GCM, 100));
    read.forgeries += 99;
    ck_assert(!fpl_read_epoch13_forgery_limit(&read, FORGERIES_OF_GCM));
    read.forgeries++;
    ck_assert(fpl_read_epoch13_forgery_limit(&read, FORGERIES_OF_GCM));
}
END_TEST

START_TEST(leaves_nothing_behind)
{ /* SC-06 */
    static const fpl_protect13_key kUnused;
    static const fpl_read_epoch13 kNoRead;
    static const fpl_write_epoch13 kNoWrite;
    fpl_protect13_key key;
    fpl_protect13_key peer;
    fpl_read_epoch13 read;
    fpl_write_epoch13 write;
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 1);
    unit_key13(&peer, FPL_AEAD_AES_128_GCM, 1);
    fpl_read_epoch13_init(&read, 3, &key);
    fpl_write_epoch13_init(&write, 3, &peer);
    fpl_read_epoch13_wipe(&read);
    fpl_write_epoch13_wipe(&write);
    ck_assert_mem_eq(&read, &kNoRead, sizeof(read));
    ck_assert_mem_eq(&write, &kNoWrite, sizeof(write));
    ck_assert_mem_eq(&key, &kUnused, sizeof(key));
    ck_assert_mem_eq(&peer, &kUnused, sizeof(peer));
    fpl_read_epoch13_wipe(&read);
    fpl_write_epoch13_wipe(&write);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, numbers_its_records);
    tcase_add_test(tc, uses_up_no_number_in_vain);
    tcase_add_test(tc, falls_silent_at_the_end_of_numbers);
    tcase_add_test(tc, reads_numbers_of_64_bits);
    tcase_add_test(tc, takes_each_record_once);
    tcase_add_test(tc, no_stranger_moves_the_window);
    tcase_add_test(tc, an_authentic_record_of_no_use_moves_nothing);
    tcase_add_loop_test(tc, crosses_the_bounds_of_short_numbers, 0, 2);
    tcase_add_test(tc, forms_may_be_mixed);
    tcase_add_test(tc, counts_towards_its_limits);
    tcase_add_test(tc, leaves_nothing_behind);
}

UNIT_MAIN("record/epoch13", tests)
