#include "net/ledger.h"

#include <stdlib.h>
#include <string.h>

void ledger_free(ledger *l)
{
    free(l->sent.list);
    free(l->taken.list);
    memset(l, 0, sizeof *l);
}

ledger_record *ledger_add(ledger_list *list, uint16_t epoch, uint64_t seq, uint8_t type)
{
    ledger_record *r;
    if (list->num == list->cap) {
        size_t         cap = list->cap == 0 ? 32 : 2 * list->cap;
        ledger_record *grown = realloc(list->list, cap * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        list->list = grown;
        list->cap = cap;
    }
    r = &list->list[list->num++];
    memset(r, 0, sizeof *r);
    r->epoch = epoch;
    r->seq = seq;
    r->type = type;
    return r;
}

const ledger_record *ledger_find_type(const ledger_list *list, uint64_t epoch, uint64_t seq, uint8_t type)
{
    for (size_t i = list->num; i > 0; i--) {
        const ledger_record *r = &list->list[i - 1];
        if (r->epoch == epoch && r->seq == seq && r->type == type) {
            return r;
        }
    }
    return NULL;
}

const ledger_record *ledger_find(const ledger_list *list, uint64_t epoch, uint64_t seq)
{
    for (size_t i = list->num; i > 0; i--) {
        const ledger_record *r = &list->list[i - 1];
        if (r->epoch == epoch && r->seq == seq) {
            return r;
        }
    }
    return NULL;
}

uint64_t ledger_highest(const ledger *l, uint16_t epoch)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < l->taken.num; i++) {
        const ledger_record *r = &l->taken.list[i];
        if (r->epoch == epoch && r->seq >= highest) {
            highest = r->seq + 1;
        }
    }
    return highest;
}
