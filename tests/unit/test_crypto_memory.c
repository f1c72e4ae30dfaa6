/* Every allocation of libcrypto fails in turn: each operation must say so, take no harm, leak nothing (the
 * sanitizer looks), and succeed when it is asked again. */

#include <openssl/err.h>
#include <openssl/mem.h>

#include "crypto/certificate.h"
#include "crypto/credential.h"
#include "crypto/hmac.h"
#include "crypto/kx.h"
#include "crypto/pem.h"
#include "crypto/prf.h"
#include "crypto/schedule13.h"
#include "crypto/self_signed.h"
#include "crypto/sign.h"
#include "samples.h"
#include "unit.h"

/* libcrypto calls these three where a program has them. Each block starts with its size. */
__attribute__((visibility("default"))) void *OPENSSL_memory_alloc(size_t size);
__attribute__((visibility("default"))) void OPENSSL_memory_free(void *block);
__attribute__((visibility("default"))) size_t OPENSSL_memory_get_size(void *block);

#define NEVER (-1L)
#define HEAD 16 /* keeps what malloc promises of alignment */

static long allocations_left = NEVER;
static bool fails_for_good;
static size_t num_refused;

void *OPENSSL_memory_alloc(size_t size)
{
    if (allocations_left == 0) {
        num_refused++;
        allocations_left = fails_for_good ? 0 : NEVER;
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
        OPENSSL_cleanse(block, OPENSSL_memory_get_size(block));
        free((uint8_t *)block - HEAD);
    }
}

/* What the operations work on, made while there is memory. */
static fpl_minted made;
static fpl_credential credential;
static fpl_kx kx;
static uint8_t digest[32] = {1, 2, 3};
static uint8_t signature[FPL_SIGNATURE_MAX_LEN];
static size_t signature_len;

static void set_up(void)
{
    fpl_minted_options options = {.unix_time = 1767225600};
    /* The error queue is allocated at the first error. */
    OPENSSL_PUT_ERROR(CRYPTO, ERR_R_INTERNAL_ERROR);
    ERR_clear_error();
    ck_assert_int_eq(fpl_minted_make(&options, &made), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_credential_load(&credential, fpl_bytes_of(made.certificate, made.certificate_len),
                                         fpl_bytes_of(made.key, made.key_len)),
                     FPL_CREDENTIAL_OK);
    ck_assert_int_eq(fpl_kx_generate(&kx, FPL_NAMED_GROUP_SECP256R1, NULL), FPL_STATUS_OK);
    ck_assert_int_eq(
        fpl_sign(credential.key, fpl_bytes_of(digest, sizeof(digest)), signature, &signature_len),
        FPL_STATUS_OK);
}

static void tear_down(void)
{
    fpl_minted_wipe(&made);
    fpl_credential_wipe(&credential);
    fpl_kx_wipe(&kx);
}

static fpl_status generate_p256(void)
{
    fpl_kx fresh = {0};
    return fpl_kx_generate(&fresh, FPL_NAMED_GROUP_SECP256R1, NULL);
}

static fpl_status generate_p384(void)
{
    fpl_kx fresh = {0};
    return fpl_kx_generate(&fresh, FPL_NAMED_GROUP_SECP384R1, NULL);
}

static fpl_status agree(void)
{
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t len;
    fpl_kx_result result = fpl_kx_agree(&kx, fpl_kx_public(&kx), secret, &len);
    ck_assert(result == FPL_KX_OK || result == FPL_KX_NO_MEMORY);
    return result == FPL_KX_OK ? FPL_STATUS_OK : FPL_STATUS_NO_MEMORY;
}

static fpl_status answer(void)
{
    fpl_kx fresh = {0};
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t len;
    fpl_kx_result result =
        fpl_kx_respond(&fresh, FPL_NAMED_GROUP_SECP256R1, fpl_kx_public(&kx), NULL, secret, &len);
    ck_assert(result == FPL_KX_OK || result == FPL_KX_NO_MEMORY);
    return result == FPL_KX_OK ? FPL_STATUS_OK : FPL_STATUS_NO_MEMORY;
}

static fpl_status expand(void)
{
    fpl_prf prf;
    uint8_t out[100];
    fpl_bytes view = fpl_bytes_of(digest, sizeof(digest));
    fpl_status status = fpl_prf_init(&prf, FPL_HASH_SHA384, view);
    if (status == FPL_STATUS_OK) {
        status = fpl_prf_expand(&prf, view, view, view, out, sizeof(out));
    }
    fpl_prf_wipe(&prf);
    return status;
}

static fpl_status derive(void)
{
    fpl_bytes view = fpl_bytes_of(digest, sizeof(digest));
    fpl_secret13 early;
    fpl_secret13 salt = {0};
    fpl_secret13 finished;
    fpl_handshake_secrets13 secrets = {0};
    fpl_traffic_keys13 keys;
    fpl_status status = fpl_schedule13_early(FPL_HASH_SHA256, view, &early);
    if (status == FPL_STATUS_OK) {
        status = fpl_schedule13_salt(&early, &salt);
    }
    if (status == FPL_STATUS_OK) {
        status = fpl_schedule13_handshake(&salt, view, view, &secrets);
    }
    if (status == FPL_STATUS_OK) {
        status = fpl_schedule13_update(&secrets.client);
    }
    if (status == FPL_STATUS_OK) {
        status = fpl_schedule13_traffic(&secrets.server, FPL_AEAD_AES_256_GCM, &keys, &finished);
    }
    return status;
}

