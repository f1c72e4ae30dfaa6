/* engine/input: records and fragments at their edges, what is held, what is dropped. */
#include "engine/input.h"
#include "engine/messages.h"

#include "pair.h"

#define HEADER 13

/* --- fragments ------------------------------------------------------------------------------------------ */

START_TEST(a_fragment_is_cut_nowhere)
{ /* FR-11 */
    static const uint8_t whole[] = {1, 0, 1, 0, 0x12, 0x34, 0, 0, 9, 0, 0, 3, 'a', 'b', 'c', 0xff};
    fpl_fragment         f;
    fpl_bytes            rest;
    for (size_t len = 0; len < 15; len++) {
        rest = fpl_bytes_of(whole, len);
        ck_assert(!fpl_fragment_read(&rest, 0, &f));
        ck_assert_uint_eq(rest.len, len); /* nothing was taken */
    }
    rest = fpl_bytes_of(whole, 15);
    ck_assert(fpl_fragment_read(&rest, 7, &f));
    ck_assert_uint_eq(rest.len, 0);
    ck_assert(!f.rest_follows);
    ck_assert(f.type == 1 && f.total == 256 && f.seq == 0x1234 && f.offset == 9 && f.epoch == 7 && f.body.len == 3);
    ck_assert_ptr_eq(f.body.data, whole + 12);
    rest = fpl_bytes_of(whole, 16);
    ck_assert(fpl_fragment_read(&rest, 0, &f));
    ck_assert(f.rest_follows && rest.len == 1);
}
END_TEST

START_TEST(the_largest_numbers_fit)
{ /* FR-02: 24 bits each, and sums of them */
    static const uint8_t bytes[13] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0xff};
    fpl_fragment         f;
    fpl_bytes            rest = fpl_bytes_of(bytes, sizeof bytes);
    ck_assert(fpl_fragment_read(&rest, 0, &f));
    ck_assert(f.total == 0xffffff && f.offset == 0xffffff && f.body.len == 1 && f.seq == 0xffff);
}
END_TEST

/* --- a client that waits for a ServerHello ------------------------------------------------------------------ */

static uint64_t next_number;

static void begin(void)
{
    next_number = 0;
    pair_begin();
    pair_open(false);
    pair_start();
}

static size_t put_record(uint8_t *out, uint8_t type, uint16_t epoch, const uint8_t *body, size_t len)
{
    fpl_header12_write(out, (fpl_content_type)type, FPL_RECORD_VERSION_DTLS12, epoch, next_number++, (uint16_t)len);
    memcpy(out + HEADER, body, len);
    return HEADER + len;
}

static void give_record(int to, uint8_t type, uint16_t epoch, const uint8_t *body, size_t len)
{
    uint8_t datagram[PAIR_ROOM];
    ck_assert_uint_le(len + HEADER, sizeof datagram);
    (void)pair_receive(to, datagram, put_record(datagram, type, epoch, body, len));
}

static void give_fragment(uint16_t seq, uint32_t total, uint32_t offset, size_t len)
{
    uint8_t body[300] = {2};
    fpl_put_uint(body + 1, 3, total);
    fpl_put_uint(body + 4, 2, seq);
    fpl_put_uint(body + 6, 3, offset);
    fpl_put_uint(body + 9, 3, len);
    memset(body + 12, (int)(offset & 0xff), len);
    give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_HANDSHAKE, 0, body, 12 + len);
}

static const fpl_stats *stats(int which)
{
    return &ends[which].conn->stats;
}

