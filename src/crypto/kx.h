#ifndef FPL_CRYPTO_KX_H
#define FPL_CRYPTO_KX_H

#include <flightplan/registries.h>
#include <flightplan/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/features.h"
#include "crypto/random.h"
#include "crypto/status.h"

#define FPL_KX_MAX_SHORT_LEN 97
#if FPL_HAVE_MLKEM
#define FPL_KX_MAX_PRIVATE_LEN 96 /* the seed of an ML-KEM key, an X25519 key */
#define FPL_KX_MAX_PUBLIC_LEN 1216
#define FPL_KX_MAX_SECRET_LEN 64
#else
#define FPL_KX_MAX_PRIVATE_LEN 48
#define FPL_KX_MAX_PUBLIC_LEN FPL_KX_MAX_SHORT_LEN
#define FPL_KX_MAX_SECRET_LEN 48
#endif

/* fpl_kx is our half of an ephemeral key exchange. Zeroed it is unused. A share of X25519MLKEM768 is ten
 * times as long as any other and stands elsewhere, so that the others do not pay for it. It must not be
 * copied, and is given back by `fpl_kx_wipe`. */
typedef struct fpl_kx {
    fpl_named_group group;
    uint16_t public_len;
    uint8_t private_key[FPL_KX_MAX_PRIVATE_LEN];
    uint8_t short_share[FPL_KX_MAX_SHORT_LEN];
    uint8_t *long_share; /* owned; NULL if the share is short */
} fpl_kx;

/* fpl_kx_result is the outcome of an agreement. */
typedef enum fpl_kx_result {
    FPL_KX_NONE, /* never returned */
    FPL_KX_OK,
    FPL_KX_BAD_SHARE, /* the peer's fault */
    FPL_KX_INTERNAL,
    FPL_KX_NO_MEMORY,
} fpl_kx_result;

/* fpl_kx_share_length returns the length of a share of `group` that the end `from` sends, and zero if
 * the group is not ours. NIST points are uncompressed (RFC 8422 section 5.4.1). The two ends differ in
 * X25519MLKEM768 only, where the client sends a key and the server a ciphertext. */
size_t fpl_kx_share_length(fpl_named_group group, fpl_role from);

/* fpl_kx_secret_length returns the length of the shared secret of `group`, and zero if the group is
 * not ours. */
size_t fpl_kx_secret_length(fpl_named_group group);

/* fpl_kx_generate makes a fresh pair of `group`, of a client where the ends differ. What `kx` held is wiped;
 * on failure it is zeroed. */
fpl_status fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng);

/* fpl_kx_public returns our share, which lives in `kx`. */
fpl_bytes fpl_kx_public(const fpl_kx *kx);

/* fpl_kx_agree computes the shared secret with the share `peer`, a server's where the ends differ. A
 * share of the wrong length or form, a point off the curve, or one that yields the all-zero secret (RFC
 * 8422 section 5.11) is `FPL_KX_BAD_SHARE`. On success `*out_len` bytes are written to `out`, which the
 * caller wipes; otherwise `out` is zeroed. `kx` stays as it was: wiping it afterwards is the caller's. */
fpl_kx_result fpl_kx_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t out[FPL_KX_MAX_SECRET_LEN],
                           size_t *out_len);

/* fpl_kx_respond is a server's whole part: `kx` becomes our share in answer to the client's share `peer`, and
 * `out` the shared secret, as by `fpl_kx_agree`. Nothing private stays in `kx`, and on failure it is zeroed.
 * What ML-KEM draws comes from libcrypto's own source, not from `rng`. */
fpl_kx_result fpl_kx_respond(fpl_kx *kx, fpl_named_group group, fpl_bytes peer, const fpl_rng *rng,
                             uint8_t out[FPL_KX_MAX_SECRET_LEN], size_t *out_len);

/* fpl_kx_wipe erases `kx`, frees what it owns and leaves it zeroed. */
void fpl_kx_wipe(fpl_kx *kx);

#endif /* FPL_CRYPTO_KX_H */
