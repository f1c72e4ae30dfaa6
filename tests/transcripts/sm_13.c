/* Group SM of the security catalogue in DTLS 1.3: the order of messages. */
#include <stdio.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static const stage_options auth_server = {.role = FPL_ROLE_SERVER, .dtls13 = true, .auth = FPL_CLIENT_AUTH_REQUIRED};

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

static void sm04_13_certificate_verify_skipped(void)
{
    stage *s = stage_open(auth_server);
    hello13(s);
    say13_certificate(s);
    say13_finished(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
    stage *c = stage_open(role13(1));
    hello13(c);
    say13_server_hello(c);
    say13_encrypted_extensions(c);
    say13_certificate(c);
    say13_finished(c);
    deliver(c);
    expect_alert(c, UNEXPECTED_MESSAGE);
    expect_nothing_published(c);
}

static void sm07_13_server_certificate_skipped(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_server_hello(s);
    say13_encrypted_extensions(s);
    say13_finished(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

static void sm11_13_unrequested_certificate(void)
{
    stage *s = stage_open(role13(0));
    hello13(s);
    EXPECT(s, !s->peer.was_asked);
    say13_certificate(s);
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    expect_nothing_published(s);
}

/* As many ChangeCipherSpec as the catalogue has, so many to a datagram; each has a number of its own, and each is counted. */
static void flood_of_ccs(stage *s, size_t at_once)
{
    bytes    datagram = bytes_none();
    uint64_t drops = drops_of(s);
    for (size_t n = 0; n < at_once; n++) {
        bytes_append(&datagram, record_of(CCS, DTLS12, 0, 0, bytes_hex("01")));
    }
    size_t len = datagram.len / at_once;
    for (uint64_t i = 0; i < 100000; i++) {
        bytes_put_uint(&datagram, i % at_once * len + 5, 6, 1000 + i);
        if ((i + 1) % at_once == 0) {
            s->peer.datagram = datagram;
            expect_dropped(s);
        }
    }
    EXPECT_UINT(s, drops_of(s), drops + 100000);
}

static void floods_of_ccs(stage *s)
{
    flood_of_ccs(s, 1);
    flood_of_ccs(s, 100);
}

static void sm14_13_ccs_flood(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(role13(role));
        if (role == 0) {
            floods_of_ccs(s);
        }
        hello13(s);
        floods_of_ccs(s);
        if (role == 1) {
            say13_server_hello(s);
            say13_encrypted_extensions(s);
            deliver(s);
            forget(s);
            floods_of_ccs(s);
        }
        finish13(s);
        floods_of_ccs(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void sm15_13_plaintext_data_in_every_state(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            for (unsigned epoch = 0; epoch < 5; epoch++) {
                bytes_append(&s->peer.datagram, record_of(DATA, DTLS12, epoch, 400, bytes_none()));
                expect_ignored(s); /* in front of a hello a record of epoch 1 is held: it could be one of DTLS 1.2 */
                uint64_t drops = drops_of(s);
                bytes_append(&s->peer.datagram, record_of(DATA, DTLS12, epoch, 401, bytes_zero(100)));
                expect_ignored(s);
                EXPECT(s, drops_of(s) == drops + 1 || (epoch == 1 && strcmp(states[i], "WAIT_CH") == 0));
            }
            EXPECT_UINT(s, s->num_data, 0);
            stage_close(s);
        }
    }
}

static void sm16_13_plaintext_data_after_connected(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (uint64_t seq = 0; seq < 20; seq++) {
            bytes_append(&s->peer.datagram, record_of(DATA, DTLS12, 0, seq, bytes_of("forged", 6)));
            expect_dropped(s);
        }
        EXPECT_UINT(s, s->num_data, 0);
        expect_talk(s);
    }
}

/* The keys of epoch 3 are there before the Finished that vouches for their owner is. */
static void sm18_13_data_before_finished(void)
{
    for (int role = 0; role < 2; role++) {
        stage  *s = stage_open(role13(role));
        peer13 *q = &s->peer13;
        hello13(s);
        if (role == 1) {
            say13_server_hello(s);
            say13_encrypted_extensions(s);
            say13_certificate(s);
            say13_certificate_verify(s);
            deliver(s);
        }
        bytes    finished = peer13_finished(q);
        unsigned seq = peer13_note(q, FINISHED, finished);
        for (int i = 0; i < 3; i++) {
            bytes_append(&s->peer.datagram, peer13_sealed(q, DATA, 3, UNIFIED_USUAL, 0, bytes_of("early", 5)));
            deliver(s);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            EXPECT_UINT(s, s->num_data, 0);
            EXPECT_UINT(s, s->connected, 0);
        }
        peer13_fragment(q, FINISHED, finished.len, seq, 0, finished);
        peer13_moves(q, FINISHED);
        deliver(s);
        expect_connected(s);
        EXPECT_UINT(s, s->num_data, 3); /* held, and handed out once Finished was right */
        for (size_t i = 0; i < 3; i++) {
            EXPECT(s, bytes_equal(s->data[i], bytes_of("early", 5)));
        }
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
    }
}

/* The keys of the handshake vouch for nobody: data under them is nobody's, before and after. */
static void sm18_13_data_under_handshake_keys(void)
{
    static const char *const states[2][4] = {{"WAIT_CERT", "WAIT_FINISHED", "CONNECTED"},
                                             {"WAIT_EE", "WAIT_FINISHED", "WAIT_ACK", "CONNECTED"}};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 4 && states[role][i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][i]);
            for (int n = 0; n < 6; n++) {
                bytes_append(&s->peer.datagram, peer13_sealed(&s->peer13, DATA, 2, UNIFIED_USUAL, 0, bytes_of("early", 5)));
                deliver(s);
                EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            }
            finish13(s);
            EXPECT_UINT(s, s->num_data, 0);
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* It is held, for it could be data that overtook Finished. It uses up no message_seq: the right one still counts, and once
 * Finished has opened its epoch the wrong one is what any message of an old number is: acknowledged, and not read. */
static void sm19_13_last_flight_under_traffic_keys(void)
{
    static const unsigned    types[] = {CERTIFICATE, CERTIFICATE_VERIFY, FINISHED};
    static const char *const states[] = {"WAIT_CERT", "WAIT_CV", "WAIT_FINISHED"};
    for (size_t i = 0; i < 3; i++) {
        stage   *s = stage13_at(FPL_ROLE_SERVER, states[i]);
        peer13  *q = &s->peer13;
        bytes    body = body13_of(s, types[i]);
        number13 wrong = {3, q->ours[3].seq};
        bytes    fragment = peer_fragment_of(types[i], body.len, s->peer.msg_seq, 0, body);
        bytes_append(&s->peer.datagram, peer13_sealed(q, HANDSHAKE, 3, UNIFIED_USUAL, 0, fragment));
        expect_ignored(s);
        expect_state(s, states[i]);
        EXPECT_UINT(s, s->connected, 0);
        say13_rest(s);
        deliver(s);
        expect_connected(s);
        EXPECT(s, num_heard(s) == 2 && ack_names(heard_new(s, 0), q->said[q->num_said - 1].record));
        EXPECT(s, ack_len(heard_new(s, 1)) == 1 && ack_names(heard_new(s, 1), wrong));
        EXPECT(s, s->certificates == 1 && stats_of(s).duplicates == 1);
        expect_talk(s);
        stage_close(s);
    }
}

/* In the clear, what has to be under keys: dropped, and the right one still counts. */
static void sm20_13_plaintext_after_server_hello(void)
{
    static const char *const states[2][5] = {{"WAIT_CERT", "WAIT_CV", "WAIT_FINISHED"},
                                             {"WAIT_EE", "WAIT_CERT_CR", "WAIT_CERT", "WAIT_CV", "WAIT_FINISHED"}};
    static const unsigned    types[2][5] = {{CERTIFICATE, CERTIFICATE_VERIFY, FINISHED},
                                            {ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED}};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 5 && states[role][i] != NULL; i++) {
            stage   *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][i]);
            bytes    body = body13_of(s, types[role][i]);
            unsigned epoch = s->peer13.epoch;
            s->peer13.epoch = 0;
            peer13_fragment(&s->peer13, types[role][i], body.len, s->peer.msg_seq, 0, body);
            expect_dropped(s);
            s->peer13.epoch = epoch;
            finish13(s);
            expect_talk(s);
            stage_close(s);
        }
    }
}

