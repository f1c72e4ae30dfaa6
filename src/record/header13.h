#ifndef FPL_RECORD_HEADER13_H
#define FPL_RECORD_HEADER13_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/drop.h"
#include "record/header12.h"

/* FPL_HEADER13_LEN is the length of the header that we write, and the longest that we read. */
#define FPL_HEADER13_LEN 5

/* What there must be to mask a record number with (RFC 9147 section 4.2.3), and what there may be (RFC
 * 8446 section 5.2). */
#define FPL_RECORD13_MIN_CIPHERTEXT 16
#define FPL_RECORD13_MAX_CIPHERTEXT (16384 + 256)

/* fpl_record13 is a record with the unified header (RFC 9147 section 4), its number still masked.
 * `header` and `body` point into the datagram. */
typedef struct fpl_record13 {
    const uint8_t *header; /* in front of `body` */
    uint8_t *body;
    size_t body_len; /* at least FPL_RECORD13_MIN_CIPHERTEXT */
    uint8_t header_len;
    uint8_t number_len; /* 1 or 2; the number begins at `header` + 1 */
    uint8_t epoch_bits; /* the two low bits of the epoch */
} fpl_record13;

/* fpl_header13_begins returns whether a record that starts with `first` has the unified header. */
static inline bool fpl_header13_begins(uint8_t first)
{
    return (first & 0xe0) == 0x20;
}

/* fpl_header13_parse reads the first record of the `len` bytes at `data`, as `fpl_header12_parse`
 * does. Numbers may have one or two octets, and the length may be missing: then the record is all the
 * rest. A record with a connection ID is nothing that we agreed to, and where its number begins
 * cannot be known; with it the rest of the datagram is dropped. */
fpl_parse fpl_header13_parse(uint8_t *data, size_t len, fpl_record13 *out, size_t *consumed, fpl_drop *why);

/* fpl_header13_write writes a header with 16 bits of `seq`, not yet masked, and the `length` of what
 * follows. */
void fpl_header13_write(uint8_t out[FPL_HEADER13_LEN], uint16_t epoch, uint64_t seq, uint16_t length);

/* fpl_header13_sequence returns the record number nearest to `next` whose low `8 * number_len` bits
 * are those of `low`; the greater of two that are as near, since the smaller one is too old for any
 * replay window (RFC 9147 section 4.2.2). `next` is one more than the highest number of that epoch
 * which was authentic. */
uint64_t fpl_header13_sequence(uint64_t next, uint16_t low, uint8_t number_len);

/* fpl_header13_epoch_back sets `*out` to the most recent epoch up to `newest` which has `epoch_bits`,
 * and returns false if there is none. Epoch 0 is one of them, though its records have another header. */
bool fpl_header13_epoch_back(uint16_t newest, uint8_t epoch_bits, uint16_t *out);

/* fpl_header13_epoch_ahead sets `*out` to the next epoch above `newest` which has `epoch_bits`, and
 * returns false if there is none: epochs do not wrap. */
bool fpl_header13_epoch_ahead(uint16_t newest, uint8_t epoch_bits, uint16_t *out);

#endif /* FPL_RECORD_HEADER13_H */
