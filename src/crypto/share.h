/* Judging a peer's public value before anything is computed with it (RFC 8422 section 5.11). */
#ifndef FPL_CRYPTO_SHARE_H
#define FPL_CRYPTO_SHARE_H

#include <flightplan/registries.h>
#include <stdbool.h>

#include "crypto/bytes.h"

/* fpl_share_well_formed tells that `share` has the length that `group` wants and is a point on its curve,
 * and for X25519 none of small order, which would make the shared secret zero. */
bool fpl_share_well_formed(fpl_named_group group, fpl_bytes share);

#endif
