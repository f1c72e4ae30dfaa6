#include "net/tap.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"

#define HANDSHAKE_EPOCH   2 /* RFC 9147 section 6.1 */
#define APPLICATION_EPOCH 3

/* ----- the key log ---------------------------------------------------------------------------------------------- */

static size_t from_hex(const char *text, uint8_t *out, size_t cap)
{
    size_t len = 0;
    for (; len < cap && text[0] > ' ' && text[1] > ' '; text += 2, len++) {
        char two[3] = {text[0], text[1], '\0'};
        out[len] = (uint8_t)strtoul(two, NULL, 16);
    }
    return len;
}

void tap_note(void *arg, const char *line)
{
    tap_log    *log = arg;
    tap_secret *s;
    const char *random = strchr(line, ' ');
    const char *secret = random == NULL ? NULL : strchr(random + 1, ' ');
    if (secret == NULL || (size_t)(random - line) >= sizeof s->label) {
        abort();
    }
    if (log->num == log->cap) {
        size_t      cap = log->cap == 0 ? 16 : 2 * log->cap;
        tap_secret *grown = realloc(log->secrets, cap * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        log->secrets = grown;
        log->cap = cap;
    }
    s = &log->secrets[log->num++];
    memset(s, 0, sizeof *s);
    memcpy(s->label, line, (size_t)(random - line));
    (void)from_hex(random + 1, s->client_random, sizeof s->client_random);
    s->len = from_hex(secret + 1, s->bytes, sizeof s->bytes);
}

void tap_log_free(tap_log *log)
{
    free(log->secrets);
    memset(log, 0, sizeof *log);
}

/* ----- keys ------------------------------------------------------------------------------------------------------- */

void tap_begin(tap *t, const tap_log *log, bool client)
{
    memset(t, 0, sizeof *t);
    t->log = log;
    t->client = client;
}

void tap_end(tap *t)
{
    for (size_t i = 0; i < 4; i++) {
        fpl_protect13_wipe(&t->epochs[i].key);
    }
    memset(t, 0, sizeof *t);
}

static void install(tap *t, uint16_t number, const fpl_secret13 *secret, fpl_aead aead)
{
    fpl_traffic_keys13 keys;
    size_t             at = number & 3u;
    fpl_protect13_wipe(&t->epochs[at].key);
    if (fpl_schedule13_traffic(secret, aead, &keys, NULL) != FPL_STATUS_OK ||
        fpl_protect13_init(&t->epochs[at].key, &keys) != FPL_STATUS_OK) {
        abort();
    }
    fpl_read_epoch13_init(&t->epochs[at].epoch, number, &t->epochs[at].key);
    t->epochs[at].used = true;
}

/* Opens a copy of the record in `out`, which has room for all of it. */
static bool open_with(tap *t, size_t at, const uint8_t *record, size_t len, uint8_t *out, fpl_plain13 *plain)
{
    fpl_record13 parsed;
    size_t       consumed = 0;
    fpl_drop     why = FPL_DROP_NONE;
    memcpy(out, record, len);
    return t->epochs[at].used && fpl_header13_parse(out, len, &parsed, &consumed, &why) == FPL_PARSE_OK &&
           fpl_epoch13_open(&t->epochs[at].epoch, &parsed, plain) == FPL_DROP_NONE;
}

static bool try_secret(tap *t, uint16_t number, const fpl_secret13 *secret, fpl_aead aead, const uint8_t *record,
                       size_t len, uint8_t *out, fpl_plain13 *plain)
{
    install(t, number, secret, aead);
    if (open_with(t, number & 3u, record, len, out, plain)) {
        t->known = true;
        t->aead = aead;
        t->traffic = *secret;
        t->newest = number;
        return true;
    }
    t->epochs[number & 3u].used = false;
    return false;
}

/* The first record of epoch 2 or 3: which secret of the log is it, and of which suite? */
static bool find_secret(tap *t, uint16_t number, const uint8_t *record, size_t len, uint8_t *out, fpl_plain13 *plain)
{
    static const fpl_aead aeads[3] = {FPL_AEAD_AES_128_GCM, FPL_AEAD_CHACHA20_POLY1305, FPL_AEAD_AES_256_GCM};
    const char           *label = number == HANDSHAKE_EPOCH
                                      ? (t->client ? "CLIENT_HANDSHAKE_TRAFFIC_SECRET" : "SERVER_HANDSHAKE_TRAFFIC_SECRET")
                                      : (t->client ? "CLIENT_TRAFFIC_SECRET_0" : "SERVER_TRAFFIC_SECRET_0");
    for (size_t i = t->log->num; i > 0; i--) {
        const tap_secret *s = &t->log->secrets[i - 1];
        fpl_secret13      secret;
        if (strcmp(s->label, label) != 0 ||
            (t->known && memcmp(s->client_random, t->client_random, sizeof t->client_random) != 0)) {
            continue;
        }
        memset(&secret, 0, sizeof secret);
        memcpy(secret.bytes, s->bytes, s->len);
        for (size_t k = 0; k < 3; k++) {
            secret.hash = aeads[k] == FPL_AEAD_AES_256_GCM ? FPL_HASH_SHA384 : FPL_HASH_SHA256;
            if (fpl_hash_length(secret.hash) != s->len || (t->known && aeads[k] != t->aead)) {
                continue;
            }
            if (try_secret(t, number, &secret, aeads[k], record, len, out, plain)) {
                memcpy(t->client_random, s->client_random, sizeof t->client_random);
                return true;
            }
        }
    }
    return false;
}

static bool next_generation(tap *t, const uint8_t *record, size_t len, uint8_t *out, fpl_plain13 *plain)
{
    fpl_secret13 next = t->traffic;
    uint16_t     number = (uint16_t)(t->newest + 1);
    if (fpl_schedule13_update(&next) != FPL_STATUS_OK) {
        abort();
    }
    return try_secret(t, number, &next, t->aead, record, len, out, plain);
}

static bool open_record(tap *t, const view_sealed *sealed, uint8_t *out, tap_record *r)
{
    fpl_plain13 plain;
    size_t      at = sealed->epoch_bits;
    bool        opened = open_with(t, at, sealed->record, sealed->len, out, &plain);
    if (!opened && !t->epochs[at].used && t->newest < APPLICATION_EPOCH && at >= HANDSHAKE_EPOCH) {
        opened = find_secret(t, (uint16_t)at, sealed->record, sealed->len, out, &plain);
    } else if (!opened && t->newest >= APPLICATION_EPOCH && ((t->newest + 1u) & 3u) == at) {
        opened = next_generation(t, sealed->record, sealed->len, out, &plain);
    }
    if (!opened) {
        return false;
    }
    r->type = (uint8_t)plain.type;
    r->unified = true;
    r->epoch = t->epochs[at].epoch.number;
    r->seq = plain.seq;
    r->body = plain.content;
    r->len = plain.len;
    return true;
}

/* ----- datagrams ---------------------------------------------------------------------------------------------------- */

tap_view *tap_look(tap *t, const uint8_t *datagram, size_t len)
{
    tap_view   *v = calloc(1, sizeof *v + len + 1);
    view        records = view_of(datagram, len);
    view_record plain;
    view_sealed sealed;
    if (v == NULL) {
        abort();
    }
    v->owners = 1;
    while (v->num < TAP_RECORDS) {
        tap_record *r = &v->records[v->num];
        uint8_t    *room = v->bytes + (len - records.left);
        if (view_next_sealed(&records, &sealed)) {
            v->sealed = true;
            if (!open_record(t, &sealed, room, r)) {
                return v; /* not whole */
            }
        } else if (view_next_record(&records, &plain)) {
            memcpy(room, plain.body, plain.len);
            r->type = plain.type;
            r->opaque = plain.epoch > 0;
            r->epoch = plain.epoch;
            r->seq = plain.seq;
            r->body = room;
            r->len = plain.len;
        } else {
            break;
        }
        v->num++;
    }
    v->whole = records.left == 0;
    return v;
}

tap_view *tap_share(tap_view *v)
{
    if (v != NULL) {
        v->owners++;
    }
    return v;
}

void tap_drop(tap_view *v)
{
    if (v != NULL && --v->owners == 0) {
        free(v);
    }
}
