/* crypto/features: what it promises is there. */

#include "crypto/features.h"

#include "unit.h"

#if FPL_HAVE_MLKEM
#include <openssl/bytestring.h>
#include <openssl/mlkem.h>

START_TEST(a_seed_is_a_whole_mlkem_key)
{
    static uint8_t public_key[MLKEM768_PUBLIC_KEY_BYTES];
    static uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES];
    static struct MLKEM768_private_key first;
    static struct MLKEM768_private_key second;
    static struct MLKEM768_public_key peer;
    uint8_t seed[MLKEM_SEED_BYTES];
    uint8_t ours[MLKEM_SHARED_SECRET_BYTES];
    uint8_t theirs[MLKEM_SHARED_SECRET_BYTES];
    CBS encoded;
    MLKEM768_generate_key(public_key, seed, &first);
    ck_assert_int_eq(MLKEM768_private_key_from_seed(&second, seed, sizeof(seed)), 1);
    CBS_init(&encoded, public_key, sizeof(public_key));
    ck_assert_int_eq(MLKEM768_parse_public_key(&peer, &encoded), 1);
    MLKEM768_encap(ciphertext, theirs, &peer);
    ck_assert_int_eq(MLKEM768_decap(ours, ciphertext, sizeof(ciphertext), &second), 1);
    ck_assert_mem_eq(ours, theirs, sizeof(ours));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_seed_is_a_whole_mlkem_key);
}
#else
START_TEST(says_that_there_is_no_mlkem)
{
    ck_assert_int_eq(FPL_HAVE_MLKEM, 0);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, says_that_there_is_no_mlkem);
}
#endif

UNIT_MAIN("crypto/features", tests)
