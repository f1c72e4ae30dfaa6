/* record/epoch12: two ends of an epoch, and a stranger between them. */

#include "record/epoch12.h"

#include "unit.h"

typedef struct ends {
    fpl_aead_key write_key;
    fpl_aead_key read_key;
    fpl_write_epoch write;
    fpl_read_epoch read;
    uint8_t record[256];
    size_t len;
} ends;

static const fpl_aead kAeads[] = {FPL_AEAD_AES_128_GCM, FPL_AEAD_AES_256_GCM, FPL_AEAD_CHACHA20_POLY1305};

static void load_key(fpl_aead_key *key, fpl_aead aead)
{
    static const uint8_t kSecret[32] = {1};
    static const uint8_t kIv[12] = {2};
    ck_assert_int_eq(fpl_aead_init(key, aead, fpl_bytes_of(kSecret, fpl_aead_key_length(aead)),
                                   fpl_bytes_of(kIv, fpl_aead_fixed_iv_length(aead))),
                     FPL_STATUS_OK);
}

static void set_up(ends *e, fpl_aead aead)
{
    load_key(&e->write_key, aead);
    load_key(&e->read_key, aead);
    fpl_write_epoch_init(&e->write, 1, &e->write_key);
    fpl_read_epoch_init(&e->read, 1, &e->read_key);
}

static void tear_down(ends *e)
{
    fpl_write_epoch_wipe(&e->write);
    fpl_read_epoch_wipe(&e->read);
}

/* seal makes a record of the one byte `value`. */
static fpl_seal seal(ends *e, uint8_t value)
{
    e->record[fpl_epoch12_prefix(&e->write)] = value;
    return fpl_epoch12_seal(&e->write, FPL_CONTENT_TYPE_APPLICATION_DATA, FPL_RECORD_VERSION_DTLS12,
                            e->record, 1, sizeof(e->record), &e->len);
}

/* receive opens a copy of `record` and asserts its `value`. */
static fpl_drop receive(ends *e, const uint8_t *record, uint8_t value)
{
    uint8_t copy[sizeof(e->record)];
    memcpy(copy, record, e->len);
    fpl_record12 parsed;
    size_t consumed;
    fpl_drop why;
    if (fpl_header12_parse(copy, e->len, &parsed, &consumed, &why) != FPL_PARSE_OK) {
        return why;
    }
    uint8_t *out;
    size_t len;
    why = fpl_epoch12_open(&e->read, &parsed, &out, &len);
    if (why == FPL_DROP_NONE) {
        ck_assert_uint_eq(len, 1);
        ck_assert_uint_eq(out[0], value);
    }
    return why;
}

START_TEST(delivers_once)
{ /* RL-01 */
    ends e;
    set_up(&e, kAeads[_i]);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(seal(&e, (uint8_t)i), FPL_SEAL_OK);
        ck_assert_int_eq(receive(&e, e.record, (uint8_t)i), FPL_DROP_NONE);
        ck_assert_int_eq(receive(&e, e.record, 0), FPL_DROP_REPLAY);
    }
    ck_assert_uint_eq(e.read.forgeries, 0);
    tear_down(&e);
}
END_TEST

START_TEST(delivers_within_the_window)
{ /* RL-02 */
    ends e;
    uint8_t kept[FPL_REPLAY_WINDOW + 1][sizeof(e.record)];
    set_up(&e, kAeads[_i]);
    for (size_t i = 0; i <= FPL_REPLAY_WINDOW; i++) {
        ck_assert_int_eq(seal(&e, (uint8_t)i), FPL_SEAL_OK);
        memcpy(kept[i], e.record, e.len);
    }
    for (size_t i = FPL_REPLAY_WINDOW; i > 0; i--) {
        ck_assert_int_eq(receive(&e, kept[i], (uint8_t)i), FPL_DROP_NONE);
    }
    ck_assert_int_eq(receive(&e, kept[0], 0), FPL_DROP_TOO_OLD);
    tear_down(&e);
}
END_TEST

START_TEST(a_forgery_moves_nothing)
{ /* RL-03 */
    ends e;
    set_up(&e, kAeads[_i]);
    ck_assert_int_eq(seal(&e, 1), FPL_SEAL_OK);
    ck_assert_int_eq(receive(&e, e.record, 1), FPL_DROP_NONE);
    fpl_replay before = e.read.replay;
    ck_assert_int_eq(seal(&e, 2), FPL_SEAL_OK);
    uint8_t forged[sizeof(e.record)];
    memcpy(forged, e.record, e.len);
    memset(forged + 5, 0xff, 6); /* the last record number */
    ck_assert_int_eq(receive(&e, forged, 0), FPL_DROP_FORGED);
    ck_assert_mem_eq(&e.read.replay, &before, sizeof(before));
    ck_assert_uint_eq(e.read.forgeries, 1);
    ck_assert_int_eq(receive(&e, e.record, 2), FPL_DROP_NONE);
    tear_down(&e);
}
END_TEST

