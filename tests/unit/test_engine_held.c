/* engine/held: copies of records whose time has not come: few, in order, none twice. */
#include "engine/held.h"

#include "api/config.h"
#include "unit.h"

static fpl_config *config;
static fpl_conn    conn;

static void begin(void)
{
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    conn.config = config;
}

static void finish(void)
{
    fpl_held_free(config, &conn.inbox.held);
    fpl_held_free(config, &conn.inbox.borrowed);
    ck_assert_ptr_null(conn.inbox.held);
    fpl_config_free(config);
}

static void keep(uint8_t content, uint64_t seq, const char *bytes)
{
    fpl_held_keep(&conn, content, 3, seq, (const uint8_t *)bytes, strlen(bytes));
}

/* Asserts the first octets of what is held, in order. */
static void held_are(const char *firsts)
{
    size_t bytes = 0;
    size_t num = 0;
    for (const fpl_held *held = conn.inbox.held; held != NULL; held = held->next) {
        ck_assert_int_eq(held->record[0], firsts[num]);
        num++;
        bytes += held->len;
    }
    ck_assert_uint_eq(num, strlen(firsts));
    ck_assert_uint_eq(conn.inbox.num_held, num);
    ck_assert_uint_eq(conn.inbox.held_bytes, bytes);
}

START_TEST(they_stand_by_number)
{
    begin();
    keep(23, 7, "c");
    keep(23, 1, "a");
    keep(23, 5, "b");
    keep(23, 7, "d"); /* as it came */
    held_are("abcd");
    finish();
}
END_TEST

START_TEST(hidden_numbers_stand_as_they_came_behind_those_known)
{
    begin();
    keep(0, UINT64_MAX, "x1");
    keep(0, UINT64_MAX, "y2");
    keep(23, 5, "a");
    keep(0, UINT64_MAX, "z3");
    held_are("axyz");
    finish();
}
END_TEST

START_TEST(there_are_few)
{
    begin();
    for (unsigned i = 0; i < 10; i++) {
        keep(23, i, &"abcdefghij"[i]);
    }
    ck_assert_uint_eq(conn.inbox.num_held, FPL_LIMIT_VALUE_HELD_RECORDS);
    held_are("abcd");
    ck_assert_uint_eq(conn.stats.dropped_full, 10 - FPL_LIMIT_VALUE_HELD_RECORDS);
    finish();
}
END_TEST

START_TEST(they_are_small)
{
    static uint8_t big[FPL_LIMIT_VALUE_HELD_BYTES + 1] = {'b'};
    begin();
    fpl_held_keep(&conn, 23, 3, 1, big, sizeof big);
    ck_assert_uint_eq(conn.inbox.num_held, 0);
    fpl_held_keep(&conn, 23, 3, 1, big, sizeof big - 1);
    ck_assert_uint_eq(conn.inbox.num_held, 1);
    keep(23, 2, "c");
    held_are("b");
    ck_assert_uint_eq(conn.stats.dropped_full, 2);
    fpl_held_keep(&conn, 23, 3, 9, NULL, 0); /* one of nothing still fits */
    ck_assert_uint_eq(conn.inbox.num_held, 2);
    finish();
}
END_TEST

START_TEST(a_record_as_it_came_is_held_once)
{ /* what is open already has passed the replay window */
    begin();
    keep(0, UINT64_MAX, "abc");
    keep(0, UINT64_MAX, "abd");
    keep(0, UINT64_MAX, "abc");
    keep(23, 1, "abc");
    keep(23, 2, "abc");
    ck_assert_uint_eq(conn.inbox.num_held, 4);
    ck_assert_uint_eq(conn.stats.dropped_replayed, 1);
    finish();
}
END_TEST

START_TEST(one_that_is_borrowed_lives_on)
{
    begin();
    keep(23, 1, "a");
    keep(23, 2, "bcd");
    keep(23, 3, "e");
    fpl_held_borrow(&conn.inbox, &conn.inbox.held->next);
    held_are("ae");
    ck_assert_int_eq(conn.inbox.borrowed->record[0], 'b');
    ck_assert_uint_eq(conn.inbox.borrowed->len, 3);
    ck_assert_uint_eq(conn.inbox.borrowed->seq, 2);
    fpl_held_borrow(&conn.inbox, &conn.inbox.held);
    held_are("e");
    ck_assert_int_eq(conn.inbox.borrowed->record[0], 'a');
    ck_assert_ptr_nonnull(conn.inbox.borrowed->next);
    finish();
}
END_TEST

static void *none(void *arg, size_t size)
{
    return *(bool *)arg ? NULL : malloc(size);
}

static void drop(void *arg, void *memory, size_t size)
{
    (void)arg;
    (void)size;
    free(memory);
}

START_TEST(without_memory_it_is_as_if_lost)
{
    bool          fails = false;
    fpl_allocator allocator = {none, drop, &fails};
    memset(&conn, 0, sizeof conn);
    config = fpl_config_new_with_allocator(&allocator);
    conn.config = config;
    fails = true;
    keep(23, 1, "a");
    held_are("");
    ck_assert_uint_eq(conn.stats.dropped_full, 1);
    fails = false;
    keep(23, 1, "a");
    held_are("a");
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, they_stand_by_number);
    tcase_add_test(tc, hidden_numbers_stand_as_they_came_behind_those_known);
    tcase_add_test(tc, there_are_few);
    tcase_add_test(tc, they_are_small);
    tcase_add_test(tc, a_record_as_it_came_is_held_once);
    tcase_add_test(tc, one_that_is_borrowed_lives_on);
    tcase_add_test(tc, without_memory_it_is_as_if_lost);
}

UNIT_MAIN("engine/held", tests)
