/* Resending, key updates and closing: the answers that resend12, resend13, key_update13 and closure ask for. */
#include "engine/conn.h"
#include "engine/sent.h"
#include "fpl_functions.h"

fpl_resend_style_answer fpl_classify_resend_style(const fpl_conn *conn)
{
    switch ((fpl_resend_style)conn->current_flight->spec->resend) {
    case FPL_RESEND_TIMED: return FPL_ANSWER_RESEND_STYLE_TIMED;
    case FPL_RESEND_ASKED: return FPL_ANSWER_RESEND_STYLE_ASKED;
    case FPL_RESEND_NEVER: return FPL_ANSWER_RESEND_STYLE_NEVER;
    case FPL_RESEND_NONE: break;
    }
    return FPL_ANSWER_RESEND_STYLE_NONE;
}

fpl_resend_budget_answer fpl_classify_resend_budget(const fpl_conn *conn)
{
    return conn->current_flight->timer_resends < fpl_conn_limit(conn, FPL_LIMIT_RESEND_TIMES)
               ? FPL_ANSWER_RESEND_BUDGET_LEFT
               : FPL_ANSWER_RESEND_BUDGET_SPENT;
}

/* Has the peer acknowledged part of `flight`, by other than the ACK at hand? Then a repetition of its own flight asks for
 * nothing: a partial ACK will (RFC 9147 section 5.8.1). */
static bool is_partly_acked(const fpl_flight *flight)
{
    for (uint8_t i = 0; flight->book != NULL && i < flight->num_messages; i++) {
        if (flight->messages[i].epoch > 0 && flight->book->acked[i].num > 0) {
            return !fpl_sent_news(flight);
        }
    }
    return false;
}

fpl_resend_now_answer fpl_classify_resend_now(const fpl_conn *conn)
{
    const fpl_flight *flight = conn->current_flight;
    fpl_time          interval = flight->clocks[FPL_TIMER_ID_RESEND].interval;
    if (is_partly_acked(flight)) {
        return FPL_ANSWER_RESEND_NOW_LATER;
    }
    if (interval == 0) {
        interval = fpl_conn_limit(conn, FPL_LIMIT_RESEND_INITIAL); /* a flight without a timer of its own */
    }
    return flight->asked_at == FPL_NEVER || conn->now - flight->asked_at >= interval / 2 ? FPL_ANSWER_RESEND_NOW_NOW
                                                                                       : FPL_ANSWER_RESEND_NOW_LATER;
}

/* Another flight may join this one: its second half, which waits for a signature. */
static bool awaits_extension(const fpl_flight *flight)
{
    const fpl_machine *owner = flight->owner;
    for (uint8_t id = 0; id < owner->num_flights && !flight->extended; id++) {
        if ((owner->flights[id].extends >> (unsigned)(flight->spec - owner->flights) & 1) != 0) {
            return true;
        }
    }
    return false;
}

fpl_answered_by_answer fpl_classify_answered_by(const fpl_conn *conn)
{
    const fpl_flight *flight = conn->current_flight;
    if (awaits_extension(flight)) {
        return FPL_ANSWER_ANSWERED_BY_NOT_WHOLE;
    }
    switch ((fpl_done_when)flight->spec->done_when) {
    case FPL_DONE_ACKED: return FPL_ANSWER_ANSWERED_BY_ACK;
    case FPL_DONE_ANSWERED: return FPL_ANSWER_ANSWERED_BY_FLIGHT;
    case FPL_DONE_SENT:
    case FPL_DONE_NONE: break;
    }
    return FPL_ANSWER_ANSWERED_BY_NONE;
}

fpl_flight_heard_answer fpl_classify_flight_heard(const fpl_conn *conn)
{
    const fpl_flight *flight = conn->current_flight;
    return flight->spec->done_when == FPL_DONE_ACKED && fpl_sent_last_arrived(flight) ? FPL_ANSWER_FLIGHT_HEARD_LAST_MESSAGE
                                                                                      : FPL_ANSWER_FLIGHT_HEARD_LESS;
}

