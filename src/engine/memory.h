/* Every allocation of the library's own goes through the configuration's allocator, here. */
#ifndef FPL_ENGINE_MEMORY_H
#define FPL_ENGINE_MEMORY_H

#include <flightplan/flightplan.h>

/* fpl_allocate returns `size` zeroed bytes, or NULL. */
void *fpl_allocate(const fpl_config *config, size_t size);

/* fpl_release wipes and frees what fpl_allocate returned for the same `size`. NULL is allowed. */
void fpl_release(const fpl_config *config, void *memory, size_t size);

/* fpl_buffer is a byte string that grows up to a bound. */
typedef struct fpl_buffer {
    uint8_t *data;
    size_t   len;
    size_t   cap;
} fpl_buffer;

/* fpl_buffer_reserve makes room for `more` bytes behind the present ones. False when memory is short. */
bool fpl_buffer_reserve(const fpl_config *config, fpl_buffer *buffer, size_t more);

/* fpl_buffer_free wipes and frees; the buffer is empty and usable afterwards. */
void fpl_buffer_free(const fpl_config *config, fpl_buffer *buffer);

#endif
