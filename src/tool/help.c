#include "help.h"

#include <stdio.h>
#include <string.h>

#include "option_table.h"

static const char overview[] =
    "Usage: flightplan COMMAND [OPTION...] ...\n"
    "\n"
    "DTLS 1.2 and DTLS 1.3 at the command line.\n"
    "\n"
    "  client HOST PORT    connect; standard input and output carry the data\n"
    "  server PORT         wait for clients\n"
    "  cert CERT KEY       make a self-signed certificate and its key\n"
    "  decode [FILE]       print a capture's handshakes field by field\n"
    "\n"
    "  COMMAND --help      the options of a command\n"
    "  --version           the version\n"
    "\n"
    "A first try, in two terminals:\n"
    "\n"
    "  flightplan server --echo 4444\n"
    "  flightplan client --fingerprint <what the server printed> --trace localhost 4444\n"
    "\n"
    "Exit codes: 0 done; 1 the connection failed, or nothing in the capture could be\n"
    "decoded; 2 the command line is wrong; 3 a file, a name or a socket is, or what\n"
    "was printed could not be written.\n";

static const char client_about[] =
    "Usage: flightplan client [OPTION...] HOST PORT\n"
    "\n"
    "Connects, sends standard input (what one read returns is one record) and prints\n"
    "what comes back. Ends with close_notify when standard input ends.\n"
    "Somebody has to judge the server's certificate: give --fingerprint, --ca or\n"
    "--insecure.\n";

static const char server_about[] =
    "Usage: flightplan server [OPTION...] PORT\n"
    "\n"
    "Serves any number of clients on one UDP port (0: any free one). What they send\n"
    "goes to standard output; standard input goes to the client heard of last.\n"
    "Ends at SIGINT or SIGTERM, or when standard output takes no more, saying\n"
    "close_notify to all.\n";

static const char cert_about[] =
    "Usage: flightplan cert [OPTION...] CERT KEY\n"
    "\n"
    "Makes a self-signed certificate and its private key, writes them to the files\n"
    "CERT and KEY (PEM), and prints the certificate's SHA-256 fingerprint, as\n"
    "--fingerprint and SDP's a=fingerprint take it.\n";

static const char decode_about[] =
    "Usage: flightplan decode [OPTION...] [FILE]\n"
    "\n"
    "Prints the DTLS datagrams of FILE (default: standard input) as records and, put\n"
    "together again from their fragments, handshake messages. FILE is a capture (pcap\n"
    "or pcapng), or text with one datagram in hex on each line, which may begin with\n"
    "`C>S` or `S>C` and a time such as `+0.125`. Lines that begin with # are skipped.\n"
    "What is under keys is shown as encrypted, unless --keylog opens it: DTLS 1.3 with\n"
    "all its generations of keys, DTLS 1.2 with AES-GCM or ChaCha20-Poly1305.\n"
    "What is malformed is shown as such; that is a failure (exit code 1) only if there\n"
    "is not one whole DTLS record in FILE.\n";

static const char *about(command which)
{
    switch (which) {
    case COMMAND_CLIENT:
        return client_about;
    case COMMAND_SERVER:
        return server_about;
    case COMMAND_CERT:
        return cert_about;
    case COMMAND_DECODE:
        return decode_about;
    case COMMAND_NONE:
        break;
    }
    return overview;
}

#define HELP_COLUMN 26

static void print_option(const option_entry *option)
{
    const char *line = option->help;
    int width = option->argument == NULL      ? printf("  --%s", option->name)
                : option->argument[0] == '[' ? printf("  --%s[=%.*s]", option->name, (int)strlen(option->argument) - 2, option->argument + 1)
                                             : printf("  --%s %s", option->name, option->argument);
    if (width >= HELP_COLUMN) {
        putchar('\n');
        width = 0;
    }
    while (line != NULL) {
        const char *end = strchr(line, '\n');
        printf("%*s%.*s\n", HELP_COLUMN - width, "", (int)(end == NULL ? strlen(line) : (size_t)(end - line)), line);
        width = 0;
        line = end == NULL ? NULL : end + 1;
    }
}

void help_print(command which)
{
    fputs(about(which), stdout);
    if (which == COMMAND_NONE) {
        return;
    }
    puts("\nOptions:");
    for (size_t i = 0; i < num_options; i++) {
        if (option_table[i].commands & (unsigned)which) {
            print_option(&option_table[i]);
        }
    }
}
