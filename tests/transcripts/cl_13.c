/* Group CL of the security catalogue in DTLS 1.3: alerts, closing by halves, a peer that starts anew. */
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static stage *at(int role, const char *state)
{
    return stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, state);
}

static void go_on(stage *s)
{
    if (strcmp(state_of(s), "WAIT_TRUST") == 0) {
        judge(s, true);
    } else if (strcmp(state_of(s), "WAIT_SIGNATURE") == 0) {
        sign(s);
    }
    if (strcmp(state_of(s), "WAIT_CH_AGAIN") == 0) {
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
    }
    finish13(s);
    expect_talk(s);
}

static void cl01_13_forged_alerts_are_hints(void)
{
    static const unsigned codes[] = {0, 10, 20, 22, 40, 42, 46, 47, 50, 51, 70, 80, 90, 109, 110, 116, 255};
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = at(role, states[i]);
            for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++) {
                for (unsigned level = WARNING; level <= FATAL; level++) {
                    uint8_t alert[2] = {(uint8_t)level, (uint8_t)codes[c]};
                    bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 300 + 2 * c + level, bytes_of(alert, 2)));
                    expect_ignored(s);
                }
            }
            EXPECT_UINT(s, s->close_notifies, 0);
            go_on(s);
            stage_close(s);
        }
    }
}

static void cl01_13_hint_is_told_at_the_deadline(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(role13(role));
        hello13(s);
        bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 30, bytes_hex("0228")));
        bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 31, bytes_hex("0250")));
        deliver(s);
        expect_quiet(s);
        advance(s, 40001);
        expect_timeout(s);
        EXPECT_UINT(s, s->why.alert_hint, HANDSHAKE_FAILURE);
        stage_close(s);
    }
}

static void cl01_13_believed_when_configured(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.plaintext_alerts = FPL_PLAINTEXT_ALERTS_FATAL;
        stage *s = stage_open(o);
        hello13(s);
        bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 30, bytes_hex("0170")));
        deliver(s);
        bool ended = s->failed; /* in 1.3 the level says nothing */
        if (!ended) {
            bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 31, bytes_hex("0228")));
            deliver(s);
            EXPECT(s, s->why.alert == HANDSHAKE_FAILURE);
        }
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED);
        EXPECT_UINT(s, num_heard(s), 0);
        expect_dead(s);
        stage_close(s);
        s = stage_open(o);
        hello13(s);
        bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 31, bytes_hex("0100")));
        deliver(s);
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED && s->why.alert == CLOSE_NOTIFY);
        EXPECT_UINT(s, s->close_notifies, 0);
        stage_close(s);
    }
}

/* Whatever level it says: all but user_canceled and close_notify end the connection (RFC 8446 section 6). */
static void cl02_13_authenticated_alert(void)
{
    static const char *const states[2][3] = {{"WAIT_CV", "WAIT_FINISHED", "CONNECTED"},
                                             {"WAIT_CERT_CR", "WAIT_ACK", "CONNECTED"}};
    static const unsigned    codes[] = {INTERNAL_ERROR, HANDSHAKE_FAILURE, 234, NO_RENEGOTIATION, 112};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 3; i++) {
            for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++) {
                for (unsigned level = WARNING; level <= FATAL; level++) {
                    stage *s = at(role, states[role][i]);
                    peer13_alert(&s->peer13, level, codes[c]);
                    deliver(s);
                    EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED && s->why.alert == (int)codes[c]);
                    EXPECT_UINT(s, num_heard(s), 0);
                    expect_dead(s);
                    stage_close(s);
                }
            }
        }
    }
}

static void cl02_13_user_canceled_ends_nothing(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (unsigned i = 0; i < 20; i++) {
            peer13_alert(&s->peer13, 1 + i % 2, USER_CANCELED);
        }
        peer13_data(&s->peer13, bytes_of("behind", 6));
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->num_data, 1);
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
        s = at(role, "WAIT_FINISHED");
        peer13_alert(&s->peer13, WARNING, USER_CANCELED);
        deliver(s);
        expect_quiet(s);
        finish13(s);
        stage_close(s);
    }
}

static void cl03_13_silence_is_not_the_end(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        advance(s, 10000000);
        EXPECT_UINT(s, s->close_notifies, 0);
        expect_talk(s);
    }
}

