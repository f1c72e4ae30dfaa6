#include "crypto/utf8.h"

/* form is what a leading byte announces (RFC 3629 section 3). */
typedef struct form {
    size_t num_more;  /* continuation bytes */
    uint32_t bits;    /* of the leading byte */
    uint32_t minimum; /* below it, a shorter form exists */
} form;

static bool read_form(uint8_t first, form *out)
{
    if (first < 0x80) {
        *out = (form){0, first, 0};
    } else if (first >= 0xc0 && first < 0xe0) {
        *out = (form){1, first & 0x1fU, 0x80};
    } else if (first >= 0xe0 && first < 0xf0) {
        *out = (form){2, first & 0x0fU, 0x800};
    } else if (first >= 0xf0 && first < 0xf8) {
        *out = (form){3, first & 0x07U, 0x10000};
    } else {
        return false;
    }
    return true;
}

bool fpl_utf8_is_valid(fpl_bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        form f;
        if (!read_form(text.data[at++], &f) || f.num_more > text.len - at) {
            return false;
        }
        uint32_t point = f.bits;
        for (size_t i = 0; i < f.num_more; i++, at++) {
            if ((text.data[at] & 0xc0) != 0x80) {
                return false;
            }
            point = (point << 6) | (text.data[at] & 0x3fU);
        }
        if (point < f.minimum || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
            return false;
        }
    }
    return true;
}
