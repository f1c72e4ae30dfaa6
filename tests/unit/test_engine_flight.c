/* engine/flight: numbers, resends cut anew, what counts as the peer's asking. */
#include "engine/flight.h"

#include "engine/input.h"
#include "engine/messages.h"
#include "pair.h"

/* Joins what the plain handshake fragments of the datagrams from `first` on say, message by message. */
typedef struct joined {
    uint8_t  bytes[8][PAIR_ROOM];
    uint32_t have[8];
    unsigned fragments;
    uint64_t lowest_number, highest_number;
    size_t   longest;
} joined;

static void join(pair_end *e, size_t first, joined *j)
{
    memset(j, 0, sizeof *j);
    j->lowest_number = UINT64_MAX;
    for (size_t i = first; i < e->num_sent; i++) {
        uint8_t     *at = e->sent[i].bytes;
        size_t       left = e->sent[i].len;
        size_t       consumed = 0;
        fpl_record12 r;
        fpl_drop     why;
        if (left > j->longest) {
            j->longest = left;
        }
        while (left > 0 && fpl_header12_parse(at, left, &r, &consumed, &why) == FPL_PARSE_OK) {
            fpl_bytes    body = fpl_bytes_of(r.body, r.body_len);
            fpl_fragment f;
            at += consumed;
            left -= consumed;
            if (r.epoch != 0) {
                continue;
            }
            j->lowest_number = r.seq < j->lowest_number ? r.seq : j->lowest_number;
            j->highest_number = r.seq > j->highest_number ? r.seq : j->highest_number;
            while (r.type == FPL_CONTENT_TYPE_HANDSHAKE && body.len > 0 && fpl_fragment_read(&body, 0, &f)) {
                ck_assert_uint_lt(f.seq, 8);
                ck_assert_uint_le(f.offset + f.body.len, PAIR_ROOM);
                memcpy(j->bytes[f.seq] + f.offset, f.body.data, f.body.len);
                j->have[f.seq] += (uint32_t)f.body.len;
                j->fragments++;
            }
        }
        ck_assert_uint_eq(left, 0);
    }
}

START_TEST(a_resend_says_the_same_under_new_numbers)
{ /* RT-07, RT-18 */
    static joined one, two;
    size_t        num;
    pair_begin();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    num = ends[PAIR_SERVER].num_sent;
    join(&ends[PAIR_SERVER], 0, &one);
    pair_wake(PAIR_SERVER);
    join(&ends[PAIR_SERVER], num, &two);
    ck_assert_mem_eq(one.bytes, two.bytes, sizeof one.bytes);
    ck_assert_mem_eq(one.have, two.have, sizeof one.have);
    ck_assert_uint_gt(two.lowest_number, one.highest_number);
    ck_assert_uint_eq(ends[PAIR_SERVER].conn->stats.flights_resent, 1);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(a_resend_is_cut_anew)
{ /* FR-14, RT-17 */
    static joined one, two;
    size_t        num;
    pair_begin();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    num = ends[PAIR_SERVER].num_sent;
    join(&ends[PAIR_SERVER], 0, &one);
    ck_assert_int_eq(fpl_conn_set_mtu(ends[PAIR_SERVER].conn, 200), FPL_OK);
    pair_wake(PAIR_SERVER);
    join(&ends[PAIR_SERVER], num, &two);
    ck_assert_uint_le(two.longest, 200);
    ck_assert_uint_gt(two.fragments, one.fragments);
    ck_assert_mem_eq(one.bytes, two.bytes, sizeof one.bytes);
    ck_assert_mem_eq(one.have, two.have, sizeof one.have);
    /* The first half of one cut and the second of the other make one handshake. */
    ends[PAIR_SERVER].num_sent = 0;
    ck_assert_int_eq(fpl_conn_set_mtu(ends[PAIR_SERVER].conn, 300), FPL_OK);
    pair_wake(PAIR_SERVER);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(fragments_shrink_after_repeated_loss)
{ /* RT-17: the path may be narrower than anybody said */
    size_t before = 0;
    pair_begin();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    for (unsigned resend = 1; resend <= 6; resend++) {
        static joined j;
        before = ends[PAIR_SERVER].num_sent;
        pair_wake(PAIR_SERVER);
        join(&ends[PAIR_SERVER], before, &j);
        if (resend >= FPL_LIMIT_VALUE_RESEND_SMALLER_AFTER) {
            ck_assert_uint_le(j.longest, FPL_LIMIT_VALUE_RESEND_SMALLER_BYTES);
        }
        ck_assert_uint_gt(j.longest, 0);
        ends[PAIR_SERVER].num_sent = 0;
    }
    ck_assert_uint_ge(ends[PAIR_SERVER].conn->path_bytes, fpl_limits[FPL_LIMIT_MTU].min);
    pair_end_all();
}
END_TEST

START_TEST(asking_is_answered_once_in_a_while)
{ /* RT-04: an old flight, ten thousand times in a second */
    static pair_datagram hello;
    unsigned             sent;
    pair_begin();
    pair_open(false);
    pair_start();
    hello = ends[PAIR_CLIENT].sent[0];
    (void)pair_pass(PAIR_CLIENT);
    sent = ends[PAIR_SERVER].datagrams;
    for (unsigned i = 0; i < 10000; i++) {
        pair_now += i % 10 == 0;
        (void)pair_receive(PAIR_SERVER, hello.bytes, hello.len);
        if (ends[PAIR_SERVER].num_sent > 20) {
            ends[PAIR_SERVER].num_sent = 0;
        }
    }
    ck_assert_uint_le(ends[PAIR_SERVER].datagrams, 4 * sent);
    pair_end_all();
}
END_TEST

START_TEST(the_lost_last_flight_comes_again)
{ /* RT-05: also while data flows the other way already */
    pair_begin();
    pair_open(false);
    pair_start();
    while (!ends[PAIR_SERVER].connected) {
        (void)pair_pass(PAIR_CLIENT);
        if (!ends[PAIR_SERVER].connected) {
            (void)pair_pass(PAIR_SERVER);
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        ends[PAIR_SERVER].num_sent = 0; /* lost */
        ck_assert_int_eq(pair_send(PAIR_SERVER, 10), FPL_OK);
        pair_wake(PAIR_CLIENT);
        (void)pair_pass(PAIR_CLIENT);
        ck_assert_uint_eq(ends[PAIR_SERVER].num_sent, 2); /* data, and the flight again */
    }
    pair_pump();
    ck_assert(ends[0].connected);
    ck_assert_uint_eq(ends[0].num_data, 1);
    /* Once the client's data has come, the flight is needed no more. */
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 10), FPL_OK);
    pair_pump();
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        ck_assert_ptr_null(ends[PAIR_SERVER].conn->flights[i]);
    }
    pair_end_all();
}
END_TEST

