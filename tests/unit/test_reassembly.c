/* src/engine/reassembly.c: fragments of any cut, and strangers who want the room (RFC 6347 section 4.2.3). */
#include "engine/reassembly.h"

#include "unit.h"

#define LIMIT 4096

static fpl_config    *config;
static fpl_reassembly all;
static const uint8_t  bytes[LIMIT] = {1};

static void begin(void)
{
    config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    memset(&all, 0, sizeof all);
}

static void finish(void)
{
    fpl_reassembly_free(config, &all);
    fpl_config_free(config);
}

static fpl_reassembled add(uint16_t epoch, uint16_t seq, uint32_t total, uint32_t from, uint32_t to)
{
    fpl_fragment fragment;
    memset(&fragment, 0, sizeof fragment);
    fragment.type = 11;
    fragment.epoch = epoch;
    fragment.seq = seq;
    fragment.total = total;
    fragment.offset = from;
    fragment.body = fpl_bytes_of(bytes + from, to - from);
    return fpl_reassembly_add(config, &all, &fragment, LIMIT);
}

static bool is_whole(uint16_t epoch, uint16_t seq)
{
    return fpl_reassembly_whole(&all, seq, epoch) != NULL;
}

START_TEST(joins_pieces_of_any_cut)
{ /* FR-04 */
    begin();
    ck_assert_int_eq(add(0, 1, 100, 40, 100), FPL_REASSEMBLY_KEPT);
    ck_assert(!is_whole(0, 1));
    ck_assert_int_eq(add(0, 1, 100, 0, 41), FPL_REASSEMBLY_KEPT);
    ck_assert(is_whole(0, 1));
    finish();
}
END_TEST

START_TEST(what_is_needed_first_has_the_room)
{ /* FR-08: two octets that promise much must not starve the message that comes next */
    begin();
    ck_assert_int_eq(add(0, 8, 1600, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 7, 1600, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 1, 1000, 0, 500), FPL_REASSEMBLY_KEPT);
    ck_assert_uint_le(all.bytes, LIMIT);
    ck_assert_int_eq(add(0, 1, 1000, 500, 1000), FPL_REASSEMBLY_KEPT);
    ck_assert(is_whole(0, 1));
    ck_assert_uint_le(all.bytes, LIMIT);
    finish();
}
END_TEST

START_TEST(what_is_needed_later_waits)
{ /* a later message makes no room at the cost of an earlier one */
    begin();
    ck_assert_int_eq(add(0, 1, 1600, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 2, 1600, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 3, 1600, 0, 1), FPL_REASSEMBLY_FULL);
    ck_assert_int_eq(add(0, 1, 1600, 1, 1600), FPL_REASSEMBLY_KEPT);
    ck_assert(is_whole(0, 1));
    finish();
}
END_TEST

START_TEST(one_promise_cannot_keep_out_the_message_itself)
{ /* both candidates of one message do not fit: the newer one replaces the older incomplete one */
    begin();
    ck_assert_int_eq(add(0, 1, 3000, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 1, 2000, 0, 1000), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 1, 2000, 1000, 2000), FPL_REASSEMBLY_KEPT);
    ck_assert(is_whole(0, 1));
    finish();
}
END_TEST

START_TEST(what_keys_vouch_for_goes_before_what_they_do_not)
{
    begin();
    ck_assert_int_eq(add(0, 1, 1600, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 2, 1600, 0, 1), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(1, 3, 1600, 0, 1600), FPL_REASSEMBLY_KEPT);
    ck_assert(is_whole(1, 3));
    /* and is not given up for it */
    ck_assert_int_eq(add(0, 1, 3000, 0, 1), FPL_REASSEMBLY_FULL);
    ck_assert(is_whole(1, 3));
    finish();
}
END_TEST

START_TEST(a_changed_octet_under_keys_is_a_breach)
{ /* FR-01 */
    begin();
    ck_assert_int_eq(add(1, 1, 100, 0, 50), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(1, 1, 101, 50, 60), FPL_REASSEMBLY_CONFLICT);
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, joins_pieces_of_any_cut);
    tcase_add_test(tc, what_is_needed_first_has_the_room);
    tcase_add_test(tc, what_is_needed_later_waits);
    tcase_add_test(tc, one_promise_cannot_keep_out_the_message_itself);
    tcase_add_test(tc, what_keys_vouch_for_goes_before_what_they_do_not);
    tcase_add_test(tc, a_changed_octet_under_keys_is_a_breach);
}

UNIT_MAIN("engine/reassembly", tests)
