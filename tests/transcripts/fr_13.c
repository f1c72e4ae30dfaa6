/* Group FR of the security catalogue in DTLS 1.3: fragments. */
#include <string.h>

#include "common/rng.h"
#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static stage *open_with_auth(int role)
{
    stage_options o = role13(role);
    o.auth = FPL_CLIENT_AUTH_REQUIRED;
    stage *s = stage_open(o);
    s->peer.asks = true;
    return s;
}

/* Says nothing yet, but notes what is left of the flight: for pieces. Returns the first of it. */
static size_t note_rest(stage *s)
{
    size_t first = s->peer13.num_said;
    say13_rest(s);
    (void)take_said(s);
    return first;
}

static void piece(stage *s, const said13 *m, size_t from, size_t to)
{
    unsigned epoch = s->peer13.epoch;
    s->peer13.epoch = m->epoch;
    peer13_fragment(&s->peer13, m->type, m->body.len, m->msg_seq, from, slice(m->body, from, to));
    s->peer13.epoch = epoch;
}

static void fr01_13_other_length_in_clear(void)
{
    stage *s = open_with_auth(1);
    hello13(s);
    size_t        first = note_rest(s);
    const said13 *m = &s->peer13.said[first]; /* ServerHello */
    s->peer13.epoch = 0;
    peer13_fragment(&s->peer13, SERVER_HELLO, 100, m->msg_seq, 0, bytes_zero(50));
    peer13_fragment(&s->peer13, SERVER_HELLO, 200, m->msg_seq, 50, bytes_zero(150));
    deliver(s);
    expect_quiet(s);
    expect_state(s, "WAIT_SH");
    /* Between the halves of the real one as well. */
    piece(s, m, 0, 40);
    peer13_fragment(&s->peer13, SERVER_HELLO, 77, m->msg_seq, 40, bytes_zero(30));
    peer13_fragment(&s->peer13, CERTIFICATE, m->body.len, m->msg_seq, 40, bytes_zero(30));
    deliver(s);
    piece(s, m, 40, m->body.len);
    deliver(s);
    EXPECT(s, !s->failed);
    s->peer13.epoch = 3;
    peer13_say_again(&s->peer13, first);
    deliver(s);
    finish13(s);
    expect_talk(s);
}

static void fr01_13_other_length_under_keys(void)
{
    for (int role = 0; role < 2; role++) {
        for (int what = 0; what < 3; what++) {
            stage   *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
            unsigned seq = s->peer.msg_seq;
            bytes    finished = peer13_finished(&s->peer13);
            peer13_fragment(&s->peer13, FINISHED, 32, seq, 0, slice(finished, 0, 16));
            if (what == 0) {
                peer13_fragment(&s->peer13, FINISHED, 40, seq, 16, bytes_zero(24));
            } else if (what == 1) {
                peer13_fragment(&s->peer13, CERTIFICATE, 32, seq, 16, bytes_zero(16));
            } else {
                finished.data[3] ^= 1; /* the same place, another byte */
                peer13_fragment(&s->peer13, FINISHED, 32, seq, 0, slice(finished, 0, 16));
            }
            deliver(s);
            expect_alert(s, ILLEGAL_PARAMETER);
            EXPECT_UINT(s, s->connected, 0);
            stage_close(s);
        }
    }
}

static number13 next_number(const stage *s)
{
    const epoch13 *e = &s->peer13.ours[s->peer13.epoch % PEER13_EPOCHS];
    return (number13){s->peer13.epoch, e->seq};
}

/* The handshake ends, a KeyUpdate follows it, and no ACK of it all has named what was dropped. */
static void expect_never_acknowledged(stage *s, const number13 *dropped, size_t num)
{
    finish13(s);
    peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    for (size_t i = 0; i < s->peer.num_heard; i++) {
        for (size_t n = 0; n < num; n++) {
            EXPECT(s, !ack_names(&s->peer.heard[i], dropped[n]));
        }
    }
    peer13_next_keys(&s->peer13);
    expect_talk(s);
}

