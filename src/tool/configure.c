#include "configure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority.h"
#include "credential_faults.h"
#include "files.h"
#include "hex.h"
#include "tool.h"

/* A setting that options_parse let through and the library refuses is a bound that moved in spec/limits.yaml. */
static int set(const options *o, fpl_result result, const char *option)
{
    switch (result) {
    case FPL_OK:
        return TOOL_OK;
    case FPL_NO_MEMORY:
        return complain("out of memory");
    case FPL_MISUSE:
    case FPL_NOT_YET:
    case FPL_BUFFER_TOO_SMALL:
    case FPL_CLOSED:
    case FPL_FAILED:
        break;
    }
    return complain_usage(command_name(o->command), "the library does not take the value of --%s", option);
}

static int load_pair(fpl_config *config, const credential_file *cert, const credential_file *key)
{
    switch (fpl_config_set_credential(config, cert->bytes, cert->len, key->bytes, key->len)) {
    case FPL_OK:
        return TOOL_OK;
    case FPL_NO_MEMORY:
        return complain("out of memory");
    case FPL_MISUSE:
    case FPL_NOT_YET:
    case FPL_BUFFER_TOO_SMALL:
    case FPL_CLOSED:
    case FPL_FAILED:
        break;
    }
    /* As if the key were elsewhere: then the certificate is judged by itself. */
    return credential_complain(cert, fpl_config_set_external_credential(config, cert->bytes, cert->len) == FPL_OK, key);
}

static int load_credential(const options *o, fpl_config *config)
{
    size_t cert_len = 0, key_len = 0;
    uint8_t *cert = file_read(o->cert_file, "certificate", &cert_len);
    uint8_t *key = cert == NULL ? NULL : file_read(o->key_file, "private key", &key_len);
    int result = TOOL_SYSTEM;
    if (key != NULL) {
        credential_file certs = {o->cert_file, cert, cert_len}, keys = {o->key_file, key, key_len};
        result = load_pair(config, &certs, &keys);
        explicit_bzero(key, key_len);
    }
    free(key);
    free(cert);
    return result;
}

static int make_credential(fpl_config *config)
{
    fpl_self_signed made;
    uint8_t sha256[FINGERPRINT_LEN];
    char text[FINGERPRINT_TEXT];
    int result = TOOL_OK;
    if (fpl_make_self_signed(&made, FPL_NAMED_GROUP_SECP256R1, "flightplan", (int64_t)time(NULL)) != FPL_OK ||
        fpl_config_set_credential(config, made.certificate, made.certificate_len, made.key, made.key_len) != FPL_OK) {
        result = complain("cannot make a certificate");
    } else {
        fpl_fingerprint(made.certificate, made.certificate_len, sha256);
        fingerprint_print(sha256, text);
        note("made a certificate for this run; clients pin it with --fingerprint %s", text);
    }
    explicit_bzero(&made, sizeof made);
    return result;
}

static int set_credential(const options *o, fpl_config *config)
{
    if (o->cert_file != NULL) {
        return load_credential(o, config);
    }
    return o->command == COMMAND_SERVER ? make_credential(config) : TOOL_OK;
}

/* The one group that a library may be without is the one its libcrypto lacks. */
static int set_groups(const options *o, fpl_config *config)
{
    for (size_t i = 0; i < o->num_groups; i++) {
        if (fpl_config_set_groups(config, &o->groups[i], 1) == FPL_MISUSE) {
            return complain_usage(command_name(o->command),
                                  "--groups: the libcrypto that this was built with has no %s; leave it out, or build "
                                  "with a newer BoringSSL", fpl_named_group_name(o->groups[i]));
        }
    }
    return set(o, fpl_config_set_groups(config, o->groups, o->num_groups), "groups");
}

static int set_server_name(const options *o, fpl_config *config)
{
    fpl_result result = fpl_config_set_server_name(config, o->server_name);
    if (result == FPL_MISUSE) {
        return complain_usage("client",
                              "--server-name wants a host's name of 1 to 255 octets, without a dot at its end, not `%s`",
                              o->server_name);
    }
    return set(o, result, "server-name");
}

