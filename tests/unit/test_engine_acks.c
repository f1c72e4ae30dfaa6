/* engine/acks: which records an ACK of ours names, in which order, and when it goes out (RFC 9147 section 7). */
#include "engine/acks.h"

#include "pair13.h"

/* --- the list ------------------------------------------------------------------------------------------- */

static fpl_config *config;
static fpl_conn    conn;

static void begin(void)
{
    config = fpl_config_new();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, FPL_ROLE_CLIENT, FPL_MACHINE_DTLS13_CLIENT, 0), FPL_STATUS_OK);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

/* Asserts that within `cap` octets the ACK names exactly these. */
static void names(size_t cap, size_t num, const pair_number *numbers)
{
    pair_seen seen;
    memset(seen.body, 0xee, sizeof seen.body);
    seen.len = fpl_acks_body(&conn, seen.body, cap);
    ck_assert_uint_le(seen.len, cap);
    for (size_t i = seen.len; i < sizeof seen.body; i++) {
        ck_assert_uint_eq(seen.body[i], 0xee);
    }
    if (num == 0) {
        ck_assert_uint_eq(seen.len, 0);
    } else {
        pair_ack_names(&seen, num, numbers);
    }
}

START_TEST(numbers_stand_in_increasing_order)
{ /* RFC 9147 section 7: by epoch, then by sequence number, whatever order they came in */
    static const pair_number sorted[] = {{0, 9}, {2, 0}, {2, 3}, {2, 0x0000ffffffffffff}, {3, 0}, {3, 1}};
    static const size_t   order[] = {4, 2, 0, 5, 3, 1};
    begin();
    for (size_t i = 0; i < 6; i++) {
        fpl_acks_note(&conn, (uint16_t)sorted[order[i]].epoch, sorted[order[i]].seq);
    }
    names(FPL_ACK_BODY_MAX, 6, sorted);
    finish();
}
END_TEST

START_TEST(each_record_is_named_once)
{
    static const pair_number two[] = {{2, 1}, {2, 2}};
    begin();
    fpl_acks_note(&conn, 2, 1);
    fpl_acks_note(&conn, 2, 2);
    fpl_acks_note(&conn, 2, 1);
    fpl_acks_note(&conn, 2, 2);
    names(FPL_ACK_BODY_MAX, 2, two);
    finish();
}
END_TEST

START_TEST(of_many_the_newest_are_named)
{
    static pair_number newest[FPL_LIMIT_VALUE_ACK_RECORDS];
    begin();
    for (uint64_t seq = 0; seq < 5 * FPL_LIMIT_VALUE_ACK_RECORDS + 3; seq++) {
        fpl_acks_note(&conn, 2, seq);
    }
    for (size_t i = 0; i < FPL_LIMIT_VALUE_ACK_RECORDS; i++) {
        newest[i].epoch = 2;
        newest[i].seq = 4 * FPL_LIMIT_VALUE_ACK_RECORDS + 3 + i;
    }
    ck_assert_uint_eq(FPL_ACK_BODY_MAX, 2 + 16 * FPL_LIMIT_VALUE_ACK_RECORDS);
    names(FPL_ACK_BODY_MAX, FPL_LIMIT_VALUE_ACK_RECORDS, newest);
    finish();
}
END_TEST

START_TEST(where_room_is_short_the_newest_are_named)
{ /* newest = those that came last, whatever their numbers */
    static const pair_number three[] = {{2, 1}, {2, 5}, {2, 9}};
    static const pair_number two[] = {{2, 1}, {2, 5}};
    static const pair_number one[] = {{2, 1}};
    begin();
    fpl_acks_note(&conn, 2, 9);
    fpl_acks_note(&conn, 2, 5);
    fpl_acks_note(&conn, 2, 1);
    for (size_t cap = 0; cap < 70; cap++) {
        if (cap < 18) {
            names(cap, 0, NULL);
        } else if (cap < 34) {
            names(cap, 1, one);
        } else if (cap < 50) {
            names(cap, 2, two);
        } else {
            names(cap, 3, three);
        }
    }
    finish();
}
END_TEST

START_TEST(the_newest_can_be_taken_back)
{
    static const pair_number one[] = {{2, 1}};
    static const pair_number both[] = {{2, 1}, {2, 2}};
    static const pair_number full[] = {{2, 1}, {2, 4}};
    begin();
    fpl_acks_forget(&conn, 2, 1); /* of nothing */
    fpl_acks_note(&conn, 2, 1);
    fpl_acks_note(&conn, 2, 2);
    fpl_acks_forget(&conn, 2, 1); /* not the newest: another record is at hand than the one that was noted */
    fpl_acks_forget(&conn, 3, 2);
    names(FPL_ACK_BODY_MAX, 2, both);
    fpl_acks_forget(&conn, 2, 2);
    names(FPL_ACK_BODY_MAX, 1, one);
    fpl_acks_note(&conn, 2, 4);
    names(FPL_ACK_BODY_MAX, 2, full);
    fpl_acks_forget(&conn, 2, 4);
    fpl_acks_forget(&conn, 2, 1);
    fpl_acks_forget(&conn, 2, 1);
    names(FPL_ACK_BODY_MAX, 0, NULL);
    finish();
}
END_TEST

