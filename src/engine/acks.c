#include "engine/acks.h"

#include <string.h>

#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/sent.h"

#define FPL_RECORD_NUMBER_LEN 16
#define FPL_ACK_LENGTH_LEN 2

/* --- ours -------------------------------------------------------------------------------------- */

static size_t oldest(const fpl_acks *acks)
{
    return (size_t)(acks->next + FPL_LIMIT_VALUE_ACK_RECORDS - acks->num) % FPL_LIMIT_VALUE_ACK_RECORDS;
}

void fpl_acks_note(fpl_conn *conn, uint16_t epoch, uint64_t seq)
{
    fpl_acks *acks = conn->acks;
    if (acks == NULL) {
        acks = conn->acks = fpl_allocate(conn->config, sizeof *acks);
        if (acks == NULL) {
            return; /* as if the record had been lost: it will come again */
        }
    }
    for (size_t i = 0; i < acks->num; i++) {
        size_t at = (oldest(acks) + i) % FPL_LIMIT_VALUE_ACK_RECORDS;
        if (acks->epoch[at] == epoch && acks->seq[at] == seq) {
            return;
        }
    }
    acks->epoch[acks->next] = epoch;
    acks->seq[acks->next] = seq;
    acks->next = (uint16_t)((acks->next + 1) % FPL_LIMIT_VALUE_ACK_RECORDS);
    if (acks->num < FPL_LIMIT_VALUE_ACK_RECORDS) {
        acks->num++;
    }
}

/* It is the newest, if it is there at all. */
void fpl_acks_forget(fpl_conn *conn, uint16_t epoch, uint64_t seq)
{
    fpl_acks *acks = conn->acks;
    size_t    newest;
    if (acks == NULL || acks->num == 0) {
        return;
    }
    newest = (size_t)(acks->next + FPL_LIMIT_VALUE_ACK_RECORDS - 1) % FPL_LIMIT_VALUE_ACK_RECORDS;
    if (acks->epoch[newest] == epoch && acks->seq[newest] == seq) {
        acks->next = (uint16_t)newest;
        acks->num--;
    }
}

void fpl_acks_begin(fpl_conn *conn)
{
    fpl_acks_free(conn);
    conn->ack_due = false;
}

bool fpl_acks_due(const fpl_conn *conn)
{
    return conn->ack_due && conn->acks != NULL && conn->acks->num > 0 && conn->write_epoch > 1 &&
           conn->life != FPL_LIFE_FAILED;
}

static bool before(const fpl_acks *acks, size_t a, size_t b)
{
    return acks->epoch[a] < acks->epoch[b] || (acks->epoch[a] == acks->epoch[b] && acks->seq[a] < acks->seq[b]);
}

size_t fpl_acks_body(const fpl_conn *conn, uint8_t *out, size_t cap)
{
    const fpl_acks *acks = conn->acks;
    size_t          sorted[FPL_LIMIT_VALUE_ACK_RECORDS];
    size_t          fits = cap < FPL_ACK_LENGTH_LEN ? 0 : (cap - FPL_ACK_LENGTH_LEN) / FPL_RECORD_NUMBER_LEN;
    size_t          num = acks->num < fits ? acks->num : fits;
    if (num == 0) {
        return 0;
    }
    for (size_t i = 0; i < num; i++) {
        size_t place = (oldest(acks) + (acks->num - num) + i) % FPL_LIMIT_VALUE_ACK_RECORDS;
        size_t at = i;
        for (; at > 0 && before(acks, place, sorted[at - 1]); at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = place;
    }
    fpl_put_uint(out, FPL_ACK_LENGTH_LEN, num * FPL_RECORD_NUMBER_LEN);
    for (size_t i = 0; i < num; i++) {
        uint8_t *entry = out + FPL_ACK_LENGTH_LEN + i * FPL_RECORD_NUMBER_LEN;
        fpl_put_uint(entry, 8, acks->epoch[sorted[i]]);
        fpl_put_uint(entry + 8, 8, acks->seq[sorted[i]]);
    }
    return FPL_ACK_LENGTH_LEN + num * FPL_RECORD_NUMBER_LEN;
}

void fpl_acks_sent(fpl_conn *conn)
{
    conn->ack_due = false;
    if (conn->connected) {
        fpl_acks_free(conn); /* messages after the handshake are independent, RFC 9147 section 5.8.4 */
    }
    (void)fpl_raise(conn, FPL_EVENT_ACK, FPL_ACK_SENT);
}

void fpl_acks_free(fpl_conn *conn)
{
    fpl_release(conn->config, conn->acks, sizeof *conn->acks);
    conn->acks = NULL;
}

/* --- the peer's ---------------------------------------------------------------------------------- */

void fpl_acks_judge(fpl_conn *conn, fpl_flight *flight)
{
    fpl_event event;
    if (flight->book == NULL || flight->released || !fpl_sent_news(flight)) {
        return;
    }
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_ACK;
    event.code = fpl_sent_all_named(flight) ? FPL_ACK_ALL : FPL_ACK_SOME;
    (void)fpl_dispatch_flight(conn, flight, &event);
}

static void tell_empty(fpl_conn *conn)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_ACK;
    event.code = FPL_ACK_EMPTY;
    fpl_dispatch_flights(conn, &event);
}

static bool earlier_is_owed(const fpl_conn *conn, const fpl_flight *flight)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        const fpl_flight *other = conn->flights[i];
        if (other != NULL && !other->released && !other->whole_acked && other->first_seq < flight->first_seq) {
            return true;
        }
    }
    return false;
}

void fpl_acks_tell(fpl_conn *conn)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight *flight = conn->flights[i];
        fpl_event   event;
        if (flight == NULL || !flight->whole_acked || flight->told_acked || earlier_is_owed(conn, flight)) {
            continue;
        }
        flight->told_acked = true;
        memset(&event, 0, sizeof event);
        event.kind = FPL_EVENT_FLIGHT;
        event.code = FPL_FLIGHT_ACKED;
        event.owner = flight->owner;
        event.flight = flight->id;
        (void)fpl_dispatch(conn, &event);
        i = (size_t)-1; /* what waited behind it may be told now, and flights may have come and gone */
    }
}

void fpl_acks_receive(fpl_conn *conn, uint16_t epoch, fpl_bytes body)
{
    fpl_message msg;
    fpl_reader  reader = fpl_reader_of(NULL, 0);
    fpl_bytes   list;
    bool        empty = true;
    uint16_t    newest = 0; /* epoch of ours of which something was named */
    if (!fpl_message_decode(&msg, FPL_MESSAGE_ACK, epoch, body, &reader)) {
        conn->stats.dropped_malformed++;
        fpl_conn_breach(conn, FPL_BREACH_MALFORMED_ACK, &reader);
        return;
    }
    list = msg.as.ack.record_numbers;
    for (fpl_record_number number; fpl_record_number_next(&list, &number); empty = false) {
        if (number.epoch > UINT16_MAX) {
            continue; /* no epoch of ours */
        }
        if (fpl_sent_name(conn, (uint16_t)number.epoch, number.sequence_number) && number.epoch > newest) {
            newest = (uint16_t)number.epoch;
        }
    }
    fpl_sent_name_earlier(conn, newest);
    if (empty) {
        tell_empty(conn);
    }
    for (size_t i = 0; !empty && i < FPL_LIMIT_VALUE_FLIGHTS && conn->life == FPL_LIFE_LIVE; i++) {
        if (conn->flights[i] != NULL) {
            fpl_acks_judge(conn, conn->flights[i]);
        }
    }
    fpl_acks_tell(conn);
}
