/* What the reference's tests show and its bug list teaches (numbers: parity.md section 4), where no row of the
 * security catalogue says it already. tests/README.md has the whole table. */
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const stage_options plain_server = {.role = FPL_ROLE_SERVER};
static const stage_options plain_client = {.role = FPL_ROLE_CLIENT};

static bytes take_datagram_of(stage *s)
{
    bytes datagram = s->peer.datagram;
    s->peer.datagram = bytes_none();
    return datagram;
}

static void parity01_no_datagram_above_any_mtu(void)
{
    for (size_t mtu = 200; mtu <= 1500; mtu += mtu < 330 ? 1 : 13) {
        for (int role = 0; role < 2; role++) {
            stage *s = stage_open(
                (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
            EXPECT(s, fpl_conn_set_mtu(s->conn, mtu) == FPL_OK);
            s->peer.asks = true;
            finish(s);
            size_t room = fpl_conn_max_payload(s->conn);
            EXPECT_UINT(s, room + fpl_conn_send_overhead(s->conn), mtu);
            app_send(s, bytes_zero(room));
            for (size_t i = 0; i < s->num_sent; i++) {
                EXPECT(s, s->sent[i].len <= mtu);
            }
            /* One byte more does not fit. */
            uint8_t out[2000];
            size_t  len = 0;
            bytes   more = bytes_zero(room + 1);
            EXPECT(s, fpl_conn_send(s->conn, more.data, more.len, out, sizeof out, &len, s->now) == FPL_MISUSE);
            stage_close(s);
        }
    }
}

static void parity03_random_serial_numbers(void)
{
    fpl_self_signed made[2];
    ASN1_INTEGER   *serial[2];
    X509           *x509[2];
    for (size_t i = 0; i < 2; i++) {
        EXPECT(NULL, fpl_make_self_signed(&made[i], FPL_NAMED_GROUP_SECP256R1, NULL, 1767225600) == FPL_OK);
        const uint8_t *at = made[i].certificate;
        x509[i] = d2i_X509(NULL, &at, (long)made[i].certificate_len);
        EXPECT(NULL, x509[i] != NULL);
        serial[i] = X509_get_serialNumber(x509[i]);
        EXPECT(NULL, serial[i] != NULL && ASN1_STRING_length(serial[i]) >= 8);
    }
    int differ = ASN1_INTEGER_cmp(serial[0], serial[1]);
    X509_free(x509[0]);
    X509_free(x509[1]);
    EXPECT(NULL, differ != 0);
}

/* SChannel puts several messages into one record. */
static void parity06_messages_share_a_record(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        s->peer.asks = true;
        hello(s);
        size_t first = s->peer.num_said;
        say_rest(s);
        s->peer.datagram = bytes_none();
        unsigned epoch = s->peer.epoch;
        bytes    body = bytes_none();
        size_t   i = first;
        for (; i < s->peer.num_said && !s->peer.said[i].ccs && s->peer.said[i].epoch == 0; i++) {
            const said *q = &s->peer.said[i];
            bytes_append(&body, peer_fragment_of(q->type, q->body.len, q->msg_seq, 0, q->body));
        }
        s->peer.epoch = 0;
        peer_record(&s->peer, HANDSHAKE, body);
        s->peer.epoch = epoch;
        peer_say_again(&s->peer, i);
        deliver(s);
        finish(s);
        expect_talk(s);
    }
}

/* Firefox sends its first hello again after the second, or just before it. */
static void parity07_stale_hello_around_the_cookie_hello(void)
{
    for (int after = 0; after < 2; after++) {
        stage *s = stage_open((stage_options){.door = true});
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, s->peer.verify_requests, 1);
        bytes first = s->peer.said[0].body;
        if (after) {
            say_client_hello(s);
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        }
        peer_fragment(&s->peer, CLIENT_HELLO, first.len, 0, 0, first);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 0);
        EXPECT_UINT(s, num_heard_records(s, ALERT), 0);
        if (after) {
            EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 0);
        } else {
            EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        }
        finish(s);
        expect_talk(s);
    }
}

/* Old messages in front of each new one. */
static void parity09_duplicates_do_not_block(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        hello(s);
        size_t first = s->peer.num_said;
        say_rest(s);
        s->peer.datagram = bytes_none();
        size_t all = s->peer.num_said;
        for (size_t i = first; i < all; i++) {
            for (int again = 0; again < 3; again++) {
                s->peer.num_said = i;
                peer_say_again(&s->peer, 0);
                s->peer.num_said = all;
                deliver(s);
                EXPECT(s, !s->failed);
            }
            s->peer.num_said = i + 1;
            peer_say_again(&s->peer, i);
            s->peer.num_said = all;
            deliver(s);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        }
        finish(s);
        expect_talk(s);
    }
}

