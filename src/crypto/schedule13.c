#include "crypto/schedule13.h"

#include <openssl/mem.h>
#include <string.h>

#include "crypto/hkdf.h"

/* derivation is a walk through the schedule: one HKDF, keyed with one secret after the other. After
 * the first failure nothing more happens. */
typedef struct derivation {
    fpl_hkdf hkdf;
    fpl_status status;
} derivation;

static fpl_bytes text(const char *label)
{
    return fpl_bytes_of((const uint8_t *)label, strlen(label));
}

static fpl_bytes secret_bytes(const fpl_secret13 *secret)
{
    return fpl_bytes_of(secret->bytes, fpl_hash_length(secret->hash));
}

/* begin starts with `secret`. */
static void begin(derivation *d, const fpl_secret13 *secret)
{
    d->status = fpl_hkdf_init(&d->hkdf, secret->hash, secret_bytes(secret));
}

/* go_on takes `secret` for the next key. */
static void go_on(derivation *d, const fpl_secret13 *secret)
{
    if (d->status == FPL_STATUS_OK) {
        d->status = fpl_hkdf_rekey(&d->hkdf, secret_bytes(secret));
    }
}

/* need_hash fails unless `transcript` is as long as a hash of this walk. */
static void need_hash(derivation *d, fpl_bytes transcript)
{
    if (d->status == FPL_STATUS_OK && transcript.len != fpl_hash_length(d->hkdf.hash)) {
        d->status = FPL_STATUS_INTERNAL;
    }
}

/* extract is HKDF-Extract with the present key for salt. */
static void extract(derivation *d, fpl_bytes material, fpl_secret13 *out)
{
    if (d->status == FPL_STATUS_OK) {
        d->status = fpl_hkdf_mac(&d->hkdf, material, out->bytes);
        out->hash = d->hkdf.hash;
    }
}

/* expand is HKDF-Expand-Label. */
static void expand(derivation *d, fpl_bytes label, fpl_bytes context, uint8_t *out, size_t len)
{
    if (d->status == FPL_STATUS_OK) {
        d->status = fpl_hkdf_expand_label(&d->hkdf, text("dtls13"), label, context, out, len);
    }
}

/* derive is Derive-Secret, where `context` is the hash of the messages. */
static void derive(derivation *d, const char *label, fpl_bytes context, fpl_secret13 *out)
{
    expand(d, text(label), context, out->bytes, fpl_hash_length(d->hkdf.hash));
    out->hash = d->hkdf.hash;
}

/* derive_from_nothing is Derive-Secret over no message at all. */
static void derive_from_nothing(derivation *d, const char *label, fpl_secret13 *out)
{
    uint8_t empty[FPL_HASH_MAX_LEN];
    size_t len = fpl_hash_once(d->hkdf.hash, fpl_bytes_none(), empty);
    derive(d, label, fpl_bytes_of(empty, len), out);
}

/* finish ends the walk; what it made, the `len` bytes at `made`, is erased if a step failed. */
static fpl_status finish(derivation *d, void *made, size_t len)
{
    fpl_hkdf_wipe(&d->hkdf);
    if (d->status != FPL_STATUS_OK) {
        OPENSSL_cleanse(made, len);
    }
    return d->status;
}

fpl_status fpl_schedule13_early(fpl_hash hash, fpl_bytes psk, fpl_secret13 *early)
{
    /* Zeros stand for a salt and for a PSK that are not there; under HMAC any number of them is the
     * same key. */
    static const fpl_secret13 kZeros;
    derivation d;
    d.status = fpl_hkdf_init(&d.hkdf, hash, fpl_bytes_none());
    extract(&d, psk.len == 0 ? fpl_bytes_of(kZeros.bytes, fpl_hash_length(hash)) : psk, early);
    return finish(&d, early, sizeof(*early));
}

fpl_status fpl_schedule13_salt(const fpl_secret13 *early, fpl_secret13 *salt)
{
    derivation d;
    begin(&d, early);
    derive_from_nothing(&d, "derived", salt);
    return finish(&d, salt, sizeof(*salt));
}

fpl_status fpl_schedule13_binder(const fpl_secret13 *early, bool external, fpl_secret13 *finished)
{
    derivation d;
    fpl_secret13 binder_key = {0};
    begin(&d, early);
    derive_from_nothing(&d, external ? "ext binder" : "res binder", &binder_key);
    go_on(&d, &binder_key);
    derive(&d, "finished", fpl_bytes_none(), finished);
    OPENSSL_cleanse(&binder_key, sizeof(binder_key));
    return finish(&d, finished, sizeof(*finished));
}

