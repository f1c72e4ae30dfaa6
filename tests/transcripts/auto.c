/* Both versions at once: one client and one server that speak either, and nothing in between. */
#include <openssl/rand.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"
#include "transcripts/walk13.h"

/* The library speaks both; the peer 1.2 or 1.3. */
static stage *open_both(int role, bool peer13, bool door)
{
    return stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                      .both = true,
                                      .dtls13 = peer13,
                                      .door = door && role == 0});
}

/* ----- SM-32, SM-33: downgrade sentinels ------------------------------------------------------------------------------- */

static void sm32_13_downgrade_sentinel(void)
{
    static const char *const marks[] = {"444f574e47524401", "444f574e47524400"};
    for (int verify = 0; verify < 2; verify++) {
        for (size_t i = 0; i < 3; i++) {
            stage *s = open_both(1, false, false);
            hello(s);
            if (verify == 1) {
                peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS10, bytes_zero(16)));
                deliver(s);
            }
            if (i < 2) {
                memcpy(s->peer.server_random.data + 24, bytes_hex(marks[i]).data, 8);
                say_server_hello(s);
                deliver(s);
                expect_alert(s, ILLEGAL_PARAMETER);
                expect_refused_by(s, "no_downgrade_sentinel");
            } else {
                /* Nearly one is none. */
                memcpy(s->peer.server_random.data + 24, bytes_hex("444f574e47524402").data, 8);
                finish(s);
                EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS12);
                expect_talk(s);
            }
            stage_close(s);
        }
    }
    /* One that never offered 1.3 has nothing to be downgraded from. */
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT});
        hello(s);
        memcpy(s->peer.server_random.data + 24, bytes_hex(marks[i]).data, 8);
        finish(s);
        stage_close(s);
    }
}

static void sm33_13_sentinel_of_a_server(void)
{
    bytes mark = bytes_hex("444f574e47524401");
    for (int door = 0; door < 2; door++) {
        for (int i = 0; i < 10; i++) {
            stage *s = open_both(0, false, door == 1);
            finish(s);
            EXPECT(s, memcmp(s->peer.server_random.data + 24, mark.data, 8) == 0);
            EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS12);
            stage_close(s);
            /* None in 1.3, and none where 1.3 is switched off. */
            s = open_both(0, true, door == 1);
            finish13(s);
            EXPECT(s, memcmp(s->peer.server_random.data + 24, mark.data, 7) != 0);
            stage_close(s);
            s = stage_open((stage_options){.door = door == 1});
            finish(s);
            EXPECT(s, memcmp(s->peer.server_random.data + 24, mark.data, 7) != 0);
            stage_close(s);
        }
    }
}

/* ----- clients of both ----------------------------------------------------------------------------------------------------
 */

static void auto_client_goes_on_in_12(void)
{
    for (int i = 0; i < 16; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT,
                                              .both = true,
                                              .suite = i % 3 == 0 ? AES256_GCM : CHACHA20,
                                              .group = i % 2 == 0 ? P256_GROUP : X25519_GROUP});
        s->peer.asks = i % 4 < 2;
        hello(s);
        EXPECT_UINT(s, fpl_conn_version(s->conn), 0);
        bytes random = s->peer.client_random;
        if (i >= 8) {
            peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(i % 2 ? DTLS10 : DTLS12, bytes_zero(20)));
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 1);
            EXPECT(s, bytes_equal(random, s->peer.client_random));
        }
        finish(s);
        EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS12);
        expect_talk(s);
        stage_close(s);
    }
}

static void auto_client_goes_on_in_13(void)
{
    for (int i = 0; i < 12; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT,
                                              .both = true,
                                              .dtls13 = true,
                                              .suite = i % 3 == 0 ? AES256_GCM_13 : CHACHA20_13});
        s->peer.asks = i % 2 == 0;
        hello13(s);
        EXPECT_UINT(s, fpl_conn_version(s->conn), 0);
        if (i >= 4) {
            say13_retry(s, i % 4 < 2 ? P384_GROUP : 0, i % 4 != 1 ? bytes_of("cookie", 6) : bytes_none());
            deliver(s);
        }
        finish13(s);
        EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS13);
        expect_talk(s);
        stage_close(s);
    }
}

