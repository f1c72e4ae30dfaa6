/* Calls in any order with any arguments: nothing may crash, leak, or break the few promises that hold always.
 *
 *     api_walk --seeds FIRST..LAST | --seed N */
#include <flightplan/flightplan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "common/credential.h"
#include "common/rng.h"
#include "common/trace.h"

#define STEPS     300
#define MAX_MAIL  64
#define MAX_BYTES 2048

typedef struct mail {
    uint8_t bytes[MAX_BYTES];
    size_t  len;
} mail;

typedef struct party {
    fpl_config *config;
    fpl_conn   *conn;
    mail        box[MAX_MAIL]; /* what was sent to it, and may be delivered at any time, any number of times */
    size_t      num_mail;
    uint8_t    *attached;      /* a buffer the library may still use */
    bool        connected, failed;
    bool        drained;       /* nothing was called since poll had nothing more to say */
} party;

typedef struct walk {
    rng      rng;
    party    party[2];
    fpl_time now;
    unsigned versions; /* of both ends */
    char     complaint[200];
} walk;

static void complain(walk *w, const char *what)
{
    if (w->complaint[0] == '\0') {
        snprintf(w->complaint, sizeof w->complaint, "%s", what);
    }
}

static fpl_config *configure(walk *w, int side)
{
    fpl_config       *config = fpl_config_new();
    const credential *c = credential_of(side == 0 ? CREDENTIAL_P256_A : CREDENTIAL_P256_B);
    if (config == NULL) {
        return NULL;
    }
    if (rng_percent(&w->rng, 30)) {
        (void)fpl_config_set_external_credential(config, c->made.certificate, c->made.certificate_len);
    } else {
        (void)fpl_config_set_credential(config, c->made.certificate, c->made.certificate_len, c->made.key, c->made.key_len);
    }
    (void)fpl_config_set_versions(config, w->versions);
    (void)fpl_config_set_client_auth(config, (fpl_client_auth)rng_below(&w->rng, 6));
    (void)fpl_config_set_trust(config, (fpl_trust)rng_below(&w->rng, 4));
    (void)fpl_config_set_plaintext_alerts(config, (fpl_plaintext_alerts)rng_below(&w->rng, 4));
    (void)fpl_config_set(config, (fpl_setting)rng_below(&w->rng, 40), rng_next(&w->rng) >> rng_below(&w->rng, 64));
    if (rng_percent(&w->rng, 30)) {
        (void)fpl_config_use_webrtc_profile(config);
    }
    trace_install(config);
    return config;
}

static void post(walk *w, int to, const uint8_t *bytes, size_t len)
{
    party *p = &w->party[to];
    size_t slot = p->num_mail < MAX_MAIL ? p->num_mail++ : rng_below(&w->rng, MAX_MAIL);
    if (len <= MAX_BYTES) {
        memcpy(p->box[slot].bytes, bytes, len);
        p->box[slot].len = len;
    }
}

static void on_output(walk *w, int side, const fpl_output *out, const uint8_t *buf)
{
    party *p = &w->party[side];
    if (p->failed) {
        complain(w, "an event after FPL_FAILED");
    }
    switch (out->type) {
    case FPL_OUTPUT_DATAGRAM: post(w, 1 - side, buf, out->as.datagram_len); break;
    case FPL_OUTPUT_CONNECTED:
        if (p->connected) {
            complain(w, "CONNECTED twice");
        }
        p->connected = true;
        break;
    case FPL_OUTPUT_APPLICATION_DATA:
        if (!p->connected) {
            complain(w, "data before CONNECTED");
        }
        for (size_t i = 0; i < out->as.data.len; i++) {
            if (out->as.data.bytes[i] != 0x5c) {
                complain(w, "data that nobody sent");
                break;
            }
        }
        break;
    case FPL_OUTPUT_KEYING_MATERIAL:
        if (!p->connected) {
            complain(w, "keys before CONNECTED");
        }
        break;
    case FPL_OUTPUT_PEER_CERTIFICATE:
    case FPL_OUTPUT_SIGNATURE_WANTED:
    case FPL_OUTPUT_CLOSE_NOTIFY:
    case FPL_OUTPUT_TIMEOUT: break;
    case FPL_OUTPUT_NONE:
    default: complain(w, "an output of no type"); break;
    }
}

/* True when TIMEOUT was reached: the attached datagram is the caller's again. */
static bool poll_once(walk *w, int side, size_t cap)
{
    party     *p = &w->party[side];
    uint8_t    buf[MAX_BYTES];
    fpl_output out;
    fpl_result result;
    memset(&out, 0, sizeof out);
    result = fpl_conn_poll(p->conn, cap == 0 && rng_percent(&w->rng, 50) ? NULL : buf, cap, &out);
    if (result == FPL_FAILED) {
        p->failed = true;
        return true;
    }
    if (result == FPL_BUFFER_TOO_SMALL) {
        if (out.needed <= cap) {
            complain(w, "a buffer that is large enough is too small");
        }
        return false;
    }
    if (result != FPL_OK) {
        complain(w, "poll returned something else");
        return true;
    }
    on_output(w, side, &out, buf);
    p->drained = out.type == FPL_OUTPUT_TIMEOUT;
    return out.type == FPL_OUTPUT_TIMEOUT;
}

