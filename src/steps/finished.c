/* Finished: the last word of each side over all that was said (RFC 5246 section 7.4.9). */
#include <openssl/mem.h>
#include <string.h>

#include "crypto/hmac.h"
#include "engine/conn.h"
#include "fpl_functions.h"

static fpl_status verify_data(const fpl_conn *conn, fpl_role sender, uint8_t out[FPL_VERIFY_DATA12_LEN])
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
    bool     good = verify_data(conn, sender, expected) == FPL_STATUS_OK && msg->verify_data.len == sizeof expected &&
                fpl_equal(msg->verify_data.data, expected, sizeof expected);
    OPENSSL_cleanse(expected, sizeof expected); /* what a stranger lacks, if it was not this */
    return good;
}

bool fpl_build_finished(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t      data[FPL_VERIFY_DATA12_LEN];
    fpl_finished msg;
    if (verify_data(conn, conn->role, data) != FPL_STATUS_OK) {
        return false;
    }
    msg.verify_data = fpl_bytes_of(data, sizeof data);
    return fpl_encode_finished(w, &msg);
}

fpl_status fpl_act_drop_handshake_state(fpl_conn *conn)
{
    conn->hs_done = true; /* freed when nobody looks into it any more: fpl_conn_tidy */
    return FPL_STATUS_OK;
}
