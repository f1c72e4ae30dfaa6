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

static int obey(int argc, char **argv)
{
    static const command commands[] = {COMMAND_CLIENT, COMMAND_SERVER, COMMAND_CERT, COMMAND_DECODE};
    options o;
    if (argc < 2) {
        return complain_usage(NULL, "say what to do: client, server, cert or decode");
    }
    if (is(argv[1], "--help", "-h") || is(argv[1], "help", "help")) {
        help_print(COMMAND_NONE);
        return TOOL_OK;
    }
    if (is(argv[1], "--version", "-V")) {
        printf("flightplan %s\n", fpl_version_string());
        return TOOL_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], command_name(commands[i])) == 0) {
            int result = options_parse(commands[i], argc - 1, argv + 1, &o);
            if (result == TOOL_OK && o.help) {
                help_print(o.command);
                return TOOL_OK;
            }
            quiet_notes = o.quiet;
            return result == TOOL_OK ? run(&o) : result;
        }
    }
    return complain_usage(NULL, "there is no command `%s`; there are client, server, cert and decode", argv[1]);
}

int main(int argc, char **argv)
{
    streams_open();
    return streams_close(obey(argc, argv));
}
