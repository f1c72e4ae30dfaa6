/* What every fuzz target shares: how a broken invariant ends it, and how it eats its input. */
#ifndef FPL_TESTS_FUZZ_FUZZ_H
#define FPL_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls, and what replay.c calls in builds without it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* FUZZ_CHECK ends the program when something that must hold does not: libFuzzer keeps the input then. */
#define FUZZ_CHECK(condition, ...)                                                                           \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: broken: %s\n  ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, __VA_ARGS__);                                                                    \
            fputc('\n', stderr);                                                                             \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* fuzz_input is what is left of an input; reads beyond its end are zeros, so that every input means something. */
typedef struct fuzz_input {
    const uint8_t *data;
    size_t         len;
} fuzz_input;

static inline uint8_t fuzz_u8(fuzz_input *in)
{
    uint8_t value = 0;
    if (in->len > 0) {
        value = in->data[0];
        in->data++;
        in->len--;
    }
    return value;
}

static inline uint16_t fuzz_u16(fuzz_input *in)
{
    uint8_t high = fuzz_u8(in);
    return (uint16_t)(high << 8 | fuzz_u8(in));
}

/* fuzz_take takes at most `len` octets as a view. */
static inline fuzz_input fuzz_take(fuzz_input *in, size_t len)
{
    fuzz_input part = {in->data, len < in->len ? len : in->len};
    in->data += part.len;
    in->len -= part.len;
    return part;
}

/* fuzz_copy takes an input into memory of exactly its size, so that a sanitizer sees the first step beyond. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    FUZZ_CHECK(copy != NULL, "no memory for the input");
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

#endif
