#include "common/credential.h"

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static credential made[NUM_CREDENTIALS];

/* A fixed date: the certificates' dates are nobody's concern here, and runs should be alike. */
#define MADE_AT INT64_C(1767225600)

static void give_up(const char *what)
{
    fprintf(stderr, "tests/common/credential: %s\n", what);
    exit(EXIT_FAILURE);
}

const credential *credential_of(credential_id id)
{
    credential *c = &made[id];
    CBS         key;
    if (c->key != NULL) {
        return c;
    }
    c->curve = id == CREDENTIAL_P384_A || id == CREDENTIAL_P384_B ? FPL_NAMED_GROUP_SECP384R1 : FPL_NAMED_GROUP_SECP256R1;
    if (fpl_make_self_signed(&c->made, c->curve, "flightplan test", MADE_AT) != FPL_OK) {
        give_up("fpl_make_self_signed failed");
    }
    fpl_fingerprint(c->made.certificate, c->made.certificate_len, c->fingerprint);
    CBS_init(&key, c->made.key, c->made.key_len);
    c->key = EVP_parse_private_key(&key);
    if (c->key == NULL) {
        give_up("the key made is no PKCS#8");
    }
    return c;
}

size_t credential_sign(const credential *credential, const uint8_t *digest, size_t digest_len,
                       uint8_t out[CREDENTIAL_MAX_SIGNATURE])
{
    EC_KEY  *key = EVP_PKEY_get0_EC_KEY(credential->key);
    unsigned len = 0;
    if (key == NULL || ECDSA_size(key) > CREDENTIAL_MAX_SIGNATURE ||
        ECDSA_sign(0, digest, digest_len, out, &len, key) != 1) {
        give_up("cannot sign");
    }
    return len;
}

void credentials_free(void)
{
    for (size_t i = 0; i < NUM_CREDENTIALS; i++) {
        EVP_PKEY_free(made[i].key);
    }
    memset(made, 0, sizeof made);
}
