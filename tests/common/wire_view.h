/* Datagrams as anybody on the path sees them: record headers of DTLS 1.2 and 1.3, and handshake headers of epoch 0. */
#ifndef FPL_TESTS_COMMON_WIRE_VIEW_H
#define FPL_TESTS_COMMON_WIRE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEW_RECORD_HEADER 13
#define VIEW_MESSAGE_HEADER 12

enum { VIEW_CCS = 20, VIEW_ALERT = 21, VIEW_HANDSHAKE = 22, VIEW_DATA = 23, VIEW_ACK = 26 };

typedef struct view {
    const uint8_t *at;
    size_t         left;
} view;

typedef struct view_record {
    uint8_t        type;
    uint16_t       version;
    uint16_t       epoch;
    uint64_t       seq;
    const uint8_t *body;
    size_t         len;
} view_record;

/* view_sealed is a record of DTLS 1.3 with the unified header (RFC 9147 section 4), its number still masked. */
typedef struct view_sealed {
    const uint8_t *record;
    size_t         header_len;
    size_t         len;        /* header and body */
    uint8_t        epoch_bits;
} view_sealed;

typedef struct view_fragment {
    uint8_t        type;
    uint32_t       total;
    uint16_t       msg_seq;
    uint32_t       offset;
    uint32_t       len;
    const uint8_t *body;
} view_fragment;

view view_of(const uint8_t *bytes, size_t len);

/* view_next_record takes the next whole record of a datagram; false at the end or at what is none. */
bool view_next_record(view *v, view_record *out);

/* view_next_sealed takes the next record if it has the unified header, without a connection ID; false otherwise. */
bool view_next_sealed(view *v, view_sealed *out);

/* view_next_fragment takes the next whole handshake fragment of a record's body. */
bool view_next_fragment(view *v, view_fragment *out);

/* view_handshake_name names a handshake type, for logs. */
const char *view_handshake_name(uint8_t type);

/* view_describe writes one line about a datagram, cut to `cap`. */
void view_describe(const uint8_t *datagram, size_t len, char *out, size_t cap);

#endif
