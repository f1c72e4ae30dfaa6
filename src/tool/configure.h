/* From options to a configuration of the library. */
#ifndef FPL_TOOL_CONFIGURE_H
#define FPL_TOOL_CONFIGURE_H

#include <flightplan/flightplan.h>
#include <flightplan/x509.h>

#include "options.h"
#include "trace.h"

typedef struct setup {
    fpl_config      *config;
    fpl_trust_store *authorities; /* NULL: no --ca */
    key_log          keylog;
} setup;

/* setup_make builds what `o` asks for; a server without a certificate gets a fresh one. Complains and
 * returns an exit code on failure; `out` is then to be freed all the same, and stays where it is until then. */
int setup_make(const options *o, setup *out);

/* setup_free returns the exit code `result`, or TOOL_SYSTEM when all went well but for the key log. */
int setup_free(setup *s, int result);

/* setup_pin gives a new connection the fingerprints of `o`. */
void setup_pin(const options *o, fpl_conn *conn);

#endif
