/* Readers and writers for the generated codecs: views in, bytes out, no allocation and no libcrypto.
 *
 * A reader walks a borrowed buffer and never copies; every view it hands out lives as long as that
 * buffer. A writer fills a caller's buffer and fails stickily: after the first overflow every later
 * call does nothing, so a codec checks once at the end. Integers are big-endian (RFC 8446 section 3.3). */
#ifndef FPL_ENGINE_WIRE_H
#define FPL_ENGINE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "crypto/bytes.h"

/* fpl_reader is what is left to decode, and on failure the field and the alert that answers it. */
typedef struct fpl_reader {
    const uint8_t *data;
    size_t         len;
    const char    *where; /* name of the field that failed, for people; static storage; NULL under FPL_NO_NAMES */
    uint8_t        alert; /* alert description that answers the failure; 0 = nothing failed */
} fpl_reader;

/* fpl_writer appends to `data`; `len` is what has been written so far. */
typedef struct fpl_writer {
    uint8_t *data;
    size_t   cap;
    size_t   len;
    bool     failed;
} fpl_writer;

static inline fpl_reader fpl_reader_of(const uint8_t *data, size_t len)
{
    fpl_reader r = {data, len, NULL, 0};
    return r;
}

/* fpl_reader_fail records the first field that failed and returns false, for `return fpl_reader_fail(...)`. */
static inline bool fpl_reader_fail(fpl_reader *r, const char *where, uint8_t alert)
{
    if (r->alert == 0) {
        r->where = where;
        r->alert = alert;
    }
    return false;
}

/* fpl_read_uint takes `width` (1 to 8) octets as one number; false when fewer are left. */
static inline bool fpl_read_uint(fpl_reader *r, size_t width, uint64_t *out)
{
    uint64_t value = 0;
    if (r->len < width) {
        return false;
    }
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | r->data[i];
    }
    r->data += width;
    r->len -= width;
    *out = value;
    return true;
}

static inline bool fpl_read_u8(fpl_reader *r, uint8_t *out)
{
    if (r->len < 1) {
        return false;
    }
    *out = r->data[0];
    r->data += 1;
    r->len -= 1;
    return true;
}

static inline bool fpl_read_u16(fpl_reader *r, uint16_t *out)
{
    if (r->len < 2) {
        return false;
    }
    *out = (uint16_t)((unsigned)r->data[0] << 8 | r->data[1]);
    r->data += 2;
    r->len -= 2;
    return true;
}

