/* Key updates and the limits of keys, between two ends (RFC 9147 sections 4.5.3 and 8, RFC 8446 section 4.6.3). */
#include "pair13.h"

static uint16_t reads(int which)
{
    return ends[which].conn->read_epoch;
}

static uint16_t writes(int which)
{
    return ends[which].conn->write_epoch;
}

static bool has_read_keys(int which, uint16_t number)
{
    const fpl_read_epochs13 *epochs = &ends[which].conn->keys13->read;
    for (size_t i = 0; i < epochs->num; i++) {
        if (epochs->list[i].number == number) {
            return true;
        }
    }
    return false;
}

static void update(int which)
{
    ck_assert_int_eq(fpl_conn_update_keys(ends[which].conn, pair_now), FPL_OK);
    pair_drain(which);
}

/* Data go both ways and arrive. */
static void data_flow(void)
{
    for (int i = 0; i < 2; i++) {
        unsigned before = ends[1 - i].num_data;
        ck_assert_int_eq(pair_send(i, 7), FPL_OK);
        (void)pair_pass(i);
        ck_assert_uint_eq(ends[1 - i].num_data, before + 1);
    }
}

static void agree(uint16_t client, uint16_t server)
{
    ck_assert_uint_eq(writes(PAIR_CLIENT), client);
    ck_assert_uint_eq(reads(PAIR_SERVER), client);
    ck_assert_uint_eq(writes(PAIR_SERVER), server);
    ck_assert_uint_eq(reads(PAIR_CLIENT), server);
}

/* --- one after the other --------------------------------------------------------------------------------------------
 */

START_TEST(one_update_renews_both_directions)
{
    for (int who = 0; who < 2; who++) {
        pair_connect13();
        for (uint16_t round = 1; round < 12; round++) {
            update(who);
            pair_pump();
            agree((uint16_t)(3 + round), (uint16_t)(3 + round));
            data_flow();
        }
        ck_assert_uint_eq(pair_flights(0) + pair_flights(1), 0);
        pair_end_all();
    }
}
END_TEST

START_TEST(our_update_asks_the_peer_and_its_answer_asks_nothing)
{ /* RFC 8446 section 4.6.3 */
    pair_connect13();
    update(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->body[0], FPL_HANDSHAKE_TYPE_KEY_UPDATE);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->body[12], 1);
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->body[12], 0);
    pair_pump();
    agree(4, 4);
    pair_end_all();
}
END_TEST

START_TEST(nobody_writes_in_a_new_epoch_before_the_ack)
{ /* RFC 9147 section 8 */
    pair_connect13();
    update(PAIR_CLIENT);
    ck_assert_uint_eq(writes(PAIR_CLIENT), 3);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 5), FPL_OK);
    pair_look_all(PAIR_CLIENT);
    for (size_t i = 0; i < pair_num_records; i++) {
        ck_assert_uint_eq(pair_records[i].epoch, 3);
    }
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(reads(PAIR_SERVER), 4);
    ck_assert_uint_eq(ends[1].num_data, 1); /* which the reader of epoch 4 still takes */
    ck_assert_uint_eq(writes(PAIR_CLIENT), 3);
    (void)pair_pass(PAIR_SERVER);
    ck_assert_uint_eq(writes(PAIR_CLIENT), 4);
    ck_assert_ptr_null(fpl_write13_of(ends[0].conn, 3));
    pair_pump();
    pair_end_all();
}
END_TEST

START_TEST(there_is_no_second_update_before_the_ack)
{ /* RFC 9147 section 8 */
    pair_connect13();
    update(PAIR_CLIENT);
    pair_lose(PAIR_CLIENT);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_NOT_YET);
    pair_drain(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].num_sent, 0);
    pair_wake(PAIR_CLIENT);
    pair_pump();
    agree(4, 4);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_end_all();
}
END_TEST

