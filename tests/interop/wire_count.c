#include "wire_count.h"

#include <stdbool.h>
#include <string.h>

#include "common/wire_view.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, HELLO_VERIFY_REQUEST = 3 };
enum { EXTENSION_COOKIE = 44, EXTENSION_KEY_SHARE = 51 };

/* The random of a ServerHello that asks for another ClientHello (RFC 8446 section 4.1.3). */
static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                         0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                         0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* take moves on by `len` bytes; false when there are not as many. */
static bool take(view *v, size_t len)
{
    if (v->left < len) {
        return false;
    }
    v->at += len;
    v->left -= len;
    return true;
}

static size_t number16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* A HelloRetryRequest: version, random, session ID, suite, compression, then the extensions. */
static void add_server_hello(wire_count *count, view hello)
{
    if (hello.left < 2 + sizeof retry_random || memcmp(hello.at + 2, retry_random, sizeof retry_random) != 0) {
        return;
    }
    count->retry++;
    if (!take(&hello, 2 + sizeof retry_random) || hello.left < 1 || !take(&hello, 1 + (size_t)hello.at[0] + 2 + 1 + 2)) {
        return;
    }
    while (hello.left >= 4) {
        size_t type = number16(hello.at), len = number16(hello.at + 2);
        count->cookie_request += type == EXTENSION_COOKIE;
        count->group_request += type == EXTENSION_KEY_SHARE;
        if (!take(&hello, 4 + len)) {
            return;
        }
    }
}

static void add_fragments(wire_count *count, view v)
{
    view_fragment fragment;
    while (view_next_fragment(&v, &fragment)) {
        if (fragment.len != fragment.total) {
            count->split++;
            count->split_hello += fragment.type == CLIENT_HELLO;
        } else if (fragment.type == SERVER_HELLO) {
            add_server_hello(count, view_of(fragment.body, fragment.len));
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

unsigned wire_epoch_bits(const uint8_t *datagram, size_t len, unsigned before)
{
    view v = view_of(datagram, len);
    view_record record;
    view_sealed sealed;
    while (view_next_record(&v, &record)) {
    }
    while (view_next_sealed(&v, &sealed)) {
        before = sealed.epoch_bits;
    }
    return before;
}
