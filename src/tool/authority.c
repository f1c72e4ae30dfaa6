#include "authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "files.h"
#include "tool.h"

int authority_load(const options *o, fpl_trust_store **out)
{
    size_t len = 0;
    uint8_t *text = file_read(o->ca_file, "certificates to trust", &len);
    fpl_result result;
    if (text == NULL) {
        return TOOL_SYSTEM;
    }
    *out = fpl_trust_store_new();
    result = *out == NULL ? FPL_NO_MEMORY : fpl_trust_store_add(*out, text, len, NULL);
    free(text);
    if (result == FPL_OK) {
        return TOOL_OK;
    }
    return result == FPL_NO_MEMORY
               ? complain("out of memory")
               : complain("%s holds no certificates, or one that does not parse: --ca wants PEM with CERTIFICATE blocks, "
                          "or one certificate in DER", o->ca_file);
}

/* Whom the peer has to be: a server is who we call, a client anybody. */
static const char *host_of(const options *o)
{
    if (o->command != COMMAND_CLIENT) {
        return NULL;
    }
    return o->server_name != NULL ? o->server_name : o->arguments[0];
}

static void complain_refused(const options *o, const char *who, const fpl_verify_verdict *verdict, size_t num)
{
    char which[80];
    if (verdict->certificate < num) {
        (void)snprintf(which, sizeof which, "certificate %zu of the %zu shown", verdict->certificate + 1, num);
    } else {
        (void)snprintf(which, sizeof which, num == 0 ? "the peer" : "the certificate that --ca trusts");
    }
    (void)complain("%s is not trusted: %s: %s (asked: for a path to a certificate in %s%s%s)", who, which, verdict->reason,
                   o->ca_file, host_of(o) == NULL ? "" : ", and for the host ", host_of(o) == NULL ? "" : host_of(o));
}

bool authority_judge(const options *o, const fpl_trust_store *authorities, const char *who, const fpl_output *out)
{
    size_t num = out->as.peer_certificate.num;
    fpl_verify_options wanted = {sizeof wanted, o->command == COMMAND_CLIENT ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                 host_of(o), (int64_t)time(NULL)};
    fpl_verify_verdict verdict = {sizeof verdict, false, 0, NULL};
    switch (fpl_verify_chain(authorities, out->as.peer_certificate.certificates, num, &wanted, &verdict)) {
    case FPL_OK:
        note("%s is vouched for by %s%s%s", who, o->ca_file, wanted.host == NULL ? "" : ", as ",
             wanted.host == NULL ? "" : wanted.host);
        return true;
    case FPL_FAILED:
        complain_refused(o, who, &verdict, num);
        return false;
    case FPL_MISUSE:
        (void)complain("%s is not trusted: no certificate names a host like `%s`; say with --server-name which one it is",
                       who, wanted.host == NULL ? "" : wanted.host);
        return false;
    case FPL_NO_MEMORY:
    case FPL_NOT_YET:
    case FPL_BUFFER_TOO_SMALL:
    case FPL_CLOSED:
        break;
    }
    (void)complain("%s is not trusted: out of memory", who);
    return false;
}
