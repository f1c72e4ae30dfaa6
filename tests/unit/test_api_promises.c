/* src/api: what the header promises, seen by an embedder who makes mistakes. Two ends of our own, no network. */
#include <flightplan/flightplan.h>

#include "common/trace.h"
#include "unit.h"

#define ROOM 2048

typedef struct side {
    fpl_config *config;
    fpl_conn   *conn;
    uint8_t     heard[16][ROOM];
    size_t      len[16];
    size_t      num;
    unsigned    certificates, connected;
} side;

static side            client, server;
static fpl_self_signed made[2];

static void set_up_for(unsigned versions)
{
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    for (int i = 0; i < 2; i++) {
        side *s = i == 0 ? &client : &server;
        ck_assert_int_eq(fpl_make_self_signed(&made[i], FPL_NAMED_GROUP_SECP256R1, NULL, 1700000000), FPL_OK);
        s->config = fpl_config_new();
        ck_assert_int_eq(fpl_config_set_credential(s->config, made[i].certificate, made[i].certificate_len, made[i].key,
                                                   made[i].key_len),
                         FPL_OK);
        ck_assert_int_eq(fpl_config_set_trust(s->config, FPL_TRUST_ACCEPT_AND_NOTIFY), FPL_OK);
        ck_assert_int_eq(fpl_config_set_versions(s->config, versions), FPL_OK);
        trace_install(s->config);
    }
}

static void set_up(void)
{
    set_up_for(FPL_VERSIONS_DTLS12);
}

/* The turns of a looped test: each version, and both. */
static const unsigned turns[] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13};
#define NUM_TURNS 3

static void open_ends(void)
{
    client.conn = fpl_conn_new(client.config, FPL_ROLE_CLIENT, 0);
    server.conn = fpl_conn_new(server.config, FPL_ROLE_SERVER, 0);
    ck_assert(client.conn != NULL && server.conn != NULL);
    ck_assert_int_eq(fpl_conn_set_address_validated(server.conn), FPL_OK);
}

static void tear_down(void)
{
    fpl_conn_free(client.conn);
    fpl_conn_free(server.conn);
    fpl_config_free(client.config);
    fpl_config_free(server.config);
}

static fpl_result drain(side *from, side *to)
{
    for (;;) {
        fpl_output out;
        uint8_t    buf[ROOM];
        fpl_result result = fpl_conn_poll(from->conn, buf, sizeof buf, &out);
        if (result != FPL_OK || out.type == FPL_OUTPUT_TIMEOUT) {
            return result;
        }
        from->certificates += out.type == FPL_OUTPUT_PEER_CERTIFICATE;
        from->connected += out.type == FPL_OUTPUT_CONNECTED;
        if (out.type == FPL_OUTPUT_DATAGRAM) {
            ck_assert_uint_lt(to->num, 16);
            memcpy(to->heard[to->num], buf, out.as.datagram_len);
            to->len[to->num++] = out.as.datagram_len;
        }
    }
}

/* Hands `to` what the other end has said; true if there was something. */
static bool hand_over(side *from, side *to)
{
    size_t num = to->num;
    to->num = 0;
    for (size_t i = 0; i < num; i++) {
        if (fpl_conn_receive(to->conn, to->heard[i], to->len[i], 0) != FPL_OK) {
            break;
        }
        (void)drain(to, from);
    }
    return num > 0;
}

static void talk(void)
{
    (void)drain(&client, &server);
    (void)drain(&server, &client);
    while (hand_over(&client, &server) || hand_over(&server, &client)) {
    }
}

static const uint8_t *fingerprint(int of)
{
    static uint8_t print[32];
    fpl_fingerprint(made[of].certificate, made[of].certificate_len, print);
    return print;
}

/* --- fingerprints ---------------------------------------------------------------------------------------------- */

START_TEST(a_pin_makes_a_server_ask)
{ /* WR-12: a fingerprint that nobody would compare must not be taken */
    set_up_for(turns[_i / 2]);
    if (_i % 2 == 1) {
        ck_assert_int_eq(fpl_config_set_client_auth(server.config, FPL_CLIENT_AUTH_OPTIONAL), FPL_OK);
    }
    open_ends();
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(server.conn, fingerprint(0), 0), FPL_OK);
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    talk();
    ck_assert_uint_eq(server.connected, 1);
    ck_assert_uint_eq(server.certificates, 1);
    tear_down();
}
END_TEST