/* The peer closes its direction: ours stays open until we close it too. */
static void cl03_13_peer_closes_its_half(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        peer13_data(&s->peer13, bytes_of("late", 4));
        bytes late = take_said(s);
        peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
        bytes overtaken = take_said(s);
        peer13_data(&s->peer13, bytes_of("last words", 10));
        peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
        peer13_data(&s->peer13, bytes_of("afterthought", 12));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 1);
        EXPECT_UINT(s, s->close_notifies, 1);
        expect_quiet(s);
        EXPECT(s, !fpl_conn_is_closed(s->conn));
        deliver_bytes(s, late); /* numbered below the closure alert */
        EXPECT_UINT(s, s->num_data, 2);
        app_send(s, bytes_of("still here", 10));
        EXPECT_UINT(s, num_heard_records(s, DATA), 1);
        deliver_bytes(s, overtaken); /* a goodbye said before the one that was heard, and one behind it: neither is news */
        peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->close_notifies, 1);
        app_close(s);
        EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->type == CLOSE_NOTIFY && heard_new(s, 0)->level == WARNING);
        EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
        advance(s, 400000);
        expect_quiet(s); /* never resent */
        EXPECT(s, s->deadline == FPL_NEVER);
        stage_close(s);
    }
}

/* We close ours: nothing is sent any more, data still comes, until the peer closes or for a while. */
static void cl03_13_we_close_our_half(void)
{
    for (int role = 0; role < 2; role++) {
        for (int answered = 0; answered < 2; answered++) {
            stage  *s = connected13(role13(role));
            uint8_t out[100];
            size_t  len;
            app_close(s);
            EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->type == CLOSE_NOTIFY);
            EXPECT(s, !fpl_conn_is_closed(s->conn) && !s->failed);
            EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now) == FPL_CLOSED);
            EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_CLOSED);
            EXPECT(s, fpl_conn_close(s->conn, s->now) == FPL_OK);
            poll(s);
            peer13_data(&s->peer13, bytes_of("more", 4));
            deliver(s);
            EXPECT_UINT(s, s->num_data, 1);
            expect_quiet(s);
            if (answered == 1) {
                peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
                deliver(s);
                expect_quiet(s);
                EXPECT_UINT(s, s->close_notifies, 1);
                EXPECT(s, s->deadline == FPL_NEVER);
            } else {
                advance(s, 10001); /* setting close_wait */
                EXPECT_UINT(s, s->close_notifies, 0);
            }
            EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
            expect_quiet(s);
            stage_close(s);
        }
    }
}

/* Our record that carried the newest KeyUpdate heard. */
static number13 our_update(const stage *s)
{
    number13 number = {0, 0};
    for (size_t i = 0; i < num_heard(s); i++) {
        const heard *h = heard_new(s, i);
        if (h->record == HANDSHAKE && h->type == KEY_UPDATE) {
            number = (number13){h->epoch, h->seq};
        }
    }
    EXPECT(s, number.epoch > 0);
    return number;
}

/* All that was heard is one close_notify, of epoch 3. */
static void expect_goodbye_alone(stage *s)
{
    EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == CLOSE_NOTIFY);
    EXPECT_UINT(s, heard_new(s, 0)->epoch, 3);
}

/* A KeyUpdate under way when we close: nothing is resent any more, by the timer or asked for, for nothing will be sent
 * under new keys (RFC 8446 section 6.1). One that has not gone out yet does not. */
static void cl03_13_close_with_an_update_under_way(void)
{
    for (int role = 0; role < 2; role++) {
        for (int sent = 0; sent < 2; sent++) {
            stage   *s = connected13(role13(role));
            number13 ours = {3, 0};
            forget(s);
            EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_OK);
            if (sent == 1) {
                poll(s);
                ours = our_update(s);
            }
            app_close(s);
            expect_goodbye_alone(s);
            peer13_ack(&s->peer13, NULL, 0); /* as who sees a gap */
            deliver(s);
            expect_quiet(s);
            advance(s, 8000);
            EXPECT_UINT(s, num_heard(s), 0);
            /* A late ACK opens no new epoch. */
            if (sent == 1) {
                peer13_ack(&s->peer13, &ours, 1);
                deliver(s);
                expect_quiet(s);
                peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
                deliver(s);
                EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->record == ACK && heard_new(s, 0)->epoch == 3);
            }
            EXPECT(s, !s->failed && !fpl_conn_is_closed(s->conn));
            advance(s, 100000);
            expect_quiet(s);
            EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
            stage_close(s);
        }
    }
}

