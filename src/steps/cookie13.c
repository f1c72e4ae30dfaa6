#include "steps/cookie13.h"

#include <openssl/mem.h>
#include <string.h>

#include "crypto/aead.h"
#include "fpl_extension_types.h"
#include "fpl_functions.h"
#include "steps/cookie.h"
#include "steps/steps.h"

#define FPL_COOKIE13_FORMAT 1
/* format, time, version, suite, group, the hash with its length, the fixed part */
#define FPL_COOKIE13_PLAIN_MAX (1 + 4 + 2 + 2 + 2 + 1 + FPL_HASH_MAX_LEN + FPL_FIXED_PART_LEN)
#define FPL_COOKIE13_SEALED_MAX (FPL_COOKIE13_PLAIN_MAX + FPL_AEAD_TAG_LEN)
#define FPL_COOKIE13_MAX (1 + FPL_AEAD_NONCE_LEN + FPL_COOKIE13_SEALED_MAX)
#define FPL_RETRY13_MAX 512 /* of a HelloRetryRequest of ours */

static uint32_t seconds(const fpl_conn *conn)
{
    return (uint32_t)(conn->now / 1000);
}

/* --- sealing and opening -------------------------------------------------------------------------------- */

/* What is bound besides the content: the key and the address, whose length tells them apart. */
typedef struct fpl_bound {
    uint8_t bytes[2 + FPL_LIMIT_VALUE_ADDRESS_BYTES];
    size_t  len;
} fpl_bound;

static bool bind(const fpl_conn *conn, uint8_t key_id, fpl_bound *out)
{
    if (conn->address.len > sizeof out->bytes - 2) {
        return false;
    }
    out->bytes[0] = key_id;
    out->bytes[1] = (uint8_t)conn->address.len;
    if (conn->address.len > 0) {
        memcpy(out->bytes + 2, conn->address.data, conn->address.len);
    }
    out->len = 2 + conn->address.len;
    return true;
}

static bool begin_key(const fpl_conn *conn, uint8_t slot, const uint8_t nonce[FPL_AEAD_NONCE_LEN], fpl_aead_key *key)
{
    return fpl_aead_init(key, FPL_AEAD_AES_128_GCM, fpl_bytes_of(conn->cookies->key13[slot], FPL_COOKIE13_KEY_LEN),
                         fpl_bytes_of(nonce, FPL_AEAD_NONCE_LEN)) == FPL_STATUS_OK;
}

/* Seals the `len` octets at `data` in place with the newest key; the length with the tag, or 0. */
static size_t seal(const fpl_conn *conn, const uint8_t nonce[FPL_AEAD_NONCE_LEN], uint8_t *data, size_t len, size_t cap)
{
    fpl_aead_key key;
    fpl_bound    bound;
    size_t       sealed;
    if (!bind(conn, conn->cookies->id[0], &bound) || !begin_key(conn, 0, nonce, &key)) {
        return 0;
    }
    sealed = fpl_aead_seal(&key, nonce, fpl_bytes_of(bound.bytes, bound.len), data, len, cap);
    fpl_aead_wipe(&key);
    return sealed;
}

/* Opens with whichever live key has the cookie's id; `data` holds the sealed octets. */
static bool open_in_place(const fpl_conn *conn, const fpl_cookie13 *cookie, uint8_t *data, size_t *len)
{
    for (uint8_t slot = 0; slot < conn->cookies->num; slot++) {
        fpl_aead_key key;
        fpl_bound    bound;
        bool         good;
        if (conn->cookies->id[slot] != cookie->key_id || !bind(conn, cookie->key_id, &bound) ||
            !begin_key(conn, slot, cookie->nonce.data, &key)) {
            continue;
        }
        memcpy(data, cookie->sealed.data, cookie->sealed.len); /* an attempt that fails spoils it */
        good = fpl_aead_open(&key, cookie->nonce.data, fpl_bytes_of(bound.bytes, bound.len), data, cookie->sealed.len, len);
        fpl_aead_wipe(&key);
        if (good) {
            return true;
        }
    }
    return false;
}

