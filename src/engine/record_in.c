#include "engine/record_in.h"

#include <string.h>

#include "engine/acks.h"
#include "engine/content.h"
#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/held.h"
#include "engine/keys.h"
#include "engine/lookup.h"
#include "engine/sent.h"
#include "fpl_records.h"
#include "record/protect12.h"

/* --- what becomes of a record ---------------------------------------------------------------------- */

/* A record that was opened, or needed no opening. */
typedef struct fpl_opened {
    fpl_content_type type;
    uint16_t         epoch;
    uint64_t         seq;
    uint8_t         *body;
    size_t           len;
} fpl_opened;

static fpl_content_class content_class(fpl_content_type type)
{
    switch (type) {
    case FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC: return FPL_CONTENT_CHANGE_CIPHER_SPEC;
    case FPL_CONTENT_TYPE_ALERT: return FPL_CONTENT_ALERT;
    case FPL_CONTENT_TYPE_HANDSHAKE: return FPL_CONTENT_HANDSHAKE;
    case FPL_CONTENT_TYPE_APPLICATION_DATA: return FPL_CONTENT_APPLICATION_DATA;
    case FPL_CONTENT_TYPE_ACK: return FPL_CONTENT_ACK;
    default: return FPL_CONTENT_UNKNOWN;
    }
}

static bool reads_dtls13(const fpl_conn *conn)
{
    return fpl_machines[conn->handshake.machine]->version == FPL_VERSION_DTLS13;
}

static fpl_epoch_class epoch_class12(const fpl_conn *conn, uint16_t epoch)
{
    if (epoch == conn->read_epoch) {
        return FPL_EPOCH_CLASS_READABLE;
    }
    /* Without renegotiation epoch 1 is the last that there will ever be (RFC 6347 section 4.1). */
    return epoch == 1 ? FPL_EPOCH_CLASS_NEXT : FPL_EPOCH_CLASS_OTHER;
}

/* Epochs 0, 2, 3 and up; 1 would be early data (RFC 9147 section 6.1). */
static fpl_epoch_class epoch_class13(const fpl_conn *conn, uint16_t epoch)
{
    if (epoch == conn->read_epoch) {
        return epoch == FPL_HANDSHAKE_EPOCH ? FPL_EPOCH_CLASS_HANDSHAKE : FPL_EPOCH_CLASS_READABLE;
    }
    for (size_t i = 0; conn->keys13 != NULL && i < conn->keys13->read.num; i++) {
        if (conn->keys13->read.list[i].number == epoch) {
            return epoch == FPL_HANDSHAKE_EPOCH ? FPL_EPOCH_CLASS_HANDSHAKE : FPL_EPOCH_CLASS_OLDER;
        }
    }
    return epoch == (conn->read_epoch == 0 ? 2 : conn->read_epoch + 1) ? FPL_EPOCH_CLASS_NEXT : FPL_EPOCH_CLASS_OTHER;
}

const fpl_record_row *fpl_record_fate_of(const fpl_conn *conn, fpl_content_class content, uint16_t epoch)
{
    bool            dtls13 = reads_dtls13(conn);
    fpl_epoch_class class = epoch == 0 ? FPL_EPOCH_CLASS_ZERO
                            : dtls13   ? epoch_class13(conn, epoch)
                                       : epoch_class12(conn, epoch);
    return &(dtls13 ? fpl_records_dtls13 : fpl_records_dtls12)[content][class][fpl_conn_phase(conn)];
}

void fpl_record_count_drop(fpl_conn *conn, fpl_drop why)
{
    switch (why) {
    case FPL_DROP_NOT_DTLS:
    case FPL_DROP_TRUNCATED:
    case FPL_DROP_TYPE:
    case FPL_DROP_VERSION:
    case FPL_DROP_TOO_LONG:
    case FPL_DROP_TOO_SHORT: conn->stats.dropped_malformed++; break;
    case FPL_DROP_REPLAY:
    case FPL_DROP_TOO_OLD: conn->stats.dropped_replayed++; break;
    case FPL_DROP_FORGED: conn->stats.dropped_forged++; break;
    case FPL_DROP_EPOCH:
    case FPL_DROP_NONE:
    case FPL_DROP_COUNT: conn->stats.dropped_unexpected++; break;
    }
}

