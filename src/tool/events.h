/* What connections report, put into words on standard error. */
#ifndef FPL_TOOL_EVENTS_H
#define FPL_TOOL_EVENTS_H

#include <flightplan/flightplan.h>

#include "options.h"

/* `who` says which peer it is about, e.g. "127.0.0.1:4444". */
void event_peer_certificate(const char *who, const fpl_output *out);
void event_connected(const char *who, const fpl_conn *conn);
void event_srtp(const options *o, const fpl_srtp_keys *keys);
void event_failed(const options *o, const char *who, const fpl_conn *conn);

#endif
