/* Group FR of the security catalogue: fragments. */
#include <stdio.h>
#include <string.h>

#include "common/rng.h"
#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const stage_options plain_client = {.role = FPL_ROLE_CLIENT};

static bytes slice(bytes b, size_t from, size_t to)
{
    return bytes_of(b.data + from, to - from);
}

/* The place where a certificate is awaited, of either role. */
static stage *awaiting_certificate(int role)
{
    return stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CERT");
}

static void fr01_other_length_in_clear(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = awaiting_certificate(role);
        unsigned seq = s->peer.msg_seq;
        peer_fragment(&s->peer, CERTIFICATE, 100, seq, 0, bytes_zero(50));
        peer_fragment(&s->peer, CERTIFICATE, 200, seq, 50, bytes_zero(150));
        deliver(s);
        expect_quiet(s);
        expect_state(s, "WAIT_CERT");
        /* The real one still gets through. */
        finish(s);
        expect_talk(s);
    }
}

/* Half of the real message is there when a stranger's fragment of another kind comes. */
static void fr01_stranger_between_halves(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = awaiting_certificate(role);
        bytes    body = peer_certificate(&s->peer);
        unsigned seq = peer_note(&s->peer, CERTIFICATE, body);
        peer_fragment(&s->peer, CERTIFICATE, body.len, seq, 0, slice(body, 0, 100));
        peer_fragment(&s->peer, CERTIFICATE, body.len + 40, seq, 100, bytes_zero(30));
        peer_fragment(&s->peer, SERVER_KEY_EXCHANGE, 77, seq, 0, bytes_zero(30));
        peer_fragment(&s->peer, CERTIFICATE, body.len, seq, 100, slice(body, 100, body.len));
        deliver(s);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        /* At worst the other half has to come once more. */
        peer_fragment(&s->peer, CERTIFICATE, body.len, seq, 0, slice(body, 0, 100));
        peer_fragment(&s->peer, CERTIFICATE, body.len, seq, 100, slice(body, 100, body.len));
        deliver(s);
        finish(s);
        expect_talk(s);
    }
}

static void fr01_other_length_under_keys(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        unsigned seq = s->peer.msg_seq;
        bytes    finished = peer_finished(&s->peer);
        peer_fragment(&s->peer, FINISHED, 12, seq, 0, slice(finished, 0, 6));
        peer_fragment(&s->peer, FINISHED, 20, seq, 6, bytes_zero(14));
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        EXPECT_UINT(s, s->connected, 0);
    }
}

static void fr01_changed_byte_under_keys(void)
{
    stage   *s = stage_at(FPL_ROLE_SERVER, "WAIT_FINISHED");
    unsigned seq = s->peer.msg_seq;
    bytes    finished = peer_finished(&s->peer);
    peer_fragment(&s->peer, FINISHED, 12, seq, 0, slice(finished, 0, 6));
    finished.data[3] ^= 1;
    peer_fragment(&s->peer, FINISHED, 12, seq, 0, slice(finished, 0, 6));
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    EXPECT_UINT(s, s->connected, 0);
}

static void fr02_offset_beyond_total(void)
{
    static const struct {
        size_t total, offset, len;
    } odd[] = {{100, 0xffffff, 1}, {100, 100, 1},   {100, 60, 41}, {100, 101, 0}, {0, 1, 0},
               {0, 0, 1},          {0xffffff, 0xffffff, 10}, {50, 0xfffff0, 32}};
    for (int role = 0; role < 2; role++) {
        stage *s = awaiting_certificate(role);
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
            peer_fragment(&s->peer, CERTIFICATE, odd[i].total, s->peer.msg_seq, odd[i].offset, bytes_zero(odd[i].len));
            expect_dropped(s);
        }
        finish(s);
        stage_close(s);
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        peer_fragment(&s->peer, FINISHED, 12, s->peer.msg_seq, 12, bytes_zero(1));
        expect_dropped(s);
        EXPECT_UINT(s, s->connected, 0);
        finish(s);
        stage_close(s);
    }
}