/* An answer that is owed for when our own KeyUpdate is acknowledged goes the same way. */
static void cl03_13_close_owing_an_update(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        forget(s);
        EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_OK);
        poll(s);
        number13 ours = our_update(s);
        peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(true));
        deliver(s);
        peer13_next_keys(&s->peer13);
        EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->record == ACK);
        app_close(s);
        expect_goodbye_alone(s);
        peer13_ack(&s->peer13, &ours, 1);
        deliver(s);
        expect_quiet(s);
        advance(s, 100000);
        expect_quiet(s);
        EXPECT_UINT(s, s->peer13.updates, 1);
        EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
        stage_close(s);
    }
}

/* The peer's half goes on after our goodbye, and so it may need new keys: its messages are acknowledged, each time they
 * come (RFC 9147 section 8: MUST), and answered by nothing else. */
static void cl03_13_acks_behind_a_close(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        app_close(s);
        expect_goodbye_alone(s);
        uint64_t goodbye = heard_new(s, 0)->seq;
        for (unsigned i = 0; i < 3; i++) {
            peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(true));
            size_t last = s->peer13.num_said - 1;
            for (unsigned times = 0; times < 2; times++) {
                if (times == 1) {
                    peer13_say_again(&s->peer13, last);
                }
                deliver(s);
                EXPECT_UINT(s, num_heard(s), 1);
                EXPECT(s, ack_names(heard_new(s, 0), s->peer13.said[last].record));
                EXPECT(s, heard_new(s, 0)->epoch == 3 && heard_new(s, 0)->seq > goodbye);
            }
            peer13_next_keys(&s->peer13);
            peer13_data(&s->peer13, bytes_of("more", 4));
            deliver(s);
            expect_quiet(s);
            EXPECT_UINT(s, s->num_data, i + 1);
        }
        if (role == 1) {
            peer13_say(&s->peer13, NEW_SESSION_TICKET, peer13_ticket(32));
            deliver(s);
            EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->record == ACK);
        }
        peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
        deliver(s);
        expect_quiet(s);
        EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
        /* What is closed both ways says no more. */
        peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(true));
        deliver(s);
        expect_quiet(s);
        stage_close(s);
    }
}

/* The library has this datagram, and has not been polled dry: with `begun`, it was polled for a buffer too small for the
 * ACK that is due. */
static void arrives(stage *s, bytes datagram, bool begun)
{
    fpl_output out;
    forget(s);
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    if (begun) {
        EXPECT(s, fpl_conn_poll(s->conn, NULL, 0, &out) == FPL_BUFFER_TOO_SMALL);
    }
}

/* An ACK that is due when we close goes out with the goodbye, in front of it. */
static void cl03_13_close_with_an_ack_due(void)
{
    for (int role = 0; role < 2; role++) {
        for (int begun = 0; begun < 2; begun++) {
            stage *s = connected13(role13(role));
            peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
            number13 update = s->peer13.said[s->peer13.num_said - 1].record;
            arrives(s, take_said(s), begun == 1);
            EXPECT(s, fpl_conn_close(s->conn, s->now) == FPL_OK);
            poll(s);
            EXPECT_UINT(s, num_heard(s), 2);
            EXPECT(s, ack_names(heard_new(s, 0), update));
            EXPECT(s, heard_new(s, 1)->record == ALERT && heard_new(s, 1)->type == CLOSE_NOTIFY);
            EXPECT_UINT(s, heard_new(s, 0)->datagram, heard_new(s, 1)->datagram);
            EXPECT(s, !s->failed && !fpl_conn_is_closed(s->conn));
            advance(s, 100000);
            EXPECT_UINT(s, num_heard(s), 0);
            stage_close(s);
        }
    }
    /* The last ACK of the handshake: without it the client would not know that it is done. */
    stage *s = stage13_at(FPL_ROLE_SERVER, "WAIT_FINISHED");
    say13_rest(s);
    number13 finished = s->peer13.said[s->peer13.num_said - 1].record;
    arrives(s, take_said(s), true);
    EXPECT(s, fpl_conn_close(s->conn, s->now) == FPL_OK);
    poll(s);
    EXPECT_UINT(s, num_heard(s), 2);
    EXPECT(s, ack_names(heard_new(s, 0), finished));
    EXPECT(s, heard_new(s, 1)->record == ALERT && heard_new(s, 1)->type == CLOSE_NOTIFY);
    EXPECT_UINT(s, s->connected, 1);
    stage_close(s);
}

