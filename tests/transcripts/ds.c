/* Groups DS and WR of the security catalogue, as far as one end and its peer show them. */
#include <stddef.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const stage_options at_the_door = {.door = true};

static void ds01_no_memory_for_strangers(void)
{
    stage *s = stage_open(at_the_door);
    bytes  body = peer_client_hello(&s->peer);
    bytes  datagram = record_of(HANDSHAKE, DTLS12, 0, 0, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body));
    size_t live = 0, calls = 0;
    for (unsigned i = 0; i < 3000; i++) {
        s->address[5] = (uint8_t)(i >> 8);
        s->address[6] = (uint8_t)i;
        deliver_bytes(s, datagram);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        if (i == 10) {
            live = s->meter->live;
            calls = s->meter->calls;
        }
    }
    EXPECT_UINT(s, s->meter->live, live);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    EXPECT(s, (s->meter->calls - calls) <= 2 * 3000); /* work of a constant size, if any */
}

static void ds02_cookie_from_another_address(void)
{
    for (int what = 0; what < 2; what++) {
        stage *s = stage_open(at_the_door);
        say_client_hello(s);
        deliver(s);
        s->address[what == 0 ? 3 : 5] ^= 1; /* another host, another port */
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
        finish(s);
    }
}

static void ds03_key_rotation(void)
{
    uint8_t key[3][32];
    for (int rotations = 0; rotations < 3; rotations++) {
        stage *s = stage_open(at_the_door);
        for (int i = 0; i < 3; i++) {
            memset(key[i], 0x40 + i, sizeof key[i]);
        }
        EXPECT(s, fpl_listener_set_cookie_key(s->listener, 1, key[0]) == FPL_OK);
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, s->peer.verify_requests, 1);
        for (int i = 1; i <= rotations; i++) {
            EXPECT(s, fpl_listener_set_cookie_key(s->listener, (uint8_t)(i + 1), key[i]) == FPL_OK);
        }
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), rotations < 2 ? 1 : 0);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), rotations < 2 ? 0 : 1);
        finish(s);
        stage_close(s);
    }
}

/* A fleet that shares keys: one answers, another is asked. */
static void ds03_fleet(void)
{
    uint8_t key[32] = {7};
    stage  *a = stage_open(at_the_door);
    stage  *b = stage_open(at_the_door);
    EXPECT(a, fpl_listener_set_cookie_key(a->listener, 9, key) == FPL_OK);
    EXPECT(b, fpl_listener_set_cookie_key(b->listener, 9, key) == FPL_OK);
    say_client_hello(a);
    deliver(a);
    b->peer.client_random = a->peer.client_random;
    b->peer.cookie = a->peer.cookie;
    b->peer.msg_seq = 1;
    say_client_hello(b);
    deliver(b);
    EXPECT_UINT(b, num_heard_messages(b, SERVER_HELLO), 1);
}

static void ds03_cookie_lifetime(void)
{
    stage *s = stage_open(at_the_door);
    say_client_hello(s);
    deliver(s);
    s->now += 59000;
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
    s = stage_open(at_the_door);
    say_client_hello(s);
    deliver(s);
    s->now += 62000;
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
    finish(s);
}

/* The listener's own key changes by itself, and a handshake under way survives it. */
static void ds03_own_key_rotates(void)
{
    stage *s = stage_open(at_the_door);
    for (int i = 0; i < 30; i++) {
        s->now += 55000;
        s->address[6] = (uint8_t)i;
        peer_free(&s->peer);
        peer_init(&s->peer, true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_B);
        s->mark = 0;
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, s->peer.verify_requests, 1);
        s->now += 30000;
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        fpl_listener_release(s->listener, s->conn);
        s->conn = NULL;
    }
}