/* A P-384 key signs what its scheme says. The peer verifies it with the announced hash. */
static void parity14_p384_key_of_ours(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t suite = 0; suite < 2; suite++) {
            stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                                  .credential = CREDENTIAL_P384_A,
                                                  .peer_credential = suite == 0 ? CREDENTIAL_P384_B : CREDENTIAL_P256_B,
                                                  .suite = suite == 0 ? AES256_GCM : CHACHA20,
                                                  .auth = FPL_CLIENT_AUTH_REQUIRED});
            s->peer.asks = true;
            finish(s);
            expect_talk(s);
            stage_close(s);
        }
    }
    /* A client that knows SHA-256 only: refused, or signed with it; never announced one and signed another. */
    stage *s = stage_open((stage_options){.credential = CREDENTIAL_P384_A});
    ext_set(&s->peer.extensions, EXT_SCHEMES, bytes_hex("0002 0403"));
    say_client_hello(s);
    deliver(s);
    if (s->failed) {
        expect_alert(s, HANDSHAKE_FAILURE);
    } else {
        finish(s);
    }
}

static void parity15_offers_only_what_it_verifies(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    bytes  block = peer_hello_extensions(s->peer.their_hello, true);
    bool   found = false;
    size_t at = 0;
    while (at + 4 <= block.len) {
        size_t len = (size_t)block.data[at + 2] << 8 | block.data[at + 3];
        if (block.data[at] == 0 && block.data[at + 1] == EXT_SCHEMES) {
            EXPECT(s, bytes_equal(bytes_of(block.data + at + 6, len - 2), bytes_hex("0403 0503")));
            found = true;
        }
        at += 4 + len;
    }
    EXPECT(s, found);
}

/* A resent last flight: its ChangeCipherSpec and its plaintext come late and must not stop anything. */
static void parity25_late_ccs_and_late_plaintext(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        for (unsigned i = 0; i < 100; i++) {
            s->peer.epoch = 0;
            peer_record(&s->peer, CCS, bytes_hex("01"));
            const said *old = &s->peer.said[i % 3];
            if (!old->ccs) {
                peer_fragment(&s->peer, old->type, old->body.len, old->msg_seq, 0, old->body);
            }
            s->peer.epoch = 1;
            if (i % 2 == 0) {
                peer_data(&s->peer, bytes_of("behind it", 9));
            }
            deliver(s);
            EXPECT_UINT(s, s->num_data, i / 2 + 1);
        }
        expect_talk(s);
    }
}

/* A timer that fires while a flight is half polled: no part of it comes twice. */
static void parity29_timer_in_the_middle_of_a_flight(void)
{
    stage     *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    uint8_t    buf[2000];
    fpl_output out;
    EXPECT(s, fpl_conn_set_mtu(s->conn, 200) == FPL_OK);
    say_client_hello(s);
    bytes datagram = take_datagram_of(s);
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    for (int i = 0; i < 2; i++) {
        memset(&out, 0, sizeof out);
        EXPECT(s, fpl_conn_poll(s->conn, buf, sizeof buf, &out) == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM);
        peer_hear(&s->peer, buf, out.as.datagram_len, s->now);
    }
    s->now += 1500;
    EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
    poll(s);
    EXPECT(s, s->peer.flight_done);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO_DONE), 1);
    EXPECT(s, num_heard_messages(s, SERVER_HELLO) <= 2);
    finish(s);
    expect_talk(s);
}

static void parity30_plaintext_alerts_after_keys(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        for (unsigned level = 1; level <= 2; level++) {
            for (unsigned code = 0; code < 120; code += 10) {
                s->peer.epoch = 0;
                peer_alert(&s->peer, level, code);
                s->peer.epoch = 1;
                expect_dropped(s);
            }
        }
        EXPECT_UINT(s, s->close_notifies, 0);
        expect_talk(s);
    }
}