/* A Finished that is not acknowledged goes on being resent behind our goodbye: it is of an epoch before that (RFC 9147
 * section 5.10), and without it the server could read neither the goodbye nor what went before. */
static void cl03_13_close_before_the_last_ack(void)
{
    stage *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_ACK");
    app_close(s);
    expect_goodbye_alone(s);
    for (unsigned i = 0; i < 2; i++) {
        wake(s);
        EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
        for (size_t n = 0; n < num_heard(s); n++) {
            EXPECT(s, heard_new(s, n)->record == HANDSHAKE && heard_new(s, n)->epoch == 2);
        }
    }
    (void)peer13_ack_heard(&s->peer13);
    deliver(s);
    expect_quiet(s);
    advance(s, 100000);
    EXPECT_UINT(s, num_heard(s), 0);
    EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
}

/* The amplification limit holds back a goodbye: it does not slip out in the clear later on. */
static void cl03_13_close_held_back(void)
{
    for (size_t pad = 0; pad < 400; pad += 20) {
        stage *s = stage_open((stage_options){.dtls13 = true, .unproven = true});
        ext_add(&s->peer.extensions, EXT_PADDING, bytes_zero(pad));
        say13_client_hello(s);
        deliver(s);
        EXPECT(s, s->peer.ready);
        app_close(s);
        for (int i = 0; i < 3; i++) {
            bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, 50 + (uint64_t)i, bytes_zero(300)));
            deliver(s);
            EXPECT_UINT(s, fpl_conn_is_closed(s->conn), 1);
            for (size_t n = 0; n < num_heard(s); n++) {
                EXPECT(s, heard_new(s, n)->epoch > 0);
            }
        }
        stage_close(s);
    }
}

static void cl03_13_close_while_negotiating(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            bool done = strcmp(states[i], "CONNECTED") == 0 || strcmp(states[i], "WAIT_ACK") == 0;
            if (done) {
                continue;
            }
            stage *s = at(role, states[i]);
            bool   at_the_start = strcmp(states[i], "WAIT_CH") == 0;
            app_close(s);
            EXPECT(s, !s->failed && fpl_conn_is_closed(s->conn));
            EXPECT(s, num_heard(s) <= 1 && (num_heard(s) == 0 ||
                                            (heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == CLOSE_NOTIFY)));
            EXPECT(s, num_heard(s) == 1 || at_the_start);
            if (!at_the_start && s->peer.ready) {
                say13_rest(s);
                deliver(s);
                expect_quiet(s);
            }
            EXPECT_UINT(s, s->connected, 0);
            advance(s, 100000);
            expect_quiet(s);
            stage_close(s);
        }
    }
}

static void cl04_13_no_way_back(void)
{
    for (int role = 0; role < 2; role++) {
        for (int fatal = 0; fatal < 2; fatal++) {
            stage *s = at(role, "WAIT_FINISHED");
            bytes  finished = peer13_finished(&s->peer13);
            peer13_alert(&s->peer13, WARNING, fatal == 1 ? INTERNAL_ERROR : CLOSE_NOTIFY);
            deliver(s);
            EXPECT(s, fatal == 1 ? s->failed : fpl_conn_is_closed(s->conn));
            peer13_say(&s->peer13, FINISHED, finished);
            deliver(s);
            EXPECT_UINT(s, s->connected, 0);
            EXPECT_UINT(s, num_heard(s), 0);
            stage_close(s);
        }
    }
}

static void cl05_13_malformed_alerts(void)
{
    static const char *const bodies[] = {"", "02", "022800", "02280228"};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            stage *s = stage_open(role13(role));
            hello13(s);
            bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 30, bytes_hex(bodies[i])));
            expect_dropped(s);
            finish13(s);
            peer13_record(&s->peer13, ALERT, bytes_hex(bodies[i]));
            deliver(s);
            /* One that is empty is forbidden as such (RFC 8446 section 5.4). */
            expect_alert_either(s, DECODE_ERROR, i == 0 ? UNEXPECTED_MESSAGE : ILLEGAL_PARAMETER);
            stage_close(s);
        }
        /* A level that does not exist: taken for as little as those that do, or refused. */
        stage *s = connected13(role13(role));
        peer13_alert(&s->peer13, 77, HANDSHAKE_FAILURE);
        deliver(s);
        EXPECT(s, s->failed && (s->why.alert == HANDSHAKE_FAILURE || s->why.alert == ILLEGAL_PARAMETER));
        stage_close(s);
    }
}

