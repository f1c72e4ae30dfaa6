/* crypto/sign against signatures of others, and against encodings that no signer makes. */

#include "crypto/sign.h"

#include <openssl/evp.h>

#include "crypto/certificate.h"
#include "crypto/credential.h"
#include "crypto/hash.h"
#include "samples.h"
#include "unit.h"

#define P256_ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

static void load_certificate(const char *hex, fpl_certificate *out)
{
    uint8_t der[1024];
    size_t len = unit_hex(hex, der, sizeof(der));
    ck_assert_int_eq(fpl_certificate_parse(fpl_bytes_of(der, len), out), FPL_CERTIFICATE_OK);
}

static void load_credential(const char *chain_hex, const char *key_hex, fpl_credential *out)
{
    uint8_t chain[1024];
    uint8_t key[256];
    size_t chain_len = unit_hex(chain_hex, chain, sizeof(chain));
    size_t key_len = unit_hex(key_hex, key, sizeof(key));
    ck_assert_int_eq(fpl_credential_load(out, fpl_bytes_of(chain, chain_len), fpl_bytes_of(key, key_len)),
                     FPL_CREDENTIAL_OK);
}

static fpl_signature_result verify(const EVP_PKEY *key, fpl_hash hash, const char *text_hex,
                                   const char *signature)
{
    uint8_t text[256];
    uint8_t digest[FPL_HASH_MAX_LEN];
    uint8_t bytes[256];
    size_t text_len = unit_hex(text_hex, text, sizeof(text));
    size_t digest_len = fpl_hash_once(hash, fpl_bytes_of(text, text_len), digest);
    size_t len = unit_hex(signature, bytes, sizeof(bytes));
    return fpl_verify(key, fpl_bytes_of(digest, digest_len), fpl_bytes_of(bytes, len));
}

#define FLIGHTPLAN_TEXT "666c69676874706c616e"
#define SKE_TEXT CAPTURE_CLIENT_RANDOM CAPTURE_SERVER_RANDOM CAPTURE_PARAMS

START_TEST(verifies_a_captured_server_key_exchange)
{
    fpl_certificate firefox;
    load_certificate(CAPTURE_SERVER_CERT, &firefox);
    ck_assert_int_eq(verify(firefox.key, FPL_HASH_SHA256, SKE_TEXT, CAPTURE_SIGNATURE), FPL_SIGNATURE_GOOD);
    /* HC-16: another text, another hash, another key. */
    ck_assert_int_eq(verify(firefox.key, FPL_HASH_SHA256, SKE_TEXT "00", CAPTURE_SIGNATURE),
                     FPL_SIGNATURE_BAD);
    ck_assert_int_eq(verify(firefox.key, FPL_HASH_SHA384, SKE_TEXT, CAPTURE_SIGNATURE), FPL_SIGNATURE_BAD);
    fpl_certificate_wipe(&firefox);
    load_certificate(CAPTURE_CLIENT_CERT, &firefox);
    ck_assert_int_eq(verify(firefox.key, FPL_HASH_SHA256, SKE_TEXT, CAPTURE_SIGNATURE), FPL_SIGNATURE_BAD);
    fpl_certificate_wipe(&firefox);
}
END_TEST

START_TEST(any_hash_goes_with_any_curve)
{
    fpl_certificate certificate;
    load_certificate(CERT_P384, &certificate);
    ck_assert_int_eq(verify(certificate.key, FPL_HASH_SHA256, FLIGHTPLAN_TEXT, SIGNATURE_P384_SHA256),
                     FPL_SIGNATURE_GOOD);
    fpl_certificate_wipe(&certificate);
    load_certificate(CERT_KU_SIGN, &certificate);
    ck_assert_int_eq(verify(certificate.key, FPL_HASH_SHA384, FLIGHTPLAN_TEXT, SIGNATURE_P256_SHA384),
                     FPL_SIGNATURE_GOOD);
    fpl_certificate_wipe(&certificate);
}
END_TEST

START_TEST(verifies_its_own)
{
    static const fpl_hash kHashes[] = {FPL_HASH_SHA256, FPL_HASH_SHA384};
    fpl_credential credential;
    uint8_t digest[FPL_HASH_MAX_LEN] = {1, 2, 3};
    uint8_t signature[FPL_SIGNATURE_MAX_LEN];
    size_t len;
    if (_i < 2) {
        load_credential(CERT_KU_SIGN, KEY7_PKCS8, &credential);
    } else {
        load_credential(CERT_P384, KEY_P384_PKCS8, &credential);
    }
    fpl_bytes view = fpl_bytes_of(digest, fpl_hash_length(kHashes[_i % 2]));
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(fpl_sign(credential.key, view, signature, &len), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_verify(credential.key, view, fpl_bytes_of(signature, len)), FPL_SIGNATURE_GOOD);
    }
    digest[0] ^= 1;
    ck_assert_int_eq(fpl_verify(credential.key, view, fpl_bytes_of(signature, len)), FPL_SIGNATURE_BAD);
    fpl_credential_wipe(&credential);
}
END_TEST

