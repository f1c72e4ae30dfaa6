/* Telling the application which row was taken. */
#ifndef FPL_ENGINE_TRACE_H
#define FPL_ENGINE_TRACE_H

#include "engine/conn.h"

/* fpl_trace_row calls the configured trace, which there must be: `machine` in `state` took `row` with the outcome `chosen`.
 * `check` names the check that refused, `next` the state it goes to; either may be NULL. */
void fpl_trace_row(fpl_conn *conn, const fpl_machine *machine, const fpl_state *state, const fpl_row *row, uint8_t chosen,
                   const fpl_outcome *outcome, const char *check, const char *next);

#endif
