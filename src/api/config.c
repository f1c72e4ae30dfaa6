/* Configurations: defaults, setters with their checks, credentials. */
#include "api/config.h"

#include <openssl/mem.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/kx.h"
#include "crypto/random.h"
#include "crypto/self_signed.h"
#include "engine/memory.h"

static void *default_allocate(void *arg, size_t size)
{
    (void)arg;
    return malloc(size);
}

static void default_release(void *arg, void *memory, size_t size)
{
    (void)arg;
    (void)size;
    free(memory);
}

#define FPL_VERSIONS_ALL (FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13)
_Static_assert(FPL_VERSIONS_DTLS12 == FPL_USE_DTLS12 && FPL_VERSIONS_DTLS13 == FPL_USE_DTLS13,
               "the versions of a configuration are what the registries mean by use");

/* --- what our lists mean in which version ------------------------------------------------------------ */

static unsigned suite_use(uint16_t value)
{
    const fpl_cipher_suite_row *row = fpl_cipher_suite_find(value);
    return row != NULL && row->aead != 0 ? row->use & FPL_VERSIONS_ALL : 0;
}

/* A group is of use where this libcrypto has it. */
static unsigned group_use(uint16_t value)
{
    const fpl_named_group_row *row = fpl_named_group_find(value);
    return row != NULL && fpl_kx_share_length(value, FPL_ROLE_CLIENT) > 0 ? row->use & FPL_VERSIONS_ALL : 0;
}

static unsigned scheme_use(uint16_t value)
{
    const fpl_signature_scheme_row *row = fpl_signature_scheme_find(value);
    return row != NULL ? row->use & FPL_VERSIONS_ALL : 0;
}

typedef unsigned (*fpl_use_fn)(uint16_t value);

static uint8_t filter(const uint16_t *list, size_t num, fpl_use_fn use, unsigned versions, uint16_t *out)
{
    uint8_t kept = 0;
    for (size_t i = 0; i < num; i++) {
        if ((use(list[i]) & versions) != 0) {
            out[kept++] = list[i];
        }
    }
    return kept;
}

uint8_t fpl_config_suites(const fpl_config *config, unsigned versions, fpl_cipher_suite out[FPL_LIMIT_VALUE_CONFIGURED_VALUES])
{
    return filter(config->suites, config->num_suites, suite_use, versions, out);
}

uint8_t fpl_config_groups(const fpl_config *config, unsigned versions, fpl_named_group out[FPL_LIMIT_VALUE_CONFIGURED_VALUES])
{
    return filter(config->groups, config->num_groups, group_use, versions, out);
}

static unsigned all_uses(const uint16_t *list, size_t num, fpl_use_fn use)
{
    unsigned versions = 0;
    for (size_t i = 0; i < num; i++) {
        versions |= use(list[i]);
    }
    return versions;
}

/* A version without a suite, group or scheme could be agreed on, and then nothing further: it is not offered. */
static void settle_versions(fpl_config *config)
{
    config->versions = (uint8_t)(config->wanted_versions & all_uses(config->suites, config->num_suites, suite_use) &
                                 all_uses(config->groups, config->num_groups, group_use) &
                                 all_uses(config->schemes, config->num_schemes, scheme_use));
}

/* Everything that the registries mark as used, in their order, which is our preference. A group that is of DTLS 1.3
 * alone has a large share: the others come first, so that nobody sends it unasked. */
static void default_lists(fpl_config *config)
{
    for (size_t i = 0; i < FPL_NUM_CIPHER_SUITE && config->num_suites < FPL_LIMIT_VALUE_CONFIGURED_VALUES; i++) {
        if (suite_use(fpl_cipher_suite_rows[i].value) != 0) {
            config->suites[config->num_suites++] = fpl_cipher_suite_rows[i].value;
        }
    }
    for (unsigned large = 0; large < 2; large++) {
        for (size_t i = 0; i < FPL_NUM_NAMED_GROUP && config->num_groups < FPL_LIMIT_VALUE_CONFIGURED_VALUES; i++) {
            unsigned use = group_use(fpl_named_group_rows[i].value);
            if (use != 0 && (use == FPL_VERSIONS_DTLS13) == (large == 1)) {
                config->groups[config->num_groups++] = fpl_named_group_rows[i].value;
            }
        }
    }
    for (size_t i = 0; i < FPL_NUM_SIGNATURE_SCHEME && config->num_schemes < FPL_LIMIT_VALUE_CONFIGURED_VALUES; i++) {
        if (scheme_use(fpl_signature_scheme_rows[i].value) != 0) {
            config->schemes[config->num_schemes++] = fpl_signature_scheme_rows[i].value;
        }
    }
}

