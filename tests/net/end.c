#include "net/end.h"

#include <stdlib.h>
#include <string.h>

#include "common/trace.h"
#include "common/wire_view.h"
#include "net/app.h"
#include "net/oracle.h"
#include "net/oracle13.h"

/* No call may lead to more than these: a flight at the smallest MTU, its events, and the deadline. */
#define MAX_POLLS 80

static const uint8_t client_address[] = {192, 0, 2, 1, 0xc3, 0x50};

/* ----- configuration ---------------------------------------------------------------------------------- */

static bool draw(void *arg, uint8_t *out, size_t len)
{
    rng_fill(arg, out, len);
    return true;
}

static bool set_credential(fpl_config *config, const plan_side *s)
{
    const credential *c;
    if (s->credential == CREDENTIAL_NONE) {
        return true;
    }
    c = credential_of(s->credential);
    if (s->external) {
        return fpl_config_set_external_credential(config, c->made.certificate, c->made.certificate_len) == FPL_OK;
    }
    return fpl_config_set_credential(config, c->made.certificate, c->made.certificate_len, c->made.key,
                                     c->made.key_len) == FPL_OK;
}

static bool set_srtp(fpl_config *config)
{
    static const fpl_srtp_protection_profile profiles[] = {
        FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
        FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80,
    };
    return fpl_config_set_srtp_profiles(config, profiles, 2) == FPL_OK;
}

static bool configure(fpl_config *config, end *e)
{
    const plan      *p = e->world->plan;
    const plan_side *s = &p->side[e->side];
    const hooks     *h = e->world->hooks;
    bool             ok = true;
    if (p->webrtc) {
        ok = ok && fpl_config_use_webrtc_profile(config) == FPL_OK;
    } else if (p->srtp) {
        ok = ok && set_srtp(config);
    }
    ok = ok && fpl_config_set_versions(config, s->versions) == FPL_OK;
    ok = ok && fpl_config_set_key_log(config, tap_note, &e->world->log) == FPL_OK;
    if (s->seal_records > 0) {
        ok = ok && fpl_config_set(config, FPL_SETTING_SEAL_RECORDS, s->seal_records) == FPL_OK;
    }
    ok = ok && fpl_config_set_cipher_suites(config, s->suites, s->num_suites) == FPL_OK;
    ok = ok && fpl_config_set_groups(config, s->groups, s->num_groups) == FPL_OK;
    ok = ok && fpl_config_set_client_auth(config, p->client_auth) == FPL_OK;
    ok = ok && fpl_config_set_cookie_exchange(config, p->door == DOOR_COOKIE) == FPL_OK;
    ok =
        ok && fpl_config_set_trust(config, s->trust == TRUST_NOTIFY ? FPL_TRUST_ACCEPT_AND_NOTIFY : FPL_TRUST_ASK) == FPL_OK;
    ok = ok && fpl_config_set(config, FPL_SETTING_MTU, s->mtu) == FPL_OK;
    ok = ok && fpl_config_set(config, FPL_SETTING_COOKIE_LIFETIME, p->cookie_lifetime) == FPL_OK;
    ok = ok && fpl_config_set(config, FPL_SETTING_RESEND_INITIAL, p->resend_initial) == FPL_OK;
    ok = ok && fpl_config_set(config, FPL_SETTING_RESEND_MAXIMUM, p->resend_maximum) == FPL_OK;
    ok = ok && fpl_config_set(config, FPL_SETTING_RESEND_TIMES, p->resend_times) == FPL_OK;
    ok = ok && fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, p->deadline) == FPL_OK;
    ok = ok && set_credential(config, s);
    if (h->random != NULL) {
        ok = ok && fpl_config_set_random(config, h->random, h->random_arg) == FPL_OK;
    } else {
        ok = ok && fpl_config_set_random(config, draw, &e->random) == FPL_OK;
    }
    trace_install(config);
    return ok;
}

/* ----- associations ------------------------------------------------------------------------------------ */

