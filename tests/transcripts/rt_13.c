/* Group RT of the security catalogue in DTLS 1.3: resends, timers and ACKs. */
#include <stdio.h>
#include <string.h>

#include "transcripts/chains.h"
#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static void patient(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

static void long_chain_patient(fpl_config *config)
{
    eight_certificates(config);
    patient(config);
}

static void narrow(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_MTU, 220);
}

static void large_chain_narrow(fpl_config *config)
{
    large_certificates(config);
    (void)fpl_config_set(config, FPL_SETTING_MTU, 256);
}

static void long_chain_wide(fpl_config *config)
{
    eight_certificates(config);
    (void)fpl_config_set(config, FPL_SETTING_MTU, 1400);
}

/* The records of a type since the mark; several messages in one count once. */
static unsigned num_records(const stage *s, unsigned type)
{
    unsigned num = 0;
    for (size_t i = 0; i < num_heard(s); i++) {
        const heard *h = heard_new(s, i), *before = i > 0 ? heard_new(s, i - 1) : NULL;
        num += h->record == type && (before == NULL || before->epoch != h->epoch || before->seq != h->seq) ? 1 : 0;
    }
    return num;
}

/* ----- RT-01 to RT-04 -------------------------------------------------------------------------------------------- */

static void rt01_13_amplification(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true,
                                              .unproven = true,
                                              .door = door == 1,
                                              .no_cookie = true,
                                              .configure = long_chain_patient});
        say13_client_hello(s);
        deliver(s);
        for (int i = 0; i < 120 && !s->failed; i++) {
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
            advance(s, 1000);
        }
        EXPECT(s, s->bytes_out <= 3 * s->bytes_in && s->bytes_out > 0);
        for (int i = 0; i < 60 && !s->peer.flight_done; i++) {
            peer13_say_again(&s->peer13, 0);
            deliver(s);
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
            advance(s, 600);
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
        }
        EXPECT(s, s->peer.flight_done);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* The first authenticated record proves the address; and so does the application. */
static void rt01_13_limit_falls(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .unproven = true, .configure = eight_certificates});
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->bytes_out <= 3 * s->bytes_in && !s->peer.flight_done);
    EXPECT(s, fpl_conn_set_address_validated(s->conn) == FPL_OK);
    poll(s);
    for (int i = 0; i < 4 && !s->peer.flight_done; i++) {
        wake(s);
    }
    EXPECT(s, s->peer.flight_done);
    finish13(s);
    stage_close(s);
    s = stage_open((stage_options){.dtls13 = true, .unproven = true, .configure = eight_certificates});
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer.ready && !s->peer.flight_done);
    peer13_ack_heard(&s->peer13);
    deliver(s);
    for (int i = 0; i < 6 && !s->peer.flight_done; i++) {
        wake(s);
        peer13_ack_heard(&s->peer13);
        deliver(s);
    }
    EXPECT(s, s->peer.flight_done);
    finish13(s);
}

static void rt02_13_retry_is_stateless(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .door = true});
    bytes  body = peer13_client_hello(&s->peer13);
    for (int i = 0; i < 5; i++) {
        peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, 0, 0, body);
        size_t request = s->peer.datagram.len;
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->datagram_len <= request + 160); /* hello and cookie, far below three times as much */
        EXPECT(s, heard_new(s, 0)->datagram_len <= 3 * request);
        EXPECT_UINT(s, heard_new(s, 0)->seq, i);
        EXPECT_UINT(s, heard_new(s, 0)->msg_seq, 0);
        EXPECT(s, s->deadline == FPL_NEVER);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    }
}

static void black_hole(stage *s, fpl_time first)
{
    fpl_time sent = s->now, interval = first;
    for (int resend = 0; resend < 8; resend++) {
        while (s->deadline < sent + interval) {
            wake(s); /* the rest of a flight, or an ACK that was due */
            EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO) + num_heard_messages(s, SERVER_HELLO), 0);
        }
        EXPECT_UINT(s, s->deadline, sent + interval);
        wake(s);
        EXPECT(s, num_heard(s) > 0 && !s->failed);
        sent = s->now;
        interval = 2 * interval < 60000 ? 2 * interval : 60000;
    }
    EXPECT_UINT(s, s->deadline, sent + interval);
    wake(s);
    EXPECT_UINT(s, num_heard_records(s, HANDSHAKE), 0);
    expect_timeout(s);
    expect_dead(s);
}

static void rt03_13_back_off(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.configure = patient;
        stage *s = stage_open(o);
        hello13(s);
        black_hole(s, 1000);
        stage_close(s);
    }
}

static void rt03_13_back_off_of_the_second_hello(void)
{
    stage_options o = role13(1);
    o.configure = patient;
    stage *s = stage_open(o);
    hello13(s);
    advance(s, 1500);
    say13_retry(s, 0, bytes_of("cookie", 6));
    deliver(s);
    expect_state(s, "WAIT_SH_AGAIN");
    black_hole(s, 1000);
}

/* The last flight of a client waits for an ACK, with the same patience; data flows meanwhile. */
static void rt03_13_back_off_of_the_last_flight(void)
{
    for (int auth = 0; auth < 2; auth++) {
        stage_options o = role13(1);
        o.configure = patient;
        stage *s = stage_open(o);
        s->peer.asks = auth == 1;
        hello13(s);
        say13_rest(s);
        s->now += 300;
        deliver(s);
        expect_connected(s);
        expect_state(s, "WAIT_ACK");
        expect_talk(s);
        black_hole(s, 1000);
        stage_close(s);
    }
}

