#include "engine/timer.h"

#include <string.h>

#include "engine/acks.h"
#include "engine/dispatch.h"
#include "engine/flight.h"

void fpl_clocks_clear(fpl_clock clocks[FPL_NUM_TIMERS])
{
    for (size_t i = 0; i < FPL_NUM_TIMERS; i++) {
        clocks[i].deadline = FPL_NEVER;
        clocks[i].interval = 0;
    }
}

/* A timer that is a part of another follows that one's present value, of the same flight if there is one. */
static uint32_t initial_interval(const fpl_conn *conn, const fpl_flight *flight, uint8_t timer)
{
    const fpl_timer *row = &fpl_timers[timer];
    uint32_t         whole;
    if (row->fraction_of == FPL_TIMER_ID_NONE) {
        return (uint32_t)fpl_conn_limit(conn, row->initial);
    }
    whole = flight != NULL ? flight->clocks[row->fraction_of].interval : 0;
    if (whole == 0) {
        whole = (uint32_t)fpl_conn_limit(conn, fpl_timers[row->fraction_of].initial);
    }
    return whole / row->divisor > 0 ? whole / row->divisor : 1;
}

static uint32_t maximum_interval(const fpl_conn *conn, uint8_t timer)
{
    return (uint32_t)fpl_conn_limit(conn, fpl_timers[timer].maximum != 0 ? fpl_timers[timer].maximum
                                                                         : fpl_timers[timer].initial);
}

static void arm(const fpl_conn *conn, fpl_clock *clock)
{
    clock->deadline = conn->now > FPL_NEVER - clock->interval ? FPL_NEVER : conn->now + clock->interval;
}

/* Most connections have no timer of their own running most of the time. */
static void note_timed(fpl_conn *conn)
{
    conn->timed = false;
    for (size_t timer = 1; timer < FPL_NUM_TIMERS; timer++) {
        conn->timed = conn->timed || conn->clocks[timer].deadline != FPL_NEVER;
    }
}

void fpl_timer_apply(fpl_conn *conn, fpl_flight *flight, const fpl_timer_op *op)
{
    fpl_clock *clock = flight != NULL ? &flight->clocks[op->timer] : &conn->clocks[op->timer];
    uint32_t   maximum;
    if (clock->interval == 0 || fpl_timers[op->timer].fraction_of != FPL_TIMER_ID_NONE) {
        clock->interval = initial_interval(conn, flight, op->timer);
    }
    switch ((fpl_timer_what)op->what) {
    case FPL_TIMER_START: arm(conn, clock); break;
    case FPL_TIMER_STOP: clock->deadline = FPL_NEVER; break;
    case FPL_TIMER_BACK_OFF:
        maximum = maximum_interval(conn, op->timer);
        clock->interval = clock->interval > maximum / 2 ? (clock->interval > maximum ? clock->interval : maximum) : clock->interval * 2;
        if (flight != NULL) {
            flight->timer_resends++;
        }
        arm(conn, clock);
        break;
    case FPL_TIMER_RESET:
        clock->interval = initial_interval(conn, flight, op->timer);
        if (flight != NULL) {
            flight->timer_resends = 0;
        }
        arm(conn, clock);
        break;
    case FPL_TIMER_OP_NONE: break;
    }
    note_timed(conn);
}

static bool fell_due(const fpl_conn *conn, fpl_clock *clock)
{
    if (clock->deadline == FPL_NEVER || clock->deadline > conn->now) {
        return false;
    }
    clock->deadline = FPL_NEVER;
    return true;
}

void fpl_timers_run(fpl_conn *conn)
{
    fpl_event event;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_TIMER;
    for (uint8_t timer = 1; timer < FPL_NUM_TIMERS && conn->life == FPL_LIFE_LIVE; timer++) {
        event.code = timer;
        if (fell_due(conn, &conn->clocks[timer])) {
            (void)fpl_dispatch(conn, &event);
        }
        for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS && conn->life == FPL_LIFE_LIVE; i++) {
            if (conn->flights[i] != NULL && fell_due(conn, &conn->flights[i]->clocks[timer])) {
                (void)fpl_dispatch_flight(conn, conn->flights[i], &event);
            }
        }
    }
    if (conn->num_flights > 0) {
        fpl_acks_tell(conn);
    }
    note_timed(conn);
}

static fpl_time first_due(const fpl_clock clocks[FPL_NUM_TIMERS], fpl_time soonest)
{
    for (size_t timer = 1; timer < FPL_NUM_TIMERS; timer++) {
        if (clocks[timer].deadline < soonest) {
            soonest = clocks[timer].deadline;
        }
    }
    return soonest;
}

fpl_time fpl_conn_deadline(const fpl_conn *conn)
{
    fpl_time soonest = FPL_NEVER;
    if (conn->life != FPL_LIFE_LIVE) {
        return FPL_NEVER;
    }
    if (conn->timed) {
        soonest = first_due(conn->clocks, soonest);
    }
    for (size_t i = 0; conn->num_flights > 0 && i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL) {
            soonest = first_due(conn->flights[i]->clocks, soonest);
        }
    }
    return soonest;
}
