/* What options mean together: which contradict each other, which go without saying. */
#ifndef FPL_TOOL_OPTION_CHECKS_H
#define FPL_TOOL_OPTION_CHECKS_H

#include "options.h"

/* options_check complains and returns an exit code on misuse, or TOOL_OK. */
int options_check(options *o);

#endif
