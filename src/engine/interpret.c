/* Rows are obeyed in the one order that the DSL states (settles, extensions, require, ends_record,
 * transcript, do, keys, drop_keys, timers, send, ack, notify, report, goto). No handshake is known here. */
#include "engine/interpret.h"

#include <string.h>

#include "engine/alert.h"
#include "engine/ending.h"
#include "engine/flight.h"
#include "engine/keys.h"
#include "engine/lookup.h"
#include "engine/names.h"
#include "engine/timer.h"
#include "engine/trace.h"
#include "engine/transcript_row.h"

/* One run of a machine over one event. */
typedef struct fpl_run {
    fpl_conn          *conn;
    fpl_instance      *instance;
    fpl_flight        *flight; /* of a resend machine, else NULL */
    const fpl_event   *event;  /* what came in */
    fpl_event_key      key;    /* what is being looked up: that event, or `immediate` */
    const fpl_machine *machine;
    const fpl_state   *state;
    const fpl_row     *row;
    uint8_t            chosen; /* the outcome taken */
    fpl_message       *msg;    /* decoded once, alive for the whole run */
    bool               decoded;
} fpl_run;

void fpl_instance_begin(fpl_instance *instance, uint8_t machine)
{
    instance->machine = machine;
    instance->state = fpl_machines[machine]->initial;
}

bool fpl_conn_hand_over(fpl_conn *conn, const fpl_conn *from)
{
    if (fpl_machines[from->handshake.machine]->one_per == FPL_ONE_PER_DATAGRAM) {
        return false;
    }
    conn->handshake = from->handshake;
    memcpy(conn->fixed, from->fixed, sizeof conn->fixed);
    memcpy(conn->settled, from->settled, sizeof conn->settled);
    return true;
}

/* --- telling --------------------------------------------------------------------------------- */

static const char *event_name(const fpl_event_key *key)
{
    return key->kind == FPL_EVENT_IMMEDIATE ? fpl_event_kind_name(key->kind) : fpl_event_code_name(key->kind, key->code);
}

static void trace(const fpl_run *run, const fpl_outcome *outcome, const char *check, const char *next)
{
    if (run->conn->config->trace != NULL) {
        fpl_trace_row(run->conn, run->machine, run->state, run->row, run->chosen, outcome, check, next);
    }
}

/* A stateless machine keeps nothing and ends nothing: what it does not list is a drop. */
static bool stateless(const fpl_run *run)
{
    return run->machine->one_per == FPL_ONE_PER_DATAGRAM;
}

/* Where it ended, for fpl_conn_explain. */
static void name_place(const fpl_run *run, const fpl_outcome *outcome)
{
    fpl_explanation *end = &run->conn->end;
    end->machine = run->machine->name;
    end->state = run->state->name;
    end->event = event_name(&run->row->event);
    end->file = run->machine->file;
    end->line = outcome != NULL ? outcome->line : run->row->line;
}

static fpl_taken refuse(fpl_run *run, const fpl_outcome *outcome, int alert, const char *what, const char *ref)
{
    fpl_conn *conn = run->conn;
    if (stateless(run)) {
        conn->stats.dropped_malformed++;
        return FPL_TAKEN_DROPPED;
    }
    name_place(run, outcome);
    fpl_conn_end(conn, alert == FPL_ALERT_DESCRIPTION_INTERNAL_ERROR ? FPL_FAILURE_INTERNAL : FPL_FAILURE_WE_ALERTED, alert, what,
        ref);
    return FPL_TAKEN_ENDED;
}

static fpl_taken broken(fpl_run *run, const fpl_outcome *outcome, const char *what)
{
    return refuse(run, outcome, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR, what, NULL);
}

/* --- one row --------------------------------------------------------------------------------- */

