#ifndef FPL_CRYPTO_AEAD_H
#define FPL_CRYPTO_AEAD_H

#include "fpl_registries.h"
#include <openssl/aead.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/status.h"

#define FPL_AEAD_NONCE_LEN 12
#define FPL_AEAD_TAG_LEN 16
#define FPL_AEAD_MAX_KEY_LEN 32

/* fpl_aead_key is the key of one direction of one epoch, with the fixed part of its nonces. It is
 * held by value: the record path allocates nothing. Zeroed, it is an unused key which may be wiped.
 * It must not be copied once initialised. */
typedef struct fpl_aead_key {
    EVP_AEAD_CTX ctx;
    uint8_t iv[FPL_AEAD_NONCE_LEN]; /* left-aligned, the rest zero */
    uint8_t explicit_len;           /* of DTLS 1.2: 8 for GCM, else 0 */
    fpl_aead aead;
} fpl_aead_key;

/* fpl_aead_key_length returns the length of a key of `aead`, and zero if `aead` is not ours. */
size_t fpl_aead_key_length(fpl_aead aead);

/* fpl_aead_fixed_iv_length returns how many bytes of IV the DTLS 1.2 key block has for `aead`: 4 for
 * GCM (RFC 5288 section 3), 12 for ChaCha20-Poly1305 (RFC 7905 section 2), zero if `aead` is not
 * ours. */
size_t fpl_aead_fixed_iv_length(fpl_aead aead);

/* fpl_aead_explicit_nonce_length returns how many bytes of nonce a DTLS 1.2 record carries: 8 for
 * GCM, 0 for ChaCha20-Poly1305. */
size_t fpl_aead_explicit_nonce_length(fpl_aead aead);

/* fpl_aead_tag_length returns what sealing adds behind the plaintext, and zero if `aead` is not
 * ours. */
size_t fpl_aead_tag_length(fpl_aead aead);

/* fpl_aead_init sets `key` up. `secret` has exactly `fpl_aead_key_length` bytes and `iv` at most
 * `FPL_AEAD_NONCE_LEN`; both are copied. On failure `key` is zeroed. */
fpl_status fpl_aead_init(fpl_aead_key *key, fpl_aead aead, fpl_bytes secret, fpl_bytes iv);

/* fpl_aead_seal encrypts the `len` bytes at `data` in place and appends the tag. It returns the
 * sealed length, or zero without having written when `cap` has no room for the tag, or when
 * libcrypto fails; then `data` must not be sent. */
size_t fpl_aead_seal(const fpl_aead_key *key, const uint8_t nonce[FPL_AEAD_NONCE_LEN], fpl_bytes ad,
                     uint8_t *data, size_t len, size_t cap);

/* fpl_aead_open decrypts the `len` bytes at `data`, tag included, in place. It returns true and sets
 * `*out_len` to the length of the plaintext, or false when the bytes are not authentic; `data` is
 * then spoilt. */
bool fpl_aead_open(const fpl_aead_key *key, const uint8_t nonce[FPL_AEAD_NONCE_LEN], fpl_bytes ad,
                   uint8_t *data, size_t len, size_t *out_len);

/* fpl_aead_wipe erases `key` and leaves it zeroed. */
void fpl_aead_wipe(fpl_aead_key *key);

#endif /* FPL_CRYPTO_AEAD_H */
