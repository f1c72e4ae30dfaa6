#include "net/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"
#include "net/end.h"
#include "net/oracle13.h"

#define NO_FLIGHT 0xff

static const char *name_of(const end *e)
{
    return e->side == CLIENT ? "client" : "server";
}

burst burst_of(cause why)
{
    burst b;
    memset(&b, 0, sizeof b);
    b.why = why;
    b.lowest = PACE_LAST;
    return b;
}

static void oracle_tell(const end *e, const char *verb, const tap_view *view, const uint8_t *datagram, size_t len)
{
    char text[400];
    view_describe(datagram, len, text, sizeof text);
    world_log(e->world, e->side, "%s %zu: %s", verb, len, text);
    for (size_t i = 0; i < view->num; i++) {
        const tap_record *r = &view->records[i];
        struct view       fragments = view_of(r->body, r->len);
        view_fragment     f;
        if (!r->unified) {
            continue;
        }
        world_log(e->world, e->side, "    type %u %u/%llu (%zu)", r->type, r->epoch, (unsigned long long)r->seq, r->len);
        while (r->type == VIEW_HANDSHAKE && view_next_fragment(&fragments, &f)) {
            world_log(e->world, e->side, "      %s#%u %u..%u/%u", view_handshake_name(f.type), f.msg_seq, f.offset,
                      f.offset + f.len, f.total);
        }
        for (size_t at = 2; r->type == VIEW_ACK && at + 16 <= r->len; at += 16) {
            world_log(e->world, e->side, "      %u/%u", r->body[at + 7], (unsigned)r->body[at + 14] << 8 | r->body[at + 15]);
        }
    }
}

/* ----- one datagram ---------------------------------------------------------------------------------------- */

/* A message keeps its bytes for ever, however often it is sent and cut (RFC 6347 section 4.2.4). */
static void same_bytes(assoc *a, burst *b, const tap_record *r, const view_fragment *f)
{
    sent_message *m = a->sent[f->msg_seq % NETWORK_MESSAGES];
    world        *w = a->end->world;
    bool          fresh = false, again = false;
    if (f->msg_seq >= NETWORK_MESSAGES || f->total > NETWORK_BYTES || f->offset + f->len > f->total) {
        world_complain(w, "%s: fragment %u..%u of %u, message %u", name_of(a->end), f->offset, f->offset + f->len, f->total,
                       f->msg_seq);
        return;
    }
    if (m == NULL) {
        m = calloc(1, sizeof *m);
        if (m == NULL) {
            abort();
        }
        m->total = f->total;
        m->type = f->type;
        m->epoch = r->epoch;
        m->flight = NO_FLIGHT;
        a->sent[f->msg_seq] = m;
    }
    if (m->epoch != r->epoch) {
        world_complain(w, "%s: message %u in epoch %u, once in %u", name_of(a->end), f->msg_seq, r->epoch, m->epoch);
        return;
    }
    if (m->total != f->total || m->type != f->type) {
        world_complain(w, "%s: message %u is another one now", name_of(a->end), f->msg_seq);
        return;
    }
    for (size_t i = 0; i < f->len; i++) {
        size_t at = f->offset + i;
        if (m->known[at] && m->bytes[at] != f->body[i]) {
            world_complain(w, "%s: byte %zu of message %u has changed", name_of(a->end), at, f->msg_seq);
            return;
        }
        fresh = fresh || !m->known[at];
        again = again || m->known[at];
        m->known[at] = true;
        m->bytes[at] = f->body[i];
    }
    if (plan_version(w->plan) == FPL_DTLS13) {
        oracle13_fragment(a, b, r, f, fresh, again);
    }
}

