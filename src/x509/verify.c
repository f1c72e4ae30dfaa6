#include <flightplan/x509.h>

#include <openssl/x509v3.h>
#include <time.h>

#include "crypto/failure.h"
#include "x509/host.h"
#include "x509/read.h"
#include "x509/store.h"
#include "x509/strength.h"

/* What was said of the peer. */
static fpl_result refuse(fpl_verify_verdict *verdict, size_t certificate, const char *reason)
{
    verdict->certificate = certificate;
    verdict->reason = reason;
    return FPL_FAILED;
}

/* index_of returns which of the peer's certificates `certificate` is, or their number for another. */
static size_t index_of(const STACK_OF(X509) *peers, const X509 *certificate)
{
    size_t i = 0;
    while (i < sk_X509_num(peers) && sk_X509_value(peers, i) != certificate) {
        i++;
    }
    return i;
}

/* ---- what libcrypto found ---- */

/* A leaf, those between, an anchor. */
#define MAX_PATH (FPL_VERIFY_MAX_INTERMEDIATES + 2)

static const char kTooLong[] = "the way to a trusted certificate takes too many others";

/* libcrypto has an error for a path that is too long, and does not report it: it stops looking for issuers there. */
static bool is_too_long(X509_STORE_CTX *ctx, int error)
{
    return (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) &&
           sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) >= MAX_PATH;
}

static fpl_result refused_by_libcrypto(X509_STORE_CTX *ctx, const STACK_OF(X509) *peers, fpl_verify_verdict *verdict)
{
    int error = X509_STORE_CTX_get_error(ctx);
    /* Of a leaf that is in the store too, the path may have the store's copy. */
    bool is_leaf = X509_STORE_CTX_get_error_depth(ctx) == 0;
    size_t certificate = is_leaf ? 0 : index_of(peers, X509_STORE_CTX_get_current_cert(ctx));
    /* A signature that could not be computed for want of memory looks like a wrong one. */
    if (error == X509_V_ERR_OUT_OF_MEM || fpl_crypto_out_of_memory()) {
        return FPL_NO_MEMORY;
    }
    if (is_too_long(ctx, error)) {
        return refuse(verdict, certificate, kTooLong);
    }
    return refuse(verdict, certificate, X509_verify_cert_error_string(error));
}

static fpl_result check_strength(X509 *certificate, size_t which, bool is_anchor, fpl_verify_verdict *verdict)
{
    if (!fpl_key_is_strong(certificate)) {
        return fpl_crypto_out_of_memory() ? FPL_NO_MEMORY
                                          : refuse(verdict, which, "key too short, or of an unknown kind");
    }
    if (!is_anchor && !fpl_signature_is_strong(certificate)) { /* nobody's signature makes an anchor one */
        return refuse(verdict, which, "signed with an algorithm too weak, or unknown");
    }
    return FPL_OK;
}

/* check_path looks at the path that libcrypto found, up to the first certificate that is the store's. */
static fpl_result check_path(X509_STORE_CTX *ctx, const STACK_OF(X509) *peers, fpl_verify_verdict *verdict)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    fpl_result result = FPL_OK;
    bool is_anchor = false;
    for (size_t i = 0; i < sk_X509_num(path) && !is_anchor && result == FPL_OK; i++) {
        X509 *certificate = sk_X509_value(path, i);
        size_t at = index_of(peers, certificate), which = i == 0 ? 0 : at;
        is_anchor = at == sk_X509_num(peers);
        result = i < MAX_PATH ? check_strength(certificate, which, is_anchor, verdict) : refuse(verdict, which, kTooLong);
    }
    return result;
}

/* ---- asking it ---- */

static fpl_result require(X509_STORE_CTX *ctx, const fpl_verify_options *options)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    int purpose = options->peer == FPL_ROLE_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
    X509_VERIFY_PARAM_set_time(param, (time_t)options->unix_seconds);
    /* Old copies count the anchor, new ones do not: one of a path too long may come through, to check_path. */
    X509_VERIFY_PARAM_set_depth(param, FPL_VERIFY_MAX_INTERMEDIATES + 1);
    /* The store's own come first, and each of them is an anchor. */
    if (!X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) ||
        !X509_VERIFY_PARAM_set_purpose(param, purpose)) {
        return FPL_NO_MEMORY; /* they cannot fail, but nothing may go on without them */
    }
    return options->host == NULL || fpl_host_require(param, options->host) ? FPL_OK : FPL_NO_MEMORY;
}

