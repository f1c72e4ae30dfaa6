/* Group PH of the security catalogue: key updates and tickets after a DTLS 1.3 handshake. */
#include <string.h>

#include "common/rng.h"
#include "engine/conn.h"
#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static bool acked(const stage *s, number13 number)
{
    for (size_t i = 0; i < num_heard(s); i++) {
        if (ack_names(heard_new(s, i), number)) {
            return true;
        }
    }
    return false;
}

static number13 last_said(const stage *s)
{
    return s->peer13.said[s->peer13.num_said - 1].record;
}

/* The library renews its keys. Returns the record that says so. */
static number13 update(stage *s)
{
    number13 number = {0, 0};
    forget(s);
    EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_OK);
    poll(s);
    EXPECT_UINT(s, num_heard_messages(s, KEY_UPDATE), 1);
    for (size_t i = 0; i < num_heard(s); i++) {
        const heard *h = heard_new(s, i);
        if (h->record == HANDSHAKE && h->type == KEY_UPDATE) {
            number = (number13){h->epoch, h->seq};
        }
    }
    return number;
}

/* The peer renews its own, hears the ACK and goes on. */
static void peer_updates(stage *s, bool requested)
{
    peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(requested));
    deliver(s);
    EXPECT(s, !s->failed && acked(s, last_said(s)));
    peer13_next_keys(&s->peer13);
}

static unsigned epoch_of_data(stage *s)
{
    app_send(s, bytes_of("x", 1));
    EXPECT_UINT(s, num_heard_records(s, DATA), 1);
    for (size_t i = 0; i < num_heard(s); i++) {
        if (heard_new(s, i)->record == DATA) {
            return heard_new(s, i)->epoch;
        }
    }
    return 0;
}

static void ph01_key_update_flood(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        size_t before = s->meter->live;
        for (unsigned i = 0; i < 3000; i++) {
            s->peer13.num_said = 10; /* they need not be remembered */
            peer_updates(s, false);
            s->peer13.sent.len = 0;
            s->peer13.flight = 0;
            EXPECT(s, s->meter->live <= before + 4096); /* at most three epochs can be read */
        }
        EXPECT_UINT(s, s->peer13.epoch, 3003);
        s->num_data = 0;
        expect_talk(s);
        EXPECT_UINT(s, s->peer13.updates, 0);
        stage_close(s);
    }
}

/* Epoch numbers have 16 bits here, and do not wrap: the KeyUpdate that would open the last of them, 2^16-1, ends the
 * connection instead of being acknowledged, and each before it was. */
static void ph01_epochs_run_out(void)
{
    stage   *s = connected13(role13(0));
    unsigned acknowledged = 0;
    while (!s->failed && s->peer13.epoch < 65535) {
        s->peer13.num_said = 10;
        s->peer13.sent.len = 0;
        s->peer13.flight = 0;
        peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
        deliver(s);
        if (!s->failed) {
            EXPECT(s, num_heard(s) == 1 && acked(s, last_said(s)));
            acknowledged++;
            peer13_next_keys(&s->peer13);
        }
    }
    EXPECT_UINT(s, s->peer13.epoch, 65534);
    EXPECT_UINT(s, acknowledged, 65534 - 3);
    EXPECT_UINT(s, num_heard(s), 1);
    EXPECT(s, heard_new(s, 0)->record == ALERT && heard_new(s, 0)->level == FATAL && heard_new(s, 0)->type == INTERNAL_ERROR);
    EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_INTERNAL && s->why.alert == INTERNAL_ERROR);
    expect_refused_by(s, "epoch"); /* limit epoch, in closure */
    expect_dead(s);
}

static void ph02_requests_cross(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        /* Both at the same time, and the peer answers every update with another request. */
        number13 ours = update(s);
        EXPECT(s, s->peer13.update_requested);
        peer_updates(s, true);
        EXPECT_UINT(s, s->peer13.updates, 1); /* its answer waits for the ACK of its own */
        peer13_ack(&s->peer13, &ours, 1);
        deliver(s);
        EXPECT_UINT(s, s->peer13.updates, 2);
        EXPECT(s, !s->peer13.update_requested);
        (void)peer13_ack_heard(&s->peer13);
        deliver(s);
        EXPECT_UINT(s, num_heard(s), 0);
        advance(s, 100000);
        EXPECT_UINT(s, num_heard(s), 0);
        EXPECT_UINT(s, epoch_of_data(s), 5);
        expect_talk(s);
        /* An answer per request, and no more. */
        for (unsigned i = 0; i < 20; i++) {
            peer_updates(s, true);
            EXPECT_UINT(s, s->peer13.updates, 3 + i);
            EXPECT(s, !s->peer13.update_requested);
            (void)peer13_ack_heard(&s->peer13);
            deliver(s);
            expect_quiet(s);
        }
        stage_close(s);
    }
}

