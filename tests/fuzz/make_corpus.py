#!/usr/bin/env python3
"""Writes the seeds that can be written down: real messages, datagrams and fragments from tests/data, and scripts for the
targets that play whole connections. What fuzzing found beyond them lies in corpus/ too, under libFuzzer's names.

    make_corpus.py      from anywhere
"""

import base64
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))
CORPUS = HERE / "corpus"

# Handshake types as the codec targets call them.
CODECS = {0: "hello_request", 1: "client_hello", 2: "server_hello", 3: "hello_verify_request", 11: "certificate12",
          12: "server_key_exchange", 13: "certificate_request12", 14: "server_hello_done", 15: "certificate_verify",
          16: "client_key_exchange", 20: "finished"}
CODECS13 = {**CODECS, 4: "new_session_ticket", 8: "encrypted_extensions", 11: "certificate13", 13: "certificate_request13",
            24: "key_update"}

# generated/fpl_machines.h, in its order.
BLOCKS = [name for name in re.findall(r"^    FPL_BLOCK_([A-Z_]+),", (ROOT / "generated/fpl_machines.h").read_text(), re.M) if name != "NONE"]

# house/script.h, in its order.
OPS = [name.lower() for name in re.findall(r"^    SCRIPT_([A-Z_]+),", (HERE / "house" / "script.h").read_text(), re.M)]


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def messages():
    """Bodies of handshake messages: lines of `capture direction type hex`."""
    for number, line in enumerate((ROOT / "tests/data/messages.txt").read_text().splitlines()):
        words = line.split()
        if len(words) == 4 and not line.startswith("#"):
            kind, body = int(words[2]), bytes.fromhex(words[3].strip("-"))
            codecs = CODECS13 if words[0].startswith("dtls13") else CODECS
            if kind in codecs and len(body) <= 1024:
                write("codec_" + codecs[kind], f"capture-{number:03}", body)
            if kind in (1, 2):
                extensions(kind, body, number)
            if kind == 8:
                write("extensions13", f"capture-{number:03}", bytes([1 | BLOCKS.index("ENCRYPTED_EXTENSIONS") << 1, 0xff]) + body[2:])
            if kind == 13 and codecs is CODECS13:
                write("extensions13", f"capture-{number:03}", bytes([1 | BLOCKS.index("CERTIFICATE_REQUEST") << 1, 0xff]) + body[3:])


def extensions(kind, body, number):
    """The extension block of a hello, and each extension of it by itself."""
    at = 34
    at += 1 + body[at]
    if kind == 1:
        at += 1 + body[at]
        at += 2 + struct.unpack_from(">H", body, at)[0]
        at += 1 + body[at]
    else:
        at += 3
    block = body[at + 2:]
    role = 0 if kind == 1 else 1
    head = bytes([role | BLOCKS.index("CLIENT_HELLO" if kind == 1 else "SERVER_HELLO") << 1, 0xff])
    write("extensions", f"capture-{number:03}", head + block)
    write("extensions13", f"capture-{number:03}", head + block)
    while len(block) >= 4:
        extension_type, size = struct.unpack_from(">HH", block)
        if size <= 256:
            for version in (1, 2):
                write("extension_bodies", f"type-{extension_type:04x}-{kind}-{size}-{version}",
                      bytes([version, head[0] >> 1]) + block[:2] + block[4:4 + size])
        block = block[4 + size:]


def datagrams():
    """Datagrams of the captures in tests/data: `+seconds C>S hex` lines in text files."""
    number = 0
    for path in sorted((ROOT / "tests/data/captures").glob("*.txt")):
        text = path.read_text()
        write("decode", "text-" + path.stem[:40], b"\x01" + text.encode()[:4096])
        log = path.with_suffix(".keylog")
        if log.exists():
            secrets = log.read_bytes()
            write("decode", "keys-" + path.stem[:40], b"\x08" + struct.pack(">H", len(secrets)) + secrets + text.encode()[:9000])
        for word in re.findall(r"\b[0-9a-f]{40,4000}\b", text):
            if len(word) % 2 == 0:
                bytes_ = bytes.fromhex(word)
                write("record", f"capture-{number:03}", bytes_)
                write("decode", f"datagram-{number:03}", b"\x05\x00" + struct.pack(">H", len(bytes_)) + bytes_)
                number += 1