static fpl_taken decode(fpl_run *run)
{
    fpl_reader reader = fpl_reader_of(NULL, 0);
    uint8_t    select = run->conn->suite != NULL ? run->conn->suite->key_exchange : 0;
    if (run->decoded) {
        return FPL_TAKEN;
    }
    if (!fpl_message_decode(run->msg, run->key.code, select, run->event->body, &reader)) {
        if (run->row->event.seq_any && run->event->epoch == 0) {
            run->conn->stats.dropped_malformed++;
            return FPL_TAKEN_DROPPED; /* anybody could have sent it, at any time */
        }
        return refuse(run, NULL, reader.alert != 0 ? reader.alert : FPL_ALERT_DESCRIPTION_DECODE_ERROR, reader.where,
                      run->row->outcomes[run->row->select != NULL].ref);
    }
    run->msg->type = run->event->type;
    run->msg->seq = run->event->seq;
    run->decoded = true;
    if (stateless(run)) {
        fpl_bytes list = fpl_bytes_none();
        (void)fpl_message_extensions(run->msg, &list);
        run->conn->peer_offered = fpl_extensions_mask(list); /* what the answer may carry, though nothing is kept */
    }
    return FPL_TAKEN;
}

/* Asks a classifier. A fixed one answers once; what was settled is enforced, for the prover relies on it. */
static uint8_t ask(fpl_conn *conn, const fpl_classifier *classifier, const fpl_message *msg)
{
    uint8_t  slot = classifier->fixed;
    uint32_t allowed = slot != 0 ? conn->settled[slot] : 0;
    uint8_t  answer;
    if (slot != 0 && conn->fixed[slot] != 0) {
        return conn->fixed[slot];
    }
    if (allowed != 0 && (allowed & (allowed - 1)) == 0) {
        for (answer = 0; allowed >> answer != 1; answer++) {
        }
    } else {
        answer = classifier->call(conn, msg);
    }
    if (answer == 0 || answer > classifier->num_outcomes || (allowed != 0 && (allowed >> answer & 1) == 0)) {
        return 0;
    }
    if (slot != 0) {
        conn->fixed[slot] = answer;
    }
    return answer;
}

bool fpl_conn_holds(fpl_conn *conn, const fpl_condition *conditions, uint8_t num, bool *broken_answer)
{
    for (uint8_t i = 0; i < num; i++) {
        uint8_t answer = ask(conn, conditions[i].classifier, NULL);
        if (answer == 0) {
            *broken_answer = true;
            return false;
        }
        if ((conditions[i].allowed >> answer & 1) == 0) {
            return false;
        }
    }
    return true;
}

static fpl_taken check_extensions(fpl_run *run, const fpl_outcome *outcome, fpl_block_view *view)
{
    fpl_bytes   list = fpl_bytes_none();
    fpl_refusal why;
    (void)fpl_message_extensions(run->msg, &list);
    memset(&why, 0, sizeof why);
    if (!fpl_extensions_read(run->conn, run->machine->version, outcome->extensions, list, view, &why)) {
        trace(run, outcome, why.what, NULL);
        return refuse(run, outcome, why.alert, why.what, why.ref);
    }
    return FPL_TAKEN;
}

static fpl_taken check_all(fpl_run *run, const fpl_outcome *outcome)
{
    for (uint8_t i = 0; i < outcome->num_require; i++) {
        const fpl_requirement *requirement = &outcome->require[i];
        if (!requirement->check(run->conn, run->msg)) {
            trace(run, outcome, requirement->name, NULL);
            return refuse(run, outcome, requirement->alert, requirement->name, requirement->ref);
        }
    }
    if (outcome->ends_record && run->event->rest_follows) {
        trace(run, outcome, "ends_record", NULL);
        return refuse(run, outcome, FPL_ALERT_DESCRIPTION_UNEXPECTED_MESSAGE, "ends_record", outcome->ref);
    }
    return FPL_TAKEN;
}

/* The event is delivered again to the machine that takes over. */
static bool hands_over(const fpl_run *run, const fpl_outcome *outcome)
{
    return outcome->move == FPL_MOVE_GOTO && run->machine->states[outcome->next].hand_to_machine != 0;
}

static void move(fpl_run *run, uint8_t state)
{
    run->instance->state = state;
    run->state = &run->machine->states[state];
}