static void sm21_13_plaintext_alert_under_keys(void)
{
    static const char *const states[2][4] = {{"WAIT_CV", "WAIT_FINISHED", "CONNECTED"},
                                             {"WAIT_CERT_CR", "WAIT_FINISHED", "WAIT_ACK", "CONNECTED"}};
    static const char *const alerts[] = {"0100", "0200", "0228", "0232", "015a"};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < 4 && states[role][i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[role][i]);
            for (unsigned epoch = 0; epoch < 5; epoch++) {
                for (size_t a = 0; a < 5; a++) {
                    bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, epoch, 900 + a, bytes_hex(alerts[a])));
                    expect_dropped(s);
                }
            }
            EXPECT_UINT(s, s->close_notifies, 0);
            finish13(s);
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* With plaintext alerts believed, too: they count only as long as nothing was authenticated. */
static void sm21_13_believed_only_before_keys(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.plaintext_alerts = FPL_PLAINTEXT_ALERTS_FATAL;
        o.auth = FPL_CLIENT_AUTH_REQUIRED;
        stage *s = stage_open(o);
        hello13(s);
        if (role == 0) {
            say13_certificate(s);
        } else {
            say13_server_hello(s);
            say13_encrypted_extensions(s);
        }
        deliver(s);
        bytes_append(&s->peer.datagram, record_of(ALERT, DTLS12, 0, 9, bytes_hex("0228")));
        expect_dropped(s);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void sm22_13_plaintext_header_of_later_epoch(void)
{
    for (int door = 0; door < 2; door++) {
        stage_options o = role13(0);
        o.door = door == 1;
        stage *s = stage_open(o);
        bytes  body = peer13_client_hello(&s->peer13);
        for (unsigned epoch = 1; epoch < 5; epoch++) {
            bytes_append(&s->peer.datagram,
                         record_of(HANDSHAKE, DTLS12, epoch, 0, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body)));
            deliver(s);
            expect_quiet(s);
        }
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void sm25_13_second_retry(void)
{
    static const unsigned groups[] = {0, P384_GROUP};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_SH_AGAIN");
        say13_retry(s, groups[i], bytes_of("another", 7));
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
        stage_close(s);
    }
}

/* The same one again is a repetition and no second one. */
static void sm25_13_repeated_retry(void)
{
    stage *s = stage13_at(FPL_ROLE_CLIENT, "WAIT_SH_AGAIN");
    for (int i = 0; i < 5; i++) {
        peer13_say_again(&s->peer13, 0);
        deliver(s);
        EXPECT(s, !s->failed && num_heard_messages(s, CLIENT_HELLO) <= 1 && num_heard_records(s, ALERT) == 0);
        expect_state(s, "WAIT_SH_AGAIN");
        advance(s, 100);
    }
    finish13(s);
    expect_talk(s);
}

static void sm26_13_retry_that_changes_nothing(void)
{
    for (int what = 0; what < 2; what++) {
        stage *s = stage_open(role13(1));
        hello13(s);
        say13_retry(s, what == 0 ? 0 : X25519_GROUP, bytes_none());
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, what == 0 ? "retry_changes_hello" : "demanded_group_had_no_share_yet");
        EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 0);
        stage_close(s);
    }
}

