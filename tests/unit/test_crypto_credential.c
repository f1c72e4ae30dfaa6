/* crypto/credential: every form of chain and key, and pairs that do not fit. */

#include "crypto/credential.h"

#include "crypto/pem.h"
#include "crypto/sign.h"
#include "samples.h"
#include "unit.h"

/* blob is a chain or a key to load. */
typedef struct blob {
    uint8_t data[8192];
    size_t len;
} blob;

static void add_der(blob *b, const char *hex)
{
    b->len += unit_hex(hex, b->data + b->len, sizeof(b->data) - b->len);
}

static void add_pem(blob *b, const char *label, const char *hex)
{
    uint8_t der[1024];
    char *pem;
    size_t len = unit_hex(hex, der, sizeof(der));
    size_t pem_len;
    ck_assert_int_eq(fpl_pem_write(label, fpl_bytes_of(der, len), &pem, &pem_len), FPL_STATUS_OK);
    ck_assert_uint_le(pem_len, sizeof(b->data) - b->len);
    memcpy(b->data + b->len, pem, pem_len);
    b->len += pem_len;
    fpl_pem_free(pem);
}

static fpl_credential_result load(fpl_credential *out, const blob *chain, const blob *key)
{
    return fpl_credential_load(out, fpl_bytes_of(chain->data, chain->len), fpl_bytes_of(key->data, key->len));
}

static void refuses(const blob *chain, const blob *key, fpl_credential_result why)
{
    static const fpl_credential kUnused;
    fpl_credential credential;
    ck_assert_int_eq(load(&credential, chain, key), why);
    ck_assert_mem_eq(&credential, &kUnused, sizeof(kUnused));
}

static void loads(const blob *chain, const blob *key, size_t num_chain)
{
    fpl_credential credential;
    ck_assert_int_eq(load(&credential, chain, key), FPL_CREDENTIAL_OK);
    ck_assert_uint_eq(credential.num_chain, num_chain);
    ck_assert_uint_eq(credential.curve, FPL_NAMED_GROUP_SECP256R1);
    ck_assert_int_eq(credential.key != NULL, key->len != 0);
    unit_mem_is_hex(credential.chain[0].data, credential.chain[0].len, CERT_KU_SIGN);
    fpl_credential_wipe(&credential);
}

START_TEST(loads_every_form)
{
    blob chains[4] = {0};
    size_t lens[] = {1, 1, 2, 2};
    add_der(&chains[0], CERT_KU_SIGN);
    add_pem(&chains[1], FPL_PEM_CERTIFICATE, CERT_KU_SIGN);
    add_der(&chains[2], CERT_KU_SIGN);
    add_der(&chains[2], CERT_RSA);
    add_pem(&chains[3], FPL_PEM_CERTIFICATE, CERT_KU_SIGN);
    add_pem(&chains[3], FPL_PEM_CERTIFICATE, CERT_RSA);
    blob keys[6] = {0};
    add_der(&keys[0], KEY7_PKCS8);
    add_der(&keys[1], KEY7_SEC1);
    add_pem(&keys[2], FPL_PEM_PRIVATE_KEY, KEY7_PKCS8);
    add_pem(&keys[3], FPL_PEM_EC_PRIVATE_KEY, KEY7_SEC1);
    /* As `openssl ecparam -genkey` writes them. */
    add_pem(&keys[4], "EC PARAMETERS", "06082a8648ce3d030107");
    add_pem(&keys[4], FPL_PEM_EC_PRIVATE_KEY, KEY7_SEC1);
    /* keys[5] stays empty: the application signs. */
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 6; j++) {
            loads(&chains[i], &keys[j], lens[i]);
        }
    }
}
END_TEST

START_TEST(refuses_chains)
{
    blob key = {0};
    add_der(&key, KEY7_PKCS8);
    blob chain = {0};
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_CHAIN);
    add_der(&chain, CERT_KU_SIGN);
    chain.len--;
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_CHAIN);
    chain.len++;
    add_der(&chain, "00");
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_CHAIN);
    chain.len = 0;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_OWN_CERTIFICATES; i++) {
        add_der(&chain, CERT_KU_SIGN);
    }
    loads(&chain, &key, FPL_LIMIT_VALUE_OWN_CERTIFICATES);
    add_der(&chain, CERT_KU_SIGN);
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_CHAIN);
    chain.len = 0;
    add_pem(&chain, FPL_PEM_PRIVATE_KEY, KEY7_PKCS8); /* a key where a chain belongs */
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_CHAIN);
    chain.len = 0;
    add_der(&chain, CERT_RSA);
    refuses(&chain, &key, FPL_CREDENTIAL_UNSUPPORTED_KEY);
    chain.len = 0;
    add_der(&chain, CERT_KU_AGREE);
    refuses(&chain, &key, FPL_CREDENTIAL_KEY_USAGE);
}
END_TEST

START_TEST(refuses_keys)
{
    blob chain = {0};
    add_der(&chain, CERT_KU_SIGN);
    blob key = {0};
    add_der(&key, KEY_P384_PKCS8);
    refuses(&chain, &key, FPL_CREDENTIAL_MISMATCH);
    key.len = 0;
    add_der(&key, KEY_P384_SEC1);
    refuses(&chain, &key, FPL_CREDENTIAL_MISMATCH);
    key.len = 0;
    add_pem(&key, FPL_PEM_CERTIFICATE, CERT_KU_SIGN);
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_KEY);
    key.len = 0;
    add_pem(&key, "ENCRYPTED PRIVATE KEY", KEY7_PKCS8);
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_KEY);
    key.len = 0;
    add_der(&key, KEY7_PKCS8 "00");
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_KEY);
    key.len = 0;
    add_der(&key, KEY7_SEC1 "00");
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_KEY);
    /* Ed25519 (RFC 8410 section 10.3). */
    key.len = 0;
    add_der(&key, "302e020100300506032b657004220420"
                  "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842");
    refuses(&chain, &key, FPL_CREDENTIAL_UNSUPPORTED_KEY);
}
END_TEST

/* A key file whose public half is another key's. */
START_TEST(refuses_halves_that_do_not_fit)
{
    blob chain = {0};
    blob key = {0};
    add_der(&chain, CERT_KU_SIGN);
    add_der(&key, KEY7_SEC1);
    key.data[38] = 8;
    refuses(&chain, &key, FPL_CREDENTIAL_BAD_KEY);
}
END_TEST

START_TEST(survives_every_cut)
{
    blob chain = {0};
    blob key = {0};
    add_pem(&chain, FPL_PEM_CERTIFICATE, CERT_KU_SIGN);
    add_pem(&key, FPL_PEM_EC_PRIVATE_KEY, KEY7_SEC1);
    /* The last line break is no part of it. */
    for (blob cut = {.len = 1}; cut.len + 1 < key.len; cut.len++) {
        memcpy(cut.data, key.data, cut.len);
        refuses(&chain, &cut, FPL_CREDENTIAL_BAD_KEY);
    }
    for (blob cut = {.len = 0}; cut.len + 1 < chain.len; cut.len++) {
        memcpy(cut.data, chain.data, cut.len);
        refuses(&cut, &key, FPL_CREDENTIAL_BAD_CHAIN);
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, loads_every_form);
    tcase_add_test(tc, refuses_chains);
    tcase_add_test(tc, refuses_keys);
    tcase_add_test(tc, refuses_halves_that_do_not_fit);
    tcase_add_test(tc, survives_every_cut);
}

UNIT_MAIN("crypto/credential", tests)
