/* engine/flight in DTLS 1.3: what is sent again and what no more, flights that extend one another, and those that go on
 * by the figure of DTLS 1.2 (RFC 9147 sections 5.8 and 7). */
#include "engine/flight.h"

#include "pair13.h"

static fpl_flight *flight_of(int which)
{
    fpl_flight *found = NULL;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (ends[which].conn->flights[i] != NULL) {
            ck_assert_ptr_null(found);
            found = ends[which].conn->flights[i];
        }
    }
    ck_assert_ptr_nonnull(found);
    return found;
}

static const char *resend_state(const fpl_flight *flight)
{
    return fpl_machines[flight->resend.machine]->states[flight->resend.state].name;
}

/* --- resending --------------------------------------------------------------------------------------------------- */

/* What the records of epoch 2 that were looked at say, one after the other. */
static size_t joined_bodies(uint8_t *out, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < pair_num_records; i++) {
        if (pair_records[i].epoch == 2) {
            ck_assert_uint_le(len + pair_records[i].len, cap);
            memcpy(out + len, pair_records[i].body, pair_records[i].len);
            len += pair_records[i].len;
        }
    }
    return len;
}

START_TEST(a_resend_says_the_same_under_new_numbers)
{ /* RFC 9147 section 5.8.1; and each message in a record of its own, for peers who drop what stands behind one that
     they have */
    static uint8_t first[4 * PAIR_ROOM], again[4 * PAIR_ROOM];
    size_t         len;
    uint64_t       newest;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    newest = pair_records[pair_num_records - 1].seq;
    len = joined_bodies(first, sizeof first);
    pair_lose(PAIR_SERVER);
    pair_wake(PAIR_SERVER);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(joined_bodies(again, sizeof again), len);
    ck_assert_mem_eq(first, again, len);
    ck_assert_uint_gt(pair_records[0].seq, 0); /* the ServerHello's */
    for (size_t i = 1; i < pair_num_records; i++) {
        const uint8_t *header = pair_records[i].body;
        ck_assert_uint_eq(pair_records[i].epoch, 2);
        ck_assert_uint_gt(pair_records[i].seq, newest);
        ck_assert_uint_eq(pair_records[i].len,
                          12 + ((size_t)header[9] << 16 | (size_t)header[10] << 8 | header[11]));
    }
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(the_clients_answer_acknowledges_the_servers_flight)
{ /* RFC 9147 section 7.1: an implicit ACK */
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert_uint_eq(pair_flights(PAIR_SERVER), 1);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(pair_flights(PAIR_SERVER), 0);
    ck_assert_uint_eq(ends[1].conn->stats.flights_resent, 0);
    pair_pump();
    pair_end_all();
}
END_TEST

START_TEST(the_first_message_of_the_answer_stops_resending)
{ /* RFC 9147 section 7.1: all of the flight must have come, or it could not be answered */
    pair_begin13();
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_MTU, 200), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert_uint_gt(ends[0].num_sent, 1);
    ck_assert_str_eq(resend_state(flight_of(PAIR_SERVER)), "WAITING");
    /* All of the Certificate, and no more. */
    for (size_t i = 0; strcmp(pair_state(PAIR_SERVER), "WAIT_CERT") == 0; i++) {
        ck_assert_uint_lt(i, ends[0].num_sent);
        (void)pair_receive(PAIR_SERVER, ends[0].sent[i].bytes, ends[0].sent[i].len);
    }
    ck_assert_str_eq(pair_state(PAIR_SERVER), "WAIT_CV");
    ck_assert_str_eq(resend_state(flight_of(PAIR_SERVER)), "QUIET");
    pair_lose(PAIR_CLIENT);
    pair_lose(PAIR_SERVER);
    pair_wake(PAIR_SERVER); /* what the timer brings is an ACK of the part, not the flight once more */
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_int_eq(pair_records[0].type, FPL_CONTENT_TYPE_ACK);
    pair_pump();
    for (unsigned i = 0; i < 4 && !ends[1].connected; i++) {
        pair_wake(PAIR_CLIENT);
        pair_pump();
    }
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(a_repeated_finished_draws_an_ack_or_the_answer)
{ /* RFC 9147 sections 5.8.1 and 7.1: from a server in CONNECTED the ACK, from a client whose answer is out that
     answer */
    static pair_datagram last;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    pair_lose(PAIR_CLIENT);
    pair_wake(PAIR_SERVER); /* the server's flight once more */
    pair_now += 600;
    (void)pair_pass(PAIR_SERVER);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_count(FPL_CONTENT_TYPE_HANDSHAKE), 1);
    last = ends[0].sent[0];
    (void)pair_pass(PAIR_CLIENT);
    pair_lose(PAIR_SERVER); /* the ACK */
    pair_wake(PAIR_CLIENT);
    ck_assert_mem_ne(last.bytes, ends[0].sent[0].bytes, 10);
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_int_eq(pair_records[0].type, FPL_CONTENT_TYPE_ACK);
    pair_pump();
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    pair_end_all();
}
END_TEST

