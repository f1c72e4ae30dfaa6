/* Loss that chance need not find: of every single datagram, of every two, of each of them late by so much that others
 * overtake it, of the first ACKs, of the last flight over and over. Each case has to end as if nothing had been.
 *
 *     losses [one | two | late | acks | last | updates] [--scene N] [--at K] [--verbose] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "common/wire_view.h"
#include "net/world.h"

/* One loss costs one resend timer at most, or two where the peer's answer to what was lost is lost on it too. */
#define COSTS_ONE   3500u
#define COSTS_MANY  130000u /* five in a row: 1 + 2 + 4 + 8 + 16 + 32 s, and the same once more for whoever waits for that */
#define LATE        2500u
#define MOST        400     /* datagrams of one run */

static unsigned failures, runs;
static bool     verbose;
static int      only_scene = -1, only_at = -1;

/* ----- scenes --------------------------------------------------------------------------------------------------- */

typedef enum scene {
    SCENE_PLAIN,
    SCENE_NO_CLIENT_AUTH,
    SCENE_COOKIE,
    SCENE_GROUP,
    SCENE_COOKIE_AND_GROUP,
    SCENE_SMALL,
    SCENE_SMALL_COOKIE,
    SCENE_SLOW,
    SCENE_UPDATES,
    SCENE_HALF_CLOSE,
    SCENE_BOTH,
    SCENE_BOTH_TO_12,
    SCENE_BOTH_FROM_12,
    SCENE_BOTH_TO_12_SMALL,
    SCENE_BOTH_GROUP_SMALL,
    SCENE_LARGE_SHARE,
    SCENE_PAYS,
    SCENE_12,
    NUM_SCENES
} scene;

static const char *const scene_names[NUM_SCENES] = {"1.3",
                                                    "1.3 without client auth",
                                                    "1.3 with cookie",
                                                    "1.3, other group",
                                                    "1.3 with cookie, other group",
                                                    "1.3, MTU 200",
                                                    "1.3 with cookie, MTU 200",
                                                    "1.3, slow ends",
                                                    "1.3, key updates",
                                                    "1.3, half-close",
                                                    "both",
                                                    "both to 1.2",
                                                    "1.2 to both",
                                                    "both to 1.2 with cookie, MTU 200",
                                                    "both, other group, MTU 200",
                                                    "1.3, large share",
                                                    "1.3, unproven address",
                                                    "1.2 with cookie"};

static void small(plan *p)
{
    p->side[CLIENT].mtu = 200;
    p->side[SERVER].mtu = 220;
}

static void other_group(plan *p)
{
    static const fpl_named_group client[2] = {FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP256R1};
    memcpy(p->side[CLIENT].groups, client, sizeof client);
    p->side[CLIENT].num_groups = 2;
    p->side[SERVER].groups[0] = FPL_NAMED_GROUP_SECP256R1;
    p->side[SERVER].num_groups = 1;
}

/* False when this libcrypto cannot play it. */
static bool stage(plan *p, scene s)
{
    plan_plain(p, 300 + (uint64_t)s,
               s == SCENE_12                              ? VERSIONS_12
               : s < SCENE_BOTH || s >= SCENE_LARGE_SHARE ? VERSIONS_13
                                                          : VERSIONS_MIXED);
    switch (s) {
    case SCENE_PLAIN: break;
    case SCENE_NO_CLIENT_AUTH: p->client_auth = FPL_CLIENT_AUTH_OFF; break;
    case SCENE_12:
    case SCENE_COOKIE: p->door = DOOR_COOKIE; break;
    case SCENE_GROUP: other_group(p); break;
    case SCENE_COOKIE_AND_GROUP:
        p->door = DOOR_COOKIE;
        other_group(p);
        break;
    case SCENE_SMALL: small(p); break;
    case SCENE_SMALL_COOKIE:
        p->door = DOOR_COOKIE;
        small(p);
        break;
    case SCENE_SLOW:
        for (int side = 0; side < NUM_SIDES; side++) {
            p->side[side].external = true;
            p->side[side].sign_after = 700;
            p->side[side].judge_after = 900;
        }
        break;
    case SCENE_UPDATES:
        p->updates_together = true;
        p->side[CLIENT].updates = 3;
        p->side[SERVER].updates = 2;
        break;
    case SCENE_HALF_CLOSE:
        p->closer = SERVER;
        p->side[CLIENT].answers_close = true;
        break;
    case SCENE_BOTH: break;
    case SCENE_BOTH_TO_12: p->side[SERVER].versions = FPL_VERSIONS_DTLS12; break;
    case SCENE_BOTH_FROM_12: p->side[CLIENT].versions = FPL_VERSIONS_DTLS12; break;
    case SCENE_BOTH_TO_12_SMALL:
        p->door = DOOR_COOKIE;
        p->side[SERVER].versions = FPL_VERSIONS_DTLS12;
        small(p);
        break;
    case SCENE_BOTH_GROUP_SMALL:
        other_group(p);
        small(p);
        break;
    case SCENE_LARGE_SHARE:
        for (int side = 0; side < NUM_SIDES; side++) {
            p->side[side].groups[0] = FPL_NAMED_GROUP_X25519MLKEM768;
        }
        p->door = DOOR_COOKIE;
        return plan_has_hybrid();
    case SCENE_PAYS: /* three times the hello's bytes do not hold the server's flight */
        p->door = DOOR_OPEN;
        p->validated = false;
        p->side[SERVER].credential = CREDENTIAL_P384_B;
        break;
    case NUM_SCENES: break;
    }
    return true;
}

