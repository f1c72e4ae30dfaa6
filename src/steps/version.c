/* Which version: what a ClientHello allows, what a ServerHello says, and that nobody talked the two down. */
#include <string.h>

#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/steps.h"

#define FPL_SENTINEL_LEN 8

/* The end of a ServerHello's random where the server could have done better (RFC 8446 section 4.1.3): it chose the
 * version before 1.3, or one before that. */
static const uint8_t chose_one_before[FPL_SENTINEL_LEN] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};
static const uint8_t chose_older[FPL_SENTINEL_LEN] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 0};

bool fpl_conn_offers(const fpl_conn *conn, unsigned versions)
{
    return (conn->config->versions & versions) != 0;
}

/* --- the client's word ---------------------------------------------------------------------------- */

/* DTLS counts down: a later version is a smaller number (RFC 6347 section 4.1). The high octet tells DTLS. */
static bool allows_dtls12(const fpl_client_hello *msg)
{
    return msg->legacy_version >> 8 == 0xfe && msg->legacy_version <= FPL_DTLS12;
}

static unsigned bit_of(fpl_protocol_version version)
{
    return version == FPL_DTLS13 ? FPL_VERSIONS_DTLS13 : version == FPL_DTLS12 ? FPL_VERSIONS_DTLS12 : 0;
}

/* The versions that the client allows. Where supported_versions is there, it alone counts (RFC 8446 section 4.2.1);
 * one that cannot be read allows all, so that the version's own rules refuse it. */
static unsigned allowed_by(const fpl_client_hello *msg)
{
    unsigned             allowed = 0;
    fpl_bytes            body;
    fpl_reader           reader;
    fpl_version_list     list;
    fpl_protocol_version version;
    if (!fpl_extensions_find(msg->extensions, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, &body)) {
        return allows_dtls12(msg) ? FPL_VERSIONS_DTLS12 : 0;
    }
    reader = fpl_reader_of(body.data, body.len);
    if (!fpl_decode_version_list(&list, &reader)) {
        return FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13;
    }
    while (fpl_protocol_version_next(&list.versions, &version)) {
        allowed |= bit_of(version);
    }
    return allowed;
}

fpl_version_of_hello_answer fpl_classify_version_of_hello(const fpl_conn *conn, const fpl_client_hello *msg)
{
    unsigned both = allowed_by(msg) & conn->config->versions;
    if ((both & FPL_VERSIONS_DTLS13) != 0) {
        return FPL_ANSWER_VERSION_OF_HELLO_DTLS13;
    }
    return both != 0 ? FPL_ANSWER_VERSION_OF_HELLO_DTLS12 : FPL_ANSWER_VERSION_OF_HELLO_NEITHER;
}

/* RFC 8446 section 4.2.1. A client of DTLS 1.2 alone speaks as RFC 6347 does. */
fpl_presence fpl_hook_versions_offer(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t          bytes[4];
    size_t           len = 0;
    fpl_version_list list;
    if (!fpl_conn_offers(conn, FPL_VERSIONS_DTLS13)) {
        return FPL_OMIT;
    }
    fpl_put_uint(bytes, 2, FPL_DTLS13);
    len = 2;
    if (fpl_conn_offers(conn, FPL_VERSIONS_DTLS12)) {
        fpl_put_uint(bytes + len, 2, FPL_DTLS12);
        len += 2;
    }
    list.versions = fpl_bytes_of(bytes, len);
    (void)fpl_encode_version_list(w, &list);
    return FPL_WRITE;
}

fpl_status fpl_hook_versions_note(fpl_conn *conn, const fpl_version_list *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK; /* version_of_hello has read it */
}

/* --- the server's answer ---------------------------------------------------------------------------- */

fpl_server_hello_kind_answer fpl_classify_server_hello_kind(const fpl_conn *conn, const fpl_server_hello *msg)
{
    fpl_bytes body;
    (void)conn;
    if (fpl_server_hello_is_hello_retry_request(msg)) {
        return FPL_ANSWER_SERVER_HELLO_KIND_HELLO_RETRY;
    }
    return fpl_extensions_find(msg->extensions, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, &body)
               ? FPL_ANSWER_SERVER_HELLO_KIND_DTLS13
               : FPL_ANSWER_SERVER_HELLO_KIND_DTLS12;
}

bool fpl_check_not_a_hello_retry(const fpl_conn *conn, const fpl_server_hello *msg)
{
    (void)conn;
    return !fpl_server_hello_is_hello_retry_request(msg);
}

bool fpl_check_selected_version_is_dtls13(const fpl_conn *conn, const fpl_server_hello *msg)
{
    fpl_bytes            body;
    fpl_reader           reader;
    fpl_selected_version selected;
    (void)conn;
    if (!fpl_extensions_find(msg->extensions, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, &body)) {
        return false;
    }
    reader = fpl_reader_of(body.data, body.len);
    return fpl_decode_selected_version(&selected, &reader) && selected.selected_version == FPL_DTLS13;
}

bool fpl_check_server_version_is_dtls12(const fpl_conn *conn, const fpl_server_hello *msg)
{
    (void)conn;
    return msg->legacy_version == FPL_DTLS12;
}

bool fpl_check_dtls12_was_offered(const fpl_conn *conn, const fpl_server_hello *msg)
{
    (void)msg;
    return fpl_conn_offers(conn, FPL_VERSIONS_DTLS12);
}

bool fpl_check_dtls12_is_enabled(const fpl_conn *conn)
{
    return fpl_conn_offers(conn, FPL_VERSIONS_DTLS12);
}

/* A server that speaks 1.3 says so in whatever else it chooses; a signature of DTLS 1.2 covers its random, while the
 * extensions that somebody may have taken out of our hello are in the Finished alone (RFC 8446 section 4.1.3). */
bool fpl_check_no_downgrade_sentinel(const fpl_conn *conn, const fpl_server_hello *msg)
{
    const uint8_t *end = msg->random.data + FPL_RANDOM_LEN - FPL_SENTINEL_LEN;
    return !fpl_conn_offers(conn, FPL_VERSIONS_DTLS13) ||
           (memcmp(end, chose_one_before, FPL_SENTINEL_LEN) != 0 && memcmp(end, chose_older, FPL_SENTINEL_LEN) != 0);
}

void fpl_mark_downgrade(fpl_conn *conn)
{
    if (fpl_conn_offers(conn, FPL_VERSIONS_DTLS13)) {
        memcpy(conn->server_random + FPL_RANDOM_LEN - FPL_SENTINEL_LEN, chose_one_before, FPL_SENTINEL_LEN);
    }
}

fpl_presence fpl_hook_version_answer(const fpl_conn *conn, fpl_writer *w)
{
    fpl_selected_version selected;
    (void)conn;
    selected.selected_version = FPL_DTLS13;
    (void)fpl_encode_selected_version(w, &selected);
    return FPL_WRITE;
}

fpl_status fpl_hook_version_seen(fpl_conn *conn, const fpl_selected_version *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK; /* selected_version_is_dtls13 has read it */
}
