/* What a server of DTLS 1.2 makes of a ClientHello: suite, group, signature scheme. */
#include <string.h>

#include "crypto/scheme.h"
#include "engine/conn.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/steps.h"

/* Our first suite that the client lists. The list may be long: one pass finds the best. */
static const fpl_cipher_suite_row *choose_suite(fpl_conn *conn, fpl_bytes offered)
{
    fpl_cipher_suite ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t          num = fpl_config_suites(conn->config, FPL_VERSIONS_DTLS12, ours);
    size_t           best = num;
    fpl_cipher_suite suite;
    while (fpl_cipher_suite_next(&offered, &suite)) {
        conn->peer_offered |= fpl_extensions_suite_offers(suite);
        for (size_t i = 0; i < best; i++) {
            if (ours[i] == suite) {
                best = i;
            }
        }
    }
    return best < num ? fpl_cipher_suite_find(ours[best]) : NULL;
}

/* Our first group that the client names. One that names none takes any (RFC 8422 section 4): P-256 is what such
 * a client is most likely to know. */
static fpl_named_group choose_group(const fpl_conn *conn)
{
    fpl_named_group ours[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t         num = fpl_config_groups(conn->config, FPL_VERSIONS_DTLS12, ours);
    if (!conn->hs->peer_named_groups) {
        return fpl_listed(ours, num, FPL_NAMED_GROUP_SECP256R1) ? FPL_NAMED_GROUP_SECP256R1 : ours[0];
    }
    return fpl_list_first(ours, num, conn->hs->peer_groups, conn->hs->num_peer_groups);
}

fpl_status fpl_act_choose_parameters12(fpl_conn *conn, const fpl_client_hello *msg)
{
    fpl_handshake *hs = conn->hs;
    fpl_hash       other = 0;

    memcpy(conn->client_random, msg->random.data, sizeof conn->client_random);
    if (fpl_config_random(conn->config, conn->server_random, sizeof conn->server_random) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    fpl_mark_downgrade(conn);
    conn->version = FPL_VERSION_DTLS12;
    conn->suite = choose_suite(conn, msg->cipher_suites);
    conn->group = choose_group(conn);
    hs->scheme = fpl_own_scheme(conn);
    hs->plan = FPL_ANSWER_PLAN12_ACCEPT;
    if (conn->suite == NULL || conn->group == 0 || hs->scheme == 0) {
        hs->plan = FPL_ANSWER_PLAN12_NOTHING_COMMON;
        conn->suite = NULL;
        return FPL_STATUS_OK;
    }
    if (conn->config->extensions.extended_master_secret && !conn->results.extended_master_secret) {
        hs->plan = FPL_ANSWER_PLAN12_EMS_MISSING;
        return FPL_STATUS_OK;
    }
    if (fpl_conn_asks_client(conn)) {
        other = fpl_second_hash(conn);
    }
    if (fpl_transcript_choose(conn->config, &hs->transcript, FPL_VERSION_DTLS12, conn->suite->hash, other) !=
        FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    return fpl_config_share(conn->config, &hs->kx[0], conn->group);
}

fpl_plan12_answer fpl_classify_plan12(const fpl_conn *conn)
{
    return (fpl_plan12_answer)conn->hs->plan;
}

/* The scheme that suits our key best among those the peer takes: its curve's own hash, else, in DTLS 1.2 where any hash
 * goes with any curve, any of ours. A peer that names none means SHA-1 (RFC 5246 section 7.4.1.4.1), which nobody here
 * does. */
fpl_signature_scheme fpl_own_scheme(const fpl_conn *conn)
{
    const fpl_handshake *hs = conn->hs;
    fpl_signature_scheme own = fpl_curve_scheme(conn->config->credential.curve);
    if (!conn->config->has_credential) {
        return 0;
    }
    if (fpl_listed(hs->peer_schemes, hs->num_peer_schemes, own)) {
        return own;
    }
    return conn->version == FPL_VERSION_DTLS13
               ? 0
               : fpl_list_first(conn->config->schemes, conn->config->num_schemes, hs->peer_schemes, hs->num_peer_schemes);
}
