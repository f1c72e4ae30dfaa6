#include "engine/flight.h"

#include <string.h>

#include "engine/acks.h"
#include "engine/dispatch.h"
#include "engine/interpret.h"
#include "engine/keys.h"
#include "engine/lookup.h"
#include "engine/sent.h"
#include "engine/timer.h"

/* A first guess that holds every message but a long chain; a builder that needs more is asked again. */
#define FPL_MESSAGE_GUESS 512

bool fpl_flight_writes(const fpl_flight *flight)
{
    return !flight->released && fpl_instance_state(&flight->resend)->writes;
}

static void free_flight(fpl_conn *conn, size_t index)
{
    fpl_flight *flight = conn->flights[index];
    fpl_buffer_free(conn->config, &flight->bytes);
    fpl_release(conn->config, flight->book, sizeof *flight->book);
    fpl_release(conn->config, flight, sizeof *flight);
    conn->flights[index] = NULL;
    conn->num_flights--;
}

/* One whose ACK its machine has yet to hear of, since an earlier flight still waits for its own, is kept. */
static bool is_done_with(const fpl_flight *flight)
{
    return flight->released &&
           (!flight->whole_acked || flight->told_acked || flight->spec->done_when != FPL_DONE_ACKED);
}

void fpl_flights_free_released(fpl_conn *conn, bool all)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL && conn->flights[i] != conn->current_flight &&
            (all || conn->life != FPL_LIFE_LIVE || is_done_with(conn->flights[i]))) {
            free_flight(conn, i);
        }
    }
}

static void raise(fpl_conn *conn, fpl_flight *flight, uint8_t kind, uint8_t code)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = kind;
    event.code = code;
    (void)fpl_dispatch_flight(conn, flight, &event);
}

/* Tells the flights that the peer's next flight answers. Those that only an ACK ends hear nothing. */
static void raise_answer(fpl_conn *conn, fpl_peer_event code)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight *flight = conn->flights[i];
        if (flight == NULL || flight->released || flight->spec->done_when != FPL_DONE_ANSWERED) {
            continue;
        }
        if (flight->book != NULL) {
            flight->book->named_all = true; /* an implicit ACK, RFC 9147 section 7.1 */
        }
        raise(conn, flight, FPL_EVENT_PEER, (uint8_t)code);
    }
}

void fpl_flights_answered(fpl_conn *conn)
{
    raise_answer(conn, FPL_PEER_NEXT_FLIGHT_COMPLETE);
}

/* --- preparing -------------------------------------------------------------------------------- */

static fpl_flight *find_extended(fpl_conn *conn, const fpl_machine *machine, const fpl_flight_spec *spec)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight *flight = conn->flights[i];
        if (flight != NULL && !flight->released && flight->owner == machine &&
            (spec->extends >> (unsigned)(flight->spec - machine->flights) & 1) != 0) {
            return flight;
        }
    }
    return NULL;
}

/* The resend figure of RFC 9147 section 5.8.1 keeps a book of what was sent in which record; that of RFC 6347 none. */
static bool begin_resending(fpl_conn *conn, const fpl_machine *machine, fpl_flight *flight)
{
    if (machine->version != FPL_VERSION_DTLS13) {
        fpl_instance_begin(&flight->resend, FPL_MACHINE_RESEND12);
        return true;
    }
    fpl_instance_begin(&flight->resend, FPL_MACHINE_RESEND13);
    flight->book = fpl_allocate(conn->config, sizeof *flight->book);
    return flight->book != NULL;
}

static fpl_flight *new_flight(fpl_conn *conn, const fpl_machine *machine, const fpl_flight_spec *spec)
{
    fpl_flight *flight;
    fpl_flights_free_released(conn, false);
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL) {
            continue;
        }
        flight = fpl_allocate(conn->config, sizeof *flight);
        if (flight == NULL) {
            return NULL;
        }
        flight->owner = machine;
        flight->spec = spec;
        flight->asked_at = FPL_NEVER;
        flight->answers = conn->has_received;
        flight->answers_from = conn->peer_flight_from;
        flight->answers_seq = conn->last_receive_seq;
        flight->answers_epoch = conn->last_receive_epoch;
        flight->answers_type = conn->last_receive_type;
        flight->answers_total = conn->last_receive_total;
        flight->answers_in = conn->stats.datagrams_in;
        memcpy(flight->answers_body, conn->last_receive_body, conn->last_receive_len);
        flight->answers_len = conn->last_receive_len;
        fpl_clocks_clear(flight->clocks);
        if (!begin_resending(conn, machine, flight)) {
            fpl_release(conn->config, flight, sizeof *flight);
            return NULL;
        }
        conn->flights[i] = flight;
        conn->num_flights++;
        return flight;
    }
    return NULL;
}

