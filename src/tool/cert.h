/* `flightplan cert`. */
#ifndef FPL_TOOL_CERT_H
#define FPL_TOOL_CERT_H

#include "options.h"

int cert_run(const options *o);

#endif
