#ifndef FPL_RECORD_PROTECT12_H
#define FPL_RECORD_PROTECT12_H

#include <flightplan/registries.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "record/drop.h"
#include "record/header12.h"

/* fpl_protect12_prefix returns how many bytes of a record go before the plaintext: the header and
 * the explicit nonce of `key`; NULL means a plaintext record. */
static inline size_t fpl_protect12_prefix(const fpl_aead_key *key)
{
    return FPL_HEADER12_LEN + (key == NULL ? 0 : (size_t)key->explicit_len);
}

/* fpl_protect12_overhead returns what a record adds to its plaintext, before and behind it; NULL
 * means a plaintext record. */
static inline size_t fpl_protect12_overhead(const fpl_aead_key *key)
{
    return fpl_protect12_prefix(key) + (key == NULL ? 0 : FPL_AEAD_TAG_LEN);
}

/* fpl_protect12_seal makes a record in place. The `len` bytes of plaintext, at most
 * `FPL_RECORD_MAX_PLAINTEXT`, lie at `record` + `fpl_protect12_prefix`; `cap` bytes from `record` on
 * may be written. The nonce is made of `epoch` and `seq` and never of chance (RFC 5288 section 3,
 * RFC 7905 section 2): a pair must not be used twice under one key. It returns the length of the
 * record, or zero if `cap` or `len` does not fit or libcrypto fails. */
size_t fpl_protect12_seal(const fpl_aead_key *key, fpl_content_type type, uint16_t epoch, uint64_t seq,
                          uint8_t *record, size_t len, size_t cap);

/* fpl_protect12_open decrypts the body of `record` in place. It returns `FPL_DROP_NONE` and sets
 * `*out` and `*out_len` to the plaintext within that body, or says why the record is to be dropped. */
fpl_drop fpl_protect12_open(const fpl_aead_key *key, const fpl_record12 *record, uint8_t **out,
                            size_t *out_len);

#endif /* FPL_RECORD_PROTECT12_H */
