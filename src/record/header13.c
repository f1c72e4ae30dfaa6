#include "record/header13.h"

#include "record/number.h"

#define FIXED_BITS 0x20
#define BIT_CONNECTION_ID 0x10
#define BIT_LONG_NUMBER 0x08
#define BIT_LENGTH 0x04
#define EPOCH_MASK 0x03
#define EPOCHS_OF_BITS 4 /* so far apart are epochs with the same bits */

static fpl_parse drop_rest(fpl_drop reason, size_t len, size_t *consumed, fpl_drop *why)
{
    *why = reason;
    *consumed = len;
    return FPL_PARSE_DROP_REST;
}

/* judge says what is wrong with a record whose extent is known. */
static fpl_drop judge(const fpl_record13 *record)
{
    if (record->body_len < FPL_RECORD13_MIN_CIPHERTEXT) {
        return FPL_DROP_TOO_SHORT;
    }
    return record->body_len > FPL_RECORD13_MAX_CIPHERTEXT ? FPL_DROP_TOO_LONG : FPL_DROP_NONE;
}

fpl_parse fpl_header13_parse(uint8_t *data, size_t len, fpl_record13 *out, size_t *consumed, fpl_drop *why)
{
    if (len == 0) {
        return drop_rest(FPL_DROP_TRUNCATED, len, consumed, why);
    }
    uint8_t first = data[0];
    if (!fpl_header13_begins(first) || (first & BIT_CONNECTION_ID) != 0) {
        return drop_rest(FPL_DROP_NOT_DTLS, len, consumed, why);
    }
    bool has_length = (first & BIT_LENGTH) != 0;
    uint8_t number_len = (first & BIT_LONG_NUMBER) != 0 ? 2 : 1;
    uint8_t header_len = (uint8_t)(1 + number_len + (has_length ? 2 : 0));
    if (len < header_len) {
        return drop_rest(FPL_DROP_TRUNCATED, len, consumed, why);
    }
    fpl_record13 record = {
        .header = data,
        .body = data + header_len,
        .body_len = has_length ? fpl_load_u16(data + 1 + number_len) : len - header_len,
        .header_len = header_len,
        .number_len = number_len,
        .epoch_bits = first & EPOCH_MASK,
    };
    if (record.body_len > len - header_len) {
        return drop_rest(FPL_DROP_TRUNCATED, len, consumed, why);
    }
    *consumed = header_len + record.body_len;
    *why = judge(&record);
    if (*why != FPL_DROP_NONE) {
        return FPL_PARSE_DROP_RECORD;
    }
    *out = record;
    return FPL_PARSE_OK;
}

void fpl_header13_write(uint8_t out[FPL_HEADER13_LEN], uint16_t epoch, uint64_t seq, uint16_t length)
{
    out[0] = (uint8_t)(FIXED_BITS | BIT_LONG_NUMBER | BIT_LENGTH | (epoch & EPOCH_MASK));
    fpl_store_u16(out + 1, (uint16_t)seq);
    fpl_store_u16(out + 3, length);
}

uint64_t fpl_header13_sequence(uint64_t next, uint16_t low, uint8_t number_len)
{
    uint64_t span = UINT64_C(1) << (8 * number_len);
    uint64_t half = span / 2;
    uint64_t seq = (next & ~(span - 1)) | low;
    if (seq > next && seq - next > half && seq >= span) {
        return seq - span;
    }
    if (seq < next && next - seq >= half && seq <= UINT64_MAX - span) {
        return seq + span;
    }
    return seq;
}

bool fpl_header13_epoch_back(uint16_t newest, uint8_t epoch_bits, uint16_t *out)
{
    uint16_t distance = (uint16_t)(newest - epoch_bits) & EPOCH_MASK;
    *out = (uint16_t)(newest - distance);
    return distance <= newest;
}

bool fpl_header13_epoch_ahead(uint16_t newest, uint8_t epoch_bits, uint16_t *out)
{
    uint16_t distance = (uint16_t)(epoch_bits - newest) & EPOCH_MASK;
    if (distance == 0) {
        distance = EPOCHS_OF_BITS;
    }
    *out = (uint16_t)(newest + distance);
    return distance <= UINT16_MAX - newest;
}