START_TEST(before_the_handshake_is_over_there_is_none)
{ /* RFC 8446 section 4.6.3 */
    static const uint8_t body[] = {0};
    pair_begin13();
    pair_open(false);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_NOT_YET);
    pair_start();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_NOT_YET);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_int_eq(fpl_conn_update_keys(ends[1].conn, pair_now), FPL_NOT_YET);
    (void)pair_pass(PAIR_SERVER); /* the client's Finished is out */
    pair_lose(PAIR_CLIENT);
    ends[0].conn->next_send_seq = 1;
    pair_say_message(PAIR_CLIENT, 2, FPL_HANDSHAKE_TYPE_KEY_UPDATE, body, 1);
    ck_assert(ends[1].failed);
    ck_assert_int_eq(ends[1].conn->end.alert, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    pair_end_all();

    pair_begin();
    pair_connect();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_MISUSE); /* DTLS 1.2 has none */
    pair_end_all();
}
END_TEST

/* --- both at once ----------------------------------------------------------------------------------------------------
 */

START_TEST(both_may_ask_at_once)
{ /* each asks, each answers once it may */
    pair_connect13();
    update(PAIR_CLIENT);
    update(PAIR_SERVER);
    pair_pump();
    ck_assert_uint_eq(writes(0), reads(1));
    ck_assert_uint_eq(writes(1), reads(0));
    ck_assert_uint_ge(writes(0), 4);
    ck_assert_uint_le(writes(0), 5);
    ck_assert_uint_ge(writes(1), 4);
    ck_assert_uint_le(writes(1), 5);
    ck_assert_uint_eq(pair_flights(0) + pair_flights(1), 0);
    ck_assert_str_eq(pair_companion(0, FPL_MACHINE_KEY_UPDATE13), "IDLE");
    ck_assert_str_eq(pair_companion(1, FPL_MACHINE_KEY_UPDATE13), "IDLE");
    data_flow();
    pair_end_all();
}
END_TEST

START_TEST(both_at_once_and_everything_lost_once)
{
    for (unsigned which = 0; which < 16; which++) {
        pair_connect13();
        update(PAIR_CLIENT);
        update(PAIR_SERVER);
        for (unsigned step = 0; step < 4; step++) {
            int from = step % 2 == 0 ? PAIR_CLIENT : PAIR_SERVER;
            if ((which >> step & 1) != 0) {
                pair_lose(from);
            } else {
                (void)pair_pass(from);
            }
        }
        for (unsigned rounds = 0; rounds < 10; rounds++) {
            pair_pump();
            for (int i = 0; i < 2; i++) {
                if (pair_flights(i) > 0) {
                    pair_wake(i);
                }
            }
        }
        ck_assert_msg(!ends[0].failed && !ends[1].failed, "lost %x", which);
        ck_assert_uint_eq(pair_flights(0) + pair_flights(1), 0);
        ck_assert_uint_eq(writes(0), reads(1));
        ck_assert_uint_eq(writes(1), reads(0));
        data_flow();
        pair_end_all();
    }
}
END_TEST

START_TEST(a_peer_that_asks_again_and_again_gets_one_answer_at_a_time)
{ /* what it asks for must not pile up: flights, memory, datagrams */
    static const uint8_t wish[] = {1};
    size_t               live;
    unsigned             before;
    pair_connect13();
    pair_say_message(PAIR_CLIENT, 3, FPL_HANDSHAKE_TYPE_KEY_UPDATE, wish, 1);
    ck_assert_uint_eq(reads(PAIR_SERVER), 4);
    ck_assert_uint_eq(pair_flights(PAIR_SERVER), 1);
    live = pair_allocations.live;
    before = ends[1].datagrams;
    for (unsigned i = 0; i < 40; i++) {
        fpl_conn *client = ends[0].conn;
        fpl_keys  next = {FPL_KEYS_NONE, FPL_KEYS_NEXT};
        fpl_keys  previous = {FPL_KEYS_NONE, FPL_KEYS_PREVIOUS};
        ck_assert_int_eq(fpl_keys_install(client, next), FPL_STATUS_OK); /* it was acknowledged */
        fpl_keys_drop(client, previous);
        pair_lose(PAIR_SERVER);
        pair_say_message(PAIR_CLIENT, client->write_epoch, FPL_HANDSHAKE_TYPE_KEY_UPDATE, wish, 1);
        ck_assert(!ends[1].failed);
        ck_assert_uint_eq(pair_flights(PAIR_SERVER), 1); /* our first answer is not acknowledged yet */
    }
    ck_assert_uint_eq(writes(PAIR_SERVER), 3);
    ck_assert_uint_le(ends[1].conn->keys13->read.num, FPL_READ_EPOCHS13);
    ck_assert_uint_le(pair_allocations.live, live + 2 * sizeof(fpl_protect13_key) + sizeof(fpl_acks));
    ck_assert_uint_le(ends[1].datagrams - before, 40); /* an ACK for each */
    pair_end_all();
}
END_TEST

