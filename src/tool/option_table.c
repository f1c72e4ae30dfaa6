#include "option_table.h"

#define BOTH_ENDS (COMMAND_CLIENT | COMMAND_SERVER)
#define EVERYBODY (BOTH_ENDS | COMMAND_CERT | COMMAND_DECODE)

const option_entry option_table[] = {
    {OPTION_CERT, "cert", "FILE", BOTH_ENDS,
     "our certificate chain, leaf first (PEM, or one DER). Without it a\n"
     "client has none to show, and a server makes one for this run"},
    {OPTION_KEY, "key", "FILE", BOTH_ENDS, "its private key (PEM or DER; P-256 or P-384)"},
    {OPTION_FINGERPRINT, "fingerprint", "HEX", BOTH_ENDS,
     "trust the peer's certificate only with this SHA-256; may be\n"
     "repeated, any of them will do; colons may be left out"},
    {OPTION_CA, "ca", "FILE", COMMAND_CLIENT,
     "trust a server whose chain leads to a certificate in FILE (PEM, or\n"
     "one DER) and that is issued to --server-name, or else to HOST"},
    {OPTION_CA, "ca", "FILE", COMMAND_SERVER,
     "trust a client whose chain leads to a certificate in FILE (PEM, or\n"
     "one DER), whatever its name"},
    {OPTION_INSECURE, "insecure", NULL, BOTH_ENDS, "take any certificate: whoever answers may be anybody"},
    {OPTION_CLIENT_AUTH, "client-auth", "off|optional|required", COMMAND_SERVER,
     "ask clients for a certificate (default: off, or required when a\n"
     "--fingerprint or --ca is given)"},
    {OPTION_SERVER_NAME, "server-name", "NAME", COMMAND_CLIENT, "the host to ask for in the ClientHello, and with --ca the one that\n"
     "the certificate has to name"},
    {OPTION_DTLS12, "dtls12", NULL, BOTH_ENDS, "DTLS 1.2 and no other version (with --dtls13: both, as by default)"},
    {OPTION_DTLS13, "dtls13", NULL, BOTH_ENDS, "DTLS 1.3 and no other version"},
    {OPTION_SUITES, "suites", "NAME,...", BOTH_ENDS,
     "cipher suites to allow, best first; each belongs to one version,\n"
     "and a version left without any is not spoken"},
    {OPTION_GROUPS, "groups", "NAME,...", BOTH_ENDS,
     "key exchange groups to allow, best first; in DTLS 1.3 a client\n"
     "sends its share of the first one"},
    {OPTION_SRTP, "srtp", "[PROFILE,...]", BOTH_ENDS,
     "agree on keys for SRTP; without names: AES-256-GCM, AES-128-GCM,\n"
     "AES-128-CM with SHA1-80. Prints a hash of the keys, for both ends\n"
     "to compare"},
    {OPTION_SHOW_KEYS, "show-keys", NULL, BOTH_ENDS, "print the SRTP keys themselves"},
    {OPTION_NO_COOKIE, "no-cookie", NULL, COMMAND_SERVER,
     "answer a first ClientHello without making its sender prove where\n"
     "it is: then anybody can have us send to somebody else"},
    {OPTION_MTU, "mtu", "BYTES", BOTH_ENDS, "largest datagram to send"},
    {OPTION_TIMEOUT, "timeout", "SECONDS", BOTH_ENDS, "give a handshake up after this long"},
    {OPTION_LINGER, "linger", "SECONDS", COMMAND_CLIENT,
     "after the end of standard input, stay until the server has been\n"
     "quiet for this long (default: 1)"},
    {OPTION_UPDATE_KEYS, "update-keys", "RECORDS", BOTH_ENDS,
     "DTLS 1.3: after so many records of data renew the keys, and have\n"
     "the peer renew its own"},
    {OPTION_ECHO, "echo", NULL, COMMAND_SERVER, "send back what comes"},
    {OPTION_ONCE, "once", NULL, COMMAND_SERVER, "end after the first client, with its fate as exit code"},
    {OPTION_BIND, "bind", "ADDRESS", COMMAND_SERVER, "listen on this address only (default: all)"},
    {OPTION_TRACE, "trace", NULL, BOTH_ENDS, "print every transition, with the line of the spec that it follows"},
    {OPTION_KEYLOG, "keylog", "FILE", BOTH_ENDS,
     "add the secrets to FILE (SSLKEYLOGFILE format): whoever reads it\n"
     "reads the connection"},
    {OPTION_KEYLOG, "keylog", "FILE", COMMAND_DECODE,
     "decrypt with the secrets in FILE (SSLKEYLOGFILE format; what\n"
     "--keylog of client and server, browsers and others write)"},
    {OPTION_NAME, "name", "NAME", COMMAND_CERT, "common name of the subject (default: flightplan)"},
    {OPTION_CURVE, "curve", "secp256r1|secp384r1", COMMAND_CERT, "curve of the key (default: secp256r1)"},
    {OPTION_FORCE, "force", NULL, COMMAND_CERT, "replace files that exist"},
    {OPTION_PORT, "port", "NUMBER", COMMAND_DECODE, "captures: only datagrams from or to this port"},
    {OPTION_FULL, "full", NULL, COMMAND_DECODE, "print long fields whole"},
    {OPTION_QUIET, "quiet", NULL, BOTH_ENDS, "say nothing but errors"},
    {OPTION_HELP, "help", NULL, EVERYBODY, "this"},
};

const size_t num_options = sizeof option_table / sizeof option_table[0];
