/* Certificates: keeping the peer's, judging trust, whether to ask for one. */
#include "steps/certificate.h"

#include <string.h>

#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "fpl_functions.h"
#include "steps/steps.h"

/* --- the peer's ------------------------------------------------------------------------------------ */

bool fpl_chain_next(fpl_chain *chain, fpl_bytes *der)
{
    fpl_certificate_entry   entry13;
    fpl_certificate12_entry entry12;
    if (chain->is13) {
        if (!fpl_certificate_entry_next(&chain->list, &entry13)) {
            return false;
        }
        *der = entry13.cert_data;
        return true;
    }
    if (!fpl_certificate12_entry_next(&chain->list, &entry12)) {
        return false;
    }
    *der = entry12.cert_data;
    return true;
}

static size_t count(fpl_chain chain)
{
    fpl_bytes der;
    size_t    num = 0;
    while (fpl_chain_next(&chain, &der)) {
        num++;
    }
    return num;
}

bool fpl_chain_acceptable(const fpl_conn *conn, fpl_chain chain)
{
    fpl_certificate_result result;
    fpl_bytes              leaf;
    if (chain.list.len > fpl_conn_limit(conn, FPL_LIMIT_CERTIFICATE_BYTES) ||
        count(chain) > fpl_conn_limit(conn, FPL_LIMIT_CERTIFICATE_COUNT) || !fpl_chain_next(&chain, &leaf)) {
        return false;
    }
    fpl_certificate_wipe(&conn->hs->peer_key);
    result = fpl_certificate_parse(leaf, &conn->hs->peer_key);
    return result == FPL_CERTIFICATE_OK || result == FPL_CERTIFICATE_UNSUPPORTED_KEY;
}

fpl_status fpl_chain_keep(fpl_conn *conn, fpl_chain chain)
{
    fpl_handshake *hs = conn->hs;
    fpl_bytes      der;
    fpl_bytes      leaf;
    if (!fpl_buffer_reserve(conn->config, &hs->peer_chain, chain.list.len)) {
        return FPL_STATUS_NO_MEMORY;
    }
    hs->num_chain = 0;
    while (hs->num_chain < FPL_MAX_CHAIN && fpl_chain_next(&chain, &der)) {
        fpl_certificate_view *view = &hs->chain_views[hs->num_chain++];
        view->der = hs->peer_chain.data + hs->peer_chain.len;
        view->len = der.len;
        memcpy(hs->peer_chain.data + hs->peer_chain.len, der.data, der.len);
        hs->peer_chain.len += der.len;
    }
    leaf = fpl_bytes_of(hs->chain_views[0].der, hs->chain_views[0].len);
    fpl_hash_fingerprint(leaf, conn->peer_fingerprint);
    conn->has_peer_fingerprint = true;
    return hs->peer_key.key != NULL ? FPL_STATUS_OK : FPL_STATUS_INTERNAL; /* the row's checks have read it */
}

/* --- trust ------------------------------------------------------------------------------------------- */

/* Fingerprints are public: comparing them need not hide anything. */
fpl_trust_policy_answer fpl_classify_trust_policy(const fpl_conn *conn)
{
    for (uint8_t i = 0; i < conn->num_pins; i++) {
        if (memcmp(conn->hs->pins[i], conn->peer_fingerprint, sizeof conn->peer_fingerprint) == 0) {
            return FPL_ANSWER_TRUST_POLICY_ACCEPTED;
        }
    }
    if (conn->num_pins > 0) {
        return FPL_ANSWER_TRUST_POLICY_REFUSED;
    }
    return conn->config->trust == FPL_TRUST_ACCEPT_AND_NOTIFY ? FPL_ANSWER_TRUST_POLICY_ACCEPTED
                                                              : FPL_ANSWER_TRUST_POLICY_ASK;
}

/* --- asking, and being asked --------------------------------------------------------------------------- */

bool fpl_conn_asks_client(const fpl_conn *conn)
{
    return conn->config->client_auth != FPL_CLIENT_AUTH_OFF || conn->num_pins > 0;
}

fpl_ask_client_answer fpl_classify_ask_client(const fpl_conn *conn)
{
    return fpl_conn_asks_client(conn) ? FPL_ANSWER_ASK_CLIENT_ASKED : FPL_ANSWER_ASK_CLIENT_NOT_ASKED;
}

bool fpl_check_client_may_be_anonymous(const fpl_conn *conn)
{
    return conn->config->client_auth == FPL_CLIENT_AUTH_OPTIONAL && conn->num_pins == 0;
}

fpl_client_auth_answer fpl_classify_client_auth(const fpl_conn *conn)
{
    return conn->hs->scheme != 0 ? FPL_ANSWER_CLIENT_AUTH_WITH_CERT : FPL_ANSWER_CLIENT_AUTH_WITHOUT_CERT;
}
