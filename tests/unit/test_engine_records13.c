/* engine/record_in in DTLS 1.3: what becomes of records of each epoch, and of those that come too early (RFC 9147
 * sections 4, 5 and 8). */
#include "engine/record_in.h"

#include "pair13.h"

static const fpl_stats *stats(int which)
{
    return &ends[which].conn->stats;
}

static void ended_with(int which, int alert)
{
    ck_assert(ends[which].failed);
    ck_assert_int_eq(ends[which].conn->end.failure, FPL_FAILURE_WE_ALERTED);
    ck_assert_int_eq(ends[which].conn->end.alert, alert);
}

/* --- order ------------------------------------------------------------------------------------------------------ */

/* A handshake with the server's flight in several datagrams of `mtu`, up to where they are on the wire. */
static void server_has_answered(size_t mtu)
{
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_MTU, mtu), FPL_OK);
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_gt(ends[1].num_sent, 1);
}

START_TEST(a_flight_may_come_in_any_order)
{ /* RFC 9147 section 5.8.1: what is of the next epoch waits for its keys */
    for (size_t turn = 0; turn < 6; turn++) {
        size_t num;
        server_has_answered(300);
        num = ends[1].num_sent;
        for (size_t i = 0; i < num; i++) {
            const pair_datagram *d = &ends[1].sent[(num - 1 - i + turn) % num]; /* backwards, turned */
            (void)pair_receive(PAIR_CLIENT, d->bytes, d->len);
        }
        pair_lose(PAIR_SERVER);
        ck_assert_msg(ends[0].connected, "turned by %zu", turn);
        ck_assert_uint_eq(stats(0)->dropped_unexpected + stats(0)->dropped_full, 0);
        ck_assert_ptr_null(ends[0].conn->inbox.held);
        pair_pump();
        ck_assert(ends[1].connected);
        pair_end_all();
    }
}
END_TEST

START_TEST(few_records_wait_for_their_keys)
{
    size_t live;
    server_has_answered(300);
    live = pair_allocations.live;
    for (unsigned i = 0; i < 50; i++) { /* junk of epoch 2, that nobody can tell from records */
        uint8_t junk[80] = {0x2e, (uint8_t)i, 0, 0, 75};
        memset(junk + 5, (int)i, 75);
        (void)pair_receive(PAIR_CLIENT, junk, sizeof junk);
    }
    ck_assert_uint_eq(ends[0].conn->inbox.num_held, FPL_LIMIT_VALUE_HELD_RECORDS);
    ck_assert_uint_le(pair_allocations.live - live,
                      FPL_LIMIT_VALUE_HELD_BYTES + FPL_LIMIT_VALUE_HELD_RECORDS * sizeof(fpl_held));
    ck_assert_uint_eq(stats(0)->dropped_full, 50 - FPL_LIMIT_VALUE_HELD_RECORDS);
    pair_pump(); /* and it goes on */
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_uint_eq(stats(0)->dropped_forged, FPL_LIMIT_VALUE_HELD_RECORDS);
    pair_end_all();
}
END_TEST

START_TEST(data_before_the_finished_waits)
{ /* RFC 9147 section 5.8.1: a client's first data overtake its Finished */
    static pair_datagram data;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    ck_assert(ends[0].connected);
    data.len = 0;
    pair_put(PAIR_CLIENT, &data, 3, FPL_CONTENT_TYPE_APPLICATION_DATA, (const uint8_t *)"early", 5);
    (void)pair_receive(PAIR_SERVER, data.bytes, data.len);
    (void)pair_receive(PAIR_SERVER, data.bytes, data.len); /* twice is once */
    ck_assert_uint_eq(ends[1].num_data, 0);
    ck_assert_uint_eq(ends[1].conn->inbox.num_held, 1);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(ends[1].connected);
    ck_assert_uint_eq(ends[1].num_data, 1);
    ck_assert_uint_eq(ends[1].data_len, 5);
    ck_assert_mem_eq(ends[1].data, "early", 5);
    (void)pair_receive(PAIR_SERVER, data.bytes, data.len); /* later it is a replay */
    ck_assert_uint_eq(ends[1].num_data, 1);
    pair_pump();
    pair_end_all();
}
END_TEST

