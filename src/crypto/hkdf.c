#include "crypto/hkdf.h"

#include <openssl/mem.h>
#include <string.h>

#include "crypto/failure.h"

/* The counter of HKDF-Expand is one octet, the length in HkdfLabel two. */
#define MAX_BLOCKS 255
#define MAX_LABEL_OUTPUT 0xffff

/* HkdfLabel: length, then label and context with a length octet each. */
#define INFO_MAX_LEN (2 + 1 + FPL_HKDF_LABEL_MAX_LEN + 1 + FPL_HKDF_LABEL_MAX_LEN)

static fpl_status refuse(uint8_t *out, size_t len)
{
    OPENSSL_cleanse(out, len);
    return FPL_STATUS_INTERNAL;
}

/* append copies `part` behind `*len` bytes of `out`. */
static void append(uint8_t *out, size_t *len, fpl_bytes part)
{
    if (part.len > 0) {
        memcpy(out + *len, part.data, part.len);
        *len += part.len;
    }
}

fpl_status fpl_hkdf_init(fpl_hkdf *hkdf, fpl_hash hash, fpl_bytes key)
{
    memset(hkdf, 0, sizeof(*hkdf));
    HMAC_CTX_init(&hkdf->hmac);
    if (fpl_hash_length(hash) == 0) {
        return FPL_STATUS_INTERNAL;
    }
    hkdf->hash = hash;
    fpl_status status = fpl_hkdf_rekey(hkdf, key);
    if (status != FPL_STATUS_OK) {
        fpl_hkdf_wipe(hkdf);
    }
    return status;
}

fpl_status fpl_hkdf_rekey(fpl_hkdf *hkdf, fpl_bytes key)
{
    /* HMAC_Init_ex takes a NULL key for "the one of before"; an empty key is another thing. */
    static const uint8_t kNothing[1] = {0};
    const EVP_MD *md = fpl_hash_md(hkdf->hash);
    if (md == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    if (!HMAC_Init_ex(&hkdf->hmac, key.len == 0 ? kNothing : key.data, key.len, md, NULL)) {
        return fpl_crypto_failure();
    }
    return FPL_STATUS_OK;
}

/* mac writes HMAC(chain + data + tail). */
static int mac(fpl_hkdf *hkdf, fpl_bytes chain, fpl_bytes data, fpl_bytes tail, uint8_t *out)
{
    /* Without a key the context starts anew from its keyed state. */
    return HMAC_Init_ex(&hkdf->hmac, NULL, 0, NULL, NULL) &&
           HMAC_Update(&hkdf->hmac, chain.data, chain.len) && HMAC_Update(&hkdf->hmac, data.data, data.len) &&
           HMAC_Update(&hkdf->hmac, tail.data, tail.len) && HMAC_Final(&hkdf->hmac, out, NULL);
}

fpl_status fpl_hkdf_mac(fpl_hkdf *hkdf, fpl_bytes data, uint8_t out[FPL_HASH_MAX_LEN])
{
    if (!mac(hkdf, fpl_bytes_none(), data, fpl_bytes_none(), out)) {
        fpl_status status = fpl_crypto_failure();
        OPENSSL_cleanse(out, FPL_HASH_MAX_LEN);
        return status;
    }
    return FPL_STATUS_OK;
}

fpl_status fpl_hkdf_expand(fpl_hkdf *hkdf, fpl_bytes info, uint8_t *out, size_t len)
{
    size_t hash_len = fpl_hash_length(hkdf->hash);
    if (len > MAX_BLOCKS * hash_len) {
        return refuse(out, len);
    }
    uint8_t block[FPL_HASH_MAX_LEN];
    fpl_bytes chain = fpl_bytes_none(); /* T(0) */
    size_t done = 0;
    int ok = 1;
    for (uint8_t counter = 1; ok && done < len; counter++) {
        size_t take = len - done < hash_len ? len - done : hash_len;
        ok = mac(hkdf, chain, info, fpl_bytes_of(&counter, 1), block);
        if (ok) {
            memcpy(out + done, block, take);
            done += take;
            chain = fpl_bytes_of(block, hash_len);
        }
    }
    fpl_status status = FPL_STATUS_OK;
    if (!ok) {
        status = fpl_crypto_failure();
        OPENSSL_cleanse(out, len);
    }
    OPENSSL_cleanse(block, sizeof(block));
    return status;
}

fpl_status fpl_hkdf_expand_label(fpl_hkdf *hkdf, fpl_bytes prefix, fpl_bytes label, fpl_bytes context,
                                 uint8_t *out, size_t len)
{
    if (prefix.len > FPL_HKDF_LABEL_MAX_LEN || label.len > FPL_HKDF_LABEL_MAX_LEN - prefix.len ||
        context.len > FPL_HKDF_LABEL_MAX_LEN || len > MAX_LABEL_OUTPUT) {
        return refuse(out, len);
    }
    uint8_t info[INFO_MAX_LEN];
    size_t info_len = 0;
    info[info_len++] = (uint8_t)(len >> 8);
    info[info_len++] = (uint8_t)len;
    info[info_len++] = (uint8_t)(prefix.len + label.len);
    append(info, &info_len, prefix);
    append(info, &info_len, label);
    info[info_len++] = (uint8_t)context.len;
    append(info, &info_len, context);
    return fpl_hkdf_expand(hkdf, fpl_bytes_of(info, info_len), out, len);
}

void fpl_hkdf_wipe(fpl_hkdf *hkdf)
{
    HMAC_CTX_cleanup(&hkdf->hmac);
    OPENSSL_cleanse(hkdf, sizeof(*hkdf));
}
