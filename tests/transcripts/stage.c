#include "transcripts/stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/trace.h"
#include "common/wire_view.h"
#include "transcripts/runner.h"

#define MAX_POLLS 400

static stage *stages;

void stage_fail(const stage *s, const char *file, int line, const char *format, ...)
{
    char    text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (s != NULL && s->conn != NULL) {
        char why[300];
        (void)fpl_conn_explain_text(s->conn, why, sizeof why);
        runner_failed(file, line, "%s  [state %s; %s]", text, fpl_conn_state(s->conn), why);
    }
    runner_failed(file, line, "%s", text);
}

/* ----- opening and closing ------------------------------------------------------------------------------------- */

static void story(const stage *s, const char *who, const char *format, ...)
{
    va_list args;
    if (!s->verbose) {
        return;
    }
    printf("%9llu %-8s", (unsigned long long)s->now, who);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

static void configure(stage *s)
{
    const stage_options *o = &s->options;
    fpl_config          *c = s->config;
    if (!o->anonymous) {
        const credential *own = credential_of(o->credential);
        EXPECT(s, (o->external ? fpl_config_set_external_credential(c, own->made.certificate, own->made.certificate_len)
                               : fpl_config_set_credential(c, own->made.certificate, own->made.certificate_len,
                                                           own->made.key, own->made.key_len)) == FPL_OK);
    }
    EXPECT(s, fpl_config_set_versions(c, o->both     ? FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13
                                         : o->dtls13 ? FPL_VERSIONS_DTLS13
                                                     : FPL_VERSIONS_DTLS12) == FPL_OK);
    EXPECT(s, fpl_config_set_client_auth(c, o->auth) == FPL_OK);
    EXPECT(s, fpl_config_set_trust(c, o->trust) == FPL_OK);
    EXPECT(s, fpl_config_set_cookie_exchange(c, o->door && !o->no_cookie) == FPL_OK);
    if (o->plaintext_alerts != FPL_PLAINTEXT_ALERTS_NONE) {
        EXPECT(s, fpl_config_set_plaintext_alerts(c, o->plaintext_alerts) == FPL_OK);
    }
    if (o->configure != NULL) {
        o->configure(c);
    }
    trace_install(c);
}

static void vouch(stage *s)
{
    if (s->options.role == FPL_ROLE_SERVER && !s->options.unproven && !(s->options.door && !s->options.no_cookie)) {
        (void)fpl_conn_set_address_validated(s->conn);
    }
}

stage *stage_open(stage_options options)
{
    stage *s = calloc(1, sizeof *s);
    if (s == NULL) {
        abort();
    }
    s->next = stages;
    stages = s;
    s->verbose = runner_verbose();
    if (options.role == FPL_ROLE_NONE) {
        options.role = FPL_ROLE_SERVER;
    }
    if (options.credential == CREDENTIAL_NONE) {
        options.credential = CREDENTIAL_P256_A;
    }
    if (options.peer_credential == CREDENTIAL_NONE && !options.nameless) {
        options.peer_credential = CREDENTIAL_P256_B;
    }
    options.auth = options.auth == FPL_CLIENT_AUTH_NONE ? FPL_CLIENT_AUTH_OFF : options.auth;
    options.trust = options.trust == FPL_TRUST_NONE ? FPL_TRUST_ACCEPT_AND_NOTIFY : options.trust;
    options.suite = options.suite != 0 ? options.suite : options.dtls13 ? AES128_GCM_13 : AES128_GCM;
    options.group = options.group == 0 ? X25519_GROUP : options.group;
    s->options = options;
    s->deadline = FPL_NEVER;
    memcpy(s->address, "\xc0\x00\x02\x07\x12\x34\x00\x00", 8);
    peer_init(&s->peer, options.role == FPL_ROLE_SERVER, options.suite, options.group, options.peer_credential);
    if (options.dtls13) {
        peer13_init(&s->peer13, &s->peer, options.peer_both);
    }
    s->meter = calloc(1, sizeof *s->meter);
    if (s->meter == NULL) {
        abort();
    }
    fpl_allocator allocator = meter_allocator(s->meter);
    s->config = fpl_config_new_with_allocator(&allocator);
    EXPECT(s, s->config != NULL);
    configure(s);
    if (options.door) {
        s->listener = fpl_listener_new(s->config, s->now);
        EXPECT(s, s->listener != NULL);
    } else {
        s->conn = fpl_conn_new(s->config, options.role, s->now);
        EXPECT(s, s->conn != NULL);
        vouch(s);
        poll(s);
    }
    return s;
}

static bool dispose(stage *s)
{
    bool clean;
    if (s->listener != NULL) {
        fpl_listener_free(s->listener);
    } else {
        fpl_conn_free(s->conn);
    }
    fpl_config_free(s->config);
    clean = s->meter == NULL || (s->meter->blocks == 0 && s->meter->live == 0);
    free(s->meter);
    free(s->arriving);
    peer_free(&s->peer);
    free(s);
    return clean;
}

void stage_close(stage *s)
{
    for (stage **at = &stages; *at != NULL; at = &(*at)->next) {
        if (*at == s) {
            *at = s->next;
            if (!dispose(s)) {
                stage_fail(NULL, __FILE__, __LINE__, "the library has not freed everything");
            }
            return;
        }
    }
}

stage *stage_first(void)
{
    return stages;
}

void stage_close_all(void)
{
    while (stages != NULL) {
        stage *s = stages;
        stages = s->next;
        (void)dispose(s);
    }
}

/* ----- polling --------------------------------------------------------------------------------------------------- */

static void take_datagram(stage *s, const uint8_t *datagram, size_t len)
{
    char text[500];
    view_describe(datagram, len, text, sizeof text);
    story(s, "library", "-> %zu: %s", len, text);
    s->bytes_out += len;
    if (s->num_sent < sizeof s->sent / sizeof s->sent[0]) {
        s->sent[s->num_sent++] = bytes_of(datagram, len);
    }
    if ((s->loses > 0 && rng_percent(&s->luck, s->loses)) || (s->narrow != 0 && len > s->narrow)) {
        return;
    }
    if (s->options.dtls13) {
        peer13_hear(&s->peer13, datagram, len, s->now);
    } else {
        peer_hear(&s->peer, datagram, len, s->now);
    }
}

static void take_event(stage *s, const fpl_output *out)
{
    switch (out->type) {
    case FPL_OUTPUT_PEER_CERTIFICATE:
        story(s, "event", "PEER_CERTIFICATE, %zu%s", out->as.peer_certificate.num,
              out->as.peer_certificate.waits ? ", waits" : "");
        s->certificates++;
        s->certificate_waits = out->as.peer_certificate.waits;
        EXPECT(s, out->as.peer_certificate.num > 0);
        s->certificate =
            bytes_of(out->as.peer_certificate.certificates[0].der, out->as.peer_certificate.certificates[0].len);
        break;
    case FPL_OUTPUT_SIGNATURE_WANTED:
        story(s, "event", "SIGNATURE_WANTED");
        s->signatures_wanted++;
        s->signature_scheme = out->as.signature_wanted.scheme;
        s->digest = bytes_of(out->as.signature_wanted.digest, out->as.signature_wanted.digest_len);
        break;
    case FPL_OUTPUT_CONNECTED:
        story(s, "event", "CONNECTED");
        s->connected++;
        break;
    case FPL_OUTPUT_KEYING_MATERIAL:
        story(s, "event", "KEYING_MATERIAL");
        s->keys++;
        s->srtp_profile = out->as.srtp.profile;
        s->srtp_client_key = bytes_of(out->as.srtp.client_key, out->as.srtp.key_len);
        s->srtp_server_key = bytes_of(out->as.srtp.server_key, out->as.srtp.key_len);
        s->srtp_client_salt = bytes_of(out->as.srtp.client_salt, out->as.srtp.salt_len);
        s->srtp_server_salt = bytes_of(out->as.srtp.server_salt, out->as.srtp.salt_len);
        break;
    case FPL_OUTPUT_APPLICATION_DATA:
        story(s, "event", "APPLICATION_DATA, %zu bytes", out->as.data.len);
        EXPECT(s, s->connected == 1);
        if (s->num_data < STAGE_DATA) {
            s->data[s->num_data] = bytes_of(out->as.data.bytes, out->as.data.len);
        }
        s->num_data++;
        break;
    case FPL_OUTPUT_CLOSE_NOTIFY:
        story(s, "event", "CLOSE_NOTIFY");
        s->close_notifies++;
        break;
    case FPL_OUTPUT_NONE:
    case FPL_OUTPUT_DATAGRAM:
    case FPL_OUTPUT_TIMEOUT:
    default: stage_fail(s, __FILE__, __LINE__, "event of type %d", (int)out->type);
    }
}

void poll(stage *s)
{
    static uint8_t buf[70000];
    if (s->conn == NULL) {
        return;
    }
    for (unsigned polls = 0;; polls++) {
        fpl_output out;
        fpl_result result;
        memset(&out, 0, sizeof out);
        EXPECT(s, polls < MAX_POLLS);
        result = fpl_conn_poll(s->conn, buf, sizeof buf, &out);
        if (result == FPL_FAILED) {
            if (!s->failed) {
                char text[300];
                (void)fpl_conn_explain_text(s->conn, text, sizeof text);
                story(s, "event", "FAILED: %s", text);
            }
            s->failed = true;
            s->deadline = FPL_NEVER;
            fpl_conn_explain(s->conn, &s->why);
            break;
        }
        EXPECT(s, result == FPL_OK);
        EXPECT(s, !s->failed);
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            s->deadline = out.as.deadline;
            break;
        }
        if (out.type == FPL_OUTPUT_DATAGRAM) {
            take_datagram(s, buf, out.as.datagram_len);
        } else {
            take_event(s, &out);
        }
    }
    if (s->peer.complaint[0] != '\0') {
        stage_fail(s, __FILE__, __LINE__, "the peer finds: %s", s->peer.complaint);
    }
}