fpl_flight_arrives_answer fpl_classify_flight_arrives(const fpl_conn *conn)
{
    return conn->connected ? FPL_ANSWER_FLIGHT_ARRIVES_COMPLETE : FPL_ANSWER_FLIGHT_ARRIVES_INCOMPLETE;
}

fpl_status fpl_act_take_as_acked(fpl_conn *conn)
{
    if (conn->current_flight->book == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    conn->current_flight->book->named_all = true;
    fpl_sent_mark(conn->current_flight);
    return FPL_STATUS_OK;
}

fpl_status fpl_act_mark_acked(fpl_conn *conn)
{
    if (conn->current_flight->book == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    fpl_sent_mark(conn->current_flight);
    return FPL_STATUS_OK;
}

fpl_status fpl_act_release_flight(fpl_conn *conn)
{
    conn->current_flight->released = true;
    return FPL_STATUS_OK;
}

fpl_plaintext_alerts_answer fpl_classify_plaintext_alerts(const fpl_conn *conn)
{
    return conn->config->plaintext_alerts == FPL_PLAINTEXT_ALERTS_FATAL ? FPL_ANSWER_PLAINTEXT_ALERTS_FATAL
                                                                        : FPL_ANSWER_PLAINTEXT_ALERTS_HINT;
}

fpl_status fpl_act_keep_alert_hint(fpl_conn *conn)
{
    if (conn->alert_hint == FPL_NO_ALERT) {
        conn->alert_hint = (int16_t)conn->end.alert;
    }
    return FPL_STATUS_OK;
}

/* --- key updates (RFC 9147 section 8) ------------------------------------------------------------------ */

/* RFC 9147 section 8 ends the association before epochs wrap. */
fpl_key_update_wish_answer fpl_classify_key_update_wish(const fpl_conn *conn, const fpl_key_update *msg)
{
    bool may = conn->write_epoch < FPL_LIMIT_VALUE_LAST_EPOCH13;
    bool asked = msg->request_update == FPL_KEY_UPDATE_REQUEST_UPDATE_REQUESTED;
    return asked && may ? FPL_ANSWER_KEY_UPDATE_WISH_ANSWER : FPL_ANSWER_KEY_UPDATE_WISH_NO_ANSWER;
}

fpl_status fpl_act_drop_update(fpl_conn *conn)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL && conn->flights[i]->owner == fpl_machines[FPL_MACHINE_KEY_UPDATE13]) {
            conn->flights[i]->released = true;
        }
    }
    return FPL_STATUS_OK;
}

fpl_status fpl_act_ask_peer_to_update(fpl_conn *conn)
{
    conn->update_asked_for = (uint32_t)conn->write_epoch + 1;
    return FPL_STATUS_OK;
}

bool fpl_build_key_update(const fpl_conn *conn, fpl_writer *w)
{
    fpl_key_update msg;
    msg.request_update = conn->update_asked_for == (uint32_t)conn->write_epoch + 1 ? FPL_KEY_UPDATE_REQUEST_UPDATE_REQUESTED
                                                                                    : FPL_KEY_UPDATE_REQUEST_UPDATE_NOT_REQUESTED;
    return fpl_encode_key_update(w, &msg);
}

/* --- closing (RFC 8446 section 6.1) --------------------------------------------------------------------- */

fpl_close_style_answer fpl_classify_close_style(const fpl_conn *conn)
{
    return conn->version == FPL_VERSION_DTLS13 && conn->connected ? FPL_ANSWER_CLOSE_STYLE_HALF : FPL_ANSWER_CLOSE_STYLE_WHOLE;
}

fpl_status fpl_act_keep_close_number(fpl_conn *conn)
{
    conn->peer_closed = true;
    conn->closed_epoch = conn->inbox.epoch;
    conn->closed_seq = conn->inbox.record_seq;
    return FPL_STATUS_OK;
}