/* Local misuse is no peer's fault and changes nothing. */
static void parity33_misuse_is_no_failure(void)
{
    for (int role = 0; role < 2; role++) {
        stage     *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        uint8_t    buf[64];
        size_t     len = 0;
        fpl_output out;
        EXPECT(s, fpl_conn_send(s->conn, buf, 1, buf, sizeof buf, &len, s->now) == FPL_NOT_YET);
        EXPECT(s, fpl_conn_judge_certificate(s->conn, true, s->now) == FPL_MISUSE);
        EXPECT(s, fpl_conn_provide_signature(s->conn, buf, 8, s->now) == FPL_MISUSE);
        if (role == 0) {
            EXPECT(s, fpl_conn_start(s->conn, s->now) == FPL_MISUSE);
        }
        finish(s);
        EXPECT(s, fpl_conn_start(s->conn, s->now) == FPL_MISUSE);
        EXPECT(s, fpl_conn_judge_certificate(s->conn, false, s->now) == FPL_MISUSE);
        EXPECT(s, fpl_conn_poll(s->conn, NULL, 0, NULL) == FPL_MISUSE);
        EXPECT(s, fpl_conn_poll(NULL, buf, sizeof buf, &out) == FPL_MISUSE);
        EXPECT(s, fpl_conn_send(s->conn, NULL, 5, buf, sizeof buf, &len, s->now) == FPL_MISUSE);
        EXPECT(s, fpl_conn_receive(s->conn, NULL, 5, s->now) == FPL_MISUSE);
        /* A second datagram before the first was drained. */
        uint8_t first[20] = {0}, second[20] = {0};
        EXPECT(s, fpl_conn_receive(s->conn, first, sizeof first, s->now) == FPL_OK);
        EXPECT(s, fpl_conn_receive(s->conn, second, sizeof second, s->now) == FPL_MISUSE);
        poll(s);
        expect_talk(s);
        fpl_explanation why;
        fpl_conn_explain(s->conn, &why);
        EXPECT_UINT(s, why.failure, FPL_FAILURE_NONE);
    }
}

/* ----- tests/dtls12 of the reference --------------------------------------------------------------------------------- */

static void parity_every_suite_and_group(void)
{
    static const unsigned suites[] = {AES128_GCM, AES256_GCM, CHACHA20};
    static const unsigned groups[] = {X25519_GROUP, P256_GROUP, P384_GROUP};
    for (size_t i = 0; i < 18; i++) {
        stage *s = stage_open((stage_options){
            .role = i < 9 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .suite = suites[i % 3], .group = groups[i / 3 % 3]});
        finish(s);
        EXPECT_UINT(s, fpl_conn_cipher_suite(s->conn), suites[i % 3]);
        EXPECT_UINT(s, fpl_conn_group(s->conn), groups[i / 3 % 3]);
        EXPECT_UINT(s, fpl_conn_version(s->conn), DTLS12);
        expect_talk(s);
        stage_close(s);
    }
}

static void parity_application_data(void)
{
    stage *s = connected_stage(plain_server);
    for (size_t i = 0; i < 10; i++) {
        expect_talk(s);
    }
    size_t before = s->num_data;
    for (uint8_t i = 0; i < 100; i++) {
        peer_data(&s->peer, bytes_of(&i, 1));
        if (i % 7 == 0) {
            deliver(s);
        }
    }
    deliver(s);
    EXPECT_UINT(s, s->num_data, before + 100);
    for (size_t i = before; i < STAGE_DATA; i++) {
        EXPECT(s, s->data[i].len == 1 && s->data[i].data[0] == i - before);
    }
    /* One record of 2000 bytes, whatever our MTU. */
    s->num_data = 0;
    bytes large = bytes_zero(2000);
    memset(large.data, 0x42, large.len);
    peer_data(&s->peer, large);
    deliver(s);
    EXPECT(s, s->num_data == 1 && bytes_equal(s->data[0], large));
}

static void parity_peer_certificate(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        uint8_t fingerprint[32];
        EXPECT_UINT(s, s->certificates, 1);
        EXPECT(s, bytes_equal(s->certificate,
                              bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len)));
        EXPECT(s, fpl_conn_peer_fingerprint(s->conn, fingerprint) == FPL_OK);
        EXPECT(s, memcmp(fingerprint, s->peer.credential->fingerprint, 32) == 0);
    }
}

static void five_seconds(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 5000);
}

static void parity_handshake_timeout(void)
{
    stage   *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = five_seconds});
    fpl_time begun = s->now;
    hello(s);
    advance(s, 4999);
    EXPECT(s, !s->failed);
    advance(s, 1);
    expect_timeout(s);
    EXPECT_UINT(s, s->now, begun + 5000);
    /* It does not run on once there is a connection. */
    s = connected_stage((stage_options){.role = FPL_ROLE_CLIENT, .configure = five_seconds});
    advance(s, 100000);
    expect_talk(s);
}