static void sm26_13_retry_with_cookie_and_a_group_that_was_shared(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_retry(s, X25519_GROUP, bytes_of("cookie", 6));
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
}

static void sm27_13_verify_request(void)
{
    for (int both = 0; both < 2; both++) {
        for (int after = 0; after < 2; after++) {
            if (both == 1 && after == 0) {
                continue; /* that is the way to DTLS 1.2 */
            }
            stage_options o = role13(1);
            o.both = both == 1;
            stage *s = stage_open(o);
            hello13(s);
            if (after == 1) {
                say13_retry(s, 0, bytes_of("cookie", 6));
                deliver(s);
                expect_state(s, "WAIT_SH_AGAIN");
            }
            peer13_say(&s->peer13, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS12, bytes_zero(20)));
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 0);
            stage_close(s);
        }
    }
}

static void sm29_13_other_version_after_retry(void)
{
    static const char *const versions[] = {"", "fefd", "feff", "0304"};
    for (int both = 0; both < 2; both++) {
        for (size_t i = 0; i < 4; i++) {
            stage_options o = role13(1);
            o.both = both == 1;
            stage *s = stage_open(o);
            hello13(s);
            say13_retry(s, 0, bytes_of("cookie", 6));
            deliver(s);
            expect_state(s, "WAIT_SH_AGAIN");
            s->peer.extensions = peer13_extensions(&s->peer13);
            (void)ext_drop(&s->peer.extensions, EXT_SUPPORTED_VERSIONS);
            if (i > 0) {
                ext_add(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex(versions[i]));
            }
            say13_server_hello(s);
            deliver(s);
            expect_alert(s, ILLEGAL_PARAMETER);
            stage_close(s);
        }
    }
}

