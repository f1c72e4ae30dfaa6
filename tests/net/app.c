#include "net/app.h"

#include <string.h>

#include "common/wire_view.h"
#include "net/end.h"
#include "net/oracle.h"

/* A payload says who sent it and which it is; the rest follows from that, so that any mix-up shows. */
#define PAYLOAD_HEAD 5
#define MINUTE       60000u
#define LATE_DATA    2000u /* numbers of the messages that come long after */
#define LAST_WORDS   2010u /* and of those after the peer has closed */

static size_t payload_len(const plan *p, int side, size_t index, size_t room)
{
    rng r = rng_of(p->seed * 131 + (uint64_t)side * 7 + index);
    size_t len = PAYLOAD_HEAD + rng_below(&r, 900);
    return len < room ? len : room;
}

static void payload_fill(const plan *p, int side, size_t index, uint8_t *out, size_t len)
{
    rng r = rng_of(p->seed ^ ((uint64_t)side << 40) ^ ((uint64_t)index << 20));
    rng_fill(&r, out, len);
    out[0] = (uint8_t)side;
    out[1] = (uint8_t)(index >> 8);
    out[2] = (uint8_t)index;
    out[3] = (uint8_t)(len >> 8);
    out[4] = (uint8_t)len;
}

/* ----- events -------------------------------------------------------------------------------------------- */

static void on_certificate(assoc *a, const fpl_output *out)
{
    end             *e = a->end;
    world           *w = e->world;
    const plan_side *s = &w->plan->side[e->side];
    const plan_side *peer = &w->plan->side[1 - e->side];
    a->certificates++;
    if (a->certificates > 1) {
        world_complain(w, "PEER_CERTIFICATE twice");
        return;
    }
    if (out->as.peer_certificate.num < 1) {
        world_complain(w, "PEER_CERTIFICATE without a certificate");
        return;
    }
    fpl_fingerprint(out->as.peer_certificate.certificates[0].der, out->as.peer_certificate.certificates[0].len,
                    a->peer_certificate);
    if (memcmp(a->peer_certificate, credential_of(peer->credential)->fingerprint, 32) != 0) {
        world_complain(w, "PEER_CERTIFICATE shows another certificate");
        return;
    }
    bool waits = s->trust == TRUST_ASK || s->trust == TRUST_PIN_LATE;
    if (out->as.peer_certificate.waits != waits) {
        world_complain(w, "PEER_CERTIFICATE %s judgement", waits ? "does not wait for" : "waits for");
        return;
    }
    if (waits) {
        world_schedule(w, s->judge_after, CHORE_JUDGE, e, a->id, 0);
    }
}

/* What there is to agree on, taken while it lasts: closing wipes the keys. */
static void learn(assoc *a)
{
    static const uint8_t context[4] = {1, 2, 3, 4};
    fpl_result result =
        fpl_conn_export(a->conn, a->exported, ASSOC_EXPORT, "EXPORTER-flightplan-net", context, sizeof context);
    world_called(a->end->world);
    a->has_exported = result == FPL_OK;
    if (!a->has_exported && !a->end->world->hooks->faults) {
        world_complain(a->end->world, "fpl_conn_export returned %d", (int)result);
    }
    a->version = fpl_conn_version(a->conn);
    a->suite = fpl_conn_cipher_suite(a->conn);
    a->group = fpl_conn_group(a->conn);
    a->srtp_profile = fpl_conn_srtp_profile(a->conn);
    a->ems = fpl_conn_extended_master_secret(a->conn);
    a->fingerprint_result = fpl_conn_peer_fingerprint(a->conn, a->peer_fingerprint);
}

/* Some soon after the handshake, some when all is quiet; and once, if that is planned, both ends at the same time. */
static void plan_updates(assoc *a)
{
    end        *e = a->end;
    world      *w = e->world;
    const plan *p = w->plan;
    assoc      *other = end_connected(&w->ends[1 - e->side]);
    for (unsigned i = 0; i < p->side[e->side].updates; i++) {
        fpl_time after =
            rng_percent(&e->choices, 50) ? rng_below(&e->choices, 3000) : 20 * MINUTE + rng_below(&e->choices, 9000);
        world_schedule(w, after, CHORE_UPDATE, e, a->id, 0);
    }
    if (p->updates_together && other != NULL) {
        fpl_time after = rng_below(&e->choices, 2) * 30 * MINUTE + 200;
        world_schedule(w, after, CHORE_UPDATE, e, a->id, 0);
        world_schedule(w, after, CHORE_UPDATE, &w->ends[1 - e->side], other->id, 0);
    }
}

