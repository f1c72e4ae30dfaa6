#include "net/plan.h"

#include <string.h>

#include "common/rng.h"

static const fpl_cipher_suite all_suites[3] = {
    FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
};
static const fpl_cipher_suite all_suites13[3] = {
    FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256,
    FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384,
    FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256,
};
static const fpl_named_group all_groups[3] = {
    FPL_NAMED_GROUP_X25519,
    FPL_NAMED_GROUP_SECP256R1,
    FPL_NAMED_GROUP_SECP384R1,
};

/* Draws an order of 0, 1, 2 that begins with `first`, and how many of it to use. */
static size_t order3(rng *r, size_t first, size_t out[3])
{
    bool swap = rng_percent(r, 50);
    out[0] = first;
    out[1] = (first + (swap ? 2u : 1u)) % 3;
    out[2] = (first + (swap ? 1u : 2u)) % 3;
    return rng_between(r, 1, 3);
}

/* Both ends have the suite and the group `shared_*`, in different places of their lists. */
static void draw_lists(rng *r, plan_side *s, size_t shared_suite, size_t shared_group)
{
    size_t order[3];
    size_t at;
    s->num_suites = order3(r, shared_suite, order);
    for (size_t i = 0; i < s->num_suites; i++) {
        s->suites[i] = all_suites[order[i]];
    }
    at = rng_below(r, s->num_suites);
    s->suites[0] = s->suites[at];
    s->suites[at] = all_suites[shared_suite];
    s->num_groups = order3(r, shared_group, order);
    for (size_t i = 0; i < s->num_groups; i++) {
        s->groups[i] = all_groups[order[i]];
    }
    at = rng_below(r, s->num_groups);
    s->groups[0] = s->groups[at];
    s->groups[at] = all_groups[shared_group];
}

/* P-384 costs several times as much without adding order or loss: a tenth is enough. */
static credential_id draw_credential(rng *r, bool server)
{
    if (rng_percent(r, 10)) {
        return server ? CREDENTIAL_P384_B : CREDENTIAL_P384_A;
    }
    return server ? CREDENTIAL_P256_B : CREDENTIAL_P256_A;
}

static void draw_side(rng *r, plan_side *s, bool server, plan_mode mode)
{
    static const plan_trust trusts[] = {TRUST_ASK,       TRUST_ASK,      TRUST_PIN_EARLY,
                                        TRUST_PIN_EARLY, TRUST_PIN_LATE, TRUST_NOTIFY};
    s->credential = draw_credential(r, server);
    s->trust = trusts[rng_below(r, sizeof trusts / sizeof trusts[0])];
    /* In mode B a slow application would only mean more time-outs of the handshake. */
    s->judge_after = rng_percent(r, 50) ? 0 : rng_below(r, mode == MODE_A ? 25000 : 3000);
    s->external = rng_percent(r, 20);
    s->sign_after = rng_percent(r, 50) ? 0 : rng_below(r, 3000);
    s->mtu = rng_percent(r, 40) ? rng_between(r, 200, 1500) : rng_percent(r, 50) ? 1200 : rng_between(r, 200, 400);
    s->later_mtu = rng_percent(r, 90) ? 0 : rng_between(r, 200, 1500);
    s->later_mtu_at = rng_below(r, 5000);
    s->tight_buffers = rng_percent(r, 15);
    s->messages = (unsigned)rng_between(r, 1, 12);
    s->spacing = 400;
    s->versions = FPL_VERSIONS_DTLS12;
}

static void draw_path(rng *r, plan_path *p, plan_mode mode)
{
    static const fpl_time jitters[] = {0, 20, 300, 1500, 5000};
    p->loss = (unsigned)rng_below(r, mode == MODE_B ? 61 : 41);
    p->duplicate = rng_percent(r, 50) ? 0 : (unsigned)rng_below(r, 31);
    p->delay = rng_between(r, 1, 120);
    p->jitter = jitters[rng_below(r, sizeof jitters / sizeof jitters[0])];
    p->junk = rng_percent(r, 60) ? 0 : (unsigned)rng_below(r, 41);
    p->replay = rng_percent(r, 60) ? 0 : (unsigned)rng_below(r, 41);
    p->spoilt = rng_percent(r, 70) ? 0 : (unsigned)rng_below(r, 41);
}

