#include "transcripts/walk13.h"

#include <string.h>

const char *const server13_states[] = {"WAIT_CH",    "WAIT_CH_AGAIN", "WAIT_SIGNATURE", "WAIT_CERT", "WAIT_CV",
                                       "WAIT_TRUST", "WAIT_FINISHED", "CONNECTED",      NULL};
const char *const client13_states[] = {"WAIT_SH",        "WAIT_SH_AGAIN", "WAIT_EE",    "WAIT_CERT_CR",
                                       "WAIT_CERT",      "WAIT_CV",       "WAIT_TRUST", "WAIT_FINISHED",
                                       "WAIT_SIGNATURE", "WAIT_ACK",      "CONNECTED",  NULL};

bool has_said13(const peer13 *q, unsigned type)
{
    for (size_t i = 0; i < q->num_said; i++) {
        const said13 *said = &q->said[i];
        bool          retry = type == SERVER_HELLO && said->body.len >= 34 &&
                     memcmp(said->body.data + 2, hello_retry_random, 32) == 0;
        if (said->type == type && !retry) {
            return true;
        }
    }
    return false;
}

void say13_client_hello(stage *s)
{
    peer13_say(&s->peer13, CLIENT_HELLO, peer13_client_hello(&s->peer13));
}

void say13_server_hello(stage *s)
{
    peer13_say(&s->peer13, SERVER_HELLO, peer13_server_hello(&s->peer13));
}

void say13_encrypted_extensions(stage *s)
{
    peer13_say(&s->peer13, ENCRYPTED_EXTENSIONS, peer13_encrypted_extensions(&s->peer13));
}

void say13_certificate_request(stage *s)
{
    peer13_say(&s->peer13, CERTIFICATE_REQUEST, peer13_certificate_request(&s->peer13));
}

void say13_certificate(stage *s)
{
    peer13_say(&s->peer13, CERTIFICATE, peer13_certificate(&s->peer13));
}

void say13_certificate_verify(stage *s)
{
    peer13_say(&s->peer13, CERTIFICATE_VERIFY, peer13_certificate_verify(&s->peer13));
}

void say13_finished(stage *s)
{
    peer13_say(&s->peer13, FINISHED, peer13_finished(&s->peer13));
}

void say13_retry(stage *s, unsigned group, bytes cookie)
{
    peer13_say(&s->peer13, SERVER_HELLO, peer13_hello_retry(&s->peer13, group, cookie));
    if (group != 0 && group != s->peer.group) {
        s->peer.group = group;
        crypto_share_free(&s->peer.share);
        s->peer.share = crypto_share_of(group);
    }
}

void hello13(stage *s)
{
    if (s->options.role == FPL_ROLE_CLIENT) {
        start(s);
        EXPECT(s, s->peer.their_hello.len > 0);
        return;
    }
    say13_client_hello(s);
    deliver(s);
    if (s->peer13.retries > 0 && !s->peer.ready) {
        say13_client_hello(s);
        deliver(s);
    }
    if (s->signatures_wanted > 0) {
        sign(s);
    }
    EXPECT(s, s->peer.flight_done);
}

static void say_rest_of_client(stage *s)
{
    peer13 *q = &s->peer13;
    if (s->peer.was_asked && !has_said13(q, CERTIFICATE)) {
        say13_certificate(s);
    }
    if (s->peer.was_asked && s->peer.credential != NULL && !has_said13(q, CERTIFICATE_VERIFY)) {
        say13_certificate_verify(s);
    }
    if (!has_said13(q, FINISHED)) {
        say13_finished(s);
    }
}

/* What an honest server says next. */
static bool say_next_of_server(stage *s)
{
    static const struct {
        unsigned type;
        void (*say)(stage *s);
    } order[] = {{SERVER_HELLO, say13_server_hello},
                 {ENCRYPTED_EXTENSIONS, say13_encrypted_extensions},
                 {CERTIFICATE_REQUEST, say13_certificate_request},
                 {CERTIFICATE, say13_certificate},
                 {CERTIFICATE_VERIFY, say13_certificate_verify},
                 {FINISHED, say13_finished}};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!has_said13(&s->peer13, order[i].type) && (order[i].type != CERTIFICATE_REQUEST || s->peer.asks)) {
            order[i].say(s);
            return true;
        }
    }
    return false;
}

void say13_next(stage *s)
{
    if (!s->peer.client) {
        (void)say_next_of_server(s);
    } else if (s->peer.was_asked && !has_said13(&s->peer13, CERTIFICATE)) {
        say13_certificate(s);
    } else if (s->peer.was_asked && !has_said13(&s->peer13, CERTIFICATE_VERIFY)) {
        say13_certificate_verify(s);
    } else {
        say13_finished(s);
    }
}

void say13_rest(stage *s)
{
    if (s->peer.client) {
        say_rest_of_client(s);
        return;
    }
    while (say_next_of_server(s)) {
    }
}

