/* key_share: the shares that a client sends, the one that a server takes, the one that it demands (RFC 8446
 * section 4.2.8). */
#include <string.h>

#include "crypto/share.h"
#include "engine/conn.h"
#include "fpl_extension_types.h"
#include "fpl_functions.h"
#include "steps/lists.h"
#include "steps/retry13.h"
#include "steps/steps.h"

/* --- a client's ----------------------------------------------------------------------------------- */

static fpl_status add_share(fpl_conn *conn, fpl_named_group group)
{
    fpl_handshake *hs = conn->hs;
    fpl_status     status = fpl_config_share(conn->config, &hs->kx[hs->num_kx], group);
    hs->num_kx = (uint8_t)(hs->num_kx + (status == FPL_STATUS_OK));
    return status;
}

void fpl_shares_wipe(fpl_handshake *hs)
{
    for (size_t i = 0; i < FPL_MAX_SHARES; i++) {
        fpl_kx_wipe(&hs->kx[i]);
    }
    hs->num_kx = 0;
}

/* A share of our first group; beside a hybrid one its classical half alone, for servers that know no other. */
fpl_status fpl_shares_offer(fpl_conn *conn)
{
    fpl_named_group groups[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t         num = fpl_config_groups(conn->config, FPL_VERSIONS_DTLS13, groups);
    fpl_status      status;
    fpl_shares_wipe(conn->hs);
    if (num == 0) {
        return FPL_STATUS_INTERNAL; /* such a configuration does not offer DTLS 1.3 */
    }
    status = add_share(conn, groups[0]);
    if (status == FPL_STATUS_OK && groups[0] == FPL_NAMED_GROUP_X25519MLKEM768 &&
        fpl_listed(groups, num, FPL_NAMED_GROUP_X25519)) {
        status = add_share(conn, FPL_NAMED_GROUP_X25519);
    }
    return status;
}

const fpl_kx *fpl_share_of(const fpl_handshake *hs, fpl_named_group group)
{
    for (uint8_t i = 0; i < hs->num_kx; i++) {
        if (hs->kx[i].group == group) {
            return &hs->kx[i];
        }
    }
    return NULL;
}

fpl_presence fpl_hook_key_share_offer(const fpl_conn *conn, fpl_writer *w)
{
    size_t at = fpl_write_vector_begin(w, 2);
    for (uint8_t i = 0; i < conn->hs->num_kx; i++) {
        fpl_key_share_entry entry;
        entry.group = conn->hs->kx[i].group;
        entry.key_exchange = fpl_kx_public(&conn->hs->kx[i]);
        (void)fpl_encode_key_share_entry(w, &entry);
    }
    fpl_write_vector_end(w, at, 2);
    return FPL_WRITE;
}

/* --- what a server makes of it ----------------------------------------------------------------------- */

/* The share of the group that we like best; after a retry that of the demanded group and no other. */
static bool best_share(const fpl_conn *conn, fpl_bytes shares, fpl_key_share_entry *out)
{
    fpl_named_group     groups[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    size_t              best = fpl_config_groups(conn->config, FPL_VERSIONS_DTLS13, groups);
    bool                found = false;
    fpl_key_share_entry entry;
    if (conn->hs->retry_group != 0) {
        groups[0] = conn->hs->retry_group;
        best = 1;
    }
    while (fpl_key_share_entry_next(&shares, &entry)) {
        for (size_t i = 0; i < best; i++) {
            if (groups[i] == entry.group) {
                *out = entry;
                best = i;
                found = true;
            }
        }
    }
    return found;
}

/* Servers may check it, and a share of a group that was not offered is nonsense (RFC 8446 section 4.2.8). */
bool fpl_extension_check_shares_follow_supported_groups(const fpl_conn *conn, const fpl_key_share_client_hello *ext)
{
    fpl_bytes           shares = ext->client_shares;
    fpl_bytes           groups;
    fpl_key_share_entry share;
    fpl_named_group     group = 0;
    if (conn->message == NULL || conn->message->id != FPL_MESSAGE_CLIENT_HELLO ||
        !fpl_hello_groups(&conn->message->as.client_hello, &groups)) {
        return true; /* without supported_groups the hello is refused for that: mandatory_extensions_there */
    }
    while (fpl_key_share_entry_next(&shares, &share)) {
        do {
            if (!fpl_named_group_next(&groups, &group)) {
                return false;
            }
        } while (group != share.group);
    }
    return true;
}

bool fpl_extension_check_offered_share_is_valid(const fpl_conn *conn, const fpl_key_share_client_hello *ext)
{
    fpl_key_share_entry share;
    return !best_share(conn, ext->client_shares, &share) ||
           fpl_share_well_formed(share.group, FPL_ROLE_CLIENT, share.key_exchange);
}

fpl_status fpl_hook_key_share_consider(fpl_conn *conn, const fpl_key_share_client_hello *ext)
{
    fpl_key_share_entry share;
    conn->group = 0;
    conn->hs->peer_share13 = fpl_bytes_none();
    if (best_share(conn, ext->client_shares, &share)) {
        conn->group = share.group;
        conn->hs->peer_share13 = share.key_exchange;
    }
    return FPL_STATUS_OK;
}

fpl_presence fpl_hook_key_share_answer(const fpl_conn *conn, fpl_writer *w)
{
    fpl_key_share_server_hello answer;
    answer.server_share.group = conn->group;
    answer.server_share.key_exchange = fpl_kx_public(&conn->hs->kx[0]);
    (void)fpl_encode_key_share_server_hello(w, &answer);
    return FPL_WRITE;
}

/* --- a retry ------------------------------------------------------------------------------------------ */

fpl_presence fpl_hook_key_share_demand(const fpl_conn *conn, fpl_writer *w)
{
    fpl_retry13                   retry;
    fpl_key_share_hello_retry_request demand;
    if (!fpl_retry13_at_hand(conn, &retry)) {
        return FPL_PRESENCE_NONE;
    }
    if (retry.group == 0) {
        return FPL_OMIT; /* a retry for the cookie's sake alone */
    }
    demand.selected_group = retry.group;
    (void)fpl_encode_key_share_hello_retry_request(w, &demand);
    return FPL_WRITE;
}

bool fpl_extension_check_demanded_group_was_supported(const fpl_conn *conn, const fpl_key_share_hello_retry_request *ext)
{
    fpl_named_group groups[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    return fpl_listed(groups, fpl_config_groups(conn->config, FPL_VERSIONS_DTLS13, groups), ext->selected_group);
}

bool fpl_extension_check_demanded_group_had_no_share_yet(const fpl_conn *conn, const fpl_key_share_hello_retry_request *ext)
{
    return fpl_share_of(conn->hs, ext->selected_group) == NULL;
}

fpl_status fpl_hook_key_share_redo(fpl_conn *conn, const fpl_key_share_hello_retry_request *ext)
{
    fpl_shares_wipe(conn->hs);
    conn->hs->retry_group = ext->selected_group;
    return add_share(conn, ext->selected_group);
}

/* --- the server's answer --------------------------------------------------------------------------------- */

bool fpl_extension_check_answered_group_was_shared(const fpl_conn *conn, const fpl_key_share_server_hello *ext)
{
    return fpl_share_of(conn->hs, ext->server_share.group) != NULL;
}

bool fpl_extension_check_answered_group_is_demanded_group(const fpl_conn *conn, const fpl_key_share_server_hello *ext)
{
    return conn->hs->retry_group == 0 || conn->hs->retry_group == ext->server_share.group;
}

bool fpl_extension_check_server_share_well_formed(const fpl_conn *conn, const fpl_key_share_server_hello *ext)
{
    (void)conn;
    return fpl_share_well_formed(ext->server_share.group, FPL_ROLE_SERVER, ext->server_share.key_exchange);
}

fpl_status fpl_hook_key_share_keep(fpl_conn *conn, const fpl_key_share_server_hello *ext)
{
    conn->group = ext->server_share.group;
    conn->hs->peer_share13 = ext->server_share.key_exchange;
    return FPL_STATUS_OK;
}
