/* Ephemeral shares and what comes of them: master secret and the keys of epoch 1. */
#include <openssl/mem.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/share.h"
#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/key_log.h"
#include "steps/lists.h"
#include "steps/steps.h"

fpl_status fpl_config_share(const fpl_config *config, fpl_kx *kx, fpl_named_group group)
{
    (void)config;
    return fpl_kx_generate(kx, group, NULL);
}

static void keep_share(fpl_conn *conn, fpl_bytes share)
{
    memcpy(conn->hs->peer_share, share.data, share.len); /* a checked share has its group's length */
    conn->hs->peer_share_len = (uint8_t)share.len;
}

/* --- ServerKeyExchange ------------------------------------------------------------------------------ */

bool fpl_check_ske_group_was_offered(const fpl_conn *conn, const fpl_server_key_exchange *msg)
{
    fpl_named_group ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    return fpl_listed(ours, fpl_config_groups(conn->config, FPL_VERSIONS_DTLS12, ours),
                      msg->as.ecdhe_ecdsa.params.named_curve);
}

bool fpl_check_ske_share_well_formed(const fpl_conn *conn, const fpl_server_key_exchange *msg)
{
    (void)conn;
    return fpl_share_well_formed(msg->as.ecdhe_ecdsa.params.named_curve, FPL_ROLE_SERVER,
                                 msg->as.ecdhe_ecdsa.params.public);
}

fpl_status fpl_act_keep_server_share12(fpl_conn *conn, const fpl_server_key_exchange *msg)
{
    conn->group = msg->as.ecdhe_ecdsa.params.named_curve;
    conn->peer_scheme = msg->as.ecdhe_ecdsa.algorithm;
    conn->proven = true; /* the signature over these parameters has been checked */
    keep_share(conn, msg->as.ecdhe_ecdsa.params.public);
    return fpl_config_share(conn->config, &conn->hs->kx[0], conn->group);
}

bool fpl_build_server_key_exchange(const fpl_conn *conn, fpl_writer *w)
{
    fpl_server_key_exchange msg;
    memset(&msg, 0, sizeof msg);
    msg.key_exchange_algorithm = conn->suite->key_exchange;
    msg.as.ecdhe_ecdsa.params.curve_type = FPL_EC_CURVE_TYPE_NAMED_CURVE;
    msg.as.ecdhe_ecdsa.params.named_curve = conn->group;
    msg.as.ecdhe_ecdsa.params.public = fpl_kx_public(&conn->hs->kx[0]);
    msg.as.ecdhe_ecdsa.algorithm = conn->hs->scheme;
    msg.as.ecdhe_ecdsa.signature = fpl_bytes_of(conn->hs->signature, conn->hs->signature_len);
    return fpl_encode_server_key_exchange(w, &msg);
}

/* --- ClientKeyExchange ------------------------------------------------------------------------------- */

bool fpl_check_client_share_well_formed(const fpl_conn *conn, const fpl_client_key_exchange *msg)
{
    return fpl_share_well_formed(conn->group, FPL_ROLE_CLIENT, msg->as.ecdhe_ecdsa.public);
}

fpl_status fpl_act_keep_client_share12(fpl_conn *conn, const fpl_client_key_exchange *msg)
{
    keep_share(conn, msg->as.ecdhe_ecdsa.public);
    return FPL_STATUS_OK;
}

bool fpl_build_client_key_exchange(const fpl_conn *conn, fpl_writer *w)
{
    fpl_client_key_exchange msg;
    memset(&msg, 0, sizeof msg);
    msg.key_exchange_algorithm = conn->suite->key_exchange;
    msg.as.ecdhe_ecdsa.public = fpl_kx_public(&conn->hs->kx[0]);
    return fpl_encode_client_key_exchange(w, &msg);
}

/* --- master secret and keys ----------------------------------------------------------------------------- */

static fpl_bytes label(const char *text)
{
    return fpl_bytes_of((const uint8_t *)text, strlen(text));
}