static void on_connected(assoc *a)
{
    end        *e = a->end;
    world      *w = e->world;
    const plan *p = w->plan;
    fpl_time    after = 0;
    if (a->connected) {
        world_complain(w, "CONNECTED twice");
        return;
    }
    a->connected = true;
    a->connected_at = w->now;
    world_log(w, e->side, "connected");
    if (!fpl_conn_is_connected(a->conn)) {
        world_complain(w, "CONNECTED, and fpl_conn_is_connected says no");
    }
    learn(a);
    for (unsigned i = 0; i < p->side[e->side].messages; i++) {
        after += rng_below(&e->choices, p->side[e->side].spacing);
        world_schedule(w, after, CHORE_SEND, e, a->id, i);
    }
    /* Hours later, when every timer of the handshake has run out. */
    world_schedule(w, 10 * MINUTE, CHORE_SEND, e, a->id, LATE_DATA);
    world_schedule(w, 90 * MINUTE, CHORE_SEND, e, a->id, LATE_DATA + 1);
    if (plan_version(p) == FPL_DTLS13) {
        plan_updates(a);
    }
    if (rng_percent(&e->choices, 20)) {
        world_schedule(w, 2 * MINUTE, CHORE_SET_MTU, e, a->id, rng_between(&e->choices, 200, 1500));
    }
    if (p->closes && p->closer == e->side) {
        world_schedule(w, rng_percent(&e->choices, 20) ? 100 : 180 * MINUTE, CHORE_CLOSE, e, a->id, 0);
    }
}

static void on_keys(assoc *a, const fpl_srtp_keys *keys)
{
    world  *w = a->end->world;
    size_t  at = 0;
    if (!a->connected || a->keyed) {
        world_complain(w, "KEYING_MATERIAL %s", a->keyed ? "twice" : "before CONNECTED");
        return;
    }
    a->keyed = true;
    a->profile = keys->profile;
    if (2 * (keys->key_len + keys->salt_len) > sizeof a->srtp || keys->key_len == 0 || keys->salt_len == 0) {
        world_complain(w, "KEYING_MATERIAL of %zu and %zu bytes", keys->key_len, keys->salt_len);
        return;
    }
    memcpy(a->srtp + at, keys->client_key, keys->key_len);
    at += keys->key_len;
    memcpy(a->srtp + at, keys->server_key, keys->key_len);
    at += keys->key_len;
    memcpy(a->srtp + at, keys->client_salt, keys->salt_len);
    at += keys->salt_len;
    memcpy(a->srtp + at, keys->server_salt, keys->salt_len);
    a->srtp_len = at + keys->salt_len;
}

static void on_data(assoc *a, const uint8_t *bytes, size_t len)
{
    world  *w = a->end->world;
    uint8_t expected[2048];
    size_t  index;
    a->data_events++;
    if (!a->connected) {
        world_complain(w, "APPLICATION_DATA before CONNECTED");
        return;
    }
    /* In DTLS 1.3 what was sent before the peer's close_notify may come after it. */
    if (a->closed || (a->peer_closed && plan_version(w->plan) != FPL_DTLS13)) {
        world_complain(w, "APPLICATION_DATA after the connection was closed");
        return;
    }
    index = len < PAYLOAD_HEAD ? ASSOC_MAX_DATA : (size_t)bytes[1] << 8 | bytes[2];
    if (len > sizeof expected || index >= ASSOC_MAX_DATA || bytes[0] != 1 - a->end->side) {
        world_complain(w, "APPLICATION_DATA that nobody sent, %zu bytes", len);
        return;
    }
    payload_fill(w->plan, 1 - a->end->side, index, expected, len);
    if (memcmp(bytes, expected, len) != 0) {
        world_complain(w, "APPLICATION_DATA %zu was changed on its way", index);
        return;
    }
    if (a->got[index]) {
        world_complain(w, "APPLICATION_DATA %zu was delivered twice", index);
        return;
    }
    world_log(w, a->end->side, "data %zu, %zu bytes", index, len);
    a->got[index] = true;
    a->messages_got++;
}