/* One hello for both: nothing in it that either version would refuse. */
static void auto_hello_of_both(void)
{
    stage *s = open_both(1, true, false);
    hello13(s);
    bytes block = peer_hello_extensions(s->peer.their_hello, true);
    static const unsigned wanted[] = {EXT_SUPPORTED_VERSIONS, EXT_KEY_SHARE, EXT_GROUPS, EXT_SCHEMES,
                                      EXT_EMS,                EXT_POINT_FORMATS, EXT_RENEGOTIATION};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        EXPECT(s, ext_has(block, wanted[i]));
    }
    EXPECT(s, !ext_has(block, EXT_COOKIE));
    /* It is resent byte for byte. */
    bytes first = s->peer.their_hello;
    wake(s);
    EXPECT(s, num_heard_messages(s, CLIENT_HELLO) == 1 && bytes_equal(heard_new(s, 0)->body, first));
    EXPECT_UINT(s, heard_new(s, 0)->seq, 1);
    finish13(s);
}

/* A ServerHello, a retry or a HelloVerifyRequest in pieces decides nothing before it is whole. */
static void auto_client_reassembles_the_answer(void)
{
    for (size_t size = 1; size < 60; size += 9) {
        for (int what = 0; what < 4; what++) {
            bool   thirteen = what >= 2;
            stage *s = open_both(1, thirteen, false);
            bytes  body;
            unsigned type = SERVER_HELLO;
            start(s);
            if (what == 0) {
                body = peer_server_hello(&s->peer);
            } else if (what == 1) {
                body = peer_hello_verify_request(DTLS12, bytes_zero(32));
                type = HELLO_VERIFY_REQUEST;
            } else if (what == 2) {
                body = peer13_server_hello(&s->peer13);
            } else {
                body = peer13_hello_retry(&s->peer13, 0, bytes_of("a cookie in pieces", 18));
            }
            unsigned seq = thirteen ? peer13_note(&s->peer13, type, body) : peer_note(&s->peer, type, body);
            for (size_t at = 0; at < body.len; at += size) {
                bytes part = slice(body, at, at + size < body.len ? at + size : body.len);
                EXPECT_UINT(s, fpl_conn_version(s->conn), 0);
                expect_state(s, "WAIT_SH");
                bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, s->peer.seq[0]++,
                                                          peer_fragment_of(type, body.len, seq, at, part)));
                deliver(s);
                EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            }
            if (thirteen) {
                peer13_moves(&s->peer13, type);
                finish13(s);
            } else {
                finish(s);
            }
            EXPECT_UINT(s, fpl_conn_version(s->conn), thirteen ? FPL_DTLS13 : FPL_DTLS12);
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* Neither junk nor an answer of no known version decides anything; the second is refused. */
static void auto_client_survives_junk(void)
{
    for (int peer13 = 0; peer13 < 2; peer13++) {
        stage *s = open_both(1, peer13 == 1, false);
        start(s);
        for (unsigned i = 0; i < 500; i++) {
            bytes junk = bytes_zero(1 + i % 90);
            RAND_bytes(junk.data, junk.len);
            if (i % 3 == 0) {
                junk = record_of(HANDSHAKE, DTLS12, 0, 100 + i, junk);
            }
            deliver_bytes(s, junk);
            expect_quiet(s);
        }
        EXPECT_UINT(s, fpl_conn_version(s->conn), 0);
        if (peer13 == 1) {
            finish13(s);
        } else {
            finish(s);
        }
        expect_talk(s);
        stage_close(s);
    }
}

static void auto_client_refuses_other_versions(void)
{
    static const unsigned versions[] = {DTLS10, 0xfefb, TLS12, 0x0000};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        stage *s = open_both(1, false, false);
        hello(s);
        s->peer.hello_version = versions[i];
        say_server_hello(s);
        deliver(s);
        expect_alert_either(s, PROTOCOL_VERSION, ILLEGAL_PARAMETER);
        stage_close(s);
    }
    /* One of 1.3 alone does not go on in 1.2. */
    stage *s = stage_open(role13(1));
    hello13(s);
    s->peer.suite = AES128_GCM;
    s->peer.extensions = bytes_hex("0017 0000");
    bytes body = peer_server_hello(&s->peer);
    peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
    deliver(s);
    expect_alert(s, PROTOCOL_VERSION);
    expect_refused_by(s, "dtls12_was_offered");
}