static assoc *adopt(end *e, fpl_conn *conn)
{
    assoc      *a = calloc(1, sizeof *a);
    const plan *p = e->world->plan;
    if (a == NULL) {
        abort();
    }
    a->end = e;
    a->conn = conn;
    a->id = ++e->world->assocs;
    a->first = e->assocs == NULL;
    a->next = e->assocs;
    a->started = e->world->now;
    a->deadline = FPL_NEVER;
    a->datagrams_in = e->pieces;
    a->bytes_in = e->piece_bytes;
    e->pieces = e->piece_bytes = 0;
    a->validated = e->side == CLIENT || !plan_limited(p);
    tap_begin(&a->tap, &e->world->log, e->side == CLIENT);
    if (a->first) {
        e->mtu = p->side[e->side].mtu;
        if (p->side[e->side].later_mtu > 0) {
            world_schedule(e->world, p->side[e->side].later_mtu_at, CHORE_SET_MTU, e, a->id, p->side[e->side].later_mtu);
        }
    }
    e->assocs = a;
    fpl_conn_set_user_data(conn, a);
    if (e->side == SERVER && p->door != DOOR_COOKIE && p->validated) {
        (void)fpl_conn_set_address_validated(conn);
    }
    if (p->side[e->side].trust == TRUST_PIN_EARLY) {
        credential_id of_peer = p->side[1 - e->side].credential;
        if (of_peer != CREDENTIAL_NONE) {
            /* At a listener it can be too late to ask for a certificate: then none is shown. */
            a->pinned = fpl_conn_add_peer_fingerprint(conn, credential_of(of_peer)->fingerprint, 0) == FPL_OK;
        }
    }
    return a;
}

static void forget(assoc *a)
{
    for (size_t i = 0; i < NETWORK_MESSAGES; i++) {
        free(a->sent[i]);
    }
    tap_end(&a->tap);
    ledger_free(&a->ledger);
    free(a);
}

assoc *end_assoc(end *e, const fpl_conn *conn)
{
    for (assoc *a = e->assocs; a != NULL; a = a->next) {
        if (a->conn == conn) {
            return a;
        }
    }
    return NULL;
}

assoc *end_assoc_by_id(end *e, unsigned id)
{
    for (assoc *a = e->assocs; a != NULL; a = a->next) {
        if (a->conn != NULL && a->id == id) {
            return a;
        }
    }
    return NULL;
}

assoc *end_connected(const end *e)
{
    for (assoc *a = e->assocs; a != NULL; a = a->next) {
        if (a->connected) {
            return a;
        }
    }
    return NULL;
}

static void *allocate(void *arg, size_t size)
{
    end_memory *m = arg;
    m->live += size;
    m->most = m->live > m->most ? m->live : m->most;
    return malloc(size);
}

static void release_memory(void *arg, void *memory, size_t size)
{
    end_memory *m = arg;
    m->live -= memory == NULL ? 0 : size;
    free(memory);
}

bool end_open(end *e, world *w, int side)
{
    const fpl_allocator  counting = {allocate, release_memory, &e->memory};
    const fpl_allocator *allocator = w->hooks->allocator[side] != NULL ? w->hooks->allocator[side] : &counting;
    fpl_time             now;
    e->world = w;
    e->side = side;
    e->deadline = FPL_NEVER;
    e->random = rng_fork(&w->rng);
    e->choices = rng_fork(&w->rng);
    now = world_clock(w, side);
    e->config = fpl_config_new_with_allocator(allocator);
    world_called(w);
    if (e->config == NULL) {
        return false;
    }
    if (!configure(e->config, e)) {
        if (!w->hooks->faults) {
            world_complain(w, "%s: the configuration was refused", side == CLIENT ? "client" : "server");
        }
        return false;
    }
    if (side == SERVER && w->plan->door != DOOR_BARE) {
        e->listener = fpl_listener_new(e->config, now);
        world_called(w);
        return e->listener != NULL;
    }
    fpl_conn *conn = fpl_conn_new(e->config, side == CLIENT ? FPL_ROLE_CLIENT : FPL_ROLE_SERVER, now);
    world_called(w);
    if (conn == NULL) {
        return false;
    }
    (void)adopt(e, conn);
    return true;
}

