#include "engine/content.h"

#include <string.h>

#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/lookup.h"

/* --- change_cipher_spec ------------------------------------------------------------------------ */

static bool take_ccs(fpl_conn *conn)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_RECORD;
    event.code = FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC;
    return fpl_dispatch(conn, &event) != FPL_TAKEN_UNLISTED;
}

bool fpl_content_early_ccs(fpl_conn *conn)
{
    if (!conn->early_ccs || !fpl_conn_lists(conn, FPL_EVENT_RECORD, FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC)) {
        return false;
    }
    conn->early_ccs = false;
    return take_ccs(conn);
}

void fpl_content_ccs(fpl_conn *conn, fpl_bytes body)
{
    fpl_message msg;
    fpl_reader  reader = fpl_reader_of(NULL, 0);
    if (!fpl_message_decode(&msg, FPL_MESSAGE_CHANGE_CIPHER_SPEC, 0, body, &reader)) {
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

/* In DTLS 1.3 the level says nothing: all but user_canceled end the association (RFC 8446 section 6). */
static fpl_alert_event alert_event(const fpl_conn *conn, const fpl_alert *alert)
{
    if (alert->description == FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY) {
        return FPL_ALERT_EVENT_CLOSE_NOTIFY;
    }
    if (conn->version == FPL_VERSION_DTLS13) {
        return alert->description == FPL_ALERT_DESCRIPTION_USER_CANCELED ? FPL_ALERT_EVENT_WARNING : FPL_ALERT_EVENT_ERROR;
    }
    return alert->level == FPL_ALERT_LEVEL_FATAL ? FPL_ALERT_EVENT_ERROR : FPL_ALERT_EVENT_WARNING;
}

void fpl_content_alert(fpl_conn *conn, uint16_t epoch, fpl_bytes body)
{
    fpl_message msg;
    fpl_reader  reader = fpl_reader_of(NULL, 0);
    fpl_event   event;
    if (!fpl_message_decode(&msg, FPL_MESSAGE_ALERT, 0, body, &reader)) {
        conn->stats.dropped_malformed++;
        if (epoch > 0) {
            fpl_conn_breach(conn, FPL_BREACH_MALFORMED_ALERT, &reader);
        }
        return;
    }
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_ALERT;
    event.epoch = epoch;
    event.code = (uint8_t)alert_event(conn, &msg.as.alert);
    conn->end.alert = msg.as.alert.description;
    if (fpl_dispatch(conn, &event) == FPL_TAKEN_UNLISTED) {
        conn->stats.dropped_unexpected++;
    }
    if (conn->life != FPL_LIFE_FAILED) {
        conn->end.alert = FPL_NO_ALERT;
    }
}