static void fr02_13_offset_beyond_total(void)
{
    static const struct {
        size_t total, offset, len;
    } odd[] = {{100, 0xffffff, 1},       {100, 100, 1},     {100, 60, 41}, {100, 101, 0}, {0, 1, 0}, {0, 0, 1},
               {0xffffff, 0xffffff, 10}, {50, 0xfffff0, 32}};
    static const char *const states[2][2] = {{"WAIT_CERT", "CONNECTED"}, {"WAIT_EE", "CONNECTED"}};
    for (int role = 0; role < 2; role++) {
        for (size_t state = 0; state < 2; state++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][state]);
            number13 dropped[sizeof odd / sizeof odd[0]];
            for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
                uint64_t malformed = stats_of(s).dropped_malformed;
                dropped[i] = next_number(s);
                peer13_fragment(&s->peer13, KEY_UPDATE, odd[i].total, s->peer.msg_seq, odd[i].offset,
                                bytes_zero(odd[i].len));
                expect_dropped(s);
                EXPECT_UINT(s, stats_of(s).dropped_malformed, malformed + 1);
            }
            expect_never_acknowledged(s, dropped, sizeof odd / sizeof odd[0]);
            stage_close(s);
        }
    }
}

static void fr03_13_empty_fragments(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = open_with_auth(role);
        hello13(s);
        size_t        first = note_rest(s), live = 0;
        const said13 *m = &s->peer13.said[first];
        for (size_t i = 0; i < 100000; i++) {
            size_t at = i % 3 == 0 ? 0 : i % 3 == 1 ? m->body.len / 2 : m->body.len;
            piece(s, m, at, at);
            deliver(s);
            expect_quiet(s);
            live = i == 100 ? s->meter->live : live;
        }
        EXPECT_UINT(s, s->meter->live, live);
        piece(s, m, 0, m->body.len - 1);
        piece(s, m, m->body.len, m->body.len);
        deliver(s);
        expect_state(s, role == 0 ? "WAIT_CERT" : "WAIT_SH");
        piece(s, m, m->body.len - 1, m->body.len);
        peer13_say_again(&s->peer13, first + 1);
        deliver(s);
        expect_connected(s);
        stage_close(s);
    }
}

static void fr03_13_empty_fragments_after_the_handshake(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = connected13(role13(role));
        unsigned type = role == 1 ? NEW_SESSION_TICKET : KEY_UPDATE;
        bytes    body = role == 1 ? peer13_ticket(20) : peer13_key_update(false);
        size_t   live = 0;
        unsigned seq = peer13_note(&s->peer13, type, body);
        for (size_t i = 0; i < 100000; i++) {
            size_t at = i % 3 == 0 ? 0 : i % 3 == 1 ? body.len / 2 : body.len;
            peer13_fragment(&s->peer13, type, body.len, seq, at, bytes_none());
            deliver(s);
            expect_quiet(s);
            live = i == 100 ? s->meter->live : live;
        }
        EXPECT_UINT(s, s->meter->live, live);
        peer13_fragment(&s->peer13, type, body.len, seq, 0, body);
        deliver(s);
        EXPECT_UINT(s, num_heard_records(s, ACK), 1);
        if (role == 0) {
            peer13_next_keys(&s->peer13);
        }
        expect_talk(s);
        stage_close(s);
    }
}

/* Says the rest of the flight as fragments that `cut` makes of each message. */
static void say_rest_cut(stage *s, void (*cut)(stage *, const said13 *, rng *), rng *r)
{
    size_t first = note_rest(s);
    for (size_t i = first; i < s->peer13.num_said; i++) {
        said13 m = s->peer13.said[i];
        cut(s, &m, r);
        deliver(s);
        EXPECT(s, !s->failed);
    }
}

static void whole_handshake_cut(int role, void (*cut)(stage *, const said13 *, rng *), uint64_t seed)
{
    rng    r = rng_of(seed);
    stage *s = open_with_auth(role);
    hello13(s);
    say_rest_cut(s, cut, &r);
    expect_connected(s);
    if (role == 1) {
        finish13(s);
    }
    expect_talk(s);
    stage_close(s);
}