static void ds04_cookie_tampering(void)
{
    stage *s = stage_open(at_the_door);
    say_client_hello(s);
    deliver(s);
    bytes good = s->peer.cookie;
    EXPECT(s, good.len > 8);
    for (size_t bit = 0; bit < good.len * 8; bit++) {
        s->peer.cookie = bytes_of(good.data, good.len);
        s->peer.cookie.data[bit / 8] = (uint8_t)(s->peer.cookie.data[bit / 8] ^ 1u << bit % 8);
        bytes body = peer_client_hello(&s->peer);
        peer_fragment(&s->peer, CLIENT_HELLO, body.len, 1, 0, body);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    }
    for (size_t len = 0; len <= 255; len += len < 40 ? 1 : 43) {
        bytes body;
        if (len == good.len) {
            continue;
        }
        s->peer.cookie = len < good.len ? bytes_of(good.data, len) : bytes_zero(len);
        body = peer_client_hello(&s->peer);
        peer_fragment(&s->peer, CLIENT_HELLO, body.len, 1, 0, body);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    }
    /* Of another server. */
    stage *other = stage_open(at_the_door);
    other->peer.client_random = s->peer.client_random;
    other->peer.cookie = good;
    bytes body = peer_client_hello(&other->peer);
    peer_fragment(&other->peer, CLIENT_HELLO, body.len, 1, 0, body);
    deliver(other);
    EXPECT_UINT(other, num_heard_messages(other, HELLO_VERIFY_REQUEST), 1);
    s->peer.cookie = good;
    s->peer.msg_seq = 1;
    s->peer.hears_seq = 1; /* all those answers had the number of what they answered */
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
}

static void ds05_session_id_is_no_way_around(void)
{
    stage *s = stage_open(at_the_door);
    s->peer.session_id = bytes_zero(32);
    ext_add(&s->peer.extensions, EXT_TICKET, bytes_zero(180));
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
    EXPECT_UINT(s, num_heard(s), 1);
    finish(s);
    EXPECT_UINT(s, s->peer.their_hello.data[34], 0); /* nothing was resumed */
}

static void two_connections(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_LISTENER_CONNECTIONS, 2);
}

static void ds06_cap_on_connections(void)
{
    stage *s = stage_open((stage_options){.door = true, .configure = two_connections});
    finish(s);
    fpl_conn *first = s->conn;
    peer      kept = s->peer;
    for (int i = 1; i < 4; i++) {
        memset(&s->peer, 0, sizeof s->peer);
        peer_init(&s->peer, true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_B);
        s->mark = 0;
        s->address[6] = (uint8_t)i;
        say_client_hello(s);
        deliver(s);
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), i == 1 ? 1 : 0);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 2);
        peer_free(&s->peer);
    }
    /* Who is in stays in. */
    s->peer = kept;
    s->mark = s->peer.num_heard;
    s->address[6] = 0;
    s->conn = first;
    expect_talk(s);
}

static void ds09_garbage_is_not_answered(void)
{
    stage *s = stage_open(at_the_door);
    for (unsigned type = 0; type < 40; type++) {
        peer_fragment(&s->peer, type == CLIENT_HELLO ? 99 : type, 60, 0, 0, bytes_zero(60));
        deliver(s);
        expect_quiet(s);
    }
    for (unsigned type = CCS; type <= DATA; type++) {
        if (type != HANDSHAKE) {
            deliver_bytes(s, record_of(type, DTLS12, 0, 0, bytes_zero(60)));
            expect_quiet(s);
            deliver_bytes(s, record_of(type, DTLS12, 1, 0, bytes_zero(60)));
            expect_quiet(s);
        }
    }
    /* An old client: one small alert, and not for each of a flood. */
    s->peer.hello_version = DTLS10;
    bytes    body = peer_client_hello(&s->peer);
    unsigned alerts = 0;
    for (int i = 0; i < 200; i++) {
        peer_fragment(&s->peer, CLIENT_HELLO, body.len, 0, 0, body);
        deliver(s);
        alerts += num_heard_records(s, ALERT);
        EXPECT(s, num_heard(s) <= 1);
        s->now += 1;
    }
    EXPECT_UINT(s, alerts, 1);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
}