static void fr03_empty_fragments(void)
{
    for (int role = 0; role < 2; role++) {
        stage        *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                                     .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello(s);
        bytes    body = role == 0 ? peer_certificate(&s->peer) : peer_server_hello(&s->peer);
        unsigned type = role == 0 ? CERTIFICATE : SERVER_HELLO;
        unsigned seq = peer_note(&s->peer, type, body);
        size_t   offsets[3] = {0, body.len / 2, body.len};
        size_t   after_first = 0;
        for (int i = 0; i < 100000; i++) {
            peer_fragment(&s->peer, type, body.len, seq, offsets[i % 3], bytes_none());
            deliver(s);
            expect_quiet(s);
            if (i == 2) {
                after_first = s->meter->live;
            }
        }
        EXPECT_UINT(s, s->meter->live, after_first);
        peer_fragment(&s->peer, type, body.len, seq, 0, slice(body, 0, body.len - 1));
        peer_fragment(&s->peer, type, body.len, seq, body.len, bytes_none());
        deliver(s);
        expect_state(s, role == 0 ? "WAIT_CERT" : "WAIT_SH");
        peer_fragment(&s->peer, type, body.len, seq, body.len - 1, slice(body, body.len - 1, body.len));
        deliver(s);
        finish(s);
        stage_close(s);
    }
}

/* Says the whole present flight as fragments that `cut` makes of each message. */
static void say_rest_cut(stage *s, void (*cut)(stage *, const said *, rng *), rng *r)
{
    size_t first = s->peer.num_said;
    bytes  whole;
    say_rest(s);
    whole = s->peer.datagram;
    s->peer.datagram = bytes_none();
    (void)whole;
    for (size_t i = first; i < s->peer.num_said; i++) {
        const said *m = &s->peer.said[i];
        s->peer.epoch = m->ccs ? 0 : m->epoch;
        if (m->ccs) {
            peer_record(&s->peer, CCS, bytes_hex("01"));
        } else {
            cut(s, m, r);
        }
        deliver(s);
        EXPECT(s, !s->failed);
    }
    s->peer.epoch = s->peer.said[s->peer.num_said - 1].epoch;
}

/* The other role's flight is cut likewise; both go on to CONNECTED. */
static void whole_handshake_cut(int role, void (*cut)(stage *, const said *, rng *), uint64_t seed)
{
    rng    r = rng_of(seed);
    stage *s =
        stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
    s->peer.asks = true;
    hello(s);
    say_rest_cut(s, cut, &r);
    if (role == 1) {
        EXPECT(s, s->peer.their_finished);
        say_rest_cut(s, cut, &r);
    }
    expect_connected(s);
    expect_talk(s);
    stage_close(s);
}

static void cut_overlapping(stage *s, const said *m, rng *r)
{
    size_t len = m->body.len;
    (void)r;
    if (len < 100) {
        peer_fragment(&s->peer, m->type, len, m->msg_seq, 0, slice(m->body, 0, len / 2));
        peer_fragment(&s->peer, m->type, len, m->msg_seq, 0, m->body);
        return;
    }
    peer_fragment(&s->peer, m->type, len, m->msg_seq, 0, slice(m->body, 0, 60));
    peer_fragment(&s->peer, m->type, len, m->msg_seq, 40, slice(m->body, 40, 100));
    peer_fragment(&s->peer, m->type, len, m->msg_seq, 40, slice(m->body, 40, 100));
    peer_fragment(&s->peer, m->type, len, m->msg_seq, 10, slice(m->body, 10, len));
    peer_fragment(&s->peer, m->type, len, m->msg_seq, 0, slice(m->body, 0, 100));
}

static void cut_at_random(stage *s, const said *m, rng *r)
{
    size_t len = m->body.len;
    for (int i = 0; i < 12 && len > 0; i++) {
        size_t from = rng_below(r, len);
        size_t to = from + rng_below(r, len - from + 1);
        peer_fragment(&s->peer, m->type, len, m->msg_seq, from, slice(m->body, from, to));
    }
    for (size_t from = 0; from <= len; from += 50) {
        peer_fragment(&s->peer, m->type, len, m->msg_seq, from, slice(m->body, from, from + 70 < len ? from + 70 : len));
    }
}