static void draw_black_hole(rng *r, plan *p)
{
    /* The library shrinks to 548 bytes once it has met silence twice, and to half of that with each further one, down to the
     * least MTU that it takes: a path of that finds everything. */
    for (int side = 0; side < NUM_SIDES; side++) {
        p->path[side].mtu = rng_between(r, 200, 900);
        p->side[side].mtu = rng_between(r, 548, 1500);
        p->side[side].later_mtu = 0;
        p->path[side].loss /= 2;
    }
    p->resend_times = 32;
}

/* ----- DTLS 1.3 ----------------------------------------------------------------------------------------- */

bool plan_has_hybrid(void)
{
    static const fpl_named_group hybrid[] = {FPL_NAMED_GROUP_X25519MLKEM768};
    static int                   known = -1;
    if (known < 0) {
        fpl_config *config = fpl_config_new();
        known = config != NULL && fpl_config_set_groups(config, hybrid, 1) == FPL_OK;
        fpl_config_free(config);
    }
    return known == 1;
}

/* The suites of 1.3 in the order of their counterparts, before or behind them. */
static void add_suites13(plan_side *s, bool first)
{
    fpl_cipher_suite both[PLAN_SUITES];
    size_t           num = s->num_suites;
    for (size_t i = 0; i < num; i++) {
        for (size_t k = 0; k < 3; k++) {
            if (s->suites[i] == all_suites[k]) {
                both[first ? i : num + i] = all_suites13[k];
            }
        }
        both[first ? num + i : i] = s->suites[i];
    }
    memcpy(s->suites, both, sizeof both);
    s->num_suites = 2 * num;
}

/* Enough records that a limit of 1024 makes keys be renewed, slowly enough that this ends in time. */
static void draw_limits(rng *r, plan *p)
{
    plan_side *s = &p->side[rng_below(r, NUM_SIDES)];
    s->seal_records = 1024;
    s->messages = (unsigned)rng_between(r, 700, 1300);
    s->spacing = 2000;
}

static void draw_versions(rng *r, plan *p, plan_versions versions)
{
    static const unsigned choices[3] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13};
    bool                  hybrid = plan_has_hybrid() && rng_percent(r, 30);
    for (int side = 0; side < NUM_SIDES; side++) {
        plan_side *s = &p->side[side];
        s->versions = versions == VERSIONS_MIXED ? choices[rng_below(r, 3)] : FPL_VERSIONS_DTLS13;
        add_suites13(s, rng_percent(r, 70));
        s->updates = rng_percent(r, 50) ? 0 : (unsigned)rng_between(r, 1, 6);
        s->answers_close = rng_percent(r, 60);
        if (hybrid && (s->versions & FPL_VERSIONS_DTLS13) != 0) {
            memmove(&s->groups[1], &s->groups[0], s->num_groups * sizeof s->groups[0]);
            s->groups[0] = FPL_NAMED_GROUP_X25519MLKEM768;
            s->num_groups++;
        }
    }
    if (p->mode == MODE_A) {
        p->cookie_lifetime =
            600000; /* who asked for a cookie in 1.3 cannot ask again, however late its hello comes through */
    }
    p->updates_together = rng_percent(r, 25);
    if (plan_version(p) == FPL_DTLS13 && rng_percent(r, 4)) {
        draw_limits(r, p);
    }
}

uint16_t plan_version(const plan *p)
{
    unsigned both = p->side[CLIENT].versions & p->side[SERVER].versions;
    return (both & FPL_VERSIONS_DTLS13) != 0 ? FPL_DTLS13 : (both & FPL_VERSIONS_DTLS12) != 0 ? FPL_DTLS12 : 0;
}

