/* Reading: the attached datagram, held records and reassembled messages, one small step at a time. */
#ifndef FPL_ENGINE_INPUT_H
#define FPL_ENGINE_INPUT_H

#include "engine/conn.h"
#include "engine/event.h"

/* fpl_input_step does the next thing that was received. False when there is nothing left to do now. */
bool fpl_input_step(fpl_conn *conn);

/* fpl_input_opens tells whether any record of a datagram was sealed with the keys of `conn`. Nothing of `conn` changes;
 * `copy`, of `len` octets, is spoilt. */
bool fpl_input_opens(fpl_conn *conn, uint8_t *copy, size_t len);

/* fpl_input_forget detaches the datagram and frees what an event pointed into. */
void fpl_input_forget(fpl_conn *conn);

/* fpl_input_return_borrowed frees the copies that events of the call before pointed into. */
void fpl_input_return_borrowed(fpl_conn *conn);

/* fpl_input_free frees everything held. */
void fpl_input_free(fpl_conn *conn);

#endif
