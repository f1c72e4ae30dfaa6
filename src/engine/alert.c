#include "engine/alert.h"

#include "fpl_registries.h"

static bool is_warning(uint8_t description)
{
    return description == FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY || description == FPL_ALERT_DESCRIPTION_NO_RENEGOTIATION;
}

void fpl_alert_queue(fpl_conn *conn, uint8_t description)
{
    if (conn->alert.set && conn->alert.level == FPL_ALERT_LEVEL_FATAL) {
        return;
    }
    conn->alert.set = true;
    conn->alert.level = is_warning(description) ? FPL_ALERT_LEVEL_WARNING : FPL_ALERT_LEVEL_FATAL;
    conn->alert.description = description;
}

void fpl_alert_notify(fpl_conn *conn, uint8_t description)
{
    if (description != FPL_ALERT_DESCRIPTION_CLOSE_NOTIFY) {
        fpl_time interval = fpl_conn_limit(conn, FPL_LIMIT_NOTIFY_INTERVAL);
        if (conn->notified_at != FPL_NEVER && conn->now - conn->notified_at < interval) {
            return;
        }
        conn->notified_at = conn->now;
    } else if (conn->write_epoch == 0 && conn->stats.datagrams_out == 0) {
        return; /* nobody knows of us yet */
    }
    fpl_alert_queue(conn, description);
}