static void cut_overlapping(stage *s, const said13 *m, rng *r)
{
    size_t len = m->body.len;
    (void)r;
    if (len < 100) {
        piece(s, m, 0, len / 2);
        piece(s, m, 0, len);
        return;
    }
    piece(s, m, 0, 60);
    piece(s, m, 40, 100);
    piece(s, m, 40, 100);
    piece(s, m, 10, len);
    piece(s, m, 0, 100);
}

static void cut_at_random(stage *s, const said13 *m, rng *r)
{
    size_t len = m->body.len;
    for (int i = 0; i < 12 && len > 0; i++) {
        size_t from = rng_below(r, len);
        piece(s, m, from, from + rng_below(r, len - from + 1));
    }
    for (size_t from = 0; from <= len; from += 50) {
        piece(s, m, from, from + 70 < len ? from + 70 : len);
    }
}

static void cut_to_single_bytes(stage *s, const said13 *m, rng *r)
{
    size_t len = m->body.len;
    size_t order[1024];
    EXPECT(s, len > 0 && len <= 1024);
    for (size_t i = 0; i < len; i++) {
        order[i] = i;
    }
    for (size_t i = len - 1; i > 0; i--) {
        size_t other = rng_below(r, i + 1), keep = order[i];
        order[i] = order[other];
        order[other] = keep;
    }
    for (size_t i = 0; i < len; i++) {
        piece(s, m, order[i], order[i] + 1);
        if (rng_percent(r, 20)) {
            piece(s, m, order[i], order[i] + 1);
        }
        if (s->peer.datagram.len > 1000 && i + 1 < len) {
            deliver(s);
            EXPECT(s, !s->failed);
        }
    }
}

static void fr04_13_overlapping_fragments(void)
{
    for (int role = 0; role < 2; role++) {
        whole_handshake_cut(role, cut_overlapping, 1);
        for (uint64_t seed = 0; seed < 30; seed++) {
            whole_handshake_cut(role, cut_at_random, seed);
        }
    }
}

/* More pieces apart from each other than are kept (limit fragment_pieces): what was not kept is not acknowledged, and has
 * to come again. */
static void fr05_13_single_byte_fragments_shuffled(void)
{
    for (int role = 0; role < 2; role++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            rng    r = rng_of(seed);
            stage *s = open_with_auth(role);
            hello13(s);
            size_t first = note_rest(s);
            for (int round = 0; round < 40 && s->connected == 0; round++) {
                for (size_t i = first; i < s->peer13.num_said; i++) {
                    said13 m = s->peer13.said[i];
                    cut_to_single_bytes(s, &m, &r);
                    deliver(s);
                    EXPECT(s, !s->failed);
                }
            }
            expect_connected(s);
            EXPECT(s, s->meter->peak < 100000);
            stage_close(s);
        }
    }
}

static void fr05_13_many_pieces_little_memory(void)
{
    stage   *s = stage13_at(FPL_ROLE_SERVER, "WAIT_CERT");
    size_t   before = s->meter->live;
    unsigned seq = s->peer.msg_seq;
    for (size_t at = 0; at < 9000; at += 2) {
        peer13_fragment(&s->peer13, CERTIFICATE, 30000, seq, at, bytes_zero(1));
        if (at % 60 == 0) {
            deliver(s);
            EXPECT(s, !s->failed);
        }
    }
    EXPECT(s, s->meter->live - before <= 2 * (32768 + 8192));
}

static void fr06_13_interleaved_messages(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = open_with_auth(role);
        hello13(s);
        if (role == 1) {
            say13_server_hello(s);
            deliver(s);
        }
        size_t first = note_rest(s);
        size_t longest = 0;
        for (size_t i = first; i < s->peer13.num_said; i++) {
            longest = s->peer13.said[i].body.len > longest ? s->peer13.said[i].body.len : longest;
        }
        for (size_t at = 0; at < longest; at += 20) {
            for (size_t i = first; i < s->peer13.num_said; i++) {
                said13 m = s->peer13.said[i];
                if (at < m.body.len) {
                    piece(s, &m, at, at + 20 < m.body.len ? at + 20 : m.body.len);
                }
            }
        }
        deliver(s);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        expect_connected(s);
        stage_close(s);
    }
}

