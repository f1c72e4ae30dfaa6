/* crypto/aead against published vectors, and at its edges. */

#include "crypto/aead.h"

#include "unit.h"

typedef struct vector {
    fpl_aead aead;
    const char *key;
    const char *nonce;
    const char *ad;
    const char *plaintext;
    const char *sealed;
} vector;

static const vector kVectors[] = {
    /* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 4 and 16. */
    {FPL_AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc"
     "3221a5db94fae95ae7121a47"},
    {FPL_AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece"
     "0f4e1768cddf8853bb2d551b"},
    /* RFC 8439 section 2.8.2. */
    {FPL_AEAD_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060"
     "0691"},
};

typedef struct loaded {
    fpl_aead_key key;
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    uint8_t ad[32];
    size_t ad_len;
    uint8_t data[256];
    size_t len;
} loaded;

static void load(const vector *v, const char *data, loaded *out)
{
    uint8_t secret[FPL_AEAD_MAX_KEY_LEN];
    size_t secret_len = unit_hex(v->key, secret, sizeof(secret));
    unit_hex(v->nonce, out->nonce, sizeof(out->nonce));
    out->ad_len = unit_hex(v->ad, out->ad, sizeof(out->ad));
    out->len = unit_hex(data, out->data, sizeof(out->data));
    ck_assert_int_eq(fpl_aead_init(&out->key, v->aead, fpl_bytes_of(secret, secret_len), fpl_bytes_none()),
                     FPL_STATUS_OK);
}

START_TEST(seals_as_published)
{
    const vector *v = &kVectors[_i];
    loaded l;
    load(v, v->plaintext, &l);
    size_t len = fpl_aead_seal(&l.key, l.nonce, fpl_bytes_of(l.ad, l.ad_len), l.data, l.len, sizeof(l.data));
    unit_mem_is_hex(l.data, len, v->sealed);
    fpl_aead_wipe(&l.key);
}
END_TEST

START_TEST(opens_as_published)
{
    const vector *v = &kVectors[_i];
    loaded l;
    load(v, v->sealed, &l);
    size_t len;
    ck_assert(fpl_aead_open(&l.key, l.nonce, fpl_bytes_of(l.ad, l.ad_len), l.data, l.len, &len));
    unit_mem_is_hex(l.data, len, v->plaintext);
    fpl_aead_wipe(&l.key);
}
END_TEST

START_TEST(refuses_every_flipped_bit)
{
    const vector *v = &kVectors[_i];
    loaded l;
    load(v, v->sealed, &l);
    uint8_t kept[sizeof(l.data)];
    memcpy(kept, l.data, sizeof(kept));
    for (size_t bit = 0; bit < 8 * l.len; bit++) {
        size_t len;
        memcpy(l.data, kept, sizeof(kept));
        l.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert(!fpl_aead_open(&l.key, l.nonce, fpl_bytes_of(l.ad, l.ad_len), l.data, l.len, &len));
    }
    fpl_aead_wipe(&l.key);
}
END_TEST

START_TEST(wants_room_for_the_tag)
{
    const vector *v = &kVectors[_i];
    loaded l;
    load(v, v->plaintext, &l);
    fpl_bytes ad = fpl_bytes_of(l.ad, l.ad_len);
    size_t len = l.len;
    for (size_t cap = 0; cap < len + FPL_AEAD_TAG_LEN; cap++) {
        ck_assert_uint_eq(fpl_aead_seal(&l.key, l.nonce, ad, l.data, len, cap), 0);
        unit_mem_is_hex(l.data, len, v->plaintext);
    }
    ck_assert_uint_eq(fpl_aead_seal(&l.key, l.nonce, ad, l.data, len, len + FPL_AEAD_TAG_LEN),
                      len + FPL_AEAD_TAG_LEN);
    fpl_aead_wipe(&l.key);
}
END_TEST

START_TEST(refuses_what_is_shorter_than_a_tag)
{
    const vector *v = &kVectors[_i];
    loaded l;
    load(v, v->sealed, &l);
    for (size_t len = 0; len < FPL_AEAD_TAG_LEN; len++) {
        size_t out_len;
        ck_assert(!fpl_aead_open(&l.key, l.nonce, fpl_bytes_none(), l.data, len, &out_len));
    }
    fpl_aead_wipe(&l.key);
}
END_TEST

