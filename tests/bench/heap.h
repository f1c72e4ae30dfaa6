/* What the process has allocated. Programs built without heap.c say nothing, and pay nothing. */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stddef.h>

typedef struct bench_heap {
    size_t allocations; /* malloc, calloc and realloc to another place, ever */
    size_t bytes;       /* usable bytes held */
    size_t peak;        /* the most of that since bench_heap_mark */
} bench_heap;

bench_heap bench_heap_now(void);
void       bench_heap_mark(void);

#endif
