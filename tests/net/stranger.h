/* Somebody on the path without keys. */
#ifndef FPL_TESTS_NET_STRANGER_H
#define FPL_TESTS_NET_STRANGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rng.h"
#include "net/plan.h"

/* stranger_forges makes up a datagram to be taken for one of `side`'s, and returns its length; at most 256 octets.
 * It can be anything but what would be a whole handshake message in order: that may end a handshake, by design, and is
 * not this test's business. */
size_t stranger_forges(rng *r, const plan *p, int side, uint8_t *out, size_t cap);

/* stranger_spoils copies a datagram up to its first protected record, with bits of that changed; in the clear that could be
 * another message, which is an attack of its own. Returns the length, 0 when there is no such record. */
size_t stranger_spoils(rng *r, const uint8_t *datagram, size_t len, uint8_t *out);

#endif
