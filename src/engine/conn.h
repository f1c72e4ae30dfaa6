/* One end of an association: everything the engine, the record layer and the steps know of it.
 *
 * The handshake part (fpl_handshake) is freed once the handshake is over; what an idle connection needs
 * stands in fpl_conn itself. The states of the machines are written by interpret.c only. */
#ifndef FPL_ENGINE_CONN_H
#define FPL_ENGINE_CONN_H

#include <flightplan/flightplan.h>

#include "api/config.h"
#include "crypto/certificate.h"
#include "crypto/kx.h"
#include "crypto/prf.h"
#include "crypto/schedule13.h"
#include "crypto/sign.h"
#include "engine/extensions.h"
#include "engine/memory.h"
#include "engine/reassembly.h"
#include "engine/table.h"
#include "engine/transcript.h"
#include "fpl_extensions.h"
#include "fpl_limits.h"
#include "fpl_machines.h"
#include "fpl_messages.h"
#include "fpl_registries.h"
#include "record/epoch12.h"
#include "record/epochs13.h"

/* The epochs of DTLS 1.3 that have names (RFC 9147 section 6.1). */
#define FPL_HANDSHAKE_EPOCH 2
#define FPL_FIRST_APPLICATION_EPOCH 3

#define FPL_MASTER_SECRET_LEN 48
#define FPL_RANDOM_LEN 32
#define FPL_VERIFY_DATA12_LEN 12
#define FPL_COOKIE_MAX 255
#define FPL_MAX_COMPANIONS 4     /* closure, ack13, key_update13, ticket13 */
#define FPL_ANSWERED_MAX 48      /* a Finished of any version */
#define FPL_MAX_CHAIN 32          /* the largest that limit certificate_count may be set to */
#define FPL_SRTP_MAX_MATERIAL 120 /* 2 x (32 + 16), rounded up */
#define FPL_MAX_SHARES 2          /* of a ClientHello: a hybrid one and its classical half's */
#define FPL_WRITE_EPOCHS13 3      /* epoch 2, the one in use, and the one before it while its ACK is awaited */

/* fpl_instance is one running machine. `state` is written by interpret.c only. */
typedef struct fpl_instance {
    uint8_t machine; /* fpl_machine_id */
    uint8_t state;
} fpl_instance;

/* fpl_clock is one timer: when it falls due, and the interval that `start` and `back_off` go by. */
typedef struct fpl_clock {
    fpl_time deadline; /* FPL_NEVER = not running */
    uint32_t interval; /* 0 = not started yet */
} fpl_clock;

/* fpl_flight_message is one line of a flight as it was prepared; `offset` is into the flight's bytes. */
typedef struct fpl_flight_message {
    size_t   offset;
    size_t   len;
    uint16_t seq;
    uint16_t epoch;
    uint8_t  type; /* handshake type */
    bool     ccs;  /* a change_cipher_spec record instead of a message */
} fpl_flight_message;

/* fpl_sent says which part of which message a record carried, so that an ACK can be understood (RFC 9147 section 7). */
typedef struct fpl_sent {
    uint64_t seq;
    uint32_t from;
    uint32_t to;
    uint16_t epoch;
    uint8_t  message; /* place in the flight */
    bool     named;   /* by an ACK that is being judged */
} fpl_sent;

/* fpl_acked is the octets of a message that have arrived, as sorted intervals. What would need more of them is sent again. */
typedef struct fpl_acked {
    uint32_t from[FPL_LIMIT_VALUE_ACKED_PIECES];
    uint32_t to[FPL_LIMIT_VALUE_ACKED_PIECES];
    uint8_t  num;
} fpl_acked;

/* fpl_sent_book is the newest records of a flight, and what of it the peer has (DTLS 1.3 only). */
typedef struct fpl_sent_book {
    fpl_sent  records[FPL_LIMIT_VALUE_SENT_RECORDS]; /* a ring */
    uint16_t  num;
    uint16_t  next;
    bool      named_all;                            /* by the peer's next flight, which acknowledges all of ours */
    fpl_acked acked[FPL_LIMIT_VALUE_FLIGHT_MESSAGES];          /* octets of each message */
} fpl_sent_book;

