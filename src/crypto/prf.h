#ifndef FPL_CRYPTO_PRF_H
#define FPL_CRYPTO_PRF_H

#include "fpl_registries.h"
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/hmac.h"
#include "crypto/status.h"

/* fpl_prf is the TLS 1.2 PRF (RFC 5246 section 5) of one secret, keyed once for all its outputs. Zeroed, it
 * may be wiped. */
typedef struct fpl_prf {
    fpl_hmac hmac;
    size_t hash_len;
} fpl_prf;

/* fpl_prf_init keys `prf` with `secret`, which is not needed afterwards. On failure `prf` is zeroed. */
fpl_status fpl_prf_init(fpl_prf *prf, fpl_hash hash, fpl_bytes secret);

/* fpl_prf_expand fills `out` with `len` bytes of PRF(secret, label, seed1 + seed2). `label` is
 * without a terminating zero. It fails, and zeroes `out`, if `prf` has no key. */
fpl_status fpl_prf_expand(const fpl_prf *prf, fpl_bytes label, fpl_bytes seed1, fpl_bytes seed2, uint8_t *out,
                          size_t len);

/* fpl_prf_wipe erases `prf` and leaves it zeroed. */
void fpl_prf_wipe(fpl_prf *prf);

#endif /* FPL_CRYPTO_PRF_H */
