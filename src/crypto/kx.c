#include "crypto/kx.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/mem.h>
#include <string.h>

#include "crypto/curve.h"
#include "crypto/failure.h"

#define POINT_UNCOMPRESSED 0x04

size_t fpl_kx_secret_length(fpl_named_group group)
{
    if (group == FPL_NAMED_GROUP_X25519) {
        return X25519_SHARED_KEY_LEN;
    }
    return fpl_curve_scalar_length(group);
}

size_t fpl_kx_public_length(fpl_named_group group)
{
    if (group == FPL_NAMED_GROUP_X25519) {
        return X25519_PUBLIC_VALUE_LEN;
    }
    size_t len = fpl_curve_scalar_length(group);
    return len == 0 ? 0 : 1 + 2 * len;
}

static fpl_status x25519_generate(fpl_kx *kx, const fpl_rng *rng)
{
    fpl_status status = fpl_random(rng, kx->private_key, X25519_PRIVATE_KEY_LEN);
    if (status == FPL_STATUS_OK) {
        X25519_public_from_private(kx->public_key, kx->private_key);
    }
    return status;
}

static fpl_status curve_generate(fpl_kx *kx, const fpl_rng *rng)
{
    EC_KEY *key;
    fpl_status status = fpl_curve_generate(kx->group, rng, &key);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    if (!BN_bn2bin_padded(kx->private_key, fpl_curve_scalar_length(kx->group),
                          EC_KEY_get0_private_key(key)) ||
        EC_POINT_point2oct(EC_KEY_get0_group(key), EC_KEY_get0_public_key(key), POINT_CONVERSION_UNCOMPRESSED,
                           kx->public_key, kx->public_len, NULL) != kx->public_len) {
        status = fpl_crypto_failure();
    }
    EC_KEY_free(key);
    return status;
}

fpl_status fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng)
{
    memset(kx, 0, sizeof(*kx));
    kx->group = group;
    kx->public_len = (uint8_t)fpl_kx_public_length(group);
    fpl_status status = group == FPL_NAMED_GROUP_X25519 ? x25519_generate(kx, rng) : curve_generate(kx, rng);
    if (status != FPL_STATUS_OK) {
        fpl_kx_wipe(kx);
    }
    return status;
}

fpl_bytes fpl_kx_public(const fpl_kx *kx)
{
    return fpl_bytes_of(kx->public_key, kx->public_len);
}

static fpl_kx_result kx_from_status(fpl_status status)
{
    switch (status) {
    case FPL_STATUS_OK: return FPL_KX_OK;
    case FPL_STATUS_NO_MEMORY: return FPL_KX_NO_MEMORY;
    case FPL_STATUS_NONE:
    case FPL_STATUS_INTERNAL: break;
    }
    return FPL_KX_INTERNAL;
}

/* curve_read_point reads `peer` into `point`. libcrypto refuses coordinates that are not reduced or
 * not on the curve, but would take compressed points too. */
static fpl_kx_result curve_read_point(const EC_GROUP *group, fpl_bytes peer, EC_POINT *point)
{
    if (peer.data[0] != POINT_UNCOMPRESSED) {
        return FPL_KX_BAD_SHARE;
    }
    if (!EC_POINT_oct2point(group, point, peer.data, peer.len, NULL)) {
        return fpl_crypto_out_of_memory() ? FPL_KX_NO_MEMORY : FPL_KX_BAD_SHARE;
    }
    return FPL_KX_OK;
}

static fpl_kx_result curve_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t *out, size_t len)
{
    EC_KEY *key;
    fpl_status status = fpl_curve_import(kx->group, kx->private_key, &key);
    if (status != FPL_STATUS_OK) {
        return kx_from_status(status);
    }
    fpl_kx_result result;
    EC_POINT *point = EC_POINT_new(EC_KEY_get0_group(key));
    if (point == NULL) {
        result = kx_from_status(fpl_crypto_failure());
    } else {
        result = curve_read_point(EC_KEY_get0_group(key), peer, point);
    }
    if (result == FPL_KX_OK && ECDH_compute_key(out, len, point, key, NULL) != (int)len) {
        result = kx_from_status(fpl_crypto_failure());
    }
    EC_POINT_free(point);
    EC_KEY_free(key);
    return result;
}

fpl_kx_result fpl_kx_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t out[FPL_KX_MAX_SECRET_LEN],
                           size_t *out_len)
{
    *out_len = 0;
    if (kx->public_len == 0) {
        OPENSSL_cleanse(out, FPL_KX_MAX_SECRET_LEN);
        return FPL_KX_INTERNAL;
    }
    size_t len = fpl_kx_secret_length(kx->group);
    fpl_kx_result result;
    if (peer.len != kx->public_len) {
        result = FPL_KX_BAD_SHARE;
    } else if (kx->group == FPL_NAMED_GROUP_X25519) {
        /* It fails if, and only if, the result is all zero: a point of low order. */
        result = X25519(out, kx->private_key, peer.data) ? FPL_KX_OK : FPL_KX_BAD_SHARE;
    } else {
        result = curve_agree(kx, peer, out, len);
    }
    if (result != FPL_KX_OK) {
        OPENSSL_cleanse(out, FPL_KX_MAX_SECRET_LEN);
        return result;
    }
    *out_len = len;
    return FPL_KX_OK;
}

void fpl_kx_wipe(fpl_kx *kx)
{
    OPENSSL_cleanse(kx, sizeof(*kx));
}
