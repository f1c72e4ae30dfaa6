#include "unseal.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/prf.h"
#include "engine/table.h"

#define HANDSHAKE_EPOCH   2 /* RFC 9147 section 6.1 */
#define APPLICATION_EPOCH 3

static const char no_log[] = "";
static const char no_choice[] = ": no ServerHello before it says which keys";
static const char no_secret[] = ": the key log has no secret for it";
static const char no_luck[] = ": the key log's secret does not open it";

/* ---- hellos ---- */

static void drop_epoch(unseal_epoch **epoch)
{
    if (*epoch != NULL) {
        fpl_protect13_wipe(&(*epoch)->key);
        free(*epoch);
        *epoch = NULL;
    }
}

static void drop_keys(unsealer *u)
{
    for (int side = 0; side < NUM_SIDES; side++) {
        fpl_aead_wipe(&u->sides[side].key12);
        for (size_t i = 0; i < UNSEAL_EPOCHS; i++) {
            drop_epoch(&u->sides[side].epochs[i]);
        }
        explicit_bzero(&u->sides[side], sizeof u->sides[side]);
    }
    u->agreed = false;
    u->proven = false;
}

void unsealer_free(unsealer *u)
{
    drop_keys(u);
}

void unsealer_hello(unsealer *u, fpl_bytes client_random)
{
    if (u->log == NULL || client_random.len != KEYLOG_RANDOM ||
        (u->has_client_random && memcmp(u->client_random, client_random.data, KEYLOG_RANDOM) == 0) ||
        (u->proven && !keylog_knows(u->log, client_random.data))) {
        return;
    }
    drop_keys(u);
    memcpy(u->client_random, client_random.data, KEYLOG_RANDOM);
    u->has_client_random = true;
}

/* The key block of RFC 5246 section 6.3; AEADs take no MAC keys from it. */
static void agree12(unsealer *u, const fpl_cipher_suite_row *suite, fpl_bytes server_random)
{
    const keylog_entry *master = keylog_find(u->log, KEYLOG_MASTER_SECRET, u->client_random);
    size_t key_len = fpl_aead_key_length(suite->aead), iv_len = fpl_aead_fixed_iv_length(suite->aead);
    uint8_t block[2 * (FPL_AEAD_MAX_KEY_LEN + FPL_AEAD_NONCE_LEN)];
    fpl_prf prf;
    if (master == NULL) {
        return;
    }
    memset(&prf, 0, sizeof prf);
    if (fpl_prf_init(&prf, suite->hash, fpl_bytes_of(master->secret, master->secret_len)) == FPL_STATUS_OK &&
        fpl_prf_expand(&prf, fpl_bytes_of((const uint8_t *)"key expansion", 13), server_random,
                       fpl_bytes_of(u->client_random, KEYLOG_RANDOM), block, 2 * (key_len + iv_len)) == FPL_STATUS_OK) {
        for (size_t side = 0; side < NUM_SIDES; side++) {
            u->sides[side].has_key12 =
                fpl_aead_init(&u->sides[side].key12, suite->aead, fpl_bytes_of(block + side * key_len, key_len),
                              fpl_bytes_of(block + 2 * key_len + side * iv_len, iv_len)) == FPL_STATUS_OK;
        }
    }
    explicit_bzero(block, sizeof block);
    fpl_prf_wipe(&prf);
}

static unseal_epoch *make_epoch(const fpl_secret13 *secret, fpl_aead aead, uint16_t number)
{
    unseal_epoch *epoch = calloc(1, sizeof *epoch);
    fpl_traffic_keys13 keys;
    if (epoch == NULL) {
        return NULL;
    }
    epoch->number = number;
    if (fpl_schedule13_traffic(secret, aead, &keys, NULL) != FPL_STATUS_OK ||
        fpl_protect13_init(&epoch->key, &keys) != FPL_STATUS_OK) {
        free(epoch);
        epoch = NULL;
    }
    explicit_bzero(&keys, sizeof keys);
    return epoch;
}

static bool find_secret(const unsealer *u, keylog_label label, fpl_hash hash, fpl_secret13 *out)
{
    const keylog_entry *entry = keylog_find(u->log, label, u->client_random);
    if (entry == NULL || entry->secret_len != fpl_hash_length(hash)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->bytes, entry->secret, entry->secret_len);
    out->hash = hash;
    return true;
}