static void fr07_13_far_future(void)
{
    static const unsigned    ahead[] = {9, 10, 100, 1000, 0xfff0};
    static const char *const states[2][2] = {{"WAIT_CERT", "CONNECTED"}, {"WAIT_EE", "CONNECTED"}};
    for (int role = 0; role < 2; role++) {
        for (size_t state = 0; state < 2; state++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][state]);
            size_t live = s->meter->live;
            for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
                number13 number = {s->peer13.epoch, s->peer13.ours[s->peer13.epoch].seq};
                peer13_fragment(&s->peer13, CERTIFICATE, 200, s->peer.msg_seq + ahead[i], 0, bytes_zero(100));
                deliver(s);
                EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
                expect_state(s, states[role][state]);
                for (size_t n = 0; n < num_heard(s); n++) {
                    EXPECT(s, !ack_names(heard_new(s, n), number));
                }
            }
            EXPECT(s, s->meter->live <= live + 800); /* the list of what to acknowledge */
            finish13(s);
            stage_close(s);
        }
    }
}

static void fr08_13_huge_declared_length(void)
{
    static const char *const states[2][2] = {{"WAIT_CERT", "CONNECTED"}, {"WAIT_EE", "CONNECTED"}};
    for (int role = 0; role < 2; role++) {
        for (size_t state = 0; state < 2; state++) {
            for (int allowed = 0; allowed < 2; allowed++) {
                stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][state]);
                size_t before = s->meter->live;
                s->meter->peak = before;
                for (unsigned n = 0; n < 20 && !s->failed; n++) {
                    peer13_fragment(&s->peer13, CERTIFICATE, allowed == 1 ? 32768 : 0xffffff, s->peer.msg_seq + n, 0,
                                    bytes_zero(1));
                    deliver(s);
                }
                EXPECT(s, s->meter->peak - before < (allowed == 1 ? 9u * 2 * 40000 : 4096u));
                stage_close(s);
            }
        }
    }
}

/* Strangers cannot fill a server's memory before there is any key, nor keep a real hello out. */
static void fr08_13_promises_do_not_keep_out_what_is_real(void)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        rng    r = rng_of(seed);
        stage *s = open_with_auth(1);
        hello13(s);
        size_t before = s->meter->live;
        size_t first = note_rest(s);
        for (int i = 0; i < 40; i++) {
            size_t total = rng_percent(&r, 30) ? 32768 : rng_between(&r, 400, 20000);
            bytes  body = bytes_zero(rng_between(&r, 1, 60));
            rng_fill(&r, body.data, body.len);
            bytes_append(&s->peer.datagram,
                         record_of(HANDSHAKE, DTLS12, 0, 100 + rng_below(&r, 1000),
                                   peer_fragment_of(SERVER_HELLO, total, (unsigned)rng_below(&r, 9),
                                                    rng_below(&r, total - body.len), body)));
            deliver(s);
            expect_quiet(s);
        }
        for (int round = 0; round < 4 && s->connected == 0; round++) {
            for (size_t i = first; i < s->peer13.num_said; i++) {
                said13 m = s->peer13.said[i];
                piece(s, &m, m.body.len / 2, m.body.len);
                piece(s, &m, 0, m.body.len / 2);
                deliver(s);
                EXPECT(s, !s->failed);
            }
        }
        expect_connected(s);
        EXPECT(s, s->meter->peak - before < 3 * 32768 + 16384);
        stage_close(s);
    }
}

