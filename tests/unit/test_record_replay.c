/* record/replay at its edges, and against a model that remembers everything. */

#include "record/replay.h"

#include <stdbool.h>

#include "unit.h"

#define MAX_SEQ ((UINT64_C(1) << 48) - 1)

/* take checks and commits, as a record layer does after authentication. */
static fpl_drop take(fpl_replay *replay, uint64_t seq)
{
    fpl_drop why = fpl_replay_check(replay, seq);
    if (why == FPL_DROP_NONE) {
        fpl_replay_commit(replay, seq);
    }
    return why;
}

START_TEST(takes_each_number_once)
{ /* RL-01 */
    fpl_replay replay = {0};
    for (uint64_t seq = 0; seq < 200; seq++) {
        ck_assert_int_eq(take(&replay, seq), FPL_DROP_NONE);
        for (int i = 0; i < 1000; i++) {
            ck_assert_int_eq(take(&replay, seq), FPL_DROP_REPLAY);
        }
    }
}
END_TEST

START_TEST(has_a_left_edge)
{ /* RL-02 */
    static const uint64_t kRight[] = {FPL_REPLAY_WINDOW, 1000, MAX_SEQ};
    for (size_t i = 0; i < 3; i++) {
        fpl_replay replay = {0};
        uint64_t right = kRight[i];
        ck_assert_int_eq(take(&replay, right), FPL_DROP_NONE);
        ck_assert_int_eq(take(&replay, right - FPL_REPLAY_WINDOW), FPL_DROP_TOO_OLD);
        ck_assert_int_eq(take(&replay, right - FPL_REPLAY_WINDOW + 1), FPL_DROP_NONE);
        ck_assert_int_eq(take(&replay, right - FPL_REPLAY_WINDOW + 1), FPL_DROP_REPLAY);
        ck_assert_int_eq(take(&replay, right), FPL_DROP_REPLAY);
    }
}
END_TEST

START_TEST(forgets_nothing_in_a_step)
{
    for (uint64_t step = 1; step <= FPL_REPLAY_WINDOW; step++) {
        fpl_replay replay = {0};
        take(&replay, 100);
        take(&replay, 100 + step);
        ck_assert_int_eq(fpl_replay_check(&replay, 100),
                         step < FPL_REPLAY_WINDOW ? FPL_DROP_REPLAY : FPL_DROP_TOO_OLD);
        for (uint64_t seq = 101; seq < 100 + step; seq++) {
            ck_assert_int_eq(fpl_replay_check(&replay, seq), FPL_DROP_NONE);
        }
    }
}
END_TEST

START_TEST(a_check_changes_nothing)
{ /* RL-03 */
    fpl_replay replay = {0};
    take(&replay, 5);
    fpl_replay before = replay;
    ck_assert_int_eq(fpl_replay_check(&replay, MAX_SEQ), FPL_DROP_NONE);
    ck_assert_mem_eq(&replay, &before, sizeof(replay));
    ck_assert_int_eq(take(&replay, 6), FPL_DROP_NONE);
}
END_TEST

START_TEST(begins_with_any_number)
{
    static const uint64_t kFirst[] = {0, 1, 63, 64, 65, MAX_SEQ};
    for (size_t i = 0; i < sizeof(kFirst) / sizeof(kFirst[0]); i++) {
        fpl_replay replay = {0};
        ck_assert_int_eq(take(&replay, kFirst[i]), FPL_DROP_NONE);
        ck_assert_int_eq(take(&replay, kFirst[i]), FPL_DROP_REPLAY);
        if (kFirst[i] > 0) {
            ck_assert_int_eq(take(&replay, kFirst[i] - 1), FPL_DROP_NONE);
        }
    }
}
END_TEST

START_TEST(agrees_with_a_model)
{
    enum { kNumbers = 4096 };
    bool seen[kNumbers] = {false};
    fpl_replay replay = {0};
    uint64_t highest = 0;
    uint32_t random = 1;
    ck_assert_int_eq(take(&replay, 0), FPL_DROP_NONE);
    seen[0] = true;
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223;
        uint64_t base = highest > 80 ? highest - 80 : 0;
        uint64_t seq = base + (random >> 16) % 100;
        if (seq >= kNumbers) {
            continue;
        }
        fpl_drop expected = FPL_DROP_NONE;
        if (seq + FPL_REPLAY_WINDOW <= highest) {
            expected = FPL_DROP_TOO_OLD;
        } else if (seen[seq]) {
            expected = FPL_DROP_REPLAY;
        }
        ck_assert_int_eq(take(&replay, seq), expected);
        if (expected == FPL_DROP_NONE) {
            seen[seq] = true;
            highest = seq > highest ? seq : highest;
        }
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, takes_each_number_once);
    tcase_add_test(tc, has_a_left_edge);
    tcase_add_test(tc, forgets_nothing_in_a_step);
    tcase_add_test(tc, a_check_changes_nothing);
    tcase_add_test(tc, begins_with_any_number);
    tcase_add_test(tc, agrees_with_a_model);
}

UNIT_MAIN("record/replay", tests)
