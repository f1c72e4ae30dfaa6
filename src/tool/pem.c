#include "pem.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_group(FILE *file, const uint8_t *in, size_t len)
{
    uint32_t bits = (uint32_t)in[0] << 16;
    if (len > 1) {
        bits |= (uint32_t)in[1] << 8;
    }
    if (len > 2) {
        bits |= in[2];
    }
    fputc(alphabet[bits >> 18 & 63], file);
    fputc(alphabet[bits >> 12 & 63], file);
    fputc(len > 1 ? alphabet[bits >> 6 & 63] : '=', file);
    fputc(len > 2 ? alphabet[bits & 63] : '=', file);
}

void pem_write(FILE *file, const char *label, const uint8_t *der, size_t len)
{
    fprintf(file, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < len; at += 3) {
        write_group(file, der + at, len - at < 3 ? len - at : 3);
        if (at % 48 == 45 || at + 3 >= len) { /* 64 characters to the line */
            fputc('\n', file);
        }
    }
    fprintf(file, "-----END %s-----\n", label);
}
