/* engine/interpret: who gets an event, what an event that nothing lists does (nothing), and that what was settled is
 * enforced. That rows do what they say is for tests/spec and tests/transcripts. */
#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/interpret.h"
#include "engine/lookup.h"

#include "pair.h"

static fpl_event event_of(uint8_t kind, uint8_t code)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = kind;
    event.code = code;
    return event;
}

START_TEST(machines_begin_where_the_tables_say)
{
    fpl_instance instance;
    for (uint8_t id = 1; id < FPL_NUM_MACHINES; id++) {
        fpl_instance_begin(&instance, id);
        ck_assert_uint_eq(instance.machine, id);
        ck_assert_uint_eq(instance.state, fpl_machines[id]->initial);
        ck_assert(instance.state >= 1 && instance.state <= fpl_machines[id]->num_states);
        ck_assert_ptr_eq(fpl_instance_state(&instance), &fpl_machines[id]->states[instance.state]);
    }
}
END_TEST

START_TEST(what_nothing_lists_changes_nothing)
{
    fpl_conn before;
    pair_begin();
    pair_connect();
    for (int side = 0; side < 2; side++) {
        for (uint8_t code = 0; code < 200; code++) {
            fpl_event event = event_of(FPL_EVENT_TIMER, code);
            if (fpl_conn_lists(ends[side].conn, FPL_EVENT_TIMER, code)) {
                continue;
            }
            before = *ends[side].conn;
            ck_assert_int_eq(fpl_dispatch(ends[side].conn, &event), FPL_TAKEN_UNLISTED);
            event = event_of(FPL_EVENT_ACK, code);
            ck_assert_int_eq(fpl_dispatch(ends[side].conn, &event), FPL_TAKEN_UNLISTED);
            event = event_of(FPL_EVENT_NONE, code);
            ck_assert_int_eq(fpl_dispatch(ends[side].conn, &event), FPL_TAKEN_UNLISTED);
            event = event_of(FPL_EVENT_MESSAGE, 0); /* a handshake type that no version has */
            event.type = (uint8_t)(100 + code % 100);
            ck_assert_int_eq(fpl_dispatch(ends[side].conn, &event), FPL_TAKEN_UNLISTED);
            ck_assert_mem_eq(&before, ends[side].conn, sizeof before);
        }
    }
    pair_end_all();
}
END_TEST

START_TEST(the_dead_hear_nothing)
{
    fpl_event event = event_of(FPL_EVENT_API, FPL_API_CONNECT);
    fpl_conn  before;
    pair_begin();
    pair_open(false);
    fpl_conn_fail(ends[0].conn, FPL_FAILURE_INTERNAL, FPL_NO_ALERT, "test", "rfc6347");
    ck_assert_int_eq(ends[0].conn->life, FPL_LIFE_FAILED);
    fpl_conn_fail(ends[0].conn, FPL_FAILURE_TIMEOUT, FPL_NO_ALERT, "another", "rfc6347"); /* the first reason stays */
    ck_assert_str_eq(ends[0].conn->end.what, "test");
    before = *ends[0].conn;
    ck_assert_int_eq(fpl_dispatch(ends[0].conn, &event), FPL_TAKEN_UNLISTED);
    ck_assert_mem_eq(&before, ends[0].conn, sizeof before);
    pair_end_all();
}
END_TEST

START_TEST(what_was_settled_is_enforced)
{ /* the prover relies on it: an answer that was ruled out ends the connection */
    unsigned refused = 0;
    for (uint8_t slot = 1; slot <= FPL_NUM_FIXED; slot++) {
        pair_begin();
        pair_open(false);
        /* Bits 30 and 31 are no outcome of anything; two of them, so that the answer is asked for. */
        ends[PAIR_CLIENT].conn->settled[slot] = 0xc0000000u;
        ends[PAIR_SERVER].conn->settled[slot] = 0xc0000000u;
        pair_start();
        pair_pump();
        for (int side = 0; side < 2; side++) {
            if (ends[side].failed && ends[side].conn->end.failure == FPL_FAILURE_INTERNAL) {
                ck_assert_int_eq(ends[side].conn->end.alert, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR);
                refused++;
            }
        }
        pair_end_all();
    }
    ck_assert_uint_gt(refused, 0);
}
END_TEST

