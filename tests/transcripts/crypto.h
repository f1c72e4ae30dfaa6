/* The peer's own cryptography, straight on libcrypto: if it shared the library's, both could be wrong alike. */
#ifndef FPL_TESTS_TRANSCRIPTS_CRYPTO_H
#define FPL_TESTS_TRANSCRIPTS_CRYPTO_H

#include <openssl/base.h>

#include "transcripts/bytes.h"

/* crypto_prf is PRF(secret, label, seed) of RFC 5246 section 5 with the suite's hash. */
bytes crypto_prf(unsigned suite, bytes secret, const char *label, bytes seed, size_t len);

/* crypto_hash is the suite's hash of `data`; crypto_scheme_hash that of a signature scheme. */
bytes crypto_hash(unsigned suite, bytes data);
bytes crypto_scheme_hash(unsigned scheme, bytes data);

/* crypto_seal makes the body of a protected record, crypto_open takes it apart; false: not authentic. */
typedef struct crypto_keys {
    uint8_t key[32];
    uint8_t iv[12];
} crypto_keys;

size_t crypto_key_len(unsigned suite);
size_t crypto_iv_len(unsigned suite);
bytes  crypto_seal(unsigned suite, const crypto_keys *keys, unsigned type, unsigned version, unsigned epoch, uint64_t seq,
                   bytes plaintext);
bool   crypto_open(unsigned suite, const crypto_keys *keys, unsigned type, unsigned version, unsigned epoch, uint64_t seq,
                   bytes body, bytes *plaintext);

/* An ephemeral key of a group, public and private half. */
typedef struct crypto_share {
    unsigned group;
    uint8_t  x25519[32];
    EC_KEY  *key;
    bytes    public;
} crypto_share;

crypto_share crypto_share_of(unsigned group);
void         crypto_share_free(crypto_share *share);
bool         crypto_agree(const crypto_share *share, bytes peer, bytes *secret);

/* crypto_sign signs the hash of `data` with the hash of `scheme`, whatever the key's curve. */
bytes crypto_sign(EVP_PKEY *key, unsigned scheme, bytes data);
bool  crypto_verify(bytes certificate, unsigned scheme, bytes data, bytes signature);

#endif
