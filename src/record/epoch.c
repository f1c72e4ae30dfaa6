#include "record/epoch.h"

#include <openssl/mem.h>
#include <string.h>

#include "record/header12.h"

void fpl_read_epoch_init(fpl_read_epoch *epoch, uint16_t number, fpl_aead_key *key)
{
    memset(epoch, 0, sizeof(*epoch));
    epoch->number = number;
    epoch->key = key;
}

void fpl_write_epoch_init(fpl_write_epoch *epoch, uint16_t number, fpl_aead_key *key)
{
    memset(epoch, 0, sizeof(*epoch));
    epoch->number = number;
    epoch->key = key;
}

bool fpl_read_epoch_forgery_limit(const fpl_read_epoch *epoch, uint64_t limit)
{
    return epoch->forgeries >= limit;
}

bool fpl_write_epoch_seal_limit(const fpl_write_epoch *epoch, uint64_t limit)
{
    return fpl_write_epoch_seal_soon(epoch, limit, 0);
}

bool fpl_write_epoch_seal_soon(const fpl_write_epoch *epoch, uint64_t limit, uint64_t margin)
{
    if (limit > FPL_RECORD_MAX_SEQ + 1) {
        limit = FPL_RECORD_MAX_SEQ + 1;
    }
    return epoch->next_seq >= limit || limit - epoch->next_seq <= margin;
}

void fpl_read_epoch_wipe(fpl_read_epoch *epoch)
{
    if (epoch->key != NULL) {
        fpl_aead_wipe(epoch->key);
    }
    OPENSSL_cleanse(epoch, sizeof(*epoch));
}

void fpl_write_epoch_wipe(fpl_write_epoch *epoch)
{
    if (epoch->key != NULL) {
        fpl_aead_wipe(epoch->key);
    }
    OPENSSL_cleanse(epoch, sizeof(*epoch));
}
