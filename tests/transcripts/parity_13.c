/* What the reference's tests of DTLS 1.3 show, and the defects it still has (numbers: parity.md section 5.1), where no row
 * of the security catalogue says it already. tests/README.md has the whole table. */
#include <openssl/rand.h>
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

static void p256_first(fpl_config *config)
{
    const fpl_named_group groups[] = {FPL_NAMED_GROUP_SECP256R1, FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP384R1};
    (void)fpl_config_set_groups(config, groups, 3);
}

static void p384_first(fpl_config *config)
{
    const fpl_named_group groups[] = {FPL_NAMED_GROUP_SECP384R1, FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP256R1};
    (void)fpl_config_set_groups(config, groups, 3);
}

static void parity_13_every_suite_and_group(void)
{
    static const unsigned suites[] = {AES128_GCM_13, AES256_GCM_13, CHACHA20_13};
    static const unsigned groups[] = {X25519_GROUP, P256_GROUP, P384_GROUP};
    static void (*const first[])(fpl_config *) = {NULL, p256_first, p384_first};
    for (size_t i = 0; i < 18; i++) {
        stage *s = stage_open((stage_options){.role = i < 9 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .dtls13 = true,
                                              .configure = i < 9 ? NULL : first[i / 3 % 3],
                                              .suite = suites[i % 3],
                                              .group = groups[i / 3 % 3]});
        finish13(s);
        EXPECT_UINT(s, s->peer13.retries, 0);
        EXPECT_UINT(s, fpl_conn_cipher_suite(s->conn), suites[i % 3]);
        EXPECT_UINT(s, fpl_conn_group(s->conn), groups[i / 3 % 3]);
        EXPECT_UINT(s, fpl_conn_version(s->conn), FPL_DTLS13);
        expect_talk(s);
        stage_close(s);
    }
}

/* Groups that were named without a share: the other end asks for one. */
static void parity_13_retry_for_a_group(void)
{
    static const unsigned groups[] = {X25519_GROUP, P256_GROUP, P384_GROUP};
    static const char *const shares[] = {"0000", "0007 2a2a 0003 010203"};
    for (size_t i = 0; i < 12; i++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = i >= 6, .group = groups[i % 3]});
        if (i % 6 >= 3) {
            ext_set(&s->peer.extensions, EXT_GROUPS,
                    bytes_hex(i % 3 == 0   ? "0004 2a2a 001d"
                              : i % 3 == 1 ? "0004 2a2a 0017"
                                           : "0004 2a2a 0018"));
        }
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex(shares[i % 6 < 3 ? 0 : 1]));
        finish13(s);
        EXPECT_UINT(s, s->peer13.retries, 1);
        EXPECT_UINT(s, s->peer13.retry_group, groups[i % 3]);
        EXPECT_UINT(s, fpl_conn_group(s->conn), groups[i % 3]);
        expect_talk(s);
        stage_close(s);
    }
    /* Our client is asked: P-256, P-384, with a cookie and without. */
    for (size_t i = 0; i < 4; i++) {
        stage *s = stage_open(role13(1));
        hello13(s);
        bytes random = s->peer.client_random;
        say13_retry(s, groups[1 + i % 2], i < 2 ? bytes_none() : bytes_of("cookie", 6));
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 1);
        EXPECT(s, bytes_equal(random, s->peer.client_random));
        EXPECT(s, ext_has(peer_hello_extensions(s->peer.their_hello, true), EXT_COOKIE) == (i >= 2));
        /* The new share alone: the old one is of no use any more. */
        EXPECT_UINT(s, s->peer13.shares.len, 4 + (i % 2 == 0 ? 65 : 97));
        finish13(s);
        EXPECT_UINT(s, fpl_conn_group(s->conn), groups[1 + i % 2]);
        expect_talk(s);
        stage_close(s);
    }
}

