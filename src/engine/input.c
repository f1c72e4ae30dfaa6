#include "engine/input.h"

#include <string.h>

#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/flight.h"
#include "engine/lookup.h"
#include "fpl_records.h"

#define FPL_FRAGMENT_HEADER 12

bool fpl_fragment_read(fpl_bytes *rest, uint16_t epoch, fpl_fragment *out)
{
    fpl_reader reader = fpl_reader_of(rest->data, rest->len);
    uint64_t   total = 0;
    uint64_t   offset = 0;
    uint64_t   len = 0;
    memset(out, 0, sizeof *out);
    if (!fpl_read_u8(&reader, &out->type) || !fpl_read_uint(&reader, 3, &total) || !fpl_read_u16(&reader, &out->seq) ||
        !fpl_read_uint(&reader, 3, &offset) || !fpl_read_uint(&reader, 3, &len) ||
        !fpl_read_bytes(&reader, (size_t)len, &out->body)) {
        return false;
    }
    out->total = (uint32_t)total;
    out->offset = (uint32_t)offset;
    out->epoch = epoch;
    out->rest_follows = reader.len > 0;
    *rest = fpl_bytes_of(reader.data, reader.len);
    return true;
}

static bool is_complete(const fpl_fragment *fragment)
{
    return fragment->offset == 0 && fragment->body.len == fragment->total;
}

/* --- messages --------------------------------------------------------------------------------- */

fpl_taken fpl_input_message(fpl_conn *conn, const fpl_fragment *message)
{
    fpl_event event;
    fpl_taken taken;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_MESSAGE;
    event.epoch = message->epoch;
    event.type = message->type;
    event.seq = message->seq;
    event.rest_follows = message->rest_follows;
    event.body = message->body;
    taken = fpl_dispatch(conn, &event);
    if (taken == FPL_TAKEN_UNLISTED && conn->life == FPL_LIFE_LIVE) {
        if (fpl_conn_refuse_unlisted(conn, message->type)) {
            return FPL_TAKEN_ENDED;
        }
        conn->stats.dropped_unexpected++;
    }
    return taken;
}

/* May a new message of `epoch` be kept or taken in the present state? Asked before reassembly, so that a
 * stranger's fragment of another epoch uses nothing up. */
static bool state_takes_epoch(const fpl_conn *conn, uint16_t epoch)
{
    const fpl_state *state = fpl_instance_state(&conn->handshake);
    if (state->waits) {
        return epoch == conn->read_epoch; /* messages wait with it */
    }
    if (epoch < 15 && (state->message_epochs >> epoch & 1) != 0) {
        return true;
    }
    return (state->message_epochs >> 15 & 1) != 0 && epoch == conn->read_epoch;
}

/* A message is over: what reassembly kept for its number goes, and so does whatever the event left. */
static void message_done(fpl_conn *conn, uint16_t seq)
{
    if (conn->hs != NULL) {
        fpl_reassembly_drop(conn->config, &conn->hs->reassembly, seq);
    }
    fpl_conn_tidy(conn);
}

static void keep_fragment(fpl_conn *conn, const fpl_fragment *fragment)
{
    size_t limit = 2 * (size_t)fpl_conn_limit(conn, FPL_LIMIT_MESSAGE_BYTES);
    switch (fpl_reassembly_add(conn->config, &conn->hs->reassembly, fragment, limit)) {
    case FPL_REASSEMBLY_KEPT: break;
    case FPL_REASSEMBLY_CONFLICT:
        fpl_conn_fail(conn, FPL_FAILURE_WE_ALERTED, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER, "fragment", "rfc6347#4.2.3");
        break;
    case FPL_REASSEMBLY_FULL:
    case FPL_REASSEMBLY_NO_MEMORY: /* as if it had been lost */
    case FPL_REASSEMBLY_NONE: conn->stats.dropped_full++; break;
    }
}

static void take_fragment(fpl_conn *conn, const fpl_fragment *fragment, bool authenticated)
{
    const fpl_state *state = fpl_instance_state(&conn->handshake);

    if (fragment->offset > fragment->total || fragment->body.len > fragment->total - fragment->offset ||
        fragment->total > fpl_conn_limit(conn, FPL_LIMIT_MESSAGE_BYTES)) {
        conn->stats.dropped_malformed++;
        return;
    }
    if (fragment->body.len == 0 && fragment->total != 0) {
        return; /* says nothing */
    }
    if (is_complete(fragment) && fpl_conn_takes_seq_any(conn, fragment->type, fragment->epoch)) {
        (void)fpl_input_message(conn, fragment);
        fpl_conn_tidy(conn);
        return;
    }
    if (fragment->seq < conn->next_receive_seq) {
        fpl_flights_note_again(conn, fragment, authenticated);
        return;
    }
    if (conn->hs == NULL || !state_takes_epoch(conn, fragment->epoch)) {
        conn->stats.dropped_unexpected++;
        return;
    }
    if (fragment->seq - conn->next_receive_seq >= FPL_LIMIT_VALUE_REASSEMBLY_SLOTS) {
        conn->stats.dropped_full++;
        return;
    }
    if (fragment->seq == conn->next_receive_seq && is_complete(fragment) && !state->waits) {
        (void)fpl_input_message(conn, fragment);
        message_done(conn, fragment->seq);
        return;
    }
    keep_fragment(conn, fragment);
}

