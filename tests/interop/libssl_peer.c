/* OpenSSL's libssl as a peer (other.h): what s_server and s_client cannot, the library can. */
#include "other.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>

const char other_name[] = "libssl_peer";

#define COOKIE_LEN 16

static struct {
    SSL_CTX *context;
    SSL *ssl;
    unsigned resend;
    unsigned char cookie[COOKIE_LEN];
    char why[256];
} my;

const char *other_why(void)
{
    return my.why;
}

static void must(bool worked, const char *what)
{
    if (!worked) {
        ERR_print_errors_fp(stderr);
        other_refuse("libssl does not take", what);
    }
}

/* ---- callbacks ---- */

/* There is one client, and one cookie. */
static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned *len)
{
    (void)ssl;
    memcpy(cookie, my.cookie, COOKIE_LEN);
    *len = COOKIE_LEN;
    return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    (void)ssl;
    return len == COOKIE_LEN && memcmp(cookie, my.cookie, COOKIE_LEN) == 0;
}

/* Certificates are of the case's own making: run.py compares the fingerprint. */
static int take_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static unsigned next_delay(SSL *ssl, unsigned before)
{
    (void)ssl;
    return before == 0 ? my.resend * 1000u : before * 2u;
}

static void show_state(const SSL *ssl, int where, int value)
{
    if ((where & SSL_CB_ALERT) != 0) {
        fprintf(stderr, "alert %s %s\n", (where & SSL_CB_READ) != 0 ? "read" : "written", SSL_alert_desc_string_long(value));
    } else {
        fprintf(stderr, "%s\n", SSL_state_string_long(ssl));
    }
}

/* ---- making ---- */

static const char *suite_name(uint16_t suite)
{
    switch (suite) {
    case 0xc02b:
        return "ECDHE-ECDSA-AES128-GCM-SHA256";
    case 0xc02c:
        return "ECDHE-ECDSA-AES256-GCM-SHA384";
    case 0xcca9:
        return "ECDHE-ECDSA-CHACHA20-POLY1305";
    default:
        return "NONE";
    }
}

static const char *group_name(uint16_t group)
{
    switch (group) {
    case 0x17:
        return "P-256";
    case 0x18:
        return "P-384";
    default:
        return "X25519";
    }
}

static const char *profile_name(uint16_t profile)
{
    switch (profile) {
    case 7:
        return "SRTP_AEAD_AES_128_GCM";
    case 8:
        return "SRTP_AEAD_AES_256_GCM";
    default:
        return "SRTP_AES128_CM_SHA1_80";
    }
}

static void join(char *list, size_t cap, const uint16_t *values, const char *(*name_of)(uint16_t))
{
    size_t len = 0;
    for (size_t i = 0; i < OTHER_LISTED && values[i] != 0 && len < cap; i++) {
        len += (size_t)snprintf(list + len, cap - len, "%s%s", i == 0 ? "" : ":", name_of(values[i]));
    }
}

static void choose(const other_options *o)
{
    char list[256] = "";
    must(SSL_CTX_set_cipher_list(my.context, suite_name(o->suite)) == 1, "suite");
    join(list, sizeof list, o->groups, group_name);
    must(SSL_CTX_set1_groups_list(my.context, list) == 1, list);
    if (o->profiles[0] != 0) {
        join(list, sizeof list, o->profiles, profile_name);
        must(SSL_CTX_set_tlsext_use_srtp(my.context, list) == 0, list);
    }
}