/* Both kinds of loss in the exchange with a retry. */
static void parity_13_retry_and_loss(void)
{
    for (int lost = 0; lost < 4; lost++) {
        stage *s = stage_open(role13(1));
        s->loses = lost == 0 ? 100 : 0;
        start(s);
        s->loses = 0;
        if (lost == 0) {
            wake(s);
        }
        say13_retry(s, P256_GROUP, bytes_none());
        if (lost == 1) {
            (void)take_said(s);
            wake(s);
            peer13_say_again(&s->peer13, 0);
        }
        s->loses = lost == 2 ? 100 : 0;
        deliver(s);
        s->loses = 0;
        if (lost == 2) {
            wake(s);
        }
        say13_rest(s);
        if (lost == 3) {
            (void)take_said(s);
            wake(s);
            peer13_say_again(&s->peer13, 1);
        }
        deliver(s);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void parity_13_certificates(void)
{
    for (int role = 0; role < 2; role++) {
        for (int p384 = 0; p384 < 2; p384++) {
            stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                                  .dtls13 = true,
                                                  .credential = p384 ? CREDENTIAL_P384_A : CREDENTIAL_P256_A,
                                                  .peer_credential = p384 ? CREDENTIAL_P384_B : CREDENTIAL_P256_B,
                                                  .auth = FPL_CLIENT_AUTH_REQUIRED});
            uint8_t fingerprint[32];
            s->peer.asks = true;
            finish13(s);
            const credential *theirs = s->peer.credential, *ours = credential_of(s->options.credential);
            EXPECT(s, bytes_equal(s->certificate, bytes_of(theirs->made.certificate, theirs->made.certificate_len)));
            EXPECT(s, bytes_equal(s->peer.their_certificate, bytes_of(ours->made.certificate, ours->made.certificate_len)));
            EXPECT(s, fpl_conn_peer_fingerprint(s->conn, fingerprint) == FPL_OK);
            EXPECT(s, memcmp(fingerprint, theirs->fingerprint, 32) == 0);
            EXPECT_UINT(s, fpl_conn_peer_signature_scheme(s->conn), s->peer.scheme);
            EXPECT_UINT(s, s->certificates, 1);
            stage_close(s);
        }
    }
    /* Asked, with nothing to show; and not asked at all. */
    for (int asked = 0; asked < 2; asked++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .dtls13 = true, .anonymous = true});
        s->peer.asks = asked == 1;
        finish13(s);
        EXPECT_UINT(s, s->peer.their_certificate.len, 0);
        expect_talk(s);
        stage_close(s);
    }
    /* A client whose only key does not fit what the server verifies shows none. */
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_server_hello(s);
    say13_encrypted_extensions(s);
    peer13_say(&s->peer13, CERTIFICATE_REQUEST, bytes_hex("00 0008 000d 0004 0002 0804"));
    finish13(s);
    EXPECT_UINT(s, s->peer.their_certificate.len, 0);
}

static void parity_13_offers_only_what_it_verifies(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = open_with_auth(role);
        hello13(s);
        bytes block = role == 1 ? peer_hello_extensions(s->peer.their_hello, true)
                                : bytes_of(s->peer13.their_request.data + 3, s->peer13.their_request.len - 3);
        bool found = false;
        for (size_t at = 0; at + 4 <= block.len;) {
            size_t len = (size_t)block.data[at + 2] << 8 | block.data[at + 3];
            if (block.data[at] == 0 && block.data[at + 1] == EXT_SCHEMES) {
                EXPECT(s, bytes_equal(bytes_of(block.data + at + 6, len - 2), bytes_hex("0403 0503")));
                found = true;
            }
            EXPECT(s, block.data[at + 1] != EXT_AUTHORITIES); /* never sent, so never empty: browsers abort on that */
            at += 4 + len;
        }
        EXPECT(s, found);
        stage_close(s);
    }
}

