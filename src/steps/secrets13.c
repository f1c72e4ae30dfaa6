/* The secrets of DTLS 1.3: of the handshake once both hellos are there, of the application once the server's Finished is
 * (RFC 8446 section 7.1). */
#include <openssl/mem.h>

#include "crypto/schedule13.h"
#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/key_log.h"
#include "steps/steps.h"

static void log_secret(const fpl_conn *conn, const char *label, const fpl_secret13 *secret)
{
    fpl_key_log(conn, label, fpl_bytes_of(secret->bytes, fpl_hash_length(secret->hash)));
}

/* A server has the shared secret already: it came with the share. */
static fpl_status agree(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    const fpl_kx  *share = fpl_share_of(hs, conn->group);
    size_t         len = 0;
    if (conn->role == FPL_ROLE_SERVER) {
        return hs->shared_secret_len > 0 ? FPL_STATUS_OK : FPL_STATUS_INTERNAL;
    }
    if (share == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    switch (fpl_kx_agree(share, hs->peer_share13, hs->shared_secret, &len)) {
    case FPL_KX_OK: hs->shared_secret_len = (uint8_t)len; return FPL_STATUS_OK;
    case FPL_KX_NO_MEMORY: return FPL_STATUS_NO_MEMORY;
    case FPL_KX_BAD_SHARE: /* a check of the extension has seen to that */
    case FPL_KX_INTERNAL:
    case FPL_KX_NONE: break;
    }
    return FPL_STATUS_INTERNAL;
}

fpl_status fpl_act_agree_handshake_secrets(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    fpl_secret13   salt;
    uint8_t        digest[FPL_HASH_MAX_LEN];
    size_t         len = fpl_transcript_digest(&hs->transcript, conn->suite->hash, digest);
    fpl_status     status = len > 0 ? agree(conn) : FPL_STATUS_INTERNAL;
    if (status == FPL_STATUS_OK) {
        status = fpl_schedule13_salt_without_psk(conn->suite->hash, &salt);
    }
    if (status == FPL_STATUS_OK) {
        status = fpl_schedule13_handshake(&salt, fpl_bytes_of(hs->shared_secret, hs->shared_secret_len),
                                          fpl_bytes_of(digest, len), &hs->secrets13);
    }
    OPENSSL_cleanse(hs->shared_secret, sizeof hs->shared_secret);
    hs->shared_secret_len = 0;
    hs->peer_share13 = fpl_bytes_none();
    fpl_shares_wipe(hs);
    if (status == FPL_STATUS_OK) {
        log_secret(conn, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", &hs->secrets13.client);
        log_secret(conn, "SERVER_HANDSHAKE_TRAFFIC_SECRET", &hs->secrets13.server);
    }
    return status;
}

fpl_status fpl_act_derive_traffic_secrets(fpl_conn *conn)
{
    fpl_handshake            *hs = conn->hs;
    fpl_application_secrets13 secrets;
    uint8_t                   digest[FPL_HASH_MAX_LEN];
    size_t                    len = fpl_transcript_digest(&hs->transcript, conn->suite->hash, digest);
    fpl_status                status = len > 0 && conn->keys13 != NULL
                                           ? fpl_schedule13_application(&hs->secrets13.master,
                                                                            fpl_bytes_of(digest, len), &secrets)
                                               : FPL_STATUS_INTERNAL;
    OPENSSL_cleanse(&hs->secrets13, sizeof hs->secrets13); /* those of epoch 2 are in its keys by now */
    if (status != FPL_STATUS_OK) {
        return status;
    }
    log_secret(conn, "CLIENT_TRAFFIC_SECRET_0", &secrets.client);
    log_secret(conn, "SERVER_TRAFFIC_SECRET_0", &secrets.server);
    log_secret(conn, "EXPORTER_SECRET", &secrets.exporter);
    conn->keys13->write_secret = conn->role == FPL_ROLE_CLIENT ? secrets.client : secrets.server;
    conn->keys13->read_secret = conn->role == FPL_ROLE_CLIENT ? secrets.server : secrets.client;
    conn->keys13->exporter = secrets.exporter;
    OPENSSL_cleanse(&secrets, sizeof secrets);
    return FPL_STATUS_OK;
}
