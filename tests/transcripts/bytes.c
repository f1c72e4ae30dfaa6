#include "transcripts/bytes.h"

#include <stdlib.h>
#include <string.h>

/* Every block, so that a scenario which ends in its middle leaves nothing behind. */
typedef struct block {
    struct block *next;
    size_t        used; /* by the longest string that lives here: only that one may grow in place */
    uint8_t       data[];
} block;

static block *blocks;

static block *allocate(size_t size)
{
    block *b = malloc(sizeof *b + size);
    if (b == NULL) {
        abort();
    }
    b->next = blocks;
    b->used = 0;
    blocks = b;
    return b;
}

static block *block_of(uint8_t *data)
{
    return (block *)(void *)(data - offsetof(block, data));
}

void bytes_free_all(void)
{
    while (blocks != NULL) {
        block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

bytes bytes_none(void)
{
    bytes b = {NULL, 0, 0};
    return b;
}

/* A string is a plain value that scenarios copy; two copies must not grow into each other. */
static uint8_t *room(bytes *b, size_t more)
{
    if (b->data == NULL || b->cap - b->len < more || block_of(b->data)->used != b->len) {
        size_t cap = 2 * b->len + more + 64;
        block *fresh = allocate(cap);
        if (b->len > 0) {
            memcpy(fresh->data, b->data, b->len);
        }
        b->data = fresh->data;
        b->cap = cap;
    }
    b->len += more;
    block_of(b->data)->used = b->len;
    return b->data + b->len - more;
}

void bytes_add(bytes *b, const void *data, size_t len)
{
    uint8_t *at = room(b, len);
    if (len > 0) {
        memmove(at, data, len);
    }
}

bytes bytes_of(const void *data, size_t len)
{
    bytes b = bytes_none();
    bytes_add(&b, data, len);
    return b;
}

bytes bytes_zero(size_t len)
{
    bytes b = bytes_none();
    memset(room(&b, len), 0, len);
    return b;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bytes bytes_hex(const char *digits)
{
    bytes b = bytes_none();
    while (*digits != '\0') {
        if (*digits == ' ') {
            digits++;
            continue;
        }
        if (digit(digits[0]) < 0 || digit(digits[1]) < 0) {
            abort();
        }
        bytes_u8(&b, (unsigned)(digit(digits[0]) * 16 + digit(digits[1])));
        digits += 2;
    }
    return b;
}

void bytes_append(bytes *b, bytes more)
{
    bytes_add(b, more.data, more.len);
}

static void put(uint8_t *at, size_t width, uint64_t value)
{
    for (size_t i = width; i > 0; i--) {
        at[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

void bytes_u8(bytes *b, unsigned value)
{
    put(room(b, 1), 1, value);
}

void bytes_u16(bytes *b, unsigned value)
{
    put(room(b, 2), 2, value);
}

void bytes_u24(bytes *b, size_t value)
{
    put(room(b, 3), 3, value);
}

void bytes_u48(bytes *b, uint64_t value)
{
    put(room(b, 6), 6, value);
}

void bytes_vector(bytes *b, size_t width, bytes body)
{
    put(room(b, width), width, body.len);
    bytes_append(b, body);
}

void bytes_put_uint(bytes *b, size_t at, size_t width, uint64_t value)
{
    if (at + width > b->len) {
        abort();
    }
    put(b->data + at, width, value);
}

void bytes_remove(bytes *b, size_t at, size_t len)
{
    if (at + len > b->len) {
        abort();
    }
    memmove(b->data + at, b->data + at + len, b->len - at - len);
    b->len -= len;
}

void bytes_insert(bytes *b, size_t at, bytes more)
{
    bytes rest = bytes_of(b->data + at, b->len - at);
    b->len = at;
    bytes_append(b, more);
    bytes_append(b, rest);
}

bool bytes_equal(bytes a, bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
