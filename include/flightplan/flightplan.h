/* Flightplan: DTLS whose handshakes are written down in spec/ and interpreted from tables.
 *
 * The library has no sockets, threads, clock or global state. Datagrams, time and random events come in
 * through calls on a connection; fpl_conn_poll() hands out, one at a time, what there is to do: datagrams
 * to send, events, and last of all the time at which to call fpl_conn_timeout().
 *
 *     fpl_conn_receive | fpl_conn_timeout | fpl_conn_start | ...  then  fpl_conn_poll until FPL_OUTPUT_TIMEOUT
 *
 * Thread rules: an fpl_config may be shared between threads once a connection or listener has been made
 * from it (it is frozen then). An fpl_conn, and an fpl_listener with all its connections, belongs to one
 * thread at a time.
 *
 * Pointers: arguments are borrowed for the call unless the comment says otherwise. A pointer in an
 * fpl_output lives until the next call on the same connection. NULL is allowed only where said.
 */
#ifndef FLIGHTPLAN_FLIGHTPLAN_H
#define FLIGHTPLAN_FLIGHTPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flightplan/export.h>
#include <flightplan/extensions.h>
#include <flightplan/limits.h>
#include <flightplan/registries.h>
#include <flightplan/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FPL_VERSION_MAJOR 0
#define FPL_VERSION_MINOR 1
#define FPL_VERSION_PATCH 0

/* fpl_version_string returns "MAJOR.MINOR.PATCH" of the library that is linked. Static storage. */
FPL_EXPORT const char *fpl_version_string(void);

/* FPL_DTLS12 and FPL_DTLS13 are the wire values of the versions (RFC 6347 section 4.1, RFC 9147 section 5.3), as
 * fpl_conn_version() reports them. */
#define FPL_DTLS12 0xfefdu
#define FPL_DTLS13 0xfefcu

/* ===== configuration ======================================================================== */

/* fpl_allocator replaces malloc and free for every allocation of the library's own (libcrypto's go
 * through its own hooks). `release` is given the size that was asked for. Both must be there. */
typedef struct fpl_allocator {
    void *(*allocate)(void *arg, size_t size);
    void (*release)(void *arg, void *memory, size_t size);
    void *arg;
} fpl_allocator;

/* fpl_config_new returns a configuration with the defaults of spec/limits.yaml, or NULL when memory is
 * short. fpl_config_new_with_allocator does the same with the caller's allocator (copied). The caller
 * owns the result and frees it with fpl_config_free after the last connection made from it. */
FPL_EXPORT fpl_config *fpl_config_new(void);
FPL_EXPORT fpl_config *fpl_config_new_with_allocator(const fpl_allocator *allocator);

/* fpl_config_free frees `config`, wiping its private key. NULL is allowed. Connections and listeners
 * hold no reference of their own: free them first. */
FPL_EXPORT void fpl_config_free(fpl_config *config);

/* All fpl_config_... setters return FPL_MISUSE once the configuration is frozen (a connection or listener
 * was made from it), and for the reasons named at each. */

/* fpl_config_set sets one bound or timer of spec/limits.yaml. FPL_MISUSE when `value` is out of the
 * range stated there or `setting` is unknown. */
FPL_EXPORT fpl_result fpl_config_set(fpl_config *config, fpl_setting setting, uint64_t value);

/* fpl_config_get returns the value of `setting` in force, or 0 for an unknown one. */
FPL_EXPORT uint64_t fpl_config_get(const fpl_config *config, fpl_setting setting);

/* fpl_config_use_webrtc_profile sets what RFC 8827 wants of a browser's peer: no cookie exchange (ICE has
 * proven the address: say so with fpl_conn_set_address_validated), a first resend timer of 400 ms, client
 * certificates required, and use_srtp with SRTP_AEAD_AES_256_GCM, SRTP_AEAD_AES_128_GCM and
 * SRTP_AES128_CM_HMAC_SHA1_80 in this order. */
FPL_EXPORT fpl_result fpl_config_use_webrtc_profile(fpl_config *config);