static bool next_fragment(fpl_conn *conn)
{
    fpl_fragment fragment;
    if (conn->inbox.fragments.len == 0) {
        return false;
    }
    if (!fpl_fragment_read(&conn->inbox.fragments, conn->inbox.epoch, &fragment)) {
        conn->inbox.fragments = fpl_bytes_none();
        conn->stats.dropped_malformed++;
        return true;
    }
    conn->hello_record_seq = conn->inbox.record_seq;
    take_fragment(conn, &fragment, conn->inbox.authenticated);
    return true;
}

/* The next message, if reassembly has all of it and the state takes messages now. */
static bool next_reassembled(fpl_conn *conn)
{
    const fpl_candidate *candidate = NULL;
    fpl_fragment         message;
    if (conn->hs == NULL || conn->next_receive_seq > UINT16_MAX || fpl_instance_state(&conn->handshake)->waits) {
        return false;
    }
    for (uint16_t epoch = 0; epoch <= conn->read_epoch && candidate == NULL; epoch++) {
        if (state_takes_epoch(conn, epoch)) {
            candidate = fpl_reassembly_whole(&conn->hs->reassembly, (uint16_t)conn->next_receive_seq, epoch);
            message.epoch = epoch;
        }
    }
    if (candidate == NULL) {
        return false;
    }
    message.type = candidate->type;
    message.total = candidate->total;
    message.seq = (uint16_t)conn->next_receive_seq;
    message.offset = 0;
    message.body = fpl_bytes_of(candidate->bytes, candidate->total);
    message.rest_follows = candidate->rest_follows;
    (void)fpl_input_message(conn, &message);
    message_done(conn, message.seq);
    return true;
}

/* --- change_cipher_spec ------------------------------------------------------------------------ */

static bool take_ccs(fpl_conn *conn)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_RECORD;
    event.code = FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC;
    return fpl_dispatch(conn, &event) != FPL_TAKEN_UNLISTED;
}

static bool next_early_ccs(fpl_conn *conn)
{
    if (!conn->early_ccs || !fpl_conn_lists(conn, FPL_EVENT_RECORD, FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC)) {
        return false;
    }
    conn->early_ccs = false;
    return take_ccs(conn);
}

static void record_ccs(fpl_conn *conn, const uint8_t *body, size_t len)
{
    fpl_message msg;
    fpl_reader  reader = fpl_reader_of(NULL, 0);
    if (!fpl_message_decode(&msg, FPL_MESSAGE_CHANGE_CIPHER_SPEC, 0, fpl_bytes_of(body, len), &reader)) {
        conn->stats.dropped_malformed++;
        return;
    }
    if (!take_ccs(conn)) {
        if (conn->early_ccs || !fpl_machines[conn->handshake.machine]->holds_early_ccs) {
            conn->stats.dropped_unexpected++;
        } else {
            conn->early_ccs = true;
        }
    }
}

/* --- alerts ------------------------------------------------------------------------------------ */

static void record_alert(fpl_conn *conn, const uint8_t *body, size_t len, uint16_t epoch)
{
    fpl_message msg;
    fpl_reader  reader = fpl_reader_of(NULL, 0);
    fpl_event   event;
    if (!fpl_message_decode(&msg, FPL_MESSAGE_ALERT, 0, fpl_bytes_of(body, len), &reader)) {
        conn->stats.dropped_malformed++;
        if (epoch > 0) {
            fpl_conn_fail(conn, FPL_FAILURE_WE_ALERTED, reader.alert, reader.where, "rfc5246#7.2");
        }
        return;
    }
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_ALERT;
    event.epoch = epoch;
    event.code = msg.as.alert.description == FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY ? FPL_ALERT_EVENT_CLOSE_NOTIFY
                 : msg.as.alert.level == FPL_ALERT_LEVEL_FATAL                  ? FPL_ALERT_EVENT_ERROR
                                                                                : FPL_ALERT_EVENT_WARNING;
    conn->end.alert = msg.as.alert.description;
    if (fpl_dispatch(conn, &event) == FPL_TAKEN_UNLISTED) {
        conn->stats.dropped_unexpected++;
    }
    if (conn->life != FPL_LIFE_FAILED) {
        conn->end.alert = FPL_NO_ALERT;
    }
}

