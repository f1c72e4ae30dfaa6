#include "api/peers.h"

#include <string.h>

#define FPL_FIRST_BUCKETS 64

fpl_status fpl_peers_setup(fpl_peers *peers, const fpl_config *config)
{
    return fpl_config_random(config, (uint8_t *)peers->key, sizeof peers->key);
}

uint64_t fpl_peers_hash(const fpl_peers *peers, fpl_bytes address)
{
    return SIPHASH_24(peers->key, address.data, address.len);
}

fpl_peer *fpl_peers_find(const fpl_peers *peers, fpl_bytes address, uint64_t hash)
{
    fpl_peer *peer = peers->num_buckets == 0 ? NULL : peers->buckets[hash & (peers->num_buckets - 1)];
    while (peer != NULL && (peer->hash != hash || peer->address_len != address.len ||
                            memcmp(peer->address, address.data, address.len) != 0)) {
        peer = peer->next;
    }
    return peer;
}

static bool grow(fpl_peers *peers, const fpl_config *config)
{
    size_t     num = peers->num_buckets == 0 ? FPL_FIRST_BUCKETS : 2 * peers->num_buckets;
    fpl_peer **buckets = fpl_allocate(config, num * sizeof *buckets);
    if (buckets == NULL) {
        return peers->num_buckets != 0; /* longer chains will do */
    }
    for (size_t i = 0; i < peers->num_buckets; i++) {
        while (peers->buckets[i] != NULL) {
            fpl_peer *peer = peers->buckets[i];
            peers->buckets[i] = peer->next;
            peer->next = buckets[peer->hash & (num - 1)];
            buckets[peer->hash & (num - 1)] = peer;
        }
    }
    fpl_release(config, peers->buckets, peers->num_buckets * sizeof *buckets);
    peers->buckets = buckets;
    peers->num_buckets = num;
    return true;
}

bool fpl_peers_add(fpl_peers *peers, const fpl_config *config, fpl_peer *peer)
{
    fpl_peer **bucket;
    if (peers->num >= peers->num_buckets && !grow(peers, config)) {
        return false;
    }
    bucket = &peers->buckets[peer->hash & (peers->num_buckets - 1)];
    peer->next = *bucket;
    *bucket = peer;
    peers->num++;
    return true;
}

void fpl_peers_remove(fpl_peers *peers, fpl_peer *peer)
{
    fpl_peer **at;
    if (peers->num_buckets == 0) {
        return;
    }
    for (at = &peers->buckets[peer->hash & (peers->num_buckets - 1)]; *at != NULL; at = &(*at)->next) {
        if (*at == peer) {
            *at = peer->next;
            peer->next = NULL;
            peers->num--;
            return;
        }
    }
}

/* --- the heap ------------------------------------------------------------------------------------- */

bool fpl_peers_reserve(fpl_peers *peers, const fpl_config *config, size_t num)
{
    size_t     cap = peers->heap_cap == 0 ? FPL_FIRST_BUCKETS : 2 * peers->heap_cap;
    fpl_peer **heap;
    if (num <= peers->heap_cap) {
        return true;
    }
    heap = fpl_allocate(config, cap * sizeof *heap);
    if (heap == NULL) {
        return false;
    }
    if (peers->heap_num > 0) {
        memcpy(heap, peers->heap, peers->heap_num * sizeof *heap);
    }
    fpl_release(config, peers->heap, peers->heap_cap * sizeof *heap);
    peers->heap = heap;
    peers->heap_cap = cap;
    return true;
}

static void put(fpl_peers *peers, size_t at, fpl_peer *peer)
{
    peers->heap[at] = peer;
    peer->heap_at = at;
}

static void rise(fpl_peers *peers, size_t at)
{
    fpl_peer *peer = peers->heap[at];
    while (at > 0 && peers->heap[(at - 1) / 2]->deadline > peer->deadline) {
        put(peers, at, peers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(peers, at, peer);
}

static void sink(fpl_peers *peers, size_t at)
{
    fpl_peer *peer = peers->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= peers->heap_num) {
            break;
        }
        if (child + 1 < peers->heap_num && peers->heap[child + 1]->deadline < peers->heap[child]->deadline) {
            child++;
        }
        if (peers->heap[child]->deadline >= peer->deadline) {
            break;
        }
        put(peers, at, peers->heap[child]);
        at = child;
    }
    put(peers, at, peer);
}

void fpl_peers_schedule(fpl_peers *peers, fpl_peer *peer, fpl_time deadline)
{
    if (peer->heap_at == FPL_NOT_IN_HEAP) {
        if (deadline == FPL_NEVER || peers->heap_num == peers->heap_cap) {
            return; /* room was reserved when the peer was made */
        }
        peer->deadline = deadline;
        put(peers, peers->heap_num++, peer);
        rise(peers, peer->heap_at);
        return;
    }
    if (deadline == FPL_NEVER) {
        size_t at = peer->heap_at;
        peers->heap_num--;
        peer->heap_at = FPL_NOT_IN_HEAP;
        if (at < peers->heap_num) {
            put(peers, at, peers->heap[peers->heap_num]);
            rise(peers, at);
            sink(peers, at);
        }
        return;
    }
    peer->deadline = deadline;
    rise(peers, peer->heap_at);
    sink(peers, peer->heap_at);
}

void fpl_peers_free(fpl_peers *peers, const fpl_config *config)
{
    fpl_release(config, peers->buckets, peers->num_buckets * sizeof *peers->buckets);
    fpl_release(config, peers->heap, peers->heap_cap * sizeof *peers->heap);
    memset(peers, 0, sizeof *peers);
}
