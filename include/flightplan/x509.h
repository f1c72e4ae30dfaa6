/* Flightplan's optional helper for a peer with a certificate of an authority: it verifies a chain with libcrypto's
 * X509 (RFC 5280 section 6). A library of its own, libflightplan-x509 (CMake flightplan::x509, pkg-config
 * flightplan-x509), so that those who pin fingerprints carry none of it.
 *
 * A connection with setting trust at FPL_TRUST_ASK reports FPL_OUTPUT_PEER_CERTIFICATE and waits. Then:
 *
 *     fpl_verify_options options = {sizeof options, FPL_ROLE_SERVER, "example.org", (int64_t)time(NULL)};
 *     fpl_verify_verdict verdict = {sizeof verdict, false, 0, NULL};
 *     fpl_result result = fpl_verify_chain(store, out.as.peer_certificate.certificates, out.as.peer_certificate.num,
 *                                          &options, &verdict);
 *     fpl_conn_judge_certificate(conn, result == FPL_OK, now);
 *
 * Nothing here reads a clock, a file or the system's authorities, and nothing is asked of the network: a revoked
 * certificate is not known to be one. That the peer holds the leaf's key is what the handshake has proven before.
 *
 * Thread rules: an fpl_trust_store may be shared between threads while nobody adds to it or frees it.
 */
#ifndef FLIGHTPLAN_X509_H
#define FLIGHTPLAN_X509_H

#include <flightplan/flightplan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* FPL_VERIFY_MAX_CERTIFICATES and FPL_VERIFY_MAX_BYTES bound the chain that is looked at, as the highest values of
 * settings max_certificates and max_certificate_bytes do; FPL_VERIFY_MAX_INTERMEDIATES bounds how many certificates
 * may stand between the leaf and the one of the store that vouches for it. */
#define FPL_VERIFY_MAX_CERTIFICATES  32
#define FPL_VERIFY_MAX_BYTES         131072
#define FPL_VERIFY_MAX_INTERMEDIATES 8

/* fpl_trust_store is the set of certificates that the application trusts to vouch for others: trust anchors (RFC 5280
 * section 6.1.1). Whatever is in it is one, self-signed or not; a peer's own certificate vouches for itself. */
typedef struct fpl_trust_store fpl_trust_store;

/* fpl_trust_store_new returns an empty store, which trusts nobody, or NULL when memory is short. The caller frees it
 * with fpl_trust_store_free, for which NULL is allowed. */
FPL_EXPORT fpl_trust_store *fpl_trust_store_new(void);
FPL_EXPORT void             fpl_trust_store_free(fpl_trust_store *store);

/* fpl_trust_store_add adds the certificates of `text`, `len` octets: PEM with any number of CERTIFICATE blocks (RFC
 * 7468; other blocks and what stands between them are skipped), or one DER certificate. Copied. `num`, NULL or where to
 * say how many were read, is 0 on failure; one that is there already counts, and changes nothing. FPL_MISUSE, and
 * nothing is added, when one does not parse, there is none, or an argument is NULL; FPL_NO_MEMORY, though libcrypto now
 * and then takes want of memory for a certificate that does not parse. */
FPL_EXPORT fpl_result fpl_trust_store_add(fpl_trust_store *store, const uint8_t *text, size_t len, size_t *num);

/* fpl_verify_options says what the peer has to be. Later versions may add fields at the end, for which 0 is as before:
 * `size` says how many octets of the struct the caller knows; no library takes more than it knows itself. */
typedef struct fpl_verify_options {
    size_t   size;         /* sizeof(fpl_verify_options) */
    fpl_role peer;         /* the peer's role, which its certificate must be allowed in (RFC 5280 section 4.2.1.12) */
    const char *host;      /* whom it must be issued to: see below; NULL = to anybody */
    int64_t  unix_seconds; /* the time at which all must be valid: seconds since 1970-01-01 00:00 UTC */
} fpl_verify_options;

/* `host` is a DNS name in ASCII (IDNA A-labels) without a trailing dot, or an IP address as text, IPv4 or IPv6, without
 * brackets. It is compared with the leaf's subjectAltName of that kind only, never with its common name (RFC 9525
 * section 6); `*` there stands for one whole label, the first. A client that knows its server by name must give it:
 * any certificate that the store's authorities have ever issued to a server will do otherwise. */

/* fpl_verify_verdict is what became of a chain. The caller sets `size`, and gets as much as both ends know. */
typedef struct fpl_verify_verdict {
    size_t      size;        /* sizeof(fpl_verify_verdict) */
    bool        trusted;     /* exactly when fpl_verify_chain returns FPL_OK */
    size_t      certificate; /* refused: which one, 0 is the leaf; the chain's length for one of the store's */
    const char *reason;      /* refused: why, in English, libcrypto's words mostly. Static storage; else NULL */
} fpl_verify_verdict;

/* fpl_verify_chain judges the `num` certificates of `chain`, leaf first, those behind it in any order, by RFC 5280
 * section 6: a path of valid signatures from the leaf to a certificate of `store`, each of them valid at the time given
 * and allowed to do what it does (basicConstraints, keyUsage, extendedKeyUsage, nameConstraints). Beyond libcrypto's
 * rules, signatures are ECDSA, Ed25519, RSA PKCS #1 v1.5 or RSA-PSS with SHA-256, SHA-384 or SHA-512, and keys EC of
 * 256 bits or more, Ed25519, or RSA of 2048 bits or more.
 *
 * FPL_OK when the peer may be trusted, and only then. FPL_FAILED when not, and `out` says why: this call is over, not
 * the connection. A chain of no certificates (`chain` may be NULL then), one beyond the bounds above, or octets that
 * are no certificate are FPL_FAILED too: a peer can send those. FPL_MISUSE when `store`, `options` or a certificate is
 * NULL, a `size` is wrong, `peer` is neither client nor server, the time does not fit the machine's time_t, or
 * `host` is neither kind; FPL_NO_MEMORY, with the same reserve as above: what fails then is never trusted. `out` may be
 * NULL. */
FPL_EXPORT fpl_result fpl_verify_chain(const fpl_trust_store *store, const fpl_certificate_view *chain, size_t num,
                                       const fpl_verify_options *options, fpl_verify_verdict *out);

#ifdef __cplusplus
}
#endif

#endif
