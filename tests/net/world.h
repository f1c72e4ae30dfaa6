/* Two ends, the network between them, one clock. Everything that happens, happens in the order of that
 * clock, and an end is woken only by a datagram, by its application, or by the deadline it has told. */
#ifndef FPL_TESTS_NET_WORLD_H
#define FPL_TESTS_NET_WORLD_H

#include <flightplan/flightplan.h>

#include "common/rng.h"
#include "net/ledger.h"
#include "net/network.h"
#include "net/plan.h"

typedef struct world world;
typedef struct end   end;

#define ASSOC_EXPORT 40
#define ASSOC_MAX_DATA 2048
#define ASSOC_MAX_SRTP 96

/* How an end came to send what it sends. */
typedef enum cause { CAUSE_NONE, CAUSE_PACKET, CAUSE_TIMER, CAUSE_APPLICATION, CAUSE_SIGNATURE } cause;

/* What the oracle keeps of one side's handshake traffic: see oracle.c. */
typedef struct pace {
    bool     running;
    unsigned flight;    /* the lowest message_seq of the flight being sent; PACE_LAST for CCS and Finished alone */
    unsigned highest;
    fpl_time written;   /* when it was last sent, for whatever reason */
    fpl_time asked;     /* when it was last sent because the peer asked; FPL_NEVER = never */
    fpl_time interval;  /* until the next resend by timer */
    unsigned by_timer;
    unsigned by_timer_in_all;
} pace;

typedef struct sent_message {
    uint32_t total;
    uint16_t epoch;
    uint8_t  type;
    uint8_t  flight; /* DTLS 1.3: which it belongs to */
    uint8_t  bytes[NETWORK_BYTES];
    bool     known[NETWORK_BYTES];
    bool     acked[NETWORK_BYTES]; /* the peer has surely said so */
    bool     named;                /* some of it may have been acknowledged */
} sent_message;

/* One connection of an end, and what it has said. A listener may come to have several for one client. */
typedef struct assoc {
    struct assoc *next;
    end          *end;
    fpl_conn     *conn;
    unsigned      id;
    bool          first; /* of its end */
    bool          connected, failed, closed, peer_closed, keyed, validated, abandoned;
    bool          we_closed;  /* the application did */
    bool          is13;       /* it has sent or taken a protected record of DTLS 1.3 */
    unsigned      certificates;
    fpl_time      started, connected_at, failed_at, deadline;
    bool          signing, pinned;
    uint8_t       digest[64];
    size_t        digest_len;
    uint8_t       peer_certificate[32]; /* fingerprint of the leaf that was reported */
    fpl_srtp_protection_profile profile;
    uint8_t       srtp[ASSOC_MAX_SRTP];
    size_t        srtp_len;
    uint8_t       exported[ASSOC_EXPORT];
    bool          has_exported;
    uint16_t         version;
    fpl_cipher_suite suite;
    fpl_named_group  group;
    bool             ems;
    fpl_srtp_protection_profile srtp_profile;
    uint8_t          peer_fingerprint[32];
    fpl_result       fingerprint_result;
    fpl_explanation end_reason;
    unsigned      messages_sent;
    bool          got[ASSOC_MAX_DATA];
    unsigned      messages_got, data_events;
    uint64_t      seen[4]; /* the peer's epoch-1 record numbers below 256 that were handed in */
    uint64_t      highest_seen;
    uint64_t      next_record[2]; /* of ours, by epoch: they only grow; DTLS 1.3 has its own below */
    uint64_t      datagrams_out, datagrams_in, records_out, bytes_out, bytes_in;
    pace          pace;
    tap           tap;
    ledger        ledger;
    sent_message *sent[NETWORK_MESSAGES];
} assoc;

/* What an end has allocated. */
typedef struct end_memory {
    size_t live, most;
} end_memory;