/* fpl_flight is a flight of ours with those that extend it: kept as messages, cut into records when written. */
typedef struct fpl_flight {
    const fpl_machine     *owner;
    const fpl_flight_spec *spec; /* of the first; those that extend it are resent alike */
    uint8_t                id;   /* of the newest of them, in the owner */
    fpl_instance           resend;
    fpl_clock              clocks[FPL_NUM_TIMERS];
    fpl_time               asked_at;     /* of the last resend the peer asked for; FPL_NEVER = none */
    fpl_buffer             bytes;
    fpl_flight_message     messages[FPL_LIMIT_VALUE_FLIGHT_MESSAGES];
    uint8_t                num_messages;
    uint8_t                at_message;   /* write cursor */
    size_t                 at_byte;
    uint32_t               timer_resends;
    bool                   answers;      /* there is a message of the peer's that this flight answers */
    bool                   resent;       /* it is being written again, each message in a record of its own */
    uint16_t               answers_from; /* first message of the flight that it answers */
    uint16_t               answers_seq;  /* and the last */
    uint16_t               answers_epoch;
    uint64_t               answers_in;   /* the datagram that completed it: what else it holds has not come again */
    uint8_t                answers_type;
    size_t                 answers_total; /* its length */
    uint8_t                answers_body[FPL_ANSWERED_MAX]; /* that message, where keys vouch for it */
    uint8_t                answers_len;
    fpl_spans              again;        /* what of that message has come again */
    fpl_sent_book         *book;         /* DTLS 1.3; NULL otherwise */
    uint16_t               first_seq;    /* message_seq of its first message */
    uint8_t                burst;        /* records written since it began to write */
    bool                   extended;     /* a flight that extends it has joined it */
    bool                   paused;       /* FPL_LIMIT_RECORDS_AT_ONCE are out, the rest follows later */
    bool                   whole_acked;  /* every octet of it was acknowledged */
    bool                   told_acked;   /* and its machine knows */
    bool                   released;     /* to be freed once the present event is done with */
} fpl_flight;

/* fpl_held is a copy of a record whose epoch cannot be read yet. */
typedef struct fpl_held {
    struct fpl_held *next;
    uint64_t         seq;
    size_t           len;
    uint16_t         epoch;
    uint8_t          content; /* fpl_content_type of an opened record, whose plaintext is kept; 0: as it came */
    uint8_t          record[];
} fpl_held;

/* fpl_inbox is what is being read: the attached datagram, and the handshake record within it. */
typedef struct fpl_inbox {
    uint8_t  *datagram;
    size_t    len;
    size_t    at;
    bool      attached;
    fpl_bytes fragments;     /* what is left of the handshake record at hand */
    uint16_t  epoch;         /* of that record */
    uint64_t  record_seq;    /* of that record */
    bool      authenticated; /* that record was */
    bool      kept;          /* all of that record was processed or kept: it may be acknowledged */
    bool      duplicates_only; /* that record's epoch was ended by a newer one */
    fpl_held *held;          /* by record number */
    size_t    held_bytes;
    uint8_t   num_held;
    fpl_held *borrowed;      /* an event points into it; freed at the next call */
    fpl_bytes data;          /* application data to report */
    bool      has_data;
} fpl_inbox;

/* fpl_alert is an alert of ours that has not been written yet. */
typedef struct fpl_pending_alert {
    bool    set;
    uint8_t level;
    uint8_t description;
} fpl_pending_alert;

typedef enum fpl_life { FPL_LIFE_NONE, FPL_LIFE_LIVE, FPL_LIFE_CLOSED, FPL_LIFE_FAILED } fpl_life;

