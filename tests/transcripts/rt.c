/* Group RT of the security catalogue: resends and timers. */
#include <stdio.h>
#include <string.h>

#include "transcripts/chains.h"
#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const stage_options plain_client = {.role = FPL_ROLE_CLIENT};

static void patient(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000);
}

static void long_chain_patient(fpl_config *config)
{
    eight_certificates(config);
    patient(config);
}

static void rt01_amplification(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open(
            (stage_options){.unproven = true, .door = door == 1, .no_cookie = true, .configure = long_chain_patient});
        say_client_hello(s);
        deliver(s);
        for (int i = 0; i < 120 && !s->failed; i++) {
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
            advance(s, 1000);
        }
        EXPECT(s, s->bytes_out <= 3 * s->bytes_in && s->bytes_out > 0);
        /* Each further hello buys as much again, until the flight is across. */
        for (int i = 0; i < 60 && !s->peer.flight_done; i++) {
            peer_say_again(&s->peer, 0);
            deliver(s);
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
            advance(s, 600);
            EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
        }
        EXPECT(s, s->peer.flight_done);
        finish(s);
        expect_talk(s);
    }
}

static void rt01_limit_falls_when_vouched_for(void)
{
    stage *s = stage_open((stage_options){.unproven = true, .configure = eight_certificates});
    say_client_hello(s);
    deliver(s);
    EXPECT(s, s->bytes_out <= 3 * s->bytes_in);
    EXPECT(s, fpl_conn_set_address_validated(s->conn) == FPL_OK);
    poll(s);
    if (!s->peer.flight_done) {
        wake(s);
    }
    EXPECT(s, s->peer.flight_done);
    finish(s);
}

static void rt02_verify_request_is_stateless(void)
{
    stage *s = stage_open((stage_options){.door = true});
    bytes  body = peer_client_hello(&s->peer);
    for (int i = 0; i < 5; i++) {
        peer_fragment(&s->peer, CLIENT_HELLO, body.len, 0, 0, body);
        size_t request = s->peer.datagram.len;
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->datagram_len <= request);
        EXPECT_UINT(s, heard_new(s, 0)->seq, i); /* the request's number */
        EXPECT(s, s->deadline == FPL_NEVER);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    }
}

/* 0, T, 3T, 7T, ..., never more than 60 s apart, then the end. */
static void black_hole(stage *s, fpl_time first)
{
    fpl_time sent = s->now, interval = first;
    for (int resend = 0; resend < 8; resend++) {
        EXPECT_UINT(s, s->deadline, sent + interval);
        wake(s);
        EXPECT(s, num_heard(s) > 0 && !s->failed);
        sent = s->now;
        interval = 2 * interval < 60000 ? 2 * interval : 60000;
    }
    EXPECT_UINT(s, s->deadline, sent + interval);
    wake(s);
    EXPECT_UINT(s, num_heard(s), 0);
    expect_timeout(s);
    expect_dead(s);
}

static void rt03_back_off_of_a_client(void)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = patient});
    hello(s);
    black_hole(s, 1000);
}

static void rt03_back_off_of_a_server(void)
{
    stage *s = stage_open((stage_options){.configure = patient});
    hello(s);
    black_hole(s, 1000);
}

static void rt03_back_off_of_flight_5(void)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = patient});
    hello(s);
    say_rest(s);
    s->now += 300; /* a fresh flight starts with a fresh timer */
    deliver(s);
    EXPECT(s, s->peer.their_finished);
    black_hole(s, 1000);
}

static void webrtc(fpl_config *config)
{
    (void)fpl_config_use_webrtc_profile(config);
    patient(config);
}

static void rt03_back_off_in_the_webrtc_profile(void)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = webrtc});
    hello(s);
    black_hole(s, 400);
}

static void rt03_deadline_of_the_whole_handshake(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        fpl_time begun = s->now;
        hello(s);
        advance(s, 39999);
        EXPECT(s, !s->failed);
        EXPECT_UINT(s, s->deadline, begun + 40000);
        advance(s, 1);
        expect_timeout(s);
        EXPECT(s, s->why.state != NULL && s->why.line > 0 && s->why.file != NULL);
    }
}