/* ----- fates ------------------------------------------------------------------------------------------------------ */

typedef enum fate_kind {
    FATE_NONE,
    FATE_PLACES,  /* the datagrams at these places of all that are sent */
    FATE_ACKS,    /* the first `count` with an ACK, of `side` */
    FATE_LAST,    /* the first `count` with a part of the client's last flight, or of the server's of 1.2 */
    FATE_UPDATES  /* the first `count` with a KeyUpdate, of `side` */
} fate_kind;

typedef struct fate {
    fate_kind kind;
    unsigned  place[2], places;
    fpl_time  later; /* FPL_NEVER: lost */
    int       side;
    unsigned  count;
    unsigned  sent;  /* so far */
    unsigned  met;
} fate;

static bool holds(const fate *f, int side, const tap_view *view)
{
    for (size_t i = 0; i < view->num; i++) {
        const tap_record *r = &view->records[i];
        bool              handshake = r->type == VIEW_HANDSHAKE;
        if (f->kind == FATE_ACKS && side == f->side && r->type == VIEW_ACK) {
            return true;
        }
        if (f->kind == FATE_LAST && handshake && (r->opaque || (side == CLIENT && r->epoch == 2))) {
            return true;
        }
        if (f->kind == FATE_UPDATES && side == f->side && handshake && r->unified && r->epoch > 2) {
            return true;
        }
    }
    return false;
}

static fpl_time decide(void *arg, int side, const tap_view *view, fpl_time now)
{
    fate    *f = arg;
    unsigned place = f->sent++;
    (void)now;
    if (f->kind == FATE_PLACES) {
        for (unsigned i = 0; i < f->places; i++) {
            if (f->place[i] == place) {
                f->met++;
                return f->later;
            }
        }
    } else if (f->kind != FATE_NONE && f->met < f->count && holds(f, side, view)) {
        f->met++;
        return f->later;
    }
    return 0;
}

/* ----- runs -------------------------------------------------------------------------------------------------------- */

static world_result play(const plan *p, fate *f)
{
    hooks h;
    memset(&h, 0, sizeof h);
    h.fate = decide;
    h.fate_arg = f;
    runs++;
    return world_run(p, &h, verbose);
}

static void judge(const char *sweep, scene s, const fate *f, const char *what, unsigned at, const world_result *base,
                  const world_result *r, fpl_time costs)
{
    const char *why = NULL;
    char        text[400];
    if (r->outcome != OUTCOME_COMPLETE) {
        why = r->complaint;
    } else if (r->connected_at > base->connected_at + costs) {
        snprintf(text, sizeof text, "connected %llu ms later", (unsigned long long)(r->connected_at - base->connected_at));
        why = text;
    } else if (r->version != base->version) {
        why = "another version";
    } else if (r->updates == 0 && base->updates > 0) {
        why = "keys were never renewed"; /* how often depends: nobody begins while an update is under way */
    }
    if (why != NULL) {
        failures++;
        printf("FAILED %s, %s, %s %u (%u met): %s\n  again: losses %s --scene %d --at %u --verbose\n", sweep, scene_names[s],
               what, at, f->met, why, sweep, (int)s, at);
    }
}

static bool chosen(unsigned at)
{
    return only_at < 0 || (unsigned)only_at == at;
}

/* Without any loss. Returns how many datagrams that takes. */
static unsigned plainly(const plan *p, scene s, world_result *base)
{
    fate f;
    bool loud = verbose;
    memset(&f, 0, sizeof f);
    verbose = false;
    *base = play(p, &f);
    verbose = loud;
    judge("one", s, &f, "nothing", 0, base, base, 0);
    return f.sent;
}

