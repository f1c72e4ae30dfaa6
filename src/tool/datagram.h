/* A datagram that somebody captured, on its way from a reader (capture.c, hexlines.c) to dissect.c. */
#ifndef FPL_TOOL_DATAGRAM_H
#define FPL_TOOL_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#define END_TEXT 64

typedef struct datagram {
    char           from[END_TEXT]; /* "127.0.0.1:4444", or what the text called it; tells flows apart */
    char           to[END_TEXT];
    double         seconds;        /* since the first one */
    const uint8_t *bytes;
    size_t         len;
} datagram;

/* datagram_fn is told of each datagram in turn. */
typedef void (*datagram_fn)(void *arg, const datagram *d);

#endif
