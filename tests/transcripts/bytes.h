/* Byte strings that grow, for messages that no encoder would write. All of them are freed together at the end
 * of a scenario, so a scenario never frees anything. */
#ifndef FPL_TESTS_TRANSCRIPTS_BYTES_H
#define FPL_TESTS_TRANSCRIPTS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bytes {
    uint8_t *data;
    size_t   len;
    size_t   cap;
} bytes;

bytes bytes_none(void);
bytes bytes_of(const void *data, size_t len);
bytes bytes_zero(size_t len);

/* bytes_hex reads hex digits; spaces are skipped. */
bytes bytes_hex(const char *digits);

void bytes_add(bytes *b, const void *data, size_t len);
void bytes_append(bytes *b, bytes more);
void bytes_u8(bytes *b, unsigned value);
void bytes_u16(bytes *b, unsigned value);
void bytes_u24(bytes *b, size_t value);
void bytes_u48(bytes *b, uint64_t value);

/* bytes_vector appends `body` behind its length in `width` octets. */
void bytes_vector(bytes *b, size_t width, bytes body);

/* bytes_put_uint overwrites `width` octets at `at`. */
void bytes_put_uint(bytes *b, size_t at, size_t width, uint64_t value);

/* bytes_remove takes `len` bytes out at `at`; bytes_insert puts bytes in there. */
void bytes_remove(bytes *b, size_t at, size_t len);
void bytes_insert(bytes *b, size_t at, bytes more);

bool bytes_equal(bytes a, bytes b);

/* bytes_free_all frees every byte string there is. */
void bytes_free_all(void);

#endif