static void message_out(assoc *a, burst *b, const tap_record *r)
{
    world        *w = a->end->world;
    view          fragments = view_of(r->body, r->len);
    view_fragment f;
    b->handshake = true;
    while (view_next_fragment(&fragments, &f)) {
        b->lowest = f.msg_seq < b->lowest ? f.msg_seq : b->lowest;
        b->highest = f.msg_seq > b->highest ? f.msg_seq : b->highest;
        if (f.msg_seq < NETWORK_MESSAGES) {
            b->sent[f.msg_seq] += f.len > 0 || f.total > 0 ? f.len : 1;
            /* A signature that was waited for may come together with the peer's wish to have it all again. */
            if (b->sent[f.msg_seq] > (f.total > 0 ? f.total : 1) * (b->why == CAUSE_SIGNATURE ? 2u : 1u)) {
                world_complain(w, "%s: message %u goes out twice at once", name_of(a->end), f.msg_seq);
            }
        }
        same_bytes(a, b, r, &f);
    }
    if (fragments.left > 0) {
        world_complain(w, "%s: %zu bytes behind the last fragment of a record", name_of(a->end), fragments.left);
    }
}

/* A record whose header is of DTLS 1.2's form. */
static void record_out(assoc *a, burst *b, const tap_record *r)
{
    world *w = a->end->world;
    if (r->epoch > 1 || r->seq < a->next_record[r->epoch]) {
        world_complain(w, "%s: record number %u/%llu was used before", name_of(a->end), r->epoch,
                       (unsigned long long)r->seq);
        return;
    }
    a->next_record[r->epoch] = r->seq + 1;
    if (r->type == VIEW_CCS || (r->type == VIEW_HANDSHAKE && r->epoch == 1)) {
        b->handshake = true;
    }
    if (plan_version(w->plan) == FPL_DTLS13 && (r->type == VIEW_CCS || r->epoch == 1)) {
        world_complain(w, "%s: a record of type %u, epoch %u, in DTLS 1.3", name_of(a->end), r->type, r->epoch);
    }
    if (r->type == VIEW_ALERT && r->epoch == 0 && a->first && !w->hooks->faults && plan_version(w->plan) != 0) {
        world_complain(w, "%s: an alert in the clear", name_of(a->end));
    }
}

void oracle_datagram(assoc *a, burst *b, const tap_view *view, const uint8_t *datagram, size_t len)
{
    world *w = a->end->world;
    size_t mtu = a->first ? a->end->mtu : 1500;
    a->datagrams_out++;
    a->bytes_out += len;
    b->datagrams++;
    b->last_record = NULL;
    if (len > mtu) {
        world_complain(w, "%s: a datagram of %zu bytes, MTU %zu", name_of(a->end), len, mtu);
    }
    if (!a->validated && !a->connected && a->bytes_out > 3 * a->bytes_in) {
        world_complain(w, "%s: %llu bytes out for %llu bytes in from an address that is not proven", name_of(a->end),
                       (unsigned long long)a->bytes_out, (unsigned long long)a->bytes_in);
    }
    if (w->verbose) {
        oracle_tell(a->end, "sends", view, datagram, len);
    }
    for (size_t i = 0; i < view->num && !w->broken; i++) {
        const tap_record *r = &view->records[i];
        a->records_out++;
        if (r->unified) {
            oracle13_record(a, b, r);
        } else {
            record_out(a, b, r);
        }
        if (r->type == VIEW_HANDSHAKE && !r->opaque) {
            message_out(a, b, r);
        }
    }
    if (!view->whole) {
        world_complain(w, "%s: a datagram with a record that cannot be read, or twice the same number", name_of(a->end));
    }
}

void oracle_data(assoc *a, const tap_view *view)
{
    world *w = a->end->world;
    if (!view->whole || view->num != 1 || view->records[0].type != VIEW_DATA) {
        world_complain(w, "%s: fpl_conn_send made something else than a record of data", name_of(a->end));
    } else if (view->records[0].unified) {
        oracle13_record(a, NULL, &view->records[0]);
    } else {
        a->next_record[1] = view->records[0].seq + 1;
    }
}

/* ----- one burst: the pace of resends ------------------------------------------------------------------------ */

/* T, 2T, 4T, ... capped; nothing the peer asks for shortens or lengthens it, or comes more than once in
 * half of it. */
