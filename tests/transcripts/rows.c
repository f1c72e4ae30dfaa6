/* Rows and checks of the spec that no scenario of the catalogues passes by. `codegen coverage` on the traces of
 * all tests says which those are. */
#include <string.h>

#include "common/trace.h"
#include "transcripts/runner.h"
#include "transcripts/walk.h"
#include "transcripts/walk13.h"

static const stage_options plain_server = {.role = FPL_ROLE_SERVER};
static const stage_options plain_client = {.role = FPL_ROLE_CLIENT};

static void row_explain_names_file_line_and_section(void)
{
    /* A check, a decoder, an unlisted message, a timer. */
    for (int what = 0; what < 4; what++) {
        stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CKE");
        if (what == 0) {
            peer_say(&s->peer, CLIENT_KEY_EXCHANGE, bytes_hex("02 0102"));
            deliver(s);
        } else if (what == 1) {
            peer_say(&s->peer, CLIENT_KEY_EXCHANGE, bytes_hex("05 0102"));
            deliver(s);
        } else if (what == 2) {
            peer_say(&s->peer, SERVER_HELLO_DONE, bytes_none());
            deliver(s);
        } else {
            advance(s, 50000);
        }
        EXPECT(s, s->failed);
        EXPECT(s, s->why.machine != NULL && s->why.state != NULL && s->why.event != NULL);
        EXPECT(s, s->why.file != NULL && strncmp(s->why.file, "spec/machines/", 14) == 0);
        EXPECT(s, s->why.line > 0);
        EXPECT(s, what != 2 || strstr(s->why.event, "server_hello_done") != NULL);
        EXPECT(s, s->why.ref != NULL && strncmp(s->why.ref, "rfc", 3) == 0);
        char   text[300], cut[20];
        size_t len = fpl_conn_explain_text(s->conn, text, sizeof text);
        EXPECT(s, len > 20 && len < sizeof text && strlen(text) == len);
        EXPECT(s, fpl_conn_explain_text(s->conn, cut, sizeof cut) == len && strlen(cut) == sizeof cut - 1);
        EXPECT(s, strncmp(text, cut, sizeof cut - 1) == 0);
        EXPECT(s, fpl_conn_explain_text(s->conn, NULL, 0) == len);
    }
}

typedef struct told {
    unsigned rows, refusals, named;
} told;

static void listen_to_trace(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    told *t = arg;
    (void)conn;
    EXPECT(NULL, event->machine != NULL && event->state != NULL && event->event != NULL);
    EXPECT(NULL, event->file != NULL && strncmp(event->file, "spec/machines/", 14) == 0 && event->line > 0);
    EXPECT(NULL, event->ref != NULL && strncmp(event->ref, "rfc", 3) == 0);
    if (event->check != NULL) {
        EXPECT(NULL, event->next == NULL);
        t->refusals++;
    } else {
        t->rows++;
    }
    if (strcmp(event->machine, "dtls12_server") == 0 && strcmp(event->state, "WAIT_CKE") == 0 &&
        strcmp(event->event, "message:client_key_exchange") == 0) {
        t->named++;
        EXPECT(NULL, event->check != NULL || strcmp(event->next, "WAIT_CCS") == 0);
        EXPECT(NULL, event->check == NULL || strcmp(event->check, "client_share_well_formed") == 0);
    }
}

static void row_trace_tells_rows_and_refusals(void)
{
    told t = {0};
    trace_watch(listen_to_trace, &t);
    stage *s = connected_stage(plain_server);
    EXPECT(s, t.rows > 10 && t.refusals == 0 && t.named == 1);
    s = stage_at(FPL_ROLE_SERVER, "WAIT_CKE");
    peer_say(&s->peer, CLIENT_KEY_EXCHANGE, bytes_hex("02 0102"));
    deliver(s);
    EXPECT(s, s->failed && t.refusals == 1 && t.named == 2);
    trace_watch(NULL, NULL);
}

static void keep_citation_of_a_close(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    (void)conn;
    if (strcmp(event->machine, "closure") == 0 && strcmp(event->event, "alert:close_notify") == 0) {
        *(const char **)arg = event->ref;
    }
}

/* Both versions take close_notify in one row, each by its own RFC: whoever reads the trace finds what was obeyed. */
static void row_trace_cites_the_version_that_is_spoken(void)
{
    for (int role = 0; role < 2; role++) {
        const char *cited = "";
        trace_watch(keep_citation_of_a_close, &cited);
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        deliver(s);
        EXPECT(s, s->close_notifies == 1 && strcmp(cited, "rfc5246#7.2.1") == 0);
        s = connected13(role13(role));
        peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
        deliver(s);
        EXPECT(s, s->close_notifies == 1 && strcmp(cited, "rfc8446#6.1") == 0);
        trace_watch(NULL, NULL);
    }
}