/* --- what is late -------------------------------------------------------------------------------------------- */

START_TEST(old_keys_stay_a_while_after_the_new_ones_are_used)
{ /* RFC 9147 section 8 */
    static const uint8_t no_wish[] = {0};
    const fpl_keys       next = {FPL_KEYS_NONE, FPL_KEYS_NEXT};
    pair_connect13();
    pair_say_message(PAIR_CLIENT, 3, FPL_HANDSHAKE_TYPE_KEY_UPDATE, no_wish, 1);
    pair_lose(PAIR_SERVER);
    ck_assert_uint_eq(reads(PAIR_SERVER), 4);
    pair_now += 100000;
    (void)fpl_conn_timeout(ends[1].conn, pair_now);
    pair_drain(PAIR_SERVER);
    ck_assert(has_read_keys(PAIR_SERVER, 3)); /* nothing of epoch 4 has come */
    data_flow();
    ck_assert_int_eq(fpl_keys_install(ends[0].conn, next), FPL_STATUS_OK);
    data_flow();
    ck_assert(has_read_keys(PAIR_SERVER, 3));
    ck_assert_uint_eq(ends[1].deadline - pair_now, fpl_limits[FPL_LIMIT_OLD_READ_KEYS].value);
    pair_wake(PAIR_SERVER);
    ck_assert(!has_read_keys(PAIR_SERVER, 3));
    ck_assert(has_read_keys(PAIR_SERVER, 4));
    data_flow();
    pair_end_all();
}
END_TEST

START_TEST(the_epoch_in_which_the_peer_still_writes_stays)
{ /* RFC 9147 section 8: a second update within the life of the first one's old keys, and its ACK is lost */
    pair_connect13();
    update(PAIR_CLIENT);
    pair_pump();
    agree(4, 4);
    data_flow(); /* the old keys' timer runs from here */
    update(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(reads(PAIR_SERVER), 5);
    pair_lose(PAIR_SERVER); /* the ACK, and the answer */
    pair_now += fpl_limits[FPL_LIMIT_OLD_READ_KEYS].value;
    (void)fpl_conn_timeout(ends[1].conn, pair_now);
    pair_drain(PAIR_SERVER);
    ck_assert(!has_read_keys(PAIR_SERVER, 3));
    ck_assert(has_read_keys(PAIR_SERVER, 4));
    (void)fpl_conn_timeout(ends[0].conn, pair_now); /* the KeyUpdate once more, in epoch 4 */
    pair_drain(PAIR_CLIENT);
    pair_pump();
    ck_assert_uint_eq(writes(PAIR_CLIENT), 5);
    ck_assert_uint_eq(ends[1].conn->stats.dropped_unexpected, 0);
    data_flow();
    pair_end_all();
}
END_TEST

START_TEST(a_last_flight_is_acknowledged_after_its_sender_renewed_its_keys)
{ /* RFC 9147 section 5.8.1: it may be repeated, in epoch 2, for as long as its ACK may have been lost */
    static const uint8_t no_wish[] = {0};
    const fpl_keys       next = {FPL_KEYS_NONE, FPL_KEYS_NEXT};
    pair_begin13();
    pair_open(false);
    pair_start();
    while (!ends[1].connected) {
        (void)pair_pass(PAIR_CLIENT);
        if (!ends[1].connected) {
            (void)pair_pass(PAIR_SERVER);
        }
    }
    pair_lose(PAIR_SERVER); /* the ACK of the client's Finished */
    pair_say_message(PAIR_CLIENT, 3, FPL_HANDSHAKE_TYPE_KEY_UPDATE, no_wish, 1);
    pair_lose(PAIR_SERVER);
    ck_assert_int_eq(fpl_keys_install(ends[0].conn, next), FPL_STATUS_OK); /* a peer that was heard all the same */
    pair_say(PAIR_CLIENT, 4, FPL_CONTENT_TYPE_APPLICATION_DATA, (const uint8_t *)"new", 3);
    ck_assert_uint_eq(ends[1].num_data, 1);
    pair_now += 2 * fpl_limits[FPL_LIMIT_OLD_READ_KEYS].value;
    (void)fpl_conn_timeout(ends[1].conn, pair_now);
    pair_drain(PAIR_SERVER);
    ck_assert(!has_read_keys(PAIR_SERVER, 3));
    ck_assert(has_read_keys(PAIR_SERVER, 2));
    pair_wake(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    (void)pair_the_only(FPL_CONTENT_TYPE_ACK);
    pair_end_all();
}
END_TEST

/* --- limits -------------------------------------------------------------------------------------------------- */

START_TEST(keys_are_renewed_before_they_are_used_up)
{ /* RFC 9147 section 4.5.3: and only ours; the peer's are its own affair */
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_SEAL_RECORDS, 1024), FPL_OK);
    pair_connect();
    for (unsigned i = 0; i < 5000; i++) {
        ck_assert_int_eq(pair_send(PAIR_CLIENT, 1), FPL_OK);
        pair_drain(PAIR_CLIENT);
        pair_pump();
        ck_assert_uint_lt(ends[0].conn->keys13->write[0].next_seq, 1024 - FPL_LIMIT_VALUE_SEAL_RESERVE);
    }
    ck_assert_uint_eq(ends[1].num_data, 5000);
    ck_assert_uint_ge(writes(PAIR_CLIENT), 3 + 5000 / 1024);
    ck_assert_uint_le(writes(PAIR_CLIENT), 3 + 5000 / 500);
    ck_assert_uint_eq(writes(PAIR_SERVER), 3);
    ck_assert_uint_eq(reads(PAIR_SERVER), writes(PAIR_CLIENT));
    pair_end_all();
}
END_TEST

