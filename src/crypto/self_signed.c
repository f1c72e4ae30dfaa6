#include "crypto/self_signed.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/x509.h>
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

/* What ASN1_TIME can say: the years 0000 to 9999, with our days around it. */
#define MIN_UNIX_TIME 0
#define MAX_UNIX_TIME INT64_C(253370764800) /* 9999-01-01 */

/* set_serial gives a random serial: browsers confuse certificates of one issuer and serial. The two
 * top bits are 01, so that it is positive and always as long. */
static int set_serial(X509 *x509, const fpl_rng *rng)
{
    uint8_t serial[SERIAL_LEN];
    if (fpl_random(rng, serial, sizeof(serial)) != FPL_STATUS_OK) {
        return 0;
    }
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    BIGNUM *number = BN_bin2bn(serial, sizeof(serial), NULL);
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

static fpl_status make_certificate(const fpl_self_signed_options *options, EVP_PKEY *key,
                                   fpl_self_signed *out)
{
    const char *name = options->common_name != NULL ? options->common_name : DEFAULT_COMMON_NAME;
    const EVP_MD *md = fpl_hash_md(fpl_scheme_hash(fpl_curve_scheme(fpl_key_curve(key))));
    fpl_status status = FPL_STATUS_OK;
    X509 *x509 = X509_new();
    if (x509 == NULL || !X509_set_version(x509, X509_VERSION_3) || !set_serial(x509, options->rng) ||
        !set_names(x509, name) || !set_validity(x509, options->unix_time) || !X509_set_pubkey(x509, key) ||
        !X509_sign(x509, key, md)) {
        status = fpl_crypto_failure();
    } else {
        int len = i2d_X509(x509, &out->certificate);
        if (len <= 0) {
            status = fpl_crypto_failure();
        } else {
            out->certificate_len = (size_t)len;
        }
    }
    X509_free(x509);
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

static fpl_status write_key(const EVP_PKEY *key, fpl_self_signed *out)
{
    CBB cbb;
    if (!CBB_init(&cbb, 0) || !EVP_marshal_private_key(&cbb, key) ||
        !CBB_finish(&cbb, &out->key, &out->key_len)) {
        fpl_status status = fpl_crypto_failure();
        CBB_cleanup(&cbb);
        return status;
    }
    return FPL_STATUS_OK;
}

static int options_fit(const fpl_self_signed_options *options)
{
    size_t name_len = options->common_name == NULL ? 1 : strlen(options->common_name);
    return name_len >= 1 && name_len <= MAX_COMMON_NAME_LEN && options->unix_time >= MIN_UNIX_TIME &&
           options->unix_time <= MAX_UNIX_TIME && (int64_t)(time_t)options->unix_time == options->unix_time;
}

fpl_status fpl_self_signed_make(const fpl_self_signed_options *options, fpl_self_signed *out)
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
        fpl_self_signed_wipe(out);
    }
    return status;
}

void fpl_self_signed_wipe(fpl_self_signed *self_signed)
{
    OPENSSL_free(self_signed->certificate);
    if (self_signed->key != NULL) {
        OPENSSL_cleanse(self_signed->key, self_signed->key_len);
    }
    OPENSSL_free(self_signed->key);
    memset(self_signed, 0, sizeof(*self_signed));
}
