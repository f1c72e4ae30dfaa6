#include <flightplan/flightplan.h>
#include <stdlib.h>

#include "backend.h"
#include "crypto/features.h"

struct bench_end {
    fpl_conn   *conn;
    bench_wire *in;
    bench_wire *out;
    bool        server;
    bool        started;
    bool        connected;
};

static fpl_config *configs[2][BENCH_IDENTITIES];
static struct {
    size_t allocations;
    size_t bytes;
    size_t peak;
} own;

static void *allocate(void *arg, size_t size)
{
    (void)arg;
    own.allocations++;
    own.bytes += size;
    own.peak = own.bytes > own.peak ? own.bytes : own.peak;
    return malloc(size);
}

static void release(void *arg, void *memory, size_t size)
{
    (void)arg;
    own.bytes -= size;
    free(memory);
}

static fpl_cipher_suite suite_of(const bench_setup *setup)
{
    if (setup->dtls13) {
        return setup->chacha ? FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256 : FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256;
    }
    return setup->chacha ? FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                         : FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
}

static fpl_config *make_config(const bench_setup *setup, const bench_identity *identity)
{
    static const fpl_allocator  allocator = {allocate, release, NULL};
    static const fpl_named_group groups[] = {
        [BENCH_X25519] = FPL_NAMED_GROUP_X25519,
        [BENCH_P256] = FPL_NAMED_GROUP_SECP256R1,
        [BENCH_X25519MLKEM768] = FPL_NAMED_GROUP_X25519MLKEM768,
    };
    const fpl_cipher_suite      suite = suite_of(setup);
    const fpl_signature_scheme  scheme = FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256;
    const fpl_srtp_protection_profile profile = FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80;
    fpl_config                 *config = fpl_config_new_with_allocator(&allocator);
    if (config == NULL ||
        fpl_config_set_versions(config, setup->dtls13 ? FPL_VERSIONS_DTLS13 : FPL_VERSIONS_DTLS12) != FPL_OK ||
        fpl_config_set_cipher_suites(config, &suite, 1) != FPL_OK ||
        fpl_config_set_groups(config, &groups[setup->group], 1) != FPL_OK ||
        fpl_config_set_signature_schemes(config, &scheme, 1) != FPL_OK ||
        (!setup->no_srtp && fpl_config_set_srtp_profiles(config, &profile, 1) != FPL_OK) ||
        fpl_config_set_client_auth(config, FPL_CLIENT_AUTH_REQUIRED) != FPL_OK ||
        fpl_config_set_trust(config, FPL_TRUST_ACCEPT_AND_NOTIFY) != FPL_OK ||
        fpl_config_set(config, FPL_SETTING_MTU, BENCH_MTU) != FPL_OK ||
        fpl_config_set_credential(config, identity->certificate, identity->certificate_len, identity->key,
                                  identity->key_len) != FPL_OK) {
        fpl_config_free(config);
        return NULL;
    }
    return config;
}

bool backend_can(const bench_setup *setup)
{
    return setup->group != BENCH_X25519MLKEM768 || (setup->dtls13 && FPL_HAVE_MLKEM);
}

bool backend_open(const bench_setup *setup)
{
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        configs[0][i] = make_config(setup, &setup->identities[i]);
        configs[1][i] = make_config(setup, &setup->identities[i]);
        if (configs[0][i] == NULL || configs[1][i] == NULL) {
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
    end->conn = fpl_conn_new(configs[server][identity], server ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, 0);
    end->in = in;
    end->out = out;
    end->server = server;
    if (end->conn == NULL || fpl_conn_set_address_validated(end->conn) != FPL_OK) {
        backend_free(end);
        return NULL;
    }
    return end;
}

void backend_free(bench_end *end)
{
    fpl_conn_free(end->conn);
    free(end);
}

static bool drain(bench_end *end)
{
    fpl_output output;
    do {
        uint8_t *room = bench_wire_room(end->out);
        if (room == NULL || fpl_conn_poll(end->conn, room, BENCH_DATAGRAM_MAX, &output) != FPL_OK) {
            return false;
        }
        if (output.type == FPL_OUTPUT_DATAGRAM) {
            bench_wire_put(end->out, output.as.datagram_len);
        } else if (output.type == FPL_OUTPUT_CONNECTED) {
            end->connected = true;
            /* Sending is bounded by the MTU: the same room for all libraries' records. */
            (void)fpl_conn_set_mtu(end->conn, BENCH_MTU + 100);
        }
    } while (output.type != FPL_OUTPUT_TIMEOUT);
    return true;
}

bench_progress backend_handshake(bench_end *end)
{
    uint8_t *datagram;
    size_t   len;
    if (!end->server && !end->started) {
        end->started = true;
        if (fpl_conn_start(end->conn, 0) != FPL_OK || !drain(end)) {
            return BENCH_FAILED;
        }
    }
    while ((datagram = bench_wire_take(end->in, &len)) != NULL) {
        if (fpl_conn_receive(end->conn, datagram, len, 0) != FPL_OK || !drain(end)) {
            return BENCH_FAILED;
        }
    }
    return end->connected ? BENCH_DONE : BENCH_GOING;
}

size_t backend_prefix(const bench_end *end)
{
    return fpl_conn_send_prefix(end->conn);
}

bool backend_seal(bench_end *end, const uint8_t *data, size_t len)
{
    size_t sealed;
    if (fpl_conn_send(end->conn, data, len, bench_wire_room(end->out), BENCH_DATAGRAM_MAX, &sealed, 0) != FPL_OK) {
        return false;
    }
    bench_wire_put(end->out, sealed);
    return true;
}

const uint8_t *backend_open_record(bench_end *end, size_t *len)
{
    fpl_output     output;
    const uint8_t *data = NULL;
    size_t         sealed;
    uint8_t       *datagram = bench_wire_take(end->in, &sealed);
    if (datagram == NULL || fpl_conn_receive(end->conn, datagram, sealed, 0) != FPL_OK) {
        return NULL;
    }
    do {
        if (fpl_conn_poll(end->conn, bench_wire_room(end->out), BENCH_DATAGRAM_MAX, &output) != FPL_OK) {
            return NULL;
        }
        if (output.type == FPL_OUTPUT_APPLICATION_DATA) {
            data = output.as.data.bytes;
            *len = output.as.data.len;
        }
    } while (output.type != FPL_OUTPUT_TIMEOUT);
    return data;
}

void backend_settle(bench_end *end)
{
    fpl_time now = 0;
    for (unsigned i = 0; i < 100 && fpl_conn_timeout(end->conn, now) == FPL_OK; i++) {
        fpl_output output;
        do {
            if (fpl_conn_poll(end->conn, bench_wire_room(end->out), BENCH_DATAGRAM_MAX, &output) != FPL_OK) {
                return;
            }
        } while (output.type != FPL_OUTPUT_TIMEOUT);
        if (output.as.deadline == FPL_NEVER) {
            return;
        }
        now = output.as.deadline;
    }
}

bool backend_own(size_t *allocations, size_t *bytes_now, size_t *bytes_peak)
{
    *allocations = own.allocations;
    *bytes_now = own.bytes;
    *bytes_peak = own.peak;
    own.peak = own.bytes; /* the next peak counts from here */
    return true;
}
