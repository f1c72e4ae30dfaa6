#include "crypto/aead.h"

#include <openssl/mem.h>
#include <string.h>

#include "crypto/failure.h"

static const EVP_AEAD *aead_method(fpl_aead aead)
{
    switch (aead) {
    case FPL_AEAD_AES_128_GCM: return EVP_aead_aes_128_gcm();
    case FPL_AEAD_AES_256_GCM: return EVP_aead_aes_256_gcm();
    case FPL_AEAD_CHACHA20_POLY1305: return EVP_aead_chacha20_poly1305();
    default: return NULL;
    }
}

size_t fpl_aead_key_length(fpl_aead aead)
{
    const EVP_AEAD *method = aead_method(aead);
    return method == NULL ? 0 : EVP_AEAD_key_length(method);
}

size_t fpl_aead_fixed_iv_length(fpl_aead aead)
{
    switch (aead) {
    case FPL_AEAD_AES_128_GCM:
    case FPL_AEAD_AES_256_GCM: return 4;
    case FPL_AEAD_CHACHA20_POLY1305: return FPL_AEAD_NONCE_LEN;
    default: return 0;
    }
}

size_t fpl_aead_explicit_nonce_length(fpl_aead aead)
{
    size_t fixed = fpl_aead_fixed_iv_length(aead);
    return fixed == 0 ? 0 : FPL_AEAD_NONCE_LEN - fixed;
}

size_t fpl_aead_tag_length(fpl_aead aead)
{
    return aead_method(aead) == NULL ? 0 : FPL_AEAD_TAG_LEN;
}

fpl_status fpl_aead_init(fpl_aead_key *key, fpl_aead aead, fpl_bytes secret, fpl_bytes iv)
{
    memset(key, 0, sizeof(*key));
    const EVP_AEAD *method = aead_method(aead);
    if (method == NULL || secret.len != EVP_AEAD_key_length(method) || iv.len > sizeof(key->iv)) {
        return FPL_STATUS_INTERNAL;
    }
    if (!EVP_AEAD_CTX_init(&key->ctx, method, secret.data, secret.len, FPL_AEAD_TAG_LEN, NULL)) {
        fpl_status status = fpl_crypto_failure();
        fpl_aead_wipe(key);
        return status;
    }
    if (iv.len > 0) {
        memcpy(key->iv, iv.data, iv.len);
    }
    key->explicit_len = (uint8_t)fpl_aead_explicit_nonce_length(aead);
    key->aead = aead;
    return FPL_STATUS_OK;
}

size_t fpl_aead_seal(const fpl_aead_key *key, const uint8_t nonce[FPL_AEAD_NONCE_LEN], fpl_bytes ad,
                     uint8_t *data, size_t len, size_t cap)
{
    if (len > cap || cap - len < FPL_AEAD_TAG_LEN) {
        return 0;
    }
    size_t sealed_len;
    if (!EVP_AEAD_CTX_seal(&key->ctx, data, &sealed_len, cap, nonce, FPL_AEAD_NONCE_LEN, data, len, ad.data,
                           ad.len)) {
        fpl_crypto_forget_errors();
        return 0;
    }
    return sealed_len;
}

bool fpl_aead_open(const fpl_aead_key *key, const uint8_t nonce[FPL_AEAD_NONCE_LEN], fpl_bytes ad,
                   uint8_t *data, size_t len, size_t *out_len)
{
    if (!EVP_AEAD_CTX_open(&key->ctx, data, out_len, len, nonce, FPL_AEAD_NONCE_LEN, data, len, ad.data,
                           ad.len)) {
        fpl_crypto_forget_errors();
        return false;
    }
    return true;
}

void fpl_aead_wipe(fpl_aead_key *key)
{
    EVP_AEAD_CTX_cleanup(&key->ctx);
    OPENSSL_cleanse(key, sizeof(*key));
}
