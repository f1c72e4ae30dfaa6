/* crypto/kx against RFC 7748, RFC 5903 and Python's cryptography, and against shares that nobody
 * honest sends. Of X25519MLKEM768 there is more in test_crypto_kx_hybrid.c. */

#include "crypto/kx.h"

#include "unit.h"

#define P256_PUBLIC                                                                                          \
    "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"                                     \
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
#define P256_PEER                                                                                            \
    "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"                                     \
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
#define P384_PUBLIC                                                                                          \
    "04667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de"                                   \
    "3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f650321"                                   \
    "49e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c"
#define P384_PEER                                                                                            \
    "04e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d"                                   \
    "1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f66eebe"                                   \
    "3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c"

typedef struct vector {
    fpl_named_group group;
    const char *private_key;
    const char *public_key;
    const char *peer;
    const char *secret;
} vector;

static const vector kVectors[] = {
    /* RFC 7748 section 6.1: Bob's key, Alice's share. */
    {FPL_NAMED_GROUP_X25519, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    /* RFC 5903 section 8.1. */
    {FPL_NAMED_GROUP_SECP256R1, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
     P256_PUBLIC, P256_PEER, "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"},
    /* RFC 5903 section 8.2. */
    {FPL_NAMED_GROUP_SECP384R1,
     "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
     "e35b538041e649ee3faef896783ab194",
     P384_PUBLIC, P384_PEER,
     "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
     "d603135569b9e9d09cf5d4a270f59746"},
};
#define NUM_VECTORS ((int)(sizeof(kVectors) / sizeof(kVectors[0])))

/* tape plays bytes as random ones. */
typedef struct tape {
    uint8_t bytes[256];
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

static fpl_status generate(fpl_kx *kx, fpl_named_group group, const char *bytes)
{
    tape t = {.next = 0};
    t.len = unit_hex(bytes, t.bytes, sizeof(t.bytes));
    fpl_rng rng = {play, &t};
    return fpl_kx_generate(kx, group, &rng);
}

/* agree_bytes asserts that failures leave no secret. */
static fpl_kx_result agree_bytes(const fpl_kx *kx, fpl_bytes peer)
{
    uint8_t out[FPL_KX_MAX_SECRET_LEN];
    static const uint8_t kZeros[FPL_KX_MAX_SECRET_LEN];
    size_t len = 99;
    memset(out, 0xee, sizeof(out));
    fpl_kx_result result = fpl_kx_agree(kx, peer, out, &len);
    if (result != FPL_KX_OK) {
        ck_assert_uint_eq(len, 0);
        ck_assert_mem_eq(out, kZeros, sizeof(out));
    }
    return result;
}

static fpl_kx_result agree(const fpl_kx *kx, const char *peer)
{
    uint8_t share[FPL_KX_MAX_PUBLIC_LEN + 1];
    size_t len = unit_hex(peer, share, sizeof(share));
    return agree_bytes(kx, fpl_bytes_of(share, len));
}

START_TEST(agrees_as_published)
{
    const vector *v = &kVectors[_i];
    fpl_kx kx = {0};
    ck_assert_int_eq(generate(&kx, v->group, v->private_key), FPL_STATUS_OK);
    fpl_bytes share = fpl_kx_public(&kx);
    unit_mem_is_hex(share.data, share.len, v->public_key);
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN];
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t peer_len = unit_hex(v->peer, peer, sizeof(peer));
    size_t secret_len;
    ck_assert_int_eq(fpl_kx_agree(&kx, fpl_bytes_of(peer, peer_len), secret, &secret_len), FPL_KX_OK);
    unit_mem_is_hex(secret, secret_len, v->secret);
    ck_assert_uint_eq(secret_len, fpl_kx_secret_length(v->group));
    ck_assert_uint_eq(peer_len, fpl_kx_share_length(v->group, FPL_ROLE_CLIENT));
    ck_assert_uint_eq(peer_len, fpl_kx_share_length(v->group, FPL_ROLE_SERVER));
    fpl_kx_wipe(&kx);
}
END_TEST

/* answer_bytes asserts that failures leave neither secret nor share, and no answer its private half. */
static fpl_kx_result answer_bytes(fpl_kx *kx, fpl_named_group group, fpl_bytes peer, const fpl_rng *rng)
{
    static const fpl_kx kUnused;
    static const uint8_t kZeros[FPL_KX_MAX_SECRET_LEN];
    uint8_t out[FPL_KX_MAX_SECRET_LEN];
    size_t len = 99;
    memset(out, 0xee, sizeof(out));
    fpl_kx_result result = fpl_kx_respond(kx, group, peer, rng, out, &len);
    ck_assert_mem_eq(kx->private_key, kUnused.private_key, sizeof(kx->private_key));
    if (result != FPL_KX_OK) {
        ck_assert_uint_eq(len, 0);
        ck_assert_mem_eq(out, kZeros, sizeof(out));
        ck_assert_mem_eq(kx, &kUnused, sizeof(*kx));
    }
    return result;
}

/* The same keys, with the pair made and used in one call. */
START_TEST(answers_as_published)
{
    const vector *v = &kVectors[_i];
    fpl_kx kx = {0};
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN];
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    static const uint8_t kZeros[FPL_KX_MAX_PRIVATE_LEN];
    size_t secret_len;
    tape t = {.next = 0};
    t.len = unit_hex(v->private_key, t.bytes, sizeof(t.bytes));
    fpl_rng rng = {play, &t};
    fpl_bytes share = fpl_bytes_of(peer, unit_hex(v->peer, peer, sizeof(peer)));
    ck_assert_int_eq(fpl_kx_respond(&kx, v->group, share, &rng, secret, &secret_len), FPL_KX_OK);
    unit_mem_is_hex(secret, secret_len, v->secret);
    unit_mem_is_hex(fpl_kx_public(&kx).data, fpl_kx_public(&kx).len, v->public_key);
    ck_assert_mem_eq(kx.private_key, kZeros, sizeof(kZeros));
}
END_TEST

