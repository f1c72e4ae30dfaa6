/* Group DS of the security catalogue in DTLS 1.3: strangers, and the cookie that makes them wait. */
#include <openssl/rand.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static const stage_options at_the_door = {.door = true, .dtls13 = true};

/* The first hello went through the door and its retry came back. */
static stage *retried(void)
{
    stage *s = stage_open(at_the_door);
    say13_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, s->peer13.retries, 1);
    return s;
}

/* The second hello with this cookie, said and not remembered. */
static void present(stage *s, bytes cookie)
{
    bytes body = bytes_none(), hello;
    bytes_vector(&body, 2, cookie);
    ext_set(&s->peer.extensions, EXT_COOKIE, body);
    hello = peer13_client_hello(&s->peer13);
    peer13_fragment(&s->peer13, CLIENT_HELLO, hello.len, 1, 0, hello);
    deliver(s);
}

/* Refused by one stateless alert, or by silence where there was one a moment ago. */
static void expect_turned_away(stage *s)
{
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    EXPECT(s, !s->peer.ready && num_heard(s) <= 1);
    EXPECT(s, num_heard(s) == 0 || (heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == ILLEGAL_PARAMETER));
}

static void ds01_13_no_memory_for_strangers(void)
{
    stage *s = stage_open(at_the_door);
    bytes  body = peer13_client_hello(&s->peer13);
    bytes  datagram = record_of(HANDSHAKE, DTLS12, 0, 0, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body));
    size_t live = 0, calls = 0;
    for (unsigned i = 0; i < 3000; i++) {
        s->address[5] = (uint8_t)(i >> 8);
        s->address[6] = (uint8_t)i;
        deliver_bytes(s, datagram);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        if (i == 10) {
            live = s->meter->live;
            calls = s->meter->calls;
        }
    }
    EXPECT_UINT(s, s->meter->live, live);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    EXPECT(s, s->meter->calls - calls <= 4 * 3000); /* work of a constant size */
}

static void ds02_13_cookie_from_another_address(void)
{
    for (int what = 0; what < 2; what++) {
        stage *s = retried();
        s->address[what == 0 ? 3 : 5] ^= 1; /* another host, another port */
        present(s, s->peer13.retry_cookie);
        expect_turned_away(s);
        EXPECT_UINT(s, num_heard(s), 1);
        s->address[what == 0 ? 3 : 5] ^= 1;
        finish13(s);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
        stage_close(s);
    }
}

static void ds03_13_key_rotation(void)
{
    uint8_t key[3][32];
    for (int i = 0; i < 3; i++) {
        memset(key[i], 0x40 + i, sizeof key[i]);
    }
    for (int rotations = 0; rotations < 3; rotations++) {
        stage *s = stage_open(at_the_door);
        EXPECT(s, fpl_listener_set_cookie_key(s->listener, 1, key[0]) == FPL_OK);
        say13_client_hello(s);
        deliver(s);
        for (int i = 1; i <= rotations; i++) {
            EXPECT(s, fpl_listener_set_cookie_key(s->listener, (uint8_t)(i + 1), key[i]) == FPL_OK);
        }
        if (rotations < 2) {
            finish13(s);
            expect_talk(s);
        } else {
            present(s, s->peer13.retry_cookie);
            expect_turned_away(s);
        }
        stage_close(s);
    }
}

