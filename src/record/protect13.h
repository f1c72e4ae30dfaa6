#ifndef FPL_RECORD_PROTECT13_H
#define FPL_RECORD_PROTECT13_H

#include <flightplan/registries.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "crypto/schedule13.h"
#include "record/drop.h"
#include "record/header13.h"
#include "record/mask13.h"

/* What a record adds to its content: the header, the octet of its type, and the tag. */
#define FPL_PROTECT13_PREFIX FPL_HEADER13_LEN
#define FPL_PROTECT13_OVERHEAD (FPL_HEADER13_LEN + 1 + FPL_AEAD_TAG_LEN)

/* fpl_protect13_key is what protects one direction of one epoch: the records, and their numbers. It is
 * held by value: the record path allocates nothing. Zeroed, it may be wiped. It must not be copied
 * once initialised. */
typedef struct fpl_protect13_key {
    fpl_aead_key aead;
    fpl_mask13 mask;
} fpl_protect13_key;

/* fpl_plain13 is what was in a record; `content` points into its body. */
typedef struct fpl_plain13 {
    uint8_t *content;
    size_t len;
    uint64_t seq;
    fpl_content_type type;
} fpl_plain13;

/* fpl_protect13_init sets `key` up with `keys`, which are not needed afterwards. On failure `key` is
 * zeroed. */
fpl_status fpl_protect13_init(fpl_protect13_key *key, const fpl_traffic_keys13 *keys);

/* fpl_protect13_seal makes a record in place. The `len` bytes of content lie at `record` +
 * `FPL_PROTECT13_PREFIX`; `padding` zeros are put behind them and their type (RFC 8446 section 5.4);
 * content and padding together are at most `FPL_RECORD_MAX_PLAINTEXT`. `cap` bytes from `record` on may
 * be written, `FPL_PROTECT13_OVERHEAD` more than these two. The nonce is made of `seq`, which must not
 * be used twice under one key. It returns the length of the record, or zero if `cap`, `type` or the
 * lengths do not fit or libcrypto fails. */
size_t fpl_protect13_seal(const fpl_protect13_key *key, fpl_content_type type, uint16_t epoch, uint64_t seq,
                          uint8_t *record, size_t len, size_t padding, size_t cap);

/* fpl_protect13_open unmasks the number of `record` and decrypts its body in place; the header stays as
 * it came. `next` is one more than the highest number received in that epoch. It returns
 * `FPL_DROP_NONE` and sets `*out`, or says why the record is to be dropped. An authentic record is
 * dropped too if it has no content type, or one that no record may have inside (RFC 9147 section 4.1). */
fpl_drop fpl_protect13_open(const fpl_protect13_key *key, const fpl_record13 *record, uint64_t next,
                            fpl_plain13 *out);

/* fpl_protect13_wipe erases `key` and leaves it zeroed. */
void fpl_protect13_wipe(fpl_protect13_key *key);

#endif /* FPL_RECORD_PROTECT13_H */
