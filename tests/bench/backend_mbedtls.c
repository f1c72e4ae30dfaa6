#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

struct bench_end {
    mbedtls_ssl_context ssl;
    bench_wire         *in;
    bench_wire         *out;
};

static mbedtls_entropy_context  entropy;
static mbedtls_ctr_drbg_context random_source;
static mbedtls_ssl_config       configs[2][BENCH_IDENTITIES];
static mbedtls_x509_crt         certificates[BENCH_IDENTITIES];
static mbedtls_pk_context       keys[BENCH_IDENTITIES];
static int                      suites[2];
static mbedtls_ecp_group_id     groups[3];
static const int                hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
#ifdef MBEDTLS_SSL_DTLS_SRTP
static const mbedtls_ssl_srtp_profile profiles[] = {MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_UNSET};
#endif

static int wire_send(void *arg, const unsigned char *data, size_t len)
{
    bench_end *end = arg;
    memcpy(bench_wire_room(end->out), data, len);
    bench_wire_put(end->out, len);
    return (int)len;
}

static int wire_receive(void *arg, unsigned char *out, size_t cap)
{
    bench_end     *end = arg;
    size_t         len = 0;
    const uint8_t *datagram = bench_wire_take(end->in, &len);
    if (datagram == NULL) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    len = len < cap ? len : cap;
    memcpy(out, datagram, len);
    return (int)len;
}

/* Nothing is lost here, so no timer ever falls due. */
static void set_timer(void *arg, uint32_t intermediate, uint32_t last)
{
    (void)arg;
    (void)intermediate;
    (void)last;
}

static int get_timer(void *arg)
{
    (void)arg;
    return 0;
}

static bool make_config(mbedtls_ssl_config *config, bool server, unsigned identity)
{
    mbedtls_ssl_config_init(config);
    if (mbedtls_ssl_config_defaults(config, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        mbedtls_ssl_conf_own_cert(config, &certificates[identity], &keys[identity]) != 0) {
        return false;
    }
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &random_source);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_ciphersuites(config, suites);
    mbedtls_ssl_conf_curves(config, groups);
    mbedtls_ssl_conf_sig_hashes(config, hashes);
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_cert_req_ca_list(config, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    if (server) {
        mbedtls_ssl_conf_dtls_cookies(config, NULL, NULL, NULL);
    }
#ifdef MBEDTLS_SSL_DTLS_SRTP
    return mbedtls_ssl_conf_dtls_srtp_protection_profiles(config, profiles) == 0;
#else
    return true;
#endif
}

bool backend_can(const bench_setup *setup)
{
    return !setup->dtls13 && setup->group != BENCH_X25519MLKEM768;
}

bool backend_open(const bench_setup *setup)
{
    suites[0] = setup->chacha ? MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                              : MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    /* The curve of a certificate must be among the groups as well; the first is taken. */
    groups[0] = setup->group == BENCH_P256 ? MBEDTLS_ECP_DP_SECP256R1 : MBEDTLS_ECP_DP_CURVE25519;
    groups[1] = setup->group == BENCH_P256 ? MBEDTLS_ECP_DP_NONE : MBEDTLS_ECP_DP_SECP256R1;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random_source);
    if (mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0) != 0) {
        return false;
    }
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        const bench_identity *identity = &setup->identities[i];
        mbedtls_x509_crt_init(&certificates[i]);
        mbedtls_pk_init(&keys[i]);
        if (mbedtls_x509_crt_parse_der(&certificates[i], identity->certificate, identity->certificate_len) != 0 ||
            mbedtls_pk_parse_key(&keys[i], identity->key, identity->key_len, NULL, 0) != 0 ||
            !make_config(&configs[0][i], false, i) || !make_config(&configs[1][i], true, i)) {
            return false;
        }
    }
    return true;
}

bench_end *backend_new(bool server, unsigned identity, bench_wire *in, bench_wire *out)
{
    bench_end *end = calloc(1, sizeof *end);
    if (end == NULL) {
        return NULL;
    }
    end->in = in;
    end->out = out;
    mbedtls_ssl_init(&end->ssl);
    if (mbedtls_ssl_setup(&end->ssl, &configs[server][identity]) != 0) {
        return NULL;
    }
    mbedtls_ssl_set_bio(&end->ssl, end, wire_send, wire_receive, NULL);
    mbedtls_ssl_set_timer_cb(&end->ssl, end, set_timer, get_timer);
    mbedtls_ssl_set_mtu(&end->ssl, BENCH_MTU);
    return end;
}

void backend_free(bench_end *end)
{
    mbedtls_ssl_free(&end->ssl);
    free(end);
}

bench_progress backend_handshake(bench_end *end)
{
    int result = mbedtls_ssl_handshake(&end->ssl);
    if (result == 0) {
        /* Sending is bounded by the MTU: the same room for all libraries' records. */
        mbedtls_ssl_set_mtu(&end->ssl, BENCH_MTU + 100);
        return BENCH_DONE;
    }
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE ? BENCH_GOING : BENCH_FAILED;
}

size_t backend_prefix(const bench_end *end)
{
    (void)end;
    return 0;
}

bool backend_seal(bench_end *end, const uint8_t *data, size_t len)
{
    return mbedtls_ssl_write(&end->ssl, data, len) == (int)len;
}

const uint8_t *backend_open_record(bench_end *end, size_t *len)
{
    static uint8_t plain[BENCH_DATAGRAM_MAX];
    int            got = mbedtls_ssl_read(&end->ssl, plain, sizeof plain);
    *len = got > 0 ? (size_t)got : 0;
    return got > 0 ? plain : NULL;
}

void backend_settle(bench_end *end)
{
    (void)end;
}

bool backend_own(size_t *allocations, size_t *bytes_now, size_t *bytes_peak)
{
    (void)allocations;
    (void)bytes_now;
    (void)bytes_peak;
    return false;
}
