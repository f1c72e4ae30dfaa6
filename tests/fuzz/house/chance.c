#include "house/chance.h"

#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "common/rng.h"
#include "crypto/kx.h"
#include "crypto/random.h"

bool house_chance_fails;

static rng source;

void house_chance_begin(uint64_t seed)
{
    source = rng_of(seed);
    house_chance_fails = false;
}

bool house_chance_fill(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    if (house_chance_fails) {
        return false;
    }
    rng_fill(&source, out, len);
    return true;
}

static int fill_for_libcrypto(void *arg, uint8_t *out, size_t len)
{
    return house_chance_fill(arg, out, len) ? 1 : 0;
}

/* Names that begin with __wrap_ are the linker's to give. */
fpl_status __real_fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng);
fpl_status __wrap_fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng);
fpl_kx_result __real_fpl_kx_respond(fpl_kx *kx, fpl_named_group group, fpl_bytes peer, const fpl_rng *rng,
                                    uint8_t out[FPL_KX_MAX_SECRET_LEN], size_t *len);
fpl_kx_result __wrap_fpl_kx_respond(fpl_kx *kx, fpl_named_group group, fpl_bytes peer, const fpl_rng *rng,
                                    uint8_t out[FPL_KX_MAX_SECRET_LEN], size_t *len);
ECDSA_SIG *__wrap_ECDSA_do_sign(const uint8_t *digest, size_t digest_len, const EC_KEY *key);

fpl_status __wrap_fpl_kx_generate(fpl_kx *kx, fpl_named_group group, const fpl_rng *rng)
{
    fpl_rng ours;
    memset(&ours, 0, sizeof ours);
    ours.fn = fill_for_libcrypto;
    (void)rng;
    return __real_fpl_kx_generate(kx, group, &ours);
}

fpl_kx_result __wrap_fpl_kx_respond(fpl_kx *kx, fpl_named_group group, fpl_bytes peer, const fpl_rng *rng,
                                    uint8_t out[FPL_KX_MAX_SECRET_LEN], size_t *len)
{
    fpl_rng ours;
    memset(&ours, 0, sizeof ours);
    ours.fn = fill_for_libcrypto;
    (void)rng;
    return __real_fpl_kx_respond(kx, group, peer, &ours, out, len);
}

/* The nonce is the digest's own: the key leaks with the second signature, and protects nothing. */
ECDSA_SIG *__wrap_ECDSA_do_sign(const uint8_t *digest, size_t digest_len, const EC_KEY *key)
{
    uint8_t nonce[48];
    size_t  len = (EC_GROUP_get_degree(EC_KEY_get0_group(key)) + 7) / 8;
    memset(nonce, 0x17, sizeof nonce);
    for (size_t i = 1; i < digest_len && i < len; i++) {
        nonce[i] ^= digest[i];
    }
    return ECDSA_sign_with_nonce_and_leak_private_key_for_testing(digest, digest_len, key, nonce, len);
}