void oracle_burst(assoc *a, const burst *b)
{
    world      *w = a->end->world;
    const plan *p = w->plan;
    pace       *t = &a->pace;
    bool        half_flights = p->side[a->end->side].external;
    if (!b->handshake || w->hooks->warp != NULL || w->hooks->faults) {
        return;
    }
    if (plan_version(p) == FPL_DTLS13) {
        oracle13_burst(a, b);
        return;
    }
    if (!a->validated) {
        return; /* a flight comes in pieces, as bytes in pay for them */
    }
    if (half_flights && t->running && b->why == CAUSE_SIGNATURE && b->lowest > t->highest) {
        t->written = w->now; /* the second half of the flight: the timer starts again with what it has */
        t->highest = b->highest;
        return;
    }
    if (t->running && t->flight == b->lowest) {
        if (b->why == CAUSE_TIMER) {
            if (b->lowest == PACE_LAST) {
                world_complain(w, "%s: the last flight went out by timer", name_of(a->end));
            }
            if (w->now - t->written != t->interval) {
                world_complain(w, "%s: a resend %llu ms after the last, not %llu", name_of(a->end),
                               (unsigned long long)(w->now - t->written), (unsigned long long)t->interval);
            }
            t->by_timer++;
            t->by_timer_in_all++;
            if (t->by_timer > p->resend_times) {
                world_complain(w, "%s: resend number %u by timer, %u allowed", name_of(a->end), t->by_timer,
                               p->resend_times);
            }
            t->interval = 2 * t->interval < p->resend_maximum ? 2 * t->interval : p->resend_maximum;
        } else {
            if (t->asked != FPL_NEVER && 2 * (w->now - t->asked) < t->interval) {
                world_complain(w, "%s: two resends asked for within %llu ms, half the timer is %llu", name_of(a->end),
                               (unsigned long long)(w->now - t->asked), (unsigned long long)t->interval / 2);
            }
            t->asked = w->now;
            return; /* the timer runs on as if nobody had asked */
        }
        t->written = w->now;
        return;
    }
    if (b->why == CAUSE_TIMER) {
        world_complain(w, "%s: a new flight by timer", name_of(a->end));
    }
    t->running = true;
    t->flight = b->lowest;
    t->highest = b->highest;
    t->written = w->now;
    t->asked = FPL_NEVER;
    t->interval = p->resend_initial;
    t->by_timer = 0;
}

/* What a listener may say to a stranger: a request for a cookie; or, to one with whom it has no version in common, or of
 * DTLS 1.3 and with a cookie that is too old, an alert. */
void oracle_stateless(end *e, const tap_view *view, const uint8_t *datagram, size_t len)
{
    world            *w = e->world;
    const tap_record *r = &view->records[0];
    view_fragment     f;
    size_t            left = view->num > 0 ? r->len : 0;
    bool              fine = false;
    e->strangers_out += len;
    if (e->strangers_out > 3 * e->strangers_in) {
        world_complain(w, "the listener answers %llu bytes with %llu", (unsigned long long)e->strangers_in,
                       (unsigned long long)e->strangers_out);
    }
    if (w->verbose) {
        oracle_tell(e, "answers", view, datagram, len);
    }
    if (view->whole && view->num == 1 && r->epoch == 0 && r->type == VIEW_HANDSHAKE) {
        struct view fragments = view_of(r->body, left);
        fine = view_next_fragment(&fragments, &f) && (f.type == 3 || f.type == 2);
        fine = fine && (f.type == 3 || f.offset > 0 || tally_is_retry(&f));
    } else if (view->whole && view->num == 1 && r->type == VIEW_ALERT) {
        fine = w->hooks->warp != NULL || plan_version(w->plan) == 0 ||
               (plan_version(w->plan) == FPL_DTLS13 && w->now > w->plan->cookie_lifetime);
    }
    if (!fine) {
        world_complain(w, "the listener answers with something else than a request for a cookie");
    }
}

/* ----- application data ---------------------------------------------------------------------------------------- */

