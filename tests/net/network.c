#include "net/network.h"

#include <stdlib.h>
#include <string.h>

#include "net/stranger.h"
#include "net/tally.h"

network *network_new(const plan *p, rng rng)
{
    network *n = calloc(1, sizeof *n);
    if (n == NULL) {
        abort();
    }
    n->plan = p;
    n->rng = rng;
    n->tally = tally_new();
    return n;
}

void network_free(network *n)
{
    if (n == NULL) {
        return;
    }
    for (int side = 0; side < NUM_SIDES; side++) {
        for (size_t i = 0; i < NETWORK_MEMORY; i++) {
            tap_drop(n->old[side][i].view);
        }
    }
    for (size_t i = 0; i < n->num_packets; i++) {
        packet_free(&n->packets[i]);
    }
    free(n->packets);
    tally_free(n->tally);
    free(n);
}

void packet_free(packet *p)
{
    free(p->bytes);
    tap_drop(p->view);
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

static void put(network *n, int from, tap_view *view, const uint8_t *bytes, size_t len, fpl_time at)
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
    p->genuine = view != NULL;
    p->view = tap_share(view);
    p->len = len;
    p->bytes = copy_of(bytes, len);
}

static fpl_time arrival(network *n, int side, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    return now + path->delay + (path->jitter > 0 ? rng_below(&n->rng, path->jitter + 1) : 0);
}

/* The server repeats its last flight for twice the MSL and no longer. Losses in a row that outlast that would
 * end a handshake that mode A promises, so in the second half of that time what it takes gets through. */
#define LAST_FLIGHT_LOSSES 100000u

static bool is_lost(network *n, int side, const tap_view *view, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    bool             unlucky = rng_percent(&n->rng, path->loss);
    if (n->plan->mode == MODE_A) {
        bool last = tally_last_exchange(view, side);
        if (last && side == SERVER && n->last_flight_at == 0) {
            n->last_flight_at = now;
        }
        if (unlucky && last && n->last_flight_at != 0 && now > n->last_flight_at + LAST_FLIGHT_LOSSES) {
            unlucky = false;
        }
        if (unlucky && tally_visit(n->tally, side, view, TALLY_WORST) >= PLAN_LOSSES_IN_A_ROW) {
            unlucky = false;
        }
        if (unlucky) {
            (void)tally_visit(n->tally, side, view, TALLY_LOST);
        } else if (!n->plan->losses_are_counted_in_all) {
            (void)tally_visit(n->tally, side, view, TALLY_ARRIVED);
        }
    }
    return unlucky;
}

/* ----- what nobody sent ------------------------------------------------------------------------------- */

static void remember(network *n, int side, tap_view *view, const uint8_t *datagram, size_t len)
{
    size_t slot = n->num_old[side]++ % NETWORK_MEMORY;
    if (len <= sizeof n->old[side][slot].bytes) {
        memcpy(n->old[side][slot].bytes, datagram, len);
        n->old[side][slot].len = len;
        tap_drop(n->old[side][slot].view);
        n->old[side][slot].view = tap_share(view);
    }
}

static void mischief(network *n, int side, const uint8_t *datagram, size_t datagram_len, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    uint8_t          bytes[256], copy[2048];
    if (rng_percent(&n->rng, path->spoilt) && datagram_len <= sizeof copy) {
        size_t len = stranger_spoils(&n->rng, datagram, datagram_len, copy);
        if (len > 0) {
            put(n, side, NULL, copy, len, arrival(n, side, now));
            n->forged++;
        }
    }
    if (rng_percent(&n->rng, path->junk)) {
        size_t len = stranger_forges(&n->rng, n->plan, side, bytes, sizeof bytes);
        put(n, side, NULL, bytes, len, arrival(n, side, now));
        n->forged++;
    }
    if (rng_percent(&n->rng, path->replay) && n->num_old[side] > 0) {
        size_t kept = n->num_old[side] < NETWORK_MEMORY ? n->num_old[side] : NETWORK_MEMORY;
        size_t slot = rng_below(&n->rng, kept);
        put(n, side, n->old[side][slot].view, n->old[side][slot].bytes, n->old[side][slot].len, arrival(n, side, now));
        n->replayed++;
    }
}

/* ------------------------------------------------------------------------------------------------------- */

void network_send(network *n, int side, const uint8_t *datagram, size_t len, tap_view *view, fpl_time now)
{
    const plan_path *path = &n->plan->path[side];
    n->sent++;
    remember(n, side, view, datagram, len);
    tally_sent(n->tally, side, view);
    mischief(n, side, datagram, len, now);
    if (n->fate != NULL) {
        fpl_time later = n->fate(n->fate_arg, side, view, now);
        n->dropped += later == FPL_NEVER;
        if (later != FPL_NEVER) {
            put(n, side, view, datagram, len, now + path->delay + later);
        }
        return;
    }
    if (path->mtu > 0 && len > path->mtu) {
        n->dropped++;
        return;
    }
    if (is_lost(n, side, view, now)) {
        n->dropped++;
        return;
    }
    put(n, side, view, datagram, len, arrival(n, side, now));
    if (rng_percent(&n->rng, path->duplicate)) {
        put(n, side, view, datagram, len, arrival(n, side, now));
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