START_TEST(an_unlisted_message_meets_unlisted)
{
    /* A whole ServerHelloDone where a ServerHello or HelloVerifyRequest belongs. */
    static const uint8_t done[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    pair_begin();
    pair_open(false);
    pair_start();
    (void)pair_receive(PAIR_CLIENT, done, sizeof done);
    ck_assert(ends[0].failed);
    ck_assert_int_eq(ends[0].conn->end.failure, FPL_FAILURE_WE_ALERTED);
    ck_assert_int_eq(ends[0].conn->end.alert, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE);
    ck_assert_uint_ne(ends[0].conn->end.line, 0);
    ck_assert_uint_eq(ends[0].num_sent, 2); /* hello, alert */
    pair_end_all();
}
END_TEST

START_TEST(a_connection_that_only_listened_is_handed_over_once)
{
    fpl_conn *conn;
    pair_begin();
    pair_open(false);
    ck_assert_uint_eq(ends[PAIR_SERVER].conn->handshake.machine, FPL_MACHINE_LISTEN);
    conn = fpl_conn_new(ends[PAIR_SERVER].config, FPL_ROLE_SERVER, 0);
    ck_assert_ptr_nonnull(conn);
    ck_assert(!fpl_conn_hand_over(conn, ends[PAIR_SERVER].conn)); /* it still listens */
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    ck_assert_uint_eq(ends[PAIR_SERVER].conn->handshake.machine, FPL_MACHINE_DTLS12_SERVER);
    ck_assert(fpl_conn_hand_over(conn, ends[PAIR_SERVER].conn));
    ck_assert_mem_eq(&conn->handshake, &ends[PAIR_SERVER].conn->handshake, sizeof conn->handshake);
    fpl_conn_free(conn);
    pair_end_all();
}
END_TEST

START_TEST(a_door_forgets_what_it_drops)
{ /* a stateless machine stays where it was, whatever came */
    static const uint8_t junk[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4};
    pair_begin();
    pair_open(false);
    for (unsigned i = 0; i < 10; i++) {
        (void)pair_receive(PAIR_SERVER, junk, sizeof junk);
        ck_assert(!ends[PAIR_SERVER].failed);
        ck_assert_uint_eq(ends[PAIR_SERVER].conn->handshake.machine, FPL_MACHINE_LISTEN);
    }
    pair_start(); /* and then does its work */
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    pair_end_all();
}
END_TEST

/* --- the trace --------------------------------------------------------------------------------------- */

static unsigned traced, incomplete;

static void note(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    (void)arg;
    (void)conn;
    traced++;
    incomplete += event->machine == NULL || event->state == NULL || event->event == NULL || event->file == NULL || event->line == 0;
}

START_TEST(every_row_taken_is_traced)
{
    pair_begin();
    traced = 0;
    incomplete = 0;
    for (int side = 0; side < 2; side++) {
        ck_assert_int_eq(fpl_config_set_trace(ends[side].config, note, NULL), FPL_OK);
    }
    pair_connect();
    ck_assert_uint_gt(traced, 20);
#ifndef FPL_NO_NAMES
    ck_assert_uint_eq(incomplete, 0);
#endif
    pair_end_all();
}
END_TEST

START_TEST(lists_and_sequence_numbers)
{
    pair_begin();
    pair_open(false);
    ck_assert(fpl_conn_lists(ends[0].conn, FPL_EVENT_API, FPL_API_CONNECT));
    ck_assert(!fpl_conn_lists(ends[0].conn, FPL_EVENT_API, FPL_API_CERTIFICATE_TRUSTED));
    pair_start();
    ck_assert(!fpl_conn_lists(ends[0].conn, FPL_EVENT_API, FPL_API_CONNECT));
    pair_pump();
    /* A HelloRequest is refused renegotiation whatever its number, a hello in the clear is not even looked at. */
    ck_assert(fpl_conn_takes_seq_any(ends[0].conn, FPL_HANDSHAKE_TYPE_HELLO_REQUEST, 1));
    ck_assert(!fpl_conn_takes_seq_any(ends[0].conn, FPL_HANDSHAKE_TYPE_FINISHED, 1));
    ck_assert(!fpl_conn_takes_seq_any(ends[0].conn, 200, 1));
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, machines_begin_where_the_tables_say);
    tcase_add_test(tc, what_nothing_lists_changes_nothing);
    tcase_add_test(tc, the_dead_hear_nothing);
    tcase_add_test(tc, what_was_settled_is_enforced);
    tcase_add_test(tc, an_unlisted_message_meets_unlisted);
    tcase_add_test(tc, a_connection_that_only_listened_is_handed_over_once);
    tcase_add_test(tc, a_door_forgets_what_it_drops);
    tcase_add_test(tc, every_row_taken_is_traced);
    tcase_add_test(tc, lists_and_sequence_numbers);
}

UNIT_MAIN("engine/interpret", tests)