START_TEST(a_pinned_peer_cannot_stay_anonymous)
{
    set_up_for(turns[_i]);
    fpl_config_free(client.config);
    client.config = fpl_config_new();
    ck_assert_int_eq(fpl_config_set_versions(client.config, turns[_i]), FPL_OK);
    ck_assert_int_eq(fpl_config_set_trust(client.config, FPL_TRUST_ACCEPT_AND_NOTIFY), FPL_OK);
    ck_assert_int_eq(fpl_config_set_client_auth(server.config, FPL_CLIENT_AUTH_OPTIONAL), FPL_OK);
    open_ends();
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(server.conn, fingerprint(0), 0), FPL_OK);
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    talk();
    ck_assert_uint_eq(server.connected, 0);
    ck_assert_str_eq(fpl_conn_state(server.conn), "FAILED");
    tear_down();
}
END_TEST

START_TEST(a_pin_too_late_to_be_asked_for_is_refused)
{
    set_up_for(turns[_i]);
    open_ends();
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    (void)drain(&client, &server);
    (void)hand_over(&client, &server);
    ck_assert_str_eq(fpl_conn_state(server.conn), turns[_i] == FPL_VERSIONS_DTLS12 ? "WAIT_CKE" : "WAIT_FINISHED");
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(server.conn, fingerprint(0), 0), FPL_MISUSE);
    tear_down();
}
END_TEST

START_TEST(a_pin_after_the_judgement_is_refused)
{ /* accepted because no fingerprint was there: the wrong one may not follow as if it had been compared */
    set_up_for(turns[_i]);
    open_ends();
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    (void)drain(&client, &server);
    (void)hand_over(&client, &server);
    while (client.certificates == 0 && hand_over(&server, &client)) {
    }
    ck_assert_uint_eq(client.certificates, 1);
    ck_assert_uint_eq(client.connected,
                      turns[_i] == FPL_VERSIONS_DTLS12 ? 0 : 1); /* 1.3 has nothing left to wait for */
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(client.conn, fingerprint(0), 0), FPL_MISUSE);
    tear_down();
}
END_TEST

/* --- time ---------------------------------------------------------------------------------------------------- */

START_TEST(a_last_flight_is_not_kept_for_ever)
{ /* asked for just before its time is over, and the application lets it lie: it is forgotten all the same */
    static uint8_t again[ROOM];
    size_t         len;
    uint8_t        buf[ROOM];
    fpl_output     out;
    fpl_stats      before, after;
    set_up();
    open_ends();
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    (void)drain(&client, &server);
    (void)hand_over(&client, &server);
    (void)hand_over(&server, &client);
    ck_assert_uint_eq(server.num, 1); /* flight 5 */
    (void)hand_over(&client, &server);
    ck_assert_uint_eq(server.connected, 1);
    /* flight 6 is lost; flight 5 comes again, and once more later */
    client.num = 0;
    ck_assert_int_eq(fpl_conn_timeout(client.conn, 1000), FPL_OK);
    (void)drain(&client, &server);
    ck_assert_uint_eq(server.num, 1);
    ck_assert_int_eq(fpl_conn_timeout(server.conn, 239999), FPL_OK);
    ck_assert_int_eq(fpl_conn_receive(server.conn, server.heard[0], server.len[0], 239999), FPL_OK);
    ck_assert_int_eq(fpl_conn_poll(server.conn, buf, 10, &out), FPL_BUFFER_TOO_SMALL);
    ck_assert_int_eq(fpl_conn_timeout(server.conn, 240001), FPL_OK);
    (void)drain(&server, &client);
    server.num = 0;
    ck_assert_int_eq(fpl_conn_timeout(client.conn, 3000), FPL_OK);
    (void)drain(&client, &server);
    ck_assert_uint_eq(server.num, 1);
    len = server.len[0];
    memcpy(again, server.heard[0], len);
    before.size = after.size = sizeof before;
    ck_assert_int_eq(fpl_conn_stats(server.conn, &before), FPL_OK);
    ck_assert_int_eq(fpl_conn_receive(server.conn, again, len, 400000), FPL_OK);
    client.num = 0;
    (void)drain(&server, &client);
    ck_assert_int_eq(fpl_conn_stats(server.conn, &after), FPL_OK);
    ck_assert_uint_eq(client.num, 0);
    ck_assert_uint_eq(after.flights_resent, before.flights_resent);
    tear_down();
}
END_TEST

/* --- closing ------------------------------------------------------------------------------------------------- */

START_TEST(closed_before_a_word_is_closed)
{ /* a server that is closed before its client has said anything answers nobody */
    set_up_for(turns[_i]);
    open_ends();
    ck_assert_int_eq(fpl_conn_close(server.conn, 0), FPL_OK);
    ck_assert(fpl_conn_is_closed(server.conn));
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    talk();
    ck_assert_uint_eq(client.num, 0);
    ck_assert_uint_eq(server.connected + client.connected, 0);
    tear_down();
}
END_TEST