static void sweep_places(const char *sweep, scene s, bool two, fpl_time later, fpl_time costs)
{
    plan         p;
    world_result base;
    unsigned     num;
    if (!stage(&p, s)) {
        return;
    }
    num = plainly(&p, s, &base);
    for (unsigned i = 0; i < num; i++) {
        for (unsigned k = two ? i + 1 : i; k < (two ? num : i + 1); k++) {
            unsigned     at = two ? i * MOST + k : i;
            fate         f = {FATE_PLACES, {i, k}, two ? 2u : 1u, later, 0, 0, 0, 0};
            world_result r;
            if (!chosen(at)) {
                continue;
            }
            r = play(&p, &f);
            judge(sweep, s, &f, two ? "datagrams" : "datagram", at, &base, &r, costs);
        }
    }
    printf("%s, %s: %u datagrams, connected after %llu ms\n", sweep, scene_names[s], num,
           (unsigned long long)(base.connected_at - 1000));
}

/* The first one to five of a kind, of each side. */
static void sweep_kind(const char *sweep, scene s, fate_kind kind, unsigned most)
{
    plan         p;
    world_result base;
    unsigned     met = 0;
    if (!stage(&p, s)) {
        return;
    }
    (void)plainly(&p, s, &base);
    for (int side = 0; side < (kind == FATE_LAST ? 1 : NUM_SIDES); side++) {
        for (unsigned count = 1; count <= most; count++) {
            fate         f = {kind, {0, 0}, 0, FPL_NEVER, side, count, 0, 0};
            unsigned     at = (unsigned)side * MOST + count;
            world_result r;
            if (!chosen(at)) {
                continue;
            }
            r = play(&p, &f);
            met += f.met;
            judge(sweep, s, &f, "the first", at, &base, &r, COSTS_MANY);
        }
    }
    /* A sweep that found nothing to lose has shown nothing. */
    if (met == 0 && only_at < 0 &&
        (kind == FATE_LAST || (kind == FATE_ACKS && base.version == FPL_DTLS13) || (kind == FATE_UPDATES && base.updates > 0))) {
        failures++;
        printf("FAILED %s, %s: there was nothing to lose\n", sweep, scene_names[s]);
    }
    printf("%s, %s: %u lost in all\n", sweep, scene_names[s], met);
}

static void sweep(const char *name, scene s)
{
    if (strcmp(name, "one") == 0) {
        sweep_places(name, s, false, FPL_NEVER, COSTS_ONE);
    } else if (strcmp(name, "two") == 0) {
        sweep_places(name, s, true, FPL_NEVER, 3 * COSTS_ONE);
    } else if (strcmp(name, "late") == 0) {
        sweep_places(name, s, false, LATE, COSTS_ONE);
    } else if (strcmp(name, "acks") == 0) {
        sweep_kind(name, s, FATE_ACKS, 5);
    } else if (strcmp(name, "last") == 0) {
        sweep_kind(name, s, FATE_LAST, 5);
    } else if (strcmp(name, "updates") == 0) {
        sweep_kind(name, s, FATE_UPDATES, 5);
    }
}

int main(int argc, char **argv)
{
    static const char        usage[] = "losses [one | two | late | acks | last | updates] [--scene N] [--at K] [--verbose]";
    static const char *const names[] = {"one", "two", "late", "acks", "last", "updates"};
    static const size_t      num_names = sizeof names / sizeof names[0];
    const char              *only = NULL;
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *number = argv[i + 1];
        uint64_t    value;
        if (strcmp(option, "--verbose") == 0) {
            verbose = true;
        } else if (number != NULL && strcmp(option, "--scene") == 0 && arguments_number(number, 0, NUM_SCENES - 1, &value)) {
            only_scene = (int)value;
            i++;
        } else if (number != NULL && strcmp(option, "--at") == 0 && arguments_number(number, 0, MOST * MOST, &value)) {
            only_at = (int)value;
            i++;
        } else if (only == NULL && arguments_find(option, names, num_names) < num_names) {
            only = option;
        } else {
            return arguments_refuse(usage, option, number);
        }
    }
    for (size_t i = 0; i < num_names; i++) {
        for (int s = 0; s < NUM_SCENES && (only == NULL || strcmp(only, names[i]) == 0); s++) {
            if (only_scene < 0 || only_scene == s) {
                sweep(names[i], (scene)s);
            }
        }
    }
    printf("%u runs, %u failures\n", runs, failures);
    credentials_free();
    return failures == 0 && runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