void app_event(assoc *a, const fpl_output *out)
{
    end   *e = a->end;
    world *w = e->world;
    if (a->failed) {
        world_complain(w, "event %d after failure", (int)out->type);
        return;
    }
    switch (out->type) {
    case FPL_OUTPUT_PEER_CERTIFICATE: on_certificate(a, out); break;
    case FPL_OUTPUT_SIGNATURE_WANTED:
        if (a->signing || !w->plan->side[e->side].external || out->as.signature_wanted.digest_len > sizeof a->digest) {
            world_complain(w, "SIGNATURE_WANTED out of place");
            break;
        }
        a->signing = true;
        a->digest_len = out->as.signature_wanted.digest_len;
        memcpy(a->digest, out->as.signature_wanted.digest, a->digest_len);
        world_schedule(w, w->plan->side[e->side].sign_after, CHORE_SIGN, e, a->id, 0);
        break;
    case FPL_OUTPUT_CONNECTED: on_connected(a); break;
    case FPL_OUTPUT_KEYING_MATERIAL: on_keys(a, &out->as.srtp); break;
    case FPL_OUTPUT_APPLICATION_DATA: on_data(a, out->as.data.bytes, out->as.data.len); break;
    case FPL_OUTPUT_CLOSE_NOTIFY:
        world_log(w, e->side, "the peer closed");
        /* Before CONNECTED it can come too: the last flight was lost, and the peer did not wait. */
        if (a->peer_closed) {
            world_complain(w, "CLOSE_NOTIFY twice");
        }
        a->peer_closed = true;
        if (plan_version(w->plan) == FPL_DTLS13 && w->plan->side[e->side].answers_close) {
            world_schedule(w, 0, CHORE_SEND, e, a->id, LAST_WORDS);
            world_schedule(w, 1500, CHORE_SEND, e, a->id, LAST_WORDS + 1);
            world_schedule(w, 1500 + rng_below(&e->choices, 3000), CHORE_CLOSE, e, a->id, 0);
        }
        break;
    case FPL_OUTPUT_NONE:
    case FPL_OUTPUT_DATAGRAM:
    case FPL_OUTPUT_TIMEOUT:
    default: world_complain(w, "event of type %d", (int)out->type); break;
    }
}

/* ----- chores -------------------------------------------------------------------------------------------- */

