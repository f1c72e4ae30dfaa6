/* --ca: chains of certificates, judged by the authorities in a file. */
#ifndef FPL_TOOL_AUTHORITY_H
#define FPL_TOOL_AUTHORITY_H

#include <flightplan/x509.h>

#include "options.h"

/* authority_load reads the file of --ca into a new store, which is the caller's to free; complains and returns an exit
 * code on failure. */
int authority_load(const options *o, fpl_trust_store **out);

/* authority_judge says whether the chain that `out` reports may be trusted, and why not. */
bool authority_judge(const options *o, const fpl_trust_store *authorities, const char *who, const fpl_output *out);

#endif
