/* Mbed TLS as a peer (other.h). */
#include "other.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/debug.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>

const char other_name[] = "mbedtls_peer";

/* What Mbed TLS's callback shows of the handshake; it has no exporter of its own (RFC 5705). */
typedef struct secrets {
    unsigned char master[48];
    unsigned char randoms[64];
    mbedtls_tls_prf_types prf;
} secrets;

static struct {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_cookie_ctx cookies;
    mbedtls_x509_crt cert;
    mbedtls_x509_crt trusted;
    mbedtls_pk_context key;
    mbedtls_timing_delay_context timer;
    mbedtls_net_context net;
    int suites[2];
    mbedtls_ecp_group_id curves[OTHER_LISTED + 1];
    mbedtls_ssl_srtp_profile profiles[OTHER_LISTED + 1];
    secrets secrets;
    int error;
} my;

const char *other_why(void)
{
    static char why[128];
    mbedtls_strerror(my.error, why, sizeof why);
    return why;
}

static void must(int result, const char *what)
{
    if (result != 0) {
        my.error = result;
        other_refuse(what, other_why());
    }
}

/* ---- callbacks ---- */

static void show(void *arg, int level, const char *file, int line, const char *text)
{
    (void)arg;
    (void)level;
    (void)file;
    (void)line;
    fputs(text, stderr);
}

static int keep_secrets(void *arg, const unsigned char *master, const unsigned char *block, size_t mac_len, size_t key_len,
                        size_t iv_len, const unsigned char client_random[32], const unsigned char server_random[32],
                        mbedtls_tls_prf_types prf)
{
    secrets *kept = arg;
    (void)block;
    (void)mac_len;
    (void)key_len;
    (void)iv_len;
    memcpy(kept->master, master, sizeof kept->master);
    memcpy(kept->randoms, client_random, 32);
    memcpy(kept->randoms + 32, server_random, 32);
    kept->prf = prf;
    return 0;
}

/* Certificates are of the case's own making: run.py compares the fingerprint. */
static int take_any(void *arg, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    (void)arg;
    (void)cert;
    (void)depth;
    *flags = 0;
    return 0;
}

/* ---- making ---- */

static mbedtls_ecp_group_id curve_of(uint16_t group)
{
    switch (group) {
    case 0x17:
        return MBEDTLS_ECP_DP_SECP256R1;
    case 0x18:
        return MBEDTLS_ECP_DP_SECP384R1;
    case 0x1d:
        return MBEDTLS_ECP_DP_CURVE25519;
    default:
        return MBEDTLS_ECP_DP_NONE;
    }
}

static void init(void)
{
    static const unsigned char what_for[] = "flightplan interop";
    mbedtls_entropy_init(&my.entropy);
    mbedtls_ctr_drbg_init(&my.random);
    mbedtls_ssl_config_init(&my.config);
    mbedtls_ssl_init(&my.ssl);
    mbedtls_ssl_cookie_init(&my.cookies);
    mbedtls_x509_crt_init(&my.cert);
    mbedtls_x509_crt_init(&my.trusted);
    mbedtls_pk_init(&my.key);
    must(mbedtls_ctr_drbg_seed(&my.random, mbedtls_entropy_func, &my.entropy, what_for, sizeof what_for), "random");
}

static void choose(const other_options *o)
{
    my.suites[0] = o->suite;
    mbedtls_ssl_conf_ciphersuites(&my.config, my.suites);
    for (size_t i = 0; i < OTHER_LISTED && o->groups[i] != 0; i++) {
        my.curves[i] = curve_of(o->groups[i]);
    }
    mbedtls_ssl_conf_curves(&my.config, my.curves);
    if (o->profiles[0] != 0) {
        memcpy(my.profiles, o->profiles, sizeof o->profiles);
        must(mbedtls_ssl_conf_dtls_srtp_protection_profiles(&my.config, my.profiles), "srtp");
    }
}

static void authenticate(const other_options *o)
{
    static const int modes[] = {[ASKS_OFF] = MBEDTLS_SSL_VERIFY_NONE,
                                [ASKS_OPTIONAL] = MBEDTLS_SSL_VERIFY_OPTIONAL,
                                [ASKS_REQUIRED] = MBEDTLS_SSL_VERIFY_REQUIRED};
    if (o->is_server) {
        mbedtls_ssl_conf_authmode(&my.config, modes[o->asks]);
    }
    mbedtls_ssl_conf_verify(&my.config, take_any, NULL);
    if (o->trust != NULL) {
        must(mbedtls_x509_crt_parse_file(&my.trusted, o->trust), o->trust);
        mbedtls_ssl_conf_ca_chain(&my.config, &my.trusted, NULL);
    }
    if (o->cert != NULL && o->key != NULL) {
        must(mbedtls_x509_crt_parse_file(&my.cert, o->cert), o->cert);
        must(mbedtls_pk_parse_keyfile(&my.key, o->key, NULL), o->key);
        must(mbedtls_ssl_conf_own_cert(&my.config, &my.cert, &my.key), "certificate");
    }
}

