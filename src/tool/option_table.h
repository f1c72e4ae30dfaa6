/* The options by name, with the commands that take them and the help that explains them. */
#ifndef FPL_TOOL_OPTION_TABLE_H
#define FPL_TOOL_OPTION_TABLE_H

#include "options.h"

typedef enum option_id {
    OPTION_NONE = 0x100, /* above every character that getopt_long returns by itself */
    OPTION_HELP,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_FINGERPRINT,
    OPTION_CA,
    OPTION_INSECURE,
    OPTION_CLIENT_AUTH,
    OPTION_SERVER_NAME,
    OPTION_DTLS12,
    OPTION_DTLS13,
    OPTION_SUITES,
    OPTION_GROUPS,
    OPTION_SRTP,
    OPTION_SHOW_KEYS,
    OPTION_NO_COOKIE,
    OPTION_MTU,
    OPTION_TIMEOUT,
    OPTION_LINGER,
    OPTION_UPDATE_KEYS,
    OPTION_ECHO,
    OPTION_ONCE,
    OPTION_BIND,
    OPTION_TRACE,
    OPTION_KEYLOG,
    OPTION_QUIET,
    OPTION_NAME,
    OPTION_CURVE,
    OPTION_FORCE,
    OPTION_PORT,
    OPTION_FULL
} option_id;

typedef struct option_entry {
    option_id   id;
    const char *name;
    const char *argument; /* NULL: takes none; in brackets: may be left out */
    unsigned    commands; /* of the enum command */
    const char *help;
} option_entry;

extern const option_entry option_table[];
extern const size_t       num_options;

#endif