bool oracle_expects_data(const assoc *a, const tap_view *view)
{
    const tap_record *r = &view->records[0];
    if (!a->connected || a->closed || a->failed || !view->whole || view->num != 1 || r->type != VIEW_DATA) {
        return false;
    }
    if (r->unified) {
        return oracle13_expects(a, r);
    }
    if (a->peer_closed || r->epoch != 1 || r->seq >= 256) {
        return false;
    }
    return r->seq + 64 > a->highest_seen && (a->seen[r->seq / 64] >> (r->seq % 64) & 1) == 0;
}

void oracle_took(assoc *a, const tap_view *view)
{
    for (size_t i = 0; i < view->num; i++) {
        const tap_record *r = &view->records[i];
        if (r->opaque && r->seq < 256) {
            a->seen[r->seq / 64] |= UINT64_C(1) << (r->seq % 64);
            a->highest_seen = r->seq > a->highest_seen ? r->seq : a->highest_seen;
        }
    }
    oracle13_took(a, view);
}

/* ----- the verdict ---------------------------------------------------------------------------------------------- */

static void agree(world *w, const assoc *c, const assoc *s)
{
    const plan *p = w->plan;
    /* A server that pins asks, whatever its configuration says. */
    bool client_showed =
        (p->client_auth != FPL_CLIENT_AUTH_OFF || s->pinned) && p->side[CLIENT].credential != CREDENTIAL_NONE;
    if (plan_version(p) == 0 || c->version != plan_version(p) || s->version != plan_version(p)) {
        world_complain(w, "versions %04x and %04x, not %04x", c->version, s->version, plan_version(p));
    }
    if (c->suite != s->suite || c->suite == 0 || c->group != s->group || c->group == 0) {
        world_complain(w, "suites %04x and %04x, groups %04x and %04x", (unsigned)c->suite, (unsigned)s->suite,
                       (unsigned)c->group, (unsigned)s->group);
    }
    if (plan_version(p) == FPL_DTLS12 && (!c->ems || !s->ems)) {
        world_complain(w, "extended_master_secret: client %d, server %d", c->ems, s->ems);
    }
    if (c->keyed != s->keyed || c->keyed != p->srtp) {
        world_complain(w, "SRTP keys: planned %d, client %d, server %d", p->srtp, c->keyed, s->keyed);
    } else if (c->keyed && (c->profile != s->profile || c->profile != c->srtp_profile || s->profile != s->srtp_profile ||
                            c->srtp_len != s->srtp_len || memcmp(c->srtp, s->srtp, c->srtp_len) != 0)) {
        world_complain(w, "SRTP profile or keys differ");
    }
    if (c->has_exported && s->has_exported && memcmp(c->exported, s->exported, ASSOC_EXPORT) != 0) {
        world_complain(w, "exported material differs");
    }
    if (c->fingerprint_result != FPL_OK ||
        memcmp(c->peer_fingerprint, credential_of(p->side[SERVER].credential)->fingerprint, 32) != 0) {
        world_complain(w, "the client knows another server's fingerprint");
    }
    if (client_showed ? s->fingerprint_result != FPL_OK ||
                            memcmp(s->peer_fingerprint, credential_of(p->side[CLIENT].credential)->fingerprint, 32) != 0
                      : s->fingerprint_result != FPL_MISUSE) {
        world_complain(w, "the server's knowledge of the client's fingerprint is wrong: result %d",
                       (int)s->fingerprint_result);
    }
    if (c->certificates != 1 || s->certificates != (client_showed ? 1u : 0u)) {
        world_complain(w, "PEER_CERTIFICATE %u times at the client, %u times at the server", c->certificates,
                       s->certificates);
    }
}