void forget(stage *s)
{
    s->mark = s->peer.num_heard;
    s->sent_mark = s->num_sent;
}

static void door_answers(stage *s)
{
    uint8_t    buf[2048];
    fpl_output out;
    memset(&out, 0, sizeof out);
    EXPECT(s, fpl_listener_poll(s->listener, buf, sizeof buf, &out) == FPL_OK);
    if (out.type == FPL_OUTPUT_DATAGRAM) {
        take_datagram(s, buf, out.as.datagram_len);
        EXPECT(s, fpl_listener_poll(s->listener, buf, sizeof buf, &out) == FPL_OK);
    }
    EXPECT(s, out.type == FPL_OUTPUT_TIMEOUT);
    s->deadline = out.as.deadline;
    if (s->peer.complaint[0] != '\0') {
        stage_fail(s, __FILE__, __LINE__, "the peer finds: %s", s->peer.complaint);
    }
}

void deliver_bytes(stage *s, bytes datagram)
{
    /* A copy of the exact size: a sanitizer sees what is read behind it. */
    uint8_t   *copy = s->arriving = malloc(datagram.len > 0 ? datagram.len : 1);
    char       text[500];
    fpl_result result;
    if (copy == NULL) {
        abort();
    }
    if (datagram.len > 0) {
        memcpy(copy, datagram.data, datagram.len);
    }
    view_describe(datagram.data, datagram.len, text, sizeof text);
    story(s, "peer", "-> %zu: %s", datagram.len, text);
    forget(s);
    s->bytes_in += datagram.len;
    if (s->listener != NULL) {
        fpl_conn *conn = NULL;
        result = fpl_listener_receive(s->listener, s->address, sizeof s->address, copy, datagram.len, s->now, &conn);
        if (result == FPL_OK && conn != NULL) {
            if (s->conn != conn) {
                s->conn = conn;
                vouch(s);
            }
            poll(s);
        } else if (result == FPL_OK) {
            door_answers(s);
        }
    } else {
        result = fpl_conn_receive(s->conn, copy, datagram.len, s->now);
        if (result == FPL_OK) {
            poll(s);
        }
    }
    free(copy);
    s->arriving = NULL;
    if (result != FPL_OK && !(result == FPL_FAILED && s->failed)) {
        stage_fail(s, __FILE__, __LINE__, "receiving a datagram returned %d", (int)result);
    }
}

