"""Captures made by hand: UDP in IP on links of many kinds, in the files that tcpdump writes."""

import struct


def udp(payload, source=4444, target=5555):
    return struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload


def ipv4(payload, fragment=0, source=1, target=2):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, fragment, 64, 17, 0, bytes([10, 0, 0, source]),
                       bytes([10, 0, 0, target])) + payload


def ipv6(payload, options=b"", next_header=17):
    body = options + payload
    return struct.pack("!IHBB", 6 << 28, len(body), next_header, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + body


def pcap_file(link, packets):
    """`packets` are pairs of seconds and octets."""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link)
    for seconds, packet in packets:
        out += struct.pack("<IIII", int(seconds), int(seconds % 1 * 1e6), len(packet), len(packet)) + packet
    return out


def pcap(link, packet):
    return pcap_file(link, [(1.5, packet)])


def pcapng(link, packet):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    return (block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) + block(1, struct.pack("<HHI", link, 0, 65535)) +
            block(6, struct.pack("<IIIII", 0, 0, 1500000, len(packet), len(packet)) + packet))


def conversation(datagrams):
    """What a client (port 4444) and a server (port 5555) said: triples of `C` or `S`, seconds, octets."""
    packets = []
    for side, seconds, octets in datagrams:
        packet = ipv4(udp(octets), source=1, target=2) if side == "C" else ipv4(udp(octets, 5555, 4444), source=2, target=1)
        packets.append((seconds, packet))
    return pcap_file(101, packets)
