/* record/protect13 against records that Python's cryptography made, and against everything that is
 * none. The captures of browsers have a test of their own, test_captures13.c. */

#include "record/protect13.h"

#include "record13_make.h"
#include "unit.h"

#define TEXT "666c69676874706c616e207265636f7264" /* "flightplan record" */

typedef struct vector {
    fpl_aead aead;
    uint16_t epoch;
    uint64_t seq;
    fpl_content_type type;
    const char *content;
    size_t padding;
    bool form_is_ours;
    const char *record;
} vector;

/* The keys are those of unit_key13 with seed 0. */
static const vector kVectors[] = {
    {FPL_AEAD_AES_128_GCM, 3, 0x123, 23, TEXT, 0, true,
     "2f8d1c0022e00649a8ff9578794b4f85a2ce40374e57dbdec9f9bba18fd33157ca602683e3dd66"},
    {FPL_AEAD_AES_128_GCM, 2, 0xfffe, 22, TEXT, 3, true,
     "2ec67f00254dcfe08a61c8d46c592ea55e1192dc7b58498e5f087117eeeb0e119b61b1073a1511ad1d0a"},
    {FPL_AEAD_AES_128_GCM, 4661, 0x10203040506, 26, "", 0, true,
     "2de9c5001198f108730674443ebb07de3cb710621a37"},
    {FPL_AEAD_AES_128_GCM, 3, 0x1ff, 21, TEXT, 0, false,
     "27cd0022b4b3f0233d9fe204661e8e5f5aa8decbae0f9025180ff4d347724d90db6a4ecb8443"},
    {FPL_AEAD_AES_128_GCM, 6, 0x1ffff, 23, TEXT, 1, false,
     "2a49317efdd36cd989618d37ff7f6d792906e5a0a52f12ce5363ef91e8c622c23429a7b708f9"},
    {FPL_AEAD_AES_128_GCM, 3, 0x80, 23, TEXT, 0, false,
     "23ddc43118aa2c075b25ba3b5ec589b3e44bd9e29d4839d36a76a74b6c8992118efc63b0"},
    {FPL_AEAD_AES_256_GCM, 3, 0x123, 23, TEXT, 0, true,
     "2f4732002292b98f3e7a58f42ff75d9ab23df1dc9ab340d61a931603dd141054778651ce13422f"},
    {FPL_AEAD_AES_256_GCM, 2, 0xfffe, 22, TEXT, 3, true,
     "2e3b8c002520fb03fa0505f38426a76de7b7c6b7a8e14212567e446e8eca549bd1fdcbd227459e7e9905"},
    {FPL_AEAD_AES_256_GCM, 4661, 0x10203040506, 26, "", 0, true,
     "2dcf90001115f6e82b7bf6b12fb42ea7e0d1209c2b38"},
    {FPL_AEAD_AES_256_GCM, 3, 0x1ff, 21, TEXT, 0, false,
     "2762002270c30d6183f7bf63559d24d26a855e9f2695cf30749187074fd8afe41b917d24849f"},
    {FPL_AEAD_AES_256_GCM, 6, 0x1ffff, 23, TEXT, 1, false,
     "2ab4ad88f302177690f66dc8601f00bd02f3775d75a0f7d38fbad86e9cbe39286264c338801c"},
    {FPL_AEAD_AES_256_GCM, 3, 0x80, 23, TEXT, 0, false,
     "23cc413e4aacf08584a383cc6c52268153a37f3870a498198f8e5b75facc60654fa7cd5d"},
    {FPL_AEAD_CHACHA20_POLY1305, 3, 0x123, 23, TEXT, 0, true,
     "2fd53c00224fede3e91f4dff995365f6c14379e27b003705495a0942e814867da8eee85bc14913"},
    {FPL_AEAD_CHACHA20_POLY1305, 2, 0xfffe, 22, TEXT, 3, true,
     "2e4e0400250f5c6b880926a11fb5174f2cc6f358b1bed23f66015646bf27af94b9a7bd99be9ca7a3be10"},
    {FPL_AEAD_CHACHA20_POLY1305, 4661, 0x10203040506, 26, "", 0, true,
     "2dc1d10011cfb473c56a1d3389110212b280989584f2"},
    {FPL_AEAD_CHACHA20_POLY1305, 3, 0x1ff, 21, TEXT, 0, false,
     "27450022507e7fe492682b2853bc202a2ef96ceed39af03b1722362aab6f797b745bb13c1c52"},
    {FPL_AEAD_CHACHA20_POLY1305, 6, 0x1ffff, 23, TEXT, 1, false,
     "2a7ed2a6d4dd07016977b198c11b6b25ac03e36ca1e18c3fa9329b1f1d4fac40dc4cd611051e"},
    {FPL_AEAD_CHACHA20_POLY1305, 3, 0x80, 23, TEXT, 0, false,
     "238149c2fba68b9a0f48291102e55a786ade11ea58dcb43f17f0d82675feed6c3092c914"},
};
#define NUM_VECTORS ((int)(sizeof(kVectors) / sizeof(kVectors[0])))
#define VECTORS_PER_AEAD (NUM_VECTORS / 3)

