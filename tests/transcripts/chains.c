#include "transcripts/chains.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "transcripts/stage.h"

static size_t add_pem(char *pem, size_t cap, const uint8_t *der, size_t len)
{
    uint8_t base64[4096];
    size_t  at = (size_t)snprintf(pem, cap, "-----BEGIN CERTIFICATE-----\n");
    EXPECT(NULL, len < sizeof base64 / 4 * 3);
    (void)EVP_EncodeBlock(base64, der, len);
    for (size_t n = 0; n < strlen((const char *)base64); n += 64) {
        at += (size_t)snprintf(pem + at, cap - at, "%.64s\n", (const char *)base64 + n);
    }
    return at + (size_t)snprintf(pem + at, cap - at, "-----END CERTIFICATE-----\n");
}

static void chain_of(fpl_config *config, const uint8_t *other, size_t len)
{
    const credential *c = credential_of(CREDENTIAL_P256_A);
    static char       pem[32768];
    size_t            at = add_pem(pem, sizeof pem, c->made.certificate, c->made.certificate_len);
    for (int i = 0; i < 7; i++) {
        at += add_pem(pem + at, sizeof pem - at, other, len);
    }
    EXPECT(NULL, fpl_config_set_credential(config, (const uint8_t *)pem, at, c->made.key, c->made.key_len) == FPL_OK);
}

void eight_certificates(fpl_config *config)
{
    const credential *c = credential_of(CREDENTIAL_P256_A);
    chain_of(config, c->made.certificate, c->made.certificate_len);
}

void large_certificates(fpl_config *config)
{
    size_t len = (16384 - credential_of(CREDENTIAL_P256_A)->made.certificate_len) / 7;
    bytes  other = bytes_zero(len);
    other.data[0] = 0x30; /* SEQUENCE */
    other.data[1] = 0x82;
    bytes_put_uint(&other, 2, 2, len - 4);
    chain_of(config, other.data, len);
}
