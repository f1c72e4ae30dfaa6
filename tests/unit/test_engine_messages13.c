/* engine/messages in DTLS 1.3: messages that share a record, what must not stand behind one, and what ends an
 * association (RFC 8446 section 5, RFC 9147 section 5.5). */
#include "engine/messages.h"

#include "pair13.h"

static void ended_with(int which, int alert)
{
    ck_assert(ends[which].failed);
    ck_assert_int_eq(ends[which].conn->end.failure, FPL_FAILURE_WE_ALERTED);
    ck_assert_int_eq(ends[which].conn->end.alert, alert);
}

START_TEST(messages_of_one_epoch_share_a_record)
{ /* RFC 9147 section 5.5 */
    size_t messages = 0;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    ck_assert_uint_eq(ends[1].num_sent, 1);
    ck_assert_uint_eq(pair_num_records, 2); /* ServerHello; and all that is under keys */
    ck_assert_uint_eq(pair_records[0].epoch, 0);
    ck_assert_uint_eq(pair_records[1].epoch, 2);
    for (size_t at = 0; at < pair_records[1].len; messages++) {
        const uint8_t *header = pair_records[1].body + at;
        ck_assert_uint_eq(header[5], messages + 1); /* message_seq */
        at += 12 + ((size_t)header[9] << 16 | (size_t)header[10] << 8 | header[11]);
        ck_assert_uint_le(at, pair_records[1].len);
    }
    ck_assert_uint_ge(messages, 4); /* EncryptedExtensions, Certificate, CertificateVerify, Finished */
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(nothing_stands_behind_a_key_update)
{ /* RFC 8446 section 5.1: messages must not span key changes */
    uint8_t message[64];
    size_t  len;
    pair_connect13();
    len = pair_message(message, FPL_HANDSHAKE_TYPE_KEY_UPDATE, ends[0].conn->next_send_seq, (const uint8_t *)"", 1);
    message[len] = 0; /* one octet more */
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, len + 1);
    ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    pair_end_all();

    pair_connect13();
    len = pair_message(message, FPL_HANDSHAKE_TYPE_KEY_UPDATE, ends[0].conn->next_send_seq, (const uint8_t *)"", 1);
    len += pair_message(message + len, FPL_HANDSHAKE_TYPE_KEY_UPDATE, (uint16_t)(ends[0].conn->next_send_seq + 1),
                        (const uint8_t *)"", 1);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, len);
    ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    pair_end_all();
}
END_TEST

START_TEST(nothing_of_the_old_epoch_follows_a_key_update)
{ /* RFC 9147 as revised, section 8: also if it came first, and was kept until its turn */
    uint8_t  later[64];
    uint16_t seq;
    size_t   len;
    pair_connect13();
    seq = ends[0].conn->next_send_seq;
    len = pair_message(later, FPL_HANDSHAKE_TYPE_KEY_UPDATE, (uint16_t)(seq + 1), (const uint8_t *)"", 1);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, later, len);
    ck_assert(!ends[1].failed);
    ck_assert_uint_eq(ends[1].conn->read_epoch, 3);
    pair_say_message(PAIR_CLIENT, 3, FPL_HANDSHAKE_TYPE_KEY_UPDATE, (const uint8_t *)"", 1);
    ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    pair_end_all();
}
END_TEST