/* A peer that trickles one byte before each timer does not hold it open. */
static void rt03_trickling_peer(void)
{
    stage *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    hello(s);
    bytes    body = peer_certificate(&s->peer);
    unsigned seq = peer_note(&s->peer, CERTIFICATE, body);
    for (size_t i = 0; i < 60 && !s->failed; i++) {
        peer_fragment(&s->peer, CERTIFICATE, body.len, seq, i, bytes_of(body.data + i, 1));
        deliver(s);
        advance(s, 900);
    }
    expect_timeout(s);
}

static void rt04_replayed_flight(void)
{
    static const int roles = 2;
    for (int role = 0; role < roles; role++) {
        stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        hello(s);
        if (role == 1) {
            say_rest(s);
            deliver(s);
        }
        bytes once;
        peer_say_again(&s->peer, 0);
        once = s->peer.datagram;
        s->peer.datagram = bytes_none();
        size_t   before = s->bytes_out;
        size_t   flight = 0;
        unsigned answers = 0;
        for (int ms = 0; ms < 1000; ms++) {
            for (int n = 0; n < 10; n++) {
                deliver_bytes(s, once);
                if (num_heard(s) > 0) {
                    answers++;
                    flight = flight == 0 ? s->bytes_out - before : flight;
                }
            }
            advance(s, 1);
        }
        /* One by timer, and one asked for in each half of it. */
        EXPECT(s, answers <= 3);
        EXPECT(s, s->bytes_out - before <= 5 * flight);
        finish(s);
    }
}

static void rt04_replayed_flight_after_connected(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        unsigned epoch = s->peer.epoch;
        for (int i = 0; i < 1000; i++) {
            for (size_t n = 0; n < s->peer.num_said; n++) {
                const said *q = &s->peer.said[n];
                if (!q->ccs && q->epoch == 0) {
                    s->peer.epoch = 0;
                    peer_fragment(&s->peer, q->type, q->body.len, q->msg_seq, 0, q->body);
                }
            }
            s->peer.epoch = epoch;
            deliver(s);
            expect_quiet(s);
            advance(s, 100);
            expect_quiet(s);
        }
        expect_talk(s);
    }
}

/* Something with the number of an old message, but that is not that message, asks for nothing. */
static void rt04_stranger_cannot_ask(void)
{
    stage *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    hello(s);
    advance(s, 700);
    unsigned seq = s->peer.said[s->peer.num_said - 1].msg_seq;
    peer_fragment(&s->peer, HELLO_REQUEST, 0, seq, 0, bytes_none());
    expect_ignored(s);
    peer_fragment(&s->peer, CLIENT_HELLO, 0, seq, 0, bytes_none());
    expect_ignored(s);
    peer_fragment(&s->peer, CLIENT_HELLO, 5, seq, 0, bytes_zero(5));
    expect_ignored(s);
    finish(s);
}

/* What is left of the datagram that completed a flight is no question whether ours has arrived. */
static void rt04_rest_of_the_datagram_is_no_question(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    say_rest(s);
    bytes    whole = s->peer.datagram;
    unsigned last = (unsigned)s->peer.num_said - 1;
    s->peer.datagram = bytes_none();
    /* The end of the flight came first; then all of it. */
    peer_say_again(&s->peer, last - 1);
    deliver(s);
    expect_quiet(s);
    deliver_bytes(s, whole);
    EXPECT_UINT(s, num_heard_messages(s, CLIENT_KEY_EXCHANGE), 1);
    EXPECT(s, s->peer.their_finished);
    /* The same again is one. */
    uint64_t duplicates = stats_of(s).duplicates;
    advance(s, 600);
    peer_say_again(&s->peer, 0);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, CLIENT_KEY_EXCHANGE), 1);
    EXPECT_UINT(s, stats_of(s).duplicates, duplicates + 4);
    EXPECT_UINT(s, stats_of(s).flights_resent, 1);
    finish(s);
}

static void flight_5_again(stage *s, size_t first)
{
    peer_say_again(&s->peer, first);
    deliver(s);
}