/* fpl_config_set_versions allows exactly the versions of `versions`, FPL_VERSIONS_DTLS12 or FPL_VERSIONS_DTLS13 or both
 * joined by `|`. The default is both: a client then offers both and goes on with what the server chose, and a
 * server takes DTLS 1.3 where the client offers it. A version for which the lists below leave no suite, group or
 * signature scheme is not offered and not taken; if none is left, fpl_conn_new and fpl_listener_new return NULL.
 * FPL_MISUSE for none, or for a version that there is not. */
#define FPL_VERSIONS_DTLS12 1u
#define FPL_VERSIONS_DTLS13 2u
FPL_EXPORT fpl_result fpl_config_set_versions(fpl_config *config, unsigned versions);

/* fpl_config_set_cipher_suites allows exactly the `num` suites of `suites`, in order of preference, for all versions:
 * each takes those that are its own. The default is every suite that spec/registries/cipher_suite.yaml marks as used.
 * FPL_MISUSE for an empty list, an unused suite or a repetition. */
FPL_EXPORT fpl_result fpl_config_set_cipher_suites(fpl_config *config, const fpl_cipher_suite *suites, size_t num);

/* fpl_config_set_groups allows exactly these key exchange groups, in order of preference. The default is
 * x25519, secp256r1, secp384r1, and last, for DTLS 1.3 where libcrypto has ML-KEM, X25519MLKEM768. FPL_MISUSE as above,
 * and for a group that libcrypto has not. In DTLS 1.3 a client sends a key share of the first group, and one of x25519
 * beside a hybrid first one; a server takes its first group of which a share came, and asks for another only if none
 * did. X25519MLKEM768 first on both sides is thus what uses it; its share makes the ClientHello two datagrams, which
 * some servers of DTLS 1.2 do not take. In DTLS 1.2 the list also tells a server which curves its certificate may be
 * on (RFC 8422 section 5.1), and strict ones go by it: a client that wants x25519 alone for the exchange still does
 * well to name secp256r1 after it. */
FPL_EXPORT fpl_result fpl_config_set_groups(fpl_config *config, const fpl_named_group *groups, size_t num);

/* fpl_config_set_signature_schemes allows exactly these signature schemes, for our signatures and the
 * peer's. The default is every scheme marked as used. FPL_MISUSE as above. */
FPL_EXPORT fpl_result fpl_config_set_signature_schemes(fpl_config *config, const fpl_signature_scheme *schemes, size_t num);

/* fpl_client_auth says whether a server asks for the client's certificate (RFC 5246 section 7.4.4, RFC 8446
 * section 4.3.2). */
typedef enum fpl_client_auth {
    FPL_CLIENT_AUTH_NONE,
    FPL_CLIENT_AUTH_OFF,      /* the default */
    FPL_CLIENT_AUTH_OPTIONAL, /* asked for; a client may have none to show */
    FPL_CLIENT_AUTH_REQUIRED
} fpl_client_auth;
FPL_EXPORT fpl_result fpl_config_set_client_auth(fpl_config *config, fpl_client_auth client_auth);

/* fpl_config_set_cookie_exchange says whether a listener makes a client prove its address first
 * (RFC 6347 section 4.2.1, RFC 9147 section 5.1). On by default. Connections made without a listener never do: they are
 * bound by the amplification limit until fpl_conn_set_address_validated. */
FPL_EXPORT fpl_result fpl_config_set_cookie_exchange(fpl_config *config, bool on);

/* fpl_trust says who judges the peer's certificate, once its signature has been verified. Fingerprints
 * given to a connection always come first; this is what happens when there are none. */
typedef enum fpl_trust {
    FPL_TRUST_NONE,
    FPL_TRUST_ASK,              /* the default: the handshake waits for fpl_conn_judge_certificate */
    FPL_TRUST_ACCEPT_AND_NOTIFY /* any certificate is taken; the application compares it itself */
} fpl_trust;
FPL_EXPORT fpl_result fpl_config_set_trust(fpl_config *config, fpl_trust trust);

