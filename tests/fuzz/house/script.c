#include "house/script.h"

#include "api/config.h"
#include "house/chance.h"
#include "house/wire13.h"
#include "record/epoch12.h"

#define LONGEST_BODY 1023
#define MOST_DELIVERIES 600
#define SCRATCH 8192

typedef struct step {
    uint8_t    op;
    uint8_t    who;
    uint8_t    a;
    uint8_t    flags;
    uint16_t   b;
    uint16_t   c;
    fuzz_input body;
} step;

static bool has_body(uint8_t op)
{
    return op == SCRIPT_INJECT || op == SCRIPT_RECORD || op == SCRIPT_FRAGMENT || op == SCRIPT_SEAL ||
           op == SCRIPT_SEAL_FRAGMENT;
}

/* Steps that take a body have its length in `c`, or for fragments, where `c` is the offset, in `flags`. */
static size_t body_len(const step *s)
{
    if (s->op == SCRIPT_FRAGMENT || s->op == SCRIPT_SEAL_FRAGMENT) {
        return s->flags;
    }
    return s->c % (LONGEST_BODY + 1);
}

static bool next_step(fuzz_input *in, step *s)
{
    if (in->len < SCRIPT_STEP) {
        return false;
    }
    s->op = (uint8_t)(fuzz_u8(in) % SCRIPT_NUM_OPS);
    s->who = fuzz_u8(in);
    s->a = fuzz_u8(in);
    s->flags = fuzz_u8(in);
    s->b = fuzz_u16(in);
    s->c = fuzz_u16(in);
    s->body = has_body(s->op) ? fuzz_take(in, body_len(s)) : (fuzz_input){in->data, 0};
    return true;
}

/* --- a message changed at its source ----------------------------------------------------------------- */

/* What the hostile end's next message of `type` is to look like. The library hashes a message of its own right after
 * building it: there it is changed, so that the transcripts of both ends still agree and the handshake goes on. */
static struct {
    world   *world;
    uint8_t  type;
    uint16_t at;
    uint16_t by;
    bool     armed;
} mutation;

fpl_status __real_fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                        fpl_bytes body);
fpl_status __wrap_fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                        fpl_bytes body);

/* The hostile connection that has this transcript, or NULL. */
static const fpl_conn *hostile_conn(const fpl_transcript *transcript)
{
    for (size_t i = 0; i <= mutation.world->num_clients; i++) {
        const end *e = &mutation.world->ends[i];
        for (size_t k = 0; e->hostile && k < e->num_assocs; k++) {
            const fpl_conn *conn = e->assocs[k].conn;
            if (conn->hs != NULL && &conn->hs->transcript == transcript) {
                return conn;
            }
        }
    }
    return NULL;
}

/* Changes the message that `conn` has just built, if `body` is that. */
static void change_own(const fpl_conn *conn, fpl_bytes *body)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        fpl_flight         *flight = conn->flights[i];
        fpl_flight_message *message;
        uint8_t            *own;
        if (flight == NULL || flight->num_messages == 0 || body->len == 0) {
            continue;
        }
        message = &flight->messages[flight->num_messages - 1];
        own = flight->bytes.data + message->offset;
        if (own != body->data) {
            continue;
        }
        mutation.armed = false;
        if (mutation.type == FPL_HANDSHAKE_TYPE_SERVER_KEY_EXCHANGE ||
            mutation.type == FPL_HANDSHAKE_TYPE_CERTIFICATE_VERIFY || mutation.type == FPL_HANDSHAKE_TYPE_FINISHED) {
            memcpy(mutation.world->spoiled, conn->client_random, sizeof mutation.world->spoiled);
            mutation.world->has_spoiled = true;
        }
        if ((mutation.by & 0xff00) == 0xff00) { /* cut off its end */
            size_t less = 1 + mutation.at % body->len;
            message->len -= less;
            flight->bytes.len -= less;
            body->len -= less;
        } else {
            own[mutation.at % body->len] ^= (uint8_t)((mutation.by & 0xff) == 0 ? 1 : mutation.by);
        }
        return;
    }
}

