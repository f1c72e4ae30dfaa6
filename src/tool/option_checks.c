#include "option_checks.h"

#include "names.h"
#include "numbers.h"
#include "tool.h"

/* getaddrinfo would cut a number that is too large to sixteen bits, and say nothing. */
static int check_port(const options *o)
{
    bool serves = o->command == COMMAND_SERVER;
    const char *port = o->arguments[serves ? 0 : 1];
    uint64_t value;
    if (number_parse(port, serves ? 0 : 1, UINT16_MAX, &value)) {
        return TOOL_OK;
    }
    return complain_usage(command_name(o->command),
                          serves ? "PORT wants a whole number from 0 to 65535 (0: any free port), not `%s`"
                                 : "PORT wants a whole number from 1 to 65535, the port that the server listens on, not `%s`",
                          port);
}

/* An empty word is a variable of the shell that was not set, rather than a wish. */
static int check_address(const options *o)
{
    if (o->command == COMMAND_CLIENT && o->arguments[0][0] == '\0') {
        return complain_usage("client", "HOST is empty: give the server's name or address");
    }
    if (o->bind_address != NULL && o->bind_address[0] == '\0') {
        return complain_usage("server", "--bind wants an address of this machine, not ``; leave it out to listen on all");
    }
    return TOOL_OK;
}

static int check_trust(const options *o)
{
    if (o->insecure && o->num_fingerprints > 0) {
        return complain_usage(command_name(o->command),
                              "--insecure takes any certificate, --fingerprint only one: say which of the two");
    }
    if (o->ca_file != NULL && (o->insecure || o->num_fingerprints > 0)) {
        return complain_usage(command_name(o->command),
                              "--ca takes certificates that its file vouches for, %s: say which of the two",
                              o->insecure ? "--insecure any" : "--fingerprint only the ones named");
    }
    if (o->insecure || o->num_fingerprints > 0 || o->ca_file != NULL) {
        return TOOL_OK;
    }
    if (o->command == COMMAND_CLIENT) {
        return complain_usage("client",
                              "nothing says which server to trust: give its --fingerprint (the server prints it), or "
                              "--insecure to talk to whoever answers, or the --ca that it has its certificate from");
    }
    if (o->client_auth == FPL_CLIENT_AUTH_OPTIONAL || o->client_auth == FPL_CLIENT_AUTH_REQUIRED) {
        return complain_usage("server",
                              "--client-auth asks clients for certificates, but nothing says which to trust: give a "
                              "--fingerprint for each, or the --ca that they have theirs from, or --insecure to take any");
    }
    return TOOL_OK;
}

/* The versions in which something of the list is of use; all of them, where there is no list. */
static unsigned versions_of(const uint16_t *list, size_t num, unsigned (*use)(uint16_t))
{
    unsigned versions = num == 0 ? FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13 : 0;
    for (size_t i = 0; i < num; i++) {
        versions |= use(list[i]);
    }
    return versions;
}

/* Of a version without a suite or a group the library is silent: better to hear of it here. */
static int check_versions(const options *o)
{
    unsigned by_suites = versions_of(o->suites, o->num_suites, versions_of_suite);
    unsigned by_groups = versions_of(o->groups, o->num_groups, versions_of_group);
    unsigned wanted = options_versions(o);
    const char *which = wanted == FPL_VERSIONS_DTLS12   ? "DTLS 1.2, which --dtls12 asks for"
                        : wanted == FPL_VERSIONS_DTLS13 ? "DTLS 1.3, which --dtls13 asks for"
                                                        : "either version";
    if ((wanted & by_suites) == 0) {
        return complain_usage(command_name(o->command),
                              "no suite of --suites is of %s: name others, or allow the other version", which);
    }
    if ((wanted & by_groups) == 0) {
        return complain_usage(command_name(o->command),
                              "no group of --groups is of %s: name others, or allow the other version", which);
    }
    if ((wanted & by_suites & by_groups) == 0) {
        return complain_usage(command_name(o->command),
                              "the suites of --suites are of one version, the groups of --groups of the other: name "
                              "some that are of the same");
    }
    if (o->update_keys > 0 && (wanted & by_suites & by_groups) == FPL_VERSIONS_DTLS12) {
        return complain_usage(command_name(o->command),
                              "--update-keys is for DTLS 1.3, and DTLS 1.2 is all that is allowed: leave one of the "
                              "two out");
    }
    return TOOL_OK;
}

int options_check(options *o)
{
    int result;
    if (o->command == COMMAND_CERT || o->command == COMMAND_DECODE) {
        return TOOL_OK;
    }
    result = check_address(o);
    if (result == TOOL_OK) {
        result = check_port(o);
    }
    if (result == TOOL_OK) {
        result = check_versions(o);
    }
    if (result != TOOL_OK) {
        return result;
    }
    if ((o->cert_file == NULL) != (o->key_file == NULL)) {
        return complain_usage(command_name(o->command),
                              "--%s goes with --%s: give both (`flightplan cert` makes a pair)",
                              o->cert_file == NULL ? "key" : "cert", o->cert_file == NULL ? "cert" : "key");
    }
    if (o->show_keys && o->num_profiles == 0) {
        return complain_usage(command_name(o->command), "--show-keys shows SRTP keys: say --srtp too");
    }
    if (o->command == COMMAND_SERVER && (o->num_fingerprints > 0 || o->ca_file != NULL)) {
        if (o->client_auth == FPL_CLIENT_AUTH_OFF) {
            return complain_usage("server", "--%s clients, which --client-auth off does not ask for a certificate: leave "
                                            "one of the two out", o->num_fingerprints > 0 ? "fingerprint pins" : "ca judges");
        }
        if (o->client_auth == FPL_CLIENT_AUTH_NONE) {
            o->client_auth = FPL_CLIENT_AUTH_REQUIRED;
        }
    }
    return check_trust(o);
}
