#include "net/oracle13.h"

#include <string.h>

#include "common/wire_view.h"
#include "net/end.h"

#define NO_FLIGHT         0xff
#define ACK_RECORDS       32   /* limit ack_records */
#define SENT_RECORDS      32   /* limit sent_records: older ones are forgotten, and their ACKs not understood */
#define RECORDS_AT_ONCE   10   /* limit records_at_once */
#define OLD_EPOCH_LIVES   1500 /* ms; limit old_read_keys, and a margin */
#define REPLAY_WINDOW     64

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, KEY_UPDATE = 24 };

static const char *name_of(const end *e)
{
    return e->side == CLIENT ? "client" : "server";
}

static uint64_t number_at(const uint8_t *at)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* ----- records out ------------------------------------------------------------------------------------------- */

static fpl_time doubled(const plan *p, fpl_time interval)
{
    return 2 * interval < p->resend_maximum ? 2 * interval : p->resend_maximum;
}

/* One by timer soon after the last record, then ever later ones, for a peer that says nothing more. */
static void check_ack_pace(assoc *a)
{
    world   *w = a->end->world;
    ledger  *l = &a->ledger;
    fpl_time since = w->now - l->timer_ack_at;
    if (l->timer_acks > 0 && since < l->timer_ack_interval && w->hooks->warp == NULL) {
        world_complain(w, "%s: an ACK by timer %llu ms after the last, no record between them", name_of(a->end),
                       (unsigned long long)since);
    }
    l->timer_ack_interval = l->timer_acks == 0 ? w->plan->resend_initial : doubled(w->plan, l->timer_ack_interval);
    l->timer_acks++;
    l->timer_ack_at = w->now;
}

/* RFC 9147 section 7: what was processed or kept, in order, once, and under keys no older than its own. */
static void check_ack(assoc *a, const burst *b, const tap_record *r)
{
    world   *w = a->end->world;
    ledger  *l = &a->ledger;
    uint64_t last_epoch = 0, last_seq = 0;
    size_t   num = r->len < 2 ? 0 : (r->len - 2) / 16;
    if (r->len < 2 || ((size_t)r->body[0] << 8 | r->body[1]) != r->len - 2 || (r->len - 2) % 16 != 0 || num == 0 ||
        num > ACK_RECORDS) {
        world_complain(w, "%s: an ACK of %zu bytes", name_of(a->end), r->len);
        return;
    }
    l->acks_out++;
    if (b->why != CAUSE_TIMER && ++l->acks_at_once > l->handshake_records_in) {
        world_complain(w, "%s: %u ACKs for %u records", name_of(a->end), l->acks_at_once, l->handshake_records_in);
    }
    if (b->why == CAUSE_TIMER) {
        check_ack_pace(a);
    }
    for (size_t i = 0; i < num; i++) {
        uint64_t             epoch = number_at(r->body + 2 + 16 * i), seq = number_at(r->body + 10 + 16 * i);
        const ledger_record *named = ledger_find_type(&l->taken, epoch, seq, VIEW_HANDSHAKE);
        if (named == NULL || (epoch > r->epoch && r->epoch < 3)) {
            world_complain(w, "%s: an ACK in epoch %u for %llu/%llu, %s", name_of(a->end), r->epoch,
                           (unsigned long long)epoch, (unsigned long long)seq,
                           named == NULL ? "no handshake record that came" : "which is newer");
        }
        if (i > 0 && (epoch < last_epoch || (epoch == last_epoch && seq <= last_seq))) {
            world_complain(w, "%s: an ACK out of order", name_of(a->end));
        }
        last_epoch = epoch;
        last_seq = seq;
    }
}

/* A newer epoch is written in once the KeyUpdate before it is acknowledged, not earlier (RFC 9147 section 8). */
static void check_new_epoch(assoc *a, uint16_t epoch)
{
    for (size_t i = 0; i < NETWORK_MESSAGES; i++) {
        const sent_message *m = a->sent[i];
        if (m != NULL && m->type == KEY_UPDATE && m->epoch == epoch - 1 && m->named) {
            return;
        }
    }
    world_complain(a->end->world, "%s: epoch %u without an acknowledged KeyUpdate", name_of(a->end), epoch);
}

