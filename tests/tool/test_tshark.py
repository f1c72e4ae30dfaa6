"""Wireshark's view of our runs: nothing is malformed to it, and DTLS 1.2 opens with our key log.

The tshark of Debian 12 (4.0) does not know the records of DTLS 1.3: it sees their hellos, and data after them. `flightplan
decode` takes over there (test_wire.py). Nor does it know a HelloRetryRequest inside DTLS: one that asks for a group ends
too soon for it, whoever wrote it, which test_retry shows with one of BoringSSL's. And it leaves the epoch out of the nonce
of ChaCha20-Poly1305 in DTLS 1.2, so that it opens neither our records nor OpenSSL's."""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from captures import conversation  # noqa: E402
from command import TOP  # noqa: E402
from recorded import SAID, SUITES12, SUITES13, Recorded  # noqa: E402

WARNING = 0x600000   # epan/proto.h: PI_WARN
CLIENT_HELLO, SERVER_HELLO, FINISHED, CLOSE_NOTIFY = 1, 2, 20, 0
RETRY = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
BORINGSSL = TOP / "tests" / "data" / "captures" / "dtls13-client_firefox-server_boringssl-HRR_P256.txt"

if shutil.which("tshark") is None:
    print("tshark is missing: apt-get install tshark", file=sys.stderr)   # which the build takes for: skipped
    raise unittest.SkipTest("tshark is missing")


class Frame:
    """What tshark makes of a frame: lists of numbers, for there may be several of each."""

    FIELDS = ("_ws.expert.severity", "dtls.handshake.type", "dtls.handshake.ciphersuite", "dtls.alert_message.desc",
              "dtls.handshake.random", "data.data")

    def __init__(self, line):
        columns = [column.split(",") if column else [] for column in line.split("\t")]
        severities, self.messages, suites, self.alerts, randoms, self.data = columns
        self.messages, self.alerts = ([int(n) for n in some] for some in (self.messages, self.alerts))
        self.suites = [int(suite, 16) for suite in suites]
        self.warned = any(int(severity) >= WARNING for severity in severities)
        self.retries = RETRY in (random.replace(":", "") for random in randoms)


class Tshark(Recorded):
    def frames(self, capture, log=None):
        """Every frame of a capture, as tshark sees it with a key log or without."""
        keys = ["-o", f"tls.keylog_file:{log}"] if log else []
        fields = [word for field in Frame.FIELDS for word in ("-e", field)]
        done = subprocess.run(["tshark", "-n", "-r", capture, "-d", "udp.port==5555,dtls", *keys, "-T", "fields", *fields],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        frames = [Frame(line) for line in done.stdout.decode().splitlines()]
        self.assertGreater(len(frames), 4)
        return frames

    def dissects(self, frames):
        """Nothing in them earns a warning, or worse."""
        self.assertEqual([number for number, frame in enumerate(frames, 1) if frame.warned], [])

    def count(self, frames, message):
        return sum(frame.messages.count(message) for frame in frames)

    def test_dtls12(self):
        """No warning under any suite, nor where messages are cut small; Finished and data are open to it."""
        for suite in SUITES12:
            for mtu in (1200, 256):
                with self.subTest(suite=suite, mtu=mtu):
                    capture, log = self.run_of(("--dtls12", "--mtu", mtu), ("--dtls12", "--mtu", mtu, "--suites", suite))
                    closed = self.frames(capture)
                    self.dissects(closed)
                    self.assertEqual(self.count(closed, FINISHED), 0)
                    opened = self.frames(capture, log)
                    self.dissects(opened)
                    if "CHACHA20" in suite and self.count(opened, FINISHED) == 0:
                        continue
                    self.assertEqual(self.count(opened, FINISHED), 2)
                    self.assertEqual([data for frame in opened for data in frame.data], [SAID.hex()] * 2)
                    self.assertEqual([desc for frame in opened for desc in frame.alerts], [CLOSE_NOTIFY] * 2)

    def test_dtls13(self):
        """No warning either, cookie or not, cut small or not; the hellos are what they ought to be."""
        for suite, server, both in [*((suite, (), ()) for suite in SUITES13), (SUITES13[0], ("--no-cookie",), ()),
                                    (SUITES13[1], (), ("--mtu", 256))]:
            with self.subTest(suite=suite, server=server, both=both):
                capture, _ = self.run_of(("--dtls13", *server, *both), ("--dtls13", "--suites", suite, *both))
                frames = self.frames(capture)
                self.dissects(frames)
                self.assertGreaterEqual(self.count(frames, CLIENT_HELLO), 1 if server else 2)
                chosen = [s for frame in frames if SERVER_HELLO in frame.messages for s in frame.suites]
                self.assertEqual(chosen, [0x1301 + SUITES13.index(suite)] * (1 if server else 2))
                self.assertEqual([frame.retries for frame in frames].count(True), 0 if server else 1)

    def test_both_versions(self):
        """The hello of a client that speaks both, and the end of the way with each."""
        for version in ("--dtls12", "--dtls13"):
            with self.subTest(server=version):
                capture, log = self.run_of((version,), ("--dtls12", "--dtls13"))
                self.dissects(self.frames(capture, log))

    def test_retry(self):
        """A HelloRetryRequest that asks for a group is all that it does not like, and not in ours alone."""
        capture, _ = self.run_of(("--dtls13", "--groups", "secp256r1"), ("--dtls13", "--groups", "x25519,secp256r1"))
        frames = self.frames(capture)
        retries = [frame for frame in frames if frame.retries]
        self.assertEqual(len(retries), 1)
        self.dissects([frame for frame in frames if not frame.retries])
        others = self.room / "boringssl.pcap"
        lines = [line.split() for line in BORINGSSL.read_text().splitlines() if line[0] in "CS"]
        others.write_bytes(conversation([(who[0], float(at), bytes.fromhex(octets)) for who, at, octets in lines]))
        self.assertEqual([frame.warned for frame in self.frames(others) if frame.retries], [frame.warned for frame in retries])
