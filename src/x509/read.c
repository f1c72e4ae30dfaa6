#include "x509/read.h"

#include <flightplan/x509.h>

#include "crypto/failure.h"

fpl_x509_result fpl_x509_append(STACK_OF(X509) *list, fpl_bytes *der)
{
    const uint8_t *at = der->data;
    /* The bound also keeps the length inside a long of any size. */
    size_t len = der->len < FPL_VERIFY_MAX_BYTES ? der->len : FPL_VERIFY_MAX_BYTES;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    if (certificate == NULL) {
        return fpl_crypto_out_of_memory() ? FPL_X509_NO_MEMORY : FPL_X509_MALFORMED;
    }
    if (!sk_X509_push(list, certificate)) {
        X509_free(certificate);
        fpl_crypto_forget_errors();
        return FPL_X509_NO_MEMORY;
    }
    der->len -= (size_t)(at - der->data);
    der->data = at;
    return FPL_X509_OK;
}

void fpl_x509_list_free(STACK_OF(X509) *list)
{
    sk_X509_pop_free(list, X509_free);
}
