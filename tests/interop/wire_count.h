/* What went over the wire until a handshake was done, so that a case proves what it set out to try:
 * datagrams no larger than the MTU, messages split by either side, a cookie asked for or not. */
#ifndef FPL_TESTS_INTEROP_WIRE_COUNT_H
#define FPL_TESTS_INTEROP_WIRE_COUNT_H

#include <stddef.h>
#include <stdint.h>

typedef struct wire_count {
    size_t datagrams;
    size_t largest;        /* bytes of a datagram */
    size_t split;          /* handshake records of epoch 0 that hold a part of a message */
    size_t split_hello;    /* of these, of a ClientHello */
    size_t retry;          /* HelloRetryRequests */
    size_t group_request;  /* of these, with a group that the client should use */
    size_t cookie_request; /* HelloVerifyRequests, and HelloRetryRequests with a cookie */
} wire_count;

/* wire_count_add counts one datagram of one direction. */
void wire_count_add(wire_count *count, const uint8_t *datagram, size_t len);

/* wire_epoch_bits tells the low two bits of the epoch of a datagram's last record, or `before` where it has none with a
 * unified header (RFC 9147 section 4). */
unsigned wire_epoch_bits(const uint8_t *datagram, size_t len, unsigned before);

#endif
