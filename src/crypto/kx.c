#include "crypto/kx.h"

#include <openssl/curve25519.h>
#include <openssl/mem.h>

#include "crypto/curve.h"
#include "crypto/failure.h"
#include "crypto/kx_curve.h"
#include "crypto/kx_hybrid.h"

size_t fpl_kx_secret_length(fpl_named_group group)
{
    if (group == FPL_NAMED_GROUP_X25519) {
        return X25519_SHARED_KEY_LEN;
    }
#if FPL_HAVE_MLKEM
    if (group == FPL_NAMED_GROUP_X25519MLKEM768) {
        return FPL_KX_HYBRID_SECRET_LEN;
    }
#endif
    return fpl_curve_scalar_length(group);
}

size_t fpl_kx_share_length(fpl_named_group group, fpl_role from)
{
    if (group == FPL_NAMED_GROUP_X25519) {
        return X25519_PUBLIC_VALUE_LEN;
    }
#if FPL_HAVE_MLKEM
    if (group == FPL_NAMED_GROUP_X25519MLKEM768) {
        return from == FPL_ROLE_CLIENT ? FPL_KX_HYBRID_CLIENT_LEN : FPL_KX_HYBRID_SERVER_LEN;
    }
#else
    (void)from;
#endif
    size_t len = fpl_curve_scalar_length(group);
    return len == 0 ? 0 : 1 + 2 * len;
}

static fpl_status x25519_generate(fpl_kx *kx, const fpl_rng *rng)
{
    fpl_status status = fpl_random(rng, kx->private_key, X25519_PRIVATE_KEY_LEN);
    if (status == FPL_STATUS_OK) {
        X25519_public_from_private(kx->short_share, kx->private_key);
    }
    return status;
}

/* x25519_agree fails if, and only if, the result is all zero: a point of low order. */
static fpl_kx_result x25519_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t *out)
{
    return X25519(out, kx->private_key, peer.data) ? FPL_KX_OK : FPL_KX_BAD_SHARE;
}

static fpl_kx_result x25519_respond(fpl_kx *kx, fpl_bytes peer, const fpl_rng *rng, uint8_t *out)
{
    if (x25519_generate(kx, rng) != FPL_STATUS_OK) {
        return FPL_KX_INTERNAL;
    }
    return x25519_agree(kx, peer, out);
}

/* begin makes `kx` one of `group` without keys, of the end `role`. It fails if the group is not ours. */
static fpl_status begin(fpl_kx *kx, fpl_named_group group, fpl_role role)
{
    fpl_kx_wipe(kx);
    kx->group = group;
    kx->public_len = (uint16_t)fpl_kx_share_length(group, role);
    if (kx->public_len == 0) {
        return FPL_STATUS_INTERNAL;
    }
    if (kx->public_len > sizeof(kx->short_share)) {
        kx->long_share = OPENSSL_malloc(kx->public_len);
        if (kx->long_share == NULL) {
            return fpl_crypto_failure();
        }
    }
    return FPL_STATUS_OK;
}

fpl_status fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng)
{
    fpl_status status = begin(kx, group, FPL_ROLE_CLIENT);
    if (status == FPL_STATUS_OK) {
        switch (group) {
        case FPL_NAMED_GROUP_X25519: status = x25519_generate(kx, rng); break;
#if FPL_HAVE_MLKEM
        case FPL_NAMED_GROUP_X25519MLKEM768: status = fpl_kx_hybrid_generate(kx, rng); break;
#endif
        default: status = fpl_kx_curve_generate(kx, rng); break;
        }
    }
    if (status != FPL_STATUS_OK) {
        fpl_kx_wipe(kx);
    }
    return status;
}

fpl_bytes fpl_kx_public(const fpl_kx *kx)
{
    return fpl_bytes_of(kx->long_share != NULL ? kx->long_share : kx->short_share, kx->public_len);
}

/* settle is the end of an agreement: a secret, or none. */
static fpl_kx_result settle(fpl_kx_result result, fpl_named_group group, uint8_t *out, size_t *out_len)
{
    if (result != FPL_KX_OK) {
        OPENSSL_cleanse(out, FPL_KX_MAX_SECRET_LEN);
        *out_len = 0;
    } else {
        *out_len = fpl_kx_secret_length(group);
    }
    return result;
}

fpl_kx_result fpl_kx_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t out[FPL_KX_MAX_SECRET_LEN],
                           size_t *out_len)
{
    fpl_kx_result result;
    if (kx->public_len == 0) {
        result = FPL_KX_INTERNAL;
    } else if (peer.len != fpl_kx_share_length(kx->group, FPL_ROLE_SERVER)) {
        result = FPL_KX_BAD_SHARE;
    } else {
        switch (kx->group) {
        case FPL_NAMED_GROUP_X25519: result = x25519_agree(kx, peer, out); break;
#if FPL_HAVE_MLKEM
        case FPL_NAMED_GROUP_X25519MLKEM768: result = fpl_kx_hybrid_agree(kx, peer, out); break;
#endif
        default: result = fpl_kx_curve_agree(kx, peer, out); break;
        }
    }
    return settle(result, kx->group, out, out_len);
}

fpl_kx_result fpl_kx_respond(fpl_kx *kx, fpl_named_group group, fpl_bytes peer, const fpl_rng *rng,
                             uint8_t out[FPL_KX_MAX_SECRET_LEN], size_t *out_len)
{
    fpl_status status = begin(kx, group, FPL_ROLE_SERVER);
    fpl_kx_result result;
    if (status != FPL_STATUS_OK) {
        result = status == FPL_STATUS_NO_MEMORY ? FPL_KX_NO_MEMORY : FPL_KX_INTERNAL;
    } else if (peer.len != fpl_kx_share_length(group, FPL_ROLE_CLIENT)) {
        result = FPL_KX_BAD_SHARE;
    } else {
        switch (group) {
        case FPL_NAMED_GROUP_X25519: result = x25519_respond(kx, peer, rng, out); break;
#if FPL_HAVE_MLKEM
        case FPL_NAMED_GROUP_X25519MLKEM768: result = fpl_kx_hybrid_respond(kx, peer, rng, out); break;
#endif
        default: result = fpl_kx_curve_respond(kx, peer, rng, out); break;
        }
    }
    OPENSSL_cleanse(kx->private_key, sizeof(kx->private_key));
    if (result != FPL_KX_OK) {
        fpl_kx_wipe(kx);
    }
    return settle(result, group, out, out_len);
}

void fpl_kx_wipe(fpl_kx *kx)
{
    OPENSSL_free(kx->long_share);
    OPENSSL_cleanse(kx, sizeof(*kx));
}