static void ds09_what_the_door_counts(void)
{
    stage    *s = stage_open(at_the_door);
    fpl_stats t;
    say_client_hello(s);
    size_t request = s->peer.datagram.len;
    deliver(s);
    memset(&t, 0, sizeof t);
    t.size = sizeof t;
    EXPECT(s, fpl_listener_stats(s->listener, &t) == FPL_OK);
    EXPECT(s, t.datagrams_in == 1 && t.bytes_in == request && t.datagrams_out == 1 && t.bytes_out == s->bytes_out);
    deliver_bytes(s, bytes_zero(5));
    deliver_bytes(s, record_of(ALERT, DTLS12, 0, 1, bytes_zero(2)));
    EXPECT(s, fpl_listener_stats(s->listener, &t) == FPL_OK);
    EXPECT(s, t.datagrams_in == 3 && t.dropped_malformed == 1 && t.dropped_unexpected == 1 && t.datagrams_out == 1);
    finish(s);
    /* A caller that knows less of the struct gets less of it. */
    memset(&t, 0x77, sizeof t);
    t.size = offsetof(fpl_stats, bytes_in);
    EXPECT(s, fpl_conn_stats(s->conn, &t) == FPL_OK);
    EXPECT(s, t.datagrams_in == 2 && t.bytes_in == UINT64_C(0x7777777777777777));
}

static void ds10_memory_of_an_idle_connection(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        size_t peak;
        s->peer.asks = true;
        hello(s);
        finish(s);
        peak = s->meter->live;
        advance(s, 300000);
        EXPECT(s, s->deadline == FPL_NEVER);
        EXPECT(s, s->meter->live < peak || role == 1);
        expect_talk(s);
    }
}

/* ----- WR ------------------------------------------------------------------------------------------------------------- */

static void wr01_fingerprint_mismatch(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .auth = FPL_CLIENT_AUTH_REQUIRED,
                                              .trust = FPL_TRUST_ASK});
        EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, credential_of(CREDENTIAL_P384_A)->fingerprint, s->now) == FPL_OK);
        hello(s);
        say_rest(s);
        deliver(s);
        expect_alert(s, BAD_CERTIFICATE);
        EXPECT_UINT(s, s->connected + s->keys, 0);
        EXPECT(s, fpl_conn_judge_certificate(s->conn, true, s->now) != FPL_OK);
        EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, credential_of(CREDENTIAL_P256_B)->fingerprint, s->now) != FPL_OK);
        poll(s);
        EXPECT_UINT(s, s->connected, 0);
        expect_dead(s);
    }
}

static void wr01_one_of_several_pins(void)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .trust = FPL_TRUST_ASK});
    EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, credential_of(CREDENTIAL_P384_A)->fingerprint, s->now) == FPL_OK);
    EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, credential_of(CREDENTIAL_P256_B)->fingerprint, s->now) == FPL_OK);
    finish(s);
    EXPECT_UINT(s, s->certificates, 1);
    EXPECT(s, !s->certificate_waits);
    EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, credential_of(CREDENTIAL_P384_B)->fingerprint, s->now) == FPL_MISUSE);
}

static void wr01_pin_that_comes_late(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_TRUST");
        EXPECT(s, s->certificates == 1 && s->certificate_waits);
        EXPECT(s, bytes_equal(s->certificate,
                              bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len)));
        if (role == 0) {
            say_rest(s);
            deliver(s);
            expect_quiet(s);
        }
        EXPECT_UINT(s, s->connected, 0);
        EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, s->peer.credential->fingerprint, s->now) == FPL_OK);
        poll(s);
        if (role == 1) {
            finish(s);
        }
        expect_connected(s);
        expect_talk(s);
    }
}

