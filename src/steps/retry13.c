#include "steps/retry13.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "fpl_extension_types.h"
#include "fpl_functions.h"
#include "steps/cookie13.h"
#include "steps/lists.h"

/* --- the plan -------------------------------------------------------------------------------------- */

const fpl_cipher_suite_row *fpl_suite13_choose(const fpl_config *config, fpl_bytes offered, fpl_cipher_suite bound)
{
    fpl_cipher_suite ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t          num = fpl_config_suites(config, FPL_VERSIONS_DTLS13, ours);
    size_t           best = num;
    fpl_cipher_suite suite;
    while (fpl_cipher_suite_next(&offered, &suite)) {
        for (size_t i = 0; i < best; i++) {
            if (ours[i] == suite && (bound == 0 || bound == suite)) {
                best = i;
            }
        }
    }
    return best < num ? fpl_cipher_suite_find(ours[best]) : NULL;
}

bool fpl_hello_groups(const fpl_client_hello *hello, fpl_bytes *groups)
{
    fpl_bytes            body;
    fpl_reader           reader;
    fpl_named_group_list list;
    if (!fpl_extensions_find(hello->extensions, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, &body)) {
        return false;
    }
    reader = fpl_reader_of(body.data, body.len);
    if (!fpl_decode_named_group_list(&list, &reader)) {
        return false;
    }
    *groups = list.named_group_list;
    return true;
}

static bool hello_shares(const fpl_client_hello *hello, fpl_bytes *shares)
{
    fpl_bytes                  body;
    fpl_reader                 reader;
    fpl_key_share_client_hello ext;
    if (!fpl_extensions_find(hello->extensions, FPL_EXTENSION_TYPE_KEY_SHARE, &body)) {
        return false;
    }
    reader = fpl_reader_of(body.data, body.len);
    if (!fpl_decode_key_share_client_hello(&ext, &reader)) {
        return false;
    }
    *shares = ext.client_shares;
    return true;
}

static bool has_share_of(fpl_bytes shares, const fpl_named_group *groups, size_t num)
{
    fpl_key_share_entry share;
    while (fpl_key_share_entry_next(&shares, &share)) {
        if (fpl_listed(groups, num, share.group)) {
            return true;
        }
    }
    return false;
}