fpl_status __wrap_fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                        fpl_bytes body)
{
    if (mutation.armed && type == mutation.type) {
        const fpl_conn *conn = hostile_conn(transcript);
        if (conn != NULL) {
            change_own(conn, &body);
        }
    }
    return __real_fpl_transcript_append(config, transcript, type, seq, body);
}

/* --- datagrams out of nothing ----------------------------------------------------------------------------- */

static uint8_t content_of(uint8_t a)
{
    static const uint8_t usual[4] = {FPL_CONTENT_TYPE_HANDSHAKE, FPL_CONTENT_TYPE_ALERT, FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC,
                                     FPL_CONTENT_TYPE_APPLICATION_DATA};
    return a < 128 ? usual[a % 4] : a < 192 ? FPL_CONTENT_TYPE_ACK : a;
}

static size_t put_fragment(uint8_t *out, const step *s, uint16_t base_seq)
{
    uint16_t seq = (uint16_t)(base_seq + (s->b & 15) - 4u);
    uint32_t total = (uint32_t)(s->b >> 4) + (s->who >= 0xf0 ? 0xfff000u : 0);
    uint32_t offset = s->c;
    if ((s->flags & 1) == 0) { /* well-formed more often than not */
        total = offset + (uint32_t)s->body.len + ((s->b >> 4) & 63u);
    }
    out[0] = s->a;
    fpl_put_uint(out + 1, 3, total & 0xffffff);
    fpl_put_uint(out + 4, 2, seq);
    fpl_put_uint(out + 6, 3, offset);
    fpl_put_uint(out + 9, 3, s->body.len);
    if (s->body.len > 0) {
        memcpy(out + 12, s->body.data, s->body.len);
    }
    return 12 + s->body.len;
}

static void plain(world *w, int to, uint8_t client, const step *s, uint8_t type, const uint8_t *body, size_t len)
{
    uint8_t  datagram[SCRATCH];
    uint16_t epoch = (s->b & 0xc000) == 0xc000 ? (uint16_t)(s->b & 3) : 0;
    uint16_t version = (s->b & 0x3800) == 0x3800 ? 0xfeff : FPL_RECORD_VERSION_DTLS12;
    uint64_t seq = (s->b & 0x7ff) == 0x7ff ? FPL_RECORD_MAX_SEQ : (uint64_t)(s->b & 0x7ff);
    fpl_header12_write(datagram, (fpl_content_type)type, version, epoch, seq, (uint16_t)len);
    memcpy(datagram + FPL_HEADER12_LEN, body, len);
    world_deliver(w, to, client, datagram, FPL_HEADER12_LEN + len);
}

/* Under the keys of the hostile end that `to` talks with. */
static void sealed(world *w, int to, uint8_t client, unsigned epoch_number, uint8_t type, const uint8_t *body, size_t len)
{
    int      from = to == WORLD_SERVER ? WORLD_CLIENT + client % (int)w->num_clients : WORLD_SERVER;
    uint8_t  datagram[SCRATCH];
    size_t   written = 0;
    assoc   *a = world_current(w, from);
    fpl_conn *conn;
    if (a == NULL || !w->ends[from].hostile || a->conn->life == FPL_LIFE_FAILED) {
        return;
    }
    conn = a->conn;
    if (conn->version == FPL_VERSION_DTLS13 && conn->keys13 != NULL) {
        written = wire13_seal(conn, epoch_number, type, body, len, datagram, sizeof datagram);
        if (written > 0) {
            world_deliver(w, to, client, datagram, written);
        }
        return;
    }
    epoch_number &= 1;
    if (epoch_number > conn->write_epoch) {
        epoch_number = conn->write_epoch;
    }
    memcpy(datagram + fpl_epoch12_prefix(&conn->write[epoch_number]), body, len);
    if (fpl_epoch12_seal(&conn->write[epoch_number], (fpl_content_type)type, FPL_RECORD_VERSION_DTLS12, datagram, len,
                         sizeof datagram, &written) == FPL_SEAL_OK) {
        world_deliver(w, to, client, datagram, written);
    }
}

