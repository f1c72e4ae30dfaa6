#include "record/header12.h"

#include <stdbool.h>

#include "record/number.h"

/* What RFC 7983 section 7 leaves to DTLS. Above the types that were ever given out there is DTLS
 * 1.3's unified header, which has another form. */
#define FIRST_BYTE_LOWEST 20
#define FIRST_BYTE_HIGHEST 31

#define VERSION_MAJOR 0xfe

#define EPOCH_SHIFT 48

/* has_known_form returns whether a record that starts with `first` has a 13-byte header: with a connection ID it is
 * longer (RFC 9146 section 4). */
static bool has_known_form(uint8_t first)
{
    return first >= FIRST_BYTE_LOWEST && first <= FIRST_BYTE_HIGHEST && first != FPL_CONTENT_TYPE_TLS12_CID;
}

static bool type_is_known(uint8_t type)
{
    switch (type) {
    case FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC:
    case FPL_CONTENT_TYPE_ALERT:
    case FPL_CONTENT_TYPE_HANDSHAKE:
    case FPL_CONTENT_TYPE_APPLICATION_DATA:
    case FPL_CONTENT_TYPE_ACK: return true;
    default: return false;
    }
}

static bool version_fits(uint16_t version, uint16_t epoch)
{
    return version == FPL_RECORD_VERSION_DTLS12 || (version == FPL_RECORD_VERSION_DTLS10 && epoch == 0);
}

/* judge says what is wrong with a record whose extent is known. */
static fpl_drop judge(const fpl_record12 *record)
{
    size_t max = record->epoch == 0 ? FPL_RECORD_MAX_PLAINTEXT : FPL_RECORD12_MAX_CIPHERTEXT;
    if (!type_is_known(record->type)) {
        return FPL_DROP_TYPE;
    }
    if (!version_fits(record->version, record->epoch)) {
        return FPL_DROP_VERSION;
    }
    return record->body_len > max ? FPL_DROP_TOO_LONG : FPL_DROP_NONE;
}

static fpl_parse drop_rest(fpl_drop reason, size_t len, size_t *consumed, fpl_drop *why)
{
    *why = reason;
    *consumed = len;
    return FPL_PARSE_DROP_REST;
}

fpl_parse fpl_header12_parse(uint8_t *data, size_t len, fpl_record12 *out, size_t *consumed, fpl_drop *why)
{
    if (len == 0) {
        return drop_rest(FPL_DROP_TRUNCATED, len, consumed, why);
    }
    if (!has_known_form(data[0])) {
        return drop_rest(FPL_DROP_NOT_DTLS, len, consumed, why);
    }
    if (len < FPL_HEADER12_LEN) {
        return drop_rest(FPL_DROP_TRUNCATED, len, consumed, why);
    }
    /* With a stranger's version the length may lie elsewhere, hence no next record. */
    if (data[1] != VERSION_MAJOR) {
        return drop_rest(FPL_DROP_VERSION, len, consumed, why);
    }
    uint64_t number = fpl_load_u64(data + 3);
    fpl_record12 record = {
        .header = data,
        .body = data + FPL_HEADER12_LEN,
        .body_len = fpl_load_u16(data + 11),
        .seq = number & FPL_RECORD_MAX_SEQ,
        .epoch = (uint16_t)(number >> EPOCH_SHIFT),
        .version = fpl_load_u16(data + 1),
        .type = data[0],
    };
    if (record.body_len > len - FPL_HEADER12_LEN) {
        return drop_rest(FPL_DROP_TRUNCATED, len, consumed, why);
    }
    *consumed = FPL_HEADER12_LEN + record.body_len;
    *why = judge(&record);
    if (*why != FPL_DROP_NONE) {
        return FPL_PARSE_DROP_RECORD;
    }
    *out = record;
    return FPL_PARSE_OK;
}

void fpl_header12_write(uint8_t out[FPL_HEADER12_LEN], fpl_content_type type, uint16_t version,
                        uint16_t epoch, uint64_t seq, uint16_t length)
{
    out[0] = (uint8_t)type;
    fpl_store_u16(out + 1, version);
    fpl_store_u64(out + 3, ((uint64_t)epoch << EPOCH_SHIFT) | seq);
    fpl_store_u16(out + 11, length);
}
