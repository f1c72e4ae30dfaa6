/* The peer's own cryptography of DTLS 1.3: key schedule and record protection, straight on libcrypto. */
#ifndef FPL_TESTS_TRANSCRIPTS_CRYPTO13_H
#define FPL_TESTS_TRANSCRIPTS_CRYPTO13_H

#include "transcripts/bytes.h"

/* HKDF-Extract, and HKDF-Expand-Label with the prefix "dtls13" (RFC 8446 section 7.1, RFC 9147 section 5.9), with
 * the suite's hash. */
bytes crypto13_extract(unsigned suite, bytes salt, bytes material);
bytes crypto13_expand(unsigned suite, bytes secret, const char *label, bytes context, size_t len);

/* crypto13_derive is Derive-Secret over `messages`. */
bytes crypto13_derive(unsigned suite, bytes secret, const char *label, bytes messages);

/* crypto13_verify_data is what a Finished says that was sent under the traffic secret `secret` after `messages`. */
bytes crypto13_verify_data(unsigned suite, bytes secret, bytes messages);

/* crypto13_proof_input is what CertificateVerify signs (RFC 8446 section 4.4.3). */
bytes crypto13_proof_input(unsigned suite, bool of_client, bytes messages);

/* What protects the records of one direction of one epoch. */
typedef struct crypto13_keys {
    uint8_t key[32];
    uint8_t iv[12];
    uint8_t sn[32];
} crypto13_keys;

crypto13_keys crypto13_keys_of(unsigned suite, bytes secret);

enum { /* first octet of the unified header, RFC 9147 section 4 */
    UNIFIED = 0x20,
    UNIFIED_CID = 0x10,
    UNIFIED_LONG = 0x08,
    UNIFIED_LENGTH = 0x04,
    UNIFIED_USUAL = UNIFIED | UNIFIED_LONG | UNIFIED_LENGTH
};

/* crypto13_seal makes a whole record. `inner` is content, type and padding, or what a scenario likes instead;
 * `form` is the first octet without the epoch's bits. */
bytes crypto13_seal(unsigned suite, const crypto13_keys *keys, unsigned form, unsigned epoch, uint64_t seq, bytes inner);

/* crypto13_open opens the record of `len` octets at `record`, whose number is the one nearest to `next`; false: not
 * authentic. */
bool crypto13_open(unsigned suite, const crypto13_keys *keys, const uint8_t *record, size_t header_len, size_t len,
                   uint64_t next, uint64_t *seq, bytes *inner);

#endif
