/* record/mask13 against RFC 9001 appendix A, whose header protection is the same, and FIPS 197. */

#include "record/mask13.h"

#include "unit.h"

typedef struct vector {
    fpl_aead aead;
    const char *key;
    const char *sample;
    uint16_t mask;
} vector;

static const vector kVectors[] = {
    /* RFC 9001 appendices A.2, A.3 and A.5. */
    {FPL_AEAD_AES_128_GCM, "9f50449e04a0e810283a1e9933adedd2", "d1b1c98dd7689fb8ec11d242b123dc9b", 0x437b},
    {FPL_AEAD_AES_128_GCM, "c206b8d9b9f0f37644430b490eeaa314", "2cd0991cd25b0aac406a5816b6394100", 0x2ec0},
    {FPL_AEAD_CHACHA20_POLY1305, "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4",
     "5e5cd55c41f69080575d7999c25a5bfb", 0xaefe},
    /* FIPS 197 appendix C.3. */
    {FPL_AEAD_AES_256_GCM, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "00112233445566778899aabbccddeeff", 0x8ea2},
    /* RFC 8439 section 2.3.2: counter 1, and appendix A.1 #2: the same with zeros. */
    {FPL_AEAD_CHACHA20_POLY1305, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "01000000000000090000004a00000000", 0x10f1},
    {FPL_AEAD_CHACHA20_POLY1305, "0000000000000000000000000000000000000000000000000000000000000000",
     "01000000000000000000000000000000", 0x9f07},
};
#define NUM_VECTORS ((int)(sizeof(kVectors) / sizeof(kVectors[0])))

START_TEST(masks_as_published)
{
    const vector *v = &kVectors[_i];
    uint8_t key[FPL_AEAD_MAX_KEY_LEN];
    uint8_t sample[FPL_MASK13_SAMPLE_LEN];
    fpl_mask13 mask;
    size_t key_len = unit_hex(v->key, key, sizeof(key));
    unit_hex(v->sample, sample, sizeof(sample));
    ck_assert_int_eq(fpl_mask13_init(&mask, v->aead, fpl_bytes_of(key, key_len)), FPL_STATUS_OK);
    ck_assert_uint_eq(fpl_mask13_make(&mask, sample), v->mask);
    ck_assert_uint_eq(fpl_mask13_make(&mask, sample), v->mask);
    fpl_mask13_wipe(&mask);
}
END_TEST

START_TEST(depends_on_the_whole_sample)
{
    const vector *v = &kVectors[_i];
    uint8_t key[FPL_AEAD_MAX_KEY_LEN];
    uint8_t sample[FPL_MASK13_SAMPLE_LEN];
    fpl_mask13 mask;
    size_t key_len = unit_hex(v->key, key, sizeof(key));
    unit_hex(v->sample, sample, sizeof(sample));
    ck_assert_int_eq(fpl_mask13_init(&mask, v->aead, fpl_bytes_of(key, key_len)), FPL_STATUS_OK);
    for (size_t i = 0; i < sizeof(sample); i++) {
        sample[i] ^= 1;
        ck_assert_uint_ne(fpl_mask13_make(&mask, sample), v->mask);
        sample[i] ^= 1;
    }
    fpl_mask13_wipe(&mask);
}
END_TEST

START_TEST(refuses_strange_keys)
{
    static const uint8_t kKey[40] = {1};
    static const fpl_mask13 kUnused;
    for (fpl_aead aead = 0; aead < 10; aead++) {
        for (size_t len = 0; len <= sizeof(kKey); len++) {
            fpl_mask13 mask;
            bool right = len != 0 && len == fpl_aead_key_length(aead);
            ck_assert_int_eq(fpl_mask13_init(&mask, aead, fpl_bytes_of(kKey, len)),
                             right ? FPL_STATUS_OK : FPL_STATUS_INTERNAL);
            if (!right) {
                ck_assert_mem_eq(&mask, &kUnused, sizeof(mask));
            }
            fpl_mask13_wipe(&mask);
        }
    }
}
END_TEST

START_TEST(leaves_nothing_behind)
{ /* SC-06 */
    static const fpl_mask13 kUnused;
    static const uint8_t kKey[32] = {1};
    fpl_mask13 mask;
    ck_assert_int_eq(fpl_mask13_init(&mask, FPL_AEAD_AES_256_GCM, fpl_bytes_of(kKey, sizeof(kKey))),
                     FPL_STATUS_OK);
    fpl_mask13_wipe(&mask);
    ck_assert_mem_eq(&mask, &kUnused, sizeof(mask));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, masks_as_published, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, depends_on_the_whole_sample, 0, NUM_VECTORS);
    tcase_add_test(tc, refuses_strange_keys);
    tcase_add_test(tc, leaves_nothing_behind);
}

UNIT_MAIN("record/mask13", tests)
