/* What a server of DTLS 1.3 makes of a ClientHello: suite, group, signature scheme (RFC 8446 section 4.1.1). */
#include <string.h>

#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/retry13.h"
#include "steps/steps.h"

/* Our first group that the client names. */
static fpl_named_group first_common_group(const fpl_conn *conn)
{
    fpl_named_group ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t         num = fpl_config_groups(conn->config, FPL_VERSIONS_DTLS13, ours);
    return fpl_list_first(ours, num, conn->hs->peer_groups, conn->hs->num_peer_groups);
}

/* A common group, but no share of it: what the second hello may not change is noted. One that comes again without the
 * share that was demanded is left at that, and its row refuses it. */
static fpl_plan13_answer plan_retry(fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_handshake  *hs = conn->hs;
    fpl_named_group group = first_common_group(conn);
    if (group == 0) {
        return FPL_ANSWER_PLAN13_NOTHING_COMMON;
    }
    if (hs->retry_suite == 0) {
        hs->retry_suite = conn->suite->value;
        hs->retry_group = group;
        fpl_hello_fixed_part(msg, true, hs->hello_digest);
    }
    return FPL_ANSWER_PLAN13_RETRY;
}

/* The answer to the client's share: ours, and the secret with it. */
static fpl_status respond(fpl_conn *conn)
{
    fpl_handshake *hs = conn->hs;
    size_t         len = 0;
    fpl_status     status = FPL_STATUS_INTERNAL;
    switch (fpl_kx_respond(&hs->kx[0], conn->group, hs->peer_share13, NULL, hs->shared_secret, &len)) {
    case FPL_KX_OK: status = FPL_STATUS_OK; break;
    case FPL_KX_NO_MEMORY: status = FPL_STATUS_NO_MEMORY; break;
    case FPL_KX_BAD_SHARE: /* a check of the extension has seen to that */
    case FPL_KX_INTERNAL:
    case FPL_KX_NONE: break;
    }
    hs->shared_secret_len = (uint8_t)len;
    hs->num_kx = 1;
    return status;
}

static fpl_status choose(fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_handshake *hs = conn->hs;
    memcpy(conn->client_random, msg->random.data, sizeof conn->client_random);
    if (fpl_config_random(conn->config, conn->server_random, sizeof conn->server_random) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    conn->version = FPL_VERSION_DTLS13;
    conn->suite = fpl_suite13_choose(conn->config, msg->cipher_suites, hs->retry_suite);
    hs->scheme = fpl_own_scheme(conn);
    if (conn->suite == NULL || hs->scheme == 0) {
        hs->plan = FPL_ANSWER_PLAN13_NOTHING_COMMON;
        conn->suite = NULL;
        return FPL_STATUS_OK;
    }
    if (conn->group == 0) { /* key_share_consider found none of ours */
        hs->plan = (uint8_t)plan_retry(conn, msg);
        return FPL_STATUS_OK;
    }
    hs->plan = FPL_ANSWER_PLAN13_ACCEPT;
    if (fpl_transcript_choose(conn->config, &hs->transcript, FPL_VERSION_DTLS13, conn->suite->hash, 0) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    return respond(conn);
}

fpl_status fpl_act_choose_parameters13(fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_status status = choose(conn, msg);
    conn->hs->peer_share13 = fpl_bytes_none(); /* which ends with the hello */
    return status;
}

fpl_plan13_answer fpl_classify_plan13(const fpl_conn *conn)
{
    return (fpl_plan13_answer)conn->hs->plan;
}
