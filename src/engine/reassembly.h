/* Putting handshake messages together from fragments (RFC 6347 section 4.2.3).
 *
 * Slots are keyed by (message_seq, epoch). Which octets have come is kept as a bitmap, so any boundaries,
 * overlaps and order will do. In epoch 0, where anybody can forge, two candidates per message are kept: a
 * fragment that contradicts both replaces the older incomplete one, and the first whole one is delivered. */
#ifndef FPL_ENGINE_REASSEMBLY_H
#define FPL_ENGINE_REASSEMBLY_H

#include "engine/memory.h"
#include "fpl_limits.h"

/* fpl_spans is a set of octets as sorted, disjoint intervals [from, to): small, for where the octets
 * themselves are not kept. */
typedef struct fpl_spans {
    uint32_t from[FPL_LIMIT_VALUE_FRAGMENT_PIECES];
    uint32_t to[FPL_LIMIT_VALUE_FRAGMENT_PIECES];
    uint8_t  num;
} fpl_spans;

/* fpl_spans_add adds [from, to). False when the set would get too many pieces; it is unchanged then. */
bool fpl_spans_add(fpl_spans *spans, uint32_t from, uint32_t to);

/* fpl_spans_whole tells that [0, len) is covered; an empty message is whole at once. */
bool fpl_spans_whole(const fpl_spans *spans, uint32_t len);

/* fpl_fragment is one fragment as it stands in a record. */
typedef struct fpl_fragment {
    uint8_t   type;
    uint32_t  total; /* length of the message */
    uint16_t  seq;
    uint32_t  offset;
    fpl_bytes body;
    uint16_t  epoch;
    bool      rest_follows; /* more of the same record comes behind it */
} fpl_fragment;

/* fpl_candidate is one way the message at a slot may come out. */
typedef struct fpl_candidate {
    uint8_t  *bytes; /* `total` octets, and behind them a bit for each that has come */
    uint32_t  have;  /* how many have */
    uint32_t  total;
    uint8_t   type;
    bool      used;
    bool      whole;
    bool      rest_follows; /* behind the fragment that completed it */
    uint32_t  age;          /* larger = newer */
} fpl_candidate;

typedef struct fpl_slot {
    bool          used;
    uint16_t      seq;
    uint16_t      epoch;
    fpl_candidate candidates[2];
} fpl_slot;

typedef struct fpl_reassembly {
    fpl_slot *slots; /* FPL_LIMIT_VALUE_REASSEMBLY_SLOTS of them, made when the first is needed */
    uint32_t  age;
    size_t    bytes; /* held by all candidates */
} fpl_reassembly;

typedef enum fpl_reassembled {
    FPL_REASSEMBLY_NONE,
    FPL_REASSEMBLY_KEPT,
    FPL_REASSEMBLY_FULL,      /* a bound was reached: dropped, and not to be acknowledged */
    FPL_REASSEMBLY_CONFLICT,  /* contradicts what came before, under keys */
    FPL_REASSEMBLY_NO_MEMORY,
} fpl_reassembled;

/* fpl_reassembly_add keeps one well-formed fragment (offset + length within total, total within the
 * message limit, message_seq within the window). `byte_limit` bounds all candidates together: where they would
 * go beyond it, what is needed later gives way. */
fpl_reassembled fpl_reassembly_add(const fpl_config *config, fpl_reassembly *reassembly, const fpl_fragment *fragment,
                                   size_t byte_limit);

/* fpl_reassembly_whole finds the message `seq` of `epoch`, if it is whole; the candidate lives until
 * fpl_reassembly_drop. */
const fpl_candidate *fpl_reassembly_whole(const fpl_reassembly *reassembly, uint16_t seq, uint16_t epoch);

/* fpl_reassembly_prefix is how many octets of the message `seq` of `epoch` have come without a gap. */
uint32_t fpl_reassembly_prefix(const fpl_reassembly *reassembly, uint16_t seq, uint16_t epoch);

/* fpl_reassembly_drop frees everything kept for `seq`, whatever its epoch. */
void fpl_reassembly_drop(const fpl_config *config, fpl_reassembly *reassembly, uint16_t seq);

/* fpl_reassembly_drop_epoch frees everything kept for `epoch`, whatever its number. */
void fpl_reassembly_drop_epoch(const fpl_config *config, fpl_reassembly *reassembly, uint16_t epoch);

/* fpl_reassembly_free frees all. */
void fpl_reassembly_free(const fpl_config *config, fpl_reassembly *reassembly);

#endif
