#include "conversation.h"

#include <stdlib.h>
#include <string.h>

#include "engine/table.h"

conversation *conversations_find(const conversations *all, const datagram *d, size_t *speaker)
{
    for (size_t i = 0; i < all->num; i++) {
        conversation *c = all->list[i];
        for (size_t from = 0; from < 2; from++) {
            if (strcmp(c->ends[from].name, d->from) == 0 && strcmp(c->ends[1 - from].name, d->to) == 0) {
                *speaker = from;
                return c;
            }
        }
    }
    return NULL;
}

conversation *conversations_get(conversations *all, const datagram *d, const keylog *log, size_t *speaker)
{
    conversation *c = conversations_find(all, d, speaker);
    conversation **more;
    if (c != NULL) {
        return c;
    }
    more = realloc(all->list, (all->num + 1) * sizeof *more);
    if (more == NULL) {
        return NULL;
    }
    all->list = more;
    c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    memcpy(c->ends[0].name, d->from, END_TEXT);
    memcpy(c->ends[1].name, d->to, END_TEXT);
    c->num_ends = strcmp(d->from, d->to) == 0 ? 1 : 2;
    c->version = FPL_VERSION_NONE;
    c->unsealer.log = log;
    all->list[all->num++] = c;
    *speaker = 0;
    return c;
}

void conversations_free(conversations *all)
{
    for (size_t i = 0; i < all->num; i++) {
        conversation *c = all->list[i];
        fragments_free(&c->ends[0].fragments);
        fragments_free(&c->ends[1].fragments);
        unsealer_free(&c->unsealer);
        free(c);
    }
    free(all->list);
    memset(all, 0, sizeof *all);
}
