/* Finding the row that lists an event: a state's own rows first, then those of any state. Nothing changes here. */
#ifndef FPL_ENGINE_LOOKUP_H
#define FPL_ENGINE_LOOKUP_H

#include "engine/event.h"

/* fpl_instance_state is the present state's table row. */
static inline const fpl_state *fpl_instance_state(const fpl_instance *instance)
{
    return &fpl_machines[instance->machine]->states[instance->state];
}

/* fpl_row_find returns the row of `state` that lists `key`, or NULL. */
const fpl_row *fpl_row_find(const fpl_conn *conn, const fpl_machine *machine, const fpl_state *state,
                            const fpl_event_key *key);

/* fpl_event_key_of is what `machine` looks an event up by: a message goes by the struct that its version has. */
fpl_event_key fpl_event_key_of(const fpl_machine *machine, const fpl_event *event);

/* fpl_conn_lists tells whether the handshake machine has a row for an event of this kind and code now. */
bool fpl_conn_lists(const fpl_conn *conn, uint8_t kind, uint8_t code);

/* fpl_conn_takes_seq_any tells whether a message of this type and epoch is taken whatever its message_seq. */
bool fpl_conn_takes_seq_any(const fpl_conn *conn, uint8_t type, uint16_t epoch);

#endif
