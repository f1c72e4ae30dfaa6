/* `flightplan server`. */
#ifndef FPL_TOOL_SERVER_H
#define FPL_TOOL_SERVER_H

#include "options.h"

int server_run(const options *o);

#endif
