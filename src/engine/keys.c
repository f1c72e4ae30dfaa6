#include "engine/keys.h"

#include "engine/usage.h"
#include <openssl/mem.h>
#include <string.h>

/* --- DTLS 1.2 ----------------------------------------------------------------------------------- */

static fpl_status install12(fpl_conn *conn, fpl_keys keys)
{
    if (!conn->has_master_secret || conn->keys12 == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    if (keys.read != FPL_KEYS_NONE) {
        if (keys.read != 1 || conn->read_epoch != 0) {
            return FPL_STATUS_INTERNAL;
        }
        fpl_read_epoch_init(&conn->read[1], 1, &conn->keys12->read);
        conn->read_epoch = 1;
    }
    if (keys.write != FPL_KEYS_NONE) {
        if (keys.write != 1 || conn->write_epoch != 0) {
            return FPL_STATUS_INTERNAL;
        }
        fpl_write_epoch_init(&conn->write[1], 1, &conn->keys12->write);
        conn->write_epoch = 1;
        fpl_usage_begin(conn);
    }
    return FPL_STATUS_OK;
}

/* --- DTLS 1.3 ----------------------------------------------------------------------------------- */

static fpl_protect13_key *make_key(fpl_conn *conn, const fpl_secret13 *secret, fpl_secret13 *finished)
{
    fpl_traffic_keys13 keys;
    fpl_protect13_key *key = fpl_allocate(conn->config, sizeof *key);
    if (key == NULL) {
        return NULL;
    }
    if (fpl_schedule13_traffic(secret, conn->suite->aead, &keys, finished) != FPL_STATUS_OK ||
        fpl_protect13_init(key, &keys) != FPL_STATUS_OK) {
        fpl_release(conn->config, key, sizeof *key);
        key = NULL;
    }
    OPENSSL_cleanse(&keys, sizeof keys);
    return key;
}

/* The secret that epoch `number` of one direction is made from. `ours` is the direction that we write. */
static fpl_protect13_key *key_of_epoch(fpl_conn *conn, uint16_t number, bool next, bool ours)
{
    fpl_secret13 *application = ours ? &conn->keys13->write_secret : &conn->keys13->read_secret;
    if (number == FPL_HANDSHAKE_EPOCH && !next && conn->hs != NULL) {
        bool client = (conn->role == FPL_ROLE_CLIENT) == ours;
        return make_key(conn, client ? &conn->hs->secrets13.client : &conn->hs->secrets13.server,
                        ours ? &conn->hs->finished_write : &conn->hs->finished_read);
    }
    if (number == FPL_FIRST_APPLICATION_EPOCH && !next) {
        return make_key(conn, application, NULL);
    }
    if (number <= FPL_FIRST_APPLICATION_EPOCH || !next || fpl_schedule13_update(application) != FPL_STATUS_OK) {
        return NULL; /* RFC 8446 section 7.2: generations follow one another */
    }
    return make_key(conn, application, NULL);
}

static fpl_status install_read13(fpl_conn *conn, uint16_t wanted)
{
    bool               next = wanted == FPL_KEYS_NEXT;
    uint16_t           number = next ? (uint16_t)(conn->read_epoch + 1) : wanted;
    fpl_protect13_key *gone = NULL;
    fpl_protect13_key *key = number > conn->read_epoch ? key_of_epoch(conn, number, next, false) : NULL;
    if (key == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    if (!fpl_read_epochs13_add(&conn->keys13->read, number, key, &gone)) {
        fpl_release(conn->config, key, sizeof *key);
        return FPL_STATUS_INTERNAL;
    }
    fpl_release(conn->config, gone, sizeof *gone);
    conn->read_epoch = number;
    conn->new_epoch_unused = next;
    return FPL_STATUS_OK;
}

static fpl_status install_write13(fpl_conn *conn, uint16_t wanted)
{
    bool               next = wanted == FPL_KEYS_NEXT;
    uint16_t           number = next ? (uint16_t)(conn->write_epoch + 1) : wanted;
    fpl_write_epoch13 *oldest = &conn->keys13->write[FPL_WRITE_EPOCHS13 - 1];
    fpl_protect13_key *key;
    if (number <= conn->write_epoch || oldest->key != NULL) {
        return FPL_STATUS_INTERNAL;
    }
    key = key_of_epoch(conn, number, next, true);
    if (key == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    memmove(&conn->keys13->write[1], &conn->keys13->write[0], (FPL_WRITE_EPOCHS13 - 1) * sizeof conn->keys13->write[0]);
    fpl_write_epoch13_init(&conn->keys13->write[0], number, key);
    conn->write_epoch = number;
    fpl_usage_begin(conn);
    return FPL_STATUS_OK;
}

fpl_status fpl_keys_install(fpl_conn *conn, fpl_keys keys)
{
    fpl_status status = FPL_STATUS_OK;
    if (keys.read == FPL_KEYS_NONE && keys.write == FPL_KEYS_NONE) {
        return FPL_STATUS_OK;
    }
    if (conn->version != FPL_VERSION_DTLS13) {
        return install12(conn, keys);
    }
    if (conn->suite == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    if (conn->keys13 == NULL) {
        conn->keys13 = fpl_allocate(conn->config, sizeof *conn->keys13);
    }
    if (conn->keys13 == NULL) {
        return FPL_STATUS_NO_MEMORY;
    }
    if (keys.read != FPL_KEYS_NONE) {
        status = install_read13(conn, keys.read);
    }
    if (keys.write != FPL_KEYS_NONE && status == FPL_STATUS_OK) {
        status = install_write13(conn, keys.write);
    }
    return status;
}

/* --- dropping ------------------------------------------------------------------------------------- */

void fpl_keys_forget_read13(fpl_conn *conn, uint16_t number)
{
    fpl_protect13_key *key = fpl_read_epochs13_remove(&conn->keys13->read, number);
    fpl_release(conn->config, key, sizeof *key);
}

/* While nothing of the newest epoch has come, the peer still writes in the one before it, which stays. `previous` is of
 * application data: epoch 2 goes where a row names it, for until then the peer may repeat its last flight (RFC 9147 section
 * 5.8.1). */
static void drop_read(fpl_conn *conn, uint16_t which)
{
    const fpl_read_epochs13 *epochs = &conn->keys13->read;
    size_t                   stay = which == FPL_KEYS_PREVIOUS && conn->new_epoch_unused ? 2 : 1;
    for (size_t i = epochs->num; i > stay; i--) {
        uint16_t number = epochs->list[i - 1].number;
        if (which == FPL_KEYS_PREVIOUS ? number != FPL_HANDSHAKE_EPOCH : number <= which) {
            fpl_keys_forget_read13(conn, number);
        }
    }
}

static void drop_write(fpl_conn *conn, uint16_t which)
{
    for (size_t i = 1; i < FPL_WRITE_EPOCHS13; i++) {
        fpl_write_epoch13 *epoch = &conn->keys13->write[i];
        fpl_protect13_key *key = epoch->key;
        if (key != NULL && (which == FPL_KEYS_PREVIOUS || epoch->number <= which)) {
            fpl_write_epoch13_wipe(epoch);
            fpl_release(conn->config, key, sizeof *key);
        }
    }
}

void fpl_keys_drop(fpl_conn *conn, fpl_keys keys)
{
    if (keys.read != FPL_KEYS_NONE && conn->keys13 != NULL) {
        drop_read(conn, keys.read);
    }
    if (keys.write != FPL_KEYS_NONE && conn->keys13 != NULL) {
        drop_write(conn, keys.write);
    }
}

static void wipe13(fpl_conn *conn)
{
    fpl_keys13 *keys = conn->keys13;
    if (keys == NULL) {
        return;
    }
    while (keys->read.num > 0) {
        fpl_keys_forget_read13(conn, keys->read.list[0].number);
    }
    for (size_t i = 0; i < FPL_WRITE_EPOCHS13; i++) {
        fpl_protect13_key *key = keys->write[i].key;
        fpl_write_epoch13_wipe(&keys->write[i]);
        fpl_release(conn->config, key, sizeof *key);
    }
    fpl_release(conn->config, keys, sizeof *keys);
    conn->keys13 = NULL;
}

void fpl_keys_wipe(fpl_conn *conn)
{
    wipe13(conn);
    if (conn->keys12 != NULL) {
        fpl_aead_wipe(&conn->keys12->read); /* also keys agreed but never installed */
        fpl_aead_wipe(&conn->keys12->write);
        fpl_release(conn->config, conn->keys12, sizeof *conn->keys12);
        conn->keys12 = NULL;
        fpl_read_epoch_init(&conn->read[1], 1, NULL);
        fpl_write_epoch_init(&conn->write[1], 1, NULL);
    }
    conn->read_epoch = 0;
    conn->write_epoch = 0;
    OPENSSL_cleanse(conn->master_secret, sizeof conn->master_secret);
    conn->has_master_secret = false;
}

/* --- sealing --------------------------------------------------------------------------------------- */

fpl_write_epoch13 *fpl_write13_of(fpl_conn *conn, uint16_t number)
{
    for (size_t i = 0; conn->keys13 != NULL && i < FPL_WRITE_EPOCHS13; i++) {
        if (conn->keys13->write[i].key != NULL && conn->keys13->write[i].number == number) {
            return &conn->keys13->write[i];
        }
    }
    return NULL;
}

size_t fpl_seal_prefix(const fpl_conn *conn, uint16_t epoch)
{
    return epoch < FPL_HANDSHAKE_EPOCH ? fpl_epoch12_prefix(&conn->write[epoch]) : FPL_PROTECT13_PREFIX;
}

size_t fpl_seal_overhead(const fpl_conn *conn, uint16_t epoch)
{
    return epoch < FPL_HANDSHAKE_EPOCH ? fpl_epoch12_overhead(&conn->write[epoch]) : FPL_PROTECT13_OVERHEAD;
}

fpl_seal fpl_seal_record(fpl_conn *conn, uint16_t epoch, fpl_content_type type, uint16_t version, uint8_t *record,
                         size_t len, size_t cap, size_t *out_len)
{
    fpl_write_epoch13 *epoch13;
    if (epoch < FPL_HANDSHAKE_EPOCH) {
        return fpl_epoch12_seal(&conn->write[epoch], type, version, record, len, cap, out_len);
    }
    epoch13 = fpl_write13_of(conn, epoch);
    if (epoch13 == NULL) {
        return FPL_SEAL_INTERNAL;
    }
    return fpl_epoch13_seal(epoch13, type, record, len, 0, cap, out_len);
}

uint64_t fpl_seal_next(const fpl_conn *conn)
{
    return conn->write_epoch < FPL_HANDSHAKE_EPOCH ? conn->write[conn->write_epoch].next_seq : conn->keys13->write[0].next_seq;
}

uint64_t fpl_seal_limit(const fpl_conn *conn)
{
    uint64_t limit = fpl_conn_limit(conn, FPL_LIMIT_SEAL_RECORDS);
    uint64_t of_gcm = fpl_conn_limit(conn, FPL_LIMIT_SEAL_RECORDS13_GCM);
    bool     gcm = conn->suite != NULL && conn->suite->aead != FPL_AEAD_CHACHA20_POLY1305;
    return conn->version == FPL_VERSION_DTLS13 && gcm && of_gcm < limit ? of_gcm : limit;
}
