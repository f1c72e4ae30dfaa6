#include "record/protect12.h"

#include <string.h>

#include "record/number.h"

#define AAD_LEN 13
#define NUMBER_OFFSET 3 /* of epoch and sequence number in a header */
#define NUMBER_LEN 8

/* make_nonce mixes `number` into the last bytes of the key's IV. For ChaCha20-Poly1305 this is RFC
 * 7905 section 2. A GCM key has its 4-byte salt and zeros there, which makes it the concatenation of
 * RFC 5288 section 3. */
static void make_nonce(const fpl_aead_key *key, const uint8_t *number, uint8_t out[FPL_AEAD_NONCE_LEN])
{
    memcpy(out, key->iv, FPL_AEAD_NONCE_LEN);
    uint8_t *tail = out + FPL_AEAD_NONCE_LEN - NUMBER_LEN;
    fpl_store_u64(tail, fpl_load_u64(tail) ^ fpl_load_u64(number));
}

/* make_aad is RFC 5246 section 6.2.3.3 with RFC 6347's 64-bit number: epoch and sequence number,
 * type, version, and the length of the plaintext. */
static void make_aad(const uint8_t *header, size_t plaintext_len, uint8_t out[AAD_LEN])
{
    memcpy(out, header + NUMBER_OFFSET, NUMBER_LEN);
    memcpy(out + NUMBER_LEN, header, NUMBER_OFFSET);
    fpl_store_u16(out + NUMBER_LEN + NUMBER_OFFSET, (uint16_t)plaintext_len);
}

size_t fpl_protect12_seal(const fpl_aead_key *key, fpl_content_type type, uint16_t epoch, uint64_t seq,
                          uint8_t *record, size_t len, size_t cap)
{
    size_t overhead = fpl_protect12_overhead(key);
    if (seq > FPL_RECORD_MAX_SEQ || len > FPL_RECORD_MAX_PLAINTEXT || cap < overhead + len) {
        return 0;
    }
    fpl_header12_write(record, type, FPL_RECORD_VERSION_DTLS12, epoch, seq,
                       (uint16_t)(overhead - FPL_HEADER12_LEN + len));
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    make_nonce(key, record + NUMBER_OFFSET, nonce);
    make_aad(record, len, aad);
    if (key->explicit_len == NUMBER_LEN) { /* the only other length is none */
        memcpy(record + FPL_HEADER12_LEN, record + NUMBER_OFFSET, NUMBER_LEN);
    }
    size_t prefix = FPL_HEADER12_LEN + (size_t)key->explicit_len;
    size_t sealed_len =
        fpl_aead_seal(key, nonce, fpl_bytes_of(aad, sizeof(aad)), record + prefix, len, cap - prefix);
    return sealed_len == 0 ? 0 : prefix + sealed_len;
}

fpl_drop fpl_protect12_open(const fpl_aead_key *key, const fpl_record12 *record, uint8_t **out,
                            size_t *out_len)
{
    size_t explicit_len = key->explicit_len;
    if (record->body_len < explicit_len + FPL_AEAD_TAG_LEN) {
        return FPL_DROP_TOO_SHORT;
    }
    size_t sealed_len = record->body_len - explicit_len;
    size_t plaintext_len = sealed_len - FPL_AEAD_TAG_LEN;
    if (plaintext_len > FPL_RECORD_MAX_PLAINTEXT) {
        return FPL_DROP_TOO_LONG;
    }
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    /* The peer is free in its choice of the explicit nonce: some draw it at random. */
    make_nonce(key, explicit_len == 0 ? record->header + NUMBER_OFFSET : record->body, nonce);
    make_aad(record->header, plaintext_len, aad);
    uint8_t *data = record->body + explicit_len;
    if (!fpl_aead_open(key, nonce, fpl_bytes_of(aad, sizeof(aad)), data, sealed_len, out_len)) {
        return FPL_DROP_FORGED;
    }
    *out = data;
    return FPL_DROP_NONE;
}
