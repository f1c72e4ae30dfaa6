/* What the library tells while it works: transitions, and secrets for those who want to read along. */
#ifndef FPL_TOOL_TRACE_H
#define FPL_TOOL_TRACE_H

#include <flightplan/flightplan.h>

#include <stdio.h>

/* trace_print is an fpl_trace_fn that prints each transition on standard error. */
void trace_print(void *arg, const fpl_conn *conn, const fpl_trace_event *event);

/* key_log_print is an fpl_key_log_fn that adds the line to `arg`, a FILE. */
void key_log_print(void *arg, const char *line);

#endif
