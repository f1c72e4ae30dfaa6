#include "engine/dispatch.h"

#include <string.h>

#include "engine/interpret.h"

bool fpl_runs_beside(const fpl_instance *companion, const fpl_instance *handshake)
{
    const fpl_machine *machine = fpl_machines[companion->machine];
    for (uint8_t i = 0; i < machine->num_runs_in; i++) {
        const fpl_runs_in *place = &machine->runs_in[i];
        if (place->machine == handshake->machine && (place->states >> handshake->state & 1) != 0) {
            return true;
        }
    }
    return false;
}

fpl_taken fpl_dispatch(fpl_conn *conn, const fpl_event *event)
{
    fpl_taken taken;
    if (conn->life != FPL_LIFE_LIVE) {
        return FPL_TAKEN_UNLISTED;
    }
    taken = fpl_machine_run(conn, &conn->handshake, NULL, event);
    for (uint8_t i = 0; i < conn->num_companions && conn->life == FPL_LIFE_LIVE; i++) {
        fpl_instance *companion = &conn->companions[i];
        if (fpl_runs_beside(companion, &conn->handshake)) {
            fpl_taken also = fpl_machine_run(conn, companion, NULL, event);
            taken = taken == FPL_TAKEN_UNLISTED ? also : taken;
        }
    }
    fpl_conn_note_grant(conn);
    return taken;
}

fpl_taken fpl_dispatch_flight(fpl_conn *conn, fpl_flight *flight, const fpl_event *event)
{
    fpl_flight *before = conn->current_flight;
    fpl_taken   taken;
    if (conn->life != FPL_LIFE_LIVE || flight->released) {
        return FPL_TAKEN_UNLISTED;
    }
    conn->current_flight = flight;
    taken = fpl_machine_run(conn, &flight->resend, flight, event);
    conn->current_flight = before;
    return taken;
}

fpl_taken fpl_raise(fpl_conn *conn, uint8_t kind, uint8_t code)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = kind;
    event.code = code;
    return fpl_dispatch(conn, &event);
}

void fpl_dispatch_flights(fpl_conn *conn, const fpl_event *event)
{
    for (size_t i = 0; conn->num_flights > 0 && i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL) {
            (void)fpl_dispatch_flight(conn, conn->flights[i], event);
        }
    }
}