/* What strangers began before there were keys takes no place from what comes under them. */
static void fr08_13_strangers_leave_room(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    for (unsigned seq = 0; seq < 9; seq++) {
        bytes_append(&s->peer.datagram,
                     record_of(HANDSHAKE, DTLS12, 0, 100 + seq, peer_fragment_of(CERTIFICATE, 2, seq, 0, bytes_zero(1))));
    }
    deliver(s);
    expect_quiet(s);
    size_t first = note_rest(s); /* ServerHello, EncryptedExtensions, Certificate, CertificateVerify, Finished */
    EXPECT_UINT(s, s->peer13.num_said - first, 5);
    for (size_t i = 0; i < 5; i++) {
        said13 m = s->peer13.said[first + i];
        if (i != 2) {
            piece(s, &m, 0, m.body.len);
            deliver(s);
            EXPECT(s, !s->failed);
        }
    }
    said13 m = s->peer13.said[first + 2];
    piece(s, &m, 0, 100);
    deliver(s);
    piece(s, &m, 100, m.body.len);
    deliver(s);
    expect_connected(s);
}

static void fr09_13_never_finished_messages(void)
{
    stage *s = open_with_auth(0);
    hello13(s);
    size_t before = s->meter->live;
    size_t first = note_rest(s);
    for (size_t i = first; i < s->peer13.num_said; i++) {
        said13 m = s->peer13.said[i];
        piece(s, &m, 0, m.body.len - 1);
    }
    deliver(s);
    EXPECT(s, !s->failed && s->meter->live - before < 6000);
    advance(s, 41000);
    expect_timeout(s);
    EXPECT(s, s->meter->live < before);
}

/* Takes the rest of a flight, each message as often as told and behind as many HelloRequests, the last message first or in
 * their order; what was forgotten for want of room comes again. Returns how deep the stack got. */
static size_t depth_of_flight(int role, int copies, bool backwards)
{
    depth_begin(); /* once before the stage opens, so that it tells of its rows at all */
    stage *s = open_with_auth(role);
    hello13(s);
    size_t first = note_rest(s), num = s->peer13.num_said - first;
    depth_begin();
    for (size_t i = 0; i < num; i++) {
        said13 m = s->peer13.said[backwards ? first + num - 1 - i : first + i];
        for (int n = 0; n < copies; n++) {
            bytes request = peer_fragment_of(HELLO_REQUEST, 0, 0, 0, bytes_none());
            bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, s->peer.seq[0]++, request));
            piece(s, &m, 0, m.body.len);
            if (s->peer.datagram.len > 50000 || n == copies - 1) {
                deliver(s);
                EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            }
        }
    }
    for (int n = 0; n < 3 && s->connected == 0; n++) {
        advance(s, 1000);
        peer13_say_again(&s->peer13, first);
        deliver(s);
    }
    size_t depth = depth_end();
    expect_connected(s);
    stage_close(s);
    return depth;
}

static void fr10_13_long_runs_of_messages(void)
{
    for (int role = 0; role < 2; role++) {
        size_t least = depth_of_flight(role, 1, false);
        size_t slack = 256; /* another caller on the way there, and not one for each message */
        EXPECT(NULL, least > 0);
        EXPECT(NULL, depth_of_flight(role, 1000, false) <= least + slack);
        EXPECT(NULL, depth_of_flight(role, 1, true) <= least + slack);
        EXPECT(NULL, depth_of_flight(role, 1000, true) <= least + slack);
    }
}

/* A record that ends inside a fragment, or inside its header, is dropped, and so is the rest of it in a record of its own:
 * fragments are not continued from one record to the next. */