static inline bool fpl_read_u24(fpl_reader *r, uint32_t *out)
{
    uint64_t value = 0;
    if (!fpl_read_uint(r, 3, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static inline bool fpl_read_u32(fpl_reader *r, uint32_t *out)
{
    uint64_t value = 0;
    if (!fpl_read_uint(r, 4, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static inline bool fpl_read_u64(fpl_reader *r, uint64_t *out)
{
    return fpl_read_uint(r, 8, out);
}

/* fpl_read_bytes takes the next `len` octets as a view. */
static inline bool fpl_read_bytes(fpl_reader *r, size_t len, fpl_bytes *out)
{
    if (r->len < len) {
        return false;
    }
    out->data = r->data;
    out->len = len;
    r->data += len;
    r->len -= len;
    return true;
}

/* fpl_read_vector takes a vector whose length prefix has `width` octets (RFC 8446 section 3.4). */
static inline bool fpl_read_vector(fpl_reader *r, size_t width, fpl_bytes *out)
{
    uint64_t len = 0;
    return fpl_read_uint(r, width, &len) && len <= r->len && fpl_read_bytes(r, (size_t)len, out);
}

/* fpl_read_within takes such a vector if its body has `low` to `high` octets: T<low..high>. */
static inline bool fpl_read_within(fpl_reader *r, size_t width, size_t low, size_t high, fpl_bytes *out)
{
    return fpl_read_vector(r, width, out) && out->len >= low && out->len <= high;
}

static inline fpl_writer fpl_writer_of(uint8_t *data, size_t cap)
{
    fpl_writer w = {data, cap, 0, false};
    return w;
}

/* fpl_writer_ok tells that everything written so far fitted. */
static inline bool fpl_writer_ok(const fpl_writer *w)
{
    return !w->failed;
}

/* fpl_write_room reserves `len` octets and returns where they go, or NULL once the writer failed. */
static inline uint8_t *fpl_write_room(fpl_writer *w, size_t len)
{
    uint8_t *at;
    if (w->failed || w->cap - w->len < len) {
        w->failed = true;
        return NULL;
    }
    at = w->data + w->len;
    w->len += len;
    return at;
}

static inline void fpl_put_uint(uint8_t *at, size_t width, uint64_t value)
{
    for (size_t i = width; i > 0; i--) {
        at[i - 1] = (uint8_t)(value & 0xff);
        value >>= 8;
    }
}

static inline bool fpl_write_uint(fpl_writer *w, size_t width, uint64_t value)
{
    uint8_t *at = fpl_write_room(w, width);
    if (at == NULL) {
        return false;
    }
    fpl_put_uint(at, width, value);
    return true;
}

static inline bool fpl_write_bytes(fpl_writer *w, const uint8_t *data, size_t len)
{
    uint8_t *at = fpl_write_room(w, len);
    if (at == NULL) {
        return false;
    }
    if (len > 0) {
        memcpy(at, data, len);
    }
    return true;
}

/* fpl_write_vector_begin reserves a length prefix of `width` octets and returns where it stands. */
static inline size_t fpl_write_vector_begin(fpl_writer *w, size_t width)
{
    size_t at = w->len;
    (void)fpl_write_room(w, width);
    return at;
}

/* fpl_write_vector_end fills the prefix begun at `at`; a body too long for it fails the writer. */
static inline void fpl_write_vector_end(fpl_writer *w, size_t at, size_t width)
{
    uint64_t len;
    if (w->failed) {
        return;
    }
    len = w->len - at - width;
    if (width < 8 && (len >> (8 * width)) != 0) {
        w->failed = true;
        return;
    }
    fpl_put_uint(w->data + at, width, len);
}

/* fpl_write_vector writes a whole vector of octets. */
static inline bool fpl_write_vector(fpl_writer *w, size_t width, fpl_bytes body)
{
    size_t at = fpl_write_vector_begin(w, width);
    (void)fpl_write_bytes(w, body.data, body.len);
    fpl_write_vector_end(w, at, width);
    return !w->failed;
}

/* fpl_write_within writes it if it has `low` to `high` octets, and fails the writer otherwise. */
static inline bool fpl_write_within(fpl_writer *w, size_t width, size_t low, size_t high, fpl_bytes body)
{
    if (body.len < low || body.len > high) {
        w->failed = true;
        return false;
    }
    return fpl_write_vector(w, width, body);
}

/* fpl_write_exactly writes a view that must have `len` octets, and fails the writer otherwise. */
static inline bool fpl_write_exactly(fpl_writer *w, size_t len, fpl_bytes body)
{
    if (body.len != len) {
        w->failed = true;
        return false;
    }
    return fpl_write_bytes(w, body.data, body.len);
}

/* fpl_u16_next and fpl_u8_next take the next element of a decoded list of integers; the decoder has
 * already made sure that the list is whole, so they return false at its end only. */
static inline bool fpl_u16_next(fpl_bytes *list, uint16_t *out)
{
    if (list->len < 2) {
        return false;
    }
    *out = (uint16_t)((unsigned)list->data[0] << 8 | list->data[1]);
    list->data += 2;
    list->len -= 2;
    return true;
}

static inline bool fpl_u8_next(fpl_bytes *list, uint8_t *out)
{
    if (list->len < 1) {
        return false;
    }
    *out = list->data[0];
    list->data += 1;
    list->len -= 1;
    return true;
}

#endif
