/* crypto/certificate: what browsers send, what we do not take, and what is no certificate. */

#include "crypto/certificate.h"
#include "fpl_limits.h"

#include <openssl/evp.h>

#include "samples.h"
#include "unit.h"

typedef struct sample {
    const char *der;
    fpl_certificate_result result;
    fpl_named_group curve;
} sample;

static const sample kSamples[] = {
    {CAPTURE_SERVER_CERT, FPL_CERTIFICATE_OK, FPL_NAMED_GROUP_SECP256R1},
    {CAPTURE_CLIENT_CERT, FPL_CERTIFICATE_OK, FPL_NAMED_GROUP_SECP256R1},
    {CERT_P384, FPL_CERTIFICATE_OK, FPL_NAMED_GROUP_SECP384R1},
    {CERT_KU_SIGN, FPL_CERTIFICATE_OK, FPL_NAMED_GROUP_SECP256R1},
    {CERT_KU_AGREE, FPL_CERTIFICATE_KEY_USAGE, 0},
    {CERT_P521, FPL_CERTIFICATE_UNSUPPORTED_KEY, 0},
    {CERT_RSA, FPL_CERTIFICATE_UNSUPPORTED_KEY, 0},
    {CERT_ED25519, FPL_CERTIFICATE_UNSUPPORTED_KEY, 0},
};
#define NUM_SAMPLES ((int)(sizeof(kSamples) / sizeof(kSamples[0])))

#define P256_KEY_HEADER "3059301306072a8648ce3d020106082a8648ce3d030107034200"

static size_t read(const char *hex, uint8_t *out, size_t cap)
{
    return unit_hex(hex, out, cap);
}

/* parse checks what holds for every result. */
static fpl_certificate_result parse(const uint8_t *der, size_t len, fpl_named_group *curve)
{
    fpl_certificate certificate;
    /* A heap copy of just this length lets the sanitizer see every byte too far. */
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    memcpy(exact, der, len);
    fpl_certificate_result result = fpl_certificate_parse(fpl_bytes_of(exact, len), &certificate);
    free(exact);
    *curve = certificate.curve;
    ck_assert_int_ne(result, FPL_CERTIFICATE_NONE);
    ck_assert_int_ne(result, FPL_CERTIFICATE_NO_MEMORY);
    ck_assert_int_eq(certificate.key != NULL, result == FPL_CERTIFICATE_OK);
    ck_assert_int_eq(certificate.curve != 0, result == FPL_CERTIFICATE_OK);
    fpl_certificate_wipe(&certificate);
    ck_assert_ptr_null(certificate.key);
    return result;
}

START_TEST(judges_certificates_of_others)
{
    uint8_t der[1024];
    fpl_named_group curve;
    size_t len = read(kSamples[_i].der, der, sizeof(der));
    ck_assert_int_eq(parse(der, len, &curve), kSamples[_i].result);
    ck_assert_uint_eq(curve, kSamples[_i].curve);
}
END_TEST

START_TEST(every_cut_is_malformed)
{
    uint8_t der[1024];
    fpl_named_group curve;
    size_t len = read(kSamples[_i].der, der, sizeof(der));
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(parse(der, cut, &curve), FPL_CERTIFICATE_MALFORMED);
    }
    der[len] = 0;
    ck_assert_int_eq(parse(der, len + 1, &curve), FPL_CERTIFICATE_MALFORMED);
}
END_TEST

