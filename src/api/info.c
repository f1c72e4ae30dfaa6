/* What can be asked of a connection: parameters, counters, why it ended. */
#include <stdio.h>
#include <string.h>

#include "api/info.h"
#include "engine/conn.h"
#include "engine/lookup.h"
#include "engine/names.h"

#define FPL_TEXT(x) FPL_TEXT_(x)
#define FPL_TEXT_(x) #x

const char *fpl_version_string(void)
{
    return FPL_TEXT(FPL_VERSION_MAJOR) "." FPL_TEXT(FPL_VERSION_MINOR) "." FPL_TEXT(FPL_VERSION_PATCH);
}

/* --- accessors for generated extension code -------------------------------------------------------------- */

const fpl_extension_settings *fpl_conn_extension_settings(const fpl_conn *conn)
{
    return &conn->config->extensions;
}

fpl_extension_results *fpl_conn_extension_results(fpl_conn *conn)
{
    return &conn->results;
}

const fpl_extension_results *fpl_conn_extension_results_const(const fpl_conn *conn)
{
    return &conn->results;
}

bool fpl_conn_peer_offered(const fpl_conn *conn, uint8_t extension)
{
    return (conn->peer_offered >> extension & 1) != 0;
}

bool fpl_conn_we_offered(const fpl_conn *conn, uint8_t extension)
{
    return (conn->we_offered >> extension & 1) != 0;
}

/* --- parameters ------------------------------------------------------------------------------------------- */

uint16_t fpl_conn_version(const fpl_conn *conn)
{
    if (conn->suite == NULL) {
        return 0;
    }
    return conn->version == FPL_VERSION_DTLS13 ? FPL_DTLS13 : FPL_DTLS12;
}

fpl_cipher_suite fpl_conn_cipher_suite(const fpl_conn *conn)
{
    return conn->suite != NULL ? conn->suite->value : 0;
}

fpl_named_group fpl_conn_group(const fpl_conn *conn)
{
    return conn->group;
}

fpl_signature_scheme fpl_conn_peer_signature_scheme(const fpl_conn *conn)
{
    return conn->peer_scheme;
}

fpl_role fpl_conn_role(const fpl_conn *conn)
{
    return conn->role;
}

bool fpl_conn_is_connected(const fpl_conn *conn)
{
    return conn->connected && conn->life == FPL_LIFE_LIVE;
}

bool fpl_conn_is_closed(const fpl_conn *conn)
{
    return conn->life == FPL_LIFE_CLOSED;
}

const char *fpl_conn_server_name(const fpl_conn *conn)
{
    return conn->server_name;
}

/* Every "machine.STATE" there is would be a table of strings; the two are joined per call in the object. */
const char *fpl_conn_state(const fpl_conn *conn)
{
    if (conn->life == FPL_LIFE_FAILED) {
        return "FAILED";
    }
    return conn->life == FPL_LIFE_CLOSED ? "CLOSED" : fpl_instance_state(&conn->handshake)->name;
}

fpl_result fpl_conn_peer_fingerprint(const fpl_conn *conn, uint8_t sha256[32])
{
    if (conn == NULL || sha256 == NULL || (conn->connected && !conn->proven)) {
        return FPL_MISUSE;
    }
    if (!conn->proven) {
        return FPL_NOT_YET;
    }
    memcpy(sha256, conn->peer_fingerprint, sizeof conn->peer_fingerprint);
    return FPL_OK;
}

const uint8_t *fpl_conn_address(const fpl_conn *conn, size_t *len)
{
    *len = conn->address.len;
    return conn->address.data;
}

fpl_result fpl_copy_stats(const fpl_stats *stats, fpl_stats *out)
{
    size_t size;
    if (out == NULL || out->size < sizeof out->size) {
        return FPL_MISUSE;
    }
    size = out->size < sizeof *stats ? out->size : sizeof *stats;
    memcpy(out, stats, size);
    out->size = size;
    return FPL_OK;
}

fpl_result fpl_conn_stats(const fpl_conn *conn, fpl_stats *out)
{
    return conn == NULL ? FPL_MISUSE : fpl_copy_stats(&conn->stats, out);
}

/* --- why it ended --------------------------------------------------------------------------------------------- */

void fpl_conn_explain(const fpl_conn *conn, fpl_explanation *out)
{
    *out = conn->end;
    out->alert_hint = conn->alert_hint;
    if (conn->end.failure == FPL_FAILURE_NONE) {
        const fpl_machine *machine = fpl_machines[conn->handshake.machine];
        out->alert = -1;
        out->machine = machine->name;
        out->state = fpl_instance_state(&conn->handshake)->name;
        out->event = NULL;
        out->what = NULL;
        out->ref = NULL;
        out->file = machine->file;
        out->line = 0;
    }
}

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

static const char *alert_name(int alert)
{
    const char *name = alert >= 0 ? fpl_alert_description_name((fpl_alert_description)alert) : NULL;
    return name != NULL ? name : "an unknown alert";
}

static int describe_failure(const fpl_explanation *end, char *out, size_t cap)
{
    switch (end->failure) {
    case FPL_FAILURE_NONE: return snprintf(out, cap, "alive in %s.%s", or_dash(end->machine), or_dash(end->state));
    case FPL_FAILURE_WE_ALERTED:
        return snprintf(out, cap, "we sent %s: %s refused in %s.%s", alert_name(end->alert), or_dash(end->what),
                        or_dash(end->machine), or_dash(end->state));
    case FPL_FAILURE_PEER_ALERTED:
        return snprintf(out, cap, "the peer sent %s in %s.%s", alert_name(end->alert), or_dash(end->machine),
                        or_dash(end->state));
    case FPL_FAILURE_TIMEOUT:
        return snprintf(out, cap, "timed out in %s.%s%s%s", or_dash(end->machine), or_dash(end->state),
                        end->alert_hint >= 0 ? "; an unauthenticated alert came before: " : "",
                        end->alert_hint >= 0 ? alert_name(end->alert_hint) : "");
    case FPL_FAILURE_REPLACED: return snprintf(out, cap, "replaced by a newer association of the same peer");
    case FPL_FAILURE_INTERNAL:
        return snprintf(out, cap, "internal error: %s in %s.%s", or_dash(end->what), or_dash(end->machine),
                        or_dash(end->state));
    }
    return 0;
}

size_t fpl_conn_explain_text(const fpl_conn *conn, char *out, size_t cap)
{
    fpl_explanation end;
    char            head[256];
    int             len;
    fpl_conn_explain(conn, &end);
    if (conn->life == FPL_LIFE_CLOSED) {
        (void)snprintf(head, sizeof head, "closed in order");
    } else {
        (void)describe_failure(&end, head, sizeof head);
    }
    if (end.line != 0) {
        len = snprintf(out, cap, "%s (%s:%u, %s)", head, or_dash(end.file), end.line, or_dash(end.ref));
    } else {
        len = snprintf(out, cap, "%s", head);
    }
    return len < 0 ? 0 : (size_t)len;
}
