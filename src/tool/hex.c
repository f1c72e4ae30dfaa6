#include "hex.h"

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

void hex_print(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 0xf];
    }
    *out = '\0';
}

void fingerprint_print(const uint8_t sha256[FINGERPRINT_LEN], char out[FINGERPRINT_TEXT])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
        out[3 * i] = digits[sha256[i] >> 4];
        out[3 * i + 1] = digits[sha256[i] & 0xf];
        out[3 * i + 2] = i + 1 < FINGERPRINT_LEN ? ':' : '\0';
    }
}

bool fingerprint_parse(const char *text, uint8_t sha256[FINGERPRINT_LEN])
{
    for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0) {
            return false;
        }
        sha256[i] = (uint8_t)(high << 4 | low);
        text += 2;
        if (*text == ':' && i + 1 < FINGERPRINT_LEN) {
            text++;
        }
    }
    return *text == '\0';
}
