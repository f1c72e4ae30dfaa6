#include "net/stranger.h"

#include <flightplan/flightplan.h>
#include <string.h>

#include "common/wire_view.h"
#include "net/plan.h"

static size_t put_header(uint8_t *out, unsigned type, unsigned version, unsigned epoch, uint64_t seq, size_t len)
{
    out[0] = (uint8_t)type;
    out[1] = (uint8_t)(version >> 8);
    out[2] = (uint8_t)version;
    out[3] = (uint8_t)(epoch >> 8);
    out[4] = (uint8_t)epoch;
    for (size_t i = 0; i < 6; i++) {
        out[5 + i] = (uint8_t)(seq >> (40 - 8 * i));
    }
    out[11] = (uint8_t)(len >> 8);
    out[12] = (uint8_t)len;
    return VIEW_RECORD_HEADER;
}

/* A stranger can send anything but what would be a whole handshake message in order, see stranger.h. */

/* What looks like DTLS 1.3: the unified header in all its forms, of any epoch, and an ACK in the clear. */
static size_t forge13(rng *r, uint8_t *out)
{
    size_t len = rng_below(r, 120);
    if (rng_percent(r, 20)) {
        size_t body = 2 + 16 * rng_below(r, 3);
        size_t head = put_header(out, VIEW_ACK, 0xfefd, rng_percent(r, 70) ? 0 : 2, rng_below(r, 40), body);
        out[head + 1] = (uint8_t)(body - 2);
        for (size_t at = 2; at < body; at += 16) {
            out[head + at + 7] = (uint8_t)rng_below(r, 4);
            out[head + at + 15] = (uint8_t)rng_below(r, 12);
        }
        return head + body;
    }
    rng_fill(r, out, len + 5);
    out[0] = (uint8_t)(0x20 | rng_below(r, 32));
    if (rng_percent(r, 60)) { /* as ours: 16 bits of number and a length */
        out[0] = (uint8_t)(0x2c | rng_below(r, 4));
        out[3] = 0;
        out[4] = (uint8_t)(rng_percent(r, 90) ? len : len + 1);
    }
    return len + 5;
}

size_t stranger_forges(rng *r, const plan *p, int side, uint8_t *out, size_t cap)
{
    uint64_t seq = rng_below(r, 40);
    size_t   len = rng_below(r, 120);
    size_t   head = VIEW_RECORD_HEADER;
    memset(out, 0, cap);
    if (plan_version(p) == FPL_DTLS13 && rng_percent(r, 50)) {
        return forge13(r, out);
    }
    switch (rng_below(r, 9)) {
    case 0: /* noise */
        rng_fill(r, out, len);
        return len;
    case 1: { /* a record of any type and epoch, all wrong inside */
        static const unsigned epochs[] = {1, 1, 2, 5, 65535};
        head = put_header(out, (unsigned)rng_between(r, 19, 27), 0xfefd, epochs[rng_below(r, 5)], seq, len);
        rng_fill(r, out + head, len);
        return head + len;
    }
    case 2: /* an alert in the clear */
        head = put_header(out, VIEW_ALERT, 0xfefd, 0, seq, 2);
        out[head] = (uint8_t)rng_between(r, 1, 2);
        out[head + 1] = rng_percent(r, 30) ? 0 : 40;
        return head + 2;
    case 3: /* application data in the clear */
        head = put_header(out, VIEW_DATA, 0xfefd, 0, seq, len);
        rng_fill(r, out + head, len);
        return head + len;
    case 4: /* a forgery far ahead in the record numbers */
        head = put_header(out, VIEW_DATA, 0xfefd, 1, (UINT64_C(1) << 48) - 1, len);
        rng_fill(r, out + head, len);
        return head + len;
    case 5: { /* part of a message that never becomes whole */
        static const uint8_t types[] = {1, 2, 11, 12, 13, 14, 15, 16, 20};
        size_t               total = len + rng_between(r, 600, 2000);
        size_t               offset = rng_below(r, 400);
        size_t               body = head + VIEW_MESSAGE_HEADER;
        (void)put_header(out, VIEW_HANDSHAKE, 0xfefd, 0, seq, VIEW_MESSAGE_HEADER + len);
        out[head] = types[rng_below(r, sizeof types)];
        out[head + 2] = (uint8_t)(total >> 8);
        out[head + 3] = (uint8_t)total;
        out[head + 5] = (uint8_t)rng_below(r, 9);
        out[head + 7] = (uint8_t)(offset >> 8);
        out[head + 8] = (uint8_t)offset;
        out[head + 11] = (uint8_t)len;
        rng_fill(r, out + body, len);
        return body + len;
    }
    case 6: /* a ChangeCipherSpec */
        head = put_header(out, VIEW_CCS, 0xfefd, 0, seq, 1);
        out[head] = 1;
        return head + 1;
    case 7: /* a length beyond the datagram */
        head = put_header(out, VIEW_HANDSHAKE, 0xfefd, 0, seq, len + 1);
        rng_fill(r, out + head, len);
        return head + len;
    default: /* HelloRequest, which a client of 1.2 ignores; others would take it for what it is not */
        if (side == CLIENT || p->side[CLIENT].versions != FPL_VERSIONS_DTLS12) {
            return 0;
        }
        head = put_header(out, VIEW_HANDSHAKE, 0xfefd, 0, seq, VIEW_MESSAGE_HEADER);
        out[head + 5] = (uint8_t)rng_below(r, 9);
        return head + VIEW_MESSAGE_HEADER;
    }
}

static void flip(rng *r, uint8_t *record, size_t len)
{
    for (size_t flips = rng_between(r, 1, 4); flips > 0; flips--) {
        size_t at = rng_below(r, len);
        record[at] = (uint8_t)(record[at] ^ 1u << rng_below(r, 8));
    }
}

size_t stranger_spoils(rng *r, const uint8_t *datagram, size_t len, uint8_t *out)
{
    view        records = view_of(datagram, len);
    view_record plain;
    view_sealed sealed;
    memcpy(out, datagram, len);
    for (;;) {
        if (view_next_sealed(&records, &sealed)) {
            flip(r, out + (sealed.record - datagram), sealed.len);
            break;
        }
        if (!view_next_record(&records, &plain)) {
            return 0;
        }
        if (plain.epoch == 1) {
            flip(r, out + (plain.body - datagram) - VIEW_RECORD_HEADER, VIEW_RECORD_HEADER + plain.len);
            break;
        }
    }
    len -= records.left; /* what follows would be whole */
    return memcmp(out, datagram, len) != 0 ? len : 0;
}