START_TEST(fragments_that_cannot_be_are_dropped)
{ /* FR-02, FR-07, FR-08: without an allocation, and the handshake goes on */
    size_t live;
    begin();
    live = pair_allocations.live;
    give_fragment(0, 10, 0xffffff, 1);
    give_fragment(0, 10, 10, 1);
    give_fragment(0, 10, 11, 0);
    give_fragment(0, 0, 0, 1);
    give_fragment(0, 0xffffff, 0, 1);
    give_fragment(0, (uint32_t)fpl_limits[FPL_LIMIT_MESSAGE_BYTES].value + 1, 0, 1);
    ck_assert_uint_eq(stats(0)->dropped_malformed, 6);
    give_fragment(FPL_LIMIT_VALUE_REASSEMBLY_SLOTS, 10, 0, 1);
    give_fragment(1000, 10, 0, 1);
    give_fragment(0xffff, 10, 0, 1);
    ck_assert_uint_eq(stats(0)->dropped_full, 3);
    ck_assert_uint_eq(pair_allocations.live, live);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(fragments_of_nothing_say_nothing)
{ /* FR-03 */
    unsigned count;
    begin();
    count = pair_allocations.count;
    for (uint32_t i = 0; i < 100000; i++) {
        give_fragment((uint16_t)(i % 8), 100, i % 101, 0);
    }
    ck_assert_uint_eq(pair_allocations.count, count);
    ck_assert_uint_eq(ends[0].num_sent, 1);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(claims_are_bounded)
{ /* FR-08 */
    size_t live;
    begin();
    live = pair_allocations.live;
    for (uint16_t seq = 0; seq < 8; seq++) {
        give_fragment(seq, (uint32_t)fpl_limits[FPL_LIMIT_MESSAGE_BYTES].value, 0, 1);
        give_fragment(seq, (uint32_t)fpl_limits[FPL_LIMIT_MESSAGE_BYTES].value - 1, 3, 1);
    }
    ck_assert_uint_le(pair_allocations.live - live,
                      2 * fpl_limits[FPL_LIMIT_MESSAGE_BYTES].value + FPL_LIMIT_VALUE_REASSEMBLY_SLOTS * sizeof(fpl_slot));
    pair_end_all();
}
END_TEST

START_TEST(degenerate_datagrams)
{ /* RL-26, RL-16, RL-18 */
    uint8_t        bytes[PAIR_ROOM] = {0};
    pair_datagram  hello;
    const uint8_t *at = bytes;
    begin();
    (void)pair_receive(PAIR_CLIENT, NULL, 0);
    for (size_t len = 0; len <= 13; len++) {
        (void)pair_receive(PAIR_CLIENT, at, len);
    }
    for (unsigned first = 0; first < 256; first++) {
        if (first != FPL_CONTENT_TYPE_HANDSHAKE && first != FPL_CONTENT_TYPE_ALERT) {
            bytes[0] = (uint8_t)first;
            fpl_put_uint(bytes + 1, 2, FPL_RECORD_VERSION_DTLS12);
            fpl_put_uint(bytes + 11, 2, 5);
            (void)pair_receive(PAIR_CLIENT, bytes, 18);
        }
    }
    ck_assert(!ends[0].failed);
    ck_assert_uint_eq(stats(0)->dropped_forged, 0);
    hello = ends[0].sent[0];
    hello.bytes[12]++; /* a length beyond the datagram */
    (void)pair_receive(PAIR_SERVER, hello.bytes, hello.len);
    ck_assert_uint_eq(ends[1].num_sent, 0);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

/* --- held records ----------------------------------------------------------------------------------------------- */

START_TEST(few_records_are_held_and_none_twice)
{ /* RL-05 */
    uint8_t body[100];
    size_t  live;
    begin();
    live = pair_allocations.live;
    memset(body, 0x77, sizeof body);
    for (unsigned i = 0; i < 100; i++) {
        next_number = 5;
        give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_HANDSHAKE, 1, body, sizeof body);
    }
    ck_assert_uint_eq(ends[0].conn->inbox.num_held, 1);
    ck_assert_uint_eq(stats(0)->dropped_replayed, 99);
    for (unsigned i = 0; i < 1000; i++) {
        give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_HANDSHAKE, 1, body, sizeof body);
    }
    ck_assert_uint_eq(ends[0].conn->inbox.num_held, FPL_LIMIT_VALUE_HELD_RECORDS);
    ck_assert_uint_le(pair_allocations.live - live, FPL_LIMIT_VALUE_HELD_BYTES + FPL_LIMIT_VALUE_HELD_RECORDS * sizeof(fpl_held));
    pair_pump(); /* they were forgeries: the handshake does not mind */
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_uint_eq(ends[0].conn->inbox.num_held, 0);
    pair_end_all();
}
END_TEST

START_TEST(held_octets_are_bounded)
{
    uint8_t body[1500] = {0};
    begin();
    for (unsigned i = 0; i < 8; i++) {
        give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_HANDSHAKE, 1, body, sizeof body);
    }
    ck_assert_uint_le(ends[0].conn->inbox.held_bytes, FPL_LIMIT_VALUE_HELD_BYTES);
    ck_assert_uint_eq(ends[0].conn->inbox.num_held, 2);
    pair_end_all();
}
END_TEST

START_TEST(data_before_its_keys_is_kept)
{ /* the server's data overtakes its last flight */
    pair_datagram last;
    pair_begin();
    pair_open(false);
    pair_start();
    while (!ends[PAIR_SERVER].connected) {
        (void)pair_pass(PAIR_CLIENT);
        if (!ends[PAIR_SERVER].connected) {
            (void)pair_pass(PAIR_SERVER);
        }
    }
    ck_assert(pair_take(PAIR_SERVER, &last)); /* change_cipher_spec, Finished */
    ck_assert_int_eq(pair_send(PAIR_SERVER, 33), FPL_OK);
    (void)pair_pass(PAIR_SERVER);
    ck_assert_uint_eq(ends[0].num_data, 0);
    ck_assert(!ends[0].connected);
    (void)pair_receive(PAIR_CLIENT, last.bytes, last.len);
    ck_assert(ends[0].connected);
    ck_assert_uint_eq(ends[0].num_data, 1);
    ck_assert_uint_eq(ends[0].data_len, 33);
    pair_end_all();
}
END_TEST

