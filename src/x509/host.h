#ifndef FPL_X509_HOST_H
#define FPL_X509_HOST_H

#include <openssl/x509.h>
#include <stdbool.h>

/* fpl_host_is_sound returns whether `host` is a DNS name or an IP address. libcrypto would take a name with a leading
 * dot for every name below. */
bool fpl_host_is_sound(const char *host);

/* fpl_host_require has `param` want a leaf issued to `host`, which is sound. False when memory is short. */
bool fpl_host_require(X509_VERIFY_PARAM *param, const char *host);

#endif /* FPL_X509_HOST_H */