static void parity_13_application_data(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (size_t i = 0; i < 10; i++) {
            expect_talk(s);
        }
        s->num_data = 0;
        for (uint8_t i = 0; i < 50; i++) {
            peer13_data(&s->peer13, bytes_of(&i, 1));
            if (i % 7 == 0) {
                deliver(s);
            }
        }
        deliver(s);
        EXPECT_UINT(s, s->num_data, 50);
        for (size_t i = 0; i < 50; i++) {
            EXPECT(s, s->data[i].len == 1 && s->data[i].data[0] == i);
        }
        stage_close(s);
    }
}

/* Defect 14: many small records in a datagram are all taken, however many; so are alerts and ACKs among them. */
static void parity_13_many_records_in_a_datagram(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (unsigned i = 0; i < 60; i++) {
            peer13_data(&s->peer13, bytes_of("x", 1));
            peer13_alert(&s->peer13, WARNING, USER_CANCELED);
            peer13_ack(&s->peer13, NULL, 0);
        }
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->num_data, 60);
        stage_close(s);
    }
}

/* Defect 20: many handshake messages in one record. */
static void parity_13_messages_share_a_record(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = open_with_auth(role);
        hello13(s);
        if (role == 1) {
            say13_server_hello(s);
        }
        size_t first = s->peer13.num_said;
        say13_rest(s);
        bytes rest = take_said(s), body = bytes_none();
        (void)rest;
        for (size_t i = first; i < s->peer13.num_said; i++) {
            const said13 *m = &s->peer13.said[i];
            size_t        half = m->body.len / 2;
            /* Each in two pieces, so that there are even more of them. */
            bytes_append(&body, peer_fragment_of(m->type, m->body.len, m->msg_seq, 0, slice(m->body, 0, half)));
            bytes_append(&body, peer_fragment_of(m->type, m->body.len, m->msg_seq, half, slice(m->body, half, m->body.len)));
        }
        if (role == 1) {
            s->peer13.epoch = 0;
            const said13 *m = &s->peer13.said[0];
            peer13_fragment(&s->peer13, m->type, m->body.len, m->msg_seq, 0, m->body);
            s->peer13.epoch = 3;
        }
        bytes_append(&s->peer.datagram, peer13_sealed(&s->peer13, HANDSHAKE, 2, UNIFIED_USUAL, 0, body));
        deliver(s);
        expect_connected(s);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* Defect 15: a record that was good stays good whatever is behind it in its datagram, and counts once. */
static void parity_13_good_record_and_truncated_tail(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        peer13_data(&s->peer13, bytes_of("good", 4));
        bytes good = take_said(s);
        for (size_t len = 0; len < good.len; len++) {
            bytes both = bytes_of(good.data, good.len);
            peer13_data(&s->peer13, bytes_of("tail", 4));
            bytes tail = take_said(s);
            bytes_append(&both, slice(tail, 0, len));
            size_t before = s->num_data;
            deliver_bytes(s, both);
            expect_quiet(s);
            EXPECT_UINT(s, s->num_data, before + (len == 0 ? 1 : 0));
            deliver_bytes(s, tail);
            EXPECT_UINT(s, s->num_data, before + (len == 0 ? 2 : 1));
        }
        stage_close(s);
    }
}

/* Defect 16: what does not fit is refused before anything is sealed. */
static void parity_13_data_is_bounded(void)
{
    static const size_t mtus[] = {200, 201, 256, 576, 1200, 1500, 65507};
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        stage *s = connected13(role13((int)i % 2));
        static uint8_t out[70000];
        size_t         len = 0;
        EXPECT(s, fpl_conn_set_mtu(s->conn, mtus[i]) == FPL_OK);
        size_t room = fpl_conn_max_payload(s->conn);
        bytes  data = bytes_zero(70000);
        EXPECT(s, room > 0 && room <= 16384 && room + fpl_conn_send_overhead(s->conn) <= mtus[i]);
        EXPECT(s, fpl_conn_send(s->conn, data.data, room + 1, out, sizeof out, &len, s->now) == FPL_MISUSE);
        EXPECT(s, fpl_conn_send(s->conn, data.data, 65536, out, sizeof out, &len, s->now) == FPL_MISUSE);
        app_send(s, bytes_of(data.data, room));
        EXPECT(s, num_heard_records(s, DATA) == 1 && heard_new(s, 0)->body.len == room);
        EXPECT_UINT(s, heard_new(s, 0)->epoch, 3);
        EXPECT(s, s->sent[s->num_sent - 1].len <= mtus[i]);
        stage_close(s);
    }
}