START_TEST(every_flipped_bit_moves_nothing)
{ /* RL-23 */
    ends e;
    set_up(&e, kAeads[_i]);
    ck_assert_int_eq(seal(&e, 9), FPL_SEAL_OK);
    fpl_replay before = e.read.replay;
    uint8_t kept[sizeof(e.record)];
    memcpy(kept, e.record, e.len);
    for (size_t bit = 0; bit < 8 * e.len; bit++) {
        kept[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert_int_ne(receive(&e, kept, 9), FPL_DROP_NONE);
        ck_assert_mem_eq(&e.read.replay, &before, sizeof(before));
        kept[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    ck_assert_int_eq(receive(&e, kept, 9), FPL_DROP_NONE);
    tear_down(&e);
}
END_TEST

/* RL-24: the nonce on the wire is epoch and record number, counted by one; so none comes twice, and
 * no chance is involved. */
START_TEST(nonces_count)
{
    enum { kRecords = 1000000 };
    ends e;
    set_up(&e, FPL_AEAD_AES_128_GCM);
    for (uint32_t i = 0; i < kRecords; i++) {
        if (seal(&e, 0) != FPL_SEAL_OK) {
            ck_abort_msg("not sealed");
        }
        const uint8_t expected[8] = {
            0, 1, 0, 0, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        if (memcmp(e.record + 3, expected, 8) != 0 || memcmp(e.record + FPL_HEADER12_LEN, expected, 8) != 0) {
            ck_abort_msg("not the record's number");
        }
    }
    tear_down(&e);
}
END_TEST

START_TEST(falls_silent_at_the_end)
{ /* RL-09 */
    ends e;
    set_up(&e, kAeads[_i]);
    e.write.next_seq = FPL_RECORD_MAX_SEQ - 1;
    ck_assert_int_eq(seal(&e, 1), FPL_SEAL_OK);
    ck_assert_int_eq(receive(&e, e.record, 1), FPL_DROP_NONE);
    ck_assert_int_eq(seal(&e, 2), FPL_SEAL_OK);
    ck_assert_int_eq(receive(&e, e.record, 2), FPL_DROP_NONE);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(seal(&e, 3), FPL_SEAL_EXHAUSTED);
    }
    fpl_write_epoch_init(&e.write, 0, NULL);
    e.write.next_seq = FPL_RECORD_MAX_SEQ + 1;
    ck_assert_int_eq(seal(&e, 3), FPL_SEAL_EXHAUSTED);
    e.write.key = &e.write_key;
    tear_down(&e);
}
END_TEST

START_TEST(failures_use_no_number_up)
{
    static uint8_t big[FPL_RECORD_MAX_PLAINTEXT + 128];
    ends e;
    size_t len;
    set_up(&e, kAeads[_i]);
    size_t overhead = fpl_epoch12_overhead(&e.write);
    ck_assert_int_eq(
        fpl_epoch12_seal(&e.write, 23, FPL_RECORD_VERSION_DTLS12, e.record, 10, overhead + 9, &len),
        FPL_SEAL_BUFFER_TOO_SMALL);
    ck_assert_int_eq(fpl_epoch12_seal(&e.write, 23, FPL_RECORD_VERSION_DTLS12, big,
                                      FPL_RECORD_MAX_PLAINTEXT + 1, sizeof(big), &len),
                     FPL_SEAL_TOO_LONG);
    ck_assert_int_eq(
        fpl_epoch12_seal(&e.write, 23, FPL_RECORD_VERSION_DTLS10, e.record, 10, sizeof(e.record), &len),
        FPL_SEAL_INTERNAL);
    ck_assert_uint_eq(e.write.next_seq, 0);
    ck_assert_int_eq(
        fpl_epoch12_seal(&e.write, 23, FPL_RECORD_VERSION_DTLS12, e.record, 10, overhead + 10, &len),
        FPL_SEAL_OK);
    ck_assert_uint_eq(e.write.next_seq, 1);
    tear_down(&e);
}
END_TEST

START_TEST(plaintext_epochs_only_frame)
{
    ends e = {.len = 0};
    fpl_write_epoch_init(&e.write, 0, NULL);
    fpl_read_epoch_init(&e.read, 0, NULL);
    e.record[FPL_HEADER12_LEN] = 7;
    ck_assert_int_eq(fpl_epoch12_seal(&e.write, FPL_CONTENT_TYPE_HANDSHAKE, FPL_RECORD_VERSION_DTLS10,
                                      e.record, 1, FPL_HEADER12_LEN + 1, &e.len),
                     FPL_SEAL_OK);
    unit_mem_is_hex(e.record, e.len, "16feff0000000000000000000107");
    /* No window: who can forge a number could block the genuine one. */
    ck_assert_int_eq(receive(&e, e.record, 7), FPL_DROP_NONE);
    ck_assert_int_eq(receive(&e, e.record, 7), FPL_DROP_NONE);
    ck_assert_int_eq(
        fpl_epoch12_seal(&e.write, 22, FPL_RECORD_VERSION_DTLS12, e.record, 1, FPL_HEADER12_LEN, &e.len),
        FPL_SEAL_BUFFER_TOO_SMALL);
}
END_TEST

START_TEST(other_epochs_are_dropped)
{ /* RL-06 */
    static const uint16_t kEpochs[] = {0, 2, 5, 0xffff};
    ends e;
    set_up(&e, kAeads[_i]);
    for (size_t i = 0; i < 4; i++) {
        e.write.number = kEpochs[i];
        ck_assert_int_eq(seal(&e, 1), FPL_SEAL_OK);
        ck_assert_int_eq(receive(&e, e.record, 1), FPL_DROP_EPOCH);
    }
    ck_assert_uint_eq(e.read.forgeries, 0);
    tear_down(&e);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, delivers_once, 0, 3);
    tcase_add_loop_test(tc, delivers_within_the_window, 0, 3);
    tcase_add_loop_test(tc, a_forgery_moves_nothing, 0, 3);
    tcase_add_loop_test(tc, every_flipped_bit_moves_nothing, 0, 3);
    tcase_add_test(tc, nonces_count);
    tcase_add_loop_test(tc, falls_silent_at_the_end, 0, 3);
    tcase_add_loop_test(tc, failures_use_no_number_up, 0, 3);
    tcase_add_test(tc, plaintext_epochs_only_frame);
    tcase_add_loop_test(tc, other_epochs_are_dropped, 0, 3);
}

UNIT_MAIN("record/epoch12", tests)
