#include "record/epoch12.h"

#include "record/protect12.h"

size_t fpl_epoch12_prefix(const fpl_write_epoch *epoch)
{
    return fpl_protect12_prefix(epoch->key);
}

size_t fpl_epoch12_overhead(const fpl_write_epoch *epoch)
{
    return fpl_protect12_overhead(epoch->key);
}

fpl_seal fpl_epoch12_seal(fpl_write_epoch *epoch, fpl_content_type type, uint16_t version, uint8_t *record,
                          size_t len, size_t cap, size_t *out_len)
{
    /* A number is never used twice: at the end of them the epoch falls silent (RFC 6347 section
     * 4.1). */
    if (epoch->next_seq > FPL_RECORD_MAX_SEQ) {
        return FPL_SEAL_EXHAUSTED;
    }
    if (len > FPL_RECORD_MAX_PLAINTEXT) {
        return FPL_SEAL_TOO_LONG;
    }
    if (cap < fpl_epoch12_overhead(epoch) + len) {
        return FPL_SEAL_BUFFER_TOO_SMALL;
    }
    if (epoch->key == NULL) {
        fpl_header12_write(record, type, version, epoch->number, epoch->next_seq, (uint16_t)len);
        *out_len = FPL_HEADER12_LEN + len;
    } else {
        *out_len =
            version != FPL_RECORD_VERSION_DTLS12
                ? 0
                : fpl_protect12_seal(epoch->key, type, epoch->number, epoch->next_seq, record, len, cap);
        if (*out_len == 0) {
            return FPL_SEAL_INTERNAL;
        }
    }
    epoch->next_seq++;
    return FPL_SEAL_OK;
}

fpl_drop fpl_epoch12_open(fpl_read_epoch *epoch, const fpl_record12 *record, uint8_t **out, size_t *out_len)
{
    if (record->epoch != epoch->number) {
        return FPL_DROP_EPOCH;
    }
    if (epoch->key == NULL) {
        *out = record->body;
        *out_len = record->body_len;
        return FPL_DROP_NONE;
    }
    fpl_drop why = fpl_replay_check(&epoch->replay, record->seq);
    if (why != FPL_DROP_NONE) {
        return why;
    }
    why = fpl_protect12_open(epoch->key, record, out, out_len);
    if (why == FPL_DROP_NONE) {
        fpl_replay_commit(&epoch->replay, record->seq);
    } else if (why == FPL_DROP_FORGED) {
        epoch->forgeries++;
    }
    return why;
}
