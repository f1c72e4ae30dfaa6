#include "net/network.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"

network *network_new(const plan *p, rng rng)
{
    network *n = calloc(1, sizeof *n);
    if (n == NULL) {
        abort();
    }
    n->plan = p;
    n->rng = rng;
    return n;
}

void network_free(network *n)
{
    if (n == NULL) {
        return;
    }
    for (size_t i = 0; i < n->num_packets; i++) {
        free(n->packets[i].bytes);
    }
    free(n->packets);
    free(n);
}

static uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
    /* Of the exact size, so that a sanitizer sees a read behind the datagram. */
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

static void put(network *n, int from, bool genuine, const uint8_t *bytes, size_t len, fpl_time at)
{
    packet *p;
    if (n->num_packets == n->cap_packets) {
        size_t  cap = n->cap_packets == 0 ? 32 : 2 * n->cap_packets;
        packet *grown = realloc(n->packets, cap * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        n->packets = grown;
        n->cap_packets = cap;
    }
    p = &n->packets[n->num_packets++];
    p->at = at;
    p->order = n->order++;
    p->from = from;
    p->genuine = genuine;
    p->len = len;
    p->bytes = copy_of(bytes, len);
}

static fpl_time arrival(network *n, int side, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    return now + path->delay + (path->jitter > 0 ? rng_below(&n->rng, path->jitter + 1) : 0);
}

/* ----- losses, and the promise of mode A not to lose the same thing for ever ------------------------- */

typedef enum tally { TALLY_NONE, TALLY_WORST, TALLY_LOST, TALLY_ARRIVED } tally;

static unsigned count(uint8_t *counter, tally what)
{
    switch (what) {
    case TALLY_WORST: return *counter;
    case TALLY_LOST: *counter = (uint8_t)(*counter + 1); return *counter;
    case TALLY_ARRIVED: *counter = 0; return 0;
    case TALLY_NONE: break;
    }
    return 0;
}

/* Visits the counters of all that a datagram carries of a handshake, and returns the highest. */
static unsigned visit(network *n, int side, const uint8_t *datagram, size_t len, tally what)
{
    view        records = view_of(datagram, len);
    view_record record;
    unsigned    worst = 0;
    while (view_next_record(&records, &record)) {
        unsigned value = 0;
        if (record.type == VIEW_HANDSHAKE && record.epoch == 0) {
            view          fragments = view_of(record.body, record.len);
            view_fragment f;
            while (view_next_fragment(&fragments, &f)) {
                uint8_t *message = n->lost[side][f.msg_seq % NETWORK_MESSAGES];
                bool     is_verify_request = f.type == 3;
                if (is_verify_request) {
                    /* Nobody resends it: its loss is made good by the ClientHello, so both count as one. */
                    message = n->lost[CLIENT][f.msg_seq % NETWORK_MESSAGES];
                }
                for (size_t i = f.offset; i < f.offset + f.len && i < NETWORK_BYTES; i++) {
                    value = count(&message[i], what);
                    worst = value > worst ? value : worst;
                }
            }
        } else if (record.type == VIEW_CCS) {
            value = count(&n->lost_ccs[CLIENT], what);
        } else if (record.type == VIEW_HANDSHAKE) {
            /* The same for the server's last flight and the client's. */
            value = count(&n->lost_finished[CLIENT], what);
        }
        worst = value > worst ? value : worst;
    }
    return worst;
}

/* The server repeats its last flight for twice the MSL and no longer. Losses in a row that outlast that would
 * end a handshake that mode A promises, so in the second half of that time what it takes gets through. */
#define LAST_FLIGHT_LOSSES 100000u

static bool belongs_to_last_exchange(const uint8_t *datagram, size_t len)
{
    view        records = view_of(datagram, len);
    view_record record;
    while (view_next_record(&records, &record)) {
        if (record.type == VIEW_CCS || (record.type == VIEW_HANDSHAKE && record.epoch == 1)) {
            return true;
        }
    }
    return false;
}

static bool is_lost(network *n, int side, const uint8_t *datagram, size_t len, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    bool             unlucky;
    unlucky = rng_percent(&n->rng, path->loss);
    if (n->plan->mode == MODE_A) {
        bool last = belongs_to_last_exchange(datagram, len);
        if (last && side == SERVER && n->last_flight_at == 0) {
            n->last_flight_at = now;
        }
        if (unlucky && last && n->last_flight_at != 0 && now > n->last_flight_at + LAST_FLIGHT_LOSSES) {
            unlucky = false;
        }
        if (unlucky && visit(n, side, datagram, len, TALLY_WORST) >= PLAN_LOSSES_IN_A_ROW) {
            unlucky = false;
        }
        if (unlucky) {
            (void)visit(n, side, datagram, len, TALLY_LOST);
        } else if (!n->plan->losses_are_counted_in_all) {
            (void)visit(n, side, datagram, len, TALLY_ARRIVED);
        }
    }
    return unlucky;
}

/* ----- what nobody sent ------------------------------------------------------------------------------- */

static size_t put_header(uint8_t *out, unsigned type, unsigned version, unsigned epoch, uint64_t seq, size_t len)
{
    out[0] = (uint8_t)type;
    out[1] = (uint8_t)(version >> 8);
    out[2] = (uint8_t)version;
    out[3] = (uint8_t)(epoch >> 8);
    out[4] = (uint8_t)epoch;
    for (size_t i = 0; i < 6; i++) {
        out[5 + i] = (uint8_t)(seq >> (40 - 8 * i));
    }
    out[11] = (uint8_t)(len >> 8);
    out[12] = (uint8_t)len;
    return VIEW_RECORD_HEADER;
}

/* A stranger can send anything but what would be a whole handshake message in order: that may end a handshake,
 * by design, and is not this test's business. */
static size_t forge(network *n, int side, uint8_t *out, size_t cap)
{
    rng     *r = &n->rng;
    uint64_t seq = rng_below(r, 40);
    size_t   len = rng_below(r, 120);
    size_t   head = VIEW_RECORD_HEADER;
    memset(out, 0, cap);
    switch (rng_below(r, 9)) {
    case 0: /* noise */
        rng_fill(r, out, len);
        return len;
    case 1: { /* a record of any type and epoch, all wrong inside */
        static const unsigned epochs[] = {1, 1, 2, 5, 65535};
        head = put_header(out, (unsigned)rng_between(r, 19, 27), 0xfefd, epochs[rng_below(r, 5)], seq, len);
        rng_fill(r, out + head, len);
        return head + len;
    }
    case 2: /* an alert in the clear */
        head = put_header(out, VIEW_ALERT, 0xfefd, 0, seq, 2);
        out[head] = (uint8_t)rng_between(r, 1, 2);
        out[head + 1] = rng_percent(r, 30) ? 0 : 40;
        return head + 2;
    case 3: /* application data in the clear */
        head = put_header(out, VIEW_DATA, 0xfefd, 0, seq, len);
        rng_fill(r, out + head, len);
        return head + len;
    case 4: /* a forgery far ahead in the record numbers */
        head = put_header(out, VIEW_DATA, 0xfefd, 1, (UINT64_C(1) << 48) - 1, len);
        rng_fill(r, out + head, len);
        return head + len;
    case 5: { /* part of a message that never becomes whole */
        static const uint8_t types[] = {1, 2, 11, 12, 13, 14, 15, 16, 20};
        size_t               total = len + rng_between(r, 600, 2000);
        size_t               offset = rng_below(r, 400);
        size_t               body = head + VIEW_MESSAGE_HEADER;
        (void)put_header(out, VIEW_HANDSHAKE, 0xfefd, 0, seq, VIEW_MESSAGE_HEADER + len);
        out[head] = types[rng_below(r, sizeof types)];
        out[head + 2] = (uint8_t)(total >> 8);
        out[head + 3] = (uint8_t)total;
        out[head + 5] = (uint8_t)rng_below(r, 9);
        out[head + 7] = (uint8_t)(offset >> 8);
        out[head + 8] = (uint8_t)offset;
        out[head + 11] = (uint8_t)len;
        rng_fill(r, out + body, len);
        return body + len;
    }
    case 6: /* a ChangeCipherSpec */
        head = put_header(out, VIEW_CCS, 0xfefd, 0, seq, 1);
        out[head] = 1;
        return head + 1;
    case 7: /* a length beyond the datagram */
        head = put_header(out, VIEW_HANDSHAKE, 0xfefd, 0, seq, len + 1);
        rng_fill(r, out + head, len);
        return head + len;
    default: /* HelloRequest, which a client ignores; a server would take it for what it is not */
        if (side == CLIENT) {
            return 0;
        }
        head = put_header(out, VIEW_HANDSHAKE, 0xfefd, 0, seq, VIEW_MESSAGE_HEADER);
        out[head + 5] = (uint8_t)rng_below(r, 9);
        return head + VIEW_MESSAGE_HEADER;
    }
}

static void remember(network *n, int side, const uint8_t *datagram, size_t len)
{
    size_t slot = n->num_old[side]++ % NETWORK_MEMORY;
    if (len <= sizeof n->old[side][slot].bytes) {
        memcpy(n->old[side][slot].bytes, datagram, len);
        n->old[side][slot].len = len;
    }
}

/* Changes bits of one protected record; in the clear that could be another message, which is an attack of its own. */
static bool spoil(network *n, const uint8_t *datagram, size_t len, uint8_t *out)
{
    view        records = view_of(datagram, len);
    view_record record;
    memcpy(out, datagram, len);
    while (view_next_record(&records, &record)) {
        if (record.epoch == 1) {
            size_t flips = rng_between(&n->rng, 1, 4);
            for (size_t i = 0; i < flips; i++) {
                size_t at = (size_t)(record.body - datagram) - VIEW_RECORD_HEADER +
                            rng_below(&n->rng, VIEW_RECORD_HEADER + record.len);
                out[at] = (uint8_t)(out[at] ^ 1u << rng_below(&n->rng, 8));
            }
            return memcmp(out, datagram, len) != 0;
        }
    }
    return false;
}

static void mischief(network *n, int side, const uint8_t *datagram, size_t datagram_len, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    uint8_t          bytes[256], copy[2048];
    if (rng_percent(&n->rng, path->spoilt) && datagram_len <= sizeof copy && spoil(n, datagram, datagram_len, copy)) {
        put(n, side, false, copy, datagram_len, arrival(n, side, now));
        n->forged++;
    }
    if (rng_percent(&n->rng, path->junk)) {
        size_t len = forge(n, side, bytes, sizeof bytes);
        put(n, side, false, bytes, len, arrival(n, side, now));
        n->forged++;
    }
    if (rng_percent(&n->rng, path->replay) && n->num_old[side] > 0) {
        size_t kept = n->num_old[side] < NETWORK_MEMORY ? n->num_old[side] : NETWORK_MEMORY;
        size_t slot = rng_below(&n->rng, kept);
        put(n, side, true, n->old[side][slot].bytes, n->old[side][slot].len, arrival(n, side, now));
        n->replayed++;
    }
}

/* ------------------------------------------------------------------------------------------------------- */

void network_send(network *n, int side, const uint8_t *datagram, size_t len, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    n->sent++;
    remember(n, side, datagram, len);
    mischief(n, side, datagram, len, now);
    if (path->mtu > 0 && len > path->mtu) {
        n->dropped++;
        return;
    }
    if (is_lost(n, side, datagram, len, now)) {
        n->dropped++;
        return;
    }
    put(n, side, true, datagram, len, arrival(n, side, now));
    if (rng_percent(&n->rng, path->duplicate)) {
        put(n, side, true, datagram, len, arrival(n, side, now));
        n->doubled++;
    }
}

static size_t earliest(const network *n)
{
    size_t best = 0;
    for (size_t i = 1; i < n->num_packets; i++) {
        const packet *a = &n->packets[i];
        const packet *b = &n->packets[best];
        if (a->at < b->at || (a->at == b->at && a->order < b->order)) {
            best = i;
        }
    }
    return best;
}

fpl_time network_next(const network *n)
{
    return n->num_packets == 0 ? FPL_NEVER : n->packets[earliest(n)].at;
}

packet network_take(network *n)
{
    size_t at = earliest(n);
    packet p = n->packets[at];
    n->packets[at] = n->packets[--n->num_packets];
    return p;
}
