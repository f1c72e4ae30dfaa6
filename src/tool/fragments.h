/* Handshake messages put together from their fragments, for one direction of one conversation. */
#ifndef FPL_TOOL_FRAGMENTS_H
#define FPL_TOOL_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer messages are not put together: nobody sends them, and a capture may say anything. */
#define LONGEST_MESSAGE (256u << 10)
#define MOST_MESSAGES   32

typedef struct fragment {
    uint8_t        type;
    uint16_t       message_seq;
    size_t         message_len;
    size_t         offset;
    const uint8_t *bytes;
    size_t         len;
} fragment;

typedef struct assembled {
    uint8_t *bytes; /* NULL: unused */
    bool    *have;  /* which of them came */
    size_t   len;
    size_t   missing;
    uint8_t  type;
    uint16_t message_seq;
} assembled;

typedef struct fragments {
    assembled messages[MOST_MESSAGES];
    size_t    next; /* to be used anew when all are used */
} fragments;

typedef enum fragment_fate {
    FRAGMENT_NONE,
    FRAGMENT_WANTS_MORE,
    FRAGMENT_COMPLETES, /* *whole is the message */
    FRAGMENT_AGAIN,     /* all of it came before */
    FRAGMENT_BAD        /* reaches beyond its message, or that is too long */
} fragment_fate;

fragment_fate fragments_add(fragments *f, const fragment *add, const assembled **whole);
void          fragments_free(fragments *f);

#endif
