/* engine/timer: back-off, clocks that go back or jump, what falls due (RT-03, WR-11). */
#include "engine/timer.h"

#include "fpl_limits.h"
#include "pair.h"

static fpl_conn conn;

static void begin(void)
{
    pair_begin();
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, ends[0].config, FPL_ROLE_CLIENT, FPL_MACHINE_DTLS12_CLIENT, 5000), FPL_STATUS_OK);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    pair_end_all();
}

static void apply(uint8_t what)
{
    fpl_timer_op op = {FPL_TIMER_ID_RESEND, what};
    fpl_timer_apply(&conn, NULL, &op);
}

static fpl_time due(void)
{
    return conn.clocks[FPL_TIMER_ID_RESEND].deadline;
}

START_TEST(backs_off_to_its_bound)
{
    uint64_t expected = 1000;
    begin();
    apply(FPL_TIMER_START);
    ck_assert_uint_eq(due(), 5000 + expected);
    for (unsigned i = 0; i < 20; i++) {
        conn.now = due();
        apply(FPL_TIMER_BACK_OFF);
        expected = expected * 2 > 60000 ? 60000 : expected * 2;
        ck_assert_uint_eq(due(), conn.now + expected);
    }
    apply(FPL_TIMER_START); /* for its present value */
    ck_assert_uint_eq(due(), conn.now + 60000);
    apply(FPL_TIMER_RESET);
    ck_assert_uint_eq(due(), conn.now + 1000);
    apply(FPL_TIMER_STOP);
    ck_assert(due() == FPL_NEVER);
    finish();
}
END_TEST

START_TEST(an_initial_value_above_the_maximum_stays)
{
    begin();
    ends[0].config->limits[FPL_LIMIT_RESEND_INITIAL] = 60000;
    ends[0].config->limits[FPL_LIMIT_RESEND_MAXIMUM] = 1000;
    apply(FPL_TIMER_START);
    ck_assert_uint_eq(due(), 65000);
    apply(FPL_TIMER_BACK_OFF);
    ck_assert_uint_eq(due(), 65000); /* never shorter than before */
    finish();
}
END_TEST

START_TEST(the_end_of_time_is_never)
{
    begin();
    conn.now = FPL_NEVER - 10;
    apply(FPL_TIMER_START);
    ck_assert(due() == FPL_NEVER);
    conn.now = FPL_NEVER - 1000;
    apply(FPL_TIMER_START);
    ck_assert(due() == FPL_NEVER); /* which is when it would be */
    conn.now = FPL_NEVER - 1001;
    apply(FPL_TIMER_START);
    ck_assert(due() == FPL_NEVER - 1);
    finish();
}
END_TEST

START_TEST(the_earliest_deadline_counts)
{
    begin();
    ck_assert(fpl_conn_deadline(&conn) == FPL_NEVER);
    conn.clocks[FPL_TIMER_ID_HANDSHAKE_DEADLINE].deadline = 9000;
    conn.timed = true;
    ck_assert_uint_eq(fpl_conn_deadline(&conn), 9000);
    apply(FPL_TIMER_START);
    ck_assert_uint_eq(fpl_conn_deadline(&conn), 6000);
    conn.life = FPL_LIFE_FAILED;
    ck_assert(fpl_conn_deadline(&conn) == FPL_NEVER);
    conn.life = FPL_LIFE_LIVE;
    fpl_clocks_clear(conn.clocks);
    ck_assert(fpl_conn_deadline(&conn) == FPL_NEVER);
    finish();
}
END_TEST

/* --- through the API ------------------------------------------------------------------------------------- */

START_TEST(a_black_hole_is_asked_with_growing_patience)
{ /* RT-03: at 0, T, 3T, 7T ... */
    fpl_time at = 1000;
    fpl_time interval = 1000;
    unsigned sent = 1;
    pair_begin();
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_HANDSHAKE_DEADLINE, 3600000), FPL_OK);
    pair_open(false);
    pair_start();
    ck_assert_uint_eq(ends[0].datagrams, 1);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(ends[0].deadline, at + interval);
        pair_wake(PAIR_CLIENT);
        ck_assert_uint_gt(ends[0].datagrams, sent); /* fragments shrink after two, so there may be more than one */
        sent = ends[0].datagrams;
        at += interval;
        interval = interval * 2 > 60000 ? 60000 : interval * 2;
    }
    pair_wake(PAIR_CLIENT);
    ck_assert(ends[0].failed); /* resend_times is 8 */
    ck_assert_uint_eq(ends[0].datagrams, sent);
    pair_end_all();
}
END_TEST

START_TEST(early_late_and_over_and_over)
{ /* WR-11 */
    unsigned sent;
    pair_begin();
    pair_open(false);
    pair_start();
    sent = ends[0].datagrams;
    for (unsigned i = 0; i < 1000; i++) { /* early: nothing */
        ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, pair_now + 999), FPL_OK);
        pair_drain(PAIR_CLIENT);
    }
    ck_assert_uint_eq(ends[0].datagrams, sent);
    pair_now += 1000;
    for (unsigned i = 0; i < 1000; i++) { /* many times at once: once */
        ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, pair_now), FPL_OK);
        pair_drain(PAIR_CLIENT);
    }
    ck_assert_uint_eq(ends[0].datagrams, sent + 1);
    pair_now += 30000; /* late by many intervals: no burst */
    ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].datagrams, sent + 2);
    ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, 5), FPL_OK); /* the clock goes back: as if it stood */
    pair_drain(PAIR_CLIENT);
    ck_assert_uint_eq(ends[0].datagrams, sent + 2);
    ck_assert_uint_gt(ends[0].deadline, pair_now);
    pair_now += UINT64_C(1) << 40; /* and a jump beyond every deadline ends it once */
    ck_assert_int_ne(fpl_conn_timeout(ends[0].conn, pair_now), FPL_MISUSE);
    pair_drain(PAIR_CLIENT);
    ck_assert(ends[0].failed);
    pair_end_all();
}
END_TEST

START_TEST(the_end_of_time_is_survived)
{
    pair_begin();
    pair_now = FPL_NEVER - 5;
    pair_open(false);
    pair_start();
    ck_assert(ends[0].deadline == FPL_NEVER);
    ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, FPL_NEVER), FPL_OK);
    pair_drain(PAIR_CLIENT);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, backs_off_to_its_bound);
    tcase_add_test(tc, an_initial_value_above_the_maximum_stays);
    tcase_add_test(tc, the_end_of_time_is_never);
    tcase_add_test(tc, the_earliest_deadline_counts);
    tcase_add_test(tc, a_black_hole_is_asked_with_growing_patience);
    tcase_add_test(tc, early_late_and_over_and_over);
    tcase_add_test(tc, the_end_of_time_is_survived);
}

UNIT_MAIN("engine/timer", tests)
