/* Who gets an event: the handshake machine, the companions beside it, the resend machines of flights. */
#ifndef FPL_ENGINE_DISPATCH_H
#define FPL_ENGINE_DISPATCH_H

#include "engine/event.h"

/* fpl_dispatch gives `event` to the handshake machine and to the companions that run beside its state. */
fpl_taken fpl_dispatch(fpl_conn *conn, const fpl_event *event);

/* fpl_raise dispatches an event that has no more to it than its kind and code. */
fpl_taken fpl_raise(fpl_conn *conn, uint8_t kind, uint8_t code);

/* fpl_runs_beside tells whether `companion` runs beside the present state of `handshake`. */
bool fpl_runs_beside(const fpl_instance *companion, const fpl_instance *handshake);

/* fpl_dispatch_flight gives `event` to the resend machine of one flight. */
fpl_taken fpl_dispatch_flight(fpl_conn *conn, fpl_flight *flight, const fpl_event *event);

/* fpl_dispatch_flights gives it to those of all flights. */
void fpl_dispatch_flights(fpl_conn *conn, const fpl_event *event);

#endif