static void wr01_refused_by_the_application(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_TRUST");
        judge(s, false);
        expect_alert(s, BAD_CERTIFICATE);
        stage_close(s);
        /* Nobody decides: our side is bounded. */
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_TRUST");
        advance(s, 30001);
        expect_alert(s, CERTIFICATE_UNKNOWN);
        stage_close(s);
    }
}

static void wr03_no_keys_too_early(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage  *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            uint8_t out[48];
            memset(out, 0x5a, sizeof out);
            fpl_result result = fpl_conn_export(s->conn, out, sizeof out, "EXTRACTOR-dtls_srtp", NULL, 0);
            bool       connected = strcmp(states[i], "CONNECTED") == 0;
            EXPECT(s, result == (connected ? FPL_OK : FPL_NOT_YET));
            for (size_t n = 0; !connected && n < sizeof out; n++) {
                EXPECT(s, out[n] == 0x5a);
            }
            EXPECT_UINT(s, s->keys, 0);
            uint8_t buf[100];
            size_t  len = 0;
            /* Nothing leaves in the clear either (WR-07). */
            EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, buf, sizeof buf, &len, s->now) ==
                          (connected ? FPL_OK : FPL_NOT_YET));
            stage_close(s);
        }
    }
}

static void srtp_all(fpl_config *config)
{
    const fpl_srtp_protection_profile profiles[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_256_GCM,
                                                    FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                    FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};
    (void)fpl_config_set_srtp_profiles(config, profiles, 3);
}

static void wr04_malformed_use_srtp(void)
{
    static const char *const bad[] = {
        "",           "00",           "0000 00",         "0001 00 00",   "0003 0007 00 00", "0002 0007 05",
        "0002 0007 ", "0004 0007 00", "0002 0007 00 00", "ffff 0007 00", "0002 0007 02 00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        stage *s = stage_open((stage_options){.configure = srtp_all});
        ext_set(&s->peer.extensions, EXT_USE_SRTP, bytes_hex(bad[i]));
        say_client_hello(s);
        deliver(s);
        expect_alert(s, DECODE_ERROR);
        stage_close(s);
    }
}

static void wr04_answers_to_use_srtp(void)
{
    static const struct {
        const char *body;
        int         alert, other;
    } answers[] = {{"0004 0007 0001 00", ILLEGAL_PARAMETER, -1}, /* two */
                   {"0002 0002 00", ILLEGAL_PARAMETER, -1},      /* not offered */
                   {"0002 0007 01 55", ILLEGAL_PARAMETER, -1},   /* an MKI of its own */
                   {"0002 0007", DECODE_ERROR, -1},
                   {"0000 00", DECODE_ERROR, ILLEGAL_PARAMETER}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = srtp_all});
        hello(s);
        s->peer.extensions = peer_extensions(&s->peer);
        ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex(answers[i].body));
        say_server_hello(s);
        deliver(s);
        stage_expect_alert(s, answers[i].alert, answers[i].other, __FILE__, __LINE__);
        stage_close(s);
    }
    /* No overlap: no answer, and a connection without it. */
    stage *s = stage_open((stage_options){.configure = srtp_all});
    ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex("0004 0002 0005 00"));
    finish(s);
    EXPECT(s, !ext_has(peer_hello_extensions(s->peer.their_hello, false), EXT_USE_SRTP));
    EXPECT_UINT(s, s->keys, 0);
    EXPECT_UINT(s, fpl_conn_srtp_profile(s->conn), 0);
}

static void wr05_hello_race(void)
{
    for (int same = 0; same < 2; same++) {
        stage  *s = stage_open(at_the_door);
        uint8_t kept = s->address[5];
        s->peer.suites = bytes_hex("0000");
        if (!same) {
            s->address[5] ^= 0xff;
        }
        say_client_hello(s);
        deliver(s);
        /* Without a cookie it never gets as far as its suites. */
        EXPECT(s, num_heard(s) <= 1);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
        s->address[5] = kept;
        peer_free(&s->peer);
        peer_init(&s->peer, true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_B);
        s->mark = 0;
        finish(s);
        expect_talk(s);
    }
}

