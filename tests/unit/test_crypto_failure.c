/* crypto/failure: why a call failed, and that nothing of it stays in the error queue. */

#include "crypto/failure.h"

#include <openssl/err.h>

#include "unit.h"

START_TEST(finds_memory_among_the_reasons)
{
    OPENSSL_PUT_ERROR(CRYPTO, ERR_R_MALLOC_FAILURE);
    OPENSSL_PUT_ERROR(EVP, ERR_R_INTERNAL_ERROR);
    ck_assert_int_eq(fpl_crypto_failure(), FPL_STATUS_NO_MEMORY);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    OPENSSL_PUT_ERROR(EVP, ERR_R_INTERNAL_ERROR);
    ck_assert_int_eq(fpl_crypto_failure(), FPL_STATUS_INTERNAL);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(an_empty_queue_is_no_proof)
{
    /* Where only we can be at fault, it means that the queue had no memory; where a peer can be, it
     * must not be asked to try again for ever. */
    ck_assert_int_eq(fpl_crypto_failure(), FPL_STATUS_NO_MEMORY);
    ck_assert(!fpl_crypto_out_of_memory());
    OPENSSL_PUT_ERROR(EC, ERR_R_MALLOC_FAILURE);
    ck_assert(fpl_crypto_out_of_memory());
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(forgets)
{
    OPENSSL_PUT_ERROR(EC, ERR_R_INTERNAL_ERROR);
    fpl_crypto_forget_errors();
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, finds_memory_among_the_reasons);
    tcase_add_test(tc, an_empty_queue_is_no_proof);
    tcase_add_test(tc, forgets);
}

UNIT_MAIN("crypto/failure", tests)
