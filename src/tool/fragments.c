#include "fragments.h"

#include <stdlib.h>
#include <string.h>

static void empty(assembled *a)
{
    free(a->bytes);
    free(a->have);
    memset(a, 0, sizeof *a);
}

static bool begin(assembled *a, const fragment *first)
{
    empty(a);
    a->bytes = malloc(first->message_len + 1);
    a->have = calloc(first->message_len + 1, sizeof *a->have);
    if (a->bytes == NULL || a->have == NULL) {
        empty(a);
        return false;
    }
    a->len = first->message_len;
    a->missing = first->message_len;
    a->type = first->type;
    a->message_seq = first->message_seq;
    return true;
}

/* A different message with a number seen before belongs to a new handshake. */
static bool contradicts(const assembled *a, const fragment *f)
{
    if (a->type != f->type || a->len != f->message_len) {
        return true;
    }
    for (size_t i = 0; i < f->len; i++) {
        if (a->have[f->offset + i] && a->bytes[f->offset + i] != f->bytes[i]) {
            return true;
        }
    }
    return false;
}

static assembled *place_for(fragments *f, const fragment *add, bool *fresh)
{
    assembled *place = NULL;
    *fresh = true;
    for (size_t i = 0; i < MOST_MESSAGES && place == NULL; i++) {
        if (f->messages[i].bytes != NULL && f->messages[i].message_seq == add->message_seq) {
            place = &f->messages[i];
            *fresh = contradicts(place, add);
        }
    }
    if (place == NULL) {
        place = &f->messages[f->next++ % MOST_MESSAGES];
    }
    return *fresh && !begin(place, add) ? NULL : place;
}

fragment_fate fragments_add(fragments *f, const fragment *add, const assembled **whole)
{
    assembled *place;
    bool fresh;
    if (add->message_len > LONGEST_MESSAGE || add->offset > add->message_len || add->len > add->message_len - add->offset) {
        return FRAGMENT_BAD;
    }
    place = place_for(f, add, &fresh);
    if (place == NULL) {
        return FRAGMENT_BAD;
    }
    if (!fresh && place->missing == 0) {
        return FRAGMENT_AGAIN;
    }
    for (size_t i = 0; i < add->len; i++) {
        if (!place->have[add->offset + i]) {
            place->have[add->offset + i] = true;
            place->bytes[add->offset + i] = add->bytes[i];
            place->missing--;
        }
    }
    *whole = place;
    return place->missing == 0 ? FRAGMENT_COMPLETES : FRAGMENT_WANTS_MORE;
}

void fragments_free(fragments *f)
{
    for (size_t i = 0; i < MOST_MESSAGES; i++) {
        empty(&f->messages[i]);
    }
}
