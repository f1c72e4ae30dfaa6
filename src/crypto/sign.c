#include "crypto/sign.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdbool.h>

#include "crypto/curve.h"
#include "crypto/failure.h"

fpl_named_group fpl_key_curve(const EVP_PKEY *key)
{
    if (EVP_PKEY_id(key) != EVP_PKEY_EC) {
        return 0;
    }
    const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
    return fpl_curve_group(EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)));
}

/* ECDSA_sign and ECDSA_verify do not tell want of memory from a bad signature, and encode everything twice.
 * Below, each step can fail for one reason. */

/* marshal writes `pair` in DER. With `cap` bytes for the longest form only memory can be wanting. */
static fpl_status marshal(const ECDSA_SIG *pair, uint8_t *out, size_t cap, size_t *out_len)
{
    CBB cbb;
    fpl_status status = FPL_STATUS_OK;
    if (!CBB_init_fixed(&cbb, out, cap) || !ECDSA_SIG_marshal(&cbb, pair) ||
        !CBB_finish(&cbb, NULL, out_len)) {
        fpl_crypto_forget_errors();
        status = FPL_STATUS_NO_MEMORY;
    }
    CBB_cleanup(&cbb);
    return status;
}

fpl_status fpl_sign(const EVP_PKEY *key, fpl_bytes digest, uint8_t out[FPL_SIGNATURE_MAX_LEN],
                    size_t *out_len)
{
    *out_len = 0;
    if (fpl_key_curve(key) == 0) {
        return FPL_STATUS_INTERNAL;
    }
    ECDSA_SIG *pair = ECDSA_do_sign(digest.data, digest.len, EVP_PKEY_get0_EC_KEY(key));
    if (pair == NULL) {
        return fpl_crypto_failure();
    }
    fpl_status status = marshal(pair, out, FPL_SIGNATURE_MAX_LEN, out_len);
    ECDSA_SIG_free(pair);
    return status;
}

/* read_positive reads the one DER form of a positive number of at most `max_len` bytes. */
static bool read_positive(CBS *in, size_t max_len, CBS *out)
{
    int is_negative;
    uint8_t first;
    CBS rest;
    if (!CBS_get_asn1(in, out, CBS_ASN1_INTEGER) || !CBS_is_valid_asn1_integer(out, &is_negative) ||
        is_negative) {
        return false;
    }
    rest = *out;
    if (!CBS_get_u8(&rest, &first)) {
        return false;
    }
    if (first == 0) { /* a sign, or zero */
        *out = rest;
    }
    return CBS_len(out) != 0 && CBS_len(out) <= max_len;
}

/* read_pair reads an Ecdsa-Sig-Value (RFC 3279 section 2.2.3). */
static bool read_pair(fpl_bytes signature, size_t max_len, CBS *r, CBS *s)
{
    CBS input, sequence;
    CBS_init(&input, signature.data, signature.len);
    return CBS_get_asn1(&input, &sequence, CBS_ASN1_SEQUENCE) && CBS_len(&input) == 0 &&
           read_positive(&sequence, max_len, r) && read_positive(&sequence, max_len, s) &&
           CBS_len(&sequence) == 0;
}

/* make_pair returns the pair of `r` and `s`, or NULL for want of memory. */
static ECDSA_SIG *make_pair(const CBS *r, const CBS *s)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r_number = BN_bin2bn(CBS_data(r), CBS_len(r), NULL);
    BIGNUM *s_number = BN_bin2bn(CBS_data(s), CBS_len(s), NULL);
    if (pair == NULL || r_number == NULL || s_number == NULL || !ECDSA_SIG_set0(pair, r_number, s_number)) {
        BN_free(r_number);
        BN_free(s_number);
        ECDSA_SIG_free(pair);
        return NULL;
    }
    return pair; /* which owns the numbers now */
}

fpl_signature_result fpl_verify(const EVP_PKEY *key, fpl_bytes digest, fpl_bytes signature)
{
    CBS r, s;
    size_t max_len = fpl_curve_scalar_length(fpl_key_curve(key));
    if (max_len == 0 || !read_pair(signature, max_len, &r, &s)) {
        return FPL_SIGNATURE_BAD;
    }
    ECDSA_SIG *pair = make_pair(&r, &s);
    if (pair == NULL) {
        fpl_crypto_forget_errors();
        return FPL_SIGNATURE_NO_MEMORY;
    }
    fpl_signature_result result = FPL_SIGNATURE_GOOD;
    if (ECDSA_do_verify(digest.data, digest.len, pair, EVP_PKEY_get0_EC_KEY(key)) != 1) {
        result = fpl_crypto_out_of_memory() ? FPL_SIGNATURE_NO_MEMORY : FPL_SIGNATURE_BAD;
    }
    ECDSA_SIG_free(pair);
    return result;
}
