#ifndef FPL_CRYPTO_SELF_SIGNED_H
#define FPL_CRYPTO_SELF_SIGNED_H

#include <flightplan/registries.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/random.h"
#include "crypto/status.h"

/* fpl_minted_options says what to make; zeroed it is a P-256 certificate of 1970. */
typedef struct fpl_minted_options {
    fpl_named_group curve;   /* zero: P-256 */
    const char *common_name; /* NULL: "Flightplan"; at most 64 bytes of UTF-8 */
    int64_t unix_time;       /* valid from a day before it (or 1970) to 365 days after */
    const fpl_rng *rng;      /* NULL: RAND_bytes */
} fpl_minted_options;

/* fpl_minted is a fresh certificate and its key. Zeroed, it may be wiped. The memory comes from
 * libcrypto's allocator. */
typedef struct fpl_minted {
    uint8_t *certificate; /* DER, owned */
    size_t certificate_len;
    uint8_t *key; /* PKCS#8 DER, owned */
    size_t key_len;
} fpl_minted;

/* fpl_minted_make fills `out`. On failure, or when an option is out of range, `out` is zeroed. */
fpl_status fpl_minted_make(const fpl_minted_options *options, fpl_minted *out);

/* fpl_minted_wipe erases and frees `minted` and leaves it zeroed. */
void fpl_minted_wipe(fpl_minted *minted);

#endif /* FPL_CRYPTO_SELF_SIGNED_H */
