/* Usage limits of our keys (RFC 9147 section 4.5.3, RFC 6347 section 4.1): the machines hear of them in time. */
#ifndef FPL_ENGINE_USAGE_H
#define FPL_ENGINE_USAGE_H

#include "engine/conn.h"
#include "engine/keys.h"

/* fpl_usage_begin notes, of new write keys, how far they may be used unwatched. */
void fpl_usage_begin(fpl_conn *conn);

/* fpl_usage_look raises {limit: seal} when only what alerts need is left of the newest write keys, and returns true then;
 * {limit: seal_soon} when it is time to renew them. fpl_usage_check does so where it is worth it: every record asks. */
bool fpl_usage_look(fpl_conn *conn);
static inline bool fpl_usage_check(fpl_conn *conn)
{
    return fpl_seal_next(conn) >= conn->usage_at && fpl_usage_look(conn);
}

#endif
