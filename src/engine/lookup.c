#include "engine/lookup.h"

#include <string.h>

static bool epoch_fits(const fpl_conn *conn, uint16_t wanted, uint16_t epoch)
{
    switch (wanted) {
    case FPL_EPOCH_ANY: return true;
    case FPL_EPOCH_CURRENT: return epoch == conn->read_epoch;
    case FPL_EPOCH_KEYED: return epoch > 0;
    default: return wanted == epoch;
    }
}

static bool key_fits(const fpl_conn *conn, const fpl_event_key *row, const fpl_event_key *key)
{
    if (row->kind != key->kind) {
        return false;
    }
    if (row->kind == FPL_EVENT_IMMEDIATE) {
        return true;
    }
    if (row->code != key->code && !(row->kind == FPL_EVENT_ALERT && row->code == FPL_ALERT_EVENT_ANY)) {
        return false;
    }
    switch (row->kind) {
    case FPL_EVENT_MESSAGE:
    case FPL_EVENT_RECORD:
    case FPL_EVENT_ALERT: return epoch_fits(conn, row->epoch, key->epoch);
    case FPL_EVENT_FLIGHT: return row->flight == 0 || row->flight == key->flight;
    default: return true;
    }
}

const fpl_row *fpl_row_find(const fpl_conn *conn, const fpl_machine *machine, const fpl_state *state,
                            const fpl_event_key *key)
{
    for (uint8_t i = 0; i < state->num_rows; i++) {
        if (key_fits(conn, &state->rows[i].event, key)) {
            return &state->rows[i];
        }
    }
    for (uint8_t i = 0; !state->immediate && i < machine->num_any_rows; i++) {
        if (key_fits(conn, &machine->any_rows[i].event, key)) {
            return &machine->any_rows[i];
        }
    }
    return NULL;
}

/* A machine may list messages of the version that it hands over to: a HelloVerifyRequest decides the version. */
static uint8_t find_message(const fpl_machine *machine, uint8_t type)
{
    uint8_t id = fpl_message_find(machine->version, type);
    for (uint8_t i = 1; id == FPL_MESSAGE_NONE && i <= machine->num_states; i++) {
        if (machine->states[i].hand_to_machine != 0) {
            id = fpl_message_find(fpl_machines[machine->states[i].hand_to_machine]->version, type);
        }
    }
    return id;
}

fpl_event_key fpl_event_key_of(const fpl_machine *machine, const fpl_event *event)
{
    fpl_event_key key;
    memset(&key, 0, sizeof key);
    key.kind = event->kind;
    key.code = event->kind == FPL_EVENT_MESSAGE ? find_message(machine, event->type) : event->code;
    key.epoch = event->epoch;
    key.flight = event->kind == FPL_EVENT_FLIGHT && event->owner == machine ? (uint8_t)(event->flight + 1) : 0;
    return key;
}

bool fpl_conn_lists(const fpl_conn *conn, uint8_t kind, uint8_t code)
{
    const fpl_machine *machine = fpl_machines[conn->handshake.machine];
    fpl_event_key      key;
    memset(&key, 0, sizeof key);
    key.kind = kind;
    key.code = code;
    return fpl_row_find(conn, machine, fpl_instance_state(&conn->handshake), &key) != NULL;
}

bool fpl_conn_takes_seq_any(const fpl_conn *conn, uint8_t type, uint16_t epoch)
{
    const fpl_machine *machine = fpl_machines[conn->handshake.machine];
    const fpl_row     *row;
    fpl_event_key      key;
    memset(&key, 0, sizeof key);
    key.kind = FPL_EVENT_MESSAGE;
    key.code = find_message(machine, type);
    key.epoch = epoch;
    row = key.code == FPL_MESSAGE_NONE ? NULL : fpl_row_find(conn, machine, fpl_instance_state(&conn->handshake), &key);
    return row != NULL && row->event.seq_any;
}