START_TEST(data_while_the_application_judges_wait)
{ /* opened already, they stand by number until the handshake is over */
    pair_begin13();
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    ck_assert_int_eq(fpl_config_set_trust(ends[1].config, FPL_TRUST_ASK), FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_str_eq(pair_state(PAIR_SERVER), "WAIT_TRUST");
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 3), FPL_OK);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 4), FPL_OK);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(ends[1].num_data, 0);
    ck_assert_int_eq(fpl_conn_judge_certificate(ends[1].conn, true, pair_now), FPL_OK);
    pair_drain(PAIR_SERVER);
    ck_assert(ends[1].connected);
    ck_assert_uint_eq(ends[1].num_data, 2);
    ck_assert_uint_eq(ends[1].data_len, 4); /* the newer one last */
    pair_pump();
    pair_end_all();
}
END_TEST

/* --- epochs ------------------------------------------------------------------------------------------------------- */

START_TEST(after_the_handshake_nothing_waits)
{ /* RFC 9147 section 8: the next epoch begins with an ACK, so nothing of it can be early */
    uint8_t record[60] = {0x2c, 0, 1, 0, 55}; /* epoch 4 */
    uint8_t other[60] = {0x2d, 0, 1, 0, 55};  /* epoch 5, or 1 */
    pair_connect13();
    (void)pair_receive(PAIR_SERVER, record, sizeof record);
    (void)pair_receive(PAIR_SERVER, other, sizeof other);
    ck_assert_uint_eq(stats(1)->dropped_unexpected, 2);
    ck_assert_uint_eq(stats(1)->dropped_forged, 0);
    ck_assert_ptr_null(ends[1].conn->inbox.held);
    pair_end_all();
}
END_TEST

START_TEST(early_data_is_of_an_epoch_nobody_has)
{ /* RFC 9147 section 6.1: epoch 1, for which there are no keys without a PSK */
    uint8_t record[60] = {0x2d, 0, 1, 0, 55};
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_receive(PAIR_SERVER, record, sizeof record);
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_receive(PAIR_SERVER, record, sizeof record);
    ck_assert_ptr_null(ends[1].conn->inbox.held);
    ck_assert_uint_eq(stats(1)->dropped_unexpected, 2);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(an_old_epoch_brings_repetitions_alone)
{ /* RFC 9147 as revised, section 8: a new message under keys that newer ones have replaced is a breach */
    static pair_datagram last;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    (void)pair_pass(PAIR_SERVER);
    last = ends[0].sent[0];
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    (void)pair_receive(PAIR_SERVER, last.bytes, last.len);
    ck_assert_uint_eq(stats(1)->dropped_replayed, 1);
    ck_assert(!ends[1].failed);
    pair_end_all();

    pair_connect13(); /* the server still reads epoch 2, for the Finished may come again; the client writes it no more
                       */
    ck_assert_ptr_null(fpl_write13_of(ends[0].conn, 2));
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(ends[1].conn->read_epoch, 4);
    pair_lose(PAIR_SERVER);
    pair_say_message(PAIR_CLIENT, 3, FPL_HANDSHAKE_TYPE_KEY_UPDATE, (const uint8_t *)"", 1);
    ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    pair_end_all();
}
END_TEST

START_TEST(a_repetition_in_an_old_epoch_is_acknowledged)
{ /* RFC 9147 section 7.1 */
    pair_connect13();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    pair_lose(PAIR_SERVER);
    pair_wake(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_count(FPL_CONTENT_TYPE_ACK), 1);
    ck_assert_uint_eq(stats(1)->duplicates, 1);
    ck_assert(!ends[1].failed);
    pair_pump();
    ck_assert_uint_eq(ends[0].conn->write_epoch, ends[1].conn->read_epoch);
    pair_end_all();
}
END_TEST

START_TEST(data_of_an_old_epoch_are_taken)
{ /* RFC 9147 section 8: they may be late */
    static pair_datagram late;
    pair_connect13();
    late.len = 0;
    pair_put(PAIR_CLIENT, &late, 3, FPL_CONTENT_TYPE_APPLICATION_DATA, (const uint8_t *)"late", 4);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_pump();
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 9), FPL_OK);
    pair_pump();
    ck_assert_uint_eq(ends[1].conn->read_epoch, 4);
    (void)pair_receive(PAIR_SERVER, late.bytes, late.len);
    ck_assert_uint_eq(ends[1].num_data, 2);
    ck_assert_uint_eq(ends[1].data_len, 4);
    pair_end_all();
}
END_TEST

