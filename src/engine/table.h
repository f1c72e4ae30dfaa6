/* The shapes that codegen fills in: machines, rows, flights, record rows, extensions, limits.
 *
 * Everything here is data. The interpreter (interpret.c) is the only reader that acts on it, and the
 * only place where a machine's state is assigned. Index 0 of every enumeration is "none" and never
 * legal, so zeroed memory is refused rather than obeyed. */
#ifndef FPL_ENGINE_TABLE_H
#define FPL_ENGINE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "engine/wire.h"

/* Generated files state the format they were made for; a mismatch stops the build. */
#define FPL_TABLE_FORMAT 2

typedef struct fpl_conn    fpl_conn;    /* src/engine/conn.h */
typedef struct fpl_message fpl_message; /* generated/fpl_messages.h: id, raw bytes, union of decoded structs */

/* FPL_NO_NAMES drops every string that only people read. */
#ifdef FPL_NO_NAMES
#define FPL_NAME(text) NULL
#else
#define FPL_NAME(text) (text)
#endif

/* --- events --------------------------------------------------------------------------------- */

typedef enum fpl_event_kind {
    FPL_EVENT_NONE,
    FPL_EVENT_MESSAGE,     /* code: fpl_message_id */
    FPL_EVENT_RECORD,      /* code: content type */
    FPL_EVENT_API,         /* code: fpl_api_event */
    FPL_EVENT_IMMEDIATE,
    FPL_EVENT_TIMER,       /* code: fpl_timer_id */
    FPL_EVENT_FLIGHT,      /* code: fpl_flight_event; flight: 0 = this or any, else flight id + 1 */
    FPL_EVENT_ACK,         /* code: fpl_ack_event */
    FPL_EVENT_PEER,        /* code: fpl_peer_event */
    FPL_EVENT_ALERT,       /* code: fpl_alert_event */
    FPL_EVENT_LIMIT,       /* code: fpl_limit_event */
    FPL_EVENT_ASSOCIATION, /* code: fpl_association_event */
} fpl_event_kind;

typedef enum fpl_api_event {
    FPL_API_NONE,
    FPL_API_CONNECT,
    FPL_API_CLOSE,
    FPL_API_UPDATE_KEYS,
    FPL_API_CERTIFICATE_TRUSTED,
    FPL_API_CERTIFICATE_REFUSED,
    FPL_API_SIGNATURE_READY,
    FPL_API_SIGNATURE_FAILED,
} fpl_api_event;

typedef enum fpl_flight_event {
    FPL_FLIGHT_NONE,
    FPL_FLIGHT_BUFFERED,
    FPL_FLIGHT_WRITTEN,
    FPL_FLIGHT_PARTLY_WRITTEN,
    FPL_FLIGHT_EXTENDED,
    FPL_FLIGHT_ACKED,
} fpl_flight_event;

typedef enum fpl_ack_event {
    FPL_ACK_NONE,
    FPL_ACK_SOME,
    FPL_ACK_ALL,
    FPL_ACK_EMPTY,
    FPL_ACK_SENT,
} fpl_ack_event;

typedef enum fpl_peer_event {
    FPL_PEER_NONE,
    FPL_PEER_RESENT_ITS_FLIGHT,
    FPL_PEER_NEXT_FLIGHT_STARTED,
    FPL_PEER_NEXT_FLIGHT_COMPLETE,
    FPL_PEER_FLIGHT_CONTINUES,
    FPL_PEER_OUT_OF_ORDER,
    FPL_PEER_REPEATS_ACKED_MESSAGE,
    FPL_PEER_SENT_APPLICATION_DATA,
    FPL_PEER_USED_NEW_EPOCH,
} fpl_peer_event;

typedef enum fpl_alert_event {
    FPL_ALERT_EVENT_NONE,
    FPL_ALERT_EVENT_CLOSE_NOTIFY,
    FPL_ALERT_EVENT_ERROR,
    FPL_ALERT_EVENT_WARNING,
    FPL_ALERT_EVENT_ANY, /* in rows only: matches each of the others */
} fpl_alert_event;