/* --- the listener ---------------------------------------------------------------------------------------------- */

static fpl_output listener_says(fpl_listener *listener, uint8_t *buf, size_t cap)
{
    fpl_output out;
    ck_assert_int_eq(fpl_listener_poll(listener, buf, cap, &out), FPL_OK);
    return out;
}

START_TEST(an_answer_goes_to_its_asker_only)
{ /* what was not fetched in time is not given to the next address */
    static const uint8_t one[] = {1}, two[] = {2};
    uint8_t              buf[ROOM], junk[20] = {22, 0xfe, 0xfd};
    fpl_output           out;
    fpl_listener        *listener;
    fpl_conn            *conn;
    set_up_for(turns[_i]);
    open_ends();
    listener = fpl_listener_new(server.config, 0);
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    (void)drain(&client, &server);
    ck_assert_int_eq(fpl_listener_receive(listener, one, 1, server.heard[0], server.len[0], 0, &conn), FPL_OK);
    ck_assert_int_eq(fpl_listener_poll(listener, buf, 10, &out), FPL_BUFFER_TOO_SMALL);
    ck_assert_int_eq(fpl_listener_receive(listener, two, 1, junk, sizeof junk, 0, &conn), FPL_OK);
    ck_assert_int_eq(listener_says(listener, buf, sizeof buf).type, FPL_OUTPUT_TIMEOUT);
    ck_assert_int_eq(fpl_listener_receive(listener, one, 1, server.heard[0], server.len[0], 0, &conn), FPL_OK);
    ck_assert_int_eq(listener_says(listener, buf, sizeof buf).type, FPL_OUTPUT_DATAGRAM);
    fpl_listener_free(listener);
    tear_down();
}
END_TEST

START_TEST(what_is_over_is_not_due)
{ /* a loop over fpl_listener_next_due ends, even if nobody polled the connection that failed */
    static const uint8_t one[] = {1};
    uint8_t              buf[ROOM];
    fpl_output           out;
    fpl_listener        *listener;
    fpl_conn            *conn;
    set_up();
    ck_assert_int_eq(fpl_config_set_cookie_exchange(server.config, false), FPL_OK);
    open_ends();
    listener = fpl_listener_new(server.config, 0);
    ck_assert_int_eq(fpl_conn_start(client.conn, 0), FPL_OK);
    (void)drain(&client, &server);
    ck_assert_int_eq(fpl_listener_receive(listener, one, 1, server.heard[0], server.len[0], 0, &conn), FPL_OK);
    ck_assert_ptr_nonnull(conn);
    while (fpl_conn_poll(conn, buf, sizeof buf, &out) == FPL_OK && out.type != FPL_OUTPUT_TIMEOUT) {
    }
    /* the next message is one that nobody lists here: the connection fails while it is polled, and its alert is
     * fetched, but not the FPL_FAILED behind it */
    server.heard[0][13 + 5] = 1;
    ck_assert_int_eq(fpl_listener_receive(listener, one, 1, server.heard[0], server.len[0], 0, &conn), FPL_OK);
    ck_assert_int_eq(fpl_conn_poll(conn, buf, sizeof buf, &out), FPL_OK);
    ck_assert_str_eq(fpl_conn_state(conn), "FAILED");
    for (int i = 0; (conn = fpl_listener_next_due(listener, 3600000)) != NULL; i++) {
        ck_assert_int_lt(i, 3);
        (void)fpl_conn_timeout(conn, 3600000);
    }
    fpl_listener_free(listener);
    tear_down();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_last_flight_is_not_kept_for_ever);
    tcase_add_loop_test(tc, closed_before_a_word_is_closed, 0, NUM_TURNS);
    tcase_add_loop_test(tc, an_answer_goes_to_its_asker_only, 0, NUM_TURNS);
    tcase_add_test(tc, what_is_over_is_not_due);
    tcase_add_loop_test(tc, a_pin_makes_a_server_ask, 0, 2 * NUM_TURNS);
    tcase_add_loop_test(tc, a_pinned_peer_cannot_stay_anonymous, 0, NUM_TURNS);
    tcase_add_loop_test(tc, a_pin_too_late_to_be_asked_for_is_refused, 0, NUM_TURNS);
    tcase_add_loop_test(tc, a_pin_after_the_judgement_is_refused, 0, NUM_TURNS);
}

UNIT_MAIN("api/promises", tests)
