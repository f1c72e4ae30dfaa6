/* The texts that --help prints. */
#ifndef FPL_TOOL_HELP_H
#define FPL_TOOL_HELP_H

#include "options.h"

/* help_print prints the help of a command, or with COMMAND_NONE of the tool, on standard output. */
void help_print(command which);

#endif