static void authenticate(const other_options *o)
{
    static const int modes[] = {[ASKS_OFF] = SSL_VERIFY_NONE,
                                [ASKS_OPTIONAL] = SSL_VERIFY_PEER,
                                [ASKS_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
    SSL_CTX_set_verify(my.context, o->is_server ? modes[o->asks] : SSL_VERIFY_PEER, take_any);
    if (o->cert != NULL && o->key != NULL) {
        must(SSL_CTX_use_certificate_chain_file(my.context, o->cert) == 1, o->cert);
        must(SSL_CTX_use_PrivateKey_file(my.context, o->key, SSL_FILETYPE_PEM) == 1, o->key);
    }
}

/* A datagram BIO must be told whom the socket is connected to. */
static BIO *wire(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
    must(bio != NULL && getpeername(fd, (struct sockaddr *)&peer, &len) == 0, "the socket");
    (void)BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &peer);
    return bio;
}

void other_begin(const other_options *o)
{
    BIO *bio = wire(o->fd);
    my.resend = o->resend;
    my.context = SSL_CTX_new(o->is_server ? DTLS_server_method() : DTLS_client_method());
    must(my.context != NULL && RAND_bytes(my.cookie, COOKIE_LEN) == 1, "a context");
    must(SSL_CTX_set_min_proto_version(my.context, DTLS1_2_VERSION) == 1, "DTLS 1.2");
    SSL_CTX_set_cookie_generate_cb(my.context, make_cookie);
    SSL_CTX_set_cookie_verify_cb(my.context, check_cookie);
    SSL_CTX_set_info_callback(my.context, show_state);
    choose(o);
    authenticate(o);
    my.ssl = SSL_new(my.context);
    must(my.ssl != NULL, "a connection");
    (void)SSL_set_options(my.ssl, SSL_OP_NO_QUERY_MTU | (o->cookie ? SSL_OP_COOKIE_EXCHANGE : 0));
    must(SSL_set_mtu(my.ssl, o->mtu) > 0, "mtu");
    DTLS_set_timer_cb(my.ssl, next_delay);
    SSL_set_bio(my.ssl, bio, bio);
    if (o->is_server) {
        SSL_set_accept_state(my.ssl);
    } else {
        must(o->name == NULL || SSL_set_tlsext_host_name(my.ssl, o->name) == 1, "name");
        SSL_set_connect_state(my.ssl);
    }
}

void other_end(void)
{
    SSL_free(my.ssl);
    SSL_CTX_free(my.context);
}

/* ---- the connection ---- */

static other_result result_of(int result)
{
    unsigned long error;
    switch (SSL_get_error(my.ssl, result)) {
    case SSL_ERROR_NONE:
        return OTHER_DONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return OTHER_PAUSE;
    case SSL_ERROR_ZERO_RETURN:
        return OTHER_CLOSED;
    default:
        error = ERR_peek_error();
        if (error == 0) {
            ERR_clear_error();
            return OTHER_PAUSE; /* an ICMP message: nobody was there, or is any more */
        }
        ERR_error_string_n(error, my.why, sizeof my.why);
        ERR_print_errors_fp(stderr);
        return OTHER_FAILED;
    }
}

other_result other_shake_hands(void)
{
    ERR_clear_error();
    if (DTLSv1_handle_timeout(my.ssl) < 0) {
        (void)snprintf(my.why, sizeof my.why, "timed out");
        return OTHER_FAILED;
    }
    return result_of(SSL_do_handshake(my.ssl));
}

void other_tell(other_facts *facts)
{
    X509 *shown = SSL_get1_peer_certificate(my.ssl);
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(my.ssl);
    unsigned len = sizeof facts->fingerprint;
    facts->suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(my.ssl));
    facts->profile = profile == NULL ? 0 : (uint16_t)profile->id;
    facts->has_certificate = shown != NULL && X509_digest(shown, EVP_sha256(), facts->fingerprint, &len) == 1;
    X509_free(shown);
}

other_result other_read(uint8_t data[OTHER_LARGEST], size_t *len)
{
    int result;
    ERR_clear_error();
    result = SSL_read(my.ssl, data, OTHER_LARGEST);
    *len = result > 0 ? (size_t)result : 0;
    return result_of(result);
}

bool other_write(const uint8_t *data, size_t len)
{
    int result;
    ERR_clear_error();
    result = SSL_write(my.ssl, data, (int)len);
    return result_of(result) == OTHER_DONE && result == (int)len;
}

void other_close(void)
{
    (void)SSL_shutdown(my.ssl);
}

bool other_export(const char *label, uint8_t *out, size_t len)
{
    return SSL_export_keying_material(my.ssl, out, len, label, strlen(label), NULL, 0, 0) == 1;
}

void other_set_mtu(size_t mtu)
{
    (void)SSL_set_mtu(my.ssl, (long)mtu);
}

size_t other_max_payload(void)
{
    size_t most = DTLS_get_data_mtu(my.ssl);
    return most > OTHER_LARGEST ? OTHER_LARGEST : most;
}
