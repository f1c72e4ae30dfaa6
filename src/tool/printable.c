#include "printable.h"

#include <stdio.h>

#define LONGEST 4u /* \xHH */

const char *printable(const char *text, size_t len, char *out, size_t cap)
{
    size_t at = 0;
    for (size_t i = 0; i < len && at + LONGEST < cap; i++) {
        unsigned octet = (unsigned char)text[i];
        if (octet >= 0x20 && octet <= 0x7e && octet != '\\') {
            out[at++] = text[i];
        } else {
            at += (size_t)snprintf(out + at, cap - at, "\\x%02x", octet);
        }
    }
    out[at] = '\0';
    return out;
}
