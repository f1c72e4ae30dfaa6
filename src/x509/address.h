#ifndef FPL_X509_ADDRESS_H
#define FPL_X509_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#define FPL_ADDRESS_MAX_LEN 16

/* fpl_address_parse reads an IPv4 address as four decimal numbers, or an IPv6 address (RFC 4291 section 2.2), writes its
 * octets to `out` and returns how many, 4 or 16; 0 when `text` is neither, to its last character. libcrypto's own
 * reader passes over what follows an IPv4 address. */
size_t fpl_address_parse(const char *text, uint8_t out[FPL_ADDRESS_MAX_LEN]);

#endif /* FPL_X509_ADDRESS_H */
