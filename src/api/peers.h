/* The listener's connections: found by address, and by what falls due first. */
#ifndef FPL_API_PEERS_H
#define FPL_API_PEERS_H

#include <openssl/siphash.h>

#include "engine/conn.h"

#define FPL_NOT_IN_HEAP SIZE_MAX

/* fpl_peer is one connection of a listener. */
typedef struct fpl_peer {
    fpl_conn         conn; /* first: a connection's peer is found by conn->peer all the same */
    struct fpl_peer *next; /* in its bucket, or in the list of those replaced */
    struct fpl_peer *replacement; /* a newer association of the same address, not CONNECTED yet */
    struct fpl_peer *replaces;    /* the other way round */
    uint64_t         hash;
    size_t           heap_at;
    fpl_time         deadline;
    uint8_t          address[FPL_LIMIT_VALUE_ADDRESS_BYTES];
    uint8_t          address_len;
} fpl_peer;

/* fpl_peers is a hash table by address, keyed so that nobody can aim at one bucket, and a heap by deadline. */
typedef struct fpl_peers {
    fpl_peer **buckets;
    size_t     num_buckets; /* a power of two */
    size_t     num;
    fpl_peer **heap;
    size_t     heap_num;
    size_t     heap_cap;
    uint64_t   key[2];
} fpl_peers;

/* fpl_peers_setup draws the key. */
fpl_status fpl_peers_setup(fpl_peers *peers, const fpl_config *config);

/* fpl_peers_hash is the place of an address. */
uint64_t fpl_peers_hash(const fpl_peers *peers, fpl_bytes address);

/* fpl_peers_find returns the connection of an address, or NULL. */
fpl_peer *fpl_peers_find(const fpl_peers *peers, fpl_bytes address, uint64_t hash);

/* fpl_peers_add puts `peer`, whose hash is set, into the table. False when memory is short. */
bool fpl_peers_add(fpl_peers *peers, const fpl_config *config, fpl_peer *peer);

/* fpl_peers_remove takes it out of the table; nothing happens if it is not in. */
void fpl_peers_remove(fpl_peers *peers, fpl_peer *peer);

/* fpl_peers_schedule moves `peer` to its place by `deadline`; FPL_NEVER takes it out of the heap. */
void fpl_peers_schedule(fpl_peers *peers, fpl_peer *peer, fpl_time deadline);

/* fpl_peers_reserve makes sure that `num` peers can be scheduled at once, whether or not they are now: one that has
 * no deadline may get one later. False when memory is short. */
bool fpl_peers_reserve(fpl_peers *peers, const fpl_config *config, size_t num);

/* fpl_peers_free frees the table and the heap, not the peers. */
void fpl_peers_free(fpl_peers *peers, const fpl_config *config);

#endif
