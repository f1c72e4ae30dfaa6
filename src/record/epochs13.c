#include "record/epochs13.h"

#include <string.h>

#define EPOCH_MASK 0x03

/* remove_at ends the epoch at `index` and returns its key. */
static fpl_protect13_key *remove_at(fpl_read_epochs13 *epochs, size_t index)
{
    fpl_protect13_key *key = epochs->list[index].key;
    fpl_read_epoch13_wipe(&epochs->list[index]);
    epochs->num--;
    memmove(&epochs->list[index], &epochs->list[index + 1], (epochs->num - index) * sizeof(epochs->list[0]));
    memset(&epochs->list[epochs->num], 0, sizeof(epochs->list[0]));
    return key;
}

bool fpl_read_epochs13_add(fpl_read_epochs13 *epochs, uint16_t number, fpl_protect13_key *key,
                           fpl_protect13_key **gone)
{
    if (epochs->num > 0 && number <= epochs->list[0].number) {
        return false;
    }
    *gone = NULL;
    fpl_read_epoch13 *same = fpl_read_epochs13_find(epochs, number & EPOCH_MASK);
    if (same != NULL) {
        *gone = remove_at(epochs, (size_t)(same - epochs->list));
    }
    memmove(&epochs->list[1], &epochs->list[0], epochs->num * sizeof(epochs->list[0]));
    fpl_read_epoch13_init(&epochs->list[0], number, key);
    epochs->num++;
    return true;
}

fpl_read_epoch13 *fpl_read_epochs13_find(fpl_read_epochs13 *epochs, uint8_t epoch_bits)
{
    for (size_t i = 0; i < epochs->num; i++) {
        if ((epochs->list[i].number & EPOCH_MASK) == epoch_bits) {
            return &epochs->list[i];
        }
    }
    return NULL;
}

fpl_protect13_key *fpl_read_epochs13_remove(fpl_read_epochs13 *epochs, uint16_t number)
{
    for (size_t i = 0; i < epochs->num; i++) {
        if (epochs->list[i].number == number) {
            return remove_at(epochs, i);
        }
    }
    return NULL;
}
