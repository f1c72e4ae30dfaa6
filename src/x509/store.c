#include "x509/store.h"

#include <openssl/mem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/failure.h"
#include "crypto/pem.h"
#include "x509/read.h"

static void clear(fpl_trust_store *store)
{
    X509_STORE_free(store->anchors);
    fpl_x509_list_free(store->certificates);
}

static bool allocate(fpl_trust_store *store)
{
    store->anchors = X509_STORE_new();
    store->certificates = sk_X509_new_null();
    return store->anchors != NULL && store->certificates != NULL;
}

fpl_trust_store *fpl_trust_store_new(void)
{
    fpl_trust_store *store = OPENSSL_malloc(sizeof(*store));
    if (store != NULL) {
        memset(store, 0, sizeof(*store));
        if (!allocate(store)) {
            fpl_trust_store_free(store);
            store = NULL;
        }
    }
    fpl_crypto_forget_errors();
    return store;
}

void fpl_trust_store_free(fpl_trust_store *store)
{
    if (store != NULL) {
        clear(store);
        OPENSSL_free(store);
    }
}

static bool has(const fpl_trust_store *store, const X509 *certificate)
{
    for (size_t i = 0; i < sk_X509_num(store->certificates); i++) {
        if (X509_cmp(sk_X509_value(store->certificates, i), certificate) == 0) {
            return true;
        }
    }
    return false;
}

/* put_all adds those of `list` that are not there yet. */
static bool put_all(fpl_trust_store *store, const STACK_OF(X509) *list)
{
    for (size_t i = 0; i < sk_X509_num(list); i++) {
        X509 *certificate = sk_X509_value(list, i);
        if (has(store, certificate)) {
            continue;
        }
        if (!sk_X509_push(store->certificates, certificate)) {
            return false;
        }
        X509_up_ref(certificate);
        if (!X509_STORE_add_cert(store->anchors, certificate)) {
            return false;
        }
    }
    return true;
}

/* add_all makes a store of the old certificates and the new ones, and puts it in the old one's place when it is whole. */
static fpl_result add_all(fpl_trust_store *store, const STACK_OF(X509) *list)
{
    fpl_trust_store next = {NULL, NULL};
    if (!allocate(&next) || !put_all(&next, store->certificates) || !put_all(&next, list)) {
        clear(&next);
        fpl_crypto_forget_errors();
        return FPL_NO_MEMORY;
    }
    clear(store);
    *store = next;
    return FPL_OK;
}

/* libcrypto reads a certificate's extensions when it first needs them. If memory is short then, it takes them for
 * malformed ever after: so it is to read them here, where the certificate can still be refused. */
static fpl_x509_result read_extensions(const STACK_OF(X509) *list)
{
    X509 *latest = sk_X509_value(list, sk_X509_num(list) - 1);
    if (X509_check_purpose(latest, -1, 0) == 1) {
        return FPL_X509_OK;
    }
    return fpl_crypto_out_of_memory() ? FPL_X509_NO_MEMORY : FPL_X509_MALFORMED;
}

/* add_der adds what `der`, one certificate after the other, holds. */
static fpl_result add_der(fpl_trust_store *store, fpl_bytes der, size_t *num)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    fpl_x509_result read = list == NULL ? FPL_X509_NO_MEMORY : FPL_X509_OK;
    while (read == FPL_X509_OK && der.len > 0) {
        read = fpl_x509_append(list, &der);
        if (read == FPL_X509_OK) {
            read = read_extensions(list);
        }
    }
    fpl_result result = read == FPL_X509_NO_MEMORY ? FPL_NO_MEMORY : FPL_MISUSE;
    if (read == FPL_X509_OK && sk_X509_num(list) > 0) {
        result = add_all(store, list);
        *num = result == FPL_OK ? sk_X509_num(list) : 0;
    }
    fpl_x509_list_free(list);
    return result;
}

static fpl_result add_pem(fpl_trust_store *store, fpl_bytes text, size_t *num)
{
    uint8_t *der;
    size_t der_len;
    fpl_status status = fpl_pem_read(text, FPL_PEM_CERTIFICATE, &der, &der_len);
    if (status != FPL_STATUS_OK) {
        return status == FPL_STATUS_NO_MEMORY ? FPL_NO_MEMORY : FPL_MISUSE;
    }
    fpl_result result = add_der(store, fpl_bytes_of(der, der_len), num);
    OPENSSL_free(der);
    return result;
}

fpl_result fpl_trust_store_add(fpl_trust_store *store, const uint8_t *text, size_t len, size_t *num)
{
    size_t ignored;
    size_t *read = num != NULL ? num : &ignored;
    *read = 0;
    if (store == NULL || text == NULL) {
        return FPL_MISUSE;
    }
    fpl_bytes all = fpl_bytes_of(text, len);
    return fpl_pem_is(all) ? add_pem(store, all, read) : add_der(store, all, read);
}
