/* Group CL of the security catalogue: alerts, closing, a peer that starts anew. */
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static bool keyed(const char *state)
{
    return strcmp(state, "CONNECTED") == 0;
}

static void go_on(stage *s)
{
    if (strcmp(state_of(s), "WAIT_TRUST") == 0) {
        judge(s, true);
    } else if (strcmp(state_of(s), "WAIT_SIGNATURE") == 0) {
        sign(s);
    }
    if (s->connected == 0) {
        finish(s);
    }
    expect_talk(s);
}

static void cl01_forged_alerts_are_hints(void)
{
    static const unsigned codes[] = {0, 10, 20, 22, 40, 42, 46, 47, 50, 51, 70, 80, 90, 100, 110, 255};
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage   *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            unsigned epoch = s->peer.epoch;
            s->peer.epoch = 0;
            for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++) {
                for (unsigned level = WARNING; level <= FATAL; level++) {
                    peer_alert(&s->peer, level, codes[c]);
                    expect_ignored(s);
                }
            }
            s->peer.epoch = epoch;
            EXPECT_UINT(s, s->close_notifies, 0);
            go_on(s);
            stage_close(s);
        }
    }
}

static void cl01_hint_is_told_at_the_deadline(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        hello(s);
        peer_alert(&s->peer, FATAL, HANDSHAKE_FAILURE);
        peer_alert(&s->peer, FATAL, INTERNAL_ERROR);
        deliver(s);
        expect_quiet(s);
        advance(s, 40001);
        expect_timeout(s);
        EXPECT_UINT(s, s->why.alert_hint, HANDSHAKE_FAILURE); /* the first */
    }
}

static void cl01_believed_when_configured(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = {.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                           .plaintext_alerts = FPL_PLAINTEXT_ALERTS_FATAL};
        stage        *s = stage_open(o);
        hello(s);
        /* A warning ends nothing: a server may send one of unrecognized_name and go on (RFC 6066 section 3). */
        peer_alert(&s->peer, WARNING, 112);
        expect_ignored(s);
        peer_alert(&s->peer, FATAL, HANDSHAKE_FAILURE);
        deliver(s);
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED && s->why.alert == HANDSHAKE_FAILURE);
        EXPECT_UINT(s, num_heard(s), 0);
        expect_dead(s);
        /* So does a close_notify; a warning ends nothing even there. */
        s = stage_open(o);
        hello(s);
        peer_alert(&s->peer, WARNING, USER_CANCELED);
        deliver(s);
        expect_quiet(s);
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        deliver(s);
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED && s->why.alert == CLOSE_NOTIFY);
        EXPECT_UINT(s, s->close_notifies, 0);
        /* Once there were keys it is worth nothing, whatever the setting. */
        s = connected_stage(o);
        s->peer.epoch = 0;
        peer_alert(&s->peer, FATAL, HANDSHAKE_FAILURE);
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        s->peer.epoch = 1;
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->close_notifies, 0);
        expect_talk(s);
    }
}

static void cl02_authenticated_fatal_alert(void)
{
    for (int role = 0; role < 2; role++) {
        for (int early = 0; early < 2; early++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, early ? "WAIT_FINISHED" : "CONNECTED");
            peer_alert(&s->peer, FATAL, INTERNAL_ERROR);
            deliver(s);
            EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED && s->why.alert == INTERNAL_ERROR);
            EXPECT_UINT(s, num_heard(s), 0);
            expect_dead(s);
            stage_close(s);
        }
    }
}

static void cl02_authenticated_warnings(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        peer_alert(&s->peer, WARNING, USER_CANCELED);
        peer_alert(&s->peer, WARNING, NO_RENEGOTIATION);
        peer_alert(&s->peer, WARNING, 255);
        deliver(s);
        expect_quiet(s);
        expect_talk(s);
        /* Nine in one datagram, too. */
        for (int i = 0; i < 9; i++) {
            peer_alert(&s->peer, WARNING, USER_CANCELED);
        }
        peer_data(&s->peer, bytes_of("behind", 6));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 2);
        expect_talk(s);
    }
}

static void cl03_silence_is_not_the_end(void)
{
    stage *s = connected_stage((stage_options){0});
    advance(s, 10000000);
    EXPECT_UINT(s, s->close_notifies, 0);
    expect_talk(s);
}

static void cl03_close_notify_both_ways(void)
{
    for (int role = 0; role < 2; role++) {
        /* The peer's. */
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        peer_data(&s->peer, bytes_of("last words", 10));
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        peer_data(&s->peer, bytes_of("afterthought", 12));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 1);
        EXPECT_UINT(s, s->close_notifies, 1);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == CLOSE_NOTIFY && heard_new(s, 0)->epoch == 1);
        EXPECT(s, fpl_conn_is_closed(s->conn) && !s->failed);
        peer_data(&s->peer, bytes_of("too late", 8));
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->num_data, 1);
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->close_notifies, 1);
        advance(s, 400000);
        expect_quiet(s); /* never resent */
        /* Ours. */
        s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        app_close(s);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->type == CLOSE_NOTIFY && heard_new(s, 0)->level == WARNING);
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        deliver(s);
        expect_quiet(s);
        advance(s, 400000);
        expect_quiet(s);
        EXPECT(s, s->deadline == FPL_NEVER);
    }
}