START_TEST(a_flight_nobody_answers_is_given_up)
{ /* RFC 9147 section 5.8.2 */
    unsigned wakes = 0;
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000), FPL_OK);
    pair_open(false);
    pair_start();
    for (; !ends[0].failed && wakes < 100; wakes++) {
        pair_lose(PAIR_CLIENT);
        pair_wake(PAIR_CLIENT);
    }
    ck_assert(ends[0].failed);
    ck_assert_int_eq(ends[0].conn->end.failure, FPL_FAILURE_TIMEOUT);
    ck_assert_uint_eq(ends[0].conn->stats.flights_resent, fpl_limits[FPL_LIMIT_RESEND_TIMES].value);
    pair_end_all();
}
END_TEST

START_TEST(a_last_flight_without_ack_is_given_up)
{
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert(ends[0].connected);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "WAIT_ACK");
    for (unsigned wakes = 0; wakes < 100 && !ends[0].failed; wakes++) {
        pair_lose(PAIR_CLIENT);
        pair_wake(PAIR_CLIENT);
    }
    ck_assert(ends[0].failed);
    ck_assert_int_eq(ends[0].conn->end.failure, FPL_FAILURE_TIMEOUT);
    pair_end_all();
}
END_TEST

/* --- ACKs in order ------------------------------------------------------------------------------------------- */

/* The client's last flight, in several records, and then its KeyUpdate are on the wire, all lost. The record numbers of
 * the last of the one and of the other. */
static void two_flights_are_out(pair_number *finished, pair_number *update)
{
    pair_begin13();
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_MTU, 200), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_gt(pair_num_records, 2);
    finished->epoch = 2;
    finished->seq = pair_records[pair_num_records - 1].seq;
    (void)pair_pass(PAIR_CLIENT);
    pair_lose(PAIR_SERVER); /* the ACK of the Finished */
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    update->epoch = 3;
    update->seq = pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->seq;
    pair_lose(PAIR_CLIENT);
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 2);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "WAIT_ACK");
}

START_TEST(an_ack_waits_for_those_of_earlier_messages)
{ /* RFC 9147 section 8: new keys only once the KeyUpdate and all before it were acknowledged */
    pair_number finished, update;
    two_flights_are_out(&finished, &update);
    pair_say_ack(PAIR_SERVER, 3, 1, &update);
    ck_assert_uint_eq(ends[0].conn->write_epoch, 3);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "WAIT_ACK");
    pair_lose(PAIR_CLIENT);
    pair_wake(PAIR_CLIENT); /* the last flight goes on, the KeyUpdate needs no more */
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_gt(pair_num_records, 0);
    for (size_t i = 0; i < pair_num_records; i++) {
        ck_assert_uint_eq(pair_records[i].epoch, 2);
    }
    pair_pump();
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    ck_assert_uint_eq(ends[0].conn->write_epoch, 4); /* they are told of in their order */
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 0);
    ck_assert_ptr_null(fpl_write13_of(ends[0].conn, 2));
    pair_end_all();
}
END_TEST

START_TEST(the_last_message_beside_a_later_epoch_speaks_for_its_flight)
{ /* whoever reads epoch 3 and has the Finished has had what stands before it, whether or not it is named */
    pair_number both[2];
    two_flights_are_out(&both[_i], &both[1 - _i]); /* in either order */
    pair_say_ack(PAIR_SERVER, 3, 2, both);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    ck_assert_uint_eq(ends[0].conn->write_epoch, 4);
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 0);
    pair_end_all();
}
END_TEST

START_TEST(the_last_message_alone_does_not)
{
    pair_number both[2];
    two_flights_are_out(&both[0], &both[1]);
    pair_say_ack(PAIR_SERVER, 3, 1, both);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "WAIT_ACK");
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 2);
    pair_end_all();
}
END_TEST

/* --- a client of both versions that meets DTLS 1.2 ----------------------------------------------------------- */

static void begin_hybrid(void)
{
    pair_begin();
    pair_versions(FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS12);
}