fpl_status fpl_schedule13_handshake(const fpl_secret13 *salt, fpl_bytes shared, fpl_bytes transcript,
                                    fpl_handshake_secrets13 *out)
{
    static const fpl_secret13 kZeros;
    derivation d;
    fpl_secret13 handshake = {0};
    fpl_secret13 next_salt = {0};
    begin(&d, salt);
    need_hash(&d, transcript);
    extract(&d, shared, &handshake);
    go_on(&d, &handshake);
    derive(&d, "c hs traffic", transcript, &out->client);
    derive(&d, "s hs traffic", transcript, &out->server);
    derive_from_nothing(&d, "derived", &next_salt);
    go_on(&d, &next_salt);
    extract(&d, fpl_bytes_of(kZeros.bytes, fpl_hash_length(salt->hash)), &out->master);
    OPENSSL_cleanse(&handshake, sizeof(handshake));
    OPENSSL_cleanse(&next_salt, sizeof(next_salt));
    return finish(&d, out, sizeof(*out));
}

fpl_status fpl_schedule13_application(const fpl_secret13 *master, fpl_bytes transcript,
                                      fpl_application_secrets13 *out)
{
    derivation d;
    begin(&d, master);
    need_hash(&d, transcript);
    derive(&d, "c ap traffic", transcript, &out->client);
    derive(&d, "s ap traffic", transcript, &out->server);
    derive(&d, "exp master", transcript, &out->exporter);
    return finish(&d, out, sizeof(*out));
}

fpl_status fpl_schedule13_resumption(const fpl_secret13 *master, fpl_bytes transcript,
                                     fpl_secret13 *resumption)
{
    derivation d;
    begin(&d, master);
    need_hash(&d, transcript);
    derive(&d, "res master", transcript, resumption);
    return finish(&d, resumption, sizeof(*resumption));
}

fpl_status fpl_schedule13_ticket(const fpl_secret13 *resumption, fpl_bytes nonce, fpl_secret13 *psk)
{
    derivation d;
    begin(&d, resumption);
    derive(&d, "resumption", nonce, psk);
    return finish(&d, psk, sizeof(*psk));
}

fpl_status fpl_schedule13_traffic(const fpl_secret13 *traffic, fpl_aead aead, fpl_traffic_keys13 *keys,
                                  fpl_secret13 *finished)
{
    derivation d;
    size_t key_len = fpl_aead_key_length(aead);
    memset(keys, 0, sizeof(*keys));
    begin(&d, traffic);
    if (d.status == FPL_STATUS_OK && key_len == 0) {
        d.status = FPL_STATUS_INTERNAL;
    }
    expand(&d, text("key"), fpl_bytes_none(), keys->key, key_len);
    expand(&d, text("iv"), fpl_bytes_none(), keys->iv, sizeof(keys->iv));
    expand(&d, text("sn"), fpl_bytes_none(), keys->sn, key_len);
    keys->aead = aead;
    if (finished != NULL) {
        derive(&d, "finished", fpl_bytes_none(), finished);
        if (d.status != FPL_STATUS_OK) {
            OPENSSL_cleanse(finished, sizeof(*finished));
        }
    }
    return finish(&d, keys, sizeof(*keys));
}

fpl_status fpl_schedule13_update(fpl_secret13 *traffic)
{
    derivation d;
    fpl_secret13 next = {0};
    begin(&d, traffic);
    derive(&d, "traffic upd", fpl_bytes_none(), &next);
    fpl_status status = finish(&d, &next, sizeof(next));
    if (status == FPL_STATUS_OK) {
        *traffic = next;
    }
    OPENSSL_cleanse(&next, sizeof(next));
    return status;
}

fpl_status fpl_schedule13_verify_data(const fpl_secret13 *finished, fpl_bytes transcript,
                                      uint8_t out[FPL_HASH_MAX_LEN])
{
    derivation d;
    begin(&d, finished);
    need_hash(&d, transcript);
    if (d.status == FPL_STATUS_OK) {
        d.status = fpl_hkdf_mac(&d.hkdf, transcript, out);
    }
    return finish(&d, out, FPL_HASH_MAX_LEN);
}

fpl_status fpl_schedule13_export(const fpl_secret13 *exporter, fpl_bytes label, fpl_bytes context,
                                 uint8_t *out, size_t len)
{
    derivation d;
    fpl_secret13 secret = {0};
    uint8_t hashed[FPL_HASH_MAX_LEN];
    uint8_t empty[FPL_HASH_MAX_LEN];
    size_t hash_len = fpl_hash_once(exporter->hash, context, hashed);
    (void)fpl_hash_once(exporter->hash, fpl_bytes_none(), empty);
    begin(&d, exporter);
    secret.hash = exporter->hash;
    expand(&d, label, fpl_bytes_of(empty, hash_len), secret.bytes, hash_len);
    go_on(&d, &secret);
    expand(&d, text("exporter"), fpl_bytes_of(hashed, hash_len), out, len);
    OPENSSL_cleanse(&secret, sizeof(secret));
    return finish(&d, out, len);
}