/* RFC 5705 and RFC 5764, computed by the peer from its own master secret. */
static void wr06_exported_keys(void)
{
    static const struct {
        const char *profile;
        unsigned    code;
        size_t      key, salt, all;
    } profiles[] = {{"0002 0008 00", 8, 32, 12, 88}, {"0002 0007 00", 7, 16, 12, 56}, {"0002 0001 00", 1, 16, 14, 60}};
    for (size_t i = 0; i < 6; i++) {
        bool   server = i < 3;
        stage *s = stage_open((stage_options){.role = server ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .suite = i % 2 == 0 ? AES128_GCM : AES256_GCM,
                                              .configure = srtp_all});
        peer  *p = &s->peer;
        size_t key = profiles[i % 3].key, salt = profiles[i % 3].salt;
        if (server) {
            ext_add(&p->extensions, EXT_USE_SRTP, bytes_hex(profiles[i % 3].profile));
        } else {
            hello(s);
            p->extensions = peer_extensions(p);
            ext_add(&p->extensions, EXT_USE_SRTP, bytes_hex(profiles[i % 3].profile));
        }
        finish(s);
        EXPECT_UINT(s, s->keys, 1);
        EXPECT_UINT(s, s->srtp_profile, profiles[i % 3].code);
        EXPECT_UINT(s, fpl_conn_srtp_profile(s->conn), profiles[i % 3].code);
        bytes randoms = bytes_of(p->client_random.data, 32);
        bytes_append(&randoms, p->server_random);
        bytes material = crypto_prf(p->suite, p->master, "EXTRACTOR-dtls_srtp", randoms, profiles[i % 3].all);
        EXPECT_UINT(s, s->srtp_client_key.len + s->srtp_server_key.len + s->srtp_client_salt.len + s->srtp_server_salt.len,
                    material.len);
        EXPECT(s, bytes_equal(s->srtp_client_key, bytes_of(material.data, key)));
        EXPECT(s, bytes_equal(s->srtp_server_key, bytes_of(material.data + key, key)));
        EXPECT(s, bytes_equal(s->srtp_client_salt, bytes_of(material.data + 2 * key, salt)));
        EXPECT(s, bytes_equal(s->srtp_server_salt, bytes_of(material.data + 2 * key + salt, salt)));
        /* The general exporter: no context, an empty one, a long one. */
        static uint8_t long_context[65535], out[300];
        EXPECT(s, fpl_conn_export(s->conn, out, 300, "EXPORTER-test", NULL, 0) == FPL_OK);
        EXPECT(s, bytes_equal(bytes_of(out, 300), crypto_prf(p->suite, p->master, "EXPORTER-test", randoms, 300)));
        bytes with_empty = bytes_of(randoms.data, randoms.len);
        bytes_u16(&with_empty, 0);
        EXPECT(s, fpl_conn_export(s->conn, out, 48, "EXPORTER-test", long_context, 0) == FPL_OK);
        EXPECT(s, bytes_equal(bytes_of(out, 48), crypto_prf(p->suite, p->master, "EXPORTER-test", with_empty, 48)));
        bytes with_long = bytes_of(randoms.data, randoms.len);
        bytes_vector(&with_long, 2, bytes_of(long_context, sizeof long_context));
        EXPECT(s, fpl_conn_export(s->conn, out, 48, "EXPORTER-test", long_context, sizeof long_context) == FPL_OK);
        EXPECT(s, bytes_equal(bytes_of(out, 48), crypto_prf(p->suite, p->master, "EXPORTER-test", with_long, 48)));
        /* Labels that RFC 5246 keeps for itself. */
        EXPECT(s, fpl_conn_export(s->conn, out, 48, "key expansion", NULL, 0) == FPL_MISUSE);
        EXPECT(s, fpl_conn_export(s->conn, out, 48, "master secret", NULL, 0) == FPL_MISUSE);
        EXPECT(s, fpl_conn_export(s->conn, out, 48, "client finished", NULL, 0) == FPL_MISUSE);
        EXPECT(s, fpl_conn_export(s->conn, out, 48, "server finished", NULL, 0) == FPL_MISUSE);
        stage_close(s);
    }
}

