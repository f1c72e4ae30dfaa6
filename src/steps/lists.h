/* Lists of code points: ours in the configuration's order, theirs as views. */
#ifndef FPL_STEPS_LISTS_H
#define FPL_STEPS_LISTS_H

#include "engine/wire.h"

/* What the extensions of a hello may take together; a host name of 255 octets is the longest of them. */
#define FPL_HELLO_BLOCK_MAX 1024

/* fpl_listed tells whether `value` is among the `num` of `list`. */
static inline bool fpl_listed(const uint16_t *list, size_t num, uint16_t value)
{
    for (size_t i = 0; i < num; i++) {
        if (list[i] == value) {
            return true;
        }
    }
    return false;
}

/* fpl_list_put writes `num` code points to `out` as they go on the wire and returns a view of them. */
static inline fpl_bytes fpl_list_put(uint8_t *out, const uint16_t *list, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        fpl_put_uint(out + 2 * i, 2, list[i]);
    }
    return fpl_bytes_of(out, 2 * num);
}

/* fpl_list_common keeps those of `theirs` that are among ours, in their order and each once; returns how many. */
static inline uint8_t fpl_list_common(fpl_bytes theirs, const uint16_t *ours, size_t num, uint16_t *out)
{
    uint8_t  kept = 0;
    uint16_t value;
    while (fpl_u16_next(&theirs, &value)) {
        if (fpl_listed(ours, num, value) && !fpl_listed(out, kept, value)) {
            out[kept++] = value; /* at most `num`, since each is ours and comes once */
        }
    }
    return kept;
}

/* fpl_block_strip takes the length prefix off a written extension block. False when nothing was written. */
static inline bool fpl_block_strip(const fpl_writer *block, fpl_bytes *out)
{
    if (block->len < 2) {
        *out = fpl_bytes_none();
        return false;
    }
    *out = fpl_bytes_of(block->data + 2, block->len - 2);
    return true;
}

#endif
