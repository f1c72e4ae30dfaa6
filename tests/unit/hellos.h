/* ClientHellos for tests, part by part. */
#ifndef FPL_TESTS_UNIT_HELLOS_H
#define FPL_TESTS_UNIT_HELLOS_H

#include "engine/conn.h"
#include "unit.h"

#define HELLO_ROOM 4096

/* hello is a ClientHello being written; `msg` points into it once hello_read was called. */
typedef struct hello {
    uint16_t         version;
    uint8_t          random[32];
    uint8_t          session_id[32];
    size_t           session_id_len;
    uint16_t         suites[8];
    size_t           num_suites;
    uint8_t          compression[4];
    size_t           num_compression;
    uint8_t          extensions[HELLO_ROOM];
    size_t           extensions_len;
    uint8_t          bytes[HELLO_ROOM + 512];
    size_t           len;
    fpl_message      message;
    fpl_client_hello msg;
} hello;

/* hello_begin starts one that is right for DTLS 1.3 but for its extensions. */
static inline void hello_begin(hello *h)
{
    memset(h, 0, sizeof *h);
    h->version = FPL_DTLS12;
    memset(h->random, 0x5a, sizeof h->random);
    h->suites[h->num_suites++] = FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256;
    h->num_compression = 1;
}

/* hello_add appends an extension. */
static inline void hello_add(hello *h, uint16_t type, const uint8_t *body, size_t len)
{
    uint8_t *at = h->extensions + h->extensions_len;
    ck_assert_uint_le(h->extensions_len + 4 + len, HELLO_ROOM);
    fpl_put_uint(at, 2, type);
    fpl_put_uint(at + 2, 2, len);
    if (len > 0) {
        memcpy(at + 4, body, len);
    }
    h->extensions_len += 4 + len;
}

/* hello_add_list appends an extension that is a list of 16-bit numbers behind a length of `width` octets. */
static inline void hello_add_list(hello *h, uint16_t type, size_t width, const uint16_t *list, size_t num)
{
    uint8_t body[64];
    fpl_put_uint(body, width, 2 * num);
    for (size_t i = 0; i < num; i++) {
        fpl_put_uint(body + width + 2 * i, 2, list[i]);
    }
    hello_add(h, type, body, width + 2 * num);
}

/* hello_add_shares appends a key_share with a share of each group, filled with `fill`. */
static inline void hello_add_shares(hello *h, const fpl_named_group *groups, size_t num, uint8_t fill)
{
    uint8_t body[HELLO_ROOM];
    size_t  len = 2;
    for (size_t i = 0; i < num; i++) {
        const fpl_named_group_row *row = fpl_named_group_find(groups[i]);
        size_t                     share = row != NULL && row->share_length > 0 ? row->share_length : 1;
        fpl_put_uint(body + len, 2, groups[i]);
        fpl_put_uint(body + len + 2, 2, share);
        memset(body + len + 4, fill, share);
        len += 4 + share;
    }
    fpl_put_uint(body, 2, len - 2);
    hello_add(h, FPL_EXTENSION_TYPE_KEY_SHARE, body, len);
}

/* hello_read writes the message out and decodes it, as the engine would. */
static inline void hello_read(hello *h)
{
    fpl_writer w = fpl_writer_of(h->bytes, sizeof h->bytes);
    fpl_reader r;
    (void)fpl_write_uint(&w, 2, h->version);
    (void)fpl_write_bytes(&w, h->random, 32);
    (void)fpl_write_vector(&w, 1, fpl_bytes_of(h->session_id, h->session_id_len));
    (void)fpl_write_vector(&w, 1, fpl_bytes_none());
    (void)fpl_write_uint(&w, 2, 2 * h->num_suites);
    for (size_t i = 0; i < h->num_suites; i++) {
        (void)fpl_write_uint(&w, 2, h->suites[i]);
    }
    (void)fpl_write_vector(&w, 1, fpl_bytes_of(h->compression, h->num_compression));
    if (h->extensions_len > 0) {
        (void)fpl_write_vector(&w, 2, fpl_bytes_of(h->extensions, h->extensions_len));
    }
    ck_assert(fpl_writer_ok(&w));
    h->len = w.len;
    ck_assert(fpl_message_decode(&h->message, FPL_MESSAGE_CLIENT_HELLO, 0, fpl_bytes_of(h->bytes, h->len), &r));
    h->msg = h->message.as.client_hello;
}

#endif
