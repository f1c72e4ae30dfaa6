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

/* fpl_conn_offers tells whether our configuration has one of `versions` (FPL_VERSIONS_...). */
bool fpl_conn_offers(const fpl_conn *conn, unsigned versions);

/* fpl_mark_downgrade says in the server's random that DTLS 1.2 was chosen though 1.3 is there (RFC 8446 section 4.1.3). */
void fpl_mark_downgrade(fpl_conn *conn);

/* fpl_shares_offer makes the shares of a client's first hello of DTLS 1.3. */
fpl_status fpl_shares_offer(fpl_conn *conn);

/* fpl_share_of is our share of `group`, or NULL. */
const fpl_kx *fpl_share_of(const fpl_handshake *hs, fpl_named_group group);

/* fpl_shares_wipe wipes all shares of ours. */
void fpl_shares_wipe(fpl_handshake *hs);

/* fpl_config_share makes a fresh key share of `group`. */
fpl_status fpl_config_share(const fpl_config *config, fpl_kx *kx, fpl_named_group group);

/* fpl_signature_digest computes what our signature is over, into hs->digest: in DTLS 1.2 a server's key exchange
 * parameters (RFC 8422 section 5.4), a client's handshake so far (RFC 5246 section 7.4.8); in 1.3 the handshake so far
 * (RFC 8446 section 4.4.3). */
fpl_status fpl_signature_digest(fpl_conn *conn);

/* fpl_cookie13_rebuild makes the transcript what it was when the cookie of `hello` was given: message_hash and the
 * HelloRetryRequest, octet for octet. The connection knows suite and group of that retry from then on. */
fpl_status fpl_cookie13_rebuild(fpl_conn *conn, const fpl_client_hello *hello);

#endif