/* ---------------------------------------------------------------------------------------------------------- */

void plan_make(plan *p, uint64_t seed, plan_mode mode, plan_versions versions)
{
    rng    r = rng_of(seed * 2 + (mode == MODE_B ? 1 : 0));
    size_t suite = rng_below(&r, 3);
    size_t group = rng_percent(&r, 15) ? 2 : rng_below(&r, 2);
    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->mode = mode;
    p->door = rng_percent(&r, 50) ? DOOR_COOKIE : rng_percent(&r, 30) ? DOOR_OPEN : DOOR_BARE;
    p->webrtc = p->door == DOOR_BARE && rng_percent(&r, 60);
    p->validated = p->webrtc || rng_percent(&r, 60);
    p->client_auth = rng_percent(&r, 25)   ? FPL_CLIENT_AUTH_OFF
                     : rng_percent(&r, 40) ? FPL_CLIENT_AUTH_OPTIONAL
                                           : FPL_CLIENT_AUTH_REQUIRED;
    p->srtp = p->webrtc || rng_percent(&r, 30);
    p->closes = rng_percent(&r, 80);
    p->closer = (int)rng_below(&r, NUM_SIDES);
    p->cookie_lifetime = 60000;
    p->resend_initial = p->webrtc ? 400 : 1000;
    p->resend_maximum = 60000;
    p->resend_times = 8;
    p->deadline = 40000;
    for (int side = 0; side < NUM_SIDES; side++) {
        draw_lists(&r, &p->side[side], suite, group);
        draw_side(&r, &p->side[side], side == SERVER, mode);
        draw_path(&r, &p->path[side], mode);
    }
    if (p->webrtc) {
        p->client_auth = FPL_CLIENT_AUTH_REQUIRED;
    }
    if (p->client_auth == FPL_CLIENT_AUTH_OPTIONAL && rng_percent(&r, 40)) {
        p->side[CLIENT].credential = CREDENTIAL_NONE;
        p->side[CLIENT].external = false;
    }
    if (mode == MODE_A) {
        /* Five losses of the same content take 63 first timers to survive; the default deadline is for
         * people who wait. With losses counted in a row only, an exchange may need many more resends. */
        p->deadline = 3600000;
        p->losses_are_counted_in_all = rng_percent(&r, 50);
        /* An application that thinks for long has its peer spend resends meanwhile. */
        bool slow = p->side[CLIENT].judge_after > 2000 || p->side[SERVER].judge_after > 2000;
        if (!p->losses_are_counted_in_all || slow) {
            p->resend_times = 32;
        }
    } else if (rng_percent(&r, 30)) {
        /* The other way to give up: the resends are spent long before the deadline. */
        p->resend_times = (unsigned)rng_between(&r, 1, 4);
        p->deadline = 3600000;
    }
    if (rng_percent(&r, 10)) {
        draw_black_hole(&r, p);
    }
    if (plan_limited(p)) {
        /* Every ClientHello buys only three times its bytes of the server's flight. */
        p->resend_times = 32;
        for (int side = 0; side < NUM_SIDES; side++) {
            p->path[side].loss /= 2;
        }
        p->losses_are_counted_in_all = true;
    }
    if (versions != VERSIONS_12) {
        rng of_versions = rng_of(seed * 2 + (mode == MODE_B ? 1 : 0) + UINT64_C(0x9d5c1f3a));
        draw_versions(&of_versions, p, versions);
    }
}