START_TEST(nothing_stands_behind_a_finished)
{ /* RFC 8446 section 5.1, in both directions. The record is made anew, with the same messages and an octet more */
    for (int from = 0; from < 2; from++) {
        static pair_datagram d;
        static pair_seen     last;
        pair_begin13();
        pair_open(false);
        pair_start();
        (void)pair_pass(PAIR_CLIENT);
        if (from == PAIR_CLIENT) {
            (void)pair_pass(PAIR_SERVER);
        }
        pair_look_all(from);
        last = pair_records[pair_num_records - 1];
        ck_assert_uint_eq(last.epoch, 2);
        if (from == PAIR_SERVER) {
            pair_seen hello = pair_records[0];
            d.len = 0;
            pair_put(from, &d, 0, FPL_CONTENT_TYPE_HANDSHAKE, hello.body, hello.len);
            (void)pair_receive(1 - from, d.bytes, d.len);
        }
        pair_lose(from);
        last.body[last.len] = FPL_HANDSHAKE_TYPE_KEY_UPDATE;
        pair_say(from, 2, FPL_CONTENT_TYPE_HANDSHAKE, last.body, last.len + 1);
        ended_with(1 - from, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
        ck_assert(!ends[1 - from].connected);
        pair_end_all();
    }
}
END_TEST

START_TEST(nothing_stands_behind_a_server_hello)
{ /* RFC 8446 section 5.1: the next message is under keys */
    static pair_datagram d;
    pair_begin13();
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    pair_look_all(PAIR_SERVER);
    d.len = 0;
    pair_records[0].body[pair_records[0].len] = FPL_HANDSHAKE_TYPE_ENCRYPTED_EXTENSIONS;
    pair_put(PAIR_SERVER, &d, 0, FPL_CONTENT_TYPE_HANDSHAKE, pair_records[0].body, pair_records[0].len + 1);
    (void)pair_receive(PAIR_CLIENT, d.bytes, d.len);
    ended_with(PAIR_CLIENT, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    pair_end_all();
}
END_TEST

START_TEST(empty_records_end_it)
{ /* RFC 8446 section 5.4: of handshake and alerts; of application data they hide how much there is to say */
    static const struct {
        fpl_content_type type;
        bool             ends;
    } cases[] = {
        {FPL_CONTENT_TYPE_HANDSHAKE, true}, {FPL_CONTENT_TYPE_ALERT, true}, {FPL_CONTENT_TYPE_APPLICATION_DATA, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pair_connect13();
        pair_say(PAIR_CLIENT, 3, cases[i].type, (const uint8_t *)"", 0);
        if (cases[i].ends) {
            ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
        } else {
            ck_assert(!ends[1].failed);
        }
        ck_assert_uint_eq(ends[1].num_data, 0);
        pair_end_all();
    }
}
END_TEST

START_TEST(a_message_that_contradicts_itself_ends_it)
{ /* RFC 9147 section 5.5: under keys nobody else can have said it */
    uint8_t message[64] = {0};
    pair_connect13();
    (void)pair_message(message, FPL_HANDSHAKE_TYPE_KEY_UPDATE, ends[0].conn->next_send_seq,
                       (const uint8_t *)"0123456789", 10);
    fpl_put_uint(message + 1, 3, 20);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, 22);
    ck_assert(!ends[1].failed);
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, 22); /* the same again is none */
    ck_assert(!ends[1].failed);
    message[12] ^= 1;
    pair_say(PAIR_CLIENT, 3, FPL_CONTENT_TYPE_HANDSHAKE, message, 22);
    ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
    pair_end_all();
}
END_TEST

START_TEST(a_message_unknown_after_the_handshake_ends_it)
{ /* RFC 8446 section 6.2; among them a ClientHello that wants to renegotiate, section 4.1.2 */
    static const uint8_t types[] = {FPL_HANDSHAKE_TYPE_CLIENT_HELLO,       FPL_HANDSHAKE_TYPE_HELLO_REQUEST,
                                    FPL_HANDSHAKE_TYPE_FINISHED,           FPL_HANDSHAKE_TYPE_CERTIFICATE_REQUEST,
                                    FPL_HANDSHAKE_TYPE_NEW_SESSION_TICKET, 99};
    for (size_t i = 0; i < sizeof types; i++) {
        static const uint8_t zeros[32];
        pair_connect13();
        pair_say_message(PAIR_CLIENT, 3, types[i], zeros, sizeof zeros); /* to the server */
        ended_with(PAIR_SERVER, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
        pair_end_all();
    }
}
END_TEST

START_TEST(a_ticket_is_acknowledged_and_forgotten)
{ /* RFC 8446 section 4.6.1, RFC 9147 section 5.8.4 */
    static const uint8_t ticket[] = {0, 0, 0x0e, 0x10, 1, 2, 3, 4, 1, 7, 0, 2, 0xaa, 0xbb, 0, 0};
    size_t               live;
    pair_connect13();
    pair_now += 10000;
    live = pair_allocations.live;
    for (uint64_t i = 0; i < 20; i++) {
        pair_number number = {3, ends[1].conn->keys13->write[0].next_seq};
        pair_say_message(PAIR_SERVER, 3, FPL_HANDSHAKE_TYPE_NEW_SESSION_TICKET, ticket, sizeof ticket);
        pair_look_all(PAIR_CLIENT);
        pair_ack_names(pair_the_only(FPL_CONTENT_TYPE_ACK), 1, &number);
        pair_lose(PAIR_CLIENT);
    }
    ck_assert(!ends[0].failed);
    ck_assert_uint_eq(pair_allocations.live, live);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, messages_of_one_epoch_share_a_record);
    tcase_add_test(tc, nothing_stands_behind_a_key_update);
    tcase_add_test(tc, nothing_of_the_old_epoch_follows_a_key_update);
    tcase_add_test(tc, nothing_stands_behind_a_finished);
    tcase_add_test(tc, nothing_stands_behind_a_server_hello);
    tcase_add_test(tc, empty_records_end_it);
    tcase_add_test(tc, a_message_that_contradicts_itself_ends_it);
    tcase_add_test(tc, a_message_unknown_after_the_handshake_ends_it);
    tcase_add_test(tc, a_ticket_is_acknowledged_and_forgotten);
}

UNIT_MAIN("engine/messages13", tests)
