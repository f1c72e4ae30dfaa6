#include "record/mask13.h"

#include <openssl/chacha.h>
#include <openssl/mem.h>
#include <string.h>

#include "record/number.h"

#define MASK_LEN 2
#define COUNTER_LEN 4 /* of a ChaCha20 sample; the nonce follows */

fpl_status fpl_mask13_init(fpl_mask13 *mask, fpl_aead aead, fpl_bytes sn_key)
{
    memset(mask, 0, sizeof(*mask));
    size_t key_len = fpl_aead_key_length(aead);
    if (key_len == 0 || sn_key.len != key_len) {
        return FPL_STATUS_INTERNAL;
    }
    mask->aead = aead;
    if (aead == FPL_AEAD_CHACHA20_POLY1305) {
        memcpy(mask->key.chacha, sn_key.data, key_len);
    } else if (AES_set_encrypt_key(sn_key.data, (unsigned)(8 * key_len), &mask->key.aes) != 0) {
        fpl_mask13_wipe(mask);
        return FPL_STATUS_INTERNAL;
    }
    return FPL_STATUS_OK;
}

uint16_t fpl_mask13_make(const fpl_mask13 *mask, const uint8_t sample[FPL_MASK13_SAMPLE_LEN])
{
    if (mask->aead == FPL_AEAD_CHACHA20_POLY1305) {
        static const uint8_t kZeros[MASK_LEN];
        uint8_t stream[MASK_LEN];
        /* The counter is little-endian, as all of ChaCha20 is (RFC 8439 section 2.3). */
        uint32_t counter = (uint32_t)sample[0] | ((uint32_t)sample[1] << 8) | ((uint32_t)sample[2] << 16) |
                           ((uint32_t)sample[3] << 24);
        CRYPTO_chacha_20(stream, kZeros, sizeof(stream), mask->key.chacha, sample + COUNTER_LEN, counter);
        return fpl_load_u16(stream);
    }
    uint8_t block[AES_BLOCK_SIZE];
    AES_encrypt(sample, block, &mask->key.aes);
    return fpl_load_u16(block);
}

void fpl_mask13_wipe(fpl_mask13 *mask)
{
    OPENSSL_cleanse(mask, sizeof(*mask));
}