void plan_plain(plan *p, uint64_t seed, plan_versions versions)
{
    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->mode = MODE_A;
    p->door = DOOR_BARE;
    p->validated = true;
    p->client_auth = FPL_CLIENT_AUTH_REQUIRED;
    p->srtp = true;
    p->closes = true;
    p->closer = CLIENT;
    p->cookie_lifetime = 60000;
    p->resend_initial = 1000;
    p->resend_maximum = 60000;
    p->resend_times = 8;
    p->deadline = 40000;
    for (int side = 0; side < NUM_SIDES; side++) {
        plan_side *s = &p->side[side];
        s->credential = side == SERVER ? CREDENTIAL_P256_B : CREDENTIAL_P256_A;
        memcpy(s->suites, all_suites, sizeof all_suites);
        memcpy(s->groups, all_groups, sizeof all_groups);
        s->num_suites = 3;
        s->num_groups = 3;
        s->versions = FPL_VERSIONS_DTLS12;
        s->spacing = 400;
        if (versions != VERSIONS_12) {
            s->versions = versions == VERSIONS_13 ? FPL_VERSIONS_DTLS13 : FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13;
            add_suites13(s, true);
            s->updates = 1;
            s->answers_close = side == SERVER;
        }
        s->trust = TRUST_ASK;
        s->mtu = 1200;
        s->messages = 2;
        p->path[side].delay = 10;
    }
}

bool plan_limited(const plan *p)
{
    return p->door != DOOR_COOKIE && !p->validated;
}

static const char *door_name(plan_door door)
{
    switch (door) {
    case DOOR_COOKIE: return "listener with cookie";
    case DOOR_OPEN: return "listener without cookie";
    case DOOR_BARE: return "bare connection";
    case DOOR_NONE: break;
    }
    return "?";
}

static const char *trust_name(plan_trust trust)
{
    switch (trust) {
    case TRUST_ASK: return "ask";
    case TRUST_PIN_EARLY: return "pinned";
    case TRUST_PIN_LATE: return "pinned late";
    case TRUST_NOTIFY: return "notify";
    case TRUST_NONE: break;
    }
    return "?";
}

void plan_print(const plan *p, FILE *out)
{
    fprintf(out, "seed %llu mode %c: %s%s%s, client auth %d%s\n", (unsigned long long)p->seed,
            p->mode == MODE_A ? 'A' : 'B', door_name(p->door), p->webrtc ? ", webrtc" : "",
            plan_limited(p) ? ", amplification limit" : "", (int)p->client_auth, p->srtp ? ", srtp" : "");
    fprintf(out, "  resend %llu ms up to %llu, %u times, deadline %llu%s\n", (unsigned long long)p->resend_initial,
            (unsigned long long)p->resend_maximum, p->resend_times, (unsigned long long)p->deadline,
            p->losses_are_counted_in_all ? ", losses counted in all" : "");
    for (int side = 0; side < NUM_SIDES; side++) {
        const plan_side *s = &p->side[side];
        const plan_path *path = &p->path[side];
        fprintf(out, "  %s: versions%s%s, credential %d%s, trust %s after %llu, mtu %zu, suites",
                side == CLIENT ? "client" : "server", (s->versions & FPL_VERSIONS_DTLS12) != 0 ? " 1.2" : "",
                (s->versions & FPL_VERSIONS_DTLS13) != 0 ? " 1.3" : "", (int)s->credential, s->external ? " external" : "",
                trust_name(s->trust), (unsigned long long)s->judge_after, s->mtu);
        for (size_t i = 0; i < s->num_suites; i++) {
            fprintf(out, " %04x", (unsigned)s->suites[i]);
        }
        fprintf(out, ", groups");
        for (size_t i = 0; i < s->num_groups; i++) {
            fprintf(out, " %04x", (unsigned)s->groups[i]);
        }
        if ((s->versions & FPL_VERSIONS_DTLS13) != 0) {
            fprintf(out, "\n    updates keys %u times%s, limit %llu%s", s->updates,
                    p->updates_together ? " and together" : "", (unsigned long long)s->seal_records,
                    s->answers_close ? ", answers a close" : "");
        }
        fprintf(out,
                "\n    sends: loss %u%%, twice %u%%, delay %llu..%llu, path mtu %zu, junk %u%%, replay %u%%, spoilt %u%%\n",
                path->loss, path->duplicate, (unsigned long long)path->delay,
                (unsigned long long)(path->delay + path->jitter), path->mtu, path->junk, path->replay, path->spoilt);
    }
}