/* fpl_plaintext_alerts says what a fatal alert is worth that anybody could have forged, before the
 * handshake has keys (RFC 6347 section 4.1.2.7, RFC 9147 section 4.5.2). */
typedef enum fpl_plaintext_alerts {
    FPL_PLAINTEXT_ALERTS_NONE,
    FPL_PLAINTEXT_ALERTS_HINT, /* the default: remembered, told by fpl_conn_explain if the handshake times out */
    FPL_PLAINTEXT_ALERTS_FATAL /* believed at once */
} fpl_plaintext_alerts;
FPL_EXPORT fpl_result fpl_config_set_plaintext_alerts(fpl_config *config, fpl_plaintext_alerts policy);

/* fpl_config_set_credential sets our certificate chain (leaf first) and its private key, both PEM or DER:
 * either may hold several certificates, one behind the other; the key is PKCS#8 or SEC 1. Copied. FPL_MISUSE when one
 * of them does not parse, the key is not P-256 or P-384, does not fit the leaf, or the chain has more than
 * eight certificates or exceeds setting max_certificate_bytes, as it is then; FPL_NO_MEMORY. */
FPL_EXPORT fpl_result fpl_config_set_credential(fpl_config *config, const uint8_t *chain, size_t chain_len,
                                                const uint8_t *key, size_t key_len);

/* fpl_config_set_external_credential sets a chain whose private key is elsewhere: handshakes that need a
 * signature report FPL_OUTPUT_SIGNATURE_WANTED and wait for fpl_conn_provide_signature. `chain` and the errors are those
 * of fpl_config_set_credential. */
FPL_EXPORT fpl_result fpl_config_set_external_credential(fpl_config *config, const uint8_t *chain, size_t chain_len);

/* fpl_self_signed is a freshly made certificate and key, both DER (X.509, PKCS#8). */
typedef struct fpl_self_signed {
    uint8_t certificate[1024];
    size_t  certificate_len;
    uint8_t key[256];
    size_t  key_len;
} fpl_self_signed;

/* fpl_make_self_signed makes a P-256 (or, with FPL_NAMED_GROUP_SECP384R1, P-384) key and a certificate for
 * it with a random serial number, valid from a day before `unix_seconds` for a year. `common_name` may be
 * NULL. Wipe `out` after use. FPL_MISUSE for another curve or a name of more than 64 octets; FPL_NO_MEMORY. */
FPL_EXPORT fpl_result fpl_make_self_signed(fpl_self_signed *out, fpl_named_group curve, const char *common_name,
                                           int64_t unix_seconds);

/* fpl_fingerprint writes the SHA-256 of a DER certificate (RFC 8122 section 5). */
FPL_EXPORT void fpl_fingerprint(const uint8_t *certificate, size_t len, uint8_t out[32]);

/* fpl_config_set_server_name has a client say which host it wants (RFC 6066 section 3): 1 to 255 octets, no
 * trailing dot; NULL = say nothing, the default. Copied. */
FPL_EXPORT fpl_result fpl_config_set_server_name(fpl_config *config, const char *host_name);

/* fpl_trace_event is one step of a machine, given to the trace callback. Strings are static, but for `event`, which
 * lives until the callback returns. */
typedef struct fpl_trace_event {
    const char *machine;
    const char *state;
    const char *event;   /* e.g. "message:server_hello", "timer:resend", "immediate" */
    const char *outcome; /* the classifier's outcome, or NULL */
    const char *check;   /* the check that refused, or NULL when the row was taken */
    const char *next;    /* the state gone to; NULL when the row refused or ended the connection */
    const char *file;    /* spec file */
    const char *ref;     /* RFC section */
    unsigned    line;    /* line of the row or outcome in that file */
} fpl_trace_event;
typedef void (*fpl_trace_fn)(void *arg, const fpl_conn *conn, const fpl_trace_event *event);

/* fpl_config_set_trace has every row taken, and every check that refuses, reported to `trace` (NULL: off)
 * from within the call that takes it. The callback must not call back into the library, but for getters of the `conn` it
 * is given; while a listener answers a stranger, that is an end of the listener's own which lives as long as the listener,
 * stands for no peer, and has no user data. */
