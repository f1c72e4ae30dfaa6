/* Mbed TLS as a peer: one DTLS 1.2 connection, steered by lines (lines.h).
 *
 *   mbedtls_peer server 0 [OPTION=VALUE...]         mbedtls_peer client PORT [OPTION=VALUE...]
 *
 * Options: suite=HEX groups=HEX,... cert=FILE key=FILE trust=FILE client_auth=off|optional|required cookie=0|1
 * mtu=N srtp=HEX,... name=HOST resend=MS
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/debug.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>

#include "lines.h"
#include "port.h"

#define MOST_LISTED 8
#define LARGEST_RECORD 16384

/* What Mbed TLS's callback shows of the handshake; it has no exporter of its own (RFC 5705). */
typedef struct secrets {
    unsigned char         master[48];
    unsigned char         randoms[64];
    mbedtls_tls_prf_types prf;
} secrets;

typedef struct peer {
    mbedtls_entropy_context      entropy;
    mbedtls_ctr_drbg_context     random;
    mbedtls_ssl_config           config;
    mbedtls_ssl_context          ssl;
    mbedtls_ssl_cookie_ctx       cookies;
    mbedtls_x509_crt             cert;
    mbedtls_x509_crt             trusted;
    mbedtls_pk_context           key;
    mbedtls_timing_delay_context timer;
    mbedtls_net_context          net;
    int                          suites[2];
    mbedtls_ecp_group_id         curves[MOST_LISTED + 1];
    mbedtls_ssl_srtp_profile     profiles[MOST_LISTED + 1];
    secrets                      secrets;
    uint16_t                     mtu;
    uint32_t                     resend;
    bool                         is_server;
    bool                         cookie;
    bool                         joined; /* a server that has been called */
    bool                         connected;
    bool                         over;
} peer;

_Noreturn static void refuse(const char *what, const char *value)
{
    fprintf(stderr, "mbedtls_peer: %s %s\n", what, value);
    exit(2);
}

static void must(int result, const char *what)
{
    if (result != 0) {
        char why[128];
        mbedtls_strerror(result, why, sizeof why);
        fprintf(stderr, "mbedtls_peer: %s: %s\n", what, why);
        exit(2);
    }
}

/* ---- callbacks ---- */

static void show(void *arg, int level, const char *file, int line, const char *text)
{
    (void)arg;
    (void)level;
    (void)file;
    (void)line;
    fprintf(stderr, "%llu %s", (unsigned long long)port_now() % 1000000u, text);
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

/* ---- options ---- */

static mbedtls_ecp_group_id curve_of(unsigned long group)
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

static void take_groups(peer *p, const char *list)
{
    for (size_t i = 0; i < MOST_LISTED && *list != '\0'; i++) {
        char *end;
        p->curves[i] = curve_of(strtoul(list, &end, 16));
        list = *end == ',' ? end + 1 : end;
    }
    mbedtls_ssl_conf_curves(&p->config, p->curves);
}

static void take_profiles(peer *p, const char *list)
{
    for (size_t i = 0; i < MOST_LISTED && *list != '\0'; i++) {
        char *end;
        p->profiles[i] = (mbedtls_ssl_srtp_profile)strtoul(list, &end, 16);
        list = *end == ',' ? end + 1 : end;
    }
    must(mbedtls_ssl_conf_dtls_srtp_protection_profiles(&p->config, p->profiles), "srtp");
}

static int client_auth_of(const char *value)
{
    if (strcmp(value, "required") == 0) {
        return MBEDTLS_SSL_VERIFY_REQUIRED;
    }
    return strcmp(value, "optional") == 0 ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_NONE;
}

/* `name` is for the context, which does not exist yet. */
static void take_option(peer *p, const char *name, const char *value)
{
    if (strcmp(name, "suite") == 0) {
        p->suites[0] = (int)strtoul(value, NULL, 16);
        mbedtls_ssl_conf_ciphersuites(&p->config, p->suites);
    } else if (strcmp(name, "groups") == 0) {
        take_groups(p, value);
    } else if (strcmp(name, "srtp") == 0) {
        take_profiles(p, value);
    } else if (strcmp(name, "cert") == 0) {
        must(mbedtls_x509_crt_parse_file(&p->cert, value), value);
    } else if (strcmp(name, "trust") == 0) {
        must(mbedtls_x509_crt_parse_file(&p->trusted, value), value);
        mbedtls_ssl_conf_ca_chain(&p->config, &p->trusted, NULL);
    } else if (strcmp(name, "key") == 0) {
        must(mbedtls_pk_parse_keyfile(&p->key, value, NULL), value);
    } else if (strcmp(name, "client_auth") == 0) {
        mbedtls_ssl_conf_authmode(&p->config, client_auth_of(value));
    } else if (strcmp(name, "cookie") == 0) {
        p->cookie = value[0] == '1';
    } else if (strcmp(name, "mtu") == 0) {
        p->mtu = (uint16_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "resend") == 0) {
        p->resend = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "name") != 0) {
        refuse("no such option:", name);
    }
}

