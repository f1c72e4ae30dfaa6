/* What must hold, whatever the network does. */
#ifndef FPL_TESTS_NET_ORACLE_H
#define FPL_TESTS_NET_ORACLE_H

#include "net/world.h"

/* What was sent between two waits. */
typedef struct burst {
    cause    why;
    unsigned datagrams;
    bool     handshake; /* it holds handshake messages or a ChangeCipherSpec */
    unsigned lowest;    /* message_seq; PACE_LAST if it has none in the clear */
    unsigned highest;
    size_t   sent[NETWORK_MESSAGES]; /* bytes of each message */
} burst;

#define PACE_LAST 0xffffu

burst burst_of(cause why);

/* oracle_datagram looks at a datagram that `a` is about to send. */
void oracle_datagram(assoc *a, burst *b, const uint8_t *datagram, size_t len);

/* oracle_burst looks at all that was sent at once. */
void oracle_burst(assoc *a, const burst *b);

/* oracle_stateless looks at a listener's answer to `request_len` bytes. */
void oracle_stateless(end *e, size_t request_len, const uint8_t *datagram, size_t len);

/* oracle_expects_data tells whether handing `datagram` to `a` now must bring its application data out;
 * oracle_took remembers that it was handed in. */
bool oracle_expects_data(const assoc *a, const uint8_t *datagram, size_t len);
void oracle_took(assoc *a, const uint8_t *datagram, size_t len);

/* oracle_verdict judges the world when everything has come to rest. */
world_outcome oracle_verdict(world *w);

#endif
