#include "transcripts/meter.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/trace.h"

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

/* ----- the stack -------------------------------------------------------------------------------------------- */

static uintptr_t began, deepest;

/* A frame's address, not a local's: sanitizers keep locals elsewhere. */
static uintptr_t here(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}

static void look(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    (void)arg;
    (void)conn;
    (void)event;
    uintptr_t now = here();
    deepest = now < deepest ? now : deepest;
}

void depth_begin(void)
{
    began = deepest = here();
    trace_watch(look, NULL);
}

size_t depth_end(void)
{
    trace_watch(NULL, NULL);
    return (size_t)(began - deepest);
}
