/* One connection on a socket: everything it has to say is sent, told or handed on. */
#ifndef FPL_TOOL_CHANNEL_H
#define FPL_TOOL_CHANNEL_H

#include <flightplan/flightplan.h>
#include <flightplan/x509.h>

#include "options.h"
#include "udp.h"

typedef struct channel {
    fpl_conn          *conn;
    const options     *options;
    const fpl_trust_store *authorities; /* judge the peer's chain; NULL: nobody does */
    int                fd;
    const udp_address *to; /* NULL: the socket is connected */
    char               who[ADDRESS_TEXT];
    bool               connected;
    bool               peer_closed;
    bool               failed;
    fpl_time           deadline; /* when channel_timeout is due; FPL_NEVER */
    uint64_t           bytes_received;
    uint64_t           records_sent; /* since the keys were last renewed, with --update-keys */
} channel;

/* channel_drain polls until there is nothing left to do: call it after whatever touched the connection. Data
 * goes to standard output (and back, with --echo). */
void channel_drain(channel *l);

/* channel_send sends `len` bytes as records, each as long as the path carries. They must not be inside a
 * datagram of the connection's. */
void channel_send(channel *l, const uint8_t *data, size_t len);

/* channel_timeout runs what is due, channel_close says goodbye; both drain. */
void channel_timeout(channel *l);
void channel_close(channel *l);

/* channel_over tells that nothing will come any more. */
bool channel_over(const channel *l);

#endif
