/* record/protect12 against records of browsers and of Python's cryptography, and against everything
 * that is none. */

#include "record/protect12.h"

#include "samples.h"
#include "unit.h"

#define KEY_16 "000102030405060708090a0b0c0d0e0f"
#define KEY_32 KEY_16 "101112131415161718191a1b1c1d1e1f"
#define TEXT "666c69676874706c616e207265636f7264" /* "flightplan record" */

typedef struct vector {
    fpl_aead aead;
    const char *key;
    const char *iv;
    fpl_content_type type;
    uint16_t epoch;
    uint64_t seq;
    const char *plaintext;
    const char *record;
} vector;

static const vector kVectors[] = {
    {FPL_AEAD_AES_128_GCM, KEY_16, "a0a1a2a3", 23, 1, 0x010203040506, TEXT,
     "17fefd0001010203040506002900010102030405065e211b5bf0583b39376f7e6869"
     "54ec3f1e57004bb8c6ae963c6cb88eb6c58ce007"},
    {FPL_AEAD_AES_256_GCM, KEY_32, "a0a1a2a3", 22, 2, 5, TEXT,
     "16fefd0002000000000005002900020000000000057009e28d37427791f656266c85"
     "00cbc6a5d9a90049579305935c656244a0daed27"},
    {FPL_AEAD_CHACHA20_POLY1305, KEY_32, "a0a1a2a3a4a5a6a7a8a9aaab", 23, 1, 0x010203040506, TEXT,
     "17fefd000101020304050600218b94f1c355424461e388d04ef320177f555ea9950c"
     "23152c890b441ac49aed3395"},
    /* The two Finished of the captured handshake; the explicit nonce is epoch and number. */
    {FPL_AEAD_AES_128_GCM, "0309440d23b6ddf74781791fe1bdcd10", "963aa1af", 22, 1, 0,
     CAPTURE_CLIENT_FINISHED_PLAIN, CAPTURE_CLIENT_FINISHED},
    {FPL_AEAD_AES_128_GCM, "8e0b02981a1a30f84f32791c5d2d0a00", "8ea26847", 22, 1, 0,
     CAPTURE_SERVER_FINISHED_PLAIN, CAPTURE_SERVER_FINISHED},
};
#define NUM_VECTORS ((int)(sizeof(kVectors) / sizeof(kVectors[0])))

static void load_key(const vector *v, fpl_aead_key *key)
{
    uint8_t secret[FPL_AEAD_MAX_KEY_LEN];
    uint8_t iv[FPL_AEAD_NONCE_LEN];
    size_t secret_len = unit_hex(v->key, secret, sizeof(secret));
    size_t iv_len = unit_hex(v->iv, iv, sizeof(iv));
    ck_assert_int_eq(fpl_aead_init(key, v->aead, fpl_bytes_of(secret, secret_len), fpl_bytes_of(iv, iv_len)),
                     FPL_STATUS_OK);
}

/* open_bytes parses and opens a datagram of one record, and asserts the plaintext if it opens. */
static fpl_drop open_bytes(const fpl_aead_key *key, uint8_t *data, size_t len, const char *plaintext)
{
    fpl_record12 record;
    size_t consumed;
    fpl_drop why;
    if (fpl_header12_parse(data, len, &record, &consumed, &why) != FPL_PARSE_OK) {
        return why;
    }
    uint8_t *out;
    size_t out_len;
    why = fpl_protect12_open(key, &record, &out, &out_len);
    if (why == FPL_DROP_NONE) {
        ck_assert(out >= data);
        ck_assert(out + out_len <= data + len);
        unit_mem_is_hex(out, out_len, plaintext);
    }
    return why;
}