/* ----- associations ------------------------------------------------------------------------------------------------- */

/* A stranger takes the stage, with the living one's address. */
static void stranger(stage *s, peer *living, peer13 *living13, unsigned suite, unsigned group, credential_id id)
{
    *living = s->peer;
    *living13 = s->peer13;
    memset(&s->peer, 0, sizeof s->peer);
    peer_init(&s->peer, true, suite, group, id);
    peer13_init(&s->peer13, &s->peer, false);
    s->mark = 0;
}

static void back(stage *s, const peer *living, const peer13 *living13)
{
    s->peer = *living;
    s->peer13 = *living13;
    s->mark = s->peer.num_heard;
}

static void cl06_13_hello_on_a_living_association(void)
{
    stage *s = connected13((stage_options){.door = true});
    peer   living;
    peer13 living13;
    stranger(s, &living, &living13, AES128_GCM_13, X25519_GROUP, CREDENTIAL_P256_A);
    say13_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, s->peer13.retries, 1);
    ext_set(&s->peer.extensions, EXT_COOKIE, bytes_hex("0004 01020304"));
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, !s->peer.ready && num_heard_messages(s, SERVER_HELLO) == 0);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
    peer_free(&s->peer);
    back(s, &living, &living13);
    expect_talk(s);
}

/* At a door without cookies a repeated hello is one: it draws the flight again and makes no second association. */
static void cl06_13_repeated_hello_without_cookies(void)
{
    for (int both = 0; both < 2; both++) {
        stage *s = stage_open((stage_options){
            .door = true, .no_cookie = true, .dtls13 = true, .both = both == 1, .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello13(s);
        fpl_conn *conn = s->conn;
        for (int i = 0; i < 5; i++) {
            advance(s, 600);
            bool woken = num_heard(s) > 0;
            peer13_say_again(&s->peer13, 0);
            deliver(s);
            EXPECT(s, s->conn == conn && fpl_listener_num_connections(s->listener) == 1);
            EXPECT(s, woken || i > 1 || num_heard_messages(s, FINISHED) == 1);
        }
        /* And once more when the client has begun to answer. */
        say13_certificate(s);
        deliver(s);
        size_t num = s->peer13.num_said;
        s->peer13.num_said = 1;
        peer13_say_again(&s->peer13, 0);
        s->peer13.num_said = num;
        deliver(s);
        EXPECT(s, s->conn == conn && fpl_listener_num_connections(s->listener) == 1);
        EXPECT_UINT(s, num_heard(s), 0);
        finish13(s);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
        EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
        expect_talk(s);
        stage_close(s);
    }
}

static void cl07_13_client_reboot(void)
{
    stage    *s = connected13((stage_options){.door = true, .auth = FPL_CLIENT_AUTH_REQUIRED});
    peer      old_peer;
    peer13    old_peer13;
    fpl_conn *old = s->conn;
    stranger(s, &old_peer, &old_peer13, AES256_GCM_13, P256_GROUP, CREDENTIAL_P256_B);
    s->connected = 0;
    hello13(s);
    EXPECT(s, s->conn != old);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
    /* Until the newcomer is through, the old one lives. */
    peer      new_peer = s->peer;
    peer13    new_peer13 = s->peer13;
    fpl_conn *new_conn = s->conn;
    back(s, &old_peer, &old_peer13);
    s->conn = old;
    s->connected = 1;
    expect_talk(s);
    old_peer = s->peer;
    old_peer13 = s->peer13;
    s->connected = 0;
    s->conn = new_conn;
    back(s, &new_peer, &new_peer13);
    size_t data = s->num_data;
    finish13(s);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == old);
    fpl_explanation why;
    fpl_conn_explain(old, &why);
    EXPECT_UINT(s, why.failure, FPL_FAILURE_REPLACED);
    fpl_listener_release(s->listener, old);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
    /* Late records of the old one are nobody's. */
    bytes late = crypto13_seal(old_peer.suite, &old_peer13.ours[3].keys, UNIFIED_USUAL, 3, 90, bytes_of("late\x17", 5));
    deliver_bytes(s, late);
    expect_quiet(s);
    EXPECT_UINT(s, s->num_data, data);
    expect_talk(s);
    peer_free(&old_peer);
}

/* A client of 1.2 starts anew in 1.3 at the same door, and the other way round. */
static void cl07_13_reboot_with_another_version(void)
{
    stage *s = connected13((stage_options){.door = true, .both = true});
    peer   old_peer;
    peer13 old_peer13;
    fpl_conn *old = s->conn;
    stranger(s, &old_peer, &old_peer13, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_B);
    s->options.dtls13 = false;
    s->peer.extensions = peer_extensions(&s->peer);
    s->connected = 0;
    bytes body = peer_client_hello(&s->peer);
    peer_say(&s->peer, CLIENT_HELLO, body);
    deliver(s);
    EXPECT_UINT(s, s->peer.verify_requests, 1);
    peer_say(&s->peer, CLIENT_HELLO, peer_client_hello(&s->peer));
    deliver(s);
    EXPECT(s, s->conn != old && s->peer.flight_done);
    peer_say(&s->peer, CLIENT_KEY_EXCHANGE, peer_client_key_exchange(&s->peer));
    peer_say_ccs(&s->peer);
    peer_say(&s->peer, FINISHED, peer_finished(&s->peer));
    deliver(s);
    expect_connected(s);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == old);
    fpl_listener_release(s->listener, old);
    EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS12);
    expect_talk(s);
    peer_free(&old_peer);
}

