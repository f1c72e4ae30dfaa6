/* engine/reassembly: sets of octets against a bitmap, messages against the rules of its header. */
#include "engine/reassembly.h"

#include <stdio.h>

#include "api/config.h"
#include "../common/rng.h"
#include "unit.h"

#define WIDTH 64
#define LIMIT 4096

static fpl_config    *config;
static fpl_reassembly reassembly;

static void begin(void)
{
    config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    memset(&reassembly, 0, sizeof reassembly);
}

static void finish(void)
{
    fpl_reassembly_free(config, &reassembly);
    ck_assert_uint_eq(reassembly.bytes, 0);
    fpl_config_free(config);
}

static fpl_reassembled add(uint16_t seq, uint16_t epoch, uint32_t total, uint32_t offset, const char *body)
{
    fpl_fragment f;
    memset(&f, 0, sizeof f);
    f.type = 1;
    f.seq = seq;
    f.epoch = epoch;
    f.total = total;
    f.offset = offset;
    f.body = fpl_bytes_of((const uint8_t *)body, strlen(body));
    return fpl_reassembly_add(config, &reassembly, &f, LIMIT);
}

static void is_whole(uint16_t seq, uint16_t epoch, const char *text)
{
    const fpl_candidate *c = fpl_reassembly_whole(&reassembly, seq, epoch);
    ck_assert_msg(c != NULL, "message %u is not whole", seq);
    ck_assert_uint_eq(c->total, strlen(text));
    ck_assert_mem_eq(c->bytes, text, strlen(text));
}

/* --- sets of octets ------------------------------------------------------------------------------------ */

static bool same_set(const fpl_spans *spans, const bool bits[WIDTH])
{
    for (uint32_t i = 0; i < WIDTH; i++) {
        bool in = false;
        for (uint8_t k = 0; k < spans->num; k++) {
            in = in || (spans->from[k] <= i && i < spans->to[k]);
        }
        if (in != bits[i]) {
            return false;
        }
    }
    /* Sorted, and apart from each other: neighbours are one. */
    for (uint8_t k = 0; k < spans->num; k++) {
        if (spans->from[k] >= spans->to[k] || (k > 0 && spans->from[k] <= spans->to[k - 1])) {
            return false;
        }
    }
    return true;
}

START_TEST(spans_are_a_bitmap)
{
    rng r = rng_of(1);
    for (unsigned run = 0; run < 3000; run++) {
        fpl_spans spans;
        bool      bits[WIDTH] = {false};
        memset(&spans, 0, sizeof spans);
        for (unsigned i = 0; i < 40; i++) {
            uint32_t from = (uint32_t)rng_below(&r, WIDTH);
            uint32_t to = from + (uint32_t)rng_below(&r, run % 3 == 0 ? 3 : WIDTH - from + 1);
            bool     all = true;
            if (to > WIDTH) {
                to = WIDTH;
            }
            if (fpl_spans_add(&spans, from, to)) {
                for (uint32_t k = from; k < to; k++) {
                    bits[k] = true;
                }
            } else {
                ck_assert_uint_eq(spans.num, FPL_LIMIT_VALUE_FRAGMENT_PIECES);
            }
            ck_assert_msg(same_set(&spans, bits), "run %u, step %u", run, i);
            for (uint32_t k = 0; k < WIDTH; k++) {
                all = all && bits[k];
                ck_assert_int_eq(fpl_spans_whole(&spans, k + 1), all);
            }
        }
    }
}
END_TEST

START_TEST(spans_of_nothing)
{
    fpl_spans spans;
    memset(&spans, 0, sizeof spans);
    ck_assert(fpl_spans_whole(&spans, 0));
    ck_assert(!fpl_spans_whole(&spans, 1));
    ck_assert(fpl_spans_add(&spans, 5, 5));
    ck_assert_uint_eq(spans.num, 0);
    ck_assert(fpl_spans_add(&spans, 0xfffffe, 0xffffff));
    ck_assert(!fpl_spans_whole(&spans, 0xffffff));
    ck_assert(fpl_spans_add(&spans, 0, 0xfffffe));
    ck_assert(fpl_spans_whole(&spans, 0xffffff));
}
END_TEST