START_TEST(opens_records_of_others)
{
    const vector *v = &kVectors[_i];
    fpl_aead_key key;
    uint8_t data[256];
    size_t len = unit_hex(v->record, data, sizeof(data));
    load_key(v, &key);
    ck_assert_int_eq(open_bytes(&key, data, len, v->plaintext), FPL_DROP_NONE);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(seals_as_others_do)
{
    const vector *v = &kVectors[_i];
    fpl_aead_key key;
    uint8_t data[256];
    load_key(v, &key);
    size_t prefix = fpl_protect12_prefix(&key);
    size_t text_len = unit_hex(v->plaintext, data + prefix, 100);
    size_t overhead = fpl_protect12_overhead(&key);
    ck_assert_uint_eq(prefix, v->aead == FPL_AEAD_CHACHA20_POLY1305 ? 13 : 21);
    ck_assert_uint_eq(overhead, prefix + 16);
    /* One byte less is refused. */
    ck_assert_uint_eq(
        fpl_protect12_seal(&key, v->type, v->epoch, v->seq, data, text_len, overhead + text_len - 1), 0);
    size_t len = fpl_protect12_seal(&key, v->type, v->epoch, v->seq, data, text_len, overhead + text_len);
    unit_mem_is_hex(data, len, v->record);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(opens_with_the_peers_explicit_nonce)
{
    fpl_aead_key key;
    uint8_t data[256];
    size_t len = unit_hex("17fefd00010000000000090029c0ffee0011223344813726cef83e486b358e0c6f9d"
                          "ac4396328eccc16d937e925b2d7f7594488bc9b7",
                          data, sizeof(data));
    load_key(&kVectors[0], &key);
    ck_assert_int_eq(open_bytes(&key, data, len, TEXT), FPL_DROP_NONE);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(drops_every_flipped_bit)
{ /* RL-23, RL-25 */
    const vector *v = &kVectors[_i];
    fpl_aead_key key;
    uint8_t kept[256];
    uint8_t data[256];
    load_key(v, &key);
    size_t len = unit_hex(v->record, kept, sizeof(kept));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(data, kept, len);
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert_int_ne(open_bytes(&key, data, len, ""), FPL_DROP_NONE);
    }
    memcpy(data, kept, len);
    ck_assert_int_eq(open_bytes(&key, data, len, v->plaintext), FPL_DROP_NONE);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(drops_what_is_too_short)
{ /* RL-20 */
    const vector *v = &kVectors[_i];
    fpl_aead_key key;
    load_key(v, &key);
    size_t least = fpl_protect12_overhead(&key) - FPL_HEADER12_LEN;
    for (size_t len = 0; len <= least + 4; len++) {
        uint8_t *data = calloc(1, FPL_HEADER12_LEN + len);
        fpl_header12_write(data, v->type, FPL_RECORD_VERSION_DTLS12, 1, 0, (uint16_t)len);
        ck_assert_int_eq(open_bytes(&key, data, FPL_HEADER12_LEN + len, ""),
                         len < least ? FPL_DROP_TOO_SHORT : FPL_DROP_FORGED);
        free(data);
    }
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(carries_nothing_and_the_most)
{ /* RL-19 */
    static uint8_t data[FPL_RECORD_MAX_PLAINTEXT + 64];
    const vector *v = &kVectors[_i];
    fpl_aead_key key;
    load_key(v, &key);
    static const size_t kLens[] = {0, 1, FPL_RECORD_MAX_PLAINTEXT};
    for (size_t i = 0; i < 3; i++) {
        memset(data, 0x5a, sizeof(data));
        size_t len = fpl_protect12_seal(&key, 23, 1, i, data, kLens[i], sizeof(data));
        ck_assert_uint_eq(len, kLens[i] + fpl_protect12_overhead(&key));
        fpl_record12 record;
        size_t consumed;
        fpl_drop why;
        uint8_t *out;
        size_t out_len;
        ck_assert_int_eq(fpl_header12_parse(data, len, &record, &consumed, &why), FPL_PARSE_OK);
        ck_assert_int_eq(fpl_protect12_open(&key, &record, &out, &out_len), FPL_DROP_NONE);
        ck_assert_uint_eq(out_len, kLens[i]);
        for (size_t j = 0; j < out_len; j++) {
            ck_assert_uint_eq(out[j], 0x5a);
        }
    }
    ck_assert_uint_eq(fpl_protect12_seal(&key, 23, 1, 9, data, FPL_RECORD_MAX_PLAINTEXT + 1, sizeof(data)),
                      0);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(drops_an_authentic_record_that_is_too_long)
{ /* RL-19 */
    static uint8_t data[FPL_RECORD_MAX_PLAINTEXT + 64];
    const vector *v = &kVectors[_i];
    fpl_aead_key key;
    load_key(v, &key);
    size_t body_len = FPL_RECORD_MAX_PLAINTEXT + 1 + fpl_protect12_overhead(&key) - FPL_HEADER12_LEN;
    fpl_header12_write(data, 23, FPL_RECORD_VERSION_DTLS12, 1, 0, (uint16_t)body_len);
    ck_assert_int_eq(open_bytes(&key, data, FPL_HEADER12_LEN + body_len, ""), FPL_DROP_TOO_LONG);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(refuses_numbers_beyond_48_bits)
{
    fpl_aead_key key;
    uint8_t data[64];
    load_key(&kVectors[0], &key);
    ck_assert_uint_ne(fpl_protect12_seal(&key, 23, 1, FPL_RECORD_MAX_SEQ, data, 1, sizeof(data)), 0);
    ck_assert_uint_eq(fpl_protect12_seal(&key, 23, 1, FPL_RECORD_MAX_SEQ + 1, data, 1, sizeof(data)), 0);
    fpl_aead_wipe(&key);
}
END_TEST

START_TEST(plaintext_has_only_a_header)
{
    ck_assert_uint_eq(fpl_protect12_prefix(NULL), FPL_HEADER12_LEN);
    ck_assert_uint_eq(fpl_protect12_overhead(NULL), FPL_HEADER12_LEN);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, opens_records_of_others, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, seals_as_others_do, 0, 3);
    tcase_add_test(tc, opens_with_the_peers_explicit_nonce);
    tcase_add_loop_test(tc, drops_every_flipped_bit, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, drops_what_is_too_short, 0, 3);
    tcase_add_loop_test(tc, carries_nothing_and_the_most, 0, 3);
    tcase_add_loop_test(tc, drops_an_authentic_record_that_is_too_long, 0, 3);
    tcase_add_test(tc, refuses_numbers_beyond_48_bits);
    tcase_add_test(tc, plaintext_has_only_a_header);
}

UNIT_MAIN("record/protect12", tests)
