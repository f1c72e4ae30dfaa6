/* The public face of a connection: arguments are judged here, everything else happens in src/engine. */
#include <openssl/mem.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "engine/dispatch.h"
#include "engine/ending.h"
#include "engine/flight.h"
#include "engine/input.h"
#include "engine/keys.h"
#include "engine/lookup.h"
#include "engine/output.h"
#include "engine/timer.h"
#include "engine/usage.h"
#include "fpl_functions.h"
#include "api/keying.h"
#include "api/listener.h"
#include "steps/steps.h"

/* A client that offers both versions begins with the newer one's machine, which hands over. */
static uint8_t first_machine(const fpl_config *config, fpl_role role)
{
    if (role == FPL_ROLE_SERVER) {
        return FPL_MACHINE_LISTEN;
    }
    return (config->versions & FPL_VERSIONS_DTLS13) != 0 ? FPL_MACHINE_DTLS13_CLIENT : FPL_MACHINE_DTLS12_CLIENT;
}

fpl_conn *fpl_conn_new(const fpl_config *config, fpl_role role, fpl_time now)
{
    fpl_conn *conn;
    if (config == NULL || config->versions == 0 || (role != FPL_ROLE_CLIENT && role != FPL_ROLE_SERVER) ||
        (role == FPL_ROLE_SERVER && !config->has_credential)) {
        return NULL;
    }
    fpl_config_freeze(config);
    conn = fpl_allocate(config, sizeof *conn);
    if (conn == NULL) {
        return NULL;
    }
    if (fpl_conn_setup(conn, config, role, first_machine(config, role), now) != FPL_STATUS_OK) {
        fpl_conn_free(conn);
        return NULL;
    }
    return conn;
}

void fpl_conn_free(fpl_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    if (conn->listener != NULL) {
        fpl_listener_release(conn->listener, conn);
        return;
    }
    fpl_conn_teardown(conn);
    fpl_release(conn->config, conn, sizeof *conn);
}

/* FPL_OK while the connection lives. */
static fpl_result alive(const fpl_conn *conn)
{
    switch (conn->life) {
    case FPL_LIFE_LIVE: return FPL_OK;
    case FPL_LIFE_CLOSED: return FPL_CLOSED;
    case FPL_LIFE_FAILED:
    case FPL_LIFE_NONE: break;
    }
    return FPL_FAILED;
}

static void end_call(fpl_conn *conn)
{
    fpl_conn_tidy(conn);
    fpl_listener_note_deadline(conn);
}

static bool raise_api(fpl_conn *conn, fpl_api_event code)
{
    fpl_event event;
    bool      listed;
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_API;
    event.code = (uint8_t)code;
    listed = fpl_dispatch(conn, &event) != FPL_TAKEN_UNLISTED;
    end_call(conn);
    return listed;
}

/* --- trust ------------------------------------------------------------------------------------- */

static bool waits_for_judgement(const fpl_conn *conn)
{
    return conn->life == FPL_LIFE_LIVE && fpl_conn_lists(conn, FPL_EVENT_API, FPL_API_CERTIFICATE_TRUSTED);
}

/* Would one more fingerprint still be looked at? A promise that nobody keeps is worse than a refusal. */
static bool may_pin(const fpl_conn *conn)
{
    if (conn->hs == NULL || conn->num_pins == FPL_LIMIT_VALUE_PINNED_FINGERPRINTS || conn->connected ||
        (conn->proven && !waits_for_judgement(conn))) {
        return false;
    }
    if (conn->role == FPL_ROLE_CLIENT || conn->suite == NULL) {
        return true;
    }
    return fpl_conn_asks_client(conn) &&
           conn->fixed[FPL_FIXED_CLIENT_CERTIFICATE12 + 1] != FPL_ANSWER_CLIENT_CERTIFICATE12_EMPTY &&
           conn->fixed[FPL_FIXED_CLIENT_CERTIFICATE13 + 1] != FPL_ANSWER_CLIENT_CERTIFICATE13_EMPTY;
}

fpl_result fpl_conn_add_peer_fingerprint(fpl_conn *conn, const uint8_t sha256[32], fpl_time now)
{
    if (conn == NULL || sha256 == NULL) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (alive(conn) != FPL_OK) {
        return alive(conn);
    }
    if (!may_pin(conn)) {
        return FPL_MISUSE;
    }
    memcpy(conn->hs->pins[conn->num_pins++], sha256, 32);
    if (waits_for_judgement(conn) && memcmp(conn->peer_fingerprint, sha256, 32) == 0) {
        (void)raise_api(conn, FPL_API_CERTIFICATE_TRUSTED);
    }
    return FPL_OK;
}

