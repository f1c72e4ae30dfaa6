/* Thousands of handshakes over a hostile network, each of which follows from one number.
 *
 *     net_sim --seeds 1..1000 [--mode A|B] [--versions 12|13|mixed]
 *     net_sim --seed 17 [--mode A|B] [--versions 12|13|mixed] --verbose */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "net/world.h"

typedef struct totals {
    unsigned long long runs, complete, complete13, timed_out, refused, broken, resends, datagrams, dropped, data_sent,
        data_got;
    unsigned long long updates, acks;
    fpl_time           slowest;
    size_t             most_memory[NUM_SIDES];
} totals;

static void add(totals *t, const world_result *r)
{
    t->runs++;
    t->complete += r->outcome == OUTCOME_COMPLETE;
    t->complete13 += r->outcome == OUTCOME_COMPLETE && r->version == FPL_DTLS13;
    t->refused += r->outcome == OUTCOME_REFUSED;
    t->updates += r->updates;
    t->acks += r->acks;
    t->timed_out += r->outcome == OUTCOME_TIMED_OUT;
    t->broken += r->outcome == OUTCOME_BROKEN;
    for (int side = 0; side < NUM_SIDES; side++) {
        t->most_memory[side] = r->most_memory[side] > t->most_memory[side] ? r->most_memory[side] : t->most_memory[side];
    }
    t->resends += r->resends;
    t->datagrams += r->datagrams;
    t->dropped += r->dropped;
    t->data_sent += r->data_sent;
    t->data_got += r->data_got;
    if (r->connected_at > t->slowest) {
        t->slowest = r->connected_at;
    }
}

static const char *const version_names[NUM_VERSIONS] = {"", "12", "13", "mixed"};

static void run_one(totals *t, uint64_t seed, plan_mode mode, plan_versions versions, bool verbose)
{
    static const hooks none;
    plan               p;
    world_result       r;
    plan_make(&p, seed, mode, versions);
    if (verbose) {
        plan_print(&p, stdout);
    }
    r = world_run(&p, &none, verbose);
    add(t, &r);
    if (r.outcome == OUTCOME_BROKEN) {
        printf("FAILED seed %llu: %s\n", (unsigned long long)seed, r.complaint);
        printf("  again: net_sim --seed %llu --mode %c --versions %s --verbose\n", (unsigned long long)seed,
               mode == MODE_A ? 'A' : 'B', version_names[versions]);
        fflush(stdout);
    }
}

typedef struct wishes {
    uint64_t      first, last;
    plan_mode     mode;
    plan_versions versions;
    bool          verbose;
} wishes;

static bool take(wishes *w, const char *option, const char *value)
{
    if (strcmp(option, "--seeds") == 0) {
        return arguments_seeds(value, &w->first, &w->last);
    }
    if (strcmp(option, "--seed") == 0) {
        bool good = arguments_number(value, 0, UINT64_MAX - 1, &w->first);
        w->last = w->first;
        return good;
    }
    if (strcmp(option, "--mode") == 0) {
        w->mode = strcmp(value, "A") == 0 ? MODE_A : strcmp(value, "B") == 0 ? MODE_B : MODE_NONE;
        return w->mode != MODE_NONE;
    }
    if (strcmp(option, "--versions") == 0) {
        w->versions = (plan_versions)arguments_find(value, version_names, NUM_VERSIONS);
        return w->versions > VERSIONS_NONE && w->versions < NUM_VERSIONS;
    }
    return false;
}

int main(int argc, char **argv)
{
    static const char usage[] =
        "net_sim (--seeds FIRST..LAST | --seed N) [--mode A|B] [--versions 12|13|mixed] [--verbose]";
    wishes w = {1, 1000, MODE_A, VERSIONS_12, false};
    totals t;
    memset(&t, 0, sizeof t);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            w.verbose = true;
        } else if (argv[i + 1] != NULL && take(&w, argv[i], argv[i + 1])) {
            i++;
        } else {
            return arguments_refuse(usage, argv[i], argv[i + 1]);
        }
    }
    for (uint64_t seed = w.first; seed <= w.last; seed++) {
        run_one(&t, seed, w.mode, w.versions, w.verbose);
    }
    printf(
        "mode %c, versions %s: %llu handshakes, %llu complete, %llu of them in DTLS 1.3, %llu timed out after full back-off "
        "(%.2f %%), %llu without a common version, %llu broken\n",
        w.mode == MODE_A ? 'A' : 'B', version_names[w.versions], t.runs, t.complete, t.complete13, t.timed_out,
        t.runs == 0 ? 0.0 : 100.0 * (double)t.timed_out / (double)t.runs, t.refused, t.broken);
    printf("  %llu datagrams, %llu of them lost; %llu flights resent by timer; slowest handshake %.1f s\n", t.datagrams,
           t.dropped, t.resends, (double)t.slowest / 1000.0);
    printf("  %llu application messages sent, %llu arrived; %llu key updates, %llu ACKs\n", t.data_sent, t.data_got,
           t.updates, t.acks);
    printf("  at most %zu bytes of memory at a client, %zu at a server\n", t.most_memory[CLIENT], t.most_memory[SERVER]);
    credentials_free();
    return t.broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
