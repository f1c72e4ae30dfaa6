/* The two directions between the ends: what is sent in at one side comes out at the other late, twice, out of
 * order or not at all, and now and then with something that nobody sent. */
#ifndef FPL_TESTS_NET_NETWORK_H
#define FPL_TESTS_NET_NETWORK_H

#include "common/rng.h"
#include "net/plan.h"

/* A datagram on its way. */
typedef struct packet {
    fpl_time at;    /* when it arrives */
    uint64_t order; /* ties are broken by this */
    int      from;
    bool     genuine; /* the copy of a datagram of the other end, not a stranger's */
    size_t   len;
    uint8_t *bytes;
} packet;

#define NETWORK_MESSAGES 16  /* message_seqs whose bytes are told apart */
#define NETWORK_BYTES    4096
#define NETWORK_MEMORY   24  /* datagrams kept for replay, each direction */

typedef struct network {
    const plan *plan;
    rng         rng;
    packet     *packets;
    size_t      num_packets, cap_packets;
    uint64_t    order;
    fpl_time    last_flight_at; /* when the server's CCS was first sent; 0 = not yet */
    /* How often each byte of each handshake message was lost, for mode A; the records that hold no
     * handshake bytes to be seen have one counter each. */
    uint8_t lost[NUM_SIDES][NETWORK_MESSAGES][NETWORK_BYTES];
    uint8_t lost_ccs[NUM_SIDES];
    uint8_t lost_finished[NUM_SIDES];
    struct {
        uint8_t bytes[1600];
        size_t  len;
    } old[NUM_SIDES][NETWORK_MEMORY];
    size_t   num_old[NUM_SIDES];
    uint64_t sent, dropped, doubled, forged, replayed;
} network;

/* network_new makes an empty network. It is large: it lives on the heap. */
network *network_new(const plan *p, rng rng);
void     network_free(network *n);

/* network_send takes a copy of a datagram from `side`. */
void network_send(network *n, int side, const uint8_t *datagram, size_t len, fpl_time now);

/* network_next is when the next datagram arrives, FPL_NEVER when none is under way. */
fpl_time network_next(const network *n);

/* network_take takes the datagram that network_next told of; the caller frees `bytes`. */
packet network_take(network *n);

#endif
