/* `flightplan client`. */
#ifndef FPL_TOOL_CLIENT_H
#define FPL_TOOL_CLIENT_H

#include "options.h"

int client_run(const options *o);

#endif
