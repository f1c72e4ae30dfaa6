/* crypto/share: what may be computed with, told apart beforehand, and as crypto/kx sees it. */

#include "crypto/share.h"

#include "crypto/kx.h"
#include "unit.h"

static const fpl_role kEnds[] = {FPL_ROLE_CLIENT, FPL_ROLE_SERVER};

/* judge asks for both ends, between which these groups make no difference, and holds the answer against
 * what a server that simply goes on would find. */
static bool judge(fpl_named_group group, const uint8_t *share, size_t len)
{
    fpl_kx kx = {0};
    uint8_t secret[FPL_KX_MAX_SECRET_LEN];
    size_t secret_len;
    fpl_bytes view = fpl_bytes_of(share, len);
    bool good = fpl_share_well_formed(group, kEnds[0], view);
    ck_assert(fpl_share_well_formed(group, kEnds[1], view) == good);
    fpl_kx_result result = fpl_kx_respond(&kx, group, view, NULL, secret, &secret_len);
    ck_assert_int_eq(result, good ? FPL_KX_OK : FPL_KX_BAD_SHARE);
    return good;
}

static const fpl_named_group kGroups[] = {FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP256R1,
                                          FPL_NAMED_GROUP_SECP384R1};
#define NUM_GROUPS ((int)(sizeof(kGroups) / sizeof(kGroups[0])))

START_TEST(accepts_what_we_make)
{
    fpl_kx kx = {0};
    ck_assert_int_eq(fpl_kx_generate(&kx, kGroups[_i], NULL), FPL_STATUS_OK);
    ck_assert(judge(kGroups[_i], kx.short_share, kx.public_len));
}
END_TEST

START_TEST(refuses_other_lengths)
{
    fpl_kx kx = {0};
    uint8_t share[128] = {0};
    ck_assert_int_eq(fpl_kx_generate(&kx, kGroups[_i], NULL), FPL_STATUS_OK);
    memcpy(share, kx.short_share, kx.public_len);
    for (size_t len = 0; len <= sizeof(share); len++) {
        ck_assert(judge(kGroups[_i], share, len) == (len == kx.public_len));
    }
}
END_TEST

/* HC-11 */
START_TEST(refuses_points_off_the_curve_and_other_forms)
{
    fpl_kx kx = {0};
    ck_assert_int_eq(fpl_kx_generate(&kx, kGroups[_i], NULL), FPL_STATUS_OK);
    for (size_t at = 0; at < kx.public_len; at++) {
        kx.short_share[at] ^= 0x10;
        ck_assert(!judge(kGroups[_i], kx.short_share, kx.public_len));
        kx.short_share[at] ^= 0x10;
    }
    for (unsigned form = 0; form < 8; form++) {
        kx.short_share[0] = (uint8_t)form;
        ck_assert(judge(kGroups[_i], kx.short_share, kx.public_len) == (form == 4));
    }
}
END_TEST

/* HC-12: u = 0 and 1, their multiples of p beyond, and the points of order 8, with either top bit. */
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
    uint8_t share[32];
    for (size_t i = 0; i < sizeof(kLowOrder) / sizeof(kLowOrder[0]); i++) {
        unit_hex(kLowOrder[i], share, sizeof(share));
        ck_assert(!judge(FPL_NAMED_GROUP_X25519, share, 32));
        share[31] |= 0x80;
        ck_assert(!judge(FPL_NAMED_GROUP_X25519, share, 32));
        share[31] &= 0x7f;
        share[0] ^= 0x08; /* next to it, all is well */
        ck_assert(judge(FPL_NAMED_GROUP_X25519, share, 32));
    }
}
END_TEST

START_TEST(knows_no_other_groups)
{
    static const uint8_t kShare[133] = {4};
    ck_assert(!fpl_share_well_formed(0, FPL_ROLE_CLIENT, fpl_bytes_none()));
    ck_assert(!fpl_share_well_formed(FPL_NAMED_GROUP_SECP521R1, FPL_ROLE_CLIENT, fpl_bytes_of(kShare, 133)));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, accepts_what_we_make, 0, NUM_GROUPS);
    tcase_add_loop_test(tc, refuses_other_lengths, 0, NUM_GROUPS);
    tcase_add_loop_test(tc, refuses_points_off_the_curve_and_other_forms, 1, NUM_GROUPS);
    tcase_add_test(tc, refuses_low_order_inputs);
    tcase_add_test(tc, knows_no_other_groups);
}

UNIT_MAIN("crypto/share", tests)