fpl_result fpl_conn_judge_certificate(fpl_conn *conn, bool trusted, fpl_time now)
{
    if (conn == NULL) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (alive(conn) != FPL_OK) {
        return alive(conn);
    }
    if (!waits_for_judgement(conn)) {
        return FPL_MISUSE;
    }
    (void)raise_api(conn, trusted ? FPL_API_CERTIFICATE_TRUSTED : FPL_API_CERTIFICATE_REFUSED);
    return FPL_OK;
}

fpl_result fpl_conn_provide_signature(fpl_conn *conn, const uint8_t *signature, size_t len, fpl_time now)
{
    if (conn == NULL || len > FPL_SIGNATURE_MAX_LEN || (signature != NULL && len == 0)) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (alive(conn) != FPL_OK) {
        return alive(conn);
    }
    if (!fpl_conn_lists(conn, FPL_EVENT_API, FPL_API_SIGNATURE_READY)) {
        return FPL_MISUSE;
    }
    if (signature != NULL) {
        memcpy(conn->hs->signature, signature, len);
        conn->hs->signature_len = (uint8_t)len;
    }
    (void)raise_api(conn, signature != NULL ? FPL_API_SIGNATURE_READY : FPL_API_SIGNATURE_FAILED);
    return FPL_OK;
}

/* --- settings of one connection ------------------------------------------------------------------- */

fpl_result fpl_conn_set_address_validated(fpl_conn *conn)
{
    if (conn == NULL) {
        return FPL_MISUSE;
    }
    conn->address_validated = true;
    return FPL_OK;
}

fpl_result fpl_conn_set_mtu(fpl_conn *conn, size_t mtu)
{
    if (conn == NULL) {
        return FPL_MISUSE;
    }
    if (mtu < fpl_limits[FPL_LIMIT_MTU].min) {
        mtu = (size_t)fpl_limits[FPL_LIMIT_MTU].min;
    }
    if (mtu > fpl_limits[FPL_LIMIT_MTU].max) {
        mtu = (size_t)fpl_limits[FPL_LIMIT_MTU].max;
    }
    conn->mtu = mtu;
    return FPL_OK;
}

void fpl_conn_set_user_data(fpl_conn *conn, void *data)
{
    conn->user_data = data;
}

void *fpl_conn_user_data(const fpl_conn *conn)
{
    return conn->user_data;
}

/* --- events in ------------------------------------------------------------------------------------ */

fpl_result fpl_conn_start(fpl_conn *conn, fpl_time now)
{
    if (conn == NULL || conn->role != FPL_ROLE_CLIENT) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (alive(conn) != FPL_OK) {
        return alive(conn);
    }
    if (!raise_api(conn, FPL_API_CONNECT)) {
        return FPL_MISUSE;
    }
    return alive(conn);
}

fpl_result fpl_conn_receive(fpl_conn *conn, uint8_t *datagram, size_t len, fpl_time now)
{
    if (conn == NULL || (datagram == NULL && len > 0) || conn->inbox.attached) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (conn->life == FPL_LIFE_FAILED) {
        return FPL_FAILED;
    }
    conn->stats.datagrams_in++;
    conn->stats.bytes_in += len;
    conn->inbox.datagram = datagram;
    conn->inbox.len = len;
    conn->inbox.at = 0;
    conn->inbox.attached = true;
    return FPL_OK;
}

fpl_result fpl_conn_timeout(fpl_conn *conn, fpl_time now)
{
    if (conn == NULL) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (conn->life == FPL_LIFE_LIVE) {
        fpl_timers_run(conn);
    }
    end_call(conn); /* of one that is over too: a listener must not find it due for ever */
    return conn->life == FPL_LIFE_FAILED ? FPL_FAILED : FPL_OK;
}

fpl_result fpl_conn_close(fpl_conn *conn, fpl_time now)
{
    if (conn == NULL) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (conn->life == FPL_LIFE_LIVE && !raise_api(conn, FPL_API_CLOSE)) {
        conn->life = FPL_LIFE_CLOSED; /* `listen` has nobody to say goodbye to */
        fpl_conn_drop_work(conn);
        end_call(conn);
    }
    return conn->life == FPL_LIFE_FAILED ? FPL_FAILED : FPL_OK;
}

/* --- what to do next -------------------------------------------------------------------------------- */

static bool take_report(fpl_conn *conn, fpl_report report)
{
    bool due = (conn->reports >> report & 1) != 0;
    conn->reports &= ~(1u << report);
    return due;
}

