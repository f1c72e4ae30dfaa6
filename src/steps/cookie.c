#include "steps/cookie.h"

#include <openssl/mem.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "fpl_functions.h"

#define FPL_COOKIE_MAC_LEN 16
#define FPL_COOKIE12_LEN (1 + 4 + FPL_COOKIE_MAC_LEN)

/* One key is never used for two things. A hash of a key with as many bits as it has is a key like it, and cannot fail. */
static void derive13(const uint8_t key[FPL_COOKIE_KEY_LEN], uint8_t out[FPL_COOKIE13_KEY_LEN])
{
    static const char label[] = "flightplan dtls13 cookie";
    uint8_t           digest[FPL_HASH_MAX_LEN];
    fpl_running_hash  hash;
    (void)fpl_hash_init(&hash, FPL_HASH_SHA256);
    fpl_hash_update(&hash, fpl_bytes_of((const uint8_t *)label, sizeof label));
    fpl_hash_update(&hash, fpl_bytes_of(key, FPL_COOKIE_KEY_LEN));
    (void)fpl_hash_digest(&hash, digest);
    memcpy(out, digest, FPL_COOKIE13_KEY_LEN);
    fpl_hash_wipe(&hash);
    OPENSSL_cleanse(digest, sizeof digest);
}

void fpl_cookie_jar_add(fpl_cookie_jar *jar, uint8_t id, const uint8_t key[FPL_COOKIE_KEY_LEN], fpl_time now)
{
    memcpy(jar->key[1], jar->key[0], FPL_COOKIE_KEY_LEN);
    memcpy(jar->key13[1], jar->key13[0], FPL_COOKIE13_KEY_LEN);
    jar->id[1] = jar->id[0];
    memcpy(jar->key[0], key, FPL_COOKIE_KEY_LEN);
    derive13(key, jar->key13[0]);
    jar->id[0] = id;
    jar->made = now;
    if (jar->num < 2) {
        jar->num++;
    }
}

fpl_status fpl_cookie_jar_turn(fpl_cookie_jar *jar, const fpl_config *config, fpl_time now)
{
    uint8_t    key[FPL_COOKIE_KEY_LEN];
    fpl_status status;
    if (jar->num > 0 && (jar->shared || now - jar->made < fpl_config_limit(config, FPL_LIMIT_COOKIE_KEY_LIFE))) {
        return FPL_STATUS_OK;
    }
    status = fpl_config_random(config, key, sizeof key);
    if (status == FPL_STATUS_OK) {
        fpl_cookie_jar_add(jar, (uint8_t)(jar->id[0] + 1), key, now);
    }
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

/* Each part that varies in length goes in with its length, so that no two hellos look alike to the MAC. */
static fpl_status mac(const fpl_conn *conn, const fpl_client_hello *hello, uint8_t slot, uint32_t time,
                      uint8_t out[FPL_HMAC_SHA256_LEN])
{
    uint8_t   head[1 + 4 + 2 + 1 + 1 + 2 + 1];
    fpl_bytes parts[6];
    head[0] = conn->cookies->id[slot];
    fpl_put_uint(head + 1, 4, time);
    fpl_put_uint(head + 5, 2, hello->legacy_version);
    fpl_put_uint(head + 7, 1, conn->address.len);
    fpl_put_uint(head + 8, 1, hello->legacy_session_id.len);
    fpl_put_uint(head + 9, 2, hello->cipher_suites.len);
    fpl_put_uint(head + 11, 1, hello->legacy_compression_methods.len);
    parts[0] = fpl_bytes_of(head, sizeof head);
    parts[1] = conn->address;
    parts[2] = hello->random;
    parts[3] = hello->legacy_session_id;
    parts[4] = hello->cipher_suites;
    parts[5] = hello->legacy_compression_methods;
    return fpl_hmac_sha256(fpl_bytes_of(conn->cookies->key[slot], FPL_COOKIE_KEY_LEN), parts, 6, out);
}

static uint32_t seconds(const fpl_conn *conn)
{
    return (uint32_t)(conn->now / 1000);
}

static bool is_valid(const fpl_conn *conn, const fpl_client_hello *hello)
{
    fpl_reader   reader = fpl_reader_of(hello->legacy_cookie.data, hello->legacy_cookie.len);
    fpl_cookie12 cookie;
    uint8_t      expected[FPL_HMAC_SHA256_LEN];
    uint32_t     age;
    if (!fpl_decode_cookie12(&cookie, &reader)) {
        return false;
    }
    age = seconds(conn) - cookie.time; /* modulo 2^32: a time ahead of ours is very old */
    if (age > fpl_conn_limit(conn, FPL_LIMIT_COOKIE_LIFETIME) / 1000) {
        return false;
    }
    for (uint8_t slot = 0; slot < conn->cookies->num; slot++) {
        if (conn->cookies->id[slot] == cookie.key_id && mac(conn, hello, slot, cookie.time, expected) == FPL_STATUS_OK &&
            fpl_equal(expected, cookie.mac.data, FPL_COOKIE_MAC_LEN)) {
            return true;
        }
    }
    return false;
}

fpl_cookie12_answer fpl_classify_cookie12(const fpl_conn *conn, const fpl_client_hello *msg)
{
    if (conn->cookies == NULL || !conn->config->cookie_exchange || is_valid(conn, msg)) {
        return FPL_ANSWER_COOKIE12_PROCEED;
    }
    return FPL_ANSWER_COOKIE12_SEND_COOKIE;
}

bool fpl_build_hello_verify_request(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t                  expected[FPL_HMAC_SHA256_LEN];
    uint8_t                  bytes[FPL_COOKIE12_LEN];
    fpl_writer               writer = fpl_writer_of(bytes, sizeof bytes);
    fpl_cookie12             cookie;
    fpl_hello_verify_request msg;
    if (conn->cookies == NULL || conn->cookies->num == 0 || conn->message == NULL ||
        conn->message->id != FPL_MESSAGE_CLIENT_HELLO) {
        return false;
    }
    cookie.key_id = conn->cookies->id[0];
    cookie.time = seconds(conn);
    if (mac(conn, &conn->message->as.client_hello, 0, cookie.time, expected) != FPL_STATUS_OK) {
        return false;
    }
    cookie.mac = fpl_bytes_of(expected, FPL_COOKIE_MAC_LEN);
    if (!fpl_encode_cookie12(&writer, &cookie)) {
        return false;
    }
    msg.server_version = FPL_PROTOCOL_VERSION_DTLS10; /* packet format only, RFC 6347 section 4.2.1 */
    msg.cookie = fpl_bytes_of(bytes, writer.len);
    return fpl_encode_hello_verify_request(w, &msg);
}