/* Defect 18: receiving takes no memory. */
static void parity_13_receiving_takes_no_memory(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        size_t calls = s->meter->calls, live = s->meter->live;
        for (unsigned i = 0; i < 20000; i++) {
            peer13_data(&s->peer13, bytes_zero(100));
            deliver(s);
        }
        EXPECT_UINT(s, s->num_data, 20000);
        EXPECT_UINT(s, s->meter->calls, calls);
        EXPECT_UINT(s, s->meter->live, live);
        stage_close(s);
    }
}

/* Defect 5: a server to which nobody speaks waits. */
static void parity_13_waiting_server_waits(void)
{
    for (int both = 0; both < 2; both++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .both = both == 1});
        EXPECT(s, s->deadline == FPL_NEVER);
        advance(s, 10000000);
        EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
        poll(s);
        finish13(s);
        expect_talk(s);
    }
}

/* Defect 10: junk fills no queue, in no state. */
static void parity_13_junk_fills_nothing(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            size_t live = s->meter->live;
            for (unsigned n = 0; n < 1000; n++) {
                bytes junk = bytes_zero(20 + n % 200);
                RAND_bytes(junk.data, junk.len);
                if (n % 2 == 0) {
                    junk.data[0] = (uint8_t)(UNIFIED | UNIFIED_LONG | (n / 2 % 4));
                }
                deliver_bytes(s, junk);
                EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            }
            EXPECT(s, s->meter->live <= live + 4096 + 4 * 64); /* limits held_records and held_bytes */
            expect_state(s, states[i]);
            if (strcmp(states[i], "WAIT_TRUST") == 0) {
                judge(s, true);
            } else if (strcmp(states[i], "WAIT_SIGNATURE") == 0) {
                sign(s);
            } else if (strcmp(states[i], "WAIT_CH_AGAIN") == 0) {
                ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
            }
            finish13(s);
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* Defect 13, and lesson 36: a small buffer loses nothing. */
static void parity_13_small_poll_buffer(void)
{
    for (int role = 0; role < 2; role++) {
        stage     *s = open_with_auth(role);
        uint8_t    tiny[10], buf[2000];
        fpl_output out;
        bool       first_flight = true;
        if (role == 0) {
            say13_client_hello(s);
            bytes datagram = take_said(s);
            EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
        } else {
            EXPECT(s, fpl_conn_start(s->conn, s->now) == FPL_OK);
        }
        for (int i = 0; i < 10; i++) {
            memset(&out, 0, sizeof out);
            fpl_result result = fpl_conn_poll(s->conn, tiny, sizeof tiny, &out);
            if (first_flight) {
                EXPECT(s, result == FPL_BUFFER_TOO_SMALL && out.needed > sizeof tiny);
                EXPECT(s, fpl_conn_poll(s->conn, tiny, sizeof tiny, &out) == FPL_BUFFER_TOO_SMALL);
            }
            result = fpl_conn_poll(s->conn, buf, sizeof buf, &out);
            EXPECT(s, result == FPL_OK);
            if (out.type != FPL_OUTPUT_DATAGRAM) {
                break;
            }
            peer13_hear(&s->peer13, buf, out.as.datagram_len, s->now);
            first_flight = false;
        }
        poll(s);
        EXPECT(s, s->peer.complaint[0] == '\0');
        if (role == 0) {
            EXPECT(s, s->peer.flight_done);
        }
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void parity_13_corrupted_datagram_is_resent(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t at = 0; at < 60; at += 7) {
            stage *s = open_with_auth(role);
            hello13(s);
            if (role == 1) {
                say13_server_hello(s);
                deliver(s);
            }
            size_t first = s->peer13.num_said;
            say13_rest(s);
            bytes flight = take_said(s);
            flight.data[at] ^= 0x10;
            deliver_bytes(s, flight);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
            if (s->connected == 0) {
                advance(s, 1000);
                peer13_say_again(&s->peer13, first);
                deliver(s);
            }
            expect_connected(s);
            stage_close(s);
        }
    }
}

static void parity_13_everything_twice(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = open_with_auth(role);
        hello13(s);
        while (!has_said13(&s->peer13, FINISHED)) {
            say13_next(s);
            bytes once = take_said(s);
            deliver_bytes(s, once);
            EXPECT(s, !s->failed);
            deliver_bytes(s, once);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        }
        expect_connected(s);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* Lesson 9, and Firefox's stale hello at a door of 1.3. */
static void parity_13_stale_hello_around_the_cookie_hello(void)
{
    for (int after = 0; after < 2; after++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = true});
        say13_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, s->peer13.retries, 1);
        bytes first = s->peer13.said[0].body;
        if (after == 1) {
            say13_client_hello(s);
            deliver(s);
            EXPECT(s, s->peer.flight_done);
        }
        size_t num = s->peer13.num_said;
        peer13_fragment(&s->peer13, CLIENT_HELLO, first.len, 0, 0, first);
        s->peer13.num_said = num;
        deliver(s);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        EXPECT(s, num_heard_messages(s, SERVER_HELLO) <= 1);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void parity_13_delayed_burst(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = open_with_auth(role);
        hello13(s);
        size_t first = s->peer13.num_said;
        say13_rest(s);
        for (int i = 0; i < 3; i++) {
            peer13_say_again(&s->peer13, first);
        }
        bytes burst = take_said(s);
        advance(s, 5000);
        deliver_bytes(s, burst);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        expect_connected(s);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* Lesson 1: no datagram above the MTU, whatever it is. */
static void parity_13_no_datagram_above_any_mtu(void)
{
    for (size_t mtu = 200; mtu <= 1500; mtu += mtu < 330 ? 3 : 37) {
        for (int role = 0; role < 2; role++) {
            stage *s = open_with_auth(role);
            EXPECT(s, fpl_conn_set_mtu(s->conn, mtu) == FPL_OK);
            if (role == 0) {
                say13_client_hello(s);
                deliver(s);
                for (int i = 0; i < 10 && !s->peer.flight_done; i++) {
                    wake(s);
                }
                EXPECT(s, s->peer.flight_done);
            } else {
                hello13(s);
                say13_rest(s);
                deliver(s);
                for (int i = 0; i < 10 && !s->peer.their_finished; i++) {
                    wake(s);
                }
            }
            finish13(s);
            expect_talk(s);
            for (size_t i = 0; i < s->num_sent; i++) {
                EXPECT(s, s->sent[i].len <= mtu);
            }
            EXPECT_UINT(s, stats_of(s).flights_resent, 0);
            stage_close(s);
        }
    }
}

/* Lesson 29: a timer in the middle of a flight appends no second copy. */
static void parity_13_timer_in_the_middle_of_a_flight(void)
{
    stage     *s = open_with_auth(0);
    uint8_t    buf[2000];
    fpl_output out;
    EXPECT(s, fpl_conn_set_mtu(s->conn, 200) == FPL_OK);
    say13_client_hello(s);
    bytes datagram = take_said(s);
    EXPECT(s, fpl_conn_receive(s->conn, datagram.data, datagram.len, s->now) == FPL_OK);
    for (int i = 0; i < 2; i++) {
        memset(&out, 0, sizeof out);
        EXPECT(s, fpl_conn_poll(s->conn, buf, sizeof buf, &out) == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM);
        peer13_hear(&s->peer13, buf, out.as.datagram_len, s->now);
    }
    s->now += 1500;
    EXPECT(s, fpl_conn_timeout(s->conn, s->now) == FPL_OK);
    poll(s);
    for (int i = 0; i < 5 && !s->peer.flight_done; i++) {
        wake(s);
    }
    EXPECT(s, s->peer.flight_done);
    finish13(s);
    expect_talk(s);
}

static void parity_13_bogus_and_valid_in_one_datagram(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        bytes bogus[] = {
            record_of(DATA, DTLS12, 0, 3, bytes_of("clear", 5)), record_of(ALERT, DTLS12, 0, 4, bytes_hex("0228")),
            record_of(HANDSHAKE, DTLS12, 0, 5, peer_fragment_of(KEY_UPDATE, 1, s->peer.msg_seq, 0, bytes_hex("01"))),
            record_of(ACK, DTLS12, 0, 6, bytes_hex("0000")),
            bytes_hex("2f 0000 0020 0000000000000000000000000000000000000000000000000000000000000000")};
        for (size_t i = 0; i < sizeof bogus / sizeof bogus[0]; i++) {
            for (int order = 0; order < 2; order++) {
                s->num_data = 0;
                peer13_data(&s->peer13, bytes_of("valid", 5));
                bytes valid = take_said(s), both = order == 0 ? bytes_of(bogus[i].data, bogus[i].len) : bytes_none();
                bytes_append(&both, valid);
                if (order == 1) {
                    bytes_append(&both, bogus[i]);
                }
                deliver_bytes(s, both);
                expect_quiet(s);
                EXPECT_UINT(s, s->num_data, 1);
            }
        }
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
    }
}

/* Lesson 32, as far as 1.3 has it: a replayed hello asks for nothing once the peer is proven, whatever comes with it. */
static void parity_13_stale_hello_before_and_after_the_proof(void)
{
    stage *s = open_with_auth(0);
    hello13(s);
    advance(s, 700);
    s->peer13.epoch = 0;
    peer13_say_again(&s->peer13, 0);
    s->peer13.epoch = 2;
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
    finish13(s);
    for (int i = 0; i < 50; i++) {
        advance(s, 700);
        bytes hello = s->peer13.said[0].body;
        bytes_append(&s->peer.datagram, record_of(HANDSHAKE, DTLS12, 0, 500 + (uint64_t)i,
                                                  peer_fragment_of(CLIENT_HELLO, hello.len, 0, 0, hello)));
        deliver(s);
        expect_quiet(s);
    }
    expect_talk(s);
}

/* Calls that have no place yet, or none at all, change nothing. */
static void parity_13_misuse_is_no_failure(void)
{
    for (int role = 0; role < 2; role++) {
        stage  *s = stage_open(role13(role));
        uint8_t buf[64];
        size_t  len = 0;
        EXPECT(s, fpl_conn_send(s->conn, buf, 1, buf, sizeof buf, &len, s->now) == FPL_NOT_YET);
        EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_NOT_YET);
        EXPECT(s, fpl_conn_update_keys(NULL, s->now) == FPL_MISUSE);
        EXPECT(s, fpl_conn_export(s->conn, buf, sizeof buf, "EXPORTER-x", NULL, 0) == FPL_NOT_YET);
        EXPECT(s, fpl_conn_judge_certificate(s->conn, true, s->now) == FPL_MISUSE);
        hello13(s);
        EXPECT(s, fpl_conn_update_keys(s->conn, s->now) == FPL_NOT_YET);
        finish13(s);
        EXPECT(s, fpl_conn_start(s->conn, s->now) == FPL_MISUSE);
        expect_talk(s);
        fpl_explanation why;
        fpl_conn_explain(s->conn, &why);
        EXPECT_UINT(s, why.failure, FPL_FAILURE_NONE);
        stage_close(s);
    }
}

