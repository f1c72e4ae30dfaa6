#include "capture.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_QINQ 0x88a8u

#define PROTOCOL_UDP      17u
#define IPV6_HOP_BY_HOP   0u
#define IPV6_ROUTING      43u
#define IPV6_DESTINATIONS 60u

#define UDP_HEADER 8u

/* bytes is what is left of a packet while its headers come off. */
typedef struct bytes {
    const uint8_t *at;
    size_t         len;
} bytes;

static bool skip(bytes *b, size_t n)
{
    if (b->len < n) {
        return false;
    }
    b->at += n;
    b->len -= n;
    return true;
}

static unsigned two(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

bool capture_is(const uint8_t *bytes, size_t len)
{
    static const uint8_t magics[][4] = {
        {0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, /* pcap */
        {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, /* pcap, nanoseconds */
        {0x0a, 0x0d, 0x0d, 0x0a},                           /* pcapng */
    };
    for (size_t i = 0; len >= 4 && i < sizeof magics / sizeof magics[0]; i++) {
        if (memcmp(bytes, magics[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- off with the headers ---- */

static bool off_ethertype(bytes *b, size_t at)
{
    unsigned type;
    do {
        if (b->len < at + 2) {
            return false;
        }
        type = two(b->at + at);
        at += type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ ? 4 : 2;
    } while (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ);
    return (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6) && skip(b, at);
}

static bool off_link(int type, bytes *b)
{
    switch (type) {
    case DLT_EN10MB:
        return off_ethertype(b, 12);
    case DLT_LINUX_SLL:
        return off_ethertype(b, 14);
    case DLT_LINUX_SLL2:
        return b->len >= 20 && (two(b->at) == ETHERTYPE_IPV4 || two(b->at) == ETHERTYPE_IPV6) && skip(b, 20);
    case DLT_NULL:
    case DLT_LOOP:
        return skip(b, 4);
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        return true;
    default:
        return false;
    }
}

/* The ends' addresses, without ports yet, and down to the UDP header. */
static bool off_ipv4(bytes *b, datagram *d)
{
    size_t header, total;
    if (b->len < 20) {
        return false;
    }
    header = 4u * (b->at[0] & 0xfu);
    total = two(b->at + 2);
    if (header < 20 || b->at[9] != PROTOCOL_UDP || (two(b->at + 6) & 0x3fffu) != 0) { /* nor fragments */
        return false;
    }
    (void)inet_ntop(AF_INET, b->at + 12, d->from, END_TEXT);
    (void)inet_ntop(AF_INET, b->at + 16, d->to, END_TEXT);
    if (total >= header && total < b->len) {
        b->len = total; /* Ethernet pads short packets */
    }
    return skip(b, header);
}

static bool off_ipv6(bytes *b, datagram *d)
{
    unsigned next;
    if (b->len < 40) {
        return false;
    }
    next = b->at[6];
    (void)snprintf(d->from, END_TEXT, "[");
    (void)inet_ntop(AF_INET6, b->at + 8, d->from + 1, END_TEXT - 1);
    (void)snprintf(d->to, END_TEXT, "[");
    (void)inet_ntop(AF_INET6, b->at + 24, d->to + 1, END_TEXT - 1);
    (void)strncat(d->from, "]", END_TEXT - strlen(d->from) - 1);
    (void)strncat(d->to, "]", END_TEXT - strlen(d->to) - 1);
    (void)skip(b, 40);
    while (next == IPV6_HOP_BY_HOP || next == IPV6_ROUTING || next == IPV6_DESTINATIONS) {
        if (b->len < 8) {
            return false;
        }
        next = b->at[0];
        if (!skip(b, 8u * (b->at[1] + 1u))) {
            return false;
        }
    }
    return next == PROTOCOL_UDP;
}

static void add_port(char *text, unsigned port)
{
    size_t len = strlen(text);
    (void)snprintf(text + len, END_TEXT - len, ":%u", port);
}

static bool off_udp(bytes *b, datagram *d, unsigned only)
{
    unsigned from, to, len;
    if (b->len < UDP_HEADER) {
        return false;
    }
    from = two(b->at);
    to = two(b->at + 2);
    len = two(b->at + 4);
    if (only != 0 && from != only && to != only) {
        return false;
    }
    add_port(d->from, from);
    add_port(d->to, to);
    if (len >= UDP_HEADER && len < b->len) {
        b->len = len;
    }
    return skip(b, UDP_HEADER);
}

static bool off_all(int link_type, bytes *b, datagram *d, unsigned port)
{
    if (!off_link(link_type, b) || b->len == 0) {
        return false;
    }
    switch (b->at[0] >> 4) {
    case 4:
        return off_ipv4(b, d) && off_udp(b, d, port);
    case 6:
        return off_ipv6(b, d) && off_udp(b, d, port);
    default:
        return false;
    }
}

/* ---- the file ---- */

static double seconds_of(const struct pcap_pkthdr *header)
{
    return (double)header->ts.tv_sec + (double)header->ts.tv_usec / 1e6;
}

static int read_packets(pcap_t *pcap, const char *path, unsigned port, datagram_fn take, void *arg)
{
    struct pcap_pkthdr *header;
    const unsigned char *packet;
    double first = -1;
    int more;
    while ((more = pcap_next_ex(pcap, &header, &packet)) == 1) {
        datagram d;
        bytes left = {packet, header->caplen};
        memset(&d, 0, sizeof d);
        if (!off_all(pcap_datalink(pcap), &left, &d, port)) {
            continue;
        }
        first = first < 0 ? seconds_of(header) : first;
        d.seconds = seconds_of(header) - first;
        d.bytes = left.at;
        d.len = left.len;
        take(arg, &d);
    }
    if (more == PCAP_ERROR) {
        return complain("the capture %s breaks off: %s", path, pcap_geterr(pcap));
    }
    return TOOL_OK;
}

static bool link_is_known(int type)
{
    bytes none = {(const uint8_t *)"", 0};
    switch (type) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NULL:
    case DLT_LOOP:
        return true;
    default:
        return off_link(type, &none); /* the raw ones have nothing to take off */
    }
}

int capture_read(const uint8_t *bytes, size_t len, const char *path, unsigned port, datagram_fn take, void *arg)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    union {
        const uint8_t *in;
        void          *out;
    } memory = {bytes}; /* fmemopen wants it writable, and does not write with mode "r" */
    FILE *file = fmemopen(memory.out, len, "rb");
    pcap_t *pcap = file == NULL ? NULL : pcap_fopen_offline(file, why);
    int result;
    if (pcap == NULL) {
        if (file != NULL) {
            (void)fclose(file);
        }
        return complain("cannot read the capture %s: %s", path, why);
    }
    if (link_is_known(pcap_datalink(pcap))) {
        result = read_packets(pcap, path, port, take, arg);
    } else {
        const char *name = pcap_datalink_val_to_name(pcap_datalink(pcap));
        result = complain("%s was captured on a link of type %s; known are Ethernet, loopback, raw IP and Linux cooked",
                          path, name == NULL ? "unknown" : name);
    }
    pcap_close(pcap);
    return result;
}
