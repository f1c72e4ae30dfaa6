#include "transcripts/crypto13.h"

#include <openssl/aead.h>
#include <openssl/aes.h>
#include <openssl/chacha.h>
#include <openssl/evp.h>
#include <openssl/hkdf.h>
#include <stdlib.h>
#include <string.h>

#include "transcripts/crypto.h"
#include "transcripts/wire.h"

#define TAG 16

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static const EVP_MD *md_of(unsigned suite)
{
    return suite == AES256_GCM_13 ? EVP_sha384() : EVP_sha256();
}

static const EVP_AEAD *aead_of(unsigned suite)
{
    return suite == AES256_GCM_13 ? EVP_aead_aes_256_gcm()
           : suite == CHACHA20_13 ? EVP_aead_chacha20_poly1305()
                                  : EVP_aead_aes_128_gcm();
}

static size_t key_len(unsigned suite)
{
    return suite == AES128_GCM_13 ? 16 : 32;
}

/* ----- key schedule ---------------------------------------------------------------------------------------------- */

bytes crypto13_extract(unsigned suite, bytes salt, bytes material)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    size_t  len = 0;
    must(HKDF_extract(out, &len, md_of(suite), material.data, material.len, salt.data, salt.len) == 1);
    return bytes_of(out, len);
}

bytes crypto13_expand(unsigned suite, bytes secret, const char *label, bytes context, size_t len)
{
    bytes whole = bytes_of("dtls13", 6);
    bytes info = bytes_none();
    bytes out = bytes_zero(len);
    bytes_add(&whole, label, strlen(label));
    bytes_u16(&info, (unsigned)len);
    bytes_vector(&info, 1, whole);
    bytes_vector(&info, 1, context);
    must(HKDF_expand(out.data, len, md_of(suite), secret.data, secret.len, info.data, info.len) == 1);
    return out;
}

bytes crypto13_derive(unsigned suite, bytes secret, const char *label, bytes messages)
{
    bytes hash = crypto_hash(suite, messages);
    return crypto13_expand(suite, secret, label, hash, hash.len);
}

bytes crypto13_verify_data(unsigned suite, bytes secret, bytes messages)
{
    bytes hash = crypto_hash(suite, messages);
    /* HKDF-Extract is HMAC with the salt for key. */
    return crypto13_extract(suite, crypto13_expand(suite, secret, "finished", bytes_none(), hash.len), hash);
}

bytes crypto13_proof_input(unsigned suite, bool of_client, bytes messages)
{
    const char *context = of_client ? "TLS 1.3, client CertificateVerify" : "TLS 1.3, server CertificateVerify";
    bytes       input = bytes_zero(64);
    memset(input.data, 0x20, 64);
    bytes_add(&input, context, strlen(context) + 1);
    bytes_append(&input, crypto_hash(suite, messages));
    return input;
}

crypto13_keys crypto13_keys_of(unsigned suite, bytes secret)
{
    crypto13_keys keys;
    size_t        len = key_len(suite);
    memset(&keys, 0, sizeof keys);
    memcpy(keys.key, crypto13_expand(suite, secret, "key", bytes_none(), len).data, len);
    memcpy(keys.iv, crypto13_expand(suite, secret, "iv", bytes_none(), 12).data, 12);
    memcpy(keys.sn, crypto13_expand(suite, secret, "sn", bytes_none(), len).data, len);
    return keys;
}

/* ----- records ----------------------------------------------------------------------------------------------------- */

static void nonce_of(const crypto13_keys *keys, uint64_t seq, uint8_t nonce[12])
{
    memcpy(nonce, keys->iv, 12);
    for (size_t i = 0; i < 8; i++) {
        nonce[11 - i] ^= (uint8_t)(seq >> (8 * i));
    }
}

