/* Closing and alerts in DTLS 1.3: one direction at a time, and nothing counts that was sent behind a goodbye (RFC 8446
 * section 6, RFC 9147 section 5.10). */
#include "pair13.h"

static const uint8_t close_notify[] = {FPL_ALERT_LEVEL_WARNING, FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY};

static void close_half(int which)
{
    ck_assert_int_eq(fpl_conn_close(ends[which].conn, pair_now), FPL_OK);
    pair_drain(which);
}

/* A datagram of data as `from` would send it now. */
static void data_of(int from, pair_datagram *d, const char *text)
{
    d->len = 0;
    pair_put(from, d, ends[from].conn->write_epoch, FPL_CONTENT_TYPE_APPLICATION_DATA, (const uint8_t *)text,
             strlen(text));
}

START_TEST(one_half_closes)
{ /* RFC 8446 section 6.1: it does not affect what may still come */
    pair_connect13();
    close_half(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].num_sent, 1);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_ALERT)->len, 2);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_ALERT)->body[1], FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 1), FPL_CLOSED);
    ck_assert(!fpl_conn_is_closed(ends[0].conn));
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(ends[1].closed);
    ck_assert_uint_eq(ends[1].num_sent, 0); /* no goodbye is drawn by a goodbye */
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_int_eq(pair_send(PAIR_SERVER, 5), FPL_OK);
        (void)pair_pass(PAIR_SERVER);
        ck_assert_uint_eq(ends[0].num_data, i);
    }
    close_half(PAIR_SERVER);
    ck_assert(fpl_conn_is_closed(ends[1].conn));
    ck_assert_int_eq(pair_send(PAIR_SERVER, 1), FPL_CLOSED);
    (void)pair_pass(PAIR_SERVER);
    ck_assert(ends[0].closed);
    ck_assert(fpl_conn_is_closed(ends[0].conn));
    ck_assert_ptr_null(ends[0].conn->keys13); /* and the keys are gone */
    ck_assert_ptr_null(ends[1].conn->keys13);
    pair_end_all();
}
END_TEST

START_TEST(nothing_is_left_to_wait_for)
{ /* an idle client is woken by nothing; an idle server once, when the last flight can no longer come again */
    pair_begin13();
    pair_connect();
    ck_assert_uint_eq(ends[0].deadline, FPL_NEVER);
    ck_assert_uint_eq(ends[1].deadline, pair_now + fpl_limits[FPL_LIMIT_RETENTION].value);
    pair_wake(PAIR_SERVER);
    ck_assert_uint_eq(ends[1].deadline, FPL_NEVER);
    pair_end_all();
}
END_TEST

START_TEST(closing_twice_is_no_matter)
{
    pair_connect13();
    close_half(PAIR_CLIENT);
    close_half(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].num_sent, 1);
    (void)pair_pass(PAIR_CLIENT);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_ALERT, close_notify, 2);
    ck_assert(!ends[1].failed);
    close_half(PAIR_SERVER);
    (void)pair_pass(PAIR_SERVER);
    ck_assert(fpl_conn_is_closed(ends[0].conn) && fpl_conn_is_closed(ends[1].conn));
    close_half(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].num_sent, 0);
    pair_end_all();
}
END_TEST

START_TEST(data_sent_before_the_goodbye_may_come_after_it)
{ /* RFC 9147 section 5.10: the record numbers tell */
    static pair_datagram before, after;
    pair_connect13();
    data_of(PAIR_CLIENT, &before, "before");
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_ALERT, close_notify, 2);
    ck_assert(ends[1].closed);
    data_of(PAIR_CLIENT, &after, "after");
    (void)pair_receive(PAIR_SERVER, after.bytes, after.len);
    ck_assert_uint_eq(ends[1].num_data, 0);
    (void)pair_receive(PAIR_SERVER, before.bytes, before.len);
    ck_assert_uint_eq(ends[1].num_data, 1);
    ck_assert_mem_eq(ends[1].data, "before", 6);
    ck_assert_uint_eq(ends[1].conn->stats.dropped_unexpected, 1);
    pair_end_all();
}
END_TEST