START_TEST(without_an_ack_the_end_comes_in_time)
{ /* the peer never acknowledges: what is kept back says goodbye */
    fpl_result result = FPL_OK;
    unsigned   sent = 0;
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_SEAL_RECORDS, 1024), FPL_OK);
    pair_connect();
    for (; result == FPL_OK && sent < 3000; sent++) {
        result = pair_send(PAIR_CLIENT, 1);
        pair_drain(PAIR_CLIENT);
        ck_assert_uint_le(ends[0].num_sent, 3);
        pair_lose(PAIR_CLIENT);
    }
    ck_assert_int_eq(result, FPL_CLOSED);
    ck_assert_uint_gt(sent, 900);
    ck_assert_uint_lt(sent, 1024);
    pair_end_all();
}
END_TEST

/* A record of an epoch that nobody sealed. */
static void forge_in(int to, uint16_t epoch)
{
    uint8_t record[40] = {0x2c, 0, 0, 0, 35};
    record[0] = (uint8_t)(0x2c | (epoch & 3));
    (void)pair_receive(to, record, sizeof record);
}

static void forge(int to)
{
    forge_in(to, ends[to].conn->read_epoch);
}

START_TEST(forgeries_renew_keys_and_then_end_it)
{ /* RFC 9147 section 4.5.3 */
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_FORGERIES, 64), FPL_OK);
    pair_connect();
    pair_pump();
    for (unsigned i = 0; i < 55; i++) {
        forge(PAIR_CLIENT);
        ck_assert_uint_eq(ends[0].num_sent, 0);
    }
    forge(PAIR_CLIENT); /* the 56th: an eighth is left */
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->body[0], FPL_HANDSHAKE_TYPE_KEY_UPDATE);
    ck_assert_uint_eq(pair_the_only(FPL_CONTENT_TYPE_HANDSHAKE)->body[12],
                      1); /* only the peer can change what we read with */
    pair_pump();
    ck_assert_uint_eq(reads(PAIR_CLIENT), 4);
    data_flow();
    for (unsigned i = 0; i < 55; i++) { /* the new key counts from nothing */
        forge(PAIR_CLIENT);
    }
    ck_assert(!ends[0].failed);
    pair_lose(PAIR_CLIENT);
    for (unsigned i = 0; i < 8; i++) {
        forge(PAIR_CLIENT);
        ck_assert(!ends[0].failed);
        pair_lose(PAIR_CLIENT);
    }
    forge(PAIR_CLIENT); /* the 64th */
    ck_assert(ends[0].failed);
    ck_assert_int_eq(ends[0].conn->end.alert, FPL_ALERT_DESCRIPTION_BAD_RECORD_MAC);
    pair_end_all();
}
END_TEST

