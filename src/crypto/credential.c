#include "crypto/credential.h"

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <string.h>

#include "crypto/certificate.h"
#include "crypto/failure.h"
#include "crypto/pem.h"
#include "crypto/sign.h"

/* take_der stores a copy of `in` in `*out` as DER, whatever it was. `*out` stays NULL if there is
 * nothing in it under `label`. */
static fpl_status take_der(fpl_bytes in, const char *label, uint8_t **out, size_t *out_len)
{
    if (fpl_pem_is(in)) {
        return fpl_pem_read(in, label, out, out_len);
    }
    *out = OPENSSL_memdup(in.data, in.len);
    *out_len = in.len;
    return *out == NULL && in.len != 0 ? fpl_crypto_failure() : FPL_STATUS_OK;
}

static fpl_credential_result split_chain(fpl_credential *credential, size_t len)
{
    CBS rest, element;
    CBS_init(&rest, credential->storage, len);
    while (CBS_len(&rest) != 0) {
        if (credential->num_chain == FPL_LIMIT_VALUE_OWN_CERTIFICATES ||
            !CBS_get_asn1_element(&rest, &element, CBS_ASN1_SEQUENCE)) {
            return FPL_CREDENTIAL_BAD_CHAIN;
        }
        credential->chain[credential->num_chain++] = fpl_bytes_of(CBS_data(&element), CBS_len(&element));
    }
    return credential->num_chain == 0 ? FPL_CREDENTIAL_BAD_CHAIN : FPL_CREDENTIAL_OK;
}

static fpl_credential_result load_chain(fpl_credential *credential, fpl_bytes chain)
{
    size_t len;
    switch (take_der(chain, FPL_PEM_CERTIFICATE, &credential->storage, &len)) {
    case FPL_STATUS_OK: return split_chain(credential, len);
    case FPL_STATUS_NO_MEMORY: return FPL_CREDENTIAL_NO_MEMORY;
    case FPL_STATUS_NONE:
    case FPL_STATUS_INTERNAL: break;
    }
    return FPL_CREDENTIAL_BAD_CHAIN;
}

static fpl_credential_result read_leaf(fpl_bytes der, fpl_certificate *leaf)
{
    switch (fpl_certificate_parse(der, leaf)) {
    case FPL_CERTIFICATE_OK: return FPL_CREDENTIAL_OK;
    case FPL_CERTIFICATE_UNSUPPORTED_KEY: return FPL_CREDENTIAL_UNSUPPORTED_KEY;
    case FPL_CERTIFICATE_KEY_USAGE: return FPL_CREDENTIAL_KEY_USAGE;
    case FPL_CERTIFICATE_NO_MEMORY: return FPL_CREDENTIAL_NO_MEMORY;
    case FPL_CERTIFICATE_NONE:
    case FPL_CERTIFICATE_MALFORMED: break;
    }
    return FPL_CREDENTIAL_BAD_CHAIN;
}

/* parse_sec1 reads an RFC 5915 key, which must name its curve, and returns NULL if `der` is
 * something else. */
static EVP_PKEY *parse_sec1(fpl_bytes der)
{
    CBS cbs;
    CBS_init(&cbs, der.data, der.len);
    EC_KEY *ec = EC_KEY_parse_private_key(&cbs, NULL);
    EVP_PKEY *key = NULL;
    if (ec != NULL && CBS_len(&cbs) == 0) {
        key = EVP_PKEY_new();
        if (key != NULL && !EVP_PKEY_set1_EC_KEY(key, ec)) {
            EVP_PKEY_free(key);
            key = NULL;
        }
    }
    EC_KEY_free(ec);
    return key;
}

static EVP_PKEY *parse_pkcs8(fpl_bytes der)
{
    CBS cbs;
    CBS_init(&cbs, der.data, der.len);
    EVP_PKEY *key = EVP_parse_private_key(&cbs);
    if (key != NULL && CBS_len(&cbs) != 0) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static fpl_credential_result parse_key(fpl_bytes der, EVP_PKEY **out)
{
    *out = parse_pkcs8(der);
    if (*out == NULL) {
        if (fpl_crypto_out_of_memory()) {
            return FPL_CREDENTIAL_NO_MEMORY;
        }
        *out = parse_sec1(der);
    }
    if (*out == NULL) {
        return fpl_crypto_out_of_memory() ? FPL_CREDENTIAL_NO_MEMORY : FPL_CREDENTIAL_BAD_KEY;
    }
    if (fpl_key_curve(*out) == 0) {
        return FPL_CREDENTIAL_UNSUPPORTED_KEY;
    }
    /* A file may hold halves that do not belong together. */
    if (!EC_KEY_check_key(EVP_PKEY_get0_EC_KEY(*out))) {
        return fpl_crypto_out_of_memory() ? FPL_CREDENTIAL_NO_MEMORY : FPL_CREDENTIAL_BAD_KEY;
    }
    return FPL_CREDENTIAL_OK;
}

static fpl_credential_result load_key(fpl_bytes in, EVP_PKEY **out)
{
    uint8_t *der = NULL;
    size_t len = 0;
    fpl_status status = take_der(in, FPL_PEM_PRIVATE_KEY, &der, &len);
    if (status == FPL_STATUS_OK && der == NULL) {
        status = take_der(in, FPL_PEM_EC_PRIVATE_KEY, &der, &len);
    }
    fpl_credential_result result = FPL_CREDENTIAL_BAD_KEY;
    if (status == FPL_STATUS_NO_MEMORY) {
        result = FPL_CREDENTIAL_NO_MEMORY;
    } else if (status == FPL_STATUS_OK && der != NULL) {
        result = parse_key(fpl_bytes_of(der, len), out);
    }
    if (der != NULL) {
        OPENSSL_cleanse(der, len);
    }
    OPENSSL_free(der);
    return result;
}

static fpl_credential_result load_all(fpl_credential *credential, fpl_bytes chain, fpl_bytes key)
{
    fpl_credential_result result = load_chain(credential, chain);
    if (result != FPL_CREDENTIAL_OK) {
        return result;
    }
    fpl_certificate leaf;
    result = read_leaf(credential->chain[0], &leaf);
    if (result != FPL_CREDENTIAL_OK) {
        return result;
    }
    credential->curve = leaf.curve;
    if (key.len != 0) {
        result = load_key(key, &credential->key);
        if (result == FPL_CREDENTIAL_OK && EVP_PKEY_cmp(leaf.key, credential->key) != 1) {
            result = FPL_CREDENTIAL_MISMATCH;
        }
    }
    fpl_certificate_wipe(&leaf);
    return result;
}

fpl_credential_result fpl_credential_load(fpl_credential *credential, fpl_bytes chain, fpl_bytes key)
{
    memset(credential, 0, sizeof(*credential));
    fpl_credential_result result = load_all(credential, chain, key);
    if (result != FPL_CREDENTIAL_OK) {
        fpl_credential_wipe(credential);
    }
    fpl_crypto_forget_errors();
    return result;
}

void fpl_credential_wipe(fpl_credential *credential)
{
    OPENSSL_free(credential->storage);
    EVP_PKEY_free(credential->key);
    memset(credential, 0, sizeof(*credential));
}
