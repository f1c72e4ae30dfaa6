#include "crypto/hkdf.h"

#include <openssl/mem.h>
#include <string.h>

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
    fpl_status status = fpl_hmac_init(&hkdf->hmac, hash, key);
    hkdf->hash = status == FPL_STATUS_OK ? hash : FPL_HASH_NONE;
    return status;
}

fpl_status fpl_hkdf_rekey(fpl_hkdf *hkdf, fpl_bytes key)
{
    return fpl_hkdf_init(hkdf, hkdf->hash, key);
}

fpl_status fpl_hkdf_mac(const fpl_hkdf *hkdf, fpl_bytes data, uint8_t out[FPL_HASH_MAX_LEN])
{
    if (hkdf->hash == FPL_HASH_NONE) {
        return refuse(out, FPL_HASH_MAX_LEN);
    }
    (void)fpl_hmac_compute(&hkdf->hmac, &data, 1, out);
    return FPL_STATUS_OK;
}

fpl_status fpl_hkdf_expand(const fpl_hkdf *hkdf, fpl_bytes info, uint8_t *out, size_t len)
{
    size_t hash_len = fpl_hash_length(hkdf->hash);
    if (len > MAX_BLOCKS * hash_len) {
        return refuse(out, len);
    }
    uint8_t block[FPL_HASH_MAX_LEN];
    uint8_t counter = 0;
    fpl_bytes parts[] = {fpl_bytes_none() /* T(0) */, info, fpl_bytes_of(&counter, 1)};
    for (size_t done = 0; done < len;) {
        size_t take = len - done < hash_len ? len - done : hash_len;
        counter++;
        (void)fpl_hmac_compute(&hkdf->hmac, parts, 3, block);
        memcpy(out + done, block, take);
        done += take;
        parts[0] = fpl_bytes_of(block, hash_len);
    }
    OPENSSL_cleanse(block, sizeof(block));
    return FPL_STATUS_OK;
}

fpl_status fpl_hkdf_expand_label(const fpl_hkdf *hkdf, fpl_bytes prefix, fpl_bytes label, fpl_bytes context,
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
    OPENSSL_cleanse(hkdf, sizeof(*hkdf));
}
