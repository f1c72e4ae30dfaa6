#include "credential_faults.h"

#include <string.h>

#include "tool.h"

#define DER_SEQUENCE 0x30u

static const char want_cert[] =
    "--cert wants an X.509 certificate with a key of P-256 or P-384, or a chain that begins with it, in PEM or (one) DER";
static const char want_key[] = "--key wants the certificate's private key, of P-256 or P-384 and not encrypted, in PEM or DER";

static size_t count(const credential_file *file, const char *text)
{
    const uint8_t *at = file->bytes, *end = at + file->len;
    size_t num = 0, len = strlen(text);
    while ((at = memmem(at, (size_t)(end - at), text, len)) != NULL) {
        at += len;
        num++;
    }
    return num;
}

static bool holds(const credential_file *file, const char *text)
{
    return count(file, text) > 0;
}

static bool is_pem(const credential_file *file)
{
    return holds(file, "-----BEGIN ");
}

static bool has_certificate(const credential_file *file)
{
    return holds(file, "-----BEGIN CERTIFICATE-----");
}

static bool has_any_key(const credential_file *file)
{
    return holds(file, "PRIVATE KEY-----");
}

static bool has_our_kind_of_key(const credential_file *file)
{
    return holds(file, "-----BEGIN PRIVATE KEY-----") || holds(file, "-----BEGIN EC PRIVATE KEY-----");
}

/* NULL: nothing that would be wrong with either file. */
static const char *fault_of_either(const credential_file *file)
{
    if (file->len == 0) {
        return "is empty";
    }
    if (!is_pem(file)) {
        return file->bytes[0] == DER_SEQUENCE ? NULL : "is neither PEM nor DER";
    }
    return count(file, "-----BEGIN ") > count(file, "-----END ") ? "is cut off: a block of PEM has no end" : NULL;
}

static const char *fault_of_cert(const credential_file *cert)
{
    const char *fault = fault_of_either(cert);
    if (fault != NULL) {
        return fault;
    }
    if (is_pem(cert) && !has_certificate(cert)) {
        return has_any_key(cert) ? "holds a private key, and no certificate" : "is PEM, and holds no certificate";
    }
    return "is damaged, or its key is of another kind, or its keyUsage is without digitalSignature, or its chain is too long";
}

static const char *fault_of_key(const credential_file *key)
{
    const char *fault = fault_of_either(key);
    if (fault != NULL) {
        return fault;
    }
    if (holds(key, "-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds(key, "Proc-Type: 4,ENCRYPTED")) {
        return "is encrypted: take the passphrase off first, with `openssl pkey` for instance";
    }
    if (is_pem(key) && !has_our_kind_of_key(key)) {
        return has_any_key(key)       ? "holds a private key of another kind"
               : has_certificate(key) ? "holds a certificate, and no private key"
                                      : "is PEM, and holds no private key";
    }
    return NULL;
}

int credential_complain(const credential_file *cert, bool cert_is_good, const credential_file *key)
{
    const char *fault = fault_of_key(key);
    if (!has_certificate(cert) && has_any_key(cert) && has_certificate(key) && !has_any_key(key)) {
        return complain("%s holds a private key and %s a certificate: give them to --key and --cert the other way round",
                        cert->path, key->path);
    }
    if (!cert_is_good) {
        return complain("the certificate %s %s; %s", cert->path, fault_of_cert(cert), want_cert);
    }
    if (fault != NULL) {
        return complain("the private key %s %s; %s", key->path, fault, want_key);
    }
    return complain("%s is a certificate, but %s is not its key: it belongs to another one, or is damaged; %s (`flightplan "
                    "cert` makes a pair)", cert->path, key->path, want_key);
}
