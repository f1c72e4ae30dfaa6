#ifndef FPL_TESTS_UNIT_RECORD13_MAKE_H
#define FPL_TESTS_UNIT_RECORD13_MAKE_H

/* Records of DTLS 1.3 as a peer may make them and we do not: other forms of header, strange insides. */

#include "record/number.h"
#include "record/protect13.h"
#include "unit.h"

#define UNIT_SHORT_NUMBER 0x20
#define UNIT_LONG_NUMBER 0x28
#define UNIT_WITH_LENGTH 0x04

/* unit_key13 is a key of `aead` made of bytes that count from `seed`. */
static inline void unit_key13(fpl_protect13_key *key, fpl_aead aead, uint8_t seed)
{
    fpl_traffic_keys13 keys = {.aead = aead};
    for (size_t i = 0; i < sizeof(keys.key); i++) {
        keys.key[i] = (uint8_t)(seed + i);
        keys.sn[i] = (uint8_t)(seed + 64 + i);
    }
    for (size_t i = 0; i < sizeof(keys.iv); i++) {
        keys.iv[i] = (uint8_t)(seed + 160 + i);
    }
    ck_assert_int_eq(fpl_protect13_init(key, &keys), FPL_STATUS_OK);
}

/* unit_record13 seals the `len` bytes of `inner`, content type and padding included, with a header of
 * `form` and returns the length of the record at `out`. */
static inline size_t unit_record13(const fpl_protect13_key *key, uint8_t form, uint16_t epoch, uint64_t seq,
                                   const uint8_t *inner, size_t len, uint8_t *out, size_t cap)
{
    bool is_long = (form & UNIT_LONG_NUMBER) == UNIT_LONG_NUMBER;
    size_t header_len = 1;
    out[0] = (uint8_t)(form | (epoch & 3));
    if (is_long) {
        out[header_len++] = (uint8_t)(seq >> 8);
    }
    out[header_len++] = (uint8_t)seq;
    if ((form & UNIT_WITH_LENGTH) != 0) {
        fpl_store_u16(out + header_len, (uint16_t)(len + FPL_AEAD_TAG_LEN));
        header_len += 2;
    }
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    memcpy(nonce, key->aead.iv, sizeof(nonce));
    fpl_store_u64(nonce + 4, fpl_load_u64(nonce + 4) ^ seq);
    uint8_t *body = out + header_len;
    if (len > 0) {
        memcpy(body, inner, len);
    }
    size_t sealed =
        fpl_aead_seal(&key->aead, nonce, fpl_bytes_of(out, header_len), body, len, cap - header_len);
    ck_assert_uint_eq(sealed, len + FPL_AEAD_TAG_LEN);
    uint16_t mask = fpl_mask13_make(&key->mask, body);
    out[1] ^= (uint8_t)(mask >> 8);
    if (is_long) {
        out[2] ^= (uint8_t)mask;
    }
    return header_len + sealed;
}

#endif /* FPL_TESTS_UNIT_RECORD13_MAKE_H */