/* fpl_keys12 is the keys of epoch 1 of DTLS 1.2. */
typedef struct fpl_keys12 {
    fpl_aead_key read;
    fpl_aead_key write;
} fpl_keys12;

/* fpl_keys13 is the protected epochs of DTLS 1.3, and what later ones are made from. */
typedef struct fpl_keys13 {
    fpl_read_epochs13 read;                      /* keys are owned */
    fpl_write_epoch13 write[FPL_WRITE_EPOCHS13]; /* newest first; without a key = unused */
    fpl_secret13      read_secret;               /* application traffic secrets, newest generation */
    fpl_secret13      write_secret;
    fpl_secret13      exporter;
    uint64_t          seal_soon;                 /* record number of the newest write epoch at which to renew keys */
} fpl_keys13;

/* fpl_acks is what the next ACK of ours names: the newest handshake records of the peer's that were processed or
 * kept, since our last flight (RFC 9147 section 7.1). */
typedef struct fpl_acks {
    uint64_t seq[FPL_LIMIT_VALUE_ACK_RECORDS]; /* a ring */
    uint16_t epoch[FPL_LIMIT_VALUE_ACK_RECORDS];
    uint16_t num;
    uint16_t next;
} fpl_acks;

/* What only a handshake needs. */
typedef struct fpl_handshake {
    fpl_transcript       transcript;
    fpl_kx               kx[FPL_MAX_SHARES];                /* [0] is the one of DTLS 1.2 and of a server */
    uint8_t              num_kx;
    uint8_t              shared_secret[FPL_KX_MAX_SECRET_LEN]; /* a server's, made together with its share */
    uint8_t              shared_secret_len;
    fpl_handshake_secrets13 secrets13;
    fpl_secret13         finished_read;                     /* finished keys, RFC 8446 section 4.4.4 */
    fpl_secret13         finished_write;
    uint16_t             retry_group;                       /* demanded by a HelloRetryRequest; 0 = none */
    fpl_cipher_suite     retry_suite;                       /* chosen by it */
    fpl_buffer           cookie13;                          /* of it, to be echoed */
    uint8_t              hello_digest[32];                  /* of what a second ClientHello may not change */
    uint8_t              cookie[FPL_COOKIE_MAX];
    uint8_t              cookie_len;
    uint8_t              verify_requests;                   /* HelloVerifyRequests answered */
    fpl_bytes            peer_share13;                      /* in the hello at hand, while its row is obeyed */
    uint8_t              peer_share[FPL_KX_MAX_SHORT_LEN];  /* of DTLS 1.2, between two messages */
    uint8_t              peer_share_len;
    fpl_prf              master;                            /* keyed with the master secret */
    fpl_certificate      peer_key;                          /* of the peer's leaf */
    fpl_buffer           peer_chain;                        /* DER certificates, one after the other */
    fpl_certificate_view chain_views[FPL_MAX_CHAIN];
    uint8_t              num_chain;
    fpl_signature_scheme scheme;                            /* of our signature */
    uint8_t              digest[FPL_HASH_MAX_LEN];          /* what it signs */
    uint8_t              digest_len;
    uint8_t              signature[FPL_SIGNATURE_MAX_LEN];
    uint8_t              signature_len;
    uint16_t             peer_groups[FPL_LIMIT_VALUE_CONFIGURED_VALUES];  /* those of ours that the peer named, in its order */
    uint8_t              num_peer_groups;
    bool                 peer_named_groups;
    uint16_t             peer_schemes[FPL_LIMIT_VALUE_CONFIGURED_VALUES]; /* likewise */
    uint8_t              num_peer_schemes;
    bool                 peer_named_schemes;
    bool                 peer_signs_with_ecdsa;             /* certificate_types of a CertificateRequest */
    uint8_t              pins[FPL_LIMIT_VALUE_PINNED_FINGERPRINTS][32]; /* what the peer's certificate may be */
    uint8_t              plan;                              /* what choose_parameters12 found: fpl_plan12 */
    uint8_t              keying[FPL_SRTP_MAX_MATERIAL];     /* SRTP keys as handed out */
} fpl_handshake;