FPL_EXPORT fpl_result fpl_config_set_trace(fpl_config *config, fpl_trace_fn trace, void *arg);

/* fpl_config_set_key_log has each connection's secrets written to `log` as lines of the SSLKEYLOGFILE
 * format, without the line end (draft-ietf-tls-keylogfile). Whoever reads them reads the connection: off
 * unless set. `line` is wiped once the callback returns, which must not call back into the library. */
typedef void (*fpl_key_log_fn)(void *arg, const char *line);
FPL_EXPORT fpl_result fpl_config_set_key_log(fpl_config *config, fpl_key_log_fn log, void *arg);

/* fpl_config_set_random replaces libcrypto's random source, for simulations that must repeat themselves.
 * Never in production. `fill` returns false when it fails. Private keys and signatures still draw from
 * libcrypto. */
typedef bool (*fpl_random_fn)(void *arg, uint8_t *out, size_t len);
FPL_EXPORT fpl_result fpl_config_set_random(fpl_config *config, fpl_random_fn fill, void *arg);

/* ===== connection ============================================================================= */

/* fpl_conn_new makes one end of an association and freezes `config`, which must outlive it. NULL when
 * memory is short, `config` is NULL, `role` is neither client nor server, or a server has no credential.
 * Free with fpl_conn_free. */
FPL_EXPORT fpl_conn *fpl_conn_new(const fpl_config *config, fpl_role role, fpl_time now);

/* fpl_conn_free wipes and frees `conn`, taking it out of the listener that made it. NULL is allowed. Nothing is sent:
 * close first to tell the peer. */
FPL_EXPORT void fpl_conn_free(fpl_conn *conn);

/* fpl_conn_add_peer_fingerprint pins the peer: only a certificate with one of the SHA-256 fingerprints
 * given is trusted. May come at any time before the certificate is judged; while the handshake waits for
 * that judgement a matching fingerprint accepts it. A server with a fingerprint asks for the client's
 * certificate, and wants one, whatever its configuration says. FPL_MISUSE when the peer has been judged
 * already, or it is too late to ask it for a certificate, or it has shown none; or when more than limit
 * `pinned_fingerprints` are given. FPL_CLOSED or FPL_FAILED when the connection is over. */
FPL_EXPORT fpl_result fpl_conn_add_peer_fingerprint(fpl_conn *conn, const uint8_t sha256[32], fpl_time now);

/* fpl_conn_set_address_validated says that the peer's address has been proven by other means (ICE): the
 * amplification limit falls (RFC 9147 section 5.1). */
FPL_EXPORT fpl_result fpl_conn_set_address_validated(fpl_conn *conn);

/* fpl_conn_set_mtu sets the largest UDP payload, in bytes, that the path carries; it may change at any
 * time and overrides setting `mtu`. Values under its minimum are taken as that minimum, those above its maximum as that. */
FPL_EXPORT fpl_result fpl_conn_set_mtu(fpl_conn *conn, size_t mtu);

/* fpl_conn_set_user_data and fpl_conn_user_data keep one pointer of the application's. */
FPL_EXPORT void  fpl_conn_set_user_data(fpl_conn *conn, void *data);
FPL_EXPORT void *fpl_conn_user_data(const fpl_conn *conn);

/* fpl_conn_start begins a client's handshake; poll for its first flight. FPL_MISUSE for a server, or when
 * it has begun; FPL_CLOSED when it was closed before; FPL_FAILED, also when memory is short. */
FPL_EXPORT fpl_result fpl_conn_start(fpl_conn *conn, fpl_time now);

/* fpl_conn_receive attaches a datagram of the peer's. Its records are opened in place while the connection
 * is polled: the buffer must stay valid, and is no longer the caller's to read or write, until poll returned
 * FPL_OUTPUT_TIMEOUT. FPL_MISUSE when an earlier datagram has not been drained; FPL_FAILED. */
FPL_EXPORT fpl_result fpl_conn_receive(fpl_conn *conn, uint8_t *datagram, size_t len, fpl_time now);

