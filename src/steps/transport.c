/* Resending and alerts: the answers that resend12 and closure ask for. */
#include "engine/conn.h"
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

fpl_resend_now_answer fpl_classify_resend_now(const fpl_conn *conn)
{
    const fpl_flight *flight = conn->current_flight;
    fpl_time          interval = flight->clocks[FPL_TIMER_ID_RESEND].interval;
    if (interval == 0) {
        interval = fpl_conn_limit(conn, FPL_LIMIT_RESEND_INITIAL); /* a flight without a timer of its own */
    }
    return flight->asked_at == FPL_NEVER || conn->now - flight->asked_at >= interval / 2 ? FPL_ANSWER_RESEND_NOW_NOW
                                                                                       : FPL_ANSWER_RESEND_NOW_LATER;
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