static void cut_to_single_bytes(stage *s, const said *m, rng *r)
{
    size_t len = m->body.len;
    size_t order[1024];
    if (len == 0) {
        peer_fragment(&s->peer, m->type, 0, m->msg_seq, 0, bytes_none());
        return;
    }
    EXPECT(s, len <= 1024);
    for (size_t i = 0; i < len; i++) {
        order[i] = i;
    }
    for (size_t i = len - 1; i > 0; i--) {
        size_t other = rng_below(r, i + 1), keep = order[i];
        order[i] = order[other];
        order[other] = keep;
    }
    for (size_t i = 0; i < len; i++) {
        peer_fragment(&s->peer, m->type, len, m->msg_seq, order[i], slice(m->body, order[i], order[i] + 1));
        if (rng_percent(r, 20)) {
            peer_fragment(&s->peer, m->type, len, m->msg_seq, order[i], slice(m->body, order[i], order[i] + 1));
        }
        if (s->peer.datagram.len > 1000) {
            bool last = i + 1 == len;
            if (!last) {
                deliver(s);
                EXPECT(s, !s->failed);
            }
        }
    }
}

static void fr04_overlapping_fragments(void)
{
    for (int role = 0; role < 2; role++) {
        whole_handshake_cut(role, cut_overlapping, 1);
        for (uint64_t seed = 0; seed < 30; seed++) {
            whole_handshake_cut(role, cut_at_random, seed);
        }
    }
}

static void fr05_single_byte_fragments_shuffled(void)
{
    for (int role = 0; role < 2; role++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            whole_handshake_cut(role, cut_to_single_bytes, seed);
        }
    }
}

/* Memory does not grow with the number of pieces. */
static void fr05_many_pieces_little_memory(void)
{
    stage        *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    hello(s);
    size_t   before = s->meter->live;
    size_t   len = 30000;
    unsigned seq = s->peer.msg_seq;
    bytes    one = bytes_zero(1);
    for (size_t at = 0; at < 9000; at += 2) { /* never two neighbours: the worst for intervals */
        peer_fragment(&s->peer, CERTIFICATE, len, seq, at, one);
        if (at % 60 == 0) {
            deliver(s);
            expect_quiet(s);
        }
    }
    EXPECT(s, s->meter->live - before <= 2 * (32768 + 8192));
    finish(s);
}

static void fr06_interleaved_messages(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello(s);
        size_t first = s->peer.num_said;
        say_rest(s);
        s->peer.datagram = bytes_none();
        unsigned epoch = s->peer.epoch;
        s->peer.epoch = 0;
        const said *a = &s->peer.said[first], *b = &s->peer.said[first + 1];
        size_t      longer = a->body.len > b->body.len ? a->body.len : b->body.len;
        for (size_t at = 0; at < longer; at += 20) {
            if (at < a->body.len) {
                peer_fragment(&s->peer, a->type, a->body.len, a->msg_seq, at,
                              slice(a->body, at, at + 20 < a->body.len ? at + 20 : a->body.len));
            }
            if (at < b->body.len) {
                peer_fragment(&s->peer, b->type, b->body.len, b->msg_seq, at,
                              slice(b->body, at, at + 20 < b->body.len ? at + 20 : b->body.len));
            }
        }
        deliver(s);
        expect_quiet(s);
        s->peer.epoch = epoch;
        peer_say_again(&s->peer, first + 2);
        deliver(s);
        EXPECT(s, role == 0 ? s->connected == 1 : s->peer.their_finished);
        finish(s);
    }
}

static void fr07_far_future(void)
{
    static const unsigned ahead[] = {9, 10, 100, 1000, 0xfff0};
    for (int role = 0; role < 2; role++) {
        stage        *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                                     .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello(s);
        size_t before = s->meter->calls;
        for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
            peer_fragment(&s->peer, CERTIFICATE, 200, s->peer.msg_seq + ahead[i], 0, bytes_zero(100));
            expect_dropped(s);
        }
        EXPECT_UINT(s, s->meter->calls, before);
        finish(s);
        stage_close(s);
    }
}