/* close_notify with the level that RFC 5246 does not give it. */
static void cl03_close_notify_at_level_fatal(void)
{
    stage *s = connected_stage((stage_options){0});
    peer_alert(&s->peer, FATAL, CLOSE_NOTIFY);
    deliver(s);
    EXPECT(s, s->close_notifies == 1);
    EXPECT(s, fpl_conn_is_closed(s->conn));
}

static void cl03_close_while_negotiating(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            bool   at_the_start = strcmp(states[i], "WAIT_CH") == 0;
            app_close(s);
            EXPECT(s, !s->failed && fpl_conn_is_closed(s->conn));
            EXPECT(s, num_heard(s) <= 1 && (num_heard(s) == 0 ||
                                            (heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == CLOSE_NOTIFY)));
            EXPECT(s, num_heard(s) == 1 || at_the_start);
            if (!at_the_start && !keyed(states[i])) {
                say_rest(s);
                deliver(s);
                expect_quiet(s);
            }
            EXPECT_UINT(s, s->connected, keyed(states[i]) ? 1 : 0);
            advance(s, 100000);
            expect_quiet(s);
            stage_close(s);
        }
    }
}

static void cl04_no_way_back(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        bytes  finished = peer_finished(&s->peer);
        peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
        deliver(s);
        EXPECT(s, fpl_conn_is_closed(s->conn));
        peer_say(&s->peer, FINISHED, finished);
        deliver(s);
        EXPECT_UINT(s, s->connected, 0);
        expect_quiet(s);
        stage_close(s);
    }
}

static void cl05_malformed_alerts(void)
{
    static const char *const bodies[] = {"", "02", "022800", "02280228", "0028", "0328", "ff28"};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
            hello(s);
            bool well_formed = strlen(bodies[i]) == 4;
            peer_record(&s->peer, ALERT, bytes_hex(bodies[i]));
            if (well_formed) {
                expect_ignored(s);
            } else {
                expect_dropped(s);
            }
            finish(s);
            peer_record(&s->peer, ALERT, bytes_hex(bodies[i]));
            deliver(s);
            expect_alert(s, well_formed ? ILLEGAL_PARAMETER : DECODE_ERROR); /* a level that does not exist; no alert */
            stage_close(s);
        }
        /* A description that nobody knows is as fatal as its level. */
        stage *s = connected_stage((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT});
        peer_alert(&s->peer, FATAL, 234);
        deliver(s);
        EXPECT(s, s->failed && s->why.failure == FPL_FAILURE_PEER_ALERTED && s->why.alert == 234);
    }
}

/* ----- associations --------------------------------------------------------------------------------------------------- */

static void cl06_hello_on_a_living_association(void)
{
    stage *s = connected_stage((stage_options){.door = true});
    peer   living = s->peer;
    /* A stranger with the same address: no cookie, then a wrong one. */
    memset(&s->peer, 0, sizeof s->peer);
    peer_init(&s->peer, true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_A);
    s->mark = 0;
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
    s->peer.cookie = bytes_zero(21);
    say_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, num_heard(s), 1);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 0);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
    peer_free(&s->peer);
    s->peer = living;
    s->mark = s->peer.num_heard;
    expect_talk(s);
}

static void cl07_client_reboot(void)
{
    stage    *s = connected_stage((stage_options){.door = true, .auth = FPL_CLIENT_AUTH_REQUIRED});
    peer      old_peer = s->peer;
    fpl_conn *old = s->conn;
    memset(&s->peer, 0, sizeof s->peer);
    peer_init(&s->peer, true, AES256_GCM, P256_GROUP, CREDENTIAL_P256_B);
    s->mark = 0;
    s->connected = 0;
    s->certificates = 0;
    hello(s);
    EXPECT(s, s->conn != old);
    /* Until the newcomer is through, the old one lives. */
    EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
    peer      new_peer = s->peer;
    fpl_conn *new_conn = s->conn;
    s->peer = old_peer;
    s->mark = s->peer.num_heard;
    s->conn = old;
    s->connected = 1;
    expect_talk(s);
    s->connected = 0;
    old_peer = s->peer;
    s->peer = new_peer;
    s->mark = s->peer.num_heard;
    s->conn = new_conn;
    size_t data = s->num_data;
    finish(s);
    /* Now it falls, once. */
    EXPECT(s, fpl_listener_next_replaced(s->listener) == old);
    fpl_explanation why;
    fpl_conn_explain(old, &why);
    EXPECT_UINT(s, why.failure, FPL_FAILURE_REPLACED);
    fpl_listener_release(s->listener, old);
    EXPECT(s, fpl_listener_next_replaced(s->listener) == NULL);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
    /* Its late records are nobody's. */
    peer_data(&old_peer, bytes_of("late", 4));
    deliver_bytes(s, old_peer.datagram);
    EXPECT_UINT(s, s->num_data, data);
    expect_talk(s);
    peer_free(&old_peer);
}

