/* Tells which rows of the machines a test program took, for the coverage report. */
#ifndef FPL_TESTS_COMMON_TRACE_H
#define FPL_TESTS_COMMON_TRACE_H

#include <flightplan/flightplan.h>

/* trace_install sets the trace callback of `config` to write to the file that the environment names in
 * FPL_TRACE_FILE; without one, to the build's own, from which the test rows.covered counts; with an empty name, not
 * at all. Each row taken, and each check that refused, is appended there once per program as a line
 *
 *     machine state event outcome file:line
 *     refused machine state check file:line
 *
 * with `-` for what is empty. */
void trace_install(fpl_config *config);

/* trace_watch has `watch` called for each event as well; one at a time, NULL ends it. */
typedef void (*trace_watch_fn)(void *arg, const fpl_conn *conn, const fpl_trace_event *event);
void trace_watch(trace_watch_fn watch, void *arg);

#endif