START_TEST(answers_no_share_of_another_length)
{
    const vector *v = &kVectors[_i];
    fpl_kx kx = {0};
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN + 1] = {0};
    size_t full = unit_hex(v->peer, peer, sizeof(peer));
    for (size_t len = 0; len <= full + 1; len++) {
        ck_assert_int_eq(answer_bytes(&kx, v->group, fpl_bytes_of(peer, len), NULL),
                         len == full ? FPL_KX_OK : FPL_KX_BAD_SHARE);
    }
}
END_TEST

/* HC-11, HC-12 */
START_TEST(answers_no_share_off_the_curve_or_of_small_order)
{
    fpl_kx kx = {0};
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN] = {1};
    ck_assert_int_eq(answer_bytes(&kx, FPL_NAMED_GROUP_X25519, fpl_bytes_of(peer, 32), NULL),
                     FPL_KX_BAD_SHARE);
    for (int i = 1; i < NUM_VECTORS; i++) {
        size_t len = unit_hex(kVectors[i].peer, peer, sizeof(peer));
        peer[len - 1] ^= 1;
        ck_assert_int_eq(answer_bytes(&kx, kVectors[i].group, fpl_bytes_of(peer, len), NULL),
                         FPL_KX_BAD_SHARE);
    }
}
END_TEST

