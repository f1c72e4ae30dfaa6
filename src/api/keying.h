/* Keying material for other protocols (RFC 5705), and its cut for SRTP (RFC 5764 section 4.2). */
#ifndef FPL_API_KEYING_H
#define FPL_API_KEYING_H

#include "engine/conn.h"

/* fpl_keying_srtp exports into the handshake, which goes at the next call, and points `out` there. False when
 * libcrypto fails. */
bool fpl_keying_srtp(fpl_conn *conn, fpl_srtp_keys *out);

#endif