START_TEST(taking_back_goes_around_the_ring)
{
    static pair_number left[FPL_LIMIT_VALUE_ACK_RECORDS];
    begin();
    for (uint64_t seq = 0; seq <= FPL_LIMIT_VALUE_ACK_RECORDS; seq++) {
        fpl_acks_note(&conn, 2, seq); /* the last stands at place 0 of the ring */
    }
    fpl_acks_forget(&conn, 2, FPL_LIMIT_VALUE_ACK_RECORDS);
    for (size_t i = 0; i + 1 < FPL_LIMIT_VALUE_ACK_RECORDS; i++) {
        left[i].epoch = 2;
        left[i].seq = i + 1;
    }
    names(FPL_ACK_BODY_MAX, FPL_LIMIT_VALUE_ACK_RECORDS - 1, left);
    finish();
}
END_TEST

START_TEST(a_flight_of_ours_begins_a_new_list)
{ /* RFC 9147 section 7.1: it acknowledges all that it answers */
    static const pair_number one[] = {{2, 8}};
    begin();
    conn.write_epoch = 2;
    conn.ack_due = true;
    fpl_acks_note(&conn, 2, 1);
    ck_assert(fpl_acks_due(&conn));
    fpl_acks_begin(&conn);
    ck_assert(!fpl_acks_due(&conn));
    ck_assert_ptr_null(conn.acks); /* nor does it take memory */
    fpl_acks_note(&conn, 2, 8);
    names(FPL_ACK_BODY_MAX, 1, one);
    ck_assert(!fpl_acks_due(&conn)); /* for a machine to say */
    finish();
}
END_TEST

START_TEST(nothing_goes_out_without_keys_or_numbers)
{ /* RFC 9147 section 7.1: there are no ACKs in epoch 0 */
    begin();
    conn.ack_due = true;
    conn.write_epoch = 2;
    ck_assert(!fpl_acks_due(&conn)); /* nothing to name */
    fpl_acks_note(&conn, 2, 1);
    ck_assert(fpl_acks_due(&conn));
    conn.write_epoch = 0;
    ck_assert(!fpl_acks_due(&conn));
    conn.write_epoch = 1;
    ck_assert(!fpl_acks_due(&conn));
    conn.write_epoch = 3;
    ck_assert(fpl_acks_due(&conn));
    conn.life = FPL_LIFE_FAILED;
    ck_assert(!fpl_acks_due(&conn));
    conn.life = FPL_LIFE_LIVE;
    conn.ack_due = false;
    ck_assert(!fpl_acks_due(&conn));
    finish();
}
END_TEST

/* --- ours on the wire ----------------------------------------------------------------------------------------- */

START_TEST(the_clients_last_flight_is_acknowledged_whole)
{ /* RFC 9147 section 7.1, and in the newest epoch: section 7 */
    pair_number         flight[PAIR_SEEN];
    size_t           num;
    pair_begin13();
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    pair_look_all(PAIR_CLIENT);
    num = pair_num_records;
    ck_assert_uint_gt(num, 0);
    for (size_t i = 0; i < num; i++) {
        ck_assert_uint_eq(pair_records[i].epoch, 2);
        ck_assert_int_eq(pair_records[i].type, FPL_CONTENT_TYPE_HANDSHAKE);
        flight[i].epoch = 2;
        flight[i].seq = pair_records[i].seq;
    }
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_ACK)->epoch, 3);
    pair_ack_names(pair_the_only(FPL_CONTENT_TYPE_ACK), num, flight);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 0);
    pair_end_all();
}
END_TEST

START_TEST(after_the_handshake_each_ack_stands_alone)
{ /* RFC 9147 section 5.8.4 */
    pair_number number[1];
    pair_connect13();
    for (unsigned round = 0; round < 3; round++) {
        ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
        pair_drain(PAIR_CLIENT);
        pair_look_all(PAIR_CLIENT);
        number[0].epoch = pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->epoch;
        number[0].seq = pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->seq;
        (void)pair_pass(PAIR_CLIENT);
        pair_look_all(PAIR_SERVER);
        pair_ack_names(pair_the_only(FPL_CONTENT_TYPE_ACK), 1, number);
        pair_pump();
    }
    pair_end_all();
}
END_TEST

START_TEST(an_ack_that_was_lost_is_repeated)
{ /* RFC 9147 section 7.1: the message comes again in a record of its own, which is what the ACK names */
    pair_number number[1];
    pair_connect13();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    for (unsigned round = 0; round < 4; round++) {
        pair_look_all(PAIR_CLIENT);
        number[0].epoch = 3;
        number[0].seq = pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->seq;
        (void)pair_pass(PAIR_CLIENT);
        pair_look_all(PAIR_SERVER);
        pair_ack_names(pair_the_only(FPL_CONTENT_TYPE_ACK), 1, number);
        pair_lose(PAIR_SERVER);
        pair_wake(PAIR_CLIENT);
    }
    ck_assert_uint_eq(ends[0].conn->write_epoch, 3); /* RFC 9147 section 8: not before the ACK */
    ck_assert_uint_eq(ends[1].conn->read_epoch, 4);  /* once, whatever comes again */
    pair_end_all();
}
END_TEST