/* The application's verdict: a pin, the answer of one that is asked, none at all. */
static void wr01_13_trust(void)
{
    for (int role = 0; role < 2; role++) {
        for (int what = 0; what < 5; what++) {
            stage_options o = role13(role);
            o.auth = FPL_CLIENT_AUTH_REQUIRED;
            o.trust = what >= 2 ? FPL_TRUST_ASK : FPL_TRUST_ACCEPT_AND_NOTIFY;
            stage *s = stage_open(o);
            s->peer.asks = true;
            if (what < 2) {
                uint8_t pin[32];
                memcpy(pin, s->peer.credential->fingerprint, 32);
                pin[3] ^= what == 0 ? 1 : 0;
                EXPECT(s, fpl_conn_add_peer_fingerprint(s->conn, pin, s->now) == FPL_OK);
            }
            hello13(s);
            say13_rest(s);
            deliver(s);
            if (what == 0) {
                expect_alert(s, BAD_CERTIFICATE);
                EXPECT_UINT(s, s->connected, 0);
            } else if (what == 1) {
                expect_connected(s);
            } else if (what == 2) {
                expect_state(s, "WAIT_TRUST");
                EXPECT_UINT(s, s->connected, 0);
                judge(s, false);
                expect_alert(s, BAD_CERTIFICATE);
            } else if (what == 3) {
                judge(s, true);
                expect_connected(s);
            } else {
                while (!s->failed) {
                    wake(s);
                }
                expect_alert(s, CERTIFICATE_UNKNOWN);
                EXPECT_UINT(s, s->connected, 0);
            }
            stage_close(s);
        }
    }
}

