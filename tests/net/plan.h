/* What one seed stands for: two ends, the two directions between them, and what the applications do. */
#ifndef FPL_TESTS_NET_PLAN_H
#define FPL_TESTS_NET_PLAN_H

#include <flightplan/flightplan.h>
#include <stdio.h>

#include "common/credential.h"

enum { CLIENT, SERVER, NUM_SIDES };

typedef enum plan_mode {
    MODE_NONE,
    MODE_A, /* the network is bad but not hopeless: every handshake has to complete */
    MODE_B  /* the network may lose everything: complete, or time out after every resend was made */
} plan_mode;

typedef enum plan_door {
    DOOR_NONE,
    DOOR_COOKIE, /* a listener that asks for a cookie */
    DOOR_OPEN,   /* a listener that does not */
    DOOR_BARE    /* a connection of its own, as behind ICE */
} plan_door;

typedef enum plan_trust {
    TRUST_NONE,
    TRUST_ASK,       /* the application judges, after a while */
    TRUST_PIN_EARLY, /* the fingerprint is known before the handshake */
    TRUST_PIN_LATE,  /* it comes while the handshake waits for it */
    TRUST_NOTIFY
} plan_trust;

/* Which versions the ends of a run allow. */
typedef enum plan_versions {
    VERSIONS_NONE,
    VERSIONS_12,
    VERSIONS_13,
    VERSIONS_MIXED, /* 1.2, 1.3 or both at either end */
    NUM_VERSIONS
} plan_versions;

#define PLAN_SUITES 6
#define PLAN_GROUPS 4

typedef struct plan_side {
    unsigned         versions;   /* FPL_VERSIONS_... */
    credential_id    credential; /* CREDENTIAL_NONE: a client with nothing to show */
    fpl_cipher_suite suites[PLAN_SUITES]; /* those of both versions */
    size_t           num_suites;
    fpl_named_group  groups[PLAN_GROUPS];
    size_t           num_groups;
    plan_trust       trust;
    fpl_time         judge_after;
    bool             external; /* the private key is elsewhere */
    fpl_time         sign_after;
    size_t           mtu;
    size_t           later_mtu;     /* what the application learns while the handshake goes on; 0 = nothing */
    fpl_time         later_mtu_at;
    bool             tight_buffers; /* polls with too small a buffer first, always */
    unsigned         messages;      /* of application data */
    fpl_time         spacing;       /* between two of them, at most */
    unsigned         updates;       /* of keys, asked for by the application (DTLS 1.3) */
    uint64_t         seal_records;  /* low enough that keys must be renewed; 0 = the default */
    bool             answers_close; /* goes on for a while when the peer has closed, then closes too (DTLS 1.3) */
} plan_side;

/* One direction of the path, named by its sender. */
typedef struct plan_path {
    unsigned loss;      /* percent */
    unsigned duplicate; /* percent */
    fpl_time delay;     /* at least */
    fpl_time jitter;    /* at most this much more; larger than the spacing of datagrams, it reorders */
    size_t   mtu;       /* larger datagrams vanish; 0 = all fit */
    unsigned junk;      /* percent of datagrams that a stranger sends one beside */
    unsigned replay;    /* percent of datagrams beside which an old one comes again */
    unsigned spoilt;    /* percent of protected datagrams beside which a copy with changed bits comes */
} plan_path;

typedef struct plan {
    uint64_t        seed;
    plan_mode       mode;
    plan_door       door;
    bool            webrtc;
    bool            validated; /* without a cookie: the application vouches for the address */
    fpl_client_auth client_auth;
    bool            srtp;
    bool            closes;      /* one end closes; else both just stop */
    int             closer;
    bool            losses_are_counted_in_all; /* mode A: five losses of a content altogether, not just in a row */
    bool            updates_together; /* both ends renew keys in the same millisecond, once */
    fpl_time        cookie_lifetime;
    fpl_time        resend_initial;
    fpl_time        resend_maximum;
    unsigned        resend_times;
    fpl_time        deadline;
    plan_side       side[NUM_SIDES];
    plan_path       path[NUM_SIDES];
} plan;

/* Longest run of losses of one content that mode A allows. */
#define PLAN_LOSSES_IN_A_ROW 5

/* plan_make draws a plan. The same seed, mode and versions always make the same. */
void plan_make(plan *p, uint64_t seed, plan_mode mode, plan_versions versions);

/* plan_plain is a plan without any trouble, for sweeps that make their own. */
void plan_plain(plan *p, uint64_t seed, plan_versions versions);

/* plan_version is what both ends must come to agree on: FPL_DTLS12, FPL_DTLS13, or 0 when they cannot. */
uint16_t plan_version(const plan *p);

/* plan_has_hybrid tells whether libcrypto has ML-KEM: X25519MLKEM768 is planned with only then. */
bool plan_has_hybrid(void);

/* plan_limited tells whether the server is held to the amplification limit. */
bool plan_limited(const plan *p);

/* plan_print writes the plan for a reader of a failing seed. */
void plan_print(const plan *p, FILE *out);

#endif