typedef enum fpl_limit_event {
    FPL_LIMIT_EVENT_NONE,
    FPL_LIMIT_EVENT_SEAL_SOON,
    FPL_LIMIT_EVENT_SEAL,
    FPL_LIMIT_EVENT_FORGERY_SOON,
    FPL_LIMIT_EVENT_FORGERY,
    FPL_LIMIT_EVENT_EPOCH,
} fpl_limit_event;

typedef enum fpl_association_event {
    FPL_ASSOCIATION_NONE,
    FPL_ASSOCIATION_REPLACED,
} fpl_association_event;

#define FPL_EPOCH_ANY     0xffffu /* the row does not care */
#define FPL_EPOCH_CURRENT 0xfffeu /* the newest read epoch */
#define FPL_EPOCH_KEYED   0xfffdu /* any epoch with read keys */

typedef struct fpl_event_key {
    uint8_t  kind;    /* fpl_event_kind */
    uint8_t  code;    /* what of that kind */
    uint8_t  flight;  /* FPL_EVENT_FLIGHT only */
    bool     seq_any; /* FPL_EVENT_MESSAGE only: taken whatever its message_seq, consuming none */
    uint16_t epoch;   /* a number, or one of the three above */
} fpl_event_key;

/* --- what rows name -------------------------------------------------------------------------- */

typedef uint8_t    (*fpl_classify_fn)(const fpl_conn *conn, const fpl_message *msg); /* an outcome, from 1 */
typedef bool       (*fpl_check_fn)(const fpl_conn *conn, const fpl_message *msg);    /* true: the peer obeyed */
typedef fpl_status (*fpl_act_fn)(fpl_conn *conn, const fpl_message *msg);
typedef bool       (*fpl_build_fn)(const fpl_conn *conn, fpl_writer *w);             /* false: the writer overflowed */

typedef struct fpl_classifier {
    fpl_classify_fn    call;
    uint8_t            fixed;         /* slot + 1 where the answer is remembered; 0 = asked each time */
    uint8_t            num_outcomes;
    const char        *name;
    const char *const *outcome_names; /* [1 .. num_outcomes] */
} fpl_classifier;

typedef struct fpl_requirement {
    fpl_check_fn check;
    uint8_t      alert;
    const char  *name;
    const char  *ref;
} fpl_requirement;

typedef struct fpl_action {
    fpl_act_fn  act;
    const char *name;
} fpl_action;

/* fpl_settle says that a fixed classifier answers one of `allowed` (bit n = outcome n) from here on. */
typedef struct fpl_settle {
    const fpl_classifier *classifier;
    uint32_t              allowed;
} fpl_settle;

typedef enum fpl_transcript_op {
    FPL_TRANSCRIPT_NOTHING, /* rows that bring no message */
    FPL_TRANSCRIPT_APPEND,
    FPL_TRANSCRIPT_NO,
    FPL_TRANSCRIPT_RESTART,
    FPL_TRANSCRIPT_AS_MESSAGE_HASH,
    FPL_TRANSCRIPT_FROM_COOKIE,
} fpl_transcript_op;

typedef enum fpl_timer_what {
    FPL_TIMER_OP_NONE,
    FPL_TIMER_START,
    FPL_TIMER_STOP,
    FPL_TIMER_BACK_OFF,
    FPL_TIMER_RESET,
} fpl_timer_what;

typedef struct fpl_timer_op {
    uint8_t timer; /* fpl_timer_id */
    uint8_t what;  /* fpl_timer_what */
} fpl_timer_op;

#define FPL_KEYS_NONE     0u
#define FPL_KEYS_NEXT     0xfffeu
#define FPL_KEYS_PREVIOUS 0xfffdu

typedef struct fpl_keys {
    uint16_t read;  /* epoch number, FPL_KEYS_NEXT or FPL_KEYS_PREVIOUS; 0 = none */
    uint16_t write;
} fpl_keys;

typedef enum fpl_report {
    FPL_REPORT_NONE,
    FPL_REPORT_CONNECTED,
    FPL_REPORT_PEER_CERTIFICATE,
    FPL_REPORT_SIGNATURE_WANTED,
    FPL_REPORT_CLOSE_NOTIFY,
} fpl_report;