START_TEST(the_first_flight_goes_on_by_the_other_figure)
{ /* every state of resend13 in which the hello may stand has one of the same name: the flight is not lost with its
     machine */
    static pair_datagram d;
    begin_hybrid();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_MTU, 300), FPL_OK);
    pair_open(false);
    pair_start();
    ck_assert_int_eq(flight_of(PAIR_CLIENT)->resend.machine, FPL_MACHINE_RESEND13);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_gt(ends[1].num_sent, 1);
    ck_assert(pair_take(PAIR_SERVER, &d)); /* the ServerHello alone */
    pair_lose(PAIR_SERVER);
    (void)pair_receive(PAIR_CLIENT, d.bytes, d.len);
    ck_assert_uint_eq(ends[0].conn->handshake.machine, FPL_MACHINE_DTLS12_CLIENT);
    ck_assert_int_eq(flight_of(PAIR_CLIENT)->resend.machine, FPL_MACHINE_RESEND12);
    ck_assert_str_eq(resend_state(flight_of(PAIR_CLIENT)), "WAITING");
    ck_assert(!flight_of(PAIR_CLIENT)->released);
    /* RFC 6347 section 4.2.4: until the next flight is whole, its own timer repeats it. */
    ck_assert_uint_eq(ends[0].num_sent, 0);
    pair_wake(PAIR_CLIENT);
    ck_assert_uint_gt(ends[0].num_sent, 0);
    pair_pump();
    for (unsigned i = 0; i < 4 && !ends[0].connected; i++) {
        pair_wake(PAIR_SERVER);
        pair_pump();
    }
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_uint_eq(fpl_conn_version(ends[0].conn), FPL_DTLS12);
    pair_end_all();
}
END_TEST

START_TEST(a_long_hello_does_not_pause_for_ever)
{ /* ten records at once is a rule of RFC 9147 section 5.8.3; by the figure of DTLS 1.2 nobody would wait for the
     rest */
    begin_hybrid();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set(ends[i].config, FPL_SETTING_MTU, 200), FPL_OK);
    }
    pair_open(false);
    pair_start();
    for (unsigned round = 0; round < 30 && !(ends[0].connected && ends[1].connected); round++) {
        pair_pump();
        for (int i = 0; i < 2; i++) {
            if (ends[i].deadline != FPL_NEVER && !ends[i].connected) {
                pair_wake(i);
            }
        }
    }
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(a_flight_handed_over_writes_more_than_ten_records)
{ /* what the book of DTLS 1.3 counted must not stop a flight of DTLS 1.2 */
    static pair_datagram d;
    fpl_flight          *hello;
    begin_hybrid();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_MTU, 300), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(pair_take(PAIR_SERVER, &d));
    (void)pair_receive(PAIR_CLIENT, d.bytes, d.len);
    hello = flight_of(PAIR_CLIENT);
    ck_assert_int_eq(hello->resend.machine, FPL_MACHINE_RESEND12);
    /* A hello that needs more than ten datagrams, as one with ML-KEM and a long list would on a narrow path. */
    hello->messages[0].len = 3000;
    ck_assert(fpl_buffer_reserve(ends[0].config, &hello->bytes, 3000));
    ck_assert_int_eq(fpl_conn_set_mtu(ends[0].conn, 200), FPL_OK);
    pair_lose(PAIR_CLIENT);
    pair_wake(PAIR_CLIENT);
    ck_assert_uint_gt(ends[0].num_sent, FPL_LIMIT_VALUE_RECORDS_AT_ONCE);
    ck_assert_str_eq(resend_state(hello), "WAITING");
    hello->messages[0].len = hello->bytes.len;
    pair_end_all();
}
END_TEST

START_TEST(message_numbers_never_wrap)
{ /* RFC 9147 section 5.2 */
    pair_connect13();
    ends[0].conn->next_send_seq = UINT16_MAX;
    (void)fpl_conn_update_keys(ends[0].conn, pair_now);
    pair_drain(PAIR_CLIENT);
    ck_assert(ends[0].failed);
    ck_assert_int_eq(ends[0].conn->end.failure, FPL_FAILURE_INTERNAL);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_resend_says_the_same_under_new_numbers);
    tcase_add_test(tc, the_clients_answer_acknowledges_the_servers_flight);
    tcase_add_test(tc, the_first_message_of_the_answer_stops_resending);
    tcase_add_test(tc, a_repeated_finished_draws_an_ack_or_the_answer);
    tcase_add_test(tc, a_flight_nobody_answers_is_given_up);
    tcase_add_test(tc, a_last_flight_without_ack_is_given_up);
    tcase_add_test(tc, an_ack_waits_for_those_of_earlier_messages);
    tcase_add_loop_test(tc, the_last_message_beside_a_later_epoch_speaks_for_its_flight, 0, 2);
    tcase_add_test(tc, the_last_message_alone_does_not);
    tcase_add_test(tc, the_first_flight_goes_on_by_the_other_figure);
    tcase_add_test(tc, a_long_hello_does_not_pause_for_ever);
    tcase_add_test(tc, a_flight_handed_over_writes_more_than_ten_records);
    tcase_add_test(tc, message_numbers_never_wrap);
}

UNIT_MAIN("engine/flight13", tests)