/* fpl_conn_timeout moves the clock and runs what has fallen due, each timer at most once. Early calls do
 * nothing. FPL_FAILED. */
FPL_EXPORT fpl_result fpl_conn_timeout(fpl_conn *conn, fpl_time now);

typedef enum fpl_output_type {
    FPL_OUTPUT_NONE,
    FPL_OUTPUT_DATAGRAM,          /* send the first `datagram_len` bytes of the buffer given to poll */
    FPL_OUTPUT_PEER_CERTIFICATE,  /* the peer proved this chain; judge it if setting trust says ask */
    FPL_OUTPUT_SIGNATURE_WANTED,  /* an external credential has to sign `digest` */
    FPL_OUTPUT_CONNECTED,         /* the handshake is done; send and the getters work from here on */
    FPL_OUTPUT_KEYING_MATERIAL,   /* SRTP keys, once, right after CONNECTED if use_srtp was agreed */
    FPL_OUTPUT_APPLICATION_DATA,  /* one record of the peer's, inside the attached datagram or a copy of ours */
    FPL_OUTPUT_CLOSE_NOTIFY,      /* the peer has closed: in DTLS 1.2 nothing follows, in 1.3 what it sent before */
    FPL_OUTPUT_TIMEOUT            /* nothing more to do before `deadline`; always the last */
} fpl_output_type;

/* fpl_certificate_chain is the peer's chain as it came: `num` certificates in `certificates`, leaf first. */
typedef struct fpl_certificate_view {
    const uint8_t *der;
    size_t         len;
} fpl_certificate_view;

/* fpl_srtp_keys are the halves of RFC 5764 section 4.2, cut for the SRTP profile that was agreed. */
typedef struct fpl_srtp_keys {
    fpl_srtp_protection_profile profile;
    const uint8_t              *client_key;  /* key_len bytes: protects what the DTLS client sends */
    const uint8_t              *server_key;
    const uint8_t              *client_salt; /* salt_len bytes */
    const uint8_t              *server_salt;
    size_t                      key_len;
    size_t                      salt_len;
} fpl_srtp_keys;

/* fpl_output is what poll found. Only the member that belongs to `type` is set. */
typedef struct fpl_output {
    fpl_output_type type;
    size_t          needed; /* with FPL_BUFFER_TOO_SMALL: the capacity that the next datagram takes */
    union {
        size_t   datagram_len;
        fpl_time deadline; /* FPL_NEVER: nothing is due */
        struct {
            const uint8_t *bytes;
            size_t         len;
        } data;
        struct {
            const fpl_certificate_view *certificates;
            size_t                      num;
            bool                        waits; /* judge it: the handshake stands still meanwhile */
        } peer_certificate;
        struct {
            fpl_signature_scheme scheme;
            const uint8_t       *digest;
            size_t               digest_len;
        } signature_wanted;
        fpl_srtp_keys srtp;
    } as;
} fpl_output;

/* fpl_conn_poll does the next thing: writes one datagram into `buf`, or reports one event, or says when to
 * call fpl_conn_timeout. Call it after every other call on `conn` until it returns FPL_OUTPUT_TIMEOUT.
 * FPL_BUFFER_TOO_SMALL when the next datagram does not fit in `cap`: the same one comes at the next call.
 * FPL_FAILED, from the first poll after the last alert was written, when the connection is over. `cap` of
 * at least the MTU is always enough. */
FPL_EXPORT fpl_result fpl_conn_poll(fpl_conn *conn, uint8_t *buf, size_t cap, fpl_output *out);

/* fpl_conn_judge_certificate ends the wait after FPL_OUTPUT_PEER_CERTIFICATE. FPL_MISUSE when none waits.
 * A peer of DTLS 1.2 goes on resending meanwhile and gives up by itself after a while; setting trust_wait
 * bounds our side. FPL_CLOSED or FPL_FAILED when the connection is over. */
FPL_EXPORT fpl_result fpl_conn_judge_certificate(fpl_conn *conn, bool trusted, fpl_time now);