void fpl_conn_number_as_hello(fpl_conn *conn)
{
    if (conn->hello_record_seq > conn->write[0].next_seq && conn->hello_record_seq <= FPL_LIMIT_VALUE_HELLO_RECORD_NUMBER) {
        conn->write[0].next_seq = conn->hello_record_seq;
    }
}

/* The server's first numbers are those of the ClientHello it answers, but none is used twice. */
static void number_as_request(fpl_conn *conn, const fpl_event *event)
{
    if (event->kind != FPL_EVENT_MESSAGE) {
        return;
    }
    if (event->seq > conn->next_send_seq) {
        conn->next_send_seq = event->seq;
    }
    fpl_conn_number_as_hello(conn);
}

static fpl_status build(fpl_conn *conn, fpl_flight *flight, const fpl_flight_line *line, fpl_bytes *out)
{
    for (size_t guess = FPL_MESSAGE_GUESS; guess <= FPL_LIMIT_VALUE_OWN_MESSAGE_BYTES; guess *= 2) {
        fpl_writer writer;
        if (!fpl_buffer_reserve(conn->config, &flight->bytes, guess)) {
            return FPL_STATUS_NO_MEMORY;
        }
        writer = fpl_writer_of(flight->bytes.data + flight->bytes.len, flight->bytes.cap - flight->bytes.len);
        if (line->build(conn, &writer) && fpl_writer_ok(&writer)) {
            *out = fpl_bytes_of(writer.data, writer.len);
            flight->bytes.len += writer.len;
            return FPL_STATUS_OK;
        }
        if (!writer.failed) {
            return FPL_STATUS_INTERNAL; /* more room would not help */
        }
    }
    return FPL_STATUS_INTERNAL;
}

/* What our own hello offers decides later which answers are solicited. */
static void note_offer(fpl_conn *conn, const fpl_flight_line *line, fpl_bytes body)
{
    fpl_message msg;
    fpl_reader  reader = fpl_reader_of(NULL, 0);
    fpl_bytes   list = fpl_bytes_none();
    if (line->message == FPL_MESSAGE_CLIENT_HELLO && fpl_message_decode(&msg, line->message, 0, body, &reader) &&
        fpl_message_extensions(&msg, &list)) {
        conn->we_offered = fpl_extensions_mask(list);
    }
}

