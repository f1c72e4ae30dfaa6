#ifndef FPL_CRYPTO_BYTES_H
#define FPL_CRYPTO_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* fpl_bytes is a view: it owns nothing and lives no longer than what it points into. `data` may be
 * NULL when `len` is zero. */
typedef struct fpl_bytes {
    const uint8_t *data;
    size_t len;
} fpl_bytes;

/* fpl_bytes_of returns a view of the `len` bytes at `data`. */
static inline fpl_bytes fpl_bytes_of(const uint8_t *data, size_t len)
{
    fpl_bytes view = {data, len};
    return view;
}

/* fpl_bytes_none returns the empty view. */
static inline fpl_bytes fpl_bytes_none(void)
{
    return fpl_bytes_of(NULL, 0);
}

#endif /* FPL_CRYPTO_BYTES_H */
