#include "transcripts/walk.h"

#include <string.h>

const char *const server_states[] = {"WAIT_CH", "WAIT_SIGNATURE", "WAIT_CERT", "WAIT_CKE",      "WAIT_CKE_OWING_PROOF",
                                     "WAIT_CV", "WAIT_TRUST",     "WAIT_CCS",  "WAIT_FINISHED", "CONNECTED",
                                     NULL};
const char *const client_states[] = {"WAIT_SH", "WAIT_CERT", "WAIT_SKE", "WAIT_TRUST", "WAIT_CR_OR_DONE", "WAIT_DONE",
                                     "WAIT_SIGNATURE", "WAIT_CCS", "WAIT_FINISHED", "CONNECTED", NULL};

bool has_said(const peer *p, unsigned type)
{
    for (size_t i = 0; i < p->num_said; i++) {
        if (type == CCS ? p->said[i].ccs : !p->said[i].ccs && p->said[i].type == type) {
            return true;
        }
    }
    return false;
}

/* HandshakeType 20 is Finished and ContentType 20 is ChangeCipherSpec. */
static bool said_finished(const peer *p)
{
    for (size_t i = 0; i < p->num_said; i++) {
        if (!p->said[i].ccs && p->said[i].type == FINISHED) {
            return true;
        }
    }
    return false;
}

void say_client_hello(stage *s)
{
    peer_say(&s->peer, CLIENT_HELLO, peer_client_hello(&s->peer));
}

void say_certificate(stage *s)
{
    peer_say(&s->peer, CERTIFICATE, peer_certificate(&s->peer));
}

void say_client_key_exchange(stage *s)
{
    peer_say(&s->peer, CLIENT_KEY_EXCHANGE, peer_client_key_exchange(&s->peer));
}

void say_certificate_verify(stage *s)
{
    peer_say(&s->peer, CERTIFICATE_VERIFY, peer_certificate_verify(&s->peer));
}

void say_ccs(stage *s)
{
    peer_say_ccs(&s->peer);
}

void say_finished(stage *s)
{
    peer_say(&s->peer, FINISHED, peer_finished(&s->peer));
}

void say_server_hello(stage *s)
{
    peer_say(&s->peer, SERVER_HELLO, peer_server_hello(&s->peer));
}

void say_server_key_exchange(stage *s)
{
    peer_say(&s->peer, SERVER_KEY_EXCHANGE, peer_server_key_exchange(&s->peer));
}

void say_certificate_request(stage *s)
{
    peer_say(&s->peer, CERTIFICATE_REQUEST, peer_certificate_request());
}

void say_server_hello_done(stage *s)
{
    peer_say(&s->peer, SERVER_HELLO_DONE, bytes_none());
}

void hello(stage *s)
{
    if (s->options.role == FPL_ROLE_CLIENT) {
        start(s);
        EXPECT(s, s->peer.their_hello.len > 0);
        return;
    }
    say_client_hello(s);
    deliver(s);
    if (s->peer.verify_requests > 0 && !s->peer.flight_done) {
        say_client_hello(s);
        deliver(s);
    }
    if (s->signatures_wanted > 0) {
        sign(s);
    }
    EXPECT(s, s->peer.flight_done);
}

static void say_rest_of_client(stage *s)
{
    peer *p = &s->peer;
    if (p->was_asked && !has_said(p, CERTIFICATE)) {
        say_certificate(s);
    }
    if (!has_said(p, CLIENT_KEY_EXCHANGE)) {
        say_client_key_exchange(s);
    }
    if (p->was_asked && p->credential != NULL && !has_said(p, CERTIFICATE_VERIFY)) {
        say_certificate_verify(s);
    }
    if (!has_said(p, CCS)) {
        say_ccs(s);
    }
    if (!said_finished(p)) {
        say_finished(s);
    }
}

static void say_rest_of_server(stage *s)
{
    peer *p = &s->peer;
    if (p->their_finished) {
        if (!has_said(p, CCS)) {
            say_ccs(s);
        }
        if (!said_finished(p)) {
            say_finished(s);
        }
        return;
    }
    if (!has_said(p, SERVER_HELLO)) {
        say_server_hello(s);
    }
    if (!has_said(p, CERTIFICATE)) {
        say_certificate(s);
    }
    if (!has_said(p, SERVER_KEY_EXCHANGE)) {
        say_server_key_exchange(s);
    }
    if (p->asks && !has_said(p, CERTIFICATE_REQUEST)) {
        say_certificate_request(s);
    }
    if (!has_said(p, SERVER_HELLO_DONE)) {
        say_server_hello_done(s);
    }
}

void say_rest(stage *s)
{
    if (s->peer.client) {
        say_rest_of_client(s);
    } else {
        say_rest_of_server(s);
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

void finish(stage *s)
{
    peer *p = &s->peer;
    if (p->client) {
        if (!p->flight_done) {
            hello(s);
        }
        say_rest(s);
        deliver(s);
        decide(s);
        EXPECT(s, p->their_finished);
    } else {
        if (p->their_hello.len == 0) {
            hello(s);
        }
        if (!p->their_finished) {
            say_rest(s);
            deliver(s);
            decide(s);
            decide(s);
        }
        EXPECT(s, p->their_finished);
        say_rest(s);
        deliver(s);
    }
    expect_connected(s);
}

stage *connected_stage(stage_options options)
{
    stage *s = stage_open(options);
    finish(s);
    return s;
}

static stage *server_at(const char *state)
{
    bool          anonymous = strcmp(state, "WAIT_CKE") == 0;
    bool          asks_trust = strcmp(state, "WAIT_TRUST") == 0;
    bool          external = strcmp(state, "WAIT_SIGNATURE") == 0;
    stage_options o = {.role = FPL_ROLE_SERVER,
                       .auth = anonymous ? FPL_CLIENT_AUTH_OFF : FPL_CLIENT_AUTH_REQUIRED,
                       .trust = asks_trust ? FPL_TRUST_ASK : FPL_TRUST_ACCEPT_AND_NOTIFY,
                       .external = external};
    stage *s = stage_open(o);
    if (strcmp(state, "WAIT_CH") == 0) {
        return s;
    }
    if (external) {
        say_client_hello(s);
        deliver(s);
        return s;
    }
    hello(s);
    if (anonymous || strcmp(state, "WAIT_CERT") == 0) {
        return s;
    }
    void (*const steps[])(stage *) = {say_certificate, say_client_key_exchange, say_certificate_verify, say_ccs,
                                      say_finished};
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
                       .external = external,
                       .trust = asks_trust ? FPL_TRUST_ASK : FPL_TRUST_ACCEPT_AND_NOTIFY};
    stage *s = stage_open(o);
    s->peer.asks = external || strcmp(state, "WAIT_DONE") == 0;
    hello(s);
    void (*const steps[])(stage *) = {say_server_hello,        say_certificate, say_server_key_exchange,
                                      say_certificate_request, say_server_hello_done, say_ccs, say_finished};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && strcmp(state_of(s), state) != 0; i++) {
        if (steps[i] == say_certificate_request && !s->peer.asks) {
            continue;
        }
        steps[i](s);
        deliver(s);
    }
    return s;
}

stage *stage_at(fpl_role role, const char *state)
{
    stage *s = role == FPL_ROLE_SERVER ? server_at(state) : client_at(state);
    expect_state(s, state);
    return s;
}
