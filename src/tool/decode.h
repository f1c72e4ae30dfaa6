/* `flightplan decode`. */
#ifndef FPL_TOOL_DECODE_H
#define FPL_TOOL_DECODE_H

#include "options.h"

int decode_run(const options *o);

#endif
