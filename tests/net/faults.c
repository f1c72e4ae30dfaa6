/* What goes wrong inside an end while the network is fine: memory, random numbers, the clock, an application that
 * walks away. Each sweep puts one fault into every place there is.
 *
 *     faults [allocation | libcrypto | random | clock | destroy] [--at N] [--verbose] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "net/world.h"

/* Four ways through the library for DTLS 1.2, the same four for 1.3, and two more. */
#define WAYS     4
#define VARIANTS (2 * WAYS + 2)
#define LIMITED  2 /* the way that has to pay for bytes */

static unsigned failures, runs, complete;
static bool     verbose;
static unsigned only_at; /* 0: everywhere */

/* A client that offers both versions meets a server that has one of them, by way of cookies; a server wants another group.
 */
static void variant_of_both(plan *p, bool retry)
{
    plan_plain(p, 120, VERSIONS_MIXED);
    p->door = DOOR_COOKIE;
    if (retry) {
        p->side[SERVER].groups[0] = FPL_NAMED_GROUP_SECP256R1;
        p->side[SERVER].num_groups = 1;
        p->side[CLIENT].mtu = 220;
        p->updates_together = true;
    } else {
        p->side[SERVER].versions = FPL_VERSIONS_DTLS12;
    }
}

/* Different ways through the library: doors, external keys, fragments, pins, curves. */
static void variant(plan *p, unsigned which)
{
    if (which >= 2 * WAYS) {
        variant_of_both(p, which == 2 * WAYS);
        return;
    }
    plan_plain(p, 100 + which % WAYS, which < WAYS ? VERSIONS_12 : VERSIONS_13);
    switch (which % WAYS) {
    case 0: break;
    case 1:
        p->door = DOOR_COOKIE;
        for (int side = 0; side < NUM_SIDES; side++) {
            p->side[side].external = true;
            p->side[side].sign_after = 20;
            p->side[side].trust = TRUST_PIN_LATE;
            p->side[side].judge_after = 30;
        }
        break;
    case 2:
        p->door = DOOR_OPEN;
        p->validated = false;
        p->side[CLIENT].mtu = 250;
        p->side[SERVER].mtu = 250;
        p->side[SERVER].credential = CREDENTIAL_P384_B;
        p->side[CLIENT].trust = TRUST_NOTIFY;
        break;
    default:
        /* Some loss, so that resends and held records take part. */
        p->path[CLIENT].loss = 20;
        p->path[SERVER].loss = 20;
        p->path[CLIENT].jitter = 100;
        p->path[SERVER].jitter = 100;
        p->side[CLIENT].mtu = 300;
        p->side[CLIENT].trust = TRUST_PIN_EARLY;
        break;
    }
}

static void failed(const char *sweep, unsigned which, unsigned at, const char *how, const char *why)
{
    failures++;
    printf("FAILED %s, variant %u, place %u%s: %s\n  again: faults %s --at %u --verbose\n", sweep, which, at, how, why,
           sweep, at);
}

/* ----- memory ------------------------------------------------------------------------------------------------- */

typedef struct scarce {
    unsigned calls;
    unsigned fail_at; /* 0 = never */
    bool     from_there_on;
    size_t   live, blocks;
} scarce;

static void *scarce_allocate(void *arg, size_t size)
{
    scarce *m = arg;
    void   *memory;
    m->calls++;
    if (m->fail_at > 0 && (m->calls == m->fail_at || (m->from_there_on && m->calls > m->fail_at))) {
        return NULL;
    }
    memory = malloc(size);
    if (memory == NULL) {
        abort();
    }
    m->live += size;
    m->blocks++;
    return memory;
}

static void scarce_release(void *arg, void *memory, size_t size)
{
    scarce *m = arg;
    if (memory != NULL) {
        m->live -= size;
        m->blocks--;
        free(memory);
    }
}

static void count_run(const char *sweep, unsigned which, unsigned at, const char *how, const world_result *r,
                      const scarce *m)
{
    runs++;
    complete += r->outcome == OUTCOME_COMPLETE;
    if (r->outcome == OUTCOME_BROKEN) {
        failed(sweep, which, at, how, r->complaint);
    } else if (m->live != 0 || m->blocks != 0) {
        failed(sweep, which, at, how, "memory was not given back");
    }
}