/* RFC 5246 section 8.1, or RFC 7627 section 4 with the session hash: all up to and with ClientKeyExchange. */
static fpl_status derive_master_secret(fpl_conn *conn, fpl_bytes premaster)
{
    fpl_prf    prf;
    uint8_t    session_hash[FPL_HASH_MAX_LEN];
    size_t     len = 0;
    fpl_status status;
    memset(&prf, 0, sizeof prf);
    status = fpl_prf_init(&prf, conn->suite->hash, premaster);
    if (status == FPL_STATUS_OK && conn->results.extended_master_secret) {
        len = fpl_transcript_digest(&conn->hs->transcript, conn->suite->hash, session_hash);
        status = len == 0 ? FPL_STATUS_INTERNAL
                          : fpl_prf_expand(&prf, label("extended master secret"), fpl_bytes_of(session_hash, len),
                                           fpl_bytes_none(), conn->master_secret, sizeof conn->master_secret);
    } else if (status == FPL_STATUS_OK) {
        status = fpl_prf_expand(&prf, label("master secret"), fpl_bytes_of(conn->client_random, FPL_RANDOM_LEN),
                                fpl_bytes_of(conn->server_random, FPL_RANDOM_LEN), conn->master_secret,
                                sizeof conn->master_secret);
    }
    fpl_prf_wipe(&prf);
    return status;
}

/* RFC 5246 section 6.3; an AEAD suite has no MAC keys (RFC 5288 section 3). */
static fpl_status derive_keys(fpl_conn *conn)
{
    uint8_t    block[2 * (FPL_AEAD_MAX_KEY_LEN + FPL_AEAD_NONCE_LEN)];
    fpl_aead   aead = conn->suite->aead;
    size_t     key = fpl_aead_key_length(aead);
    size_t     iv = fpl_aead_fixed_iv_length(aead);
    bool       client = conn->role == FPL_ROLE_CLIENT;
    fpl_status status;
    if (conn->keys12 == NULL) {
        conn->keys12 = fpl_allocate(conn->config, sizeof *conn->keys12);
    }
    if (conn->keys12 == NULL) {
        return FPL_STATUS_NO_MEMORY;
    }
    status = fpl_prf_init(&conn->hs->master, conn->suite->hash,
                          fpl_bytes_of(conn->master_secret, sizeof conn->master_secret));
    if (status == FPL_STATUS_OK) {
        status = fpl_prf_expand(&conn->hs->master, label("key expansion"), fpl_bytes_of(conn->server_random, FPL_RANDOM_LEN),
                                fpl_bytes_of(conn->client_random, FPL_RANDOM_LEN), block, 2 * (key + iv));
    }
    if (status == FPL_STATUS_OK) {
        status = fpl_aead_init(client ? &conn->keys12->write : &conn->keys12->read, aead, fpl_bytes_of(block, key),
                               fpl_bytes_of(block + 2 * key, iv));
    }
    if (status == FPL_STATUS_OK) {
        status = fpl_aead_init(client ? &conn->keys12->read : &conn->keys12->write, aead, fpl_bytes_of(block + key, key),
                               fpl_bytes_of(block + 2 * key + iv, iv));
    }
    OPENSSL_cleanse(block, sizeof block);
    return status;
}

fpl_status fpl_act_agree_master_secret(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    uint8_t        secret[FPL_KX_MAX_SECRET_LEN];
    size_t         len = 0;
    fpl_status     status;
    switch (fpl_kx_agree(&hs->kx[0], fpl_bytes_of(hs->peer_share, hs->peer_share_len), secret, &len)) {
    case FPL_KX_OK: break;
    case FPL_KX_NO_MEMORY: return FPL_STATUS_NO_MEMORY;
    case FPL_KX_BAD_SHARE: /* a check of the row has seen to that */
    case FPL_KX_INTERNAL:
    case FPL_KX_NONE: return FPL_STATUS_INTERNAL;
    }
    status = derive_master_secret(conn, fpl_bytes_of(secret, len));
    OPENSSL_cleanse(secret, sizeof secret);
    fpl_kx_wipe(&hs->kx[0]);
    if (status == FPL_STATUS_OK) {
        status = derive_keys(conn);
    }
    if (status == FPL_STATUS_OK) {
        conn->has_master_secret = true;
        fpl_key_log(conn, "CLIENT_RANDOM", fpl_bytes_of(conn->master_secret, sizeof conn->master_secret));
    }
    return status;
}
