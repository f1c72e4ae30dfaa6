/* Handing counters out by the caller's idea of their size. */
#ifndef FPL_API_INFO_H
#define FPL_API_INFO_H

#include <flightplan/flightplan.h>

/* fpl_copy_stats fills as much of `out` as out->size allows. FPL_MISUSE when that is too little to be one. */
fpl_result fpl_copy_stats(const fpl_stats *stats, fpl_stats *out);

#endif
