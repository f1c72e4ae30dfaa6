/* engine/acks: what an ACK of the peer's does, and what it must not (RFC 9147 section 7). */
#include "engine/acks.h"

#include "pair13.h"

START_TEST(an_ack_of_a_record_never_sent_does_nothing)
{ /* RFC 9147 section 7 */
    static const pair_number never[] = {{0, 999}, {2, 0},   {2, UINT64_MAX}, {3, 1000000}, {3, UINT64_MAX},
                                        {4, 0},   {500, 0}, {70000, 0},      {65539, 0}};
    pair_connect13();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_lose(PAIR_CLIENT);
    pair_say_ack(PAIR_SERVER, 3, sizeof never / sizeof *never, never);
    ck_assert(!ends[0].failed);
    ck_assert_uint_eq(ends[0].num_sent, 0);
    ck_assert_uint_eq(ends[0].conn->write_epoch, 3);
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 1);
    pair_wake(PAIR_CLIENT); /* and the timer runs on */
    ck_assert_uint_eq(ends[0].num_sent, 1);
    pair_pump();
    ck_assert_uint_eq(ends[0].conn->write_epoch, 4);
    pair_end_all();
}
END_TEST

START_TEST(a_number_of_another_epoch_is_another_record)
{ /* 65536 + 3 is not 3 */
    pair_number number[2];
    pair_connect13();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    number[0].epoch = 65536 + 3;
    number[0].seq = number[1].seq = pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->seq;
    number[1].epoch = 2;
    pair_say_ack(PAIR_SERVER, 3, 2, number);
    ck_assert_uint_eq(ends[0].conn->write_epoch, 3);
    number[0].epoch = 3;
    pair_say_ack(PAIR_SERVER, 3, 1, number);
    ck_assert_uint_eq(ends[0].conn->write_epoch, 4);
    pair_end_all();
}
END_TEST

START_TEST(malformed_acks_end_it)
{ /* RFC 9147 section 7: decode_error, for it was authentic */
    static const uint8_t bodies[][20] = {{0}, {0, 1, 0}, {0, 15}, {0, 17}, {0, 16}, {0, 0, 0}};
    static const size_t  lens[] = {1, 3, 17, 19, 10, 3};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        pair_connect13();
        pair_say(PAIR_SERVER, 3, FPL_CONTENT_TYPE_ACK, bodies[i], lens[i]);
        ck_assert(ends[0].failed);
        ck_assert_int_eq(ends[0].conn->end.failure, FPL_FAILURE_WE_ALERTED);
        ck_assert_int_eq(ends[0].conn->end.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
        pair_end_all();
    }
}
END_TEST

START_TEST(in_the_handshake_an_ack_names_no_higher_epoch)
{ /* RFC 9147 as revised, section 7.2 */
    static const pair_number higher[] = {{3, 0}};
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER); /* the client's last flight is under way */
    pair_say_ack(PAIR_CLIENT, 2, 1, higher);
    ck_assert(ends[1].failed);
    ck_assert_int_eq(ends[1].conn->end.alert, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
    pair_end_all();

    pair_connect13(); /* later each direction counts for itself */
    {
        static const pair_number ahead[] = {{9, 0}};
        pair_say_ack(PAIR_CLIENT, 3, 1, ahead);
        ck_assert(!ends[1].failed);
    }
    pair_end_all();
}
END_TEST

START_TEST(a_plain_ack_is_dropped)
{ /* RFC 9147 section 7: anybody could have sent it */
    uint8_t record[13 + 18] = {FPL_CONTENT_TYPE_ACK, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 18, 0, 16};
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_receive(PAIR_CLIENT, record, sizeof record); /* names the hello's record, {0, 0} */
    ck_assert_uint_eq(ends[0].conn->stats.dropped_unexpected, 1);
    pair_lose(PAIR_CLIENT);
    pair_wake(PAIR_CLIENT);
    ck_assert_uint_gt(ends[0].num_sent, 0); /* the hello goes out again all the same */
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    (void)pair_receive(PAIR_CLIENT, record, sizeof record);
    ck_assert(!ends[0].failed);
    pair_end_all();
}
END_TEST

