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

FIRST_OF_HELLO = "dtls.handshake.type == 1 && dtls.handshake.fragment_offset == 0"
WARNING = 0x600000   # epan/proto.h: PI_WARN
RETRY = "cf:21:ad:74:e5:9a:61:11:be:1d:8c:02:1e:65:b8:91:c2:a2:11:16:7a:bb:8c:5e:07:9e:09:e2:c8:a8:33:9c"
BORINGSSL = TOP / "tests" / "data" / "captures" / "dtls13-client_firefox-server_boringssl-HRR_P256.txt"

if shutil.which("tshark") is None:
    print("tshark is missing: apt-get install tshark", file=sys.stderr)   # which the build takes for: skipped
    raise unittest.SkipTest("tshark is missing")


class Tshark(Recorded):
    def tshark(self, capture, log, *words):
        """What it prints of a capture, line by line."""
        keys = ["-o", f"tls.keylog_file:{log}"] if log else []
        done = subprocess.run(["tshark", "-n", "-r", capture, "-d", "udp.port==5555,dtls", *keys, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode(errors="replace").splitlines()

    def warnings(self, capture, log=None, but=""):
        """Whatever it has to say from a warning upwards, but of frames that match a filter."""
        found = self.tshark(capture, log, "-Y", f"_ws.expert{but}", "-T", "fields", "-e", "frame.number",
                            "-e", "_ws.expert.severity", "-e", "_ws.expert.message")
        return [line for line in found if any(int(s) >= WARNING for s in line.split("\t")[1].split(","))]

    def frames(self, capture, log, which):
        return len(self.tshark(capture, log, "-Y", which))

    def test_dtls12(self):
        """No warning under any suite, nor where messages are cut small; Finished and data are open to it."""
        for suite in SUITES12:
            for mtu in (1200, 256):
                with self.subTest(suite=suite, mtu=mtu):
                    capture, log = self.run_of(("--dtls12", "--mtu", mtu), ("--dtls12", "--mtu", mtu, "--suites", suite))
                    self.assertEqual(self.warnings(capture, log), [])
                    self.assertEqual(self.warnings(capture), [])
                    self.assertEqual(self.frames(capture, None, "dtls.handshake.type == 20"), 0)
                    opened = self.frames(capture, log, "dtls.handshake.type == 20")
                    if "CHACHA20" in suite and opened == 0:
                        continue
                    self.assertEqual(opened, 2)
                    said = self.tshark(capture, log, "-Y", "dtls.app_data", "-T", "fields", "-e", "data.data")
                    self.assertEqual(said, [SAID.hex()] * 2)
                    self.assertEqual(self.frames(capture, log, "dtls.alert_message.desc == 0"), 2)

    def test_dtls13(self):
        """No warning either, cookie or not, cut small or not; the hellos are what they ought to be."""
        for suite in SUITES13:
            for words in ((), ("--no-cookie",), ("--mtu", 256)):
                with self.subTest(suite=suite, words=words):
                    capture, _ = self.run_of(("--dtls13", *words), ("--dtls13", "--suites", suite, *[w for w in words if w != "--no-cookie"]))
                    self.assertEqual(self.warnings(capture), [])
                    hellos = 1 if "--no-cookie" in words else 2
                    self.assertEqual(self.frames(capture, None, FIRST_OF_HELLO), hellos)
                    chosen = self.tshark(capture, None, "-Y", "dtls.handshake.type == 2", "-T", "fields", "-e", "dtls.handshake.ciphersuite")
                    self.assertEqual([int(c, 16) for c in chosen], [0x1301 + SUITES13.index(suite)] * hellos)

    def test_both_versions(self):
        """The hello of a client that speaks both, and the end of the way with each."""
        for version in ("--dtls12", "--dtls13"):
            with self.subTest(server=version):
                capture, log = self.run_of((version,), ("--dtls12", "--dtls13"))
                self.assertEqual(self.warnings(capture, log), [])

    def test_retry(self):
        """A HelloRetryRequest that asks for a group is all that it does not like, and it is none of ours alone."""
        capture, _ = self.run_of(("--dtls13", "--groups", "secp256r1"), ("--dtls13", "--groups", "x25519,secp256r1"))
        self.assertEqual(self.frames(capture, None, f"dtls.handshake.random == {RETRY}"), 1)
        self.assertEqual(self.warnings(capture, but=f" && !(dtls.handshake.random == {RETRY})"), [])
        others = self.room / "boringssl.pcap"
        lines = [line.split() for line in BORINGSSL.read_text().splitlines() if line[0] in "CS"]
        others.write_bytes(conversation([(who[0], float(at), bytes.fromhex(octets)) for who, at, octets in lines]))
        self.assertEqual(bool(self.warnings(others)), bool(self.warnings(capture)))
