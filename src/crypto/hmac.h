#ifndef FPL_CRYPTO_HMAC_H
#define FPL_CRYPTO_HMAC_H

#include "fpl_registries.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/status.h"

#define FPL_HMAC_SHA256_LEN 32

/* fpl_hmac is HMAC (RFC 2104) under one key: both hashes, stopped where the padded key has gone in. Whatever
 * is computed goes on from there, which halves the cost of each. It is a plain value without pointers, so
 * nothing is allocated and nothing can fail after `fpl_hmac_init`; libcrypto's allocates at every keying. */
typedef struct fpl_hmac {
    fpl_running_hash inner;
    fpl_running_hash outer;
} fpl_hmac;

/* fpl_hmac_init keys `hmac` with `key`, which is not needed afterwards. It fails only if `hash` is not ours;
 * `hmac` is then zeroed. */
fpl_status fpl_hmac_init(fpl_hmac *hmac, fpl_hash hash, fpl_bytes key);

/* fpl_hmac_compute writes the HMAC of the `num_parts` views at `parts`, one after the other, and returns its
 * length. `out` may be what a part shows. */
size_t fpl_hmac_compute(const fpl_hmac *hmac, const fpl_bytes *parts, size_t num_parts, uint8_t *out);

/* fpl_hmac_wipe erases `hmac` and leaves it zeroed. */
void fpl_hmac_wipe(fpl_hmac *hmac);

/* fpl_hmac_sha256 writes one HMAC-SHA256 of the `num_parts` views at `parts`, one after the other. The
 * views carry no length into the hash: a caller whose parts vary in length must say so in a part of
 * its own. */
fpl_status fpl_hmac_sha256(fpl_bytes key, const fpl_bytes *parts, size_t num_parts,
                           uint8_t out[FPL_HMAC_SHA256_LEN]);

/* fpl_equal compares `len` bytes in time that depends on `len` alone. */
bool fpl_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif /* FPL_CRYPTO_HMAC_H */
