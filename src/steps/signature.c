/* Signatures: ours over key exchange or transcript, and the peer's. */
#include <string.h>

#include "crypto/scheme.h"
#include "crypto/sign.h"
#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/steps.h"

/* ClientHello.random + ServerHello.random + params (RFC 8422 section 5.4) */
static size_t digest_params(const fpl_conn *conn, fpl_hash hash, fpl_bytes params, uint8_t out[FPL_HASH_MAX_LEN])
{
    fpl_running_hash running;
    size_t           len;
    if (fpl_hash_init(&running, hash) != FPL_STATUS_OK) {
        return 0;
    }
    fpl_hash_update(&running, fpl_bytes_of(conn->client_random, FPL_RANDOM_LEN));
    fpl_hash_update(&running, fpl_bytes_of(conn->server_random, FPL_RANDOM_LEN));
    fpl_hash_update(&running, params);
    len = fpl_hash_digest(&running, out);
    return len;
}

static fpl_bytes encode_params(const fpl_server_ecdh_params *params, uint8_t *out, size_t cap)
{
    fpl_writer w = fpl_writer_of(out, cap);
    return fpl_encode_server_ecdh_params(&w, params) ? fpl_bytes_of(out, w.len) : fpl_bytes_none();
}

/* curve_type, named_curve, length and share: 4 octets around the share. */
#define FPL_PARAMS_MAX (4 + FPL_KX_MAX_PUBLIC_LEN)

fpl_status fpl_signature_digest(fpl_conn *conn)
{
    fpl_handshake         *hs = conn->hs;
    fpl_hash               hash = fpl_scheme_hash(hs->scheme);
    uint8_t                buffer[FPL_PARAMS_MAX];
    fpl_server_ecdh_params params;
    if (conn->role == FPL_ROLE_CLIENT) {
        hs->digest_len = (uint8_t)fpl_transcript_digest(&hs->transcript, hash, hs->digest);
    } else {
        params.curve_type = FPL_EC_CURVE_TYPE_NAMED_CURVE;
        params.named_curve = conn->group;
        params.public = fpl_kx_public(&hs->kx);
        hs->digest_len = (uint8_t)digest_params(conn, hash, encode_params(&params, buffer, sizeof buffer), hs->digest);
    }
    return hs->digest_len > 0 ? FPL_STATUS_OK : FPL_STATUS_INTERNAL;
}

fpl_hash fpl_second_hash(const fpl_conn *conn)
{
    for (size_t i = 0; i < conn->config->num_schemes; i++) {
        fpl_hash hash = fpl_scheme_hash(conn->config->schemes[i]);
        if (hash != conn->suite->hash) {
            return hash;
        }
    }
    return 0;
}

fpl_signer_answer fpl_classify_signer(const fpl_conn *conn)
{
    return conn->config->external_signer ? FPL_ANSWER_SIGNER_EXTERNAL : FPL_ANSWER_SIGNER_OURS;
}

fpl_status fpl_act_sign(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    size_t         len = 0;
    fpl_status     status = fpl_signature_digest(conn);
    if (status == FPL_STATUS_OK) {
        status = fpl_sign(conn->config->credential.key, fpl_bytes_of(hs->digest, hs->digest_len), hs->signature, &len);
        hs->signature_len = (uint8_t)len;
    }
    return status;
}

/* --- the server's, in ServerKeyExchange -------------------------------------------------------------- */

bool fpl_check_ske_scheme_was_offered(const fpl_conn *conn, const fpl_server_key_exchange *msg)
{
    return fpl_listed(conn->config->schemes, conn->config->num_schemes, msg->as.ecdhe_ecdsa.algorithm);
}

bool fpl_check_ske_signature_valid(const fpl_conn *conn, const fpl_server_key_exchange *msg)
{
    uint8_t   buffer[FPL_PARAMS_MAX];
    uint8_t   digest[FPL_HASH_MAX_LEN];
    fpl_bytes params = encode_params(&msg->as.ecdhe_ecdsa.params, buffer, sizeof buffer);
    size_t    len = digest_params(conn, fpl_scheme_hash(msg->as.ecdhe_ecdsa.algorithm), params, digest);
    return len > 0 && params.len > 0 &&
           fpl_verify(conn->hs->peer_key.key, fpl_bytes_of(digest, len), msg->as.ecdhe_ecdsa.signature) ==
               FPL_SIGNATURE_GOOD;
}

/* --- the client's, in CertificateVerify ---------------------------------------------------------------- */

bool fpl_check_cv_scheme_was_offered(const fpl_conn *conn, const fpl_certificate_verify *msg)
{
    return fpl_listed(conn->config->schemes, conn->config->num_schemes, msg->algorithm);
}

bool fpl_check_cv_signature_valid(const fpl_conn *conn, const fpl_certificate_verify *msg)
{
    uint8_t digest[FPL_HASH_MAX_LEN];
    size_t  len = fpl_transcript_digest(&conn->hs->transcript, fpl_scheme_hash(msg->algorithm), digest);
    return len > 0 && fpl_verify(conn->hs->peer_key.key, fpl_bytes_of(digest, len), msg->signature) == FPL_SIGNATURE_GOOD;
}

fpl_status fpl_act_keep_client_proof12(fpl_conn *conn, const fpl_certificate_verify *msg)
{
    conn->peer_scheme = msg->algorithm;
    conn->proven = true;
    return FPL_STATUS_OK;
}

bool fpl_build_certificate_verify(const fpl_conn *conn, fpl_writer *w)
{
    fpl_certificate_verify msg;
    msg.algorithm = conn->hs->scheme;
    msg.signature = fpl_bytes_of(conn->hs->signature, conn->hs->signature_len);
    return fpl_encode_certificate_verify(w, &msg);
}
