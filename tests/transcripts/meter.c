#include "transcripts/meter.h"

#include <stdlib.h>

static void *allocate(void *arg, size_t size)
{
    meter *m = arg;
    void  *memory = malloc(size);
    if (memory != NULL) {
        m->calls++;
        m->blocks++;
        m->live += size;
        m->peak = m->live > m->peak ? m->live : m->peak;
    }
    return memory;
}

static void release(void *arg, void *memory, size_t size)
{
    meter *m = arg;
    if (memory == NULL) {
        return;
    }
    if (m->blocks == 0 || m->live < size) {
        abort(); /* a size that was never asked for */
    }
    m->blocks--;
    m->live -= size;
    free(memory);
}

fpl_allocator meter_allocator(meter *m)
{
    fpl_allocator a = {allocate, release, m};
    return a;
}
