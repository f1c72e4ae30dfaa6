/* Calls at the wrong time and with wrong arguments: an answer, and nothing else (WR-03, WR-07 to WR-10, WR-12). */
#include "pair.h"

/* The stages that a connection goes through, as far as its caller can tell. */
typedef enum stage { NEW, STARTED, HALF_WAY, CONNECTED, CLOSED, FAILED, NUM_STAGES } stage;

static const char *const names[NUM_STAGES] = {"new", "started", "half way", "connected", "closed", "failed"};

/* reach brings a fresh pair to where the client is at `s`. */
static void reach(stage s)
{
    static const uint8_t done[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    pair_begin();
    pair_open(false);
    if (s >= STARTED) {
        pair_start();
    }
    if (s == HALF_WAY) {
        (void)pair_pass(PAIR_CLIENT);
        (void)pair_pass(PAIR_SERVER);
    }
    if (s == CONNECTED || s == CLOSED) {
        pair_pump();
        ck_assert(ends[0].connected);
    }
    if (s == CLOSED) {
        ck_assert_int_eq(fpl_conn_close(ends[0].conn, pair_now), FPL_OK);
        pair_drain(PAIR_CLIENT);
        ck_assert(fpl_conn_is_closed(ends[0].conn));
    }
    if (s == FAILED) {
        (void)pair_receive(PAIR_CLIENT, done, sizeof done);
        ck_assert(ends[0].failed);
    }
}

static void expect(stage s, const char *call, fpl_result got, fpl_result wanted)
{
    ck_assert_msg(got == wanted, "%s when %s: %d, not %d", call, names[s], got, wanted);
}

START_TEST(every_call_at_every_stage)
{
    static const struct {
        fpl_result start, send, export, timeout, judge, sign, close, receive, fingerprint;
    } wanted[NUM_STAGES] = {
        [NEW] = {FPL_OK, FPL_NOT_YET, FPL_NOT_YET, FPL_OK, FPL_MISUSE, FPL_MISUSE, FPL_OK, FPL_OK, FPL_NOT_YET},
        [STARTED] = {FPL_MISUSE, FPL_NOT_YET, FPL_NOT_YET, FPL_OK, FPL_MISUSE, FPL_MISUSE, FPL_OK, FPL_OK, FPL_NOT_YET},
        [HALF_WAY] = {FPL_MISUSE, FPL_NOT_YET, FPL_NOT_YET, FPL_OK, FPL_MISUSE, FPL_MISUSE, FPL_OK, FPL_OK, FPL_OK},
        [CONNECTED] = {FPL_MISUSE, FPL_OK, FPL_OK, FPL_OK, FPL_MISUSE, FPL_MISUSE, FPL_OK, FPL_OK, FPL_OK},
        [CLOSED] = {FPL_CLOSED, FPL_CLOSED, FPL_CLOSED, FPL_OK, FPL_CLOSED, FPL_CLOSED, FPL_OK, FPL_OK, FPL_OK},
        [FAILED] = {FPL_FAILED, FPL_FAILED, FPL_FAILED, FPL_FAILED, FPL_FAILED, FPL_FAILED, FPL_FAILED, FPL_FAILED,
                    FPL_NOT_YET},
    };
    for (stage s = NEW; s < NUM_STAGES; s++) {
        uint8_t   out[300];
        uint8_t   der[8] = {0x30, 6, 2, 1, 1, 2, 1, 1};
        uint8_t   datagram[20] = {0};
        size_t    len = 99;
        fpl_conn *conn;

        reach(s);
        expect(s, "start", fpl_conn_start(ends[0].conn, pair_now), wanted[s].start);
        pair_drain(PAIR_CLIENT);
        pair_end_all();

        reach(s);
        memset(out, 0xab, sizeof out);
        expect(s, "send", fpl_conn_send(ends[0].conn, der, sizeof der, out, sizeof out, &len, pair_now), wanted[s].send);
        if (wanted[s].send != FPL_OK) { /* nothing goes out, in the clear least of all */
            ck_assert_uint_eq(len, 0);
            for (size_t i = 0; i < sizeof out; i++) {
                ck_assert_uint_eq(out[i], 0xab);
            }
            ck_assert_uint_eq(fpl_conn_max_payload(ends[0].conn), 0);
            ck_assert_uint_eq(fpl_conn_send_prefix(ends[0].conn), 0);
            ck_assert_uint_eq(fpl_conn_send_overhead(ends[0].conn), 0);
        }
        pair_end_all();

        reach(s);
        memset(out, 0xab, sizeof out);
        expect(s, "export", fpl_conn_export(ends[0].conn, out, 32, "EXPERIMENTAL", NULL, 0), wanted[s].export);
        ck_assert(wanted[s].export == FPL_OK || out[0] == 0xab);
        pair_end_all();

        reach(s);
        expect(s, "timeout", fpl_conn_timeout(ends[0].conn, pair_now), wanted[s].timeout);
        expect(s, "judge", fpl_conn_judge_certificate(ends[0].conn, true, pair_now), wanted[s].judge);
        expect(s, "sign", fpl_conn_provide_signature(ends[0].conn, der, sizeof der, pair_now), wanted[s].sign);
        expect(s, "fingerprint", fpl_conn_peer_fingerprint(ends[0].conn, out), wanted[s].fingerprint);
        pair_end_all();

        reach(s);
        expect(s, "receive", fpl_conn_receive(ends[0].conn, datagram, sizeof datagram, pair_now), wanted[s].receive);
        if (wanted[s].receive == FPL_OK) {
            expect(s, "receive again", fpl_conn_receive(ends[0].conn, datagram, sizeof datagram, pair_now), FPL_MISUSE);
        }
        pair_drain(PAIR_CLIENT);
        pair_end_all();

        reach(s);
        expect(s, "close", fpl_conn_close(ends[0].conn, pair_now), wanted[s].close);
        pair_drain(PAIR_CLIENT);
        expect(s, "close again", fpl_conn_close(ends[0].conn, pair_now), wanted[s].close);
        conn = ends[0].conn;
        ck_assert(fpl_conn_state(conn) != NULL && fpl_conn_role(conn) == FPL_ROLE_CLIENT);
        pair_end_all();
    }
}
END_TEST

START_TEST(null_is_misuse)
{ /* WR-09 */
    uint8_t       bytes[64] = {0};
    size_t        len = 0;
    fpl_output    out;
    fpl_stats     stats;
    fpl_conn     *conn = NULL;
    fpl_listener *listener;
    pair_begin();
    pair_open(false);
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    ck_assert_int_eq(fpl_conn_start(NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_receive(NULL, bytes, 1, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_receive(ends[0].conn, NULL, 1, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_poll(NULL, bytes, 1, &out), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_poll(ends[0].conn, NULL, 1, &out), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_poll(ends[0].conn, bytes, 1, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_timeout(NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_close(NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_judge_certificate(NULL, true, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_provide_signature(NULL, bytes, 1, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_provide_signature(ends[0].conn, bytes, SIZE_MAX, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_provide_signature(ends[0].conn, bytes, 0, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_send(NULL, bytes, 1, bytes, 1, &len, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, NULL, 1, bytes, 64, &len, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, bytes, 1, NULL, 64, &len, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, bytes, 1, bytes, 64, NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_set_mtu(NULL, 1200), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_set_address_validated(NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(NULL, bytes, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(ends[0].conn, NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_peer_fingerprint(NULL, bytes), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_export(NULL, bytes, 1, "x", NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_stats(NULL, &stats), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_stats(ends[0].conn, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_start(ends[1].conn, 0), FPL_MISUSE); /* a server does not */
    fpl_conn_free(NULL);

    ck_assert_ptr_null(fpl_conn_new(NULL, FPL_ROLE_CLIENT, 0));
    ck_assert_ptr_null(fpl_conn_new(ends[0].config, FPL_ROLE_NONE, 0));
    ck_assert_ptr_null(fpl_conn_new(ends[0].config, (fpl_role)9, 0));
    ck_assert_ptr_null(fpl_listener_new(NULL, 0));
    listener = fpl_listener_new(ends[1].config, 0);
    ck_assert_ptr_nonnull(listener);
    ck_assert_int_eq(fpl_listener_receive(NULL, bytes, 1, bytes, 1, 0, &conn), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_receive(listener, NULL, 1, bytes, 1, 0, &conn), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_receive(listener, bytes, 0, bytes, 1, 0, &conn), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_receive(listener, bytes, 65, bytes, 1, 0, &conn), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_receive(listener, bytes, 1, NULL, 1, 0, &conn), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_receive(listener, bytes, 1, bytes, 1, 0, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_poll(NULL, bytes, 1, &out), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_poll(listener, NULL, 1, &out), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_poll(listener, bytes, 1, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_set_cookie_key(NULL, 1, bytes), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 1, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_listener_stats(NULL, &stats), FPL_MISUSE);
    ck_assert_ptr_null(fpl_listener_next_due(NULL, 0));
    ck_assert_ptr_null(fpl_listener_next_replaced(NULL));
    fpl_listener_release(NULL, ends[0].conn);
    fpl_listener_release(listener, NULL);
    fpl_listener_release(listener, ends[0].conn); /* none of its own: stays alive */
    fpl_listener_free(NULL);
    fpl_listener_free(listener);
    pair_end_all();
}
END_TEST

START_TEST(lengths_are_believed_when_they_can_be)
{
    static uint8_t big[70000];
    size_t         len = 0;
    size_t         most;
    pair_begin();
    pair_connect();
    most = fpl_conn_max_payload(ends[0].conn);
    ck_assert_uint_gt(most, 0);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, big, most + 1, big, sizeof big, &len, pair_now), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, big, SIZE_MAX, big, sizeof big, &len, pair_now), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, big, 10, big, 10, &len, pair_now), FPL_BUFFER_TOO_SMALL);
    ck_assert_uint_eq(len, 10 + fpl_conn_send_overhead(ends[0].conn));
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, big, 65536, "EXPERIMENTAL", NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, big, 10, "EXPERIMENTAL", big, 65536), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, big, 10, "master secret", NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, big, 10, "", NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, NULL, 10, "EXPERIMENTAL", NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_conn_export(ends[0].conn, big, 10, NULL, NULL, 0), FPL_MISUSE);
    pair_end_all();
}
END_TEST

START_TEST(a_payload_in_its_place_is_not_copied)
{ /* at exactly out + prefix, or anywhere outside */
    uint8_t buffer[200];
    size_t  prefix;
    size_t  len = 0;
    pair_begin();
    pair_connect();
    prefix = fpl_conn_send_prefix(ends[0].conn);
    memcpy(buffer + prefix, "in its place", 12);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, buffer + prefix, 12, buffer, sizeof buffer, &len, pair_now), FPL_OK);
    (void)pair_receive(PAIR_SERVER, buffer, len);
    ck_assert_uint_eq(ends[1].data_len, 12);
    ck_assert_mem_eq(ends[1].data, "in its place", 12);
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, NULL, 0, buffer, sizeof buffer, &len, pair_now), FPL_OK); /* empty */
    (void)pair_receive(PAIR_SERVER, buffer, len);
    ck_assert_uint_eq(ends[1].num_data, 1); /* is nothing to tell of */
    pair_end_all();
}
END_TEST

START_TEST(trust_is_never_assumed)
{ /* WR-12, WR-01: by default the handshake waits, for ever as far as data is concerned */
    uint8_t wrong[32] = {1};
    pair_begin();
    ck_assert_int_eq(fpl_config_set_trust(ends[0].config, FPL_TRUST_ASK), FPL_OK);
    pair_open(false);
    pair_start();
    pair_pump();
    ck_assert(!ends[0].connected && !ends[1].connected && ends[0].waits);
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 5), FPL_NOT_YET);
    ck_assert_int_eq(fpl_conn_judge_certificate(ends[0].conn, false, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    ck_assert(ends[0].failed);
    ck_assert_int_eq(fpl_conn_judge_certificate(ends[0].conn, true, pair_now), FPL_FAILED); /* too late */
    pair_end_all();

    pair_begin();
    pair_open(false);
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(ends[0].conn, wrong, pair_now), FPL_OK);
    pair_start();
    pair_pump();
    ck_assert(ends[0].failed && !ends[0].connected && !ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(fingerprints_are_bounded)
{
    uint8_t one[32] = {1};
    pair_begin();
    pair_open(false);
    for (unsigned i = 0; i < FPL_LIMIT_VALUE_PINNED_FINGERPRINTS; i++) {
        ck_assert_int_eq(fpl_conn_add_peer_fingerprint(ends[0].conn, one, pair_now), FPL_OK);
    }
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(ends[0].conn, one, pair_now), FPL_MISUSE);
    pair_end_all();
    pair_begin();
    pair_connect();
    ck_assert_int_eq(fpl_conn_add_peer_fingerprint(ends[0].conn, one, pair_now), FPL_MISUSE); /* judged already */
    pair_end_all();
}
END_TEST

START_TEST(stats_know_older_callers)
{
    fpl_stats stats;
    pair_begin();
    pair_connect();
    memset(&stats, 0xcc, sizeof stats);
    stats.size = offsetof(fpl_stats, bytes_in);
    ck_assert_int_eq(fpl_conn_stats(ends[0].conn, &stats), FPL_OK);
    ck_assert_uint_eq(stats.size, offsetof(fpl_stats, bytes_in));
    ck_assert_uint_gt(stats.datagrams_in, 0);
    ck_assert(stats.bytes_in == UINT64_C(0xcccccccccccccccc));
    stats.size = 0;
    ck_assert_int_eq(fpl_conn_stats(ends[0].conn, &stats), FPL_MISUSE);
    stats.size = sizeof stats + 100; /* a newer one */
    ck_assert_int_eq(fpl_conn_stats(ends[0].conn, &stats), FPL_OK);
    ck_assert_uint_eq(stats.size, sizeof stats);
    pair_end_all();
}
END_TEST

START_TEST(an_explanation_fits_where_it_is_told_to)
{
    char   text[300];
    size_t whole;
    reach(FAILED);
    whole = fpl_conn_explain_text(ends[0].conn, NULL, 0);
    ck_assert_uint_gt(whole, 20);
    for (size_t cap = 1; cap < whole + 5; cap++) {
        memset(text, 'x', sizeof text);
        ck_assert_uint_eq(fpl_conn_explain_text(ends[0].conn, text, cap), whole);
        ck_assert_uint_eq(strlen(text), cap - 1 < whole ? cap - 1 : whole);
        ck_assert_int_eq(text[cap], 'x');
    }
    pair_end_all();
    reach(CLOSED);
    (void)fpl_conn_explain_text(ends[0].conn, text, sizeof text);
    ck_assert_str_eq(text, "closed in order"); /* not alive */
    pair_end_all();
}
END_TEST

START_TEST(keys_are_wiped_with_the_last_alert)
{ /* WR-10 */
    static const uint8_t zeros[FPL_MASTER_SECRET_LEN];
    reach(CLOSED);
    ck_assert_mem_eq(ends[0].conn->master_secret, zeros, sizeof zeros);
    ck_assert(!ends[0].conn->has_master_secret);
    pair_end_all();
    pair_begin();
    pair_connect();
    ck_assert_int_eq(fpl_conn_close(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    (void)pair_pass(PAIR_CLIENT);
    ck_assert(ends[1].closed);
    ck_assert_mem_eq(ends[1].conn->master_secret, zeros, sizeof zeros);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, every_call_at_every_stage);
    tcase_add_test(tc, null_is_misuse);
    tcase_add_test(tc, lengths_are_believed_when_they_can_be);
    tcase_add_test(tc, a_payload_in_its_place_is_not_copied);
    tcase_add_test(tc, trust_is_never_assumed);
    tcase_add_test(tc, fingerprints_are_bounded);
    tcase_add_test(tc, stats_know_older_callers);
    tcase_add_test(tc, an_explanation_fits_where_it_is_told_to);
    tcase_add_test(tc, keys_are_wiped_with_the_last_alert);
}

UNIT_MAIN("api/misuse", tests)
