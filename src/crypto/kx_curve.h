/* The NIST curves as key exchanges: what crypto/kx calls for them. */
#ifndef FPL_CRYPTO_KX_CURVE_H
#define FPL_CRYPTO_KX_CURVE_H

#include "crypto/kx.h"

/* All take a `kx` with group, public_len and room for the share and, as `peer`, a share of that length. `out` takes the
 * secret and is undefined after a failure. Their meaning is that of the functions of crypto/kx.h. */
fpl_status    fpl_kx_curve_generate(fpl_kx *kx, const fpl_rng *rng);
fpl_kx_result fpl_kx_curve_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t *out);
fpl_kx_result fpl_kx_curve_respond(fpl_kx *kx, fpl_bytes peer, const fpl_rng *rng, uint8_t *out);

#endif /* FPL_CRYPTO_KX_CURVE_H */