static void sm30_13_other_suite_after_retry(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_retry(s, 0, bytes_of("cookie", 6));
    deliver(s);
    s->peer.suite = CHACHA20_13;
    say13_server_hello(s);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    expect_refused_by(s, "suite13_same_as_in_retry");
}

static void sm34_13_selected_version(void)
{
    static const char *const versions[] = {"fefd", "feff", "0304", "7f1c", "0303", "fefb"};
    for (int both = 0; both < 2; both++) {
        for (size_t i = 0; i < 6; i++) {
            for (int retry = 0; retry < 2; retry++) {
                stage_options o = role13(1);
                o.both = both == 1;
                stage *s = stage_open(o);
                hello13(s);
                s->peer.extensions = peer13_extensions(&s->peer13);
                ext_set(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex(versions[i]));
                if (retry == 1) {
                    ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0017"));
                }
                bytes body = peer13_server_hello(&s->peer13);
                if (retry == 1) {
                    memcpy(body.data + 2, hello_retry_random, 32);
                }
                peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
                deliver(s);
                expect_alert(s, ILLEGAL_PARAMETER);
                expect_refused_by(s, "selected_version_is_dtls13");
                stage_close(s);
            }
        }
    }
}

static void sm36_13_ticket_at_the_wrong_time(void)
{
    static const char *const states[] = {"WAIT_EE", "WAIT_CERT_CR", "WAIT_CV", "WAIT_FINISHED"};
    for (size_t i = 0; i < 4; i++) {
        stage *s = stage13_at(FPL_ROLE_CLIENT, states[i]);
        peer13_say(&s->peer13, NEW_SESSION_TICKET, peer13_ticket(30));
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
        stage_close(s);
    }
    stage *s = connected13(role13(0));
    peer13_say(&s->peer13, NEW_SESSION_TICKET, peer13_ticket(30));
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
}

static void sm37_13_unknown_message_types(void)
{
    static const unsigned types[] = {6, 7, 19, 99, 254, 255, END_OF_EARLY_DATA, CERTIFICATE_STATUS};
    static const struct {
        fpl_role    role;
        const char *state;
    } places[] = {{FPL_ROLE_SERVER, "WAIT_CERT"},    {FPL_ROLE_SERVER, "WAIT_FINISHED"}, {FPL_ROLE_SERVER, "CONNECTED"},
                  {FPL_ROLE_SERVER, "WAIT_CH_AGAIN"}, {FPL_ROLE_CLIENT, "WAIT_SH"},       {FPL_ROLE_CLIENT, "WAIT_SH_AGAIN"},
                  {FPL_ROLE_CLIENT, "WAIT_EE"},       {FPL_ROLE_CLIENT, "WAIT_FINISHED"}, {FPL_ROLE_CLIENT, "WAIT_ACK"},
                  {FPL_ROLE_CLIENT, "CONNECTED"}};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            stage  *s = stage13_at(places[i].role, places[i].state);
            peer13 *q = &s->peer13;
            /* Far ahead it is not kept, and so not acknowledged. */
            number13 ahead = {q->epoch, q->epoch == 0 ? s->peer.seq[0] : q->ours[q->epoch].seq};
            peer13_fragment(q, types[t], 5, s->peer.msg_seq + 100, 0, bytes_zero(5));
            deliver(s);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            for (size_t n = 0; n < num_heard(s); n++) {
                EXPECT(s, !ack_names(heard_new(s, n), ahead));
            }
            peer13_fragment(q, types[t], 5, s->peer.msg_seq, 0, bytes_zero(5));
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            stage_close(s);
        }
    }
}