/* One of the events that a connection's life has a few of, if one is due. */
static bool next_rare_event(fpl_conn *conn, fpl_output *out)
{
    if (take_report(conn, FPL_REPORT_PEER_CERTIFICATE)) {
        out->type = FPL_OUTPUT_PEER_CERTIFICATE;
        out->as.peer_certificate.certificates = conn->hs->chain_views;
        out->as.peer_certificate.num = conn->hs->num_chain;
        out->as.peer_certificate.waits = waits_for_judgement(conn);
        return true;
    }
    if (take_report(conn, FPL_REPORT_SIGNATURE_WANTED)) {
        if (fpl_signature_digest(conn) != FPL_STATUS_OK) {
            fpl_conn_fail(conn, FPL_FAILURE_INTERNAL, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR, "digest", "rfc5246#7.4.8");
            return false;
        }
        out->type = FPL_OUTPUT_SIGNATURE_WANTED;
        out->as.signature_wanted.scheme = conn->hs->scheme;
        out->as.signature_wanted.digest = conn->hs->digest;
        out->as.signature_wanted.digest_len = conn->hs->digest_len;
        return true;
    }
    if (take_report(conn, FPL_REPORT_CONNECTED)) {
        out->type = FPL_OUTPUT_CONNECTED;
        fpl_listener_note_connected(conn);
        return true;
    }
    if (conn->keying_due) {
        conn->keying_due = false;
        if (fpl_keying_srtp(conn, &out->as.srtp)) {
            out->type = FPL_OUTPUT_KEYING_MATERIAL;
            return true;
        }
        fpl_conn_fail(conn, FPL_FAILURE_INTERNAL, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR, "srtp keys", "rfc5764#4.1.2");
        return false;
    }
    if (!conn->inbox.has_data && take_report(conn, FPL_REPORT_CLOSE_NOTIFY)) {
        out->type = FPL_OUTPUT_CLOSE_NOTIFY;
        return true;
    }
    return false;
}

/* One event for the application, if there is one. */
static bool next_event(fpl_conn *conn, fpl_output *out)
{
    if ((conn->reports != 0 || conn->keying_due) && next_rare_event(conn, out)) {
        return true;
    }
    if (conn->inbox.has_data && conn->life != FPL_LIFE_FAILED) {
        conn->inbox.has_data = false;
        out->type = FPL_OUTPUT_APPLICATION_DATA;
        out->as.data.bytes = conn->inbox.data.data;
        out->as.data.len = conn->inbox.data.len;
        return true;
    }
    return false;
}

static bool event_is_due(const fpl_conn *conn)
{
    return conn->reports != 0 || conn->keying_due || conn->inbox.has_data;
}

/* Reads on until there is something to tell or nothing left. Before writing, so that a flight which what came
 * answers, or makes unnecessary, does not go out once more. */
static void read_on(fpl_conn *conn)
{
    while (!event_is_due(conn) && fpl_input_step(conn)) {
    }
}

fpl_result fpl_conn_poll(fpl_conn *conn, uint8_t *buf, size_t cap, fpl_output *out)
{
    if (conn == NULL || out == NULL || (buf == NULL && cap > 0)) {
        return FPL_MISUSE;
    }
    memset(out, 0, sizeof *out);
    if (conn->inbox.borrowed != NULL) {
        fpl_input_return_borrowed(conn);
    }
    fpl_conn_tidy(conn);
    for (;;) {
        size_t     len = 0;
        fpl_result result = FPL_OK;
        read_on(conn);
        if (fpl_output_is_due(conn)) {
            result = fpl_output_datagram(conn, buf, cap, &len);
        }
        if (result == FPL_BUFFER_TOO_SMALL) {
            out->needed = len;
            return result;
        }
        if (len > 0) {
            out->type = FPL_OUTPUT_DATAGRAM;
            out->as.datagram_len = len;
            return FPL_OK;
        }
        if (conn->life == FPL_LIFE_FAILED) {
            break;
        }
        if (event_is_due(conn) && next_event(conn, out)) {
            return FPL_OK;
        }
        if (!event_is_due(conn) && conn->life != FPL_LIFE_FAILED) {
            break; /* all that came has been read; a failure goes round once more, for its alert */
        }
    }
    if (conn->life == FPL_LIFE_FAILED) {
        conn->alert.set = false; /* if it is, the amplification limit keeps it back for good */
        fpl_input_free(conn);
        fpl_keys_wipe(conn);
        end_call(conn);
        return FPL_FAILED;
    }
    fpl_input_forget(conn);
    if (conn->life == FPL_LIFE_CLOSED) {
        conn->alert.set = false; /* likewise */
        fpl_input_free(conn);
        fpl_keys_wipe(conn);
    }
    end_call(conn);
    out->type = FPL_OUTPUT_TIMEOUT;
    out->as.deadline = fpl_conn_deadline(conn);
    return FPL_OK;
}

