#ifndef FPL_CRYPTO_HMAC_H
#define FPL_CRYPTO_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/status.h"

#define FPL_HMAC_SHA256_LEN 32

/* fpl_hmac_sha256 writes the HMAC of the `num_parts` views at `parts`, one after the other. The
 * views carry no length into the hash: a caller whose parts vary in length must say so in a part of
 * its own. */
fpl_status fpl_hmac_sha256(fpl_bytes key, const fpl_bytes *parts, size_t num_parts,
                           uint8_t out[FPL_HMAC_SHA256_LEN]);

/* fpl_equal compares `len` bytes in time that depends on `len` alone. */
bool fpl_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif /* FPL_CRYPTO_HMAC_H */