START_TEST(a_second_goodbye_opens_nothing_again)
{
    static pair_datagram between;
    pair_connect13();
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_ALERT, close_notify, 2);
    data_of(PAIR_CLIENT, &between, "between");
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_ALERT, close_notify, 2);
    (void)pair_receive(PAIR_SERVER, between.bytes, between.len);
    ck_assert_uint_eq(ends[1].num_data, 0);
    pair_end_all();
}
END_TEST

START_TEST(data_of_an_older_epoch_are_before_it)
{
    static pair_datagram old, newer;
    pair_connect13();
    for (unsigned i = 0; i < 30; i++) { /* so that its number is above the goodbye's */
        data_of(PAIR_CLIENT, &old, "old");
    }
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_pump();
    ck_assert_uint_eq(ends[0].conn->write_epoch, 4);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(pair_send(PAIR_CLIENT, 1), FPL_OK);
    }
    pair_pump();
    close_half(PAIR_CLIENT);
    data_of(PAIR_CLIENT, &newer, "newer");
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(ends[1].closed);
    (void)pair_receive(PAIR_SERVER, newer.bytes, newer.len);
    ck_assert_uint_eq(ends[1].num_data, 5);
    (void)pair_receive(PAIR_SERVER, old.bytes, old.len);
    ck_assert_uint_eq(ends[1].num_data, 6);
    pair_end_all();
}
END_TEST

START_TEST(behind_our_goodbye_we_renew_nothing)
{ /* RFC 8446 section 6.1: the alert says that nothing more will be sent; what is received is acknowledged all the
     same */
    static const uint8_t wish[] = {1};
    pair_connect13();
    close_half(PAIR_SERVER);
    pair_lose(PAIR_SERVER);
    pair_say_message(PAIR_CLIENT, 3, FPL_HANDSHAKE_TYPE_KEY_UPDATE, wish, 1);
    ck_assert(!ends[1].failed);
    ck_assert_uint_eq(ends[1].conn->read_epoch, 4);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_count(FPL_CONTENT_TYPE_ACK), 1);
    ck_assert_uint_eq(pair_count(FPL_CONTENT_TYPE_HANDSHAKE), 0);
    ck_assert_int_eq(fpl_conn_update_keys(ends[1].conn, pair_now), FPL_CLOSED);
    pair_end_all();
}
END_TEST

START_TEST(a_half_closed_peer_may_still_renew_its_keys)
{ /* the server closed its half; the client writes on, and so may need new keys */
    pair_connect13();
    close_half(PAIR_SERVER);
    (void)pair_pass(PAIR_SERVER);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_pump();
    ck_assert_uint_eq(ends[0].conn->write_epoch, 4);
    ck_assert_uint_eq(ends[1].conn->read_epoch, 4);
    ck_assert_uint_eq(ends[1].conn->write_epoch, 3);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 4), FPL_OK);
    pair_pump();
    ck_assert_uint_eq(ends[1].num_data, 1);
    ck_assert_uint_eq(pair_flights(0) + pair_flights(1), 0);
    pair_end_all();
}
END_TEST

START_TEST(a_goodbye_that_is_lost_is_not_waited_for)
{ /* RFC 9147 section 5.10: alerts are not repeated */
    pair_connect13();
    close_half(PAIR_CLIENT);
    pair_lose(PAIR_CLIENT);
    pair_now += fpl_limits[FPL_LIMIT_CLOSE_WAIT].value - 1;
    ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    ck_assert(!fpl_conn_is_closed(ends[0].conn));
    ck_assert_uint_eq(ends[0].deadline - pair_now, 1);
    pair_wake(PAIR_CLIENT);
    ck_assert(fpl_conn_is_closed(ends[0].conn));
    ck_assert(!ends[0].failed);
    ck_assert_uint_eq(ends[0].num_sent, 0);
    pair_end_all();
}
END_TEST

START_TEST(a_client_may_leave_before_its_finished_is_acknowledged)
{
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "WAIT_ACK");
    close_half(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT); /* the Finished, and then the goodbye */
    ck_assert(ends[1].connected);
    ck_assert(ends[1].closed);
    close_half(PAIR_SERVER);
    pair_pump();
    ck_assert(fpl_conn_is_closed(ends[0].conn) && fpl_conn_is_closed(ends[1].conn));
    pair_end_all();
}
END_TEST