void deliver(stage *s)
{
    bytes datagram = s->peer.datagram;
    s->peer.datagram = bytes_none();
    deliver_bytes(s, datagram);
}

void start(stage *s)
{
    EXPECT(s, fpl_conn_start(s->conn, s->now) == FPL_OK);
    poll(s);
}

static void wake_now(stage *s)
{
    fpl_result result;
    story(s, "clock", "wakes");
    if (s->listener != NULL) {
        fpl_conn *due;
        while ((due = fpl_listener_next_due(s->listener, s->now)) != NULL) {
            EXPECT(s, due == s->conn);
            result = fpl_conn_timeout(due, s->now);
            EXPECT(s, result == FPL_OK || result == FPL_FAILED);
            poll(s);
            if (s->failed) {
                fpl_listener_release(s->listener, s->conn);
                s->conn = NULL;
            }
        }
        return;
    }
    result = fpl_conn_timeout(s->conn, s->now);
    EXPECT(s, result == FPL_OK || result == FPL_FAILED);
    poll(s);
}

void wake(stage *s)
{
    EXPECT(s, s->deadline != FPL_NEVER);
    forget(s);
    s->now = s->deadline > s->now ? s->deadline : s->now;
    wake_now(s);
}

void advance(stage *s, fpl_time by)
{
    fpl_time until = s->now + by;
    unsigned idle = 0;
    forget(s);
    while (s->deadline <= until && !s->failed) {
        fpl_time due = s->deadline;
        s->now = due > s->now ? due : s->now;
        wake_now(s);
        idle = s->deadline <= due ? idle + 1 : 0;
        EXPECT(s, idle < 5);
    }
    s->now = until;
}

