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

/* kNothing is the hash of no message at all, and kSalt what the early secret without a PSK becomes: constants
 * of their hash, which a test computes. */
static const fpl_secret13 kNothing[] = {
    {{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
      0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55},
     FPL_HASH_SHA256},
    {{0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3, 0x6a,
      0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda,
      0x27, 0x4e, 0xde, 0xbf, 0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b},
     FPL_HASH_SHA384},
};
static const fpl_secret13 kSalt[] = {
    {{0xb1, 0x7b, 0xce, 0x94, 0x51, 0xee, 0x8b, 0xc6, 0xe8, 0xae, 0xbc, 0x0a, 0xa9, 0xe9, 0x82, 0x95,
      0x67, 0x7a, 0x4a, 0x6a, 0x91, 0xf7, 0x84, 0x40, 0x83, 0x31, 0x46, 0xe4, 0x65, 0xf2, 0xff, 0x95},
     FPL_HASH_SHA256},
    {{0x27, 0x00, 0x86, 0x05, 0xd3, 0x39, 0x6f, 0x88, 0x44, 0x19, 0x75, 0x65, 0xca, 0xec, 0xc5, 0x92,
      0xb3, 0xe5, 0x8f, 0x2e, 0xae, 0x55, 0xf8, 0x41, 0xb5, 0x77, 0xcf, 0xbc, 0xab, 0xb4, 0x7e, 0x22,
      0x1f, 0x67, 0x4e, 0xd3, 0xa6, 0x8a, 0xa8, 0x93, 0x43, 0x9c, 0xf5, 0x57, 0xf1, 0x11, 0xc0, 0xfc},
     FPL_HASH_SHA384},
};

/* constant_of returns the one of `hash`, or an empty view if the hash is not ours. */
static fpl_bytes constant_of(const fpl_secret13 constants[2], fpl_hash hash)
{
    for (size_t i = 0; i < 2; i++) {
        if (constants[i].hash == hash) {
            return secret_bytes(&constants[i]);
        }
    }
    return fpl_bytes_none();
}

/* derive_from_nothing is Derive-Secret over no message at all. */
static void derive_from_nothing(derivation *d, const char *label, fpl_secret13 *out)
{
    derive(d, label, constant_of(kNothing, d->hkdf.hash), out);
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

fpl_status fpl_schedule13_salt_without_psk(fpl_hash hash, fpl_secret13 *salt)
{
    fpl_bytes constant = constant_of(kSalt, hash);
    memset(salt, 0, sizeof(*salt));
    if (constant.len == 0) {
        return FPL_STATUS_INTERNAL;
    }
    memcpy(salt->bytes, constant.data, constant.len);
    salt->hash = hash;
    return FPL_STATUS_OK;
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
    fpl_bytes nothing = constant_of(kNothing, exporter->hash);
    fpl_bytes context_hash = nothing;
    if (context.len > 0) {
        context_hash = fpl_bytes_of(hashed, fpl_hash_once(exporter->hash, context, hashed));
    }
    begin(&d, exporter);
    secret.hash = exporter->hash;
    expand(&d, label, nothing, secret.bytes, nothing.len);
    go_on(&d, &secret);
    expand(&d, text("exporter"), context_hash, out, len);
    OPENSSL_cleanse(&secret, sizeof(secret));
    return finish(&d, out, len);
}