/* A new client on the stage's address; the old one is handed back. */
static peer change_client(stage *s)
{
    peer old = s->peer;
    memset(&s->peer, 0, sizeof s->peer);
    peer_init(&s->peer, true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_B);
    s->mark = 0;
    s->connected = 0;
    return old;
}

/* Several are replaced before the application asks. */
static void cl07_several_replaced(void)
{
    stage *s = stage_open((stage_options){.door = true});
    for (int again = 0; again < 2; again++) {
        for (uint8_t i = 0; i < 3; i++) {
            peer old = change_client(s);
            peer_free(&old);
            s->address[6] = i;
            finish(s);
        }
    }
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 6);
    unsigned  replaced = 0;
    fpl_conn *gone;
    while ((gone = fpl_listener_next_replaced(s->listener)) != NULL) {
        fpl_explanation why;
        fpl_conn_explain(gone, &why);
        EXPECT(s, why.failure == FPL_FAILURE_REPLACED && gone != s->conn);
        fpl_listener_release(s->listener, gone);
        EXPECT(s, replaced++ < 3);
    }
    EXPECT_UINT(s, replaced, 3);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 3);
    expect_talk(s);
}

/* The old one is released by the application while its rival is still under way: that one goes on. */
static void cl07_old_one_released_first(void)
{
    stage    *s = connected_stage((stage_options){.door = true});
    fpl_conn *old = s->conn;
    peer      old_peer = change_client(s);
    peer_free(&old_peer);
    hello(s);
    EXPECT(s, s->conn != old);
    fpl_listener_release(s->listener, old);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 1);
    fpl_conn *rival = s->conn;
    finish(s);
    EXPECT(s, s->conn == rival && fpl_listener_next_replaced(s->listener) == NULL);
    expect_talk(s);
}

/* Many rivals for one address, none of which gets through. */
static void cl07_rivals_do_not_pile_up(void)
{
    stage *s = connected_stage((stage_options){.door = true});
    peer   living = s->peer;
    fpl_conn *old = s->conn;
    for (int i = 0; i < 20; i++) {
        memset(&s->peer, 0, sizeof s->peer);
        peer_init(&s->peer, true, AES128_GCM, X25519_GROUP, CREDENTIAL_P256_A);
        s->mark = 0;
        say_client_hello(s);
        deliver(s);
        if (s->peer.verify_requests > 0) {
            say_client_hello(s);
            deliver(s);
        }
        EXPECT(s, fpl_listener_num_connections(s->listener) <= 2);
        peer_free(&s->peer);
    }
    s->peer = living;
    s->mark = s->peer.num_heard;
    s->conn = old;
    peer_data(&s->peer, bytes_of("still here", 10));
    deliver(s);
    EXPECT_UINT(s, s->num_data, 1);
}

static void cl08_one_alert_only(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CKE");
    say_certificate(s);
    bytes bad = s->peer.datagram;
    deliver(s);
    expect_alert(s, UNEXPECTED_MESSAGE);
    for (int i = 0; i < 1000; i++) {
        deliver_bytes(s, bad);
        EXPECT_UINT(s, num_heard(s), 0);
        s->now += 10;
    }
}

static void cl09_absurd_mtu(void)
{
    static const size_t mtus[] = {0, 1, 13, 60, 199, 575, SIZE_MAX};
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        for (int role = 0; role < 2; role++) {
            stage *s = stage_open(
                (stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .auth = FPL_CLIENT_AUTH_REQUIRED});
            EXPECT(s, fpl_conn_set_mtu(s->conn, mtus[i]) == FPL_OK);
            s->peer.asks = true;
            finish(s);
            for (size_t n = 0; n < s->num_sent; n++) {
                EXPECT(s, s->sent[n].len <= (mtus[i] < 200 ? 200 : mtus[i]));
            }
            EXPECT(s, fpl_conn_max_payload(s->conn) > 100);
            expect_talk(s);
            EXPECT(s, fpl_conn_set_mtu(s->conn, mtus[i]) == FPL_OK);
            expect_talk(s);
            stage_close(s);
        }
    }
}

SCENARIOS(cl_scenarios, PLAYS(cl01_forged_alerts_are_hints), PLAYS(cl01_hint_is_told_at_the_deadline),
          PLAYS(cl01_believed_when_configured), PLAYS(cl02_authenticated_fatal_alert), PLAYS(cl02_authenticated_warnings),
          PLAYS(cl03_silence_is_not_the_end), PLAYS(cl03_close_notify_both_ways), PLAYS(cl03_close_notify_at_level_fatal),
          PLAYS(cl03_close_while_negotiating), PLAYS(cl04_no_way_back), PLAYS(cl05_malformed_alerts),
          PLAYS(cl06_hello_on_a_living_association), PLAYS(cl07_client_reboot), PLAYS(cl07_several_replaced),
          PLAYS(cl07_old_one_released_first), PLAYS(cl07_rivals_do_not_pile_up), PLAYS(cl08_one_alert_only),
          PLAYS(cl09_absurd_mtu));
