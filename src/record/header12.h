#ifndef FPL_RECORD_HEADER12_H
#define FPL_RECORD_HEADER12_H

#include <flightplan/registries.h>
#include <stddef.h>
#include <stdint.h>

#include "record/drop.h"

#define FPL_HEADER12_LEN 13
#define FPL_RECORD_MAX_PLAINTEXT 16384
#define FPL_RECORD12_MAX_CIPHERTEXT (16384 + 2048)
#define FPL_RECORD_MAX_SEQ ((UINT64_C(1) << 48) - 1)

#define FPL_RECORD_VERSION_DTLS10 FPL_PROTOCOL_VERSION_DTLS10
#define FPL_RECORD_VERSION_DTLS12 FPL_PROTOCOL_VERSION_DTLS12

/* fpl_record12 is a record with the 13-byte header (RFC 6347 section 4.1), which DTLS 1.3 keeps for
 * its plaintext. `header` and `body` point into the datagram. */
typedef struct fpl_record12 {
    const uint8_t *header; /* FPL_HEADER12_LEN bytes, in front of `body` */
    uint8_t *body;
    size_t body_len;
    uint64_t seq; /* 48 bits */
    uint16_t epoch;
    uint16_t version;
    fpl_content_type type;
} fpl_record12;

/* fpl_parse is what a caller that walks a datagram does next. */
typedef enum fpl_parse {
    FPL_PARSE_NONE,        /* never returned */
    FPL_PARSE_OK,          /* `*out` is a record; go on after `*consumed` bytes */
    FPL_PARSE_DROP_RECORD, /* skip `*consumed` bytes and go on */
    FPL_PARSE_DROP_REST,   /* nothing more can be found in this datagram */
} fpl_parse;

/* fpl_header12_parse reads the first record of the `len` bytes at `data`, of which there is at least
 * one. Change_cipher_spec, alert, handshake, application_data and ack are types it knows. The record
 * version must be DTLS 1.2's, in epoch 0 also DTLS 1.0's, which hellos carry. `*consumed` never
 * exceeds `len` and is all of it for `FPL_PARSE_DROP_REST`. `*why` is `FPL_DROP_NONE` with
 * `FPL_PARSE_OK` only; `*out` is set with it only. */
fpl_parse fpl_header12_parse(uint8_t *data, size_t len, fpl_record12 *out, size_t *consumed, fpl_drop *why);

/* fpl_header12_write writes a header. `seq` is at most `FPL_RECORD_MAX_SEQ`, `length` that of what
 * follows. */
void fpl_header12_write(uint8_t out[FPL_HEADER12_LEN], fpl_content_type type, uint16_t version,
                        uint16_t epoch, uint64_t seq, uint16_t length);

#endif /* FPL_RECORD_HEADER12_H */
