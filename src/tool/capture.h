/* UDP datagrams out of a pcap or pcapng capture. */
#ifndef FPL_TOOL_CAPTURE_H
#define FPL_TOOL_CAPTURE_H

#include <stdbool.h>

#include "datagram.h"

/* capture_is tells by its first bytes whether a file is a capture. */
bool capture_is(const uint8_t *bytes, size_t len);

/* capture_read hands every UDP datagram to `take`; `port`, unless 0, is a port that one end must have.
 * Complains about a capture it cannot read. Returns an exit code. */
int capture_read(const uint8_t *bytes, size_t len, const char *path, unsigned port, datagram_fn take, void *arg);

#endif