START_TEST(knows_its_lengths)
{
    ck_assert_uint_eq(fpl_aead_key_length(FPL_AEAD_AES_128_GCM), 16);
    ck_assert_uint_eq(fpl_aead_key_length(FPL_AEAD_AES_256_GCM), 32);
    ck_assert_uint_eq(fpl_aead_key_length(FPL_AEAD_CHACHA20_POLY1305), 32);
    ck_assert_uint_eq(fpl_aead_fixed_iv_length(FPL_AEAD_AES_128_GCM), 4);
    ck_assert_uint_eq(fpl_aead_fixed_iv_length(FPL_AEAD_CHACHA20_POLY1305), 12);
    ck_assert_uint_eq(fpl_aead_explicit_nonce_length(FPL_AEAD_AES_256_GCM), 8);
    ck_assert_uint_eq(fpl_aead_explicit_nonce_length(FPL_AEAD_CHACHA20_POLY1305), 0);
    ck_assert_uint_eq(fpl_aead_tag_length(FPL_AEAD_AES_128_GCM), 16);
    ck_assert_uint_eq(fpl_aead_key_length(0), 0);
    ck_assert_uint_eq(fpl_aead_fixed_iv_length(0), 0);
    ck_assert_uint_eq(fpl_aead_explicit_nonce_length(0), 0);
    ck_assert_uint_eq(fpl_aead_tag_length(0), 0);
}
END_TEST

START_TEST(agrees_with_the_registry)
{
    for (size_t i = 0; i < FPL_NUM_AEAD; i++) {
        const fpl_aead_row *row = &fpl_aead_rows[i];
        if (fpl_aead_key_length(row->value) == 0) {
            continue; /* of another version, or not here yet */
        }
        ck_assert_uint_eq(fpl_aead_key_length(row->value), row->key_length);
        ck_assert_uint_eq(fpl_aead_fixed_iv_length(row->value), row->fixed_iv_length);
        ck_assert_uint_eq(fpl_aead_explicit_nonce_length(row->value), row->record_iv_length);
        ck_assert_uint_eq(fpl_aead_tag_length(row->value), row->tag_length);
    }
}
END_TEST

START_TEST(refuses_keys_that_do_not_fit)
{
    static const uint8_t kZeros[64] = {0};
    static const fpl_aead_key kUnused;
    fpl_aead_key key;
    ck_assert_int_eq(fpl_aead_init(&key, 0, fpl_bytes_of(kZeros, 16), fpl_bytes_none()), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_aead_init(&key, FPL_AEAD_AES_128_GCM, fpl_bytes_of(kZeros, 32), fpl_bytes_none()),
                     FPL_STATUS_INTERNAL);
    ck_assert_int_eq(
        fpl_aead_init(&key, FPL_AEAD_AES_128_GCM, fpl_bytes_of(kZeros, 16), fpl_bytes_of(kZeros, 13)),
        FPL_STATUS_INTERNAL);
    ck_assert_mem_eq(&key, &kUnused, sizeof(key));
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(leaves_nothing_behind)
{
    static const fpl_aead_key kUnused;
    loaded l;
    load(&kVectors[_i], "", &l);
    fpl_aead_wipe(&l.key);
    ck_assert_mem_eq(&l.key, &kUnused, sizeof(kUnused));
}
END_TEST

static void tests(TCase *tc)
{
    int num = (int)(sizeof(kVectors) / sizeof(kVectors[0]));
    tcase_add_loop_test(tc, seals_as_published, 0, num);
    tcase_add_loop_test(tc, opens_as_published, 0, num);
    tcase_add_loop_test(tc, refuses_every_flipped_bit, 0, num);
    tcase_add_loop_test(tc, wants_room_for_the_tag, 0, num);
    tcase_add_loop_test(tc, refuses_what_is_shorter_than_a_tag, 0, num);
    tcase_add_loop_test(tc, leaves_nothing_behind, 0, num);
    tcase_add_test(tc, knows_its_lengths);
    tcase_add_test(tc, agrees_with_the_registry);
    tcase_add_test(tc, refuses_keys_that_do_not_fit);
}

UNIT_MAIN("crypto/aead", tests)
