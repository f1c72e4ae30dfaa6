/* A datagram as records, and the handshake messages that end in it, on standard output. */
#ifndef FPL_TOOL_DISSECT_H
#define FPL_TOOL_DISSECT_H

#include "datagram.h"
#include "fragments.h"

/* One direction of a conversation: its halves of messages, and what has been agreed. */
typedef struct flow {
    char      from[END_TEXT];
    char      to[END_TEXT];
    fragments fragments;
    uint16_t  cipher_suite; /* of the latest ServerHello, either way; 0 = none seen */
} flow;

typedef struct dissector {
    flow  *flows;
    size_t num_flows;
    size_t shown;   /* datagrams that were DTLS */
    size_t skipped; /* that were not */
    bool   doubt;   /* the input may hold other things than DTLS */
    bool   full;
} dissector;

/* dissect_datagram is a datagram_fn; `arg` is the dissector. */
void dissect_datagram(void *arg, const datagram *d);
void dissector_free(dissector *d);

#endif
