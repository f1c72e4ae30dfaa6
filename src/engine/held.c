#include "engine/held.h"

#include <string.h>

void fpl_held_keep(fpl_conn *conn, uint8_t content, uint16_t epoch, uint64_t seq, const uint8_t *bytes, size_t len)
{
    fpl_inbox *inbox = &conn->inbox;
    fpl_held **place = &inbox->held;
    fpl_held  *held;
    for (held = inbox->held; held != NULL; held = held->next) {
        if (content == 0 && held->content == 0 && held->len == len && memcmp(held->record, bytes, len) == 0) {
            conn->stats.dropped_replayed++;
            return; /* the same again */
        }
        if (held->seq <= seq) {
            place = &held->next;
        }
    }
    if (inbox->num_held >= fpl_conn_limit(conn, FPL_LIMIT_HELD_RECORDS) ||
        inbox->held_bytes + len > fpl_conn_limit(conn, FPL_LIMIT_HELD_BYTES)) {
        conn->stats.dropped_full++;
        return;
    }
    held = fpl_allocate(conn->config, sizeof *held + len);
    if (held == NULL) {
        conn->stats.dropped_full++;
        return;
    }
    held->len = len;
    held->seq = seq;
    held->epoch = epoch;
    held->content = content;
    if (len > 0) {
        memcpy(held->record, bytes, len);
    }
    held->next = *place;
    *place = held;
    inbox->num_held++;
    inbox->held_bytes += len;
}

void fpl_held_borrow(fpl_inbox *inbox, fpl_held **at)
{
    fpl_held *held = *at;
    *at = held->next;
    inbox->num_held--;
    inbox->held_bytes -= held->len;
    held->next = inbox->borrowed;
    inbox->borrowed = held;
}

void fpl_held_free(const fpl_config *config, fpl_held **list)
{
    while (*list != NULL) {
        fpl_held *held = *list;
        *list = held->next;
        fpl_release(config, held, sizeof *held + held->len);
    }
}
