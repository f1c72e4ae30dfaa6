#include "record/epoch13.h"

#include <openssl/mem.h>
#include <string.h>

/* is_near returns whether `count` is at most `margin` away from `limit`, or beyond it. */
static bool is_near(uint64_t count, uint64_t limit, uint64_t margin)
{
    return count >= limit || limit - count <= margin;
}

void fpl_read_epoch13_init(fpl_read_epoch13 *epoch, uint16_t number, fpl_protect13_key *key)
{
    memset(epoch, 0, sizeof(*epoch));
    epoch->number = number;
    epoch->key = key;
}

void fpl_write_epoch13_init(fpl_write_epoch13 *epoch, uint16_t number, fpl_protect13_key *key)
{
    memset(epoch, 0, sizeof(*epoch));
    epoch->number = number;
    epoch->key = key;
}

fpl_seal fpl_epoch13_seal(fpl_write_epoch13 *epoch, fpl_content_type type, uint8_t *record, size_t len,
                          size_t padding, size_t cap, size_t *out_len)
{
    /* A number is never used twice: at the end of them the epoch falls silent (RFC 9147 section
     * 4.2.1). */
    if (epoch->next_seq > FPL_RECORD_MAX_SEQ) {
        return FPL_SEAL_EXHAUSTED;
    }
    if (len > FPL_RECORD_MAX_PLAINTEXT || padding > FPL_RECORD_MAX_PLAINTEXT - len) {
        return FPL_SEAL_TOO_LONG;
    }
    if (cap < FPL_PROTECT13_OVERHEAD + len + padding) {
        return FPL_SEAL_BUFFER_TOO_SMALL;
    }
    *out_len = fpl_protect13_seal(epoch->key, type, epoch->number, epoch->next_seq, record, len, padding, cap);
    if (*out_len == 0) {
        return FPL_SEAL_INTERNAL;
    }
    epoch->next_seq++;
    return FPL_SEAL_OK;
}

fpl_drop fpl_epoch13_open(fpl_read_epoch13 *epoch, const fpl_record13 *record, fpl_plain13 *out)
{
    fpl_plain13 plain;
    fpl_drop why = fpl_protect13_open(epoch->key, record, epoch->replay.next, &plain);
    if (why == FPL_DROP_FORGED) {
        epoch->forgeries++;
    }
    if (why != FPL_DROP_NONE) {
        return why;
    }
    /* The window counts one beyond the highest number; the very last one would empty it. */
    if (plain.seq == UINT64_MAX) {
        return FPL_DROP_EPOCH;
    }
    why = fpl_replay_check(&epoch->replay, plain.seq);
    if (why == FPL_DROP_NONE) {
        fpl_replay_commit(&epoch->replay, plain.seq);
        *out = plain;
    }
    return why;
}

bool fpl_read_epoch13_forgery_limit(const fpl_read_epoch13 *epoch, uint64_t limit)
{
    return fpl_read_epoch13_forgery_soon(epoch, limit, 0);
}

bool fpl_read_epoch13_forgery_soon(const fpl_read_epoch13 *epoch, uint64_t limit, uint64_t margin)
{
    return is_near(epoch->forgeries, limit, margin);
}

bool fpl_write_epoch13_seal_limit(const fpl_write_epoch13 *epoch, uint64_t limit)
{
    return fpl_write_epoch13_seal_soon(epoch, limit, 0);
}

bool fpl_write_epoch13_seal_soon(const fpl_write_epoch13 *epoch, uint64_t limit, uint64_t margin)
{
    return is_near(epoch->next_seq, limit > FPL_RECORD_MAX_SEQ ? FPL_RECORD_MAX_SEQ + 1 : limit, margin);
}

void fpl_read_epoch13_wipe(fpl_read_epoch13 *epoch)
{
    if (epoch->key != NULL) {
        fpl_protect13_wipe(epoch->key);
    }
    OPENSSL_cleanse(epoch, sizeof(*epoch));
}

void fpl_write_epoch13_wipe(fpl_write_epoch13 *epoch)
{
    if (epoch->key != NULL) {
        fpl_protect13_wipe(epoch->key);
    }
    OPENSSL_cleanse(epoch, sizeof(*epoch));
}