START_TEST(answers_in_no_unknown_group_and_without_source)
{
    fpl_kx kx = {0};
    tape nothing = {.len = 0};
    fpl_rng rng = {play, &nothing};
    ck_assert_int_eq(answer_bytes(&kx, 0x0019, fpl_bytes_none(), NULL), FPL_KX_INTERNAL);
    ck_assert_int_eq(answer_bytes(&kx, 0, fpl_bytes_none(), NULL), FPL_KX_INTERNAL);
    for (int i = 0; i < NUM_VECTORS; i++) {
        uint8_t peer[FPL_KX_MAX_PUBLIC_LEN];
        size_t len = unit_hex(kVectors[i].peer, peer, sizeof(peer));
        ck_assert_int_eq(answer_bytes(&kx, kVectors[i].group, fpl_bytes_of(peer, len), &rng),
                         FPL_KX_INTERNAL);
    }
}
END_TEST

START_TEST(two_fresh_ends_agree)
{
    fpl_named_group group = kVectors[_i].group;
    fpl_kx a = {0};
    fpl_kx b = {0};
    ck_assert_int_eq(fpl_kx_generate(&a, group, NULL), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_kx_generate(&b, group, NULL), FPL_STATUS_OK);
    ck_assert_mem_ne(a.short_share, b.short_share, a.public_len);
    uint8_t from_a[FPL_KX_MAX_SECRET_LEN];
    uint8_t from_b[FPL_KX_MAX_SECRET_LEN];
    size_t len_a;
    size_t len_b;
    ck_assert_int_eq(fpl_kx_agree(&a, fpl_kx_public(&b), from_a, &len_a), FPL_KX_OK);
    ck_assert_int_eq(fpl_kx_agree(&b, fpl_kx_public(&a), from_b, &len_b), FPL_KX_OK);
    ck_assert_uint_eq(len_a, len_b);
    ck_assert_mem_eq(from_a, from_b, len_a);
    ck_assert_int_eq(fpl_kx_respond(&b, group, fpl_kx_public(&a), NULL, from_b, &len_b), FPL_KX_OK);
    ck_assert_int_eq(fpl_kx_agree(&a, fpl_kx_public(&b), from_a, &len_a), FPL_KX_OK);
    ck_assert_uint_eq(len_a, len_b);
    ck_assert_mem_eq(from_a, from_b, len_a);
    fpl_kx_wipe(&a);
    fpl_kx_wipe(&b);
}
END_TEST

START_TEST(refuses_wrong_lengths)
{
    const vector *v = &kVectors[_i];
    fpl_kx kx = {0};
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN + 1] = {0};
    size_t full = unit_hex(v->peer, peer, sizeof(peer));
    ck_assert_int_eq(generate(&kx, v->group, v->private_key), FPL_STATUS_OK);
    for (size_t len = 0; len <= full + 1; len++) {
        ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, len)),
                         len == full ? FPL_KX_OK : FPL_KX_BAD_SHARE);
    }
}
END_TEST

/* HC-11: a point with one wrong bit is off the curve, as good as always. */
START_TEST(refuses_points_off_the_curve)
{
    const vector *v = &kVectors[_i];
    fpl_kx kx = {0};
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN];
    size_t len = unit_hex(v->peer, peer, sizeof(peer));
    ck_assert_int_eq(generate(&kx, v->group, v->private_key), FPL_STATUS_OK);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        peer[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, len)), FPL_KX_BAD_SHARE);
        peer[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    peer[len - 1]++; /* y + 1 */
    ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, len)), FPL_KX_BAD_SHARE);
}
END_TEST

/* HC-11: x = 5 is on the curve; so would p + 5 be if it were reduced. */
START_TEST(refuses_coordinates_not_reduced)
{
    static const char kX5[] = "04"
                              "0000000000000000000000000000000000000000000000000000000000000005"
                              "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
    static const char kXp5[] = "04"
                               "ffffffff00000001000000000000000000000001000000000000000000000004"
                               "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
    fpl_kx kx = {0};
    ck_assert_int_eq(generate(&kx, FPL_NAMED_GROUP_SECP256R1, kVectors[1].private_key), FPL_STATUS_OK);
    ck_assert_int_eq(agree(&kx, kX5), FPL_KX_OK);
    ck_assert_int_eq(agree(&kx, kXp5), FPL_KX_BAD_SHARE);
}
END_TEST