/* A fleet that shares keys: one answers, another is asked, and rebuilds what the first has said from the cookie. */
static void ds03_13_fleet(void)
{
    static const uint8_t  key[32] = {7};
    static const unsigned suites[] = {AES128_GCM_13, AES256_GCM_13, CHACHA20_13};
    for (size_t i = 0; i < 6; i++) {
        stage_options o = at_the_door;
        o.suite = suites[i % 3];
        stage *a = stage_open(o), *b = stage_open(o);
        EXPECT(a, fpl_listener_set_cookie_key(a->listener, 9, key) == FPL_OK);
        EXPECT(b, fpl_listener_set_cookie_key(b->listener, 9, key) == FPL_OK);
        if (i >= 3) {
            ext_set(&a->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
        }
        say13_client_hello(a);
        deliver(a);
        EXPECT(a, a->peer13.retries == 1 && (a->peer13.retry_group != 0) == (i >= 3));
        /* The client goes to the other house. */
        fpl_listener *house = a->listener;
        a->listener = b->listener;
        finish13(a);
        expect_talk(a);
        fpl_listener_release(b->listener, a->conn);
        a->conn = NULL;
        a->listener = house;
        stage_close(a);
        stage_close(b);
    }
}

static void ds03_13_cookie_lifetime(void)
{
    stage *s = retried();
    s->now += 59000;
    finish13(s);
    stage_close(s);
    s = retried();
    s->now += 62000;
    present(s, s->peer13.retry_cookie);
    expect_turned_away(s);
    EXPECT_UINT(s, num_heard(s), 1);
}

static void ds04_13_cookie_tampering(void)
{
    stage   *s = retried();
    bytes    good = s->peer13.retry_cookie;
    unsigned alerts = 0;
    EXPECT(s, good.len > 40);
    for (size_t bit = 0; bit < good.len * 8; bit++) {
        bytes bad = bytes_of(good.data, good.len);
        bad.data[bit / 8] = (uint8_t)(bad.data[bit / 8] ^ 1u << bit % 8);
        present(s, bad);
        expect_turned_away(s);
        alerts += num_heard(s) > 0 ? 1 : 0;
    }
    EXPECT_UINT(s, alerts, 1); /* all at one moment: limit notify_interval */
    for (size_t len = 1; len <= 400; len++) {
        if (len != good.len) {
            present(s, len < good.len ? bytes_of(good.data, len) : bytes_zero(len));
            expect_turned_away(s);
        }
    }
    bytes longer = bytes_of(good.data, good.len);
    bytes_u8(&longer, 0);
    present(s, longer);
    expect_turned_away(s);
    stage *other = stage_open(at_the_door); /* of another server */
    other->peer.client_random = s->peer.client_random;
    other->peer.share = s->peer.share;
    present(other, good);
    expect_turned_away(other);
    memset(&other->peer.share, 0, sizeof other->peer.share);
    bytes body = bytes_none();
    bytes_vector(&body, 2, good);
    ext_set(&s->peer.extensions, EXT_COOKIE, body);
    finish13(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
}

/* What strangers say is answered by less than they said, and not often. */
static void ds09_13_garbage_is_not_answered(void)
{
    stage *s = stage_open(at_the_door);
    for (unsigned i = 0; i < 2000; i++) {
        bytes junk = bytes_zero(1 + i % 120);
        RAND_bytes(junk.data, junk.len);
        if (i % 4 == 1) {
            junk.data[0] = (uint8_t)(UNIFIED_USUAL | (i / 4 % 4));
        } else if (i % 4 == 2) {
            junk = record_of(20 + i / 4 % 7, DTLS12, 0, i, junk);
        } else if (i % 4 == 3) {
            junk = record_of(HANDSHAKE, DTLS12, 0, i, peer_fragment_of(i / 4 % 30, junk.len, 0, 0, junk));
        }
        size_t before = s->bytes_out;
        deliver_bytes(s, junk);
        EXPECT(s, s->bytes_out - before <= junk.len);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 0);
    }
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    finish13(s);
}

/* Once the handshake is over, an idle connection keeps little; once the last flight's time is over, less. */
static void ds10_13_memory_of_an_idle_connection(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.auth = FPL_CLIENT_AUTH_REQUIRED;
        stage *s = stage_open(o);
        s->peer.asks = true;
        hello13(s);
        size_t during = s->meter->live;
        finish13(s);
        advance(s, 300000);
        EXPECT(s, s->deadline == FPL_NEVER);
        EXPECT(s, s->meter->live < during);
        size_t idle = s->meter->live;
        for (int i = 0; i < 50; i++) {
            expect_talk(s);
            EXPECT_UINT(s, s->meter->live, idle);
            s->num_data = 0;
        }
        stage_close(s);
    }
}

SCENARIOS(ds_13_scenarios, PLAYS(ds01_13_no_memory_for_strangers), PLAYS(ds02_13_cookie_from_another_address),
          PLAYS(ds03_13_key_rotation), PLAYS(ds03_13_fleet), PLAYS(ds03_13_cookie_lifetime),
          PLAYS(ds04_13_cookie_tampering), PLAYS(ds09_13_garbage_is_not_answered),
          PLAYS(ds10_13_memory_of_an_idle_connection));