fpl_config *fpl_config_new_with_allocator(const fpl_allocator *allocator)
{
    fpl_config *config;
    if (allocator == NULL || allocator->allocate == NULL || allocator->release == NULL) {
        return NULL;
    }
    config = allocator->allocate(allocator->arg, sizeof *config);
    if (config == NULL) {
        return NULL;
    }
    memset(config, 0, sizeof *config);
    config->allocator = *allocator;
    for (size_t i = 1; i < FPL_NUM_LIMITS; i++) {
        config->limits[i] = fpl_limits[i].value;
    }
    default_lists(config);
    config->wanted_versions = FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13;
    settle_versions(config);
    config->client_auth = FPL_CLIENT_AUTH_OFF;
    config->trust = FPL_TRUST_ASK;
    config->plaintext_alerts = FPL_PLAINTEXT_ALERTS_HINT;
    config->cookie_exchange = true;
    fpl_extension_settings_init(&config->extensions);
    return config;
}

fpl_config *fpl_config_new(void)
{
    fpl_allocator allocator;
    memset(&allocator, 0, sizeof allocator);
    allocator.allocate = default_allocate;
    allocator.release = default_release;
    return fpl_config_new_with_allocator(&allocator);
}

void fpl_config_free(fpl_config *config)
{
    fpl_allocator allocator;
    if (config == NULL) {
        return;
    }
    allocator = config->allocator;
    fpl_credential_wipe(&config->credential);
    OPENSSL_cleanse(config, sizeof *config);
    allocator.release(allocator.arg, config, sizeof *config);
}

void fpl_config_freeze(const fpl_config *config)
{
    if (!config->frozen) {
        ((fpl_config *)(uintptr_t)config)->frozen = true; /* the one thing that using it changes */
    }
}

static bool open_to_change(const fpl_config *config)
{
    return config != NULL && !config->frozen;
}

fpl_extension_settings *fpl_config_extension_settings(fpl_config *config)
{
    return open_to_change(config) ? &config->extensions : NULL;
}

/* --- numbers --------------------------------------------------------------------------------------- */

static uint8_t limit_of(fpl_setting setting)
{
    return (unsigned)setting < FPL_SETTING_COUNT ? fpl_limit_of_setting[setting] : 0;
}

fpl_result fpl_config_set(fpl_config *config, fpl_setting setting, uint64_t value)
{
    uint8_t id = limit_of(setting);
    if (!open_to_change(config) || id == 0 || value < fpl_limits[id].min || value > fpl_limits[id].max) {
        return FPL_MISUSE;
    }
    config->limits[id] = value;
    return FPL_OK;
}

uint64_t fpl_config_get(const fpl_config *config, fpl_setting setting)
{
    uint8_t id = limit_of(setting);
    return config != NULL && id != 0 ? config->limits[id] : 0;
}

fpl_result fpl_config_use_webrtc_profile(fpl_config *config)
{
    static const fpl_srtp_protection_profile profiles[] = {
        FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_256_GCM,
        FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
        FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80,
    };
    if (!open_to_change(config)) {
        return FPL_MISUSE;
    }
    config->cookie_exchange = false;
    config->client_auth = FPL_CLIENT_AUTH_REQUIRED;
    config->limits[FPL_LIMIT_RESEND_INITIAL] = config->limits[FPL_LIMIT_RESEND_INITIAL_WEBRTC];
    return fpl_config_set_srtp_profiles(config, profiles, sizeof profiles / sizeof *profiles);
}

/* --- lists ------------------------------------------------------------------------------------------- */

