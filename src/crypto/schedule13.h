#ifndef FPL_CRYPTO_SCHEDULE13_H
#define FPL_CRYPTO_SCHEDULE13_H

#include "fpl_registries.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/status.h"

/* The key schedule of DTLS 1.3: RFC 8446 section 7 with the labels of RFC 9147 section 5.9. Functions
 * over values: none keeps anything, each wipes what lay between its input and its output, and on
 * failure its outputs are zeroed. Outputs may not overlap inputs. A transcript hash is one of the
 * secret's hash; one of another length is `FPL_STATUS_INTERNAL`. */

/* fpl_secret13 is a secret with as many bytes as its hash has. It is a plain value, which its owner
 * wipes. Zeroed, it is none, and no function takes it. */
typedef struct fpl_secret13 {
    uint8_t bytes[FPL_HASH_MAX_LEN];
    fpl_hash hash;
} fpl_secret13;

/* fpl_handshake_secrets13 is what the ServerHello brings. `master` waits for the server's Finished:
 * nothing that comes between goes into it, so the handshake secret itself need not be kept. */
typedef struct fpl_handshake_secrets13 {
    fpl_secret13 client; /* client_handshake_traffic_secret */
    fpl_secret13 server; /* server_handshake_traffic_secret */
    fpl_secret13 master;
} fpl_handshake_secrets13;

/* fpl_application_secrets13 is what the server's Finished brings. */
typedef struct fpl_application_secrets13 {
    fpl_secret13 client; /* client_application_traffic_secret_0 */
    fpl_secret13 server; /* server_application_traffic_secret_0 */
    fpl_secret13 exporter;
} fpl_application_secrets13;

/* fpl_traffic_keys13 is what protects the records of one direction of one epoch. */
typedef struct fpl_traffic_keys13 {
    uint8_t key[FPL_AEAD_MAX_KEY_LEN];
    uint8_t iv[FPL_AEAD_NONCE_LEN];
    uint8_t sn[FPL_AEAD_MAX_KEY_LEN]; /* masks record numbers, RFC 9147 section 4.2.3; as long as `key` */
    fpl_aead aead;
} fpl_traffic_keys13;

/* fpl_schedule13_early computes the early secret of `psk`, which may be empty: then there is none. */
fpl_status fpl_schedule13_early(fpl_hash hash, fpl_bytes psk, fpl_secret13 *early);

/* fpl_schedule13_salt computes what the early secret becomes on its way into the handshake secret. */
fpl_status fpl_schedule13_salt(const fpl_secret13 *early, fpl_secret13 *salt);

/* fpl_schedule13_salt_without_psk is the same for a handshake without PSK: a constant of `hash`, of which
 * nothing has to be computed. */
fpl_status fpl_schedule13_salt_without_psk(fpl_hash hash, fpl_secret13 *salt);

/* fpl_schedule13_binder computes the finished key of a PSK's binder (RFC 8446 section 4.2.11.2).
 * `external` says that the PSK was provisioned and not resumed; the labels keep the two apart. */
fpl_status fpl_schedule13_binder(const fpl_secret13 *early, bool external, fpl_secret13 *finished);

/* fpl_schedule13_handshake mixes in `shared`, the secret of the key exchange. `transcript` is that of
 * ClientHello to ServerHello. */
fpl_status fpl_schedule13_handshake(const fpl_secret13 *salt, fpl_bytes shared, fpl_bytes transcript,
                                    fpl_handshake_secrets13 *out);

/* fpl_schedule13_application derives from `master`; `transcript` is that of ClientHello to the
 * server's Finished. `master` is needed afterwards for `fpl_schedule13_resumption` only. */
fpl_status fpl_schedule13_application(const fpl_secret13 *master, fpl_bytes transcript,
                                      fpl_application_secrets13 *out);

/* fpl_schedule13_resumption derives the resumption master secret; `transcript` is that of ClientHello
 * to the client's Finished. */
fpl_status fpl_schedule13_resumption(const fpl_secret13 *master, fpl_bytes transcript,
                                     fpl_secret13 *resumption);

/* fpl_schedule13_ticket derives the PSK of a ticket with `nonce` (RFC 8446 section 4.6.1). */
fpl_status fpl_schedule13_ticket(const fpl_secret13 *resumption, fpl_bytes nonce, fpl_secret13 *psk);

/* fpl_schedule13_traffic derives the record keys of a traffic secret, and its finished key if
 * `finished` is not NULL: only the secrets of the handshake have one, and they are not needed after
 * this. */
fpl_status fpl_schedule13_traffic(const fpl_secret13 *traffic, fpl_aead aead, fpl_traffic_keys13 *keys,
                                  fpl_secret13 *finished);

/* fpl_schedule13_update replaces `traffic` with its successor (RFC 8446 section 7.2). On failure it is
 * unchanged. */
fpl_status fpl_schedule13_update(fpl_secret13 *traffic);

/* fpl_schedule13_verify_data computes what a Finished or a binder says, `fpl_hash_length` bytes (RFC
 * 8446 section 4.4.4). To be compared with `fpl_equal`. */
fpl_status fpl_schedule13_verify_data(const fpl_secret13 *finished, fpl_bytes transcript,
                                      uint8_t out[FPL_HASH_MAX_LEN]);

/* fpl_schedule13_export fills `out` with `len` bytes of exported keying material (RFC 8446 section
 * 7.5); no context and an empty one are the same. It fails for a `label` of more than 249 bytes and
 * for more than 255 hashes of output. */
fpl_status fpl_schedule13_export(const fpl_secret13 *exporter, fpl_bytes label, fpl_bytes context,
                                 uint8_t *out, size_t len);

#endif /* FPL_CRYPTO_SCHEDULE13_H */
