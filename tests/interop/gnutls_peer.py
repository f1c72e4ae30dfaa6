"""`gnutls-serv --udp --echo` and `gnutls-cli --udp` as peers."""

import re

from names import LONG_NAME, OVERHEAD, SUITES, asks_of, export_of, groups_of
from process import Failure, Process

CIPHERS = {"aes128": "AES-128-GCM", "aes256": "AES-256-GCM", "chacha20": "CHACHA20-POLY1305"}
OWN_NAMES = {"aes128": "AES_128_GCM_SHA256", "aes256": "AES_256_GCM_SHA384", "chacha20": "CHACHA20_POLY1305"}
GROUPS = {"x25519": "X25519", "p256": "SECP256R1", "p384": "SECP384R1"}
GROUP_NUMBERS = {b"X25519": 0x001D, b"SECP256R1": 0x0017, b"SECP384R1": 0x0018}
PROFILES = {"aes128cm": "SRTP_AES128_CM_HMAC_SHA1_80"}

# gnutls-cli reads its input in pieces of this size.
LARGEST_READ = 4095

# gnutls-serv's buffer.
PIECE = 255


class GnutlsPeer:
    exceeds_mtu = 0
    least_mtu = 0
    refused = (rb"^Error in handshake|Fatal error", "err")

    def __init__(self, case, role, credentials, ports):
        self.case, self.role, self.credentials, self.ports = case, role, credentials, ports
        self.name = "gnutls-serv" if role == "server" else "gnutls-cli"
        self.echoes = role == "server"
        self.tells_keys = role == "client"  # gnutls-serv says nothing of the kind over UDP
        room = case.mtu - OVERHEAD[case.suite]
        self.largest_out = min(room, LARGEST_READ)
        # It sends back what it reads, in pieces; where those do not fit the MTU it gives up.
        self.largest_in = room if self.echoes and room < PIECE else 16384
        self.process = None
        self.read_up_to = 0

    def options(self):
        case = self.case
        label, length = export_of(case)
        words = ["NONE", "+VERS-DTLS1.2", "+ECDHE-ECDSA", "+" + CIPHERS[case.suite], "+AEAD", "+COMP-NULL", "+CTYPE-X509",
                 "+SIGN-ECDSA-SHA256", "+SIGN-ECDSA-SHA384",
                 *(f"+GROUP-{GROUPS[group]}" for group in groups_of(case, self.role))]
        yield from ("--udp", "--mtu", case.mtu, "--priority", ":".join(words), "--keymatexport", label,
                    "--keymatexportsize", length)
        if case.srtp:
            yield from ("--srtp-profiles", PROFILES[case.srtp])

    def credential(self, name):
        mine = self.credentials[name]
        return "--x509certfile", mine.cert, "--x509keyfile", mine.key

    def serve(self):
        # It takes no port 0, tells nothing of a connection unless it debugs, and keeps what it says in a buffer.
        port = self.ports.take()
        asks = {"off": ("-a",), "optional": (), "required": ("-r",)}[asks_of(self.case)]
        cookie = ("--nocookie",) if self.case.cookie == "off" else ()
        self.process = Process(["stdbuf", "-oL", "gnutls-serv", "-d", 4, "--echo", "-p", port, *self.options(), *asks,
                                *cookie, *self.credential(f"server-{self.case.server_cert}")], self.name)
        self.process.wait_text(rb"listening on IPv4 \S+ port \d+\.\.\.done", "port", 10, stream="err")
        return port

    def call(self, port):
        words = ["stdbuf", "-oL", "gnutls-cli", "-d", 4, "--insecure", "-p", port, *self.options()]
        if self.case.client in GROUPS:
            words += self.credential(f"client-{self.case.client}")
        words += ["--sni-hostname", LONG_NAME] if self.case.hello == "long" else ["--disable-sni"]
        self.process = Process([*words, "127.0.0.1"], self.name)

    # ---- talking

    def connected(self, seconds):
        return self._served(seconds) if self.role == "server" else self._called(seconds)

    def _served(self, seconds):
        self.process.wait_text(rb"FINISHED was queued", "Finished", seconds, stream="err")
        # Its own Finished is the last message of the handshake.
        self.process.wait_text(rb"FINISHED \(20\) was received", "the client's Finished", seconds, stream="err")
        said = bytes(self.process.said["err"])
        verified = b"CERTIFICATE VERIFY (15) was received" in said
        wanted = f"Selected cipher suite: GNUTLS_ECDHE_ECDSA_{OWN_NAMES[self.case.suite]}\n"
        if wanted.encode() not in said:
            raise Failure(f"{self.name} did not say: {wanted.strip()}")
        return {"suite": SUITES[self.case.suite], "group": GROUP_NUMBERS[re.search(rb"Selected group (\w+) ", said)[1]],
                "subject": f"client-{self.case.client}" if verified else "none"}

    def _called(self, seconds):
        found = self.process.wait_text(rb"- Description: \(DTLS1\.2-X\.509\)-\(ECDHE-(\w+)\)-\(ECDSA-\w+\)-\(([\w-]+)\)"
                                       rb".*?- Key material: (\w+).*?Simple Client Mode:\s", "connection", seconds)
        said = bytes(self.process.said["out"])
        self.read_up_to = found.end()
        self.exported = found[3].decode().lower()
        by_name = {name: SUITES[key] for key, name in CIPHERS.items()}
        return {"suite": by_name[found[2].decode()], "group": GROUP_NUMBERS[found[1]],
                "subject": re.search(rb"subject `CN=([^']+)'", said)[1].decode()}

    def export(self):
        return self.exported

    def allow_large(self):
        return self.largest_out

    def most(self):
        return self.largest_out

    def send(self, data):
        self.process.write(data)

    def receive(self, data, seconds):
        def look():
            # The server tells of each piece that it reads.
            said = self.process.said["out"]
            if self.echoes:
                said = re.sub(rb"received\[\w+\]: |\n", b"", said)
            at = said.find(data, self.read_up_to)
            return at + len(data) if at >= 0 else None
        self.read_up_to = self.process.wait_for(look, f"{len(data)} bytes that were sent", seconds)
        return []

    # ---- ending

    def close(self):
        self.process.end_input()

    def saw_close(self, seconds):
        closed = rb"^EOF" if self.role == "server" else rb"- Peer has closed the GnuTLS connection"
        self.process.wait_text(closed, "sign that we closed", seconds)

    def finish(self, seconds):
        if self.role == "server":
            # It serves for ever.
            self.process.child.terminate()
            self.process.wait_exit(seconds)
        elif (status := self.process.wait_exit(seconds)) != 0:
            raise Failure(f"{self.name} ended with status {status}")
