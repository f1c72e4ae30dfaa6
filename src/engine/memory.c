#include "engine/memory.h"

#include <openssl/mem.h>
#include <string.h>

#include "api/config.h"

void *fpl_allocate(const fpl_config *config, size_t size)
{
    void *memory = config->allocator.allocate(config->allocator.arg, size);
    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

void fpl_release(const fpl_config *config, void *memory, size_t size)
{
    if (memory == NULL) {
        return;
    }
    OPENSSL_cleanse(memory, size);
    config->allocator.release(config->allocator.arg, memory, size);
}

bool fpl_buffer_reserve(const fpl_config *config, fpl_buffer *buffer, size_t more)
{
    size_t   want = buffer->len + more;
    size_t   cap = buffer->cap == 0 ? 512 : buffer->cap;
    uint8_t *grown;
    if (want <= buffer->cap) {
        return true;
    }
    while (cap < want) {
        cap *= 2;
    }
    grown = fpl_allocate(config, cap);
    if (grown == NULL) {
        return false;
    }
    if (buffer->len > 0) {
        memcpy(grown, buffer->data, buffer->len);
    }
    fpl_release(config, buffer->data, buffer->cap);
    buffer->data = grown;
    buffer->cap = cap;
    return true;
}

void fpl_buffer_free(const fpl_config *config, fpl_buffer *buffer)
{
    fpl_release(config, buffer->data, buffer->cap);
    memset(buffer, 0, sizeof *buffer);
}
