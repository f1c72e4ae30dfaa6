#include "api/keying.h"

#include <string.h>

#include "crypto/prf.h"
#include "fpl_registries.h"

/* What HKDF-Expand-Label can say: a label of 255 octets less its prefix (RFC 9147 section 5.9), 255 hashes (RFC 5869
 * section 2.3). */
#define FPL_EXPORT13_LABEL_MAX 249
#define FPL_EXPORT13_HASHES_MAX 255

/* RFC 8446 section 7.5: no context is an empty one. */
static fpl_status export13(const fpl_conn *conn, fpl_bytes label, const uint8_t *context, size_t context_len, uint8_t *out,
                           size_t out_len)
{
    if (conn->keys13 == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    return fpl_schedule13_export(&conn->keys13->exporter, label, fpl_bytes_of(context, context != NULL ? context_len : 0), out, out_len);
}

/* PRF(master_secret, label, client_random + server_random [+ length + context]) */
static fpl_status export12(const fpl_conn *conn, fpl_prf *master, fpl_bytes label, const uint8_t *context,
                           size_t context_len, uint8_t *out, size_t out_len)
{
    uint8_t seed[2 * FPL_RANDOM_LEN + 2];
    size_t  seed_len = 2 * FPL_RANDOM_LEN;
    memcpy(seed, conn->client_random, FPL_RANDOM_LEN);
    memcpy(seed + FPL_RANDOM_LEN, conn->server_random, FPL_RANDOM_LEN);
    if (context != NULL) {
        fpl_put_uint(seed + seed_len, 2, context_len);
        seed_len += 2;
    }
    return fpl_prf_expand(master, label, fpl_bytes_of(seed, seed_len),
                          fpl_bytes_of(context, context != NULL ? context_len : 0), out, out_len);
}

static fpl_status export(const fpl_conn *conn, fpl_bytes label, const uint8_t *context, size_t context_len, uint8_t *out,
                         size_t out_len)
{
    fpl_prf    master;
    fpl_status status;
    if (conn->version == FPL_VERSION_DTLS13) {
        return export13(conn, label, context, context_len, out, out_len);
    }
    memset(&master, 0, sizeof master);
    status = fpl_prf_init(&master, conn->suite->hash, fpl_bytes_of(conn->master_secret, sizeof conn->master_secret));
    if (status == FPL_STATUS_OK) {
        status = export12(conn, &master, label, context, context_len, out, out_len);
    }
    fpl_prf_wipe(&master);
    return status;
}

/* RFC 5705 section 4: a label that TLS itself uses would give its secrets away. */
static bool is_reserved(const char *label)
{
    static const char *const reserved[] = {"client finished", "server finished", "master secret", "extended master secret",
                                           "key expansion"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcmp(label, reserved[i]) == 0) {
            return true;
        }
    }
    return label[0] == '\0';
}

fpl_result fpl_conn_export(const fpl_conn *conn, uint8_t *out, size_t out_len, const char *label, const uint8_t *context,
                           size_t context_len)
{
    if (conn == NULL || label == NULL || out == NULL || is_reserved(label) || out_len > UINT16_MAX ||
        context_len > UINT16_MAX || strlen(label) > 255) {
        return FPL_MISUSE;
    }
    if (conn->life == FPL_LIFE_FAILED) {
        return FPL_FAILED;
    }
    if (conn->life == FPL_LIFE_CLOSED) {
        return FPL_CLOSED;
    }
    if (!conn->connected) {
        return FPL_NOT_YET;
    }
    if (conn->version == FPL_VERSION_DTLS13 &&
        (strlen(label) > FPL_EXPORT13_LABEL_MAX || out_len > FPL_EXPORT13_HASHES_MAX * fpl_hash_length(conn->suite->hash))) {
        return FPL_MISUSE;
    }
    if (conn->version != FPL_VERSION_DTLS13 && !conn->results.extended_master_secret) {
        return FPL_MISUSE; /* RFC 7627 section 5.4: such a secret may be shared with somebody in the middle */
    }
    switch (export(conn, fpl_bytes_of((const uint8_t *)label, strlen(label)), context, context_len, out, out_len)) {
    case FPL_STATUS_OK: return FPL_OK;
    case FPL_STATUS_NO_MEMORY: return FPL_NO_MEMORY;
    case FPL_STATUS_INTERNAL:
    case FPL_STATUS_NONE: break;
    }
    return FPL_FAILED;
}

bool fpl_keying_srtp(fpl_conn *conn, fpl_srtp_keys *out)
{
    static const char                      label[] = "EXTRACTOR-dtls_srtp";
    const fpl_srtp_protection_profile_row *row = fpl_srtp_protection_profile_find(conn->results.srtp_profile);
    fpl_handshake                         *hs = conn->hs;
    size_t                                 key;
    size_t                                 salt;
    fpl_bytes                              text;
    fpl_status                             status;
    if (row == NULL || hs == NULL || 2 * ((size_t)row->key_length + row->salt_length) > sizeof hs->keying) {
        return false;
    }
    key = row->key_length;
    salt = row->salt_length;
    /* In DTLS 1.2 the handshake is kept until now, so that its master secret need not be keyed once more. */
    text = fpl_bytes_of((const uint8_t *)label, sizeof label - 1);
    status = conn->version == FPL_VERSION_DTLS13 ? export13(conn, text, NULL, 0, hs->keying, 2 * (key + salt))
                                                 : export12(conn, &hs->master, text, NULL, 0, hs->keying, 2 * (key + salt));
    if (status != FPL_STATUS_OK) {
        return false;
    }
    out->profile = conn->results.srtp_profile;
    out->key_len = key;
    out->salt_len = salt;
    out->client_key = hs->keying;
    out->server_key = hs->keying + key;
    out->client_salt = hs->keying + 2 * key;
    out->server_salt = hs->keying + 2 * key + salt;
    return true;
}
