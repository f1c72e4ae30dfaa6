/* flightplan: DTLS at the command line. */
#include <stdio.h>
#include <string.h>

#include "cert.h"
#include "client.h"
#include "decode.h"
#include "help.h"
#include "server.h"
#include "streams.h"
#include "tool.h"

static int run(const options *o)
{
    switch (o->command) {
    case COMMAND_CLIENT:
        return client_run(o);
    case COMMAND_SERVER:
        return server_run(o);
    case COMMAND_CERT:
        return cert_run(o);
    case COMMAND_DECODE:
        return decode_run(o);
    case COMMAND_NONE:
        break;
    }
    return TOOL_MISUSE;
}

static bool is(const char *word, const char *one, const char *other)
{
    return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

/* COMMAND_NONE: there is no such. */
static command command_of(const char *word)
{
    static const command commands[] = {COMMAND_CLIENT, COMMAND_SERVER, COMMAND_CERT, COMMAND_DECODE};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(word, command_name(commands[i])) == 0) {
            return commands[i];
        }
    }
    return COMMAND_NONE;
}

static int complain_command(const char *word)
{
    return complain_usage(NULL, "there is no command `%s`; there are client, server, cert and decode", word);
}

/* `help` of the tool, or of the command in `word`. */
static int help(const char *word)
{
    command which = word == NULL ? COMMAND_NONE : command_of(word);
    if (word != NULL && which == COMMAND_NONE) {
        return complain_command(word);
    }
    help_print(which);
    return TOOL_OK;
}

static int obey(int argc, char **argv)
{
    command which;
    options o;
    int result;
    if (argc < 2) {
        return complain_usage(NULL, "say what to do: client, server, cert or decode");
    }
    if (is(argv[1], "--help", "-h") || is(argv[1], "help", "help")) {
        return help(argv[2]);
    }
    if (is(argv[1], "--version", "-V")) {
        printf("flightplan %s\n", fpl_version_string());
        return TOOL_OK;
    }
    which = command_of(argv[1]);
    if (which == COMMAND_NONE) {
        return complain_command(argv[1]);
    }
    result = options_parse(which, argc - 1, argv + 1, &o);
    if (result == TOOL_OK && o.help) {
        help_print(which);
        return TOOL_OK;
    }
    quiet_notes = o.quiet;
    return result == TOOL_OK ? run(&o) : result;
}

int main(int argc, char **argv)
{
    streams_open();
    return streams_close(obey(argc, argv));
}
