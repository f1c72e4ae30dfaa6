#ifndef FPL_X509_STRENGTH_H
#define FPL_X509_STRENGTH_H

#include <openssl/x509.h>
#include <stdbool.h>

/* fpl_signature_is_strong returns whether `certificate` is signed with an algorithm that <flightplan/x509.h> lists.
 * libcrypto refuses MD5 but takes SHA-1. */
bool fpl_signature_is_strong(const X509 *certificate);

/* fpl_key_is_strong returns whether the key of `certificate` is one that <flightplan/x509.h> lists. libcrypto takes RSA
 * of any length. A key that does not parse is not strong. */
bool fpl_key_is_strong(X509 *certificate);

#endif /* FPL_X509_STRENGTH_H */
