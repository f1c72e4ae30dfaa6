#include "crypto/kx_curve.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>

#include "crypto/curve.h"
#include "crypto/failure.h"

#define POINT_UNCOMPRESSED 0x04

static fpl_kx_result result_of(fpl_status status)
{
    switch (status) {
    case FPL_STATUS_OK: return FPL_KX_OK;
    case FPL_STATUS_NO_MEMORY: return FPL_KX_NO_MEMORY;
    case FPL_STATUS_NONE:
    case FPL_STATUS_INTERNAL: break;
    }
    return FPL_KX_INTERNAL;
}

/* curve_write_share puts the public half of `key` into `kx`. */
static fpl_status curve_write_share(fpl_kx *kx, const EC_KEY *key)
{
    if (EC_POINT_point2oct(EC_KEY_get0_group(key), EC_KEY_get0_public_key(key), POINT_CONVERSION_UNCOMPRESSED,
                           kx->short_share, kx->public_len, NULL) != kx->public_len) {
        return fpl_crypto_failure();
    }
    return FPL_STATUS_OK;
}

/* curve_read_point reads `peer` into `*out`, which the caller frees also after a failure. libcrypto
 * refuses coordinates that are not reduced or not on the curve, but would take compressed points too. */
static fpl_kx_result curve_read_point(const EC_GROUP *group, fpl_bytes peer, EC_POINT **out)
{
    *out = NULL;
    if (peer.data[0] != POINT_UNCOMPRESSED) {
        return FPL_KX_BAD_SHARE;
    }
    *out = EC_POINT_new(group);
    if (*out == NULL) {
        return result_of(fpl_crypto_failure());
    }
    if (!EC_POINT_oct2point(group, *out, peer.data, peer.len, NULL)) {
        return fpl_crypto_out_of_memory() ? FPL_KX_NO_MEMORY : FPL_KX_BAD_SHARE;
    }
    return FPL_KX_OK;
}

/* curve_agree computes the secret of `key` and `peer`. */
static fpl_kx_result curve_agree(const EC_KEY *key, fpl_named_group group, fpl_bytes peer, uint8_t *out)
{
    EC_POINT *point;
    size_t len = fpl_curve_scalar_length(group);
    fpl_kx_result result = curve_read_point(EC_KEY_get0_group(key), peer, &point);
    if (result == FPL_KX_OK && ECDH_compute_key(out, len, point, key, NULL) != (int)len) {
        result = result_of(fpl_crypto_failure());
    }
    EC_POINT_free(point);
    return result;
}

fpl_status fpl_kx_curve_generate(fpl_kx *kx, const fpl_rng *rng)
{
    EC_KEY *key;
    fpl_status status = fpl_curve_generate(kx->group, rng, &key);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    if (!BN_bn2bin_padded(kx->private_key, fpl_curve_scalar_length(kx->group),
                          EC_KEY_get0_private_key(key))) {
        status = fpl_crypto_failure();
    } else {
        status = curve_write_share(kx, key);
    }
    EC_KEY_free(key);
    return status;
}

fpl_kx_result fpl_kx_curve_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t *out)
{
    EC_KEY *key;
    fpl_status status = fpl_curve_import(kx->group, kx->private_key, &key);
    if (status != FPL_STATUS_OK) {
        return result_of(status);
    }
    fpl_kx_result result = curve_agree(key, kx->group, peer, out);
    EC_KEY_free(key);
    return result;
}

fpl_kx_result fpl_kx_curve_respond(fpl_kx *kx, fpl_bytes peer, const fpl_rng *rng, uint8_t *out)
{
    EC_KEY *key;
    fpl_status status = fpl_curve_generate(kx->group, rng, &key);
    if (status != FPL_STATUS_OK) {
        return result_of(status);
    }
    fpl_kx_result result = curve_agree(key, kx->group, peer, out);
    if (result == FPL_KX_OK) {
        result = result_of(curve_write_share(kx, key));
    }
    EC_KEY_free(key);
    return result;
}
