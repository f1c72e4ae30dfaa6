/* crypto/kx and crypto/share for X25519MLKEM768, against another implementation of ML-KEM; or that there is no
 * such group where libcrypto has no ML-KEM. */

#include "crypto/kx.h"

#include "crypto/share.h"
#include "unit.h"

#define GROUP FPL_NAMED_GROUP_X25519MLKEM768

#if FPL_HAVE_MLKEM

#include <openssl/bytestring.h>
#include <openssl/mlkem.h>

#include "crypto/hash.h"
#include "kx_samples.h"

#define X25519_PRIVATE "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
#define X25519_PUBLIC "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define X25519_PEER "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define X25519_SECRET "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

#define KEY_LEN 1184
#define CIPHERTEXT_LEN 1088
#define CLIENT_LEN (KEY_LEN + 32)
#define SERVER_LEN (CIPHERTEXT_LEN + 32)

typedef struct tape {
    uint8_t bytes[128];
    size_t len;
    size_t next;
} tape;

static int play(void *arg, uint8_t *out, size_t len)
{
    tape *t = arg;
    if (len > t->len - t->next) {
        return 0;
    }
    memcpy(out, t->bytes + t->next, len);
    t->next += len;
    return 1;
}

static fpl_kx client;
static fpl_kx server;

static void make_client(void)
{
    tape t = {.next = 0};
    fpl_rng rng = {play, &t};
    t.len = unit_hex(KX_SEED X25519_PRIVATE, t.bytes, sizeof(t.bytes));
    ck_assert_int_eq(fpl_kx_generate(&client, GROUP, &rng), FPL_STATUS_OK);
    ck_assert_uint_eq(t.next, t.len);
}

static void wipe_both(void)
{
    static const fpl_kx kUnused;
    fpl_kx_wipe(&client);
    fpl_kx_wipe(&server);
    ck_assert_mem_eq(&client, &kUnused, sizeof(client));
}

/* agree asserts that failures leave no secret, and returns the secret in `secret`. */
static fpl_kx_result agree(const uint8_t *share, size_t share_len, uint8_t secret[FPL_KX_MAX_SECRET_LEN])
{
    static const uint8_t kZeros[FPL_KX_MAX_SECRET_LEN];
    size_t len = 99;
    memset(secret, 0xee, FPL_KX_MAX_SECRET_LEN);
    fpl_kx_result result = fpl_kx_agree(&client, fpl_bytes_of(share, share_len), secret, &len);
    ck_assert_uint_eq(len, result == FPL_KX_OK ? 64 : 0);
    if (result != FPL_KX_OK) {
        ck_assert_mem_eq(secret, kZeros, sizeof(kZeros));
    }
    return result;
}

/* answer is the server's: it asserts that failures leave neither secret nor share, and none a private half. */
static fpl_kx_result answer(const uint8_t *share, size_t share_len, const fpl_rng *rng,
                            uint8_t secret[FPL_KX_MAX_SECRET_LEN])
{
    static const fpl_kx kUnused;
    static const uint8_t kZeros[FPL_KX_MAX_SECRET_LEN];
    size_t len = 99;
    fpl_kx_wipe(&server);
    memset(secret, 0xee, FPL_KX_MAX_SECRET_LEN);
    fpl_kx_result result = fpl_kx_respond(&server, GROUP, fpl_bytes_of(share, share_len), rng, secret, &len);
    ck_assert_uint_eq(len, result == FPL_KX_OK ? 64 : 0);
    ck_assert_mem_eq(server.private_key, kUnused.private_key, sizeof(server.private_key));
    if (result != FPL_KX_OK) {
        ck_assert_mem_eq(secret, kZeros, sizeof(kZeros));
        ck_assert_mem_eq(&server, &kUnused, sizeof(server));
    }
    return result;
}

static size_t server_share(uint8_t share[SERVER_LEN + 1])
{
    return unit_hex(KX_CIPHERTEXT X25519_PEER, share, SERVER_LEN + 1);
}

START_TEST(has_the_lengths_of_the_draft)
{
    ck_assert_uint_eq(fpl_kx_share_length(GROUP, FPL_ROLE_CLIENT), 1216);
    ck_assert_uint_eq(fpl_kx_share_length(GROUP, FPL_ROLE_SERVER), 1120);
    ck_assert_uint_eq(fpl_kx_secret_length(GROUP), 64);
}
END_TEST

START_TEST(makes_the_same_key_of_a_seed)
{
    uint8_t hash[FPL_HASH_MAX_LEN];
    fpl_bytes share = fpl_kx_public(&client);
    ck_assert_uint_eq(share.len, CLIENT_LEN);
    ck_assert_uint_eq(fpl_hash_once(FPL_HASH_SHA256, fpl_bytes_of(share.data, KEY_LEN), hash), 32);
    unit_mem_is_hex(hash, 32, KX_KEY_HASH);
    unit_mem_is_hex(share.data + KEY_LEN, 32, X25519_PUBLIC);
}
END_TEST

