/* crypto/self_signed, read back by libcrypto's X509 and by our own reader. */

#include "crypto/self_signed.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include "crypto/credential.h"
#include "unit.h"

#define NOW INT64_C(1767225600) /* 2026-01-01 */

static int count_up(void *arg, uint8_t *out, size_t len)
{
    uint8_t *next = arg;
    for (size_t i = 0; i < len; i++) {
        out[i] = (*next)++;
    }
    return 1;
}

static int broken(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    (void)out;
    (void)len;
    return 0;
}

static X509 *parse(const fpl_minted *made)
{
    const uint8_t *p = made->certificate;
    X509 *x509 = d2i_X509(NULL, &p, (long)made->certificate_len);
    ck_assert_ptr_nonnull(x509);
    return x509;
}

static void check_time(const ASN1_TIME *time, const char *expected)
{
    ck_assert_int_eq(ASN1_STRING_length(time), (int)strlen(expected));
    ck_assert_mem_eq(ASN1_STRING_get0_data(time), expected, strlen(expected));
}

START_TEST(makes_what_it_is_told)
{
    static const fpl_named_group kCurves[] = {0, FPL_NAMED_GROUP_SECP256R1, FPL_NAMED_GROUP_SECP384R1};
    static const char *const kNames[] = {NULL, "a", "caf\xc3\xa9"};
    static const char *const kExpected[] = {"Flightplan", "a", "caf\xc3\xa9"};
    fpl_minted_options options = {.curve = kCurves[_i], .common_name = kNames[_i], .unix_time = NOW};
    fpl_minted made;
    ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_OK);
    X509 *x509 = parse(&made);
    EVP_PKEY *key = X509_get_pubkey(x509);
    ck_assert_int_eq(X509_verify(x509, key), 1);
    EVP_PKEY_free(key);
    ck_assert_int_eq(X509_get_version(x509), X509_VERSION_3);
    check_time(X509_get0_notBefore(x509), "251231000000Z");
    check_time(X509_get0_notAfter(x509), "270101000000Z");
    char name[65];
    ck_assert_int_gt(
        X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof(name)), 0);
    ck_assert_str_eq(name, kExpected[_i]);
    ck_assert_int_eq(X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)), 0);
    X509_free(x509);
    fpl_credential credential;
    ck_assert_int_eq(fpl_credential_load(&credential, fpl_bytes_of(made.certificate, made.certificate_len),
                                         fpl_bytes_of(made.key, made.key_len)),
                     FPL_CREDENTIAL_OK);
    ck_assert_uint_eq(credential.curve, _i == 2 ? FPL_NAMED_GROUP_SECP384R1 : FPL_NAMED_GROUP_SECP256R1);
    fpl_credential_wipe(&credential);
    fpl_minted_wipe(&made);
}
END_TEST

START_TEST(serials_are_positive_long_and_fresh)
{
    uint8_t seen[32][16];
    for (size_t i = 0; i < 32; i++) {
        fpl_minted_options options = {.unix_time = NOW};
        fpl_minted made;
        ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_OK);
        X509 *x509 = parse(&made);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
        ck_assert_int_eq(ASN1_STRING_type(serial), V_ASN1_INTEGER);
        ck_assert_int_eq(ASN1_STRING_length(serial), 16);
        memcpy(seen[i], ASN1_STRING_get0_data(serial), 16);
        ck_assert_uint_eq(seen[i][0] & 0xc0, 0x40);
        for (size_t j = 0; j < i; j++) {
            ck_assert_mem_ne(seen[i], seen[j], 16);
        }
        X509_free(x509);
        fpl_minted_wipe(&made);
    }
}
END_TEST

START_TEST(takes_its_chance_from_the_source)
{
    uint8_t next = 1;
    fpl_rng rng = {count_up, &next};
    fpl_minted_options options = {.unix_time = NOW, .rng = &rng};
    fpl_minted a;
    fpl_minted b;
    ck_assert_int_eq(fpl_minted_make(&options, &a), FPL_STATUS_OK);
    next = 1;
    ck_assert_int_eq(fpl_minted_make(&options, &b), FPL_STATUS_OK);
    ck_assert_uint_eq(a.key_len, b.key_len);
    ck_assert_mem_eq(a.key, b.key, a.key_len);
    fpl_minted_wipe(&a);
    fpl_minted_wipe(&b);
}
END_TEST

START_TEST(refuses_options_out_of_range)
{
    static const char kLong[] = "12345678901234567890123456789012345678901234567890123456789012345";
    fpl_rng rng = {broken, NULL};
    fpl_minted_options all[] = {
        {.curve = FPL_NAMED_GROUP_X25519, .unix_time = NOW},
        {.common_name = "", .unix_time = NOW},
        {.common_name = kLong, .unix_time = NOW},
        {.common_name = "\xff\xfe", .unix_time = NOW},
        {.unix_time = -1},
        {.unix_time = INT64_C(253402300800)},
        {.unix_time = NOW, .rng = &rng},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        fpl_minted made;
        ck_assert_int_eq(fpl_minted_make(&all[i], &made), FPL_STATUS_INTERNAL);
        ck_assert_ptr_null(made.certificate);
        ck_assert_ptr_null(made.key);
    }
}
END_TEST

START_TEST(reaches_from_1970_to_the_last_year)
{
    fpl_minted_options options = {.unix_time = 0};
    fpl_minted made;
    ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_OK);
    X509 *x509 = parse(&made);
    check_time(X509_get0_notBefore(x509), "700101000000Z");
    check_time(X509_get0_notAfter(x509), "710101000000Z");
    X509_free(x509);
    fpl_minted_wipe(&made);
    options.unix_time = INT64_C(253402300799) - INT64_C(31536000);
    ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_OK);
    x509 = parse(&made);
    check_time(X509_get0_notAfter(x509), "99991231235959Z");
    X509_free(x509);
    fpl_minted_wipe(&made);
    options.unix_time++;
    ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_INTERNAL);
}
END_TEST

START_TEST(reaches_beyond_2050)
{
    fpl_minted_options options = {.unix_time = INT64_C(2524608000)};
    fpl_minted made;
    ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_OK);
    X509 *x509 = parse(&made);
    check_time(X509_get0_notBefore(x509), "491231000000Z");
    check_time(X509_get0_notAfter(x509), "20510101000000Z");
    X509_free(x509);
    fpl_minted_wipe(&made);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, makes_what_it_is_told, 0, 3);
    tcase_add_test(tc, serials_are_positive_long_and_fresh);
    tcase_add_test(tc, takes_its_chance_from_the_source);
    tcase_add_test(tc, refuses_options_out_of_range);
    tcase_add_test(tc, reaches_beyond_2050);
    tcase_add_test(tc, reaches_from_1970_to_the_last_year);
}

UNIT_MAIN("crypto/self_signed", tests)
