/* Rows and checks of the DTLS 1.3 specs that no scenario of the catalogues passes by. `codegen coverage` on the traces of
 * all tests says which those are. */
#include <stdio.h>
#include <string.h>

#include "transcripts/chains.h"
#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static void long_chain_narrow(fpl_config *config)
{
    eight_certificates(config);
    (void)fpl_config_set(config, FPL_SETTING_MTU, 220);
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

static void narrow(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_MTU, 220);
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

static void one_resend(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_RESEND_TIMES, 1);
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

/* The hello again, in the clear, as its sender or anybody else can say it. */
static void say_hello_again(stage *s)
{
    const said13 *m = &s->peer13.said[0];
    unsigned      epoch = s->peer13.epoch;
    s->peer13.epoch = 0;
    peer13_fragment(&s->peer13, m->type, m->body.len, m->msg_seq, 0, m->body);
    s->peer13.epoch = epoch;
}

/* A repeated hello, and behind it in the same datagram what makes an answer to it needless, or less of it. */
static void row_13_answer_behind_the_question(void)
{
    for (int what = 0; what < 3; what++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello13(s);
        advance(s, 600);
        say_hello_again(s);
        if (what == 0) {
            say13_rest(s);
        } else if (what == 1) {
            (void)peer13_ack_heard(&s->peer13); /* all of epoch 2: what is left is the ServerHello, which is implied */
        } else {
            number13 all[40] = {{0, 0}};
            size_t   num = 0;
            for (size_t i = 0; i < s->peer.num_heard; i++) {
                const heard *h = &s->peer.heard[i];
                if (num == 0 || all[num - 1].epoch != h->epoch || all[num - 1].seq != h->seq) {
                    all[num++] = (number13){h->epoch, h->seq};
                }
            }
            peer13_ack(&s->peer13, all, num);
        }
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, FINISHED), 0);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}


/* The same with an ACK of some records only. */
static void row_13_partial_ack_behind_the_question(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .auth = FPL_CLIENT_AUTH_REQUIRED, .configure = narrow});
    hello13(s);
    advance(s, 600);
    const heard *last = &s->peer.heard[s->peer.num_heard - 1];
    number13     number = {last->epoch, last->seq};
    bytes        known = last->body;
    say_hello_again(s);
    peer13_ack(&s->peer13, &number, 1);
    deliver(s);
    for (size_t i = 0; i < num_heard(s); i++) {
        EXPECT(s, !bytes_equal(heard_new(s, i)->body, known));
    }
    finish13(s);
    expect_talk(s);
}

/* A long flight asked for again is sent ten records at a time, too. */
static void row_13_long_flight_as_asked(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .configure = long_chain_narrow});
    say13_client_hello(s);
    deliver(s);
    for (int i = 0; i < 20 && !s->peer.flight_done; i++) {
        wake(s);
    }
    EXPECT(s, s->peer.flight_done);
    advance(s, 600);
    forget(s);
    size_t before = s->num_sent;
    say_hello_again(s);
    deliver(s);
    EXPECT(s, s->num_sent > before && s->num_sent <= before + 10);
    wake(s);
    EXPECT(s, num_heard(s) > 0);
    finish13(s);
    expect_talk(s);
}

static void interrupted_resend(stage *s)
{
    uint8_t    buf[300];
    fpl_output out;
    EXPECT(s, fpl_conn_set_mtu(s->conn, 200) == FPL_OK);
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer.flight_done);
    wake(s);
    fpl_time due = s->deadline;
    s->now += 1500;
    say_hello_again(s);
    bytes datagram = take_said(s);
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    memset(&out, 0, sizeof out);
    EXPECT(s, fpl_conn_poll(s->conn, buf, sizeof buf, &out) == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM);
    peer13_hear(&s->peer13, buf, out.as.datagram_len, s->now);
    s->now = due;
    (void)fpl_conn_timeout(s->conn, s->now);
    forget(s);
    poll(s);
}