START_TEST(forgeries_of_an_old_epoch_end_that_epoch_alone)
{ /* RFC 9147 section 4.5.3 is about keys: nobody sends under these any more but to repeat a last flight */
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_FORGERIES, 64), FPL_OK);
    pair_connect();
    pair_pump();
    ck_assert(has_read_keys(PAIR_SERVER, 2));
    for (unsigned i = 0; i < 200; i++) {
        forge_in(PAIR_SERVER, 2);
        ck_assert(!ends[1].failed);
        ck_assert_uint_eq(ends[1].num_sent, 0);
        ck_assert_int_eq(has_read_keys(PAIR_SERVER, 2), i < 63);
    }
    ck_assert_uint_eq(ends[1].conn->stats.dropped_forged, 64);
    data_flow();
    pair_end_all();
}
END_TEST

START_TEST(epochs_end_before_they_wrap)
{ /* RFC 9147 section 8 */
    static const uint8_t body[] = {0};
    pair_connect13();
    ends[1].conn->read_epoch = UINT16_MAX - 1;
    ends[1].conn->keys13->read.list[0].number = UINT16_MAX - 1;
    ends[0].conn->write_epoch = UINT16_MAX - 1;
    ends[0].conn->keys13->write[0].number = UINT16_MAX - 1;
    pair_say_message(PAIR_CLIENT, UINT16_MAX - 1, FPL_HANDSHAKE_TYPE_KEY_UPDATE, body, 1);
    ck_assert(ends[1].failed);
    ck_assert_int_eq(ends[1].conn->end.alert, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR);
    pair_end_all();
}
END_TEST

START_TEST(exporters_outlive_key_updates)
{ /* RFC 8446 section 7.5: the exporter secret is of the handshake */
    uint8_t before[32], after[2][32];
    pair_connect13();
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, before, 32, "EXPERIMENTAL", NULL, 0), FPL_OK);
    update(PAIR_CLIENT);
    pair_pump();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_conn_export(ends[i].conn, after[i], 32, "EXPERIMENTAL", NULL, 0), FPL_OK);
        ck_assert_mem_eq(before, after[i], 32);
    }
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, one_update_renews_both_directions);
    tcase_add_test(tc, our_update_asks_the_peer_and_its_answer_asks_nothing);
    tcase_add_test(tc, nobody_writes_in_a_new_epoch_before_the_ack);
    tcase_add_test(tc, there_is_no_second_update_before_the_ack);
    tcase_add_test(tc, before_the_handshake_is_over_there_is_none);
    tcase_add_test(tc, both_may_ask_at_once);
    tcase_add_test(tc, both_at_once_and_everything_lost_once);
    tcase_add_test(tc, a_peer_that_asks_again_and_again_gets_one_answer_at_a_time);
    tcase_add_test(tc, old_keys_stay_a_while_after_the_new_ones_are_used);
    tcase_add_test(tc, the_epoch_in_which_the_peer_still_writes_stays);
    tcase_add_test(tc, a_last_flight_is_acknowledged_after_its_sender_renewed_its_keys);
    tcase_add_test(tc, keys_are_renewed_before_they_are_used_up);
    tcase_add_test(tc, without_an_ack_the_end_comes_in_time);
    tcase_add_test(tc, forgeries_renew_keys_and_then_end_it);
    tcase_add_test(tc, forgeries_of_an_old_epoch_end_that_epoch_alone);
    tcase_add_test(tc, epochs_end_before_they_wrap);
    tcase_add_test(tc, exporters_outlive_key_updates);
}

UNIT_MAIN("engine/key_update", tests)
