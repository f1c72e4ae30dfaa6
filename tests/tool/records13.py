"""DTLS 1.3 as text for `decode`: hellos that agree on a suite, the key log to them, records in any form."""

import os
import struct
import subprocess

SEAL = os.environ["SEAL13"]

CLIENT_RANDOM = bytes(range(32))
SERVER_RANDOM = bytes(range(100, 132))

SUITES = {"TLS_AES_128_GCM_SHA256": (0x1301, 32), "TLS_AES_256_GCM_SHA384": (0x1302, 48),
          "TLS_CHACHA20_POLY1305_SHA256": (0x1303, 32)}
SUITE = "TLS_AES_128_GCM_SHA256"

ALERT, HANDSHAKE, DATA, ACK = 21, 22, 23, 26

# The first octet of a header, without the bits of its epoch (RFC 9147 section 4).
WHOLE, NO_LENGTH, SHORT, BARE = 0x2c, 0x28, 0x24, 0x20

LABELS = {"C2": "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "S2": "SERVER_HANDSHAKE_TRAFFIC_SECRET",
          "C3": "CLIENT_TRAFFIC_SECRET_0", "S3": "SERVER_TRAFFIC_SECRET_0"}


def plaintext(content_type, content, number=0):
    """A record of epoch 0."""
    return struct.pack("!BHHHIH", content_type, 0xfefd, 0, 0, number, len(content)) + content


def message(kind, seq, body):
    """A whole handshake message."""
    size = len(body).to_bytes(3, "big")
    return bytes([kind]) + size + struct.pack("!H", seq) + bytes(3) + size + body


def client_hello(random=CLIENT_RANDOM, seq=0):
    body = b"\xfe\xfd" + random + b"\0\0" + b"\0\x06\x13\x01\x13\x02\x13\x03" + b"\x01\0" + b"\0\x09" + b"\0\x2b\0\5\4\xfe\xfc\xfe\xfd"
    return plaintext(HANDSHAKE, message(1, seq, body), seq)


def server_hello(suite=SUITE, random=SERVER_RANDOM, seq=0):
    body = b"\xfe\xfd" + random + b"\0" + struct.pack("!H", SUITES[suite][0]) + b"\0" + b"\0\6" + b"\0\x2b\0\2\xfe\xfc"
    return plaintext(HANDSHAKE, message(2, seq, body), seq)


def secret(which, suite=SUITE):
    """The secret of a side and epoch, such as C3, of an association that never was."""
    return bytes([which.encode()[0], int(which[1])]) * (SUITES[suite][1] // 2)


def key_log(suite=SUITE, which=("C2", "S2", "C3", "S3"), random=CLIENT_RANDOM):
    return "".join(f"{LABELS[w]} {random.hex()} {secret(w, suite).hex()}\n" for w in which)


def seal(side, epoch, number, content, kind=DATA, form=WHOLE, padding=0, suite=SUITE):
    """A record of `side` (C or S)."""
    which = side + str(min(epoch, 3))
    inner = content + bytes([kind]) + bytes(padding)
    done = subprocess.run([SEAL, suite, secret(which, suite).hex()], input=f"{epoch} {number} {form:x} {inner.hex()}\n",
                          stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return bytes.fromhex(done.stdout)


def line(side, *records):
    """A datagram as a line of text."""
    return ("C>S " if side == "C" else "S>C ") + b"".join(records).hex()


def hellos(suite=SUITE, random=CLIENT_RANDOM):
    """The lines that agree on a suite."""
    return [line("C", client_hello(random)), line("S", server_hello(suite, random[::-1]))]
