#ifndef FPL_TESTS_UNIT_X509_MAKE_H
#define FPL_TESTS_UNIT_X509_MAKE_H

/* Certificates as the tests want them, made by libcrypto while they run: none can expire on disk. */

#include <flightplan/x509.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "unit.h"

#define X509_NOW INT64_C(1767225600) /* 2026-01-01 */
#define X509_DAY INT64_C(86400)

/* identity is a certificate and its key. */
typedef struct identity {
    X509 *x509;
    EVP_PKEY *key;
    uint8_t der[4096];
    size_t len;
} identity;

/* wish says what a certificate is to be; zeroed, it asks for a leaf of the least. */
typedef struct wish {
    const char *name;
    const identity *issuer; /* NULL: itself */
    EVP_PKEY *key;          /* NULL: a fresh one of P-256 */
    const char *basic_constraints, *key_usage, *extended_key_usage, *alt_name, *name_constraints; /* as openssl.cnf has it */
    int64_t from, to;       /* 0: a month before and after X509_NOW */
    const EVP_MD *hash;     /* NULL: SHA-256 */
    bool pss;
    bool another_key;       /* sign with a key that is not the issuer's */
} wish;

static inline EVP_PKEY *x509_key(int curve)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(curve);
    EVP_PKEY *key = EVP_PKEY_new();
    ck_assert(ec != NULL && EC_KEY_generate_key(ec) == 1 && EVP_PKEY_assign_EC_KEY(key, ec) == 1);
    return key;
}

static inline EVP_PKEY *x509_rsa_key(int bits)
{
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    EVP_PKEY *key = EVP_PKEY_new();
    ck_assert(BN_set_word(e, RSA_F4) == 1 && RSA_generate_key_ex(rsa, bits, e, NULL) == 1 && EVP_PKEY_assign_RSA(key, rsa) == 1);
    BN_free(e);
    return key;
}

static inline void x509_extend(X509 *x509, int nid, const char *value)
{
    X509V3_CTX context;
    if (value == NULL) {
        return;
    }
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, (char *)value);
    ck_assert_msg(extension != NULL, "extension `%s`", value);
    ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline void x509_name_it(X509_NAME *name, const char *text)
{
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0), 1);
}

static inline void x509_sign_it(X509 *x509, const wish *w, EVP_PKEY *key)
{
    const EVP_MD *hash = w->hash != NULL ? w->hash : EVP_sha256();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    ck_assert_int_eq(EVP_DigestSignInit(ctx, &pctx, hash, NULL, key), 1);
    if (w->pss) {
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, -1), 1);
    }
    ck_assert_int_gt(X509_sign_ctx(x509, ctx), 0);
    EVP_MD_CTX_free(ctx);
}

static inline identity *x509_make(const wish *w)
{
    static long serial = 0;
    identity *made = calloc(1, sizeof(*made));
    X509 *x509 = made->x509 = X509_new();
    EVP_PKEY *other = w->another_key ? x509_key(NID_X9_62_prime256v1) : NULL;
    made->key = w->key != NULL ? w->key : x509_key(NID_X9_62_prime256v1);
    ck_assert_int_eq(X509_set_version(x509, X509_VERSION_3), 1);
    ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial), 1);
    x509_name_it(X509_get_subject_name(x509), w->name);
    ck_assert_int_eq(X509_set_issuer_name(x509, X509_get_subject_name(w->issuer != NULL ? w->issuer->x509 : x509)), 1);
    ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)(w->from != 0 ? w->from : X509_NOW - 30 * X509_DAY));
    ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)(w->to != 0 ? w->to : X509_NOW + 30 * X509_DAY));
    ck_assert_int_eq(X509_set_pubkey(x509, made->key), 1);
    x509_extend(x509, NID_basic_constraints, w->basic_constraints);
    x509_extend(x509, NID_key_usage, w->key_usage);
    x509_extend(x509, NID_ext_key_usage, w->extended_key_usage);
    x509_extend(x509, NID_subject_alt_name, w->alt_name);
    x509_extend(x509, NID_name_constraints, w->name_constraints);
    x509_sign_it(x509, w, other != NULL ? other : w->issuer != NULL ? w->issuer->key : made->key);
    EVP_PKEY_free(other);
    uint8_t *at = made->der;
    made->len = (size_t)i2d_X509(x509, NULL);
    ck_assert_uint_le(made->len, sizeof(made->der));
    i2d_X509(x509, &at);
    return made;
}

/* x509_authority makes one that may issue, under `issuer` or, with NULL, under nobody. */
static inline identity *x509_authority(const char *name, const identity *issuer)
{
    wish w = {.name = name, .issuer = issuer, .basic_constraints = "critical,CA:TRUE", .key_usage = "critical,keyCertSign"};
    return x509_make(&w);
}

static inline void x509_discard(identity *made)
{
    X509_free(made->x509);
    EVP_PKEY_free(made->key);
    free(made);
}

/* x509_pem writes certificates as PEM; the caller frees the text. */
static inline char *x509_pem(const identity *const *list, size_t num, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *bytes;
    for (size_t i = 0; i < num; i++) {
        ck_assert_int_eq(PEM_write_bio_X509(bio, list[i]->x509), 1);
    }
    ck_assert_int_eq(BIO_mem_contents(bio, &bytes, len), 1);
    char *text = malloc(*len + 1);
    memcpy(text, bytes, *len);
    text[*len] = '\0';
    BIO_free(bio);
    return text;
}

/* x509_store makes a store that trusts one certificate. */
static inline fpl_trust_store *x509_store(const identity *anchor)
{
    fpl_trust_store *store = fpl_trust_store_new();
    size_t num;
    ck_assert_int_eq(fpl_trust_store_add(store, anchor->der, anchor->len, &num), FPL_OK);
    ck_assert_uint_eq(num, 1);
    return store;
}

#endif /* FPL_TESTS_UNIT_X509_MAKE_H */