/* ----- SM-38: any order -------------------------------------------------------------------------------------------- */

/* Heap's algorithm: every order of up to five things. */
static bool permute(size_t order[5], size_t counters[5], size_t num)
{
    for (size_t at = 1; at < num; at++) {
        if (counters[at] < at) {
            size_t a = at % 2 == 0 ? 0 : counters[at];
            size_t keep = order[a];
            order[a] = order[at];
            order[at] = keep;
            counters[at]++;
            return true;
        }
        counters[at] = 0;
    }
    return false;
}

/* Says what is left, each message in a datagram of its own; they arrive in this order, and if that was not enough, the
 * peer repeats itself after a second. */
static void one_order(stage *s, const size_t order[5], size_t num)
{
    bytes    records[5];
    peer13  *q = &s->peer13;
    size_t   first = q->num_said;
    unsigned said = 0;
    while (!has_said13(q, FINISHED)) {
        EXPECT(s, said < num);
        say13_next(s);
        records[said++] = take_said(s);
    }
    EXPECT_UINT(s, said, num);
    for (size_t i = 0; i < num; i++) {
        deliver_bytes(s, records[order[i]]);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
    }
    if (s->connected == 0) {
        advance(s, 1000);
        peer13_say_again(q, first);
        deliver(s);
    }
    EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
    expect_connected(s);
}

static void sm38_13_client_takes_any_order(void)
{
    size_t order[5] = {0, 1, 2, 3, 4}, counters[5] = {0}, num = 0;
    do {
        stage *s = stage_open(role13(1));
        hello13(s);
        one_order(s, order, 5);
        finish13(s);
        expect_talk(s);
        stage_close(s);
        num++;
    } while (permute(order, counters, 5));
    EXPECT_UINT(NULL, num, 120);
}

static void sm38_13_server_takes_any_order(void)
{
    size_t order[5] = {0, 1, 2}, counters[5] = {0}, num = 0;
    do {
        stage *s = stage_open(auth_server);
        hello13(s);
        one_order(s, order, 3);
        expect_talk(s);
        stage_close(s);
        num++;
    } while (permute(order, counters, 3));
    EXPECT_UINT(NULL, num, 6);
}

static void sm39_13_reflection(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.auth = FPL_CLIENT_AUTH_REQUIRED;
        stage *s = stage_open(o);
        hello13(s);
        size_t num = s->num_sent;
        for (size_t i = 0; i < num && !s->failed; i++) {
            deliver_bytes(s, s->sent[i]);
        }
        EXPECT_UINT(s, s->connected, 0);
        EXPECT_UINT(s, s->certificates, 0);
        stage_close(s);
        s = connected13(role13(role));
        app_send(s, bytes_of("mine", 4));
        num = s->num_sent;
        for (size_t i = 0; i < num; i++) {
            deliver_bytes(s, s->sent[i]);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        }
        EXPECT_UINT(s, s->num_data, 0);
        expect_talk(s);
        stage_close(s);
    }
}

/* Read keys change with the message; what follows it in its record was sent under keys that are no longer right. */
static void sm40_13_packed_across_a_key_change(void)
{
    static const struct {
        fpl_role    role;
        const char *state;
        unsigned    type, next;
    } cases[] = {{FPL_ROLE_CLIENT, "WAIT_SH", SERVER_HELLO, ENCRYPTED_EXTENSIONS},
                 {FPL_ROLE_CLIENT, "WAIT_SH_AGAIN", SERVER_HELLO, ENCRYPTED_EXTENSIONS},
                 {FPL_ROLE_CLIENT, "WAIT_FINISHED", FINISHED, NEW_SESSION_TICKET},
                 {FPL_ROLE_SERVER, "WAIT_FINISHED", FINISHED, KEY_UPDATE},
                 {FPL_ROLE_CLIENT, "CONNECTED", KEY_UPDATE, KEY_UPDATE},
                 {FPL_ROLE_SERVER, "CONNECTED", KEY_UPDATE, KEY_UPDATE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t len = 0; len < 2; len++) {
            stage  *s = stage13_at(cases[i].role, cases[i].state);
            peer13 *q = &s->peer13;
            bytes   body = body13_of(s, cases[i].type);
            bytes   record = peer_fragment_of(cases[i].type, body.len, s->peer.msg_seq, 0, body);
            /* A whole message behind it, or the first piece of one. */
            bytes_append(&record, peer_fragment_of(cases[i].next, len == 0 ? 1 : 50, s->peer.msg_seq + 1, 0, bytes_zero(1)));
            (void)peer13_note(q, cases[i].type, body);
            peer13_record(q, HANDSHAKE, record);
            deliver(s);
            expect_alert(s, UNEXPECTED_MESSAGE);
            EXPECT_UINT(s, s->connected, strcmp(cases[i].state, "CONNECTED") == 0 ? 1 : 0);
            stage_close(s);
        }
    }
}