/* Cuts one datagram anew: every plain handshake message in it goes into fragments of `size` octets, in an order that
 * `shuffle` chooses; whatever else there is follows. */
static void recut(world *w, int to, const packet *p, size_t size, uint16_t shuffle)
{
    size_t at = 0;
    if (size == 0) {
        size = 1;
    }
    while (at + FPL_HEADER12_LEN <= p->len) {
        const uint8_t *record = p->bytes + at;
        size_t         len = (size_t)record[11] << 8 | record[12];
        bool           cuttable = record[0] == FPL_CONTENT_TYPE_HANDSHAKE && record[3] == 0 && record[4] == 0;
        if (wire13_begins(record[0]) || len > p->len - at - FPL_HEADER12_LEN) {
            break;
        }
        if (!cuttable || len < 12 || len - 12 > 4096) {
            world_deliver(w, to, p->client, record, FPL_HEADER12_LEN + len);
        } else {
            const uint8_t *message = record + FPL_HEADER12_LEN;
            size_t         offset = (size_t)message[6] << 16 | (size_t)message[7] << 8 | message[8];
            size_t         body = len - 12;
            size_t         pieces = body == 0 ? 1 : (body + size - 1) / size;
            if (pieces > 64) {
                size = body / 64 + 1;
                pieces = (body + size - 1) / size;
            }
            for (size_t i = 0; i < pieces; i++) {
                uint8_t datagram[SCRATCH];
                size_t  k = (i * (2u * (shuffle & 0xff) + 1u) + (shuffle >> 8)) % pieces;
                size_t  from = k * size;
                size_t  part = body - from < size ? body - from : size;
                if (from >= body && body > 0) {
                    continue;
                }
                memcpy(datagram, record, FPL_HEADER12_LEN + 12);
                fpl_put_uint(datagram + 11, 2, part + 12);
                fpl_put_uint(datagram + FPL_HEADER12_LEN + 6, 3, offset + from);
                fpl_put_uint(datagram + FPL_HEADER12_LEN + 9, 3, part);
                memcpy(datagram + FPL_HEADER12_LEN + 12, message + 12 + from, part);
                world_deliver(w, to, p->client, datagram, FPL_HEADER12_LEN + 12 + part);
            }
        }
        at += FPL_HEADER12_LEN + len;
    }
    if (at < p->len && wire13_begins(p->bytes[at])) { /* what is sealed goes as it is */
        world_deliver(w, to, p->client, p->bytes + at, p->len - at);
    }
}

/* --- one step ------------------------------------------------------------------------------------------------- */

/* A queued datagram in place, for changing it. */
static packet *queued(world *w, int to, size_t index)
{
    end *e = &w->ends[to];
    return e->num_queued == 0 ? NULL : &e->queue[index % e->num_queued];
}

static void change_queued(world *w, int to, const step *s)
{
    packet *p = queued(w, to, s->a);
    packet *old;
    uint8_t *joined;
    if (p == NULL || p->len == 0) {
        return;
    }
    switch (s->op) {
    case SCRIPT_FLIP: p->bytes[s->b % p->len] ^= (uint8_t)((s->c & 0xff) == 0 ? 1 : s->c); break;
    case SCRIPT_TRUNCATE: p->len = s->b % p->len; break;
    case SCRIPT_SPLICE:
        old = w->num_history == 0 ? NULL : &w->history[s->b % w->num_history];
        if (old == NULL || p->len + old->len > SCRATCH) {
            return;
        }
        joined = malloc(p->len + old->len + 1);
        FUZZ_CHECK(joined != NULL, "memory");
        memcpy(joined, (s->flags & 1) != 0 ? old->bytes : p->bytes, (s->flags & 1) != 0 ? old->len : p->len);
        memcpy(joined + ((s->flags & 1) != 0 ? old->len : p->len), (s->flags & 1) != 0 ? p->bytes : old->bytes,
               (s->flags & 1) != 0 ? p->len : old->len);
        p->len += old->len;
        free(p->bytes);
        p->bytes = joined;
        break;
    default: break;
    }
}