static fpl_result set_list(fpl_config *config, uint16_t *out, uint8_t *out_num, const uint16_t *list, size_t num,
                           fpl_use_fn use)
{
    if (!open_to_change(config) || list == NULL || num == 0 || num > FPL_LIMIT_VALUE_CONFIGURED_VALUES) {
        return FPL_MISUSE;
    }
    for (size_t i = 0; i < num; i++) {
        for (size_t j = 0; j < i; j++) {
            if (list[j] == list[i]) {
                return FPL_MISUSE;
            }
        }
        if (use(list[i]) == 0) {
            return FPL_MISUSE;
        }
    }
    memcpy(out, list, num * sizeof *list);
    *out_num = (uint8_t)num;
    settle_versions(config);
    return FPL_OK;
}

fpl_result fpl_config_set_cipher_suites(fpl_config *config, const fpl_cipher_suite *suites, size_t num)
{
    return config == NULL ? FPL_MISUSE : set_list(config, config->suites, &config->num_suites, suites, num, suite_use);
}

fpl_result fpl_config_set_groups(fpl_config *config, const fpl_named_group *groups, size_t num)
{
    return config == NULL ? FPL_MISUSE : set_list(config, config->groups, &config->num_groups, groups, num, group_use);
}

fpl_result fpl_config_set_signature_schemes(fpl_config *config, const fpl_signature_scheme *schemes, size_t num)
{
    return config == NULL ? FPL_MISUSE : set_list(config, config->schemes, &config->num_schemes, schemes, num, scheme_use);
}

fpl_result fpl_config_set_versions(fpl_config *config, unsigned versions)
{
    if (!open_to_change(config) || versions == 0 || (versions & ~(unsigned)FPL_VERSIONS_ALL) != 0) {
        return FPL_MISUSE;
    }
    config->wanted_versions = (uint8_t)versions;
    settle_versions(config);
    return FPL_OK;
}

/* --- policies ------------------------------------------------------------------------------------------ */

fpl_result fpl_config_set_client_auth(fpl_config *config, fpl_client_auth client_auth)
{
    if (!open_to_change(config) || client_auth < FPL_CLIENT_AUTH_OFF || client_auth > FPL_CLIENT_AUTH_REQUIRED) {
        return FPL_MISUSE;
    }
    config->client_auth = client_auth;
    return FPL_OK;
}

fpl_result fpl_config_set_cookie_exchange(fpl_config *config, bool on)
{
    if (!open_to_change(config)) {
        return FPL_MISUSE;
    }
    config->cookie_exchange = on;
    return FPL_OK;
}

fpl_result fpl_config_set_trust(fpl_config *config, fpl_trust trust)
{
    if (!open_to_change(config) || trust < FPL_TRUST_ASK || trust > FPL_TRUST_ACCEPT_AND_NOTIFY) {
        return FPL_MISUSE;
    }
    config->trust = trust;
    return FPL_OK;
}

fpl_result fpl_config_set_plaintext_alerts(fpl_config *config, fpl_plaintext_alerts policy)
{
    if (!open_to_change(config) || policy < FPL_PLAINTEXT_ALERTS_HINT || policy > FPL_PLAINTEXT_ALERTS_FATAL) {
        return FPL_MISUSE;
    }
    config->plaintext_alerts = policy;
    return FPL_OK;
}

fpl_result fpl_config_set_server_name(fpl_config *config, const char *host_name)
{
    size_t len = host_name == NULL ? 0 : strlen(host_name);
    if (!open_to_change(config) || len > FPL_LIMIT_VALUE_HOST_NAME_BYTES || (host_name != NULL && len == 0) ||
        (len > 0 && host_name[len - 1] == '.')) {
        return FPL_MISUSE;
    }
    memset(config->server_name, 0, sizeof config->server_name);
    if (len > 0) {
        memcpy(config->server_name, host_name, len);
    }
    return FPL_OK;
}

fpl_result fpl_config_set_trace(fpl_config *config, fpl_trace_fn trace, void *arg)
{
    if (!open_to_change(config)) {
        return FPL_MISUSE;
    }
    config->trace = trace;
    config->trace_arg = arg;
    return FPL_OK;
}

fpl_result fpl_config_set_key_log(fpl_config *config, fpl_key_log_fn log, void *arg)
{
    if (!open_to_change(config)) {
        return FPL_MISUSE;
    }
    config->key_log = log;
    config->key_log_arg = arg;
    return FPL_OK;
}

fpl_result fpl_config_set_random(fpl_config *config, fpl_random_fn fill, void *arg)
{
    if (!open_to_change(config)) {
        return FPL_MISUSE;
    }
    config->random = fill;
    config->random_arg = arg;
    return FPL_OK;
}

