/* Datagrams out of text: one in hex on each line. */
#ifndef FPL_TOOL_HEXLINES_H
#define FPL_TOOL_HEXLINES_H

#include "datagram.h"

/* hexlines_read hands the datagram of every line to `take`. A line is
 *   [C>S | S>C] [+SECONDS] HEX
 * where the hex may have blanks and colons in it; lines that are empty or begin with # are skipped. Complains
 * about any other, and returns an exit code. */
int hexlines_read(const uint8_t *text, size_t len, const char *path, datagram_fn take, void *arg);

#endif