static fpl_status mac(void)
{
    uint8_t out[FPL_HMAC_SHA256_LEN];
    fpl_bytes view = fpl_bytes_of(digest, sizeof(digest));
    return fpl_hmac_sha256(view, &view, 1, out);
}

static fpl_status sign(void)
{
    uint8_t out[FPL_SIGNATURE_MAX_LEN];
    size_t len;
    return fpl_sign(credential.key, fpl_bytes_of(digest, sizeof(digest)), out, &len);
}

static fpl_status verify(void)
{
    fpl_signature_result result = fpl_verify(credential.key, fpl_bytes_of(digest, sizeof(digest)),
                                             fpl_bytes_of(signature, signature_len));
    ck_assert(result == FPL_SIGNATURE_GOOD || result == FPL_SIGNATURE_NO_MEMORY);
    return result == FPL_SIGNATURE_GOOD ? FPL_STATUS_OK : FPL_STATUS_NO_MEMORY;
}

static fpl_status parse(void)
{
    fpl_certificate certificate;
    fpl_certificate_result result =
        fpl_certificate_parse(fpl_bytes_of(made.certificate, made.certificate_len), &certificate);
    ck_assert(result == FPL_CERTIFICATE_OK || result == FPL_CERTIFICATE_NO_MEMORY);
    fpl_certificate_wipe(&certificate);
    return result == FPL_CERTIFICATE_OK ? FPL_STATUS_OK : FPL_STATUS_NO_MEMORY;
}

static fpl_status load(void)
{
    fpl_credential loaded;
    fpl_credential_result result = fpl_credential_load(
        &loaded, fpl_bytes_of(made.certificate, made.certificate_len), fpl_bytes_of(made.key, made.key_len));
    ck_assert(result == FPL_CREDENTIAL_OK || result == FPL_CREDENTIAL_NO_MEMORY);
    fpl_credential_wipe(&loaded);
    return result == FPL_CREDENTIAL_OK ? FPL_STATUS_OK : FPL_STATUS_NO_MEMORY;
}

static fpl_status make_self_signed(void)
{
    fpl_minted_options options = {.unix_time = 1767225600};
    fpl_minted fresh;
    fpl_status status = fpl_minted_make(&options, &fresh);
    fpl_minted_wipe(&fresh);
    return status;
}

static fpl_status write_and_read_pem(void)
{
    char *pem;
    size_t len;
    uint8_t *der = NULL;
    fpl_status status =
        fpl_pem_write(FPL_PEM_CERTIFICATE, fpl_bytes_of(made.certificate, made.certificate_len), &pem, &len);
    if (status == FPL_STATUS_OK) {
        status = fpl_pem_read(fpl_bytes_of((const uint8_t *)pem, len), FPL_PEM_CERTIFICATE, &der, &len);
    }
    fpl_pem_free(pem);
    OPENSSL_free(der);
    return status;
}

typedef fpl_status (*operation)(void);

static const operation kOperations[] = {
    generate_p256, generate_p384, agree, answer, expand, derive, mac, sign, verify, parse, load, make_self_signed,
    write_and_read_pem,
};
#define NUM_OPERATIONS ((int)(sizeof(kOperations) / sizeof(kOperations[0])))

/* Allocations of the largest operation, which makes a certificate, with room to grow. */
#define MAX_ALLOCATIONS 2000

static void sweep(operation run, bool for_good)
{
    fails_for_good = for_good;
    for (long n = 0; n < MAX_ALLOCATIONS; n++) {
        num_refused = 0;
        allocations_left = n;
        fpl_status status = run();
        allocations_left = NEVER;
        if (num_refused == 0) {
            ck_assert_int_eq(status, FPL_STATUS_OK);
            return;
        }
        /* Some of libcrypto's allocations are for a convenience that it can do without. */
        ck_assert(status == FPL_STATUS_NO_MEMORY || status == FPL_STATUS_OK);
        ck_assert_uint_eq(ERR_peek_error(), 0);
        ck_assert_int_eq(run(), FPL_STATUS_OK);
    }
    ck_abort_msg("there is no end to it");
}

START_TEST(says_when_memory_is_wanting)
{
    set_up();
    sweep(kOperations[_i], false);
    sweep(kOperations[_i], true);
    tear_down();
}
END_TEST

START_TEST(counts_what_is_refused)
{
    /* Without the hooks in place the others would test nothing. */
    set_up();
    allocations_left = 0;
    ck_assert_int_eq(parse(), FPL_STATUS_NO_MEMORY);
    ck_assert_uint_ne(num_refused, 0);
    tear_down();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, counts_what_is_refused);
    tcase_add_loop_test(tc, says_when_memory_is_wanting, 0, NUM_OPERATIONS);
}

UNIT_MAIN("crypto, out of memory", tests)