static void rt03_13_deadline_of_the_whole_handshake(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage_open(role13(role));
        fpl_time begun = s->now;
        hello13(s);
        advance(s, 39999);
        EXPECT(s, !s->failed);
        EXPECT_UINT(s, s->deadline, begun + 40000);
        advance(s, 1);
        expect_timeout(s);
        EXPECT(s, s->why.state != NULL && s->why.line > 0 && s->why.file != NULL);
        stage_close(s);
    }
}

/* One byte before each timer does not hold it open, though each is acknowledged. */
static void rt03_13_trickling_peer(void)
{
    stage *s = stage13_at(FPL_ROLE_SERVER, "WAIT_CERT");
    bytes    body = peer13_certificate(&s->peer13);
    unsigned seq = peer13_note(&s->peer13, CERTIFICATE, body);
    for (size_t i = 0; i < 60 && !s->failed; i++) {
        peer13_fragment(&s->peer13, CERTIFICATE, body.len, seq, i, bytes_of(body.data + i, 1));
        deliver(s);
        advance(s, 900);
    }
    expect_timeout(s);
}

static void rt04_13_replayed_flight(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(role13(role));
        hello13(s);
        if (role == 1) {
            say13_retry(s, 0, bytes_of("cookie", 6));
            deliver(s);
        }
        /* Nothing is authenticated yet: anybody may repeat what was said in the clear. */
        peer13_say_again(&s->peer13, 0);
        bytes    once = take_said(s);
        size_t   before = s->bytes_out, flight = 0;
        unsigned answers = 0;
        for (int ms = 0; ms < 1000; ms++) {
            for (int n = 0; n < 10; n++) {
                deliver_bytes(s, once);
                if (num_heard(s) > 0) {
                    answers++;
                    flight = flight == 0 ? s->bytes_out - before : flight;
                }
            }
            advance(s, 1);
        }
        EXPECT(s, answers <= 3 && answers >= 1);
        EXPECT(s, s->bytes_out - before <= 5 * flight);
        finish13(s);
        stage_close(s);
    }
}

static void rt04_13_replayed_flight_after_connected(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = connected13(role13(role));
        unsigned epoch = s->peer13.epoch;
        for (int i = 0; i < 1000; i++) {
            s->peer13.epoch = 0;
            for (size_t n = 0; n < s->peer13.num_said; n++) {
                const said13 *q = &s->peer13.said[n];
                if (q->epoch == 0) {
                    peer13_fragment(&s->peer13, q->type, q->body.len, q->msg_seq, 0, q->body);
                }
            }
            s->peer13.epoch = epoch;
            deliver(s);
            expect_quiet(s);
            advance(s, 100);
            expect_quiet(s);
        }
        expect_talk(s);
        stage_close(s);
    }
}

/* Once something is authenticated, what comes in the clear asks for nothing. */
static void rt04_13_plaintext_cannot_ask_once_keyed(void)
{
    stage *s = stage13_at(FPL_ROLE_SERVER, "WAIT_CV");
    advance(s, 700);
    s->peer13.epoch = 0;
    const said13 *q = &s->peer13.said[0];
    for (int i = 0; i < 10; i++) {
        peer13_fragment(&s->peer13, q->type, q->body.len, q->msg_seq, 0, q->body);
        deliver(s);
        expect_quiet(s);
    }
    s->peer13.epoch = 2;
    finish13(s);
}

/* A few octets of a stranger, with the number of an old message, draw no flight out of a server. */
static void rt04_13_stranger_cannot_ask(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1, .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello13(s);
        advance(s, 700);
        for (unsigned seq = 0; seq < 3; seq++) {
            static const unsigned types[] = {HELLO_REQUEST, CLIENT_HELLO, CERTIFICATE, FINISHED, 99};
            for (size_t i = 0; i < 5; i++) {
                for (size_t len = 0; len < 6; len += 5) {
                    bytes    fragment = peer_fragment_of(types[i], len, seq, 0, bytes_zero(len));
                    uint64_t number = 300 + 20 * seq + 2 * i + len / 5;
                    bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, number, fragment));
                    deliver(s);
                    EXPECT(s, num_heard(s) == 0 && !s->failed);
                }
            }
        }
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* Under keys, too: what has the number, type and length of the last message but other content is no repetition of it. */
static void rt04_13_other_content_is_no_question(void)
{
    stage        *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_ACK");
    const said13 *m = &s->peer13.said[s->peer13.num_said - 1];
    bytes         body = bytes_of(m->body.data, m->body.len);
    EXPECT_UINT(s, m->type, FINISHED);
    body.data[7] ^= 1;
    advance(s, 600);
    s->peer13.epoch = 2;
    peer13_fragment(&s->peer13, FINISHED, body.len, m->msg_seq, 0, body);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 0);
    peer13_fragment(&s->peer13, FINISHED, body.len, m->msg_seq, 0, m->body);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
    s->peer13.epoch = 3;
    finish13(s);
}

/* ----- RT-06: the last ACK ----------------------------------------------------------------------------------------- */