static void fr11_13_truncated_fragment_header(void)
{
    static const char *const states[] = {"WAIT_FINISHED", "CONNECTED"};
    bytes                    filling = bytes_zero(100);
    memset(filling.data, 0xee, filling.len);
    for (int role = 0; role < 2; role++) {
        for (size_t state = 0; state < 2; state++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[state]);
            number13 dropped[222];
            size_t   num = 0;
            for (size_t len = 1; len < 112; len++) {
                bytes    whole = peer_fragment_of(CERTIFICATE, 100, s->peer.msg_seq, 0, filling);
                uint64_t malformed = stats_of(s).dropped_malformed;
                dropped[num++] = next_number(s);
                peer13_record(&s->peer13, HANDSHAKE, slice(whole, 0, len));
                expect_dropped(s);
                dropped[num++] = next_number(s);
                peer13_record(&s->peer13, HANDSHAKE, slice(whole, len, whole.len));
                expect_dropped(s);
                EXPECT_UINT(s, stats_of(s).dropped_malformed, malformed + 2);
            }
            expect_never_acknowledged(s, dropped, num);
            stage_close(s);
            /* Nothing at all is forbidden (RFC 8446 section 5.1). */
            s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[state]);
            peer13_record(&s->peer13, HANDSHAKE, bytes_none());
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            expect_refused_by(s, "empty record");
            stage_close(s);
        }
    }
}

static void fr12_13_one_message_in_two_epochs(void)
{
    /* The first half of Finished in the clear, as somebody on the path could add it. */
    for (int role = 0; role < 2; role++) {
        stage   *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        unsigned seq = s->peer.msg_seq;
        bytes    finished = peer13_finished(&s->peer13);
        s->peer13.epoch = 0;
        peer13_fragment(&s->peer13, FINISHED, 32, seq, 0, slice(finished, 0, 16));
        s->peer13.epoch = 2;
        peer13_fragment(&s->peer13, FINISHED, 32, seq, 16, slice(finished, 16, 32));
        deliver(s);
        EXPECT_UINT(s, s->connected, 0);
        EXPECT(s, !s->failed);
        finish13(s);
        stage_close(s);
    }
    /* The first half of EncryptedExtensions before there are keys. Joined, they would be right, and be the next message. */
    stage *s = open_with_auth(1);
    hello13(s);
    peer13_fragment(&s->peer13, ENCRYPTED_EXTENSIONS, 2, 1, 0, bytes_hex("00"));
    deliver(s);
    expect_quiet(s);
    s->peer.msg_seq = 0;
    say13_server_hello(s);
    deliver(s);
    peer13_fragment(&s->peer13, ENCRYPTED_EXTENSIONS, 2, 1, 1, bytes_hex("00"));
    deliver(s);
    expect_state(s, "WAIT_EE");
    finish13(s);
    expect_talk(s);
}

/* Half a KeyUpdate in the old epoch and half in the new one: with one byte there are no halves, so a ticket. */
static void fr12_13_one_ticket_in_two_epochs(void)
{
    stage   *s = connected13(role13(1));
    bytes    ticket = peer13_ticket(40);
    unsigned seq = s->peer.msg_seq + 1;
    peer13_fragment(&s->peer13, NEW_SESSION_TICKET, ticket.len, seq, 0, slice(ticket, 0, 20));
    deliver(s);
    EXPECT(s, !s->failed);
    peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
    deliver(s);
    EXPECT(s, !s->failed);
    peer13_next_keys(&s->peer13);
    number13 half = {4, s->peer13.ours[4].seq};
    peer13_fragment(&s->peer13, NEW_SESSION_TICKET, ticket.len, seq, 20, slice(ticket, 20, ticket.len));
    deliver(s);
    /* Never joined: it is kept as a part of another message, whose beginning is missing. */
    EXPECT(s, !s->failed);
    EXPECT_UINT(s, num_heard(s), 1);
    EXPECT(s, ack_len(heard_new(s, 0)) == 1 && ack_names(heard_new(s, 0), half));
    uint64_t again = stats_of(s).duplicates;
    peer13_fragment(&s->peer13, NEW_SESSION_TICKET, ticket.len, seq, 0, ticket);
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ACK), 1);
    EXPECT_UINT(s, stats_of(s).duplicates, again); /* the first of its number */
    peer13_fragment(&s->peer13, NEW_SESSION_TICKET, ticket.len, seq, 0, ticket);
    deliver(s);
    EXPECT_UINT(s, stats_of(s).duplicates, again + 1);
    expect_talk(s);
}

