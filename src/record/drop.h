#ifndef FPL_RECORD_DROP_H
#define FPL_RECORD_DROP_H

/* fpl_drop says why a record was dropped. The reasons feed counters and nothing else: what a peer
 * sees is the same silence for each (RFC 6347 section 4.1.2.7). */
typedef enum fpl_drop {
    FPL_DROP_NONE,      /* not dropped */
    FPL_DROP_NOT_DTLS,  /* no header of ours, or one with a connection ID, of which we agreed to none */
    FPL_DROP_TRUNCATED, /* the header, or its length, goes beyond the datagram */
    FPL_DROP_TYPE,      /* a content type that we do not know, or none */
    FPL_DROP_VERSION,
    FPL_DROP_TOO_LONG,
    FPL_DROP_TOO_SHORT, /* no room for nonce and tag, or nothing to mask a number with */
    FPL_DROP_EPOCH,     /* an epoch without keys, or gone */
    FPL_DROP_REPLAY,
    FPL_DROP_TOO_OLD, /* left of the replay window */
    FPL_DROP_FORGED,  /* not authentic */
    FPL_DROP_COUNT,   /* how many there are; not a reason */
} fpl_drop;

#endif /* FPL_RECORD_DROP_H */
