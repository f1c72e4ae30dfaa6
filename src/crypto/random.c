#include "crypto/random.h"

#include <openssl/mem.h>
#include <openssl/rand.h>

fpl_status fpl_random(const fpl_rng *rng, uint8_t *out, size_t len)
{
    int filled = rng != NULL && rng->fn != NULL ? rng->fn(rng->arg, out, len) : RAND_bytes(out, len);
    if (filled != 1) {
        OPENSSL_cleanse(out, len);
        return FPL_STATUS_INTERNAL;
    }
    return FPL_STATUS_OK;
}
