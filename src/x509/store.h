#ifndef FPL_X509_STORE_H
#define FPL_X509_STORE_H

#include <flightplan/x509.h>
#include <openssl/x509.h>

/* fpl_trust_store is libcrypto's store, and what is in it once more: libcrypto's cannot be asked in the same way in
 * old and new copies, and one to which adding failed half-way cannot be put back. */
struct fpl_trust_store {
    X509_STORE *anchors;
    STACK_OF(X509) *certificates;
};

#endif /* FPL_X509_STORE_H */
