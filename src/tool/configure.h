/* From options to a configuration of the library. */
#ifndef FPL_TOOL_CONFIGURE_H
#define FPL_TOOL_CONFIGURE_H

#include <flightplan/flightplan.h>

#include <stdio.h>

#include "options.h"

typedef struct setup {
    fpl_config *config;
    FILE       *keylog;
} setup;

/* setup_make builds what `o` asks for; a server without a certificate gets a fresh one. Complains and
 * returns an exit code on failure; `out` is then to be freed all the same. */
int  setup_make(const options *o, setup *out);
void setup_free(setup *s);

/* setup_pin gives a new connection the fingerprints of `o`. */
void setup_pin(const options *o, fpl_conn *conn);

#endif