START_TEST(survives_every_flipped_bit)
{
    uint8_t der[1024];
    fpl_named_group curve;
    size_t len = read(kSamples[_i].der, der, sizeof(der));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        der[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        parse(der, len, &curve);
        der[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
}
END_TEST

/* find returns where `hex` begins in `der`. */
static size_t find(const uint8_t *der, size_t len, const char *hex)
{
    uint8_t needle[64];
    size_t needle_len = unit_hex(hex, needle, sizeof(needle));
    for (size_t i = 0; i + needle_len <= len; i++) {
        if (memcmp(der + i, needle, needle_len) == 0) {
            return i;
        }
    }
    ck_abort_msg("not there");
    return 0;
}

START_TEST(refuses_a_point_off_the_curve)
{
    uint8_t der[1024];
    fpl_named_group curve;
    size_t len = read(CAPTURE_SERVER_CERT, der, sizeof(der));
    size_t point = find(der, len, P256_KEY_HEADER) + strlen(P256_KEY_HEADER) / 2;
    der[point + 64] ^= 1;
    ck_assert_int_eq(parse(der, len, &curve), FPL_CERTIFICATE_MALFORMED);
    der[point + 64] ^= 1;
    der[point] = 0x02; /* compressed by its form, of whatever length */
    ck_assert_int_eq(parse(der, len, &curve), FPL_CERTIFICATE_UNSUPPORTED_KEY);
}
END_TEST

/* A change in place that keeps every length: `from` becomes `to`. */
typedef struct change {
    const char *der;
    const char *from;
    const char *to;
    fpl_certificate_result result;
} change;

static const change kChanges[] = {
    /* Version 1 written out although it is the default; version 4. */
    {CERT_KU_SIGN, "a003020102", "a003020100", FPL_CERTIFICATE_MALFORMED},
    {CERT_KU_SIGN, "a003020102", "a003020103", FPL_CERTIFICATE_MALFORMED},
    /* Extensions in a version 2 certificate; version 2 without any. */
    {CERT_KU_SIGN, "a003020102", "a003020101", FPL_CERTIFICATE_MALFORMED},
    {CAPTURE_CLIENT_CERT, "a003020102", "a003020101", FPL_CERTIFICATE_OK},
    /* The inner algorithm differs from the outer. */
    {CERT_KU_SIGN, "06082a8648ce3d040302300c", "06082a8648ce3d040303300c", FPL_CERTIFICATE_MALFORMED},
    /* keyUsage with more unused bits than the byte has; not minimal; all zero; not a bit string;
         * with trailing bytes. */
    {CERT_KU_SIGN, "040403020388", "040403020888", FPL_CERTIFICATE_MALFORMED},
    {CERT_KU_SIGN, "040403020388", "040403020488", FPL_CERTIFICATE_MALFORMED},
    {CERT_KU_SIGN, "040403020388", "040403020700", FPL_CERTIFICATE_KEY_USAGE},
    {CERT_KU_SIGN, "040403020388", "040404020388", FPL_CERTIFICATE_MALFORMED},
    {CERT_KU_SIGN, "040403020388", "040403010088", FPL_CERTIFICATE_MALFORMED},
    /* keyUsage twice: basicConstraints renamed cannot be read as one, a bit string can. */
    {CERT_KU_SIGN, "0603551d13", "0603551d0f", FPL_CERTIFICATE_MALFORMED},
    /* A critical extension nobody knows is for whoever judges trust. */
    {CERT_KU_SIGN, "0603551d0f", "0603551d7f", FPL_CERTIFICATE_OK},
    /* TRUE is 0xff. */
    {CERT_KU_SIGN, "0603551d0f0101ff", "0603551d0f010101", FPL_CERTIFICATE_MALFORMED},
    /* Lengths that are longer written than they need to be. */
    {CERT_KU_SIGN, "300e0603551d0f", "30810e0603551d", FPL_CERTIFICATE_MALFORMED},
    /* The key says P-384 where the point is of P-256. */
    {CAPTURE_CLIENT_CERT, "06082a8648ce3d030107", "06082a8648ce3d030106", FPL_CERTIFICATE_UNSUPPORTED_KEY},
};
#define NUM_CHANGES ((int)(sizeof(kChanges) / sizeof(kChanges[0])))

START_TEST(is_strict)
{
    const change *c = &kChanges[_i];
    uint8_t der[1024];
    fpl_named_group curve;
    size_t len = read(c->der, der, sizeof(der));
    size_t at = find(der, len, c->from);
    ck_assert_uint_eq(strlen(c->from), strlen(c->to));
    unit_hex(c->to, der + at, sizeof(der) - at);
    ck_assert_int_eq(parse(der, len, &curve), c->result);
}
END_TEST

START_TEST(is_bounded)
{
    static uint8_t der[FPL_LIMIT_VALUE_LEAF_BYTES + 1];
    fpl_named_group curve;
    der[0] = 0x30;
    ck_assert_int_eq(parse(der, sizeof(der), &curve), FPL_CERTIFICATE_MALFORMED);
    memset(der, 0x30, sizeof(der));
    ck_assert_int_eq(parse(der, sizeof(der) - 1, &curve), FPL_CERTIFICATE_MALFORMED);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, judges_certificates_of_others, 0, NUM_SAMPLES);
    tcase_add_loop_test(tc, every_cut_is_malformed, 0, NUM_SAMPLES);
    tcase_add_loop_test(tc, survives_every_flipped_bit, 0, NUM_SAMPLES);
    tcase_add_test(tc, refuses_a_point_off_the_curve);
    tcase_add_loop_test(tc, is_strict, 0, NUM_CHANGES);
    tcase_add_test(tc, is_bounded);
}

UNIT_MAIN("crypto/certificate", tests)
