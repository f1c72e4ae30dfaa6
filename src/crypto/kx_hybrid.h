/* X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem section 4): ML-KEM-768 and X25519 side by side, ML-KEM first
 * in everything. What crypto/kx calls for it where libcrypto has ML-KEM. */
#ifndef FPL_CRYPTO_KX_HYBRID_H
#define FPL_CRYPTO_KX_HYBRID_H

#include <stdbool.h>

#include "crypto/kx.h"

/* fpl_kx_hybrid_key_valid tells that `share`, a client's and of the right length, begins with an
 * encapsulation key whose numbers are reduced: the check of FIPS 203 section 7.2. */
bool fpl_kx_hybrid_key_valid(fpl_bytes share);

#if FPL_HAVE_MLKEM
#define FPL_KX_HYBRID_CLIENT_LEN 1216
#define FPL_KX_HYBRID_SERVER_LEN 1120
#define FPL_KX_HYBRID_SECRET_LEN 64

/* As in crypto/kx_curve.h. A client's `kx` keeps the seed of its ML-KEM key: expanded, the key has 100
 * times as many bytes, and it is needed only once more. */
fpl_status    fpl_kx_hybrid_generate(fpl_kx *kx, const fpl_rng *rng);
fpl_kx_result fpl_kx_hybrid_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t *out);
fpl_kx_result fpl_kx_hybrid_respond(fpl_kx *kx, fpl_bytes peer, const fpl_rng *rng, uint8_t *out);
#endif

#endif /* FPL_CRYPTO_KX_HYBRID_H */
