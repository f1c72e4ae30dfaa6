/* engine/output in DTLS 1.3: what fits where, that nothing is used up when it does not, and that no more than ten
 * records of a flight go out at once (RFC 9147 sections 5.1, 5.5 and 5.8.3). */
#include "engine/output.h"

#include "pair13.h"

/* The record numbers that an end has used, and what its flights and ACKs remember. */
typedef struct spent {
    uint64_t plain;
    uint64_t protected_[FPL_WRITE_EPOCHS13];
    uint64_t records, datagrams, bytes;
    size_t   noted;
    uint16_t acks;
    bool     ack_due, alert;
} spent;

static void spent_by(int which, spent *s)
{
    const fpl_conn *conn = ends[which].conn;
    memset(s, 0, sizeof *s); /* to be compared as it lies in memory */
    s->plain = conn->write[0].next_seq;
    for (size_t i = 0; conn->keys13 != NULL && i < FPL_WRITE_EPOCHS13; i++) {
        s->protected_[i] = conn->keys13->write[i].next_seq;
    }
    s->records = conn->stats.records_out;
    s->datagrams = conn->stats.datagrams_out;
    s->bytes = conn->stats.bytes_out;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        const fpl_flight *flight = conn->flights[i];
        s->noted += flight != NULL
                        ? flight->book->num + 1000u * flight->burst + 100000u * flight->at_message + flight->at_byte
                        : 0;
    }
    s->acks = conn->acks != NULL ? conn->acks->num : 0;
    s->ack_due = conn->ack_due;
    s->alert = conn->alert.set;
}

/* Polls with every buffer that is too small, then with one that is just enough; returns whether a datagram came. */
static bool squeeze(int which, pair_datagram *d)
{
    fpl_output out;
    spent      before;
    size_t     needed;
    for (;;) {
        fpl_result result = fpl_conn_poll(ends[which].conn, NULL, 0, &out);
        if (result == FPL_BUFFER_TOO_SMALL) {
            break;
        }
        ck_assert_int_eq(result, FPL_OK);
        ends[which].connected = ends[which].connected || out.type == FPL_OUTPUT_CONNECTED;
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            ends[which].deadline = out.as.deadline;
            return false;
        }
    }
    spent_by(which, &before);
    needed = out.needed;
    ck_assert_uint_gt(needed, 0);
    for (size_t cap = 0; cap < needed; cap += cap + 40 < needed ? 37 : 1) {
        spent after;
        memset(d->bytes, 0xee, sizeof d->bytes);
        ck_assert_int_eq(fpl_conn_poll(ends[which].conn, d->bytes, cap, &out), FPL_BUFFER_TOO_SMALL);
        ck_assert_uint_eq(out.needed, needed);
        for (size_t i = 0; i < sizeof d->bytes; i++) {
            ck_assert_uint_eq(d->bytes[i], 0xee);
        }
        spent_by(which, &after);
        ck_assert_mem_eq(&before, &after, sizeof before);
    }
    memset(d->bytes, 0xee, sizeof d->bytes);
    ck_assert_int_eq(fpl_conn_poll(ends[which].conn, d->bytes, needed, &out), FPL_OK);
    ck_assert_int_eq(out.type, FPL_OUTPUT_DATAGRAM);
    ck_assert_uint_eq(out.as.datagram_len, needed); /* what was planned is what was written */
    ck_assert_uint_eq(d->bytes[needed], 0xee);
    d->len = needed;
    return true;
}

/* Polls an end dry in that way, keeping what it sends; returns how many datagrams there were. */
static size_t squeeze_dry(int which)
{
    size_t num = 0;
    while (squeeze(which, &ends[which].sent[ends[which].num_sent])) {
        ends[which].num_sent++;
        num++;
    }
    return num;
}

/* Delivers all until both are silent; returns how many datagrams there were. */
static size_t squeeze_through(void)
{
    static pair_datagram d;
    size_t               num = squeeze_dry(PAIR_CLIENT) + squeeze_dry(PAIR_SERVER);
    while (ends[0].num_sent + ends[1].num_sent > 0) {
        for (int i = 0; i < 2; i++) {
            while (pair_take(i, &d)) {
                ck_assert_int_eq(fpl_conn_receive(ends[1 - i].conn, d.bytes, d.len, pair_now), FPL_OK);
                num += squeeze_dry(1 - i);
            }
        }
    }
    return num;
}

