/* The command line, understood: what each option is called, who takes it, what it means. */
#ifndef FPL_TOOL_OPTIONS_H
#define FPL_TOOL_OPTIONS_H

#include <flightplan/flightplan.h>

#include "hex.h"

#define MAX_LIST         16
#define MAX_FINGERPRINTS 4

typedef enum command {
    COMMAND_NONE = 0,
    COMMAND_CLIENT = 1,
    COMMAND_SERVER = 2,
    COMMAND_CERT = 4,
    COMMAND_DECODE = 8
} command;

typedef struct options {
    command     command;
    const char *arguments[2]; /* what stands on the line besides options */
    int         num_arguments;
    bool        help;

    const char *cert_file, *key_file, *ca_file, *keylog_file;
    uint8_t     fingerprints[MAX_FINGERPRINTS][FINGERPRINT_LEN];
    size_t      num_fingerprints;
    bool        insecure, trace, show_keys, no_cookie, echo, once, force, quiet, full;

    unsigned                    versions; /* FPL_VERSIONS_... that were named; 0: both are allowed */
    fpl_cipher_suite            suites[MAX_LIST];
    size_t                      num_suites;
    fpl_named_group             groups[MAX_LIST];
    size_t                      num_groups;
    fpl_srtp_protection_profile profiles[MAX_LIST];
    size_t                      num_profiles;

    fpl_client_auth client_auth;
    uint64_t        mtu;        /* 0: the library's default */
    uint64_t        timeout_ms; /* 0: the library's default */
    uint64_t        linger_ms;
    uint64_t        update_keys; /* records between key updates; 0: none of ours */
    uint64_t        port;       /* decode: only this one; 0 = all */
    const char     *server_name, *bind_address, *common_name;
    fpl_named_group curve;
} options;

/* options_parse fills `out` from the words after the command's name. Complains and returns an exit code on
 * misuse, or TOOL_OK. */
int options_parse(command which, int argc, char **argv, options *out);

/* options_versions is which versions are allowed. */
static inline unsigned options_versions(const options *o)
{
    return o->versions == 0 ? FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13 : o->versions;
}

/* command_name is how a command is called on the command line. */
const char *command_name(command which);

#endif
