/* Waiting: for descriptors, a deadline, or somebody who wants us to end. */
#ifndef FPL_TOOL_WAIT_H
#define FPL_TOOL_WAIT_H

#include <flightplan/types.h>

#include <poll.h>
#include <stdbool.h>

/* wait_catch_signals has SIGINT and SIGTERM end waits instead of the program. */
void wait_catch_signals(void);

/* wait_for waits until a descriptor is ready, `deadline` has come or a signal was caught; descriptors that
 * are not ready, and all of them after a signal, have revents 0. */
void wait_for(struct pollfd *fds, nfds_t num, fpl_time deadline);

/* wait_interrupted tells that a signal was caught. */
bool wait_interrupted(void);

#endif