/* Two requests while an update of ours is under way are answered by one. */
static void ph02_owing_one_answer(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = connected13(role13(role));
        number13 ours = update(s);
        peer_updates(s, true);
        peer_updates(s, true);
        peer_updates(s, false);
        EXPECT_UINT(s, s->peer13.updates, 1);
        EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_NOT_YET);
        peer13_ack(&s->peer13, &ours, 1);
        deliver(s);
        EXPECT_UINT(s, s->peer13.updates, 2);
        (void)peer13_ack_heard(&s->peer13);
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->peer13.updates, 2);
        EXPECT_UINT(s, epoch_of_data(s), 5);
        stage_close(s);
    }
}

/* A second update while the first is unanswered, without a request: nothing is owed for it. */
static void ph02_updates_without_request(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = connected13(role13(role));
        number13 ours = update(s);
        peer_updates(s, false);
        peer13_ack(&s->peer13, &ours, 1);
        deliver(s);
        EXPECT_UINT(s, s->peer13.updates, 1);
        EXPECT_UINT(s, epoch_of_data(s), 4);
        stage_close(s);
    }
}

static void ph03_key_update_before_finished(void)
{
    static const char *const states[2][4] = {{"WAIT_CERT", "WAIT_CV", "WAIT_FINISHED"},
                                             {"WAIT_EE", "WAIT_CERT_CR", "WAIT_CV", "WAIT_FINISHED"}};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 4 && states[role][i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][i]);
            peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            stage_close(s);
        }
    }
}

static void ph03_malformed_key_update(void)
{
    static const struct {
        const char *body;
        int         alert;
    } wrong[] = {{"", DECODE_ERROR},
                 {"02", ILLEGAL_PARAMETER},
                 {"ff", ILLEGAL_PARAMETER},
                 {"0000", DECODE_ERROR},
                 {"0100", DECODE_ERROR}};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            stage *s = connected13(role13(role));
            peer13_say(&s->peer13, KEY_UPDATE, bytes_hex(wrong[i].body));
            deliver(s);
            expect_alert(s, wrong[i].alert);
            stage_close(s);
        }
    }
}

/* After its KeyUpdate an epoch holds nothing new (RFC 9147bis section 8), in whatever order it comes. */
static void ph04_new_message_in_an_ended_epoch(void)
{
    for (int role = 0; role < 2; role++) {
        for (int buffered = 0; buffered < 2; buffered++) {
            stage   *s = connected13(role13(role));
            unsigned seq = s->peer.msg_seq;
            bytes    ticket = role == 1 ? peer13_ticket(20) : peer13_key_update(false);
            unsigned type = role == 1 ? NEW_SESSION_TICKET : KEY_UPDATE;
            if (buffered == 1) {
                peer13_fragment(&s->peer13, type, ticket.len, seq + 1, 0, ticket);
                deliver(s);
                EXPECT(s, !s->failed);
            }
            peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
            deliver(s);
            if (buffered == 0) {
                EXPECT(s, !s->failed);
                peer13_fragment(&s->peer13, type, ticket.len, seq + 1, 0, ticket);
                deliver(s);
            }
            expect_alert(s, UNEXPECTED_MESSAGE);
            stage_close(s);
        }
    }
}

static void ph05_new_keys_only_after_the_ack(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = connected13(role13(role));
        number13 ours = update(s), last = ours;
        for (int i = 0; i < 4; i++) {
            EXPECT_UINT(s, epoch_of_data(s), 3);
            wake(s);
            EXPECT_UINT(s, num_heard_messages(s, KEY_UPDATE), 1);
            EXPECT_UINT(s, heard_new(s, 0)->epoch, 3);
            last = (number13){3, heard_new(s, 0)->seq};
        }
        /* An ACK of something else opens nothing; of any transmission, all. */
        number13 other = {3, last.seq - 1};
        peer13_ack(&s->peer13, &other, 1);
        deliver(s);
        EXPECT_UINT(s, epoch_of_data(s), 3);
        peer13_ack(&s->peer13, role == 0 ? &last : &ours, 1);
        deliver(s);
        EXPECT_UINT(s, epoch_of_data(s), 4);
        EXPECT(s, s->deadline == FPL_NEVER || role == 0);
        expect_talk(s);
        stage_close(s);
    }
}