void oracle13_record(assoc *a, const burst *b, const tap_record *r)
{
    world      *w = a->end->world;
    ledger     *l = &a->ledger;
    const plan *p = w->plan;
    uint64_t    limit = p->side[a->end->side].seal_records;
    a->is13 = true;
    if (r->epoch < 2 || r->epoch >= LEDGER_EPOCHS || r->seq < l->next_record[r->epoch]) {
        world_complain(w, "%s: record number %u/%llu out of order", name_of(a->end), r->epoch, (unsigned long long)r->seq);
        return;
    }
    l->next_record[r->epoch] = r->seq + 1;
    if (limit > 0 && r->seq >= limit) {
        world_complain(w, "%s: record %llu of epoch %u, limit %llu", name_of(a->end), (unsigned long long)r->seq, r->epoch,
                       (unsigned long long)limit);
    }
    if (r->epoch > l->newest_sent) {
        if (r->epoch > 3) {
            check_new_epoch(a, r->epoch);
        }
        l->newest_sent = r->epoch;
    }
    switch (r->type) {
    case VIEW_ACK: check_ack(a, b, r); break;
    case VIEW_DATA:
        if (r->epoch < 3 || r->epoch != l->newest_sent || l->close_sent) {
            world_complain(w, "%s: data in epoch %u of %u%s", name_of(a->end), r->epoch, l->newest_sent,
                           l->close_sent ? ", after close_notify" : "");
        }
        break;
    case VIEW_ALERT:
        if (r->len != 2 || (r->body[1] != 0 && a->first && !w->hooks->faults)) {
            world_complain(w, "%s: alert %u", name_of(a->end), r->len == 2 ? r->body[1] : 999);
        }
        l->close_sent = true;
        break;
    case VIEW_HANDSHAKE:
        if (l->close_sent && r->epoch > 2) { /* a Finished is of an epoch before it */
            world_complain(w, "%s: a message after close_notify", name_of(a->end));
        }
        break;
    default: world_complain(w, "%s: a record of type %u in epoch %u", name_of(a->end), r->type, r->epoch); break;
    }
}

/* ----- flights ------------------------------------------------------------------------------------------------ */

/* Each hello begins a flight, and each KeyUpdate is one; so does what a client says once it was answered. */
static uint8_t flight_of(assoc *a, const view_fragment *f)
{
    ledger *l = &a->ledger;
    bool    begins = f->type == CLIENT_HELLO || f->type == SERVER_HELLO || f->type == KEY_UPDATE || l->num_flights == 0 ||
                  l->flights[l->num_flights - 1].first_type == CLIENT_HELLO;
    if (begins) {
        if (l->num_flights == LEDGER_FLIGHTS) {
            world_complain(a->end->world, "%s: more than %d flights", name_of(a->end), LEDGER_FLIGHTS);
            return 0;
        }
        memset(&l->flights[l->num_flights], 0, sizeof l->flights[0]);
        l->flights[l->num_flights].first_type = f->type;
        l->num_flights++;
    }
    return (uint8_t)(l->num_flights - 1);
}

static bool belongs(uint8_t type, uint16_t epoch)
{
    if (type == CLIENT_HELLO || type == SERVER_HELLO) {
        return epoch == 0;
    }
    return type == KEY_UPDATE ? epoch >= 3 : epoch == 2;
}

/* One after the other (RFC 9147 section 8). */
static void new_update(assoc *a, const view_fragment *f)
{
    a->ledger.updates_out++;
    for (size_t i = 0; i < f->msg_seq && i < NETWORK_MESSAGES; i++) {
        const sent_message *m = a->sent[i];
        if (m != NULL && m->type == KEY_UPDATE && !m->named) {
            world_complain(a->end->world, "%s: a KeyUpdate while another is not acknowledged", name_of(a->end));
        }
    }
}

void oracle13_fragment(assoc *a, burst *b, const tap_record *r, const view_fragment *f, bool fresh, bool again)
{
    world         *w = a->end->world;
    sent_message  *m = a->sent[f->msg_seq];
    ledger_record *sent;
    if (m->flight == NO_FLIGHT) {
        m->flight = flight_of(a, f);
        if (!belongs(f->type, r->epoch)) {
            world_complain(w, "%s: message of type %u in epoch %u", name_of(a->end), f->type, r->epoch);
        }
        if (f->type == KEY_UPDATE) {
            new_update(a, f);
        }
    }
    for (size_t i = f->offset; i < f->offset + f->len; i++) {
        if (m->acked[i] && !w->hooks->faults) {
            world_complain(w, "%s: byte %zu of message %u goes out again, acknowledged as it is", name_of(a->end), i,
                           f->msg_seq);
            return;
        }
    }
    b->flights[m->flight].in = true;
    b->flights[m->flight].new_bytes = b->flights[m->flight].new_bytes || fresh;
    b->flights[m->flight].old_bytes = b->flights[m->flight].old_bytes || again;
    sent = ledger_add(&a->ledger.sent, r->epoch, r->seq, r->type);
    sent->flight = m->flight;
    sent->message = f->msg_seq;
    sent->from = f->offset;
    sent->to = f->offset + f->len;
    if (b->last_record != r) {
        b->flights[m->flight].records++;
        b->last_record = r;
    }
}