static void decide(stage *s)
{
    if (s->conn == NULL || s->failed) {
        return;
    }
    if (strcmp(state_of(s), "WAIT_TRUST") == 0) {
        judge(s, true);
    }
    if (strcmp(state_of(s), "WAIT_SIGNATURE") == 0) {
        sign(s);
    }
}

void finish13(stage *s)
{
    peer *p = &s->peer;
    if (p->client) {
        if (!p->flight_done) {
            hello13(s);
        }
        if (s->connected == 1) {
            return;
        }
        say13_rest(s);
        deliver(s);
        decide(s);
        expect_connected(s);
        EXPECT_UINT(s, num_heard_records(s, ACK), 1);
        return;
    }
    if (p->their_hello.len == 0) {
        hello13(s);
    }
    if (!p->their_finished) {
        say13_rest(s);
        deliver(s);
        decide(s);
        decide(s);
    }
    EXPECT(s, p->their_finished);
    expect_connected(s);
    if (strcmp(state_of(s), "CONNECTED") != 0) {
        (void)peer13_ack_heard(&s->peer13);
        deliver(s);
    }
    expect_state(s, "CONNECTED");
}

stage *connected13(stage_options options)
{
    options.dtls13 = true;
    stage *s = stage_open(options);
    finish13(s);
    return s;
}

static stage *server_at(const char *state)
{
    bool          asks_trust = strcmp(state, "WAIT_TRUST") == 0;
    bool          external = strcmp(state, "WAIT_SIGNATURE") == 0;
    stage_options o = {.role = FPL_ROLE_SERVER,
                       .dtls13 = true,
                       .auth = FPL_CLIENT_AUTH_REQUIRED,
                       .trust = asks_trust ? FPL_TRUST_ASK : FPL_TRUST_ACCEPT_AND_NOTIFY,
                       .external = external};
    stage *s = stage_open(o);
    if (strcmp(state, "WAIT_CH") == 0) {
        return s;
    }
    if (strcmp(state, "WAIT_CH_AGAIN") == 0) {
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
        say13_client_hello(s);
        deliver(s);
        return s;
    }
    say13_client_hello(s);
    deliver(s);
    if (external) {
        return s;
    }
    void (*const steps[])(stage *) = {say13_certificate, say13_certificate_verify, say13_finished};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && strcmp(state_of(s), state) != 0; i++) {
        steps[i](s);
        deliver(s);
    }
    return s;
}

static stage *client_at(const char *state)
{
    bool          external = strcmp(state, "WAIT_SIGNATURE") == 0;
    bool          asks_trust = strcmp(state, "WAIT_TRUST") == 0;
    stage_options o = {.role = FPL_ROLE_CLIENT,
                       .dtls13 = true,
                       .external = external,
                       .trust = asks_trust ? FPL_TRUST_ASK : FPL_TRUST_ACCEPT_AND_NOTIFY};
    stage *s = stage_open(o);
    s->peer.asks = external || strcmp(state, "WAIT_CERT") == 0;
    hello13(s);
    if (strcmp(state, "WAIT_SH_AGAIN") == 0) {
        say13_retry(s, 0, bytes_of("a cookie", 8));
        deliver(s);
        return s;
    }
    while (strcmp(state_of(s), state) != 0 && say_next_of_server(s)) {
        deliver(s);
    }
    if (strcmp(state, "CONNECTED") == 0) {
        (void)peer13_ack_heard(&s->peer13);
        deliver(s);
    }
    return s;
}

stage *stage13_at(fpl_role role, const char *state)
{
    stage *s = role == FPL_ROLE_SERVER ? server_at(state) : client_at(state);
    expect_state(s, state);
    return s;
}

stage_options role13(int role)
{
    stage_options o = {.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .dtls13 = true};
    return o;
}

bytes take_said(stage *s)
{
    bytes datagram = s->peer.datagram;
    s->peer.datagram = bytes_none();
    return datagram;
}

bytes slice(bytes b, size_t from, size_t to)
{
    return bytes_of(b.data + from, to - from);
}

bytes body13_of(stage *s, unsigned type)
{
    peer13 *q = &s->peer13;
    switch (type) {
    case CLIENT_HELLO: return s->peer.client ? peer13_client_hello(q) : s->peer.their_hello;
    case SERVER_HELLO:
        return s->peer.client
                   ? bytes_hex("fefd 0000000000000000000000000000000000000000000000000000000000000000 00 1301 00 0000")
                   : peer13_server_hello(q);
    case HELLO_VERIFY_REQUEST: return peer_hello_verify_request(DTLS10, bytes_zero(20));
    case ENCRYPTED_EXTENSIONS: return peer13_encrypted_extensions(q);
    case CERTIFICATE: return peer13_certificate(q);
    case CERTIFICATE_REQUEST: return peer13_certificate_request(q);
    case CERTIFICATE_VERIFY: return s->peer.ready ? peer13_certificate_verify(q) : bytes_hex("0403 0000");
    case FINISHED: return s->peer.ready ? peer13_finished(q) : bytes_zero(32);
    case KEY_UPDATE: return peer13_key_update(false);
    case NEW_SESSION_TICKET: return peer13_ticket(20);
    default: return bytes_none();
    }
}
