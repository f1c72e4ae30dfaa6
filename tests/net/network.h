/* The two directions between the ends: what is sent in at one side comes out at the other late, twice, out of
 * order or not at all, and now and then with something that nobody sent. */
#ifndef FPL_TESTS_NET_NETWORK_H
#define FPL_TESTS_NET_NETWORK_H

#include "common/rng.h"
#include "net/plan.h"
#include "net/tally.h"
#include "net/tap.h"

/* A datagram on its way. */
typedef struct packet {
    fpl_time at;    /* when it arrives */
    uint64_t order; /* ties are broken by this */
    int      from;
    bool     genuine; /* the copy of a datagram of the other end, not a stranger's */
    size_t   len;
    uint8_t *bytes;
    tap_view *view; /* what is in it; NULL for a stranger's */
} packet;

void packet_free(packet *p);

#define NETWORK_MEMORY 24 /* datagrams kept for replay, each direction */

/* Decides the fate of each datagram in place of chance: how much later than usual it arrives, FPL_NEVER if it is lost. */
typedef fpl_time (*network_fate_fn)(void *arg, int side, const tap_view *view, fpl_time now);

typedef struct network {
    const plan *plan;
    rng         rng;
    packet     *packets;
    size_t      num_packets, cap_packets;
    uint64_t    order;
    fpl_time    last_flight_at; /* when the server's last flight, or the ACK in its place, was first sent; 0 = not yet */
    tally          *tally;
    network_fate_fn fate;
    void           *fate_arg;
    struct {
        uint8_t   bytes[1600];
        size_t    len;
        tap_view *view;
    } old[NUM_SIDES][NETWORK_MEMORY];
    size_t   num_old[NUM_SIDES];
    uint64_t sent, dropped, doubled, forged, replayed;
} network;

/* network_new makes an empty network. It is large: it lives on the heap. */
network *network_new(const plan *p, rng rng);
void     network_free(network *n);

/* network_send takes a copy of a datagram from `side`, and a share of what is in it. */
void network_send(network *n, int side, const uint8_t *datagram, size_t len, tap_view *view, fpl_time now);

/* network_next is when the next datagram arrives, FPL_NEVER when none is under way. */
fpl_time network_next(const network *n);

/* network_take takes the datagram that network_next told of; the caller frees it with packet_free. */
packet network_take(network *n);

#endif