static void sweep_allocation(void)
{
    for (unsigned which = 0; which < VARIANTS; which++) {
        for (int side = 0; side < NUM_SIDES; side++) {
            for (int ever = 0; ever < 2; ever++) {
                plan          p;
                scarce        m = {0};
                fpl_allocator allocator = {scarce_allocate, scarce_release, &m};
                hooks         h;
                unsigned      total, unhurt = 0;
                variant(&p, which);
                memset(&h, 0, sizeof h);
                h.faults = true;
                h.allocator[side] = &allocator;
                (void)world_run(&p, &h, false);
                total = m.calls;
                for (unsigned n = 1; n <= total; n++) {
                    world_result r;
                    if (only_at > 0 && n != only_at) {
                        continue;
                    }
                    memset(&m, 0, sizeof m);
                    m.fail_at = n;
                    m.from_there_on = ever == 1;
                    r = world_run(&p, &h, verbose);
                    unhurt += r.outcome == OUTCOME_COMPLETE;
                    count_run("allocation", which, n, ever ? " and after" : "", &r, &m);
                    /* One failure is a call to make again, a datagram that might as well have been lost, or an
                     * end that says it was its own fault; never one that merely stops. */
                    if (!ever && r.outcome == OUTCOME_FAULT && r.opened && !r.internal) {
                        failed("allocation", which, n, "", "it ended, and nobody says why");
                    }
                }
                printf("allocation, variant %u, %s, %s: %u places, %u of them survived\n", which,
                       side == CLIENT ? "client" : "server", ever ? "from there on" : "once", total, unhurt);
            }
        }
    }
}

/* ----- memory of libcrypto ---------------------------------------------------------------------------------- */

/* libcrypto calls these three where a program has them. Each block begins with its size. */
__attribute__((visibility("default"))) void  *OPENSSL_memory_alloc(size_t size);
__attribute__((visibility("default"))) void   OPENSSL_memory_free(void *block);
__attribute__((visibility("default"))) size_t OPENSSL_memory_get_size(void *block);

#define BLOCK_HEAD 16 /* keeps what malloc promises of alignment */

static scarce libcrypto_memory;

void *OPENSSL_memory_alloc(size_t size)
{
    uint8_t *block = scarce_allocate(&libcrypto_memory, size + BLOCK_HEAD);
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, &size, sizeof size);
    return block + BLOCK_HEAD;
}

size_t OPENSSL_memory_get_size(void *block)
{
    size_t size;
    memcpy(&size, (uint8_t *)block - BLOCK_HEAD, sizeof size);
    return size;
}

void OPENSSL_memory_free(void *block)
{
    if (block != NULL) {
        scarce_release(&libcrypto_memory, (uint8_t *)block - BLOCK_HEAD, OPENSSL_memory_get_size(block) + BLOCK_HEAD);
    }
}

static void sweep_libcrypto(void)
{
    for (unsigned which = 0; which < VARIANTS; which++) {
        for (int ever = 0; ever < 2; ever++) {
            plan     p;
            hooks    h;
            unsigned total, unhurt = 0;
            size_t   live;
            variant(&p, which);
            if (p.side[CLIENT].external) {
                continue; /* the application's signatures need memory of libcrypto's too */
            }
            memset(&h, 0, sizeof h);
            h.faults = true;
            libcrypto_memory.fail_at = 0;
            (void)world_run(&p, &h, false); /* what is made once, is made here */
            live = libcrypto_memory.live;
            libcrypto_memory.calls = 0;
            (void)world_run(&p, &h, false);
            total = libcrypto_memory.calls;
            if (total == 0) {
                printf("libcrypto: its allocator cannot be replaced here; nothing was tried\n");
                runs++;
                return;
            }
            for (unsigned n = 1; n <= total; n++) {
                world_result r;
                scarce       none = {0};
                if (only_at > 0 && n != only_at) {
                    continue;
                }
                libcrypto_memory.calls = 0;
                libcrypto_memory.fail_at = n;
                libcrypto_memory.from_there_on = ever == 1;
                r = world_run(&p, &h, verbose);
                libcrypto_memory.fail_at = 0;
                unhurt += r.outcome == OUTCOME_COMPLETE;
                count_run("libcrypto", which, n, ever ? " and after" : "", &r, &none);
                if (libcrypto_memory.live > live) {
                    failed("libcrypto", which, n, ever ? " and after" : "", "libcrypto's memory was not given back");
                    live = libcrypto_memory.live;
                }
            }
            printf("libcrypto, variant %u, %s: %u places, %u of them survived\n", which, ever ? "from there on" : "once",
                   total, unhurt);
        }
    }
}