static void rt06_13_lost_last_ack(void)
{
    for (int way = 0; way < 4; way++) {
        stage *s = stage_open((stage_options){.dtls13 = true,
                                              .door = way >= 2,
                                              .auth = way % 2 == 1 ? FPL_CLIENT_AUTH_REQUIRED : FPL_CLIENT_AUTH_OFF});
        hello13(s);
        size_t first = s->peer13.num_said;
        say13_rest(s);
        deliver(s);
        expect_connected(s);
        for (int lost = 0; lost < 3; lost++) {
            app_send(s, bytes_of("already talking", 15));
            advance(s, 1000u << lost);
            peer13_say_again(&s->peer13, first);
            deliver(s);
            /* The numbers of this transmission: those of the first would mean nothing to its sender. */
            EXPECT_UINT(s, num_heard_records(s, ACK), 1);
            for (size_t i = first; i < s->peer13.num_said; i++) {
                EXPECT(s, ack_names(heard_new(s, 0), s->peer13.said[i].record));
            }
            EXPECT_UINT(s, heard_new(s, 0)->epoch, 3);
            EXPECT_UINT(s, num_heard_records(s, HANDSHAKE), 0);
        }
        EXPECT_UINT(s, s->connected, 1);
        expect_talk(s);
        stage_close(s);
    }
}

/* Only Finished comes again, or only a piece of it: each record that was kept once is named. */
static void rt06_13_part_of_the_last_flight(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .auth = FPL_CLIENT_AUTH_REQUIRED});
    hello13(s);
    size_t first = s->peer13.num_said;
    say13_rest(s);
    deliver(s);
    expect_connected(s);
    for (size_t i = s->peer13.num_said; i > first; i--) {
        advance(s, 2000);
        size_t num = s->peer13.num_said;
        s->peer13.num_said = i;
        peer13_say_again(&s->peer13, i - 1);
        s->peer13.num_said = num;
        deliver(s);
        EXPECT_UINT(s, num_heard_records(s, ACK), 1);
        EXPECT(s, ack_names(heard_new(s, 0), s->peer13.said[i - 1].record));
    }
}

static void rt06_13_keys_are_kept_for_twice_the_msl(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true});
    hello13(s);
    size_t first = s->peer13.num_said;
    say13_rest(s);
    deliver(s);
    expect_connected(s);
    for (fpl_time at = 0; at < 230000; at += 30000) {
        advance(s, 30000);
        if (at + 30000 < 240000) {
            peer13_say_again(&s->peer13, first);
            deliver(s);
            EXPECT_UINT(s, num_heard_records(s, ACK), 1);
        }
    }
    advance(s, 60000);
    EXPECT(s, s->deadline == FPL_NEVER);
    peer13_say_again(&s->peer13, first);
    deliver(s);
    expect_quiet(s);
    expect_talk(s);
}

