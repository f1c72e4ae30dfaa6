#include "transcripts/crypto.h"

#include <openssl/aead.h>
#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/nid.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "transcripts/wire.h"

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static const EVP_MD *suite_md(unsigned suite)
{
    return suite == AES256_GCM || suite == AES256_GCM_13 ? EVP_sha384() : EVP_sha256();
}

static const EVP_AEAD *suite_aead(unsigned suite)
{
    return suite == AES256_GCM ? EVP_aead_aes_256_gcm()
           : suite == CHACHA20 ? EVP_aead_chacha20_poly1305()
                               : EVP_aead_aes_128_gcm();
}

size_t crypto_key_len(unsigned suite)
{
    return suite == AES128_GCM ? 16 : 32;
}

size_t crypto_iv_len(unsigned suite)
{
    return suite == CHACHA20 ? 12 : 4;
}

static bytes hmac(const EVP_MD *md, bytes key, bytes data)
{
    uint8_t  out[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    must(HMAC(md, key.data, key.len, data.data, data.len, out, &len) != NULL);
    return bytes_of(out, len);
}

bytes crypto_prf(unsigned suite, bytes secret, const char *label, bytes seed, size_t len)
{
    const EVP_MD *md = suite_md(suite);
    bytes         labelled = bytes_of(label, strlen(label));
    bytes         out = bytes_none();
    bytes         a;
    bytes_append(&labelled, seed);
    a = hmac(md, secret, labelled);
    while (out.len < len) {
        bytes round = bytes_of(a.data, a.len);
        bytes_append(&round, labelled);
        bytes_append(&out, hmac(md, secret, round));
        a = hmac(md, secret, a);
    }
    out.len = len;
    return out;
}

static bytes digest(const EVP_MD *md, bytes data)
{
    uint8_t  out[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    must(EVP_Digest(data.data, data.len, out, &len, md, NULL) == 1);
    return bytes_of(out, len);
}

bytes crypto_hash(unsigned suite, bytes data)
{
    return digest(suite_md(suite), data);
}

bytes crypto_scheme_hash(unsigned scheme, bytes data)
{
    return digest(scheme >> 8 == 5   ? EVP_sha384()
                  : scheme >> 8 == 6 ? EVP_sha512()
                  : scheme >> 8 == 2 ? EVP_sha1()
                                     : EVP_sha256(),
                  data);
}

/* ----- records -------------------------------------------------------------------------------------------- */

static bytes number_of(unsigned epoch, uint64_t seq)
{
    bytes b = bytes_none();
    bytes_u16(&b, epoch);
    bytes_u48(&b, seq);
    return b;
}

static bytes ad_of(unsigned type, unsigned version, unsigned epoch, uint64_t seq, size_t len)
{
    bytes ad = number_of(epoch, seq);
    bytes_u8(&ad, type);
    bytes_u16(&ad, version);
    bytes_u16(&ad, (unsigned)len);
    return ad;
}

/* RFC 5288 section 3 with the record number as the explicit part; RFC 7905 section 2. */
static void nonce_of(unsigned suite, const crypto_keys *keys, const uint8_t explicit[8], uint8_t nonce[12])
{
    if (suite == CHACHA20) {
        memcpy(nonce, keys->iv, 12);
        for (size_t i = 0; i < 8; i++) {
            nonce[4 + i] ^= explicit[i];
        }
    } else {
        memcpy(nonce, keys->iv, 4);
        memcpy(nonce + 4, explicit, 8);
    }
}

bytes crypto_seal(unsigned suite, const crypto_keys *keys, unsigned type, unsigned version, unsigned epoch, uint64_t seq,
                  bytes plaintext)
{
    EVP_AEAD_CTX ctx;
    bytes        number = number_of(epoch, seq);
    bytes        ad = ad_of(type, version, epoch, seq, plaintext.len);
    bytes        sealed = bytes_zero(plaintext.len + 16);
    bytes        out = bytes_none();
    uint8_t      nonce[12];
    size_t       len = 0;
    nonce_of(suite, keys, number.data, nonce);
    must(EVP_AEAD_CTX_init(&ctx, suite_aead(suite), keys->key, crypto_key_len(suite), 16, NULL) == 1);
    must(EVP_AEAD_CTX_seal(&ctx, sealed.data, &len, sealed.len, nonce, 12, plaintext.data, plaintext.len, ad.data, ad.len) ==
         1);
    EVP_AEAD_CTX_cleanup(&ctx);
    if (suite != CHACHA20) {
        bytes_append(&out, number);
    }
    bytes_add(&out, sealed.data, len);
    return out;
}

bool crypto_open(unsigned suite, const crypto_keys *keys, unsigned type, unsigned version, unsigned epoch, uint64_t seq,
                 bytes body, bytes *plaintext)
{
    EVP_AEAD_CTX ctx;
    bytes        number = number_of(epoch, seq);
    size_t       head = suite == CHACHA20 ? 0 : 8;
    uint8_t      nonce[12];
    size_t       len = 0;
    int          ok;
    if (body.len < head + 16) {
        return false;
    }
    nonce_of(suite, keys, head == 0 ? number.data : body.data, nonce);
    bytes ad = ad_of(type, version, epoch, seq, body.len - head - 16);
    *plaintext = bytes_zero(body.len);
    must(EVP_AEAD_CTX_init(&ctx, suite_aead(suite), keys->key, crypto_key_len(suite), 16, NULL) == 1);
    ok = EVP_AEAD_CTX_open(&ctx, plaintext->data, &len, plaintext->len, nonce, 12, body.data + head, body.len - head,
                           ad.data, ad.len);
    EVP_AEAD_CTX_cleanup(&ctx);
    plaintext->len = len;
    return ok == 1;
}

/* ----- key exchange ----------------------------------------------------------------------------------------- */

static int nid_of(unsigned group)
{
    return group == P384_GROUP ? NID_secp384r1 : NID_X9_62_prime256v1;
}

crypto_share crypto_share_of(unsigned group)
{
    crypto_share s;
    memset(&s, 0, sizeof s);
    s.group = group;
    if (group == X25519_GROUP) {
        uint8_t public[32];
        X25519_keypair(public, s.x25519);
        s.public = bytes_of(public, sizeof public);
        return s;
    }
    s.key = EC_KEY_new_by_curve_name(nid_of(group));
    must(s.key != NULL && EC_KEY_generate_key(s.key) == 1);
    uint8_t point[133];
    size_t  len = EC_POINT_point2oct(EC_KEY_get0_group(s.key), EC_KEY_get0_public_key(s.key), POINT_CONVERSION_UNCOMPRESSED,
                                     point, sizeof point, NULL);
    must(len > 0);
    s.public = bytes_of(point, len);
    return s;
}

void crypto_share_free(crypto_share *share)
{
    EC_KEY_free(share->key);
    share->key = NULL;
}

bool crypto_agree(const crypto_share *share, bytes peer, bytes *secret)
{
    if (share->group == X25519_GROUP) {
        uint8_t out[32];
        if (peer.len != 32) {
            return false;
        }
        /* The all-zero secret is the other end's to refuse, so it is made here all the same. */
        (void)X25519(out, share->x25519, peer.data);
        *secret = bytes_of(out, sizeof out);
        return true;
    }
    const EC_GROUP *group = EC_KEY_get0_group(share->key);
    EC_POINT       *point = EC_POINT_new(group);
    uint8_t         out[66];
    int             len = -1;
    must(point != NULL);
    if (EC_POINT_oct2point(group, point, peer.data, peer.len, NULL) == 1) {
        len = ECDH_compute_key(out, sizeof out, point, share->key, NULL);
    }
    EC_POINT_free(point);
    if (len <= 0) {
        return false;
    }
    *secret = bytes_of(out, (size_t)len);
    return true;
}

/* ----- signatures ------------------------------------------------------------------------------------------- */

bytes crypto_sign(EVP_PKEY *key, unsigned scheme, bytes data)
{
    EC_KEY  *ec = EVP_PKEY_get0_EC_KEY(key);
    bytes    hash = crypto_scheme_hash(scheme, data);
    uint8_t  out[160];
    unsigned len = 0;
    must(ec != NULL && ECDSA_size(ec) <= sizeof out);
    must(ECDSA_sign(0, hash.data, hash.len, out, &len, ec) == 1);
    return bytes_of(out, len);
}

bool crypto_verify(bytes certificate, unsigned scheme, bytes data, bytes signature)
{
    const uint8_t *at = certificate.data;
    X509          *x509 = d2i_X509(NULL, &at, (long)certificate.len);
    EVP_PKEY      *key = x509 == NULL ? NULL : X509_get_pubkey(x509);
    EC_KEY        *ec = key == NULL ? NULL : EVP_PKEY_get0_EC_KEY(key);
    bytes          hash = crypto_scheme_hash(scheme, data);
    bool           ok = ec != NULL && ECDSA_verify(0, hash.data, hash.len, signature.data, signature.len, ec) == 1;
    EVP_PKEY_free(key);
    X509_free(x509);
    return ok;
}
