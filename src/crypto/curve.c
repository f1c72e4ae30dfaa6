#include "crypto/curve.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <stdint.h>

#include "crypto/failure.h"

#define MAX_SCALAR_LEN 48

int fpl_curve_nid(fpl_named_group group)
{
    switch (group) {
    case FPL_NAMED_GROUP_SECP256R1: return NID_X9_62_prime256v1;
    case FPL_NAMED_GROUP_SECP384R1: return NID_secp384r1;
    default: return NID_undef;
    }
}

fpl_named_group fpl_curve_group(int nid)
{
    switch (nid) {
    case NID_X9_62_prime256v1: return FPL_NAMED_GROUP_SECP256R1;
    case NID_secp384r1: return FPL_NAMED_GROUP_SECP384R1;
    default: return 0;
    }
}

size_t fpl_curve_scalar_length(fpl_named_group group)
{
    switch (group) {
    case FPL_NAMED_GROUP_SECP256R1: return 32;
    case FPL_NAMED_GROUP_SECP384R1: return 48;
    default: return 0;
    }
}

fpl_status fpl_curve_import(fpl_named_group group, const uint8_t *scalar, EC_KEY **out)
{
    *out = NULL;
    EC_KEY *key = EC_KEY_new_by_curve_name(fpl_curve_nid(group));
    BIGNUM *number = BN_bin2bn(scalar, fpl_curve_scalar_length(group), NULL);
    fpl_status status = FPL_STATUS_OK;
    if (key == NULL || number == NULL || !EC_KEY_set_private_key(key, number)) {
        status = fpl_crypto_failure();
        EC_KEY_free(key);
        key = NULL;
    }
    BN_clear_free(number);
    *out = key;
    return status;
}

/* curve_derive_public completes `key` with the public half of its private one. */
static fpl_status curve_derive_public(EC_KEY *key)
{
    const EC_GROUP *group = EC_KEY_get0_group(key);
    EC_POINT *point = EC_POINT_new(group);
    fpl_status status = FPL_STATUS_OK;
    if (point == NULL || !EC_POINT_mul(group, point, EC_KEY_get0_private_key(key), NULL, NULL, NULL) ||
        !EC_KEY_set_public_key(key, point)) {
        status = fpl_crypto_failure();
    }
    EC_POINT_free(point);
    return status;
}

/* curve_draw puts a number of [1, order) into `scalar`, uniformly: it draws until one fits (FIPS
 * 186-5 appendix A.2.2). For our curves a second draw is a 2^-32 event, so that a source which needs
 * `kDraws` is broken. */
static fpl_status curve_draw(fpl_named_group group, const fpl_rng *rng, EC_KEY **out)
{
    enum { kDraws = 16 };
    uint8_t scalar[MAX_SCALAR_LEN];
    fpl_status status = FPL_STATUS_INTERNAL;
    for (int i = 0; i < kDraws; i++) {
        status = fpl_random(rng, scalar, fpl_curve_scalar_length(group));
        if (status != FPL_STATUS_OK) {
            break;
        }
        /* libcrypto refuses a number that is not below the order; not every copy refuses zero. */
        status = fpl_curve_import(group, scalar, out);
        if (status == FPL_STATUS_OK && BN_is_zero(EC_KEY_get0_private_key(*out))) {
            EC_KEY_free(*out);
            *out = NULL;
            status = FPL_STATUS_INTERNAL;
        }
        if (status != FPL_STATUS_INTERNAL) {
            break;
        }
    }
    OPENSSL_cleanse(scalar, sizeof(scalar));
    return status;
}

fpl_status fpl_curve_generate(fpl_named_group group, const fpl_rng *rng, EC_KEY **out)
{
    *out = NULL;
    if (fpl_curve_scalar_length(group) == 0) {
        return FPL_STATUS_INTERNAL;
    }
    fpl_status status = curve_draw(group, rng, out);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    status = curve_derive_public(*out);
    if (status != FPL_STATUS_OK) {
        EC_KEY_free(*out);
        *out = NULL;
    }
    return status;
}
