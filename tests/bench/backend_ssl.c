/* OpenSSL's libssl, and BoringSSL's, which has nearly the same interface. */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#ifdef OPENSSL_IS_BORINGSSL
#include <openssl/pool.h>
#endif

#include "backend.h"

struct bench_end {
    SSL        *ssl;
    bench_wire *in;
    bench_wire *out;
};

static SSL_CTX    *contexts[2][BENCH_IDENTITIES];
static BIO_METHOD *method;

/* --- the wire as a BIO ------------------------------------------------------------------------------ */

static int wire_write(BIO *bio, const char *data, int len)
{
    bench_end *end = BIO_get_data(bio);
    memcpy(bench_wire_room(end->out), data, (size_t)len);
    bench_wire_put(end->out, (size_t)len);
    return len;
}

static int wire_read(BIO *bio, char *out, int cap)
{
    bench_end     *end = BIO_get_data(bio);
    size_t         len = 0;
    const uint8_t *datagram = bench_wire_take(end->in, &len);
    BIO_clear_retry_flags(bio);
    if (datagram == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    len = len < (size_t)cap ? len : (size_t)cap;
    memcpy(out, datagram, len);
    return (int)len;
}

static long wire_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO *wire_bio(bench_end *end)
{
    BIO *bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_data(bio, end);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* --- what connections share ----------------------------------------------------------------------------- */

#ifdef OPENSSL_IS_BORINGSSL
static enum ssl_verify_result_t take_any(SSL *ssl, uint8_t *alert)
{
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

/* As Chrome uses it: certificates stay bytes, no X509 objects are made. */
static SSL_CTX *new_context(const bench_identity *identity, EVP_PKEY *key)
{
    static const uint16_t scheme = SSL_SIGN_ECDSA_SECP256R1_SHA256;
    SSL_CTX              *context = SSL_CTX_new(DTLS_with_buffers_method());
    CRYPTO_BUFFER        *leaf = CRYPTO_BUFFER_new(identity->certificate, identity->certificate_len, NULL);
    if (context == NULL || leaf == NULL || !SSL_CTX_set_chain_and_key(context, &leaf, 1, key, NULL) ||
        !SSL_CTX_set_signing_algorithm_prefs(context, &scheme, 1) ||
        !SSL_CTX_set_verify_algorithm_prefs(context, &scheme, 1)) {
        return NULL;
    }
    CRYPTO_BUFFER_free(leaf);
    SSL_CTX_set_custom_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
    return context;
}

#else
static int take_any(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static SSL_CTX *new_context(const bench_identity *identity, EVP_PKEY *key)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_method());
    if (context == NULL ||
        SSL_CTX_use_certificate_ASN1(context, (int)identity->certificate_len, identity->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") != 1) {
        return NULL;
    }
    SSL_CTX_set_cert_verify_callback(context, take_any, NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return context;
}
#endif

/* The curve of a certificate must be among the groups as well. The first of them is taken. */
static bool set_group(SSL_CTX *context, bench_group group)
{
    static const char *const lists[] = {
        [BENCH_X25519] = "X25519:P-256",
        [BENCH_P256] = "P-256",
        [BENCH_X25519MLKEM768] = "X25519MLKEM768:P-256",
    };
    return SSL_CTX_set1_curves_list(context, lists[group]) == 1;
}

#ifdef DTLS1_3_VERSION
static bool set_suite13(SSL_CTX *context, bool chacha)
{
#ifdef BENCH_SSL_TLS13_CIPHERS
    const uint16_t suite = chacha ? 0x1303 : 0x1301;
    return SSL_CTX_set1_tls13_ciphers(context, &suite, NULL, 1) == 1;
#else
    (void)context;
    return !chacha; /* where there are instructions for AES, that comes first */
#endif
}

static bool set_version(SSL_CTX *context, const bench_setup *setup)
{
    uint16_t version = setup->dtls13 ? DTLS1_3_VERSION : DTLS1_2_VERSION;
    return (!setup->dtls13 || set_suite13(context, setup->chacha)) &&
           SSL_CTX_set_min_proto_version(context, version) == 1 && SSL_CTX_set_max_proto_version(context, version) == 1;
}
#else
static bool set_version(SSL_CTX *context, const bench_setup *setup)
{
    return !setup->dtls13 && SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1;
}
#endif

static SSL_CTX *make_context(const bench_setup *setup, const bench_identity *identity)
{
    const uint8_t *der = identity->key;
    EVP_PKEY      *key = d2i_AutoPrivateKey(NULL, &der, (long)identity->key_len);
    SSL_CTX       *context = key != NULL ? new_context(identity, key) : NULL;
    const char    *suite = setup->chacha ? "ECDHE-ECDSA-CHACHA20-POLY1305" : "ECDHE-ECDSA-AES128-GCM-SHA256";
    EVP_PKEY_free(key);
    if (context == NULL || SSL_CTX_set_cipher_list(context, suite) != 1 || !set_group(context, setup->group) ||
        !set_version(context, setup) || SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80") != 0) {
        return NULL;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
    (void)SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
    return context;
}

bool backend_can(const bench_setup *setup)
{
    SSL_CTX *context;
    if (setup->group == BENCH_X25519MLKEM768 && !setup->dtls13) {
        return false;
    }
    context = make_context(setup, &setup->identities[0]);
    SSL_CTX_free(context);
    return context != NULL;
}

bool backend_open(const bench_setup *setup)
{
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 100, "wire");
    if (method == NULL || !BIO_meth_set_write(method, wire_write) || !BIO_meth_set_read(method, wire_read) ||
        !BIO_meth_set_ctrl(method, wire_ctrl)) {
        return false;
    }
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        contexts[0][i] = make_context(setup, &setup->identities[i]);
        contexts[1][i] = make_context(setup, &setup->identities[i]);
        if (contexts[0][i] == NULL || contexts[1][i] == NULL) {
            return false;
        }
    }
    return true;
}

/* --- one end --------------------------------------------------------------------------------------------- */

bench_end *backend_new(bool server, unsigned identity, bench_wire *in, bench_wire *out)
{
    bench_end *end = calloc(1, sizeof *end);
    BIO       *bio;
    if (end == NULL) {
        return NULL;
    }
    end->in = in;
    end->out = out;
    end->ssl = SSL_new(contexts[server][identity]);
    bio = wire_bio(end);
    if (end->ssl == NULL || bio == NULL) {
        return NULL;
    }
    SSL_set_bio(end->ssl, bio, bio);
    (void)SSL_set_mtu(end->ssl, BENCH_MTU);
    if (server) {
        SSL_set_accept_state(end->ssl);
    } else {
        SSL_set_connect_state(end->ssl);
    }
    return end;
}

void backend_free(bench_end *end)
{
    SSL_free(end->ssl);
    free(end);
}

bench_progress backend_handshake(bench_end *end)
{
    int result = SSL_do_handshake(end->ssl);
    if (result == 1) {
        char none;
        while (end->in->first < end->in->num && SSL_peek(end->ssl, &none, 1) < 0) {
            /* an ACK of what came last */
        }
        return BENCH_DONE;
    }
    return SSL_get_error(end->ssl, result) == SSL_ERROR_WANT_READ ? BENCH_GOING : BENCH_FAILED;
}

size_t backend_prefix(const bench_end *end)
{
    (void)end;
    return 0;
}

bool backend_seal(bench_end *end, const uint8_t *data, size_t len)
{
    return SSL_write(end->ssl, data, (int)len) == (int)len;
}

const uint8_t *backend_open_record(bench_end *end, size_t *len)
{
    static uint8_t plain[BENCH_DATAGRAM_MAX];
    int            got = SSL_read(end->ssl, plain, (int)sizeof plain);
    *len = got > 0 ? (size_t)got : 0;
    return got > 0 ? plain : NULL;
}

void backend_settle(bench_end *end)
{
    (void)end; /* it goes by the wall clock, and keeps what it has */
}

bool backend_own(size_t *allocations, size_t *bytes_now, size_t *bytes_peak)
{
    (void)allocations;
    (void)bytes_now;
    (void)bytes_peak;
    return false;
}
