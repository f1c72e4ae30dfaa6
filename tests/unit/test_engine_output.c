/* engine/output: what fits where, and that nothing is used up when it does not. */
#include "engine/output.h"

#include "pair.h"

START_TEST(the_same_datagram_once_there_is_room)
{ /* WR-08 */
    uint8_t    room[PAIR_ROOM];
    fpl_output out;
    uint64_t   number;
    pair_begin();
    pair_open(false);
    ck_assert_int_eq(fpl_conn_start(ends[0].conn, pair_now), FPL_OK);
    number = ends[0].conn->write[0].next_seq;
    ck_assert_int_eq(fpl_conn_poll(ends[0].conn, NULL, 0, &out), FPL_BUFFER_TOO_SMALL);
    ck_assert_uint_gt(out.needed, 0);
    for (size_t cap = 0; cap < out.needed; cap++) {
        fpl_output again;
        memset(room, 0xee, sizeof room);
        ck_assert_int_eq(fpl_conn_poll(ends[0].conn, room, cap, &again), FPL_BUFFER_TOO_SMALL);
        ck_assert_uint_eq(again.needed, out.needed);
        for (size_t i = cap; i < sizeof room; i++) {
            ck_assert_uint_eq(room[i], 0xee);
        }
    }
    ck_assert_uint_eq(ends[0].conn->write[0].next_seq, number); /* not a record number was spent */
    ck_assert_uint_eq(ends[0].conn->stats.datagrams_out, 0);
    number = out.needed;
    ck_assert_int_eq(fpl_conn_poll(ends[0].conn, room, (size_t)number, &out), FPL_OK);
    ck_assert_int_eq(out.type, FPL_OUTPUT_DATAGRAM);
    ck_assert_uint_eq(out.as.datagram_len, number);
    (void)pair_receive(PAIR_SERVER, room, out.as.datagram_len);
    pair_drain(PAIR_CLIENT);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(every_mtu_carries_a_handshake)
{
    for (size_t mtu = 200; mtu <= 1500; mtu += mtu < 300 ? 1 : 37) {
        pair_begin();
        for (int side = 0; side < 2; side++) {
            ck_assert_int_eq(fpl_config_set(ends[side].config, FPL_SETTING_MTU, mtu), FPL_OK);
            ck_assert_int_eq(fpl_config_set_client_auth(ends[side].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
        }
        pair_open(false);
        pair_start();
        for (unsigned rounds = 0; rounds < 20; rounds++) {
            for (int side = 0; side < 2; side++) {
                for (size_t i = 0; i < ends[side].num_sent; i++) {
                    ck_assert_uint_le(ends[side].sent[i].len, mtu);
                }
                (void)pair_pass(side);
            }
        }
        ck_assert_msg(ends[0].connected && ends[1].connected, "at %zu octets", mtu);
        pair_end_all();
    }
}
END_TEST

START_TEST(an_mtu_is_kept_within_its_range)
{ /* CL-09 */
    pair_begin();
    pair_open(false);
    ck_assert_int_eq(fpl_conn_set_mtu(ends[0].conn, 0), FPL_OK);
    ck_assert_uint_eq(ends[0].conn->mtu, fpl_limits[FPL_LIMIT_MTU].min);
    ck_assert_int_eq(fpl_conn_set_mtu(ends[0].conn, SIZE_MAX), FPL_OK);
    ck_assert_uint_eq(ends[0].conn->mtu, fpl_limits[FPL_LIMIT_MTU].max);
    ck_assert_int_eq(fpl_conn_set_mtu(ends[0].conn, 1), FPL_OK);
    pair_start();
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(a_doubted_address_gets_thrice_what_it_sent)
{ /* RFC 9147 section 5.1 */
    uint64_t in = 0;
    uint64_t out = 0;
    pair_begin();
    pair_open(true);
    pair_start();
    for (size_t i = 0; i < ends[PAIR_CLIENT].num_sent; i++) {
        in += ends[PAIR_CLIENT].sent[i].len;
    }
    (void)pair_pass(PAIR_CLIENT);
    for (unsigned wakes = 0; wakes < 12 && !ends[PAIR_SERVER].failed; wakes++) {
        out = ends[PAIR_SERVER].conn->stats.bytes_out;
        ck_assert_uint_le(out, 3 * in);
        if (ends[PAIR_SERVER].deadline == FPL_NEVER) {
            break;
        }
        pair_wake(PAIR_SERVER);
        ends[PAIR_SERVER].num_sent = 0;
    }
    ck_assert_uint_gt(out, 0);
    pair_end_all();
}
END_TEST

START_TEST(an_alert_goes_out_alone_or_behind_a_flight)
{
    pair_begin();
    pair_connect();
    ck_assert_int_eq(fpl_conn_close(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].num_sent, 1);
    ck_assert_uint_eq(ends[0].sent[0].bytes[0], FPL_CONTENT_TYPE_ALERT);
    ck_assert_uint_eq(ends[0].sent[0].bytes[4], 1); /* under keys */
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(ends[1].closed);
    pair_end_all();
}
END_TEST

START_TEST(each_message_has_a_record_of_its_own)
{ /* as peers of DTLS 1.2 are used to; only DTLS 1.3 packs them (RFC 9147 section 5.5) */
    size_t messages = 0;
    pair_begin();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    for (size_t i = 0; i < ends[1].num_sent; i++) {
        const pair_datagram *d = &ends[1].sent[i];
        for (size_t at = 0; at < d->len; messages++) {
            const uint8_t *record = d->bytes + at;
            size_t         len = (size_t)record[11] << 8 | record[12];
            ck_assert_uint_eq(record[0], FPL_CONTENT_TYPE_HANDSHAKE);
            ck_assert_uint_eq(len, 12 + ((size_t)record[22] << 16 | (size_t)record[23] << 8 | record[24]));
            at += 13 + len;
        }
    }
    ck_assert_uint_ge(messages, 4); /* ServerHello, Certificate, ServerKeyExchange, ServerHelloDone */
    pair_end_all();
}
END_TEST

START_TEST(record_numbers_that_are_used_up_end_it)
{ /* RL-09 */
    size_t     sent = 0;
    fpl_result result = FPL_OK;
    pair_begin();
    pair_connect();
    ends[0].conn->write[1].next_seq = FPL_RECORD_MAX_SEQ - 40;
    for (unsigned i = 0; i < 60 && result == FPL_OK; i++) {
        result = pair_send(PAIR_CLIENT, 1);
        sent += result == FPL_OK;
    }
    ck_assert_int_ne(result, FPL_OK);
    ck_assert_uint_lt(sent, 40); /* what is kept back is for the goodbye */
    pair_drain(PAIR_CLIENT);
    ck_assert(ends[0].conn->write[1].next_seq <= FPL_RECORD_MAX_SEQ);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, the_same_datagram_once_there_is_room);
    tcase_add_test(tc, every_mtu_carries_a_handshake);
    tcase_add_test(tc, an_mtu_is_kept_within_its_range);
    tcase_add_test(tc, a_doubted_address_gets_thrice_what_it_sent);
    tcase_add_test(tc, an_alert_goes_out_alone_or_behind_a_flight);
    tcase_add_test(tc, each_message_has_a_record_of_its_own);
    tcase_add_test(tc, record_numbers_that_are_used_up_end_it);
}

UNIT_MAIN("engine/output", tests)
