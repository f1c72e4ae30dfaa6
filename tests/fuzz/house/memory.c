#include "house/memory.h"

#include "fuzz.h"

static void *allocate(void *arg, size_t size)
{
    house_memory *memory = arg;
    if (memory->countdown > 0 && --memory->countdown == 0) {
        memory->failed = true;
        return NULL;
    }
    memory->live += size;
    if (memory->live > memory->most) {
        memory->most = memory->live;
    }
    FUZZ_CHECK(memory->live <= memory->bound, "%zu octets are held, %zu asked for last", memory->live, size);
    return malloc(size);
}

static void release(void *arg, void *block, size_t size)
{
    house_memory *memory = arg;
    FUZZ_CHECK(block != NULL && size <= memory->live, "%zu octets are released, %zu are held", size, memory->live);
    memory->live -= size;
    free(block);
}

fpl_allocator house_memory_allocator(house_memory *memory)
{
    fpl_allocator allocator = {allocate, release, memory};
    return allocator;
}
