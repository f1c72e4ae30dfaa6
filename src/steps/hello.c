/* The hellos: what may be in them, and writing ours. */
#include <string.h>

#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/steps.h"

/* --- checks and classifiers -------------------------------------------------------------------- */

/* DTLS counts down: a later version is a smaller number (RFC 6347 section 4.1). The high octet tells DTLS. */
static bool allows_dtls12(const fpl_client_hello *msg)
{
    return msg->legacy_version >> 8 == 0xfe && msg->legacy_version <= FPL_DTLS12;
}

fpl_version_of_hello_answer fpl_classify_version_of_hello(const fpl_conn *conn, const fpl_client_hello *msg)
{
    (void)conn;
    return allows_dtls12(msg) ? FPL_ANSWER_VERSION_OF_HELLO_DTLS12 : FPL_ANSWER_VERSION_OF_HELLO_NEITHER;
}

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

bool fpl_check_server_version_is_dtls12(const fpl_conn *conn, const fpl_server_hello *msg)
{
    (void)conn;
    return msg->legacy_version == FPL_DTLS12;
}

bool fpl_check_suite12_was_offered(const fpl_conn *conn, const fpl_server_hello *msg)
{
    return fpl_listed(conn->config->suites, conn->config->num_suites, msg->cipher_suite);
}

bool fpl_check_ems_as_policy_wants(const fpl_conn *conn, const fpl_server_hello *msg)
{
    fpl_bytes     list = msg->extensions;
    fpl_extension extension;
    if (!conn->config->extensions.extended_master_secret) {
        return true;
    }
    while (fpl_extension_next(&list, &extension)) {
        if (extension.extension_type == FPL_EXTENSION_TYPE_EXTENDED_MASTER_SECRET) {
            return true;
        }
    }
    return false;
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
    return fpl_config_random(conn->config, conn->client_random, sizeof conn->client_random);
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
    conn->suite = fpl_cipher_suite_find(msg->cipher_suite);
    if (conn->suite == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    if (conn->config->has_credential) {
        other = fpl_second_hash(conn);
    }
    return fpl_transcript_choose(conn->config, &conn->hs->transcript, conn->suite->hash, other);
}

/* --- builders ------------------------------------------------------------------------------------ */

bool fpl_build_client_hello(const fpl_conn *conn, fpl_writer *w)
{
    static const uint8_t null_compression[1] = {FPL_COMPRESSION_METHOD_NULL};
    uint8_t              suites[2 * FPL_CONFIG_LIST_MAX];
    uint8_t              block[FPL_HELLO_BLOCK_MAX];
    fpl_writer           extensions = fpl_writer_of(block, sizeof block);
    fpl_client_hello     msg;
    memset(&msg, 0, sizeof msg);
    msg.legacy_version = FPL_DTLS12;
    msg.random = fpl_bytes_of(conn->client_random, sizeof conn->client_random);
    msg.legacy_cookie = fpl_bytes_of(conn->hs->cookie, conn->hs->cookie_len);
    msg.cipher_suites = fpl_list_put(suites, conn->config->suites, conn->config->num_suites);
    msg.legacy_compression_methods = fpl_bytes_of(null_compression, sizeof null_compression);
    if (!fpl_extensions_write(conn, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO, &extensions)) {
        return false;
    }
    msg.has_extensions = fpl_block_strip(&extensions, &msg.extensions);
    return fpl_encode_client_hello(w, &msg);
}

bool fpl_build_server_hello(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t          block[FPL_HELLO_BLOCK_MAX];
    fpl_writer       extensions = fpl_writer_of(block, sizeof block);
    fpl_server_hello msg;
    memset(&msg, 0, sizeof msg);
    msg.legacy_version = FPL_DTLS12;
    msg.random = fpl_bytes_of(conn->server_random, sizeof conn->server_random);
    msg.cipher_suite = conn->suite->value;
    msg.legacy_compression_method = FPL_COMPRESSION_METHOD_NULL;
    if (!fpl_extensions_write(conn, FPL_VERSION_DTLS12, FPL_BLOCK_SERVER_HELLO, &extensions)) {
        return false;
    }
    msg.has_extensions = fpl_block_strip(&extensions, &msg.extensions);
    return fpl_encode_server_hello(w, &msg);
}