static void rt05_lost_last_flight(void)
{
    for (int way = 0; way < 4; way++) {
        stage *s = stage_open(
            (stage_options){.door = way >= 2, .auth = way % 2 == 1 ? FPL_CLIENT_AUTH_REQUIRED : FPL_CLIENT_AUTH_OFF});
        hello(s);
        size_t first = s->peer.num_said;
        say_rest(s);
        deliver(s);
        expect_connected(s);
        bytes verify_data = bytes_none();
        for (size_t i = 0; i < num_heard(s); i++) {
            if (heard_new(s, i)->record == HANDSHAKE) {
                verify_data = heard_new(s, i)->body;
            }
        }
        EXPECT_UINT(s, verify_data.len, 12);
        uint64_t last = s->peer.heard[s->peer.num_heard - 1].seq;
        /* It was lost, three times; the server talks already. */
        for (int lost = 0; lost < 3; lost++) {
            app_send(s, bytes_of("already talking", 15));
            advance(s, 1000u << lost);
            flight_5_again(s, first);
            EXPECT_UINT(s, num_heard_records(s, CCS), 1);
            EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
            const heard *h = heard_new(s, num_heard(s) - 1);
            EXPECT(s, h->epoch == 1 && h->seq > last && bytes_equal(h->body, verify_data));
            last = h->seq;
        }
        EXPECT_UINT(s, s->connected, 1);
        expect_talk(s);
        stage_close(s);
    }
}

/* A late copy of the hello, cookie and all, starts no rival association: its random is that of the one at hand, which still
 * has to repeat its last flight. */
static void rt05_lost_last_flight_beside_a_rival(void)
{
    stage *s = stage_open((stage_options){.door = true});
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    deliver(s);
    expect_connected(s);
    fpl_conn *old = s->conn;
    advance(s, 700);
    const said *stale = &s->peer.said[1];
    s->loses = 100;
    bytes_append(
        &s->peer.datagram,
        record_of(HANDSHAKE, DTLS12, 0, 1, peer_fragment_of(stale->type, stale->body.len, stale->msg_seq, 0, stale->body)));
    deliver(s);
    EXPECT(s, s->conn == old);
    s->loses = 0;
    advance(s, 700);
    flight_5_again(s, first);
    EXPECT(s, s->conn == old);
    EXPECT_UINT(s, num_heard_records(s, CCS), 1);
    EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
    expect_talk(s);
}

static void rt05_last_flight_is_kept_for_twice_the_msl(void)
{
    stage *s = stage_open((stage_options){0});
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    deliver(s);
    expect_connected(s);
    for (fpl_time at = 0; at < 230000; at += 30000) {
        advance(s, 30000);
        if (at + 30000 < 240000) {
            flight_5_again(s, first);
            EXPECT_UINT(s, num_heard_messages(s, FINISHED), 1);
        }
    }
    advance(s, 60000);
    EXPECT(s, s->deadline == FPL_NEVER);
    flight_5_again(s, first);
    expect_quiet(s);
    expect_talk(s);
}

static void rt05_data_says_that_it_arrived(void)
{
    stage *s = stage_open((stage_options){0});
    hello(s);
    size_t first = s->peer.num_said;
    say_rest(s);
    deliver(s);
    expect_connected(s);
    EXPECT(s, s->deadline != FPL_NEVER);
    peer_data(&s->peer, bytes_of("I have it", 9));
    deliver(s);
    EXPECT(s, s->deadline == FPL_NEVER);
    advance(s, 3000);
    flight_5_again(s, first);
    expect_quiet(s);
}

/* The records of a flight that is sent again: new numbers, all else as it was. */
static void compare_flights(stage *s, size_t from, size_t to)
{
    size_t num = to - from;
    EXPECT(s, num > 0 && s->peer.num_heard == to + num);
    for (size_t i = 0; i < num; i++) {
        const heard *a = &s->peer.heard[from + i], *b = &s->peer.heard[to + i];
        EXPECT(s, a->record == b->record && a->epoch == b->epoch && a->type == b->type && a->msg_seq == b->msg_seq);
        EXPECT(s, a->offset == b->offset && a->total == b->total && bytes_equal(a->body, b->body));
        EXPECT(s, b->seq > a->seq);
        EXPECT(s, b->opened);
    }
}