typedef enum fpl_ending {
    FPL_ENDING_NONE,
    FPL_ENDING_TIMEOUT,
    FPL_ENDING_PEER_ALERT,
    FPL_ENDING_REPLACED,
} fpl_ending;

typedef enum fpl_move {
    FPL_MOVE_NONE,
    FPL_MOVE_GOTO,   /* next holds the state */
    FPL_MOVE_SAME,
    FPL_MOVE_CLOSED,
    FPL_MOVE_ALERT,  /* alert holds the description */
    FPL_MOVE_FAIL,   /* ending holds why */
} fpl_move;

#define FPL_NO_FLIGHT 0u
#define FPL_NO_ALERT  (-1)

/* --- rows ------------------------------------------------------------------------------------- */

/* Fields stand in the order in which they take effect (the order of the DSL's row keys). */
typedef struct fpl_outcome {
    const fpl_settle      *settles;
    const fpl_requirement *require;
    const fpl_action      *actions;
    const fpl_timer_op    *timers;
    const char            *ref;        /* RFC section of the outcome, or of its row */
    fpl_keys               keys;
    fpl_keys               drop_keys;
    uint16_t               line;       /* in the machine's spec file */
    uint8_t                num_settles;
    uint8_t                num_require;
    uint8_t                num_actions;
    uint8_t                num_timers;
    uint8_t                extensions; /* fpl_block_id; 0 = none */
    bool                   ends_record;
    uint8_t                transcript; /* fpl_transcript_op */
    uint8_t                send;       /* flight id + 1 in this machine; FPL_NO_FLIGHT = none */
    bool                   ack_now;
    int16_t                notify;     /* alert description; FPL_NO_ALERT = none */
    uint8_t                report;     /* fpl_report */
    uint8_t                move;       /* fpl_move */
    uint8_t                next;       /* state, with FPL_MOVE_GOTO */
    int16_t                alert;      /* with FPL_MOVE_ALERT */
    uint8_t                ending;     /* fpl_ending, with FPL_MOVE_FAIL */
} fpl_outcome;

typedef struct fpl_row {
    fpl_event_key         event;
    const fpl_classifier *select;   /* NULL: outcomes[0] always */
    const fpl_outcome    *outcomes; /* with select: [1 .. num_outcomes], index = classifier result */
    uint16_t              line;
} fpl_row;

typedef enum fpl_data_grant {
    FPL_DATA_NONE,
    FPL_DATA_BOTH,
    FPL_DATA_RECEIVE,
} fpl_data_grant;

typedef struct fpl_state {
    const char    *name;
    const fpl_row *rows;
    uint16_t       message_epochs;   /* bit e: takes messages of epoch e; bit 15: of the current one; any_state rows without seq: any included */
    uint8_t        num_rows;
    bool           immediate;        /* its one row runs at once on entering */
    bool           waits;            /* all rows are api or timer: messages and held records wait */
    bool           writes;           /* lists {flight: this, is: written}: the flight is being sent */
    bool           final;
    uint8_t        application_data; /* fpl_data_grant */
    uint8_t        hand_to_machine;  /* fpl_machine_id; 0 = stays here */
    uint8_t        hand_to_state;
    uint8_t        twin;             /* resend machines: the state of that name in the other version's; 0 = none */
} fpl_state;

/* --- flights ---------------------------------------------------------------------------------- */

/* fpl_condition holds when the fixed classifier's outcome is one of `allowed` (bit n = outcome n). */
typedef struct fpl_condition {
    const fpl_classifier *classifier;
    uint32_t              allowed;
} fpl_condition;

typedef struct fpl_flight_line {
    fpl_build_fn         build;      /* NULL for a change_cipher_spec record */
    const fpl_condition *when;
    const fpl_action    *then;
    fpl_keys             keys;       /* after the message is in the transcript */
    uint16_t             epoch;      /* number or FPL_EPOCH_CURRENT */
    uint8_t              num_when;
    uint8_t              num_then;
    uint8_t              message;    /* fpl_message_id; 0 for a record line */
    uint8_t              transcript; /* fpl_transcript_op */
} fpl_flight_line;

