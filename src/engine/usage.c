#include "engine/usage.h"

#include "engine/dispatch.h"

static uint64_t silent_from(const fpl_conn *conn)
{
    return fpl_seal_limit(conn) - fpl_conn_limit(conn, FPL_LIMIT_SEAL_RESERVE);
}

void fpl_usage_begin(fpl_conn *conn)
{
    uint64_t limit = fpl_seal_limit(conn);
    uint64_t margin = fpl_conn_limit(conn, FPL_LIMIT_SEAL_MARGIN13);
    conn->usage_at = silent_from(conn);
    if (conn->keys13 != NULL) {
        conn->keys13->seal_soon = limit - (margin < limit / 2 ? margin : limit / 2);
        conn->usage_at = conn->keys13->seal_soon < conn->usage_at ? conn->keys13->seal_soon : conn->usage_at;
    }
}

bool fpl_usage_look(fpl_conn *conn)
{
    uint64_t next = fpl_seal_next(conn);
    if (next >= silent_from(conn)) {
        (void)fpl_raise(conn, FPL_EVENT_LIMIT, FPL_LIMIT_EVENT_SEAL);
        return true;
    }
    if (conn->keys13 != NULL && next >= conn->keys13->seal_soon) {
        (void)fpl_raise(conn, FPL_EVENT_LIMIT, FPL_LIMIT_EVENT_SEAL_SOON);
    }
    return false;
}
