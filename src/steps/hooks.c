/* Extensions that need a hand: the lists of the hello, renegotiation_info, server_name. */
#include <string.h>

#include "engine/conn.h"
#include "fpl_extension_types.h"
#include "fpl_functions.h"
#include "steps/lists.h"

static fpl_presence written(bool whole)
{
    (void)whole; /* a writer that overflowed says so itself */
    return FPL_WRITE;
}

/* --- supported_groups (RFC 8422 section 5.1.1) --------------------------------------------------------- */

fpl_presence fpl_hook_groups_offer(const fpl_conn *conn, fpl_writer *w)
{
    fpl_named_group      groups[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t              bytes[2 * FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t              num = fpl_config_groups(conn->config, conn->config->versions, groups);
    fpl_named_group_list list;
    list.named_group_list = fpl_list_put(bytes, groups, num);
    return written(fpl_encode_named_group_list(w, &list));
}

fpl_status fpl_hook_groups_note(fpl_conn *conn, const fpl_named_group_list *ext)
{
    conn->hs->peer_named_groups = true;
    conn->hs->num_peer_groups =
        fpl_list_common(ext->named_group_list, conn->config->groups, conn->config->num_groups, conn->hs->peer_groups);
    return FPL_STATUS_OK;
}

/* What the server would like next time (RFC 8446 section 4.2.7): nothing to be acted on now. */
fpl_status fpl_hook_groups_seen(fpl_conn *conn, const fpl_named_group_list *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

/* --- ec_point_formats (RFC 8422 section 5.1.2) ----------------------------------------------------------- */

static fpl_presence put_point_formats(fpl_writer *w)
{
    static const uint8_t     formats[1] = {FPL_EC_POINT_FORMAT_UNCOMPRESSED};
    fpl_ec_point_format_list list;
    list.ec_point_format_list = fpl_bytes_of(formats, sizeof formats);
    return written(fpl_encode_ec_point_format_list(w, &list));
}

fpl_presence fpl_hook_point_formats_offer(const fpl_conn *conn, fpl_writer *w)
{
    (void)conn;
    return put_point_formats(w);
}

fpl_presence fpl_hook_point_formats_answer(const fpl_conn *conn, fpl_writer *w)
{
    (void)conn;
    return put_point_formats(w);
}

fpl_status fpl_hook_point_formats_note(fpl_conn *conn, const fpl_ec_point_format_list *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

fpl_status fpl_hook_point_formats_seen(fpl_conn *conn, const fpl_ec_point_format_list *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

bool fpl_extension_check_uncompressed_is_listed(const fpl_conn *conn, const fpl_ec_point_format_list *ext)
{
    fpl_bytes           list = ext->ec_point_format_list;
    fpl_ec_point_format format;
    (void)conn;
    while (fpl_ec_point_format_next(&list, &format)) {
        if (format == FPL_EC_POINT_FORMAT_UNCOMPRESSED) {
            return true;
        }
    }
    return false;
}

/* --- signature_algorithms (RFC 5246 section 7.4.1.4.1, RFC 8446 section 4.2.3) -------------------------------- */

fpl_presence fpl_hook_signature_schemes_offer(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t                   bytes[2 * FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    fpl_signature_scheme_list list;
    list.supported_signature_algorithms = fpl_list_put(bytes, conn->config->schemes, conn->config->num_schemes);
    return written(fpl_encode_signature_scheme_list(w, &list));
}

fpl_status fpl_hook_signature_schemes_note(fpl_conn *conn, const fpl_signature_scheme_list *ext)
{
    conn->hs->num_peer_schemes = fpl_list_common(ext->supported_signature_algorithms, conn->config->schemes,
                                                 conn->config->num_schemes, conn->hs->peer_schemes);
    return FPL_STATUS_OK;
}

/* Ours is the chain that it is, whatever the peer would like its signatures to be. */
fpl_status fpl_hook_chain_schemes_seen(fpl_conn *conn, const fpl_signature_scheme_list *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

/* --- certificate_authorities (RFC 8446 section 4.2.4) --------------------------------------------------------- */

/* We have one certificate to show, and it chooses nothing. */
fpl_status fpl_hook_authorities_seen(fpl_conn *conn, const fpl_certificate_authorities *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

/* --- renegotiation_info (RFC 5746 section 3.2) --------------------------------------------------------------- */

static fpl_presence put_initial(fpl_writer *w)
{
    fpl_renegotiation_info info;
    info.renegotiated_connection = fpl_bytes_none();
    return written(fpl_encode_renegotiation_info(w, &info));
}

fpl_presence fpl_hook_renegotiation_offer(const fpl_conn *conn, fpl_writer *w)
{
    (void)conn;
    return put_initial(w);
}

fpl_presence fpl_hook_renegotiation_answer(const fpl_conn *conn, fpl_writer *w)
{
    (void)conn;
    return put_initial(w);
}

fpl_status fpl_hook_renegotiation_note(fpl_conn *conn, const fpl_renegotiation_info *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

fpl_status fpl_hook_renegotiation_seen(fpl_conn *conn, const fpl_renegotiation_info *ext)
{
    (void)conn;
    (void)ext;
    return FPL_STATUS_OK;
}

bool fpl_extension_check_renegotiated_connection_empty(const fpl_conn *conn, const fpl_renegotiation_info *ext)
{
    (void)conn;
    return ext->renegotiated_connection.len == 0;
}

/* --- server_name (RFC 6066 section 3) --------------------------------------------------------------------------- */

fpl_presence fpl_hook_server_name_offer(const fpl_conn *conn, fpl_writer *w)
{
    uint8_t              bytes[3 + FPL_LIMIT_VALUE_HOST_NAME_BYTES];
    fpl_writer           entry = fpl_writer_of(bytes, sizeof bytes);
    fpl_server_name      name;
    fpl_server_name_list list;
    if (conn->config->server_name[0] == '\0') {
        return FPL_OMIT;
    }
    name.name_type = FPL_NAME_TYPE_HOST_NAME;
    name.name = fpl_bytes_of((const uint8_t *)conn->config->server_name, strlen(conn->config->server_name));
    (void)fpl_encode_server_name(&entry, &name);
    list.server_name_list = fpl_bytes_of(bytes, entry.len);
    return written(fpl_encode_server_name_list(w, &list));
}

static bool host_name(const fpl_server_name_list *ext, fpl_bytes *out)
{
    fpl_bytes       list = ext->server_name_list;
    fpl_server_name name;
    while (fpl_server_name_next(&list, &name)) {
        if (name.name_type == FPL_NAME_TYPE_HOST_NAME) {
            *out = name.name;
            return true;
        }
    }
    return false;
}

fpl_status fpl_hook_server_name_note(fpl_conn *conn, const fpl_server_name_list *ext)
{
    fpl_bytes name;
    if (!host_name(ext, &name) || name.len > FPL_LIMIT_VALUE_HOST_NAME_BYTES || conn->server_name != NULL) {
        return FPL_STATUS_OK; /* no host has such a name */
    }
    conn->server_name = fpl_allocate(conn->config, name.len + 1);
    if (conn->server_name == NULL) {
        return FPL_STATUS_NO_MEMORY;
    }
    memcpy(conn->server_name, name.data, name.len);
    return FPL_STATUS_OK;
}

fpl_presence fpl_hook_server_name_answer(const fpl_conn *conn, fpl_writer *w)
{
    (void)w;
    return conn->server_name != NULL ? FPL_WRITE : FPL_OMIT;
}

fpl_status fpl_hook_server_name_seen(fpl_conn *conn)
{
    (void)conn;
    return FPL_STATUS_OK;
}

bool fpl_extension_check_host_name_is_plain(const fpl_conn *conn, const fpl_server_name_list *ext)
{
    fpl_bytes name;
    (void)conn;
    return !host_name(ext, &name) || (name.len > 0 && memchr(name.data, 0, name.len) == NULL);
}

/* --- use_srtp (RFC 5764 section 4.1) -------------------------------------------------------------------------------- */

static bool first_profile(const fpl_use_srtp_data *ext, fpl_srtp_protection_profile *out)
{
    fpl_bytes list = ext->profiles;
    return fpl_srtp_protection_profile_next(&list, out);
}

bool fpl_extension_check_srtp_answer_has_one_profile(const fpl_conn *conn, const fpl_use_srtp_data *ext)
{
    (void)conn;
    return ext->profiles.len == 2;
}

bool fpl_extension_check_srtp_profile_was_offered(const fpl_conn *conn, const fpl_use_srtp_data *ext)
{
    fpl_srtp_protection_profile profile;
    const fpl_extension_settings *ours = &conn->config->extensions;
    return first_profile(ext, &profile) && fpl_listed(ours->srtp_profiles, ours->num_srtp_profiles, profile);
}

bool fpl_extension_check_srtp_mki_is_ours_or_empty(const fpl_conn *conn, const fpl_use_srtp_data *ext)
{
    (void)conn;
    return ext->srtp_mki.len == 0;
}
