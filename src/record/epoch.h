#ifndef FPL_RECORD_EPOCH_H
#define FPL_RECORD_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "record/replay.h"

/* fpl_read_epoch is one epoch of what the peer sends. `key` is the caller's, outlives the epoch or
 * its wipe, and is NULL where records are plaintext: an epoch 0 does not pay for the room of a key. */
typedef struct fpl_read_epoch {
    fpl_aead_key *key;
    fpl_replay replay;
    uint64_t forgeries; /* records that were not authentic, RFC 9147 section 4.5.3 */
    uint16_t number;
} fpl_read_epoch;

/* fpl_write_epoch is one epoch of what we send; `key` as above. */
typedef struct fpl_write_epoch {
    fpl_aead_key *key;
    uint64_t next_seq;
    uint16_t number;
} fpl_write_epoch;

/* fpl_read_epoch_init begins epoch `number`. */
void fpl_read_epoch_init(fpl_read_epoch *epoch, uint16_t number, fpl_aead_key *key);

/* fpl_write_epoch_init begins epoch `number` with record number zero. */
void fpl_write_epoch_init(fpl_write_epoch *epoch, uint16_t number, fpl_aead_key *key);

/* fpl_read_epoch_forgery_limit returns whether `limit` forgeries were counted: the keys must no
 * longer be used (RFC 9147 section 4.5.3). */
bool fpl_read_epoch_forgery_limit(const fpl_read_epoch *epoch, uint64_t limit);

/* fpl_write_epoch_seal_limit returns whether `limit` records were sealed or all record numbers are
 * used up: nothing more may be sent under these keys (RFC 8446 section 5.5). */
bool fpl_write_epoch_seal_limit(const fpl_write_epoch *epoch, uint64_t limit);

/* fpl_write_epoch_seal_soon returns whether that is at most `margin` records away: the time to renew
 * the keys. */
bool fpl_write_epoch_seal_soon(const fpl_write_epoch *epoch, uint64_t limit, uint64_t margin);

/* fpl_read_epoch_wipe erases the key, if there is one, and zeroes `epoch`. */
void fpl_read_epoch_wipe(fpl_read_epoch *epoch);

/* fpl_write_epoch_wipe erases the key, if there is one, and zeroes `epoch`. */
void fpl_write_epoch_wipe(fpl_write_epoch *epoch);

#endif /* FPL_RECORD_EPOCH_H */