static void few_forgeries(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_FORGERIES, 20);
}

static void row_forgery_limit(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .configure = few_forgeries});
        for (uint64_t i = 0; i < 19; i++) {
            bytes_append(&s->peer.datagram, record_of(DATA, DTLS12, 1, 100 + i, bytes_zero(40)));
            expect_dropped(s);
        }
        expect_talk(s);
        deliver_bytes(s, record_of(DATA, DTLS12, 1, 200, bytes_zero(40)));
        expect_alert(s, BAD_RECORD_MAC);
    }
}

static void row_signature_does_not_come(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_SIGNATURE");
        forget(s);
        EXPECT(s, fpl_conn_provide_signature(s->conn, NULL, 0, s->now) == FPL_OK);
        poll(s);
        /* Told to the peer, and not blamed on it. */
        EXPECT(s, num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->level == FATAL &&
                      heard_new(s, 0)->type == INTERNAL_ERROR);
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_INTERNAL && s->why.alert == INTERNAL_ERROR);
        expect_dead(s);
        stage_close(s);
        /* One that is longer than any can be is no signature: nothing changes. */
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_SIGNATURE");
        uint8_t long_one[10000] = {0};
        EXPECT(s, fpl_conn_provide_signature(s->conn, long_one, sizeof long_one, s->now) == FPL_MISUSE);
        expect_state(s, "WAIT_SIGNATURE");
        advance(s, 20000);
        EXPECT(s, !s->failed);
        sign(s);
        finish(s);
        EXPECT_UINT(s, s->signatures_wanted, 1);
        stage_close(s);
    }
}

static void only_x25519(fpl_config *config)
{
    const fpl_named_group only[] = {FPL_NAMED_GROUP_X25519};
    (void)fpl_config_set_groups(config, only, 1);
}

static void row_group_not_offered(void)
{
    static const unsigned groups[] = {P256_GROUP, P384_GROUP};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .group = groups[i], .configure = only_x25519});
        hello(s);
        say_server_hello(s);
        say_certificate(s);
        say_server_key_exchange(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "ske_group_was_offered");
    }
    /* One that nobody here knows, and curve descriptions of one's own. */
    static const char *const params[] = {"03 0019 05 0401020304", "03 9999 01 04", "01 001d 20", "02 001d 20", "00 001d 20"};
    for (size_t i = 0; i < 5; i++) {
        stage *s = stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
        bytes  body = bytes_hex(params[i]);
        if (i >= 2) {
            bytes_append(&body, bytes_zero(32));
        }
        bytes_append(&body, peer_signature(ECDSA_P256_SHA256, bytes_zero(70)));
        peer_say(&s->peer, SERVER_KEY_EXCHANGE, body);
        deliver(s);
        expect_alert_either(s, ILLEGAL_PARAMETER, DECODE_ERROR);
        stage_close(s);
    }
}

static void row_bad_share_of_an_authenticating_client(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CKE_OWING_PROOF");
    bytes  body = bytes_none();
    bytes_vector(&body, 1, bytes_zero(32));
    peer_fragment(&s->peer, CLIENT_KEY_EXCHANGE, body.len, s->peer.msg_seq, 0, body);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    expect_refused_by(s, "client_share_well_formed");
}

static void one_extension(unsigned type, const char *of_client, const char *of_server, int alert)
{
    stage *s = stage_open(plain_server);
    if (of_client != NULL) {
        ext_set(&s->peer.extensions, type, bytes_hex(of_client));
        say_client_hello(s);
        deliver(s);
        expect_alert(s, alert);
    }
    stage_close(s);
    stage *c = stage_open(plain_client);
    if (of_server != NULL) {
        hello(c);
        c->peer.extensions = peer_extensions(&c->peer);
        ext_set(&c->peer.extensions, type, bytes_hex(of_server));
        say_server_hello(c);
        deliver(c);
        expect_alert(c, alert);
    }
    stage_close(c);
}