/* ----- records in ------------------------------------------------------------------------------------------------ */

/* How many fragments of its flight were sent after this one: one that is forgotten cannot be acknowledged. */
static unsigned behind(const ledger *l, const ledger_record *sent)
{
    unsigned num = 0;
    for (size_t i = l->sent.num; i > 0 && &l->sent.list[i - 1] != sent; i--) {
        num += l->sent.list[i - 1].flight == sent->flight;
    }
    return num;
}

static void note_reset(ledger_flight *f, fpl_time now)
{
    if (f->num_resets == 0 || f->resets[(f->num_resets - 1) % LEDGER_RESETS] != now) {
        f->resets[f->num_resets++ % LEDGER_RESETS] = now;
    }
}

static void acked(assoc *a, uint64_t epoch, uint64_t seq, bool sure)
{
    ledger *l = &a->ledger;
    for (size_t i = 0; i < l->sent.num; i++) {
        const ledger_record *sent = &l->sent.list[i];
        sent_message        *m = a->sent[sent->message];
        if (sent->epoch != epoch || sent->seq != seq) {
            continue;
        }
        m->named = true;
        note_reset(&l->flights[sent->flight], a->end->world->now);
        if (sure && behind(l, sent) < SENT_RECORDS) {
            memset(m->acked + sent->from, true, sent->to - sent->from);
        }
    }
}

/* The newest epoch of the peer's, or the one before it for a while. */
static bool still_read(const assoc *a, uint16_t epoch)
{
    const ledger *l = &a->ledger;
    return epoch >= l->newest_taken ||
           (epoch + 1 == l->newest_taken && a->end->world->now < l->newest_taken_at + OLD_EPOCH_LIVES);
}

static void took_ack(assoc *a, const tap_record *r)
{
    ledger *l = &a->ledger;
    bool    alone = a->end->assocs->next == NULL; /* else it may be meant for another association */
    bool sure = (r->epoch == 2 && l->newest_sent >= 2 && l->newest_taken < 4) || (a->connected && still_read(a, r->epoch));
    for (size_t at = 2; at + 16 <= r->len; at += 16) {
        acked(a, number_at(r->body + at), number_at(r->body + at + 8), sure && alone && !a->failed && !a->closed);
    }
}

void oracle13_took(assoc *a, const tap_view *view)
{
    ledger *l = &a->ledger;
    for (size_t i = 0; i < view->num; i++) {
        const tap_record *r = &view->records[i];
        bool              too_old = r->unified && r->seq + REPLAY_WINDOW < ledger_highest(l, r->epoch);
        if (r->type == VIEW_HANDSHAKE) {
            l->timer_acks = 0; /* even one that came before may not have been read then, for want of keys */
        }
        if (r->opaque || ledger_find_type(&l->taken, r->epoch, r->seq, r->type) != NULL) {
            continue;
        }
        if (r->unified) {
            a->is13 = true;
            a->validated = true; /* only who got our ServerHello has these keys */
        }
        (void)ledger_add(&l->taken, r->epoch, r->seq, r->type);
        if (r->epoch > l->newest_taken) {
            l->newest_taken = r->epoch;
            l->newest_taken_at = a->end->world->now;
        }
        if (r->type == VIEW_HANDSHAKE) {
            l->handshake_records_in++;
        }
        if (r->type == VIEW_ACK && !too_old) {
            took_ack(a, r);
        }
    }
}

/* In the clear a stranger's handshake record looks like any other, and may be acknowledged like one. */
void oracle13_took_forged(assoc *a, const uint8_t *datagram, size_t len)
{
    view        records = view_of(datagram, len);
    view_record r;
    while (view_next_record(&records, &r)) {
        if (r.type == VIEW_HANDSHAKE && r.epoch == 0) {
            (void)ledger_add(&a->ledger.taken, r.epoch, r.seq, r.type);
            a->ledger.handshake_records_in++;
            a->ledger.timer_acks = 0;
        }
    }
}

bool oracle13_expects(const assoc *a, const tap_record *r)
{
    const ledger *l = &a->ledger;
    if (r->epoch < 3 || r->len == 0 || ledger_find(&l->taken, r->epoch, r->seq) != NULL ||
        r->seq + REPLAY_WINDOW <= ledger_highest(l, r->epoch)) {
        return false;
    }
    return still_read(a, r->epoch);
}

/* ----- pace ------------------------------------------------------------------------------------------------------- */

