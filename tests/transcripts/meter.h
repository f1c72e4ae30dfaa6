/* An allocator that counts, for what must stay bounded. */
#ifndef FPL_TESTS_TRANSCRIPTS_METER_H
#define FPL_TESTS_TRANSCRIPTS_METER_H

#include <flightplan/flightplan.h>

typedef struct meter {
    size_t live, peak, calls, blocks;
} meter;

fpl_allocator meter_allocator(meter *m);

#endif