/* The client's side: it repeats its last flight, in epoch 2, until an ACK of any of its transmissions comes. */
static void rt06_13_client_waits_for_an_ack(void)
{
    for (size_t which = 0; which < 3; which++) {
        stage *s = stage_open(role13(1));
        hello13(s);
        say13_rest(s);
        deliver(s);
        expect_state(s, "WAIT_ACK");
        number13 sent[3];
        for (size_t i = 0; i < 3; i++) {
            const heard *last = &s->peer.heard[s->peer.num_heard - 1];
            EXPECT(s, last->type == FINISHED && last->epoch == 2);
            sent[i] = (number13){last->epoch, last->seq};
            if (i < 2) {
                wake(s);
            }
        }
        peer13_ack(&s->peer13, &sent[which], 1);
        deliver(s);
        expect_state(s, "CONNECTED");
        EXPECT(s, s->deadline == FPL_NEVER);
        advance(s, 3600000);
        expect_quiet(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* The server repeats its flight, for our Finished was lost: ours comes again, before its timer and not too often. */
static void rt06_13_server_repeats_its_flight(void)
{
    for (int auth = 0; auth < 2; auth++) {
        stage *s = stage_open(role13(1));
        s->peer.asks = auth == 1;
        hello13(s);
        size_t first = s->peer13.num_said;
        say13_rest(s);
        s->loses = 100;
        deliver(s);
        s->loses = 0;
        expect_state(s, "WAIT_ACK");
        EXPECT(s, !s->peer.their_finished);
        unsigned answers = 0;
        for (int i = 0; i < 10; i++) {
            advance(s, 60);
            EXPECT_UINT(s, num_heard(s), 0);
            peer13_say_again(&s->peer13, first);
            deliver(s);
            EXPECT(s, num_heard_messages(s, FINISHED) <= 1);
            answers += num_heard_messages(s, FINISHED);
        }
        EXPECT(s, answers >= 1 && answers <= 2 && s->peer.their_finished);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* ----- RT-07 ------------------------------------------------------------------------------------------------------- */

static void rt07_13_resend_keeps_epoch_and_bytes(void)
{
    for (int what = 0; what < 3; what++) {
        stage *s = stage_open(role13(what == 0 ? 0 : 1));
        size_t from;
        s->peer.asks = true;
        if (what == 0) {
            from = s->peer.num_heard;
            hello13(s);
        } else if (what == 1) {
            from = s->peer.num_heard;
            start(s);
        } else {
            hello13(s);
            say13_rest(s);
            from = s->peer.num_heard;
            deliver(s);
        }
        size_t to = s->peer.num_heard, num = to - from;
        wake(s);
        EXPECT(s, num > 0 && s->peer.num_heard == to + num);
        for (size_t i = 0; i < num; i++) {
            const heard *a = &s->peer.heard[from + i], *b = &s->peer.heard[to + i];
            EXPECT(s, a->record == HANDSHAKE && a->record == b->record && a->epoch == b->epoch && a->type == b->type);
            EXPECT(s, a->msg_seq == b->msg_seq && a->offset == b->offset && a->total == b->total);
            EXPECT(s, bytes_equal(a->body, b->body) && b->opened && b->seq > a->seq);
        }
        finish13(s);
        stage_close(s);
    }
}

/* ----- RT-08, RT-09: odd ACKs ---------------------------------------------------------------------------------------- */

/* A client that waits for the ACK of its last flight. */
static stage *waits_for_ack(void)
{
    return stage13_at(FPL_ROLE_CLIENT, "WAIT_ACK");
}

static void rt08_13_ack_of_what_was_never_sent(void)
{
    static const number13 odd[] = {{2, 500}, {3, 0}, {3, 77}, {0, 0}, {0, 1}, {1, 0}, {2, 1000000}, {0, 99}};
    stage                *s = waits_for_ack();
    fpl_time              deadline = s->deadline;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        peer13_ack(&s->peer13, &odd[i], 1);
        deliver(s);
        expect_quiet(s);
        expect_state(s, "WAIT_ACK");
        EXPECT_UINT(s, s->deadline, deadline);
    }
    peer13_ack(&s->peer13, odd, sizeof odd / sizeof odd[0]);
    deliver(s);
    expect_quiet(s);
    EXPECT_UINT(s, s->deadline, deadline);
    /* The right one among them counts. */
    number13 mixed[3] = {{0, 0}, {2, 0}, {3, 9}};
    peer13_ack(&s->peer13, mixed, 3);
    deliver(s);
    expect_state(s, "CONNECTED");
}

static void rt09_13_ack_of_a_later_epoch(void)
{
    static const uint64_t epochs[] = {3, 4, 5, 65535, UINT64_C(65538), UINT64_C(0x10000000000002), UINT64_MAX};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
            stage *s =
                role == 0 ? stage13_at(FPL_ROLE_SERVER, "WAIT_FINISHED") : stage13_at(FPL_ROLE_CLIENT, "WAIT_FINISHED");
            number13 number = {epochs[i], 0};
            EXPECT_UINT(s, s->peer13.epoch, 2);
            peer13_ack(&s->peer13, &number, 1);
            deliver(s);
            expect_alert(s, ILLEGAL_PARAMETER);
            stage_close(s);
        }
    }
}

/* Numbers that do not fit are nobody's: they are not cut down to one that is. */
static void rt09_13_impossible_numbers(void)
{
    static const number13 odd[] = {{2, UINT64_C(1) << 48}, {2, UINT64_C(1) << 32}, {2, UINT64_C(1) << 16}, {2, UINT64_MAX},
                                   {65538, 0},             {UINT64_C(1) << 32 | 2, 0}, {UINT64_MAX, UINT64_MAX}};
    stage                *s = waits_for_ack();
    EXPECT(s, s->peer.heard[s->peer.num_heard - 1].epoch == 2 && s->peer.heard[s->peer.num_heard - 1].seq == 0);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        peer13_ack(&s->peer13, &odd[i], 1);
        expect_ignored(s);
        expect_state(s, "WAIT_ACK");
    }
    number13 right = {2, 0};
    peer13_ack(&s->peer13, &right, 1);
    deliver(s);
    expect_state(s, "CONNECTED");
}

static void rt09_13_malformed_ack(void)
{
    static const char *const bodies[] = {"",
                                         "00",
                                         "0001",
                                         "0010",
                                         "0010 0000000000000002 00000000000000",
                                         "000f 0000000000000002 00000000000000",
                                         "0010 0000000000000002 0000000000000000 00",
                                         "0020 0000000000000002 0000000000000000",
                                         "ffff 0000000000000002 0000000000000000"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        stage *s = waits_for_ack();
        peer13_record(&s->peer13, ACK, bytes_hex(bodies[i]));
        deliver(s);
        expect_alert(s, DECODE_ERROR);
        stage_close(s);
    }
}

/* ----- RT-10, RT-11: our ACKs ----------------------------------------------------------------------------------------- */

/* Says something that may draw an ACK; that comes of what is new, or has come once more. `far` is the record that held a message
 * from beyond the window: it was dropped, and no ACK names it, whenever it goes out. */
static void provoke(stage *s, unsigned what, number13 *far)
{
    peer13 *q = &s->peer13;
    bool    client = s->peer.client;
    switch (what) {
    case 0: peer13_data(q, bytes_of("data", 4)); break;
    case 1: peer13_alert(q, WARNING, USER_CANCELED); break;
    case 2: peer13_ack(q, NULL, 0); break;
    case 3: bytes_append(&s->peer.datagram, bytes_hex("2f 0000 0011 0000000000000000000000000000000000")); break;
    case 4: peer13_say_again(q, q->num_said - 1); break;
    case 5:
        *far = (number13){q->epoch, q->ours[q->epoch % PEER13_EPOCHS].seq};
        peer13_fragment(q, KEY_UPDATE, 1, s->peer.msg_seq + 300, 0, bytes_zero(1));
        break;
    default:
        q->num_said = 10; /* they need not be remembered */
        peer13_say(q, client ? KEY_UPDATE : NEW_SESSION_TICKET, client ? peer13_key_update(false) : peer13_ticket(20));
        break;
    }
    deliver(s);
    EXPECT(s, !s->failed && num_heard(s) == (what == 4 || what == 6 ? 1 : 0));
    for (size_t n = 0; n < num_heard(s); n++) {
        const heard *h = heard_new(s, n);
        EXPECT(s, h->record == ACK && ack_len(h) <= 32);
        EXPECT(s, ack_names(h, q->said[q->num_said - 1].record) && !ack_names(h, *far));
    }
    if (what == 6 && client) {
        peer13_next_keys(q);
    }
}

/* The peer itself complains of any number that is no handshake record of its flight, of an order that does not increase
 * and of an epoch below that of what is named: here it is given many a chance. */
static void rt10_13_acks_name_handshake_records_only(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = connected13(role13(role));
        size_t   records = s->peer13.sent.len;
        number13 far = {0, 0};
        for (unsigned i = 0; i < 7 * 3334; i++) {
            provoke(s, (i + 6) % 7, &far); /* something new first: what the handshake said is over */
            s->num_data = 0;
            advance(s, 50);
            EXPECT_UINT(s, num_heard(s), 0);
        }
        records = (s->peer13.sent.len - records) / sizeof(number13);
        EXPECT(s, records >= 10000);
        expect_talk(s);
        stage_close(s);
    }
}