/* open_bytes parses and opens a datagram of one record and asserts what is in it, if it opens. */
static fpl_drop open_bytes(const fpl_protect13_key *key, uint8_t *data, size_t len, uint64_t next,
                           const vector *v)
{
    fpl_record13 record;
    size_t consumed;
    fpl_drop why;
    if (fpl_header13_parse(data, len, &record, &consumed, &why) != FPL_PARSE_OK) {
        return why;
    }
    fpl_plain13 plain;
    why = fpl_protect13_open(key, &record, next, &plain);
    if (why == FPL_DROP_NONE) {
        ck_assert_ptr_eq(plain.content, record.body);
        ck_assert_uint_eq(plain.seq, v->seq);
        ck_assert_int_eq(plain.type, v->type);
        unit_mem_is_hex(plain.content, plain.len, v->content);
    }
    return why;
}

START_TEST(opens_records_of_others)
{
    const vector *v = &kVectors[_i];
    static const uint64_t kOff[] = {0, 1, 100, 127};
    fpl_protect13_key key;
    unit_key13(&key, v->aead, 0);
    for (size_t i = 0; i < 4; i++) {
        uint8_t data[256];
        uint8_t before[256];
        size_t len = unit_hex(v->record, data, sizeof(data));
        memcpy(before, data, len);
        ck_assert_int_eq(open_bytes(&key, data, len, v->seq + kOff[i], v), FPL_DROP_NONE);
        /* The header stays as it came. */
        ck_assert_mem_eq(data, before, 2);
        len = unit_hex(v->record, data, sizeof(data));
        ck_assert_int_eq(open_bytes(&key, data, len, v->seq - kOff[i], v), FPL_DROP_NONE);
    }
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(seals_as_others_do)
{
    const vector *v = &kVectors[_i];
    fpl_protect13_key key;
    uint8_t data[256];
    unit_key13(&key, v->aead, 0);
    size_t len = unit_hex(v->content, data + FPL_PROTECT13_PREFIX, 100);
    size_t need = FPL_PROTECT13_OVERHEAD + len + v->padding;
    /* One byte less is refused. */
    ck_assert_uint_eq(fpl_protect13_seal(&key, v->type, v->epoch, v->seq, data, len, v->padding, need - 1), 0);
    unit_hex(v->content, data + FPL_PROTECT13_PREFIX, 100);
    size_t sealed = fpl_protect13_seal(&key, v->type, v->epoch, v->seq, data, len, v->padding, need);
    ck_assert_uint_eq(sealed, need);
    if (v->form_is_ours) {
        unit_mem_is_hex(data, sealed, v->record);
    }
    ck_assert_int_eq(open_bytes(&key, data, sealed, v->seq, v), FPL_DROP_NONE);
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(writes_nothing_beyond_its_room)
{
    enum { kLen = 20, kPadding = 40, kNeed = kLen + kPadding + FPL_PROTECT13_OVERHEAD };
    fpl_protect13_key key;
    uint8_t data[kNeed + 1];
    unit_key13(&key, FPL_AEAD_AES_128_GCM, 0);
    for (size_t cap = FPL_PROTECT13_PREFIX + kLen; cap <= kNeed; cap++) {
        memset(data, 0xee, sizeof(data));
        size_t len = fpl_protect13_seal(&key, 23, 3, 0, data, kLen, kPadding, cap);
        ck_assert_uint_eq(len, cap < kNeed ? 0 : kNeed);
        for (size_t i = cap; i < sizeof(data); i++) {
            ck_assert_uint_eq(data[i], 0xee);
        }
    }
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(adds_22_octets)
{
    ck_assert_uint_eq(FPL_PROTECT13_OVERHEAD, 22);
}
END_TEST

START_TEST(drops_every_flipped_bit)
{ /* RL-23, RL-25 */
    const vector *v = &kVectors[_i];
    fpl_protect13_key key;
    uint8_t kept[256];
    uint8_t data[256];
    unit_key13(&key, v->aead, 0);
    size_t len = unit_hex(v->record, kept, sizeof(kept));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(data, kept, len);
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert_int_ne(open_bytes(&key, data, len, v->seq, v), FPL_DROP_NONE);
    }
    memcpy(data, kept, len);
    ck_assert_int_eq(open_bytes(&key, data, len, v->seq, v), FPL_DROP_NONE);
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(opens_only_near_its_number)
{
    const vector *v = &kVectors[_i * VECTORS_PER_AEAD];
    fpl_protect13_key key;
    uint8_t data[256];
    unit_key13(&key, v->aead, 0);
    size_t len = unit_hex(v->record, data, sizeof(data));
    ck_assert_int_eq(open_bytes(&key, data, len, v->seq + 65536, v), FPL_DROP_FORGED);
    fpl_protect13_wipe(&key);
}
END_TEST

static const fpl_aead kAeads[] = {FPL_AEAD_AES_128_GCM, FPL_AEAD_AES_256_GCM, FPL_AEAD_CHACHA20_POLY1305};

START_TEST(drops_what_has_no_content_type)
{ /* RL-21: authentic, and nothing or only zeros inside. What lies in front is the length, which must
   * not be taken for a type either: 21 to 23 and 26 are among the low octets, 0x1700 has a high one. */
    static const uint8_t kZeros[0x1700 - FPL_AEAD_TAG_LEN];
    static const size_t kLens[] = {0, 1, 2, 5, 6, 7, 10, 16, 600, sizeof(kZeros)};
    fpl_protect13_key key;
    static uint8_t data[0x1700 + FPL_HEADER13_LEN];
    unit_key13(&key, kAeads[_i], 0);
    for (size_t i = 0; i < sizeof(kLens) / sizeof(kLens[0]); i++) {
        size_t len = unit_record13(&key, UNIT_LONG_NUMBER | UNIT_WITH_LENGTH, 3, 7, kZeros, kLens[i], data,
                                   sizeof(data));
        ck_assert_int_eq(open_bytes(&key, data, len, 7, NULL), FPL_DROP_TYPE);
    }
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(drops_what_may_not_be_inside)
{ /* RFC 9147 section 4.1: change_cipher_spec and plaintext's other types are not for here */
    fpl_protect13_key key;
    uint8_t data[64];
    unit_key13(&key, kAeads[_i], 0);
    for (unsigned type = 1; type < 256; type++) {
        uint8_t inner[3] = {'a', (uint8_t)type, 0};
        vector v = {.seq = 7, .type = (uint8_t)type, .content = "61"};
        size_t len = unit_record13(&key, UNIT_LONG_NUMBER, 3, 7, inner, sizeof(inner), data, sizeof(data));
        bool fine = type == 21 || type == 22 || type == 23 || type == 26;
        ck_assert_int_eq(open_bytes(&key, data, len, 7, &v), fine ? FPL_DROP_NONE : FPL_DROP_TYPE);
        data[FPL_PROTECT13_PREFIX] = 'a';
        len = fpl_protect13_seal(&key, (uint8_t)type, 3, 7, data, 1, 0, sizeof(data));
        ck_assert_int_eq(len != 0, fine);
    }
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(drops_what_is_too_short)
{ /* RL-12: no bit is read that is not there */
    fpl_protect13_key key;
    unit_key13(&key, kAeads[_i], 0);
    for (size_t body_len = 0; body_len < 20; body_len++) {
        uint8_t *data = calloc(1, FPL_HEADER13_LEN + body_len);
        fpl_header13_write(data, 3, 0, (uint16_t)body_len);
        ck_assert_int_eq(open_bytes(&key, data, FPL_HEADER13_LEN + body_len, 0, NULL),
                         body_len < 16 ? FPL_DROP_TOO_SHORT : FPL_DROP_FORGED);
        free(data);
    }
    /* Nor by a caller who did not parse. */
    uint8_t body[15] = {0};
    fpl_record13 record = {.header = body, .body = body, .body_len = 15, .header_len = 2, .number_len = 1};
    fpl_plain13 plain;
    ck_assert_int_eq(fpl_protect13_open(&key, &record, 0, &plain), FPL_DROP_TOO_SHORT);
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(carries_nothing_and_the_most)
{ /* RL-19 */
    static uint8_t data[FPL_RECORD_MAX_PLAINTEXT + 64];
    static const size_t kLens[][2] = {{0, 0},
                                      {1, 0},
                                      {0, FPL_RECORD_MAX_PLAINTEXT},
                                      {FPL_RECORD_MAX_PLAINTEXT, 0},
                                      {FPL_RECORD_MAX_PLAINTEXT - 5, 5}};
    fpl_protect13_key key;
    unit_key13(&key, kAeads[_i], 0);
    for (size_t i = 0; i < 5; i++) {
        memset(data, 0x5a, sizeof(data));
        size_t len = fpl_protect13_seal(&key, 23, 3, i, data, kLens[i][0], kLens[i][1], sizeof(data));
        ck_assert_uint_eq(len, kLens[i][0] + kLens[i][1] + FPL_PROTECT13_OVERHEAD);
        ck_assert_uint_eq(data[len], 0x5a);
        fpl_record13 record;
        size_t consumed;
        fpl_drop why;
        fpl_plain13 plain;
        ck_assert_int_eq(fpl_header13_parse(data, len, &record, &consumed, &why), FPL_PARSE_OK);
        ck_assert_int_eq(fpl_protect13_open(&key, &record, 0, &plain), FPL_DROP_NONE);
        ck_assert_uint_eq(plain.len, kLens[i][0]);
        ck_assert_uint_eq(plain.seq, i);
        for (size_t j = 0; j < plain.len; j++) {
            ck_assert_uint_eq(plain.content[j], 0x5a);
        }
    }
    ck_assert_uint_eq(
        fpl_protect13_seal(&key, 23, 3, 9, data, FPL_RECORD_MAX_PLAINTEXT + 1, 0, sizeof(data)), 0);
    ck_assert_uint_eq(fpl_protect13_seal(&key, 23, 3, 9, data, FPL_RECORD_MAX_PLAINTEXT, 1, sizeof(data)), 0);
    ck_assert_uint_eq(fpl_protect13_seal(&key, 23, 3, 9, data, 1, SIZE_MAX, sizeof(data)), 0);
    ck_assert_uint_eq(fpl_protect13_seal(&key, 23, 3, 9, data, SIZE_MAX, 1, sizeof(data)), 0);
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(drops_an_authentic_record_that_is_too_long)
{ /* RL-19: a content of 2^14 + 1, and one of 2^14 with one zero of padding */
    static uint8_t inner[FPL_RECORD_MAX_PLAINTEXT + 2];
    static uint8_t data[FPL_RECORD_MAX_PLAINTEXT + 64];
    fpl_protect13_key key;
    unit_key13(&key, kAeads[_i], 0);
    for (size_t padding = 0; padding < 2; padding++) {
        memset(inner, 0x5a, sizeof(inner));
        memset(inner + sizeof(inner) - padding, 0, padding);
        inner[sizeof(inner) - padding - 1] = 23;
        size_t len = unit_record13(&key, UNIT_LONG_NUMBER | UNIT_WITH_LENGTH, 3, 7, inner, sizeof(inner),
                                   data, sizeof(data));
        ck_assert_int_eq(open_bytes(&key, data, len, 7, NULL), FPL_DROP_TOO_LONG);
    }
    fpl_protect13_wipe(&key);
}
END_TEST

START_TEST(leaves_nothing_behind)
{ /* SC-06 */
    static const fpl_protect13_key kUnused;
    fpl_protect13_key key;
    unit_key13(&key, kAeads[_i], 1);
    fpl_protect13_wipe(&key);
    ck_assert_mem_eq(&key, &kUnused, sizeof(key));
    fpl_traffic_keys13 strange = {.aead = FPL_AEAD_NONE};
    ck_assert_int_eq(fpl_protect13_init(&key, &strange), FPL_STATUS_INTERNAL);
    ck_assert_mem_eq(&key, &kUnused, sizeof(key));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, opens_records_of_others, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, seals_as_others_do, 0, NUM_VECTORS);
    tcase_add_test(tc, writes_nothing_beyond_its_room);
    tcase_add_test(tc, adds_22_octets);
    tcase_add_loop_test(tc, drops_every_flipped_bit, 0, NUM_VECTORS);
    tcase_add_loop_test(tc, opens_only_near_its_number, 0, 3);
    tcase_add_loop_test(tc, drops_what_has_no_content_type, 0, 3);
    tcase_add_loop_test(tc, drops_what_may_not_be_inside, 0, 3);
    tcase_add_loop_test(tc, drops_what_is_too_short, 0, 3);
    tcase_add_loop_test(tc, carries_nothing_and_the_most, 0, 3);
    tcase_add_loop_test(tc, drops_an_authentic_record_that_is_too_long, 0, 3);
    tcase_add_loop_test(tc, leaves_nothing_behind, 0, 3);
}

UNIT_MAIN("record/protect13", tests)