static fpl_status add_message(fpl_conn *conn, fpl_flight *flight, const fpl_flight_line *line)
{
    fpl_flight_message *message = &flight->messages[flight->num_messages];
    fpl_bytes           body = fpl_bytes_none();
    fpl_status          status;
    if (conn->next_send_seq == UINT16_MAX) {
        return FPL_STATUS_INTERNAL; /* message_seq must not wrap, RFC 6347 section 4.2.2 */
    }
    status = build(conn, flight, line, &body);
    if (status != FPL_STATUS_OK) {
        return status;
    }
    message->type = fpl_message_infos[line->message].type;
    message->seq = conn->next_send_seq++;
    message->epoch = line->epoch == FPL_EPOCH_CURRENT ? conn->write_epoch : line->epoch;
    message->len = body.len;
    message->offset = flight->bytes.len - body.len;
    message->ccs = false;
    if (flight->num_messages++ == 0) {
        flight->first_seq = message->seq;
    }
    note_offer(conn, line, body);
    if (line->transcript == FPL_TRANSCRIPT_NO) {
        return FPL_STATUS_OK;
    }
    if (line->transcript == FPL_TRANSCRIPT_AS_MESSAGE_HASH &&
        fpl_transcript_as_message_hash(conn->config, &conn->hs->transcript, conn->suite->hash) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    return fpl_transcript_append(conn->config, &conn->hs->transcript, message->type, message->seq, body);
}

static fpl_status add_line(fpl_conn *conn, fpl_flight *flight, const fpl_flight_line *line)
{
    bool       broken = false;
    fpl_status status = FPL_STATUS_OK;
    if (!fpl_conn_holds(conn, line->when, line->num_when, &broken)) {
        return broken ? FPL_STATUS_INTERNAL : FPL_STATUS_OK;
    }
    if (flight->num_messages == FPL_LIMIT_VALUE_FLIGHT_MESSAGES) {
        return FPL_STATUS_INTERNAL;
    }
    if (line->message == FPL_MESSAGE_NONE) {
        fpl_flight_message *message = &flight->messages[flight->num_messages++];
        memset(message, 0, sizeof *message);
        message->ccs = true;
        message->epoch = line->epoch;
    } else {
        status = add_message(conn, flight, line);
    }
    for (uint8_t i = 0; i < line->num_then && status == FPL_STATUS_OK; i++) {
        status = line->then[i].act(conn, NULL);
    }
    return status == FPL_STATUS_OK ? fpl_keys_install(conn, line->keys) : status;
}

/* Companions hear of a new flight too: it says what an ACK would, unless it is one of theirs, which answers nothing. */
static void tell_buffered(fpl_conn *conn, fpl_flight *flight, bool extends, bool own)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_FLIGHT;
    event.code = extends ? FPL_FLIGHT_EXTENDED : FPL_FLIGHT_BUFFERED;
    event.owner = flight->owner;
    event.flight = flight->id;
    (void)fpl_dispatch_flight(conn, flight, &event);
    if (flight->book != NULL && own) {
        event.code = FPL_FLIGHT_BUFFERED;
        (void)fpl_dispatch(conn, &event);
    }
}

fpl_status fpl_flight_prepare(fpl_conn *conn, const fpl_machine *machine, uint8_t id, const fpl_event *event)
{
    const fpl_flight_spec *spec = &machine->flights[id];
    fpl_flight            *flight = find_extended(conn, machine, spec);
    bool                   extends = flight != NULL;
    bool                   own = machine == fpl_machines[conn->handshake.machine]; /* else a companion's: independent */
    if (!extends) {
        if (own) {
            fpl_flights_answered(conn);
        }
        flight = new_flight(conn, machine, spec);
        if (flight == NULL) {
            return FPL_STATUS_NO_MEMORY;
        }
        conn->peer_flight_from = (uint16_t)conn->next_receive_seq;
    }
    flight->id = id;
    flight->extended = extends;
    flight->resent = false;
    if (extends && flight->asked_at != FPL_NEVER) {
        flight->asked_at = conn->now; /* all of it goes now: what the peer asked for before is answered */
    }
    flight->whole_acked = false;
    flight->told_acked = false;
    if (spec->numbers_of_request) {
        number_as_request(conn, event);
    }
    for (uint8_t i = 0; i < spec->num_lines; i++) {
        fpl_status status = add_line(conn, flight, &spec->lines[i]);
        if (status != FPL_STATUS_OK) {
            return status;
        }
    }
    if (flight->book != NULL && own) {
        fpl_acks_begin(conn); /* it acknowledges all that it answers, RFC 9147 section 7.1 */
    }
    tell_buffered(conn, flight, extends, own);
    return FPL_STATUS_OK;
}

/* --- resending -------------------------------------------------------------------------------- */

void fpl_flight_rewind(fpl_conn *conn, fpl_flight *flight, uint8_t kind, uint8_t code)
{
    flight->burst = 0;
    flight->paused = false;
    if ((kind == FPL_EVENT_FLIGHT && code == FPL_FLIGHT_EXTENDED) || (kind == FPL_EVENT_TIMER && code == FPL_TIMER_ID_REST)) {
        return; /* only what was added is new; only what was not sent yet */
    }
    if (kind == FPL_EVENT_PEER || kind == FPL_EVENT_ACK) {
        flight->asked_at = conn->now;
    }
    if (kind != FPL_EVENT_FLIGHT) {
        conn->stats.flights_resent++;
        flight->resent = true;
    }
    flight->at_message = 0;
    flight->at_byte = 0;
}

void fpl_flights_next_started(fpl_conn *conn)
{
    raise_answer(conn, FPL_PEER_NEXT_FLIGHT_STARTED);
}

