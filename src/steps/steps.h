/* What steps share among themselves; everything that tables reach is in generated/fpl_functions.h. */
#ifndef FPL_STEPS_STEPS_H
#define FPL_STEPS_STEPS_H

#include "engine/conn.h"

/* fpl_own_scheme is the signature scheme for our key that the peer takes, or 0. */
fpl_signature_scheme fpl_own_scheme(const fpl_conn *conn);

/* fpl_second_hash is the hash besides the suite's that a CertificateVerify may be over, going by our schemes;
 * 0 when there is none. */
fpl_hash fpl_second_hash(const fpl_conn *conn);

/* fpl_conn_asks_client tells whether a server asks for the client's certificate: its configuration says so, or a
 * fingerprint was pinned, which means nothing without one. */
bool fpl_conn_asks_client(const fpl_conn *conn);

/* fpl_config_share makes a fresh key share of `group`. */
fpl_status fpl_config_share(const fpl_config *config, fpl_kx *kx, fpl_named_group group);

/* fpl_signature_digest computes what our signature is over, into hs->digest: a server's key exchange
 * parameters (RFC 8422 section 5.4), a client's handshake so far (RFC 5246 section 7.4.8). */
fpl_status fpl_signature_digest(fpl_conn *conn);

#endif