/* --- records ----------------------------------------------------------------------------------- */

static fpl_content_class content_class(fpl_content_type type)
{
    switch (type) {
    case FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC: return FPL_CONTENT_CHANGE_CIPHER_SPEC;
    case FPL_CONTENT_TYPE_ALERT: return FPL_CONTENT_ALERT;
    case FPL_CONTENT_TYPE_HANDSHAKE: return FPL_CONTENT_HANDSHAKE;
    case FPL_CONTENT_TYPE_APPLICATION_DATA: return FPL_CONTENT_APPLICATION_DATA;
    default: return FPL_CONTENT_UNKNOWN;
    }
}

static fpl_epoch_class epoch_class(const fpl_conn *conn, uint16_t epoch)
{
    if (epoch == 0) {
        return FPL_EPOCH_CLASS_ZERO;
    }
    if (epoch == conn->read_epoch) {
        return FPL_EPOCH_CLASS_READABLE;
    }
    /* Without renegotiation epoch 1 is the last that there will ever be (RFC 6347 section 4.1). */
    return epoch == 1 ? FPL_EPOCH_CLASS_NEXT : FPL_EPOCH_CLASS_OTHER;
}

static const fpl_record_row *fate_of(const fpl_conn *conn, const fpl_record12 *record)
{
    return &fpl_records_dtls12[content_class(record->type)][epoch_class(conn, record->epoch)][fpl_conn_phase(conn)];
}

static void count_drop(fpl_conn *conn, fpl_drop why)
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

static void hold(fpl_conn *conn, const fpl_record12 *record)
{
    fpl_inbox *inbox = &conn->inbox;
    size_t     len = FPL_HEADER12_LEN + record->body_len;
    fpl_held **place = &inbox->held;
    fpl_held  *held;
    for (held = inbox->held; held != NULL; held = held->next) {
        if (held->len == len && memcmp(held->record, record->header, len) == 0) {
            conn->stats.dropped_replayed++;
            return; /* the same again */
        }
        if (held->seq <= record->seq) {
            place = &held->next;
        }
    }
    if (inbox->num_held >= fpl_conn_limit(conn, FPL_LIMIT_HELD_RECORDS) ||
        inbox->held_bytes + len > fpl_conn_limit(conn, FPL_LIMIT_HELD_BYTES)) {
        conn->stats.dropped_full++;
        return;
    }
    held = fpl_allocate(conn->config, sizeof *held + len);
    if (held == NULL) {
        conn->stats.dropped_full++;
        return;
    }
    held->len = len;
    held->seq = record->seq;
    memcpy(held->record, record->header, len);
    held->next = *place;
    *place = held;
    inbox->num_held++;
    inbox->held_bytes += len;
}

static void forged(fpl_conn *conn, const fpl_read_epoch *epoch)
{
    fpl_event event;
    if (!fpl_read_epoch_forgery_limit(epoch, fpl_conn_limit(conn, FPL_LIMIT_FORGERIES))) {
        return;
    }
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_LIMIT;
    event.code = FPL_LIMIT_EVENT_FORGERY;
    (void)fpl_dispatch(conn, &event);
}

static void deliver(fpl_conn *conn, uint8_t *body, size_t len)
{
    if (conn->num_flights > 0) {
        fpl_event event;
        memset(&event, 0, sizeof event);
        event.kind = FPL_EVENT_PEER;
        event.code = FPL_PEER_SENT_APPLICATION_DATA;
        fpl_dispatch_flights(conn, &event);
        fpl_conn_tidy(conn);
    }
    if (len > 0) {
        conn->inbox.data = fpl_bytes_of(body, len);
        conn->inbox.has_data = true;
    }
}

/* Opens and handles one record whose fate is neither hold nor drop. */
static void process(fpl_conn *conn, const fpl_record12 *record, const fpl_record_row *fate)
{
    fpl_read_epoch *epoch = &conn->read[record->epoch];
    uint8_t        *body = NULL;
    size_t          len = 0;
    fpl_drop        why = fpl_epoch12_open(epoch, record, &body, &len);
    if (why != FPL_DROP_NONE) {
        count_drop(conn, why);
        if (why == FPL_DROP_FORGED) {
            forged(conn, epoch);
        }
        return;
    }
    conn->stats.records_in++;
    if (record->epoch > 0) {
        conn->authenticated = true;
    }
    if (fate->fate == FPL_RECORD_DELIVER) {
        deliver(conn, body, len);
        return;
    }
    switch (content_class(record->type)) {
    case FPL_CONTENT_HANDSHAKE:
        conn->inbox.fragments = fpl_bytes_of(body, len);
        conn->inbox.epoch = record->epoch;
        conn->inbox.record_seq = record->seq;
        conn->inbox.authenticated = record->epoch > 0;
        break;
    case FPL_CONTENT_CHANGE_CIPHER_SPEC: record_ccs(conn, body, len); break;
    case FPL_CONTENT_ALERT: record_alert(conn, body, len, record->epoch); break;
    case FPL_CONTENT_APPLICATION_DATA:
    case FPL_CONTENT_ACK:
    case FPL_CONTENT_UNKNOWN:
    case FPL_CONTENT_NONE:
    case FPL_NUM_CONTENTS: conn->stats.dropped_unexpected++; break;
    }
}

