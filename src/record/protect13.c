#include "record/protect13.h"

#include <stdbool.h>
#include <string.h>

#include "record/number.h"

#define NUMBER_OFFSET 1 /* in a header */
#define SEQ_LEN 8       /* of a nonce */
#define TYPE_LEN 1

/* make_nonce is RFC 8446 section 5.3; the epoch is no part of it. */
static void make_nonce(const fpl_aead_key *key, uint64_t seq, uint8_t out[FPL_AEAD_NONCE_LEN])
{
    memcpy(out, key->iv, FPL_AEAD_NONCE_LEN);
    uint8_t *tail = out + FPL_AEAD_NONCE_LEN - SEQ_LEN;
    fpl_store_u64(tail, fpl_load_u64(tail) ^ seq);
}

/* may_be_inside returns whether a protected record may be of `type`. */
static bool may_be_inside(uint8_t type)
{
    switch (type) {
    case FPL_CONTENT_TYPE_ALERT:
    case FPL_CONTENT_TYPE_HANDSHAKE:
    case FPL_CONTENT_TYPE_APPLICATION_DATA:
    case FPL_CONTENT_TYPE_ACK: return true;
    default: return false;
    }
}

/* unmask writes the header of `record` to `out` as it was before its number was masked, and returns
 * that number's octets. */
static uint16_t unmask(const fpl_mask13 *key, const fpl_record13 *record, uint8_t out[FPL_HEADER13_LEN])
{
    uint16_t mask = fpl_mask13_make(key, record->body);
    memcpy(out, record->header, record->header_len);
    uint8_t *number = out + NUMBER_OFFSET;
    if (record->number_len == 1) {
        number[0] ^= (uint8_t)(mask >> 8);
        return number[0];
    }
    fpl_store_u16(number, fpl_load_u16(number) ^ mask);
    return fpl_load_u16(number);
}

fpl_status fpl_protect13_init(fpl_protect13_key *key, const fpl_traffic_keys13 *keys)
{
    size_t key_len = fpl_aead_key_length(keys->aead);
    memset(key, 0, sizeof(*key));
    fpl_status status = fpl_mask13_init(&key->mask, keys->aead, fpl_bytes_of(keys->sn, key_len));
    if (status == FPL_STATUS_OK) {
        status = fpl_aead_init(&key->aead, keys->aead, fpl_bytes_of(keys->key, key_len),
                               fpl_bytes_of(keys->iv, sizeof(keys->iv)));
    }
    if (status != FPL_STATUS_OK) {
        fpl_protect13_wipe(key);
    }
    return status;
}

size_t fpl_protect13_seal(const fpl_protect13_key *key, fpl_content_type type, uint16_t epoch, uint64_t seq,
                          uint8_t *record, size_t len, size_t padding, size_t cap)
{
    if (!may_be_inside(type) || len > FPL_RECORD_MAX_PLAINTEXT || padding > FPL_RECORD_MAX_PLAINTEXT - len ||
        cap < FPL_PROTECT13_OVERHEAD + len + padding) {
        return 0;
    }
    uint8_t *inner = record + FPL_PROTECT13_PREFIX;
    size_t inner_len = len + TYPE_LEN + padding;
    inner[len] = type;
    memset(inner + len + TYPE_LEN, 0, padding);
    fpl_header13_write(record, epoch, seq, (uint16_t)(inner_len + FPL_AEAD_TAG_LEN));
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    make_nonce(&key->aead, seq, nonce);
    fpl_bytes aad = fpl_bytes_of(record, FPL_HEADER13_LEN);
    size_t sealed_len =
        fpl_aead_seal(&key->aead, nonce, aad, inner, inner_len, cap - FPL_PROTECT13_PREFIX);
    if (sealed_len == 0) {
        return 0;
    }
    uint8_t *number = record + NUMBER_OFFSET;
    fpl_store_u16(number, fpl_load_u16(number) ^ fpl_mask13_make(&key->mask, inner));
    return FPL_PROTECT13_PREFIX + sealed_len;
}

fpl_drop fpl_protect13_open(const fpl_protect13_key *key, const fpl_record13 *record, uint64_t next,
                            fpl_plain13 *out)
{
    if (record->body_len < FPL_AEAD_TAG_LEN) {
        return FPL_DROP_TOO_SHORT;
    }
    /* Padding counts (RFC 8446 section 5.4). */
    if (record->body_len - FPL_AEAD_TAG_LEN > FPL_RECORD_MAX_PLAINTEXT + TYPE_LEN) {
        return FPL_DROP_TOO_LONG;
    }
    uint8_t header[FPL_HEADER13_LEN];
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    uint16_t low = unmask(&key->mask, record, header);
    uint64_t seq = fpl_header13_sequence(next, low, record->number_len);
    make_nonce(&key->aead, seq, nonce);
    size_t inner_len;
    if (!fpl_aead_open(&key->aead, nonce, fpl_bytes_of(header, record->header_len), record->body,
                       record->body_len, &inner_len)) {
        return FPL_DROP_FORGED;
    }
    /* The type is the last octet that is not zero. */
    while (inner_len > 0 && record->body[inner_len - 1] == 0) {
        inner_len--;
    }
    if (inner_len == 0 || !may_be_inside(record->body[inner_len - 1])) {
        return FPL_DROP_TYPE;
    }
    *out = (fpl_plain13){
        .content = record->body,
        .len = inner_len - TYPE_LEN,
        .seq = seq,
        .type = record->body[inner_len - 1],
    };
    return FPL_DROP_NONE;
}

void fpl_protect13_wipe(fpl_protect13_key *key)
{
    fpl_aead_wipe(&key->aead);
    fpl_mask13_wipe(&key->mask);
}
