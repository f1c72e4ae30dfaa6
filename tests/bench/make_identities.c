/* make_identities <folder>: writes the certificates and keys that the other programs read. */
#include <flightplan/flightplan.h>
#include <stdio.h>
#include <time.h>

#include "backend.h"

static bool write_file(const char *folder, unsigned index, const char *what, const uint8_t *bytes, size_t len)
{
    char  name[512];
    FILE *file;
    bool  good;
    (void)snprintf(name, sizeof name, "%s/%02u.%s.der", folder, index, what);
    file = fopen(name, "wb");
    if (file == NULL) {
        return false;
    }
    good = fwrite(bytes, 1, len, file) == len;
    return fclose(file) == 0 && good;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_identities <folder>\n");
        return 2;
    }
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        fpl_self_signed made;
        char            name[64];
        /* A name of 50 octets makes a certificate about as long as those of the captures. */
        (void)snprintf(name, sizeof name, "peer %02u of a benchmark that wants certificates like", i);
        if (fpl_make_self_signed(&made, FPL_NAMED_GROUP_SECP256R1, name, (int64_t)time(NULL)) != FPL_OK ||
            !write_file(argv[1], i, "certificate", made.certificate, made.certificate_len) ||
            !write_file(argv[1], i, "key", made.key, made.key_len)) {
            (void)fprintf(stderr, "identity %u could not be made\n", i);
            return 1;
        }
    }
    return 0;
}
