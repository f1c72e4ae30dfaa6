#ifndef FPL_CRYPTO_HKDF_H
#define FPL_CRYPTO_HKDF_H

#include "fpl_registries.h"
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/status.h"

/* FPL_HKDF_LABEL_MAX_LEN bounds a label together with its prefix, and a context (RFC 8446 section
 * 7.1). */
#define FPL_HKDF_LABEL_MAX_LEN 255

/* fpl_hkdf is HKDF (RFC 5869) under one key at a time, which every output shares. Zeroed, it may be
 * wiped. */
typedef struct fpl_hkdf {
    fpl_hmac hmac;
    fpl_hash hash;
} fpl_hkdf;

/* fpl_hkdf_init sets `hkdf` up and keys it with `key`, which is not needed afterwards. On failure
 * `hkdf` is zeroed. */
fpl_status fpl_hkdf_init(fpl_hkdf *hkdf, fpl_hash hash, fpl_bytes key);

/* fpl_hkdf_rekey goes on with another key; the hash stays. On failure `hkdf` must be wiped. */
fpl_status fpl_hkdf_rekey(fpl_hkdf *hkdf, fpl_bytes key);

/* fpl_hkdf_mac writes HMAC(key, data), `fpl_hash_length` bytes. That is HKDF-Extract where the key is
 * a salt and `data` the keying material. On failure `out` is zeroed. */
fpl_status fpl_hkdf_mac(const fpl_hkdf *hkdf, fpl_bytes data, uint8_t out[FPL_HASH_MAX_LEN]);

/* fpl_hkdf_expand fills `out` with `len` bytes of HKDF-Expand(key, info). It fails for more than 255
 * hashes of output. On failure `out` is zeroed. */
fpl_status fpl_hkdf_expand(const fpl_hkdf *hkdf, fpl_bytes info, uint8_t *out, size_t len);

/* fpl_hkdf_expand_label is HKDF-Expand-Label(key, label, context) of RFC 8446 section 7.1. `prefix`
 * goes before `label`: "tls13 " for TLS, "dtls13" for DTLS (RFC 9147 section 5.9). It fails when
 * `prefix` and `label` together, or `context`, exceed `FPL_HKDF_LABEL_MAX_LEN`, or as
 * `fpl_hkdf_expand` does. On failure `out` is zeroed. */
fpl_status fpl_hkdf_expand_label(const fpl_hkdf *hkdf, fpl_bytes prefix, fpl_bytes label, fpl_bytes context,
                                 uint8_t *out, size_t len);

/* fpl_hkdf_wipe erases `hkdf` and leaves it zeroed. */
void fpl_hkdf_wipe(fpl_hkdf *hkdf);

#endif /* FPL_CRYPTO_HKDF_H */
