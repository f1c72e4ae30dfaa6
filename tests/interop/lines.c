#include "lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lines_fill(lines *l)
{
    ssize_t got;
    if (l->taken > 0) {
        memmove(l->text, l->text + l->taken, l->len - l->taken);
        l->len -= l->taken;
        l->taken = 0;
    }
    if (l->len == LINES_MOST) {
        fputs("a command is too long\n", stderr);
        exit(EXIT_FAILURE);
    }
    got = read(STDIN_FILENO, l->text + l->len, LINES_MOST - l->len);
    if (got > 0) {
        l->len += (size_t)got;
    } else if (got == 0 || errno != EINTR) {
        l->ended = true;
    }
}

char *lines_next(lines *l)
{
    char *line = l->text + l->taken;
    char *end = memchr(line, '\n', l->len - l->taken);
    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    l->taken = (size_t)(end - l->text) + 1;
    return line;
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

void say_hex(const char *event, const uint8_t *bytes, size_t len)
{
    printf("%s ", event);
    for (size_t i = 0; i < len; i++) {
        printf("%02x", bytes[i]);
    }
    say("%s", "");
}

size_t from_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = 0;
    unsigned octet;
    while (len < cap && hex[0] != '\0' && sscanf(hex, "%2x", &octet) == 1) {
        out[len++] = (uint8_t)octet;
        hex += 2;
    }
    return len;
}
