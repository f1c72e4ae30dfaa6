/* Certificates and keys that never change, so that an input means the same in every run. Test keys: they protect
 * nothing. */
#ifndef FPL_TESTS_FUZZ_HOUSE_CREDENTIALS_H
#define FPL_TESTS_FUZZ_HOUSE_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

typedef enum house_credential_id {
    HOUSE_NONE,
    HOUSE_P256_A,
    HOUSE_P256_B,
    HOUSE_P384_A,
    HOUSE_NUM_CREDENTIALS
} house_credential_id;

typedef struct house_credential {
    const uint8_t *certificate; /* DER */
    size_t         certificate_len;
    const uint8_t *key; /* PKCS#8 */
    size_t         key_len;
} house_credential;

/* house_credential_of returns one of them; not HOUSE_NONE. */
const house_credential *house_credential_of(house_credential_id id);

#endif
