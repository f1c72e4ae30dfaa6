/* record/epochs13: which epoch a header means, how many are alive, and what becomes of the keys. */

#include "record/epochs13.h"

#include "record13_make.h"
#include "unit.h"

static const fpl_protect13_key kUnused;

/* open_any opens a record in the epoch that its header names. */
static fpl_drop open_any(fpl_read_epochs13 *epochs, uint8_t *data, size_t len)
{
    fpl_record13 record;
    size_t consumed;
    fpl_drop why;
    fpl_plain13 plain;
    ck_assert_int_eq(fpl_header13_parse(data, len, &record, &consumed, &why), FPL_PARSE_OK);
    fpl_read_epoch13 *epoch = fpl_read_epochs13_find(epochs, record.epoch_bits);
    return epoch == NULL ? FPL_DROP_EPOCH : fpl_epoch13_open(epoch, &record, &plain);
}

static fpl_protect13_key *remove_oldest(fpl_read_epochs13 *epochs)
{
    return epochs->num == 0 ? NULL : fpl_read_epochs13_remove(epochs, epochs->list[epochs->num - 1].number);
}

START_TEST(keeps_the_newest)
{ /* PH-01: at most four read keys, however many updates there are */
    static fpl_protect13_key keys[5];
    fpl_read_epochs13 epochs = {0};
    fpl_protect13_key *spare = &keys[4];
    for (size_t i = 0; i < 4; i++) {
        fpl_protect13_key *gone = spare;
        unit_key13(&keys[i], FPL_AEAD_AES_128_GCM, (uint8_t)i);
        ck_assert(fpl_read_epochs13_add(&epochs, (uint16_t)(2 + i), &keys[i], &gone));
        ck_assert_ptr_null(gone);
        ck_assert_uint_eq(epochs.num, i + 1);
    }
    for (unsigned number = 6; number <= UINT16_MAX; number += 1 + number / 1000) {
        fpl_protect13_key *oldest = epochs.list[3].key;
        uint16_t before = epochs.list[0].number;
        unit_key13(spare, FPL_AEAD_AES_128_GCM, (uint8_t)number);
        fpl_protect13_key *added = spare;
        ck_assert(fpl_read_epochs13_add(&epochs, (uint16_t)number, added, &spare));
        ck_assert_uint_le(epochs.num, FPL_READ_EPOCHS13);
        ck_assert_ptr_eq(epochs.list[0].key, added);
        ck_assert_uint_eq(epochs.list[0].number, number);
        if (before % 4 != number % 4) {
            ck_assert_uint_eq(epochs.list[1].number, before);
        }
        ck_assert_ptr_nonnull(spare);
        ck_assert_mem_eq(spare, &kUnused, sizeof(kUnused));
        if (number < 1000) {
            ck_assert_ptr_eq(spare, oldest);
        }
    }
    while (epochs.num > 0) {
        ck_assert_ptr_nonnull(remove_oldest(&epochs));
    }
}
END_TEST

START_TEST(finds_by_two_bits)
{
    fpl_protect13_key keys[3];
    fpl_protect13_key *gone;
    fpl_read_epochs13 epochs = {0};
    for (uint8_t bits = 0; bits < 4; bits++) {
        ck_assert_ptr_null(fpl_read_epochs13_find(&epochs, bits));
    }
    for (uint8_t i = 0; i < 3; i++) {
        unit_key13(&keys[i], FPL_AEAD_AES_128_GCM, i);
        ck_assert(fpl_read_epochs13_add(&epochs, 14 + i, &keys[i], &gone));
    }
    ck_assert_uint_eq(fpl_read_epochs13_find(&epochs, 2)->number, 14);
    ck_assert_uint_eq(fpl_read_epochs13_find(&epochs, 3)->number, 15);
    ck_assert_uint_eq(fpl_read_epochs13_find(&epochs, 0)->number, 16);
    ck_assert_ptr_null(fpl_read_epochs13_find(&epochs, 1));
    while (epochs.num > 0) {
        (void)remove_oldest(&epochs);
    }
}
END_TEST

START_TEST(no_two_have_the_same_bits)
{
    fpl_protect13_key keys[3];
    fpl_protect13_key *gone;
    fpl_read_epochs13 epochs = {0};
    for (uint8_t i = 0; i < 3; i++) {
        unit_key13(&keys[i], FPL_AEAD_AES_128_GCM, i);
    }
    ck_assert(fpl_read_epochs13_add(&epochs, 3, &keys[0], &gone));
    ck_assert(fpl_read_epochs13_add(&epochs, 4, &keys[1], &gone));
    ck_assert_ptr_null(gone);
    ck_assert(fpl_read_epochs13_add(&epochs, 8, &keys[2], &gone));
    ck_assert_ptr_eq(gone, &keys[1]);
    ck_assert_uint_eq(epochs.num, 2);
    ck_assert_uint_eq(epochs.list[0].number, 8);
    ck_assert_uint_eq(epochs.list[1].number, 3);
    ck_assert_ptr_eq(epochs.list[1].key, &keys[0]);
    while (epochs.num > 0) {
        (void)remove_oldest(&epochs);
    }
}
END_TEST

START_TEST(goes_forward_only)
{
    fpl_protect13_key key;
    fpl_protect13_key other;
    fpl_protect13_key *gone = &other;
    fpl_read_epochs13 epochs = {0};
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    unit_key13(&other, FPL_AEAD_AES_128_GCM, 1);
    ck_assert(fpl_read_epochs13_add(&epochs, UINT16_MAX, &key, &gone));
    fpl_read_epochs13 before = epochs;
    ck_assert(!fpl_read_epochs13_add(&epochs, UINT16_MAX, &other, &gone));
    ck_assert(!fpl_read_epochs13_add(&epochs, 0, &other, &gone));
    ck_assert_mem_eq(&epochs, &before, sizeof(epochs));
    (void)remove_oldest(&epochs);
    fpl_protect13_wipe(&other);
}
END_TEST