/* What was sent after the peer's close_notify does not count (RFC 9147 section 5.10). */
static bool is_after_close(const fpl_conn *conn, const fpl_opened *record)
{
    return conn->peer_closed && (record->epoch > conn->closed_epoch ||
                                 (record->epoch == conn->closed_epoch && record->seq > conn->closed_seq));
}

static void deliver(fpl_conn *conn, const fpl_opened *record)
{
    if (is_after_close(conn, record)) {
        conn->stats.dropped_unexpected++;
        return;
    }
    if (conn->num_flights > 0) {
        fpl_event event;
        memset(&event, 0, sizeof event);
        event.kind = FPL_EVENT_PEER;
        event.code = FPL_PEER_SENT_APPLICATION_DATA;
        fpl_dispatch_flights(conn, &event);
        fpl_conn_tidy(conn);
    }
    if (record->len > 0) {
        conn->inbox.data = fpl_bytes_of(record->body, record->len);
        conn->inbox.has_data = true;
    }
}

static void record_handshake(fpl_conn *conn, const fpl_opened *record, bool duplicates_only)
{
    conn->inbox.fragments = fpl_bytes_of(record->body, record->len);
    conn->inbox.epoch = record->epoch;
    conn->inbox.record_seq = record->seq;
    conn->inbox.authenticated = record->epoch > 0;
    conn->inbox.duplicates_only = duplicates_only;
    if (record->epoch > 1) {
        fpl_acks_note(conn, record->epoch, record->seq); /* taken back if something in it is dropped */
    }
}

/* Handles what was in a record whose fate is neither hold nor drop. */
static void handle(fpl_conn *conn, const fpl_opened *record, const fpl_record_row *fate)
{
    conn->inbox.epoch = record->epoch;
    conn->inbox.record_seq = record->seq;
    if (fate->fate == FPL_RECORD_DELIVER) {
        deliver(conn, record);
        return;
    }
    switch (content_class(record->type)) {
    case FPL_CONTENT_HANDSHAKE:
        record_handshake(conn, record, fate->fate == FPL_RECORD_DUPLICATES_ONLY);
        break;
    case FPL_CONTENT_CHANGE_CIPHER_SPEC: fpl_content_ccs(conn, fpl_bytes_of(record->body, record->len)); break;
    case FPL_CONTENT_ALERT:
        if (is_after_close(conn, record)) {
            conn->stats.dropped_unexpected++;
            break;
        }
        fpl_content_alert(conn, record->epoch, fpl_bytes_of(record->body, record->len));
        break;
    case FPL_CONTENT_ACK: fpl_acks_receive(conn, record->epoch, fpl_bytes_of(record->body, record->len)); break;
    case FPL_CONTENT_APPLICATION_DATA:
    case FPL_CONTENT_UNKNOWN:
    case FPL_CONTENT_NONE:
    case FPL_NUM_CONTENTS: conn->stats.dropped_unexpected++; break;
    }
}

/* --- records of DTLS 1.2's form --------------------------------------------------------------------- */

static bool raise_limit(fpl_conn *conn, fpl_limit_event code)
{
    return fpl_raise(conn, FPL_EVENT_LIMIT, (uint8_t)code) != FPL_TAKEN_UNLISTED;
}

static void open12(fpl_conn *conn, const fpl_record12 *record, const fpl_record_row *fate)
{
    fpl_read_epoch *epoch = &conn->read[record->epoch];
    fpl_opened      opened;
    fpl_drop        why = fpl_epoch12_open(epoch, record, &opened.body, &opened.len);
    if (why != FPL_DROP_NONE) {
        fpl_record_count_drop(conn, why);
        if (why == FPL_DROP_FORGED && fpl_read_epoch_forgery_limit(epoch, fpl_conn_limit(conn, FPL_LIMIT_FORGERIES))) {
            (void)raise_limit(conn, FPL_LIMIT_EVENT_FORGERY);
        }
        return;
    }
    conn->stats.records_in++;
    conn->authenticated = conn->authenticated || record->epoch > 0;
    opened.type = record->type;
    opened.epoch = record->epoch;
    opened.seq = record->seq;
    handle(conn, &opened, fate);
}