static const char *take_options(peer *p, int argc, char **argv)
{
    const char *host_name = NULL;
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            refuse("not OPTION=VALUE:", argv[i]);
        }
        *value++ = '\0';
        host_name = strcmp(argv[i], "name") == 0 ? value : host_name;
        take_option(p, argv[i], value);
    }
    return host_name;
}

/* ---- making ---- */

static void configure(peer *p)
{
    static const unsigned char what_for[] = "flightplan interop";
    mbedtls_entropy_init(&p->entropy);
    mbedtls_ctr_drbg_init(&p->random);
    mbedtls_ssl_config_init(&p->config);
    mbedtls_ssl_init(&p->ssl);
    mbedtls_ssl_cookie_init(&p->cookies);
    mbedtls_x509_crt_init(&p->cert);
    mbedtls_x509_crt_init(&p->trusted);
    mbedtls_pk_init(&p->key);
    mbedtls_net_init(&p->net);
    must(mbedtls_ctr_drbg_seed(&p->random, mbedtls_entropy_func, &p->entropy, what_for, sizeof what_for), "random");
    must(mbedtls_ssl_config_defaults(&p->config, p->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                     MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT),
         "config");
    mbedtls_ssl_conf_rng(&p->config, mbedtls_ctr_drbg_random, &p->random);
    mbedtls_ssl_conf_dbg(&p->config, show, NULL);
    mbedtls_debug_set_threshold(2);
    mbedtls_ssl_conf_min_version(&p->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_verify(&p->config, take_any, NULL);
    mbedtls_ssl_conf_export_keys_ext_cb(&p->config, keep_secrets, &p->secrets);
    p->resend = 1000;
}

static void prepare(peer *p, const char *host_name)
{
    mbedtls_ssl_conf_handshake_timeout(&p->config, p->resend, 60000);
    if (p->cert.raw.p != NULL) {
        must(mbedtls_ssl_conf_own_cert(&p->config, &p->cert, &p->key), "certificate");
    }
    if (p->cookie) {
        must(mbedtls_ssl_cookie_setup(&p->cookies, mbedtls_ctr_drbg_random, &p->random), "cookies");
        mbedtls_ssl_conf_dtls_cookies(&p->config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &p->cookies);
    } else {
        mbedtls_ssl_conf_dtls_cookies(&p->config, NULL, NULL, NULL);
    }
    must(mbedtls_ssl_setup(&p->ssl, &p->config), "setup");
    if (host_name != NULL) {
        must(mbedtls_ssl_set_hostname(&p->ssl, host_name), host_name);
    }
    mbedtls_ssl_set_mtu(&p->ssl, p->mtu);
    mbedtls_ssl_set_timer_cb(&p->ssl, &p->timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
    mbedtls_ssl_set_bio(&p->ssl, &p->net, mbedtls_net_send, mbedtls_net_recv, NULL);
}

/* ---- the connection ---- */

static bool is_pause(int result)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static void say_failed(peer *p, int result)
{
    char why[128];
    mbedtls_strerror(result, why, sizeof why);
    say("failed %s", why);
    p->over = true;
}

static void say_connected(peer *p)
{
    const mbedtls_x509_crt *shown = mbedtls_ssl_get_peer_cert(&p->ssl);
    mbedtls_dtls_srtp_info srtp;
    uint8_t fingerprint[32];
    if (shown != NULL && mbedtls_sha256_ret(shown->raw.p, shown->raw.len, fingerprint, 0) == 0) {
        say_hex("certificate", fingerprint, sizeof fingerprint);
    } else {
        say("certificate none");
    }
    mbedtls_ssl_get_dtls_srtp_negotiation_result(&p->ssl, &srtp);
    say("connected version=%s suite=%04x srtp=%04x", mbedtls_ssl_get_version(&p->ssl),
        (unsigned)mbedtls_ssl_get_ciphersuite_id(mbedtls_ssl_get_ciphersuite(&p->ssl)),
        (unsigned)srtp.chosen_dtls_srtp_profile);
}

/* The address is the port alone: there is one host here. */
static void name_client(peer *p)
{
    static const unsigned char address[] = "loopback";
    must(mbedtls_ssl_set_client_transport_id(&p->ssl, address, sizeof address), "transport id");
}

static void shake_hands(peer *p)
{
    int result;
    if (p->is_server && !p->joined) {
        port_join(p->net.fd);
        p->joined = true;
        name_client(p);
    }
    result = mbedtls_ssl_handshake(&p->ssl);
    if (result == 0) {
        p->connected = true;
        say_connected(p);
    } else if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
        must(mbedtls_ssl_session_reset(&p->ssl), "reset");
        name_client(p);
    } else if (!is_pause(result)) {
        say_failed(p, result);
    }
}

static void read_data(peer *p)
{
    static unsigned char data[LARGEST_RECORD];
    int result;
    while (!p->over && !is_pause(result = mbedtls_ssl_read(&p->ssl, data, sizeof data))) {
        if (result > 0) {
            say_hex("data", data, (size_t)result);
        } else if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            say("closed");
            (void)mbedtls_ssl_close_notify(&p->ssl);
            return;
        } else if (result < 0) {
            say_failed(p, result);
        }
    }
}