static void rt10_13_no_ack_for_what_is_no_handshake(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        peer13_data(&s->peer13, bytes_of("data", 4));
        peer13_alert(&s->peer13, WARNING, USER_CANCELED);
        peer13_ack(&s->peer13, NULL, 0);
        deliver(s);
        expect_quiet(s);
        advance(s, 5000);
        expect_quiet(s);
        stage_close(s);
    }
}

/* At once on a gap; after a quarter of the timer when a flight does not go on. */
static void rt10_13_when_acks_are_sent(void)
{
    /* A gap: EncryptedExtensions is missing. */
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_server_hello(s);
    deliver(s);
    say13_encrypted_extensions(s);
    bytes lost = take_said(s);
    say13_certificate(s);
    number13 kept = s->peer13.said[s->peer13.num_said - 1].record;
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, ack_names(heard_new(s, 0), kept));
    EXPECT_UINT(s, heard_new(s, 0)->epoch, 2);
    deliver_bytes(s, lost);
    /* It stops in the middle. */
    fpl_time at = s->now;
    advance(s, 1000);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, heard_new(s, 0)->at <= at + 250);
    say13_rest(s);
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 0); /* its own flight is the answer */
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
    (void)peer13_ack_heard(&s->peer13);
    deliver(s);
    expect_talk(s);
    /* A server, whose client stops after its Certificate. */
    s = stage13_at(FPL_ROLE_SERVER, "WAIT_CERT");
    say13_certificate(s);
    kept = s->peer13.said[s->peer13.num_said - 1].record;
    deliver(s);
    expect_quiet(s);
    advance(s, 300);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, ack_names(heard_new(s, 0), kept));
    finish13(s);
}

/* A gap that the same datagram fills, and with it the flight: our answer is an ACK of its own, and nothing of the gap is
 * left. */
static void rt10_13_answer_makes_an_ack_needless(void)
{
    stage  *s = stage_open(role13(1));
    peer13 *q = &s->peer13;
    hello13(s);
    say13_server_hello(s);
    deliver(s);
    say13_rest(s);
    bytes whole = take_said(s);
    peer13_say_again(q, q->num_said - 1); /* Finished first */
    bytes_append(&s->peer.datagram, whole);
    deliver(s);
    expect_connected(s);
    (void)peer13_ack_heard(q);
    deliver(s);
    expect_quiet(s);
    /* The first half of a ticket is no gap: its ACK waits for the other half. */
    bytes    ticket = peer13_ticket(60);
    unsigned seq = peer13_note(q, NEW_SESSION_TICKET, ticket);
    peer13_fragment(q, NEW_SESSION_TICKET, ticket.len, seq, 0, slice(ticket, 0, 30));
    deliver(s);
    expect_quiet(s);
    advance(s, 300);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
}

/* What waits for the application's verdict is acknowledged meanwhile. */
static void rt10_13_ack_while_the_application_thinks(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_TRUST");
        say13_finished(s);
        deliver(s);
        expect_state(s, "WAIT_TRUST");
        number13 last = s->peer13.said[s->peer13.num_said - 1].record;
        bool     named = false;
        advance(s, 900);
        for (size_t i = 0; i < s->peer.num_heard; i++) {
            named = named || ack_names(&s->peer.heard[i], last);
        }
        EXPECT(s, named);
        judge(s, true);
        expect_connected(s);
        stage_close(s);
    }
}

static void rt11_13_discarded_fragments_are_not_acknowledged(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, role == 0 ? "WAIT_CERT" : "WAIT_EE");
        bytes  discarded = bytes_none();
        /* Beyond the window, longer than any message may be, and malformed. */
        for (int what = 0; what < 3; what++) {
            number13 number = {2, s->peer13.ours[2].seq};
            if (what == 0) {
                peer13_fragment(&s->peer13, CERTIFICATE, 100, s->peer.msg_seq + 20, 0, bytes_zero(50));
            } else if (what == 1) {
                peer13_fragment(&s->peer13, CERTIFICATE, 0xfffff, s->peer.msg_seq + 1, 0, bytes_zero(50));
            } else {
                peer13_fragment(&s->peer13, CERTIFICATE, 100, s->peer.msg_seq + 1, 99, bytes_zero(50));
            }
            bytes_add(&discarded, &number, sizeof number);
            deliver(s);
            EXPECT(s, !s->failed);
            advance(s, 400);
        }
        say13_next(s);
        deliver(s);
        advance(s, 400);
        for (size_t i = 0; i < s->peer.num_heard; i++) {
            for (size_t n = 0; n < 3; n++) {
                number13 number;
                memcpy(&number, discarded.data + n * sizeof number, sizeof number);
                EXPECT(s, !ack_names(&s->peer.heard[i], number));
            }
        }
        finish13(s);
        stage_close(s);
    }
}

