#ifndef FPL_CRYPTO_PEM_H
#define FPL_CRYPTO_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/status.h"

#define FPL_PEM_CERTIFICATE "CERTIFICATE"
#define FPL_PEM_PRIVATE_KEY "PRIVATE KEY"       /* PKCS#8 */
#define FPL_PEM_EC_PRIVATE_KEY "EC PRIVATE KEY" /* SEC1 */

/* fpl_pem_is returns whether `text` looks like PEM (RFC 7468) rather than DER. */
bool fpl_pem_is(fpl_bytes text);

/* fpl_pem_read decodes every block of `text` with `label` and sets `*out` to their contents, one
 * after the other, and `*out_len`; the caller frees `*out` with `OPENSSL_free`, which erases it.
 * Without such a block `*out` is NULL. Text around the blocks and blocks of other labels are
 * skipped. A block that is cut off or encrypted is `FPL_STATUS_INTERNAL`. */
fpl_status fpl_pem_read(fpl_bytes text, const char *label, uint8_t **out, size_t *out_len);

/* fpl_pem_write encodes `der` under `label`. `*out` gets `*out_len` bytes and a terminating zero
 * that is not counted; the caller frees it with `fpl_pem_free`. */
fpl_status fpl_pem_write(const char *label, fpl_bytes der, char **out, size_t *out_len);

/* fpl_pem_free erases and frees what `fpl_pem_write` gave; `text` may be NULL. */
void fpl_pem_free(char *text);

#endif /* FPL_CRYPTO_PEM_H */
