/* crypto/curve: private keys are drawn from [1, order) and nothing else. */

#include "crypto/curve.h"

#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>

#include "unit.h"

#define P256_ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define P384_ORDER                                                                                           \
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"                                       \
    "581a0db248b0a77aecec196accc52973"

/* script plays the numbers `hex` one after the other, the last one for ever. */
typedef struct script {
    const char *const *hex;
    size_t num;
    size_t next;
} script;

static int play(void *arg, uint8_t *out, size_t len)
{
    script *s = arg;
    size_t i = s->next < s->num ? s->next : s->num - 1;
    s->next++;
    ck_assert_uint_eq(unit_hex(s->hex[i], out, len), len);
    return 1;
}

#define ZEROS_31 "00000000000000000000000000000000000000000000000000000000000000"
#define ZEROS_47 ZEROS_31 "00000000000000000000000000000000"

START_TEST(draws_again_until_it_fits)
{
    static const char *const kP256[] = {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                                        P256_ORDER, ZEROS_31 "00", ZEROS_31 "01"};
    static const char *const kP384[] = {P384_ORDER, P384_ORDER, ZEROS_47 "00", ZEROS_47 "01"};
    script s = {_i == 0 ? kP256 : kP384, 4, 0};
    fpl_rng rng = {play, &s};
    EC_KEY *key;
    ck_assert_int_eq(
        fpl_curve_generate(_i == 0 ? FPL_NAMED_GROUP_SECP256R1 : FPL_NAMED_GROUP_SECP384R1, &rng, &key),
        FPL_STATUS_OK);
    ck_assert_uint_eq(s.next, 4);
    ck_assert(BN_is_one(EC_KEY_get0_private_key(key)));
    ck_assert(EC_KEY_check_key(key));
    EC_KEY_free(key);
}
END_TEST

START_TEST(gives_up_on_a_stuck_source)
{
    static const char *const kZero[] = {ZEROS_31 "00"};
    static const char *const kOrder[] = {P256_ORDER};
    script s = {_i == 0 ? kZero : kOrder, 1, 0};
    fpl_rng rng = {play, &s};
    EC_KEY *key;
    ck_assert_int_eq(fpl_curve_generate(FPL_NAMED_GROUP_SECP256R1, &rng, &key), FPL_STATUS_INTERNAL);
    ck_assert_ptr_null(key);
}
END_TEST

START_TEST(knows_two_curves)
{
    EC_KEY *key;
    ck_assert_int_eq(fpl_curve_nid(FPL_NAMED_GROUP_SECP256R1), NID_X9_62_prime256v1);
    ck_assert_int_eq(fpl_curve_nid(FPL_NAMED_GROUP_SECP384R1), NID_secp384r1);
    ck_assert_int_eq(fpl_curve_nid(FPL_NAMED_GROUP_X25519), NID_undef);
    ck_assert_uint_eq(fpl_curve_group(NID_secp384r1), FPL_NAMED_GROUP_SECP384R1);
    ck_assert_uint_eq(fpl_curve_group(NID_secp521r1), 0);
    ck_assert_uint_eq(fpl_curve_scalar_length(FPL_NAMED_GROUP_X25519), 0);
    ck_assert_int_eq(fpl_curve_generate(FPL_NAMED_GROUP_X25519, NULL, &key), FPL_STATUS_INTERNAL);
    ck_assert_ptr_null(key);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, draws_again_until_it_fits, 0, 2);
    tcase_add_loop_test(tc, gives_up_on_a_stuck_source, 0, 2);
    tcase_add_test(tc, knows_two_curves);
}

UNIT_MAIN("crypto/curve", tests)