void end_free(end *e)
{
    for (assoc *a = e->assocs, *next; a != NULL; a = next) {
        next = a->next;
        if (a->conn != NULL && e->listener == NULL) {
            fpl_conn_free(a->conn);
        }
        forget(a);
    }
    e->assocs = NULL;
    fpl_listener_free(e->listener);
    fpl_config_free(e->config);
    e->listener = NULL;
    e->config = NULL;
}

/* A connection that ended takes no more part; what it said is kept for the verdict. */
static void release(assoc *a)
{
    if (a->end->listener != NULL && a->conn != NULL) {
        fpl_listener_release(a->end->listener, a->conn);
        a->conn = NULL;
    }
    a->deadline = FPL_NEVER;
}

/* ----- polling ------------------------------------------------------------------------------------------ */

bool end_retry(fpl_result result, unsigned *attempts)
{
    return result == FPL_NO_MEMORY && (*attempts)++ < 3;
}

static void note_failure(assoc *a)
{
    world     *w = a->end->world;
    fpl_output out;
    uint8_t    buf[16];
    if (a->failed) {
        return;
    }
    a->failed = true;
    a->failed_at = w->now;
    fpl_conn_explain(a->conn, &a->end_reason);
    if (w->verbose) {
        char text[300];
        (void)fpl_conn_explain_text(a->conn, text, sizeof text);
        world_log(w, a->end->side, "failed: %s", text);
    }
    if (a->end_reason.failure == FPL_FAILURE_NONE) {
        world_complain(w, "FPL_FAILED, and explain knows no failure");
    }
    for (int again = 0; again < 2; again++) {
        if (fpl_conn_poll(a->conn, buf, sizeof buf, &out) != FPL_FAILED) {
            world_complain(w, "poll has something to say after FPL_FAILED");
        }
    }
}

/* Polls with too little room on purpose. The library has to ask for what the datagram takes, and give the
 * same datagram then. */
static fpl_result poll_tightly(assoc *a, uint8_t *buf, size_t cap, fpl_output *out)
{
    end       *e = a->end;
    size_t     tight = rng_below(&e->choices, 3) == 0 ? 0 : rng_below(&e->choices, 200);
    fpl_result result = fpl_conn_poll(a->conn, buf, tight, out);
    if (result != FPL_BUFFER_TOO_SMALL) {
        return result;
    }
    if (out->needed <= tight || out->needed > cap) {
        world_complain(e->world, "poll with %zu bytes wants %zu", tight, out->needed);
        return fpl_conn_poll(a->conn, buf, cap, out);
    }
    size_t needed = out->needed;
    result = fpl_conn_poll(a->conn, buf, needed, out);
    if (result == FPL_OK && (out->type != FPL_OUTPUT_DATAGRAM || out->as.datagram_len > needed)) {
        world_complain(e->world, "poll wanted %zu bytes for something else", needed);
    }
    return result;
}

void end_drain(assoc *a, cause why)
{
    end     *e = a->end;
    world   *w = e->world;
    uint8_t  buf[2048];
    burst    b = burst_of(why);
    unsigned attempts = 0;
    for (unsigned polls = 0;; polls++) {
        fpl_output out;
        fpl_result result;
        if (polls > MAX_POLLS) {
            world_complain(w, "more than %d polls after one call", MAX_POLLS);
            return;
        }
        memset(&out, 0, sizeof out);
        result = w->plan->side[e->side].tight_buffers ? poll_tightly(a, buf, sizeof buf, &out)
                                                      : fpl_conn_poll(a->conn, buf, sizeof buf, &out);
        world_called(w);
        if (w->stopped) {
            return;
        }
        if (result == FPL_FAILED) {
            note_failure(a);
            break;
        }
        if (result == FPL_NO_MEMORY && w->hooks->faults) {
            if (end_retry(result, &attempts)) {
                continue;
            }
            a->abandoned = true;
            break;
        }
        if (result != FPL_OK) {
            world_complain(w, "poll returned %d", (int)result);
            return;
        }
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            a->deadline = out.as.deadline;
            break;
        }
        if (out.type == FPL_OUTPUT_DATAGRAM) {
            tap_view *view = tap_look(&a->tap, buf, out.as.datagram_len);
            oracle_datagram(a, &b, view, buf, out.as.datagram_len);
            network_send(w->network, e->side, buf, out.as.datagram_len, view, w->now);
            tap_drop(view);
        } else {
            app_event(a, &out);
        }
        if (w->broken) {
            return;
        }
    }
    oracle_burst(a, &b);
    a->closed = fpl_conn_is_closed(a->conn);
}