static void fr08_huge_declared_length(void)
{
    for (int role = 0; role < 2; role++) {
        stage        *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                                     .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello(s);
        size_t before = s->meter->live;
        for (unsigned n = 0; n < 20; n++) {
            peer_fragment(&s->peer, CERTIFICATE, 0xffffff, s->peer.msg_seq + n, 0, bytes_zero(1));
            deliver(s);
            if (s->failed) {
                break; /* an alert would do as well */
            }
        }
        EXPECT(s, s->meter->peak - before < 4096);
        if (!s->failed) {
            /* As long as is allowed, for every place there is: still bounded. */
            for (unsigned n = 0; n < 20; n++) {
                peer_fragment(&s->peer, CERTIFICATE, 32768, s->peer.msg_seq + n, 0, bytes_zero(1));
                deliver(s);
            }
            EXPECT(s, s->meter->peak - before < 9 * 2 * 40000);
            finish(s);
        }
        stage_close(s);
    }
}

static void forge_fragment(stage *s, rng *r)
{
    static const unsigned types[] = {
        SERVER_HELLO,        CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY,
        CLIENT_KEY_EXCHANGE, FINISHED};
    size_t total = rng_percent(r, 30) ? 32768 : rng_between(r, 400, 20000);
    size_t len = rng_between(r, 1, 60);
    bytes  body = bytes_zero(len);
    rng_fill(r, body.data, len);
    /* Ahead of what is said, or beside it; never the whole of anything. */
    bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, rng_below(r, 1000),
                                              peer_fragment_of(types[rng_below(r, 7)], total,
                                                               s->peer.said[0].msg_seq + (unsigned)rng_below(r, 12),
                                                               rng_below(r, total - len), body)));
}

/* Promises of long messages, by strangers, fill all the room there is. What is real still gets through, in pieces
 * and backwards, and it need not come more often than a few times. */
static void fr08_promises_do_not_keep_out_what_is_real(void)
{
    for (int role = 0; role < 2; role++) {
        for (uint64_t seed = 0; seed < 60; seed++) {
            rng    r = rng_of(seed);
            stage *s = stage_open(
                (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
            s->peer.asks = true;
            hello(s);
            size_t before = s->meter->live;
            size_t first = s->peer.num_said;
            say_rest(s);
            s->peer.datagram = bytes_none();
            unsigned epoch = s->peer.epoch;
            for (int i = 0; i < 40; i++) {
                forge_fragment(s, &r);
            }
            deliver(s);
            expect_quiet(s);
            for (int round = 0; round < 4 && s->connected == 0 && !s->peer.their_finished; round++) {
                for (size_t i = s->peer.num_said; i > first; i--) {
                    const said *q = &s->peer.said[i - 1];
                    size_t      half = q->body.len / 2;
                    s->peer.epoch = q->ccs ? 0 : q->epoch;
                    if (q->ccs) {
                        peer_record(&s->peer, CCS, bytes_hex("01"));
                    } else if (half > 0) {
                        peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, half, slice(q->body, half, q->body.len));
                        if (rng_percent(&r, 30)) {
                            forge_fragment(s, &r);
                        }
                        peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, 0, slice(q->body, 0, half));
                    } else {
                        peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, 0, q->body);
                    }
                    deliver(s);
                    EXPECT(s, !s->failed);
                }
            }
            s->peer.epoch = epoch;
            EXPECT(s, role == 0 ? s->connected == 1 : s->peer.their_finished);
            EXPECT(s, s->meter->peak - before < 3 * 32768 + 16384);
            finish(s);
            stage_close(s);
        }
    }
}

