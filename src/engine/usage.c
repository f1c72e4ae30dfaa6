#include "engine/usage.h"

#include "engine/dispatch.h"
#include "engine/keys.h"

bool fpl_usage_check(fpl_conn *conn)
{
    uint64_t next = fpl_seal_next(conn);
    if (next >= fpl_seal_limit(conn) - fpl_conn_limit(conn, FPL_LIMIT_SEAL_RESERVE)) {
        (void)fpl_raise(conn, FPL_EVENT_LIMIT, FPL_LIMIT_EVENT_SEAL);
        return true;
    }
    if (conn->keys13 != NULL && next >= conn->keys13->seal_soon) {
        (void)fpl_raise(conn, FPL_EVENT_LIMIT, FPL_LIMIT_EVENT_SEAL_SOON);
    }
    return false;
}
