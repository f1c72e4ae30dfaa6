/* Finished: the last word of each side over all that was said (RFC 5246 section 7.4.9, RFC 8446 section 4.4.4). */
#include <openssl/mem.h>
#include <string.h>

#include "crypto/hmac.h"
#include "engine/conn.h"
#include "fpl_functions.h"

static fpl_status verify_data12(const fpl_conn *conn, fpl_role sender, uint8_t out[FPL_VERIFY_DATA12_LEN])
{
    static const char client[] = "client finished";
    static const char server[] = "server finished";
    const char       *text = sender == FPL_ROLE_CLIENT ? client : server;
    uint8_t           digest[FPL_HASH_MAX_LEN];
    size_t            len = fpl_transcript_digest(&conn->hs->transcript, conn->suite->hash, digest);
    if (len == 0) {
        return FPL_STATUS_INTERNAL; /* a Finished over nothing would be one for every handshake */
    }
    return fpl_prf_expand(&conn->hs->master, fpl_bytes_of((const uint8_t *)text, sizeof client - 1),
                          fpl_bytes_of(digest, len), fpl_bytes_none(), out, FPL_VERIFY_DATA12_LEN);
}

bool fpl_check_finished12_valid(const fpl_conn *conn, const fpl_finished *msg)
{
    uint8_t  expected[FPL_VERIFY_DATA12_LEN];
    fpl_role sender = conn->role == FPL_ROLE_CLIENT ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT;
    bool     good = verify_data12(conn, sender, expected) == FPL_STATUS_OK && msg->verify_data.len == sizeof expected &&
                fpl_equal(msg->verify_data.data, expected, sizeof expected);
    OPENSSL_cleanse(expected, sizeof expected); /* what a stranger lacks, if it was not this */
    return good;
}

/* Each side's own key, over the transcript that this message ends. Returns the length; 0 where there is no such key. */
static size_t verify_data13(const fpl_conn *conn, const fpl_secret13 *key, uint8_t out[FPL_HASH_MAX_LEN])
{
    uint8_t digest[FPL_HASH_MAX_LEN];
    size_t  len = fpl_transcript_digest(&conn->hs->transcript, conn->suite->hash, digest);
    if (len == 0 || key->hash != conn->suite->hash ||
        fpl_schedule13_verify_data(key, fpl_bytes_of(digest, len), out) != FPL_STATUS_OK) {
        return 0;
    }
    return len;
}

bool fpl_check_finished13_valid(const fpl_conn *conn, const fpl_finished *msg)
{
    uint8_t expected[FPL_HASH_MAX_LEN];
    size_t  len = verify_data13(conn, &conn->hs->finished_read, expected);
    bool    good = len > 0 && msg->verify_data.len == len && fpl_equal(msg->verify_data.data, expected, len);
    OPENSSL_cleanse(expected, sizeof expected);
    return good;
}

bool fpl_build_finished(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t      data[FPL_HASH_MAX_LEN];
    size_t       len = FPL_VERIFY_DATA12_LEN;
    fpl_finished msg;
    if (conn->version == FPL_VERSION_DTLS13) {
        len = verify_data13(conn, &conn->hs->finished_write, data);
    } else if (verify_data12(conn, conn->role, data) != FPL_STATUS_OK) {
        len = 0;
    }
    msg.verify_data = fpl_bytes_of(data, len);
    return len > 0 && fpl_encode_finished(w, &msg);
}

fpl_status fpl_act_drop_handshake_state(fpl_conn *conn)
{
    conn->hs_done = true; /* freed when nobody looks into it any more: fpl_conn_tidy */
    return FPL_STATUS_OK;
}
