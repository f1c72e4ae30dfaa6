/* Numbers on the command line. */
#ifndef FPL_TOOL_NUMBERS_H
#define FPL_TOOL_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* number_parse reads a whole number of `low` to `high`, in decimal digits and nothing else: no sign, no blank.
 * False if `text` is anything else. */
bool number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/* seconds_parse does so for seconds, which may have a fraction, and makes milliseconds of them. */
bool seconds_parse(const char *text, double low, double high, uint64_t *ms);

#endif
