#ifndef FPL_RECORD_EPOCH13_H
#define FPL_RECORD_EPOCH13_H

#include <flightplan/registries.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/drop.h"
#include "record/protect13.h"
#include "record/replay.h"
#include "record/seal.h"

/* Protected epochs of DTLS 1.3. Epoch 0 is plaintext and has `record/epoch12.h`. Numbers have 16 bits:
 * the association ends before they wrap, which 65,532 key updates take (RFC 9147 section 8). */

/* fpl_read_epoch13 is one epoch of what the peer sends. `key` is the caller's and outlives the epoch or
 * its wipe. */
typedef struct fpl_read_epoch13 {
    fpl_protect13_key *key;
    fpl_replay replay;
    uint64_t forgeries; /* records that were not authentic */
    uint16_t number;
} fpl_read_epoch13;

/* fpl_write_epoch13 is one epoch of what we send; `key` as above. */
typedef struct fpl_write_epoch13 {
    fpl_protect13_key *key;
    uint64_t next_seq;
    uint16_t number;
} fpl_write_epoch13;

/* fpl_read_epoch13_init begins epoch `number`. */
void fpl_read_epoch13_init(fpl_read_epoch13 *epoch, uint16_t number, fpl_protect13_key *key);

/* fpl_write_epoch13_init begins epoch `number` with record number zero. */
void fpl_write_epoch13_init(fpl_write_epoch13 *epoch, uint16_t number, fpl_protect13_key *key);

/* fpl_epoch13_seal makes the next record of `epoch` in place. The `len` bytes of content lie at
 * `record` + `FPL_PROTECT13_PREFIX`, `padding` zeros are added to them; `cap` bytes from `record` on
 * may be written. `*out_len` is the length of the record, `FPL_PROTECT13_OVERHEAD` more than content and
 * padding. Numbers end at `FPL_RECORD_MAX_SEQ`, as in DTLS 1.2, far beyond what any AEAD may seal. */
fpl_seal fpl_epoch13_seal(fpl_write_epoch13 *epoch, fpl_content_type type, uint8_t *record, size_t len,
                          size_t padding, size_t cap, size_t *out_len);

/* fpl_epoch13_open judges `record`, whose epoch is `epoch`: authenticity, then the replay window, which
 * only a record that passed moves. The other order would let the time that a record takes tell its
 * number (RFC 9147 section 4.5.1). It returns `FPL_DROP_NONE` and sets `*out`, or says why the record is
 * dropped; `record`'s body is then spoilt. */
fpl_drop fpl_epoch13_open(fpl_read_epoch13 *epoch, const fpl_record13 *record, fpl_plain13 *out);

/* The usage limits of RFC 9147 section 4.5.3 and RFC 8446 section 5.5, counted per key. The functions
 * on `limit` alone say that the keys must no longer be used; those with a `margin` that this is at most
 * so many records away: the time to renew them. */

/* fpl_read_epoch13_forgery_limit returns whether `limit` forgeries were counted. */
bool fpl_read_epoch13_forgery_limit(const fpl_read_epoch13 *epoch, uint64_t limit);

/* fpl_read_epoch13_forgery_soon returns whether `limit` is at most `margin` forgeries away. */
bool fpl_read_epoch13_forgery_soon(const fpl_read_epoch13 *epoch, uint64_t limit, uint64_t margin);

/* fpl_write_epoch13_seal_limit returns whether `limit` records were sealed or all record numbers are
 * used up. */
bool fpl_write_epoch13_seal_limit(const fpl_write_epoch13 *epoch, uint64_t limit);

/* fpl_write_epoch13_seal_soon returns whether that is at most `margin` records away. */
bool fpl_write_epoch13_seal_soon(const fpl_write_epoch13 *epoch, uint64_t limit, uint64_t margin);

/* fpl_read_epoch13_wipe erases the key, if there is one, and zeroes `epoch`. */
void fpl_read_epoch13_wipe(fpl_read_epoch13 *epoch);

/* fpl_write_epoch13_wipe erases the key, if there is one, and zeroes `epoch`. */
void fpl_write_epoch13_wipe(fpl_write_epoch13 *epoch);

#endif /* FPL_RECORD_EPOCH13_H */
