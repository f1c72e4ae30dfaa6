/* crypto/prf against the vectors of the TLS working group's list, Python's hmac and a captured
 * handshake. */

#include "crypto/prf.h"

#include "samples.h"
#include "unit.h"

typedef struct vector {
    fpl_hash hash;
    const char *secret;
    const char *label;
    const char *seed;
    const char *out;
} vector;

static const vector kVectors[] = {
    {FPL_HASH_SHA256, "9bbe436ba940f017b17652849a71db35", "test label", "a0ba9f936cda311827a6f796ffd5198c",
     "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
     "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
     "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
     "87347b66"},
    {FPL_HASH_SHA384, "b80b733d6ceefcdc71566ea48e5567df", "test label", "cd665cf6a8447dd6ff8b27555edb7465",
     "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd"
     "e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd"
     "8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425"
     "9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6"
     "91c8f3a26854308d5eaa3be85e0990703d73e56f"},
    {FPL_HASH_SHA256, CAPTURE_MASTER_SECRET, "key expansion", CAPTURE_SERVER_RANDOM CAPTURE_CLIENT_RANDOM,
     CAPTURE_KEY_BLOCK},
};

static fpl_bytes text(const char *s)
{
    return fpl_bytes_of((const uint8_t *)s, strlen(s));
}

static void start(const vector *v, fpl_prf *prf)
{
    uint8_t secret[64];
    size_t len = unit_hex(v->secret, secret, sizeof(secret));
    ck_assert_int_eq(fpl_prf_init(prf, v->hash, fpl_bytes_of(secret, len)), FPL_STATUS_OK);
}

START_TEST(expands_as_published)
{
    const vector *v = &kVectors[_i];
    fpl_prf prf;
    start(v, &prf);
    uint8_t seed[64];
    uint8_t out[256];
    size_t seed_len = unit_hex(v->seed, seed, sizeof(seed));
    size_t len = strlen(v->out) / 2;
    /* However the seed is cut in two, and however often the secret is used. */
    for (size_t cut = 0; cut <= seed_len; cut++) {
        memset(out, 0, sizeof(out));
        ck_assert_int_eq(fpl_prf_expand(&prf, text(v->label), fpl_bytes_of(seed, cut),
                                        fpl_bytes_of(seed + cut, seed_len - cut), out, len),
                         FPL_STATUS_OK);
        unit_mem_is_hex(out, len, v->out);
    }
    fpl_prf_wipe(&prf);
}
END_TEST

START_TEST(shorter_outputs_are_prefixes)
{
    const vector *v = &kVectors[_i];
    fpl_prf prf;
    start(v, &prf);
    uint8_t seed[64];
    uint8_t expected[256];
    uint8_t out[256];
    size_t seed_len = unit_hex(v->seed, seed, sizeof(seed));
    size_t full = unit_hex(v->out, expected, sizeof(expected));
    for (size_t len = 0; len <= full; len++) {
        memset(out, 0xee, sizeof(out));
        ck_assert_int_eq(
            fpl_prf_expand(&prf, text(v->label), fpl_bytes_of(seed, seed_len), fpl_bytes_none(), out, len),
            FPL_STATUS_OK);
        if (len != 0) {
            ck_assert_mem_eq(out, expected, len);
        }
        ck_assert_uint_eq(out[len], 0xee);
    }
    fpl_prf_wipe(&prf);
}
END_TEST

START_TEST(takes_an_empty_secret)
{
    /* The key must be the empty one and not that of the context's last user. */
    fpl_prf prf;
    uint8_t out[16];
    ck_assert_int_eq(fpl_prf_init(&prf, FPL_HASH_SHA256, fpl_bytes_none()), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_prf_expand(&prf, text("a"), text("b"), fpl_bytes_none(), out, sizeof(out)),
                     FPL_STATUS_OK);
    unit_mem_is_hex(out, sizeof(out), "22bbb70c949d49e90e0ca6fb30ca3e17");
    fpl_prf_wipe(&prf);
}
END_TEST

START_TEST(refuses_strange_hashes)
{
    fpl_prf prf;
    ck_assert_int_eq(fpl_prf_init(&prf, 0, text("secret")), FPL_STATUS_INTERNAL);
    fpl_prf_wipe(&prf);
}
END_TEST

START_TEST(leaves_nothing_behind)
{
    static const fpl_prf kUnused;
    fpl_prf prf;
    start(&kVectors[0], &prf);
    fpl_prf_wipe(&prf);
    ck_assert_mem_eq(&prf, &kUnused, sizeof(prf));
}
END_TEST

static void tests(TCase *tc)
{
    int num = (int)(sizeof(kVectors) / sizeof(kVectors[0]));
    tcase_add_loop_test(tc, expands_as_published, 0, num);
    tcase_add_loop_test(tc, shorter_outputs_are_prefixes, 0, num);
    tcase_add_test(tc, takes_an_empty_secret);
    tcase_add_test(tc, refuses_strange_hashes);
    tcase_add_test(tc, leaves_nothing_behind);
}

UNIT_MAIN("crypto/prf", tests)