/* After HelloVerifyRequest there is no way back to 1.3. */
static void auto_client_stays_in_12(void)
{
    for (int what = 0; what < 2; what++) {
        stage *s = open_both(1, false, false);
        hello(s);
        peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS10, bytes_zero(16)));
        deliver(s);
        s->peer.extensions = bytes_none();
        if (what == 0) {
            memcpy(s->peer.server_random.data, hello_retry_random, 32);
            s->peer.extensions = peer_extensions(&s->peer);
        } else {
            ext_add(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("fefc"));
        }
        say_server_hello(s);
        deliver(s);
        expect_alert_either(s, ILLEGAL_PARAMETER, UNEXPECTED_MESSAGE);
        EXPECT(s, what == 1 || strcmp(s->why.what, "not_a_hello_retry") == 0);
        stage_close(s);
    }
}

/* A server of 1.2 may say HelloRequest at any time; anybody may, as it is no secret. It means nothing here. */
static void auto_hello_request_means_nothing(void)
{
    for (int peer13 = 0; peer13 < 2; peer13++) {
        stage *s = open_both(1, peer13 == 1, false);
        start(s);
        for (uint64_t i = 0; i < 50; i++) {
            bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, 200 + i,
                                                      peer_fragment_of(HELLO_REQUEST, 0, (unsigned)i % 3, 0, bytes_none())));
            deliver(s);
            expect_quiet(s);
            expect_state(s, "WAIT_SH");
        }
        if (peer13 == 1) {
            finish13(s);
        } else {
            finish(s);
        }
        expect_talk(s);
        stage_close(s);
    }
}

/* Extension headers without what they promise, at the place where the version is decided. */
static void auto_client_reads_no_further_than_the_answer(void)
{
    for (int peer13 = 0; peer13 < 2; peer13++) {
        stage *model = open_both(1, peer13 == 1, false);
        start(model);
        bytes body = peer13 == 1 ? peer13_server_hello(&model->peer13) : peer_server_hello(&model->peer);
        body = bytes_of(body.data, body.len);
        for (size_t len = 0; len < body.len; len++) {
            for (int fixed = 0; fixed < 2; fixed++) {
                stage *s = open_both(1, peer13 == 1, false);
                bytes  cut = bytes_of(body.data, len);
                start(s);
                if (fixed == 1 && len >= 40) {
                    bytes_put_uint(&cut, 38, 2, len - 40); /* the block's length fits again */
                }
                deliver_bytes(s, record_of(HANDSHAKE, DTLS12, 0, 0, peer_fragment_of(SERVER_HELLO, len, 0, 0, cut)));
                EXPECT_UINT(s, s->connected, 0);
                EXPECT(s, s->failed || num_heard(s) == 0);
                stage_close(s);
            }
        }
    }
}