static void begin(assoc *a, ledger_flight *f, const burst *b)
{
    world *w = a->end->world;
    if (b->why == CAUSE_TIMER) {
        world_complain(w, "%s: a new flight by timer", name_of(a->end));
    }
    f->armed = w->now;
    f->interval = w->plan->resend_initial;
    f->asked = FPL_NEVER;
}

/* Was the timer set back by an ACK that long ago? */
static bool was_reset(const ledger_flight *f, fpl_time now, fpl_time initial)
{
    for (unsigned i = 0; i < f->num_resets && i < LEDGER_RESETS; i++) {
        if (now - f->resets[i] == initial) {
            return true;
        }
    }
    return false;
}

static void by_timer(assoc *a, ledger_flight *f)
{
    world      *w = a->end->world;
    const plan *p = w->plan;
    bool        on = w->now - f->armed == f->interval || (f->other_interval > 0 && w->now - f->armed == f->other_interval);
    bool        anew = was_reset(f, w->now, p->resend_initial);
    fpl_time    before = f->other_interval > 0 && w->now - f->armed == f->other_interval ? f->other_interval : f->interval;
    if (!on && !anew) {
        world_complain(w, "%s: a resend %llu ms after the last, not %llu", name_of(a->end),
                       (unsigned long long)(w->now - f->armed), (unsigned long long)f->interval);
    }
    f->by_timer = anew ? 1 : f->by_timer + 1;
    f->by_timer_at_least = anew || f->num_resets != f->resets_seen ? 1 : f->by_timer_at_least + 1;
    f->resets_seen = f->num_resets;
    f->other_interval = on && anew ? doubled(p, before) : 0;
    f->interval = doubled(p, anew ? p->resend_initial : before);
    a->pace.by_timer_in_all++;
    if (f->by_timer_at_least > p->resend_times) {
        world_complain(w, "%s: resend number %u by timer, %u allowed", name_of(a->end), f->by_timer_at_least,
                       p->resend_times);
    }
    f->armed = w->now;
}

/* What ten records did not hold comes a quarter of the timer later (RFC 9147 section 5.8.3). */
static bool is_rest(const world *w, const ledger_flight *f)
{
    fpl_time quarter = f->interval / 4, other = f->other_interval / 4, initial = w->plan->resend_initial / 4;
    fpl_time since = w->now - f->written;
    return f->records >= RECORDS_AT_ONCE && (since == quarter || since == other || since == initial);
}

static void again(assoc *a, ledger_flight *f, const burst *b)
{
    world   *w = a->end->world;
    fpl_time least = f->num_resets > 0 ? w->plan->resend_initial : f->interval;
    if (b->why == CAUSE_TIMER) {
        if (is_rest(w, f)) {
            f->armed = w->now;
        } else {
            by_timer(a, f);
        }
        return;
    }
    if (f->asked != FPL_NEVER && 2 * (w->now - f->asked) < least && f->asked != w->now) {
        world_complain(w, "%s: two resends asked for within %llu ms, half the timer is %llu", name_of(a->end),
                       (unsigned long long)(w->now - f->asked), (unsigned long long)f->interval / 2);
    }
    f->asked = w->now;
}

void oracle13_burst(assoc *a, const burst *b)
{
    ledger *l = &a->ledger;
    for (unsigned i = 0; i < l->num_flights; i++) {
        ledger_flight *f = &l->flights[i];
        if (!b->flights[i].in) {
            continue;
        }
        f->in_pieces = f->in_pieces || !a->validated; /* as bytes in pay for them */
        f->in_pieces = f->in_pieces || (!a->first && a->end->side == SERVER); /* one of old datagrams alone */
        if (f->in_pieces) {
            f->written = a->end->world->now;
            continue;
        }
        if (f->written == 0) {
            begin(a, f, b);
        } else if (!b->flights[i].old_bytes) {
            f->armed = a->end->world->now; /* its second half, or what ten records did not hold */
            f->other_interval = f->num_resets > 0 ? a->end->world->plan->resend_initial : 0;
        } else {
            again(a, f, b);
        }
        f->written = a->end->world->now;
        f->records = b->flights[i].records;
    }
}

bool oracle13_gave_up(const assoc *a)
{
    const ledger *l = &a->ledger;
    const plan   *p = a->end->world->plan;
    for (unsigned i = 0; i < l->num_flights; i++) {
        const ledger_flight *f = &l->flights[i];
        fpl_time             waited = a->failed_at - f->armed;
        if (f->in_pieces || (f->written > 0 && f->by_timer_at_least <= p->resend_times && f->by_timer >= p->resend_times &&
                             (waited == f->interval || waited == f->other_interval))) {
            return true;
        }
    }
    return false;
}