START_TEST(a_goodbye_that_overtakes_the_finished_waits)
{ /* RFC 9147 section 5.8.1: it is of epoch 3, whose keys the server does not read yet */
    static pair_datagram finished;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert(pair_take(PAIR_CLIENT, &finished));
    close_half(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(!ends[1].connected && !ends[1].closed);
    (void)pair_receive(PAIR_SERVER, finished.bytes, finished.len);
    ck_assert(ends[1].connected && ends[1].closed);
    pair_end_all();
}
END_TEST

START_TEST(closing_in_the_handshake_is_the_end)
{ /* nobody has been told that it is connected: both halves */
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    close_half(PAIR_SERVER);
    ck_assert(fpl_conn_is_closed(ends[1].conn));
    ck_assert_uint_eq(ends[1].deadline, FPL_NEVER);
    pair_end_all();
}
END_TEST

START_TEST(what_follows_a_goodbye_is_no_alert)
{ /* RFC 9147 section 5.10: nor data */
    static const uint8_t goodbye[2] = {FPL_ALERT_LEVEL_WARNING, FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY};
    static const uint8_t error[2] = {FPL_ALERT_LEVEL_FATAL, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR};
    pair_connect13();
    pair_say(PAIR_SERVER, 3, FPL_CONTENT_TYPE_ALERT, goodbye, sizeof goodbye);
    pair_say(PAIR_SERVER, 3, FPL_CONTENT_TYPE_ALERT, error, sizeof error);
    ck_assert(!ends[0].failed);
    ck_assert_uint_eq(ends[0].conn->stats.dropped_unexpected, 1);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 3), FPL_OK);
    pair_end_all();
}
END_TEST

START_TEST(levels_say_nothing)
{ /* RFC 8446 section 6: every error alert ends it, user_canceled alone does not, and close_notify is one at any
     level */
    for (unsigned level = 1; level <= 2; level++) {
        for (unsigned description = 0; description < 256; description++) {
            uint8_t alert[2] = {(uint8_t)level, (uint8_t)description};
            pair_connect13();
            pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_ALERT, alert, 2);
            if (description == FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY) {
                ck_assert(ends[1].closed && !ends[1].failed);
            } else if (description == FPL_ALERT_DESCRIPTION_USER_CANCELED) {
                ck_assert(!ends[1].closed && !ends[1].failed);
            } else {
                ck_assert_msg(ends[1].failed, "alert %u at level %u", description, level);
                ck_assert_int_eq(ends[1].conn->end.failure, FPL_FAILURE_PEER_ALERTED);
                ck_assert_int_eq(ends[1].conn->end.alert, (int)description);
                ck_assert_uint_eq(ends[1].num_sent, 0); /* an alert is not answered */
                ck_assert_ptr_null(ends[1].conn->keys13);
            }
            pair_end_all();
            description +=
                description > 2 && description < 100 && description % 10 == 2 ? 7 : 0; /* not all of them */
            description += description > 122 ? 12 : 0;
        }
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, one_half_closes);
    tcase_add_test(tc, nothing_is_left_to_wait_for);
    tcase_add_test(tc, closing_twice_is_no_matter);
    tcase_add_test(tc, data_sent_before_the_goodbye_may_come_after_it);
    tcase_add_test(tc, a_second_goodbye_opens_nothing_again);
    tcase_add_test(tc, data_of_an_older_epoch_are_before_it);
    tcase_add_test(tc, behind_our_goodbye_we_renew_nothing);
    tcase_add_test(tc, a_half_closed_peer_may_still_renew_its_keys);
    tcase_add_test(tc, a_goodbye_that_is_lost_is_not_waited_for);
    tcase_add_test(tc, a_client_may_leave_before_its_finished_is_acknowledged);
    tcase_add_test(tc, a_goodbye_that_overtakes_the_finished_waits);
    tcase_add_test(tc, closing_in_the_handshake_is_the_end);
    tcase_add_test(tc, what_follows_a_goodbye_is_no_alert);
    tcase_add_test(tc, levels_say_nothing);
}

UNIT_MAIN("engine/closing13", tests)