fpl_status fpl_config_random(const fpl_config *config, uint8_t *out, size_t len)
{
    if (config->random == NULL) {
        return fpl_random(NULL, out, len);
    }
    return config->random(config->random_arg, out, len) ? FPL_STATUS_OK : FPL_STATUS_INTERNAL;
}

/* --- credentials ------------------------------------------------------------------------------------------ */

static size_t chain_bytes(const fpl_credential *credential)
{
    size_t total = 0;
    for (size_t i = 0; i < credential->num_chain; i++) {
        total += credential->chain[i].len;
    }
    return total;
}

static fpl_result set_credential(fpl_config *config, fpl_bytes chain, fpl_bytes key, bool external)
{
    fpl_credential loaded;
    memset(&loaded, 0, sizeof loaded);
    switch (fpl_credential_load(&loaded, chain, key)) {
    case FPL_CREDENTIAL_OK: break;
    case FPL_CREDENTIAL_NO_MEMORY: return FPL_NO_MEMORY;
    case FPL_CREDENTIAL_NONE:
    case FPL_CREDENTIAL_BAD_CHAIN:
    case FPL_CREDENTIAL_BAD_KEY:
    case FPL_CREDENTIAL_UNSUPPORTED_KEY:
    case FPL_CREDENTIAL_KEY_USAGE:
    case FPL_CREDENTIAL_MISMATCH: return FPL_MISUSE;
    }
    if (chain_bytes(&loaded) > config->limits[FPL_LIMIT_CERTIFICATE_BYTES]) {
        fpl_credential_wipe(&loaded);
        return FPL_MISUSE;
    }
    fpl_credential_wipe(&config->credential);
    config->credential = loaded;
    config->has_credential = true;
    config->external_signer = external;
    return FPL_OK;
}

fpl_result fpl_config_set_credential(fpl_config *config, const uint8_t *chain, size_t chain_len, const uint8_t *key,
                                     size_t key_len)
{
    if (!open_to_change(config) || chain == NULL || key == NULL || chain_len == 0 || key_len == 0) {
        return FPL_MISUSE;
    }
    return set_credential(config, fpl_bytes_of(chain, chain_len), fpl_bytes_of(key, key_len), false);
}

fpl_result fpl_config_set_external_credential(fpl_config *config, const uint8_t *chain, size_t chain_len)
{
    if (!open_to_change(config) || chain == NULL || chain_len == 0) {
        return FPL_MISUSE;
    }
    return set_credential(config, fpl_bytes_of(chain, chain_len), fpl_bytes_none(), true);
}

fpl_result fpl_make_self_signed(fpl_self_signed *out, fpl_named_group curve, const char *common_name, int64_t unix_seconds)
{
    fpl_minted_options options;
    fpl_minted         minted;
    fpl_result         result = FPL_OK;
    if (out == NULL || (curve != FPL_NAMED_GROUP_SECP256R1 && curve != FPL_NAMED_GROUP_SECP384R1) ||
        (common_name != NULL && strlen(common_name) > 64)) {
        return FPL_MISUSE;
    }
    memset(out, 0, sizeof *out);
    memset(&options, 0, sizeof options);
    options.curve = curve;
    options.common_name = common_name;
    options.unix_time = unix_seconds;
    switch (fpl_minted_make(&options, &minted)) {
    case FPL_STATUS_OK: break;
    case FPL_STATUS_NO_MEMORY: return FPL_NO_MEMORY;
    case FPL_STATUS_INTERNAL:
    case FPL_STATUS_NONE: return FPL_MISUSE;
    }
    if (minted.certificate_len > sizeof out->certificate || minted.key_len > sizeof out->key) {
        result = FPL_MISUSE;
    } else {
        memcpy(out->certificate, minted.certificate, minted.certificate_len);
        memcpy(out->key, minted.key, minted.key_len);
        out->certificate_len = minted.certificate_len;
        out->key_len = minted.key_len;
    }
    fpl_minted_wipe(&minted);
    return result;
}

void fpl_fingerprint(const uint8_t *certificate, size_t len, uint8_t out[32])
{
    fpl_hash_fingerprint(fpl_bytes_of(certificate, len), out);
}
