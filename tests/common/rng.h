/* A small generator whose whole state is one number, so that a seed replays a run (splitmix64). */
#ifndef FPL_TESTS_COMMON_RNG_H
#define FPL_TESTS_COMMON_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rng {
    uint64_t state;
} rng;

static inline rng rng_of(uint64_t seed)
{
    rng r = {seed};
    return r;
}

static inline uint64_t rng_next(rng *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* rng_below returns a number from 0 to n - 1; 0 for n = 0. The bias is far below what a test could see. */
static inline size_t rng_below(rng *r, size_t n)
{
    return n == 0 ? 0 : (size_t)(rng_next(r) % n);
}

/* rng_between returns a number from low to high, both included. */
static inline size_t rng_between(rng *r, size_t low, size_t high)
{
    return low + rng_below(r, high - low + 1);
}

static inline bool rng_percent(rng *r, unsigned percent)
{
    return rng_below(r, 100) < percent;
}

static inline void rng_fill(rng *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(rng_next(r) >> 32);
    }
}

/* rng_fork makes a generator of its own for one purpose, so that drawing more for it changes nothing else. */
static inline rng rng_fork(rng *r)
{
    return rng_of(rng_next(r));
}

#endif
