#include "x509/address.h"

#include <stdbool.h>
#include <string.h>

#define IPV4_LEN 4
#define IPV6_LEN 16
#define NO_GAP SIZE_MAX

/* read_number reads one to `max_digits` digits of `base` at `*text`, and moves it behind them. */
static bool read_number(const char **text, unsigned base, size_t max_digits, unsigned *out)
{
    static const char kDigits[] = "0123456789abcdef0123456789ABCDEF";
    size_t len = 0;
    *out = 0;
    for (;; len++) {
        const char *digit = (*text)[len] == '\0' ? NULL : strchr(kDigits, (*text)[len]);
        unsigned value = digit == NULL ? base : (unsigned)((digit - kDigits) % 16);
        if (value >= base) {
            break;
        }
        if (len == max_digits) {
            return false;
        }
        *out = *out * base + value;
    }
    *text += len;
    return len > 0;
}

/* A number that begins with a zero is octal to some, to getaddrinfo for one: such an address names two hosts. */
static bool read_ipv4(const char *text, uint8_t out[IPV4_LEN])
{
    for (size_t i = 0; i < IPV4_LEN; i++) {
        unsigned number;
        if (text[0] == '0' && text[1] >= '0' && text[1] <= '9') {
            return false;
        }
        if (!read_number(&text, 10, 3, &number) || number > 255 || *text != (i + 1 < IPV4_LEN ? '.' : '\0')) {
            return false;
        }
        out[i] = (uint8_t)number;
        text++;
    }
    return true;
}

/* open_gap moves what was read after `::` to the end, and leaves zeros between. */
static bool open_gap(uint8_t out[IPV6_LEN], size_t len, size_t gap)
{
    if (gap == NO_GAP) {
        return len == IPV6_LEN;
    }
    if (len == IPV6_LEN) {
        return false; /* `::` stands for one group at least */
    }
    memmove(out + IPV6_LEN - (len - gap), out + gap, len - gap);
    memset(out + gap, 0, IPV6_LEN - len);
    return true;
}

static bool read_ipv6(const char *text, uint8_t out[IPV6_LEN])
{
    size_t len = 0, gap = NO_GAP;
    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (*text != '\0') {
        unsigned group;
        if (len + IPV4_LEN <= IPV6_LEN && read_ipv4(text, out + len)) {
            return open_gap(out, len + IPV4_LEN, gap);
        }
        if (len == IPV6_LEN || !read_number(&text, 16, 4, &group)) {
            return false;
        }
        out[len++] = (uint8_t)(group >> 8);
        out[len++] = (uint8_t)group;
        if (text[0] == ':' && text[1] == ':') {
            if (gap != NO_GAP) {
                return false;
            }
            gap = len;
            text += 2;
        } else if (text[0] == ':' && text[1] != '\0') {
            text++;
        } else if (text[0] != '\0') {
            return false;
        }
    }
    return open_gap(out, len, gap);
}

size_t fpl_address_parse(const char *text, uint8_t out[FPL_ADDRESS_MAX_LEN])
{
    if (read_ipv4(text, out)) {
        return IPV4_LEN;
    }
    return read_ipv6(text, out) ? IPV6_LEN : 0;
}