static void row_extension_contents(void)
{
    one_extension(EXT_POINT_FORMATS, "01 01", "02 01 02", ILLEGAL_PARAMETER);
    one_extension(EXT_POINT_FORMATS, "00", "00", DECODE_ERROR);
    one_extension(EXT_RENEGOTIATION, "01 55", "0c 000102030405060708090a0b", HANDSHAKE_FAILURE);
    one_extension(EXT_RENEGOTIATION, "02 55", "", DECODE_ERROR);
    one_extension(EXT_SERVER_NAME, "0006 00 0003 610062", NULL, ILLEGAL_PARAMETER);
    one_extension(EXT_SERVER_NAME, "0003 00 0000", NULL, DECODE_ERROR);
    one_extension(EXT_SERVER_NAME, "0008 00 0001 61 00 0001 62", NULL, ILLEGAL_PARAMETER);
    one_extension(EXT_GROUPS, "0003 001d00", NULL, DECODE_ERROR);
    one_extension(EXT_GROUPS, "0000", NULL, DECODE_ERROR);
    one_extension(EXT_SCHEMES, "0003 040300", NULL, DECODE_ERROR);
    one_extension(EXT_SCHEMES, "0000", NULL, DECODE_ERROR);
    one_extension(EXT_EMS, "00", "00", DECODE_ERROR);
}

/* renegotiation_info is answered also when only the SCSV asked for it (RFC 5746 section 3.6), and not unasked. */
static void row_renegotiation_signal(void)
{
    for (int scsv = 0; scsv < 2; scsv++) {
        stage *s = stage_open(plain_server);
        ext_drop(&s->peer.extensions, EXT_RENEGOTIATION);
        if (scsv) {
            bytes_u16(&s->peer.suites, RENEGOTIATION_SCSV);
        }
        hello(s);
        EXPECT(s, ext_has(peer_hello_extensions(s->peer.their_hello, false), EXT_RENEGOTIATION) == (scsv == 1));
        finish(s);
    }
    stage *c = stage_open(plain_client);
    hello(c);
    EXPECT(c, ext_has(peer_hello_extensions(c->peer.their_hello, true), EXT_RENEGOTIATION));
}

static void row_certificate_request_contents(void)
{
    static const struct {
        const char *body;
        int         alert; /* -1: fine, and answered without a certificate or with one */
    } requests[] = {{"01 40 0004 0403 0503 0000", -1},
                    {"02 01 40 0008 0401 0403 0804 0503 0000", -1},
                    {"01 01 0002 0401 0000", -1},      /* RSA only: nothing of ours fits */
                    {"01 40 0002 0401 0000", -1},      /* no scheme of ours */
                    {"01 40 0002 0403 0004 0002 3000", -1}, /* an authority */
                    {"00 0002 0403 0000", DECODE_ERROR},
                    {"01 40 0000 0000", DECODE_ERROR},
                    {"01 40 0003 040305 0000", DECODE_ERROR},
                    {"01 40 0002 0403 0003 0002 30", DECODE_ERROR},
                    {"01 40 0002 0403", DECODE_ERROR}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        stage *s = stage_at(FPL_ROLE_CLIENT, "WAIT_CR_OR_DONE");
        peer_say(&s->peer, CERTIFICATE_REQUEST, bytes_hex(requests[i].body));
        deliver(s);
        if (requests[i].alert >= 0) {
            expect_alert(s, requests[i].alert);
        } else {
            expect_state(s, "WAIT_DONE");
            finish(s);
            EXPECT(s, (s->peer.their_certificate.len == 0) == (i == 2 || i == 3));
        }
        stage_close(s);
    }
    /* Asked, with nothing to show at all. */
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .anonymous = true});
    s->peer.asks = true;
    finish(s);
    EXPECT_UINT(s, s->peer.their_certificate.len, 0);
}

/* The last message of a flight need not be there for the next one to begin: the amplification limit may hold
 * back ServerHelloDone while the client has all that it needs. */
static void row_answer_overtakes_the_rest_of_a_flight(void)
{
    bool seen = false;
    for (size_t pad = 60; pad < 160 && !seen; pad++) {
        stage *s = stage_open((stage_options){.unproven = true});
        peer  *p = &s->peer;
        ext_add(&p->extensions, 21, bytes_zero(pad));
        say_client_hello(s);
        deliver(s);
        if (p->their_share.len > 0 && !p->flight_done) {
            seen = true;
            bytes_append(&p->transcript, peer_fragment_of(SERVER_HELLO_DONE, 0, p->hears_seq, 0, bytes_none()));
            p->hears_seq++;
            p->flight_done = true;
            say_rest(s);
            deliver(s);
            expect_connected(s);
            expect_talk(s);
        }
        stage_close(s);
    }
    EXPECT(NULL, seen);
}

static void one_resend(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_RESEND_TIMES, 1);
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