START_TEST(agrees_with_another_implementation)
{
    uint8_t share[SERVER_LEN + 1];
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    ck_assert_int_eq(agree(share, server_share(share), secret), FPL_KX_OK);
    unit_mem_is_hex(secret, 64, KX_CIPHERTEXT_SECRET X25519_SECRET);
}
END_TEST

/* FIPS 203 section 6.3: it opens to a secret that only we know, and the Finished will fail. */
START_TEST(opens_a_changed_ciphertext_to_something_else)
{
    uint8_t share[SERVER_LEN + 1];
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t len = server_share(share);
    share[0] ^= 1;
    ck_assert_int_eq(agree(share, len, secret), FPL_KX_OK);
    unit_mem_is_hex(secret, 64, KX_REJECTED_SECRET X25519_SECRET);
}
END_TEST

START_TEST(two_fresh_ends_agree)
{
    uint8_t ours[FPL_KX_MAX_SECRET_LEN];
    uint8_t theirs[FPL_KX_MAX_SECRET_LEN];
    uint8_t first[64] = {0};
    for (int round = 0; round < 2; round++) {
        fpl_kx_wipe(&client);
        ck_assert_int_eq(fpl_kx_generate(&client, GROUP, NULL), FPL_STATUS_OK);
        ck_assert_int_eq(answer(client.long_share, CLIENT_LEN, NULL, theirs), FPL_KX_OK);
        ck_assert_ptr_ne(server.long_share, client.long_share);
        ck_assert_uint_eq(fpl_kx_public(&server).len, SERVER_LEN);
        ck_assert_int_eq(agree(server.long_share, SERVER_LEN, ours), FPL_KX_OK);
        ck_assert_mem_eq(ours, theirs, 64);
        /* Both halves are fresh. */
        ck_assert_mem_ne(ours, first, 32);
        ck_assert_mem_ne(ours + 32, first + 32, 32);
        memcpy(first, ours, 64);
    }
}
END_TEST

/* As where a client that offered this group is answered in DTLS 1.2. */
START_TEST(gives_back_what_it_held)
{
    ck_assert_int_eq(fpl_kx_generate(&client, GROUP, NULL), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_kx_generate(&client, FPL_NAMED_GROUP_X25519, NULL), FPL_STATUS_OK);
    ck_assert_ptr_null(client.long_share);
    ck_assert_uint_eq(fpl_kx_public(&client).len, 32);
}
END_TEST

START_TEST(refuses_wrong_lengths)
{
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    uint8_t share[CLIENT_LEN + 1] = {0};
    memcpy(share, client.long_share, CLIENT_LEN);
    for (size_t len = 0; len <= CLIENT_LEN + 1; len++) {
        fpl_kx_result expected = len == CLIENT_LEN ? FPL_KX_OK : FPL_KX_BAD_SHARE;
        ck_assert_int_eq(answer(share, len, NULL, secret), expected);
        ck_assert(fpl_share_well_formed(GROUP, FPL_ROLE_CLIENT, fpl_bytes_of(share, len)) ==
                  (expected == FPL_KX_OK));
    }
    memset(share, 0, sizeof(share));
    server_share(share);
    for (size_t len = 0; len <= CLIENT_LEN + 1; len++) {
        fpl_kx_result expected = len == SERVER_LEN ? FPL_KX_OK : FPL_KX_BAD_SHARE;
        ck_assert_int_eq(agree(share, len, secret), expected);
        ck_assert(fpl_share_well_formed(GROUP, FPL_ROLE_SERVER, fpl_bytes_of(share, len)) ==
                  (expected == FPL_KX_OK));
    }
}
END_TEST

/* The X25519 half is judged as X25519 alone is, from either end. */
START_TEST(refuses_low_order_inputs)
{
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    uint8_t from_client[CLIENT_LEN];
    uint8_t from_server[SERVER_LEN + 1];
    memcpy(from_client, client.long_share, CLIENT_LEN);
    server_share(from_server);
    for (uint8_t order = 0; order < 2; order++) {
        memset(from_client + KEY_LEN, 0, 32);
        memset(from_server + CIPHERTEXT_LEN, 0, 32);
        from_client[KEY_LEN] = order;
        from_server[CIPHERTEXT_LEN] = order;
        ck_assert_int_eq(answer(from_client, CLIENT_LEN, NULL, secret), FPL_KX_BAD_SHARE);
        ck_assert_int_eq(agree(from_server, SERVER_LEN, secret), FPL_KX_BAD_SHARE);
        ck_assert(!fpl_share_well_formed(GROUP, FPL_ROLE_CLIENT, fpl_bytes_of(from_client, CLIENT_LEN)));
        ck_assert(!fpl_share_well_formed(GROUP, FPL_ROLE_SERVER, fpl_bytes_of(from_server, SERVER_LEN)));
    }
}
END_TEST

