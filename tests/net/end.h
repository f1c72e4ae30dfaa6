/* One end: its configuration, and the calls that drive it. */
#ifndef FPL_TESTS_NET_END_H
#define FPL_TESTS_NET_END_H

#include "net/world.h"

/* end_open makes the configuration and, unless clients make them, the connection. False when memory is short. */
bool end_open(end *e, world *w, int side);
void end_free(end *e);

/* end_start begins a client's handshake. */
void end_start(end *e);

/* end_receive hands in a datagram and does all that follows from it. */
void end_receive(end *e, packet *p);

/* end_wake calls what has fallen due. */
void end_wake(end *e);

/* end_drain polls `a` until it only has a deadline left. */
void end_drain(assoc *a, cause why);

/* end_settle asks when the end wants to be woken, after anything was done with it. */
void end_settle(end *e);

/* end_assoc finds the living association of `conn`, end_assoc_by_id the one of that id; NULL when it is gone. */
assoc *end_assoc(end *e, const fpl_conn *conn);
assoc *end_assoc_by_id(end *e, unsigned id);

/* end_connected finds the association that is connected, or NULL. */
assoc *end_connected(const end *e);

/* end_retry tells whether a call whose result is `result` should be made again: when memory was short,
 * a few times. `attempts` starts at 0. */
bool end_retry(fpl_result result, unsigned *attempts);

#endif
