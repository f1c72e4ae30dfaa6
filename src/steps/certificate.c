/* Certificates: showing ours, keeping the peer's, asking for one, judging trust. */
#include <string.h>

#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "crypto/scheme.h"
#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/steps.h"

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

static bool leaf_of(const fpl_certificate12 *msg, fpl_bytes *leaf)
{
    fpl_bytes               list = msg->certificate_list;
    fpl_certificate12_entry entry;
    if (!fpl_certificate12_entry_next(&list, &entry)) {
        return false;
    }
    *leaf = entry.cert_data;
    return true;
}

static size_t count(fpl_bytes list)
{
    fpl_certificate12_entry entry;
    size_t                  num = 0;
    while (fpl_certificate12_entry_next(&list, &entry)) {
        num++;
    }
    return num;
}

bool fpl_check_certificate12_acceptable(const fpl_conn *conn, const fpl_certificate12 *msg)
{
    fpl_certificate_result result;
    fpl_bytes              leaf;
    if (msg->certificate_list.len > fpl_conn_limit(conn, FPL_LIMIT_CERTIFICATE_BYTES) ||
        count(msg->certificate_list) > fpl_conn_limit(conn, FPL_LIMIT_CERTIFICATE_COUNT) || !leaf_of(msg, &leaf)) {
        return false;
    }
    /* The key that was read is kept for the row's next check and its action; if the row refuses, it goes with the
     * handshake. */
    fpl_certificate_wipe(&conn->hs->peer_key);
    result = fpl_certificate_parse(leaf, &conn->hs->peer_key);
    return result == FPL_CERTIFICATE_OK || result == FPL_CERTIFICATE_UNSUPPORTED_KEY;
}

bool fpl_check_certificate12_key_supported(const fpl_conn *conn, const fpl_certificate12 *msg)
{
    (void)msg;
    return conn->hs->peer_key.key != NULL;
}

fpl_status fpl_act_keep_peer_certificate12(fpl_conn *conn, const fpl_certificate12 *msg)
{
    fpl_handshake          *hs = conn->hs;
    fpl_bytes               list = msg->certificate_list;
    fpl_certificate12_entry entry;
    fpl_bytes               leaf;
    if (!fpl_buffer_reserve(conn->config, &hs->peer_chain, list.len)) {
        return FPL_STATUS_NO_MEMORY;
    }
    hs->num_chain = 0;
    while (fpl_certificate12_entry_next(&list, &entry) && hs->num_chain < FPL_MAX_CHAIN) {
        fpl_certificate_view *view = &hs->chain_views[hs->num_chain++];
        view->der = hs->peer_chain.data + hs->peer_chain.len;
        view->len = entry.cert_data.len;
        memcpy(hs->peer_chain.data + hs->peer_chain.len, entry.cert_data.data, entry.cert_data.len);
        hs->peer_chain.len += entry.cert_data.len;
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
        if (memcmp(conn->pins[i], conn->peer_fingerprint, sizeof conn->peer_fingerprint) == 0) {
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

fpl_client_auth_answer fpl_classify_client_auth(const fpl_conn *conn)
{
    return conn->hs->scheme != 0 ? FPL_ANSWER_CLIENT_AUTH_WITH_CERT : FPL_ANSWER_CLIENT_AUTH_WITHOUT_CERT;
}

/* --- builders -------------------------------------------------------------------------------------------- */

bool fpl_build_certificate(const fpl_conn *conn, fpl_writer *w)
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

bool fpl_build_certificate_request(const fpl_conn *conn, fpl_writer *w)
{
    static const uint8_t      types[1] = {FPL_CLIENT_CERTIFICATE_TYPE_ECDSA_SIGN};
    uint8_t                   schemes[2 * FPL_CONFIG_LIST_MAX];
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
