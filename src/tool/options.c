#include "options.h"

#include <getopt.h>
#include <string.h>

#include "names.h"
#include "numbers.h"
#include "option_checks.h"
#include "option_table.h"
#include "tool.h"

const char *command_name(command which)
{
    switch (which) {
    case COMMAND_CLIENT:
        return "client";
    case COMMAND_SERVER:
        return "server";
    case COMMAND_CERT:
        return "cert";
    case COMMAND_DECODE:
        return "decode";
    case COMMAND_NONE:
        break;
    }
    return NULL;
}

/* ---- values ---- */

static int read_number(const options *o, const char *name, const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    if (!number_parse(text, low, high, out)) {
        return complain_usage(command_name(o->command), "--%s wants a whole number from %llu to %llu, not `%s`", name,
                              (unsigned long long)low, (unsigned long long)high, text);
    }
    return TOOL_OK;
}

/* Seconds may have a fraction: 0.5. */
static int read_seconds(const options *o, const char *name, const char *text, double low, double high, uint64_t *ms)
{
    if (!seconds_parse(text, low, high, ms)) {
        return complain_usage(command_name(o->command), "--%s wants seconds from %g to %g, not `%s`", name, low, high, text);
    }
    return TOOL_OK;
}

static int complain_name(const options *o, const char *option, const char *name, size_t len, const char *kind, name_fn name_of)
{
    char choice[1024];
    names_list(name_of, choice, sizeof choice);
    return complain_usage(command_name(o->command), "--%s: there is no %s `%.*s`; choose from %s", option, kind, (int)len,
                          name, choice);
}

static int read_list(const options *o, const char *option, const char *text, const char *kind, name_fn name_of,
                     uint16_t *list, size_t *num)
{
    *num = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        uint16_t value;
        if (!names_find(name_of, text, len, &value)) {
            return complain_name(o, option, text, len, kind, name_of);
        }
        for (size_t i = 0; i < *num; i++) {
            if (list[i] == value) {
                return complain_usage(command_name(o->command), "--%s names `%.*s` twice; once is enough", option,
                                      (int)len, text);
            }
        }
        if (*num == MAX_LIST) {
            return complain_usage(command_name(o->command), "--%s takes at most %d names", option, MAX_LIST);
        }
        list[(*num)++] = value;
        if (text[len] == '\0') {
            return TOOL_OK;
        }
        text += len + 1;
    }
}

static int read_profiles(options *o, const char *text)
{
    static const fpl_srtp_protection_profile all[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_256_GCM,
                                                      FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                      FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};
    if (text == NULL) {
        memcpy(o->profiles, all, sizeof all);
        o->num_profiles = sizeof all / sizeof all[0];
        return TOOL_OK;
    }
    return read_list(o, "srtp", text, "SRTP profile", name_of_used_profile, o->profiles, &o->num_profiles);
}

static int read_client_auth(options *o, const char *text)
{
    if (strcmp(text, "off") == 0) {
        o->client_auth = FPL_CLIENT_AUTH_OFF;
    } else if (strcmp(text, "optional") == 0) {
        o->client_auth = FPL_CLIENT_AUTH_OPTIONAL;
    } else if (strcmp(text, "required") == 0) {
        o->client_auth = FPL_CLIENT_AUTH_REQUIRED;
    } else {
        return complain_usage("server", "--client-auth is off, optional or required, not `%s`", text);
    }
    return TOOL_OK;
}

static int read_curve(options *o, const char *text)
{
    if (strcmp(text, "secp256r1") == 0) {
        o->curve = FPL_NAMED_GROUP_SECP256R1;
    } else if (strcmp(text, "secp384r1") == 0) {
        o->curve = FPL_NAMED_GROUP_SECP384R1;
    } else {
        return complain_usage("cert", "--curve is secp256r1 or secp384r1, not `%s`", text);
    }
    return TOOL_OK;
}