static void take_record12(fpl_conn *conn, const fpl_record12 *record)
{
    const fpl_record_row *fate = fpl_record_fate_of(conn, content_class(record->type), record->epoch);
    switch ((fpl_record_fate)fate->fate) {
    case FPL_RECORD_REASSEMBLE:
    case FPL_RECORD_MACHINE:
    case FPL_RECORD_DUPLICATES_ONLY:
    case FPL_RECORD_DELIVER:
        if (record->epoch < 2) {
            open12(conn, record, fate);
            break;
        }
        conn->stats.dropped_unexpected++;
        break;
    case FPL_RECORD_HOLD:
        if (!reads_dtls13(conn)) {
            fpl_held_keep(conn, 0, record->epoch, record->seq, record->header, FPL_HEADER12_LEN + record->body_len);
            break;
        }
        conn->stats.dropped_unexpected++; /* protected records have another header, RFC 9147 section 4 */
        break;
    case FPL_RECORD_NEW_ASSOCIATION: /* the listener has seen it before us */
    case FPL_RECORD_NONE:
    case FPL_RECORD_DROP: conn->stats.dropped_unexpected++; break;
    }
}

/* --- records with the unified header ------------------------------------------------------------------ */

/* Keys that were tried so often are used no more (RFC 9147 section 4.5.3): those of an epoch that a newer one has replaced can
 * be done without, and new ones for it cannot be asked for. */
static void count_forgery13(fpl_conn *conn, const fpl_read_epoch13 *epoch)
{
    uint64_t limit = fpl_conn_limit(conn, FPL_LIMIT_FORGERIES);
    bool     in_use = epoch->number == conn->read_epoch || (conn->new_epoch_unused && epoch->number + 1 == conn->read_epoch);
    if (!in_use) {
        if (fpl_read_epoch13_forgery_limit(epoch, limit)) {
            fpl_keys_forget_read13(conn, epoch->number);
        }
    } else if (fpl_read_epoch13_forgery_limit(epoch, limit)) {
        (void)raise_limit(conn, FPL_LIMIT_EVENT_FORGERY);
    } else if (fpl_read_epoch13_forgery_soon(epoch, limit, limit / FPL_LIMIT_VALUE_FORGERY_SOON_PART) &&
               conn->renewal_asked != epoch->number && raise_limit(conn, FPL_LIMIT_EVENT_FORGERY_SOON)) {
        conn->renewal_asked = epoch->number; /* once; while another update is under way nothing listens */
    }
}

static void take_opened(fpl_conn *conn, const fpl_opened *opened)
{
    const fpl_record_row *fate = fpl_record_fate_of(conn, content_class(opened->type), opened->epoch);
    switch ((fpl_record_fate)fate->fate) {
    case FPL_RECORD_REASSEMBLE:
    case FPL_RECORD_MACHINE:
    case FPL_RECORD_DUPLICATES_ONLY:
    case FPL_RECORD_DELIVER: handle(conn, opened, fate); break;
    case FPL_RECORD_HOLD: fpl_held_keep(conn, (uint8_t)opened->type, opened->epoch, opened->seq, opened->body, opened->len); break;
    case FPL_RECORD_NEW_ASSOCIATION:
    case FPL_RECORD_NONE:
    case FPL_RECORD_DROP: conn->stats.dropped_unexpected++; break;
    }
}

static void open13(fpl_conn *conn, fpl_read_epoch13 *epoch, const fpl_record13 *record)
{
    fpl_plain13 plain;
    fpl_opened  opened;
    fpl_drop    why = fpl_epoch13_open(epoch, record, &plain);
    if (why != FPL_DROP_NONE) {
        fpl_record_count_drop(conn, why);
        if (why == FPL_DROP_FORGED) {
            count_forgery13(conn, epoch);
        }
        return;
    }
    conn->stats.records_in++;
    if (!conn->authenticated) {
        conn->authenticated = true;
        fpl_sent_plain_arrived(conn);
    }
    opened.type = plain.type;
    opened.epoch = epoch->number;
    opened.seq = plain.seq;
    opened.body = plain.content;
    opened.len = plain.len;
    if (plain.len == 0 && (plain.type == FPL_CONTENT_TYPE_HANDSHAKE || plain.type == FPL_CONTENT_TYPE_ALERT)) {
        fpl_conn_breach(conn, FPL_BREACH_EMPTY_RECORD, NULL);
        return;
    }
    if (conn->new_epoch_unused && opened.epoch == conn->read_epoch) {
        conn->new_epoch_unused = false;
        (void)fpl_raise(conn, FPL_EVENT_PEER, FPL_PEER_USED_NEW_EPOCH);
    }
    take_opened(conn, &opened);
}