bool fpl_retry13_plan(const fpl_config *config, const fpl_client_hello *hello, fpl_retry13 *out)
{
    const fpl_cipher_suite_row *suite = fpl_suite13_choose(config, hello->cipher_suites, 0);
    fpl_named_group             ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint16_t                    common[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t                     num = fpl_config_groups(config, FPL_VERSIONS_DTLS13, ours);
    uint8_t                     num_common;
    fpl_bytes                   groups;
    fpl_bytes                   shares;
    if (suite == NULL || !fpl_hello_groups(hello, &groups) || !hello_shares(hello, &shares)) {
        return false;
    }
    out->suite = suite->value;
    out->group = 0;
    num_common = fpl_list_common(groups, ours, num, common);
    if (has_share_of(shares, common, num_common)) {
        return true;
    }
    out->group = fpl_list_first(ours, num, common, num_common);
    return out->group != 0;
}

fpl_plan_of_retry_answer fpl_classify_plan_of_retry(const fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_retry13 retry;
    return fpl_retry13_plan(conn->config, msg, &retry) ? FPL_ANSWER_PLAN_OF_RETRY_GROUP_AND_SUITE
                                                       : FPL_ANSWER_PLAN_OF_RETRY_NOTHING_COMMON;
}

bool fpl_retry13_at_hand(const fpl_conn *conn, fpl_retry13 *out)
{
    if (conn->hs->retry_suite != 0) {
        out->suite = conn->hs->retry_suite;
        out->group = conn->hs->retry_group;
        return true;
    }
    return conn->message != NULL && conn->message->id == FPL_MESSAGE_CLIENT_HELLO &&
           fpl_retry13_plan(conn->config, &conn->message->as.client_hello, out);
}

/* --- the HelloRetryRequest --------------------------------------------------------------------------- */

/* RFC 8446 section 4.1.4; legacy_session_id_echo is empty (RFC 9147 section 5). */
bool fpl_retry13_write(const fpl_conn *conn, fpl_writer *w)
{
    fpl_retry13      retry;
    fpl_server_hello msg;
    if (!fpl_retry13_at_hand(conn, &retry)) {
        return false;
    }
    memset(&msg, 0, sizeof msg);
    msg.legacy_version = FPL_DTLS12;
    msg.random = fpl_bytes_of(fpl_hello_retry_request_random, FPL_RANDOM_LEN);
    msg.cipher_suite = retry.suite;
    msg.legacy_compression_method = FPL_COMPRESSION_METHOD_NULL;
    return fpl_encode_server_hello(w, &msg) &&
           fpl_extensions_write(conn, FPL_VERSION_DTLS13, FPL_BLOCK_HELLO_RETRY_REQUEST, w);
}

bool fpl_build_hello_retry_request(const fpl_conn *conn, fpl_writer *w)
{
    return fpl_retry13_write(conn, w);
}

/* --- the hello that comes again ------------------------------------------------------------------------ */

fpl_hello_origin_answer fpl_classify_hello_origin(const fpl_conn *conn, const fpl_client_hello *msg)
{
    (void)conn;
    (void)msg;
    return FPL_ANSWER_HELLO_ORIGIN_FIRST; /* unless a listener, which has opened a cookie, has settled otherwise */
}

/* By spec/registries/extension_type.yaml; what that does not know stays as it was. */
static bool may_change(fpl_extension_type type, bool share_demanded)
{
    const fpl_extension_type_row *row = fpl_extension_type_find(type);
    return row != NULL && (row->second_hello == FPL_SECOND_HELLO_MAY_CHANGE ||
                           (row->second_hello == FPL_SECOND_HELLO_CHANGES_IF_DEMANDED && share_demanded));
}

/* Each part goes in with its length, so that no two hellos look alike. */
static void take_in(fpl_running_hash *hash, uint64_t tag, fpl_bytes part)
{
    uint8_t head[6];
    fpl_put_uint(head, 2, tag);
    fpl_put_uint(head + 2, 4, part.len);
    fpl_hash_update(hash, fpl_bytes_of(head, sizeof head));
    fpl_hash_update(hash, part);
}

void fpl_hello_fixed_part(const fpl_client_hello *hello, bool share_demanded, uint8_t out[FPL_FIXED_PART_LEN])
{
    fpl_running_hash hash;
    uint8_t          digest[FPL_HASH_MAX_LEN];
    fpl_bytes        list = hello->extensions;
    fpl_extension    extension;
    (void)fpl_hash_init(&hash, FPL_HASH_SHA256); /* which is ours */
    take_in(&hash, hello->legacy_version, hello->random);
    take_in(&hash, 0, hello->legacy_session_id);
    take_in(&hash, 0, hello->cipher_suites);
    take_in(&hash, 0, hello->legacy_compression_methods);
    while (fpl_extension_next(&list, &extension)) {
        if (!may_change(extension.extension_type, share_demanded)) {
            take_in(&hash, extension.extension_type, extension.extension_data);
        }
    }
    (void)fpl_hash_digest(&hash, digest);
    memcpy(out, digest, FPL_FIXED_PART_LEN);
}

/* What must be the same was noted when the retry was asked for: here, or in the cookie. Where a share was demanded, one
 * and no more comes in place of the others; that it is the right one is plan13's to see. */
bool fpl_check_second_hello_unchanged(const fpl_conn *conn, const fpl_client_hello *msg)
{
    const fpl_handshake *hs = conn->hs;
    uint8_t              now[FPL_FIXED_PART_LEN];
    fpl_cookie13_state   cookie;
    const uint8_t       *before = hs->hello_digest;
    fpl_named_group      demanded = hs->retry_group;
    fpl_bytes            shares;
    fpl_key_share_entry  share;
    if (hs->retry_suite == 0) {
        if (!fpl_cookie13_open(conn, msg, &cookie)) {
            return false;
        }
        before = cookie.fixed_part;
        demanded = cookie.retry.group;
    }
    if (demanded != 0 && (!hello_shares(msg, &shares) || !fpl_key_share_entry_next(&shares, &share) ||
                          fpl_key_share_entry_next(&shares, &share))) {
        return false;
    }
    fpl_hello_fixed_part(msg, demanded != 0, now);
    return fpl_equal(now, before, sizeof now);
}