void judge(stage *s, bool trusted)
{
    forget(s);
    story(s, "app", trusted ? "trusts" : "refuses");
    EXPECT(s, fpl_conn_judge_certificate(s->conn, trusted, s->now) == FPL_OK);
    poll(s);
}

void sign(stage *s)
{
    uint8_t signature[CREDENTIAL_MAX_SIGNATURE];
    size_t  len = credential_sign(credential_of(s->options.credential), s->digest.data, s->digest.len, signature);
    forget(s);
    EXPECT(s, fpl_conn_provide_signature(s->conn, signature, len, s->now) == FPL_OK);
    poll(s);
}

void app_send(stage *s, bytes payload)
{
    static uint8_t out[20000];
    size_t         len = 0;
    forget(s);
    EXPECT(s, fpl_conn_send(s->conn, payload.data, payload.len, out, sizeof out, &len, s->now) == FPL_OK);
    take_datagram(s, out, len);
    poll(s);
}

void app_close(stage *s)
{
    forget(s);
    EXPECT(s, fpl_conn_close(s->conn, s->now) == FPL_OK);
    poll(s);
}

/* ----- seeing ------------------------------------------------------------------------------------------------------ */

size_t num_heard(const stage *s)
{
    return s->peer.num_heard - s->mark;
}

const heard *heard_new(const stage *s, size_t i)
{
    return i < num_heard(s) ? &s->peer.heard[s->mark + i] : NULL;
}

unsigned num_heard_messages(const stage *s, unsigned type)
{
    unsigned num = 0;
    for (size_t i = 0; i < num_heard(s); i++) {
        const heard *h = heard_new(s, i);
        num += h->record == HANDSHAKE && h->opened && h->type == type && h->offset == 0 ? 1 : 0;
    }
    return num;
}

unsigned num_heard_records(const stage *s, unsigned type)
{
    unsigned num = 0;
    for (size_t i = 0; i < num_heard(s); i++) {
        num += heard_new(s, i)->record == type ? 1 : 0;
    }
    return num;
}

fpl_stats stats_of(const stage *s)
{
    fpl_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    if (s->conn != NULL) {
        (void)fpl_conn_stats(s->conn, &stats);
    } else {
        (void)fpl_listener_stats(s->listener, &stats);
    }
    return stats;
}

uint64_t drops_of(const stage *s)
{
    fpl_stats t = stats_of(s);
    return t.dropped_malformed + t.dropped_unexpected + t.dropped_replayed + t.dropped_forged + t.dropped_full +
           t.duplicates;
}