/* The budget runs out while a resend that the peer asked for is only half polled. */
static void row_budget_ends_in_a_resend_as_asked(void)
{
    stage *s = stage_open((stage_options){.configure = one_resend});
    EXPECT(s, fpl_conn_set_mtu(s->conn, 200) == FPL_OK);
    hello(s);
    wake(s);
    fpl_time due = s->deadline;
    s->now += 1500;
    peer_say_again(&s->peer, 0);
    bytes      datagram = s->peer.datagram;
    uint8_t    buf[300];
    fpl_output out;
    s->peer.datagram = bytes_none();
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    memset(&out, 0, sizeof out);
    EXPECT(s, fpl_conn_poll(s->conn, buf, sizeof buf, &out) == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM);
    s->now = due;
    (void)fpl_conn_timeout(s->conn, s->now);
    poll(s);
    expect_timeout(s);
}

static void patient(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

/* The same with resends left: the timer's resend takes over from the one that was asked for. */
static void row_timer_in_a_resend_as_asked(void)
{
    stage *s = stage_open((stage_options){.configure = patient});
    EXPECT(s, fpl_conn_set_mtu(s->conn, 200) == FPL_OK);
    hello(s);
    wake(s);
    fpl_time due = s->deadline;
    s->now += 1500;
    peer_say_again(&s->peer, 0);
    bytes      datagram = s->peer.datagram;
    uint8_t    buf[300];
    fpl_output out;
    s->peer.datagram = bytes_none();
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    memset(&out, 0, sizeof out);
    EXPECT(s, fpl_conn_poll(s->conn, buf, sizeof buf, &out) == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM);
    s->now = due;
    EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
    forget(s);
    poll(s);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO_DONE), 1);
    finish(s);
    expect_talk(s);
}

/* A repeated hello, and behind it in the same datagram all that makes an answer to it needless. */
static void row_answer_behind_the_question(void)
{
    stage *s = stage_open((stage_options){0});
    hello(s);
    advance(s, 600);
    peer_say_again(&s->peer, 0);
    say_rest(s);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 0);
    expect_connected(s);
    expect_talk(s);
}

/* The limit lets the flight out once and holds back its resend, for which the timer rings on and backs off no more; the answer
 * comes all the same. */
static void row_answer_to_a_flight_held_back(void)
{
    stage *s = stage_open((stage_options){.unproven = true, .configure = patient});
    ext_add(&s->peer.extensions, 21, bytes_zero(150));
    say_client_hello(s);
    deliver(s);
    EXPECT(s, s->peer.flight_done && 2 * s->bytes_out > 3 * s->bytes_in);
    for (int i = 0; i < 3; i++) {
        wake(s);
        EXPECT(s, !s->failed && s->bytes_out <= 3 * s->bytes_in);
        EXPECT_UINT(s, s->deadline - s->now, 2000);
    }
    finish(s);
    expect_talk(s);
}

/* The time for which the last flight is kept ends while it is being repeated. */
static void row_retention_ends_in_a_repetition(void)
{
    stage *s = stage_open((stage_options){0});
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    deliver(s);
    expect_connected(s);
    fpl_time   end = s->deadline;
    uint8_t    buf[10];
    fpl_output out;
    s->now = end - 5;
    peer_say_again(&s->peer, first);
    bytes datagram = s->peer.datagram;
    s->peer.datagram = bytes_none();
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    memset(&out, 0, sizeof out);
    EXPECT(s, fpl_conn_poll(s->conn, buf, sizeof buf, &out) == FPL_BUFFER_TOO_SMALL);
    s->now = end;
    EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
    forget(s);
    poll(s);
    expect_quiet(s);
    EXPECT(s, s->deadline == FPL_NEVER);
    expect_talk(s);
}

/* Each transmission counts, also one that the limit holds back. */
static void row_limit_holds_back_resends(void)
{
    stage   *s = stage_open((stage_options){.unproven = true, .configure = one_resend});
    unsigned wakes = 0;
    say_client_hello(s);
    deliver(s);
    while (!s->failed) {
        wake(s);
        EXPECT(s, wakes++ < 20);
    }
    expect_timeout(s);
    EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
}

/* What our certificate waited for comes out later, and has all of the interval before it is sent again. */
static void row_second_half_has_a_whole_interval(void)
{
    for (int dtls13 = 0; dtls13 < 2; dtls13++) {
        stage *s = dtls13 ? stage13_at(FPL_ROLE_CLIENT, "WAIT_SIGNATURE") : stage_at(FPL_ROLE_CLIENT, "WAIT_SIGNATURE");
        EXPECT_UINT(s, s->deadline - s->now, 1000);
        advance(s, 700);
        forget(s);
        sign(s);
        EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
        EXPECT_UINT(s, s->deadline - s->now, 1000);
        wake(s);
        EXPECT_UINT(s, num_heard_messages(s, CERTIFICATE), 1);
        EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
        stage_close(s);
    }
}

