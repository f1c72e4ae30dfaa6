#include "engine/messages.h"

#include <string.h>

#include "engine/acks.h"
#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/flight.h"
#include "engine/lookup.h"
#include "engine/record_in.h"

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

static bool is_dtls13(const fpl_conn *conn)
{
    return conn->version == FPL_VERSION_DTLS13;
}

/* Only what keys vouch for makes us acknowledge anything (RFC 9147 section 7.1). */
static void tell_peer(fpl_conn *conn, fpl_peer_event code, uint16_t epoch)
{
    if (is_dtls13(conn) && epoch > 0) {
        (void)fpl_raise(conn, FPL_EVENT_PEER, (uint8_t)code);
    }
}

/* The record at hand is not to be acknowledged: something in it was lost on us. */
static void not_kept(fpl_conn *conn)
{
    fpl_acks_forget(conn, conn->inbox.epoch, conn->inbox.record_seq);
}

/* --- whole messages ------------------------------------------------------------------------------- */

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

static bool lists_epoch(const fpl_conn *conn, const fpl_state *state, uint16_t epoch)
{
    if (state->waits) {
        return epoch == conn->read_epoch; /* messages wait with it */
    }
    if (epoch < 15 && (state->message_epochs >> epoch & 1) != 0) {
        return true;
    }
    return (state->message_epochs >> 15 & 1) != 0 && epoch == conn->read_epoch;
}

/* May a new message of `epoch` be kept or taken in the present state? Asked before reassembly, so that a
 * stranger's fragment of another epoch uses nothing up. */
static bool state_takes_epoch(const fpl_conn *conn, uint16_t epoch)
{
    if (lists_epoch(conn, fpl_instance_state(&conn->handshake), epoch)) {
        return true;
    }
    for (uint8_t i = 0; i < conn->num_companions; i++) {
        const fpl_instance *companion = &conn->companions[i];
        const fpl_state    *state = fpl_instance_state(companion);
        if (!state->waits && state->message_epochs != 0 && fpl_runs_beside(companion, &conn->handshake) &&
            lists_epoch(conn, state, epoch)) {
            return true;
        }
    }
    return false;
}

/* A message is over: what reassembly kept for its number goes, and so does whatever the event left. */
static void message_done(fpl_conn *conn, uint16_t seq)
{
    fpl_reassembly_drop(conn->config, &conn->reassembly, seq);
    if (conn->read_epoch > 0) {
        fpl_reassembly_drop_epoch(conn->config, &conn->reassembly, 0); /* what strangers left: nothing takes it any more */
    }
    if (conn->hs == NULL && conn->reassembly.bytes == 0) {
        fpl_reassembly_free(conn->config, &conn->reassembly); /* messages are rare from here on */
    }
    if (is_dtls13(conn) && (conn->next_receive_seq > UINT16_MAX || conn->read_epoch == UINT16_MAX)) {
        (void)fpl_raise(conn, FPL_EVENT_LIMIT, FPL_LIMIT_EVENT_EPOCH); /* nothing could follow */
    }
    fpl_conn_tidy(conn);
}

static const fpl_candidate *find_whole(const fpl_conn *conn, uint16_t seq, uint16_t epoch)
{
    return state_takes_epoch(conn, epoch) ? fpl_reassembly_whole(&conn->reassembly, seq, epoch) : NULL;
}

/* A message that was kept, and acknowledged, in an epoch that a KeyUpdate before it ended: the same breach as one that
 * comes afterwards. */
static bool refuse_outdated(fpl_conn *conn)
{
    for (size_t i = 0; conn->keys13 != NULL && i < conn->keys13->read.num; i++) {
        uint16_t              epoch = conn->keys13->read.list[i].number;
        const fpl_record_row *row = fpl_record_fate_of(conn, FPL_CONTENT_HANDSHAKE, epoch);
        if (row->fate == FPL_RECORD_DUPLICATES_ONLY &&
            fpl_reassembly_whole(&conn->reassembly, (uint16_t)conn->next_receive_seq, epoch) != NULL) {
            fpl_conn_breach(conn, FPL_BREACH_OLD_EPOCH, NULL);
            return true;
        }
    }
    return false;
}

/* A ServerHello has come in plain: its record may be named, and what should follow may have been lost. */
static void note_server_hello(fpl_conn *conn, uint32_t before)
{
    if (conn->role == FPL_ROLE_CLIENT && conn->inbox.epoch == 0 && conn->write_epoch > 1 && conn->next_receive_seq != before) {
        fpl_acks_note(conn, conn->inbox.epoch, conn->inbox.record_seq);
        (void)fpl_raise(conn, FPL_EVENT_PEER, FPL_PEER_FLIGHT_CONTINUES);
    }
}

bool fpl_messages_next_whole(fpl_conn *conn)
{
    uint32_t             before = conn->next_receive_seq;
    const fpl_candidate *candidate;
    fpl_fragment         message;
    if (conn->reassembly.slots == NULL || conn->next_receive_seq > UINT16_MAX ||
        fpl_instance_state(&conn->handshake)->waits) {
        return false;
    }
    message.epoch = 0;
    candidate = find_whole(conn, (uint16_t)conn->next_receive_seq, 0);
    if (candidate == NULL && conn->read_epoch == 1) {
        message.epoch = 1;
        candidate = find_whole(conn, (uint16_t)conn->next_receive_seq, 1);
    }
    for (size_t i = 0; conn->keys13 != NULL && i < conn->keys13->read.num && candidate == NULL; i++) {
        message.epoch = conn->keys13->read.list[i].number;
        candidate = find_whole(conn, (uint16_t)conn->next_receive_seq, message.epoch);
    }
    if (candidate == NULL) {
        return refuse_outdated(conn);
    }
    message.type = candidate->type;
    message.total = candidate->total;
    message.seq = (uint16_t)conn->next_receive_seq;
    message.offset = 0;
    message.body = fpl_bytes_of(candidate->bytes, candidate->total);
    message.rest_follows = candidate->rest_follows;
    (void)fpl_input_message(conn, &message);
    message_done(conn, message.seq);
    if (message.epoch == 0) {
        note_server_hello(conn, before);
    }
    return true;
}