/* Our Finished is not acknowledged yet when we renew our keys already: new ones only when both are. */
static void ph05_update_before_the_last_ack(void)
{
    for (int order = 0; order < 3; order++) {
        stage *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_ACK");
        const heard *last = &s->peer.heard[s->peer.num_heard - 1];
        number13     numbers[2] = {{last->epoch, last->seq}, update(s)};
        EXPECT(s, numbers[0].epoch == 2 && numbers[1].epoch == 3);
        EXPECT_UINT(s, epoch_of_data(s), 3);
        if (order == 0) {
            peer13_ack(&s->peer13, numbers, 2);
        } else {
            peer13_ack(&s->peer13, &numbers[order - 1], 1);
            deliver(s);
            EXPECT(s, order == 2 || epoch_of_data(s) == 3);
            peer13_ack(&s->peer13, &numbers[2 - order], 1);
        }
        deliver(s);
        EXPECT_UINT(s, epoch_of_data(s), 4);
        expect_state(s, "CONNECTED");
        EXPECT(s, s->deadline == FPL_NEVER);
        expect_talk(s);
        stage_close(s);
    }
}

/* The peer renews its keys before it has acknowledged our Finished. */
static void ph05_peer_updates_before_the_last_ack(void)
{
    for (int requested = 0; requested < 2; requested++) {
        stage *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_ACK");
        peer_updates(s, requested == 1);
        EXPECT_UINT(s, s->peer13.updates, (unsigned)requested);
        peer13_data(&s->peer13, bytes_of("under new keys", 14));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 1);
        (void)peer13_ack_heard(&s->peer13);
        deliver(s);
        expect_state(s, "CONNECTED");
        EXPECT_UINT(s, epoch_of_data(s), 3 + (unsigned)requested);
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
    }
}

/* Nobody answers at all: it is resent with patience, and then that is the end. */
static void ph05_no_ack_at_all(void)
{
    stage *s = connected13(role13(1));
    (void)update(s);
    unsigned resends = 0;
    while (!s->failed && resends < 20) {
        wake(s);
        resends += num_heard_messages(s, KEY_UPDATE);
    }
    EXPECT_UINT(s, resends, 8);
    expect_timeout(s);
}

/* One side alone renews, again and again: the ACKs of the other stay in its first epoch. */
static void ph05_one_sided_updates(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (unsigned i = 0; i < 6; i++) {
            number13 ours = update(s);
            EXPECT_UINT(s, ours.epoch, 3 + i);
            peer13_ack(&s->peer13, &ours, 1); /* in epoch 3, its only one */
            deliver(s);
            EXPECT(s, !s->failed);
            EXPECT_UINT(s, epoch_of_data(s), 4 + i);
        }
        for (unsigned i = 0; i < 6; i++) {
            peer_updates(s, false);
        }
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
    }
}

/* KeyUpdate and data under the new keys in one datagram; records of the old epoch arrive late. */
static void ph05_data_around_an_update(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        peer13_data(&s->peer13, bytes_of("late", 4));
        bytes late = take_said(s);
        peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
        peer13_next_keys(&s->peer13);
        peer13_data(&s->peer13, bytes_of("new", 3));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 1);
        deliver_bytes(s, late);
        EXPECT_UINT(s, s->num_data, 2);
        /* Not for ever (limit old_read_keys). */
        s->peer13.epoch = 3;
        peer13_data(&s->peer13, bytes_of("very late", 9));
        s->peer13.epoch = 4;
        bytes very_late = take_said(s);
        advance(s, 2500);
        deliver_bytes(s, very_late);
        EXPECT_UINT(s, s->num_data, 2);
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
    }
}

/* A KeyUpdate under the new keys and data of them before it are of an epoch that is not there yet. */
static void ph05_new_epoch_before_the_update(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
        bytes first = take_said(s);
        peer13_next_keys(&s->peer13);
        peer13_data(&s->peer13, bytes_of("too soon", 8));
        bytes data = take_said(s);
        s->peer.datagram = data;
        expect_dropped(s);
        deliver_bytes(s, first);
        EXPECT_UINT(s, num_heard_records(s, ACK), 1);
        deliver_bytes(s, data); /* its number was not used up */
        EXPECT_UINT(s, s->num_data, 1);
        stage_close(s);
    }
}