const char *state_of(const stage *s)
{
    const char *name = s->conn == NULL ? "" : fpl_conn_state(s->conn);
    const char *dot = strchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

void stage_expect_alert(stage *s, int description, int or_this, const char *file, int line)
{
    const heard *alert = NULL;
    for (size_t i = 0; i < num_heard(s); i++) {
        const heard *h = heard_new(s, i);
        if (h->record == ALERT) {
            if (alert != NULL) {
                stage_fail(s, file, line, "two alerts");
            }
            alert = h;
        }
    }
    if (alert == NULL) {
        stage_fail(s, file, line, "no alert %d came", description);
    }
    if (!alert->opened) {
        stage_fail(s, file, line, "an alert that cannot be read");
    }
    if (alert->level != FATAL || ((int)alert->type != description && (int)alert->type != or_this)) {
        stage_fail(s, file, line, "alert level %u, %u came, expected fatal %d", alert->level, alert->type, description);
    }
    if (!s->failed || s->why.failure != FPL_FAILURE_WE_ALERTED || s->why.alert != (int)alert->type) {
        stage_fail(s, file, line, "explain says class %d, alert %d, after alert %u", (int)s->why.failure, s->why.alert,
                   alert->type);
    }
    if (s->why.file == NULL || strncmp(s->why.file, "spec/", 5) != 0 || s->why.line == 0 || s->why.ref == NULL) {
        stage_fail(s, file, line, "explain does not know where in the spec: %s:%u, %s",
                   s->why.file == NULL ? "-" : s->why.file, s->why.line, s->why.ref == NULL ? "-" : s->why.ref);
    }
    stage_expect_dead(s, file, line);
}

void stage_expect_refused_by(stage *s, const char *what, const char *file, int line)
{
    if (s->why.what == NULL || strcmp(s->why.what, what) != 0) {
        stage_fail(s, file, line, "refused by %s, expected %s", s->why.what == NULL ? "-" : s->why.what, what);
    }
}

void stage_expect_quiet(stage *s, const char *file, int line)
{
    if (num_heard(s) != 0) {
        const heard *h = heard_new(s, 0);
        stage_fail(s, file, line, "%zu things were heard, the first a record of type %u", num_heard(s), h->record);
    }
    if (s->failed) {
        stage_fail(s, file, line, "it failed");
    }
}

void stage_expect_state(stage *s, const char *name, const char *file, int line)
{
    if (s->failed) {
        stage_fail(s, file, line, "failed, expected state %s", name);
    }
    if (strcmp(state_of(s), name) != 0) {
        stage_fail(s, file, line, "expected state %s", name);
    }
}

void stage_expect_connected(stage *s, const char *file, int line)
{
    if (s->connected != 1 || s->failed || s->conn == NULL || !fpl_conn_is_connected(s->conn)) {
        stage_fail(s, file, line, "not connected (CONNECTED came %u times)", s->connected);
    }
}

void stage_expect_dropped(stage *s, bool counted, const char *file, int line)
{
    uint64_t drops = drops_of(s);
    fpl_time deadline = s->deadline;
    char     state[80];
    size_t   data = s->num_data;
    snprintf(state, sizeof state, "%s", state_of(s));
    deliver(s);
    if (s->failed || num_heard(s) != 0 || s->num_data != data) {
        stage_fail(s, file, line, "it was not dropped: %zu things heard, %zu data events%s", num_heard(s),
                   s->num_data - data, s->failed ? ", failed" : "");
    }
    if (strcmp(state, state_of(s)) != 0) {
        stage_fail(s, file, line, "it moved on from %s", state);
    }
    if (s->deadline != deadline) {
        stage_fail(s, file, line, "the deadline moved by %lld", (long long)(s->deadline - deadline));
    }
    if (counted && drops_of(s) == drops) {
        stage_fail(s, file, line, "the drop was not counted");
    }
}

void stage_expect_dead(stage *s, const char *file, int line)
{
    uint8_t    buf[64] = {0}, other[64];
    size_t     len = 7;
    fpl_output out;
    uint8_t    export[32];
    memset(export, 0xaa, sizeof export);
    for (int again = 0; again < 2; again++) {
        if (fpl_conn_poll(s->conn, buf, sizeof buf, &out) != FPL_FAILED || fpl_conn_timeout(s->conn, s->now) != FPL_FAILED ||
            fpl_conn_receive(s->conn, buf, 20, s->now) != FPL_FAILED ||
            fpl_conn_send(s->conn, other, 1, buf, sizeof buf, &len, s->now) != FPL_FAILED ||
            fpl_conn_close(s->conn, s->now) != FPL_FAILED) {
            stage_fail(s, file, line, "a call does something on a dead connection");
        }
        if (fpl_conn_export(s->conn, export, sizeof export, "EXPORTER-x", NULL, 0) != FPL_FAILED || export[0] != 0xaa) {
            stage_fail(s, file, line, "a dead connection exports keys");
        }
        if (fpl_conn_is_connected(s->conn)) {
            stage_fail(s, file, line, "a dead connection says it is connected");
        }
    }
}

void stage_expect_talk(stage *s, const char *file, int line)
{
    bytes  payload = bytes_of("hello across", 12);
    size_t before = s->num_data;
    stage_expect_connected(s, file, line);
    app_send(s, payload);
    if (num_heard(s) != 1 || !bytes_equal(heard_new(s, 0)->body, payload)) {
        stage_fail(s, file, line, "application data of the library did not arrive");
    }
    if (s->options.dtls13) {
        peer13_data(&s->peer13, payload);
    } else {
        peer_data(&s->peer, payload);
    }
    deliver(s);
    if (s->num_data != before + 1 || !bytes_equal(s->data[before < STAGE_DATA ? before : 0], payload)) {
        stage_fail(s, file, line, "application data of the peer did not come out");
    }
}

void stage_expect_timeout(stage *s, const char *file, int line)
{
    if (!s->failed || s->why.failure != FPL_FAILURE_TIMEOUT) {
        stage_fail(s, file, line, "no time-out: %s, class %d", s->failed ? "failed" : "alive", (int)s->why.failure);
    }
}
