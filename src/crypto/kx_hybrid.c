#include "crypto/kx_hybrid.h"

#if FPL_HAVE_MLKEM

#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/mem.h>
#include <openssl/mlkem.h>
#include <string.h>

#include "crypto/failure.h"

_Static_assert(FPL_KX_HYBRID_CLIENT_LEN == MLKEM768_PUBLIC_KEY_BYTES + X25519_PUBLIC_VALUE_LEN, "share");
_Static_assert(FPL_KX_HYBRID_SERVER_LEN == MLKEM768_CIPHERTEXT_BYTES + X25519_PUBLIC_VALUE_LEN, "share");
_Static_assert(FPL_KX_HYBRID_SECRET_LEN == MLKEM_SHARED_SECRET_BYTES + X25519_SHARED_KEY_LEN, "secret");
_Static_assert(FPL_KX_MAX_PRIVATE_LEN >= MLKEM_SEED_BYTES + X25519_PRIVATE_KEY_LEN, "private half");
_Static_assert(FPL_KX_MAX_PUBLIC_LEN >= FPL_KX_HYBRID_CLIENT_LEN, "share");
_Static_assert(FPL_KX_MAX_SECRET_LEN >= FPL_KX_HYBRID_SECRET_LEN, "secret");

/* An encapsulation key is its numbers, packed two in three bytes, and a seed. */
#define PACKED_LEN (MLKEM768_PUBLIC_KEY_BYTES - 32)
#define MODULUS 3329

bool fpl_kx_hybrid_key_valid(fpl_bytes share)
{
    for (size_t i = 0; i < PACKED_LEN; i += 3) {
        const uint8_t *packed = share.data + i;
        unsigned first = packed[0] | (packed[1] & 0x0fu) << 8;
        unsigned second = packed[1] >> 4 | (unsigned)packed[2] << 4;
        if (first >= MODULUS || second >= MODULUS) {
            return false;
        }
    }
    return true;
}

/* write_key writes the encapsulation key of `key` to `out`. */
static fpl_status write_key(const struct MLKEM768_private_key *key, uint8_t *out)
{
    struct MLKEM768_public_key public_key;
    CBB cbb;
    size_t len;
    MLKEM768_public_from_private(&public_key, key);
    if (!CBB_init_fixed(&cbb, out, MLKEM768_PUBLIC_KEY_BYTES)) {
        return fpl_crypto_failure();
    }
    if (!MLKEM768_marshal_public_key(&cbb, &public_key) || !CBB_finish(&cbb, NULL, &len) ||
        len != MLKEM768_PUBLIC_KEY_BYTES) {
        CBB_cleanup(&cbb);
        return fpl_crypto_failure();
    }
    return FPL_STATUS_OK;
}

fpl_status fpl_kx_hybrid_generate(fpl_kx *kx, const fpl_rng *rng)
{
    struct MLKEM768_private_key key;
    uint8_t *x25519_private = kx->private_key + MLKEM_SEED_BYTES;
    fpl_status status = fpl_random(rng, kx->private_key, MLKEM_SEED_BYTES + X25519_PRIVATE_KEY_LEN);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    if (MLKEM768_private_key_from_seed(&key, kx->private_key, MLKEM_SEED_BYTES)) {
        status = write_key(&key, kx->long_share);
    } else {
        status = fpl_crypto_failure();
    }
    OPENSSL_cleanse(&key, sizeof(key));
    X25519_public_from_private(kx->long_share + MLKEM768_PUBLIC_KEY_BYTES, x25519_private);
    return status;
}

fpl_kx_result fpl_kx_hybrid_agree(const fpl_kx *kx, fpl_bytes peer, uint8_t *out)
{
    struct MLKEM768_private_key key;
    /* Cheap, and the only fault that a peer can be told of: a ciphertext of the right length always
     * opens, to something that nobody else knows if it was not made for us. */
    if (!X25519(out + MLKEM_SHARED_SECRET_BYTES, kx->private_key + MLKEM_SEED_BYTES,
                peer.data + MLKEM768_CIPHERTEXT_BYTES)) {
        return FPL_KX_BAD_SHARE;
    }
    fpl_kx_result result = FPL_KX_OK;
    if (!MLKEM768_private_key_from_seed(&key, kx->private_key, MLKEM_SEED_BYTES) ||
        !MLKEM768_decap(out, peer.data, MLKEM768_CIPHERTEXT_BYTES, &key)) {
        fpl_crypto_forget_errors();
        result = FPL_KX_INTERNAL;
    }
    OPENSSL_cleanse(&key, sizeof(key));
    return result;
}

fpl_kx_result fpl_kx_hybrid_respond(fpl_kx *kx, fpl_bytes peer, const fpl_rng *rng, uint8_t *out)
{
    struct MLKEM768_public_key key;
    uint8_t *x25519_public = kx->long_share + MLKEM768_CIPHERTEXT_BYTES;
    CBS encoded;
    CBS_init(&encoded, peer.data, MLKEM768_PUBLIC_KEY_BYTES);
    if (!MLKEM768_parse_public_key(&key, &encoded)) {
        fpl_crypto_forget_errors();
        return FPL_KX_BAD_SHARE;
    }
    if (fpl_random(rng, kx->private_key, X25519_PRIVATE_KEY_LEN) != FPL_STATUS_OK) {
        return FPL_KX_INTERNAL;
    }
    if (!X25519(out + MLKEM_SHARED_SECRET_BYTES, kx->private_key, peer.data + MLKEM768_PUBLIC_KEY_BYTES)) {
        return FPL_KX_BAD_SHARE;
    }
    X25519_public_from_private(x25519_public, kx->private_key);
    MLKEM768_encap(kx->long_share, out, &key);
    return FPL_KX_OK;
}

#else

/* Nobody's share is one of a group that is not ours. */
bool fpl_kx_hybrid_key_valid(fpl_bytes share)
{
    (void)share;
    return false;
}

#endif
