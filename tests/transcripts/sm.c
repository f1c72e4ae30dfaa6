/* Group SM of the security catalogue: the order of messages. */
#include <stdio.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const stage_options auth_server = {.role = FPL_ROLE_SERVER, .auth = FPL_CLIENT_AUTH_REQUIRED};
static const stage_options plain_client = {.role = FPL_ROLE_CLIENT};

/* What is never to have happened when a handshake was refused. */
static void expect_nothing_published(stage *s)
{
    uint8_t fingerprint[32];
    EXPECT_UINT(s, s->connected, 0);
    EXPECT_UINT(s, s->certificates, 0);
    EXPECT_UINT(s, s->keys, 0);
    EXPECT_UINT(s, s->num_data, 0);
    if (s->conn != NULL) {
        EXPECT(s, fpl_conn_peer_fingerprint(s->conn, fingerprint) != FPL_OK);
    }
}

static void sm01_early_finished(void)
{
    for (int auth = 0; auth < 2; auth++) {
        stage *s = stage_open((stage_options){.door = true, .auth = auth ? FPL_CLIENT_AUTH_REQUIRED : FPL_CLIENT_AUTH_OFF});
        hello(s);
        peer_say(&s->peer, FINISHED, bytes_zero(12));
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
        expect_nothing_published(s);
    }
}

static void sm02_finished_before_ccs_in_clear(void)
{
    stage *s = stage_open((stage_options){0});
    hello(s);
    say_client_key_exchange(s);
    deliver(s);
    expect_state(s, "WAIT_CCS");
    /* Correctly computed, in the clear: an epoch from which this state takes no message. */
    peer_fragment(&s->peer, FINISHED, 12, s->peer.msg_seq, 0, peer_finished(&s->peer));
    expect_dropped(s);
    /* It used up no message_seq: the real one still counts. */
    finish(s);
    expect_talk(s);
}

static void sm03_certificate_without_verify(void)
{
    stage *s = stage_open(auth_server);
    hello(s);
    say_certificate(s);
    say_client_key_exchange(s);
    say_ccs(s);
    say_finished(s);
    deliver(s);
    /* Its Finished is right for that transcript, but no state reads epoch 1 before CertificateVerify. */
    expect_quiet(s);
    expect_state(s, "WAIT_CV");
    expect_nothing_published(s);
    advance(s, 41000);
    expect_timeout(s);
    expect_nothing_published(s);
}

