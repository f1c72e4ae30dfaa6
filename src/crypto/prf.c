#include "crypto/prf.h"

#include <openssl/mem.h>
#include <string.h>

#include "crypto/hash.h"

fpl_status fpl_prf_init(fpl_prf *prf, fpl_hash hash, fpl_bytes secret)
{
    fpl_status status = fpl_hmac_init(&prf->hmac, hash, secret);
    prf->hash_len = status == FPL_STATUS_OK ? fpl_hash_length(hash) : 0;
    return status;
}

fpl_status fpl_prf_expand(const fpl_prf *prf, fpl_bytes label, fpl_bytes seed1, fpl_bytes seed2, uint8_t *out,
                          size_t len)
{
    uint8_t a[FPL_HASH_MAX_LEN];
    uint8_t block[FPL_HASH_MAX_LEN];
    fpl_bytes parts[] = {fpl_bytes_none(), label, seed1, seed2};
    if (prf->hash_len == 0) {
        OPENSSL_cleanse(out, len);
        return FPL_STATUS_INTERNAL;
    }
    (void)fpl_hmac_compute(&prf->hmac, parts + 1, 3, a); /* A(1) */
    parts[0] = fpl_bytes_of(a, prf->hash_len);
    for (size_t done = 0; done < len;) {
        size_t take = len - done < prf->hash_len ? len - done : prf->hash_len;
        (void)fpl_hmac_compute(&prf->hmac, parts, 4, block);
        memcpy(out + done, block, take);
        done += take;
        if (done < len) {
            (void)fpl_hmac_compute(&prf->hmac, parts, 1, a); /* A(i + 1) */
        }
    }
    OPENSSL_cleanse(a, sizeof(a));
    OPENSSL_cleanse(block, sizeof(block));
    return FPL_STATUS_OK;
}

void fpl_prf_wipe(fpl_prf *prf)
{
    OPENSSL_cleanse(prf, sizeof(*prf));
}