START_TEST(each_epoch_has_a_window)
{ /* RL-04 */
    fpl_protect13_key read_keys[2];
    fpl_protect13_key write_keys[2];
    fpl_protect13_key *gone;
    fpl_read_epochs13 epochs = {0};
    fpl_write_epoch13 write[2];
    for (uint8_t i = 0; i < 2; i++) {
        unit_key13(&read_keys[i], FPL_AEAD_AES_128_GCM, i);
        unit_key13(&write_keys[i], FPL_AEAD_AES_128_GCM, i);
        ck_assert(fpl_read_epochs13_add(&epochs, 3 + i, &read_keys[i], &gone));
        fpl_write_epoch13_init(&write[i], 3 + i, &write_keys[i]);
    }
    uint8_t data[4][64];
    size_t len = 0;
    write[0].next_seq = 40;
    ck_assert_int_eq(fpl_epoch13_seal(&write[0], 23, data[0], 1, 0, 64, &len), FPL_SEAL_OK);
    ck_assert_int_eq(fpl_epoch13_seal(&write[0], 23, data[1], 1, 0, 64, &len), FPL_SEAL_OK);
    memcpy(data[2], data[1], 64);
    ck_assert_int_eq(fpl_epoch13_seal(&write[1], 23, data[3], 1, 0, 64, &len), FPL_SEAL_OK);
    ck_assert_int_eq(open_any(&epochs, data[0], len), FPL_DROP_NONE); /* old, 40 */
    ck_assert_int_eq(open_any(&epochs, data[3], len), FPL_DROP_NONE); /* new, 0 */
    ck_assert_int_eq(open_any(&epochs, data[1], len), FPL_DROP_NONE); /* old, 41, late */
    ck_assert_int_eq(open_any(&epochs, data[2], len), FPL_DROP_REPLAY);
    for (int i = 0; i < 2; i++) {
        fpl_write_epoch13_wipe(&write[i]);
        (void)remove_oldest(&epochs);
    }
}
END_TEST

START_TEST(an_old_epoch_is_a_forgery_in_the_new_one)
{ /* RL-07, RL-06 */
    fpl_protect13_key old;
    fpl_protect13_key keys[5];
    fpl_protect13_key *gone;
    fpl_read_epochs13 epochs = {0};
    fpl_write_epoch13 write;
    uint8_t data[64];
    uint8_t strange[64];
    size_t len = 0;
    unit_key13(&old, FPL_AEAD_AES_128_GCM, 0);
    fpl_write_epoch13_init(&write, 3, &old);
    ck_assert_int_eq(fpl_epoch13_seal(&write, 23, data, 1, 0, sizeof(data), &len), FPL_SEAL_OK);
    for (uint8_t i = 0; i < 5; i++) {
        unit_key13(&keys[i], FPL_AEAD_AES_128_GCM, i);
        ck_assert(fpl_read_epochs13_add(&epochs, 3 + i, &keys[i], &gone));
    }
    memcpy(strange, data, sizeof(data));
    strange[0] ^= 3; /* epoch 4, which is gone */
    ck_assert_ptr_nonnull(fpl_read_epochs13_remove(&epochs, 4));
    fpl_read_epochs13 before = epochs;
    ck_assert_int_eq(open_any(&epochs, strange, len), FPL_DROP_EPOCH);
    ck_assert_mem_eq(&epochs, &before, sizeof(epochs));
    ck_assert_int_eq(open_any(&epochs, data, len), FPL_DROP_FORGED);
    before.list[0].forgeries++;
    ck_assert_mem_eq(&epochs, &before, sizeof(epochs));
    fpl_write_epoch13_wipe(&write);
    while (epochs.num > 0) {
        (void)remove_oldest(&epochs);
    }
}
END_TEST

START_TEST(gives_keys_back_wiped)
{ /* SC-06 */
    static const fpl_read_epochs13 kNone;
    fpl_protect13_key keys[3];
    fpl_protect13_key *gone;
    fpl_read_epochs13 epochs = {0};
    for (uint8_t i = 0; i < 3; i++) {
        unit_key13(&keys[i], FPL_AEAD_CHACHA20_POLY1305, i);
        ck_assert(fpl_read_epochs13_add(&epochs, 2 + i, &keys[i], &gone));
    }
    ck_assert_ptr_null(fpl_read_epochs13_remove(&epochs, 5));
    ck_assert_ptr_eq(fpl_read_epochs13_remove(&epochs, 3), &keys[1]); /* from the middle */
    ck_assert_uint_eq(epochs.list[0].number, 4);
    ck_assert_uint_eq(epochs.list[1].number, 2);
    ck_assert_mem_eq(&keys[1], &kUnused, sizeof(kUnused));
    for (size_t i = 0; i < 3; i += 2) {
        ck_assert_ptr_eq(remove_oldest(&epochs), &keys[i]);
        ck_assert_mem_eq(&keys[i], &kUnused, sizeof(kUnused));
    }
    ck_assert_ptr_null(remove_oldest(&epochs));
    ck_assert_mem_eq(&epochs, &kNone, sizeof(epochs));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, keeps_the_newest);
    tcase_add_test(tc, finds_by_two_bits);
    tcase_add_test(tc, no_two_have_the_same_bits);
    tcase_add_test(tc, goes_forward_only);
    tcase_add_test(tc, each_epoch_has_a_window);
    tcase_add_test(tc, an_old_epoch_is_a_forgery_in_the_new_one);
    tcase_add_test(tc, gives_keys_back_wiped);
}

UNIT_MAIN("record/epochs13", tests)
