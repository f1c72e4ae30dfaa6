#ifndef FPL_CRYPTO_KX_H
#define FPL_CRYPTO_KX_H

#include <flightplan/registries.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"

#define FPL_KX_MAX_PRIVATE_LEN 48
#define FPL_KX_MAX_PUBLIC_LEN 97
#define FPL_KX_MAX_SECRET_LEN 48

/* fpl_kx is our half of an ephemeral Diffie-Hellman exchange. It is a plain value: it owns no
 * memory, and zeroed it is unused. */
typedef struct fpl_kx {
    fpl_named_group group;
    uint8_t public_len;
    uint8_t private_key[FPL_KX_MAX_PRIVATE_LEN];
    uint8_t public_key[FPL_KX_MAX_PUBLIC_LEN];
} fpl_kx;

/* fpl_kx_result is the outcome of an agreement. */
typedef enum fpl_kx_result {
    FPL_KX_NONE, /* never returned */
    FPL_KX_OK,
    FPL_KX_BAD_SHARE, /* the peer's fault */
    FPL_KX_INTERNAL,
    FPL_KX_NO_MEMORY,
} fpl_kx_result;

/* fpl_kx_public_length returns the length of a share of `group`, and zero if the group is not ours.
 * NIST points are uncompressed (RFC 8422 section 5.4.1). */
size_t fpl_kx_public_length(fpl_named_group group);

/* fpl_kx_secret_length returns the length of the shared secret of `group`, and zero if the group is
 * not ours. */
size_t fpl_kx_secret_length(fpl_named_group group);

/* fpl_kx_generate makes a fresh pair of `group`. On failure `kx` is zeroed. */
fpl_status fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng);

/* fpl_kx_public returns our share, which lives in `kx`. */
fpl_bytes fpl_kx_public(const fpl_kx *kx);

/* fpl_kx_agree computes the shared secret with the share `peer`. A share of the wrong length or
 * form, a point off the curve, or one that yields the all-zero secret (RFC 8422 section 5.11) is
 * `FPL_KX_BAD_SHARE`. On success `*out_len` bytes are written to `out`, which the caller wipes;
 * otherwise `out` is zeroed. `kx` stays as it was: wiping it afterwards is the caller's. */
fpl_kx_result fpl_kx_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t out[FPL_KX_MAX_SECRET_LEN],
                           size_t *out_len);

/* fpl_kx_wipe erases `kx` and leaves it zeroed. */
void fpl_kx_wipe(fpl_kx *kx);

#endif /* FPL_CRYPTO_KX_H */
