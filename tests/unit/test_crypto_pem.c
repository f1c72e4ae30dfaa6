/* crypto/pem: there and back, and what is no PEM. */

#include "crypto/pem.h"

#include <openssl/mem.h>

#include "unit.h"

static fpl_bytes text(const char *s)
{
    return fpl_bytes_of((const uint8_t *)s, strlen(s));
}

static fpl_status read(const char *in, const char *label, const char *hex)
{
    uint8_t *out;
    size_t len;
    fpl_status status = fpl_pem_read(text(in), label, &out, &len);
    unit_mem_is_hex(out, len, hex);
    OPENSSL_free(out);
    return status;
}

START_TEST(writes_what_it_reads)
{
    uint8_t data[200];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    for (size_t len = 1; len <= sizeof(data); len++) {
        char *pem;
        size_t pem_len;
        uint8_t *back;
        size_t back_len;
        ck_assert_int_eq(fpl_pem_write(FPL_PEM_CERTIFICATE, fpl_bytes_of(data, len), &pem, &pem_len),
                         FPL_STATUS_OK);
        ck_assert_uint_eq(strlen(pem), pem_len);
        ck_assert(fpl_pem_is(text(pem)));
        ck_assert_int_eq(fpl_pem_read(text(pem), FPL_PEM_CERTIFICATE, &back, &back_len), FPL_STATUS_OK);
        ck_assert_uint_eq(back_len, len);
        ck_assert_mem_eq(back, data, len);
        OPENSSL_free(back);
        fpl_pem_free(pem);
    }
}
END_TEST

START_TEST(writes_as_others_do)
{
    static const uint8_t kData[] = {1, 2, 3, 4};
    char *pem;
    size_t len;
    ck_assert_int_eq(fpl_pem_write(FPL_PEM_PRIVATE_KEY, fpl_bytes_of(kData, sizeof(kData)), &pem, &len),
                     FPL_STATUS_OK);
    ck_assert_str_eq(pem, "-----BEGIN PRIVATE KEY-----\n"
                          "AQIDBA==\n"
                          "-----END PRIVATE KEY-----\n");
    fpl_pem_free(pem);
    fpl_pem_free(NULL);
}
END_TEST

#define BLOCK(label, data) "-----BEGIN " label "-----\n" data "\n-----END " label "-----\n"

START_TEST(takes_the_blocks_of_a_label)
{
    static const char kMixed[] = "subject=someone\n" BLOCK("CERTIFICATE", "AQID")
        BLOCK("EC PARAMETERS", "BQYH") BLOCK("CERTIFICATE", "BAU=");
    ck_assert_int_eq(read(kMixed, "CERTIFICATE", "0102030405"), FPL_STATUS_OK);
    ck_assert_int_eq(read(kMixed, "PRIVATE KEY", ""), FPL_STATUS_OK);
    ck_assert_int_eq(read("", "CERTIFICATE", ""), FPL_STATUS_OK);
}
END_TEST

START_TEST(refuses_what_is_cut_off_or_encrypted)
{
    static const char *const kBad[] = {
        "-----BEGIN CERTIFICATE-----\nAQID\n",
        "-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nA*ID\n-----END CERTIFICATE-----\n",
        ("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
         "DEK-Info: AES-128-CBC,00\n\nAQID\n-----END CERTIFICATE-----\n"),
    };
    for (size_t i = 0; i < sizeof(kBad) / sizeof(kBad[0]); i++) {
        ck_assert_int_eq(read(kBad[i], "CERTIFICATE", ""), FPL_STATUS_INTERNAL);
    }
}
END_TEST

START_TEST(tells_text_from_der)
{
    static const uint8_t kDer[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    ck_assert(!fpl_pem_is(fpl_bytes_of(kDer, sizeof(kDer))));
    ck_assert(!fpl_pem_is(fpl_bytes_none()));
    ck_assert(!fpl_pem_is(text("-----BEGIN")));
    ck_assert(fpl_pem_is(text("\n-----BEGIN X")));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, writes_what_it_reads);
    tcase_add_test(tc, writes_as_others_do);
    tcase_add_test(tc, takes_the_blocks_of_a_label);
    tcase_add_test(tc, refuses_what_is_cut_off_or_encrypted);
    tcase_add_test(tc, tells_text_from_der);
}

UNIT_MAIN("crypto/pem", tests)
