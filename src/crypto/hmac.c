#include "crypto/hmac.h"

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>

#include "crypto/failure.h"

fpl_status fpl_hmac_sha256(fpl_bytes key, const fpl_bytes *parts, size_t num_parts,
                           uint8_t out[FPL_HMAC_SHA256_LEN])
{
    /* HMAC_Init_ex takes a NULL key for "the one of before"; an empty key is another thing. */
    static const uint8_t kNothing[1] = {0};
    HMAC_CTX hmac;
    HMAC_CTX_init(&hmac);
    int ok = HMAC_Init_ex(&hmac, key.len == 0 ? kNothing : key.data, key.len, EVP_sha256(), NULL);
    for (size_t i = 0; ok && i < num_parts; i++) {
        ok = HMAC_Update(&hmac, parts[i].data, parts[i].len);
    }
    ok = ok && HMAC_Final(&hmac, out, NULL);
    fpl_status status = FPL_STATUS_OK;
    if (!ok) {
        status = fpl_crypto_failure();
        OPENSSL_cleanse(out, FPL_HMAC_SHA256_LEN);
    }
    HMAC_CTX_cleanup(&hmac);
    OPENSSL_cleanse(&hmac, sizeof(hmac));
    return status;
}

bool fpl_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
