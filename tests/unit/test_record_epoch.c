/* record/epoch: limits and wiping. */

#include "record/epoch.h"

#include "record/header12.h"
#include "unit.h"

static void load_key(fpl_aead_key *key)
{
    static const uint8_t kSecret[16] = {1};
    static const uint8_t kIv[4] = {2};
    ck_assert_int_eq(fpl_aead_init(key, FPL_AEAD_AES_128_GCM, fpl_bytes_of(kSecret, sizeof(kSecret)),
                                   fpl_bytes_of(kIv, sizeof(kIv))),
                     FPL_STATUS_OK);
}

START_TEST(counts_towards_its_limits)
{
    fpl_write_epoch epoch;
    fpl_write_epoch_init(&epoch, 1, NULL);
    for (epoch.next_seq = 0; epoch.next_seq < 30; epoch.next_seq++) {
        ck_assert_int_eq(fpl_write_epoch_seal_limit(&epoch, 20), epoch.next_seq >= 20);
        ck_assert_int_eq(fpl_write_epoch_seal_soon(&epoch, 20, 5), epoch.next_seq >= 15);
        ck_assert(fpl_write_epoch_seal_soon(&epoch, 20, 100));
    }
}
END_TEST

START_TEST(no_limit_reaches_beyond_the_numbers)
{ /* RL-09 */
    fpl_write_epoch epoch;
    fpl_write_epoch_init(&epoch, 1, NULL);
    epoch.next_seq = FPL_RECORD_MAX_SEQ;
    ck_assert(!fpl_write_epoch_seal_limit(&epoch, UINT64_MAX));
    ck_assert(fpl_write_epoch_seal_soon(&epoch, UINT64_MAX, 1));
    epoch.next_seq++;
    ck_assert(fpl_write_epoch_seal_limit(&epoch, UINT64_MAX));
}
END_TEST

START_TEST(counts_forgeries)
{
    fpl_read_epoch epoch;
    fpl_read_epoch_init(&epoch, 1, NULL);
    epoch.forgeries = 9;
    ck_assert(!fpl_read_epoch_forgery_limit(&epoch, 10));
    epoch.forgeries = 10;
    ck_assert(fpl_read_epoch_forgery_limit(&epoch, 10));
}
END_TEST

START_TEST(leaves_nothing_behind)
{ /* SC-06 */
    static const fpl_aead_key kUnused;
    static const fpl_read_epoch kNoRead;
    static const fpl_write_epoch kNoWrite;
    fpl_aead_key key;
    fpl_read_epoch read;
    fpl_write_epoch write;
    load_key(&key);
    fpl_read_epoch_init(&read, 3, &key);
    fpl_read_epoch_wipe(&read);
    ck_assert_mem_eq(&key, &kUnused, sizeof(key));
    ck_assert_mem_eq(&read, &kNoRead, sizeof(read));
    load_key(&key);
    fpl_write_epoch_init(&write, 3, &key);
    fpl_write_epoch_wipe(&write);
    ck_assert_mem_eq(&key, &kUnused, sizeof(key));
    ck_assert_mem_eq(&write, &kNoWrite, sizeof(write));
    /* Nor do they mind having no key. */
    fpl_read_epoch_wipe(&read);
    fpl_write_epoch_wipe(&write);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, counts_towards_its_limits);
    tcase_add_test(tc, no_limit_reaches_beyond_the_numbers);
    tcase_add_test(tc, counts_forgeries);
    tcase_add_test(tc, leaves_nothing_behind);
}

UNIT_MAIN("record/epoch", tests)