START_TEST(a_retained_flight_ends_after_twice_the_msl)
{ /* DS-10 */
    pair_begin();
    pair_connect();
    pair_now += FPL_LIMIT_VALUE_RETENTION;
    ck_assert_int_eq(fpl_conn_timeout(ends[PAIR_SERVER].conn, pair_now), FPL_OK);
    pair_drain(PAIR_SERVER);
    ck_assert(ends[PAIR_SERVER].deadline == FPL_NEVER);
    ck_assert_ptr_null(ends[PAIR_SERVER].conn->hs);
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        ck_assert_ptr_null(ends[PAIR_SERVER].conn->flights[i]);
    }
    pair_end_all();
}
END_TEST

START_TEST(message_numbers_never_wrap)
{ /* RFC 6347 section 4.2.2 */
    pair_begin();
    pair_open(false);
    ends[PAIR_CLIENT].conn->next_send_seq = UINT16_MAX;
    (void)fpl_conn_start(ends[PAIR_CLIENT].conn, pair_now);
    pair_drain(PAIR_CLIENT);
    ck_assert(ends[PAIR_CLIENT].failed);
    ck_assert_int_eq(ends[PAIR_CLIENT].conn->end.failure, FPL_FAILURE_INTERNAL);
    pair_end_all();
}
END_TEST

START_TEST(a_server_without_memory_of_cookies_takes_the_clients_numbers)
{ /* RFC 6347 section 4.2.1: the first answer has the numbers of the hello */
    static pair_datagram hello;
    pair_begin();
    pair_open(false);
    pair_start();
    ck_assert(pair_take(PAIR_CLIENT, &hello));
    fpl_put_uint(hello.bytes + 5, 6, 77);  /* record number */
    (void)pair_receive(PAIR_SERVER, hello.bytes, hello.len);
    ck_assert_uint_gt(ends[PAIR_SERVER].num_sent, 0);
    ck_assert_uint_eq(ends[PAIR_SERVER].sent[0].bytes[10], 77); /* of the record */
    ck_assert_uint_eq(ends[PAIR_SERVER].sent[0].bytes[18], 0);  /* message_seq */
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_resend_says_the_same_under_new_numbers);
    tcase_add_test(tc, a_resend_is_cut_anew);
    tcase_add_test(tc, fragments_shrink_after_repeated_loss);
    tcase_add_test(tc, asking_is_answered_once_in_a_while);
    tcase_add_test(tc, the_lost_last_flight_comes_again);
    tcase_add_test(tc, a_retained_flight_ends_after_twice_the_msl);
    tcase_add_test(tc, message_numbers_never_wrap);
    tcase_add_test(tc, a_server_without_memory_of_cookies_takes_the_clients_numbers);
}

UNIT_MAIN("engine/flight", tests)
