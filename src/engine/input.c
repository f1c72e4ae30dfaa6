#include "engine/input.h"

#include "engine/content.h"
#include "engine/held.h"
#include "engine/lookup.h"
#include "engine/messages.h"
#include "engine/record_in.h"

/* The oldest held record whose fate is no longer to be held. */
static bool next_held(fpl_conn *conn)
{
    fpl_inbox *inbox = &conn->inbox;
    if (inbox->held == NULL || fpl_instance_state(&conn->handshake)->waits) {
        return false;
    }
    for (fpl_held **at = &inbox->held; *at != NULL; at = &(*at)->next) {
        fpl_held *held = *at;
        if (fpl_record_waits(conn, held)) {
            continue;
        }
        fpl_held_borrow(inbox, at);
        fpl_record_take_held(conn, held);
        return true;
    }
    return false;
}

static bool next_record(fpl_conn *conn)
{
    fpl_inbox *inbox = &conn->inbox;
    fpl_record record;
    size_t     consumed = 0;
    fpl_drop   why = FPL_DROP_NONE;
    if (!inbox->attached || inbox->at >= inbox->len) {
        return false;
    }
    switch (fpl_record_parse(inbox->datagram + inbox->at, inbox->len - inbox->at, &record, &consumed, &why)) {
    case FPL_PARSE_OK:
        inbox->at += consumed;
        fpl_record_take(conn, &record);
        return true;
    case FPL_PARSE_DROP_RECORD: inbox->at += consumed; break;
    case FPL_PARSE_DROP_REST:
    case FPL_PARSE_NONE: inbox->at = inbox->len; break;
    }
    fpl_record_count_drop(conn, why);
    return true;
}

bool fpl_input_opens(fpl_conn *conn, uint8_t *copy, size_t len)
{
    size_t at = 0;
    while (at < len) {
        fpl_record record;
        size_t     consumed = 0;
        fpl_drop   why = FPL_DROP_NONE;
        fpl_parse  parsed = fpl_record_parse(copy + at, len - at, &record, &consumed, &why);
        if (parsed == FPL_PARSE_OK && fpl_record_opens(conn, &record)) {
            return true;
        }
        if (parsed == FPL_PARSE_DROP_REST || consumed == 0) {
            return false;
        }
        at += consumed;
    }
    return false;
}

bool fpl_input_step(fpl_conn *conn)
{
    if (conn->life != FPL_LIFE_LIVE) {
        return false;
    }
    /* Held records come last: a Finished that the datagram still has goes before what followed it on the wire. */
    return fpl_messages_next_whole(conn) || fpl_messages_next(conn) || fpl_content_early_ccs(conn) || next_record(conn) ||
           next_held(conn);
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
        fpl_held_free(conn->config, &conn->inbox.borrowed);
    }
}

void fpl_input_free(fpl_conn *conn)
{
    fpl_input_forget(conn);
    fpl_held_free(conn->config, &conn->inbox.held);
    fpl_held_free(conn->config, &conn->inbox.borrowed);
    conn->inbox.num_held = 0;
    conn->inbox.held_bytes = 0;
    conn->inbox.has_data = false;
}