START_TEST(a_flood_of_acks_draws_nothing)
{ /* empty ones, repeated ones, ones of what was never sent: at most a resend for each half interval */
    static const pair_number never[] = {{3, 77777}};
    unsigned              before;
    size_t                live;
    pair_connect13();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_lose(PAIR_CLIENT);
    before = ends[0].datagrams;
    live = pair_allocations.live;
    for (unsigned i = 0; i < 3000; i++) {
        pair_say_ack(PAIR_SERVER, 3, i % 2, never);
        pair_lose(PAIR_CLIENT);
    }
    ck_assert_uint_le(ends[0].datagrams - before, 1);
    ck_assert_uint_eq(pair_allocations.live, live);
    pair_now += fpl_limits[FPL_LIMIT_RESEND_INITIAL].value / 2;
    before = ends[0].datagrams;
    for (unsigned i = 0; i < 3000; i++) {
        pair_say_ack(PAIR_SERVER, 3, 0, NULL);
        pair_lose(PAIR_CLIENT);
    }
    ck_assert_uint_eq(ends[0].datagrams - before, 1); /* and the right to ask is not gone for good */
    ck_assert(!ends[0].failed);
    pair_end_all();
}
END_TEST

START_TEST(acks_answer_no_acks)
{
    static const pair_number some[] = {{3, 0}};
    pair_connect13();
    for (unsigned i = 0; i < 100; i++) {
        pair_say_ack(PAIR_SERVER, 3, i % 2, some);
        pair_say_ack(PAIR_CLIENT, 3, i % 2, some);
    }
    ck_assert_uint_eq(ends[0].num_sent + ends[1].num_sent, 0);
    ck_assert(!ends[0].failed && !ends[1].failed);
    pair_end_all();
}
END_TEST

START_TEST(what_was_acknowledged_is_not_sent_again)
{ /* RFC 9147 section 7.2: the rest of the flight is, at once */
    size_t   num;
    uint64_t last;
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_MTU, 300), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    num = ends[1].num_sent;
    ck_assert_uint_gt(num, 2);
    pair_look_all(PAIR_SERVER);
    last = pair_records[pair_num_records - 1].seq;
    /* The client gets the ServerHello and the last datagram. */
    (void)pair_receive(PAIR_CLIENT, ends[1].sent[0].bytes, ends[1].sent[0].len);
    (void)pair_receive(PAIR_CLIENT, ends[1].sent[num - 1].bytes, ends[1].sent[num - 1].len);
    pair_lose(PAIR_SERVER);
    ck_assert_uint_eq(ends[0].num_sent, 1); /* a gap: told at once */
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_ACK)->epoch, 2);
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_gt(pair_num_records, 0);
    ck_assert_uint_lt(ends[1].num_sent, num);
    for (size_t i = 0; i < pair_num_records; i++) {
        ck_assert_uint_eq(pair_records[i].epoch, 2); /* no ServerHello */
        ck_assert_uint_gt(pair_records[i].seq, last);
    }
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_uint_eq(ends[1].conn->stats.duplicates + ends[0].conn->stats.duplicates, 0);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, an_ack_of_a_record_never_sent_does_nothing);
    tcase_add_test(tc, a_number_of_another_epoch_is_another_record);
    tcase_add_test(tc, malformed_acks_end_it);
    tcase_add_test(tc, in_the_handshake_an_ack_names_no_higher_epoch);
    tcase_add_test(tc, a_plain_ack_is_dropped);
    tcase_add_test(tc, a_flood_of_acks_draws_nothing);
    tcase_add_test(tc, acks_answer_no_acks);
    tcase_add_test(tc, what_was_acknowledged_is_not_sent_again);
}

UNIT_MAIN("engine/acks_taken", tests)