START_TEST(refuses_other_forms_of_points)
{
    fpl_kx kx = {0};
    uint8_t peer[FPL_KX_MAX_PUBLIC_LEN];
    size_t len = unit_hex(P256_PEER, peer, sizeof(peer));
    ck_assert_int_eq(generate(&kx, FPL_NAMED_GROUP_SECP256R1, kVectors[1].private_key), FPL_STATUS_OK);
    /* Compressed, at its own length; hybrid; the point at infinity; and all forms there are. */
    peer[0] = 0x03;
    ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, 33)), FPL_KX_BAD_SHARE);
    ck_assert_int_eq(agree(&kx, "00"), FPL_KX_BAD_SHARE);
    for (unsigned form = 0; form < 256; form++) {
        peer[0] = (uint8_t)form;
        ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, len)), form == 4 ? FPL_KX_OK : FPL_KX_BAD_SHARE);
    }
    memset(peer, 0, sizeof(peer));
    ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, len)), FPL_KX_BAD_SHARE);
}
END_TEST

/* HC-12: every u of small order, reduced or not, with and without the bit that is ignored. */
START_TEST(refuses_low_order_inputs)
{
    static const char *const kLowOrder[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    fpl_kx kx = {0};
    ck_assert_int_eq(generate(&kx, FPL_NAMED_GROUP_X25519, kVectors[0].private_key), FPL_STATUS_OK);
    for (size_t i = 0; i < sizeof(kLowOrder) / sizeof(kLowOrder[0]); i++) {
        uint8_t peer[32];
        unit_hex(kLowOrder[i], peer, sizeof(peer));
        ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, 32)), FPL_KX_BAD_SHARE);
        peer[31] |= 0x80;
        ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_of(peer, 32)), FPL_KX_BAD_SHARE);
    }
}
END_TEST

START_TEST(refuses_unknown_groups_and_unused_keys)
{
    fpl_kx kx = {0};
    ck_assert_int_eq(fpl_kx_generate(&kx, 0, NULL), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_kx_generate(&kx, 0x0019, NULL), FPL_STATUS_INTERNAL);
    ck_assert_uint_eq(fpl_kx_share_length(0x0019, FPL_ROLE_CLIENT), 0);
    ck_assert_uint_eq(fpl_kx_share_length(0x0019, FPL_ROLE_SERVER), 0);
    ck_assert_uint_eq(fpl_kx_secret_length(0x0019), 0);
    ck_assert_int_eq(agree_bytes(&kx, fpl_bytes_none()), FPL_KX_INTERNAL);
}
END_TEST

START_TEST(reports_a_broken_source)
{
    fpl_kx kx = {0};
    static const fpl_kx kUnused;
    ck_assert_int_eq(generate(&kx, kVectors[_i].group, "00"), FPL_STATUS_INTERNAL);
    ck_assert_mem_eq(&kx, &kUnused, sizeof(kx));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, agrees_as_published, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, answers_as_published, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, answers_no_share_of_another_length, 0, NUM_VECTORS);
    tcase_add_test(tc, answers_no_share_off_the_curve_or_of_small_order);
    tcase_add_test(tc, answers_in_no_unknown_group_and_without_source);
    tcase_add_loop_test(tc, two_fresh_ends_agree, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, refuses_wrong_lengths, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, refuses_points_off_the_curve, 1, NUM_VECTORS);
    tcase_add_test(tc, refuses_coordinates_not_reduced);
    tcase_add_test(tc, refuses_other_forms_of_points);
    tcase_add_test(tc, refuses_low_order_inputs);
    tcase_add_test(tc, refuses_unknown_groups_and_unused_keys);
    tcase_add_loop_test(tc, reports_a_broken_source, 0, NUM_VECTORS);
}

UNIT_MAIN("crypto/kx", tests)