/* --- application data ---------------------------------------------------------------------------------- */

/* FPL_OK where application data may be sent now. */
static fpl_result sending(const fpl_conn *conn)
{
    if (alive(conn) != FPL_OK) {
        return alive(conn);
    }
    if (!conn->connected) {
        return FPL_NOT_YET;
    }
    return fpl_conn_data_grant(conn) == FPL_DATA_BOTH ? FPL_OK : FPL_CLOSED; /* our half is closed */
}

static bool may_send(const fpl_conn *conn)
{
    return sending(conn) == FPL_OK;
}

size_t fpl_conn_send_prefix(const fpl_conn *conn)
{
    return may_send(conn) ? fpl_seal_prefix(conn, conn->write_epoch) : 0;
}

size_t fpl_conn_send_overhead(const fpl_conn *conn)
{
    return may_send(conn) ? fpl_seal_overhead(conn, conn->write_epoch) : 0;
}

/* Of one that may send. */
static size_t max_payload(const fpl_conn *conn, size_t overhead)
{
    size_t configured = (size_t)fpl_conn_limit(conn, FPL_LIMIT_MAX_PAYLOAD);
    size_t mtu = conn->mtu != 0 ? conn->mtu : (size_t)fpl_conn_limit(conn, FPL_LIMIT_MTU);
    size_t most = configured != 0 ? configured : mtu - overhead;
    return most < FPL_RECORD_MAX_PLAINTEXT ? most : FPL_RECORD_MAX_PLAINTEXT; /* however wide the path is */
}

size_t fpl_conn_max_payload(const fpl_conn *conn)
{
    return may_send(conn) ? max_payload(conn, fpl_seal_overhead(conn, conn->write_epoch)) : 0;
}

fpl_result fpl_conn_send(fpl_conn *conn, const uint8_t *data, size_t len, uint8_t *out, size_t cap, size_t *out_len,
                         fpl_time now)
{
    size_t prefix;
    size_t overhead;
    if (conn == NULL || out_len == NULL || (data == NULL && len > 0) || (out == NULL && cap > 0)) {
        return FPL_MISUSE;
    }
    *out_len = 0;
    fpl_conn_advance(conn, now);
    if (sending(conn) != FPL_OK) {
        return sending(conn);
    }
    overhead = fpl_seal_overhead(conn, conn->write_epoch);
    if (len > max_payload(conn, overhead)) {
        return FPL_MISUSE;
    }
    if (fpl_usage_check(conn)) {
        end_call(conn);
        return conn->life == FPL_LIFE_LIVE ? FPL_NOT_YET : alive(conn);
    }
    if (conn->life != FPL_LIFE_LIVE) { /* no memory for the KeyUpdate that became due */
        end_call(conn);
        return alive(conn);
    }
    prefix = fpl_seal_prefix(conn, conn->write_epoch);
    if (cap < len + overhead) {
        *out_len = len + overhead;
        return FPL_BUFFER_TOO_SMALL;
    }
    if (len > 0 && data != out + prefix) {
        memmove(out + prefix, data, len);
    }
    if (fpl_seal_record(conn, conn->write_epoch, FPL_CONTENT_TYPE_APPLICATION_DATA, FPL_RECORD_VERSION_DTLS12, out, len, cap,
                        out_len) != FPL_SEAL_OK) {
        fpl_conn_fail(conn, FPL_FAILURE_INTERNAL, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR, "seal", "rfc6347#4.1");
        end_call(conn);
        return FPL_FAILED;
    }
    conn->stats.records_out++;
    conn->stats.datagrams_out++;
    conn->stats.bytes_out += *out_len;
    return FPL_OK;
}

fpl_result fpl_conn_update_keys(fpl_conn *conn, fpl_time now)
{
    if (conn == NULL) {
        return FPL_MISUSE;
    }
    fpl_conn_advance(conn, now);
    if (alive(conn) != FPL_OK) {
        return alive(conn);
    }
    if (conn->version == FPL_VERSION_DTLS12) {
        return FPL_MISUSE;
    }
    if (sending(conn) != FPL_OK) {
        return sending(conn);
    }
    return raise_api(conn, FPL_API_UPDATE_KEYS) ? alive(conn) : FPL_NOT_YET;
}