static void agree13(unsealer *u, const fpl_cipher_suite_row *suite)
{
    static const keylog_label handshake[] = {KEYLOG_CLIENT_HANDSHAKE, KEYLOG_SERVER_HANDSHAKE};
    static const keylog_label traffic[] = {KEYLOG_CLIENT_TRAFFIC_0, KEYLOG_SERVER_TRAFFIC_0};
    for (int i = 0; i < NUM_SIDES; i++) {
        unseal_side *side = &u->sides[i];
        fpl_secret13 secret;
        if (find_secret(u, handshake[i], suite->hash, &secret)) {
            side->epochs[HANDSHAKE_EPOCH] = make_epoch(&secret, suite->aead, HANDSHAKE_EPOCH);
        }
        if (find_secret(u, traffic[i], suite->hash, &side->application)) {
            side->epochs[APPLICATION_EPOCH] = make_epoch(&side->application, suite->aead, APPLICATION_EPOCH);
            side->newest = APPLICATION_EPOCH;
        }
        explicit_bzero(&secret, sizeof secret);
    }
}

void unsealer_choice(unsealer *u, uint8_t version, uint16_t suite, fpl_bytes server_random)
{
    const fpl_cipher_suite_row *row = fpl_cipher_suite_find(suite);
    if (u->log == NULL || u->proven || !u->has_client_random) {
        return;
    }
    drop_keys(u); /* a HelloRetryRequest had its say, or a ServerHello that nobody took */
    u->agreed = true;
    if (row == NULL || fpl_aead_key_length(row->aead) == 0) {
        return;
    }
    if (version == FPL_VERSION_DTLS13) {
        agree13(u, row);
    } else {
        agree12(u, row, server_random);
    }
}

/* ---- records ---- */

static const char *may_open(const unsealer *u)
{
    if (u->log == NULL) {
        return no_log;
    }
    return u->agreed ? NULL : no_choice;
}

const char *unseal12(unsealer *u, int side, const fpl_record12 *record, unsealed *out)
{
    const char *why = may_open(u);
    unseal_side *s = &u->sides[side];
    if (why != NULL) {
        return why;
    }
    if (!s->has_key12 || record->epoch != 1) { /* nobody renegotiates any more */
        return no_secret;
    }
    memset(out, 0, sizeof *out);
    if (fpl_protect12_open(&s->key12, record, &out->content, &out->len) != FPL_DROP_NONE) {
        return no_luck;
    }
    out->type = record->type;
    out->epoch = record->epoch;
    out->number = record->seq;
    u->proven = true;
    return NULL;
}

/* A record with its body copied, for trying spoils it. */
static bool try_epoch(unseal_epoch *epoch, const fpl_record13 *record, uint8_t *room, unsealed *out)
{
    fpl_record13 copy = *record;
    fpl_plain13 plain;
    memcpy(room, record->body, record->body_len);
    copy.body = room;
    if (fpl_protect13_open(&epoch->key, &copy, epoch->next, &plain) != FPL_DROP_NONE) {
        return false;
    }
    if (plain.seq >= epoch->next) {
        epoch->next = plain.seq == UINT64_MAX ? plain.seq : plain.seq + 1;
    }
    out->content = plain.content;
    out->len = plain.len;
    out->padding = record->body_len - FPL_AEAD_TAG_LEN - 1 - plain.len;
    out->type = plain.type;
    out->number = plain.seq;
    out->epoch = epoch->number;
    return true;
}

/* The generation that the bits of the header would mean, had their sender updated its keys (RFC 9147 section 8). */
static bool try_ahead(unseal_side *s, const fpl_record13 *record, uint8_t *room, unsealed *out)
{
    fpl_secret13 secret = s->application;
    unseal_epoch *epoch = NULL;
    uint16_t number = 0;
    bool opened = false;
    if (s->newest == 0 || s->epochs[s->newest % UNSEAL_EPOCHS] == NULL ||
        !fpl_header13_epoch_ahead(s->newest, record->epoch_bits, &number)) {
        return false;
    }
    for (uint16_t at = s->newest; at < number; at++) {
        if (fpl_schedule13_update(&secret) != FPL_STATUS_OK) {
            return false;
        }
    }
    epoch = make_epoch(&secret, s->epochs[s->newest % UNSEAL_EPOCHS]->key.aead.aead, number);
    if (epoch != NULL && try_epoch(epoch, record, room, out)) {
        unseal_epoch **place = &s->epochs[record->epoch_bits];
        drop_epoch(place);
        *place = epoch;
        s->application = secret;
        s->newest = number;
        opened = true;
    } else {
        drop_epoch(&epoch);
    }
    explicit_bzero(&secret, sizeof secret);
    return opened;
}

const char *unseal13(unsealer *u, int side, const fpl_record13 *record, uint8_t *room, unsealed *out)
{
    const char *why = may_open(u);
    unseal_side *s = &u->sides[side];
    unseal_epoch *known = s->epochs[record->epoch_bits];
    if (why != NULL) {
        return why;
    }
    memset(out, 0, sizeof *out);
    if ((known == NULL || !try_epoch(known, record, room, out)) && !try_ahead(s, record, room, out)) {
        return known == NULL && (s->newest == 0 || record->epoch_bits == HANDSHAKE_EPOCH) ? no_secret : no_luck;
    }
    u->proven = true;
    return NULL;
}
