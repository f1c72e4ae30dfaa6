#ifndef FPL_RECORD_EPOCHS13_H
#define FPL_RECORD_EPOCHS13_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fpl_limits.h"
#include "record/epoch13.h"

/* How many can be read at once: epoch 2 while the peer may repeat its last flight, the one in use, those before it while
 * records of them may be under way. */
#define FPL_READ_EPOCHS13 FPL_LIMIT_VALUE_READ_EPOCHS

/* fpl_read_epochs13 is the epochs that can be read, newest first. No two have the same low bits, so a
 * header names one of them or none. Zeroed, there is none. */
typedef struct fpl_read_epochs13 {
    fpl_read_epoch13 list[FPL_READ_EPOCHS13];
    size_t num;
} fpl_read_epochs13;

/* fpl_read_epochs13_add begins epoch `number`, which must be newer than all others, or it returns false
 * and nothing has changed. The epoch with the same low bits goes: `*gone` is its key, wiped and the
 * caller's again, or NULL. */
bool fpl_read_epochs13_add(fpl_read_epochs13 *epochs, uint16_t number, fpl_protect13_key *key,
                           fpl_protect13_key **gone);

/* fpl_read_epochs13_find returns the epoch whose two low bits are `epoch_bits`, and NULL if there is
 * none. It lives until epochs are added or removed. */
fpl_read_epoch13 *fpl_read_epochs13_find(fpl_read_epochs13 *epochs, uint8_t epoch_bits);

/* fpl_read_epochs13_remove ends epoch `number` and returns its key, wiped and the caller's again, and NULL
 * if there is no such epoch. */
fpl_protect13_key *fpl_read_epochs13_remove(fpl_read_epochs13 *epochs, uint16_t number);

#endif /* FPL_RECORD_EPOCHS13_H */