static bool take_state(fpl_bytes plain, fpl_cookie13_state *out)
{
    const fpl_cipher_suite_row *suite;
    fpl_cookie_plaintext13      said;
    fpl_reader                  reader = fpl_reader_of(plain.data, plain.len);
    if (!fpl_decode_cookie_plaintext13(&said, &reader) || said.version != FPL_DTLS13) {
        return false;
    }
    suite = fpl_cipher_suite_find(said.cipher_suite);
    if (suite == NULL || said.hash_of_hello.len != fpl_hash_length(suite->hash)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->retry.suite = said.cipher_suite;
    out->retry.group = said.demanded_group;
    out->time = said.time;
    memcpy(out->hello_hash, said.hash_of_hello.data, said.hash_of_hello.len);
    out->hello_hash_len = (uint8_t)said.hash_of_hello.len;
    memcpy(out->fixed_part, said.hash_of_fixed_part.data, sizeof out->fixed_part);
    return true;
}

static bool open_cookie(const fpl_conn *conn, fpl_bytes bytes, fpl_cookie13_state *out)
{
    fpl_cookie13 cookie;
    fpl_reader   reader = fpl_reader_of(bytes.data, bytes.len);
    uint8_t      plain[FPL_COOKIE13_SEALED_MAX];
    size_t       len = 0;
    return conn->cookies != NULL && fpl_decode_cookie13(&cookie, &reader) && cookie.sealed.len <= sizeof plain &&
           open_in_place(conn, &cookie, plain, &len) && take_state(fpl_bytes_of(plain, len), out);
}

/* The body of the cookie extension, its length included. */
static bool cookie_body(const fpl_client_hello *hello, fpl_bytes *body)
{
    return fpl_extensions_find(hello->extensions, FPL_EXTENSION_TYPE_COOKIE, body);
}

bool fpl_cookie13_open(const fpl_conn *conn, const fpl_client_hello *hello, fpl_cookie13_state *out)
{
    fpl_bytes  body;
    fpl_reader reader;
    fpl_cookie ext;
    if (!cookie_body(hello, &body)) {
        return false;
    }
    reader = fpl_reader_of(body.data, body.len);
    return fpl_decode_cookie(&ext, &reader) && open_cookie(conn, ext.cookie, out);
}

static bool is_fresh(const fpl_conn *conn, const fpl_cookie13_state *cookie)
{
    uint32_t age = seconds(conn) - cookie->time; /* modulo 2^32: a time ahead of ours is very old */
    return age <= fpl_conn_limit(conn, FPL_LIMIT_COOKIE_LIFETIME) / 1000;
}

/* --- a server's judgement ---------------------------------------------------------------------------------- */

fpl_cookie13_answer fpl_classify_cookie13(const fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_cookie13_state cookie;
    fpl_bytes          body;
    if (conn->cookies == NULL || !conn->config->cookie_exchange || conn->address_validated) {
        return FPL_ANSWER_COOKIE13_NOT_NEEDED;
    }
    if (!cookie_body(msg, &body)) {
        return FPL_ANSWER_COOKIE13_SEND_COOKIE;
    }
    return fpl_cookie13_open(conn, msg, &cookie) && is_fresh(conn, &cookie) ? FPL_ANSWER_COOKIE13_VALID
                                                                            : FPL_ANSWER_COOKIE13_INVALID;
}

bool fpl_extension_check_cookie_is_authentic(const fpl_conn *conn, const fpl_cookie *ext)
{
    fpl_cookie13_state cookie;
    return open_cookie(conn, ext->cookie, &cookie);
}

bool fpl_extension_check_cookie_is_fresh(const fpl_conn *conn, const fpl_cookie *ext)
{
    fpl_cookie13_state cookie;
    return open_cookie(conn, ext->cookie, &cookie) && is_fresh(conn, &cookie);
}

fpl_status fpl_hook_cookie_open(fpl_conn *conn, const fpl_cookie *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK; /* fpl_cookie13_rebuild has taken all that it says */
}

/* The transcript begins with the two messages that only the client remembers (RFC 8446 section 4.4.1). */
fpl_status fpl_cookie13_rebuild(fpl_conn *conn, const fpl_client_hello *hello)
{
    const fpl_cipher_suite_row *suite;
    fpl_cookie13_state          cookie;
    uint8_t                     bytes[FPL_RETRY13_MAX];
    fpl_writer                  w = fpl_writer_of(bytes, sizeof bytes);
    if (!fpl_cookie13_open(conn, hello, &cookie)) {
        return FPL_STATUS_INTERNAL; /* the row's checks have opened it */
    }
    suite = fpl_cipher_suite_find(cookie.retry.suite);
    conn->hs->retry_suite = cookie.retry.suite;
    conn->hs->retry_group = cookie.retry.group;
    conn->peer_offered |= fpl_extensions_mask(hello->extensions); /* what an answer may hold */
    if (!fpl_retry13_write(conn, &w)) {
        return FPL_STATUS_INTERNAL;
    }
    return fpl_transcript_from_retry(conn->config, &conn->hs->transcript, suite->hash,
                                     fpl_bytes_of(cookie.hello_hash, cookie.hello_hash_len), fpl_bytes_of(bytes, w.len));
}

/* --- making one ----------------------------------------------------------------------------------------------- */

/* Hash(ClientHello1), header and all, as message_hash wants it (RFC 8446 section 4.4.1, RFC 9147 section 5.2). */
static size_t hash_hello(const fpl_message *message, fpl_hash which, uint8_t out[FPL_HASH_MAX_LEN])
{
    fpl_running_hash hash;
    uint8_t          header[4];
    header[0] = FPL_HANDSHAKE_TYPE_CLIENT_HELLO;
    fpl_put_uint(header + 1, 3, message->raw.len);
    if (fpl_hash_init(&hash, which) != FPL_STATUS_OK) {
        return 0;
    }
    fpl_hash_update(&hash, fpl_bytes_of(header, sizeof header));
    fpl_hash_update(&hash, message->raw);
    return fpl_hash_digest(&hash, out);
}

static bool put_plaintext(const fpl_conn *conn, fpl_writer *w)
{
    const fpl_client_hello     *hello = &conn->message->as.client_hello;
    const fpl_cipher_suite_row *suite;
    fpl_retry13                 retry;
    uint8_t                     hello_hash[FPL_HASH_MAX_LEN];
    uint8_t                     fixed_part[FPL_FIXED_PART_LEN];
    fpl_cookie_plaintext13      plain;
    if (!fpl_retry13_at_hand(conn, &retry)) {
        return false;
    }
    suite = fpl_cipher_suite_find(retry.suite);
    fpl_hello_fixed_part(hello, retry.group != 0, fixed_part);
    plain.format = FPL_COOKIE13_FORMAT;
    plain.time = seconds(conn);
    plain.version = FPL_DTLS13;
    plain.cipher_suite = retry.suite;
    plain.demanded_group = retry.group;
    plain.hash_of_hello = fpl_bytes_of(hello_hash, hash_hello(conn->message, suite->hash, hello_hash));
    plain.hash_of_fixed_part = fpl_bytes_of(fixed_part, sizeof fixed_part);
    return fpl_encode_cookie_plaintext13(w, &plain);
}

static bool put_cookie(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t      nonce[FPL_AEAD_NONCE_LEN];
    uint8_t      sealed[FPL_COOKIE13_SEALED_MAX];
    uint8_t      bytes[FPL_COOKIE13_MAX];
    fpl_writer   plain = fpl_writer_of(sealed, sizeof sealed - FPL_AEAD_TAG_LEN);
    fpl_writer   whole = fpl_writer_of(bytes, sizeof bytes);
    fpl_cookie13 cookie;
    fpl_cookie   ext;
    size_t       len;
    if (conn->cookies == NULL || conn->cookies->num == 0 || !put_plaintext(conn, &plain) ||
        fpl_config_random(conn->config, nonce, sizeof nonce) != FPL_STATUS_OK) {
        return false;
    }
    len = seal(conn, nonce, sealed, plain.len, sizeof sealed);
    cookie.key_id = conn->cookies->id[0];
    cookie.nonce = fpl_bytes_of(nonce, sizeof nonce);
    cookie.sealed = fpl_bytes_of(sealed, len);
    if (len == 0 || !fpl_encode_cookie13(&whole, &cookie)) {
        return false;
    }
    ext.cookie = fpl_bytes_of(bytes, whole.len);
    return fpl_encode_cookie(w, &ext);
}

/* A listener makes one. A connection has none to make: it rebuilds the HelloRetryRequest that the cookie came in, with
 * that very cookie, or keeps its state and needs none. */
fpl_presence fpl_hook_cookie_make(const fpl_conn *conn, fpl_writer *w)
{
    fpl_bytes body;
    if (conn->message == NULL || conn->message->id != FPL_MESSAGE_CLIENT_HELLO) {
        return FPL_OMIT;
    }
    if (!conn->scratch) {
        return cookie_body(&conn->message->as.client_hello, &body) && fpl_write_bytes(w, body.data, body.len) ? FPL_WRITE
                                                                                                              : FPL_OMIT;
    }
    return put_cookie(conn, w) ? FPL_WRITE : FPL_PRESENCE_NONE;
}

/* --- a client's part ------------------------------------------------------------------------------------------- */

fpl_status fpl_hook_cookie_keep(fpl_conn *conn, const fpl_cookie *ext)
{
    fpl_buffer *kept = &conn->hs->cookie13;
    fpl_buffer_free(conn->config, kept);
    if (!fpl_buffer_reserve(conn->config, kept, ext->cookie.len)) {
        return FPL_STATUS_NO_MEMORY;
    }
    memcpy(kept->data, ext->cookie.data, ext->cookie.len);
    kept->len = ext->cookie.len;
    return FPL_STATUS_OK;
}

fpl_presence fpl_hook_cookie_copy(const fpl_conn *conn, fpl_writer *w)
{
    fpl_cookie ext;
    if (conn->hs->cookie13.len == 0) {
        return FPL_OMIT;
    }
    ext.cookie = fpl_bytes_of(conn->hs->cookie13.data, conn->hs->cookie13.len);
    (void)fpl_encode_cookie(w, &ext);
    return FPL_WRITE;
}
