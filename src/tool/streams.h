/* Standard input, output and error: what is read has to be there, what was printed has to arrive. */
#ifndef FPL_TOOL_STREAMS_H
#define FPL_TOOL_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* streams_open makes sure that the three are open: call it before anything else is opened. */
void streams_open(void);

/* streams_read reads what standard input has, up to `cap` octets, and sets `*ended` at its end. Returns how many; 0 may
 * also mean that there is nothing yet. Complains when it cannot be read, and takes that for its end. */
size_t streams_read(uint8_t *out, size_t cap, bool *ended);

/* streams_write writes data on standard output, now. The first time that it cannot, it complains. */
void streams_write(const uint8_t *data, size_t len);

/* streams_lost tells whether streams_write could not. */
bool streams_lost(void);

/* streams_close ends the program's output and returns its exit code: `result`, or TOOL_SYSTEM when all went well
 * but for what was to be read or printed, which is lost. */
int streams_close(int result);

#endif
