#include "crypto/hmac.h"

#include <openssl/mem.h>
#include <string.h>

#define INNER_PAD UINT64_C(0x3636363636363636)
#define OUTER_PAD UINT64_C(0x5c5c5c5c5c5c5c5c)
#define MAX_BLOCK_WORDS 16

/* block is one of a hash's, eight octets at a time. */
typedef struct block {
    uint64_t words[MAX_BLOCK_WORDS];
} block;

/* start begins `running` with the block `key`, each word changed by `pad`. */
static void start(fpl_running_hash *running, fpl_hash hash, const block *key, uint64_t pad)
{
    block changed;
    size_t len = fpl_hash_block_length(hash);
    for (size_t i = 0; i < len / sizeof(uint64_t); i++) {
        changed.words[i] = key->words[i] ^ pad;
    }
    (void)fpl_hash_init(running, hash);
    fpl_hash_update(running, fpl_bytes_of((const uint8_t *)changed.words, len));
    OPENSSL_cleanse(&changed, sizeof(changed));
}

fpl_status fpl_hmac_init(fpl_hmac *hmac, fpl_hash hash, fpl_bytes key)
{
    block padded = {{0}};
    size_t block_len = fpl_hash_block_length(hash);
    if (block_len == 0) {
        memset(hmac, 0, sizeof(*hmac));
        return FPL_STATUS_INTERNAL;
    }
    if (key.len > block_len) {
        (void)fpl_hash_once(hash, key, (uint8_t *)padded.words);
    } else if (key.len > 0) {
        memcpy(padded.words, key.data, key.len);
    }
    start(&hmac->inner, hash, &padded, INNER_PAD);
    start(&hmac->outer, hash, &padded, OUTER_PAD);
    OPENSSL_cleanse(&padded, sizeof(padded));
    return FPL_STATUS_OK;
}

size_t fpl_hmac_compute(const fpl_hmac *hmac, const fpl_bytes *parts, size_t num_parts, uint8_t *out)
{
    fpl_running_hash running;
    fpl_hash_copy(&running, &hmac->inner);
    for (size_t i = 0; i < num_parts; i++) {
        fpl_hash_update(&running, parts[i]);
    }
    size_t len = fpl_hash_finish(&running, out);
    fpl_hash_copy(&running, &hmac->outer);
    fpl_hash_update(&running, fpl_bytes_of(out, len));
    (void)fpl_hash_finish(&running, out);
    fpl_hash_wipe(&running);
    return len;
}

void fpl_hmac_wipe(fpl_hmac *hmac)
{
    OPENSSL_cleanse(hmac, sizeof(*hmac));
}

fpl_status fpl_hmac_sha256(fpl_bytes key, const fpl_bytes *parts, size_t num_parts,
                           uint8_t out[FPL_HMAC_SHA256_LEN])
{
    fpl_hmac hmac;
    fpl_status status = fpl_hmac_init(&hmac, FPL_HASH_SHA256, key);
    (void)fpl_hmac_compute(&hmac, parts, num_parts, out);
    fpl_hmac_wipe(&hmac);
    return status;
}

bool fpl_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
