/* How a connection ends: once, for good, and with its reason kept for fpl_conn_explain. */
#ifndef FPL_ENGINE_ENDING_H
#define FPL_ENGINE_ENDING_H

#include "engine/conn.h"

/* fpl_conn_end ends `conn`; the place in the spec has been noted in conn->end. An alert of ours is queued unless the
 * peer, a timer or a newer association ended it. `what` and `ref` are static. */
void fpl_conn_end(fpl_conn *conn, fpl_failure_class failure, int alert, const char *what, const char *ref);

/* fpl_conn_fail ends `conn` with an alert of ours that no row names, such as an internal error. `what` and
 * `ref` are static. */
void fpl_conn_fail(fpl_conn *conn, fpl_failure_class failure, int alert, const char *what, const char *ref);

/* fpl_conn_breach ends `conn` over what no authenticated record may hold, as the record table of its version says. Of what
 * did not decode, `failed` is the reader; otherwise NULL. */
void fpl_conn_breach(fpl_conn *conn, fpl_breach breach, const fpl_reader *failed);

/* fpl_conn_refuse_unlisted ends `conn` over a message of this handshake type, which no running machine lists, as
 * its `unlisted` says. False when that says to discard it. */
bool fpl_conn_refuse_unlisted(fpl_conn *conn, uint8_t type);

#endif