/* When the end as a whole wants to be woken. */
void end_settle(end *e)
{
    if (e->listener != NULL) {
        fpl_output out;
        uint8_t    buf[2048];
        fpl_result result = fpl_listener_poll(e->listener, buf, sizeof buf, &out);
        world_called(e->world);
        if (result != FPL_OK || out.type != FPL_OUTPUT_TIMEOUT) {
            if (!e->world->hooks->faults) {
                world_complain(e->world, "the listener has an answer to nothing");
            }
            e->deadline = FPL_NEVER;
            return;
        }
        e->deadline = out.as.deadline;
        for (assoc *a = e->assocs; a != NULL; a = a->next) {
            if (a->conn != NULL && !a->failed && a->deadline < e->deadline) {
                world_complain(e->world, "the listener's deadline is later than that of a connection of its");
            }
        }
        return;
    }
    e->deadline = e->assocs->failed || e->assocs->abandoned ? FPL_NEVER : e->assocs->deadline;
}

static void bury(end *e)
{
    fpl_conn *gone;
    if (e->listener == NULL) {
        return;
    }
    while ((gone = fpl_listener_next_replaced(e->listener)) != NULL) {
        assoc *a = end_assoc(e, gone);
        world_log(e->world, e->side, "a connection was replaced");
        if (a == NULL) {
            world_complain(e->world, "a connection nobody knows was replaced");
            return;
        }
        if (a->connected && !a->end->world->hooks->faults) {
            world_complain(e->world, "a replay replaced a living association");
        }
        a->failed = true;
        release(a);
    }
    for (assoc *a = e->assocs; a != NULL; a = a->next) {
        if (a->conn != NULL && (a->failed || a->abandoned)) {
            release(a);
        }
    }
}

/* ----- the calls ---------------------------------------------------------------------------------------- */