static int read_fingerprint(options *o, const char *text)
{
    if (o->num_fingerprints == MAX_FINGERPRINTS) {
        return complain_usage(command_name(o->command), "--fingerprint may be given %d times at most", MAX_FINGERPRINTS);
    }
    if (!fingerprint_parse(text, o->fingerprints[o->num_fingerprints])) {
        return complain_usage(command_name(o->command),
                              "--fingerprint wants a SHA-256 as 64 hex digits, with or without colons (such as "
                              "`flightplan cert` prints), not `%s`", text);
    }
    o->num_fingerprints++;
    return TOOL_OK;
}

static int read_names_of(options *o, option_id id, const char *text)
{
    if (id == OPTION_SUITES) {
        return read_list(o, "suites", text, "cipher suite", name_of_used_suite, o->suites, &o->num_suites);
    }
    return read_list(o, "groups", text, "group", name_of_used_group, o->groups, &o->num_groups);
}

/* ---- one option ---- */

static int take(options *o, option_id id, const char *argument)
{
    switch (id) {
    case OPTION_HELP:
        o->help = true;
        return TOOL_OK;
    case OPTION_CERT:
        o->cert_file = argument;
        return TOOL_OK;
    case OPTION_KEY:
        o->key_file = argument;
        return TOOL_OK;
    case OPTION_FINGERPRINT:
        return read_fingerprint(o, argument);
    case OPTION_CA:
        o->ca_file = argument;
        return TOOL_OK;
    case OPTION_INSECURE:
        o->insecure = true;
        return TOOL_OK;
    case OPTION_CLIENT_AUTH:
        return read_client_auth(o, argument);
    case OPTION_SERVER_NAME:
        o->server_name = argument;
        return TOOL_OK;
    case OPTION_DTLS12:
        o->versions |= FPL_VERSIONS_DTLS12;
        return TOOL_OK;
    case OPTION_DTLS13:
        o->versions |= FPL_VERSIONS_DTLS13;
        return TOOL_OK;
    case OPTION_SUITES:
    case OPTION_GROUPS:
        return read_names_of(o, id, argument);
    case OPTION_SRTP:
        return read_profiles(o, argument);
    case OPTION_SHOW_KEYS:
        o->show_keys = true;
        return TOOL_OK;
    case OPTION_NO_COOKIE:
        o->no_cookie = true;
        return TOOL_OK;
    case OPTION_MTU:
        return read_number(o, "mtu", argument, 200, 65507, &o->mtu);
    case OPTION_TIMEOUT:
        return read_seconds(o, "timeout", argument, 1, 3600, &o->timeout_ms);
    case OPTION_LINGER:
        return read_seconds(o, "linger", argument, 0, 3600, &o->linger_ms);
    case OPTION_UPDATE_KEYS:
        return read_number(o, "update-keys", argument, 1, 1000000, &o->update_keys);
    case OPTION_ECHO:
        o->echo = true;
        return TOOL_OK;
    case OPTION_ONCE:
        o->once = true;
        return TOOL_OK;
    case OPTION_BIND:
        o->bind_address = argument;
        return TOOL_OK;
    case OPTION_TRACE:
        o->trace = true;
        return TOOL_OK;
    case OPTION_KEYLOG:
        o->keylog_file = argument;
        return TOOL_OK;
    case OPTION_QUIET:
        o->quiet = true;
        return TOOL_OK;
    case OPTION_NAME:
        o->common_name = argument;
        return TOOL_OK;
    case OPTION_CURVE:
        return read_curve(o, argument);
    case OPTION_FORCE:
        o->force = true;
        return TOOL_OK;
    case OPTION_PORT:
        return read_number(o, "port", argument, 1, 65535, &o->port);
    case OPTION_FULL:
        o->full = true;
        return TOOL_OK;
    case OPTION_NONE:
        break;
    }
    return TOOL_MISUSE;
}

/* ---- the words of the line ---- */