static void sm03_finished_instead_of_verify(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CV");
    say_finished(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

static void sm05_certificate_skipped(void)
{
    stage *s = stage_open(auth_server);
    hello(s);
    say_client_key_exchange(s);
    say_ccs(s);
    say_finished(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

static void sm06_server_key_exchange_skipped(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    say_server_hello(s);
    say_certificate(s);
    say_server_hello_done(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

static void sm07_server_certificate_skipped(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    say_server_hello(s);
    say_server_key_exchange(s);
    say_server_hello_done(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

static void sm08_two_certificates(void)
{
    stage *s = stage_open(auth_server);
    hello(s);
    say_certificate(s);
    say_certificate(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    stage *c = stage_open(plain_client);
    hello(c);
    say_server_hello(c);
    say_certificate(c);
    say_certificate(c);
    deliver(c);
    expect_alert(c, UNEXPECTED_MESSAGE);
    expect_nothing_published(c);
}

static void sm09_two_certificate_requests(void)
{
    stage *s = stage_at(FPL_ROLE_CLIENT, "WAIT_DONE");
    say_certificate_request(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
}

static void sm10_certificate_request_in_wrong_place(void)
{
    static const char *const places[] = {"WAIT_CERT", "WAIT_SKE"};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_at(FPL_ROLE_CLIENT, places[i]);
        say_certificate_request(s);
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
    }
    /* After ServerHelloDone nothing is read in the clear any more, so a forgery cannot end it either. */
    stage   *s = stage_at(FPL_ROLE_CLIENT, "WAIT_CCS");
    bytes    request = peer_certificate_request();
    unsigned seq = s->peer.msg_seq;
    peer_fragment(&s->peer, CERTIFICATE_REQUEST, request.len, seq, 0, request);
    expect_dropped(s);
    finish(s);
}

static void sm11_unrequested_certificate(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CKE");
    say_certificate(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

static void sm12_early_ccs_first(void)
{
    stage *s = stage_open(auth_server);
    peer_record(&s->peer, CCS, bytes_hex("01"));
    deliver(s);
    expect_quiet(s);
    expect_state(s, "WAIT_CH");
    finish(s);
    expect_talk(s);
    stage *c = stage_open(plain_client);
    hello(c);
    peer_record(&c->peer, CCS, bytes_hex("01"));
    deliver(c);
    expect_quiet(c);
    expect_state(c, "WAIT_SH");
    finish(c);
    expect_talk(c);
}

static void sm12_early_ccs_at_the_door(void)
{
    stage *s = stage_open((stage_options){.door = true});
    peer_record(&s->peer, CCS, bytes_hex("01"));
    deliver(s);
    expect_quiet(s);
    EXPECT(s, s->conn == NULL && fpl_listener_num_connections(s->listener) == 0);
    finish(s);
    expect_talk(s);
}

/* Keys must not move in any state but the one that waits for it. */
static void sm12_early_ccs_in_every_state(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            if (strcmp(states[i], "WAIT_CCS") == 0) {
                stage_close(s);
                continue;
            }
            unsigned epoch = s->peer.epoch;
            s->peer.epoch = 0;
            peer_record(&s->peer, CCS, bytes_hex("01"));
            peer_record(&s->peer, CCS, bytes_hex("01"));
            s->peer.epoch = epoch;
            deliver(s);
            expect_quiet(s);
            expect_state(s, states[i]);
            if (strcmp(states[i], "CONNECTED") == 0) {
                expect_talk(s);
            } else if (strcmp(states[i], "WAIT_TRUST") == 0) {
                judge(s, true);
                finish(s);
            } else if (strcmp(states[i], "WAIT_SIGNATURE") == 0) {
                sign(s);
                finish(s);
            } else {
                finish(s);
            }
            stage_close(s);
        }
    }
}

static void sm12_malformed_ccs(void)
{
    static const char *const bodies[] = {"", "00", "02", "ff", "0101", "010000"};
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CCS");
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            peer_record(&s->peer, CCS, bytes_hex(bodies[i]));
            expect_dropped(s);
        }
        finish(s);
        expect_talk(s);
    }
}

/* One that comes early is kept; a second one is dropped, and that is counted. */
static void sm13_second_early_ccs(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CKE");
    peer_record(&s->peer, CCS, bytes_hex("01"));
    uint64_t drops = drops_of(s);
    deliver(s);
    EXPECT_UINT(s, drops_of(s), drops);
    peer_record(&s->peer, CCS, bytes_hex("01"));
    expect_dropped(s);
    finish(s);
}

static void sm13_two_ccs(void)
{
    for (int apart = 0; apart < 2; apart++) {
        for (int role = 0; role < 2; role++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CCS");
            peer_record(&s->peer, CCS, bytes_hex("01"));
            if (apart) {
                deliver(s);
                expect_state(s, "WAIT_FINISHED");
            }
            say_ccs(s);
            if (apart) {
                deliver(s);
                expect_quiet(s);
                expect_state(s, "WAIT_FINISHED");
            }
            say_finished(s);
            deliver(s);
            expect_connected(s);
            expect_talk(s);
            stage_close(s);
        }
    }
}

static void sm15_plaintext_data_in_every_state(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            peer_record_at(&s->peer, DATA, 0, 900, bytes_none());
            expect_dropped(s);
            peer_record_at(&s->peer, DATA, 0, 901, bytes_zero(100));
            expect_dropped(s);
            EXPECT_UINT(s, s->num_data, 0);
            stage_close(s);
        }
    }
}

static void sm16_plaintext_data_after_connected(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        for (uint64_t seq = 0; seq < 40; seq++) {
            peer_record_at(&s->peer, DATA, 0, seq, bytes_of("forged", 6));
            expect_dropped(s);
        }
        expect_talk(s);
        EXPECT_UINT(s, s->num_data, 1);
    }
}

static void sm17_data_between_ccs_and_finished(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        bytes  finished = peer_finished(&s->peer);
        peer_data(&s->peer, bytes_of("early", 5));
        deliver(s);
        expect_quiet(s);
        expect_state(s, "WAIT_FINISHED");
        EXPECT_UINT(s, s->num_data, 0);
        peer_say(&s->peer, FINISHED, finished);
        deliver(s);
        expect_connected(s);
        /* poll itself asserts that CONNECTED came before the data. */
        EXPECT_UINT(s, s->num_data, 1);
        expect_talk(s);
    }
}

static void sm17_data_before_ccs(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CCS");
    bytes  early = bytes_of("early", 5);
    peer_record_at(&s->peer, DATA, 1, 5, early);
    deliver(s);
    expect_quiet(s);
    EXPECT_UINT(s, s->num_data, 0);
    finish(s);
    EXPECT_UINT(s, s->num_data, 1);
}

static void sm23_hello_request_while_negotiating(void)
{
    for (size_t i = 0; client_states[i] != NULL; i++) {
        stage *s = stage_at(FPL_ROLE_CLIENT, client_states[i]);
        if (strcmp(client_states[i], "CONNECTED") == 0) {
            continue;
        }
        unsigned epoch = s->peer.epoch;
        s->peer.epoch = 0;
        for (unsigned seq = 0; seq < 3; seq++) {
            peer_fragment(&s->peer, HELLO_REQUEST, 0, s->peer.msg_seq + seq - 1, 0, bytes_none());
        }
        s->peer.epoch = epoch;
        deliver(s);
        expect_quiet(s);
        expect_state(s, client_states[i]);
        /* Had one of them been hashed, Finished would be wrong. */
        if (strcmp(client_states[i], "WAIT_TRUST") == 0) {
            judge(s, true);
        } else if (strcmp(client_states[i], "WAIT_SIGNATURE") == 0) {
            sign(s);
        }
        finish(s);
        stage_close(s);
    }
}

static void sm23_hello_request_after_connected(void)
{
    stage *s = connected_stage(plain_client);
    peer_fragment(&s->peer, HELLO_REQUEST, 0, s->peer.msg_seq, 0, bytes_none());
    deliver(s);
    EXPECT_UINT(s, num_heard(s), 1);
    EXPECT(s, heard_new(s, 0)->record == ALERT && heard_new(s, 0)->level == WARNING &&
                  heard_new(s, 0)->type == NO_RENEGOTIATION);
    EXPECT_UINT(s, heard_new(s, 0)->epoch, 1);
    expect_talk(s);
    /* A thousand of them, within one interval: not one more answer. */
    size_t before = s->peer.num_heard;
    for (unsigned i = 0; i < 1000; i++) {
        peer_fragment(&s->peer, HELLO_REQUEST, 0, (s->peer.msg_seq + i) % 65536, 0, bytes_none());
        deliver(s);
    }
    EXPECT_UINT(s, s->peer.num_heard, before);
    advance(s, 1001);
    peer_fragment(&s->peer, HELLO_REQUEST, 0, s->peer.msg_seq, 0, bytes_none());
    deliver(s);
    EXPECT_UINT(s, num_heard_records(s, ALERT), 1);
    expect_talk(s);
}

static void sm24_client_renegotiation(void)
{
    for (int schemes = 0; schemes < 2; schemes++) {
        stage *s = connected_stage((stage_options){.role = FPL_ROLE_SERVER});
        uint8_t before[32], after[32];
        EXPECT(s, fpl_conn_export(s->conn, before, 32, "EXPORTER-x", NULL, 0) == FPL_OK);
        if (!schemes) {
            ext_drop(&s->peer.extensions, EXT_SCHEMES);
        }
        bytes again = peer_client_hello(&s->peer);
        peer_fragment(&s->peer, CLIENT_HELLO, again.len, s->peer.msg_seq, 0, again);
        deliver(s);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->record == ALERT && heard_new(s, 0)->level == WARNING &&
                      heard_new(s, 0)->type == NO_RENEGOTIATION);
        EXPECT(s, fpl_conn_export(s->conn, after, 32, "EXPORTER-x", NULL, 0) == FPL_OK && memcmp(before, after, 32) == 0);
        expect_talk(s);
        /* With message_seq 0, as a renegotiating client numbers it: still no duplicate. */
        advance(s, 1001);
        peer_fragment(&s->peer, CLIENT_HELLO, again.len, 0, 0, again);
        deliver(s);
        EXPECT_UINT(s, num_heard_records(s, ALERT), 1);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 0);
        expect_talk(s);
        stage_close(s);
    }
}

static void sm28_endless_verify_requests(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    unsigned answered = 0;
    for (unsigned i = 0; i < 1000 && !s->failed; i++) {
        uint8_t cookie[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS10, bytes_of(cookie, 2)));
        deliver(s);
        answered += num_heard_messages(s, CLIENT_HELLO);
    }
    expect_alert(s, UNEXPECTED_MESSAGE);
    EXPECT_UINT(s, answered, 4); /* limit hello_verify_requests */
}

