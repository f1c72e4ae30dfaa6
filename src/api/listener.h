/* What the engine's connections tell the listener that made them. All do nothing for one made without. */
#ifndef FPL_API_LISTENER_H
#define FPL_API_LISTENER_H

#include "engine/conn.h"

/* fpl_listener_note_deadline says that `conn`'s deadline may have changed. */
void fpl_listener_note_deadline(fpl_conn *conn);

/* fpl_listener_note_connected says that `conn` is CONNECTED: the association it replaces, if any, falls. */
void fpl_listener_note_connected(fpl_conn *conn);

#endif