/* fpl_conn_provide_signature ends the wait after FPL_OUTPUT_SIGNATURE_WANTED with an ECDSA signature (DER),
 * or, with NULL, says that there will be none. FPL_MISUSE when none is wanted or it is too long; FPL_CLOSED or FPL_FAILED when
 * the connection is over. */
FPL_EXPORT fpl_result fpl_conn_provide_signature(fpl_conn *conn, const uint8_t *signature, size_t len, fpl_time now);

/* fpl_conn_send seals `len` bytes as one record straight into `out` and sets *out_len to the datagram's
 * length; nothing is queued. `data` may be anywhere outside `out`, or at exactly `out +
 * fpl_conn_send_prefix(conn)`, which saves the copy. Poll afterwards, as after every call: near the keys' usage limits a
 * KeyUpdate becomes due. FPL_NOT_YET before CONNECTED; FPL_MISUSE when `len` exceeds fpl_conn_max_payload;
 * FPL_BUFFER_TOO_SMALL with *out_len the capacity needed; FPL_CLOSED after fpl_conn_close, after the peer's close_notify in
 * DTLS 1.2, and once all records that the keys may seal are used up, which closes the connection (RFC 9147 section 4.5.3):
 * poll for its close_notify; FPL_FAILED. */
FPL_EXPORT fpl_result fpl_conn_send(fpl_conn *conn, const uint8_t *data, size_t len, uint8_t *out, size_t cap,
                                    size_t *out_len, fpl_time now);

/* fpl_conn_send_prefix is the number of octets before the payload in a sealed record, and
 * fpl_conn_send_overhead the number of all octets added to it; 0 before CONNECTED. */
FPL_EXPORT size_t fpl_conn_send_prefix(const fpl_conn *conn);
FPL_EXPORT size_t fpl_conn_send_overhead(const fpl_conn *conn);

/* fpl_conn_max_payload is the longest payload fpl_conn_send takes now: what fits the MTU, or
 * setting max_payload where that is not 0; 0 before CONNECTED. */
FPL_EXPORT size_t fpl_conn_max_payload(const fpl_conn *conn);

/* fpl_conn_update_keys renews the keys of DTLS 1.3 (RFC 9147 section 8): our KeyUpdate asks the peer to renew its own too.
 * Poll for the datagram; sending goes on meanwhile. FPL_NOT_YET before CONNECTED and while an update of ours is not
 * acknowledged yet; FPL_MISUSE in DTLS 1.2; FPL_CLOSED; FPL_FAILED. Not needed for the AEAD's usage limits: the library
 * renews keys by itself before they are reached. */
FPL_EXPORT fpl_result fpl_conn_update_keys(fpl_conn *conn, fpl_time now);

/* fpl_conn_close says goodbye: poll for the close_notify. In DTLS 1.3 that closes our direction alone (RFC 8446 section
 * 6.1): data may still come, until the peer's close_notify or for setting close_wait; in DTLS 1.2 both at once. Twice does
 * nothing. FPL_FAILED. */
FPL_EXPORT fpl_result fpl_conn_close(fpl_conn *conn, fpl_time now);

/* ===== what is known of a connection ============================================================ */

/* Negotiated parameters; 0 (or false) while they are not known. */
FPL_EXPORT uint16_t             fpl_conn_version(const fpl_conn *conn); /* FPL_DTLS12 or FPL_DTLS13 */
FPL_EXPORT fpl_cipher_suite     fpl_conn_cipher_suite(const fpl_conn *conn);
FPL_EXPORT fpl_named_group      fpl_conn_group(const fpl_conn *conn);
FPL_EXPORT fpl_signature_scheme fpl_conn_peer_signature_scheme(const fpl_conn *conn);
FPL_EXPORT fpl_role             fpl_conn_role(const fpl_conn *conn);
FPL_EXPORT bool                 fpl_conn_is_connected(const fpl_conn *conn);
FPL_EXPORT bool                 fpl_conn_is_closed(const fpl_conn *conn);

