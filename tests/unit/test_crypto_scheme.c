/* crypto/scheme: its tables agree with each other and refuse the rest of the registry. */

#include "crypto/scheme.h"

#include "unit.h"

START_TEST(tables_agree)
{
    static const fpl_signature_scheme kSchemes[] = {FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256,
                                                    FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384};
    static const fpl_named_group kCurves[] = {FPL_NAMED_GROUP_SECP256R1, FPL_NAMED_GROUP_SECP384R1};
    static const fpl_hash kHashes[] = {FPL_HASH_SHA256, FPL_HASH_SHA384};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(fpl_scheme_curve(kSchemes[i]), kCurves[i]);
        ck_assert_uint_eq(fpl_scheme_hash(kSchemes[i]), kHashes[i]);
        ck_assert_uint_eq(fpl_curve_scheme(kCurves[i]), kSchemes[i]);
    }
}
END_TEST

START_TEST(all_else_is_not_ours)
{
    for (unsigned i = 0; i <= 0xffff; i++) {
        if (i != FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256 &&
            i != FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384) {
            ck_assert_uint_eq(fpl_scheme_hash((fpl_signature_scheme)i), 0);
            ck_assert_uint_eq(fpl_scheme_curve((fpl_signature_scheme)i), 0);
        }
    }
    ck_assert_uint_eq(fpl_curve_scheme(FPL_NAMED_GROUP_X25519), 0);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, tables_agree);
    tcase_add_test(tc, all_else_is_not_ours);
}

UNIT_MAIN("crypto/scheme", tests)
