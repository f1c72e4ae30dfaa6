/* Fragmented ClientHellos of peers whose address is unproven: one fixed pool for all of them.
 *
 * Its size never depends on how many addresses there are; when it is full a random slot gives way, so that
 * a flood only lowers everybody's chance instead of locking all others out. */
#ifndef FPL_API_HELLO_POOL_H
#define FPL_API_HELLO_POOL_H

#include "api/peers.h"
#include "engine/reassembly.h"

typedef struct fpl_pooled_hello {
    bool      used;
    uint64_t  hash;
    uint8_t   address[FPL_LIMIT_VALUE_ADDRESS_BYTES];
    uint8_t   address_len;
    uint16_t  seq;
    uint32_t  total;
    uint64_t  record_seq; /* of the newest record */
    size_t    received;   /* octets of records that were counted for it, which the answer may go by */
    fpl_time  born;
    fpl_spans spans;
    uint8_t   bytes[FPL_LIMIT_VALUE_HELLO_POOL_SLOT_BYTES];
} fpl_pooled_hello;

typedef struct fpl_hello_pool {
    fpl_pooled_hello *slots; /* made when the first fragment comes */
    size_t            num;
} fpl_hello_pool;

/* fpl_hello_pool_add keeps one well-formed fragment. Returns the hello when it is whole, to be read and given
 * back with fpl_hello_pool_drop before the next call; NULL otherwise. */
fpl_pooled_hello *fpl_hello_pool_add(fpl_hello_pool *pool, const fpl_config *config, fpl_bytes address, uint64_t hash,
                                     const fpl_fragment *fragment, uint64_t record_seq, fpl_time now);

/* fpl_hello_pool_drop empties one slot. */
void fpl_hello_pool_drop(fpl_pooled_hello *hello);

/* fpl_hello_pool_free frees the pool. */
void fpl_hello_pool_free(fpl_hello_pool *pool, const fpl_config *config);

#endif