START_TEST(too_many_pieces_change_nothing)
{
    fpl_spans spans;
    memset(&spans, 0, sizeof spans);
    for (uint32_t i = 0; i < FPL_LIMIT_VALUE_FRAGMENT_PIECES; i++) {
        ck_assert(fpl_spans_add(&spans, 3 * i, 3 * i + 1));
    }
    ck_assert(!fpl_spans_add(&spans, 1000, 1001));
    ck_assert_uint_eq(spans.num, FPL_LIMIT_VALUE_FRAGMENT_PIECES);
    ck_assert(fpl_spans_add(&spans, 1, 4)); /* joins two: there is room again */
    ck_assert(fpl_spans_add(&spans, 1000, 1001));
}
END_TEST

/* --- messages -------------------------------------------------------------------------------------------- */

START_TEST(any_order_any_overlap)
{ /* FR-04 */
    begin();
    ck_assert_int_eq(add(0, 0, 10, 4, "efgh"), FPL_REASSEMBLY_KEPT);
    ck_assert_ptr_null(fpl_reassembly_whole(&reassembly, 0, 0));
    ck_assert_int_eq(add(0, 0, 10, 0, "abcdef"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 0, 10, 7, "hij"), FPL_REASSEMBLY_KEPT);
    is_whole(0, 0, "abcdefghij");
    ck_assert_int_eq(add(0, 0, 10, 0, "XXXX"), FPL_REASSEMBLY_KEPT); /* the first whole one is the message */
    is_whole(0, 0, "abcdefghij");
    finish();
}
END_TEST

START_TEST(an_empty_message_is_whole_at_once)
{
    begin();
    ck_assert_int_eq(add(3, 0, 0, 0, ""), FPL_REASSEMBLY_KEPT);
    is_whole(3, 0, "");
    ck_assert_ptr_null(fpl_reassembly_whole(&reassembly, 3, 1));
    ck_assert_ptr_null(fpl_reassembly_whole(&reassembly, 2, 0));
    finish();
}
END_TEST

START_TEST(one_octet_each_backwards)
{ /* FR-05 */
    char text[101];
    begin();
    for (int i = 0; i < 100; i++) {
        text[i] = (char)('!' + i % 90);
    }
    text[100] = '\0';
    for (uint32_t i = 100; i > 0; i--) {
        char one[2] = {text[i - 1], '\0'};
        ck_assert_int_eq(add(0, 0, 100, i - 1, one), FPL_REASSEMBLY_KEPT);
    }
    is_whole(0, 0, text);
    finish();
}
END_TEST