START_TEST(too_small_a_buffer_uses_nothing_up)
{ /* WR-08, for every datagram of a handshake with client authentication, of a KeyUpdate, of ACKs, of goodbyes */
    pair_begin13();
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set(ends[i].config, FPL_SETTING_MTU, 300), FPL_OK);
    }
    pair_open(false);
    ck_assert_int_eq(fpl_conn_start(ends[0].conn, pair_now), FPL_OK);
    ck_assert_uint_gt(squeeze_through(), 5);
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    ck_assert_uint_ge(squeeze_through(), 3);
    ck_assert(ends[0].conn->write_epoch == 4 && ends[1].conn->write_epoch == 4);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_conn_close(ends[i].conn, pair_now), FPL_OK);
        ck_assert_uint_eq(squeeze_through(), 1);
    }
    ck_assert_uint_eq(ends[0].conn->stats.flights_resent + ends[1].conn->stats.flights_resent, 0);
    ck_assert(fpl_conn_is_closed(ends[0].conn) && fpl_conn_is_closed(ends[1].conn));
    pair_end_all();
}
END_TEST

START_TEST(every_mtu_carries_a_handshake)
{
    for (size_t mtu = 200; mtu <= 1500; mtu += mtu < 260 ? 4 : 79) {
        pair_begin13();
        for (int side = 0; side < 2; side++) {
            ck_assert_int_eq(fpl_config_set(ends[side].config, FPL_SETTING_MTU, mtu), FPL_OK);
            ck_assert_int_eq(fpl_config_set_client_auth(ends[side].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
        }
        pair_open(false);
        pair_start();
        for (unsigned rounds = 0; rounds < 20 && !(ends[0].connected && ends[1].connected); rounds++) {
            for (int side = 0; side < 2; side++) {
                for (size_t i = 0; i < ends[side].num_sent; i++) {
                    ck_assert_uint_le(ends[side].sent[i].len, mtu);
                }
                (void)pair_pass(side);
            }
        }
        ck_assert_msg(ends[0].connected && ends[1].connected, "at %zu octets", mtu);
        ck_assert_uint_eq(ends[0].conn->stats.flights_resent + ends[1].conn->stats.flights_resent, 0);
        pair_end_all();
    }
}
END_TEST

/* A server's flight of many datagrams: a chain of the one certificate, five times. */
static void begin_with_long_chain(void)
{
    static uint8_t chain[6 * sizeof pair_credential.certificate];
    size_t         len = 0;
    pair_begin13();
    for (unsigned i = 0; i < 6; i++) {
        memcpy(chain + len, pair_credential.certificate, pair_credential.certificate_len);
        len += pair_credential.certificate_len;
    }
    ck_assert_int_eq(
        fpl_config_set_credential(ends[1].config, chain, len, pair_credential.key, pair_credential.key_len), FPL_OK);
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_MTU, 200), FPL_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set(ends[i].config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000), FPL_OK);
    }
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
}

/* Records of handshake messages among all that the server has sent and not delivered. */
static size_t records_on_the_wire(void)
{
    pair_look_all(PAIR_SERVER);
    return pair_count(FPL_CONTENT_TYPE_HANDSHAKE);
}

START_TEST(ten_records_go_out_at_once)
{ /* RFC 9147 section 5.8.3, and the rest a quarter of the timer later */
    size_t rest;
    begin_with_long_chain();
    ck_assert_uint_eq(records_on_the_wire(), FPL_LIMIT_VALUE_RECORDS_AT_ONCE);
    ck_assert_uint_eq(ends[1].deadline - pair_now, fpl_limits[FPL_LIMIT_RESEND_INITIAL].value / 4);
    pair_wake(PAIR_SERVER);
    rest = records_on_the_wire() - FPL_LIMIT_VALUE_RECORDS_AT_ONCE;
    ck_assert_uint_gt(rest, 0);
    ck_assert_uint_le(rest, FPL_LIMIT_VALUE_RECORDS_AT_ONCE);
    ck_assert_uint_eq(ends[1].conn->stats.flights_resent, 0); /* none of it went twice */
    for (size_t i = 1; i < pair_num_records; i++) {
        ck_assert(pair_records[i].epoch == 2 && pair_records[i].seq == i - 1); /* behind the ServerHello */
    }
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_uint_eq(ends[1].conn->stats.flights_resent + ends[0].conn->stats.duplicates, 0);
    pair_end_all();
}
END_TEST