static void wr03_13_no_keys_too_early(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage  *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            bool    done = strcmp(states[i], "CONNECTED") == 0 || strcmp(states[i], "WAIT_ACK") == 0;
            uint8_t out[32], sealed[100];
            size_t  len;
            memset(out, 0xaa, sizeof out);
            EXPECT(s, fpl_conn_export(s->conn, out, sizeof out, "EXPORTER-x", NULL, 0) == (done ? FPL_OK : FPL_NOT_YET));
            EXPECT(s, done || out[0] == 0xaa);
            EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, sealed, sizeof sealed, &len, s->now) ==
                          (done ? FPL_OK : FPL_NOT_YET));
            stage_close(s);
        }
    }
}

static void wr05_13_signature_of_another_house(void)
{
    for (int role = 0; role < 2; role++) {
        for (int what = 0; what < 2; what++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_SIGNATURE");
            if (what == 0) {
                sign(s);
                finish13(s);
                expect_talk(s);
            } else {
                forget(s);
                EXPECT(s, fpl_conn_provide_signature(s->conn, NULL, 0, s->now) == FPL_OK);
                poll(s);
                EXPECT(s, num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->type == INTERNAL_ERROR);
                EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_INTERNAL);
            }
            stage_close(s);
        }
    }
}

SCENARIOS(parity_13_scenarios, PLAYS(parity_13_every_suite_and_group), PLAYS(parity_13_retry_for_a_group),
          PLAYS(parity_13_retry_and_loss), PLAYS(parity_13_certificates), PLAYS(parity_13_offers_only_what_it_verifies),
          PLAYS(parity_13_application_data), PLAYS(parity_13_many_records_in_a_datagram),
          PLAYS(parity_13_messages_share_a_record), PLAYS(parity_13_good_record_and_truncated_tail),
          PLAYS(parity_13_data_is_bounded), PLAYS(parity_13_receiving_takes_no_memory),
          PLAYS(parity_13_waiting_server_waits), PLAYS(parity_13_junk_fills_nothing),
          PLAYS(parity_13_small_poll_buffer), PLAYS(parity_13_corrupted_datagram_is_resent),
          PLAYS(parity_13_everything_twice), PLAYS(parity_13_stale_hello_around_the_cookie_hello),
          PLAYS(parity_13_delayed_burst), PLAYS(parity_13_no_datagram_above_any_mtu),
          PLAYS(parity_13_timer_in_the_middle_of_a_flight), PLAYS(parity_13_bogus_and_valid_in_one_datagram),
          PLAYS(parity_13_stale_hello_before_and_after_the_proof), PLAYS(parity_13_misuse_is_no_failure),
          PLAYS(wr01_13_trust), PLAYS(wr03_13_no_keys_too_early), PLAYS(wr05_13_signature_of_another_house));