/* The hello is resent by the same timer whichever machine it belongs to by then. */
static void auto_client_goes_on_resending(void)
{
    for (int verify = 0; verify < 2; verify++) {
        stage *s = open_both(1, false, false);
        hello(s);
        if (verify == 1) {
            advance(s, 1500);
            peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS10, bytes_zero(16)));
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 1);
        } else {
            say_server_hello(s);
            deliver(s);
        }
        fpl_time sent = s->now;
        bytes    last = s->peer.their_hello;
        wake(s);
        EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 1);
        EXPECT(s, bytes_equal(heard_new(s, 0)->body, last));
        EXPECT_UINT(s, s->now, sent + 1000);
        wake(s);
        EXPECT_UINT(s, s->now, sent + 3000);
        finish(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* ----- servers of both
 * ----------------------------------------------------------------------------------------------------- */

static void auto_server_takes_either(void)
{
    for (int door = 0; door < 2; door++) {
        for (int cookie = 0; cookie < 2; cookie++) {
            for (int i = 0; i < 3; i++) {
                stage *s = stage_open((stage_options){.both = true,
                                                      .dtls13 = i > 0,
                                                      .peer_both = i == 2,
                                                      .door = door == 1,
                                                      .no_cookie = cookie == 1,
                                                      .auth = FPL_CLIENT_AUTH_REQUIRED});
                if (door == 0) {
                    uint8_t out[64];
                    size_t  len;
                    EXPECT_UINT(s, fpl_conn_version(s->conn), 0);
                    EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now) == FPL_NOT_YET);
                    EXPECT(s, fpl_conn_update_keys(s->conn, s->now) != FPL_OK);
                }
                if (i == 0) {
                    finish(s);
                } else {
                    finish13(s);
                }
                EXPECT_UINT(s, fpl_conn_version(s->conn), i == 0 ? FPL_DTLS12 : FPL_DTLS13);
                if (i == 0) {
                    EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_MISUSE);
                }
                expect_talk(s);
                stage_close(s);
            }
        }
    }
}