/* There is one client at most. */
static void name_client(void)
{
    static const unsigned char address[] = "loopback";
    must(mbedtls_ssl_set_client_transport_id(&my.ssl, address, sizeof address), "transport id");
}

static void bake_cookies(const other_options *o)
{
    if (o->cookie) {
        must(mbedtls_ssl_cookie_setup(&my.cookies, mbedtls_ctr_drbg_random, &my.random), "cookies");
        mbedtls_ssl_conf_dtls_cookies(&my.config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &my.cookies);
    } else {
        mbedtls_ssl_conf_dtls_cookies(&my.config, NULL, NULL, NULL);
    }
}

void other_begin(const other_options *o)
{
    init();
    must(mbedtls_ssl_config_defaults(&my.config, o->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                     MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT),
         "config");
    mbedtls_ssl_conf_rng(&my.config, mbedtls_ctr_drbg_random, &my.random);
    mbedtls_ssl_conf_dbg(&my.config, show, NULL);
    mbedtls_debug_set_threshold(2);
    mbedtls_ssl_conf_min_version(&my.config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_export_keys_ext_cb(&my.config, keep_secrets, &my.secrets);
    mbedtls_ssl_conf_handshake_timeout(&my.config, o->resend, 60000);
    choose(o);
    authenticate(o);
    bake_cookies(o);
    must(mbedtls_ssl_setup(&my.ssl, &my.config), "setup");
    if (o->name != NULL) {
        must(mbedtls_ssl_set_hostname(&my.ssl, o->name), o->name);
    }
    if (o->is_server) {
        name_client();
    }
    my.net.fd = o->fd;
    mbedtls_ssl_set_mtu(&my.ssl, (uint16_t)o->mtu);
    mbedtls_ssl_set_timer_cb(&my.ssl, &my.timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
    mbedtls_ssl_set_bio(&my.ssl, &my.net, mbedtls_net_send, mbedtls_net_recv, NULL);
}

void other_end(void)
{
    mbedtls_ssl_free(&my.ssl);
    mbedtls_ssl_config_free(&my.config);
    mbedtls_ssl_cookie_free(&my.cookies);
    mbedtls_x509_crt_free(&my.cert);
    mbedtls_x509_crt_free(&my.trusted);
    mbedtls_pk_free(&my.key);
    mbedtls_ctr_drbg_free(&my.random);
    mbedtls_entropy_free(&my.entropy);
}

/* ---- the connection ---- */

static other_result result_of(int result)
{
    switch (result) {
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        return OTHER_PAUSE;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return OTHER_CLOSED;
    default:
        my.error = result;
        return result < 0 ? OTHER_FAILED : OTHER_DONE;
    }
}

other_result other_shake_hands(void)
{
    int result = mbedtls_ssl_handshake(&my.ssl);
    if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
        must(mbedtls_ssl_session_reset(&my.ssl), "reset");
        name_client();
        return OTHER_PAUSE;
    }
    return result_of(result);
}

void other_tell(other_facts *facts)
{
    const mbedtls_x509_crt *shown = mbedtls_ssl_get_peer_cert(&my.ssl);
    mbedtls_dtls_srtp_info srtp;
    mbedtls_ssl_get_dtls_srtp_negotiation_result(&my.ssl, &srtp);
    facts->profile = srtp.chosen_dtls_srtp_profile;
    facts->suite = (uint16_t)mbedtls_ssl_get_ciphersuite_id(mbedtls_ssl_get_ciphersuite(&my.ssl));
    facts->has_certificate = shown != NULL && shown->raw.p != NULL &&
                             mbedtls_sha256_ret(shown->raw.p, shown->raw.len, facts->fingerprint, 0) == 0;
}

other_result other_read(uint8_t data[OTHER_LARGEST], size_t *len)
{
    int result = mbedtls_ssl_read(&my.ssl, data, OTHER_LARGEST);
    *len = result > 0 ? (size_t)result : 0;
    return result_of(result);
}

bool other_write(const uint8_t *data, size_t len)
{
    my.error = mbedtls_ssl_write(&my.ssl, data, len);
    return my.error == (int)len;
}

void other_close(void)
{
    (void)mbedtls_ssl_close_notify(&my.ssl);
}

bool other_export(const char *label, uint8_t *out, size_t len)
{
    return mbedtls_ssl_tls_prf(my.secrets.prf, my.secrets.master, sizeof my.secrets.master, label, my.secrets.randoms,
                               sizeof my.secrets.randoms, out, len) == 0;
}

void other_set_mtu(size_t mtu)
{
    mbedtls_ssl_set_mtu(&my.ssl, (uint16_t)mtu);
}

size_t other_max_payload(void)
{
    int most = mbedtls_ssl_get_max_out_record_payload(&my.ssl);
    return most < 0 ? 0 : (size_t)most;
}
