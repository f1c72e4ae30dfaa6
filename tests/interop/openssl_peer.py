"""`openssl s_server` and `openssl s_client` as peers."""

import re

from names import LONG_NAME, SUITES, asks_of, export_of, groups_of
from process import Failure, Process

CIPHERS = {"aes128": "ECDHE-ECDSA-AES128-GCM-SHA256", "aes256": "ECDHE-ECDSA-AES256-GCM-SHA384",
           "chacha20": "ECDHE-ECDSA-CHACHA20-POLY1305"}
GROUPS = {"x25519": "X25519", "p256": "P-256", "p384": "P-384"}
TEMP_KEYS = {"X25519, 253 bits": 0x001D, "ECDH, prime256v1, 256 bits": 0x0017, "ECDH, secp384r1, 384 bits": 0x0018}
PROFILES = {"aes128cm": "SRTP_AES128_CM_SHA1_80", "aes128gcm": "SRTP_AEAD_AES_128_GCM", "aes256gcm": "SRTP_AEAD_AES_256_GCM"}

# -mtu is the link's: IPv4 and UDP headers come off it.
HEADERS = 28


class OpensslPeer:
    echoes = False
    tells_keys = True
    largest_in = 16384

    # OpenSSL 3.0 forgets, where messages share a datagram, some of what a record adds.
    exceeds_mtu = 16
    least_mtu = 0

    def __init__(self, case, role, credentials, ports):
        self.case, self.role, self.credentials, self.ports = case, role, credentials, ports
        self.name = "s_server" if role == "server" else "s_client"
        # What each reads from its input at once.
        self.largest_out = 16384 if role == "server" else 8192
        self.refused = (rb"^ERROR", "err") if role == "server" else (rb":error:", "err")
        self.process = None
        self.read_up_to = 0

    def options(self):
        case = self.case
        label, length = export_of(case)
        yield from ("-dtls1_2", "-mtu", case.mtu + HEADERS, "-cipher", CIPHERS[case.suite],
                    "-groups", ":".join(GROUPS[group] for group in groups_of(case, self.role)),
                    "-keymatexport", label, "-keymatexportlen", length)
        if case.srtp:
            yield from ("-use_srtp", PROFILES[case.srtp])
        if case.loss:
            # Or a late double of a datagram wakes SSL_read, which then waits for ever for one that is new.
            yield "-timeout"

    def credential(self, name):
        mine = self.credentials[name]
        return "-cert", mine.cert, "-key", mine.key

    def serve(self):
        asks = {"off": (), "optional": ("-verify", 1), "required": ("-Verify", 1)}[asks_of(self.case)]
        self.process = Process(["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", 1, *self.options(), *asks,
                                *self.credential(f"server-{self.case.server_cert}")], self.name)
        return int(self.process.wait_text(rb"^ACCEPT \S*:(\d+)", "port", 10)[1])

    def call(self, port):
        words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *self.options()]
        if self.case.client in GROUPS:
            words += self.credential(f"client-{self.case.client}")
        words += ["-servername", LONG_NAME] if self.case.hello == "long" else ["-noservername"]
        self.process = Process(words, self.name)

    # ---- talking

    def connected(self, seconds):
        if self.role == "server":
            found = self.process.wait_text(rb"^CIPHER is (\S+).*?Keying material: (\w+)", "connection", seconds)
            shown = re.search(rb"^subject=CN = (\S+)$", self.process.said["out"][:found.start()], re.M)
            facts = {"subject": shown[1].decode() if shown else "none"}
        else:
            found = self.process.wait_text(rb"Cipher is (ECDHE\S+).*?Keying material: (\w+).*?^---\n", "connection", seconds)
            said = bytes(self.process.said["out"])
            facts = {"subject": re.search(rb"^subject=CN = (\S+)$", said, re.M)[1].decode(),
                     "group": TEMP_KEYS[re.search(rb"^Server Temp Key: (.*)$", said, re.M)[1].decode()]}
        self.read_up_to = found.end()
        self.exported = found[2].decode().lower()
        by_name = {name: SUITES[key] for key, name in CIPHERS.items()}
        facts["suite"] = by_name[found[1].decode()]
        return facts

    def export(self):
        return self.exported

    def allow_large(self):
        return self.largest_out

    def most(self):
        return self.case.mtu

    def send(self, data):
        self.process.write(data)

    def receive(self, data, seconds):
        def look():
            at = self.process.said["out"].find(data, self.read_up_to)
            return at + len(data) if at >= 0 else None
        self.read_up_to = self.process.wait_for(look, f"{len(data)} bytes that were sent", seconds)
        return []

    # ---- ending

    def close(self):
        """s_client says goodbye when its input ends; s_server does too, but has closed its socket by then."""
        self.process.end_input()

    def saw_close(self, seconds):
        """It says so when the other side has closed, and nothing of the kind when the connection broke."""
        closed = rb"shutting down SSL" if self.role == "server" else rb"closed$"
        self.process.wait_text(closed, "sign that we closed", seconds, start=self.read_up_to)

    def finish(self, seconds):
        status = self.process.wait_exit(seconds)
        if status != 0 or b"ERROR" in self.process.said["out"] or b":error:" in self.process.said["err"]:
            raise Failure(f"{self.name} ended with status {status}, or with an error")