static void make_long(peer *p)
{
    ext_add(&p->extensions, EXT_PADDING, bytes_zero(1400));
}

static void hello_in_parts(stage *s, size_t parts, size_t first)
{
    bytes    body = peer13_client_hello(&s->peer13);
    unsigned seq = peer13_note(&s->peer13, CLIENT_HELLO, body);
    for (size_t i = first; i < parts; i++) {
        size_t from = body.len * i / parts, to = body.len * (i + 1) / parts;
        peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, seq, from, slice(body, from, to));
        deliver(s);
    }
}

static void fr13_13_fragmented_hello_at_the_door(void)
{
    for (size_t parts = 2; parts <= 5; parts++) {
        stage *s = stage_open((stage_options){.door = true, .dtls13 = true});
        make_long(&s->peer);
        hello_in_parts(s, parts, 0);
        EXPECT_UINT(s, s->peer13.retries, 1);
        EXPECT_UINT(s, heard_new(s, 0)->seq, parts - 1); /* of the last record that it answers */
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
        EXPECT(s, s->sent[s->num_sent - 1].len < 400);
        hello_in_parts(s, parts, 0);
        EXPECT(s, s->conn != NULL && s->peer.flight_done);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void fr13_13_part_of_a_hello(void)
{
    stage *s = stage_open((stage_options){.door = true, .dtls13 = true});
    make_long(&s->peer);
    hello_in_parts(s, 2, 1);
    expect_quiet(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    /* The cookie in the first part only. */
    s = stage_open((stage_options){.door = true, .dtls13 = true});
    make_long(&s->peer);
    hello_in_parts(s, 2, 0);
    EXPECT_UINT(s, s->peer13.retries, 1);
    bytes body = peer13_client_hello(&s->peer13);
    peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, s->peer.msg_seq, 0, slice(body, 0, body.len - 1));
    deliver(s);
    expect_quiet(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    finish13(s);
}

static void fr13_13_fragmented_hello_without_a_door(void)
{
    stage *s = stage_open(role13(0));
    make_long(&s->peer);
    hello_in_parts(s, 3, 0);
    EXPECT(s, s->peer.flight_done);
    finish13(s);
}

static void fr14_13_other_cuts_when_resent(void)
{
    static const size_t cuts[] = {2, 7, 3, 11, 1, 1};
    for (int role = 0; role < 2; role++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            rng    r = rng_of(seed);
            stage *s = open_with_auth(role);
            hello13(s);
            size_t first = note_rest(s);
            for (size_t round = 0; round < 6 && s->connected == 0; round++) {
                for (size_t i = first; i < s->peer13.num_said; i++) {
                    said13 m = s->peer13.said[i];
                    size_t parts = cuts[round] < m.body.len ? cuts[round] : 1;
                    for (size_t part = 0; part < parts; part++) {
                        piece(s, &m, m.body.len * part / parts, m.body.len * (part + 1) / parts);
                        if (round < 4 && rng_percent(&r, 40)) {
                            (void)take_said(s);
                        } else {
                            deliver(s);
                        }
                        EXPECT(s, !s->failed);
                    }
                }
                advance(s, 300);
            }
            expect_connected(s);
            stage_close(s);
        }
    }
}

/* A message that came in pieces is the same message when it comes again whole, and the other way round: an ACK each time. */
static void fr14_13_repetition_in_other_pieces(void)
{
    for (int pieces_first = 0; pieces_first < 2; pieces_first++) {
        stage *s = stage_open(role13(0));
        hello13(s);
        size_t first = note_rest(s);
        said13 m = s->peer13.said[first];
        for (int round = 0; round < 4; round++) {
            if ((round % 2 == 0) == (pieces_first == 1)) {
                piece(s, &m, 0, 13);
                deliver(s);
                piece(s, &m, 13, m.body.len);
            } else {
                piece(s, &m, 0, m.body.len);
            }
            deliver(s);
            expect_connected(s);
            EXPECT_UINT(s, num_heard_records(s, ACK), 1);
            EXPECT(s, ack_names(heard_new(s, 0), s->peer13.said[s->peer13.num_said - 1].record));
            advance(s, 1000);
        }
        expect_talk(s);
        stage_close(s);
    }
}

static void fr14_13_more_behind_the_last_piece(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        unsigned seq = s->peer.msg_seq;
        bytes    finished = peer13_finished(&s->peer13);
        peer13_fragment(&s->peer13, FINISHED, 32, seq, 0, slice(finished, 0, 6));
        deliver(s);
        EXPECT(s, !s->failed);
        bytes body = peer_fragment_of(FINISHED, 32, seq, 6, slice(finished, 6, 32));
        bytes_append(&body, peer_fragment_of(CERTIFICATE, 3, seq + 1, 0, bytes_zero(3)));
        peer13_record(&s->peer13, HANDSHAKE, body);
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
        EXPECT_UINT(s, s->connected, 0);
    }
}

/* Finished is right only if both transcripts are: with a retry of either kind and without, with client certificates and
 * without, whole and in pieces, with each hash. The peer's is its own. */
static void fr15_13_transcript(void)
{
    static const unsigned suites[] = {AES128_GCM_13, AES256_GCM_13, CHACHA20_13};
    for (unsigned i = 0; i < 48; i++) {
        rng           r = rng_of(i);
        bool          server = i % 2 == 0;
        stage_options o = {.role = server ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                           .dtls13 = true,
                           .door = server && i % 4 == 0,
                           .auth = i % 3 == 0 ? FPL_CLIENT_AUTH_REQUIRED : FPL_CLIENT_AUTH_OFF,
                           .suite = suites[i % 3],
                           .peer_credential = i % 5 == 0 ? CREDENTIAL_P384_B : CREDENTIAL_P256_B};
        stage *s = stage_open(o);
        s->peer.asks = i % 3 == 0;
        if (server && i % 8 >= 4) {
            /* A retry by group: here, or by the door together with its cookie. */
            ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
        }
        hello13(s);
        if (!server && i % 4 == 1) {
            say13_retry(s, i % 8 == 1 ? P256_GROUP : 0, i % 12 < 6 || i % 8 != 1 ? bytes_of("cookie", 6) : bytes_none());
            deliver(s);
        }
        if (i % 6 < 3) {
            say_rest_cut(s, cut_at_random, &r);
        }
        if (s->connected == 0 || !server) {
            finish13(s);
        }
        expect_talk(s);
        stage_close(s);
    }
}

SCENARIOS(fr_13_scenarios, PLAYS(fr01_13_other_length_in_clear), PLAYS(fr01_13_other_length_under_keys),
          PLAYS(fr02_13_offset_beyond_total), PLAYS(fr03_13_empty_fragments),
          PLAYS(fr03_13_empty_fragments_after_the_handshake), PLAYS(fr04_13_overlapping_fragments),
          PLAYS(fr05_13_single_byte_fragments_shuffled), PLAYS(fr05_13_many_pieces_little_memory),
          PLAYS(fr06_13_interleaved_messages), PLAYS(fr07_13_far_future), PLAYS(fr08_13_huge_declared_length),
          PLAYS(fr08_13_promises_do_not_keep_out_what_is_real), PLAYS(fr08_13_strangers_leave_room),
          PLAYS(fr09_13_never_finished_messages), PLAYS(fr10_13_long_runs_of_messages),
          PLAYS(fr11_13_truncated_fragment_header), PLAYS(fr12_13_one_message_in_two_epochs),
          PLAYS(fr12_13_one_ticket_in_two_epochs), PLAYS(fr13_13_fragmented_hello_at_the_door),
          PLAYS(fr13_13_part_of_a_hello), PLAYS(fr13_13_fragmented_hello_without_a_door),
          PLAYS(fr14_13_other_cuts_when_resent), PLAYS(fr14_13_repetition_in_other_pieces),
          PLAYS(fr14_13_more_behind_the_last_piece), PLAYS(fr15_13_transcript));
