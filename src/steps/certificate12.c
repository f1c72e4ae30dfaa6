/* Certificate and CertificateRequest of DTLS 1.2 (RFC 5246 sections 7.4.2 and 7.4.4), and the hello's end. */
#include <string.h>

#include "crypto/scheme.h"
#include "fpl_functions.h"
#include "steps/certificate.h"
#include "steps/lists.h"
#include "steps/steps.h"

static fpl_chain chain_of(const fpl_certificate12 *msg)
{
    fpl_chain chain;
    chain.list = msg->certificate_list;
    chain.is13 = false;
    return chain;
}

/* --- the peer's ------------------------------------------------------------------------------------ */

fpl_client_certificate12_answer fpl_classify_client_certificate12(const fpl_conn *conn, const fpl_certificate12 *msg)
{
    (void)conn;
    return msg->certificate_list.len > 0 ? FPL_ANSWER_CLIENT_CERTIFICATE12_GIVEN : FPL_ANSWER_CLIENT_CERTIFICATE12_EMPTY;
}

bool fpl_check_certificate12_list_not_empty(const fpl_conn *conn, const fpl_certificate12 *msg)
{
    (void)conn;
    return msg->certificate_list.len > 0;
}

bool fpl_check_certificate12_acceptable(const fpl_conn *conn, const fpl_certificate12 *msg)
{
    return fpl_chain_acceptable(conn, chain_of(msg));
}

bool fpl_check_certificate12_key_supported(const fpl_conn *conn, const fpl_certificate12 *msg)
{
    (void)msg;
    return conn->hs->peer_key.key != NULL;
}

fpl_status fpl_act_keep_peer_certificate12(fpl_conn *conn, const fpl_certificate12 *msg)
{
    return fpl_chain_keep(conn, chain_of(msg));
}

fpl_status fpl_act_keep_certificate_request12(fpl_conn *conn, const fpl_certificate_request12 *msg)
{
    fpl_handshake              *hs = conn->hs;
    fpl_bytes                   types = msg->certificate_types;
    fpl_client_certificate_type type;
    while (fpl_client_certificate_type_next(&types, &type)) {
        hs->peer_signs_with_ecdsa = hs->peer_signs_with_ecdsa || type == FPL_CLIENT_CERTIFICATE_TYPE_ECDSA_SIGN;
    }
    hs->num_peer_schemes = fpl_list_common(msg->supported_signature_algorithms, conn->config->schemes,
                                           conn->config->num_schemes, hs->peer_schemes);
    hs->scheme = hs->peer_signs_with_ecdsa ? fpl_own_scheme(conn) : 0;
    if (hs->scheme == 0 || fpl_scheme_hash(hs->scheme) == conn->suite->hash) {
        fpl_transcript_drop_other(&hs->transcript); /* now it is known that nobody will ask for it */
    }
    return FPL_STATUS_OK;
}

bool fpl_build_certificate12(const fpl_conn *conn, fpl_writer *w)
{
    const fpl_credential *credential = &conn->config->credential;
    bool                  show = conn->role == FPL_ROLE_SERVER || conn->hs->scheme != 0;
    size_t                at = fpl_write_vector_begin(w, 3);
    for (size_t i = 0; show && i < credential->num_chain; i++) {
        fpl_certificate12_entry entry;
        entry.cert_data = credential->chain[i];
        (void)fpl_encode_certificate12_entry(w, &entry);
    }
    fpl_write_vector_end(w, at, 3);
    return fpl_writer_ok(w);
}

bool fpl_build_certificate_request12(const fpl_conn *conn, fpl_writer *w)
{
    static const uint8_t      types[1] = {FPL_CLIENT_CERTIFICATE_TYPE_ECDSA_SIGN};
    uint8_t                   schemes[2 * FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    fpl_certificate_request12 msg;
    memset(&msg, 0, sizeof msg);
    msg.certificate_types = fpl_bytes_of(types, sizeof types);
    msg.supported_signature_algorithms = fpl_list_put(schemes, conn->config->schemes, conn->config->num_schemes);
    return fpl_encode_certificate_request12(w, &msg);
}

bool fpl_build_server_hello_done(const fpl_conn *conn, fpl_writer *w)
{
    fpl_server_hello_done msg;
    (void)conn;
    memset(&msg, 0, sizeof msg);
    return fpl_encode_server_hello_done(w, &msg);
}
