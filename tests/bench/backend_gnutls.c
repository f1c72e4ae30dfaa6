#include <errno.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

struct bench_end {
    gnutls_session_t session;
    bench_wire      *in;
    bench_wire      *out;
};

static gnutls_certificate_credentials_t credentials[BENCH_IDENTITIES];
static gnutls_priority_t                priority;

static ssize_t wire_push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
    bench_end *end = arg;
    memcpy(bench_wire_room(end->out), data, len);
    bench_wire_put(end->out, len);
    return (ssize_t)len;
}

static ssize_t wire_pull(gnutls_transport_ptr_t arg, void *out, size_t cap)
{
    bench_end     *end = arg;
    size_t         len = 0;
    const uint8_t *datagram = bench_wire_take(end->in, &len);
    if (datagram == NULL) {
        gnutls_transport_set_errno(end->session, EAGAIN);
        return -1;
    }
    len = len < cap ? len : cap;
    memcpy(out, datagram, len);
    return (ssize_t)len;
}

static int wire_wait(gnutls_transport_ptr_t arg, unsigned milliseconds)
{
    const bench_end *end = arg;
    (void)milliseconds;
    return end->in->first < end->in->num;
}

static bool load(const bench_identity *identity, gnutls_certificate_credentials_t *out)
{
    gnutls_datum_t certificate;
    gnutls_datum_t key;
    certificate.data = (unsigned char *)(uintptr_t)identity->certificate;
    certificate.size = (unsigned)identity->certificate_len;
    key.data = (unsigned char *)(uintptr_t)identity->key;
    key.size = (unsigned)identity->key_len;
    return gnutls_certificate_allocate_credentials(out) == 0 &&
           gnutls_certificate_set_x509_key_mem(*out, &certificate, &key, GNUTLS_X509_FMT_DER) == 0;
}

bool backend_can(const bench_setup *setup)
{
    return !setup->dtls13 && setup->group != BENCH_X25519MLKEM768;
}

bool backend_open(const bench_setup *setup)
{
    char text[256] = "NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:+AEAD:+SIGN-ECDSA-SHA256:+COMP-NULL:+CTYPE-X509";
    (void)strcat(text, setup->chacha ? ":+CHACHA20-POLY1305" : ":+AES-128-GCM");
    (void)strcat(text, setup->group == BENCH_P256 ? ":+GROUP-SECP256R1" : ":+GROUP-X25519:+GROUP-SECP256R1");
    if (gnutls_priority_init(&priority, text, NULL) != 0) {
        return false;
    }
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        if (!load(&setup->identities[i], &credentials[i])) {
            return false;
        }
    }
    return true;
}

bench_end *backend_new(bool server, unsigned identity, bench_wire *in, bench_wire *out)
{
    bench_end *end = calloc(1, sizeof *end);
    unsigned   flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS;
    if (end == NULL || gnutls_init(&end->session, flags) != 0) {
        return NULL;
    }
    end->in = in;
    end->out = out;
    if (gnutls_priority_set(end->session, priority) != 0 ||
        gnutls_credentials_set(end->session, GNUTLS_CRD_CERTIFICATE, credentials[identity]) != 0 ||
        gnutls_srtp_set_profile_direct(end->session, "SRTP_AES128_CM_HMAC_SHA1_80", NULL) != 0) {
        return NULL;
    }
    gnutls_transport_set_ptr(end->session, end);
    gnutls_transport_set_push_function(end->session, wire_push);
    gnutls_transport_set_pull_function(end->session, wire_pull);
    gnutls_transport_set_pull_timeout_function(end->session, wire_wait);
    gnutls_dtls_set_mtu(end->session, BENCH_MTU);
    if (server) {
        gnutls_certificate_server_set_request(end->session, GNUTLS_CERT_REQUIRE);
    }
    return end;
}

void backend_free(bench_end *end)
{
    gnutls_deinit(end->session);
    free(end);
}

bench_progress backend_handshake(bench_end *end)
{
    int result = gnutls_handshake(end->session);
    if (result == 0) {
        /* Sending is bounded by the MTU: the same room for all libraries' records. */
        gnutls_dtls_set_mtu(end->session, BENCH_MTU + 100);
        return BENCH_DONE;
    }
    return gnutls_error_is_fatal(result) ? BENCH_FAILED : BENCH_GOING;
}

size_t backend_prefix(const bench_end *end)
{
    (void)end;
    return 0;
}

bool backend_seal(bench_end *end, const uint8_t *data, size_t len)
{
    return gnutls_record_send(end->session, data, len) == (ssize_t)len;
}

const uint8_t *backend_open_record(bench_end *end, size_t *len)
{
    static uint8_t plain[BENCH_DATAGRAM_MAX];
    ssize_t        got = gnutls_record_recv(end->session, plain, sizeof plain);
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
