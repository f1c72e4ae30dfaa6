/* Handshake messages: fragments in, whole messages to the machines in their order (RFC 6347 section 4.2.2, RFC 9147 section
 * 5.5). */
#ifndef FPL_ENGINE_MESSAGES_H
#define FPL_ENGINE_MESSAGES_H

#include "engine/conn.h"
#include "engine/event.h"

/* fpl_fragment_read takes the next fragment off `rest`. False when the header or body is cut short. */
bool fpl_fragment_read(fpl_bytes *rest, uint16_t epoch, fpl_fragment *out);

/* fpl_messages_next takes the next fragment of the handshake record at hand. False when there is none. */
bool fpl_messages_next(fpl_conn *conn);

/* fpl_messages_next_whole takes the next message, if reassembly has all of it and the state takes messages now. */
bool fpl_messages_next_whole(fpl_conn *conn);

/* fpl_input_message gives one complete message to the machines, as if a record of its own had brought it.
 * The listener uses it for a hello that came through its pool. */
fpl_taken fpl_input_message(fpl_conn *conn, const fpl_fragment *message);

#endif