static void take_record(fpl_conn *conn, const fpl_record12 *record)
{
    const fpl_record_row *fate = fate_of(conn, record);
    switch ((fpl_record_fate)fate->fate) {
    case FPL_RECORD_REASSEMBLE:
    case FPL_RECORD_MACHINE:
    case FPL_RECORD_DELIVER: process(conn, record, fate); break;
    case FPL_RECORD_HOLD: hold(conn, record); break;
    case FPL_RECORD_NEW_ASSOCIATION: /* the listener has seen it before us */
    case FPL_RECORD_DUPLICATES_ONLY:
    case FPL_RECORD_NONE:
    case FPL_RECORD_DROP: conn->stats.dropped_unexpected++; break;
    }
}

/* The oldest held record whose fate is no longer to be held. */
static bool next_held(fpl_conn *conn)
{
    fpl_inbox *inbox = &conn->inbox;
    if (inbox->held == NULL || fpl_instance_state(&conn->handshake)->waits) {
        return false;
    }
    for (fpl_held **at = &inbox->held; *at != NULL; at = &(*at)->next) {
        fpl_held    *held = *at;
        fpl_record12 record;
        size_t       consumed = 0;
        fpl_drop     why = FPL_DROP_NONE;
        if (fpl_header12_parse(held->record, held->len, &record, &consumed, &why) == FPL_PARSE_OK &&
            fate_of(conn, &record)->fate == FPL_RECORD_HOLD) {
            continue;
        }
        *at = held->next;
        inbox->num_held--;
        inbox->held_bytes -= held->len;
        held->next = inbox->borrowed; /* an event may point into it */
        inbox->borrowed = held;
        if (why == FPL_DROP_NONE) {
            take_record(conn, &record);
        }
        return true;
    }
    return false;
}

static bool next_record(fpl_conn *conn)
{
    fpl_inbox   *inbox = &conn->inbox;
    fpl_record12 record;
    size_t       consumed = 0;
    fpl_drop     why = FPL_DROP_NONE;
    if (!inbox->attached || inbox->at >= inbox->len) {
        return false;
    }
    switch (fpl_header12_parse(inbox->datagram + inbox->at, inbox->len - inbox->at, &record, &consumed, &why)) {
    case FPL_PARSE_OK:
        inbox->at += consumed;
        take_record(conn, &record);
        return true;
    case FPL_PARSE_DROP_RECORD: inbox->at += consumed; break;
    case FPL_PARSE_DROP_REST:
    case FPL_PARSE_NONE: inbox->at = inbox->len; break;
    }
    count_drop(conn, why);
    return true;
}

bool fpl_input_step(fpl_conn *conn)
{
    if (conn->life != FPL_LIFE_LIVE) {
        return false;
    }
    /* Held records come last: a Finished that the datagram still has goes before what followed it on the wire. */
    return next_reassembled(conn) || next_fragment(conn) || next_early_ccs(conn) || next_record(conn) || next_held(conn);
}

static void free_list(const fpl_config *config, fpl_held **list)
{
    while (*list != NULL) {
        fpl_held *held = *list;
        *list = held->next;
        fpl_release(config, held, sizeof *held + held->len);
    }
}

void fpl_input_forget(fpl_conn *conn)
{
    conn->inbox.attached = false;
    conn->inbox.datagram = NULL;
    conn->inbox.len = 0;
    conn->inbox.at = 0;
    conn->inbox.fragments = fpl_bytes_none();
}

void fpl_input_return_borrowed(fpl_conn *conn)
{
    /* The handshake record being read may be one of them, or the data that has yet to be told of. */
    if (conn->inbox.fragments.len == 0 && !conn->inbox.has_data) {
        free_list(conn->config, &conn->inbox.borrowed);
    }
}

void fpl_input_free(fpl_conn *conn)
{
    fpl_input_forget(conn);
    free_list(conn->config, &conn->inbox.held);
    free_list(conn->config, &conn->inbox.borrowed);
    conn->inbox.num_held = 0;
    conn->inbox.held_bytes = 0;
    conn->inbox.has_data = false;
}
