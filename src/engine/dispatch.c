#include "engine/dispatch.h"

#include "engine/interpret.h"

static bool runs_beside(const fpl_machine *companion, const fpl_instance *handshake)
{
    for (uint8_t i = 0; i < companion->num_runs_in; i++) {
        const fpl_runs_in *place = &companion->runs_in[i];
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
        if (runs_beside(fpl_machines[companion->machine], &conn->handshake)) {
            fpl_taken also = fpl_machine_run(conn, companion, NULL, event);
            taken = taken == FPL_TAKEN_UNLISTED ? also : taken;
        }
    }
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

void fpl_dispatch_flights(fpl_conn *conn, const fpl_event *event)
{
    for (size_t i = 0; conn->num_flights > 0 && i < FPL_MAX_FLIGHTS; i++) {
        if (conn->flights[i] != NULL) {
            (void)fpl_dispatch_flight(conn, conn->flights[i], event);
        }
    }
}
