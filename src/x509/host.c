#include "x509/host.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "x509/address.h"

#define MAX_NAME_LEN 253 /* RFC 1035 section 2.3.4, as text without the last dot */
#define MAX_LABEL_LEN 63

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Labels of letters, digits, hyphens, and the underscores that some use all the same. The last one is no number: such
 * a name would be an IPv4 address that went wrong. */
static bool is_name(const char *host)
{
    const char *label = host;
    size_t len;
    if (strlen(host) > MAX_NAME_LEN) {
        return false;
    }
    for (;; label += len + 1) {
        len = strspn(label, LETTERS DIGITS "-_");
        if (len < 1 || len > MAX_LABEL_LEN) {
            return false;
        }
        if (label[len] == '\0') {
            return strspn(label, DIGITS) < len;
        }
        if (label[len] != '.') {
            return false;
        }
    }
}

bool fpl_host_is_sound(const char *host)
{
    uint8_t address[FPL_ADDRESS_MAX_LEN];
    return fpl_address_parse(host, address) != 0 || is_name(host);
}

bool fpl_host_require(X509_VERIFY_PARAM *param, const char *host)
{
    uint8_t address[FPL_ADDRESS_MAX_LEN];
    size_t address_len = fpl_address_parse(host, address);
    if (address_len != 0) {
        return X509_VERIFY_PARAM_set1_ip(param, address, address_len) == 1;
    }
    /* Without this libcrypto looks at the common name of a certificate that has no subjectAltName. */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, host, strlen(host)) == 1;
}
