/* What connections have in common, as fpl_config_... sets it and the engine reads it. */
#ifndef FPL_API_CONFIG_H
#define FPL_API_CONFIG_H

#include <flightplan/flightplan.h>

#include "crypto/credential.h"
#include "fpl_extensions.h"
#include "fpl_limits.h"

struct fpl_config {
    fpl_allocator          allocator;
    uint64_t               limits[FPL_NUM_LIMITS]; /* indexed by FPL_LIMIT_..., fixed ones included */
    fpl_cipher_suite       suites[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    fpl_named_group        groups[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    fpl_signature_scheme   schemes[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    uint8_t                num_suites;
    uint8_t                num_groups;
    uint8_t                num_schemes;
    uint8_t                wanted_versions; /* FPL_VERSIONS_... that the application allows */
    uint8_t                versions;        /* those of them that the lists leave something to agree on */
    fpl_client_auth        client_auth;
    fpl_trust              trust;
    fpl_plaintext_alerts   plaintext_alerts;
    bool                   cookie_exchange;
    bool                   external_signer;
    bool                   has_credential;
    bool                   frozen; /* set when first used; never cleared */
    fpl_credential         credential;
    char                   server_name[FPL_LIMIT_VALUE_HOST_NAME_BYTES + 1]; /* empty = not sent */
    fpl_extension_settings extensions;
    fpl_trace_fn           trace;
    void                  *trace_arg;
    fpl_key_log_fn         key_log;
    void                  *key_log_arg;
    fpl_random_fn          random;
    void                  *random_arg;
};

/* fpl_config_limit returns the value in force of the limit `id` (FPL_LIMIT_...). */
static inline uint64_t fpl_config_limit(const fpl_config *config, unsigned id)
{
    return config->limits[id];
}

/* fpl_config_freeze marks `config` as used: it can be shared between threads because nothing writes it any
 * more. Writing the same true twice from two threads is avoided by reading first. */
void fpl_config_freeze(const fpl_config *config);

/* fpl_config_suites and fpl_config_groups write those of our lists that some version of `versions` (FPL_VERSIONS_...)
 * uses, in our order of preference, and return how many. */
uint8_t fpl_config_suites(const fpl_config *config, unsigned versions, fpl_cipher_suite out[FPL_LIMIT_VALUE_CONFIGURED_VALUES]);
uint8_t fpl_config_groups(const fpl_config *config, unsigned versions, fpl_named_group out[FPL_LIMIT_VALUE_CONFIGURED_VALUES]);

/* fpl_config_random fills `out` from the configured source, or libcrypto's. */
fpl_status fpl_config_random(const fpl_config *config, uint8_t *out, size_t len);

#endif