void fpl_flights_note_received(fpl_conn *conn, const fpl_event *event, bool acknowledges)
{
    if (acknowledges) {
        fpl_flights_next_started(conn);
    }
    conn->next_receive_seq = (uint32_t)event->seq + 1;
    conn->last_receive_seq = event->seq;
    conn->last_receive_epoch = event->epoch;
    conn->last_receive_type = event->type;
    conn->last_receive_total = event->body.len;
    conn->has_received = true;
    conn->last_receive_len = 0;
    if (event->epoch > 0 && event->body.len <= sizeof conn->last_receive_body) {
        conn->last_receive_len = (uint8_t)event->body.len;
        memcpy(conn->last_receive_body, event->body.data, event->body.len);
    }
}

/* Does `fragment` say again what the message that `flight` answers said? Under keys another content is no
 * repetition, and drawing a flight with it would be a way to have us send. */
static bool repeats(const fpl_conn *conn, const fpl_flight *flight, const fpl_fragment *fragment)
{
    if (!flight->answers || flight->answers_seq != fragment->seq || flight->answers_epoch != fragment->epoch ||
        flight->answers_type != fragment->type || flight->answers_total != fragment->total ||
        flight->answers_in == conn->stats.datagrams_in) {
        return false;
    }
    return flight->answers_len == 0 ||
           memcmp(flight->answers_body + fragment->offset, fragment->body.data, fragment->body.len) == 0;
}

/* After an ACK the peer sends again only what we did not name: in DTLS 1.3 any message of its flight, whole and under
 * keys, asks for the answer. */
static bool repeats_part(const fpl_conn *conn, const fpl_flight *flight, const fpl_fragment *fragment)
{
    return flight->book != NULL && flight->answers && fragment->epoch > 0 && fragment->seq >= flight->answers_from &&
           fragment->seq < flight->answers_seq && flight->answers_in != conn->stats.datagrams_in &&
           fragment->offset + fragment->body.len == fragment->total;
}

bool fpl_flights_answer(const fpl_conn *conn, uint16_t seq)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        const fpl_flight *flight = conn->flights[i];
        if (flight != NULL && !flight->released && flight->answers && seq <= flight->answers_seq &&
            !(conn->has_acked && seq <= conn->acked_seq)) {
            return true;
        }
    }
    return false;
}

void fpl_flights_note_again(fpl_conn *conn, const fpl_fragment *fragment, bool authenticated)
{
    conn->stats.duplicates++;
    if (conn->authenticated && !authenticated) {
        return;
    }
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight *flight = conn->flights[i];
        if (flight != NULL && repeats_part(conn, flight, fragment)) {
            raise(conn, flight, FPL_EVENT_PEER, FPL_PEER_RESENT_ITS_FLIGHT);
        }
        if (flight == NULL || !repeats(conn, flight, fragment)) {
            continue;
        }
        if (!fpl_spans_add(&flight->again, fragment->offset, fragment->offset + (uint32_t)fragment->body.len)) {
            memset(&flight->again, 0, sizeof flight->again);
        }
        if (fpl_spans_whole(&flight->again, fragment->total)) {
            memset(&flight->again, 0, sizeof flight->again);
            raise(conn, flight, FPL_EVENT_PEER, FPL_PEER_RESENT_ITS_FLIGHT);
        }
    }
}

size_t fpl_flight_mtu(fpl_conn *conn, const fpl_flight *flight)
{
    size_t   mtu = conn->mtu != 0 ? conn->mtu : (size_t)fpl_conn_limit(conn, FPL_LIMIT_MTU);
    uint64_t after = fpl_conn_limit(conn, FPL_LIMIT_RESEND_SMALLER_AFTER);
    if (flight->timer_resends >= after) {
        uint64_t smaller = fpl_conn_limit(conn, FPL_LIMIT_RESEND_SMALLER_BYTES);
        for (uint64_t n = after; n < flight->timer_resends; n++) {
            smaller /= 2;
        }
        if (smaller < fpl_limits[FPL_LIMIT_MTU].min) {
            smaller = fpl_limits[FPL_LIMIT_MTU].min;
        }
        if (conn->path_bytes == 0 || smaller < conn->path_bytes) {
            conn->path_bytes = (uint16_t)smaller; /* later flights go the same path */
        }
    }
    return conn->path_bytes != 0 && conn->path_bytes < mtu ? conn->path_bytes : mtu;
}
