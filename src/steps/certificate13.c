/* Certificate and CertificateRequest of DTLS 1.3 (RFC 8446 sections 4.4.2 and 4.3.2). */
#include <string.h>

#include "fpl_functions.h"
#include "steps/certificate.h"
#include "steps/steps.h"

static fpl_chain chain_of(const fpl_certificate13 *msg)
{
    fpl_chain chain;
    chain.list = msg->certificate_list;
    chain.is13 = true;
    return chain;
}

/* --- the peer's ------------------------------------------------------------------------------------ */

fpl_client_certificate13_answer fpl_classify_client_certificate13(const fpl_conn *conn, const fpl_certificate13 *msg)
{
    (void)conn;
    return msg->certificate_list.len > 0 ? FPL_ANSWER_CLIENT_CERTIFICATE13_GIVEN : FPL_ANSWER_CLIENT_CERTIFICATE13_EMPTY;
}

/* A context is for authentication after the handshake, which nobody here asks for or offers. */
bool fpl_check_certificate_context_empty(const fpl_conn *conn, const fpl_certificate13 *msg)
{
    (void)conn;
    return msg->certificate_request_context.len == 0;
}

bool fpl_check_certificate13_list_not_empty(const fpl_conn *conn, const fpl_certificate13 *msg)
{
    (void)conn;
    return msg->certificate_list.len > 0;
}

/* An entry's extensions answer the hello or the request; we ask for none that has an answer here. */
bool fpl_check_certificate13_extensions_offered(const fpl_conn *conn, const fpl_certificate13 *msg)
{
    fpl_bytes             list = msg->certificate_list;
    fpl_certificate_entry entry;
    (void)conn;
    while (fpl_certificate_entry_next(&list, &entry)) {
        if (entry.extensions.len > 0) {
            return false;
        }
    }
    return true;
}

bool fpl_check_certificate13_acceptable(const fpl_conn *conn, const fpl_certificate13 *msg)
{
    return fpl_chain_acceptable(conn, chain_of(msg));
}

bool fpl_check_certificate13_key_supported(const fpl_conn *conn, const fpl_certificate13 *msg)
{
    (void)msg;
    return conn->hs->peer_key.key != NULL;
}

fpl_status fpl_act_keep_peer_certificate13(fpl_conn *conn, const fpl_certificate13 *msg)
{
    return fpl_chain_keep(conn, chain_of(msg));
}

/* --- asking, and being asked --------------------------------------------------------------------------- */

bool fpl_check_request_context_empty(const fpl_conn *conn, const fpl_certificate_request13 *msg)
{
    (void)conn;
    return msg->certificate_request_context.len == 0;
}

/* signature_algorithms of the request has been taken in: it says whether our certificate will do. */
fpl_status fpl_act_keep_certificate_request13(fpl_conn *conn, const fpl_certificate_request13 *msg)
{
    (void)msg;
    conn->hs->scheme = fpl_own_scheme(conn);
    return FPL_STATUS_OK;
}

/* --- builders -------------------------------------------------------------------------------------------- */

bool fpl_build_certificate13(const fpl_conn *conn, fpl_writer *w)
{
    const fpl_credential *credential = &conn->config->credential;
    bool                  show = conn->role == FPL_ROLE_SERVER || conn->hs->scheme != 0;
    size_t                at;
    (void)fpl_write_uint(w, 1, 0); /* certificate_request_context */
    at = fpl_write_vector_begin(w, 3);
    for (size_t i = 0; show && i < credential->num_chain; i++) {
        fpl_certificate_entry entry;
        entry.cert_data = credential->chain[i];
        entry.extensions = fpl_bytes_none();
        (void)fpl_encode_certificate_entry(w, &entry);
    }
    fpl_write_vector_end(w, at, 3);
    return fpl_writer_ok(w);
}

bool fpl_build_certificate_request13(const fpl_conn *conn, fpl_writer *w)
{
    return fpl_write_uint(w, 1, 0) && /* certificate_request_context */
           fpl_extensions_write(conn, FPL_VERSION_DTLS13, FPL_BLOCK_CERTIFICATE_REQUEST, w);
}