def step(op, who=0, a=0, flags=0, b=0, c=0, body=b""):
    if op in ("inject", "record", "seal"):
        c = len(body)
    if op in ("fragment", "seal_fragment"):
        flags = len(body)
    return struct.pack(">BBBBHH", OPS.index(op), who, a, flags, b, c) + body


def scripts():
    """Connections that get somewhere, and what may befall them on the way."""
    # listener, cookie, webrtc, client auth (2 bits), notify, tight, srtp | credentials, external, pins | suite, group ...
    heads = {
        "plain": bytes([0x20, 0x00, 0xcf, 100, 0x00]),
        "webrtc": bytes([0xa4, 0x45, 0x80, 150, 0x00]),
        "listener": bytes([0x23, 0x00, 0x0f, 180, 0x10]),
        "open-door": bytes([0x21, 0x01, 0x01, 255, 0x00]),
        "asks": bytes([0x10, 0xc1, 0x85, 60, 0x00]),
        "tight": bytes([0x78, 0x06, 0x8a, 0, 0x20]),
        "external": bytes([0x2b, 0x32, 0x02, 90, 0x03]),
        "p384": bytes([0x28, 0x08, 0x89, 40, 0x00]),
        "small": bytes([0x23, 0x00, 0x0f, 120, 0x0c]),
    }
    pump, wake = step("pump"), step("wake")
    talk = step("send", 0, b=100) + step("send", 1, b=300) + pump
    stories = {
        "whole": pump + talk + step("close", 1) + pump,
        "loss": step("drop", 0) + wake + pump + step("drop", 1) + wake + pump + talk,
        "one-by-one": b"".join(step("deliver", i % 2) for i in range(24)) + talk,
        "recut": b"".join(step("recut", i % 2, b=30, c=0x0103) for i in range(12)) + pump + talk,
        "doubled": b"".join(step("double", i % 2) + step("deliver", i % 2) for i in range(12)) + pump + talk,
        "backwards": b"".join(step("deliver", i % 2, a=255) for i in range(24)) + pump + talk,
        "flips": step("flip", 0, b=40, c=1) + pump + wake + step("flip", 1, b=90, c=7) + pump + wake + pump + talk,
        "alerts": step("record", 1, a=1, body=b"\x02\x28") + pump + step("record", 0, a=1, body=b"\x01\x00") + talk,
        "forged": step("fragment", 1, a=2, b=4, body=bytes(40)) + pump + talk,
        "reboot": pump + talk + step("restart", 1) + pump + talk + wake + pump,
        "silence": b"".join(wake for _ in range(12)),
        "old": pump + talk + b"".join(step("replay", i % 2, b=i) for i in range(16)) + talk,
        "late-judge": pump + step("judge", 1, flags=1) + step("judge", 0, flags=1) + pump + step("sign", 0, flags=1) +
        step("sign", 1, flags=1) + pump + talk,
        "no-memory": step("no_memory", 0, b=9) + pump + wake + pump + talk,
        "mtu": step("mtu", 0, b=200) + step("mtu", 1, b=230) + pump + wake + pump + talk,
        "data-first": b"".join(step("deliver", i % 2) for i in range(5)) + step("send", 1, b=50) +
        step("deliver", 0, a=255) + pump + talk,
        "forgeries": pump + step("send", 1, b=40) + step("flip", 0, b=20, c=1) + step("deliver", 0) +
        step("send", 1, b=40) + step("flip", 0, b=20, c=1) + step("deliver", 0) + talk,
        "numbers": pump + step("numbers", 1, b=1000) + talk + step("numbers", 1, a=39, b=511) + talk + talk,
        "window": pump + step("send", 1, b=9) + step("send", 1, b=9) + step("numbers", 1, b=100) + step("send", 1, b=9) +
        step("deliver", 0, a=2) + step("deliver", 0, a=1) + talk,
        "other-address": step("deliver", 0) + step("deliver", 1) +
        step("replay", 0x20, flags=1, b=4) + step("replay", 0x10, flags=1, b=4) + pump + talk,  # 4: the hello with its cookie
        "junk": pump + step("inject", 0, body=bytes(range(64))) + step("inject", 1, body=b"\x16\xfe\xfd" + bytes(30)) + talk,
        "cookie-keys": step("deliver", 0) + step("cookie_key", 0, a=3, b=4) + pump + step("cookie_key", 0, a=4, b=5) + talk,
    }

    update0, update1 = step("update", 0), step("update", 1)
    talk13 = talk + step("send", 0, b=40) + step("send", 1, b=50) + pump
    stories13 = {
        "updates": pump + update0 + pump + talk13 + update1 + pump + talk13 + update0 + update1 + pump + talk13,
        "update-lost": pump + update1 + step("drop", 0) + wake + pump + update0 + pump + step("drop", 0) + wake + wake + pump + talk13,
        "update-late": pump + step("send", 1, b=30) + update1 + step("deliver", 0, a=1) + step("deliver", 1) + step("send", 1, b=31) +
        step("deliver", 0, a=255) + pump + talk13,
        "old-epochs": pump + b"".join(update1 + pump + step("send", 1, b=20) for _ in range(5)) +
        b"".join(step("replay", 0, b=i) for i in range(20)) + talk13,
        "ack-lost": step("deliver", 0) + step("deliver", 1) + step("drop", 1) + wake + step("drop", 0) + step("drop", 1) + wake + pump + talk13,
        "half-close": pump + talk + step("close", 1) + step("send", 0, b=60) + pump + step("send", 0, b=61) + pump + step("close", 0) + pump,
        "half-close-lost": pump + step("close", 0) + step("drop", 1) + step("send", 1, b=9) + pump + wake + wake + talk13,
        "seal-limit": pump + step("numbers", 1, b=600) + talk13 + step("numbers", 1, b=600) + talk13 + step("numbers", 0, b=900) + talk13,
        "far-number": pump + step("numbers", 1, b=29000) + talk13 + step("numbers", 0, b=20000) + talk13,
        "gaps": step("deliver", 0) + b"".join(step("deliver", 1, a=255) + wake for _ in range(4)) + step("drop", 1) + wake + pump + talk13,
        "acks-in-the-clear": step("record", 1, a=128, body=b"\0\0") + step("record", 0, a=128, b=1, body=b"\0\x10" + bytes(16)) + pump + talk13,
    }
    hostile13 = {
        "ticket": pump + step("seal_fragment", 1, a=4, b=4, body=bytes(8) + b"\1\1\0\4abcd\0\0") + talk13,
        "update-sealed": pump + step("seal_fragment", 0, a=24, b=4, body=b"\1") + step("seal_fragment", 1, a=24, b=4, body=b"\0") + talk13,
        "update-bad": pump + step("seal_fragment", 0, a=24, b=4, body=b"\2") + step("seal_fragment", 1, a=24, b=4, body=b"\2") + talk13,
        "late-certificate": pump + step("seal_fragment", 0, a=11, b=4, body=bytes(4)) + step("seal_fragment", 1, a=11, b=4, body=bytes(4)) + talk13,
        "acks": pump + step("update", 1) + step("seal", 1, a=128, body=ack_of((3, 0), (3, 1), (3, 2))) +
        step("seal", 0, a=128, body=ack_of((3, 0), (3, 1), (3, 2))) + step("seal", 1, a=128, body=b"\0\0") + talk13,
        "acks-impossible": pump + step("seal", 0, a=128, body=ack_of((2**64 - 1, 5), (3, 2**48), (9, 9))) +
        step("seal", 1, a=128, body=ack_of((2**16, 0), (3, 2**64 - 1))) + step("seal", 1, a=128, body=b"\0\x11" + bytes(17)) + talk13,
        "acks-early": step("deliver", 0) + step("seal", 1, a=128, b=1, body=ack_of((2, 0), (2, 1), (3, 0))) + pump + talk13,
        "old-epoch-sealed": pump + step("seal_fragment", 0x01, a=20, b=4, body=bytes(32)) + step("seal", 0, a=3, b=1, body=b"x") +
        step("seal", 1, a=1, b=1, body=b"\1\0") + talk13,
        "hello-again": pump + step("seal_fragment", 0, a=1, b=4, body=bytes(40)) + step("seal_fragment", 1, a=2, b=4, body=bytes(40)) + pump,
    }

    def begin(kind, mutation):
        """The first hello has gone before a script begins: to change that one, start anew."""
        return step("drop", 0) + mutation + step("restart", 1) if kind == 1 else mutation

    hostile = {
        "sealed-alert": pump + step("seal", 0, a=1, b=1, body=b"\x02\x28") + step("seal", 1, a=1, b=1, body=b"\x02\x28") + pump,
        "sealed-junk": pump + step("seal", 0, b=1, body=bytes(30)) + step("seal", 1, b=1, body=bytes(30)) + talk,
        "sealed-hello": pump + step("seal_fragment", 1, a=0) + step("seal_fragment", 0, a=1, body=bytes(60)) + talk,
        "conflict": pump + step("seal_fragment", 0, a=11, b=0x0204, flags=0, c=0, body=bytes(9)) +
        step("seal_fragment", 0, a=11, b=0x0204, c=0, body=bytes(8) + b"x") + pump,
        "empty-data": pump + step("seal", 0, a=3, b=1) + step("seal", 1, a=3, b=1) + talk,
        **{f"mutated-{kind}-{at}": begin(kind, step("mutate", a=kind, b=at, c=1)) + pump + talk for kind in CODECS for at in (6, 40)},
        **{f"cut-{kind}": begin(kind, step("mutate", a=kind, c=0xff00)) + pump for kind in CODECS},
    }
    kinds13 = (1, 2, 8, 11, 13, 15, 20)
    hostile13.update({f"mutated-{kind}-{at}": begin(kind, step("mutate", a=kind, b=at, c=1)) + pump + talk for kind in kinds13 for at in (6, 40)})
    hostile13.update({f"cut-{kind}": begin(kind, step("mutate", a=kind, c=0xff00)) + pump for kind in kinds13})
    # DTLS 1.3 alone, both versions at both ends, and pairs that differ (chosen by the seed of what is random)
    versions = {"13": (0x00, 0x00), "both": (0x20, 0x00), "13-both": (0x30, 0x00), "both-13": (0x30, 0x20), "12-both": (0x30, 0x40),
                "both-12": (0x30, 0x60), "13-12": (0x30, 0x80)}
    for version_name, (at_2, at_4) in versions.items():
        for head_name, head in heads.items():
            head = head[:2] + bytes([head[2] | at_2, head[3], head[4] | at_4])
            few = version_name == "13" or head_name in ("plain", "listener")
            for name, story in {**stories, **stories13}.items():
                if few and (version_name in ("13", "both") or name in ("whole", "loss", "recut", "one-by-one", "backwards", "mtu")):
                    write("network13", f"{version_name}-{head_name}-{name}", head + story)
                    if head_name in ("listener", "open-door", "small"):
                        write("listener13", f"{version_name}-{head_name}-{name}", head + story)
            for name, story in {**hostile13, **stories13}.items():
                if head_name in ("plain", "asks") and version_name in ("13", "both"):
                    write("client13", f"{version_name}-{head_name}-{name}", head + story)
                    write("server13", f"{version_name}-{head_name}-{name}", head + story)
    retry = bytes([0x23, 0x00, 0x0f, 180, 0x30])  # the server has no group of which a share comes
    for name, story in {**stories, **stories13}.items():
        write("network13", f"retry-{name}", retry[:1] + retry[1:] + story)
        write("network13", f"retry-bare-{name}", b"\x20" + retry[1:] + story)
        write("listener13", f"retry-{name}", retry + story)
    for head_name, head in heads.items():
        for name, story in stories.items():
            write("network", f"{head_name}-{name}", head + story)
            if head_name in ("plain", "listener", "open-door", "small"):
                write("listener", f"{head_name}-{name}", head + story)
        for name, story in hostile.items():
            if head_name in ("plain", "webrtc", "asks"):
                write("client", f"{head_name}-{name}", head + story)
                write("server", f"{head_name}-{name}", head + story)