START_TEST(messages_do_not_mix)
{ /* FR-06, FR-12 */
    begin();
    ck_assert_int_eq(add(0, 0, 4, 0, "ab"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(1, 0, 4, 0, "AB"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 1, 4, 2, "XY"), FPL_REASSEMBLY_KEPT); /* another epoch is another message */
    ck_assert_ptr_null(fpl_reassembly_whole(&reassembly, 0, 0));
    ck_assert_int_eq(add(1, 0, 4, 2, "CD"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 0, 4, 2, "cd"), FPL_REASSEMBLY_KEPT);
    is_whole(0, 0, "abcd");
    is_whole(1, 0, "ABCD");
    ck_assert_ptr_null(fpl_reassembly_whole(&reassembly, 0, 1));
    fpl_reassembly_drop(config, &reassembly, 0); /* in every epoch */
    ck_assert_ptr_null(fpl_reassembly_whole(&reassembly, 0, 0));
    is_whole(1, 0, "ABCD");
    finish();
}
END_TEST

START_TEST(two_candidates_in_the_clear)
{ /* a forged fragment must not cost the genuine message */
    begin();
    ck_assert_int_eq(add(0, 0, 4, 0, "xx"), FPL_REASSEMBLY_KEPT); /* forged */
    ck_assert_int_eq(add(0, 0, 4, 0, "ab"), FPL_REASSEMBLY_KEPT); /* contradicts it: a candidate of its own */
    ck_assert_int_eq(add(0, 0, 4, 2, "cd"), FPL_REASSEMBLY_KEPT); /* fits both; goes to the first */
    is_whole(0, 0, "xxcd");
    fpl_reassembly_drop(config, &reassembly, 0);

    ck_assert_int_eq(add(0, 0, 4, 0, "xx"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 0, 4, 0, "yy"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 0, 4, 0, "abcd"), FPL_REASSEMBLY_KEPT); /* a third takes the older one's place */
    is_whole(0, 0, "abcd");
    fpl_reassembly_drop(config, &reassembly, 0);

    ck_assert_int_eq(add(0, 0, 100, 0, "ab"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 0, 200, 50, "cd"), FPL_REASSEMBLY_KEPT); /* FR-01: another total */
    ck_assert_int_eq(add(0, 0, 4, 0, "abcd"), FPL_REASSEMBLY_KEPT);
    is_whole(0, 0, "abcd");
    finish();
}
END_TEST

START_TEST(a_contradiction_under_keys_is_a_breach)
{ /* FR-01 */
    begin();
    ck_assert_int_eq(add(0, 1, 4, 0, "ab"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(0, 1, 4, 1, "X"), FPL_REASSEMBLY_CONFLICT);
    ck_assert_int_eq(add(0, 1, 5, 2, "c"), FPL_REASSEMBLY_CONFLICT);
    ck_assert_int_eq(add(0, 1, 4, 1, "bcd"), FPL_REASSEMBLY_KEPT);
    is_whole(0, 1, "abcd");
    finish();
}
END_TEST

START_TEST(slots_are_bounded)
{ /* FR-07, FR-09 */
    begin();
    for (uint16_t seq = 0; seq < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; seq++) {
        ck_assert_int_eq(add(seq, 0, 4, 0, "ab"), FPL_REASSEMBLY_KEPT);
    }
    ck_assert_int_eq(add(100, 0, 4, 0, "ab"), FPL_REASSEMBLY_FULL);
    fpl_reassembly_drop(config, &reassembly, 3);
    ck_assert_int_eq(add(100, 0, 4, 0, "ab"), FPL_REASSEMBLY_KEPT);
    finish();
}
END_TEST

START_TEST(octets_are_bounded)
{ /* FR-08: what a fragment claims is paid for by all together, before anything is allocated */
    begin();
    ck_assert_int_eq(add(0, 0, 0xffffff, 0, "a"), FPL_REASSEMBLY_FULL);
    ck_assert_uint_eq(reassembly.bytes, 0);
    ck_assert_int_eq(add(0, 0, 3000, 0, "a"), FPL_REASSEMBLY_KEPT);
    ck_assert_int_eq(add(1, 0, 3000, 0, "a"), FPL_REASSEMBLY_FULL);
    ck_assert_int_eq(add(2, 0, 100, 0, "a"), FPL_REASSEMBLY_KEPT);
    ck_assert_uint_le(reassembly.bytes, LIMIT);
    fpl_reassembly_drop(config, &reassembly, 0);
    ck_assert_int_eq(add(1, 0, 3000, 0, "a"), FPL_REASSEMBLY_KEPT); /* a slot refused before is free */
    finish();
}
END_TEST

static void *none(void *arg, size_t size)
{
    (void)size;
    return *(bool *)arg ? NULL : malloc(size);
}

static void drop(void *arg, void *memory, size_t size)
{
    (void)arg;
    (void)size;
    free(memory);
}

START_TEST(no_memory_keeps_nothing)
{
    bool          fails = false;
    fpl_allocator allocator = {none, drop, &fails};
    config = fpl_config_new_with_allocator(&allocator);
    memset(&reassembly, 0, sizeof reassembly);
    fails = true;
    ck_assert_int_eq(add(0, 0, 4, 0, "ab"), FPL_REASSEMBLY_NO_MEMORY);
    fails = false;
    ck_assert_int_eq(add(0, 0, 4, 0, "ab"), FPL_REASSEMBLY_KEPT);
    fails = true;
    ck_assert_int_eq(add(1, 0, 4, 0, "ab"), FPL_REASSEMBLY_NO_MEMORY);
    fails = false;
    ck_assert_int_eq(add(0, 0, 4, 2, "cd"), FPL_REASSEMBLY_KEPT);
    is_whole(0, 0, "abcd");
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, spans_are_a_bitmap);
    tcase_add_test(tc, spans_of_nothing);
    tcase_add_test(tc, too_many_pieces_change_nothing);
    tcase_add_test(tc, any_order_any_overlap);
    tcase_add_test(tc, an_empty_message_is_whole_at_once);
    tcase_add_test(tc, one_octet_each_backwards);
    tcase_add_test(tc, messages_do_not_mix);
    tcase_add_test(tc, two_candidates_in_the_clear);
    tcase_add_test(tc, a_contradiction_under_keys_is_a_breach);
    tcase_add_test(tc, slots_are_bounded);
    tcase_add_test(tc, octets_are_bounded);
    tcase_add_test(tc, no_memory_keeps_nothing);
}

UNIT_MAIN("engine/reassembly", tests)