struct fpl_conn {
    const fpl_config      *config;
    fpl_role               role;
    fpl_life               life;
    fpl_time               now;
    fpl_instance           handshake;                       /* the handshake machine */
    fpl_instance           companions[FPL_MAX_COMPANIONS];
    uint8_t                num_companions;
    uint8_t                grant;                           /* fpl_data_grant of the states they are in */
    uint8_t                fixed[FPL_NUM_FIXED + 1];        /* answers of fixed classifiers, by slot + 1 */
    uint32_t               settled[FPL_NUM_FIXED + 1];      /* outcomes still allowed; 0 = all */
    fpl_clock              clocks[FPL_NUM_TIMERS];
    fpl_flight            *flights[FPL_LIMIT_VALUE_FLIGHTS];
    uint8_t                num_flights;                     /* how many there are: mostly none, which each record asks */
    bool                   timed;                           /* one of `clocks` may be running: likewise */
    fpl_flight            *current_flight;                  /* while one of its events is interpreted */
    fpl_handshake         *hs;                              /* NULL once the handshake is over */
    bool                   hs_done;                         /* free it once the present event is done with */

    uint8_t                version;                         /* fpl_machine_version; NONE until it is agreed */
    fpl_read_epoch         read[2];                         /* 0, and 1 of DTLS 1.2 */
    fpl_write_epoch        write[2];
    fpl_keys12            *keys12;
    fpl_keys13            *keys13;                          /* NULL until there are any */
    uint16_t               read_epoch;                      /* newest with read keys */
    uint16_t               write_epoch;
    uint64_t               usage_at;                        /* record number of it from which on limits have to be looked at */
    uint16_t               renewal_asked;                   /* read epoch whose forgeries made us ask for new keys; 0 = none */
    uint32_t               update_asked_for;                /* write epoch whose KeyUpdate says update_requested; 0 = none */
    bool                   new_epoch_unused;                /* no record of the newest read epoch has come yet */
    fpl_acks              *acks;                            /* NULL: nothing to name */
    bool                   ack_due;
    bool                   has_acked;                       /* a row acknowledged a message */
    uint16_t               acked_seq;                       /* the newest of those */
    bool                   peer_closed;                     /* its close_notify came: what was sent later does not count */
    uint16_t               closed_epoch;
    uint64_t               closed_seq;
    fpl_reassembly         reassembly;
    bool                   authenticated;                   /* a protected record of the peer's was accepted */
    bool                   early_ccs;                       /* one that came before its state */
    uint16_t               next_send_seq;
    uint32_t               next_receive_seq;                /* 65536: there are no more */
    uint16_t               peer_flight_from;                /* first message of the peer's present flight */
    uint16_t               last_receive_seq;                /* of the newest message consumed, and whether there was one */
    uint16_t               last_receive_epoch;
    bool                   has_received;
    uint8_t                last_receive_type;
    size_t                 last_receive_total;
    uint8_t                last_receive_body[FPL_ANSWERED_MAX]; /* of that message, if it came under keys and is no longer */
    uint8_t                last_receive_len;

    const fpl_cipher_suite_row *suite;
    fpl_named_group        group;
    fpl_signature_scheme   peer_scheme;
    uint8_t                master_secret[FPL_MASTER_SECRET_LEN];
    uint8_t                client_random[FPL_RANDOM_LEN];
    uint8_t                server_random[FPL_RANDOM_LEN];
    bool                   has_master_secret;
    uint64_t               we_offered;                      /* extensions, bit = index */
    uint64_t               peer_offered;
    fpl_extension_results  results;
    uint8_t                peer_fingerprint[32];
    bool                   has_peer_fingerprint;
    bool                   proven;                          /* the peer showed its certificate and proved it */
    uint8_t                num_pins;                        /* fingerprints in hs->pins */

