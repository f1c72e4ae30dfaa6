/* What records carry besides handshake messages, ACKs and application data: change_cipher_spec and alerts. */
#ifndef FPL_ENGINE_CONTENT_H
#define FPL_ENGINE_CONTENT_H

#include "engine/conn.h"

/* fpl_content_ccs takes the body of a change_cipher_spec record of DTLS 1.2; one that comes early may be held as one bit. */
void fpl_content_ccs(fpl_conn *conn, fpl_bytes body);

/* fpl_content_early_ccs gives that bit to the state that lists it. False when there is none, or it has to wait. */
bool fpl_content_early_ccs(fpl_conn *conn);

/* fpl_content_alert takes the body of an alert record of `epoch`. */
void fpl_content_alert(fpl_conn *conn, uint16_t epoch, fpl_bytes body);

#endif