/* The effects of an outcome whose checks have passed. */
static fpl_taken obey(fpl_run *run, const fpl_outcome *outcome)
{
    fpl_conn      *conn = run->conn;
    fpl_block_view view;
    fpl_taken      taken;

    for (uint8_t i = 0; i < outcome->num_settles; i++) {
        conn->settled[outcome->settles[i].classifier->fixed] = outcome->settles[i].allowed;
    }
    if (outcome->extensions != 0) {
        taken = check_extensions(run, outcome, &view);
        if (taken != FPL_TAKEN) {
            return taken;
        }
    }
    taken = check_all(run, outcome);
    if (taken != FPL_TAKEN) {
        return taken;
    }
    trace(run, outcome, NULL,
          outcome->move == FPL_MOVE_GOTO   ? run->machine->states[outcome->next].name
          : outcome->move == FPL_MOVE_SAME ? run->state->name
          : outcome->move == FPL_MOVE_CLOSED ? "CLOSED"
                                             : NULL);
    if (run->key.kind == FPL_EVENT_MESSAGE && !run->row->event.seq_any && !stateless(run) && !hands_over(run, outcome)) {
        fpl_flights_note_received(conn, run->event, run->machine->version == FPL_VERSION_DTLS13);
    }
    if (outcome->transcript != FPL_TRANSCRIPT_NOTHING &&
        fpl_transcript_obey(conn, (fpl_transcript_op)outcome->transcript, run->event, run->msg) != FPL_STATUS_OK) {
        return broken(run, outcome, "transcript");
    }
    if (outcome->extensions != 0) {
        conn->peer_offered |= view.present;
    }
    if (outcome->extensions != 0 &&
        fpl_extensions_accept(conn, run->machine->version, outcome->extensions, &view) != FPL_STATUS_OK) {
        return broken(run, outcome, "extensions");
    }
    for (uint8_t i = 0; i < outcome->num_actions; i++) {
        if (outcome->actions[i].act(conn, run->msg) != FPL_STATUS_OK) {
            return broken(run, outcome, outcome->actions[i].name);
        }
    }
    if (fpl_keys_install(conn, outcome->keys) != FPL_STATUS_OK) {
        return broken(run, outcome, "keys");
    }
    fpl_keys_drop(conn, outcome->drop_keys);
    for (uint8_t i = 0; i < outcome->num_timers; i++) {
        fpl_timer_apply(conn, run->flight, &outcome->timers[i]);
    }
    if (outcome->send != FPL_NO_FLIGHT &&
        fpl_flight_prepare(conn, run->machine, (uint8_t)(outcome->send - 1), run->event) != FPL_STATUS_OK) {
        return broken(run, outcome, "send");
    }
    if (outcome->ack_now) {
        conn->ack_due = true;
        if (run->key.kind == FPL_EVENT_MESSAGE) {
            conn->has_acked = true;
            conn->acked_seq = run->event->seq;
        }
    }
    if (outcome->notify != FPL_NO_ALERT) {
        fpl_alert_notify(conn, (uint8_t)outcome->notify);
    }
    if (outcome->report != FPL_REPORT_NONE) {
        fpl_conn_report(conn, outcome->report);
    }
    return FPL_TAKEN;
}

static fpl_taken conclude(fpl_run *run, const fpl_outcome *outcome)
{
    fpl_conn *conn = run->conn;
    switch ((fpl_move)outcome->move) {
    case FPL_MOVE_GOTO:
        move(run, outcome->next);
        if (run->flight != NULL && run->state->writes) {
            fpl_flight_rewind(conn, run->flight, run->key.kind, run->key.code);
        }
        if (run->instance == &conn->handshake && run->state->final && outcome->send == FPL_NO_FLIGHT) {
            fpl_flights_answered(conn);
        }
        return FPL_TAKEN;
    case FPL_MOVE_SAME: return FPL_TAKEN;
    case FPL_MOVE_CLOSED:
        conn->life = FPL_LIFE_CLOSED;
        fpl_conn_drop_work(conn);
        return FPL_TAKEN_ENDED;
    case FPL_MOVE_ALERT:
        if (stateless(run)) {
            fpl_alert_notify(conn, (uint8_t)outcome->alert);
            conn->stats.dropped_unexpected++;
            return FPL_TAKEN_DROPPED;
        }
        return refuse(run, outcome, outcome->alert,
                      run->row->select != NULL ? run->row->select->name : event_name(&run->row->event), outcome->ref);
    case FPL_MOVE_FAIL:
        name_place(run, outcome);
        switch ((fpl_ending)outcome->ending) {
        case FPL_ENDING_TIMEOUT: fpl_conn_end(conn, FPL_FAILURE_TIMEOUT, FPL_NO_ALERT, NULL, outcome->ref); break;
        case FPL_ENDING_PEER_ALERT: fpl_conn_end(conn, FPL_FAILURE_PEER_ALERTED, conn->end.alert, NULL, outcome->ref); break;
        case FPL_ENDING_REPLACED: fpl_conn_end(conn, FPL_FAILURE_REPLACED, FPL_NO_ALERT, NULL, outcome->ref); break;
        case FPL_ENDING_NONE: return broken(run, outcome, "fail");
        }
        return FPL_TAKEN_ENDED;
    case FPL_MOVE_NONE: break;
    }
    return broken(run, outcome, "goto");
}