static void row_small_promises_of_the_interface(void)
{
    /* A configuration that is used does not change any more. */
    for (int door = 0; door < 2; door++) {
        stage                     *s = stage_open((stage_options){.door = door == 1});
        const fpl_cipher_suite     suite = FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
        const fpl_named_group      group = FPL_NAMED_GROUP_X25519;
        const fpl_signature_scheme scheme = FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256;
        const credential          *c = credential_of(CREDENTIAL_P256_A);
        uint64_t                   before = fpl_config_get(s->config, FPL_SETTING_MTU);
        EXPECT(s, fpl_config_set(s->config, FPL_SETTING_MTU, before + 1) == FPL_MISUSE);
        EXPECT_UINT(s, fpl_config_get(s->config, FPL_SETTING_MTU), before);
        EXPECT(s, fpl_config_set_cipher_suites(s->config, &suite, 1) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_groups(s->config, &group, 1) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_signature_schemes(s->config, &scheme, 1) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_client_auth(s->config, FPL_CLIENT_AUTH_OFF) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_trust(s->config, FPL_TRUST_ASK) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_cookie_exchange(s->config, false) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_extended_master_secret(s->config, false) == FPL_MISUSE);
        EXPECT(s, fpl_config_use_webrtc_profile(s->config) == FPL_MISUSE);
        EXPECT(s, fpl_config_set_external_credential(s->config, c->made.certificate, c->made.certificate_len) == FPL_MISUSE);
    }
    /* What SIGNATURE_WANTED says is what has to be signed. */
    stage *s = stage_open((stage_options){.external = true, .credential = CREDENTIAL_P384_A});
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, s->signature_scheme, ECDSA_P384_SHA384);
    EXPECT_UINT(s, s->digest.len, 48);
    sign(s);
    fpl_conn_set_user_data(s->conn, &s);
    EXPECT(s, fpl_conn_user_data(s->conn) == &s);
    finish(s);
    EXPECT(s, fpl_conn_user_data(s->conn) == &s);
    EXPECT_UINT(s, fpl_conn_role(s->conn), FPL_ROLE_SERVER);
    /* Freeing a listener's connection takes it out of the listener. */
    s = connected_stage((stage_options){.door = true});
    fpl_conn_free(s->conn);
    s->conn = NULL;
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    peer_data(&s->peer, bytes_of("nobody home", 11));
    deliver(s);
    EXPECT_UINT(s, s->num_data + num_heard(s), 0);
}

static void row_keyless_server_is_refused(void)
{
    fpl_config *config = fpl_config_new();
    EXPECT(NULL, config != NULL);
    fpl_conn     *conn = fpl_conn_new(config, FPL_ROLE_SERVER, 0);
    fpl_listener *listener = fpl_listener_new(config, 0);
    fpl_conn     *none = fpl_conn_new(config, FPL_ROLE_NONE, 0);
    bool refused = conn == NULL && listener == NULL && none == NULL && fpl_conn_new(NULL, FPL_ROLE_CLIENT, 0) == NULL;
    fpl_conn_free(conn);
    fpl_conn_free(none);
    fpl_listener_free(listener);
    fpl_config_free(config);
    EXPECT(NULL, refused);
}

SCENARIOS(row_scenarios, PLAYS(row_explain_names_file_line_and_section), PLAYS(row_trace_tells_rows_and_refusals),
          PLAYS(row_trace_cites_the_version_that_is_spoken), PLAYS(row_forgery_limit),
          PLAYS(row_signature_does_not_come), PLAYS(row_group_not_offered),
          PLAYS(row_bad_share_of_an_authenticating_client), PLAYS(row_extension_contents), PLAYS(row_renegotiation_signal),
          PLAYS(row_certificate_request_contents), PLAYS(row_answer_overtakes_the_rest_of_a_flight),
          PLAYS(row_budget_ends_in_a_resend_as_asked), PLAYS(row_timer_in_a_resend_as_asked),
          PLAYS(row_answer_behind_the_question), PLAYS(row_answer_to_a_flight_held_back),
          PLAYS(row_retention_ends_in_a_repetition), PLAYS(row_limit_holds_back_resends),
          PLAYS(row_second_half_has_a_whole_interval),
          PLAYS(row_small_promises_of_the_interface), PLAYS(row_keyless_server_is_refused));