static void wr08_buffer_too_small(void)
{
    for (int role = 0; role < 2; role++) {
        stage     *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        uint8_t    buf[2000], again[2000];
        fpl_output out;
        if (role == 1) {
            EXPECT(s, fpl_conn_start(s->conn, s->now) == FPL_OK);
        } else {
            say_client_hello(s);
            bytes datagram = s->peer.datagram;
            s->peer.datagram = bytes_none();
            EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
        }
        size_t needed = 0;
        for (size_t cap = 0; cap < 1200; cap += cap < 20 ? 1 : 57) {
            memset(&out, 0, sizeof out);
            fpl_result result = fpl_conn_poll(s->conn, buf, cap, &out);
            if (result == FPL_OK) {
                EXPECT(s, out.type == FPL_OUTPUT_DATAGRAM && out.as.datagram_len <= cap && needed <= cap);
                memcpy(again, buf, out.as.datagram_len);
                break;
            }
            EXPECT(s, result == FPL_BUFFER_TOO_SMALL);
            EXPECT(s, out.needed > cap && out.needed <= 1200 && (needed == 0 || needed == out.needed));
            needed = out.needed;
        }
        EXPECT(s, needed > 0);
        peer_hear(&s->peer, again, out.as.datagram_len, s->now);
        poll(s);
        /* The same for data: no number is used up. */
        finish(s);
        size_t len = 0;
        EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"12345", 5, buf, 10, &len, s->now) == FPL_BUFFER_TOO_SMALL);
        size_t want = 5 + fpl_conn_send_overhead(s->conn);
        EXPECT_UINT(s, len, want);
        EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"12345", 5, buf, want - 1, &len, s->now) == FPL_BUFFER_TOO_SMALL);
        EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"12345", 5, buf, want, &len, s->now) == FPL_OK && len == want);
        forget(s);
        peer_hear(&s->peer, buf, len, s->now);
        EXPECT_UINT(s, heard_new(s, 0)->seq, 1);
        stage_close(s);
    }
}

static void wr08_small_buffer_at_the_door(void)
{
    stage     *s = stage_open(at_the_door);
    fpl_conn  *conn = NULL;
    fpl_output out;
    uint8_t    buf[300];
    say_client_hello(s);
    bytes hello_datagram = s->peer.datagram;
    s->peer.datagram = bytes_none();
    EXPECT(s, fpl_listener_receive(s->listener, s->address, sizeof s->address, hello_datagram.data, hello_datagram.len,
                                   s->now, &conn) == FPL_OK);
    EXPECT(s, conn == NULL);
    size_t needed = 0;
    for (size_t cap = 0; cap < 40; cap += 13) {
        memset(&out, 0, sizeof out);
        EXPECT(s, fpl_listener_poll(s->listener, buf, cap, &out) == FPL_BUFFER_TOO_SMALL);
        EXPECT(s, out.needed > cap && (needed == 0 || out.needed == needed));
        needed = out.needed;
    }
    EXPECT(s, fpl_listener_poll(s->listener, buf, needed, &out) == FPL_OK);
    EXPECT(s, out.type == FPL_OUTPUT_DATAGRAM && out.as.datagram_len == needed);
    peer_hear(&s->peer, buf, needed, s->now);
    EXPECT_UINT(s, s->peer.verify_requests, 1);
    EXPECT(s, fpl_listener_poll(s->listener, buf, sizeof buf, &out) == FPL_OK && out.type == FPL_OUTPUT_TIMEOUT);
}

