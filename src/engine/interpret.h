/* The interpreter: events in, rows of the tables obeyed. The only place where a machine's state is assigned. */
#ifndef FPL_ENGINE_INTERPRET_H
#define FPL_ENGINE_INTERPRET_H

#include "engine/event.h"

/* fpl_machine_run runs `instance` over one event, through the immediate states and hand-overs behind it. `flight` is
 * that of a resend machine, else NULL. */
fpl_taken fpl_machine_run(fpl_conn *conn, fpl_instance *instance, fpl_flight *flight, const fpl_event *event);

/* fpl_instance_begin puts `instance` at its machine's initial state. */
void fpl_instance_begin(fpl_instance *instance, uint8_t machine);

/* fpl_conn_hand_over starts `conn` where `from`, a connection that only listened, was handed over to, with
 * the classifiers that were settled there. False when `from` was not handed over. */
bool fpl_conn_hand_over(fpl_conn *conn, const fpl_conn *from);

/* fpl_conn_holds evaluates the `when` of a flight line; a classifier that answers out of its range sets *broken. */
bool fpl_conn_holds(fpl_conn *conn, const fpl_condition *conditions, uint8_t num, bool *broken);

#endif
