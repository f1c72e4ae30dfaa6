/* Every allocation of the helper's and libcrypto's fails in turn: each call must say so, trust nobody, leave the store as
 * it was, leak nothing (the sanitizer looks), and succeed when it is asked again. */

#include <openssl/err.h>
#include <openssl/mem.h>

#include "crypto/features.h"
#include "x509_make.h"

/* libcrypto calls these three where a program has them. Each block starts with its size. */
__attribute__((visibility("default"))) void *OPENSSL_memory_alloc(size_t size);
__attribute__((visibility("default"))) void OPENSSL_memory_free(void *block);
__attribute__((visibility("default"))) size_t OPENSSL_memory_get_size(void *block);

#define NEVER (-1L)
#define HEAD 16 /* keeps what malloc promises of alignment */

static long allocations_left = NEVER;

void *OPENSSL_memory_alloc(size_t size)
{
    if (allocations_left == 0) {
        allocations_left = NEVER;
        return NULL;
    }
    if (allocations_left > 0) {
        allocations_left--;
    }
    uint8_t *block = malloc(HEAD + size);
    memcpy(block, &size, sizeof(size));
    return block + HEAD;
}

size_t OPENSSL_memory_get_size(void *block)
{
    size_t size;
    memcpy(&size, (uint8_t *)block - HEAD, sizeof(size));
    return size;
}

void OPENSSL_memory_free(void *block)
{
    if (block != NULL) {
        free((uint8_t *)block - HEAD);
    }
}

static identity *root, *middle, *leaf;
static char *pem;
static size_t pem_len;
static fpl_verify_options options;
static fpl_certificate_view chain[2];

static void set_up(void)
{
    /* The error queue is allocated at the first error. */
    OPENSSL_PUT_ERROR(CRYPTO, ERR_R_INTERNAL_ERROR);
    ERR_clear_error();
    root = x509_authority("root", NULL);
    middle = x509_authority("middle", root);
    wish w = {.name = "leaf", .issuer = middle, .alt_name = "DNS:www.example.org"};
    leaf = x509_make(&w);
    const identity *both[] = {root, middle};
    pem = x509_pem(both, 2, &pem_len);
    options = (fpl_verify_options){sizeof(options), FPL_ROLE_SERVER, "www.example.org", X509_NOW};
    chain[0] = (fpl_certificate_view){leaf->der, leaf->len};
    chain[1] = (fpl_certificate_view){middle->der, middle->len};
}

static void tear_down(void)
{
    free(pem);
    x509_discard(leaf);
    x509_discard(middle);
    x509_discard(root);
}

#define MOST_ALLOCATIONS 20000

START_TEST(store_survives)
{
    for (long at = 0;; at++) {
        ck_assert_int_lt(at, MOST_ALLOCATIONS);
        allocations_left = at;
        fpl_trust_store *store = fpl_trust_store_new();
        bool failed = allocations_left == NEVER;
        allocations_left = NEVER;
        ck_assert(failed || store != NULL);
        fpl_trust_store_free(store);
        if (!failed) {
            break;
        }
    }
}
END_TEST

START_TEST(adding_survives)
{
    for (long at = 0;; at++) {
        size_t num = 9;
        ck_assert_int_lt(at, MOST_ALLOCATIONS);
        fpl_trust_store *store = fpl_trust_store_new();
        allocations_left = at;
        fpl_result result = fpl_trust_store_add(store, (const uint8_t *)pem, pem_len, &num);
        bool failed = allocations_left == NEVER;
        allocations_left = NEVER;
        ck_assert_uint_eq(num, result == FPL_OK ? 2 : 0);
        ck_assert_msg(result == FPL_OK || failed, "allocation %ld: %d", at, result);
        ck_assert_int_ne(result, FPL_FAILED);
        ck_assert_int_eq(fpl_verify_chain(store, chain, 1, &options, NULL), result == FPL_OK ? FPL_OK : FPL_FAILED);
        ck_assert_int_eq(fpl_trust_store_add(store, (const uint8_t *)pem, pem_len, &num), FPL_OK);
        ck_assert_int_eq(fpl_verify_chain(store, chain, 1, &options, NULL), FPL_OK);
        fpl_trust_store_free(store);
        if (!failed) {
            break;
        }
    }
}
END_TEST

START_TEST(verifying_survives)
{ /* libcrypto does not always say that memory was the reason */
    long refused = 0, at = 0;
    for (;; at++) {
        fpl_verify_verdict verdict = {.size = sizeof(verdict)};
        ck_assert_int_lt(at, MOST_ALLOCATIONS);
        fpl_trust_store *store = x509_store(root); /* what libcrypto remembers of certificates is not there yet */
        allocations_left = at;
        fpl_result result = fpl_verify_chain(store, chain, 2, &options, &verdict);
        bool failed = allocations_left == NEVER;
        allocations_left = NEVER;
        ck_assert_msg(result == FPL_OK || failed, "%s", verdict.reason);
        ck_assert_int_ne(result, FPL_MISUSE);
        refused += result == FPL_FAILED;
        ck_assert_int_eq(fpl_verify_chain(store, chain, 2, &options, &verdict), FPL_OK);
        fpl_trust_store_free(store);
        if (!failed) {
            break;
        }
    }
    ck_assert_int_gt(at, 20);
    ck_assert_int_lt(refused, at / 5);
}
END_TEST

START_TEST(a_wrong_host_stays_wrong)
{
    options.host = "elsewhere.example.org";
    for (long at = 0;; at++) {
        fpl_trust_store *store = x509_store(root);
        allocations_left = at;
        fpl_result result = fpl_verify_chain(store, chain, 2, &options, NULL);
        bool failed = allocations_left == NEVER;
        allocations_left = NEVER;
        ck_assert_int_ne(result, FPL_OK);
        fpl_trust_store_free(store);
        if (!failed) {
            break;
        }
    }
}
END_TEST

static void tests(TCase *tc)
{
    if (FPL_HAVE_MLKEM) {
        return; /* a copy as new as that does not survive failing allocations in d2i_X509 itself */
    }
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, store_survives);
    tcase_add_test(tc, adding_survives);
    tcase_add_test(tc, verifying_survives);
    tcase_add_test(tc, a_wrong_host_stays_wrong);
}

UNIT_MAIN("x509/memory", tests)
