/* What must stay bounded, measured: an allocator that counts, and how deep the stack gets. */
#ifndef FPL_TESTS_TRANSCRIPTS_METER_H
#define FPL_TESTS_TRANSCRIPTS_METER_H

#include <flightplan/flightplan.h>

typedef struct meter {
    size_t live, peak, calls, blocks;
} meter;

fpl_allocator meter_allocator(meter *m);

/* depth_begin watches how deep the stack stands whenever the library tells of a row that it takes; depth_end stops that, and
 * gives the deepest, in bytes below the frame that `depth_begin` was called from; 0 if no row was told of. A stage that is to
 * tell of its rows opens behind a first call; a later call begins anew. */
void   depth_begin(void);
size_t depth_end(void);

#endif