/* fpl_conn_state names the state that the handshake is in, as spec/machines has it, or "CLOSED" or "FAILED";
 * fpl_conn_explain tells the machine as well. Static storage. */
FPL_EXPORT const char *fpl_conn_state(const fpl_conn *conn);

/* fpl_conn_server_name returns the host that a server's client asked for, or NULL. Lives as long as `conn`. */
FPL_EXPORT const char *fpl_conn_server_name(const fpl_conn *conn);

/* fpl_conn_peer_fingerprint copies the SHA-256 of the peer's leaf certificate. FPL_NOT_YET before it was
 * proven; FPL_MISUSE when the peer showed none. */
FPL_EXPORT fpl_result fpl_conn_peer_fingerprint(const fpl_conn *conn, uint8_t sha256[32]);

/* fpl_conn_export derives keying material (RFC 5705, RFC 8446 section 7.5). `context` NULL means no context, which differs
 * from an empty one in DTLS 1.2 and does not in DTLS 1.3. FPL_NOT_YET before CONNECTED; FPL_MISUSE for an empty label or
 * one reserved by RFC 5246, a context of more than 65535 octets, an `out_len` of more than 65535, in DTLS 1.3 for a label
 * of more than 249 octets or more than 255 hashes of output, or for a connection of DTLS 1.2 without
 * extended_master_secret (RFC 7627
 * section 5.4; only where the configuration switched it off; SRTP keys are given even so); `out` is untouched
 * then. FPL_FAILED; FPL_NO_MEMORY. */
FPL_EXPORT fpl_result fpl_conn_export(const fpl_conn *conn, uint8_t *out, size_t out_len, const char *label,
                                      const uint8_t *context, size_t context_len);

/* fpl_stats counts what happened on the wire. Later versions may add fields at the end: `size` says how
 * many bytes of the struct the caller knows, and only those are written. */
typedef struct fpl_stats {
    size_t   size;
    uint64_t datagrams_in, datagrams_out;
    uint64_t bytes_in, bytes_out;
    uint64_t records_in, records_out;     /* accepted; written */
    uint64_t flights_resent;              /* by timer or because the peer asked */
    uint64_t dropped_malformed;           /* header, length, version */
    uint64_t dropped_unexpected;          /* content, epoch or message not taken in this state */
    uint64_t dropped_replayed;            /* seen before, or left of the window */
    uint64_t dropped_forged;              /* did not authenticate */
    uint64_t dropped_full;                /* a bound was reached: held records, reassembly, pools */
    uint64_t duplicates;                  /* handshake messages that came again */
} fpl_stats;
FPL_EXPORT fpl_result fpl_conn_stats(const fpl_conn *conn, fpl_stats *out);

typedef enum fpl_failure_class {
    FPL_FAILURE_NONE,
    FPL_FAILURE_WE_ALERTED,   /* a check refused what the peer sent; `alert` went out */
    FPL_FAILURE_PEER_ALERTED, /* the peer sent `alert` */
    FPL_FAILURE_TIMEOUT,
    FPL_FAILURE_REPLACED,     /* a newer association of the same peer took over */
    FPL_FAILURE_INTERNAL
} fpl_failure_class;

/* fpl_explanation says why a connection ended, down to the line of the spec. Strings are static or NULL. */
typedef struct fpl_explanation {
    fpl_failure_class failure;
    int               alert;      /* alert description, or -1 */
    int               alert_hint; /* an unauthenticated alert seen before keys, or -1 */
    const char       *machine, *state, *event;
    const char       *what;       /* the check that refused, or the field that did not decode */
    const char       *ref;        /* RFC section, e.g. "rfc5246#7.4.9" */
    const char       *file;       /* spec/machines/... */
    unsigned          line;
} fpl_explanation;

/* fpl_conn_explain fills `out`; failure is FPL_FAILURE_NONE while the connection lives. */
FPL_EXPORT void fpl_conn_explain(const fpl_conn *conn, fpl_explanation *out);

/* fpl_conn_explain_text writes the same as one line of English, cut to `cap` with its NUL, and returns the
 * length that the whole line has. */
