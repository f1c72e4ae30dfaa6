#ifndef FPL_CRYPTO_SELF_SIGNED_H
#define FPL_CRYPTO_SELF_SIGNED_H

#include <flightplan/registries.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/random.h"
#include "crypto/status.h"

/* fpl_self_signed_options says what to make; zeroed it is a P-256 certificate of 1970. */
typedef struct fpl_self_signed_options {
    fpl_named_group curve;   /* zero: P-256 */
    const char *common_name; /* NULL: "Flightplan"; at most 64 bytes of UTF-8 */
    int64_t unix_time;       /* valid from a day before to 365 days after it */
    const fpl_rng *rng;      /* NULL: RAND_bytes */
} fpl_self_signed_options;

/* fpl_self_signed is a fresh certificate and its key. Zeroed, it may be wiped. The memory comes from
 * libcrypto's allocator. */
typedef struct fpl_self_signed {
    uint8_t *certificate; /* DER, owned */
    size_t certificate_len;
    uint8_t *key; /* PKCS#8 DER, owned */
    size_t key_len;
} fpl_self_signed;

/* fpl_self_signed_make fills `out`. On failure, or when an option is out of range, `out` is zeroed. */
fpl_status fpl_self_signed_make(const fpl_self_signed_options *options, fpl_self_signed *out);

/* fpl_self_signed_wipe erases and frees `self_signed` and leaves it zeroed. */
void fpl_self_signed_wipe(fpl_self_signed *self_signed);

#endif /* FPL_CRYPTO_SELF_SIGNED_H */
