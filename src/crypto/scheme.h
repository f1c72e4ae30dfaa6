#ifndef FPL_CRYPTO_SCHEME_H
#define FPL_CRYPTO_SCHEME_H

#include "fpl_registries.h"

/* fpl_scheme_hash returns the hash of `scheme`, and zero if the scheme is not ours. */
fpl_hash fpl_scheme_hash(fpl_signature_scheme scheme);

/* fpl_scheme_curve returns the curve that DTLS 1.3 binds `scheme` to (RFC 8446 section 4.2.3), and
 * zero if the scheme is not ours. In DTLS 1.2 any curve goes with any hash (RFC 5246 section
 * 7.4.1.4.1). */
fpl_named_group fpl_scheme_curve(fpl_signature_scheme scheme);

/* fpl_curve_scheme returns the scheme whose hash matches the strength of `curve`, and zero if the
 * curve has none. */
fpl_signature_scheme fpl_curve_scheme(fpl_named_group curve);

#endif /* FPL_CRYPTO_SCHEME_H */
