/* Epochs come and go at the word of a row's `keys`; the keys themselves were agreed by an action before. */
#ifndef FPL_ENGINE_KEYS_H
#define FPL_ENGINE_KEYS_H

#include "engine/conn.h"

/* fpl_keys_install adds the epochs named and moves reading and writing to them (RFC 6347 section 4.1). */
fpl_status fpl_keys_install(fpl_conn *conn, fpl_keys keys);

#endif
