#ifndef FPL_CRYPTO_CERTIFICATE_H
#define FPL_CRYPTO_CERTIFICATE_H

#include <flightplan/registries.h>
#include <openssl/base.h>

#include "crypto/bytes.h"

/* fpl_certificate_result is the outcome of reading a certificate. */
typedef enum fpl_certificate_result {
    FPL_CERTIFICATE_NONE, /* never returned */
    FPL_CERTIFICATE_OK,
    FPL_CERTIFICATE_MALFORMED,       /* not a DER X.509 certificate */
    FPL_CERTIFICATE_UNSUPPORTED_KEY, /* well-formed, key of another kind or curve */
    FPL_CERTIFICATE_KEY_USAGE,       /* keyUsage is there without digitalSignature */
    FPL_CERTIFICATE_NO_MEMORY,
} fpl_certificate_result;

/* fpl_certificate is what a handshake needs of a leaf. Zeroed, it may be wiped. */
typedef struct fpl_certificate {
    EVP_PKEY *key; /* owned */
    fpl_named_group curve;
} fpl_certificate;

/* fpl_certificate_parse reads the leaf `der` (RFC 5280 section 4.1) and sets `*out`; `der` is not
 * needed afterwards. Names, validity and the issuer's signature are not judged: trust is the
 * application's. On failure `*out` is zeroed. */
fpl_certificate_result fpl_certificate_parse(fpl_bytes der, fpl_certificate *out);

/* fpl_certificate_wipe frees the key and leaves `certificate` zeroed. */
void fpl_certificate_wipe(fpl_certificate *certificate);

#endif /* FPL_CRYPTO_CERTIFICATE_H */
