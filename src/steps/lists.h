/* Lists of code points: ours in the configuration's order, theirs as views. */
#ifndef FPL_STEPS_LISTS_H
#define FPL_STEPS_LISTS_H

#include "engine/wire.h"

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

/* fpl_list_first is the first of `ours` that is among `theirs`, or 0. */
static inline uint16_t fpl_list_first(const uint16_t *ours, size_t num, const uint16_t *theirs, size_t num_theirs)
{
    for (size_t i = 0; i < num; i++) {
        if (fpl_listed(theirs, num_theirs, ours[i])) {
            return ours[i];
        }
    }
    return 0;
}

#endif