static void wire_step(world *w, int to, uint8_t client, const step *s)
{
    uint8_t bytes[SCRATCH];
    packet  p;
    size_t  len;
    assoc  *a = world_current(w, to);
    switch (s->op) {
    case SCRIPT_DELIVER:
    case SCRIPT_RECUT:
        if (world_take(w, to, s->a, &p)) {
            if (s->op == SCRIPT_DELIVER) {
                world_deliver(w, to, p.client, p.bytes, p.len);
            } else {
                recut(w, to, &p, s->b % 512u, s->c);
            }
            free(p.bytes);
        }
        break;
    case SCRIPT_DROP:
        if (world_take(w, to, s->a, &p)) {
            free(p.bytes);
        }
        break;
    case SCRIPT_DOUBLE:
        if (queued(w, to, s->a) != NULL) {
            p = *queued(w, to, s->a);
            world_deliver(w, to, p.client, p.bytes, p.len);
        }
        break;
    case SCRIPT_REPLAY:
        if (w->num_history > 0) {
            p = w->history[s->b % w->num_history];
            world_deliver(w, to, (s->flags & 1) != 0 ? client : p.client, p.bytes, p.len);
        }
        break;
    case SCRIPT_INJECT: world_deliver(w, to, client, s->body.data, s->body.len); break;
    case SCRIPT_RECORD: plain(w, to, client, s, content_of(s->a), s->body.data, s->body.len); break;
    case SCRIPT_FRAGMENT:
        len = put_fragment(bytes, s, a == NULL ? 0 : (uint16_t)a->conn->next_receive_seq);
        plain(w, to, client, s, FPL_CONTENT_TYPE_HANDSHAKE, bytes, len);
        break;
    case SCRIPT_SEAL: sealed(w, to, client, s->b & 3, content_of(s->a), s->body.data, s->body.len); break;
    case SCRIPT_SEAL_FRAGMENT:
        len = put_fragment(bytes, s, a == NULL ? 0 : (uint16_t)a->conn->next_receive_seq);
        sealed(w, to, client, s->who & 3, FPL_CONTENT_TYPE_HANDSHAKE, bytes, len);
        break;
    default: break;
    }
}

static void wake_step(world *w, const step *s)
{
    fpl_time next = world_next(w);
    if (next == FPL_NEVER) {
        return;
    }
    next = next > w->now ? next - w->now : 0;
    if ((s->flags & 7) == 6 && next > 0) {
        next--;
    } else if ((s->flags & 7) == 7) {
        next += (fpl_time)s->b << (s->a & 15);
    }
    world_advance(w, next);
}

static void call_step(world *w, int which, const step *s)
{
    assoc  *a = world_current(w, which);
    uint8_t fingerprint[32];
    if (a == NULL) {
        return;
    }
    switch (s->op) {
    case SCRIPT_START: (void)fpl_conn_start(a->conn, w->now); break;
    case SCRIPT_SEND: world_send(w, which, a, s->b); return;
    case SCRIPT_CLOSE: (void)fpl_conn_close(a->conn, w->now); break;
    case SCRIPT_UPDATE: (void)fpl_conn_update_keys(a->conn, w->now); break;
    case SCRIPT_MTU:
        FUZZ_CHECK(fpl_conn_set_mtu(a->conn, s->b) == FPL_OK, "mtu");
        a->mtu = s->b < 200 ? 200 : s->b;
        if (a->mtu > 65507) {
            a->mtu = 65507;
        }
        break;
    case SCRIPT_JUDGE:
        if (a->certificate_waits) {
            a->certificate_waits = false;
            (void)fpl_conn_judge_certificate(a->conn, (s->flags & 3) != 0, w->now);
        }
        break;
    case SCRIPT_SIGN: world_sign(w, which, a, (s->flags & 3) != 0); break;
    case SCRIPT_PIN:
        memset(fingerprint, s->a, sizeof fingerprint);
        if ((s->flags & 1) != 0) {
            const house_credential *c = house_credential_of(1 + s->b % (HOUSE_NUM_CREDENTIALS - 1));
            fpl_fingerprint(c->certificate, c->certificate_len, fingerprint);
        }
        (void)fpl_conn_add_peer_fingerprint(a->conn, fingerprint, w->now);
        break;
    case SCRIPT_BACK: (void)fpl_conn_timeout(a->conn, w->now > s->b ? w->now - s->b : 0); break;
    default: break;
    }
    world_drain(w, which, a);
}

