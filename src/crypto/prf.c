#include "crypto/prf.h"

#include <openssl/digest.h>
#include <openssl/mem.h>
#include <string.h>

#include "crypto/failure.h"
#include "crypto/hash.h"

fpl_status fpl_prf_init(fpl_prf *prf, fpl_hash hash, fpl_bytes secret)
{
    /* HMAC_Init_ex takes a NULL key for "the one of before"; an empty key is another thing. */
    static const uint8_t kNothing[1] = {0};
    memset(prf, 0, sizeof(*prf));
    HMAC_CTX_init(&prf->hmac);
    const EVP_MD *md = fpl_hash_md(hash);
    if (md == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    prf->hash_len = fpl_hash_length(hash);
    if (!HMAC_Init_ex(&prf->hmac, secret.len == 0 ? kNothing : secret.data, secret.len, md, NULL)) {
        fpl_status status = fpl_crypto_failure();
        fpl_prf_wipe(prf);
        return status;
    }
    return FPL_STATUS_OK;
}

/* prf_mac writes HMAC(chain + label + seed1 + seed2). */
static int prf_mac(fpl_prf *prf, fpl_bytes chain, fpl_bytes label, fpl_bytes seed1, fpl_bytes seed2,
                   uint8_t *out)
{
    /* Without a key the context starts anew from its keyed state. */
    return HMAC_Init_ex(&prf->hmac, NULL, 0, NULL, NULL) && HMAC_Update(&prf->hmac, chain.data, chain.len) &&
           HMAC_Update(&prf->hmac, label.data, label.len) && HMAC_Update(&prf->hmac, seed1.data, seed1.len) &&
           HMAC_Update(&prf->hmac, seed2.data, seed2.len) && HMAC_Final(&prf->hmac, out, NULL);
}

fpl_status fpl_prf_expand(fpl_prf *prf, fpl_bytes label, fpl_bytes seed1, fpl_bytes seed2, uint8_t *out,
                          size_t len)
{
    uint8_t a[FPL_HASH_MAX_LEN];
    uint8_t block[FPL_HASH_MAX_LEN];
    fpl_bytes none = fpl_bytes_none();
    fpl_bytes chain = fpl_bytes_of(a, prf->hash_len);
    int ok = prf_mac(prf, none, label, seed1, seed2, a); /* A(1) */
    size_t done = 0;
    while (ok && done < len) {
        size_t take = len - done < prf->hash_len ? len - done : prf->hash_len;
        ok = prf_mac(prf, chain, label, seed1, seed2, block);
        if (ok) {
            memcpy(out + done, block, take);
            done += take;
        }
        if (done < len) {
            ok = ok && prf_mac(prf, chain, none, none, none, a); /* A(i + 1) */
        }
    }
    fpl_status status = FPL_STATUS_OK;
    if (!ok) {
        status = fpl_crypto_failure();
        OPENSSL_cleanse(out, len);
    }
    OPENSSL_cleanse(a, sizeof(a));
    OPENSSL_cleanse(block, sizeof(block));
    return status;
}

void fpl_prf_wipe(fpl_prf *prf)
{
    HMAC_CTX_cleanup(&prf->hmac);
    OPENSSL_cleanse(prf, sizeof(*prf));
}
