/* Copies of records whose time has not come, few and bounded (limits held_records and held_bytes). */
#ifndef FPL_ENGINE_HELD_H
#define FPL_ENGINE_HELD_H

#include "engine/conn.h"

/* fpl_held_keep copies `bytes`: a record as it came, or (`content` not 0) what was in one that is open already. They stand by
 * `seq`; those of DTLS 1.3 that cannot be opened hide theirs, and with UINT64_MAX stay in the order in which they came. */
void fpl_held_keep(fpl_conn *conn, uint8_t content, uint16_t epoch, uint64_t seq, const uint8_t *bytes, size_t len);

/* fpl_held_borrow takes the one at *at out of the list; it lives until events that point into it are over. */
void fpl_held_borrow(fpl_inbox *inbox, fpl_held **at);

/* fpl_held_free frees a list. */
void fpl_held_free(const fpl_config *config, fpl_held **list);

#endif
