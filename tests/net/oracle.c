#include "net/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"
#include "net/end.h"

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

/* ----- one datagram ---------------------------------------------------------------------------------------- */

/* A message keeps its bytes for ever, however often it is sent and cut (RFC 6347 section 4.2.4). */
static void same_bytes(assoc *a, const view_fragment *f)
{
    sent_message *m = a->sent[f->msg_seq % NETWORK_MESSAGES];
    world        *w = a->end->world;
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
        a->sent[f->msg_seq] = m;
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
        m->known[at] = true;
        m->bytes[at] = f->body[i];
    }
}

void oracle_datagram(assoc *a, burst *b, const uint8_t *datagram, size_t len)
{
    world      *w = a->end->world;
    view        records = view_of(datagram, len);
    view_record record;
    size_t      mtu = a->first ? a->end->mtu : 1500;
    a->datagrams_out++;
    a->bytes_out += len;
    b->datagrams++;
    if (len > mtu) {
        world_complain(w, "%s: a datagram of %zu bytes, MTU %zu", name_of(a->end), len, mtu);
    }
    if (!a->validated && !a->connected && a->bytes_out > 3 * a->bytes_in) {
        world_complain(w, "%s: %llu bytes out for %llu bytes in from an address that is not proven", name_of(a->end),
                       (unsigned long long)a->bytes_out, (unsigned long long)a->bytes_in);
    }
    if (w->verbose) {
        char text[400];
        view_describe(datagram, len, text, sizeof text);
        world_log(w, a->end->side, "sends %zu: %s", len, text);
    }
    while (view_next_record(&records, &record)) {
        if (record.epoch > 1 || record.seq < a->next_record[record.epoch]) {
            world_complain(w, "%s: record number %u/%llu was used before", name_of(a->end), record.epoch,
                           (unsigned long long)record.seq);
            return;
        }
        a->next_record[record.epoch] = record.seq + 1;
        a->records_out++;
        if (record.type == VIEW_CCS || (record.type == VIEW_HANDSHAKE && record.epoch == 1)) {
            b->handshake = true;
        }
        if (record.type == VIEW_HANDSHAKE && record.epoch == 0) {
            view          fragments = view_of(record.body, record.len);
            view_fragment f;
            b->handshake = true;
            while (view_next_fragment(&fragments, &f)) {
                b->lowest = f.msg_seq < b->lowest ? f.msg_seq : b->lowest;
                b->highest = f.msg_seq > b->highest ? f.msg_seq : b->highest;
                if (f.msg_seq < NETWORK_MESSAGES) {
                    b->sent[f.msg_seq] += f.len > 0 || f.total > 0 ? f.len : 1;
                    if (b->sent[f.msg_seq] > (f.total > 0 ? f.total : 1)) {
                        world_complain(w, "%s: message %u goes out twice at once", name_of(a->end), f.msg_seq);
                    }
                }
                same_bytes(a, &f);
            }
        }
        if (record.type == VIEW_ALERT && record.epoch == 0 && a->first && !w->hooks->faults) {
            world_complain(w, "%s: an alert in the clear", name_of(a->end));
        }
    }
    if (records.left > 0) {
        world_complain(w, "%s: %zu bytes behind the last record", name_of(a->end), records.left);
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

void oracle_stateless(end *e, size_t request_len, const uint8_t *datagram, size_t len)
{
    view        records = view_of(datagram, len);
    view_record record;
    world      *w = e->world;
    if (len > 3 * request_len) {
        world_complain(w, "the listener answers %zu bytes with %zu", request_len, len);
    }
    if (w->verbose) {
        char text[400];
        view_describe(datagram, len, text, sizeof text);
        world_log(w, e->side, "answers %zu: %s", len, text);
    }
    if (!view_next_record(&records, &record) || record.type != VIEW_HANDSHAKE || record.len < 1 || record.body[0] != 3 ||
        records.left > 0) {
        world_complain(w, "the listener answers with something else than a HelloVerifyRequest");
    }
}

/* ----- application data ---------------------------------------------------------------------------------------- */

static bool first_keyed_record(const uint8_t *datagram, size_t len, view_record *out, bool *alone)
{
    view        records = view_of(datagram, len);
    view_record other;
    if (!view_next_record(&records, out) || out->epoch != 1) {
        return false;
    }
    *alone = !view_next_record(&records, &other) && records.left == 0;
    return true;
}

bool oracle_expects_data(const assoc *a, const uint8_t *datagram, size_t len)
{
    view_record record;
    bool        alone = false;
    if (!a->connected || a->closed || a->peer_closed || a->failed) {
        return false;
    }
    if (!first_keyed_record(datagram, len, &record, &alone) || !alone || record.type != VIEW_DATA || record.seq >= 256) {
        return false;
    }
    /* A stranger's junk has the look of a record but cannot be one. */
    if (record.len < 24 + 4) {
        return false;
    }
    if (record.seq + 64 <= a->highest_seen || (a->seen[record.seq / 64] >> (record.seq % 64) & 1) != 0) {
        return false;
    }
    return true;
}

void oracle_took(assoc *a, const uint8_t *datagram, size_t len)
{
    view        records = view_of(datagram, len);
    view_record record;
    while (view_next_record(&records, &record)) {
        if (record.epoch == 1 && record.seq < 256) {
            a->seen[record.seq / 64] |= UINT64_C(1) << (record.seq % 64);
            a->highest_seen = record.seq > a->highest_seen ? record.seq : a->highest_seen;
        }
    }
}

/* ----- the verdict ---------------------------------------------------------------------------------------------- */

static void agree(world *w, const assoc *c, const assoc *s)
{
    const plan *p = w->plan;
    /* A server that pins asks, whatever its configuration says. */
    bool client_showed =
        (p->client_auth != FPL_CLIENT_AUTH_OFF || s->pinned) && p->side[CLIENT].credential != CREDENTIAL_NONE;
    if (c->version != FPL_DTLS12 || s->version != FPL_DTLS12) {
        world_complain(w, "versions %04x and %04x", c->version, s->version);
    }
    if (c->suite != s->suite || c->suite == 0 || c->group != s->group || c->group == 0) {
        world_complain(w, "suites %04x and %04x, groups %04x and %04x", (unsigned)c->suite, (unsigned)s->suite,
                       (unsigned)c->group, (unsigned)s->group);
    }
    if (!c->ems || !s->ems) {
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
    if (a->failed_at - a->started >= p->deadline) {
        return true;
    }
    return t->running && (t->by_timer == p->resend_times || !a->validated) && a->failed_at - t->written == t->interval;
}

static void check_end(end *e)
{
    world *w = e->world;
    for (assoc *a = e->assocs; a != NULL; a = a->next) {
        if (a->failed && a->connected && !w->hooks->faults) {
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
    if (w->plan->mode == MODE_A) {
        world_complain(w, "%s%s not connected in mode A", c == NULL ? "client" : "", s == NULL ? " server" : "");
        return OUTCOME_BROKEN;
    }
    return OUTCOME_TIMED_OUT;
}
