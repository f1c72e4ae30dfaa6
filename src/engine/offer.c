/* A client's hello offers what the configuration allows: one version, or both. */
#include "engine/conn.h"

bool fpl_extensions_write_hello(const fpl_conn *conn, fpl_writer *w)
{
    bool dtls12 = (conn->config->versions & FPL_VERSIONS_DTLS12) != 0;
    bool dtls13 = (conn->config->versions & FPL_VERSIONS_DTLS13) != 0;
    return fpl_extensions_write(conn,
                                dtls12 && dtls13 ? FPL_VERSION_ANY
                                : dtls13         ? FPL_VERSION_DTLS13
                                                 : FPL_VERSION_DTLS12,
                                FPL_BLOCK_CLIENT_HELLO, w);
}