/* What is outstanding is resent by the figure of the version that goes on; its states of the same name correspond. */
static void hand_over_flights(fpl_conn *conn, const fpl_machine *to)
{
    for (size_t i = 0; to->version == FPL_VERSION_DTLS12 && i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_instance *resend = conn->flights[i] != NULL ? &conn->flights[i]->resend : NULL;
        if (resend != NULL && resend->machine == FPL_MACHINE_RESEND13) {
            uint8_t twin = fpl_machines[resend->machine]->states[resend->state].twin;
            resend->state = twin;
            resend->machine = FPL_MACHINE_RESEND12;
            fpl_release(conn->config, conn->flights[i]->book, sizeof *conn->flights[i]->book); /* ACKs are 1.3's */
            conn->flights[i]->book = NULL;
            conn->flights[i]->released = conn->flights[i]->released || twin == 0;
        }
    }
}

/* Runs one machine over one event, through the immediate states and hand-overs behind it. */
fpl_taken fpl_machine_run(fpl_conn *conn, fpl_instance *instance, fpl_flight *flight, const fpl_event *event)
{
    fpl_message msg;
    fpl_run     run;
    uint8_t     began = instance->state;
    memset(&run, 0, sizeof run);
    msg.id = FPL_MESSAGE_NONE;
    run.conn = conn;
    run.instance = instance;
    run.flight = flight;
    run.event = event;
    run.msg = &msg;
    run.machine = fpl_machines[instance->machine];
    run.state = fpl_instance_state(instance);
    run.key = fpl_event_key_of(run.machine, event);
    for (;;) {
        const fpl_outcome *outcome;
        fpl_taken          taken;
        run.row = fpl_row_find(conn, run.machine, run.state, &run.key);
        if (run.row == NULL || (run.key.kind == FPL_EVENT_MESSAGE && run.key.code == FPL_MESSAGE_NONE)) {
            return FPL_TAKEN_UNLISTED;
        }
        if (run.key.kind == FPL_EVENT_MESSAGE) {
            taken = decode(&run);
            if (taken != FPL_TAKEN) {
                return taken;
            }
        }
        run.chosen = run.row->select != NULL ? ask(conn, run.row->select, &msg) : 0;
        if (run.row->select != NULL && run.chosen == 0) {
            return broken(&run, NULL, run.row->select->name);
        }
        outcome = &run.row->outcomes[run.chosen];
        conn->message = &msg;
        taken = obey(&run, outcome);
        conn->message = NULL;
        if (taken == FPL_TAKEN) {
            taken = conclude(&run, outcome);
        }
        if (taken == FPL_TAKEN_DROPPED) {
            instance->state = began;
            return taken;
        }
        if (taken != FPL_TAKEN || conn->life != FPL_LIFE_LIVE) {
            return FPL_TAKEN_ENDED;
        }
        if (run.state->hand_to_machine != 0) {
            uint8_t state = run.state->hand_to_state;
            instance->machine = run.state->hand_to_machine;
            run.machine = fpl_machines[instance->machine];
            move(&run, state);
            hand_over_flights(conn, run.machine);
            run.key = fpl_event_key_of(run.machine, event);
            if (conn->scratch) {
                return FPL_TAKEN; /* a connection of its own goes on from here */
            }
            continue;
        }
        if (!run.state->immediate) {
            return FPL_TAKEN;
        }
        memset(&run.key, 0, sizeof run.key);
        run.key.kind = FPL_EVENT_IMMEDIATE;
    }
}
