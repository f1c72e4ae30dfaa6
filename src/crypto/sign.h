#ifndef FPL_CRYPTO_SIGN_H
#define FPL_CRYPTO_SIGN_H

#include <flightplan/registries.h>
#include <openssl/base.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/status.h"

/* FPL_SIGNATURE_MAX_LEN is the longest DER signature of a P-384 key: two integers of 49 bytes with
 * their headers, in a sequence. */
#define FPL_SIGNATURE_MAX_LEN 104

/* fpl_signature_result is the outcome of a verification. */
typedef enum fpl_signature_result {
    FPL_SIGNATURE_NONE, /* never returned */
    FPL_SIGNATURE_GOOD,
    FPL_SIGNATURE_BAD,
    FPL_SIGNATURE_NO_MEMORY, /* not known, may be asked again */
} fpl_signature_result;

/* fpl_key_curve returns the curve of `key`, and zero if it is not an EC key on a curve of ours. */
fpl_named_group fpl_key_curve(const EVP_PKEY *key);

/* fpl_sign writes an ECDSA signature over `digest` in DER to `out` and its length to `*out_len`. */
fpl_status fpl_sign(const EVP_PKEY *key, fpl_bytes digest, uint8_t out[FPL_SIGNATURE_MAX_LEN],
                    size_t *out_len);

/* fpl_verify checks an ECDSA `signature` over `digest`. Anything but the one DER form of a valid
 * pair is `FPL_SIGNATURE_BAD`. */
fpl_signature_result fpl_verify(const EVP_PKEY *key, fpl_bytes digest, fpl_bytes signature);

#endif /* FPL_CRYPTO_SIGN_H */
