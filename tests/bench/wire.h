/* The wire between two ends: datagrams in memory, counted. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_DATAGRAMS 32
#define BENCH_DATAGRAM_MAX 2048

/* bench_wire is one direction. Its slots are reused from the first one on whenever it has run empty, so that a
 * library which works in place finds the bytes where it left them. */
typedef struct bench_wire {
    uint8_t slots[BENCH_DATAGRAMS][BENCH_DATAGRAM_MAX];
    size_t  lengths[BENCH_DATAGRAMS];
    size_t  first;
    size_t  num;
    size_t  datagrams; /* ever */
    size_t  bytes;
} bench_wire;

/* bench_wire_room is where the next datagram goes, of at most BENCH_DATAGRAM_MAX bytes. */
static inline uint8_t *bench_wire_room(bench_wire *wire)
{
    if (wire->first == wire->num) {
        wire->first = 0;
        wire->num = 0;
    }
    return wire->num < BENCH_DATAGRAMS ? wire->slots[wire->num] : NULL;
}

/* bench_wire_put says that `len` bytes have been written there. */
static inline void bench_wire_put(bench_wire *wire, size_t len)
{
    wire->lengths[wire->num++] = len;
    wire->datagrams++;
    wire->bytes += len;
}

/* bench_wire_take returns the oldest datagram, or NULL. It stays whole until the wire is written again. */
static inline uint8_t *bench_wire_take(bench_wire *wire, size_t *len)
{
    if (wire->first == wire->num) {
        return NULL;
    }
    *len = wire->lengths[wire->first];
    return wire->slots[wire->first++];
}

#endif
