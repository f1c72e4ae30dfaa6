"""NSS's `tstclnt -P client` and `-P server` as peers, with the libraries of Firefox: Debian 12's own speak a draft."""

import subprocess
import threading
import time
from pathlib import Path

from names import CURVES, SUITES13, groups_of
from process import Failure, Process

GROUPS = {"x25519": "x25519", "p256": "P256", "p384": "P384"}
SUBJECT = rb"^subject DN: CN=(\S+)$"
LIBRARIES = next((folder for folder in ("/usr/lib/firefox-esr", "/usr/lib/firefox") if Path(folder, "libssl3.so").exists()),
                 "/usr/lib/firefox-esr")

_making = threading.Lock()


def database(credentials):
    """NSS takes keys from a database of its own only."""
    folder = next(iter(credentials.values())).cert.parent / "nss"
    with _making:
        if not folder.exists():
            folder.mkdir()
            run = {"check": True, "capture_output": True}
            subprocess.run(["certutil", "-N", "-d", f"sql:{folder}", "--empty-password"], **run)
            for name, mine in credentials.items():
                bundle = folder / f"{name}.p12"
                subprocess.run(["openssl", "pkcs12", "-export", "-in", mine.cert, "-inkey", mine.key, "-name", name,
                                "-passout", "pass:x", "-out", bundle], **run)
                subprocess.run(["pk12util", "-i", bundle, "-d", f"sql:{folder}", "-W", "x", "-K", ""], **run)
    return folder


class TstclntPeer:
    echoes = False
    tells_keys = False
    exceeds_mtu = 0
    least_mtu = 1472
    refused = (rb"tstclnt: .*(?:error|Error|ERROR)", "err")
    largest_in = largest_out = 4000  # what it reads from its input at once

    def __init__(self, case, role, credentials, ports):
        self.case, self.role, self.credentials, self.ports = case, role, credentials, ports
        self.name = f"tstclnt -P {role}"
        self.process = None
        self.read_up_to = 0

    def start(self, port):
        case = self.case
        groups = ",".join(GROUPS[group] for group in groups_of(case, self.role))
        words = ["env", f"LD_LIBRARY_PATH={LIBRARIES}", "tstclnt", "-h", "127.0.0.1", "-p", port, "-P", self.role, "-o",
                 "-v", "-V", "tls1.3:tls1.3", "-c", f":{SUITES13[case.suite]:04X}", "-I", groups,
                 "-d", f"sql:{database(self.credentials)}"]
        if self.role == "server":
            words += ["-n", f"server-{case.server_cert}"]
        elif case.client in CURVES:
            words += ["-n", f"client-{case.client}"]
        else:
            words += ["-n", "nobody"]  # or it takes the first that it finds
        self.process = Process(words, self.name)

    def call(self, port):
        self.start(port)

    def serve(self):
        """It takes no port 0, and does not say when it is there."""
        port = self.ports.take()
        self.start(port)
        mark = f"0100007F:{port:04X} "
        end = time.monotonic() + 10
        while mark not in Path("/proc/net/udp").read_text():
            if time.monotonic() > end:
                raise Failure(f"{self.name} opened no socket")
            time.sleep(0.02)
        return port

    # ---- talking

    def connected(self, seconds):
        self.process.wait_text(rb"SSL version 3\.4 using", "connection", seconds, stream="err")
        if self.role == "server":
            return {"subject": "none"}
        return {"subject": self.process.wait_text(SUBJECT, "subject", seconds, stream="err")[1].decode()}

    def allow_large(self):
        return self.largest_out

    def most(self):
        return 1000

    def send(self, data):
        self.process.write(data)

    def receive(self, data, seconds):
        def look():
            at = self.process.said["out"].find(data, self.read_up_to)
            return at + len(data) if at >= 0 else None
        self.read_up_to = self.process.wait_for(look, f"{len(data)} bytes that were sent", seconds)
        return []

    # ---- ending

    def saw_close(self, seconds):
        self.process.wait_text(rb"Read from server 0 bytes", "sign that we closed", seconds, stream="err")

    def finish(self, seconds):
        """It misses the end of its input where that is a pipe."""
        self.process.child.terminate()
        self.process.wait_exit(seconds)
