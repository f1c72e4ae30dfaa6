#ifndef FPL_CRYPTO_HASH_H
#define FPL_CRYPTO_HASH_H

#include "fpl_registries.h"
#include <openssl/base.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/status.h"

#define FPL_HASH_MAX_LEN 48
#define FPL_FINGERPRINT_LEN 32

/* fpl_hash_length returns the output length of `hash`, and zero if it is not ours. */
size_t fpl_hash_length(fpl_hash hash);

/* fpl_hash_block_length returns how many bytes `hash` takes in at a time, and zero if it is not ours. */
size_t fpl_hash_block_length(fpl_hash hash);

/* fpl_hash_md returns libcrypto's name for `hash`, and NULL if it is not ours. */
const EVP_MD *fpl_hash_md(fpl_hash hash);

/* fpl_running_hash is a hash in progress. It is a plain value without pointers, so that a digest may
 * be taken at any point without disturbing it, nothing is allocated and nothing can fail after
 * `fpl_hash_init`. */
typedef struct fpl_running_hash {
    union {
        SHA256_CTX sha256;
        SHA512_CTX sha384;
    } state;
    fpl_hash hash;
} fpl_running_hash;

/* fpl_hash_init starts `running`. It fails only if `hash` is not ours. */
fpl_status fpl_hash_init(fpl_running_hash *running, fpl_hash hash);

/* fpl_hash_update takes in `data`. */
void fpl_hash_update(fpl_running_hash *running, fpl_bytes data);

/* fpl_hash_digest writes the hash of all taken in so far and returns its length. `running` goes on
 * as if it had not been asked. */
size_t fpl_hash_digest(const fpl_running_hash *running, uint8_t out[FPL_HASH_MAX_LEN]);

/* fpl_hash_copy makes `to` go on from where `from` is. */
void fpl_hash_copy(fpl_running_hash *to, const fpl_running_hash *from);

/* fpl_hash_finish is `fpl_hash_digest` for the last time: `running` must be started anew or wiped. */
size_t fpl_hash_finish(fpl_running_hash *running, uint8_t *out);

/* fpl_hash_wipe erases `running`. */
void fpl_hash_wipe(fpl_running_hash *running);

/* fpl_hash_once hashes `data` and returns the length written, zero if `hash` is not ours. */
size_t fpl_hash_once(fpl_hash hash, fpl_bytes data, uint8_t out[FPL_HASH_MAX_LEN]);

/* fpl_hash_fingerprint writes the SHA-256 of the certificate `der` (RFC 8122 section 5). */
void fpl_hash_fingerprint(fpl_bytes der, uint8_t out[FPL_FINGERPRINT_LEN]);

#endif /* FPL_CRYPTO_HASH_H */