/* The timer falls due while a resend that the peer asked for is half polled: with resends left, and without. */
static void row_13_timer_in_a_resend_as_asked(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .configure = one_resend});
    interrupted_resend(s);
    expect_timeout(s);
    s = stage_open((stage_options){.dtls13 = true, .configure = narrow});
    interrupted_resend(s);
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
    finish13(s);
    expect_talk(s);
}

/* Its Certificate comes while the amplification limit holds most of our flight back: no honest client can say so much so
 * soon. Nothing comes of it. */
static void row_13_answer_to_a_flight_held_back(void)
{
    stage *s = stage_open((stage_options){
        .dtls13 = true, .unproven = true, .auth = FPL_CLIENT_AUTH_REQUIRED, .configure = eight_certificates});
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer.ready && !s->peer.flight_done);
    say13_certificate(s);
    deliver(s);
    EXPECT(s, !s->failed);
    EXPECT_UINT(s, s->certificates, 0);
    advance(s, 41000);
    expect_timeout(s);
    EXPECT_UINT(s, s->connected, 0);
}

/* A HelloRetryRequest of a server that keeps the state: repeated when its hello comes again, and not by any timer. */
static void row_13_retry_is_repeated_when_asked(void)
{
    stage *s = stage13_at(FPL_ROLE_SERVER, "WAIT_CH_AGAIN");
    EXPECT_UINT(s, s->peer13.retries, 1);
    advance(s, 5000);
    EXPECT_UINT(s, num_heard(s), 0);
    for (int i = 0; i < 3; i++) {
        say_hello_again(s);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        say_hello_again(s);
        deliver(s);
        EXPECT_UINT(s, num_heard(s), 0); /* not more often than each half timer */
        advance(s, 700);
    }
    /* The old hello and the new one in one datagram. */
    say_hello_again(s);
    ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer.flight_done);
    finish13(s);
    expect_talk(s);
}

/* The rest of a ticket is awaited when an older one comes again: its ACK was lost, and goes out at once. */
static void row_13_repetition_beside_a_delayed_ack(void)
{
    stage  *s = connected13(role13(1));
    peer13 *q = &s->peer13;
    bytes   ticket = peer13_ticket(60);
    peer13_say(q, NEW_SESSION_TICKET, ticket);
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    unsigned seq = peer13_note(q, NEW_SESSION_TICKET, ticket);
    peer13_fragment(q, NEW_SESSION_TICKET, ticket.len, seq, 0, slice(ticket, 0, 30));
    deliver(s);
    expect_quiet(s);
    const said13 *old = &q->said[q->num_said - 2];
    number13      again = {3, q->ours[3].seq};
    peer13_fragment(q, old->type, old->body.len, old->msg_seq, 0, old->body);
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, ack_names(heard_new(s, 0), again));
    peer13_fragment(q, NEW_SESSION_TICKET, ticket.len, seq, 30, slice(ticket, 30, ticket.len));
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    expect_talk(s);
}

/* After the handshake a gap is told once; it is the sender who resends. What was acknowledged and comes again is
 * acknowledged again meanwhile. */
static void row_13_gap_after_the_handshake(void)
{
    stage  *s = connected13(role13(1));
    peer13 *q = &s->peer13;
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(30));
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(40));
    bytes lost = take_said(s);
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(50));
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    /* The first of them again. */
    const said13 *old = &q->said[q->num_said - 3];
    number13      again = {3, q->ours[3].seq};
    peer13_fragment(q, old->type, old->body.len, old->msg_seq, 0, old->body);
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, ack_names(heard_new(s, 0), again));
    advance(s, 100000);
    expect_quiet(s);
    EXPECT(s, s->deadline == FPL_NEVER);
    deliver_bytes(s, lost);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    expect_talk(s);
}