static void sm31_second_server_flight(void)
{
    stage   *s = stage_at(FPL_ROLE_CLIENT, "WAIT_CCS");
    unsigned seq = s->peer.msg_seq;
    s->peer.suite = AES256_GCM;
    bytes again = peer_server_hello(&s->peer);
    s->peer.suite = AES128_GCM;
    peer_fragment(&s->peer, SERVER_HELLO, again.len, seq, 0, again);
    expect_dropped(s);
    EXPECT_UINT(s, fpl_conn_cipher_suite(s->conn), AES128_GCM);
    finish(s);
    /* Where a message is still awaited, it ends the handshake. */
    static const char *const states[] = {"WAIT_CERT", "WAIT_SKE", "WAIT_CR_OR_DONE", "WAIT_DONE"};
    for (size_t i = 0; i < 4; i++) {
        stage *c = stage_at(FPL_ROLE_CLIENT, states[i]);
        c->peer.suite = AES256_GCM;
        say_server_hello(c);
        deliver(c);
        expect_alert(c, UNEXPECTED_MESSAGE);
        stage_close(c);
    }
}

/* RFC 8446 section 4.1.3 wants the sentinel from servers that speak 1.3; this one does not yet. */
static void sm33_no_sentinel_without_13(void)
{
    for (int i = 0; i < 20; i++) {
        stage *s = stage_open((stage_options){0});
        hello(s);
        EXPECT(s, memcmp(s->peer.server_random.data + 24, "DOWNGRD", 7) != 0);
        stage_close(s);
    }
}

