/* Writing datagrams: what is due, cut to the MTU, sealed under each message's epoch. */
#ifndef FPL_ENGINE_OUTPUT_H
#define FPL_ENGINE_OUTPUT_H

#include "engine/conn.h"

/* fpl_output_is_due tells whether there may be something to write: asked for every record, and mostly not. */
static inline bool fpl_output_is_due(const fpl_conn *conn)
{
    return conn->num_flights > 0 || conn->alert.set || conn->ack_due;
}

/* fpl_output_datagram writes the next datagram. FPL_OK with *len 0 when nothing is due (or the amplification
 * limit of RFC 9147 section 5.1 keeps it back); FPL_BUFFER_TOO_SMALL with *len the size that it needs, and
 * then nothing has been used up. */
fpl_result fpl_output_datagram(fpl_conn *conn, uint8_t *out, size_t cap, size_t *len);

#endif