/* ----- random numbers -------------------------------------------------------------------------------------------- */

typedef struct dice {
    rng      rng;
    unsigned calls, fail_at;
    bool     from_there_on;
} dice;

static bool dice_fill(void *arg, uint8_t *out, size_t len)
{
    dice *d = arg;
    d->calls++;
    if (d->fail_at > 0 && (d->calls == d->fail_at || (d->from_there_on && d->calls > d->fail_at))) {
        return false;
    }
    rng_fill(&d->rng, out, len);
    return true;
}

static void sweep_random(void)
{
    for (unsigned which = 0; which < VARIANTS; which++) {
        for (int ever = 0; ever < 2; ever++) {
            plan          p;
            dice          d = {rng_of(1), 0, 0, false};
            scarce        m = {0};
            fpl_allocator allocator = {scarce_allocate, scarce_release, &m};
            hooks         h;
            unsigned      total;
            variant(&p, which);
            memset(&h, 0, sizeof h);
            h.faults = true;
            h.random = dice_fill;
            h.random_arg = &d;
            h.allocator[CLIENT] = &allocator;
            h.allocator[SERVER] = &allocator;
            (void)world_run(&p, &h, false);
            total = d.calls;
            for (unsigned n = 1; n <= total; n++) {
                world_result r;
                if (only_at > 0 && n != only_at) {
                    continue;
                }
                memset(&m, 0, sizeof m);
                d = (dice){rng_of(1), 0, n, ever == 1};
                r = world_run(&p, &h, verbose);
                count_run("random", which, n, ever ? " and after" : "", &r, &m);
            }
            printf("random, variant %u, %s: %u places\n", which, ever ? "from there on" : "once", total);
        }
    }
}

/* ----- the clock --------------------------------------------------------------------------------------------------- */

typedef enum anomaly {
    ANOMALY_NONE,
    ANOMALY_FROZEN,
    ANOMALY_BACK,    /* an hour, for good */
    ANOMALY_FORWARD, /* ten years, for good */
    ANOMALY_LAST,    /* the largest number there is, once */
    ANOMALY_ZERO,
    ANOMALY_SHAKY,   /* forth and back at every call */
    NUM_ANOMALIES
} anomaly;

static const char *const anomaly_names[NUM_ANOMALIES] = {
    "", "frozen", "an hour back", "ten years on", "largest number once", "zero once", "shaky"};

typedef struct bad_clock {
    anomaly  kind;
    unsigned calls, at;
    int      side;
} bad_clock;

static fpl_time warp(void *arg, int side, fpl_time now)
{
    bad_clock *c = arg;
    fpl_time   base = now + UINT64_C(100000000);
    if (side != c->side) {
        return now;
    }
    c->calls++;
    switch (c->kind) {
    case ANOMALY_FROZEN: return UINT64_C(100000000);
    case ANOMALY_BACK: return c->calls < c->at ? base : base - 3600000;
    case ANOMALY_FORWARD: return c->calls < c->at ? base : base + UINT64_C(315360000000);
    case ANOMALY_LAST: return c->calls == c->at ? UINT64_MAX : base;
    case ANOMALY_ZERO: return c->calls == c->at ? 0 : base;
    case ANOMALY_SHAKY: return base + (c->calls % 7) * 300;
    case ANOMALY_NONE:
    case NUM_ANOMALIES: break;
    }
    return base;
}