/* --- fragments ---------------------------------------------------------------------------------- */

/* Does `fragment` begin where what has come so far ends? */
static bool continues(const fpl_conn *conn, const fpl_fragment *fragment)
{
    for (uint32_t seq = conn->next_receive_seq; seq < fragment->seq; seq++) {
        if (fpl_reassembly_whole(&conn->reassembly, (uint16_t)seq, fragment->epoch) == NULL) {
            return false;
        }
    }
    return fragment->offset <= fpl_reassembly_prefix(&conn->reassembly, fragment->seq, fragment->epoch);
}

static void keep_fragment(fpl_conn *conn, const fpl_fragment *fragment)
{
    size_t limit = FPL_LIMIT_VALUE_REASSEMBLY_MESSAGES * (size_t)fpl_conn_limit(conn, FPL_LIMIT_MESSAGE_BYTES);
    bool   in_order = continues(conn, fragment);
    switch (fpl_reassembly_add(conn->config, &conn->reassembly, fragment, limit)) {
    case FPL_REASSEMBLY_KEPT:
        if (is_dtls13(conn) && fragment->epoch > 0 && conn->num_flights > 0) {
            fpl_flights_next_started(conn);
        }
        tell_peer(conn, in_order ? FPL_PEER_FLIGHT_CONTINUES : FPL_PEER_OUT_OF_ORDER, fragment->epoch);
        break;
    case FPL_REASSEMBLY_CONFLICT:
        fpl_conn_breach(conn, FPL_BREACH_CHANGED_FRAGMENT, NULL);
        break;
    case FPL_REASSEMBLY_FULL:
    case FPL_REASSEMBLY_NO_MEMORY: /* as if it had been lost */
    case FPL_REASSEMBLY_NONE:
        conn->stats.dropped_full++;
        not_kept(conn);
        break;
    }
}

/* A message that was consumed before. One that we acknowledged is acknowledged again, for our ACK was lost; one that a
 * flight of ours answers may draw that flight; one of the flight still arriving says that the peer waits for an ACK. */
static void take_again(fpl_conn *conn, const fpl_fragment *fragment, bool authenticated)
{
    if (!is_dtls13(conn) || !authenticated || fpl_flights_answer(conn, fragment->seq)) {
        fpl_flights_note_again(conn, fragment, authenticated);
        return;
    }
    conn->stats.duplicates++;
    tell_peer(conn,
              conn->has_acked && fragment->seq <= conn->acked_seq ? FPL_PEER_REPEATS_ACKED_MESSAGE
                                                                  : FPL_PEER_FLIGHT_CONTINUES,
              fragment->epoch);
}

static bool is_malformed(const fpl_conn *conn, const fpl_fragment *fragment)
{
    return fragment->offset > fragment->total || fragment->body.len > fragment->total - fragment->offset ||
           fragment->total > fpl_conn_limit(conn, FPL_LIMIT_MESSAGE_BYTES);
}

static void drop(fpl_conn *conn, uint64_t *counter)
{
    (*counter)++;
    not_kept(conn);
}

static void take_fragment(fpl_conn *conn, const fpl_fragment *fragment, bool authenticated)
{
    if (is_malformed(conn, fragment)) {
        drop(conn, &conn->stats.dropped_malformed);
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
        take_again(conn, fragment, authenticated);
        return;
    }
    if (conn->inbox.duplicates_only) { /* an epoch that a newer one ended */
        fpl_conn_breach(conn, FPL_BREACH_OLD_EPOCH, NULL);
        return;
    }
    if ((conn->hs == NULL && !is_dtls13(conn)) || !state_takes_epoch(conn, fragment->epoch)) {
        drop(conn, &conn->stats.dropped_unexpected);
        return;
    }
    if (fragment->seq - conn->next_receive_seq >= FPL_LIMIT_VALUE_REASSEMBLY_SLOTS) {
        drop(conn, &conn->stats.dropped_full);
        return;
    }
    if (fragment->seq == conn->next_receive_seq && is_complete(fragment) && !fpl_instance_state(&conn->handshake)->waits) {
        tell_peer(conn, FPL_PEER_FLIGHT_CONTINUES, fragment->epoch);
        (void)fpl_input_message(conn, fragment);
        message_done(conn, fragment->seq);
        return;
    }
    keep_fragment(conn, fragment);
}

bool fpl_messages_next(fpl_conn *conn)
{
    uint32_t     before = conn->next_receive_seq;
    fpl_fragment fragment;
    if (conn->inbox.fragments.len == 0) {
        return false;
    }
    if (!fpl_fragment_read(&conn->inbox.fragments, conn->inbox.epoch, &fragment)) {
        conn->inbox.fragments = fpl_bytes_none();
        drop(conn, &conn->stats.dropped_malformed);
        return true;
    }
    conn->hello_record_seq = conn->inbox.record_seq;
    take_fragment(conn, &fragment, conn->inbox.authenticated);
    note_server_hello(conn, before);
    return true;
}
