/* Chains of certificates that make a flight long. The leaf is credential P256_A; the seven behind it, as many as there may be
 * (limit own_certificates), nobody reads. */
#ifndef FPL_TESTS_TRANSCRIPTS_CHAINS_H
#define FPL_TESTS_TRANSCRIPTS_CHAINS_H

#include <flightplan/flightplan.h>

/* eight_certificates are the leaf, eight times; large_certificates have 16 KB together, which is limit certificate_bytes. */
void eight_certificates(fpl_config *config);
void large_certificates(fpl_config *config);

#endif
