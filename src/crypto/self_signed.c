#include "crypto/self_signed.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "crypto/curve.h"
#include "crypto/failure.h"
#include "crypto/hash.h"
#include "crypto/scheme.h"
#include "crypto/sign.h"

#define DEFAULT_COMMON_NAME "Flightplan"
#define MAX_COMMON_NAME_LEN 64 /* RFC 5280 appendix A.1, ub-common-name */
#define SERIAL_LEN 16
#define DAYS_BEFORE 1
#define DAYS_AFTER 365

/* What fits into ASN1_TIME, which ends with the year 9999, with our days around it. */
#define MIN_UNIX_TIME 0
#define MAX_UNIX_TIME INT64_C(253370678400) /* 9998-12-31 */

static const char *common_name_of(const fpl_minted_options *options)
{
    return options->common_name != NULL ? options->common_name : DEFAULT_COMMON_NAME;
}

static bool name_fits(const char *name)
{
    size_t len = strlen(name);
    /* Without a place for the result it only looks whether this is UTF-8. */
    bool fits = len >= 1 && len <= MAX_COMMON_NAME_LEN &&
                ASN1_mbstring_copy(NULL, (const uint8_t *)name, (int)len, MBSTRING_UTF8, B_ASN1_UTF8STRING) >
                    0;
    fpl_crypto_forget_errors();
    return fits;
}

static bool options_fit(const fpl_minted_options *options)
{
    return name_fits(common_name_of(options)) && options->unix_time >= MIN_UNIX_TIME &&
           options->unix_time <= MAX_UNIX_TIME && (int64_t)(time_t)options->unix_time == options->unix_time;
}

/* draw_serial draws a random serial: browsers confuse certificates of one issuer and serial. The two top
 * bits are 01, so that it is positive and always as long. */
static fpl_status draw_serial(const fpl_rng *rng, uint8_t serial[SERIAL_LEN])
{
    fpl_status status = fpl_random(rng, serial, SERIAL_LEN);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    return status;
}

static int set_serial(X509 *x509, const uint8_t serial[SERIAL_LEN])
{
    BIGNUM *number = BN_bin2bn(serial, SERIAL_LEN, NULL);
    ASN1_INTEGER *integer = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
    int ok = integer != NULL && X509_set_serialNumber(x509, integer);
    ASN1_INTEGER_free(integer);
    BN_free(number);
    return ok;
}

static int set_names(X509 *x509, const char *common_name)
{
    X509_NAME *name = X509_NAME_new();
    int ok = name != NULL &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1, -1, 0) &&
             X509_set_subject_name(x509, name) && X509_set_issuer_name(x509, name);
    X509_NAME_free(name);
    return ok;
}

static int set_validity(X509 *x509, int64_t unix_time)
{
    time_t now = (time_t)unix_time;
    return ASN1_TIME_adj(X509_getm_notBefore(x509), now, -DAYS_BEFORE, 0) != NULL &&
           ASN1_TIME_adj(X509_getm_notAfter(x509), now, DAYS_AFTER, 0) != NULL;
}

/* make_certificate writes a certificate of options that fit. libcrypto does not always say when it is memory
 * that it wants; nothing else can go wrong here. */
static fpl_status make_certificate(const fpl_minted_options *options, EVP_PKEY *key,
                                   fpl_minted *out)
{
    uint8_t serial[SERIAL_LEN];
    fpl_status status = draw_serial(options->rng, serial);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    const EVP_MD *md = fpl_hash_md(fpl_scheme_hash(fpl_curve_scheme(fpl_key_curve(key))));
    X509 *x509 = X509_new();
    int len = -1;
    if (x509 != NULL && X509_set_version(x509, X509_VERSION_3) && set_serial(x509, serial) &&
        set_names(x509, common_name_of(options)) && set_validity(x509, options->unix_time) &&
        X509_set_pubkey(x509, key) && X509_sign(x509, key, md)) {
        len = i2d_X509(x509, &out->certificate);
    }
    X509_free(x509);
    if (len <= 0) {
        fpl_crypto_forget_errors();
        return FPL_STATUS_NO_MEMORY;
    }
    out->certificate_len = (size_t)len;
    return FPL_STATUS_OK;
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
    if (!CBB_init(&cbb, 0) || !EVP_marshal_private_key(&cbb, key) ||
        !CBB_finish(&cbb, &out->key, &out->key_len)) {
        CBB_cleanup(&cbb);
        fpl_crypto_forget_errors();
        return FPL_STATUS_NO_MEMORY; /* the key is ours: there is no other reason */
    }
    return FPL_STATUS_OK;
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

void fpl_minted_wipe(fpl_minted *self_signed)
{
    OPENSSL_free(self_signed->certificate);
    if (self_signed->key != NULL) {
        OPENSSL_cleanse(self_signed->key, self_signed->key_len);
    }
    OPENSSL_free(self_signed->key);
    memset(self_signed, 0, sizeof(*self_signed));
}
