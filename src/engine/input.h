/* Reading: the attached datagram, held records and reassembled messages, one small step at a time. */
#ifndef FPL_ENGINE_INPUT_H
#define FPL_ENGINE_INPUT_H

#include "engine/conn.h"
#include "engine/event.h"

/* fpl_input_step does the next thing that was received. False when there is nothing left to do now. */
bool fpl_input_step(fpl_conn *conn);

/* fpl_input_message gives one complete message to the machines, as if a record of its own had brought it.
 * The listener uses it for a hello that came through its pool. */
fpl_taken fpl_input_message(fpl_conn *conn, const fpl_fragment *message);

/* fpl_input_forget detaches the datagram and frees what an event pointed into. */
void fpl_input_forget(fpl_conn *conn);

/* fpl_input_return_borrowed frees the copies that events of the call before pointed into. */
void fpl_input_return_borrowed(fpl_conn *conn);

/* fpl_input_free frees everything held. */
void fpl_input_free(fpl_conn *conn);

/* fpl_fragment_read takes the next fragment off `rest`. False when the header or body is cut short. */
bool fpl_fragment_read(fpl_bytes *rest, uint16_t epoch, fpl_fragment *out);

#endif
