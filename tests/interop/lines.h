/* The line protocol between run.py and a peer program: commands come on standard input, events go to
 * standard output, one a line, bytes in hexadecimal. What is for people goes to standard error.
 *
 *   commands   send HEX | mtu N | max | export LABEL LENGTH | update 0|1 | close | quit
 *   events     listening PORT | connected KEY=VALUE... | srtp PROFILE HEX | data HEX | max N | export HEX
 *              sent LENGTH RESULT | updating RESULT (0: it was done)
 *              epochs IN OUT (low bits; ours, command `epochs`)
 *              closed (by the peer, in order) | closing (by us) | failed TEXT | ended
 */
#ifndef FPL_TESTS_INTEROP_LINES_H
#define FPL_TESTS_INTEROP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Twice the largest record and a word. */
#define LINES_MOST (2 * 16384 + 64)

typedef struct lines {
    char text[LINES_MOST + 1];
    size_t len;
    size_t taken; /* of the line given last */
    bool ended;
} lines;

/* lines_fill reads what standard input has; it must have something, or have ended. */
void lines_fill(lines *l);

/* lines_next returns the next whole line without its end, or NULL. It lives until the next call. */
char *lines_next(lines *l);

/* say writes one event; say_hex one that ends in bytes. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_hex(const char *event, const uint8_t *bytes, size_t len);

/* from_hex decodes as much as fits and returns the length. */
size_t from_hex(const char *hex, uint8_t *out, size_t cap);

#endif