FPL_EXPORT size_t fpl_conn_explain_text(const fpl_conn *conn, char *out, size_t cap);

/* ===== listener ================================================================================= */

/* fpl_listener_new makes a server's door from `config` (frozen; must outlive it). It answers the first
 * ClientHello of an address with a cookie without remembering anything, and makes a connection only when
 * the cookie comes back (RFC 6347 section 4.2.1, RFC 9147 section 5.1). NULL as for fpl_conn_new. */
FPL_EXPORT fpl_listener *fpl_listener_new(const fpl_config *config, fpl_time now);

/* fpl_listener_free frees the listener and all its connections. NULL is allowed. */
FPL_EXPORT void fpl_listener_free(fpl_listener *listener);

/* fpl_listener_set_cookie_key makes `key` (32 octets) the one that new cookies are sealed with; the one
 * before stays valid until the next call. A fleet behind one address shares keys and ids, and a clock: a cookie
 * is dated by `now`, and one that is older than setting cookie_lifetime, or of the future, is not taken. Change
 * it every ten minutes or so, for every cookie of DTLS 1.3 that a stranger asks for draws a nonce under it. Without
 * calls the listener draws a key of its own and rotates it as setting cookie_key_life says. FPL_MISUSE when the
 * newest key has this id already. */
FPL_EXPORT fpl_result fpl_listener_set_cookie_key(fpl_listener *listener, uint8_t key_id, const uint8_t key[32]);

/* fpl_listener_receive takes a datagram that came from `address` (1 to 64 opaque octets: whatever tells peers
 * apart, port included). If it belongs to a connection, or made one, *conn is set and the datagram is
 * attached to it: poll that connection. Otherwise *conn is NULL, the datagram is done with, and
 * fpl_listener_poll has the answer, if there is one, until the next call of this function. FPL_MISUSE for a bad
 * address, with *conn untouched, or for a connection that has not drained its last datagram: *conn is that one, and this
 * datagram was not taken. A connection that has failed is found too, and polling it says FPL_FAILED until it is released.
 * Want of memory is no result: the datagram is dropped and counted. */
FPL_EXPORT fpl_result fpl_listener_receive(fpl_listener *listener, const uint8_t *address, size_t address_len,
                                           uint8_t *datagram, size_t len, fpl_time now, fpl_conn **conn);

/* fpl_listener_poll gives the stateless answer to the datagram just received, for the same address, as
 * FPL_OUTPUT_DATAGRAM; else FPL_OUTPUT_TIMEOUT with the earliest deadline of all connections. */
FPL_EXPORT fpl_result fpl_listener_poll(fpl_listener *listener, uint8_t *buf, size_t cap, fpl_output *out);

/* fpl_listener_next_due returns a connection whose deadline is not after `now`, for the caller to pass to
 * fpl_conn_timeout and poll, or NULL when there is none. */
FPL_EXPORT fpl_conn *fpl_listener_next_due(fpl_listener *listener, fpl_time now);

/* fpl_listener_next_replaced returns a connection that ended because its peer started anew and the new
 * association is CONNECTED (RFC 6347 section 4.2.8, RFC 9147 section 5.11), or NULL. Release it. */
FPL_EXPORT fpl_conn *fpl_listener_next_replaced(fpl_listener *listener);

/* fpl_conn_address returns the address a listener's connection was made for; NULL and 0 without a listener. */
FPL_EXPORT const uint8_t *fpl_conn_address(const fpl_conn *conn, size_t *len);

/* fpl_listener_release takes `conn` out of the listener and frees it. */
FPL_EXPORT void fpl_listener_release(fpl_listener *listener, fpl_conn *conn);

/* fpl_listener_num_connections is the number of connections now held, unfinished ones included. */
FPL_EXPORT size_t fpl_listener_num_connections(const fpl_listener *listener);

/* fpl_listener_stats counts what was answered or dropped before there was a connection. */
FPL_EXPORT fpl_result fpl_listener_stats(const fpl_listener *listener, fpl_stats *out);

#ifdef __cplusplus
}
#endif

#endif
