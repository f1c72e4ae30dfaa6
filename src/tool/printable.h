/* Words of strangers, fit for a terminal. */
#ifndef FPL_TOOL_PRINTABLE_H
#define FPL_TOOL_PRINTABLE_H

#include <stddef.h>

/* printable writes `len` octets of text to `out`, cut short where `cap` ends, with a NUL. A backslash, and octets that ASCII
 * does not print, become \xHH: sent to a terminal, some of them would change it. Returns `out`. */
const char *printable(const char *text, size_t len, char *out, size_t cap);

#endif
