/* A datagram is planned first, without sealing, so that a buffer that is too small uses nothing up; then
 * the same walk is done again for real. */
#include "engine/output.h"

#include <string.h>

#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/flight.h"
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
} fpl_packing;

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

/* Puts one record around `head` and `body`. */
static void put_record(fpl_packing *packing, uint16_t epoch_number, fpl_content_type type, fpl_bytes head, fpl_bytes body)
{
    fpl_conn        *conn = packing->conn;
    fpl_write_epoch *epoch = &conn->write[epoch_number];
    uint8_t         *at = packing->out + packing->len;
    uint8_t         *plain = at + fpl_epoch12_prefix(epoch);
    size_t           written = 0;
    if (head.len > 0) {
        memcpy(plain, head.data, head.len);
    }
    if (body.len > 0) {
        memcpy(plain + head.len, body.data, body.len);
    }
    if (fpl_epoch12_seal(epoch, type, record_version(conn, epoch_number, type), at, head.len + body.len,
                         packing->cap - packing->len, &written) != FPL_SEAL_OK) {
        packing->failed = true;
        return;
    }
    packing->len += written;
    conn->stats.records_out++;
}

static size_t room(const fpl_packing *packing)
{
    return packing->cap - packing->len;
}

static bool pack_whole(fpl_packing *packing, uint16_t epoch, fpl_content_type type, const uint8_t *body, size_t len)
{
    size_t size = fpl_epoch12_overhead(&packing->conn->write[epoch]) + len;
    if (size > room(packing)) {
        return false;
    }
    if (packing->out != NULL) {
        put_record(packing, epoch, type, fpl_bytes_none(), fpl_bytes_of(body, len));
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

/* Packs as much of `message` from *offset on as fits. False when the datagram is full. */
static bool pack_message(fpl_packing *packing, const fpl_flight *flight, const fpl_flight_message *message, size_t *offset)
{
    fpl_conn *conn = packing->conn;
    size_t    overhead = fpl_epoch12_overhead(&conn->write[message->epoch]) + FPL_HANDSHAKE_HEADER;
    size_t    rest = message->len - *offset;
    size_t    part = rest;
    size_t    free = room(packing);
    uint8_t   header[FPL_HANDSHAKE_HEADER];

    if (free < overhead + (rest < FPL_LIMIT_VALUE_LEAST_FRAGMENT ? rest : FPL_LIMIT_VALUE_LEAST_FRAGMENT)) {
        return false;
    }
    if (part > free - overhead) {
        part = free - overhead;
    }
    if (packing->out != NULL) {
        put_fragment_header(header, message, *offset, part);
        put_record(packing, message->epoch, FPL_CONTENT_TYPE_HANDSHAKE, fpl_bytes_of(header, sizeof header),
                   fpl_bytes_of(flight->bytes.data + message->offset + *offset, part));
    } else {
        packing->len += overhead + part;
    }
    *offset += part;
    return *offset == message->len;
}

/* Packs what `flight` still has to write from its cursor on; returns whether all of it is in. */
static bool pack_flight(fpl_packing *packing, const fpl_flight *flight, uint8_t *at_message, size_t *at_byte)
{
    static const uint8_t ccs[1] = {1}; /* RFC 5246 section 7.1 */
    while (*at_message < flight->num_messages && !packing->failed) {
        const fpl_flight_message *message = &flight->messages[*at_message];
        if (message->ccs) {
            if (!pack_whole(packing, message->epoch, FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC, ccs, sizeof ccs)) {
                return false;
            }
        } else if (!pack_message(packing, flight, message, at_byte)) {
            return false;
        }
        *at_byte = 0;
        (*at_message)++;
    }
    return true;
}

static size_t least_mtu(fpl_conn *conn)
{
    return conn->mtu != 0 ? conn->mtu : (size_t)fpl_conn_limit(conn, FPL_LIMIT_MTU);
}

static bool alert_may_go(const fpl_conn *conn)
{
    return conn->alert.set;
}

/* The walk: alert first or last, then each flight that is being written. */
static void pack(fpl_packing *packing, bool finished[FPL_MAX_FLIGHTS])
{
    fpl_conn *conn = packing->conn;
    size_t    ceiling = packing->cap;
    for (size_t i = 0; i < FPL_MAX_FLIGHTS && conn->life == FPL_LIFE_LIVE; i++) {
        fpl_flight *flight = conn->flights[i];
        uint8_t     at_message;
        size_t      at_byte;
        size_t      mtu;
        if (flight == NULL || !fpl_flight_writes(flight)) {
            continue;
        }
        mtu = fpl_flight_mtu(conn, flight);
        packing->cap = mtu < ceiling ? mtu : ceiling;
        if (packing->cap <= packing->len) {
            break;
        }
        at_message = flight->at_message;
        at_byte = flight->at_byte;
        finished[i] = pack_flight(packing, flight, &at_message, &at_byte);
        if (packing->out != NULL) {
            flight->at_message = at_message;
            flight->at_byte = at_byte;
        }
        if (!finished[i]) {
            break;
        }
    }
    packing->cap = ceiling;
    if (alert_may_go(conn)) {
        uint8_t body[FPL_ALERT_LEN];
        body[0] = conn->alert.level;
        body[1] = conn->alert.description;
        if (pack_whole(packing, conn->write_epoch, FPL_CONTENT_TYPE_ALERT, body, sizeof body) && packing->out != NULL) {
            conn->alert.set = false;
        }
    }
}

static void tell_written(fpl_conn *conn, const bool finished[FPL_MAX_FLIGHTS])
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_FLIGHT;
    event.code = FPL_FLIGHT_WRITTEN;
    for (size_t i = 0; i < FPL_MAX_FLIGHTS; i++) {
        if (finished[i] && conn->flights[i] != NULL) {
            (void)fpl_dispatch_flight(conn, conn->flights[i], &event);
        }
    }
    fpl_conn_tidy(conn);
}

fpl_result fpl_output_datagram(fpl_conn *conn, uint8_t *out, size_t cap, size_t *len)
{
    bool        finished[FPL_MAX_FLIGHTS] = {false};
    fpl_packing plan;
    fpl_packing real;
    size_t      credit;

    *len = 0;
    if (!fpl_output_is_due(conn)) {
        return FPL_OK;
    }
    credit = amplification_left(conn);
    memset(&plan, 0, sizeof plan);
    plan.conn = conn;
    plan.cap = least_mtu(conn);
    if (plan.cap > credit) {
        plan.cap = credit;
    }
    pack(&plan, finished);
    if (plan.len == 0) {
        return FPL_OK;
    }
    if (plan.len > cap) {
        *len = plan.len;
        return FPL_BUFFER_TOO_SMALL;
    }
    memset(finished, 0, sizeof finished);
    real = plan;
    real.out = out;
    real.len = 0;
    pack(&real, finished);
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
    tell_written(conn, finished);
    return FPL_OK;
}
