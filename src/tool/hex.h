/* Bytes as text: hex, and fingerprints as SDP writes them (RFC 8122 section 5). */
#ifndef FPL_TOOL_HEX_H
#define FPL_TOOL_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_LEN  32
#define FINGERPRINT_TEXT (FINGERPRINT_LEN * 3) /* "AA:BB:...", with its NUL */

/* hex_digit returns the value of one hex digit of either case, or -1. */
int hex_digit(char c);

/* hex_print writes `len` bytes as lower-case hex and a NUL: `out` has room for 2 * len + 1. */
void hex_print(const uint8_t *bytes, size_t len, char *out);

/* fingerprint_print writes "AA:BB:..."; fingerprint_parse reads it, with or without colons. */
void fingerprint_print(const uint8_t sha256[FINGERPRINT_LEN], char out[FINGERPRINT_TEXT]);
bool fingerprint_parse(const char *text, uint8_t sha256[FINGERPRINT_LEN]);

#endif