static void sm35_altered_finished_after_connected(void)
{
    for (int role = 0; role < 2; role++) {
        for (int fresh = 0; fresh < 2; fresh++) {
            stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
            unsigned seq = fresh ? s->peer.msg_seq : s->peer.msg_seq - 1;
            peer_fragment(&s->peer, FINISHED, 12, seq, 0, bytes_zero(12));
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, FINISHED), 0);
            EXPECT_UINT(s, s->connected, 1);
            expect_quiet(s);
            expect_talk(s);
            stage_close(s);
        }
    }
}

static void sm37_unknown_message_types(void)
{
    static const unsigned types[] = {6, 7, 19, 99, 254, 255, NEW_SESSION_TICKET, CERTIFICATE_STATUS};
    static const struct {
        fpl_role    role;
        const char *state;
    } places[] = {{FPL_ROLE_SERVER, "WAIT_CERT"},   {FPL_ROLE_SERVER, "WAIT_CKE"},  {FPL_ROLE_SERVER, "WAIT_FINISHED"},
                  {FPL_ROLE_CLIENT, "WAIT_SH"}, {FPL_ROLE_CLIENT, "WAIT_SKE"}, {FPL_ROLE_CLIENT, "WAIT_FINISHED"}};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            stage *s = stage_at(places[i].role, places[i].state);
            /* Far ahead it is not kept. */
            peer_fragment(&s->peer, types[t], 5, s->peer.msg_seq + 100, 0, bytes_zero(5));
            expect_dropped(s);
            peer_say(&s->peer, types[t], bytes_zero(5));
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            stage_close(s);
        }
    }
}

/* Heap's algorithm: every order of up to five things. */
static size_t permute(size_t order[5], size_t counters[5], size_t num, size_t at)
{
    while (at < num) {
        if (counters[at] < at) {
            size_t a = at % 2 == 0 ? 0 : counters[at];
            size_t keep = order[a];
            order[a] = order[at];
            order[at] = keep;
            counters[at]++;
            return 1;
        }
        counters[at++] = 0;
    }
    return 0;
}

static void one_order(stage *s, size_t first, const size_t order[5], size_t num)
{
    bytes records[5];
    for (size_t i = 0; i < num; i++) {
        size_t keep = s->peer.num_said;
        s->peer.num_said = first + i + 1;
        s->peer.datagram = bytes_none();
        peer_say_again(&s->peer, first + i);
        s->peer.num_said = keep;
        records[i] = s->peer.datagram;
        s->peer.datagram = bytes_none();
    }
    for (size_t i = 0; i < num; i++) {
        deliver_bytes(s, records[order[i]]);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
    }
}

static void sm38_client_takes_any_order(void)
{
    size_t order[5] = {0, 1, 2, 3, 4}, counters[5] = {0};
    size_t at = 1, num = 0;
    do {
        stage *s = stage_open(plain_client);
        s->peer.asks = true;
        hello(s);
        say_rest(s);
        s->peer.datagram = bytes_none(); /* said, and lost */
        one_order(s, 0, order, 5);
        EXPECT(s, s->peer.their_finished);
        finish(s);
        stage_close(s);
        num++;
        at = 1;
    } while (permute(order, counters, 5, at) != 0);
    EXPECT_UINT(NULL, num, 120);
}

