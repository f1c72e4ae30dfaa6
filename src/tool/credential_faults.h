/* What is wrong with a certificate and a key that the library does not take: it says only that something is. */
#ifndef FPL_TOOL_CREDENTIAL_FAULTS_H
#define FPL_TOOL_CREDENTIAL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct credential_file {
    const char    *path;
    const uint8_t *bytes;
    size_t         len;
} credential_file;

/* credential_complain names the file at fault, the fault and the cure, and returns an exit code. `cert_is_good`
 * tells that the library takes the certificate alone. */
int credential_complain(const credential_file *cert, bool cert_is_good, const credential_file *key);

#endif