def api():
    """A handshake call by call: start, poll, receive and poll again."""
    def call(which, whom, a=0, b=0):
        return bytes([which, whom, a, b])
    start = call(0, 0) + call(0, 1) + call(0, 0)
    turn = b"".join(call(2, who, 255, 0) * 3 + call(1, who ^ 1, 0) + call(2, who ^ 1, 255, 0) * 4 for who in (0, 1, 0, 1, 0, 1))
    write("api", "handshake", b"\0" + start + turn + call(6, 0, 0, 1) + turn + turn + call(8, 0, 40, 200) + call(9, 0) + turn)
    for name, first in {"13": b"\4", "both": b"\6"}.items():
        renew = call(9, 0, 0, 2) + call(9, 1, 0, 2)
        write("api", f"handshake-{name}", first + start + turn + turn + call(6, 0, 0, 1) + turn + turn + call(8, 0, 40, 200) + renew + turn + turn +
              call(8, 1, 40, 200) + turn + call(9, 0) + turn + turn)
        write("api", f"listener-{name}", first + start + call(2, 0, 255, 0) + call(0, 6) + call(0, 6, 4, 0) + call(2, 6, 255, 0) + turn +
              call(3, 6, 1, 0) + call(5, 6, 0, 1))
    write("api", "settings", b"\1" + b"".join(call(i, 4, a, a) for i in range(12) for a in (0, 1, 2, 3, 7)) + start)
    write("api", "listener", b"\0" + start + call(2, 0, 255, 0) + call(0, 6) + call(0, 6, 4, 0) + call(2, 6, 255, 0) +
          call(3, 6, 1, 0) + call(5, 6, 0, 1))


