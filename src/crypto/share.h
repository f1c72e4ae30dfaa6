/* Judging a peer's public value before anything is computed with it (RFC 8422 section 5.11). */
#ifndef FPL_CRYPTO_SHARE_H
#define FPL_CRYPTO_SHARE_H

#include <flightplan/registries.h>
#include <flightplan/types.h>
#include <stdbool.h>

#include "crypto/bytes.h"

/* fpl_share_well_formed tells that `share` has the length that a share of `group` from the end `from` has, and
 * is a point on its curve, and for X25519 none of small order, which would make the shared secret zero. Of
 * X25519MLKEM768 both halves are judged: a client's encapsulation key must be valid
 * (draft-ietf-tls-ecdhe-mlkem section 4.2), while every ciphertext is. */
bool fpl_share_well_formed(fpl_named_group group, fpl_role from, fpl_bytes share);

#endif