START_TEST(plain_records_end_with_the_plain_epoch)
{ /* RFC 9147 sections 4.5.2 and 5.11: alerts, data and ACKs in epoch 0 count for nothing once there are keys */
    static const uint8_t fatal[] = {FPL_CONTENT_TYPE_ALERT, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40};
    static const uint8_t types[] = {FPL_CONTENT_TYPE_ALERT, FPL_CONTENT_TYPE_APPLICATION_DATA, FPL_CONTENT_TYPE_ACK,
                                    FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC};
    pair_connect13();
    for (size_t i = 0; i < sizeof types; i++) {
        uint8_t record[sizeof fatal];
        memcpy(record, fatal, sizeof fatal);
        record[0] = types[i];
        record[10] = (uint8_t)(99 + i);
        (void)pair_receive(PAIR_CLIENT, record, sizeof record);
        (void)pair_receive(PAIR_SERVER, record, sizeof record);
    }
    ck_assert(!ends[0].failed && !ends[1].failed);
    ck_assert_uint_eq(stats(0)->dropped_unexpected, sizeof types);
    ck_assert_uint_eq(ends[0].num_sent + ends[1].num_sent, 0);
    ck_assert_uint_eq(ends[0].num_data + ends[1].num_data, 0);
    pair_end_all();
}
END_TEST

START_TEST(a_change_cipher_spec_is_of_another_version)
{ /* RFC 9147 section 5: there is no compatibility mode */
    static const uint8_t ccs[] = {FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 50, 0, 1, 1};
    uint8_t              copy[sizeof ccs];
    server_has_answered(1200 / 4);
    memcpy(copy, ccs, sizeof ccs);
    (void)pair_receive(PAIR_CLIENT, copy, sizeof copy);
    ck_assert_uint_eq(stats(0)->dropped_unexpected, 1);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert(!ends[0].conn->early_ccs);
    pair_end_all();
}
END_TEST

START_TEST(protected_records_of_the_old_form_are_none)
{ /* RFC 9147 section 4: epoch 1 and up have the unified header */
    for (uint16_t epoch = 1; epoch < 6; epoch++) {
        uint8_t record[60] = {FPL_CONTENT_TYPE_HANDSHAKE, 0xfe, 0xfd, 0, (uint8_t)epoch, 0, 0, 0, 0, 0, 1, 0, 47};
        pair_connect13();
        (void)pair_receive(PAIR_SERVER, record, sizeof record);
        ck_assert_uint_eq(stats(1)->dropped_unexpected, 1);
        ck_assert_ptr_null(ends[1].conn->inbox.held);
        ck_assert(!ends[1].failed);
        pair_end_all();
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_flight_may_come_in_any_order);
    tcase_add_test(tc, few_records_wait_for_their_keys);
    tcase_add_test(tc, data_before_the_finished_waits);
    tcase_add_test(tc, data_while_the_application_judges_wait);
    tcase_add_test(tc, after_the_handshake_nothing_waits);
    tcase_add_test(tc, early_data_is_of_an_epoch_nobody_has);
    tcase_add_test(tc, an_old_epoch_brings_repetitions_alone);
    tcase_add_test(tc, a_repetition_in_an_old_epoch_is_acknowledged);
    tcase_add_test(tc, data_of_an_old_epoch_are_taken);
    tcase_add_test(tc, plain_records_end_with_the_plain_epoch);
    tcase_add_test(tc, a_change_cipher_spec_is_of_another_version);
    tcase_add_test(tc, protected_records_of_the_old_form_are_none);
}

UNIT_MAIN("engine/records13", tests)
