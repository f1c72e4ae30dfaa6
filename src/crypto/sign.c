#include "crypto/sign.h"

#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>

#include "crypto/curve.h"
#include "crypto/failure.h"

fpl_named_group fpl_key_curve(const EVP_PKEY *key)
{
    if (EVP_PKEY_id(key) != EVP_PKEY_EC) {
        return 0;
    }
    const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
    return fpl_curve_group(EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)));
}

fpl_status fpl_sign(const EVP_PKEY *key, fpl_bytes digest, uint8_t out[FPL_SIGNATURE_MAX_LEN],
                    size_t *out_len)
{
    *out_len = 0;
    if (fpl_key_curve(key) == 0) {
        return FPL_STATUS_INTERNAL;
    }
    const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
    unsigned len;
    if (ECDSA_size(ec) > FPL_SIGNATURE_MAX_LEN || !ECDSA_sign(0, digest.data, digest.len, out, &len, ec)) {
        return fpl_crypto_failure();
    }
    *out_len = len;
    return FPL_STATUS_OK;
}

fpl_signature_result fpl_verify(const EVP_PKEY *key, fpl_bytes digest, fpl_bytes signature)
{
    if (fpl_key_curve(key) == 0) {
        return FPL_SIGNATURE_BAD;
    }
    /* It encodes what it has parsed again and compares, hence takes one form only. */
    if (!ECDSA_verify(0, digest.data, digest.len, signature.data, signature.len, EVP_PKEY_get0_EC_KEY(key))) {
        return fpl_crypto_out_of_memory() ? FPL_SIGNATURE_NO_MEMORY : FPL_SIGNATURE_BAD;
    }
    return FPL_SIGNATURE_GOOD;
}