static void rt07_resend_keeps_epoch_and_keys(void)
{
    /* Flight 5: epochs 0 and 1. */
    stage *s = stage_open(plain_client);
    s->peer.asks = true;
    hello(s);
    say_rest(s);
    size_t from = s->peer.num_heard;
    deliver(s);
    size_t to = s->peer.num_heard;
    wake(s);
    compare_flights(s, from, to);
    finish(s);
    /* Flight 4. */
    s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    from = s->peer.num_heard;
    hello(s);
    to = s->peer.num_heard;
    wake(s);
    compare_flights(s, from, to);
    /* Flight 6, with data between. */
    size_t first = s->peer.num_said;
    say_rest(s);
    from = s->peer.num_heard;
    deliver(s);
    to = s->peer.num_heard;
    advance(s, 1000);
    flight_5_again(s, first);
    compare_flights(s, from, to);
}

static void rt12_acks_mean_nothing_in_12(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            bytes  ack = bytes_hex("0010 0000000000000000 0000000000000001");
            peer_record_at(&s->peer, ACK, 0, 800, ack);
            expect_dropped(s);
            if (s->peer.epoch == 1) {
                peer_record(&s->peer, ACK, ack);
                deliver(s);
                if (s->failed) {
                    expect_alert(s, UNEXPECTED_MESSAGE);
                } else {
                    expect_quiet(s);
                    finish(s);
                }
            }
            stage_close(s);
        }
    }
}

static void narrow(fpl_config *config)
{
    large_certificates(config);
    patient(config);
    (void)fpl_config_set(config, FPL_SETTING_MTU, 256);
}

static void rt16_large_flight_narrow_path(void)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        stage *s = stage_open((stage_options){.configure = narrow});
        s->luck = rng_of(seed);
        s->loses = 10;
        say_client_hello(s);
        deliver(s);
        EXPECT(s, s->bytes_out > 16384);
        while (!s->peer.flight_done && !s->failed) {
            wake(s);
        }
        for (size_t i = 0; i < s->num_sent; i++) {
            EXPECT(s, s->sent[i].len <= 256);
        }
        EXPECT(s, s->peer.flight_done);
        s->loses = 0;
        finish(s);
        stage_close(s);
    }
}

static void wide(fpl_config *config)
{
    long_chain_patient(config);
    (void)fpl_config_set(config, FPL_SETTING_MTU, 1400);
}

static void rt17_black_hole_for_long_datagrams(void)
{
    stage *s = stage_open((stage_options){.configure = wide});
    hello(s);
    bool   long_ones = false;
    size_t at = 0;
    for (; at < s->num_sent; at++) {
        long_ones = long_ones || s->sent[at].len > 548;
    }
    EXPECT(s, long_ones);
    wake(s);
    wake(s);
    at = s->num_sent;
    wake(s);
    EXPECT(s, s->num_sent > at);
    for (; at < s->num_sent; at++) {
        EXPECT(s, s->sent[at].len <= 548);
    }
    finish(s);
    /* Nothing was wrong with the path for data: the application's MTU is its own. */
    EXPECT(s, fpl_conn_max_payload(s->conn) > 548);
}

/* 548, 274 and 200 bytes at the second, third and fourth resend: what a path takes is found, and remembered. */
static void rt17_flights_shrink_to_the_path(void)
{
    static const struct {
        size_t path;
        int    wakes;
    } paths[] = {{548, 2}, {500, 3}, {274, 3}, {250, 4}, {200, 4}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (int role = 0; role < 2; role++) {
            stage *s = stage_open((stage_options){
                .role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED, .configure = wide});
            s->peer.asks = true;
            if (role == 0) {
                s->narrow = paths[i].path;
                say_client_hello(s);
                deliver(s);
            } else {
                hello(s);
                s->narrow = paths[i].path;
                say_rest(s);
                deliver(s);
            }
            for (int n = 0; n < paths[i].wakes; n++) {
                EXPECT(s, role == 0 ? !s->peer.flight_done : !s->peer.their_finished);
                wake(s);
            }
            EXPECT(s, role == 0 ? s->peer.flight_done : s->peer.their_finished);
            size_t known = s->num_sent;
            finish(s);
            for (; known < s->num_sent; known++) {
                EXPECT(s, s->sent[known].len <= paths[i].path);
            }
            stage_close(s);
        }
    }
}