static void judge(assoc *a)
{
    end             *e = a->end;
    world           *w = e->world;
    const plan_side *s = &w->plan->side[e->side];
    unsigned         attempts = 0;
    fpl_result       result;
    do {
        if (s->trust == TRUST_PIN_LATE) {
            result = fpl_conn_add_peer_fingerprint(a->conn,
                                                   credential_of(w->plan->side[1 - e->side].credential)->fingerprint,
                                                   world_clock(w, e->side));
        } else {
            result = fpl_conn_judge_certificate(a->conn, true, world_clock(w, e->side));
        }
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    if (result != FPL_OK && !w->hooks->faults && !w->stopped) {
        world_complain(w, "the judgement of a certificate returned %d", (int)result);
    }
}

static void sign(assoc *a)
{
    end       *e = a->end;
    world     *w = e->world;
    uint8_t    signature[CREDENTIAL_MAX_SIGNATURE];
    size_t     len = credential_sign(credential_of(w->plan->side[e->side].credential), a->digest, a->digest_len, signature);
    unsigned   attempts = 0;
    fpl_result result;
    do {
        result = fpl_conn_provide_signature(a->conn, signature, len, world_clock(w, e->side));
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    if (result != FPL_OK && !w->hooks->faults && !w->stopped) {
        world_complain(w, "fpl_conn_provide_signature returned %d", (int)result);
    }
}

static void send_data(assoc *a, size_t index)
{
    end       *e = a->end;
    world     *w = e->world;
    uint8_t    payload[2048];
    uint8_t    out[2048];
    size_t     out_len = 0;
    size_t     len = payload_len(w->plan, e->side, index, fpl_conn_max_payload(a->conn));
    bool       in_place = rng_percent(&e->choices, 50);
    size_t     prefix = fpl_conn_send_prefix(a->conn);
    uint8_t   *data = in_place ? out + prefix : payload;
    unsigned   attempts = 0;
    fpl_result result;
    bool       over = fpl_conn_is_closed(a->conn) || a->we_closed;
    assoc     *other = end_connected(&w->ends[1 - e->side]);
    bool       alone = a->peer_closed || (other != NULL && (other->closed || other->we_closed));
    tap_view  *view;
    if (!over && len < PAYLOAD_HEAD) {
        world_complain(w, "no room for %d bytes of payload", PAYLOAD_HEAD);
        return;
    }
    payload_fill(w->plan, e->side, index, data, len > PAYLOAD_HEAD ? len : PAYLOAD_HEAD);
    do {
        result = fpl_conn_send(a->conn, data, len, out, sizeof out, &out_len, world_clock(w, e->side));
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    if (w->stopped) {
        return;
    }
    if ((result == FPL_CLOSED || result == FPL_NOT_YET) && (over || (w->plan->side[e->side].seal_records > 0 && alone))) {
        return; /* keys cannot be renewed with a peer that has gone */
    }
    if (result != FPL_OK || over) {
        if (!w->hooks->faults) {
            world_complain(w, "fpl_conn_send returned %d%s", (int)result, over ? " on a closed connection" : "");
        }
        return;
    }
    if (out_len != len + fpl_conn_send_overhead(a->conn)) {
        world_complain(w, "%zu bytes became %zu, not %zu more", len, out_len, fpl_conn_send_overhead(a->conn));
    }
    if (a->first && out_len > e->mtu) {
        world_complain(w, "application data of %zu bytes, MTU %zu", out_len, e->mtu);
    }
    a->datagrams_out++;
    a->records_out++;
    a->bytes_out += out_len;
    a->messages_sent++;
    view = tap_look(&a->tap, out, out_len);
    oracle_data(a, view);
    network_send(w->network, e->side, out, out_len, view, w->now);
    tap_drop(view);
}

static void close_it(assoc *a)
{
    world     *w = a->end->world;
    unsigned   attempts = 0;
    fpl_result result;
    if (w->plan->mode == MODE_A && !w->hooks->faults && end_connected(&w->ends[1 - a->end->side]) == NULL) {
        /* Mode A promises that both connect: a closer with manners waits for it. */
        world_schedule(w, 1000, CHORE_CLOSE, a->end, a->id, 0);
        return;
    }
    do {
        result = fpl_conn_close(a->conn, world_clock(w, a->end->side));
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    world_log(w, a->end->side, "close");
    a->we_closed = a->we_closed || result == FPL_OK;
    if (result != FPL_OK && !w->hooks->faults && !w->stopped) {
        world_complain(w, "fpl_conn_close returned %d", (int)result);
    }
}

static void update_keys(assoc *a)
{
    world     *w = a->end->world;
    bool       over = fpl_conn_is_closed(a->conn) || a->we_closed;
    unsigned   attempts = 0;
    fpl_result result;
    do {
        result = fpl_conn_update_keys(a->conn, world_clock(w, a->end->side));
        world_called(w);
    } while (end_retry(result, &attempts) && !w->stopped);
    world_log(w, a->end->side, "update keys: %d", (int)result);
    if (result != FPL_OK && !(over && result == FPL_CLOSED) && result != FPL_NOT_YET && !w->hooks->faults && !w->stopped) {
        world_complain(w, "fpl_conn_update_keys returned %d", (int)result);
    }
}

void app_chore(world *w, const chore *c)
{
    assoc *a = end_assoc_by_id(c->end, c->assoc);
    if (c->kind == CHORE_START) {
        end_start(c->end);
        return;
    }
    if (a == NULL || a->failed || a->abandoned) {
        return;
    }
    switch (c->kind) {
    case CHORE_JUDGE:
        /* After a time-out of the judgement nobody waits any more. */
        judge(a);
        break;
    case CHORE_SIGN: sign(a); break;
    case CHORE_SEND: send_data(a, c->value); break;
    case CHORE_CLOSE: close_it(a); break;
    case CHORE_UPDATE: update_keys(a); break;
    case CHORE_SET_MTU:
        (void)fpl_conn_set_mtu(a->conn, c->value);
        c->end->mtu = c->value;
        break;
    case CHORE_NONE:
    case CHORE_START:
    default: break;
    }
    if (w->stopped || w->broken) {
        return;
    }
    end_drain(a, c->kind == CHORE_SIGN ? CAUSE_SIGNATURE : CAUSE_APPLICATION);
    if (!w->stopped) {
        end_settle(c->end);
    }
}
