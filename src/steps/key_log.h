/* Secrets for whoever may read the connection, as lines of the SSLKEYLOGFILE format (draft-ietf-tls-keylogfile
 * section 2). */
#ifndef FPL_STEPS_KEY_LOG_H
#define FPL_STEPS_KEY_LOG_H

#include "engine/conn.h"

/* fpl_key_log tells `secret`, at most FPL_HASH_MAX_LEN octets, under `label`; nothing without a configured log. */
void fpl_key_log(const fpl_conn *conn, const char *label, fpl_bytes secret);

#endif
