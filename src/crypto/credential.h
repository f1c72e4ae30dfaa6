#ifndef FPL_CRYPTO_CREDENTIAL_H
#define FPL_CRYPTO_CREDENTIAL_H

#include <flightplan/registries.h>
#include <openssl/base.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "fpl_limits.h"

/* fpl_credential_result is the outcome of loading a credential. */
typedef enum fpl_credential_result {
    FPL_CREDENTIAL_NONE, /* never returned */
    FPL_CREDENTIAL_OK,
    FPL_CREDENTIAL_BAD_CHAIN,
    FPL_CREDENTIAL_BAD_KEY,
    FPL_CREDENTIAL_UNSUPPORTED_KEY, /* of the leaf or the private key */
    FPL_CREDENTIAL_KEY_USAGE,
    FPL_CREDENTIAL_MISMATCH, /* the private key is not the leaf's */
    FPL_CREDENTIAL_NO_MEMORY,
} fpl_credential_result;

/* fpl_credential is what we prove ourselves with. Zeroed, it may be wiped. Once loaded it does not
 * change and may be shared between threads. Its memory comes from libcrypto's allocator, like that
 * of the key. */
typedef struct fpl_credential {
    uint8_t *storage;                                  /* owned; `chain` points into it */
    fpl_bytes chain[FPL_LIMIT_VALUE_OWN_CERTIFICATES]; /* DER, the leaf first */
    size_t num_chain;
    EVP_PKEY *key;         /* owned; NULL when the application signs */
    fpl_named_group curve; /* the leaf's */
} fpl_credential;

/* fpl_credential_load reads `chain`: PEM, or DER certificates one after the other, the leaf first;
 * and `key`: PKCS#8 or SEC1 (RFC 5915), in PEM or DER, not encrypted. An empty `key` stands for an
 * external signer. Both are copied. On failure `credential` is zeroed. */
fpl_credential_result fpl_credential_load(fpl_credential *credential, fpl_bytes chain, fpl_bytes key);

/* fpl_credential_wipe frees all and leaves `credential` zeroed. */
void fpl_credential_wipe(fpl_credential *credential);

#endif /* FPL_CRYPTO_CREDENTIAL_H */
