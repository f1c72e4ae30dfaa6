#include "net/tally.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"
#include "net/plan.h"

/* Which bytes of which message a record carried. */
typedef struct cargo {
    uint16_t epoch;
    uint16_t message;
    uint32_t from, to;
    uint64_t seq;
} cargo;

struct tally {
    uint8_t lost[NUM_SIDES][NETWORK_MESSAGES][NETWORK_BYTES];
    uint8_t lost_ccs; /* the server's and the client's last flight of 1.2 are one exchange: both count as one */
    uint8_t lost_finished;
    bool    retried;  /* message 0 of the server is a HelloRetryRequest */
    cargo  *cargo[NUM_SIDES];
    size_t  num_cargo[NUM_SIDES], cap_cargo[NUM_SIDES];
};

tally *tally_new(void)
{
    tally *t = calloc(1, sizeof *t);
    if (t == NULL) {
        abort();
    }
    return t;
}

void tally_free(tally *t)
{
    free(t->cargo[CLIENT]);
    free(t->cargo[SERVER]);
    free(t);
}

bool tally_is_retry(const view_fragment *f)
{
    /* RFC 8446 section 4.1.3: the SHA-256 of "HelloRetryRequest". */
    static const uint8_t random[8] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11};
    return f->type == 2 && f->offset == 0 && f->len >= 34 && memcmp(f->body + 2, random, sizeof random) == 0;
}

static void load(tally *t, int side, const tap_record *r, const view_fragment *f)
{
    cargo *c;
    if (t->num_cargo[side] == t->cap_cargo[side]) {
        size_t cap = t->cap_cargo[side] == 0 ? 32 : 2 * t->cap_cargo[side];
        cargo *grown = realloc(t->cargo[side], cap * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        t->cargo[side] = grown;
        t->cap_cargo[side] = cap;
    }
    c = &t->cargo[side][t->num_cargo[side]++];
    c->epoch = r->epoch;
    c->seq = r->seq;
    c->message = f->msg_seq;
    c->from = f->offset;
    c->to = f->offset + f->len;
}

void tally_sent(tally *t, int side, const tap_view *view)
{
    for (size_t i = 0; i < view->num; i++) {
        const tap_record *r = &view->records[i];
        struct view       fragments = view_of(r->body, r->len);
        view_fragment     f;
        while (r->type == VIEW_HANDSHAKE && !r->opaque && view_next_fragment(&fragments, &f)) {
            t->retried = t->retried || (side == SERVER && tally_is_retry(&f));
            load(t, side, r, &f);
        }
    }
}

/* ----- counting ------------------------------------------------------------------------------------------- */

static unsigned count(uint8_t *counter, tally_what what)
{
    switch (what) {
    case TALLY_WORST: return *counter;
    case TALLY_LOST: *counter = (uint8_t)(*counter + 1); return *counter;
    case TALLY_ARRIVED: *counter = 0; return 0;
    case TALLY_NONE: break;
    }
    return 0;
}

static unsigned count_bytes(tally *t, int side, uint16_t message, size_t from, size_t to, tally_what what)
{
    uint8_t *counters = t->lost[side][message % NETWORK_MESSAGES];
    unsigned worst = 0;
    for (size_t i = from; i < to && i < NETWORK_BYTES; i++) {
        unsigned value = count(&counters[i], what);
        worst = value > worst ? value : worst;
    }
    return worst;
}

static unsigned count_ack(tally *t, int side, const tap_record *ack, tally_what what)
{
    int      peer = 1 - side;
    unsigned worst = 0;
    for (size_t at = 2; at + 16 <= ack->len; at += 16) {
        uint64_t epoch = 0, seq = 0;
        for (size_t i = 0; i < 8; i++) {
            epoch = epoch << 8 | ack->body[at + i];
            seq = seq << 8 | ack->body[at + 8 + i];
        }
        for (size_t i = 0; i < t->num_cargo[peer]; i++) {
            const cargo *c = &t->cargo[peer][i];
            if (c->epoch == epoch && c->seq == seq) {
                unsigned value = count_bytes(t, peer, c->message, c->from, c->to, what);
                worst = value > worst ? value : worst;
            }
        }
    }
    return worst;
}

static unsigned count_record(tally *t, int side, const tap_record *r, tally_what what)
{
    view          fragments = view_of(r->body, r->len);
    view_fragment f;
    unsigned      worst = 0;
    if (r->type == VIEW_CCS) {
        return count(&t->lost_ccs, what);
    }
    if (r->opaque) {
        return r->type == VIEW_HANDSHAKE ? count(&t->lost_finished, what) : 0;
    }
    if (r->type == VIEW_ACK) {
        return count_ack(t, side, r, what);
    }
    while (r->type == VIEW_HANDSHAKE && view_next_fragment(&fragments, &f)) {
        /* Nobody resends these two: their loss is made good by the ClientHello, so both count as one. */
        bool     request = f.type == 3 || (side == SERVER && f.type == 2 && f.msg_seq == 0 && t->retried);
        unsigned value = count_bytes(t, request ? CLIENT : side, f.msg_seq, f.offset, f.offset + f.len, what);
        worst = value > worst ? value : worst;
    }
    return worst;
}

unsigned tally_visit(tally *t, int side, const tap_view *view, tally_what what)
{
    unsigned worst = 0;
    for (size_t i = 0; i < view->num; i++) {
        unsigned value = count_record(t, side, &view->records[i], what);
        worst = value > worst ? value : worst;
    }
    return worst;
}

bool tally_last_exchange(const tap_view *view, int side)
{
    for (size_t i = 0; i < view->num; i++) {
        const tap_record *r = &view->records[i];
        bool              last12 = r->type == VIEW_CCS || (r->type == VIEW_HANDSHAKE && r->opaque);
        bool last13 = side == SERVER ? r->type == VIEW_ACK && r->epoch >= 3 : r->type == VIEW_HANDSHAKE && r->epoch == 2;
        if (last12 || last13) {
            return true;
        }
    }
    return false;
}