static void parity_corrupted_datagram_is_resent(void)
{
    stage *s = stage_open(plain_server);
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    bytes bad = take_datagram_of(s);
    bad.data[1] ^= 0xff;
    bad.data[40] ^= 0xff;
    deliver_bytes(s, bad);
    EXPECT(s, !s->failed && s->connected == 0);
    peer_say_again(&s->peer, first);
    deliver(s);
    expect_connected(s);
    expect_talk(s);
}

static void parity_bogus_and_valid_in_one_datagram(void)
{
    for (int order = 0; order < 2; order++) {
        stage *s = connected_stage(plain_client);
        bytes  bogus = record_of(HANDSHAKE, DTLS12, 0, 77, bytes_zero(30));
        if (order == 0) {
            bytes_append(&s->peer.datagram, bogus);
        }
        peer_data(&s->peer, bytes_of("valid", 5));
        if (order == 1) {
            bytes_append(&s->peer.datagram, bogus);
        }
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->num_data, 1);
    }
}

/* A record that was spoilt on its way is not remembered as seen. */
static void parity_clean_copy_after_a_bad_one(void)
{
    stage *s = connected_stage(plain_client);
    peer_data(&s->peer, bytes_of("clean", 5));
    bytes clean = take_datagram_of(s);
    bytes spoilt = bytes_of(clean.data, clean.len);
    spoilt.data[spoilt.len - 1] ^= 1;
    peer_data(&s->peer, bytes_of("tail", 4));
    bytes tail = take_datagram_of(s);
    bytes_append(&spoilt, tail);
    deliver_bytes(s, spoilt);
    EXPECT_UINT(s, s->num_data, 1);
    deliver_bytes(s, clean);
    EXPECT_UINT(s, s->num_data, 2);
}

/* Finished in a record that says application data: not authentic, so it never was. */
static void parity_relabelled_finished(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        say_finished(s);
        bytes finished = take_datagram_of(s);
        bytes relabelled = bytes_of(finished.data, finished.len);
        relabelled.data[0] = DATA;
        deliver_bytes(s, relabelled);
        expect_quiet(s);
        deliver_bytes(s, finished);
        expect_connected(s);
        EXPECT_UINT(s, s->num_data, 0);
    }
}

