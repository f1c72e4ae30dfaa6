/* GnuTLS's library as a peer (other.h): what gnutls-serv and gnutls-cli cannot, the library can. */
#include "other.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <gnutls/crypto.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "port.h"

const char other_name[] = "libgnutls_peer";

static struct {
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    gnutls_datum_t cookie_key;
    int fd;
    bool proving; /* a server whose client has not shown its cookie yet */
    unsigned mtu;
    int error;
} my;

const char *other_why(void)
{
    return gnutls_strerror(my.error);
}

static void must(int result, const char *what)
{
    if (result < 0) {
        my.error = result;
        other_refuse(what, other_why());
    }
}

static void show(int level, const char *text)
{
    fprintf(stderr, "%d %s", level, text);
}

/* ---- making ---- */

static const char *suite_words(uint16_t suite)
{
    switch (suite) {
    case 0xc02b:
        return "+AES-128-GCM";
    case 0xc02c:
        return "+AES-256-GCM";
    default:
        return "+CHACHA20-POLY1305";
    }
}

static const char *group_word(uint16_t group)
{
    switch (group) {
    case 0x17:
        return "SECP256R1";
    case 0x18:
        return "SECP384R1";
    default:
        return "X25519";
    }
}

static void choose(const other_options *o)
{
    char words[512];
    int len = snprintf(words, sizeof words,
                       "NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:%s:+AEAD:+COMP-NULL:+CTYPE-X509:"
                       "+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384",
                       suite_words(o->suite));
    for (size_t i = 0; i < OTHER_LISTED && o->groups[i] != 0 && len > 0 && (size_t)len < sizeof words; i++) {
        len += snprintf(words + len, sizeof words - (size_t)len, ":+GROUP-%s", group_word(o->groups[i]));
    }
    must(gnutls_priority_set_direct(my.session, words, NULL), words);
    if (o->profiles[0] != 0) {
        must(gnutls_srtp_set_profile(my.session, GNUTLS_SRTP_AES128_CM_HMAC_SHA1_80), "srtp");
    }
}

static void authenticate(const other_options *o)
{
    static const gnutls_certificate_request_t modes[] = {
        [ASKS_OFF] = GNUTLS_CERT_IGNORE, [ASKS_OPTIONAL] = GNUTLS_CERT_REQUEST, [ASKS_REQUIRED] = GNUTLS_CERT_REQUIRE};
    must(gnutls_certificate_allocate_credentials(&my.credentials), "credentials");
    if (o->cert != NULL && o->key != NULL) {
        must(gnutls_certificate_set_x509_key_file(my.credentials, o->cert, o->key, GNUTLS_X509_FMT_PEM), o->cert);
    }
    must(gnutls_credentials_set(my.session, GNUTLS_CRD_CERTIFICATE, my.credentials), "credentials");
    if (o->is_server) {
        gnutls_certificate_server_set_request(my.session, modes[o->asks]);
    }
}

void other_begin(const other_options *o)
{
    my.fd = o->fd;
    my.proving = o->is_server && o->cookie;
    my.mtu = o->mtu;
    gnutls_global_set_log_function(show);
    gnutls_global_set_log_level(4);
    must(gnutls_init(&my.session, (o->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK),
         "session");
    must(gnutls_key_generate(&my.cookie_key, GNUTLS_COOKIE_KEY_SIZE), "cookies");
    choose(o);
    authenticate(o);
    if (o->name != NULL) {
        must(gnutls_server_name_set(my.session, GNUTLS_NAME_DNS, o->name, strlen(o->name)), o->name);
    }
    gnutls_dtls_set_timeouts(my.session, o->resend, 60000);
    gnutls_dtls_set_mtu(my.session, o->mtu);
    gnutls_transport_set_int(my.session, o->fd);
}

void other_end(void)
{
    gnutls_deinit(my.session);
    gnutls_certificate_free_credentials(my.credentials);
    gnutls_free(my.cookie_key.data);
}

/* ---- the connection ---- */

static other_result result_of(ssize_t result)
{
    if (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_TIMEDOUT ||
        result == GNUTLS_E_WARNING_ALERT_RECEIVED) {
        return OTHER_PAUSE;
    }
    my.error = (int)result;
    return result < 0 ? OTHER_FAILED : OTHER_DONE;
}

static ssize_t push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
    (void)arg;
    return send(my.fd, data, len, 0);
}

/* Looks at the datagram that waits; true when its cookie is good, and then leaves it for the handshake. */
static bool cookie_proven(void)
{
    static uint8_t datagram[PORT_LARGEST];
    static char client[] = "loopback";
    gnutls_dtls_prestate_st state;
    ssize_t len = recv(my.fd, datagram, sizeof datagram, MSG_PEEK);
    memset(&state, 0, sizeof state);
    if (len < 0) {
        return false;
    }
    if (gnutls_dtls_cookie_verify(&my.cookie_key, client, sizeof client, datagram, (size_t)len, &state) >= 0) {
        gnutls_dtls_prestate_set(my.session, &state);
        return true;
    }
    (void)gnutls_dtls_cookie_send(&my.cookie_key, client, sizeof client, &state, NULL, push);
    (void)recv(my.fd, datagram, sizeof datagram, 0);
    return false;
}

other_result other_shake_hands(void)
{
    int result;
    if (my.proving) {
        if (!cookie_proven()) {
            return OTHER_PAUSE;
        }
        my.proving = false;
    }
    do {
        result = gnutls_handshake(my.session);
    } while (result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_WARNING_ALERT_RECEIVED);
    return result_of(result);
}

static uint16_t suite_of(gnutls_cipher_algorithm_t cipher)
{
    if (cipher == GNUTLS_CIPHER_AES_128_GCM) {
        return 0xc02b;
    }
    return cipher == GNUTLS_CIPHER_AES_256_GCM ? 0xc02c : 0xcca9;
}

void other_tell(other_facts *facts)
{
    unsigned num = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(my.session, &num);
    gnutls_srtp_profile_t profile;
    size_t len = sizeof facts->fingerprint;
    facts->suite = suite_of(gnutls_cipher_get(my.session));
    facts->profile = gnutls_srtp_get_selected_profile(my.session, &profile) == 0 ? (uint16_t)profile : 0;
    facts->has_certificate =
        chain != NULL && num > 0 && gnutls_fingerprint(GNUTLS_DIG_SHA256, &chain[0], facts->fingerprint, &len) == 0;
}

other_result other_read(uint8_t data[OTHER_LARGEST], size_t *len)
{
    ssize_t result = gnutls_record_recv(my.session, data, OTHER_LARGEST);
    *len = result > 0 ? (size_t)result : 0;
    return result == 0 ? OTHER_CLOSED : result_of(result);
}

bool other_write(const uint8_t *data, size_t len)
{
    ssize_t result = gnutls_record_send(my.session, data, len);
    return result_of(result) == OTHER_DONE && result == (ssize_t)len;
}

void other_close(void)
{
    (void)gnutls_bye(my.session, GNUTLS_SHUT_WR);
}

bool other_export(const char *label, uint8_t *out, size_t len)
{
    return gnutls_prf_rfc5705(my.session, strlen(label), label, 0, NULL, len, (char *)out) == 0;
}

void other_set_mtu(size_t mtu)
{
    my.mtu = (unsigned)mtu;
    gnutls_dtls_set_mtu(my.session, my.mtu);
}

size_t other_max_payload(void)
{
    size_t most = gnutls_dtls_get_data_mtu(my.session);
    return most > OTHER_LARGEST ? OTHER_LARGEST : most;
}