/* ----- SM-41: every message in every state ------------------------------------------------------------------------ */

static bool is_listed(fpl_role role, const char *state, unsigned type)
{
    static const struct {
        fpl_role    role;
        const char *state;
        unsigned    type;
    } rows[] = {
        {FPL_ROLE_SERVER, "WAIT_CH", CLIENT_HELLO},
        {FPL_ROLE_SERVER, "WAIT_CH_AGAIN", CLIENT_HELLO},
        {FPL_ROLE_SERVER, "WAIT_CERT", CERTIFICATE},
        {FPL_ROLE_SERVER, "WAIT_CV", CERTIFICATE_VERIFY},
        {FPL_ROLE_SERVER, "WAIT_FINISHED", FINISHED},
        {FPL_ROLE_SERVER, "CONNECTED", KEY_UPDATE},
        {FPL_ROLE_CLIENT, "WAIT_SH", SERVER_HELLO},
        {FPL_ROLE_CLIENT, "WAIT_SH", HELLO_REQUEST}, /* of a server of 1.2, for all that is known: ignored */
        {FPL_ROLE_CLIENT, "WAIT_SH_AGAIN", SERVER_HELLO},
        {FPL_ROLE_CLIENT, "WAIT_EE", ENCRYPTED_EXTENSIONS},
        {FPL_ROLE_CLIENT, "WAIT_CERT_CR", CERTIFICATE_REQUEST},
        {FPL_ROLE_CLIENT, "WAIT_CERT_CR", CERTIFICATE},
        {FPL_ROLE_CLIENT, "WAIT_CERT", CERTIFICATE},
        {FPL_ROLE_CLIENT, "WAIT_CV", CERTIFICATE_VERIFY},
        {FPL_ROLE_CLIENT, "WAIT_FINISHED", FINISHED},
        {FPL_ROLE_CLIENT, "WAIT_ACK", KEY_UPDATE},
        {FPL_ROLE_CLIENT, "WAIT_ACK", NEW_SESSION_TICKET},
        {FPL_ROLE_CLIENT, "CONNECTED", KEY_UPDATE},
        {FPL_ROLE_CLIENT, "CONNECTED", NEW_SESSION_TICKET},
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
    stage *s = stage13_at(role, state);
    bool   waits = strcmp(state, "WAIT_TRUST") == 0 || strcmp(state, "WAIT_SIGNATURE") == 0;
    bool   done = strcmp(state, "CONNECTED") == 0 || strcmp(state, "WAIT_ACK") == 0;
    bytes  body = body13_of(s, type);
    peer13_fragment(&s->peer13, type, body.len, s->peer.msg_seq, 0, body);
    deliver(s);
    if (waits || strcmp(state, "WAIT_CH") == 0) {
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        expect_state(s, state);
    } else {
        expect_alert(s, UNEXPECTED_MESSAGE);
    }
    EXPECT_UINT(s, s->connected, done ? 1 : 0);
    stage_close(s);
}

static void sm41_13_every_message_in_every_state(void)
{
    static const unsigned types[] = {
        HELLO_REQUEST,        CLIENT_HELLO,          SERVER_HELLO,      HELLO_VERIFY_REQUEST, NEW_SESSION_TICKET,
        END_OF_EARLY_DATA,    ENCRYPTED_EXTENSIONS,  REQUEST_CONNECTION_ID, NEW_CONNECTION_ID, CERTIFICATE,
        SERVER_KEY_EXCHANGE,  CERTIFICATE_REQUEST,   SERVER_HELLO_DONE, CERTIFICATE_VERIFY,   CLIENT_KEY_EXCHANGE,
        FINISHED,             KEY_UPDATE,            MESSAGE_HASH};
    for (int r = 0; r < 2; r++) {
        fpl_role           role = r == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT;
        const char *const *states = r == 0 ? server13_states : client13_states;
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

static void sm41_13_nothing_in_clear_once_keyed(void)
{
    static const unsigned types[] = {0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 22, 24, 99, 254};
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        s->peer13.epoch = 0;
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            bytes body = body13_of(s, types[t]);
            for (unsigned seq = 0; seq < 10; seq++) {
                peer13_fragment(&s->peer13, types[t], body.len, seq, 0, body);
                deliver(s);
                expect_quiet(s);
            }
        }
        s->peer13.epoch = 3;
        expect_talk(s);
    }
}

static void sm42_13_early_data_is_ignored(void)
{
    for (int door = 0; door < 2; door++) {
        stage_options o = role13(0);
        o.door = door == 1;
        stage *s = stage_open(o);
        bytes  psks = bytes_hex("000a 0004 01020304 00000000 0021 20");
        bytes_append(&psks, bytes_zero(32));
        ext_add(&s->peer.extensions, EXT_EARLY_DATA, bytes_none());
        ext_add(&s->peer.extensions, EXT_PSK_MODES, bytes_hex("01 01"));
        ext_add(&s->peer.extensions, EXT_PRE_SHARED_KEY, psks);
        say13_client_hello(s);
        deliver(s);
        for (unsigned i = 0; i < 1000; i++) {
            bytes record = bytes_hex("2d 0000 0028");
            bytes_append(&record, bytes_zero(40));
            record.data[1] = (uint8_t)i;
            record.data[8] = (uint8_t)(i >> 3);
            deliver_bytes(s, record);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0 && num_heard_records(s, ACK) == 0);
        }
        if (door == 1) {
            EXPECT_UINT(s, s->peer13.retries, 1);
            (void)ext_drop(&s->peer.extensions, EXT_EARLY_DATA); /* RFC 8446 section 4.1.2 */
            ext_set(&s->peer.extensions, EXT_PRE_SHARED_KEY, psks); /* the last of all, behind the cookie */
        }
        finish13(s);
        EXPECT_UINT(s, s->num_data, 0);
        expect_talk(s);
        stage_close(s);
    }
}