/* ----- RT-12 ------------------------------------------------------------------------------------------------------- */

static void rt12_13_plaintext_acks_mean_nothing(void)
{
    for (int both = 0; both < 2; both++) {
        for (int role = 0; role < 2; role++) {
            const char *const *states = role == 0 ? server13_states : client13_states;
            for (size_t i = 0; states[i] != NULL; i++) {
                stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
                bytes  body = bytes_hex("0020 0000000000000000 0000000000000000 0000000000000002 0000000000000000");
                bytes_append(&s->peer.datagram, record_of(ACK, DTLS12, 0, 70, both == 1 ? bytes_hex("0000") : body));
                expect_dropped(s);
                stage_close(s);
            }
        }
    }
}

/* ----- RT-13: partial ACKs --------------------------------------------------------------------------------------------- */

/* Fragments that were acknowledged do not come again; all of them acknowledged, nothing does. */
static void rt13_13_partial_ack(void)
{
    for (int asked = 0; asked < 2; asked++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .configure = narrow});
        say13_client_hello(s);
        deliver(s);
        for (int i = 0; i < 5 && !s->peer.flight_done; i++) {
            wake(s);
        }
        EXPECT(s, s->peer.flight_done);
        number13 named[40];
        size_t   num = 0, total = 0;
        bytes    missing[40];
        for (size_t i = 0; i < s->peer.num_heard; i++) {
            const heard *h = &s->peer.heard[i];
            if (h->record != HANDSHAKE || h->epoch != 2) {
                continue;
            }
            if (total % 2 == 0) {
                named[num++] = (number13){h->epoch, h->seq};
            } else {
                missing[total / 2] = h->body;
            }
            total++;
        }
        EXPECT(s, total > 4);
        peer13_ack(&s->peer13, named, num);
        deliver(s);
        if (num_heard(s) == 0) {
            wake(s);
        }
        size_t found = 0;
        for (int more = 0; more < 4; more++) {
            for (size_t i = 0; i < num_heard(s); i++) {
                const heard *h = heard_new(s, i);
                if (h->record != HANDSHAKE || h->epoch != 2) {
                    continue;
                }
                bool was_missing = false;
                for (size_t n = 0; n < total / 2; n++) {
                    was_missing = was_missing || bytes_equal(missing[n], h->body);
                }
                EXPECT(s, was_missing);
                found++;
                named[num++] = (number13){h->epoch, h->seq};
            }
            if (found < total / 2) {
                wake(s);
            } else {
                break;
            }
        }
        EXPECT_UINT(s, found, total / 2);
        EXPECT(s, stats_of(s).flights_resent > 0);
        /* Now all of it. */
        if (asked == 1) {
            named[num++] = (number13){0, 0};
        }
        peer13_ack(&s->peer13, named, num);
        deliver(s);
        advance(s, 20000);
        EXPECT_UINT(s, num_heard_messages(s, CERTIFICATE) + num_heard_messages(s, FINISHED), 0);
        finish13(s);
        stage_close(s);
    }
}

/* An empty ACK is the question of one that sees a gap and can name nothing. */
static void rt13_13_empty_ack_asks(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true});
    hello13(s);
    advance(s, 600);
    peer13_ack(&s->peer13, NULL, 0);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
    /* Not more often than each half timer. */
    unsigned answers = 0;
    for (int i = 0; i < 100; i++) {
        peer13_ack(&s->peer13, NULL, 0);
        deliver(s);
        answers += num_heard(s) > 0 ? 1 : 0;
        advance(s, 1);
        answers += num_heard(s) > 0 ? 1 : 0;
    }
    EXPECT(s, answers <= 1);
    finish13(s);
}

/* ----- RT-14, RT-15 ------------------------------------------------------------------------------------------------- */

static void rt14_13_one_transaction_does_not_cancel_another(void)
{
    stage  *s = connected13(role13(1));
    peer13 *q = &s->peer13;
    forget(s);
    EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_OK);
    poll(s);
    EXPECT_UINT(s, num_heard_messages(s, KEY_UPDATE), 1);
    number13 update = {heard_new(s, 0)->epoch, heard_new(s, 0)->seq};
    /* It is lost; a ticket of the server's comes and is acknowledged. */
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(100));
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, s->deadline != FPL_NEVER);
    app_send(s, bytes_of("still the old keys", 18));
    EXPECT_UINT(s, heard_new(s, 0)->epoch, 3);
    wake(s);
    EXPECT_UINT(s, num_heard_messages(s, KEY_UPDATE), 1);
    peer13_ack(q, &update, 1);
    deliver(s);
    app_send(s, bytes_of("the new ones", 12));
    EXPECT_UINT(s, heard_new(s, 0)->epoch, 4);
    EXPECT(s, s->deadline == FPL_NEVER);
}

/* ----- RT-16 to RT-19 ------------------------------------------------------------------------------------------------ */