void end_start(end *e)
{
    world     *w = e->world;
    assoc     *a = e->assocs;
    unsigned   attempts = 0;
    fpl_result result;
    do {
        result = fpl_conn_start(a->conn, world_clock(w, e->side));
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    if (w->stopped) {
        return;
    }
    a->started = w->now;
    if (result == FPL_NO_MEMORY) {
        a->abandoned = true;
    } else if (result != FPL_OK && !(result == FPL_FAILED && w->hooks->faults)) {
        world_complain(w, "start returned %d", (int)result);
        return;
    } else {
        end_drain(a, CAUSE_APPLICATION);
    }
    if (!w->stopped) {
        end_settle(e);
    }
}

static void receive_on(assoc *a, const packet *p)
{
    world   *w = a->end->world;
    bool     expected = p->genuine && oracle_expects_data(a, p->view);
    unsigned before = a->data_events;
    a->datagrams_in++;
    a->bytes_in += p->len;
    if (p->genuine) {
        oracle_took(a, p->view);
    } else {
        oracle13_took_forged(a, p->bytes, p->len);
    }
    end_drain(a, CAUSE_PACKET);
    if (expected && a->data_events != before + 1 && !w->stopped && !w->hooks->faults) {
        world_complain(w, "a fresh record of application data was handed in and did not come out");
    }
}

/* What the listener says without a connection; at a small MTU that takes several datagrams. */
static void answer_stranger(end *e)
{
    world     *w = e->world;
    uint8_t    buf[2048];
    fpl_output out;
    for (unsigned polls = 0; polls < MAX_POLLS && !w->broken; polls++) {
        fpl_result result = fpl_listener_poll(e->listener, buf, sizeof buf, &out);
        tap        nobody;
        tap_view  *view;
        world_called(w);
        if (result != FPL_OK && !w->hooks->faults) {
            world_complain(w, "fpl_listener_poll returned %d", (int)result);
        }
        if (result != FPL_OK || out.type != FPL_OUTPUT_DATAGRAM) {
            return;
        }
        tap_begin(&nobody, &w->log, false);
        view = tap_look(&nobody, buf, out.as.datagram_len);
        oracle_stateless(e, view, buf, out.as.datagram_len);
        network_send(w->network, e->side, buf, out.as.datagram_len, view, w->now);
        tap_drop(view);
    }
}

static void receive_at_door(end *e, packet *p)
{
    world      *w = e->world;
    fpl_conn   *conn = NULL;
    unsigned    attempts = 0;
    fpl_result  result;
    size_t      before = fpl_listener_num_connections(e->listener);
    do {
        result = fpl_listener_receive(e->listener, client_address, sizeof client_address, p->bytes, p->len,
                                      world_clock(w, e->side), &conn);
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    if (w->stopped || result == FPL_NO_MEMORY) {
        return;
    }
    if (result != FPL_OK) {
        world_complain(w, "fpl_listener_receive returned %d", (int)result);
        return;
    }
    if (conn != NULL) {
        assoc *a = end_assoc(e, conn);
        if (a == NULL) {
            if (fpl_listener_num_connections(e->listener) != before + 1) {
                world_complain(w, "the listener's count of connections is wrong");
            }
            a = adopt(e, conn);
            world_log(w, e->side, "a connection was made");
        }
        receive_on(a, p);
        return;
    }
    e->strangers_in += p->len;
    e->pieces++;
    e->piece_bytes += p->len;
    answer_stranger(e);
}

void end_receive(end *e, packet *p)
{
    world *w = e->world;
    if (e->listener != NULL) {
        receive_at_door(e, p);
    } else {
        assoc     *a = e->assocs;
        unsigned   attempts = 0;
        fpl_result result;
        if (a->abandoned) {
            return;
        }
        do {
            result = fpl_conn_receive(a->conn, p->bytes, p->len, world_clock(w, e->side));
            world_called(w);
        } while (end_retry(result, &attempts) && !w->stopped);
        if (w->stopped || result == FPL_NO_MEMORY) {
            return;
        }
        if (result == FPL_FAILED) {
            if (!a->failed) {
                world_complain(w, "receive says FPL_FAILED before poll did");
            }
            return;
        }
        if (result != FPL_OK) {
            world_complain(w, "receive returned %d", (int)result);
            return;
        }
        receive_on(a, p);
    }
    if (!w->stopped && !w->broken) {
        bury(e);
        end_settle(e);
    }
}

static void wake_one(assoc *a)
{
    world     *w = a->end->world;
    unsigned   attempts = 0;
    fpl_result result;
    do {
        result = fpl_conn_timeout(a->conn, world_clock(w, a->end->side));
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    if (w->stopped) {
        return;
    }
    if (result != FPL_OK && result != FPL_FAILED && result != FPL_NO_MEMORY) {
        world_complain(w, "fpl_conn_timeout returned %d", (int)result);
        return;
    }
    end_drain(a, CAUSE_TIMER);
}

void end_wake(end *e)
{
    world   *w = e->world;
    fpl_time due = e->deadline;
    if (e->listener != NULL) {
        fpl_conn *conn;
        unsigned  rounds = 0;
        while ((conn = fpl_listener_next_due(e->listener, world_clock(w, e->side))) != NULL && !w->broken) {
            assoc *a = end_assoc(e, conn);
            world_called(w);
            if (a == NULL || rounds++ > 100) {
                world_complain(w, "fpl_listener_next_due gives %s", a == NULL ? "an unknown connection" : "no end");
                return;
            }
            wake_one(a);
            if (w->stopped) {
                return;
            }
            bury(e);
        }
    } else {
        wake_one(e->assocs);
    }
    if (w->stopped || w->broken) {
        return;
    }
    bury(e);
    end_settle(e);
    e->idle_wakes = e->deadline <= due ? e->idle_wakes + 1 : 0;
    if (w->hooks->warp != NULL && e->deadline <= w->now) {
        e->deadline = w->now + 1000; /* its clock is not the world's: look again later */
        return;
    }
    if (e->idle_wakes > 4) {
        world_complain(w, "the deadline %llu does not move on", (unsigned long long)e->deadline);
    }
}
