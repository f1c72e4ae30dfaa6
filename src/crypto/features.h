#ifndef FPL_CRYPTO_FEATURES_H
#define FPL_CRYPTO_FEATURES_H

/* What this libcrypto has that another BoringSSL may not. Features are looked for, versions never:
 * copies carry numbers that say little. */

/* FPL_HAVE_MLKEM is 1 where libcrypto has ML-KEM-768, which X25519MLKEM768 needs, else 0. */
#define FPL_HAVE_MLKEM 0
#ifdef __has_include
#if __has_include(<openssl/mlkem.h>)
#undef FPL_HAVE_MLKEM
#define FPL_HAVE_MLKEM 1
#endif
#endif

#endif /* FPL_CRYPTO_FEATURES_H */