static void drain(walk *w, int side)
{
    for (int i = 0; i < 100; i++) {
        if (poll_once(w, side, MAX_BYTES)) {
            free(w->party[side].attached);
            w->party[side].attached = NULL;
            return;
        }
    }
    complain(w, "a hundred polls and no end");
}

static void deliver(walk *w, int side)
{
    party     *p = &w->party[side];
    uint8_t    junk[200];
    size_t     len = rng_below(&w->rng, sizeof junk);
    uint8_t   *bytes;
    const uint8_t *from = junk;
    fpl_result result;
    rng_fill(&w->rng, junk, sizeof junk);
    if (p->num_mail > 0 && rng_percent(&w->rng, 90)) {
        /* Mostly the newest, so that handshakes get somewhere. */
        size_t at = rng_percent(&w->rng, 70) ? p->num_mail - 1 : rng_below(&w->rng, p->num_mail);
        from = p->box[at].bytes;
        len = p->box[at].len;
    }
    bytes = malloc(len > 0 ? len : 1);
    if (bytes == NULL) {
        abort();
    }
    memcpy(bytes, from, len);
    if (len > 0 && rng_percent(&w->rng, 5)) {
        bytes[rng_below(&w->rng, len)] ^= (uint8_t)rng_between(&w->rng, 1, 255);
    }
    result = fpl_conn_receive(p->conn, bytes, len, w->now);
    if (result == FPL_OK && p->attached == NULL) {
        p->attached = bytes;
        if (rng_percent(&w->rng, 90)) {
            drain(w, side);
        }
        return;
    }
    if (result == FPL_OK) {
        complain(w, "a second datagram was attached");
    }
    free(bytes);
}

static void deliver_all(walk *w)
{
    for (int side = 0; side < 2; side++) {
        party *p = &w->party[side];
        for (size_t i = 0; i < p->num_mail && p->attached == NULL; i++) {
            uint8_t copy[MAX_BYTES];
            memcpy(copy, p->box[i].bytes, p->box[i].len);
            if (fpl_conn_receive(p->conn, copy, p->box[i].len, w->now) == FPL_OK) {
                drain(w, side);
            }
        }
        p->num_mail = 0;
    }
}

static void send_some(walk *w, int side)
{
    party     *p = &w->party[side];
    uint8_t    data[MAX_BYTES], out[MAX_BYTES];
    size_t     len = rng_below(&w->rng, 1500), cap = rng_percent(&w->rng, 80) ? sizeof out : rng_below(&w->rng, 100);
    size_t     out_len = 0;
    fpl_result result;
    memset(data, 0x5c, sizeof data);
    result = fpl_conn_send(p->conn, rng_percent(&w->rng, 5) ? NULL : data, len, out, cap,
                           rng_percent(&w->rng, 97) ? &out_len : NULL, w->now);
    if (result == FPL_OK && out_len > 0) {
        if (!fpl_conn_is_connected(p->conn) && !p->connected) {
            complain(w, "send before CONNECTED");
        }
        post(w, 1 - side, out, out_len);
    }
    if (p->attached == NULL) {
        drain(w, side);
    }
}

static void look(walk *w, int side)
{
    party          *p = &w->party[side];
    uint8_t         out[100], context[10] = {0};
    fpl_stats       stats;
    fpl_explanation why;
    char            text[40];
    size_t          len;
    memset(&stats, 0, sizeof stats);
    stats.size = rng_below(&w->rng, sizeof stats + 20);
    (void)fpl_conn_stats(p->conn, &stats);
    fpl_conn_explain(p->conn, &why);
    (void)fpl_conn_explain_text(p->conn, text, rng_below(&w->rng, sizeof text + 1));
    (void)fpl_conn_version(p->conn);
    (void)fpl_conn_cipher_suite(p->conn);
    (void)fpl_conn_group(p->conn);
    (void)fpl_conn_state(p->conn);
    (void)fpl_conn_peer_fingerprint(p->conn, out);
    (void)fpl_conn_max_payload(p->conn);
    (void)fpl_conn_address(p->conn, &len);
    if (fpl_conn_export(p->conn, out, rng_below(&w->rng, sizeof out),
                        rng_percent(&w->rng, 90) ? "EXPORTER-walk" : "key expansion",
                        rng_percent(&w->rng, 50) ? context : NULL, rng_below(&w->rng, sizeof context)) == FPL_OK &&
        !fpl_conn_is_connected(p->conn)) {
        complain(w, "keys exported before CONNECTED");
    }
    if (fpl_conn_is_connected(p->conn) && !p->connected && p->drained) {
        complain(w, "connected, and poll never said so");
    }
}

