#ifndef FPL_RECORD_REPLAY_H
#define FPL_RECORD_REPLAY_H

#include <stdint.h>

#include "record/drop.h"

#define FPL_REPLAY_WINDOW 64

/* fpl_replay remembers the record numbers of one epoch (RFC 6347 section 4.1.2.6, RFC 9147 section
 * 4.5.1). Zeroed, it has seen none. */
typedef struct fpl_replay {
    uint64_t seen; /* bit i: `next` - 1 - i was received */
    uint64_t next; /* one more than the highest number received */
} fpl_replay;

/* fpl_replay_check returns `FPL_DROP_NONE` if `seq` is new, else `FPL_DROP_REPLAY` or
 * `FPL_DROP_TOO_OLD`. It changes nothing: a forgery must not move the window. */
fpl_drop fpl_replay_check(const fpl_replay *replay, uint64_t seq);

/* fpl_replay_commit remembers `seq`, which passed the check and whose record is authentic. */
void fpl_replay_commit(fpl_replay *replay, uint64_t seq);

#endif /* FPL_RECORD_REPLAY_H */
