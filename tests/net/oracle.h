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
    struct {
        bool     in; /* something of it is */
        bool     new_bytes, old_bytes; /* sent for the first time, again */
        unsigned records;
    } flights[LEDGER_FLIGHTS]; /* DTLS 1.3 */
    const tap_record *last_record;
} burst;

#define PACE_LAST 0xffffu

burst burst_of(cause why);

/* oracle_datagram looks at a datagram that `a` is about to send. */
void oracle_datagram(assoc *a, burst *b, const tap_view *view, const uint8_t *datagram, size_t len);

/* oracle_data looks at a datagram of application data that `a` sends. */
void oracle_data(assoc *a, const tap_view *view);

/* oracle_burst looks at all that was sent at once. */
void oracle_burst(assoc *a, const burst *b);

/* oracle_stateless looks at a datagram of a listener's answer to somebody without a connection. */
void oracle_stateless(end *e, const tap_view *view, const uint8_t *datagram, size_t len);

/* oracle_expects_data tells whether handing a datagram to `a` now must bring its application data out;
 * oracle_took remembers that it was handed in. */
bool oracle_expects_data(const assoc *a, const tap_view *view);
void oracle_took(assoc *a, const tap_view *view);

/* oracle_verdict judges the world when everything has come to rest. */
world_outcome oracle_verdict(world *w);

#endif
