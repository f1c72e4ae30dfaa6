#include "engine/ending.h"

#include "engine/alert.h"
#include "engine/lookup.h"
#include "fpl_records.h"

void fpl_conn_end(fpl_conn *conn, fpl_failure_class failure, int alert, const char *what, const char *ref)
{
    if (conn->life == FPL_LIFE_FAILED) {
        return;
    }
    conn->life = FPL_LIFE_FAILED;
    conn->end.failure = failure;
    conn->end.alert = alert;
    conn->end.alert_hint = conn->alert_hint;
    conn->end.what = what;
    conn->end.ref = ref;
    conn->alert.set = false;
    if (failure != FPL_FAILURE_PEER_ALERTED && failure != FPL_FAILURE_REPLACED && failure != FPL_FAILURE_TIMEOUT &&
        alert >= 0) {
        fpl_alert_queue(conn, (uint8_t)alert);
    }
    fpl_conn_drop_work(conn);
}

void fpl_conn_fail(fpl_conn *conn, fpl_failure_class failure, int alert, const char *what, const char *ref)
{
    const fpl_machine *machine = fpl_machines[conn->handshake.machine];
    if (conn->life == FPL_LIFE_FAILED) {
        return;
    }
    conn->end.machine = machine->name;
    conn->end.state = fpl_instance_state(&conn->handshake)->name;
    conn->end.file = machine->file;
    fpl_conn_end(conn, failure, alert, what, ref);
}

void fpl_conn_breach(fpl_conn *conn, fpl_breach breach, const fpl_reader *failed)
{
    bool                  dtls13 = fpl_machines[conn->handshake.machine]->version == FPL_VERSION_DTLS13;
    const fpl_breach_row *row = &(dtls13 ? fpl_breaches_dtls13 : fpl_breaches_dtls12)[breach];
    if (conn->life == FPL_LIFE_FAILED) {
        return;
    }
    conn->end.line = row->line;
    conn->end.event = row->name;
    fpl_conn_fail(conn, FPL_FAILURE_WE_ALERTED, failed != NULL ? failed->alert : row->alert, failed != NULL ? failed->where : row->name,
                  row->ref);
    conn->end.file = dtls13 ? FPL_RECORDS_FILE_DTLS13 : FPL_RECORDS_FILE_DTLS12;
}

bool fpl_conn_refuse_unlisted(fpl_conn *conn, uint8_t type)
{
    const fpl_machine *machine = fpl_machines[conn->handshake.machine];
    if (machine->discards_unlisted || machine->unlisted_alert == FPL_NO_ALERT) {
        return false;
    }
    conn->end.line = machine->unlisted_line;
    conn->end.event = fpl_handshake_type_name(type);
    if (conn->end.event == NULL) {
        conn->end.event = "a handshake type unknown here";
    }
    fpl_conn_fail(conn, FPL_FAILURE_WE_ALERTED, machine->unlisted_alert, "unlisted message", machine->unlisted_ref);
    return true;
}