/* A gap, and what was acknowledged once more, in one datagram: one ACK tells of both. */
static void row_13_gap_and_repetition_at_once(void)
{
    stage  *s = connected13(role13(1));
    peer13 *q = &s->peer13;
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(30));
    deliver(s);
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(40));
    bytes    lost = take_said(s);
    number13 ahead = {3, q->ours[3].seq};
    peer13_say(q, NEW_SESSION_TICKET, peer13_ticket(50));
    const said13 *old = &q->said[q->num_said - 3];
    number13      again = {3, q->ours[3].seq};
    peer13_fragment(q, old->type, old->body.len, old->msg_seq, 0, old->body);
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT(s, ack_names(heard_new(s, 0), ahead) && ack_names(heard_new(s, 0), again));
    deliver_bytes(s, lost);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    advance(s, 100000);
    expect_quiet(s);
    EXPECT(s, s->deadline == FPL_NEVER);
}

/* The handshake ends while the ACK of its last flight is due again: once is enough. */
static void row_13_handshake_ends_before_an_ack_is_due_again(void)
{
    stage *s = stage13_at(FPL_ROLE_SERVER, "WAIT_TRUST");
    say13_finished(s);
    deliver(s);
    advance(s, 300);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    forget(s);
    /* What ends it is polled into a buffer that is too small, and then time passes. */
    uint8_t    tiny[10];
    fpl_output out;
    EXPECT(s, fpl_conn_judge_certificate(s->conn, true, s->now) == FPL_OK);
    memset(&out, 0, sizeof out);
    EXPECT(s, fpl_conn_poll(s->conn, tiny, sizeof tiny, &out) == FPL_BUFFER_TOO_SMALL);
    s->now += 1500;
    EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
    poll(s);
    expect_connected(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    advance(s, 100000);
    EXPECT_UINT(s, num_heard_records(s, ACK), 0);
    expect_talk(s);
}

/* Two ACKs of a part each, one right behind the other: the rest is drawn once in half the timer. */
static void row_13_two_partial_acks(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .configure = narrow});
    hello13(s);
    number13 numbers[20];
    size_t   num = 0;
    for (size_t i = 0; i < s->peer.num_heard && num < 20; i++) {
        const heard *h = &s->peer.heard[i];
        if (h->record == HANDSHAKE && h->epoch == 2 && (num == 0 || numbers[num - 1].seq != h->seq)) {
            numbers[num++] = (number13){h->epoch, h->seq};
        }
    }
    EXPECT(s, num >= 3);
    peer13_ack(&s->peer13, &numbers[0], 1);
    deliver(s);
    EXPECT(s, num_heard(s) > 0);
    peer13_ack(&s->peer13, &numbers[1], 1);
    deliver(s);
    expect_quiet(s);
    wake(s);
    EXPECT(s, num_heard(s) > 0);
    finish13(s);
    expect_talk(s);
}

/* In the handshake the ACK of a gap goes out again, as it may be lost and its reader may be held back without it. */
static void row_13_gap_is_told_again(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, role == 0 ? "WAIT_CERT" : "WAIT_EE");
        say13_next(s);
        bytes lost = take_said(s);
        say13_next(s);
        deliver(s);
        EXPECT_UINT(s, num_heard_records(s, ACK), 1);
        number13 kept = s->peer13.said[s->peer13.num_said - 1].record;
        unsigned told = 0;
        for (int i = 0; i < 10 && told < 3; i++) {
            wake(s);
            for (size_t n = 0; n < num_heard(s); n++) {
                told += ack_names(heard_new(s, n), kept) ? 1 : 0;
            }
        }
        EXPECT_UINT(s, told, 3);
        EXPECT(s, s->now >= 7000); /* with the patience of a resend: 1, 2 and 4 seconds */
        deliver_bytes(s, lost);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* There are servers that never name the first record of a long flight. Who has named its last message has read it all. */