static void fr09_never_finished_messages(void)
{
    stage        *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    hello(s);
    size_t before = s->meter->live;
    size_t first = s->peer.num_said;
    say_rest(s);
    s->peer.datagram = bytes_none();
    s->peer.epoch = 0;
    for (size_t i = first; i < s->peer.num_said; i++) {
        const said *q = &s->peer.said[i];
        if (!q->ccs && q->epoch == 0) {
            peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, 0, slice(q->body, 0, q->body.len - 1));
        }
    }
    deliver(s);
    expect_quiet(s);
    EXPECT(s, s->meter->live - before < 4096);
    advance(s, 41000);
    expect_timeout(s);
    /* What a handshake holds is gone at its deadline; what is left is the connection itself. */
    EXPECT(s, s->meter->live < before);
}

static void fr10_long_runs_of_messages(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    for (int i = 0; i < 1000; i++) {
        bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, (uint64_t)i + 10,
                                                  peer_fragment_of(HELLO_REQUEST, 0, 0, 0, bytes_none())));
    }
    deliver(s);
    expect_quiet(s);
    s->peer.seq[0] = 2000;
    size_t first = s->peer.num_said;
    say_rest(s);
    s->peer.datagram = bytes_none();
    for (size_t i = s->peer.num_said; i > first; i--) {
        for (int n = 0; n < 200; n++) {
            const said *q = &s->peer.said[i - 1];
            peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, 0, q->body);
            peer_fragment(&s->peer, HELLO_REQUEST, 0, 0, 0, bytes_none());
        }
        deliver(s);
        EXPECT(s, !s->failed);
    }
    EXPECT(s, s->peer.their_finished);
    finish(s);
}

/* How deep the stack gets while a server's flight is taken, each message as often as told and behind as many HelloRequests, the
 * last message first or in their order. */
static size_t depth_of_flight(int copies, bool backwards)
{
    depth_begin(); /* once before the stage opens, so that it tells of its rows at all */
    stage *s = stage_open(plain_client);
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    s->peer.datagram = bytes_none();
    size_t num = s->peer.num_said - first;
    depth_begin();
    for (size_t i = 0; i < num; i++) {
        const said *q = &s->peer.said[backwards ? first + num - 1 - i : first + i];
        for (int n = 0; n < copies; n++) {
            peer_fragment(&s->peer, HELLO_REQUEST, 0, 0, 0, bytes_none());
            peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, 0, q->body);
        }
        deliver(s);
    }
    size_t depth = depth_end();
    EXPECT(s, !s->failed && s->peer.their_finished);
    finish(s);
    stage_close(s);
    return depth;
}

static void fr10_constant_stack(void)
{
    size_t least = depth_of_flight(1, false);
    size_t slack = 128; /* another caller on the way there, and not one for each message */
    EXPECT(NULL, least > 0);
    EXPECT(NULL, depth_of_flight(1000, false) <= least + slack);
    EXPECT(NULL, depth_of_flight(1, true) <= least + slack);
    EXPECT(NULL, depth_of_flight(1000, true) <= least + slack);
}

static void fr11_truncated_fragment_header(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = awaiting_certificate(role);
        bytes  filling = bytes_zero(100);
        memset(filling.data, 0xee, filling.len); /* which is no header by chance */
        bytes whole = peer_fragment_of(CERTIFICATE, 100, s->peer.msg_seq, 0, filling);
        for (size_t len = 1; len < 12; len++) {
            peer_record(&s->peer, HANDSHAKE, slice(whole, 0, len));
            expect_dropped(s);
        }
        /* A header over two records, a fragment over two records. */
        peer_record(&s->peer, HANDSHAKE, slice(whole, 0, 6));
        peer_record(&s->peer, HANDSHAKE, slice(whole, 6, whole.len));
        expect_dropped(s);
        peer_record(&s->peer, HANDSHAKE, slice(whole, 0, 40));
        peer_record(&s->peer, HANDSHAKE, slice(whole, 40, whole.len));
        expect_dropped(s);
        finish(s);
        stage_close(s);
        /* The same under keys. */
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        peer_record(&s->peer, HANDSHAKE, slice(whole, 0, 5));
        deliver(s);
        EXPECT_UINT(s, s->connected, 0);
        if (s->failed) {
            expect_alert(s, DECODE_ERROR);
        } else {
            expect_quiet(s);
            finish(s);
        }
        stage_close(s);
    }
}

