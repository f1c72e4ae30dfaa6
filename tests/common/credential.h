/* Certificates and keys for tests, made once per program: making them costs more than a handshake. */
#ifndef FPL_TESTS_COMMON_CREDENTIAL_H
#define FPL_TESTS_COMMON_CREDENTIAL_H

#include <flightplan/flightplan.h>
#include <openssl/base.h>

typedef enum credential_id {
    CREDENTIAL_NONE,
    CREDENTIAL_P256_A,
    CREDENTIAL_P256_B,
    CREDENTIAL_P384_A,
    CREDENTIAL_P384_B,
    NUM_CREDENTIALS
} credential_id;

typedef struct credential {
    fpl_self_signed made;
    fpl_named_group curve;
    uint8_t         fingerprint[32];
    EVP_PKEY       *key;
} credential;

#define CREDENTIAL_MAX_SIGNATURE 128

/* credential_of returns one of them, made at the first call. Ends the program when it cannot be made. */
const credential *credential_of(credential_id id);

/* credential_sign signs a digest as an application with its own key store would, and returns the length. */
size_t credential_sign(const credential *credential, const uint8_t *digest, size_t digest_len,
                       uint8_t out[CREDENTIAL_MAX_SIGNATURE]);

/* credentials_free frees all that were made, so that a leak checker finds nothing of ours. */
void credentials_free(void);

#endif
