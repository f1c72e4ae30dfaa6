#include "engine/conn.h"

#include <openssl/mem.h>
#include <string.h>

#include "engine/acks.h"
#include "engine/dispatch.h"
#include "engine/flight.h"
#include "engine/input.h"
#include "engine/interpret.h"
#include "engine/keys.h"
#include "engine/lookup.h"
#include "engine/timer.h"

/* Companions live as long as the connection, beside whatever handshake machine it has. */
static void begin_companions(fpl_conn *conn)
{
    for (uint8_t id = 1; id < FPL_NUM_MACHINES; id++) {
        const fpl_machine *machine = fpl_machines[id];
        if (machine->num_runs_in > 0 && machine->one_per == FPL_ONE_PER_CONNECTION &&
            conn->num_companions < FPL_MAX_COMPANIONS) {
            fpl_instance_begin(&conn->companions[conn->num_companions++], id);
        }
    }
}

fpl_status fpl_conn_setup(fpl_conn *conn, const fpl_config *config, fpl_role role, uint8_t machine, fpl_time now)
{
    conn->config = config;
    conn->role = role;
    conn->life = FPL_LIFE_LIVE;
    conn->now = now;
    conn->notified_at = FPL_NEVER;
    conn->alert_hint = FPL_NO_ALERT;
    conn->end.alert = FPL_NO_ALERT;
    conn->end.alert_hint = FPL_NO_ALERT;
    conn->stats.size = sizeof conn->stats;
    if (conn->hs == NULL) {
        conn->hs = fpl_allocate(config, sizeof *conn->hs);
    }
    if (conn->hs == NULL) {
        return FPL_STATUS_NO_MEMORY;
    }
    fpl_clocks_clear(conn->clocks);
    fpl_instance_begin(&conn->handshake, machine);
    begin_companions(conn);
    fpl_read_epoch_init(&conn->read[0], 0, NULL);
    fpl_write_epoch_init(&conn->write[0], 0, NULL);
    return FPL_STATUS_OK;
}

static void free_handshake(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    if (hs == NULL) {
        return;
    }
    fpl_transcript_wipe(conn->config, &hs->transcript);
    /* In DTLS 1.3 messages go on: what was kept of those after the handshake was acknowledged and will not come again. */
    if (conn->version != FPL_VERSION_DTLS13 || conn->life != FPL_LIFE_LIVE || conn->reassembly.bytes == 0) {
        fpl_reassembly_free(conn->config, &conn->reassembly);
    }
    for (size_t i = 0; i < FPL_MAX_SHARES; i++) {
        fpl_kx_wipe(&hs->kx[i]);
    }
    fpl_buffer_free(conn->config, &hs->cookie13);
    fpl_prf_wipe(&hs->master);
    fpl_certificate_wipe(&hs->peer_key);
    fpl_buffer_free(conn->config, &hs->peer_chain);
    fpl_release(conn->config, hs, sizeof *hs);
    conn->hs = NULL;
}

void fpl_conn_tidy_up(fpl_conn *conn)
{
    fpl_flights_free_released(conn, false);
    /* The chain is readable until the application has been told of it, and so are the SRTP keys. */
    if (conn->hs_done && (conn->reports >> FPL_REPORT_PEER_CERTIFICATE & 1) == 0 && !conn->keying_due) {
        free_handshake(conn);
        conn->hs_done = false;
    }
}

void fpl_conn_drop_work(fpl_conn *conn)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (conn->flights[i] != NULL) {
            conn->flights[i]->released = true; /* the interpreter may still be in one of them */
        }
    }
    fpl_clocks_clear(conn->clocks);
    conn->hs_done = true;
    conn->keying_due = false;
    conn->ack_due = false;
    conn->reports &= 1u << FPL_REPORT_CLOSE_NOTIFY;
}

void fpl_conn_teardown(fpl_conn *conn)
{
    if (conn->config == NULL) {
        return;
    }
    conn->current_flight = NULL;
    fpl_flights_free_released(conn, true);
    fpl_input_free(conn);
    free_handshake(conn);
    fpl_reassembly_free(conn->config, &conn->reassembly);
    fpl_acks_free(conn);
    fpl_keys_wipe(conn);
    if (conn->server_name != NULL) {
        fpl_release(conn->config, conn->server_name, strlen(conn->server_name) + 1);
        conn->server_name = NULL;
    }
}

void fpl_conn_report(fpl_conn *conn, uint8_t report)
{
    conn->reports |= 1u << report;
    if (report == FPL_REPORT_CONNECTED) {
        conn->connected = true;
        conn->address_validated = true; /* the peer has seen what we sent */
        conn->keying_due = conn->results.srtp_profile != 0;
    }
}

void fpl_conn_note_grant(fpl_conn *conn)
{
    uint8_t grant = fpl_instance_state(&conn->handshake)->application_data;
    for (uint8_t i = 0; i < conn->num_companions; i++) {
        const fpl_instance *companion = &conn->companions[i];
        if (fpl_instance_state(companion)->application_data == FPL_DATA_RECEIVE && grant == FPL_DATA_BOTH &&
            fpl_runs_beside(companion, &conn->handshake)) {
            grant = FPL_DATA_RECEIVE;
        }
    }
    conn->grant = grant;
}

fpl_phase fpl_conn_phase(const fpl_conn *conn)
{
    if (conn->grant != FPL_DATA_NONE) {
        return FPL_PHASE_CONNECTED;
    }
    return conn->authenticated ? FPL_PHASE_KEYED : FPL_PHASE_PLAIN;
}