static void fr12_one_message_in_two_epochs(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        unsigned seq = s->peer.msg_seq;
        bytes    finished = peer_finished(&s->peer);
        s->peer.epoch = 0;
        peer_fragment(&s->peer, FINISHED, 12, seq, 0, slice(finished, 0, 6));
        s->peer.epoch = 1;
        peer_fragment(&s->peer, FINISHED, 12, seq, 6, slice(finished, 6, 12));
        deliver(s);
        EXPECT_UINT(s, s->connected, 0);
        expect_quiet(s);
        finish(s);
        stage_close(s);
        /* The first half held since before the keys. */
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CCS");
        seq = s->peer.msg_seq;
        peer_fragment(&s->peer, FINISHED, 12, seq, 0, bytes_zero(6));
        deliver(s);
        expect_quiet(s);
        finish(s);
        stage_close(s);
    }
}

/* A ClientHello as long as browsers' are with a post-quantum key share. */
static void make_long(peer *p)
{
    ext_add(&p->extensions, 21, bytes_zero(1400));
}

static bytes hello_fragments(stage *s, size_t parts, bool also_last_only)
{
    bytes    body = peer_client_hello(&s->peer);
    unsigned seq = peer_note(&s->peer, CLIENT_HELLO, body);
    for (size_t i = 0; i < parts; i++) {
        size_t from = body.len * i / parts, to = body.len * (i + 1) / parts;
        peer_fragment(&s->peer, CLIENT_HELLO, body.len, seq, from, slice(body, from, to));
        if (also_last_only && i + 1 < parts) {
            s->peer.datagram = bytes_none();
            continue;
        }
        deliver(s);
    }
    return body;
}