def ack_of(*numbers):
    return struct.pack(">H", 16 * len(numbers)) + b"".join(struct.pack(">QQ", *n) for n in numbers)


def ticket(lifetime=7200, nonce=b"\0" * 8, ticket=b"ticket", *extensions):
    block = b"".join(struct.pack(">HH", kind, len(body)) + body for kind, body in extensions)
    return (struct.pack(">LL", lifetime, 0x12345678) + bytes([len(nonce)]) + nonce + struct.pack(">H", len(ticket)) + ticket +
            struct.pack(">H", len(block)) + block)


def after_the_handshake():
    """Forms of the short messages of which captures have one at most: what RFC 9147 section 7 and RFC 8446 sections 4.6.1 and
    4.6.3 allow, at the bounds too, and the nearest that they do not."""
    two = ack_of((2, 5), (3, 0))
    for name, body in {
        "empty": ack_of(), "one": ack_of((3, 0)), "two": two, "flight": ack_of(*((2, n) for n in range(10))),
        "three-epochs": ack_of((0, 1), (2, 0), (2, 1), (3, 0)), "most-kept": ack_of(*((3, n) for n in range(64))),
        "gaps": ack_of((2, 0), (2, 2), (2, 9)), "twice": ack_of((3, 7), (3, 7)), "backwards": ack_of((3, 1), (2, 9)),
        "48-bits": ack_of((65535, 2**48 - 1)), "beyond-48-bits": ack_of((65535, 2**48)), "no-epoch": ack_of((65536, 0)),
        "all-ones": ack_of((2**64 - 1, 2**64 - 1)), "none": b"", "half-a-length": b"\0", "odd-length": b"\0\x11" + bytes(17),
        "half-a-number": b"\0\x08" + bytes(8), "cut": two[:-1], "longer": two + b"\0", "length-alone": b"\xff\xf0",
    }.items():
        write("codec_ack", name, body)
    for name, body in {"asks": b"\1", "asks-not": b"\0", "two": b"\2", "255": b"\xff", "none": b"", "longer": b"\1\0"}.items():
        write("codec_key_update", name, body)
    early = (42, struct.pack(">L", 2**32 - 1))
    whole = ticket(7200, bytes(8), b"ticket", early)
    for name, body in {
        "least": ticket(0, b"", b"t"), "usual": ticket(), "a-week": ticket(604800), "more-than-a-week": ticket(604801),
        "for-ever": ticket(2**32 - 1), "long-nonce": ticket(1, bytes(range(255))), "long": ticket(1, b"n", bytes(2000)),
        "early-data": whole, "unknown": ticket(1, b"n", b"t", (0x0a0a, b""), (0xff01, b"abc")),
        "early-data-twice": ticket(1, b"n", b"t", early, early), "early-data-empty": ticket(1, b"n", b"t", (42, b"")),
        "no-ticket": ticket(1, b"n", b""), "none": b"", "nonce-beyond-the-end": whole[:8] + b"\xff" + whole[9:],
        "ticket-beyond-the-end": whole[:17] + b"\xff\xff" + whole[19:], "without-extensions": ticket()[:-2],
        "cut": whole[:-1], "longer": whole + b"\0", "extension-beyond-the-end": whole[:-8] + b"\0\x2a\0\x05" + whole[-4:],
    }.items():
        write("codec_new_session_ticket", name, body)