/* Message numbers end before 65535: the update that would need that one ends the connection, and no number comes twice. */
static void ph06_message_numbers_run_out(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        s->conn->next_send_seq = 65534;
        s->peer.hears_seq = 65534;
        number13 last = update(s);
        EXPECT_UINT(s, heard_new(s, 0)->msg_seq, 65534);
        peer13_ack(&s->peer13, &last, 1);
        deliver(s);
        EXPECT_UINT(s, epoch_of_data(s), 4);
        forget(s);
        EXPECT_UINT(s, fpl_conn_update_keys(s->conn, s->now), FPL_FAILED);
        poll(s);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == INTERNAL_ERROR);
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_INTERNAL);
        expect_dead(s);
        stage_close(s);
    }
}

/* A ticket of any size has to fit. */
static void long_messages(fpl_config *config)
{
    EXPECT(NULL, fpl_config_set(config, FPL_SETTING_MAX_HANDSHAKE_MESSAGE, 131072) == FPL_OK);
}

/* Says a ticket in as many records as it takes, and hears one ACK that names all of them. */
static void ticket_is_acknowledged(stage *s, size_t len)
{
    peer13  *q = &s->peer13;
    bytes    ticket = peer13_ticket(len);
    size_t   most = 16000, num = 0;
    uint64_t first = q->ours[3].seq;
    q->num_said = 10; /* they need not be remembered */
    q->sent.len = 0;
    q->flight = 0;
    unsigned seq = peer13_note(q, NEW_SESSION_TICKET, ticket);
    for (size_t at = 0; at < ticket.len; at += most, num++) {
        EXPECT(s, num == 0 || num_heard(s) == 0);
        peer13_fragment(q, NEW_SESSION_TICKET, ticket.len, seq, at,
                        slice(ticket, at, ticket.len - at < most ? ticket.len : at + most));
        deliver(s);
    }
    EXPECT(s, !s->failed && num_heard(s) == 1);
    EXPECT_UINT(s, ack_len(heard_new(s, 0)), num);
    for (size_t i = 0; i < num; i++) {
        EXPECT(s, ack_names(heard_new(s, 0), (number13){3, first + i}));
    }
}

/* The largest that there can be among them, and none is kept. */
static void ph07_ticket_flood(void)
{
    stage_options o = role13(1);
    o.configure = long_messages;
    stage *s = connected13(o);
    size_t live = 0;
    for (unsigned i = 0; i < 10000; i++) {
        ticket_is_acknowledged(s, i % 100 == 0 ? 65535 : i % 20 == 1 ? 12000 : 200);
        live = i == 0 ? s->meter->live : live;
        EXPECT_UINT(s, s->meter->live, live);
    }
    expect_talk(s);
}

static void ph07_malformed_ticket(void)
{
    static const char *const bodies[] = {"", "00000e10 01020304 00 0000 0000", "00000e10 01020304 00 0001 00 0001",
                                         "00000e10 01020304 05 01 0001 00 0000"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        stage *s = connected13(role13(1));
        peer13_say(&s->peer13, NEW_SESSION_TICKET, bytes_hex(bodies[i]));
        deliver(s);
        expect_alert(s, DECODE_ERROR);
        stage_close(s);
    }
    /* Unknown extensions of one are none of our business; an early_data that we do not use, too. */
    stage *s = connected13(role13(1));
    bytes  body = bytes_hex("00000e10 01020304 00 0001 aa 000c 2a2a 0000 002a 0004 00004000");
    peer13_say(&s->peer13, NEW_SESSION_TICKET, body);
    deliver(s);
    EXPECT(s, acked(s, last_said(s)));
    expect_talk(s);
}

static void ph08_post_handshake_authentication(void)
{
    static const unsigned types[] = {CERTIFICATE_REQUEST, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 4; i++) {
            stage *s = connected13(role13(role));
            bytes  body = body13_of(s, types[i]);
            peer13_fragment(&s->peer13, types[i], body.len, s->peer.msg_seq, 0, body);
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            stage_close(s);
        }
    }
}

static void ph09_connection_id_messages(void)
{
    static const unsigned types[] = {REQUEST_CONNECTION_ID, NEW_CONNECTION_ID};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 4; i++) {
            stage *s = connected13(role13(role));
            peer13_say(&s->peer13, types[i % 2], i < 2 ? bytes_hex("01") : bytes_none());
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            stage_close(s);
        }
    }
}