START_TEST(a_record_with_something_dropped_is_not_named)
{ /* RFC 9147 section 7: what was neither processed nor buffered must not be acknowledged */
    uint8_t        message[200] = {0};
    size_t         len;
    static uint8_t body[40];
    uint64_t       seq;
    pair_connect13();
    seq = ends[0].conn->keys13->write[0].next_seq;
    /* A good beginning of the next message, and behind it a message far beyond the window. */
    len = pair_message(message, FPL_HANDSHAKE_TYPE_KEY_UPDATE, ends[0].conn->next_send_seq, body, 40);
    fpl_put_uint(message + 1, 3, 80); /* the first half */
    len += pair_message(message + len, FPL_HANDSHAKE_TYPE_KEY_UPDATE, (uint16_t)(ends[0].conn->next_send_seq + 100),
                        body, 1);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, len);
    ck_assert_uint_eq(ends[1].conn->stats.dropped_full, 1);
    if (ends[1].conn->acks != NULL) {
        for (uint16_t i = 0; i < ends[1].conn->acks->num; i++) {
            ck_assert(ends[1].conn->acks->seq[i] != seq || ends[1].conn->acks->epoch[i] != 3);
        }
    }
    ck_assert(!ends[1].failed);
    pair_end_all();
}
END_TEST

START_TEST(a_gap_is_told_at_once_and_progress_later)
{ /* RFC 9147 section 7.1 */
    static const uint8_t body[30];
    uint8_t              message[100];
    pair_connect13();
    /* The second of two fragments first: a gap. */
    (void)pair_message(message, FPL_HANDSHAKE_TYPE_KEY_UPDATE, ends[0].conn->next_send_seq, body, 30);
    fpl_put_uint(message + 1, 3, 60);
    fpl_put_uint(message + 6, 3, 30);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, 42);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_count(FPL_CONTENT_TYPE_ACK), 1);
    pair_lose(PAIR_SERVER);
    pair_end_all();

    pair_connect13();
    /* The first of two: no gap yet, and the second may be under way. */
    (void)pair_message(message, FPL_HANDSHAKE_TYPE_KEY_UPDATE, ends[0].conn->next_send_seq, body, 30);
    fpl_put_uint(message + 1, 3, 60);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, 42);
    ck_assert_uint_eq(ends[1].num_sent, 0);
    ck_assert(ends[1].deadline != FPL_NEVER);
    ck_assert_uint_eq(ends[1].deadline - pair_now, fpl_limits[FPL_LIMIT_RESEND_INITIAL].value / 4);
    pair_wake(PAIR_SERVER);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_count(FPL_CONTENT_TYPE_ACK), 1);
    pair_end_all();
}
END_TEST

START_TEST(a_key_update_of_ours_answers_nothing)
{ /* so the ACK of what is arriving stays due */
    static const uint8_t body[20];
    uint8_t              message[12 + sizeof body];
    pair_connect13();
    (void)pair_message(message, FPL_HANDSHAKE_TYPE_NEW_SESSION_TICKET, ends[1].conn->next_send_seq, body, sizeof body);
    fpl_put_uint(message + 1, 3, 33); /* the rest is under way */
    pair_say(PAIR_SERVER, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, sizeof message);
    ck_assert_uint_eq(ends[0].num_sent, 0);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_lose(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].deadline - pair_now, fpl_limits[FPL_LIMIT_RESEND_INITIAL].value / 4);
    pair_wake(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    (void)pair_the_only(FPL_CONTENT_TYPE_ACK);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_key_update_of_ours_answers_nothing);
    tcase_add_test(tc, numbers_stand_in_increasing_order);
    tcase_add_test(tc, each_record_is_named_once);
    tcase_add_test(tc, of_many_the_newest_are_named);
    tcase_add_test(tc, where_room_is_short_the_newest_are_named);
    tcase_add_test(tc, the_newest_can_be_taken_back);
    tcase_add_test(tc, taking_back_goes_around_the_ring);
    tcase_add_test(tc, a_flight_of_ours_begins_a_new_list);
    tcase_add_test(tc, nothing_goes_out_without_keys_or_numbers);
    tcase_add_test(tc, the_clients_last_flight_is_acknowledged_whole);
    tcase_add_test(tc, after_the_handshake_each_ack_stands_alone);
    tcase_add_test(tc, an_ack_that_was_lost_is_repeated);
    tcase_add_test(tc, a_record_with_something_dropped_is_not_named);
    tcase_add_test(tc, a_gap_is_told_at_once_and_progress_later);
}

UNIT_MAIN("engine/acks", tests)
