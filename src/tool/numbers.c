#include "numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/* strtoull and strtod take more than people mean: blanks, signs, hex, "nan". */
static bool made_of(const char *text, const char *characters)
{
    size_t len = strspn(text, characters);
    return len > 0 && text[len] == '\0';
}

bool number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    unsigned long long value;
    errno = 0;
    value = strtoull(text, NULL, 10);
    if (!made_of(text, DIGITS) || errno != 0 || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

bool seconds_parse(const char *text, double low, double high, uint64_t *ms)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (!made_of(text, DIGITS ".") || end == text || *end != '\0' || !(value >= low && value <= high)) {
        return false;
    }
    *ms = (uint64_t)(value * 1000.0 + 0.5);
    return true;
}