/* ---- commands ---- */

static void send_data(peer *p, const char *hex)
{
    static uint8_t data[LINES_MOST / 2];
    size_t len = from_hex(hex, data, sizeof data);
    int result = mbedtls_ssl_write(&p->ssl, data, len);
    say("sent %zu %d", len, result == (int)len ? 0 : result);
}

static void export_secret(peer *p, const char *label, size_t len)
{
    uint8_t secret[256];
    if (len <= sizeof secret && mbedtls_ssl_tls_prf(p->secrets.prf, p->secrets.master, sizeof p->secrets.master, label,
                                                    p->secrets.randoms, sizeof p->secrets.randoms, secret, len) == 0) {
        say_hex("export", secret, len);
    } else {
        say("export refused");
    }
}

static void obey(peer *p, char *line)
{
    char *argument = strchr(line, ' ');
    char *second = argument == NULL ? NULL : strchr(argument + 1, ' ');
    if (strcmp(line, "quit") == 0) {
        p->over = true;
    } else if (!p->connected) {
        say("nobody is there");
    } else if (strcmp(line, "close") == 0) {
        (void)mbedtls_ssl_close_notify(&p->ssl);
        say("closing");
    } else if (strcmp(line, "max") == 0) {
        say("max %d", mbedtls_ssl_get_max_out_record_payload(&p->ssl));
    } else if (argument != NULL && strncmp(line, "mtu ", 4) == 0) {
        mbedtls_ssl_set_mtu(&p->ssl, (uint16_t)strtoul(argument + 1, NULL, 10));
        say("max %d", mbedtls_ssl_get_max_out_record_payload(&p->ssl));
    } else if (argument != NULL && strncmp(line, "send ", 5) == 0) {
        send_data(p, argument + 1);
    } else if (second != NULL && strncmp(line, "export ", 7) == 0) {
        *second = '\0';
        export_secret(p, argument + 1, strtoul(second + 1, NULL, 10));
    } else {
        refuse("no such command:", line);
    }
}

/* Mbed TLS says only that a timer has run out, not when it will: look often while one runs. */
static int patience(const peer *p)
{
    return p->connected || (p->is_server && !p->joined) ? 1000 : 20;
}

static void loop(peer *p)
{
    static lines commands;
    struct pollfd fds[2] = {{p->net.fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (!p->over && !commands.ended) {
        char *line;
        (void)poll(fds, 2, patience(p));
        if (p->connected) {
            if (fds[0].revents != 0) {
                read_data(p);
            }
        } else if (!p->is_server || p->joined || fds[0].revents != 0) {
            shake_hands(p);
        }
        if (fds[1].revents != 0) {
            lines_fill(&commands);
            while (!p->over && (line = lines_next(&commands)) != NULL) {
                obey(p, line);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static peer p;
    uint16_t port;
    if (argc < 3) {
        refuse("usage: mbedtls_peer server|client PORT OPTION=VALUE...", "");
    }
    port = (uint16_t)strtoul(argv[2], NULL, 10);
    p.is_server = strcmp(argv[1], "server") == 0;
    configure(&p);
    prepare(&p, take_options(&p, argc - 3, argv + 3));
    if (p.is_server) {
        p.net.fd = port_listen(&port);
        say("listening %u", (unsigned)port);
    } else {
        p.net.fd = port_connect(port);
        shake_hands(&p);
    }
    loop(&p);
    mbedtls_ssl_free(&p.ssl);
    mbedtls_ssl_config_free(&p.config);
    mbedtls_ssl_cookie_free(&p.cookies);
    mbedtls_x509_crt_free(&p.cert);
    mbedtls_x509_crt_free(&p.trusted);
    mbedtls_pk_free(&p.key);
    mbedtls_ctr_drbg_free(&p.random);
    mbedtls_entropy_free(&p.entropy);
    (void)close(p.net.fd);
    say("ended");
    return EXIT_SUCCESS;
}
