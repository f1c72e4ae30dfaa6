/* Timers: those of the connection and those of each flight, in milliseconds of the caller's clock. */
#ifndef FPL_ENGINE_TIMER_H
#define FPL_ENGINE_TIMER_H

#include "engine/conn.h"

/* fpl_clocks_clear stops all of an array of FPL_NUM_TIMERS clocks. */
void fpl_clocks_clear(fpl_clock clocks[FPL_NUM_TIMERS]);

/* fpl_timer_apply does a row's timer operation on the flight's timer, or with NULL on the connection's. */
void fpl_timer_apply(fpl_conn *conn, fpl_flight *flight, const fpl_timer_op *op);

/* fpl_timers_run raises the timers that are due by conn->now, each at most once. */
void fpl_timers_run(fpl_conn *conn);

#endif