static void row_13_all_but_the_first_record_named(void)
{
    for (int named = 0; named < 2; named++) {
        stage *s = stage_open(
            (stage_options){.role = FPL_ROLE_CLIENT, .dtls13 = true, .configure = long_chain_narrow});
        s->peer.asks = true;
        hello13(s);
        say13_rest(s);
        deliver(s);
        for (int i = 0; i < 40 && !s->peer.their_finished; i++) {
            wake(s);
        }
        EXPECT(s, s->peer.their_finished && s->connected == 1);
        for (int i = 0; i < 400 && !s->failed && strcmp(state_of(s), "WAIT_ACK") == 0; i++) {
            number13 numbers[64];
            size_t   num = 0;
            for (size_t n = 0; n < s->peer.num_heard; n++) {
                const heard *h = &s->peer.heard[n];
                bool         of_first = h->record == HANDSHAKE && h->type == CERTIFICATE && h->offset == 0;
                bool         wanted = named == 1 || h->type == CERTIFICATE;
                if (h->record == HANDSHAKE && h->epoch == 2 && !of_first && wanted && num < 64 &&
                    (num == 0 || numbers[num - 1].seq != h->seq)) {
                    numbers[num++] = (number13){h->epoch, h->seq};
                }
            }
            peer13_ack(&s->peer13, numbers, num);
            deliver(s);
            if (strcmp(state_of(s), "WAIT_ACK") == 0 && s->deadline != FPL_NEVER) {
                wake(s);
            }
        }
        if (named == 1) {
            expect_state(s, "CONNECTED");
            expect_talk(s);
        } else {
            expect_timeout(s); /* without its last message it may never have been heard */
        }
        stage_close(s);
    }
}

/* The door asked for no group, as there was a share; then there is none: a second retry is not to be had. */
static void row_13_share_withdrawn_after_a_retry(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .door = true});
    say13_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer13.retries == 1 && s->peer13.retry_group == 0);
    ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
    say13_client_hello(s);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    EXPECT_UINT(s, s->peer13.retries, 1);
}

/* One group was asked for and the share of another comes, which it had offered too. */
static void row_13_share_of_another_group_after_a_retry(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
        ext_set(&s->peer.extensions, EXT_GROUPS, bytes_hex("0004 001d 0017"));
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
        say13_client_hello(s);
        deliver(s);
        EXPECT(s, s->peer13.retries == 1 && s->peer13.retry_group == X25519_GROUP);
        crypto_share other = crypto_share_of(P256_GROUP);
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, P256_GROUP, other.public));
        crypto_share_free(&other);
        say13_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        EXPECT_UINT(s, s->peer13.retries, 1);
        stage_close(s);
    }
}