/* HC-14, with the r and s of the captured signature where they matter. */
START_TEST(refuses_broken_signatures)
{
#define R "0673f6287b42eb1ebd237bf36d1afa7ca97c801334394965288dbc52c8363afc"
#define S "13940fb8fdd9c8e0ec6940711c527072628ed4c305c72e471d4b32b8b2a21959"
    static const char *const kBroken[] = {
        "",
        "30",
        "3000",
        "3006020100020100", /* r = 0, s = 0 */
        "3025020100"
        "0220" S, /* r = 0 */
        "3025"
        "0220" R "020100",  /* s = 0 */
        "3006020101020101", /* r = s = 1 */
        "3046022100" P256_ORDER "022100" P256_ORDER,
        "3045022100" P256_ORDER "0220" S, /* r = n */
        "3045"
        "0220" R "022100" P256_ORDER,
        "3044"
        "0220"
        "86"
        "73f6287b42eb1ebd237bf36d1afa7ca97c801334394965288dbc"
        "52c8363afc"
        "0220" S, /* negative */
        "30450221"
        "00" R "0220" S, /* a zero too many */
        "308144"
        "0220" R "0220" S, /* the long form of a short length */
        "3080"
        "0220" R "0220" S "0000", /* indefinite */
        "3044"
        "0220" R "0220" S "00", /* trailing */
        "3045"
        "0220" R "0220" S "00", /* trailing, inside */
        "3022"
        "0220" R, /* one number */
        "3066"
        "0220" R "0220" S "0220" S, /* three */
        "3044"
        "0320" R "0220" S, /* not a number */
        "3144"
        "0220" R "0220" S, /* not a sequence */
        R S,               /* IEEE P1363 */
    };
    fpl_certificate firefox;
    load_certificate(CAPTURE_SERVER_CERT, &firefox);
    ck_assert_int_eq(verify(firefox.key, FPL_HASH_SHA256, SKE_TEXT,
                            "3044"
                            "0220" R "0220" S),
                     FPL_SIGNATURE_GOOD);
    for (size_t i = 0; i < sizeof(kBroken) / sizeof(kBroken[0]); i++) {
        ck_assert_int_eq(verify(firefox.key, FPL_HASH_SHA256, SKE_TEXT, kBroken[i]), FPL_SIGNATURE_BAD);
    }
    fpl_certificate_wipe(&firefox);
}
END_TEST

START_TEST(refuses_every_flipped_bit_and_cut)
{
    fpl_certificate firefox;
    uint8_t text[256];
    uint8_t digest[FPL_HASH_MAX_LEN];
    uint8_t signature[FPL_SIGNATURE_MAX_LEN];
    load_certificate(CAPTURE_SERVER_CERT, &firefox);
    size_t text_len = unit_hex(SKE_TEXT, text, sizeof(text));
    fpl_bytes view =
        fpl_bytes_of(digest, fpl_hash_once(FPL_HASH_SHA256, fpl_bytes_of(text, text_len), digest));
    size_t len = unit_hex(CAPTURE_SIGNATURE, signature, sizeof(signature));
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(fpl_verify(firefox.key, view, fpl_bytes_of(signature, cut)), FPL_SIGNATURE_BAD);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert_int_eq(fpl_verify(firefox.key, view, fpl_bytes_of(signature, len)), FPL_SIGNATURE_BAD);
        signature[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    fpl_certificate_wipe(&firefox);
}
END_TEST

START_TEST(refuses_keys_that_are_not_ours)
{
    EVP_PKEY *key = EVP_PKEY_new();
    uint8_t signature[FPL_SIGNATURE_MAX_LEN] = {0};
    size_t len;
    ck_assert_uint_eq(fpl_key_curve(key), 0);
    ck_assert_int_eq(fpl_sign(key, fpl_bytes_of(signature, 32), signature, &len), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_verify(key, fpl_bytes_of(signature, 32), fpl_bytes_of(signature, 72)),
                     FPL_SIGNATURE_BAD);
    EVP_PKEY_free(key);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, verifies_a_captured_server_key_exchange);
    tcase_add_test(tc, any_hash_goes_with_any_curve);
    tcase_add_loop_test(tc, verifies_its_own, 0, 4);
    tcase_add_test(tc, refuses_broken_signatures);
    tcase_add_test(tc, refuses_every_flipped_bit_and_cut);
    tcase_add_test(tc, refuses_keys_that_are_not_ours);
}

UNIT_MAIN("crypto/sign", tests)
