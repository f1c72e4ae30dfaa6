#include "events.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "names.h"
#include "printable.h"
#include "tool.h"

void event_peer_certificate(const char *who, const fpl_output *out)
{
    uint8_t sha256[FINGERPRINT_LEN];
    char text[FINGERPRINT_TEXT];
    if (out->as.peer_certificate.num == 0) {
        return;
    }
    fpl_fingerprint(out->as.peer_certificate.certificates[0].der, out->as.peer_certificate.certificates[0].len, sha256);
    fingerprint_print(sha256, text);
    note("%s proved to hold the key of certificate %s", who, text);
}

static const char *version_name(uint16_t version)
{
    return version == FPL_DTLS12 ? "DTLS 1.2" : version == FPL_DTLS13 ? "DTLS 1.3" : "another version";
}

void event_connected(const char *who, const fpl_conn *conn)
{
    char suite[8], group[8], scheme[8], shown[4 * 255 + 1];
    const char *host = fpl_conn_server_name(conn);
    fpl_signature_scheme signature = fpl_conn_peer_signature_scheme(conn);
    note("connected with %s: %s, %s, %s%s%s", who, version_name(fpl_conn_version(conn)),
         name_or_number(fpl_cipher_suite_name(fpl_conn_cipher_suite(conn)), fpl_conn_cipher_suite(conn), suite),
         name_or_number(fpl_named_group_name(fpl_conn_group(conn)), fpl_conn_group(conn), group),
         signature == 0 ? "" : ", peer signed with ",
         signature == 0 ? "" : name_or_number(fpl_signature_scheme_name(signature), signature, scheme));
    if (host != NULL) {
        note("%s asked for host `%s`", who, printable(host, strlen(host), shown, sizeof shown));
    }
}

static void show(const char *name, const uint8_t *bytes, size_t len)
{
    char text[2 * 64 + 1];
    if (len * 2 < sizeof text) {
        hex_print(bytes, len, text);
        note("  %s %s", name, text);
        explicit_bzero(text, sizeof text);
    }
}

void event_srtp(const options *o, const fpl_srtp_keys *keys)
{
    uint8_t all[2 + 4 * 64], sha256[FINGERPRINT_LEN];
    size_t len = 2;
    char profile[8], text[FINGERPRINT_TEXT];
    const char *name = name_or_number(fpl_srtp_protection_profile_name(keys->profile), keys->profile, profile);

    if (keys->key_len > 64 || keys->salt_len > 64) {
        return;
    }
    all[0] = (uint8_t)(keys->profile >> 8);
    all[1] = (uint8_t)keys->profile;
    memcpy(all + len, keys->client_key, keys->key_len);
    len += keys->key_len;
    memcpy(all + len, keys->server_key, keys->key_len);
    len += keys->key_len;
    memcpy(all + len, keys->client_salt, keys->salt_len);
    len += keys->salt_len;
    memcpy(all + len, keys->server_salt, keys->salt_len);
    len += keys->salt_len;
    fpl_fingerprint(all, len, sha256); /* SHA-256, of whatever bytes */
    explicit_bzero(all, sizeof all);
    fingerprint_print(sha256, text);
    note("SRTP keys for %s, their hash: %s", name, text);
    if (o->show_keys) {
        show("client key ", keys->client_key, keys->key_len);
        show("server key ", keys->server_key, keys->key_len);
        show("client salt", keys->client_salt, keys->salt_len);
        show("server salt", keys->server_salt, keys->salt_len);
    }
}

static bool wrong_version(const fpl_explanation *why)
{
    return why->alert == FPL_ALERT_DESCRIPTION_PROTOCOL_VERSION ||
           why->alert_hint == FPL_ALERT_DESCRIPTION_PROTOCOL_VERSION;
}

/* What to do about it, where we know. */
static const char *cure(const options *o, const fpl_conn *conn, const fpl_explanation *why, char *room, size_t cap)
{
    uint8_t sha256[FINGERPRINT_LEN];
    char text[FINGERPRINT_TEXT];
    if (why->failure == FPL_FAILURE_TIMEOUT) {
        (void)snprintf(room, cap, "; is there a DTLS%s peer at this address and port, and no firewall between?",
                       o->versions == FPL_VERSIONS_DTLS12   ? " 1.2"
                       : o->versions == FPL_VERSIONS_DTLS13 ? " 1.3"
                                                            : "");
        return room;
    }
    if (wrong_version(why)) {
        return "; the ends allow no version in common: --dtls12 and --dtls13 say which of them this one does";
    }
    if (o->ca_file == NULL && why->failure == FPL_FAILURE_WE_ALERTED && why->state != NULL && strcmp(why->state, "JUDGE_TRUST") == 0 &&
        fpl_conn_peer_fingerprint(conn, sha256) == FPL_OK) {
        fingerprint_print(sha256, text);
        (void)snprintf(room, cap, "; its certificate is %s: if that is the right one, give it to --fingerprint", text);
        return room;
    }
    return "";
}

void event_failed(const options *o, const char *who, const fpl_conn *conn)
{
    char text[512], room[FINGERPRINT_TEXT + 128];
    fpl_explanation why;
    memset(&why, 0, sizeof why);
    (void)fpl_conn_explain_text(conn, text, sizeof text);
    fpl_conn_explain(conn, &why);
    (void)complain("no connection with %s: %s%s", who, text, cure(o, conn, &why, room, sizeof room));
}
