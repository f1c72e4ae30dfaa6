/* The interpreter: events in, rows of the tables obeyed. The only place where a machine's state is assigned. */
#ifndef FPL_ENGINE_INTERPRET_H
#define FPL_ENGINE_INTERPRET_H

#include "engine/conn.h"

/* fpl_event is something that happened. */
typedef struct fpl_event {
    uint8_t   kind;  /* fpl_event_kind */
    uint8_t   code;
    uint16_t  epoch;
    /* FPL_EVENT_MESSAGE only: */
    uint8_t   type;  /* handshake type */
    uint16_t  seq;
    bool      rest_follows;
    fpl_bytes body;
} fpl_event;

typedef enum fpl_taken {
    FPL_TAKEN_NONE,
    FPL_TAKEN,         /* a row listed the event and was obeyed */
    FPL_TAKEN_UNLISTED, /* nothing lists it here; nothing has changed */
    FPL_TAKEN_DROPPED, /* a stateless machine found it wanting; nothing has changed */
    FPL_TAKEN_ENDED,   /* the connection ended over it */
} fpl_taken;

/* fpl_dispatch gives `event` to the handshake machine and to the companions that run beside its state. */
fpl_taken fpl_dispatch(fpl_conn *conn, const fpl_event *event);

/* fpl_dispatch_flight gives `event` to the resend machine of one flight. */
fpl_taken fpl_dispatch_flight(fpl_conn *conn, fpl_flight *flight, const fpl_event *event);

/* fpl_dispatch_flights gives it to those of all flights. */
void fpl_dispatch_flights(fpl_conn *conn, const fpl_event *event);

/* fpl_instance_begin puts `instance` at its machine's initial state. */
void fpl_instance_begin(fpl_instance *instance, uint8_t machine);

/* fpl_conn_hand_over starts `conn` where `from`, a connection that only listened, was handed over to, with
 * the classifiers that were settled there. False when `from` was not handed over. */
bool fpl_conn_hand_over(fpl_conn *conn, const fpl_conn *from);

/* fpl_instance_state is the present state's table row. */
static inline const fpl_state *fpl_instance_state(const fpl_instance *instance)
{
    return &fpl_machines[instance->machine]->states[instance->state];
}

/* fpl_conn_lists tells whether the handshake machine has a row for an event of this kind and code now. */
bool fpl_conn_lists(const fpl_conn *conn, uint8_t kind, uint8_t code);

/* fpl_conn_takes_seq_any tells whether a message of this type and epoch is taken whatever its message_seq. */
bool fpl_conn_takes_seq_any(const fpl_conn *conn, uint8_t type, uint16_t epoch);

/* fpl_conn_fail ends `conn` with an alert of ours that no row names, such as an internal error. `what` and
 * `ref` are static. */
void fpl_conn_fail(fpl_conn *conn, fpl_failure_class failure, int alert, const char *what, const char *ref);

/* fpl_conn_refuse_unlisted ends `conn` over a message of this handshake type, which no running machine lists, as
 * its `unlisted` says. False when that says to discard it. */
bool fpl_conn_refuse_unlisted(fpl_conn *conn, uint8_t type);

#endif
