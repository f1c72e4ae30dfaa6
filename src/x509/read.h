#ifndef FPL_X509_READ_H
#define FPL_X509_READ_H

#include <openssl/x509.h>

#include "crypto/bytes.h"

/* fpl_x509_result is the outcome of reading certificates that somebody else wrote. */
typedef enum fpl_x509_result {
    FPL_X509_NONE, /* never returned */
    FPL_X509_OK,
    FPL_X509_MALFORMED,
    FPL_X509_NO_MEMORY,
} fpl_x509_result;

/* fpl_x509_append reads the certificate that `der` begins with, appends it to `list`, which owns it then, and sets
 * `*der` to what follows. On failure neither is changed. */
fpl_x509_result fpl_x509_append(STACK_OF(X509) *list, fpl_bytes *der);

/* fpl_x509_list_free frees `list` and what is in it; NULL is allowed. */
void fpl_x509_list_free(STACK_OF(X509) *list);

#endif /* FPL_X509_READ_H */