static void fr13_fragmented_hello_at_the_door(void)
{
    for (size_t parts = 2; parts <= 5; parts++) {
        stage *s = stage_open((stage_options){.door = true});
        make_long(&s->peer);
        (void)hello_fragments(s, parts, false);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, heard_new(s, 0)->seq, parts - 1); /* of the last record that it answers */
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
        EXPECT(s, s->sent[s->num_sent - 1].len < 100);
        (void)hello_fragments(s, parts, false);
        EXPECT(s, s->conn != NULL);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        finish(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void fr13_only_the_last_fragment(void)
{
    stage *s = stage_open((stage_options){.door = true});
    make_long(&s->peer);
    (void)hello_fragments(s, 2, true);
    expect_quiet(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
}

static void fr13_cookie_in_the_first_fragment_only(void)
{
    stage *s = stage_open((stage_options){.door = true});
    make_long(&s->peer);
    (void)hello_fragments(s, 2, false);
    EXPECT_UINT(s, s->peer.verify_requests, 1);
    bytes    body = peer_client_hello(&s->peer);
    unsigned seq = s->peer.msg_seq;
    peer_fragment(&s->peer, CLIENT_HELLO, body.len, seq, 0, slice(body, 0, 800));
    deliver(s);
    expect_quiet(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    finish(s);
}

/* The pool for fragments at the door does not grow with the number of addresses. */
static void fr13_pool_is_bounded(void)
{
    stage        *s = stage_open((stage_options){.door = true});
    make_long(&s->peer);
    bytes  body = peer_client_hello(&s->peer);
    bytes  half = record_of(HANDSHAKE, DTLS12, 0, 0, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, slice(body, 0, 700)));
    size_t after = 0;
    for (unsigned i = 0; i < 2000; i++) {
        s->address[6] = (uint8_t)(i >> 8);
        s->address[7] = (uint8_t)i;
        deliver_bytes(s, half);
        expect_quiet(s);
        if (i == 100) {
            after = s->meter->live;
        }
    }
    EXPECT(s, s->meter->live <= after);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    finish(s);
}

static void fr13_fragmented_hello_without_a_door(void)
{
    stage *s = stage_open((stage_options){0});
    make_long(&s->peer);
    (void)hello_fragments(s, 3, false);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
    finish(s);
}

static void fr14_other_cuts_when_resent(void)
{
    for (int role = 0; role < 2; role++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            rng    r = rng_of(seed);
            stage *s = stage_open(
                (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
            hello(s);
            size_t first = s->peer.num_said;
            say_rest(s);
            s->peer.datagram = bytes_none();
            unsigned epoch = s->peer.epoch;
            static const size_t cuts[] = {2, 7, 3, 11, 1};
            for (size_t round = 0; round < 5; round++) {
                for (size_t i = first; i < s->peer.num_said; i++) {
                    const said *q = &s->peer.said[i];
                    size_t      parts = cuts[round] < q->body.len ? cuts[round] : 1;
                    s->peer.epoch = q->ccs ? 0 : q->epoch;
                    for (size_t part = 0; part < parts; part++) {
                        size_t from = q->body.len * part / parts, to = q->body.len * (part + 1) / parts;
                        if (q->ccs) {
                            peer_record(&s->peer, CCS, bytes_hex("01"));
                        } else {
                            peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, from, slice(q->body, from, to));
                        }
                        if (round < 4 && rng_percent(&r, 40)) {
                            s->peer.datagram = bytes_none();
                        } else {
                            deliver(s);
                        }
                        EXPECT(s, !s->failed);
                    }
                }
                advance(s, 300);
            }
            s->peer.epoch = epoch;
            EXPECT(s, role == 0 ? s->connected == 1 : s->peer.their_finished);
            finish(s);
            stage_close(s);
        }
    }
}

/* A message that came in pieces is the same message when it comes again whole, and the other way round. */
static void fr14_repetition_in_other_pieces(void)
{
    for (int pieces_first = 0; pieces_first < 2; pieces_first++) {
        stage *s = stage_open((stage_options){0});
        hello(s);
        say_client_key_exchange(s);
        say_ccs(s);
        deliver(s);
        bytes    finished = peer_finished(&s->peer);
        unsigned seq = peer_note(&s->peer, FINISHED, finished);
        for (int round = 0; round < 2; round++) {
            if ((round == 0) == (pieces_first == 1)) {
                peer_fragment(&s->peer, FINISHED, 12, seq, 0, slice(finished, 0, 5));
                deliver(s);
                expect_quiet(s);
                peer_fragment(&s->peer, FINISHED, 12, seq, 5, slice(finished, 5, 12));
            } else {
                peer_fragment(&s->peer, FINISHED, 12, seq, 0, finished);
            }
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
            expect_connected(s);
            advance(s, 1000);
        }
        /* The hello, likewise. */
        s = stage_open((stage_options){0});
        bytes body = peer_client_hello(&s->peer);
        seq = peer_note(&s->peer, CLIENT_HELLO, body);
        for (int round = 0; round < 2; round++) {
            if ((round == 0) == (pieces_first == 1)) {
                peer_fragment(&s->peer, CLIENT_HELLO, body.len, seq, 0, slice(body, 0, 40));
                peer_fragment(&s->peer, CLIENT_HELLO, body.len, seq, 40, slice(body, 40, body.len));
            } else {
                peer_fragment(&s->peer, CLIENT_HELLO, body.len, seq, 0, body);
            }
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
            advance(s, 700);
        }
        finish(s);
    }
}

/* In many pieces and any order: it is there again when the last of them is, and no sooner. */
static void fr14_repetition_in_shuffled_pieces(void)
{
    static const size_t cuts[][2] = {{4, 6}, {0, 2}, {10, 12}, {1, 3}, {7, 9}, {4, 6}, {8, 11}, {6, 7}, {3, 4}};
    for (uint64_t seed = 0; seed < 20; seed++) {
        rng    r = rng_of(seed);
        stage *s = stage_open((stage_options){0});
        bool   have[12] = {false};
        size_t missing = 12;
        finish(s);
        advance(s, 2000);
        const said *q = &s->peer.said[s->peer.num_said - 1];
        for (size_t i = 0; missing > 0; i++) {
            size_t from, to;
            if (seed == 0 && i < sizeof cuts / sizeof cuts[0]) {
                from = cuts[i][0];
                to = cuts[i][1];
            } else {
                from = rng_below(&r, 12);
                to = from + rng_between(&r, 1, 12 - from < 3 ? 12 - from : 3);
            }
            peer_fragment(&s->peer, q->type, 12, q->msg_seq, from, slice(q->body, from, to));
            deliver(s);
            for (size_t at = from; at < to; at++) {
                missing -= have[at] ? 0 : 1;
                have[at] = true;
            }
            EXPECT_UINT(s, num_heard_messages(s, FINISHED), missing == 0 ? 1 : 0);
        }
        expect_talk(s);
        stage_close(s);
    }
}

/* Finished ends its record also when only its last piece is in it. */
static void fr14_more_behind_the_last_piece(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        unsigned seq = s->peer.msg_seq;
        bytes    finished = peer_finished(&s->peer);
        peer_fragment(&s->peer, FINISHED, 12, seq, 0, slice(finished, 0, 6));
        deliver(s);
        expect_quiet(s);
        bytes body = peer_fragment_of(FINISHED, 12, seq, 6, slice(finished, 6, 12));
        bytes_append(&body, peer_fragment_of(CERTIFICATE, 3, seq + 1, 0, bytes_zero(3)));
        peer_record(&s->peer, HANDSHAKE, body);
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
        EXPECT_UINT(s, s->connected, 0);
    }
}

/* Finished is right only if both transcripts are: with HelloVerifyRequest and without, with client
 * certificates and without, whole and in pieces, with each hash. The peer's is its own. */
static void fr15_transcript(void)
{
    static const unsigned suites[] = {AES128_GCM, AES256_GCM, CHACHA20};
    for (unsigned i = 0; i < 24; i++) {
        rng    r = rng_of(i);
        bool   server = i % 2 == 0;
        stage *s = stage_open((stage_options){.role = server ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .door = server && i % 4 == 0,
                                              .auth = i % 3 == 0 ? FPL_CLIENT_AUTH_REQUIRED : FPL_CLIENT_AUTH_OFF,
                                              .suite = suites[i % 3],
                                              .peer_credential = i % 5 == 0 ? CREDENTIAL_P384_B : CREDENTIAL_P256_B});
        s->peer.asks = i % 3 == 0;
        hello(s);
        if (!server && i % 8 == 1) {
            peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS10, bytes_zero(16)));
            deliver(s);
        }
        if (i % 6 < 3) {
            say_rest_cut(s, cut_at_random, &r);
        }
        finish(s);
        expect_talk(s);
        stage_close(s);
    }
}