START_TEST(epochs_that_are_not_ours)
{ /* RL-06 */
    uint8_t body[40] = {0};
    begin();
    give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_HANDSHAKE, 2, body, sizeof body);
    give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_APPLICATION_DATA, 5, body, sizeof body);
    give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_HANDSHAKE, 65535, body, sizeof body);
    ck_assert_uint_eq(ends[0].conn->inbox.num_held, 0);
    ck_assert_uint_eq(stats(0)->dropped_unexpected, 3);
    pair_pump();
    ck_assert(ends[0].connected);
    pair_end_all();
}
END_TEST

/* --- under keys ---------------------------------------------------------------------------------------------------- */

START_TEST(each_record_is_delivered_once)
{ /* RL-01, RL-03 */
    pair_datagram d;
    pair_begin();
    pair_connect();
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 50), FPL_OK);
    ck_assert(pair_take(PAIR_CLIENT, &d));
    for (unsigned i = 0; i < 1000; i++) {
        (void)pair_receive(PAIR_SERVER, d.bytes, d.len);
    }
    ck_assert_uint_eq(ends[1].num_data, 1);
    ck_assert_uint_eq(stats(1)->dropped_replayed, 999);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 51), FPL_OK);
    ck_assert(pair_take(PAIR_CLIENT, &d));
    memset(d.bytes + 5, 0xff, 6); /* the highest number, forged */
    (void)pair_receive(PAIR_SERVER, d.bytes, d.len);
    ck_assert_uint_eq(stats(1)->dropped_forged, 1);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 52), FPL_OK);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(ends[1].num_data, 2);
    pair_end_all();
}
END_TEST

START_TEST(a_bad_record_among_good_ones)
{ /* RL-17 */
    static uint8_t joined[3 * PAIR_ROOM];
    pair_datagram  d;
    size_t         len = 0;
    uint8_t       *copy;
    pair_begin();
    pair_connect();
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(pair_send(PAIR_CLIENT, 20 + i), FPL_OK);
        ck_assert(pair_take(PAIR_CLIENT, &d));
        if (i == 1) {
            d.bytes[d.len - 1] ^= 1;
        }
        memcpy(joined + len, d.bytes, d.len);
        len += d.len;
    }
    copy = joined;
    (void)pair_receive(PAIR_SERVER, copy, len);
    ck_assert_uint_eq(ends[1].num_data, 2);
    ck_assert_uint_eq(ends[1].data_len, 22);
    ck_assert_uint_eq(stats(1)->dropped_forged, 1);
    pair_end_all();
}
END_TEST

START_TEST(every_bit_of_a_record_counts)
{ /* RL-23, RL-25 */
    pair_datagram d;
    pair_begin();
    pair_connect();
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 20), FPL_OK);
    ck_assert(pair_take(PAIR_CLIENT, &d));
    for (size_t bit = 0; bit < 8 * d.len; bit++) {
        pair_datagram changed = d;
        changed.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        (void)pair_receive(PAIR_SERVER, changed.bytes, changed.len);
        ck_assert_msg(ends[1].num_data == 0 && !ends[1].failed && ends[1].num_sent == 0, "bit %zu", bit);
    }
    (void)pair_receive(PAIR_SERVER, d.bytes, d.len);
    ck_assert_uint_eq(ends[1].num_data, 1);
    pair_end_all();
}
END_TEST

START_TEST(plain_records_do_nothing_under_keys)
{ /* data and alerts in the clear */
    uint8_t body[2] = {2, 40};
    pair_begin();
    pair_connect();
    give_record(PAIR_SERVER, FPL_CONTENT_TYPE_APPLICATION_DATA, 0, body, sizeof body);
    give_record(PAIR_SERVER, FPL_CONTENT_TYPE_ALERT, 0, body, sizeof body);
    give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_ALERT, 0, body, sizeof body);
    body[1] = 0;
    give_record(PAIR_CLIENT, FPL_CONTENT_TYPE_ALERT, 0, body, sizeof body);
    ck_assert(!ends[0].failed && !ends[1].failed && !ends[0].closed && ends[1].num_data == 0);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 9), FPL_OK);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(ends[1].num_data, 1);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_fragment_is_cut_nowhere);
    tcase_add_test(tc, the_largest_numbers_fit);
    tcase_add_test(tc, fragments_that_cannot_be_are_dropped);
    tcase_add_test(tc, fragments_of_nothing_say_nothing);
    tcase_add_test(tc, claims_are_bounded);
    tcase_add_test(tc, degenerate_datagrams);
    tcase_add_test(tc, few_records_are_held_and_none_twice);
    tcase_add_test(tc, held_octets_are_bounded);
    tcase_add_test(tc, data_before_its_keys_is_kept);
    tcase_add_test(tc, epochs_that_are_not_ours);
    tcase_add_test(tc, each_record_is_delivered_once);
    tcase_add_test(tc, a_bad_record_among_good_ones);
    tcase_add_test(tc, every_bit_of_a_record_counts);
    tcase_add_test(tc, plain_records_do_nothing_under_keys);
}

UNIT_MAIN("engine/input", tests)
