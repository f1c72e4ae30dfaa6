/* What went over the wire until a handshake was done, so that a case proves what it set out to try:
 * datagrams no larger than the MTU, messages split by either side, a cookie asked for or not. */
#ifndef FPL_TESTS_INTEROP_WIRE_COUNT_H
#define FPL_TESTS_INTEROP_WIRE_COUNT_H

#include <stddef.h>
#include <stdint.h>

typedef struct wire_count {
    size_t datagrams;
    size_t largest;        /* bytes of a datagram */
    size_t split;          /* handshake records that hold a part of a message */
    size_t split_hello;    /* of these, of a ClientHello */
    size_t cookie_request; /* HelloVerifyRequests */
} wire_count;

/* wire_count_add counts one datagram of one direction. */
void wire_count_add(wire_count *count, const uint8_t *datagram, size_t len);

#endif
