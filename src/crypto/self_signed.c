#include "crypto/self_signed.h"

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/asn1_time.h"
#include "crypto/curve.h"
#include "crypto/failure.h"
#include "crypto/hash.h"
#include "crypto/scheme.h"
#include "crypto/sign.h"
#include "crypto/utf8.h"

/* The certificate is written as bytes, not as an X509 object: the object takes 150 allocations, some
 * of which current copies of libcrypto do not survive failing. */

#define DEFAULT_COMMON_NAME "Flightplan"
#define MAX_COMMON_NAME_LEN 64 /* RFC 5280 appendix A.1, ub-common-name */
#define SERIAL_LEN 16
#define VERSION_3 2

#define SECONDS_PER_DAY INT64_C(86400)
#define SECONDS_BEFORE SECONDS_PER_DAY
#define SECONDS_AFTER (365 * SECONDS_PER_DAY)

static const char *common_name_of(const fpl_minted_options *options)
{
    return options->common_name != NULL ? options->common_name : DEFAULT_COMMON_NAME;
}

static bool options_fit(const fpl_minted_options *options)
{
    const char *name = common_name_of(options);
    size_t len = strlen(name);
    return len >= 1 && len <= MAX_COMMON_NAME_LEN &&
           fpl_utf8_is_valid(fpl_bytes_of((const uint8_t *)name, len)) && options->unix_time >= 0 &&
           options->unix_time <= FPL_ASN1_TIME_MAX - SECONDS_AFTER;
}

/* draw_serial draws a random serial: browsers confuse certificates of one issuer and serial. The two
 * top bits are 01, so that it is positive and always as long. */
static fpl_status draw_serial(const fpl_rng *rng, uint8_t serial[SERIAL_LEN])
{
    fpl_status status = fpl_random(rng, serial, SERIAL_LEN);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    return status;
}

static bool add_oid(CBB *out, const uint8_t *oid, size_t len)
{
    CBB child;
    return CBB_add_asn1(out, &child, CBS_ASN1_OBJECT) && CBB_add_bytes(&child, oid, len) && CBB_flush(out);
}