static fpl_read_epoch13 *epoch_of_bits(fpl_conn *conn, uint8_t bits)
{
    return conn->keys13 != NULL ? fpl_read_epochs13_find(&conn->keys13->read, bits) : NULL;
}

static void take_record13(fpl_conn *conn, const fpl_record13 *record)
{
    fpl_read_epoch13 *epoch = epoch_of_bits(conn, record->epoch_bits);
    uint16_t          number = 0;
    if (epoch != NULL) {
        open13(conn, epoch, record);
        return;
    }
    /* What is in it cannot be known yet: of an epoch without keys all records share one fate. */
    if (reads_dtls13(conn) && fpl_header13_epoch_ahead(conn->read_epoch, record->epoch_bits, &number) &&
        fpl_record_fate_of(conn, FPL_CONTENT_HANDSHAKE, number)->fate == FPL_RECORD_HOLD) {
        fpl_held_keep(conn, 0, number, UINT64_MAX, record->header, record->header_len + record->body_len);
        return;
    }
    conn->stats.dropped_unexpected++;
}

/* --- one record --------------------------------------------------------------------------------------- */

fpl_parse fpl_record_parse(uint8_t *data, size_t len, fpl_record *out, size_t *consumed, fpl_drop *why)
{
    out->unified = len > 0 && fpl_header13_begins(data[0]);
    return out->unified ? fpl_header13_parse(data, len, &out->as.v13, consumed, why)
                        : fpl_header12_parse(data, len, &out->as.v12, consumed, why);
}

void fpl_record_take(fpl_conn *conn, const fpl_record *record)
{
    if (record->unified) {
        take_record13(conn, &record->as.v13);
    } else {
        take_record12(conn, &record->as.v12);
    }
}

bool fpl_record_waits(const fpl_conn *conn, const fpl_held *held)
{
    fpl_content_class content = content_class((fpl_content_type)(held->content != 0 ? held->content : held->record[0]));
    if (held->content == 0 && fpl_header13_begins(held->record[0])) {
        content = FPL_CONTENT_HANDSHAKE; /* as when it came: any will do */
        if (epoch_class13(conn, held->epoch) != FPL_EPOCH_CLASS_NEXT) {
            return false;
        }
    }
    return fpl_record_fate_of(conn, content, held->epoch)->fate == FPL_RECORD_HOLD;
}

void fpl_record_take_held(fpl_conn *conn, fpl_held *held)
{
    fpl_record record;
    fpl_opened opened;
    size_t     consumed = 0;
    fpl_drop   why = FPL_DROP_NONE;
    if (held->content == 0) {
        if (fpl_record_parse(held->record, held->len, &record, &consumed, &why) == FPL_PARSE_OK) {
            fpl_record_take(conn, &record);
        }
        return;
    }
    opened.type = (fpl_content_type)held->content;
    opened.epoch = held->epoch;
    opened.seq = held->seq;
    opened.body = held->record;
    opened.len = held->len;
    take_opened(conn, &opened);
}

/* Can `record` have been sealed with keys of this association? The record is spoilt. */
bool fpl_record_opens(fpl_conn *conn, const fpl_record *record)
{
    fpl_read_epoch13 *epoch;
    fpl_plain13       plain;
    uint8_t          *body;
    size_t            len;
    fpl_drop          why;
    if (!record->unified) {
        return record->as.v12.epoch == 1 && conn->read_epoch == 1 && conn->keys12 != NULL &&
               fpl_protect12_open(&conn->keys12->read, &record->as.v12, &body, &len) == FPL_DROP_NONE;
    }
    epoch = epoch_of_bits(conn, record->as.v13.epoch_bits);
    if (epoch == NULL) {
        return false;
    }
    why = fpl_protect13_open(epoch->key, &record->as.v13, epoch->replay.next, &plain);
    epoch->forgeries += why == FPL_DROP_FORGED; /* they count wherever they are tried (RFC 9147 section 4.5.3) */
    return why == FPL_DROP_NONE;
}