struct end {
    world        *world;
    end_memory    memory; /* unless a sweep brings its own allocator */
    int           side;
    fpl_config   *config;
    fpl_listener *listener;
    assoc        *assocs; /* the first one is the last of the list */
    fpl_time      deadline;
    size_t        mtu;    /* of the first association, as the library was told last */
    rng           random; /* what the library draws from */
    rng           choices;
    uint64_t      strangers_in, strangers_out; /* bytes that a listener was sent, and answered, without a connection */
    uint64_t      pieces, piece_bytes; /* of those, since the last connection: pieces of its hello, it may be */
    unsigned      idle_wakes; /* deadlines in a row that brought nothing, not even a later deadline */
};

/* What sweeps of faults may put between the world and the library. Zeroed: nothing. */
typedef struct hooks {
    const fpl_allocator *allocator[NUM_SIDES];
    fpl_random_fn        random;
    void                *random_arg;
    fpl_time (*warp)(void *arg, int side, fpl_time now); /* the clock an end is shown */
    void    *warp_arg;
    network_fate_fn fate; /* decides what is lost or late, in place of chance */
    void           *fate_arg;
    unsigned stop_after;    /* calls into the library after which everything is freed; 0 = never */
    bool     faults;        /* internal failures and time-outs are fine; disagreement never is */
} hooks;

typedef enum chore_kind {
    CHORE_NONE,
    CHORE_START,
    CHORE_JUDGE,
    CHORE_SIGN,
    CHORE_SEND,
    CHORE_CLOSE,
    CHORE_UPDATE,
    CHORE_SET_MTU
} chore_kind;

typedef struct chore {
    fpl_time   at;
    chore_kind kind;
    end       *end;
    unsigned   assoc; /* its id: a connection's address may be another's later */
    size_t     value;
} chore;

struct world {
    const plan  *plan;
    const hooks *hooks;
    bool         verbose;
    fpl_time     now;
    network     *network;
    tap_log      log;
    end          ends[NUM_SIDES];
    rng          rng;
    chore       *chores;
    size_t       num_chores, cap_chores;
    unsigned     calls; /* into the library */
    unsigned     assocs;
    bool         stopped;
    bool         broken; /* an assertion failed; `complaint` says which */
    char         complaint[400];
};

typedef enum world_outcome {
    OUTCOME_NONE,
    OUTCOME_COMPLETE,  /* both ends were connected and agreed */
    OUTCOME_TIMED_OUT, /* at least one gave up, after all it is meant to do first */
    OUTCOME_REFUSED,   /* they have no version in common, and neither was connected */
    OUTCOME_FAULT,     /* a fault that was put in ended it */
    OUTCOME_BROKEN
} world_outcome;

typedef struct world_result {
    world_outcome outcome;
    char          complaint[400];
    bool          opened;   /* both ends could be made at all */
    bool          internal; /* an end says that it failed for an internal reason */
    fpl_time      connected_at; /* the later end */
    unsigned      calls;
    unsigned      resends;      /* by timer, both ends */
    uint16_t      version;      /* agreed on */
    fpl_time      ended_at;     /* when nothing was left to happen */
    size_t        most_memory[NUM_SIDES];
    uint64_t      datagrams, dropped, data_sent, data_got, updates, acks;
} world_result;

/* world_run plays one plan to its end. */
world_result world_run(const plan *p, const hooks *hooks, bool verbose);

/* world_complain records the first broken assertion. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void world_complain(world *w, const char *format, ...);

/* world_log writes a line of the story if somebody reads it. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void world_log(const world *w, int side, const char *format, ...);

/* world_schedule has an application do something `after` from now. */
void world_schedule(world *w, fpl_time after, chore_kind kind, end *e, unsigned assoc, size_t value);

/* world_called counts a call into the library; when the plan is to stop there, it says so. */
void world_called(world *w);

/* world_clock is the time that `side` is shown. */
fpl_time world_clock(const world *w, int side);

#endif
