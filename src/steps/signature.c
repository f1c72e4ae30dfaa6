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
#define FPL_PARAMS_MAX (4 + FPL_KX_MAX_SHORT_LEN)

/* Spaces, the signer's own words, a zero, the handshake so far (RFC 8446 section 4.4.3): `hash` is the scheme's, while
 * the transcript has the suite's. */
static size_t digest_content13(const fpl_conn *conn, fpl_role signer, fpl_hash hash, uint8_t out[FPL_HASH_MAX_LEN])
{
    static const char client[] = "TLS 1.3, client CertificateVerify";
    static const char server[] = "TLS 1.3, server CertificateVerify";
    uint8_t           spaces[64];
    uint8_t           transcript[FPL_HASH_MAX_LEN];
    size_t            len = fpl_transcript_digest(&conn->hs->transcript, conn->suite->hash, transcript);
    fpl_running_hash  running;
    if (len == 0 || fpl_hash_init(&running, hash) != FPL_STATUS_OK) {
        return 0;
    }
    memset(spaces, ' ', sizeof spaces);
    fpl_hash_update(&running, fpl_bytes_of(spaces, sizeof spaces));
    fpl_hash_update(&running, fpl_bytes_of((const uint8_t *)(signer == FPL_ROLE_CLIENT ? client : server), sizeof client));
    fpl_hash_update(&running, fpl_bytes_of(transcript, len));
    return fpl_hash_digest(&running, out);
}

_Static_assert(sizeof "TLS 1.3, client CertificateVerify" == sizeof "TLS 1.3, server CertificateVerify",
               "both strings go in with one length");

static size_t digest_key_exchange(const fpl_conn *conn, fpl_hash hash, uint8_t out[FPL_HASH_MAX_LEN])
{
    uint8_t                buffer[FPL_PARAMS_MAX];
    fpl_server_ecdh_params params;
    params.curve_type = FPL_EC_CURVE_TYPE_NAMED_CURVE;
    params.named_curve = conn->group;
    params.public = fpl_kx_public(&conn->hs->kx[0]);
    return digest_params(conn, hash, encode_params(&params, buffer, sizeof buffer), out);
}

fpl_status fpl_signature_digest(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    fpl_hash       hash = fpl_scheme_hash(hs->scheme);
    size_t         len;
    if (conn->version == FPL_VERSION_DTLS13) {
        len = digest_content13(conn, conn->role, hash, hs->digest);
    } else if (conn->role == FPL_ROLE_CLIENT) {
        len = fpl_transcript_digest(&hs->transcript, hash, hs->digest);
    } else {
        len = digest_key_exchange(conn, hash, hs->digest);
    }
    hs->digest_len = (uint8_t)len;
    return len > 0 ? FPL_STATUS_OK : FPL_STATUS_INTERNAL;
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

/* --- in CertificateVerify ------------------------------------------------------------------------------ */

bool fpl_check_cv_scheme_was_offered(const fpl_conn *conn, const fpl_certificate_verify *msg)
{
    return fpl_listed(conn->config->schemes, conn->config->num_schemes, msg->algorithm);
}

/* In DTLS 1.3 a scheme names the curve as well (RFC 8446 section 4.2.3). */
bool fpl_check_cv_scheme_fits_key(const fpl_conn *conn, const fpl_certificate_verify *msg)
{
    return conn->version != FPL_VERSION_DTLS13 || fpl_scheme_curve(msg->algorithm) == conn->hs->peer_key.curve;
}

bool fpl_check_cv_signature_valid(const fpl_conn *conn, const fpl_certificate_verify *msg)
{
    fpl_role signer = conn->role == FPL_ROLE_CLIENT ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT;
    fpl_hash hash = fpl_scheme_hash(msg->algorithm);
    uint8_t  digest[FPL_HASH_MAX_LEN];
    size_t   len = conn->version == FPL_VERSION_DTLS13 ? digest_content13(conn, signer, hash, digest)
                                                       : fpl_transcript_digest(&conn->hs->transcript, hash, digest);
    return len > 0 && fpl_verify(conn->hs->peer_key.key, fpl_bytes_of(digest, len), msg->signature) == FPL_SIGNATURE_GOOD;
}

static fpl_status keep_proof(fpl_conn *conn, fpl_signature_scheme scheme)
{
    conn->peer_scheme = scheme;
    conn->proven = true;
    return FPL_STATUS_OK;
}

fpl_status fpl_act_keep_client_proof12(fpl_conn *conn, const fpl_certificate_verify *msg)
{
    return keep_proof(conn, msg->algorithm);
}

fpl_status fpl_act_keep_peer_proof13(fpl_conn *conn, const fpl_certificate_verify *msg)
{
    return keep_proof(conn, msg->algorithm);
}

bool fpl_build_certificate_verify(const fpl_conn *conn, fpl_writer *w)
{
    fpl_certificate_verify msg;
    msg.algorithm = conn->hs->scheme;
    msg.signature = fpl_bytes_of(conn->hs->signature, conn->hs->signature_len);
    return fpl_encode_certificate_verify(w, &msg);
}