static void rt18_client_hello_again(void)
{
    stage *s = stage_open(plain_client);
    hello(s);
    for (int lost = 0; lost < 3; lost++) {
        wake(s);
        EXPECT_UINT(s, num_heard(s), 1);
        const heard *first = &s->peer.heard[0], *again = heard_new(s, 0);
        EXPECT(s, bytes_equal(first->body, again->body) && again->msg_seq == 0 && again->seq == (uint64_t)lost + 1);
    }
    /* Were it in the transcript four times, Finished would be wrong. */
    finish(s);
    expect_talk(s);
}

static void rt19_lost_verify_request(void)
{
    stage *s = stage_open((stage_options){.door = true});
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, s->peer.verify_requests, 1);
    /* Lost; the client says its first hello again, and is answered again, with the numbers it used. */
    bytes first = s->peer.said[0].body;
    for (unsigned i = 1; i < 4; i++) {
        s->now += 1000;
        peer_fragment(&s->peer, CLIENT_HELLO, first.len, 0, 0, first);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, heard_new(s, 0)->seq, i);
        EXPECT_UINT(s, heard_new(s, 0)->msg_seq, 0);
    }
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
    /* Not below the numbers of the request: the client's replay window is past them. */
    EXPECT(s, heard_new(s, 0)->seq >= 4 && heard_new(s, 0)->msg_seq == 1);
    finish(s);
    expect_talk(s);
}

/* Without a listener too: the client may have lost hellos that used up record numbers. */
static void rt19_numbers_of_the_request(void)
{
    stage *s = stage_open((stage_options){0});
    s->peer.seq[0] = 5;
    say_client_hello(s);
    deliver(s);
    EXPECT(s, num_heard(s) > 0 && heard_new(s, 0)->seq >= 5 && heard_new(s, 0)->msg_seq == 0);
    finish(s);
}

static void rt19_lost_server_flight(void)
{
    stage *s = stage_open((stage_options){.door = true});
    hello(s);
    size_t flight = num_heard(s);
    /* The client has seen nothing of it and says its second hello again. */
    advance(s, 800);
    peer_say_again(&s->peer, 1);
    deliver(s);
    EXPECT_UINT(s, num_heard(s), flight);
    finish(s);
}

SCENARIOS(rt_scenarios, PLAYS(rt01_amplification), PLAYS(rt01_limit_falls_when_vouched_for),
          PLAYS(rt02_verify_request_is_stateless), PLAYS(rt03_back_off_of_a_client), PLAYS(rt03_back_off_of_a_server),
          PLAYS(rt03_back_off_of_flight_5), PLAYS(rt03_back_off_in_the_webrtc_profile),
          PLAYS(rt03_deadline_of_the_whole_handshake), PLAYS(rt03_trickling_peer), PLAYS(rt04_replayed_flight),
          PLAYS(rt04_replayed_flight_after_connected), PLAYS(rt04_stranger_cannot_ask),
          PLAYS(rt04_rest_of_the_datagram_is_no_question), PLAYS(rt05_lost_last_flight),
          PLAYS(rt05_lost_last_flight_beside_a_rival), PLAYS(rt05_last_flight_is_kept_for_twice_the_msl),
          PLAYS(rt05_data_says_that_it_arrived), PLAYS(rt07_resend_keeps_epoch_and_keys),
          PLAYS(rt12_acks_mean_nothing_in_12), PLAYS(rt16_large_flight_narrow_path),
          PLAYS(rt17_black_hole_for_long_datagrams), PLAYS(rt17_flights_shrink_to_the_path),
          PLAYS(rt18_client_hello_again), PLAYS(rt19_lost_verify_request),
          PLAYS(rt19_numbers_of_the_request), PLAYS(rt19_lost_server_flight));
