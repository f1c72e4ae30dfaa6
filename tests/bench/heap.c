/* malloc and its kin, counted. The program's own definitions come before libc's for every library in it. */
#include "heap.h"

#include <malloc.h>
#include <stdlib.h>

/* glibc's names for what is hidden behind ours. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t num, size_t size);
void *__libc_realloc(void *memory, size_t size);
void  __libc_free(void *memory);

static bench_heap heap;

static void *came(void *memory)
{
    if (memory != NULL) {
        heap.allocations++;
        heap.bytes += malloc_usable_size(memory);
        heap.peak = heap.bytes > heap.peak ? heap.bytes : heap.peak;
    }
    return memory;
}

static void goes(void *memory)
{
    if (memory != NULL) {
        heap.bytes -= malloc_usable_size(memory);
    }
}

void *malloc(size_t size)
{
    return came(__libc_malloc(size));
}

void *calloc(size_t num, size_t size)
{
    return came(__libc_calloc(num, size));
}

void *realloc(void *memory, size_t size)
{
    goes(memory);
    return came(__libc_realloc(memory, size));
}

void free(void *memory)
{
    goes(memory);
    __libc_free(memory);
}

bench_heap bench_heap_now(void)
{
    return heap;
}

void bench_heap_mark(void)
{
    heap.peak = heap.bytes;
}
