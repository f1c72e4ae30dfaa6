#ifndef FPL_RECORD_MASK13_H
#define FPL_RECORD_MASK13_H

#include "fpl_registries.h"
#include <openssl/aes.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "crypto/bytes.h"
#include "crypto/status.h"

#define FPL_MASK13_SAMPLE_LEN 16

/* fpl_mask13 hides the record numbers of one direction of one epoch (RFC 9147 section 4.2.3). It is
 * held by value. Zeroed, it may be wiped. */
typedef struct fpl_mask13 {
    union {
        AES_KEY aes;
        uint8_t chacha[FPL_AEAD_MAX_KEY_LEN];
    } key;
    fpl_aead aead;
} fpl_mask13;

/* fpl_mask13_init sets `mask` up for records of `aead`. `sn_key` has exactly `fpl_aead_key_length`
 * bytes and is copied. It fails only for arguments of another kind; then `mask` is zeroed. */
fpl_status fpl_mask13_init(fpl_mask13 *mask, fpl_aead aead, fpl_bytes sn_key);

/* fpl_mask13_make returns what a 16-bit record number is to be XORed with, and in its high octet that
 * of an 8-bit one. `sample` is the start of the record's ciphertext. */
uint16_t fpl_mask13_make(const fpl_mask13 *mask, const uint8_t sample[FPL_MASK13_SAMPLE_LEN]);

/* fpl_mask13_wipe erases `mask` and leaves it zeroed. */
void fpl_mask13_wipe(fpl_mask13 *mask);

#endif /* FPL_RECORD_MASK13_H */
