#ifndef FPL_RECORD_NUMBER_H
#define FPL_RECORD_NUMBER_H

#include <stdint.h>
#include <string.h>

/* Big-endian numbers of the record layer, read and written where they lie. gcc and clang are told of the swap:
 * of single octets gcc makes thirty instructions, twice for each record. */
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FPL_NUMBER_SWAPS 1
#else
#define FPL_NUMBER_SWAPS 0
#endif

/* fpl_load_u16 reads two bytes. */
static inline uint16_t fpl_load_u16(const uint8_t *in)
{
    return (uint16_t)((in[0] << 8) | in[1]);
}

/* fpl_load_u64 reads eight bytes. */
static inline uint64_t fpl_load_u64(const uint8_t *in)
{
#if FPL_NUMBER_SWAPS
    uint64_t value;
    memcpy(&value, in, sizeof value);
    return __builtin_bswap64(value);
#else
    return ((uint64_t)in[0] << 56) | ((uint64_t)in[1] << 48) | ((uint64_t)in[2] << 40) |
           ((uint64_t)in[3] << 32) | ((uint64_t)in[4] << 24) | ((uint64_t)in[5] << 16) |
           ((uint64_t)in[6] << 8) | (uint64_t)in[7];
#endif
}

/* fpl_store_u16 writes two bytes. */
static inline void fpl_store_u16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

/* fpl_store_u64 writes eight bytes. */
static inline void fpl_store_u64(uint8_t *out, uint64_t value)
{
#if FPL_NUMBER_SWAPS
    value = __builtin_bswap64(value);
    memcpy(out, &value, sizeof value);
#else
    out[0] = (uint8_t)(value >> 56);
    out[1] = (uint8_t)(value >> 48);
    out[2] = (uint8_t)(value >> 40);
    out[3] = (uint8_t)(value >> 32);
    out[4] = (uint8_t)(value >> 24);
    out[5] = (uint8_t)(value >> 16);
    out[6] = (uint8_t)(value >> 8);
    out[7] = (uint8_t)value;
#endif
}

#endif /* FPL_RECORD_NUMBER_H */