static void ph10_reordered_messages(void)
{
    /* A ticket, behind it a KeyUpdate: they come the other way round and count in their own order. */
    stage *s = connected13(role13(1));
    peer13_say(&s->peer13, NEW_SESSION_TICKET, peer13_ticket(50));
    number13 ticket = last_said(s);
    bytes    first = take_said(s);
    peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
    number13 second = last_said(s);
    deliver(s);
    EXPECT(s, !s->failed);
    bool named = acked(s, second);
    deliver_bytes(s, first);
    EXPECT(s, !s->failed && acked(s, ticket));
    EXPECT(s, named || acked(s, second));
    peer13_next_keys(&s->peer13);
    expect_talk(s);
}

/* What came ahead of its turn, and was acknowledged, outlives the end of the handshake: its sender has forgotten it. */
static void ph10_messages_around_the_last_ack(void)
{
    for (int half = 0; half < 2; half++) {
        stage   *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_ACK");
        peer13  *q = &s->peer13;
        bytes    ticket = peer13_ticket(60), first = bytes_none();
        unsigned seq = 0;
        number13 ahead;
        if (half == 0) {
            peer13_say(q, NEW_SESSION_TICKET, ticket);
            first = take_said(s);
            ahead = (number13){3, q->ours[3].seq};
            peer13_say(q, NEW_SESSION_TICKET, ticket);
        } else {
            seq = peer13_note(q, NEW_SESSION_TICKET, ticket);
            ahead = (number13){3, q->ours[3].seq};
            peer13_fragment(q, NEW_SESSION_TICKET, ticket.len, seq, 30, slice(ticket, 30, ticket.len));
        }
        deliver(s);
        EXPECT(s, !s->failed && acked(s, ahead));
        (void)peer13_ack_heard(q);
        deliver(s);
        expect_state(s, "CONNECTED");
        if (half == 1) {
            peer13_fragment(q, NEW_SESSION_TICKET, ticket.len, seq, 0, slice(ticket, 0, 30));
            first = take_said(s);
        }
        deliver_bytes(s, first);
        EXPECT(s, !s->failed && num_heard_records(s, ACK) == 1);
        peer_updates(s, false);
        expect_talk(s);
        stage_close(s);
    }
}

static void ph11_duplicates_are_acknowledged(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (int what = 0; what < 2; what++) {
            if (what == 0 && role == 0) {
                continue;
            }
            peer13_say(&s->peer13, what == 0 ? NEW_SESSION_TICKET : KEY_UPDATE,
                       what == 0 ? peer13_ticket(30) : peer13_key_update(false));
            deliver(s);
            EXPECT(s, acked(s, last_said(s)));
            unsigned updates = s->peer13.updates;
            for (int i = 0; i < 100; i++) {
                peer13_say_again(&s->peer13, s->peer13.num_said - 1);
                deliver(s);
                EXPECT(s, !s->failed && num_heard_records(s, ACK) <= 1);
                EXPECT(s, num_heard_records(s, ACK) == 1 && acked(s, last_said(s)));
                EXPECT_UINT(s, s->peer13.updates, updates);
            }
        }
        peer13_next_keys(&s->peer13);
        expect_talk(s);
        stage_close(s);
    }
}

/* ----- PH-12 ------------------------------------------------------------------------------------------------------- */

typedef struct stress {
    stage   *s;
    rng      r;
    bool     waits; /* the peer, for the ACK of its KeyUpdate, which this record said last */
    number13 said;
    bytes    late; /* a datagram of the peer's that the next one overtakes */
} stress;

/* A datagram of the peer's comes, perhaps twice; there is one record of data in it. */
static void arrives(stress *t, bytes datagram)
{
    size_t data = t->s->num_data;
    for (int again = rng_percent(&t->r, 20) ? 1 : 0; again >= 0; again--) {
        deliver_bytes(t->s, datagram);
        EXPECT(t->s, !t->s->failed);
        EXPECT_UINT(t->s, t->s->num_data, data + 1);
        if (t->waits && acked(t->s, t->said)) {
            t->waits = false;
            peer13_next_keys(&t->s->peer13);
        }
    }
}

