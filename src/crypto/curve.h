#ifndef FPL_CRYPTO_CURVE_H
#define FPL_CRYPTO_CURVE_H

#include <flightplan/registries.h>
#include <openssl/base.h>
#include <stddef.h>

#include "crypto/random.h"
#include "crypto/status.h"

/* fpl_curve_nid returns libcrypto's number of the NIST curve `group`, and zero for every other
 * group. */
int fpl_curve_nid(fpl_named_group group);

/* fpl_curve_group is its inverse: the group of `nid`, or zero. */
fpl_named_group fpl_curve_group(int nid);

/* fpl_curve_scalar_length returns the bytes of a private key or coordinate of `group`, and zero if
 * it is not a NIST curve of ours. */
size_t fpl_curve_scalar_length(fpl_named_group group);

/* fpl_curve_generate makes a key pair of `group` from `rng` and stores it in `*out`, which the
 * caller frees with `EC_KEY_free`. */
fpl_status fpl_curve_generate(fpl_named_group group, const fpl_rng *rng, EC_KEY **out);

/* fpl_curve_import makes a key without public half from `scalar_length` bytes at `scalar`; the
 * caller frees `*out` with `EC_KEY_free`. */
fpl_status fpl_curve_import(fpl_named_group group, const uint8_t *scalar, EC_KEY **out);

#endif /* FPL_CRYPTO_CURVE_H */
