#include "net/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/app.h"
#include "net/end.h"
#include "net/oracle.h"

/* Half a day: nothing that the plans schedule is later. */
#define HORIZON   43200000u
#define MAX_TICKS 200000u

/* Bytes of either end, configuration included, and of a listener's pool for hellos in pieces: half as much again as
 * net_sim has ever told. */
#define MOST_MEMORY 28000u
#define POOL_MEMORY 300000u

void world_complain(world *w, const char *format, ...)
{
    va_list args;
    if (w->broken) {
        return;
    }
    w->broken = true;
    va_start(args, format);
    vsnprintf(w->complaint, sizeof w->complaint, format, args);
    va_end(args);
    if (w->verbose) {
        printf("%10llu  BROKEN: %s\n", (unsigned long long)w->now, w->complaint);
    }
}

void world_log(const world *w, int side, const char *format, ...)
{
    va_list args;
    if (!w->verbose) {
        return;
    }
    printf("%10llu  %s ", (unsigned long long)w->now, side == CLIENT ? "client" : "server");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

void world_schedule(world *w, fpl_time after, chore_kind kind, end *e, unsigned assoc, size_t value)
{
    chore *c;
    if (w->num_chores == w->cap_chores) {
        size_t cap = w->cap_chores == 0 ? 32 : 2 * w->cap_chores;
        chore *grown = realloc(w->chores, cap * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        w->chores = grown;
        w->cap_chores = cap;
    }
    c = &w->chores[w->num_chores++];
    c->at = w->now + after;
    c->kind = kind;
    c->end = e;
    c->assoc = assoc;
    c->value = value;
}

void world_called(world *w)
{
    w->calls++;
    if (w->hooks->stop_after > 0 && w->calls >= w->hooks->stop_after) {
        w->stopped = true;
    }
}

fpl_time world_clock(const world *w, int side)
{
    return w->hooks->warp == NULL ? w->now : w->hooks->warp(w->hooks->warp_arg, side, w->now);
}

static size_t next_chore(const world *w)
{
    size_t best = 0;
    for (size_t i = 1; i < w->num_chores; i++) {
        if (w->chores[i].at < w->chores[best].at) {
            best = i;
        }
    }
    return best;
}

static fpl_time at_least(fpl_time t, fpl_time now)
{
    return t < now ? now : t;
}

/* One thing that happens. Returns false when nothing is left to happen. */
static bool tick(world *w)
{
    fpl_time packet_at = network_next(w->network);
    size_t   c = w->num_chores > 0 ? next_chore(w) : 0;
    fpl_time chore_at = w->num_chores > 0 ? w->chores[c].at : FPL_NEVER;
    fpl_time wake_at[NUM_SIDES] = {w->ends[CLIENT].deadline, w->ends[SERVER].deadline};
    fpl_time at = packet_at < chore_at ? packet_at : chore_at;
    at = wake_at[CLIENT] < at ? wake_at[CLIENT] : at;
    at = wake_at[SERVER] < at ? wake_at[SERVER] : at;
    if (at == FPL_NEVER || at > HORIZON) {
        return false;
    }
    w->now = at_least(at, w->now);
    if (packet_at == at) {
        packet p = network_take(w->network);
        end   *to = &w->ends[1 - p.from];
        world_log(w, to->side, "receives %zu%s", p.len, p.genuine ? "" : " of junk");
        end_receive(to, &p);
        packet_free(&p);
    } else if (chore_at == at) {
        chore todo = w->chores[c];
        w->chores[c] = w->chores[--w->num_chores];
        app_chore(w, &todo);
    } else {
        end *e = &w->ends[wake_at[CLIENT] == at ? CLIENT : SERVER];
        world_log(w, e->side, "wakes");
        end_wake(e);
    }
    return true;
}

static void count(const world *w, world_result *r)
{
    for (int side = 0; side < NUM_SIDES; side++) {
        for (const assoc *a = w->ends[side].assocs; a != NULL; a = a->next) {
            r->internal = r->internal || a->end_reason.failure == FPL_FAILURE_INTERNAL;
            r->resends += a->pace.by_timer_in_all;
            r->data_sent += a->messages_sent;
            r->data_got += a->messages_got;
            r->updates += a->ledger.updates_out;
            r->acks += a->ledger.acks_out;
            if (a->connected && a->connected_at > r->connected_at) {
                r->connected_at = a->connected_at;
                r->version = a->version;
            }
        }
    }
    r->calls = w->calls;
    r->ended_at = w->now;
    r->datagrams = w->network->sent;
    r->dropped = w->network->dropped;
}

world_result world_run(const plan *p, const hooks *hooks, bool verbose)
{
    world       *w = calloc(1, sizeof *w);
    world_result r;
    bool         opened;
    memset(&r, 0, sizeof r);
    if (w == NULL) {
        abort();
    }
    w->plan = p;
    w->hooks = hooks;
    w->verbose = verbose;
    w->now = 1000; /* not zero, so that a forgotten start time shows */
    w->rng = rng_of(p->seed ^ UINT64_C(0x5851f42d4c957f2d));
    w->network = network_new(p, rng_fork(&w->rng));
    w->network->fate = hooks->fate;
    w->network->fate_arg = hooks->fate_arg;
    opened = end_open(&w->ends[CLIENT], w, CLIENT) && end_open(&w->ends[SERVER], w, SERVER);
    if (opened && !w->stopped) {
        world_schedule(w, 0, CHORE_START, &w->ends[CLIENT], 0, 0);
        for (unsigned ticks = 0; !w->broken && !w->stopped && tick(w); ticks++) {
            if (ticks > MAX_TICKS) {
                world_complain(w, "the world does not come to rest");
            }
        }
    } else if (!opened && !hooks->faults) {
        world_complain(w, "an end could not be made");
    }
    if (w->stopped) {
        r.outcome = OUTCOME_FAULT;
    } else if (!opened) {
        r.outcome = w->broken ? OUTCOME_BROKEN : OUTCOME_FAULT;
    } else {
        r.outcome = oracle_verdict(w);
    }
    if (w->broken) {
        r.outcome = OUTCOME_BROKEN;
        memcpy(r.complaint, w->complaint, sizeof r.complaint);
    }
    r.opened = opened;
    count(w, &r);
    for (int side = 0; side < NUM_SIDES; side++) {
        size_t most = MOST_MEMORY + (w->ends[side].listener != NULL ? POOL_MEMORY : 0);
        end_free(&w->ends[side]);
        r.most_memory[side] = w->ends[side].memory.most;
        if (r.outcome != OUTCOME_BROKEN && (w->ends[side].memory.live > 0 || r.most_memory[side] > most)) {
            r.outcome = OUTCOME_BROKEN;
            snprintf(r.complaint, sizeof r.complaint, "%s: %zu bytes at once, %zu not given back",
                     side == CLIENT ? "client" : "server", r.most_memory[side], w->ends[side].memory.live);
        }
    }
    network_free(w->network);
    tap_log_free(&w->log);
    free(w->chores);
    free(w);
    return r;
}
