#include "cert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "hex.h"
#include "pem.h"
#include "tool.h"

static int write_pem(const char *path, const char *what, const char *label, unsigned mode, bool force, const uint8_t *der,
                     size_t len)
{
    FILE *file = file_open_new(path, what, mode, force);
    bool failed;
    if (file == NULL) {
        return TOOL_SYSTEM;
    }
    pem_write(file, label, der, len);
    failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        int result = complain("cannot write the %s %s: %s", what, path, strerror(errno));
        (void)unlink(path); /* the next try would find it there */
        return result;
    }
    return TOOL_OK;
}

static int complain_same(const options *o)
{
    return complain_usage("cert", "CERT and KEY are both `%s`; they are two files", o->arguments[0]);
}

static int write_pair(const options *o, const fpl_self_signed *made)
{
    const char *cert = o->arguments[0], *key = o->arguments[1];
    int result = write_pem(cert, "certificate", "CERTIFICATE", 0644, o->force, made->certificate, made->certificate_len);
    if (result != TOOL_OK) {
        return result;
    }
    /* By two names the key would take the certificate's place. */
    result = file_same(cert, key) ? complain_same(o)
                                  : write_pem(key, "private key", "PRIVATE KEY", 0600, o->force, made->key, made->key_len);
    if (result != TOOL_OK) {
        (void)unlink(cert); /* a certificate without its key helps nobody */
    }
    return result;
}

int cert_run(const options *o)
{
    fpl_self_signed made;
    uint8_t sha256[FINGERPRINT_LEN];
    char text[FINGERPRINT_TEXT];
    int result;

    if (strcmp(o->arguments[0], o->arguments[1]) == 0 || file_same(o->arguments[0], o->arguments[1])) {
        return complain_same(o);
    }
    switch (fpl_make_self_signed(&made, o->curve, o->common_name, (int64_t)time(NULL))) {
    case FPL_OK:
        break;
    case FPL_MISUSE:
        return complain_usage("cert", "--name takes a name of 1 to 64 characters");
    case FPL_NO_MEMORY:
    case FPL_NOT_YET:
    case FPL_BUFFER_TOO_SMALL:
    case FPL_CLOSED:
    case FPL_FAILED:
        return complain("cannot make a certificate: out of memory or of random numbers");
    }
    result = write_pair(o, &made);
    if (result == TOOL_OK) {
        fpl_fingerprint(made.certificate, made.certificate_len, sha256);
        fingerprint_print(sha256, text);
        puts(text);
    }
    explicit_bzero(&made, sizeof made);
    return result;
}