/* What decides may stand in the last piece of the hello; what looks like 1.2 so far is not. */
static void auto_server_goes_by_the_whole_hello(void)
{
    for (int door = 0; door < 2; door++) {
        for (size_t parts = 2; parts < 8; parts++) {
            stage *s = stage_open((stage_options){.both = true, .dtls13 = true, .peer_both = true, .door = door == 1});
            peer  *p = &s->peer;
            bytes  share = peer13_share(true, p->group, p->share.public);
            /* supported_versions and key_share last, behind a long extension. */
            (void)ext_drop(&p->extensions, EXT_SUPPORTED_VERSIONS);
            (void)ext_drop(&p->extensions, EXT_KEY_SHARE);
            ext_add(&p->extensions, EXT_PADDING, bytes_zero(1200));
            ext_add(&p->extensions, EXT_KEY_SHARE, share);
            ext_add(&p->extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("04 fefc fefd"));
            for (int again = 0; again < 1 + door; again++) {
                bytes    body = peer13_client_hello(&s->peer13);
                unsigned seq = peer13_note(&s->peer13, CLIENT_HELLO, body);
                for (size_t i = 0; i < parts; i++) {
                    size_t from = body.len * i / parts, to = body.len * (i + 1) / parts;
                    peer13_fragment(&s->peer13, CLIENT_HELLO, body.len, seq, from, slice(body, from, to));
                    deliver(s);
                    EXPECT(s, i + 1 == parts || num_heard(s) == 0);
                }
            }
            EXPECT(s, p->flight_done);
            finish13(s);
            EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS13);
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* A hello that cannot be read does not make a server fall back. */
static void auto_server_survives_junk(void)
{
    for (int door = 0; door < 2; door++) {
        for (int peer13 = 0; peer13 < 2; peer13++) {
            stage *s = open_both(0, peer13 == 1, door == 1);
            bytes  body = peer13 == 1 ? peer13_client_hello(&s->peer13) : peer_client_hello(&s->peer);
            size_t without = body.len - 2 - s->peer.extensions.len; /* a whole hello of 1.2 with no extensions */
            for (size_t len = 0; len < body.len; len += len + 1 == without ? 2 : 1) {
                deliver_bytes(s, record_of(HANDSHAKE, DTLS12, 0, 1000 + len,
                                           peer_fragment_of(CLIENT_HELLO, len, 0, 0, bytes_of(body.data, len))));
                EXPECT(s, s->conn == NULL || fpl_conn_version(s->conn) == 0);
                EXPECT(s, num_heard_messages(s, SERVER_HELLO) + num_heard_messages(s, HELLO_VERIFY_REQUEST) == 0);
            }
            if (peer13 == 1) {
                finish13(s);
            } else {
                finish(s);
            }
            expect_talk(s);
            stage_close(s);
        }
    }
}

static void auto_server_without_a_common_version(void)
{
    static const char *const lists[] = {"02 0304", "02 feff", "04 2a2a fefb"};
    for (size_t i = 0; i < 4; i++) {
        for (int door = 0; door < 2; door++) {
            stage *s = open_both(0, false, door == 1);
            if (i < 3) {
                ext_set(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex(lists[i]));
            } else {
                s->peer.hello_version = DTLS10;
            }
            say_client_hello(s);
            deliver(s);
            EXPECT(s, num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->type == PROTOCOL_VERSION);
            EXPECT_UINT(s, num_heard(s), 1);
            stage_close(s);
        }
    }
    /* A server of one version alone. */
    for (int thirteen = 0; thirteen < 2; thirteen++) {
        stage *s = stage_open((stage_options){.dtls13 = thirteen == 1});
        ext_set(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex(thirteen == 1 ? "02 fefd" : "02 fefc"));
        bytes body = peer_client_hello(&s->peer);
        deliver_bytes(s, record_of(HANDSHAKE, DTLS12, 0, 0, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body)));
        EXPECT(s, num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->type == PROTOCOL_VERSION);
        stage_close(s);
    }
}

/* A client of both whose 1.3 half has nothing in common with us falls back only if it says so itself: never. */
static void auto_server_does_not_fall_back(void)
{
    stage *s = stage_open((stage_options){.both = true, .dtls13 = true, .peer_both = true});
    s->peer.suites = bytes_hex("1304 c02b");
    say13_client_hello(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
}

/* The cookies of one version are worth nothing in the other. */
static void auto_cookies_do_not_cross(void)
{
    /* A cookie of 1.2 presented as one of 1.3. */
    stage *s = open_both(0, false, true);
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, s->peer.verify_requests, 1);
    bytes cookie = s->peer.cookie, body = bytes_none();
    bytes_vector(&body, 2, cookie);
    stage *t = stage_open((stage_options){.dtls13 = true, .door = true, .both = true});
    fpl_listener *kept = t->listener;
    t->listener = s->listener; /* the door that made it */
    ext_set(&t->peer.extensions, EXT_COOKIE, body);
    say13_client_hello(t);
    deliver(t);
    EXPECT(t, !t->peer.ready && num_heard_records(t, ALERT) == 1 && heard_new(t, 0)->type == ILLEGAL_PARAMETER);
    EXPECT_UINT(t, fpl_listener_num_connections(s->listener), 0);
    t->listener = kept;
}

SCENARIOS(auto_scenarios, PLAYS(sm32_13_downgrade_sentinel), PLAYS(sm33_13_sentinel_of_a_server),
          PLAYS(auto_client_goes_on_in_12), PLAYS(auto_client_goes_on_in_13), PLAYS(auto_hello_of_both),
          PLAYS(auto_client_reassembles_the_answer), PLAYS(auto_client_survives_junk),
          PLAYS(auto_client_refuses_other_versions), PLAYS(auto_client_stays_in_12),
          PLAYS(auto_hello_request_means_nothing), PLAYS(auto_client_reads_no_further_than_the_answer),
          PLAYS(auto_client_goes_on_resending), PLAYS(auto_server_takes_either),
          PLAYS(auto_server_goes_by_the_whole_hello), PLAYS(auto_server_survives_junk),
          PLAYS(auto_server_without_a_common_version), PLAYS(auto_server_does_not_fall_back),
          PLAYS(auto_cookies_do_not_cross));