SCENARIOS(sm_13_scenarios, PLAYS(sm04_13_certificate_verify_skipped), PLAYS(sm07_13_server_certificate_skipped),
          PLAYS(sm11_13_unrequested_certificate), PLAYS(sm14_13_ccs_flood),
          PLAYS(sm15_13_plaintext_data_in_every_state), PLAYS(sm16_13_plaintext_data_after_connected),
          PLAYS(sm18_13_data_before_finished), PLAYS(sm18_13_data_under_handshake_keys),
          PLAYS(sm19_13_last_flight_under_traffic_keys), PLAYS(sm20_13_plaintext_after_server_hello),
          PLAYS(sm21_13_plaintext_alert_under_keys), PLAYS(sm21_13_believed_only_before_keys),
          PLAYS(sm22_13_plaintext_header_of_later_epoch), PLAYS(sm25_13_second_retry), PLAYS(sm25_13_repeated_retry),
          PLAYS(sm26_13_retry_that_changes_nothing), PLAYS(sm26_13_retry_with_cookie_and_a_group_that_was_shared),
          PLAYS(sm27_13_verify_request), PLAYS(sm29_13_other_version_after_retry),
          PLAYS(sm30_13_other_suite_after_retry), PLAYS(sm34_13_selected_version),
          PLAYS(sm36_13_ticket_at_the_wrong_time), PLAYS(sm37_13_unknown_message_types),
          PLAYS(sm38_13_client_takes_any_order), PLAYS(sm38_13_server_takes_any_order), PLAYS(sm39_13_reflection),
          PLAYS(sm40_13_packed_across_a_key_change), PLAYS(sm41_13_every_message_in_every_state),
          PLAYS(sm41_13_nothing_in_clear_once_keyed), PLAYS(sm42_13_early_data_is_ignored));