/* RFC 9147 section 4.2.3. */
static void mask_of(unsigned suite, const crypto13_keys *keys, const uint8_t sample[16], uint8_t mask[16])
{
    if (suite == CHACHA20_13) {
        uint32_t counter = 0;
        uint8_t  zeros[16] = {0};
        for (size_t i = 4; i > 0; i--) {
            counter = counter << 8 | sample[i - 1];
        }
        CRYPTO_chacha_20(mask, zeros, 16, keys->sn, sample + 4, counter);
        return;
    }
    AES_KEY key;
    must(AES_set_encrypt_key(keys->sn, (unsigned)(8 * key_len(suite)), &key) == 0);
    AES_encrypt(sample, mask, &key);
}

bytes crypto13_seal(unsigned suite, const crypto13_keys *keys, unsigned form, unsigned epoch, uint64_t seq, bytes inner)
{
    EVP_AEAD_CTX ctx;
    bytes        record = bytes_none();
    bytes        sealed = bytes_zero(inner.len + TAG);
    uint8_t      nonce[12], mask[16];
    size_t       len = 0, width = (form & UNIFIED_LONG) != 0 ? 2 : 1;
    bytes_u8(&record, form | (epoch & 3));
    if (width == 2) {
        bytes_u16(&record, (unsigned)(seq & 0xffff));
    } else {
        bytes_u8(&record, (unsigned)(seq & 0xff));
    }
    if ((form & UNIFIED_LENGTH) != 0) {
        bytes_u16(&record, (unsigned)(inner.len + TAG));
    }
    nonce_of(keys, seq, nonce);
    must(EVP_AEAD_CTX_init(&ctx, aead_of(suite), keys->key, key_len(suite), TAG, NULL) == 1);
    must(EVP_AEAD_CTX_seal(&ctx, sealed.data, &len, sealed.len, nonce, 12, inner.data, inner.len, record.data,
                           record.len) == 1);
    EVP_AEAD_CTX_cleanup(&ctx);
    mask_of(suite, keys, sealed.data, mask);
    for (size_t i = 0; i < width; i++) {
        record.data[1 + i] ^= mask[i];
    }
    bytes_add(&record, sealed.data, len);
    return record;
}

/* RFC 9147 section 4.2.2: the number nearest to the one expected. */
static uint64_t nearest(uint64_t next, uint64_t low, uint64_t span)
{
    uint64_t best = low, least = UINT64_MAX;
    uint64_t base = next / span * span;
    for (int i = -1; i <= 1; i++) {
        uint64_t at;
        if (i < 0 && base < span) {
            continue;
        }
        at = i < 0 ? base - span + low : base + (uint64_t)i * span + low;
        uint64_t away = at > next ? at - next : next - at;
        if (away < least) {
            least = away;
            best = at;
        }
    }
    return best;
}

bool crypto13_open(unsigned suite, const crypto13_keys *keys, const uint8_t *record, size_t header_len, size_t len,
                   uint64_t next, uint64_t *seq, bytes *inner)
{
    EVP_AEAD_CTX ctx;
    bytes        header = bytes_of(record, header_len);
    uint8_t      nonce[12], mask[16];
    size_t       width = (record[0] & UNIFIED_LONG) != 0 ? 2 : 1, got = 0;
    uint64_t     low = 0;
    int          ok;
    if (len < header_len + 16) {
        return false;
    }
    mask_of(suite, keys, record + header_len, mask);
    for (size_t i = 0; i < width; i++) {
        header.data[1 + i] ^= mask[i];
        low = low << 8 | header.data[1 + i];
    }
    *seq = nearest(next, low, width == 2 ? 0x10000 : 0x100);
    nonce_of(keys, *seq, nonce);
    *inner = bytes_zero(len);
    must(EVP_AEAD_CTX_init(&ctx, aead_of(suite), keys->key, key_len(suite), TAG, NULL) == 1);
    ok = EVP_AEAD_CTX_open(&ctx, inner->data, &got, inner->len, nonce, 12, record + header_len, len - header_len,
                           header.data, header.len);
    EVP_AEAD_CTX_cleanup(&ctx);
    inner->len = got;
    return ok == 1;
}