def small():
    """What no capture has."""
    write("codec_alert", "fatal", b"\x02\x28")
    write("codec_alert", "close", b"\x01\x00")
    write("codec_change_cipher_spec", "one", b"\x01")
    write("codec_finished", "twelve", bytes(12))
    write("codec_certificate_verify", "form", b"\x04\x03\x00\x08" + bytes(8))
    write("codec_hello_request", "empty", b"")
    write("codec_server_hello_done", "empty", b"")
    write("cookie", "form", bytes(21))
    write("cookie13", "form", bytes(100))
    write("reassembly", "in-order", b"".join(struct.pack(">BBBHH", 0, 1, 0, i * 4, 4) for i in range(60)))
    write("reassembly", "lies", b"".join(struct.pack(">BBBHH", i % 3, 1, (i * 7) & 0xff, i * 3, 9) for i in range(60)))
    write("reassembly", "epochs", b"".join(struct.pack(">BBBHH", (i % 2) << 4 | i % 5, 1, 0, i, 200) for i in range(40)))
    array = re.findall(r"p256_a_(certificate|key)\[\] = \{(.*?)\};", (HERE / "house/credentials.c").read_text(), re.S)
    parts = {name: bytes(int(x, 16) for x in re.findall(r"0x([0-9a-f]{2})", body)) for name, body in array}
    write("certificate", "leaf", b"\0" + parts["certificate"])
    write("certificate", "pair", b"\1" + parts["certificate"] + parts["key"])
    leaf = len(parts["certificate"]).to_bytes(2, "big") + parts["certificate"]
    write("x509", "trusted", b"\4" + leaf)
    write("x509", "for-a-host", b"\1" + leaf)
    write("x509", "twice", b"\0" + leaf + leaf)
    write("x509", "authorities", b"\0" + b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(parts["certificate"]) + b"-----END CERTIFICATE-----\n")


if __name__ == "__main__":
    messages()
    datagrams()
    scripts()
    api()
    after_the_handshake()
    small()