static fpl_result judge(const fpl_trust_store *store, STACK_OF(X509) *peers, const fpl_verify_options *options,
                        fpl_verify_verdict *verdict)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    fpl_result result = FPL_NO_MEMORY;
    if (ctx != NULL && X509_STORE_CTX_init(ctx, store->anchors, sk_X509_value(peers, 0), peers)) {
        result = require(ctx, options);
        if (result == FPL_OK) {
            result = X509_verify_cert(ctx) == 1 ? check_path(ctx, peers, verdict)
                                                : refused_by_libcrypto(ctx, peers, verdict);
        }
    }
    X509_STORE_CTX_free(ctx);
    return result;
}

/* read_chain appends what the peer sent to `peers`. */
static fpl_result read_chain(const fpl_certificate_view *chain, size_t num, STACK_OF(X509) *peers, fpl_verify_verdict *verdict)
{
    size_t bytes = 0;
    for (size_t i = 0; i < num; i++) {
        if (chain[i].der == NULL) {
            return FPL_MISUSE;
        }
        if (chain[i].len > FPL_VERIFY_MAX_BYTES - bytes) {
            return refuse(verdict, i, "the certificates are too long together");
        }
        bytes += chain[i].len;
        fpl_bytes der = fpl_bytes_of(chain[i].der, chain[i].len);
        fpl_x509_result read = fpl_x509_append(peers, &der);
        if (read == FPL_X509_NO_MEMORY) {
            return FPL_NO_MEMORY;
        }
        if (read != FPL_X509_OK || der.len != 0) {
            return refuse(verdict, i, "not a certificate");
        }
    }
    return FPL_OK;
}

static fpl_result verify(const fpl_trust_store *store, const fpl_certificate_view *chain, size_t num,
                         const fpl_verify_options *options, fpl_verify_verdict *verdict)
{
    if (num == 0) {
        return refuse(verdict, 0, "no certificate was shown");
    }
    if (num > FPL_VERIFY_MAX_CERTIFICATES) {
        return refuse(verdict, FPL_VERIFY_MAX_CERTIFICATES, "too many certificates");
    }
    fpl_crypto_forget_errors(); /* what somebody else left behind may speak of memory */
    STACK_OF(X509) *peers = sk_X509_new_null();
    fpl_result result = peers == NULL ? FPL_NO_MEMORY : read_chain(chain, num, peers, verdict);
    if (result == FPL_OK) {
        result = judge(store, peers, options, verdict);
    }
    fpl_x509_list_free(peers);
    fpl_crypto_forget_errors();
    return result;
}

/* ---- the caller's arguments ---- */

/* A caller who knows more options than we would have them ignored. */
static bool options_are_sound(const fpl_verify_options *options)
{
    return options != NULL && options->size == sizeof(*options) &&
           (options->peer == FPL_ROLE_CLIENT || options->peer == FPL_ROLE_SERVER) &&
           (int64_t)(time_t)options->unix_seconds == options->unix_seconds &&
           (options->host == NULL || fpl_host_is_sound(options->host));
}

fpl_result fpl_verify_chain(const fpl_trust_store *store, const fpl_certificate_view *chain, size_t num,
                            const fpl_verify_options *options, fpl_verify_verdict *out)
{
    fpl_verify_verdict verdict = {sizeof(verdict), false, 0, NULL};
    fpl_result result = FPL_MISUSE;
    if (out != NULL && out->size < sizeof(verdict)) {
        return FPL_MISUSE;
    }
    if (store != NULL && (chain != NULL || num == 0) && options_are_sound(options)) {
        result = verify(store, chain, num, options, &verdict);
        verdict.trusted = result == FPL_OK;
    }
    if (out != NULL) {
        *out = verdict;
    }
    return result;
}
