/* A datagram is planned first, without sealing, so that a buffer that is too small uses nothing up; then
 * the same walk is done again for real. */
#include "engine/output.h"

#include <string.h>

#include "engine/acks.h"
#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/flight.h"
#include "engine/keys.h"
#include "engine/sent.h"
#include "engine/usage.h"
#include "record/header12.h"

#define FPL_HANDSHAKE_HEADER 12
#define FPL_ALERT_LEN 2

/* One walk over what is due. With `out` NULL nothing is written and nothing moves. */
typedef struct fpl_packing {
    fpl_conn *conn;
    uint8_t  *out;
    size_t    cap;   /* of the datagram: MTU, amplification */
    size_t    len;
    bool      failed;
    bool      acked; /* an ACK was written */
    /* The handshake record being put together; in DTLS 1.3 several messages share one (RFC 9147 section 5.5). */
    bool      open;
    uint16_t  epoch;
    size_t    start;
    size_t    content;
} fpl_packing;

/* Where the writing of a flight stands; a walk that only plans has its own. */
typedef struct fpl_cursor {
    uint8_t message;
    size_t  byte;
    uint8_t burst;
    bool    paused;
} fpl_cursor;

/* What is to be told to a flight once the datagram is written: a flight event, or none. */
typedef uint8_t fpl_told[FPL_LIMIT_VALUE_FLIGHTS];

static size_t amplification_left(const fpl_conn *conn)
{
    uint64_t allowed;
    if (conn->role != FPL_ROLE_SERVER || conn->address_validated || conn->authenticated) {
        return SIZE_MAX;
    }
    allowed = conn->stats.bytes_in * fpl_conn_limit(conn, FPL_LIMIT_AMPLIFICATION);
    return allowed > conn->stats.bytes_out ? (size_t)(allowed - conn->stats.bytes_out) : 0;
}

static uint16_t record_version(const fpl_conn *conn, uint16_t epoch, uint8_t type)
{
    /* The first ClientHello may meet a server of DTLS 1.0 (RFC 6347 section 4.2.1). */
    bool first = conn->role == FPL_ROLE_CLIENT && epoch == 0 && type == FPL_CONTENT_TYPE_HANDSHAKE && !conn->has_received;
    return first ? FPL_RECORD_VERSION_DTLS10 : FPL_RECORD_VERSION_DTLS12;
}

static size_t room(const fpl_packing *packing)
{
    return packing->cap - packing->len;
}

/* Seals what lies in place behind the prefix of a record that begins at `start`. */
static void seal(fpl_packing *packing, uint16_t epoch, fpl_content_type type, size_t start, size_t content)
{
    fpl_conn *conn = packing->conn;
    size_t    written = 0;
    if (packing->failed || fpl_seal_record(conn, epoch, type, record_version(conn, epoch, type), packing->out + start,
                                           content, packing->cap - start, &written) != FPL_SEAL_OK) {
        packing->failed = true;
        return;
    }
    packing->len = start + written;
    conn->stats.records_out++;
}

static void close_record(fpl_packing *packing)
{
    if (packing->open && packing->out != NULL) {
        seal(packing, packing->epoch, FPL_CONTENT_TYPE_HANDSHAKE, packing->start, packing->content);
    }
    packing->open = false;
}

static bool pack_whole(fpl_packing *packing, uint16_t epoch, fpl_content_type type, const uint8_t *body, size_t len)
{
    size_t size = fpl_seal_overhead(packing->conn, epoch) + len;
    close_record(packing);
    if (size > room(packing)) {
        return false;
    }
    if (packing->out != NULL) {
        memcpy(packing->out + packing->len + fpl_seal_prefix(packing->conn, epoch), body, len);
        seal(packing, epoch, type, packing->len, len);
    } else {
        packing->len += size;
    }
    return true;
}

static void put_fragment_header(uint8_t out[FPL_HANDSHAKE_HEADER], const fpl_flight_message *message, size_t offset,
                                size_t len)
{
    out[0] = message->type;
    fpl_put_uint(out + 1, 3, message->len);
    fpl_put_uint(out + 4, 2, message->seq);
    fpl_put_uint(out + 6, 3, offset);
    fpl_put_uint(out + 9, 3, len);
}

/* There are peers who, at a message that they have, drop what follows it in its record: what is sent again stands alone. */
static bool joins(const fpl_packing *packing, const fpl_flight *flight, uint16_t epoch)
{
    return packing->open && !flight->resent && packing->epoch == epoch && epoch > 1 &&
           packing->content + FPL_HANDSHAKE_HEADER < FPL_RECORD_MAX_PLAINTEXT;
}