typedef enum fpl_resend_style { FPL_RESEND_NONE, FPL_RESEND_TIMED, FPL_RESEND_ASKED, FPL_RESEND_NEVER } fpl_resend_style;
typedef enum fpl_done_when { FPL_DONE_NONE, FPL_DONE_ANSWERED, FPL_DONE_ACKED, FPL_DONE_SENT } fpl_done_when;
typedef enum fpl_give_up { FPL_GIVE_UP_NONE, FPL_GIVE_UP_FAIL, FPL_GIVE_UP_FORGET } fpl_give_up;

typedef struct fpl_flight_spec {
    const char            *name;
    const fpl_flight_line *lines;
    uint32_t               extends;    /* bit n: flight id n of this machine */
    uint16_t               line;
    uint8_t                num_lines;
    bool                   numbers_of_request;
    uint8_t                resend;     /* fpl_resend_style */
    uint8_t                done_when;  /* fpl_done_when */
    uint8_t                on_give_up; /* fpl_give_up */
} fpl_flight_spec;

/* --- machines --------------------------------------------------------------------------------- */

typedef enum fpl_machine_version { FPL_VERSION_NONE, FPL_VERSION_ANY, FPL_VERSION_DTLS12, FPL_VERSION_DTLS13 } fpl_machine_version;
typedef enum fpl_machine_role { FPL_MACHINE_ROLE_NONE, FPL_MACHINE_ROLE_ANY, FPL_MACHINE_ROLE_CLIENT, FPL_MACHINE_ROLE_SERVER } fpl_machine_role;
typedef enum fpl_one_per { FPL_ONE_PER_NONE, FPL_ONE_PER_CONNECTION, FPL_ONE_PER_FLIGHT, FPL_ONE_PER_DATAGRAM } fpl_one_per;

/* fpl_runs_in places a companion beside the states (bit n = state n) of a handshake machine. */
typedef struct fpl_runs_in {
    uint8_t  machine; /* fpl_machine_id */
    uint64_t states;
} fpl_runs_in;

typedef struct fpl_machine {
    const char            *name;
    const char            *file;              /* spec/machines/NAME.yaml */
    const char            *ref;
    const fpl_state       *states;            /* [1 .. num_states] */
    const fpl_row         *any_rows;          /* valid in every state that takes events and lists nothing for the same event */
    const fpl_flight_spec *flights;           /* [0 .. num_flights) */
    const fpl_runs_in     *runs_in;           /* companions only */
    uint8_t                num_states;
    uint8_t                num_any_rows;
    uint8_t                num_flights;
    uint8_t                num_runs_in;
    uint8_t                version;           /* fpl_machine_version */
    uint8_t                role;              /* fpl_machine_role */
    uint8_t                one_per;           /* fpl_one_per */
    uint8_t                initial;
    bool                   discards_unlisted; /* unlisted.message: discard */
    bool                   holds_early_ccs;   /* unlisted.change_cipher_spec: hold once */
    int16_t                unlisted_alert;    /* unlisted.message.alert; FPL_NO_ALERT otherwise */
    const char            *unlisted_ref;
    uint16_t               unlisted_line;     /* in the machine's spec file */
} fpl_machine;

/* --- records ---------------------------------------------------------------------------------- */

typedef enum fpl_content_class {
    FPL_CONTENT_NONE,
    FPL_CONTENT_CHANGE_CIPHER_SPEC,
    FPL_CONTENT_ALERT,
    FPL_CONTENT_HANDSHAKE,
    FPL_CONTENT_APPLICATION_DATA,
    FPL_CONTENT_ACK,
    FPL_CONTENT_UNKNOWN,
    FPL_NUM_CONTENTS,
} fpl_content_class;

typedef enum fpl_epoch_class {
    FPL_EPOCH_CLASS_NONE,
    FPL_EPOCH_CLASS_ZERO,
    FPL_EPOCH_CLASS_HANDSHAKE,
    FPL_EPOCH_CLASS_READABLE,
    FPL_EPOCH_CLASS_OLDER,
    FPL_EPOCH_CLASS_NEXT,
    FPL_EPOCH_CLASS_OTHER,
    FPL_NUM_EPOCH_CLASSES,
} fpl_epoch_class;

