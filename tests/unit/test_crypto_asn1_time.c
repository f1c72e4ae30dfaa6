/* crypto/asn1_time against libcrypto's own writer. */

#include "crypto/asn1_time.h"

#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include "unit.h"

#define DAY INT64_C(86400)

static size_t write(int64_t unix_time, uint8_t out[32])
{
    CBB cbb;
    size_t len;
    ck_assert(CBB_init_fixed(&cbb, out, 32));
    ck_assert(fpl_asn1_time_add(&cbb, unix_time));
    ck_assert(CBB_finish(&cbb, NULL, &len));
    return len;
}

static void agrees(int64_t unix_time)
{
    uint8_t ours[32];
    size_t len = write(unix_time, ours);
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)unix_time);
    uint8_t *theirs = NULL;
    ck_assert_ptr_nonnull(time);
    ck_assert_int_eq(i2d_ASN1_TIME(time, &theirs), (int)len);
    ck_assert_mem_eq(ours, theirs, len);
    OPENSSL_free(theirs);
    ASN1_TIME_free(time);
}

START_TEST(agrees_with_libcrypto)
{
    /* Every day to 2110, which sees a century without a leap day; then strides, and the ends. */
    for (int64_t day = 0; day < 140 * 366; day++) {
        agrees(day * DAY + day % DAY);
    }
    for (int64_t time = 0; time <= FPL_ASN1_TIME_MAX; time += 97 * DAY + 12345) {
        agrees(time);
    }
    agrees(FPL_ASN1_TIME_MAX);
    agrees(INT64_C(2524607999)); /* the last UTCTime */
    agrees(INT64_C(2524608000));
}
END_TEST

START_TEST(refuses_what_it_cannot_write)
{
    uint8_t out[32];
    CBB cbb;
    ck_assert(CBB_init_fixed(&cbb, out, sizeof(out)));
    ck_assert(!fpl_asn1_time_add(&cbb, -1));
    ck_assert(!fpl_asn1_time_add(&cbb, FPL_ASN1_TIME_MAX + 1));
    ck_assert(!fpl_asn1_time_add(&cbb, INT64_MAX));
    CBB_cleanup(&cbb);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, agrees_with_libcrypto);
    tcase_add_test(tc, refuses_what_it_cannot_write);
}

UNIT_MAIN("crypto/asn1_time", tests)