static void sm38_server_takes_any_order(void)
{
    size_t order[5] = {0, 1, 2, 3, 4}, counters[5] = {0};
    do {
        stage *s = stage_open(auth_server);
        hello(s);
        size_t first = s->peer.num_said;
        say_rest(s);
        s->peer.datagram = bytes_none();
        one_order(s, first, order, 5);
        expect_connected(s);
        expect_talk(s);
        stage_close(s);
    } while (permute(order, counters, 5, 1) != 0);
}

static void sm39_reflection(void)
{
    for (int role = 0; role < 2; role++) {
        /* In the middle of the handshake. */
        stage *s = stage_open(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello(s);
        size_t num = s->num_sent;
        for (size_t i = 0; i < num && !s->failed; i++) {
            deliver_bytes(s, s->sent[i]);
        }
        EXPECT_UINT(s, s->connected, 0);
        EXPECT_UINT(s, s->certificates, 0);
        stage_close(s);
        /* Afterwards. */
        s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        app_send(s, bytes_of("mine", 4));
        num = s->num_sent;
        for (size_t i = 0; i < num; i++) {
            deliver_bytes(s, s->sent[i]);
            expect_quiet(s);
        }
        EXPECT_UINT(s, s->num_data, 0);
        expect_talk(s);
        stage_close(s);
    }
}

/* ----- SM-41: every message in every state ------------------------------------------------------------------------ */

static bytes body_of(stage *s, unsigned type)
{
    peer *p = &s->peer;
    switch (type) {
    case CLIENT_HELLO:
        if (p->client) {
            return peer_client_hello(p);
        }
        return p->their_hello;
    case SERVER_HELLO:
        return p->client ? bytes_hex("fefd 0000000000000000000000000000000000000000000000000000000000000000 00 c02b 00")
                         : peer_server_hello(p);
    case HELLO_VERIFY_REQUEST: return peer_hello_verify_request(DTLS10, bytes_zero(20));
    case CERTIFICATE: return peer_certificate(p);
    case SERVER_KEY_EXCHANGE: return peer_server_key_exchange(p);
    case CERTIFICATE_REQUEST: return peer_certificate_request();
    case CERTIFICATE_VERIFY: return peer_certificate_verify(p);
    case CLIENT_KEY_EXCHANGE: return peer_client_key_exchange(p);
    case FINISHED: return p->ready ? peer_finished(p) : bytes_zero(12);
    default: return bytes_none();
    }
}

static bool is_listed(fpl_role role, const char *state, unsigned type)
{
    static const struct {
        fpl_role    role;
        const char *state;
        unsigned    type;
    } rows[] = {
        {FPL_ROLE_SERVER, "WAIT_CH", CLIENT_HELLO},
        {FPL_ROLE_SERVER, "WAIT_CERT", CERTIFICATE},
        {FPL_ROLE_SERVER, "WAIT_CKE", CLIENT_KEY_EXCHANGE},
        {FPL_ROLE_SERVER, "WAIT_CKE_OWING_PROOF", CLIENT_KEY_EXCHANGE},
        {FPL_ROLE_SERVER, "WAIT_CV", CERTIFICATE_VERIFY},
        {FPL_ROLE_SERVER, "WAIT_FINISHED", FINISHED},
        {FPL_ROLE_SERVER, "CONNECTED", CLIENT_HELLO},
        {FPL_ROLE_CLIENT, "WAIT_SH", HELLO_VERIFY_REQUEST},
        {FPL_ROLE_CLIENT, "WAIT_SH", SERVER_HELLO},
        {FPL_ROLE_CLIENT, "WAIT_CERT", CERTIFICATE},
        {FPL_ROLE_CLIENT, "WAIT_SKE", SERVER_KEY_EXCHANGE},
        {FPL_ROLE_CLIENT, "WAIT_CR_OR_DONE", CERTIFICATE_REQUEST},
        {FPL_ROLE_CLIENT, "WAIT_CR_OR_DONE", SERVER_HELLO_DONE},
        {FPL_ROLE_CLIENT, "WAIT_DONE", SERVER_HELLO_DONE},
        {FPL_ROLE_CLIENT, "WAIT_FINISHED", FINISHED},
        {FPL_ROLE_CLIENT, "CONNECTED", HELLO_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].role == role && strcmp(rows[i].state, state) == 0 && rows[i].type == type) {
            return true;
        }
    }
    return false;
}