/* What the peer has to say goes out: it is lost, or waits for the next one to overtake it, or comes. */
static void goes_out(stress *t)
{
    bytes datagram = take_said(t->s), late = t->late;
    if (rng_percent(&t->r, t->s->loses)) {
        return;
    }
    if (late.len == 0 && rng_percent(&t->r, 20)) {
        t->late = datagram;
        return;
    }
    arrives(t, datagram);
    t->late = bytes_none();
    if (late.len > 0) {
        arrives(t, late);
    }
}

static void says_something(stress *t)
{
    peer13 *q = &t->s->peer13;
    if (!t->waits && rng_percent(&t->r, 50)) {
        q->num_said = 10;
        peer13_say(q, KEY_UPDATE, peer13_key_update(rng_percent(&t->r, 50)));
        t->said = last_said(t->s);
        t->waits = true;
    } else if (t->waits && rng_percent(&t->r, 30)) {
        peer13_say_again(q, q->num_said - 1);
        t->said = last_said(t->s);
    }
    peer13_data(q, bytes_of("data", 4));
    if (rng_percent(&t->r, 40)) {
        (void)peer13_ack_heard(q);
    }
}

static void both_speak(stress *t)
{
    stage *s = t->s;
    if (rng_percent(&t->r, 50)) {
        fpl_result result = fpl_conn_update_keys(s->conn, s->now);
        EXPECT(s, result == FPL_OK || result == FPL_NOT_YET);
        forget(s);
        poll(s);
    }
    says_something(t);
    goes_out(t);
    advance(s, 100);
    app_send(s, bytes_of("x", 1));
    EXPECT(s, !s->failed);
}

/* Once nothing is lost any more, both come to rest, with the same keys. */
static void comes_to_rest(stress *t)
{
    stage  *s = t->s;
    peer13 *q = &s->peer13;
    s->loses = 0;
    for (int i = 0; i < 20; i++) {
        if (t->waits) {
            peer13_say_again(q, q->num_said - 1);
            t->said = last_said(s);
        }
        peer13_data(q, bytes_of("data", 4));
        (void)peer13_ack_heard(q);
        goes_out(t);
        advance(s, 10000);
    }
    EXPECT(s, !t->waits && fpl_conn_update_keys(s->conn, s->now) == FPL_OK);
    poll(s);
    (void)peer13_ack_heard(q);
    deliver(s);
    EXPECT_UINT(s, epoch_of_data(s), q->newest);
    s->num_data = 0;
    expect_talk(s);
}

/* Updates of both sides cross, ten thousand of them, while one datagram in three is lost, and of the peer's some overtake others
 * and some come twice; data flows all the time. */
static void ph12_rekeying_under_stress(void)
{
    for (int role = 0; role < 2; role++) {
        stress  t = {.s = connected13(role13(role)), .r = rng_of((uint64_t)role)};
        peer13 *q = &t.s->peer13;
        t.s->luck = rng_of((uint64_t)role + 100);
        t.s->loses = 30;
        unsigned steps = 0;
        for (; q->updates + q->epoch < 10000 + 3; steps++) {
            EXPECT(t.s, steps < 100000);
            both_speak(&t);
        }
        EXPECT(t.s, q->updates > 3000 && q->epoch > 3000);
        comes_to_rest(&t);
        stage_close(t.s);
    }
}

SCENARIOS(ph_scenarios, PLAYS(ph01_key_update_flood), PLAYS(ph01_epochs_run_out), PLAYS(ph02_requests_cross),
          PLAYS(ph02_owing_one_answer), PLAYS(ph02_updates_without_request), PLAYS(ph03_key_update_before_finished),
          PLAYS(ph03_malformed_key_update), PLAYS(ph04_new_message_in_an_ended_epoch),
          PLAYS(ph05_new_keys_only_after_the_ack), PLAYS(ph05_update_before_the_last_ack),
          PLAYS(ph05_peer_updates_before_the_last_ack), PLAYS(ph05_no_ack_at_all), PLAYS(ph05_one_sided_updates),
          PLAYS(ph05_data_around_an_update), PLAYS(ph05_new_epoch_before_the_update),
          PLAYS(ph06_message_numbers_run_out), PLAYS(ph07_ticket_flood), PLAYS(ph07_malformed_ticket),
          PLAYS(ph08_post_handshake_authentication), PLAYS(ph09_connection_id_messages), PLAYS(ph10_reordered_messages),
          PLAYS(ph10_messages_around_the_last_ack), PLAYS(ph11_duplicates_are_acknowledged),
          PLAYS(ph12_rekeying_under_stress));