/* What one wake sends: ten records at most, none longer than the MTU. */
static void wake_and_see(stage *s)
{
    s->num_sent = s->sent_mark = 0;
    wake(s);
    EXPECT(s, s->num_sent <= 10 && num_records(s, HANDSHAKE) <= 10);
    for (size_t n = 0; n < s->num_sent; n++) {
        EXPECT(s, s->sent[n].len <= 256);
    }
}

static void rt16_13_large_flight_narrow_path(void)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .configure = large_chain_narrow});
        s->luck = rng_of(seed);
        say13_client_hello(s);
        deliver(s);
        s->loses = seed == 0 ? 0 : 10;
        EXPECT_UINT(s, num_records(s, HANDSHAKE), 10);
        while (!s->peer.flight_done) {
            wake_and_see(s);
            EXPECT(s, !s->failed);
            if (seed % 2 == 1) {
                (void)peer13_ack_heard(&s->peer13);
                deliver(s);
            }
        }
        EXPECT(s, stats_of(s).bytes_out > 16384);
        s->loses = 0;
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* Not more than ten records at once (RFC 9147 section 5.8.3), and the rest soon. */
static void rt16_13_ten_records_at_once(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .configure = large_chain_narrow});
    say13_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, num_records(s, HANDSHAKE), 10);
    fpl_time begun = s->now;
    unsigned more = 0;
    for (; !s->peer.flight_done; more++) {
        wake_and_see(s);
        EXPECT(s, s->peer.flight_done || num_records(s, HANDSHAKE) == 10);
        EXPECT_UINT(s, s->now, begun + 250 * (more + 1)); /* timer rest: a quarter of resend */
    }
    EXPECT(s, stats_of(s).flights_resent == 0);
    finish13(s);
}

/* Wakes it until it sends a flight again; the rest of one, which follows ten records, comes before that. */
static void wait_for_resend(stage *s)
{
    uint64_t before = stats_of(s).flights_resent;
    while (stats_of(s).flights_resent == before) {
        wake(s);
    }
}

/* 1400 bytes, as the application says, are too much for the path: 548, 274 and 200 are tried at the second, third and fourth
 * resend (limits resend_smaller_after, resend_smaller_bytes and mtu). What got through is remembered. */
static void rt17_13_black_hole_for_long_datagrams(void)
{
    static const struct {
        size_t   path;
        int      resends;
        fpl_time after; /* so many timers, of 1, 2, 4 and 8 s, each from the last of two batches of records on */
    } paths[] = {{548, 2, 3000}, {500, 3, 7000}, {274, 3, 7000}, {250, 4, 15000}, {200, 4, 15000}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (int role = 0; role < 2; role++) {
            stage_options o = role13(role);
            o.auth = FPL_CLIENT_AUTH_REQUIRED;
            o.configure = long_chain_wide;
            stage *s = stage_open(o);
            bool  *done = role == 0 ? &s->peer.flight_done : &s->peer.their_finished;
            s->peer.asks = true;
            if (role == 1) {
                hello13(s);
                say13_rest(s);
            } else {
                say13_client_hello(s);
            }
            s->narrow = paths[i].path;
            size_t   longest = 0, sent = s->num_sent;
            fpl_time begun = s->now;
            deliver(s);
            for (; sent < s->num_sent; sent++) {
                longest = s->sent[sent].len > longest ? s->sent[sent].len : longest;
            }
            EXPECT_UINT(s, longest, 1400);
            for (int n = 0; n < paths[i].resends; n++) {
                EXPECT(s, !*done);
                wait_for_resend(s);
            }
            EXPECT(s, s->now >= begun + paths[i].after && s->now <= begun + paths[i].after * 5 / 4);
            while (!*done) {
                wake(s); /* ten records at once */
            }
            EXPECT_UINT(s, stats_of(s).flights_resent, paths[i].resends);
            sent = s->num_sent;
            finish13(s);
            expect_talk(s);
            for (; sent < s->num_sent; sent++) {
                EXPECT(s, s->sent[sent].len <= paths[i].path);
            }
            stage_close(s);
        }
    }
}

static void rt18_13_client_hello_again(void)
{
    stage *s = stage_open(role13(1));
    start(s);
    bytes first = s->peer.heard[0].body;
    for (int i = 0; i < 3; i++) {
        wake(s);
        EXPECT_UINT(s, num_heard(s), 1);
        const heard *h = heard_new(s, 0);
        EXPECT(s, h->type == CLIENT_HELLO && h->msg_seq == 0 && h->epoch == 0 && bytes_equal(h->body, first));
        EXPECT_UINT(s, h->seq, i + 1);
    }
    finish13(s);
    expect_talk(s);
}

/* The answer to a resent hello counts for the one that was sent first. */
static void rt19_13_lost_retry(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .door = true});
    bytes  body = peer13_client_hello(&s->peer13);
    unsigned seq = peer13_note(&s->peer13, CLIENT_HELLO, body);
    s->loses = 100;
    peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, seq, 0, body);
    deliver(s);
    EXPECT_UINT(s, s->peer13.retries, 0);
    s->loses = 0;
    advance(s, 1000);
    peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, seq, 0, body);
    deliver(s);
    EXPECT_UINT(s, s->peer13.retries, 1);
    finish13(s);
    expect_talk(s);
}

