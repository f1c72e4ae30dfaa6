#ifndef FPL_CRYPTO_RANDOM_H
#define FPL_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/status.h"

/* fpl_rng is a source of random bytes. All zero, it is libcrypto's RAND_bytes. Tests and fuzzers set
 * `fn`, which fills `out` and returns one, or zero when it cannot; `arg` is passed through and must
 * outlive every use of the source. */
typedef struct fpl_rng {
    int (*fn)(void *arg, uint8_t *out, size_t len);
    void *arg;
} fpl_rng;

/* fpl_random fills `out` with `len` bytes from `rng`; NULL means RAND_bytes. When the source fails
 * the result is `FPL_STATUS_INTERNAL` and `out` is all zero. */
fpl_status fpl_random(const fpl_rng *rng, uint8_t *out, size_t len);

#endif /* FPL_CRYPTO_RANDOM_H */