/* The first option of the command that begins so, `skip` others passed over; NULL: there is none. */
static const char *option_that_begins(const options *o, const char *with, size_t len, size_t skip)
{
    for (size_t i = 0; i < num_options; i++) {
        if ((option_table[i].commands & (unsigned)o->command) && strncmp(with, option_table[i].name, len) == 0 && skip-- == 0) {
            return option_table[i].name;
        }
    }
    return NULL;
}

/* Why getopt_long did not like `word`. */
static int complain_option(const options *o, int why, const char *word)
{
    size_t len = strcspn(word, "=");
    if (why == ':') {
        return complain_usage(command_name(o->command), "%s wants a value after it", word);
    }
    for (size_t i = 0; i < num_options; i++) {
        if (len > 2 && strncmp(word + 2, option_table[i].name, len - 2) == 0 && option_table[i].name[len - 2] == '\0') {
            if (option_table[i].commands & (unsigned)o->command) {
                return complain_usage(command_name(o->command), "%.*s takes no value", (int)len, word);
            }
            return complain_usage(command_name(o->command), "%.*s is not an option of `%s`", (int)len, word,
                                  command_name(o->command));
        }
    }
    if (len > 2 && option_that_begins(o, word + 2, len - 2, 1) != NULL) {
        return complain_usage(command_name(o->command), "%.*s may be --%s or --%s: write more of it", (int)len, word,
                              option_that_begins(o, word + 2, len - 2, 0), option_that_begins(o, word + 2, len - 2, 1));
    }
    return complain_usage(command_name(o->command), "there is no option `%s`", word);
}

static int read_words(options *o, int argc, char **argv)
{
    struct option known[64] = {{0}};
    size_t num = 0;
    for (size_t i = 0; i < num_options; i++) {
        const option_entry *entry = &option_table[i];
        if ((entry->commands & (unsigned)o->command) && num + 1 < sizeof known / sizeof known[0]) {
            known[num].name = entry->name;
            known[num].val = (int)entry->id;
            known[num++].has_arg = entry->argument == NULL      ? no_argument
                                   : entry->argument[0] == '[' ? optional_argument
                                                                : required_argument;
        }
    }
    opterr = 0;
    optind = 1;
    for (;;) {
        int result;
        int id = getopt_long(argc, argv, ":h", known, NULL);
        if (id == -1) {
            return TOOL_OK;
        }
        if (id == '?' || id == ':') {
            return complain_option(o, id, argv[optind - 1]);
        }
        result = take(o, id == 'h' ? OPTION_HELP : (option_id)id, optarg);
        if (result != TOOL_OK || o->help) {
            return result;
        }
    }
}

static int read_arguments(options *o, int argc, char **argv)
{
    static const char *const wanted[] = {
        [COMMAND_CLIENT] = "a HOST and a PORT", [COMMAND_SERVER] = "a PORT",
        [COMMAND_CERT] = "two files to write, CERT and KEY", [COMMAND_DECODE] = "one FILE at most"};
    int need = o->command == COMMAND_SERVER || o->command == COMMAND_DECODE ? 1 : 2;
    int have = argc - optind;
    if (have > need || (have < need && o->command != COMMAND_DECODE)) {
        return complain_usage(command_name(o->command), "`%s` wants %s%s%s%s", command_name(o->command), wanted[o->command],
                              have > need ? ", and nothing more: not `" : "", have > need ? argv[optind + need] : "",
                              have > need ? "`" : "");
    }
    for (int i = 0; i < have; i++) {
        o->arguments[i] = argv[optind + i];
    }
    o->num_arguments = have;
    return TOOL_OK;
}

int options_parse(command which, int argc, char **argv, options *out)
{
    int result;
    memset(out, 0, sizeof *out);
    out->command = which;
    out->linger_ms = 1000;
    out->common_name = "flightplan";
    out->curve = FPL_NAMED_GROUP_SECP256R1;
    result = read_words(out, argc, argv);
    if (result == TOOL_OK && !out->help) {
        result = read_arguments(out, argc, argv);
    }
    if (result == TOOL_OK && !out->help) {
        result = options_check(out);
    }
    return result;
}