/* The first half of a flight is acknowledged while its second half is still to be signed elsewhere. */
static void row_13_first_half_acknowledged(void)
{
    for (int role = 0; role < 2; role++) {
        for (int lost = 0; lost < 2; lost++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_SIGNATURE");
            number13 all[40];
            size_t   num = 0;
            for (size_t i = 0; i < s->peer.num_heard; i++) {
                const heard *h = &s->peer.heard[i];
                if (h->record == HANDSHAKE && (role == 0 || h->epoch == 2) &&
                    (num == 0 || all[num - 1].epoch != h->epoch || all[num - 1].seq != h->seq)) {
                    all[num++] = (number13){h->epoch, h->seq};
                }
            }
            EXPECT(s, num > 0);
            peer13_ack(&s->peer13, all, num);
            deliver(s);
            expect_state(s, "WAIT_SIGNATURE");
            advance(s, 5000);
            EXPECT_UINT(s, num_heard_messages(s, CERTIFICATE), 0); /* not once more */
            s->loses = lost == 1 ? 100 : 0;
            sign(s);
            s->loses = 0;
            if (lost == 1) {
                wake(s);
            }
            EXPECT_UINT(s, num_heard_messages(s, CERTIFICATE), 0);
            EXPECT_UINT(s, num_heard_messages(s, CERTIFICATE_VERIFY), 1);
            EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
            finish13(s);
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* The amplification limit holds back a resend by timer: it still counts, and what comes meanwhile is understood. */
static void row_13_resend_held_back(void)
{
    for (int what = 0; what < 4; what++) {
        stage *s = stage_open(
            (stage_options){.dtls13 = true, .unproven = true, .auth = FPL_CLIENT_AUTH_REQUIRED, .configure = narrow});
        ext_add(&s->peer.extensions, EXT_PADDING, bytes_zero(250));
        say13_client_hello(s);
        deliver(s);
        EXPECT(s, s->peer.flight_done && s->bytes_out <= 3 * s->bytes_in);
        size_t before = 1;
        for (int i = 0; i < 6 && before > 0; i++) {
            size_t sent = s->num_sent;
            wake(s);
            before = s->num_sent - sent;
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
        }
        EXPECT(s, before == 0 && !s->failed); /* nothing is let out any more */
        const heard *last = &s->peer.heard[s->peer.num_heard - 1];
        number13     number = {last->epoch, last->seq}, all[60] = {{0, 0}};
        size_t       num = 0;
        if (what == 0) {
            fpl_time interval = s->deadline - s->now;
            wake(s); /* it rings again, for nothing, and does not back off */
            EXPECT(s, !s->failed && s->deadline - s->now == interval);
        } else if (what == 1) {
            peer13_ack(&s->peer13, &number, 1);
            deliver(s);
        } else if (what == 2) {
            for (size_t i = 0; i < s->peer.num_heard; i++) {
                const heard *h = &s->peer.heard[i];
                if (num == 0 || all[num - 1].epoch != h->epoch || all[num - 1].seq != h->seq) {
                    all[num++] = (number13){h->epoch, h->seq};
                }
            }
            peer13_ack(&s->peer13, all, num);
            deliver(s);
            EXPECT_UINT(s, num_heard(s), 0);
        }
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void row_13_retry_that_selects_another_version(void)
{
    static const char *const versions[] = {"fefd", "feff", "0304"};
    for (size_t i = 0; i < 6; i++) {
        stage_options o = role13(1);
        o.both = i >= 3;
        stage *s = stage_open(o);
        hello13(s);
        bytes body = peer13_hello_retry(&s->peer13, 0, bytes_of("cookie", 6));
        bytes block = peer_hello_extensions(body, false);
        ext_set(&block, EXT_SUPPORTED_VERSIONS, bytes_hex(versions[i % 3]));
        body.len = 38;
        bytes_vector(&body, 2, block);
        peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "selected_version_is_dtls13");
        stage_close(s);
    }
}

/* Something behind a KeyUpdate in its record, in each state of updating. */
static void row_13_more_behind_a_key_update(void)
{
    for (int role = 0; role < 2; role++) {
        for (int state = 0; state < 4; state++) {
            for (int requested = 0; requested < 2; requested++) {
                stage *s = connected13(role13(role));
                if (state == 1 || state == 2) {
                    EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_OK);
                    poll(s);
                }
                if (state == 2) {
                    peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(true));
                    deliver(s);
                    peer13_next_keys(&s->peer13);
                }
                if (state == 3) {
                    app_close(s);
                }
                bytes update = peer13_key_update(requested == 1);
                bytes body = peer_fragment_of(KEY_UPDATE, 1, s->peer.msg_seq, 0, update);
                bytes_append(&body, peer_fragment_of(KEY_UPDATE, 1, s->peer.msg_seq + 1, 0, update));
                peer13_record(&s->peer13, HANDSHAKE, body);
                deliver(s);
                expect_alert(s, UNEXPECTED_MESSAGE);
                stage_close(s);
            }
        }
    }
}

static void few_records(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_SEAL_RECORDS, 1024);
}

/* The peer has closed and acknowledges nothing any more; we talk on until the keys are used up. */
static void row_13_keys_used_up_behind_a_half_close(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.configure = few_records;
        stage     *s = connected13(o);
        uint8_t    out[100];
        size_t     len;
        unsigned   sent = 0;
        fpl_result result = FPL_OK;
        peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
        deliver(s);
        while (sent < 2000 &&
               (result = fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now)) == FPL_OK) {
            peer13_hear(&s->peer13, out, len, s->now);
            sent++;
        }
        EXPECT(s, sent > 900 && sent < 1024 && result == FPL_CLOSED);
        poll(s);
        EXPECT(s, s->peer.heard[s->peer.num_heard - 1].record == ALERT && fpl_conn_is_closed(s->conn));
        stage_close(s);
    }
}