static void rt19_13_lost_server_flight(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
        if (door == 1) {
            say13_client_hello(s);
            deliver(s);
        }
        s->loses = 100;
        say13_client_hello(s);
        deliver(s);
        s->loses = 0;
        EXPECT(s, !s->peer.flight_done);
        advance(s, 600);
        /* The client asks sooner than the server's timer. */
        peer13_say_again(&s->peer13, s->peer13.num_said - 1);
        deliver(s);
        EXPECT(s, s->peer.flight_done);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* A server without memory begins with the numbers of what it answers; none of its numbers comes twice (RFC 6347 section
 * 4.2.1), or the client's replay window would swallow its ServerHello. */
static void rt19_13_numbers_of_the_request(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
        s->peer.seq[0] = 5;
        say13_client_hello(s);
        deliver(s);
        EXPECT(s, num_heard(s) > 0 && heard_new(s, 0)->seq == 5 && heard_new(s, 0)->msg_seq == 0);
        if (door == 1) {
            say13_client_hello(s);
            deliver(s);
            EXPECT(s, heard_new(s, 0)->seq == 6 && heard_new(s, 0)->msg_seq == 1);
        }
        finish13(s);
        stage_close(s);
        /* Numbers that go on behind those of a retry which this server has sent itself. */
        s = stage13_at(FPL_ROLE_SERVER, "WAIT_CH_AGAIN");
        uint64_t last = s->peer.heard[s->peer.num_heard - 1].seq;
        s->peer.seq[0] = door == 1 ? 30 : 0; /* the client's numbers may be anything */
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
        bytes    body = peer13_client_hello(&s->peer13);
        unsigned seq = peer13_note(&s->peer13, CLIENT_HELLO, body);
        s->peer.seq[0] += door == 1 ? 0 : 1;
        peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, seq, 0, body);
        deliver(s);
        EXPECT(s, s->peer.flight_done && heard_new(s, 0)->type == SERVER_HELLO && heard_new(s, 0)->seq > last);
        EXPECT(s, door == 0 || heard_new(s, 0)->seq >= 30);
        finish13(s);
        stage_close(s);
    }
}

/* Only the flight that ours answers asks for it: a hello from before the retry is history. */
static void rt19_13_only_the_present_flight_asks(void)
{
    stage *s = stage13_at(FPL_ROLE_SERVER, "WAIT_CH_AGAIN");
    ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer.flight_done);
    advance(s, 600);
    s->peer13.epoch = 0;
    for (size_t i = 0; i < 2; i++) {
        const said13 *m = &s->peer13.said[i];
        peer13_fragment(&s->peer13, m->type, m->body.len, m->msg_seq, 0, m->body);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, FINISHED), i);
    }
    s->peer13.epoch = 2;
    finish13(s);
    /* What of its flight the peer was not told of comes alone: that asks, too. */
    for (size_t i = 1; i < 5; i++) {
        s = stage_open(role13(1));
        hello13(s);
        say13_rest(s);
        s->loses = 100;
        deliver(s);
        s->loses = 0;
        advance(s, 600);
        EXPECT_UINT(s, s->peer13.num_said, 5);
        s->peer13.num_said = i + 1;
        peer13_say_again(&s->peer13, i);
        s->peer13.num_said = 5;
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
        finish13(s);
        stage_close(s);
    }
}

SCENARIOS(rt_13_scenarios, PLAYS(rt01_13_amplification), PLAYS(rt01_13_limit_falls), PLAYS(rt02_13_retry_is_stateless),
          PLAYS(rt03_13_back_off), PLAYS(rt03_13_back_off_of_the_second_hello),
          PLAYS(rt03_13_back_off_of_the_last_flight), PLAYS(rt03_13_deadline_of_the_whole_handshake),
          PLAYS(rt03_13_trickling_peer), PLAYS(rt04_13_replayed_flight), PLAYS(rt04_13_replayed_flight_after_connected),
          PLAYS(rt04_13_plaintext_cannot_ask_once_keyed), PLAYS(rt04_13_other_content_is_no_question),
          PLAYS(rt04_13_stranger_cannot_ask), PLAYS(rt06_13_lost_last_ack), PLAYS(rt06_13_part_of_the_last_flight),
          PLAYS(rt06_13_keys_are_kept_for_twice_the_msl), PLAYS(rt06_13_client_waits_for_an_ack),
          PLAYS(rt06_13_server_repeats_its_flight), PLAYS(rt07_13_resend_keeps_epoch_and_bytes),
          PLAYS(rt08_13_ack_of_what_was_never_sent), PLAYS(rt09_13_ack_of_a_later_epoch),
          PLAYS(rt09_13_impossible_numbers), PLAYS(rt09_13_malformed_ack),
          PLAYS(rt10_13_acks_name_handshake_records_only), PLAYS(rt10_13_no_ack_for_what_is_no_handshake),
          PLAYS(rt10_13_when_acks_are_sent), PLAYS(rt10_13_answer_makes_an_ack_needless),
          PLAYS(rt10_13_ack_while_the_application_thinks), PLAYS(rt11_13_discarded_fragments_are_not_acknowledged),
          PLAYS(rt12_13_plaintext_acks_mean_nothing), PLAYS(rt13_13_partial_ack), PLAYS(rt13_13_empty_ack_asks),
          PLAYS(rt14_13_one_transaction_does_not_cancel_another), PLAYS(rt16_13_large_flight_narrow_path),
          PLAYS(rt16_13_ten_records_at_once), PLAYS(rt17_13_black_hole_for_long_datagrams),
          PLAYS(rt18_13_client_hello_again), PLAYS(rt19_13_lost_retry), PLAYS(rt19_13_lost_server_flight),
          PLAYS(rt19_13_numbers_of_the_request), PLAYS(rt19_13_only_the_present_flight_asks));