/* put_number makes the `i`th number of a packed encapsulation key `value`. */
static void put_number(uint8_t *key, size_t i, unsigned value)
{
    uint8_t *packed = key + i / 2 * 3;
    if (i % 2 == 0) {
        packed[0] = (uint8_t)value;
        packed[1] = (uint8_t)((packed[1] & 0xf0u) | value >> 8);
    } else {
        packed[1] = (uint8_t)((packed[1] & 0x0fu) | (value & 0xf) << 4);
        packed[2] = (uint8_t)(value >> 4);
    }
}

/* draft-ietf-tls-ecdhe-mlkem section 4.2: each of its 768 numbers must be below 3329. Our own check and
 * libcrypto's reading of the key agree on it. */
START_TEST(refuses_an_encapsulation_key_that_is_not_reduced)
{
    static const unsigned kValues[] = {0, 3328, 3329, 3330, 4095};
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    uint8_t share[CLIENT_LEN];
    for (size_t i = 0; i < 768; i++) {
        memcpy(share, client.long_share, CLIENT_LEN);
        for (size_t v = 0; v < sizeof(kValues) / sizeof(kValues[0]); v++) {
            bool good = kValues[v] < 3329;
            put_number(share, i, kValues[v]);
            ck_assert(fpl_share_well_formed(GROUP, FPL_ROLE_CLIENT, fpl_bytes_of(share, CLIENT_LEN)) == good);
            if (!good || i % 97 == 0) { /* an answer takes its time */
                ck_assert_int_eq(answer(share, CLIENT_LEN, NULL, secret),
                                 good ? FPL_KX_OK : FPL_KX_BAD_SHARE);
            }
        }
    }
    /* The seed behind the numbers may be anything. */
    memcpy(share, client.long_share, CLIENT_LEN);
    memset(share + KEY_LEN - 32, 0xff, 32);
    ck_assert(fpl_share_well_formed(GROUP, FPL_ROLE_CLIENT, fpl_bytes_of(share, CLIENT_LEN)));
    ck_assert_int_eq(answer(share, CLIENT_LEN, NULL, secret), FPL_KX_OK);
}
END_TEST

START_TEST(reports_a_broken_source)
{
    static const fpl_kx kUnused;
    fpl_kx kx = {0};
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    tape t = {.next = 0};
    fpl_rng rng = {play, &t};
    t.len = unit_hex(KX_SEED, t.bytes, sizeof(t.bytes)); /* enough for half of it */
    ck_assert_int_eq(fpl_kx_generate(&kx, GROUP, &rng), FPL_STATUS_INTERNAL);
    ck_assert_mem_eq(&kx, &kUnused, sizeof(kx));
    t.next = t.len;
    ck_assert_int_eq(answer(client.long_share, CLIENT_LEN, &rng, secret), FPL_KX_INTERNAL);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, make_client, wipe_both);
    tcase_add_test(tc, has_the_lengths_of_the_draft);
    tcase_add_test(tc, makes_the_same_key_of_a_seed);
    tcase_add_test(tc, agrees_with_another_implementation);
    tcase_add_test(tc, opens_a_changed_ciphertext_to_something_else);
    tcase_add_test(tc, two_fresh_ends_agree);
    tcase_add_test(tc, gives_back_what_it_held);
    tcase_add_test(tc, refuses_wrong_lengths);
    tcase_add_test(tc, refuses_low_order_inputs);
    tcase_add_test(tc, refuses_an_encapsulation_key_that_is_not_reduced);
    tcase_add_test(tc, reports_a_broken_source);
}

#else

START_TEST(is_no_group_of_ours)
{
    static const uint8_t kShare[1216];
    fpl_kx kx = {0};
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t len;
    ck_assert_uint_eq(fpl_kx_share_length(GROUP, FPL_ROLE_CLIENT), 0);
    ck_assert_uint_eq(fpl_kx_share_length(GROUP, FPL_ROLE_SERVER), 0);
    ck_assert_uint_eq(fpl_kx_secret_length(GROUP), 0);
    ck_assert_int_eq(fpl_kx_generate(&kx, GROUP, NULL), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_kx_respond(&kx, GROUP, fpl_bytes_of(kShare, 1216), NULL, secret, &len),
                     FPL_KX_INTERNAL);
    ck_assert(!fpl_share_well_formed(GROUP, FPL_ROLE_CLIENT, fpl_bytes_of(kShare, 1216)));
    ck_assert(!fpl_share_well_formed(GROUP, FPL_ROLE_SERVER, fpl_bytes_of(kShare, 1120)));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, is_no_group_of_ours);
}

#endif

UNIT_MAIN("crypto/kx_hybrid", tests)