static void begin_record(fpl_packing *packing, uint16_t epoch, fpl_cursor *cursor)
{
    close_record(packing);
    packing->open = true;
    packing->epoch = epoch;
    packing->start = packing->len;
    packing->content = 0;
    packing->len += fpl_seal_overhead(packing->conn, epoch);
    cursor->burst++;
}

static uint64_t number_of_open(const fpl_packing *packing)
{
    const fpl_write_epoch13 *epoch13 = fpl_write13_of(packing->conn, packing->epoch);
    return epoch13 != NULL ? epoch13->next_seq : packing->conn->write[0].next_seq;
}

static void put_fragment(fpl_packing *packing, fpl_flight *flight, uint8_t index, size_t offset, size_t part)
{
    const fpl_flight_message *message = &flight->messages[index];
    uint8_t                  *at = packing->out + packing->start + fpl_seal_prefix(packing->conn, packing->epoch) + packing->content;
    put_fragment_header(at, message, offset, part);
    if (part > 0) {
        memcpy(at + FPL_HANDSHAKE_HEADER, flight->bytes.data + message->offset + offset, part);
    }
    fpl_sent_note(flight, packing->epoch, number_of_open(packing), index, offset, offset + part);
}

/* RFC 9147 section 5.8.3: no more records at once, whether or not the path would take them. */
static bool must_pause(const fpl_flight *flight, const fpl_cursor *cursor)
{
    return flight->book != NULL && cursor->burst >= FPL_LIMIT_VALUE_RECORDS_AT_ONCE;
}

/* Packs what has not arrived of the message at the cursor, as far as it fits. False when the datagram is full. */
static bool pack_message(fpl_packing *packing, fpl_flight *flight, fpl_cursor *cursor)
{
    const fpl_flight_message *message = &flight->messages[cursor->message];
    size_t                    to = 0;
    while (fpl_sent_gap(flight, cursor->message, &cursor->byte, &to)) {
        bool   joined = joins(packing, flight, message->epoch);
        size_t overhead = FPL_HANDSHAKE_HEADER + (joined ? 0 : fpl_seal_overhead(packing->conn, message->epoch));
        size_t part = to - cursor->byte;
        size_t most = FPL_RECORD_MAX_PLAINTEXT - FPL_HANDSHAKE_HEADER - (joined ? packing->content : 0);
        if (!joined && must_pause(flight, cursor)) {
            cursor->paused = true;
            return false;
        }
        if (room(packing) < overhead + (part < FPL_LIMIT_VALUE_LEAST_FRAGMENT ? part : FPL_LIMIT_VALUE_LEAST_FRAGMENT)) {
            return false;
        }
        part = part > room(packing) - overhead ? room(packing) - overhead : part;
        part = part > most ? most : part;
        if (!joined) {
            begin_record(packing, message->epoch, cursor);
        }
        if (packing->out != NULL) {
            put_fragment(packing, flight, cursor->message, cursor->byte, part);
        }
        packing->content += FPL_HANDSHAKE_HEADER + part;
        packing->len += FPL_HANDSHAKE_HEADER + part;
        cursor->byte += part;
        if (message->len == 0) {
            break;
        }
    }
    return true;
}

/* Packs what `flight` still has to write from its cursor on; returns whether all of it is in. */
static bool pack_flight(fpl_packing *packing, fpl_flight *flight, fpl_cursor *cursor)
{
    static const uint8_t ccs[1] = {1}; /* RFC 5246 section 7.1 */
    while (cursor->message < flight->num_messages && !packing->failed) {
        const fpl_flight_message *message = &flight->messages[cursor->message];
        if (message->ccs) {
            if (!pack_whole(packing, message->epoch, FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC, ccs, sizeof ccs)) {
                return false;
            }
        } else if (!pack_message(packing, flight, cursor)) {
            return false;
        }
        cursor->byte = 0;
        cursor->message++;
    }
    return true;
}

static size_t configured_mtu(fpl_conn *conn)
{
    return conn->mtu != 0 ? conn->mtu : (size_t)fpl_conn_limit(conn, FPL_LIMIT_MTU);
}

static void pack_ack(fpl_packing *packing)
{
    fpl_conn *conn = packing->conn;
    uint8_t   body[FPL_ACK_BODY_MAX];
    size_t    overhead = fpl_seal_overhead(conn, conn->write_epoch);
    size_t    len;
    if (!fpl_acks_due(conn) || room(packing) < overhead) {
        return;
    }
    len = fpl_acks_body(conn, body, room(packing) - overhead);
    packing->acked = len > 0 && pack_whole(packing, conn->write_epoch, FPL_CONTENT_TYPE_ACK, body, len);
}

