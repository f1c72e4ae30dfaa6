/* What a connection of DTLS 1.3 sent and took, record by record, and what its peer has acknowledged of it. */
#ifndef FPL_TESTS_NET_LEDGER_H
#define FPL_TESTS_NET_LEDGER_H

#include <flightplan/flightplan.h>

#include "net/tap.h"

#define LEDGER_EPOCHS  64
#define LEDGER_FLIGHTS 48
#define LEDGER_RESETS  16

typedef struct ledger_record {
    uint64_t seq;
    uint16_t epoch;
    uint8_t  type;
    uint8_t  flight;  /* of those sent: which, */
    uint16_t message; /* and which part of which message */
    uint32_t from, to;
} ledger_record;

typedef struct ledger_list {
    ledger_record *list;
    size_t         num, cap;
} ledger_list;

/* How one flight is paced: what the timer of its next resend may have been armed at, and for how long. */
typedef struct ledger_flight {
    uint8_t  first_type;
    fpl_time written;        /* any of it, last */
    fpl_time armed;
    fpl_time interval;       /* until the next resend by timer */
    fpl_time other_interval; /* when two readings are possible; 0 = none */
    fpl_time asked;          /* last resend for which the peer gave the reason; FPL_NEVER = none */
    fpl_time resets[LEDGER_RESETS]; /* times of ACKs that may have set the timer back to its beginning */
    unsigned num_resets;
    unsigned by_timer;       /* since the last of them that surely did, */
    unsigned by_timer_at_least, resets_seen; /* since the last of them that may have */
    unsigned records;        /* written at once, the last time */
    bool     in_pieces;      /* begun under the amplification limit: no pace can be told */
} ledger_flight;

typedef struct ledger {
    ledger_list   sent;  /* fragments of handshake messages with keys */
    ledger_list   taken; /* records handed in, genuine ones, of any type; each once */
    uint64_t      next_record[LEDGER_EPOCHS];
    uint16_t      newest_sent, newest_taken; /* epochs */
    fpl_time      newest_taken_at;           /* when its first record came */
    ledger_flight flights[LEDGER_FLIGHTS];
    unsigned      num_flights;
    unsigned      handshake_records_in, acks_out, acks_at_once, updates_out;
    unsigned      timer_acks; /* since the last handshake record came */
    fpl_time      timer_ack_at, timer_ack_interval;
    bool          close_sent;
} ledger;

void ledger_free(ledger *l);

/* ledger_add appends to one of the lists. */
ledger_record *ledger_add(ledger_list *list, uint16_t epoch, uint64_t seq, uint8_t type);

/* ledger_find returns the record of that number, the newest first; NULL if it is not there. */
const ledger_record *ledger_find(const ledger_list *list, uint64_t epoch, uint64_t seq);

/* ledger_find_type is for lists with records of several peers: those of two associations have the same numbers. */
const ledger_record *ledger_find_type(const ledger_list *list, uint64_t epoch, uint64_t seq, uint8_t type);

/* ledger_highest is the highest number of an epoch that was taken, plus one. */
uint64_t ledger_highest(const ledger *l, uint16_t epoch);

#endif