/* We have closed; a peer that repeats an acknowledged KeyUpdate for ever draws ACKs until our record numbers end. */
static void row_13_keys_used_up_behind_our_close(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.configure = few_records;
        stage   *s = connected13(o);
        bytes    update = peer13_key_update(false);
        unsigned seq = s->peer.msg_seq;
        unsigned acks = 0;
        peer13_say(&s->peer13, KEY_UPDATE, update);
        deliver(s);
        EXPECT(s, fpl_conn_close(s->conn, s->now) == FPL_OK);
        poll(s);
        for (; acks < 3000 && !fpl_conn_is_closed(s->conn); acks++) {
            peer13_record(&s->peer13, HANDSHAKE, peer_fragment_of(KEY_UPDATE, 1, seq, 0, update));
            deliver(s);
        }
        EXPECT(s, acks > 900 && acks < 1024 && !s->failed);
        stage_close(s);
    }
}

/* A cookie of another house of the fleet, right and too old, at a door that asks for none. */
static void row_13_stale_cookie_of_a_fleet(void)
{
    static const uint8_t key[32] = {1, 2, 3};
    stage *a = stage_open((stage_options){.dtls13 = true, .door = true});
    EXPECT(a, fpl_listener_set_cookie_key(a->listener, 9, key) == FPL_OK);
    say13_client_hello(a);
    deliver(a);
    EXPECT_UINT(a, a->peer13.retries, 1);
    bytes cookie = bytes_none();
    bytes_vector(&cookie, 2, a->peer13.retry_cookie);
    for (int stale = 0; stale < 2; stale++) {
        stage *b = stage_open((stage_options){.dtls13 = true, .door = true, .no_cookie = true});
        EXPECT(b, fpl_listener_set_cookie_key(b->listener, 9, key) == FPL_OK);
        b->now = stale == 1 ? 61000 : 10;
        ext_set(&b->peer.extensions, EXT_COOKIE, cookie);
        say13_client_hello(b);
        deliver(b);
        if (stale == 1) {
            expect_alert(b, ILLEGAL_PARAMETER);
            expect_refused_by(b, "cookie_is_fresh");
        }
        EXPECT_UINT(b, b->connected, 0);
        stage_close(b);
    }
}

SCENARIOS(rows_13_scenarios, PLAYS(row_13_answer_behind_the_question), PLAYS(row_13_partial_ack_behind_the_question),
          PLAYS(row_13_long_flight_as_asked), PLAYS(row_13_timer_in_a_resend_as_asked),
          PLAYS(row_13_answer_to_a_flight_held_back), PLAYS(row_13_retry_is_repeated_when_asked),
          PLAYS(row_13_repetition_beside_a_delayed_ack), PLAYS(row_13_gap_after_the_handshake),
          PLAYS(row_13_gap_and_repetition_at_once), PLAYS(row_13_handshake_ends_before_an_ack_is_due_again),
          PLAYS(row_13_two_partial_acks), PLAYS(row_13_gap_is_told_again), PLAYS(row_13_all_but_the_first_record_named),
          PLAYS(row_13_share_withdrawn_after_a_retry), PLAYS(row_13_share_of_another_group_after_a_retry),
          PLAYS(row_13_first_half_acknowledged), PLAYS(row_13_resend_held_back),
          PLAYS(row_13_retry_that_selects_another_version), PLAYS(row_13_more_behind_a_key_update),
          PLAYS(row_13_keys_used_up_behind_a_half_close), PLAYS(row_13_keys_used_up_behind_our_close), PLAYS(row_13_stale_cookie_of_a_fleet));