static void plausible(assoc *a)
{
    world    *w = a->end->world;
    fpl_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    if (a->conn == NULL || fpl_conn_stats(a->conn, &stats) != FPL_OK) {
        return;
    }
    if (stats.datagrams_out != a->datagrams_out || stats.bytes_out != a->bytes_out || stats.records_out != a->records_out) {
        world_complain(w, "%s: stats say %llu datagrams, %llu records, %llu bytes out; there were %llu, %llu, %llu",
                       name_of(a->end), (unsigned long long)stats.datagrams_out, (unsigned long long)stats.records_out,
                       (unsigned long long)stats.bytes_out, (unsigned long long)a->datagrams_out,
                       (unsigned long long)a->records_out, (unsigned long long)a->bytes_out);
    }
    if (stats.datagrams_in > a->datagrams_in || stats.bytes_in > a->bytes_in) {
        world_complain(w, "%s: stats say %llu datagrams in, there were %llu", name_of(a->end),
                       (unsigned long long)stats.datagrams_in, (unsigned long long)a->datagrams_in);
    }
    if (stats.flights_resent < a->pace.by_timer_in_all) {
        world_complain(w, "%s: stats say %llu flights resent, %u were by timer alone", name_of(a->end),
                       (unsigned long long)stats.flights_resent, a->pace.by_timer_in_all);
    }
}

/* An end may give up only after its deadline, or after the last of its resends and the wait behind it. */
static bool explained(const assoc *a)
{
    const plan *p = a->end->world->plan;
    const pace *t = &a->pace;
    if (a->end_reason.failure != FPL_FAILURE_TIMEOUT) {
        return false;
    }
    if (!a->connected && a->failed_at - a->started >= p->deadline) {
        return true;
    }
    if (plan_version(p) == FPL_DTLS13) {
        return oracle13_gave_up(a);
    }
    return t->running && (t->by_timer == p->resend_times || !a->validated) && a->failed_at - t->written == t->interval;
}

/* In DTLS 1.3 the client is connected before its last flight is acknowledged, and key updates are flights too: they
 * can fail, when the network is hopeless or there is nobody left to acknowledge. */
static bool lost_its_peer(const assoc *a)
{
    const world *w = a->end->world;
    const end   *peer = &w->ends[1 - a->end->side];
    const assoc *other = end_connected(peer);
    bool         alone = a->peer_closed || other == NULL || other->closed || other->failed;
    return plan_version(w->plan) == FPL_DTLS13 && (w->plan->mode == MODE_B || (alone && other != NULL)) && explained(a);
}

static void check_end(end *e)
{
    world *w = e->world;
    for (assoc *a = e->assocs; a != NULL; a = a->next) {
        if (a->failed && a->connected && !w->hooks->faults && !lost_its_peer(a)) {
            world_complain(w, "%s: failed after it was connected, failure class %d", name_of(e), (int)a->end_reason.failure);
        }
        /* A second association comes of old datagrams only: it ends as it likes. */
        if (a->failed && !a->connected && a->first && !w->hooks->faults && !explained(a)) {
            world_complain(w, "%s: ended by failure class %d, alert %d, at %llu ms in state %s without reason", name_of(e),
                           (int)a->end_reason.failure, a->end_reason.alert, (unsigned long long)a->failed_at,
                           a->end_reason.state == NULL ? "?" : a->end_reason.state);
        }
        if (!w->hooks->faults) {
            plausible(a);
        }
    }
    if (e->deadline != FPL_NEVER && !w->hooks->faults) {
        world_complain(w, "%s: still has a deadline hours later", name_of(e));
    }
}

world_outcome oracle_verdict(world *w)
{
    assoc *c = end_connected(&w->ends[CLIENT]);
    assoc *s = end_connected(&w->ends[SERVER]);
    if (w->broken) {
        return OUTCOME_BROKEN;
    }
    check_end(&w->ends[CLIENT]);
    check_end(&w->ends[SERVER]);
    if (c != NULL && s != NULL) {
        agree(w, c, s);
    }
    if (w->broken) {
        return OUTCOME_BROKEN;
    }
    if (c != NULL && s != NULL) {
        return OUTCOME_COMPLETE;
    }
    if (w->hooks->faults) {
        return OUTCOME_FAULT;
    }
    if (plan_version(w->plan) == 0) {
        return OUTCOME_REFUSED;
    }
    if (w->plan->mode == MODE_A) {
        world_complain(w, "%s%s not connected in mode A", c == NULL ? "client" : "", s == NULL ? " server" : "");
        return OUTCOME_BROKEN;
    }
    return OUTCOME_TIMED_OUT;
}