static void sweep_clock(void)
{
    for (int kind = ANOMALY_FROZEN; kind < NUM_ANOMALIES; kind++) {
        unsigned kind_runs = 0, kind_complete = 0;
        for (unsigned which = 0; which < VARIANTS; which++) {
            if (which % WAYS == WAYS - 1 && which < 2 * WAYS) {
                continue; /* losses need the timers that this takes away */
            }
            for (int side = 0; side < NUM_SIDES; side++) {
                bool once_enough = kind == ANOMALY_FROZEN || kind == ANOMALY_SHAKY;
                for (unsigned at = 1; at <= (once_enough ? 1u : 40u); at++) {
                    plan          p;
                    bad_clock     c = {(anomaly)kind, 0, at, side};
                    scarce        m = {0};
                    fpl_allocator allocator = {scarce_allocate, scarce_release, &m};
                    hooks         h;
                    world_result  r;
                    if (only_at > 0 && at != only_at) {
                        continue;
                    }
                    variant(&p, which);
                    memset(&h, 0, sizeof h);
                    h.faults = true;
                    h.warp = warp;
                    h.warp_arg = &c;
                    h.allocator[CLIENT] = &allocator;
                    h.allocator[SERVER] = &allocator;
                    r = world_run(&p, &h, verbose);
                    count_run("clock", which, at, anomaly_names[kind], &r, &m);
                    kind_runs++;
                    kind_complete += r.outcome == OUTCOME_COMPLETE;
                    /* Without losses nobody needs a timer: a clock that stands, goes back or trembles costs nothing,
                     * unless bytes have to be paid for with resends. */
                    if (r.outcome != OUTCOME_COMPLETE && (which % WAYS != LIMITED || which >= 2 * WAYS) &&
                        kind != ANOMALY_FORWARD && kind != ANOMALY_LAST) {
                        failed("clock", which, at, anomaly_names[kind], "not connected");
                    }
                    if (r.datagrams > 400) {
                        failed("clock", which, at, anomaly_names[kind], "a burst of datagrams");
                    }
                }
            }
        }
        printf("clock %s: %u runs, %u connected\n", anomaly_names[kind], kind_runs, kind_complete);
    }
}

/* ----- walking away -------------------------------------------------------------------------------------------------- */

static void sweep_destroy(void)
{
    for (unsigned which = 0; which < VARIANTS; which++) {
        plan          p;
        scarce        m = {0};
        fpl_allocator allocator = {scarce_allocate, scarce_release, &m};
        hooks         h;
        world_result  whole;
        variant(&p, which);
        memset(&h, 0, sizeof h);
        h.allocator[CLIENT] = &allocator;
        h.allocator[SERVER] = &allocator;
        whole = world_run(&p, &h, false);
        if (whole.outcome != OUTCOME_COMPLETE) {
            failed("destroy", which, 0, "", whole.complaint);
        }
        for (unsigned n = 1; n <= whole.calls; n++) {
            world_result r;
            if (only_at > 0 && n != only_at) {
                continue;
            }
            memset(&m, 0, sizeof m);
            h.stop_after = n;
            r = world_run(&p, &h, verbose);
            count_run("destroy", which, n, "", &r, &m);
        }
        printf("destroy, variant %u: after each of %u calls\n", which, whole.calls);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*sweep)(void);
    } sweeps[] = {{"allocation", sweep_allocation},
                  {"libcrypto", sweep_libcrypto},
                  {"random", sweep_random},
                  {"clock", sweep_clock},
                  {"destroy", sweep_destroy}};
    enum { NUM_SWEEPS = sizeof sweeps / sizeof sweeps[0] };
    static const char usage[] = "faults [allocation | libcrypto | random | clock | destroy] [--at N] [--verbose]";
    const char       *only = NULL;
    for (int i = 1; i < argc; i++) {
        uint64_t at;
        size_t   found = 0;
        while (found < NUM_SWEEPS && strcmp(argv[i], sweeps[found].name) != 0) {
            found++;
        }
        if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
        } else if (argv[i + 1] != NULL && strcmp(argv[i], "--at") == 0 && arguments_number(argv[i + 1], 0, UINT32_MAX, &at)) {
            only_at = (unsigned)at;
            i++;
        } else if (only == NULL && found < NUM_SWEEPS) {
            only = argv[i];
        } else {
            return arguments_refuse(usage, argv[i], argv[i + 1]);
        }
    }
    for (size_t i = 0; i < NUM_SWEEPS; i++) {
        if (only == NULL || strcmp(only, sweeps[i].name) == 0) {
            sweeps[i].sweep();
        }
    }
    printf("%u runs, %u of them connected, %u failures\n", runs, complete, failures);
    credentials_free();
    return failures == 0 && runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
