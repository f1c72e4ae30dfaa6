/* The allocator that ends under test are given: it counts, bounds, and fails on demand. */
#ifndef FPL_TESTS_FUZZ_HOUSE_MEMORY_H
#define FPL_TESTS_FUZZ_HOUSE_MEMORY_H

#include <flightplan/flightplan.h>

typedef struct house_memory {
    size_t   live;
    size_t   most;
    size_t   bound;     /* more than this at once is a bug */
    unsigned countdown; /* the allocation that makes it zero fails; 0 = none */
    bool     failed;    /* one did */
} house_memory;

/* house_memory_allocator makes an fpl_allocator over `memory`, which must outlive what is allocated. */
fpl_allocator house_memory_allocator(house_memory *memory);

#endif