static void cl08_13_one_alert_only(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = at(role, "WAIT_FINISHED");
        peer13_say(&s->peer13, FINISHED, bytes_zero(32));
        deliver(s);
        expect_alert(s, DECRYPT_ERROR);
        for (int i = 0; i < 1000; i++) {
            s->peer13.epoch = 2;
            peer13_fragment(&s->peer13, FINISHED, 32, s->peer.msg_seq - 1, 0, bytes_zero(32));
            deliver(s);
            EXPECT_UINT(s, num_heard(s), 0);
        }
        stage_close(s);
    }
}

/* What a path is said to carry is believed within reason. */
static void cl09_13_absurd_mtu(void)
{
    static const size_t mtus[] = {0, 1, 60, 199, 575, 100000};
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        stage *s = stage_open(role13(0));
        EXPECT(s, fpl_conn_set_mtu(s->conn, mtus[i]) == FPL_OK);
        say13_client_hello(s);
        deliver(s);
        for (int n = 0; n < 9 && !s->peer.flight_done; n++) {
            wake(s);
        }
        EXPECT(s, s->peer.flight_done);
        for (size_t n = 0; n < s->num_sent; n++) {
            EXPECT(s, s->sent[n].len <= (mtus[i] < 200 ? 200 : mtus[i]));
        }
        finish13(s);
        EXPECT(s, fpl_conn_max_payload(s->conn) > 0);
        expect_talk(s);
        stage_close(s);
    }
}

SCENARIOS(cl_13_scenarios, PLAYS(cl01_13_forged_alerts_are_hints), PLAYS(cl01_13_hint_is_told_at_the_deadline),
          PLAYS(cl01_13_believed_when_configured), PLAYS(cl02_13_authenticated_alert),
          PLAYS(cl02_13_user_canceled_ends_nothing), PLAYS(cl03_13_silence_is_not_the_end),
          PLAYS(cl03_13_peer_closes_its_half), PLAYS(cl03_13_we_close_our_half),
          PLAYS(cl03_13_close_with_an_update_under_way), PLAYS(cl03_13_close_owing_an_update),
          PLAYS(cl03_13_acks_behind_a_close), PLAYS(cl03_13_close_with_an_ack_due),
          PLAYS(cl03_13_close_before_the_last_ack), PLAYS(cl03_13_close_held_back),
          PLAYS(cl03_13_close_while_negotiating), PLAYS(cl04_13_no_way_back), PLAYS(cl05_13_malformed_alerts),
          PLAYS(cl06_13_hello_on_a_living_association), PLAYS(cl06_13_repeated_hello_without_cookies),
          PLAYS(cl07_13_client_reboot), PLAYS(cl07_13_reboot_with_another_version), PLAYS(cl08_13_one_alert_only),
          PLAYS(cl09_13_absurd_mtu));
