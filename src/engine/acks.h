/* ACK records (RFC 9147 section 7): what ours name, and what the peer's mean for our flights. When one is due is for
 * the machines to say. */
#ifndef FPL_ENGINE_ACKS_H
#define FPL_ENGINE_ACKS_H

#include "engine/conn.h"

/* fpl_acks_note notes a handshake record of the peer's, which the next ACK names. */
void fpl_acks_note(fpl_conn *conn, uint16_t epoch, uint64_t seq);

/* fpl_acks_forget takes it back: something in that record was dropped. */
void fpl_acks_forget(fpl_conn *conn, uint16_t epoch, uint64_t seq);

/* fpl_acks_begin forgets all: a flight of ours acknowledges what came before it. */
void fpl_acks_begin(fpl_conn *conn);

/* fpl_acks_due tells whether an ACK is to be sent, and there is something to name and an epoch to send it in. */
bool fpl_acks_due(const fpl_conn *conn);

/* fpl_acks_body writes the body of an ACK into `out`, of at most `cap` octets: the newest records that fit, in increasing
 * order. It returns the length; 0 if not even one fits. There must be something to name: fpl_acks_due. */
size_t fpl_acks_body(const fpl_conn *conn, uint8_t *out, size_t cap);

/* FPL_ACK_BODY_MAX is the longest that fpl_acks_body makes. */
#define FPL_ACK_BODY_MAX (2 + 16 * FPL_LIMIT_VALUE_ACK_RECORDS)

/* fpl_acks_sent notes that the ACK was written. */
void fpl_acks_sent(fpl_conn *conn);

/* fpl_acks_receive takes the body of an authenticated ACK: flights learn what of them has arrived. A malformed one ends the
 * connection. */
void fpl_acks_receive(fpl_conn *conn, uint16_t epoch, fpl_bytes body);

/* fpl_acks_judge tells the resend machine of `flight` what was named and not yet obeyed. */
void fpl_acks_judge(fpl_conn *conn, fpl_flight *flight);

/* fpl_acks_tell tells machines that wait for the ACK of a flight: it, and every message before it, has arrived. */
void fpl_acks_tell(fpl_conn *conn);

/* fpl_acks_free frees the list. */
void fpl_acks_free(fpl_conn *conn);

#endif