static void wr10_calls_after_close(void)
{
    stage     *s = connected_stage((stage_options){0});
    uint8_t    buf[200];
    size_t     len = 0;
    app_close(s);
    EXPECT_UINT(s, num_heard_records(s, ALERT), 1);
    EXPECT(s, fpl_conn_is_closed(s->conn));
    for (int i = 0; i < 3; i++) {
        EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, buf, sizeof buf, &len, s->now) == FPL_CLOSED);
        EXPECT(s, fpl_conn_close(s->conn, s->now) == FPL_OK);
        EXPECT(s, fpl_conn_export(s->conn, buf, 16, "EXPORTER-x", NULL, 0) != FPL_OK);
        EXPECT(s, fpl_conn_timeout(s->conn, s->now + 1000000) == FPL_OK);
        forget(s);
        poll(s);
        expect_quiet(s);
        EXPECT(s, s->deadline == FPL_NEVER);
    }
    peer_data(&s->peer, bytes_of("late", 4));
    deliver(s);
    EXPECT_UINT(s, s->num_data, 0);
}

static void wr11_timer_misuse(void)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT});
    hello(s);
    fpl_time due = s->deadline;
    for (int i = 0; i < 1000; i++) { /* early, and for nothing */
        EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
    }
    forget(s);
    poll(s);
    expect_quiet(s);
    EXPECT_UINT(s, s->deadline, due);
    /* Far too late: one resend, and no burst to catch up. */
    s->now += 20000;
    for (int i = 0; i < 1000; i++) {
        EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
        poll(s);
    }
    EXPECT_UINT(s, num_heard(s), 1);
    EXPECT(s, s->deadline > s->now);
    /* Polling without a call to timeout does not move time. */
    forget(s);
    poll(s);
    expect_quiet(s);
}

static void wr12_asking_is_the_default(void)
{
    fpl_config *config = fpl_config_new();
    EXPECT(NULL, config != NULL);
    const credential *c = credential_of(CREDENTIAL_P256_A);
    EXPECT(NULL, fpl_config_set_credential(config, c->made.certificate, c->made.certificate_len, c->made.key,
                                           c->made.key_len) == FPL_OK);
    fpl_config_free(config);
    /* With nothing said about trust, nothing goes on by itself. */
    stage *s = stage_at(FPL_ROLE_CLIENT, "WAIT_TRUST");
    advance(s, 25000);
    expect_state(s, "WAIT_TRUST");
    EXPECT_UINT(s, s->connected, 0);
}

SCENARIOS(ds_scenarios, PLAYS(ds01_no_memory_for_strangers), PLAYS(ds02_cookie_from_another_address),
          PLAYS(ds03_key_rotation), PLAYS(ds03_fleet), PLAYS(ds03_cookie_lifetime), PLAYS(ds03_own_key_rotates),
          PLAYS(ds04_cookie_tampering), PLAYS(ds05_session_id_is_no_way_around), PLAYS(ds06_cap_on_connections),
          PLAYS(ds09_garbage_is_not_answered), PLAYS(ds09_what_the_door_counts), PLAYS(ds10_memory_of_an_idle_connection),
          PLAYS(wr01_fingerprint_mismatch), PLAYS(wr01_one_of_several_pins), PLAYS(wr01_pin_that_comes_late),
          PLAYS(wr01_refused_by_the_application), PLAYS(wr03_no_keys_too_early), PLAYS(wr04_malformed_use_srtp),
          PLAYS(wr04_answers_to_use_srtp), PLAYS(wr05_hello_race), PLAYS(wr06_exported_keys), PLAYS(wr08_buffer_too_small),
          PLAYS(wr08_small_buffer_at_the_door), PLAYS(wr10_calls_after_close), PLAYS(wr11_timer_misuse),
          PLAYS(wr12_asking_is_the_default));