static void step(walk *w)
{
    int    side = (int)rng_below(&w->rng, 2);
    party *p = &w->party[side];
    uint8_t bytes[300];
    size_t  what = rng_below(&w->rng, 15);
    rng_fill(&w->rng, bytes, sizeof bytes);
    p->drained = p->drained && what > 13; /* looking changes nothing */
    switch (what) {
    case 0: (void)fpl_conn_start(p->conn, w->now); break;
    case 1:
    case 2:
    case 3: deliver(w, side); break;
    case 4: deliver_all(w); break;
    case 5:
        w->now += rng_below(&w->rng, 3000);
        (void)fpl_conn_timeout(p->conn, rng_percent(&w->rng, 90) ? w->now : rng_next(&w->rng) % (w->now + 1));
        break;
    case 6:
        if (poll_once(w, side, rng_below(&w->rng, MAX_BYTES))) {
            free(p->attached);
            p->attached = NULL;
        }
        break;
    case 7: send_some(w, side); break;
    case 8:
        if (rng_percent(&w->rng, 4)) {
            (void)fpl_conn_close(p->conn, w->now);
        } else if (fpl_conn_update_keys(p->conn, w->now) == FPL_OK && fpl_conn_version(p->conn) != FPL_DTLS13) {
            complain(w, "keys renewed that are not of DTLS 1.3");
        }
        break;
    case 9: (void)fpl_conn_judge_certificate(p->conn, rng_percent(&w->rng, 90), w->now); break;
    case 10: {
        uint8_t           signature[CREDENTIAL_MAX_SIGNATURE];
        const credential *c = credential_of(side == 0 ? CREDENTIAL_P256_A : CREDENTIAL_P256_B);
        size_t            len = credential_sign(c, bytes, 32, signature);
        if (rng_percent(&w->rng, 10)) {
            (void)fpl_conn_provide_signature(p->conn, rng_percent(&w->rng, 50) ? NULL : bytes,
                                             rng_below(&w->rng, sizeof bytes), w->now);
        } else {
            (void)fpl_conn_provide_signature(p->conn, signature, len, w->now);
        }
        break;
    }
    case 11:
        (void)fpl_conn_add_peer_fingerprint(
            p->conn,
            rng_percent(&w->rng, 80) ? credential_of(side == 0 ? CREDENTIAL_P256_B : CREDENTIAL_P256_A)->fingerprint : bytes,
            w->now);
        break;
    case 12: (void)fpl_conn_set_mtu(p->conn, (size_t)(rng_next(&w->rng) >> rng_below(&w->rng, 64))); break;
    case 13: (void)fpl_conn_set_address_validated(p->conn); break;
    default: look(w, side); break;
    }
    if (p->attached == NULL && rng_percent(&w->rng, 80)) {
        drain(w, side);
    }
}

static bool run(uint64_t seed, unsigned *connected)
{
    static const fpl_role roles[] = {FPL_ROLE_CLIENT, FPL_ROLE_SERVER};
    walk                 *w = calloc(1, sizeof *w);
    bool                  good;
    if (w == NULL) {
        abort();
    }
    w->rng = rng_of(seed);
    w->versions = 1 + (unsigned)(seed % 3); /* 1.2, 1.3, both */
    w->now = 1;
    for (int side = 0; side < 2; side++) {
        w->party[side].config = configure(w, side);
        w->party[side].conn = fpl_conn_new(w->party[side].config, roles[side], w->now);
        if (w->party[side].conn == NULL) {
            complain(w, "no connection");
        }
    }
    for (int i = 0; i < STEPS && w->complaint[0] == '\0'; i++) {
        step(w);
    }
    *connected += w->party[0].connected && w->party[1].connected ? 1 : 0;
    good = w->complaint[0] == '\0';
    if (!good) {
        printf("FAILED seed %llu: %s\n  again: api_walk --seed %llu\n", (unsigned long long)seed, w->complaint,
               (unsigned long long)seed);
    }
    for (int side = 0; side < 2; side++) {
        fpl_conn_free(w->party[side].conn);
        fpl_config_free(w->party[side].config);
        free(w->party[side].attached);
    }
    free(w);
    return good;
}

int main(int argc, char **argv)
{
    static const char usage[] = "api_walk (--seeds FIRST..LAST | --seed N)";
    uint64_t          first = 1, last = 1000;
    unsigned          failures = 0, connected = 0;
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1];
        if (value != NULL && strcmp(argv[i], "--seed") == 0 && arguments_number(value, 0, UINT64_MAX - 1, &first)) {
            last = first;
        } else if (value == NULL || strcmp(argv[i], "--seeds") != 0 || !arguments_seeds(value, &first, &last)) {
            return arguments_refuse(usage, argv[i], value);
        }
    }
    for (uint64_t seed = first; seed <= last; seed++) {
        failures += run(seed, &connected) ? 0 : 1;
    }
    printf("%llu walks of %d calls, %u of them came to a connection, %u failed\n", (unsigned long long)(last - first + 1),
           STEPS, connected, failures);
    credentials_free();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