static void pack_alert(fpl_packing *packing)
{
    fpl_conn *conn = packing->conn;
    uint8_t   body[FPL_ALERT_LEN];
    if (!conn->alert.set) {
        return;
    }
    body[0] = conn->alert.level;
    body[1] = conn->alert.description;
    if (pack_whole(packing, conn->write_epoch, FPL_CONTENT_TYPE_ALERT, body, sizeof body) && packing->out != NULL) {
        conn->alert.set = false;
    }
}

static bool pack_one(fpl_packing *packing, size_t i, fpl_told told)
{
    fpl_flight *flight = packing->conn->flights[i];
    size_t      mtu = fpl_flight_mtu(packing->conn, flight);
    size_t      ceiling = packing->cap;
    fpl_cursor  cursor;
    bool        whole = false;
    packing->cap = mtu < ceiling ? mtu : ceiling;
    if (packing->cap > packing->len) {
        cursor.message = flight->at_message;
        cursor.byte = flight->at_byte;
        cursor.burst = flight->burst;
        cursor.paused = false;
        whole = pack_flight(packing, flight, &cursor);
        close_record(packing);
        told[i] = whole ? FPL_FLIGHT_WRITTEN : cursor.paused ? FPL_FLIGHT_PARTLY_WRITTEN : FPL_FLIGHT_NONE;
        if (packing->out != NULL) {
            flight->at_message = cursor.message;
            flight->at_byte = cursor.byte;
            flight->burst = cursor.burst;
            flight->paused = cursor.paused;
        }
    }
    packing->cap = ceiling;
    return whole;
}

/* The walk: an ACK, each flight that is being written, an alert. */
static void pack(fpl_packing *packing, fpl_told told)
{
    fpl_conn *conn = packing->conn;
    pack_ack(packing);
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS && conn->life == FPL_LIFE_LIVE; i++) {
        if (conn->flights[i] != NULL && fpl_flight_writes(conn->flights[i]) && !pack_one(packing, i, told)) {
            break;
        }
    }
    pack_alert(packing);
}

static void tell(fpl_conn *conn, const fpl_told told)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_FLIGHT;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (told[i] != FPL_FLIGHT_NONE && conn->flights[i] != NULL) {
            event.code = told[i];
            (void)fpl_dispatch_flight(conn, conn->flights[i], &event);
            fpl_acks_judge(conn, conn->flights[i]); /* what came while it was being written */
        }
    }
    fpl_acks_tell(conn);
    fpl_conn_tidy(conn);
}

fpl_result fpl_output_datagram(fpl_conn *conn, uint8_t *out, size_t cap, size_t *len)
{
    fpl_told    told = {FPL_FLIGHT_NONE};
    fpl_packing plan;
    fpl_packing real;
    size_t      credit;

    *len = 0;
    if (!fpl_output_is_due(conn)) {
        return FPL_OK;
    }
    conn->ack_due = fpl_acks_due(conn);
    credit = amplification_left(conn);
    memset(&plan, 0, sizeof plan);
    plan.conn = conn;
    plan.cap = configured_mtu(conn);
    if (plan.cap > credit) {
        plan.cap = credit;
    }
    pack(&plan, told);
    if (plan.len == 0) {
        tell(conn, told); /* of flights that the peer has whole by now */
        return FPL_OK;
    }
    if (plan.len > cap) {
        *len = plan.len;
        return FPL_BUFFER_TOO_SMALL;
    }
    memset(told, 0, sizeof told);
    real = plan;
    real.out = out;
    real.len = 0;
    pack(&real, told);
    if (real.failed) {
        /* Record numbers are used up, or libcrypto failed: what lies in `out` must not go. */
        memset(out, 0, plan.len);
        conn->alert.set = false;
        fpl_conn_fail(conn, FPL_FAILURE_INTERNAL, FPL_NO_ALERT, "seal", "rfc6347#4.1");
        return FPL_OK;
    }
    *len = real.len;
    conn->stats.datagrams_out++;
    conn->stats.bytes_out += real.len;
    if (real.acked) {
        fpl_acks_sent(conn);
    }
    tell(conn, told);
    if (conn->connected && conn->life == FPL_LIFE_LIVE) {
        (void)fpl_usage_check(conn); /* what is no application data counts too */
    }
    return FPL_OK;
}
