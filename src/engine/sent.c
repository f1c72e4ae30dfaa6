#include "engine/sent.h"

#include <string.h>

void fpl_sent_note(fpl_flight *flight, uint16_t epoch, uint64_t seq, uint8_t message, size_t from, size_t to)
{
    fpl_sent_book *book = flight->book;
    fpl_sent      *sent;
    if (book == NULL) {
        return;
    }
    sent = &book->records[book->next];
    sent->epoch = epoch;
    sent->seq = seq;
    sent->message = message;
    sent->from = (uint32_t)from;
    sent->to = (uint32_t)to;
    sent->named = false;
    book->next = (uint16_t)((book->next + 1) % FPL_LIMIT_VALUE_SENT_RECORDS);
    if (book->num < FPL_LIMIT_VALUE_SENT_RECORDS) {
        book->num++;
    }
}

static bool name_in(fpl_sent_book *book, uint16_t epoch, uint64_t seq)
{
    bool found = false;
    for (uint16_t at = 0; at < book->num; at++) {
        if (book->records[at].epoch == epoch && book->records[at].seq == seq) {
            book->records[at].named = true;
            found = true;
        }
    }
    return found;
}

bool fpl_sent_name(fpl_conn *conn, uint16_t epoch, uint64_t seq)
{
    bool found = false;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL && conn->flights[i]->book != NULL) {
            found = name_in(conn->flights[i]->book, epoch, seq) || found;
        }
    }
    return found;
}

/* An empty message counts as one octet, which its record carried. */
static uint32_t length(const fpl_flight *flight, uint8_t message)
{
    return flight->messages[message].len > 0 ? (uint32_t)flight->messages[message].len : 1;
}

static void span(const fpl_flight *flight, const fpl_sent *sent, uint32_t *from, uint32_t *to)
{
    *from = sent->from;
    *to = flight->messages[sent->message].len > 0 ? sent->to : 1;
}

static bool covers(const fpl_acked *spans, uint32_t from, uint32_t to)
{
    for (uint8_t i = 0; i < spans->num; i++) {
        if (spans->from[i] <= from && to <= spans->to[i]) {
            return true;
        }
    }
    return false;
}

bool fpl_sent_news(const fpl_flight *flight)
{
    const fpl_sent_book *book = flight->book;
    if (book->named_all && !flight->whole_acked) {
        return true;
    }
    for (uint16_t at = 0; at < book->num; at++) {
        uint32_t from;
        uint32_t to;
        span(flight, &book->records[at], &from, &to);
        if (book->records[at].named && !covers(&book->acked[book->records[at].message], from, to)) {
            return true;
        }
    }
    return false;
}

/* The octets of one message that have arrived, with those named now. */
static void with_named(const fpl_flight *flight, uint8_t message, fpl_spans *out)
{
    const fpl_sent_book *book = flight->book;
    memset(out, 0, sizeof *out);
    if (book->named_all) {
        (void)fpl_spans_add(out, 0, length(flight, message));
        return;
    }
    for (uint8_t i = 0; i < book->acked[message].num; i++) {
        (void)fpl_spans_add(out, book->acked[message].from[i], book->acked[message].to[i]);
    }
    for (uint16_t at = 0; at < book->num; at++) {
        if (book->records[at].named && book->records[at].message == message) {
            uint32_t from;
            uint32_t to;
            span(flight, &book->records[at], &from, &to);
            (void)fpl_spans_add(out, from, to); /* what does not fit in goes once more */
        }
    }
}

static void keep(fpl_acked *acked, const fpl_spans *spans)
{
    acked->num = spans->num < FPL_LIMIT_VALUE_ACKED_PIECES ? spans->num : FPL_LIMIT_VALUE_ACKED_PIECES;
    memcpy(acked->from, spans->from, acked->num * sizeof *acked->from);
    memcpy(acked->to, spans->to, acked->num * sizeof *acked->to);
}

bool fpl_sent_all_named(const fpl_flight *flight)
{
    for (uint8_t message = 0; message < flight->num_messages; message++) {
        fpl_spans spans;
        with_named(flight, message, &spans);
        if (!fpl_spans_whole(&spans, length(flight, message))) {
            return false;
        }
    }
    return true;
}

void fpl_sent_mark(fpl_flight *flight)
{
    fpl_sent_book *book = flight->book;
    bool           whole = true;
    for (uint8_t message = 0; message < flight->num_messages; message++) {
        fpl_spans spans;
        with_named(flight, message, &spans);
        keep(&book->acked[message], &spans);
        whole = whole && fpl_spans_whole(&spans, length(flight, message));
    }
    for (uint16_t at = 0; at < book->num; at++) {
        book->records[at].named = false;
    }
    book->named_all = false;
    flight->whole_acked = whole;
}

void fpl_sent_plain_arrived(fpl_conn *conn)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight *flight = conn->flights[i];
        for (uint8_t at = 0; flight != NULL && flight->book != NULL && at < flight->num_messages; at++) {
            if (flight->messages[at].epoch == 0) {
                flight->book->acked[at].num = 1;
                flight->book->acked[at].from[0] = 0;
                flight->book->acked[at].to[0] = length(flight, at);
            }
        }
    }
}

static bool ends_before(const fpl_flight *flight, uint16_t epoch)
{
    return flight->num_messages > 0 && flight->messages[flight->num_messages - 1].epoch < epoch;
}

static bool last_is_named(const fpl_flight *flight)
{
    fpl_spans spans;
    with_named(flight, (uint8_t)(flight->num_messages - 1), &spans);
    return fpl_spans_whole(&spans, length(flight, (uint8_t)(flight->num_messages - 1)));
}

void fpl_sent_name_earlier(fpl_conn *conn, uint16_t epoch)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight *flight = conn->flights[i];
        if (flight != NULL && flight->book != NULL && flight->spec->done_when == FPL_DONE_ACKED &&
            ends_before(flight, epoch) && last_is_named(flight)) {
            flight->book->named_all = true;
        }
    }
}

bool fpl_sent_last_arrived(const fpl_flight *flight)
{
    const fpl_acked *acked = flight->book != NULL && flight->num_messages > 0
                                 ? &flight->book->acked[flight->num_messages - 1]
                                 : NULL;
    return acked != NULL && acked->num == 1 && acked->from[0] == 0 &&
           acked->to[0] >= length(flight, (uint8_t)(flight->num_messages - 1));
}

bool fpl_sent_gap(const fpl_flight *flight, uint8_t message, size_t *from, size_t *to)
{
    const fpl_acked *spans = flight->book != NULL ? &flight->book->acked[message] : NULL;
    size_t           len = flight->messages[message].len;
    *to = len;
    for (uint8_t i = 0; spans != NULL && i < spans->num; i++) {
        if (spans->from[i] > *from) {
            *to = spans->from[i];
            return true;
        }
        if (*from < spans->to[i]) {
            *from = spans->to[i];
        }
    }
    return *from < len || (len == 0 && *from == 0);
}