/* add_algorithm names ECDSA with `hash` (RFC 5758 section 3.2). */
static bool add_algorithm(CBB *out, fpl_hash hash)
{
    static const uint8_t kSha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    static const uint8_t kSha384[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
    CBB sequence;
    return CBB_add_asn1(out, &sequence, CBS_ASN1_SEQUENCE) &&
           (hash == FPL_HASH_SHA256 ? add_oid(&sequence, kSha256, sizeof(kSha256))
                                    : add_oid(&sequence, kSha384, sizeof(kSha384))) &&
           CBB_flush(out);
}

static bool add_name(CBB *out, const char *common_name)
{
    static const uint8_t kCommonName[] = {0x55, 0x04, 0x03}; /* 2.5.4.3 */
    CBB name, set, attribute, value;
    return CBB_add_asn1(out, &name, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&name, &set, CBS_ASN1_SET) &&
           CBB_add_asn1(&set, &attribute, CBS_ASN1_SEQUENCE) &&
           add_oid(&attribute, kCommonName, sizeof(kCommonName)) &&
           CBB_add_asn1(&attribute, &value, CBS_ASN1_UTF8STRING) &&
           CBB_add_bytes(&value, (const uint8_t *)common_name, strlen(common_name)) && CBB_flush(out);
}

static bool add_validity(CBB *out, int64_t now)
{
    int64_t from = now < SECONDS_BEFORE ? 0 : now - SECONDS_BEFORE;
    CBB validity;
    return CBB_add_asn1(out, &validity, CBS_ASN1_SEQUENCE) && fpl_asn1_time_add(&validity, from) &&
           fpl_asn1_time_add(&validity, now + SECONDS_AFTER) && CBB_flush(out);
}

static bool add_version_and_serial(CBB *out, const uint8_t serial[SERIAL_LEN])
{
    CBB version, number;
    return CBB_add_asn1(out, &version, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
           CBB_add_asn1_uint64(&version, VERSION_3) && CBB_add_asn1(out, &number, CBS_ASN1_INTEGER) &&
           CBB_add_bytes(&number, serial, SERIAL_LEN) && CBB_flush(out);
}

/* add_tbs appends a TBSCertificate (RFC 5280 section 4.1) without extensions: a peer of WebRTC looks
 * at the fingerprint and at nothing else. */
static bool add_tbs(CBB *out, const fpl_minted_options *options, const uint8_t serial[SERIAL_LEN],
                    const EVP_PKEY *key, fpl_hash hash)
{
    const char *name = common_name_of(options);
    CBB tbs;
    return CBB_add_asn1(out, &tbs, CBS_ASN1_SEQUENCE) && add_version_and_serial(&tbs, serial) &&
           add_algorithm(&tbs, hash) && add_name(&tbs, name) && add_validity(&tbs, options->unix_time) &&
           add_name(&tbs, name) && EVP_marshal_public_key(&tbs, key) && CBB_flush(out);
}

static fpl_status sign_tbs(fpl_bytes tbs, const EVP_PKEY *key, fpl_hash hash,
                           uint8_t out[FPL_SIGNATURE_MAX_LEN], size_t *out_len)
{
    uint8_t digest[FPL_HASH_MAX_LEN];
    size_t digest_len = fpl_hash_once(hash, tbs, digest);
    return fpl_sign(key, fpl_bytes_of(digest, digest_len), out, out_len);
}

static bool add_certificate(CBB *out, fpl_bytes tbs, fpl_hash hash, fpl_bytes signature)
{
    CBB certificate, bits;
    return CBB_add_asn1(out, &certificate, CBS_ASN1_SEQUENCE) &&
           CBB_add_bytes(&certificate, tbs.data, tbs.len) && add_algorithm(&certificate, hash) &&
           CBB_add_asn1(&certificate, &bits, CBS_ASN1_BITSTRING) &&
           CBB_add_u8(&bits, 0) && /* no unused bits */
           CBB_add_bytes(&bits, signature.data, signature.len) && CBB_flush(out);
}

/* finish gives what was written to the caller if `ok`. With options that fit, only memory can have
 * been wanting. */
static fpl_status finish(CBB *cbb, bool ok, uint8_t **out, size_t *out_len)
{
    if (ok && CBB_finish(cbb, out, out_len)) {
        return FPL_STATUS_OK;
    }
    CBB_cleanup(cbb);
    fpl_crypto_forget_errors();
    return FPL_STATUS_NO_MEMORY;
}

static fpl_status make_tbs(const fpl_minted_options *options, const EVP_PKEY *key, fpl_hash hash,
                           uint8_t **out, size_t *out_len)
{
    uint8_t serial[SERIAL_LEN];
    fpl_status status = draw_serial(options->rng, serial);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    CBB cbb;
    CBB_zero(&cbb);
    bool ok = CBB_init(&cbb, 0) && add_tbs(&cbb, options, serial, key, hash);
    return finish(&cbb, ok, out, out_len);
}

static fpl_status make_certificate(const fpl_minted_options *options, const EVP_PKEY *key, fpl_minted *out)
{
    fpl_hash hash = fpl_scheme_hash(fpl_curve_scheme(fpl_key_curve(key)));
    uint8_t *tbs = NULL;
    size_t tbs_len = 0;
    uint8_t signature[FPL_SIGNATURE_MAX_LEN];
    size_t signature_len;
    fpl_status status = make_tbs(options, key, hash, &tbs, &tbs_len);
    if (status == FPL_STATUS_OK) {
        status = sign_tbs(fpl_bytes_of(tbs, tbs_len), key, hash, signature, &signature_len);
    }
    if (status == FPL_STATUS_OK) {
        CBB cbb;
        CBB_zero(&cbb);
        bool ok = CBB_init(&cbb, 0) && add_certificate(&cbb, fpl_bytes_of(tbs, tbs_len), hash,
                                                       fpl_bytes_of(signature, signature_len));
        status = finish(&cbb, ok, &out->certificate, &out->certificate_len);
    }
    OPENSSL_free(tbs);
    return status;
}

static fpl_status make_key(fpl_named_group curve, const fpl_rng *rng, EVP_PKEY **out)
{
    EC_KEY *ec;
    fpl_status status = fpl_curve_generate(curve, rng, &ec);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    EVP_PKEY *key = EVP_PKEY_new();
    if (key == NULL || !EVP_PKEY_set1_EC_KEY(key, ec)) {
        status = fpl_crypto_failure();
        EVP_PKEY_free(key);
        key = NULL;
    }
    EC_KEY_free(ec);
    *out = key;
    return status;
}

static fpl_status write_key(const EVP_PKEY *key, fpl_minted *out)
{
    CBB cbb;
    CBB_zero(&cbb);
    bool ok = CBB_init(&cbb, 0) && EVP_marshal_private_key(&cbb, key);
    return finish(&cbb, ok, &out->key, &out->key_len);
}

fpl_status fpl_minted_make(const fpl_minted_options *options, fpl_minted *out)
{
    memset(out, 0, sizeof(*out));
    if (!options_fit(options)) {
        return FPL_STATUS_INTERNAL;
    }
    EVP_PKEY *key;
    fpl_status status =
        make_key(options->curve == 0 ? FPL_NAMED_GROUP_SECP256R1 : options->curve, options->rng, &key);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    status = make_certificate(options, key, out);
    if (status == FPL_STATUS_OK) {
        status = write_key(key, out);
    }
    EVP_PKEY_free(key);
    if (status != FPL_STATUS_OK) {
        fpl_minted_wipe(out);
    }
    return status;
}

void fpl_minted_wipe(fpl_minted *minted)
{
    OPENSSL_free(minted->certificate);
    if (minted->key != NULL) {
        OPENSSL_cleanse(minted->key, minted->key_len);
    }
    OPENSSL_free(minted->key);
    memset(minted, 0, sizeof(*minted));
}
