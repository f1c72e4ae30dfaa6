#include "wire_count.h"

#include "common/wire_view.h"

enum { CLIENT_HELLO = 1, HELLO_VERIFY_REQUEST = 3 };

static void add_fragments(wire_count *count, view v)
{
    view_fragment fragment;
    while (view_next_fragment(&v, &fragment)) {
        if (fragment.len != fragment.total) {
            count->split++;
            count->split_hello += fragment.type == CLIENT_HELLO;
        }
        count->cookie_request += fragment.type == HELLO_VERIFY_REQUEST;
    }
}

void wire_count_add(wire_count *count, const uint8_t *datagram, size_t len)
{
    view v = view_of(datagram, len);
    view_record record;
    count->datagrams++;
    count->largest = len > count->largest ? len : count->largest;
    while (view_next_record(&v, &record)) {
        if (record.type == VIEW_HANDSHAKE && record.epoch == 0) {
            add_fragments(count, view_of(record.body, record.len));
        }
    }
}
