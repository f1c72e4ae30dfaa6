/* What the library tells while it works: transitions, and secrets for those who want to read along. */
#ifndef FPL_TOOL_TRACE_H
#define FPL_TOOL_TRACE_H

#include <flightplan/flightplan.h>

#include <stdbool.h>
#include <stdio.h>

/* trace_print is an fpl_trace_fn that prints each transition on standard error. */
void trace_print(void *arg, const fpl_conn *conn, const fpl_trace_event *event);

/* key_log is a file that secrets are added to. */
typedef struct key_log {
    const char *path;
    FILE       *file; /* NULL: none */
    bool        lost; /* not all of them arrived */
} key_log;

/* key_log_print is an fpl_key_log_fn that adds the line to `arg`, a key_log. The first time that it cannot, it
 * complains. */
void key_log_print(void *arg, const char *line);

#endif
