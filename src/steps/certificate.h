/* What the certificate messages of both versions have in common: a chain, the leaf first. */
#ifndef FPL_STEPS_CERTIFICATE_H
#define FPL_STEPS_CERTIFICATE_H

#include "engine/conn.h"

/* fpl_chain is a certificate_list of either version, read one certificate at a time. */
typedef struct fpl_chain {
    fpl_bytes list;
    bool      is13; /* each entry has extensions, RFC 8446 section 4.4.2 */
} fpl_chain;

/* fpl_chain_next takes the next certificate's DER; false at the end. */
bool fpl_chain_next(fpl_chain *chain, fpl_bytes *der);

/* fpl_chain_acceptable judges limits and the leaf, whose key is kept in hs->peer_key for the row's next check and its
 * action; if the row refuses, it goes with the handshake. A key of a kind that nobody here knows leaves none. */
bool fpl_chain_acceptable(const fpl_conn *conn, fpl_chain chain);

/* fpl_chain_keep copies the chain and takes the leaf's fingerprint. */
fpl_status fpl_chain_keep(fpl_conn *conn, fpl_chain chain);

#endif