START_TEST(the_rest_does_not_wait_for_what_it_need_not)
{ /* the client names the ten as soon as its timer says so: then the rest may go, and none of them again */
    begin_with_long_chain();
    (void)pair_pass(PAIR_SERVER);
    ck_assert(!ends[0].connected);
    pair_wake(PAIR_CLIENT); /* its ACK */
    ck_assert_uint_gt(ends[0].num_sent, 0);
    (void)pair_pass(PAIR_CLIENT);
    for (unsigned i = 0; i < 4 && !ends[0].connected; i++) {
        pair_wake(PAIR_SERVER);
        (void)pair_pass(PAIR_SERVER);
    }
    ck_assert(ends[0].connected);
    ck_assert_uint_eq(ends[0].conn->stats.duplicates, 0);
    pair_pump();
    ck_assert(ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(a_resend_pauses_too)
{
    size_t   in_all = 0;
    unsigned wakes = 0;
    begin_with_long_chain();
    pair_lose(PAIR_SERVER);
    for (; wakes < 12; wakes++) {
        size_t now;
        pair_wake(PAIR_SERVER);
        now = records_on_the_wire();
        ck_assert_uint_le(now, FPL_LIMIT_VALUE_RECORDS_AT_ONCE);
        in_all += now;
        pair_lose(PAIR_SERVER);
    }
    ck_assert_uint_gt(in_all, 3 * FPL_LIMIT_VALUE_RECORDS_AT_ONCE);
    ck_assert(!ends[1].failed);
    for (unsigned i = 0; i < 8 && !ends[0].connected; i++) {
        pair_wake(PAIR_SERVER);
        (void)pair_pass(PAIR_SERVER);
    }
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(a_doubted_address_gets_thrice_what_it_sent)
{ /* RFC 9147 section 5.1: retransmissions among them, until the client has shown that it gets them */
    uint64_t in = 0;
    pair_begin13();
    pair_open(true);
    pair_start();
    for (size_t i = 0; i < ends[PAIR_CLIENT].num_sent; i++) {
        in += ends[PAIR_CLIENT].sent[i].len;
    }
    (void)pair_pass(PAIR_CLIENT);
    for (unsigned wakes = 0; wakes < 12 && !ends[1].failed && ends[1].deadline != FPL_NEVER; wakes++) {
        ck_assert_uint_le(ends[1].conn->stats.bytes_out, 3 * in);
        pair_wake(PAIR_SERVER);
        pair_lose(PAIR_SERVER);
    }
    ck_assert_uint_gt(ends[1].conn->stats.bytes_out, 0);
    pair_end_all();

    pair_begin13();
    pair_open(true);
    pair_start();
    pair_pump();
    for (unsigned wakes = 0; wakes < 6 && !ends[0].connected; wakes++) {
        pair_wake(PAIR_CLIENT);
        pair_pump();
    }
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(an_ack_goes_before_a_flight_in_one_datagram)
{ /* RFC 9147 section 7: a KeyUpdate is acknowledged, and here answered by our own */
    pair_connect13();
    ck_assert_int_eq(fpl_conn_update_keys(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(ends[1].num_sent, 1);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(pair_num_records, 2);
    ck_assert_int_eq(pair_records[0].type, FPL_CONTENT_TYPE_ACK);
    ck_assert_int_eq(pair_records[1].type, FPL_CONTENT_TYPE_HANDSHAKE);
    pair_end_all();
}
END_TEST

START_TEST(record_numbers_that_are_used_up_end_it)
{ /* RFC 9147 section 4.2.1 */
    fpl_result result = FPL_OK;
    size_t     sent = 0;
    pair_connect13();
    ends[0].conn->keys13->write[0].next_seq = fpl_seal_limit(ends[0].conn) - 40;
    ends[1].conn->keys13->read.list[0].replay.next = fpl_seal_limit(ends[0].conn) - 40;
    for (unsigned i = 0; i < 60 && result == FPL_OK; i++) {
        result = pair_send(PAIR_CLIENT, 1);
        sent += result == FPL_OK;
    }
    ck_assert_int_eq(result, FPL_CLOSED);
    ck_assert_uint_gt(sent, 0);
    ck_assert_uint_lt(sent, 40); /* what is kept back is for the goodbye */
    pair_lose(PAIR_CLIENT);
    pair_drain(PAIR_CLIENT);
    ck_assert_uint_gt(ends[0].num_sent, 0);
    pair_lose(PAIR_SERVER);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(ends[1].closed);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, too_small_a_buffer_uses_nothing_up);
    tcase_add_test(tc, every_mtu_carries_a_handshake);
    tcase_add_test(tc, ten_records_go_out_at_once);
    tcase_add_test(tc, the_rest_does_not_wait_for_what_it_need_not);
    tcase_add_test(tc, a_resend_pauses_too);
    tcase_add_test(tc, a_doubted_address_gets_thrice_what_it_sent);
    tcase_add_test(tc, an_ack_goes_before_a_flight_in_one_datagram);
    tcase_add_test(tc, record_numbers_that_are_used_up_end_it);
}

UNIT_MAIN("engine/output13", tests)