static int set_negotiation(const options *o, fpl_config *config)
{
    int result = set(o, fpl_config_set_versions(config, options_versions(o)),
                     o->versions == FPL_VERSIONS_DTLS12 ? "dtls12" : "dtls13");
    if (result == TOOL_OK && o->num_suites > 0) {
        result = set(o, fpl_config_set_cipher_suites(config, o->suites, o->num_suites), "suites");
    }
    if (result == TOOL_OK && o->num_groups > 0) {
        result = set_groups(o, config);
    }
    if (result == TOOL_OK && o->num_profiles > 0) {
        result = set(o, fpl_config_set_srtp_profiles(config, o->profiles, o->num_profiles), "srtp");
    }
    if (result == TOOL_OK && o->server_name != NULL) {
        result = set_server_name(o, config);
    }
    return result;
}

static int set_policy(const options *o, fpl_config *config)
{
    int result = set(o, fpl_config_set_trust(config, o->insecure ? FPL_TRUST_ACCEPT_AND_NOTIFY : FPL_TRUST_ASK), "insecure");
    if (result == TOOL_OK && o->command == COMMAND_SERVER) {
        result = set(o, fpl_config_set_client_auth(config, o->client_auth == FPL_CLIENT_AUTH_NONE ? FPL_CLIENT_AUTH_OFF : o->client_auth),
                     "client-auth");
    }
    if (result == TOOL_OK) {
        result = set(o, fpl_config_set_cookie_exchange(config, !o->no_cookie), "no-cookie");
    }
    if (result == TOOL_OK) {
        /* A person at a terminal would rather believe a forged alert than wait for a deadline. */
        result = set(o, fpl_config_set_plaintext_alerts(config, FPL_PLAINTEXT_ALERTS_FATAL), "plaintext-alerts");
    }
    if (result == TOOL_OK && o->mtu > 0) {
        result = set(o, fpl_config_set(config, FPL_SETTING_MTU, o->mtu), "mtu");
    }
    if (result == TOOL_OK && o->timeout_ms > 0) {
        result = set(o, fpl_config_set(config, FPL_SETTING_HANDSHAKE_DEADLINE, o->timeout_ms), "timeout");
    }
    return result;
}

static int set_watchers(const options *o, setup *s)
{
    int result = TOOL_OK;
    if (o->trace) {
        result = set(o, fpl_config_set_trace(s->config, trace_print, NULL), "trace");
    }
    if (result == TOOL_OK && o->keylog_file != NULL) {
        s->keylog.path = o->keylog_file;
        s->keylog.file = file_open_append(o->keylog_file, "key log");
        result = s->keylog.file == NULL
                     ? TOOL_SYSTEM
                     : set(o, fpl_config_set_key_log(s->config, key_log_print, &s->keylog), "keylog");
    }
    return result;
}

int setup_make(const options *o, setup *out)
{
    int result;
    memset(out, 0, sizeof *out);
    out->config = fpl_config_new();
    if (out->config == NULL) {
        return complain("out of memory");
    }
    result = set_credential(o, out->config);
    if (result == TOOL_OK && o->ca_file != NULL) {
        result = authority_load(o, &out->authorities);
    }
    if (result == TOOL_OK) {
        result = set_negotiation(o, out->config);
    }
    if (result == TOOL_OK) {
        result = set_policy(o, out->config);
    }
    if (result == TOOL_OK) {
        result = set_watchers(o, out);
    }
    return result;
}

int setup_free(setup *s, int result)
{
    fpl_config_free(s->config);
    fpl_trust_store_free(s->authorities);
    if (s->keylog.file != NULL && fclose(s->keylog.file) != 0 && !s->keylog.lost) {
        s->keylog.lost = true;
        (void)complain("cannot write the key log %s: %s", s->keylog.path, strerror(errno));
    }
    return s->keylog.lost && result == TOOL_OK ? TOOL_SYSTEM : result;
}

void setup_pin(const options *o, fpl_conn *conn)
{
    for (size_t i = 0; i < o->num_fingerprints; i++) {
        (void)fpl_conn_add_peer_fingerprint(conn, o->fingerprints[i], 0); /* nothing has begun yet */
    }
}
