#include "common/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

bool arguments_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    size_t             digits = strspn(text, DIGITS);
    unsigned long long value;
    errno = 0;
    value = strtoull(text, NULL, 10);
    if (digits == 0 || text[digits] != '\0' || errno != 0 || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

bool arguments_seeds(const char *text, uint64_t *first, uint64_t *last)
{
    char   number[32];
    size_t len = strspn(text, DIGITS);
    if (len >= sizeof number || strncmp(text + len, "..", 2) != 0) {
        return false;
    }
    memcpy(number, text, len);
    number[len] = '\0';
    /* One less than all, so that counting to the last one ends. */
    return arguments_number(number, 0, UINT64_MAX - 1, first) && arguments_number(text + len + 2, *first, UINT64_MAX - 1, last);
}

size_t arguments_find(const char *text, const char *const *names, size_t num)
{
    size_t i = 0;
    while (i < num && strcmp(text, names[i]) != 0) {
        i++;
    }
    return i;
}

int arguments_refuse(const char *usage, const char *word, const char *value)
{
    fprintf(stderr, "not understood: `%s%s%s`\nusage: %s\n", word, value == NULL ? "" : " ", value == NULL ? "" : value, usage);
    return 2;
}