typedef enum fpl_phase { FPL_PHASE_NONE, FPL_PHASE_PLAIN, FPL_PHASE_KEYED, FPL_PHASE_CONNECTED, FPL_NUM_PHASES } fpl_phase;

typedef enum fpl_record_fate {
    FPL_RECORD_NONE,
    FPL_RECORD_REASSEMBLE,
    FPL_RECORD_MACHINE,
    FPL_RECORD_DELIVER,
    FPL_RECORD_HOLD,
    FPL_RECORD_DUPLICATES_ONLY,
    FPL_RECORD_NEW_ASSOCIATION,
    FPL_RECORD_DROP,
} fpl_record_fate;

typedef struct fpl_record_row {
    uint8_t  fate; /* fpl_record_fate */
    uint16_t line; /* in records/NAME.yaml */
} fpl_record_row;

/* What no authenticated record may hold. */
typedef enum fpl_breach {
    FPL_BREACH_NONE,
    FPL_BREACH_EMPTY_RECORD,
    FPL_BREACH_MALFORMED_ALERT,
    FPL_BREACH_MALFORMED_ACK,
    FPL_BREACH_CHANGED_FRAGMENT,
    FPL_BREACH_OLD_EPOCH, /* a message that is no duplicate */
    FPL_NUM_BREACHES,
} fpl_breach;

typedef struct fpl_breach_row {
    const char *name;
    const char *ref;
    int16_t     alert; /* FPL_NO_ALERT = the one that the failing field names */
    uint16_t    line;
} fpl_breach_row;

typedef fpl_record_row fpl_record_table[FPL_NUM_CONTENTS][FPL_NUM_EPOCH_CLASSES][FPL_NUM_PHASES];

/* --- extensions ------------------------------------------------------------------------------- */

typedef enum fpl_presence {
    FPL_PRESENCE_NONE,
    FPL_OMIT,  /* the extension is not written */
    FPL_WRITE, /* its body was written */
} fpl_presence;

typedef struct fpl_extension_check {
    bool (*check)(const fpl_conn *conn, fpl_bytes body);
    uint8_t     alert;
    const char *name;
    const char *ref;
} fpl_extension_check;

/* One extension in one block of one version: that it has such a row means that it may stand there. */
typedef struct fpl_extension_use {
    /* build writes the body of our extension, or says that there is none; NULL: we never write it here. */
    fpl_presence (*build)(const fpl_conn *conn, fpl_writer *w);
    /* decode checks the form of the peer's body, without keeping anything; what it leaves over is trailing. */
    bool (*decode)(fpl_reader *r);
    /* accept takes a checked body; runs at the row's `do`, in the order of the block. NULL: nothing to take. */
    fpl_status (*accept)(fpl_conn *conn, fpl_bytes body);
    const fpl_extension_check *checks;
    const char *ref;
    int16_t     absent_alert; /* must be there: this alert otherwise; FPL_NO_ALERT = optional */
    uint8_t     extension;    /* fpl_extension_id */
    uint8_t     num_checks;
    uint8_t     only_after;   /* fpl_block_id that must have come before, 0 = none; the build hook sees to it */
    bool        unsolicited;  /* may stand in an answer though we did not offer it */
} fpl_extension_use;

/* All that may stand in one block of one version, in the order in which we write it. */
typedef struct fpl_extension_block {
    const char              *name;
    const fpl_extension_use *uses;
    const uint8_t           *accept_order;   /* places in `uses` */
    uint64_t                 other_version;  /* bit n: extension n may stand here in another version: skipped, no breach */
    uint8_t                  num_uses;
    uint8_t                  last;           /* extension that must be the last one, 0 = none */
    bool                     request;        /* offers; all other blocks answer */
    bool                     omit_when_empty; /* no bytes at all instead of an empty vector */
} fpl_extension_block;

/* A rule for every extension. */
typedef struct fpl_extension_rule {
    int16_t     alert; /* FPL_NO_ALERT: skipped */
    const char *name;
    const char *ref;
} fpl_extension_rule;

#endif
