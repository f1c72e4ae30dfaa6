/* Usage limits of our keys (RFC 9147 section 4.5.3, RFC 6347 section 4.1): the machines hear of them in time. */
#ifndef FPL_ENGINE_USAGE_H
#define FPL_ENGINE_USAGE_H

#include "engine/conn.h"

/* fpl_usage_check raises {limit: seal} when only what alerts need is left of the newest write keys, and returns true then;
 * {limit: seal_soon} when it is time to renew them. */
bool fpl_usage_check(fpl_conn *conn);

#endif