static void one_cell(fpl_role role, const char *state, unsigned type)
{
    stage *s = stage_at(role, state);
    bool   waits = strcmp(state, "WAIT_TRUST") == 0 || strcmp(state, "WAIT_SIGNATURE") == 0;
    bool   ignored = role == FPL_ROLE_CLIENT && type == HELLO_REQUEST && strcmp(state, "WAIT_FINISHED") != 0;
    bytes  body = body_of(s, type);
    peer_fragment(&s->peer, type, body.len, s->peer.msg_seq, 0, body);
    deliver(s);
    bool door = strcmp(state, "WAIT_CH") == 0; /* nobody has been answered yet: all but a hello is dropped */
    /* States that take no message, or only one of any message_seq, drop all others: the epoch rule. */
    bool takes_none = strcmp(state, "WAIT_CCS") == 0 || strcmp(state, "CONNECTED") == 0;
    if (waits || ignored || door || takes_none) {
        expect_quiet(s);
        expect_state(s, state);
    } else {
        expect_alert(s, UNEXPECTED_MESSAGE);
    }
    EXPECT_UINT(s, s->connected, strcmp(state, "CONNECTED") == 0 ? 1 : 0);
    stage_close(s);
}

static void sm41_every_message_in_every_state(void)
{
    static const unsigned types[] = {HELLO_REQUEST,       CLIENT_HELLO,        SERVER_HELLO,      HELLO_VERIFY_REQUEST,
                                     CERTIFICATE,         SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE,
                                     CERTIFICATE_VERIFY,  CLIENT_KEY_EXCHANGE, FINISHED,          NEW_SESSION_TICKET};
    for (int r = 0; r < 2; r++) {
        fpl_role           role = r == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT;
        const char *const *states = r == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
                if (runner_verbose()) {
                    printf("    %s %s, message %u\n", r == 0 ? "server" : "client", states[i], types[t]);
                }
                if (!is_listed(role, states[i], types[t])) {
                    one_cell(role, states[i], types[t]);
                }
            }
        }
    }
}

/* After the first authenticated record nothing in the clear reaches a machine. */
static void sm41_nothing_in_clear_once_keyed(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        static const unsigned types[] = {0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 22, 99};
        s->peer.epoch = 0;
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            bytes body = body_of(s, types[t]);
            for (unsigned seq = 0; seq < 10; seq++) {
                peer_fragment(&s->peer, types[t], body.len, seq, 0, body);
                deliver(s);
                expect_quiet(s);
            }
        }
        s->peer.epoch = 1;
        expect_talk(s);
    }
}

SCENARIOS(sm_scenarios, PLAYS(sm01_early_finished), PLAYS(sm02_finished_before_ccs_in_clear),
          PLAYS(sm03_certificate_without_verify), PLAYS(sm03_finished_instead_of_verify), PLAYS(sm05_certificate_skipped),
          PLAYS(sm06_server_key_exchange_skipped), PLAYS(sm07_server_certificate_skipped), PLAYS(sm08_two_certificates),
          PLAYS(sm09_two_certificate_requests), PLAYS(sm10_certificate_request_in_wrong_place),
          PLAYS(sm11_unrequested_certificate), PLAYS(sm12_early_ccs_first), PLAYS(sm12_early_ccs_at_the_door),
          PLAYS(sm12_early_ccs_in_every_state), PLAYS(sm12_malformed_ccs), PLAYS(sm13_second_early_ccs), PLAYS(sm13_two_ccs),
          PLAYS(sm15_plaintext_data_in_every_state), PLAYS(sm16_plaintext_data_after_connected),
          PLAYS(sm17_data_between_ccs_and_finished), PLAYS(sm17_data_before_ccs),
          PLAYS(sm23_hello_request_while_negotiating), PLAYS(sm23_hello_request_after_connected),
          PLAYS(sm24_client_renegotiation), PLAYS(sm28_endless_verify_requests), PLAYS(sm31_second_server_flight),
          PLAYS(sm33_no_sentinel_without_13), PLAYS(sm35_altered_finished_after_connected),
          PLAYS(sm37_unknown_message_types), PLAYS(sm38_client_takes_any_order), PLAYS(sm38_server_takes_any_order),
          PLAYS(sm39_reflection), PLAYS(sm41_every_message_in_every_state), PLAYS(sm41_nothing_in_clear_once_keyed));
