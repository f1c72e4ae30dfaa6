/* The hellos of DTLS 1.2, and writing those of both versions. */
#include <string.h>

#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/steps.h"

/* --- checks and classifiers -------------------------------------------------------------------- */

bool fpl_check_null_compression_offered(const fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_bytes              list = msg->legacy_compression_methods;
    fpl_compression_method method;
    (void)conn;
    while (fpl_compression_method_next(&list, &method)) {
        if (method == FPL_COMPRESSION_METHOD_NULL) {
            return true;
        }
    }
    return false;
}

bool fpl_check_suite12_was_offered(const fpl_conn *conn, const fpl_server_hello *msg)
{
    fpl_cipher_suite ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    return fpl_listed(ours, fpl_config_suites(conn->config, FPL_VERSIONS_DTLS12, ours), msg->cipher_suite);
}

bool fpl_check_ems_as_policy_wants(const fpl_conn *conn, const fpl_server_hello *msg)
{
    fpl_bytes body;
    return !conn->config->extensions.extended_master_secret ||
           fpl_extensions_find(msg->extensions, FPL_EXTENSION_TYPE_EXTENDED_MASTER_SECRET, &body);
}

fpl_verify_request_budget_answer fpl_classify_verify_request_budget(const fpl_conn *conn)
{
    return conn->hs->verify_requests < fpl_conn_limit(conn, FPL_LIMIT_HELLO_VERIFY_REQUESTS)
               ? FPL_ANSWER_VERIFY_REQUEST_BUDGET_LEFT
               : FPL_ANSWER_VERIFY_REQUEST_BUDGET_SPENT;
}

/* --- actions ------------------------------------------------------------------------------------- */

fpl_status fpl_act_start_connection(fpl_conn *conn)
{
    fpl_status status = fpl_config_random(conn->config, conn->client_random, sizeof conn->client_random);
    switch (conn->config->versions) { /* of two, the server chooses */
    case FPL_VERSIONS_DTLS12: conn->version = FPL_VERSION_DTLS12; break;
    case FPL_VERSIONS_DTLS13: conn->version = FPL_VERSION_DTLS13; break;
    default: break;
    }
    if (status == FPL_STATUS_OK && fpl_conn_offers(conn, FPL_VERSIONS_DTLS13)) {
        status = fpl_shares_offer(conn);
    }
    return status;
}

fpl_status fpl_act_keep_verify_cookie(fpl_conn *conn, const fpl_hello_verify_request *msg)
{
    memcpy(conn->hs->cookie, msg->cookie.data, msg->cookie.len); /* at most 255, as its length says */
    conn->hs->cookie_len = (uint8_t)msg->cookie.len;
    conn->hs->verify_requests++;
    return FPL_STATUS_OK;
}

fpl_status fpl_act_keep_server_hello12(fpl_conn *conn, const fpl_server_hello *msg)
{
    /* A certificate of ours may have to be signed for with another hash than the suite's. */
    fpl_hash other = 0;
    memcpy(conn->server_random, msg->random.data, sizeof conn->server_random);
    conn->version = FPL_VERSION_DTLS12;
    fpl_shares_wipe(conn->hs); /* DTLS 1.3's, if it was offered */
    conn->suite = fpl_cipher_suite_find(msg->cipher_suite);
    if (conn->suite == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    if (conn->config->has_credential) {
        other = fpl_second_hash(conn);
    }
    return fpl_transcript_choose(conn->config, &conn->hs->transcript, FPL_VERSION_DTLS12, conn->suite->hash, other);
}

/* --- builders ------------------------------------------------------------------------------------ */

/* A hello that offers DTLS 1.3 has its extensions, and those of 1.2 besides where that is offered too. It is the same
 * whichever machine has it sent: one that a HelloVerifyRequest asks for again may change in nothing but the cookie
 * (RFC 6347 section 4.2.1). */
bool fpl_build_client_hello(const fpl_conn *conn, fpl_writer *w)
{
    static const uint8_t null_compression[1] = {FPL_COMPRESSION_METHOD_NULL};
    fpl_cipher_suite     suites[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t              bytes[2 * FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t              num = fpl_config_suites(conn->config, conn->config->versions, suites);
    fpl_client_hello     msg;
    memset(&msg, 0, sizeof msg);
    msg.legacy_version = FPL_DTLS12;
    msg.random = fpl_bytes_of(conn->client_random, sizeof conn->client_random);
    msg.legacy_cookie = fpl_bytes_of(conn->hs->cookie, conn->hs->cookie_len);
    msg.cipher_suites = fpl_list_put(bytes, suites, num);
    msg.legacy_compression_methods = fpl_bytes_of(null_compression, sizeof null_compression);
    return fpl_encode_client_hello(w, &msg) && fpl_extensions_write_hello(conn, w);
}

/* legacy_session_id_echo is empty: nothing is resumed in DTLS 1.2, and 1.3 echoes none (RFC 9147 section 5). */
bool fpl_build_server_hello(const fpl_conn *conn, fpl_writer *w)
{
    fpl_server_hello msg;
    memset(&msg, 0, sizeof msg);
    msg.legacy_version = FPL_DTLS12;
    msg.random = fpl_bytes_of(conn->server_random, sizeof conn->server_random);
    msg.cipher_suite = conn->suite->value;
    msg.legacy_compression_method = FPL_COMPRESSION_METHOD_NULL;
    return fpl_encode_server_hello(w, &msg) && fpl_extensions_write(conn, conn->version, FPL_BLOCK_SERVER_HELLO, w);
}