static void arm_mutation(world *w, const step *s)
{
    mutation.world = w;
    mutation.type = (uint8_t)(s->a % 24);
    mutation.at = s->b;
    mutation.by = s->c;
    mutation.armed = true;
}

static void raise_number(world *w, int which, const step *s)
{
    assoc   *a = world_current(w, which);
    uint64_t more = (uint64_t)s->b << (s->a % 40);
    if (a != NULL && a->conn->version == FPL_VERSION_DTLS13) {
        wire13_raise_number(a->conn, more);
        return;
    }
    if (a != NULL && a->conn->write_epoch == 1 && more <= FPL_RECORD_MAX_SEQ - a->conn->write[1].next_seq) {
        a->conn->write[1].next_seq += more;
    }
}

static void play(world *w, const step *s)
{
    int     which = (int)(s->who % (1 + w->num_clients));
    uint8_t client = (uint8_t)(which == WORLD_SERVER ? (s->who >> 4) % w->num_clients : (size_t)(which - WORLD_CLIENT));
    uint8_t key[32];
    switch ((script_op)s->op) {
    case SCRIPT_PUMP: world_pump(w); break;
    case SCRIPT_FLIP:
    case SCRIPT_TRUNCATE:
    case SCRIPT_SPLICE: change_queued(w, which, s); break;
    case SCRIPT_DELIVER:
    case SCRIPT_DROP:
    case SCRIPT_DOUBLE:
    case SCRIPT_REPLAY:
    case SCRIPT_RECUT:
    case SCRIPT_INJECT:
    case SCRIPT_RECORD:
    case SCRIPT_FRAGMENT:
    case SCRIPT_SEAL:
    case SCRIPT_SEAL_FRAGMENT: wire_step(w, which, client, s); break;
    case SCRIPT_WAKE: wake_step(w, s); break;
    case SCRIPT_ADVANCE: world_advance(w, (fpl_time)s->b << (s->a % 12)); break;
    case SCRIPT_START:
    case SCRIPT_SEND:
    case SCRIPT_CLOSE:
    case SCRIPT_MTU:
    case SCRIPT_JUDGE:
    case SCRIPT_SIGN:
    case SCRIPT_PIN:
    case SCRIPT_UPDATE:
    case SCRIPT_BACK: call_step(w, which, s); break;
    case SCRIPT_RESTART:
        if (which != WORLD_SERVER) {
            world_restart(w, which);
        }
        break;
    case SCRIPT_NO_MEMORY:
        if (w->ends[which].memory.countdown == 0) {
            w->ends[which].memory.countdown = 1u + s->b % 40u;
        }
        break;
    case SCRIPT_NO_RANDOM: house_chance_fails = (s->flags & 1) != 0; break;
    case SCRIPT_SETTLE: world_settle(w); break;
    case SCRIPT_COOKIE_KEY:
        if (w->ends[WORLD_SERVER].listener != NULL) {
            memset(key, s->a, sizeof key);
            (void)fpl_listener_set_cookie_key(w->ends[WORLD_SERVER].listener, (uint8_t)s->b, key);
        }
        break;
    case SCRIPT_MUTATE: arm_mutation(w, s); break;
    case SCRIPT_NUMBERS: raise_number(w, which, s); break;
    case SCRIPT_NUM_OPS: break;
    }
}

void script_play(world *w, fuzz_input *in)
{
    step s;
    memset(&mutation, 0, sizeof mutation);
    for (int i = WORLD_CLIENT; i <= (int)w->num_clients; i++) {
        assoc *a = world_current(w, i);
        (void)fpl_conn_start(a->conn, w->now);
        world_drain(w, i, a);
    }
    for (unsigned steps = 0; steps < SCRIPT_STEPS && w->deliveries < MOST_DELIVERIES && next_step(in, &s); steps++) {
        play(w, &s);
    }
    mutation.armed = false;
    world_settle(w);
}