static void parity_everything_twice(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(
            (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
        s->peer.asks = true;
        if (role == 0) {
            say_client_hello(s);
            bytes d = take_datagram_of(s);
            deliver_bytes(s, d);
            deliver_bytes(s, d);
        } else {
            hello(s);
        }
        for (int flight = 0; flight < 2 && s->connected == 0; flight++) {
            say_rest(s);
            bytes d = take_datagram_of(s);
            deliver_bytes(s, d);
            deliver_bytes(s, d);
            EXPECT(s, !s->failed);
        }
        expect_connected(s);
        expect_talk(s);
    }
}

/* Data far behind what was seen last (reference: record 1 after 100 others). */
static void parity_very_old_record(void)
{
    stage *s = connected_stage(plain_server);
    peer_data(&s->peer, bytes_of("old", 3));
    bytes old = take_datagram_of(s);
    for (int i = 0; i < 100; i++) {
        peer_data(&s->peer, bytes_of("new", 3));
        deliver(s);
    }
    deliver_bytes(s, old);
    EXPECT_UINT(s, s->num_data, 100);
    EXPECT_UINT(s, stats_of(s).dropped_replayed, 1);
}

static void parity_delayed_burst(void)
{
    stage *s = stage_open(plain_server);
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    bytes rounds[3];
    rounds[0] = take_datagram_of(s);
    for (int i = 1; i < 3; i++) {
        advance(s, 1000u << i);
        peer_say_again(&s->peer, first);
        rounds[i] = take_datagram_of(s);
    }
    for (int i = 2; i >= 0; i--) {
        deliver_bytes(s, rounds[i]);
        EXPECT(s, !s->failed);
    }
    expect_connected(s);
    expect_talk(s);
}

/* A hello that comes again while the client may have missed our flight is answered; once the client has
 * proved that it has it, no longer. */
static void parity_stale_hello_before_and_after_the_proof(void)
{
    stage *s = stage_open(plain_server);
    hello(s);
    size_t first = s->peer.num_said;
    advance(s, 600);
    peer_say_again(&s->peer, 0);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
    /* A forged record of epoch 1 proves nothing. */
    deliver_bytes(s, record_of(DATA, DTLS12, 1, 0, bytes_zero(40)));
    advance(s, 1700);
    s->peer.num_said = first;
    peer_say_again(&s->peer, 0);
    deliver(s);
    EXPECT(s, num_heard_messages(s, SERVER_HELLO) == 1);
    finish(s);
    for (int i = 0; i < 50; i++) {
        advance(s, 1000);
        bytes body = s->peer.said[0].body;
        s->peer.epoch = 0;
        peer_fragment(&s->peer, CLIENT_HELLO, body.len, 0, 0, body);
        s->peer.epoch = 1;
        deliver(s);
        expect_quiet(s);
    }
    expect_talk(s);
}

static void parity_many_clients_at_one_door(void)
{
    enum { CLIENTS = 300 };
    static peer      peers[CLIENTS];
    static fpl_conn *conns[CLIENTS];
    stage           *s = stage_open((stage_options){.door = true});
    peer_free(&s->peer);
    memset(peers, 0, sizeof peers);
    memset(conns, 0, sizeof conns);
    for (size_t i = 0; i < CLIENTS; i++) {
        peer_init(&peers[i], true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_B);
    }
    /* All of them step by step, side by side. */
    for (int step = 0; step < 3; step++) {
        for (size_t i = 0; i < CLIENTS; i++) {
            s->peer = peers[i];
            s->conn = conns[i];
            s->mark = s->peer.num_heard;
            s->address[6] = (uint8_t)i;
            s->address[7] = (uint8_t)(i >> 8);
            if (step < 2) {
                say_client_hello(s);
            } else {
                say_rest(s);
            }
            deliver(s);
            peers[i] = s->peer;
            conns[i] = s->conn;
        }
    }
    EXPECT_UINT(s, s->connected, CLIENTS);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        EXPECT(s, peers[i].their_finished);
        EXPECT(s, fpl_conn_is_connected(conns[i]));
        size_t         len = 0;
        const uint8_t *address = fpl_conn_address(conns[i], &len);
        EXPECT(s, len == sizeof s->address && address[6] == i % 256 && address[7] == i / 256);
    }
    /* Each is found by its address, and nobody else by it. */
    s->connected = 1;
    for (size_t i = 0; i < CLIENTS; i++) {
        s->peer = peers[i];
        s->mark = s->peer.num_heard;
        s->address[6] = (uint8_t)i;
        s->address[7] = (uint8_t)(i >> 8);
        s->num_data = 0;
        peer_data(&s->peer, bytes_of("mine", 4));
        deliver(s);
        EXPECT(s, s->conn == conns[i] && s->num_data == 1);
        if (i % 2 == 0) {
            fpl_listener_release(s->listener, conns[i]);
        }
        peers[i] = s->peer;
    }
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), CLIENTS / 2);
    for (size_t i = 1; i < CLIENTS; i++) {
        peer_free(&peers[i]);
    }
    s->peer = peers[0];
    s->conn = NULL;
}

/* Defect 18. */
static void parity_receiving_takes_no_memory(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open(role == 0 ? plain_server : plain_client);
        finish(s);
        size_t calls = s->meter->calls, live = s->meter->live;
        s->num_data = 0;
        for (unsigned i = 0; i < 20000; i++) {
            peer_data(&s->peer, bytes_zero(100));
            deliver(s);
        }
        EXPECT_UINT(s, s->num_data, 20000);
        EXPECT_UINT(s, s->meter->calls, calls);
        EXPECT(s, s->meter->live <= live); /* less, once the handshake is forgotten */
        stage_close(s);
    }
}

SCENARIOS(parity_scenarios, PLAYS(parity01_no_datagram_above_any_mtu), PLAYS(parity03_random_serial_numbers),
          PLAYS(parity06_messages_share_a_record), PLAYS(parity07_stale_hello_around_the_cookie_hello),
          PLAYS(parity09_duplicates_do_not_block), PLAYS(parity14_p384_key_of_ours),
          PLAYS(parity15_offers_only_what_it_verifies), PLAYS(parity25_late_ccs_and_late_plaintext),
          PLAYS(parity29_timer_in_the_middle_of_a_flight), PLAYS(parity30_plaintext_alerts_after_keys),
          PLAYS(parity33_misuse_is_no_failure), PLAYS(parity_every_suite_and_group), PLAYS(parity_application_data),
          PLAYS(parity_peer_certificate), PLAYS(parity_handshake_timeout), PLAYS(parity_corrupted_datagram_is_resent),
          PLAYS(parity_bogus_and_valid_in_one_datagram), PLAYS(parity_clean_copy_after_a_bad_one),
          PLAYS(parity_relabelled_finished), PLAYS(parity_everything_twice), PLAYS(parity_very_old_record),
          PLAYS(parity_delayed_burst), PLAYS(parity_stale_hello_before_and_after_the_proof),
          PLAYS(parity_many_clients_at_one_door), PLAYS(parity_receiving_takes_no_memory));