SCENARIOS(fr_scenarios, PLAYS(fr01_other_length_in_clear), PLAYS(fr01_stranger_between_halves),
          PLAYS(fr01_other_length_under_keys), PLAYS(fr01_changed_byte_under_keys), PLAYS(fr02_offset_beyond_total),
          PLAYS(fr03_empty_fragments), PLAYS(fr04_overlapping_fragments), PLAYS(fr05_single_byte_fragments_shuffled),
          PLAYS(fr05_many_pieces_little_memory), PLAYS(fr06_interleaved_messages), PLAYS(fr07_far_future),
          PLAYS(fr08_huge_declared_length), PLAYS(fr08_promises_do_not_keep_out_what_is_real),
          PLAYS(fr09_never_finished_messages), PLAYS(fr10_long_runs_of_messages), PLAYS(fr10_constant_stack),
          PLAYS(fr11_truncated_fragment_header),
          PLAYS(fr12_one_message_in_two_epochs), PLAYS(fr13_fragmented_hello_at_the_door),
          PLAYS(fr13_only_the_last_fragment), PLAYS(fr13_cookie_in_the_first_fragment_only), PLAYS(fr13_pool_is_bounded),
          PLAYS(fr13_fragmented_hello_without_a_door), PLAYS(fr14_other_cuts_when_resent),
          PLAYS(fr14_repetition_in_other_pieces), PLAYS(fr14_repetition_in_shuffled_pieces),
          PLAYS(fr14_more_behind_the_last_piece), PLAYS(fr15_transcript));
