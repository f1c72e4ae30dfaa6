#include "crypto/hash.h"

#include <openssl/digest.h>
#include <openssl/mem.h>

size_t fpl_hash_length(fpl_hash hash)
{
    switch (hash) {
    case FPL_HASH_SHA256: return SHA256_DIGEST_LENGTH;
    case FPL_HASH_SHA384: return SHA384_DIGEST_LENGTH;
    default: return 0;
    }
}

size_t fpl_hash_block_length(fpl_hash hash)
{
    switch (hash) {
    case FPL_HASH_SHA256: return SHA256_CBLOCK;
    case FPL_HASH_SHA384: return SHA384_CBLOCK;
    default: return 0;
    }
}

const EVP_MD *fpl_hash_md(fpl_hash hash)
{
    switch (hash) {
    case FPL_HASH_SHA256: return EVP_sha256();
    case FPL_HASH_SHA384: return EVP_sha384();
    default: return NULL;
    }
}

fpl_status fpl_hash_init(fpl_running_hash *running, fpl_hash hash)
{
    running->hash = hash;
    switch (hash) {
    case FPL_HASH_SHA256: SHA256_Init(&running->state.sha256); return FPL_STATUS_OK;
    case FPL_HASH_SHA384: SHA384_Init(&running->state.sha384); return FPL_STATUS_OK;
    default: return FPL_STATUS_INTERNAL;
    }
}

void fpl_hash_update(fpl_running_hash *running, fpl_bytes data)
{
    if (data.len == 0) {
        return;
    }
    if (running->hash == FPL_HASH_SHA256) {
        SHA256_Update(&running->state.sha256, data.data, data.len);
    } else {
        SHA384_Update(&running->state.sha384, data.data, data.len);
    }
}

void fpl_hash_copy(fpl_running_hash *to, const fpl_running_hash *from)
{
    /* The state of SHA-256 is half as large as the union. */
    to->hash = from->hash;
    if (from->hash == FPL_HASH_SHA256) {
        to->state.sha256 = from->state.sha256;
    } else {
        to->state.sha384 = from->state.sha384;
    }
}

size_t fpl_hash_finish(fpl_running_hash *running, uint8_t *out)
{
    if (running->hash == FPL_HASH_SHA256) {
        SHA256_Final(out, &running->state.sha256);
    } else {
        SHA384_Final(out, &running->state.sha384);
    }
    return fpl_hash_length(running->hash);
}

size_t fpl_hash_digest(const fpl_running_hash *running, uint8_t out[FPL_HASH_MAX_LEN])
{
    /* It is no secret that outlives a transcript. */
    fpl_running_hash copy;
    fpl_hash_copy(&copy, running);
    return fpl_hash_finish(&copy, out);
}

void fpl_hash_wipe(fpl_running_hash *running)
{
    OPENSSL_cleanse(running, sizeof(*running));
}

size_t fpl_hash_once(fpl_hash hash, fpl_bytes data, uint8_t out[FPL_HASH_MAX_LEN])
{
    fpl_running_hash running;
    if (fpl_hash_init(&running, hash) != FPL_STATUS_OK) {
        return 0;
    }
    fpl_hash_update(&running, data);
    size_t len = fpl_hash_finish(&running, out);
    fpl_hash_wipe(&running);
    return len;
}

void fpl_hash_fingerprint(fpl_bytes der, uint8_t out[FPL_FINGERPRINT_LEN])
{
    SHA256(der.data, der.len, out);
}
