/* The hellos of DTLS 1.3: what may be in them (RFC 8446 section 4.1, RFC 9147 sections 5.3 and 5.4). */
#include <string.h>

#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/steps.h"

static bool has_extension(fpl_bytes list, fpl_extension_type type)
{
    fpl_bytes body;
    return fpl_extensions_find(list, type, &body);
}

/* --- ClientHello ---------------------------------------------------------------------------------- */

bool fpl_check_legacy_cookie_empty(const fpl_conn *conn, const fpl_client_hello *msg)
{
    (void)conn;
    return msg->legacy_cookie.len == 0;
}

bool fpl_check_only_null_compression(const fpl_conn *conn, const fpl_client_hello *msg)
{
    (void)conn;
    return msg->legacy_compression_methods.len == 1 &&
           msg->legacy_compression_methods.data[0] == FPL_COMPRESSION_METHOD_NULL;
}

/* RFC 8446 section 9.2. A hello that has a PSK to show may do without signature_algorithms; then there is nothing in
 * common, which another alert says. */
bool fpl_check_mandatory_extensions_there(const fpl_conn *conn, const fpl_client_hello *msg)
{
    (void)conn;
    return has_extension(msg->extensions, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS) &&
           has_extension(msg->extensions, FPL_EXTENSION_TYPE_KEY_SHARE) &&
           (has_extension(msg->extensions, FPL_EXTENSION_TYPE_SIGNATURE_ALGORITHMS) ||
            has_extension(msg->extensions, FPL_EXTENSION_TYPE_PRE_SHARED_KEY));
}

/* --- ServerHello ------------------------------------------------------------------------------------ */

bool fpl_check_suite13_was_offered(const fpl_conn *conn, const fpl_server_hello *msg)
{
    fpl_cipher_suite ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    return fpl_listed(ours, fpl_config_suites(conn->config, FPL_VERSIONS_DTLS13, ours), msg->cipher_suite);
}

bool fpl_check_suite13_same_as_in_retry(const fpl_conn *conn, const fpl_server_hello *msg)
{
    return msg->cipher_suite == conn->hs->retry_suite;
}

bool fpl_check_session_id_echo_empty(const fpl_conn *conn, const fpl_server_hello *msg)
{
    (void)conn;
    return msg->legacy_session_id_echo.len == 0;
}

/* A retry that would have us say the same again leads nowhere (RFC 8446 section 4.1.4). */
bool fpl_check_retry_changes_hello(const fpl_conn *conn, const fpl_server_hello *msg)
{
    (void)conn;
    return has_extension(msg->extensions, FPL_EXTENSION_TYPE_KEY_SHARE) ||
           has_extension(msg->extensions, FPL_EXTENSION_TYPE_COOKIE);
}

fpl_status fpl_act_keep_hello_retry(fpl_conn *conn, const fpl_server_hello *msg)
{
    conn->version = FPL_VERSION_DTLS13;
    conn->hs->retry_suite = msg->cipher_suite;
    return FPL_STATUS_OK;
}

fpl_status fpl_act_keep_server_hello13(fpl_conn *conn, const fpl_server_hello *msg)
{
    memcpy(conn->server_random, msg->random.data, sizeof conn->server_random);
    conn->version = FPL_VERSION_DTLS13;
    conn->suite = fpl_cipher_suite_find(msg->cipher_suite);
    if (conn->suite == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    return fpl_transcript_choose(conn->config, &conn->hs->transcript, FPL_VERSION_DTLS13, conn->suite->hash, 0);
}

/* --- EncryptedExtensions ------------------------------------------------------------------------------ */

bool fpl_build_encrypted_extensions(const fpl_conn *conn, fpl_writer *w)
{
    return fpl_extensions_write(conn, FPL_VERSION_DTLS13, FPL_BLOCK_ENCRYPTED_EXTENSIONS, w);
}
