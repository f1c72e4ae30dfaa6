#ifndef FPL_CRYPTO_UTF8_H
#define FPL_CRYPTO_UTF8_H

#include <stdbool.h>

#include "crypto/bytes.h"

/* fpl_utf8_is_valid returns whether `text` is UTF-8 as RFC 3629 has it: no form longer than needed,
 * no surrogates, nothing above U+10FFFF. */
bool fpl_utf8_is_valid(fpl_bytes text);

#endif /* FPL_CRYPTO_UTF8_H */