    fpl_inbox              inbox;
    uint32_t               reports;                         /* bit n: fpl_report n is due */
    bool                   keying_due;
    fpl_pending_alert      alert;
    fpl_time               notified_at;                     /* of the last rate-limited alert; FPL_NEVER = none */
    size_t                 mtu;                             /* 0 = the configured one */
    bool                   address_validated;
    bool                   connected;                       /* CONNECTED was reported */
    int16_t                alert_hint;
    fpl_explanation        end;
    fpl_stats              stats;
    void                  *user_data;
    char                  *server_name;                     /* the client's, NUL-terminated; NULL if it named none */

    const fpl_message     *message;                         /* being interpreted; NULL outside of that */
    const struct fpl_cookie_jar *cookies;                   /* the listener's keys; NULL without one */
    fpl_bytes              address;                         /* of the peer, as the listener was given it */
    bool                   scratch;                         /* a listener's, for stateless answers: it never becomes a connection */
    uint64_t               hello_record_seq;                /* of the ClientHello at hand, for `numbers: of_request` */
    uint16_t               path_bytes;                      /* fragments shrank to this after repeated loss; 0 = not yet */
    fpl_listener          *listener;                        /* NULL without one */
    struct fpl_peer       *peer;                            /* the listener's entry for it */
};

/* fpl_conn_setup makes zeroed `conn` a live end whose handshake stands at `machine`'s initial state. */
fpl_status fpl_conn_setup(fpl_conn *conn, const fpl_config *config, fpl_role role, uint8_t machine, fpl_time now);

/* fpl_conn_teardown wipes and frees all that `conn` owns, but not `conn`. */
void fpl_conn_teardown(fpl_conn *conn);

/* fpl_conn_limit is the value in force of a limit for `conn`. */
static inline uint64_t fpl_conn_limit(const fpl_conn *conn, unsigned id)
{
    return conn->config->limits[id];
}

/* fpl_conn_advance moves the clock, which never goes back. */
static inline void fpl_conn_advance(fpl_conn *conn, fpl_time now)
{
    if (now > conn->now) {
        conn->now = now;
    }
}

/* fpl_conn_tidy frees what an event left behind: released flights, a handshake that is over. Call it when
 * no pointer into them is in use any more. */
void fpl_conn_tidy_up(fpl_conn *conn);
static inline void fpl_conn_tidy(fpl_conn *conn)
{
    if (conn->num_flights > 0 || conn->hs_done) {
        fpl_conn_tidy_up(conn);
    }
}

/* fpl_conn_drop_work frees flights, handshake and timers: the connection ends, but what it still has to say
 * can be sealed. fpl_keys_wipe follows once that is written. */
void fpl_conn_drop_work(fpl_conn *conn);

/* fpl_conn_report makes `report` due at the next poll. */
void fpl_conn_report(fpl_conn *conn, uint8_t report);

/* fpl_conn_data_grant is which way application data may flow: what the handshake's state grants, less what a companion
 * takes away. Asked for every record, so fpl_conn_note_grant notes it whenever a machine may have moved. */
void fpl_conn_note_grant(fpl_conn *conn);
static inline fpl_data_grant fpl_conn_data_grant(const fpl_conn *conn)
{
    return (fpl_data_grant)conn->grant;
}

/* fpl_conn_phase is how far the connection has come, as the record tables see it. */
fpl_phase fpl_conn_phase(const fpl_conn *conn);

/* fpl_conn_deadline is the earliest time at which a timer falls due. */
fpl_time fpl_conn_deadline(const fpl_conn *conn);

/* fpl_conn_own_random and fpl_conn_peer_random: the two hellos' randoms by side. */
static inline const uint8_t *fpl_conn_own_random(const fpl_conn *conn)
{
    return conn->role == FPL_ROLE_CLIENT ? conn->client_random : conn->server_random;
}

#endif
