"""`flightplan decode`: captures of browsers, every way of wrapping UDP, and what is broken."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from captures import ipv4, ipv6, pcap, pcapng, udp  # noqa: E402
from command import FAILED, OK, SYSTEM, TOP, ToolCase, flightplan  # noqa: E402

CAPTURES = TOP / "tests" / "data" / "captures"
DTLS12 = CAPTURES / "dtls12-client_firefox-server_openssl3-HVR"
DTLS13 = CAPTURES / "dtls13-client_chromium-server_chromium"

ALERT = bytes.fromhex("15fefd0000000000000007" "0002" "0228")      # fatal handshake_failure
HELLO_REQUEST = bytes.fromhex("16fefd0000000000000000" "000c" "000000000000000000000000")
FLOW = re.compile(r"^[^ ]+ > [^ ]+  \+", re.M)


def messages(text):
    """What was shown, without who sent it and when."""
    return [line for line in text.splitlines() if line.startswith(" ")]


def datagrams(path):
    """The datagrams of a text capture."""
    lines = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return [(line[0], bytes.fromhex(line[2])) for line in lines]


# ---- wrapping: UDP, IP, links, files

HOP_BY_HOP = bytes([17, 0, 1, 4, 0, 0, 0, 0])
WRAPPED = {
    "Ethernet, IPv4": pcap(1, bytes(12) + b"\x08\x00" + ipv4(udp(ALERT))),
    "Ethernet, padded": pcap(1, bytes(12) + b"\x08\x00" + ipv4(udp(ALERT)) + bytes(6)),
    "Ethernet, IPv6": pcap(1, bytes(12) + b"\x86\xdd" + ipv6(udp(ALERT))),
    "Ethernet, VLAN": pcap(1, bytes(12) + b"\x81\x00\x00\x05\x08\x00" + ipv4(udp(ALERT))),
    "loopback": pcap(0, b"\x02\0\0\0" + ipv4(udp(ALERT))),
    "raw IP": pcap(101, ipv4(udp(ALERT))),
    "raw IPv6, hop by hop": pcap(101, ipv6(udp(ALERT), HOP_BY_HOP, 0)),
    "Linux cooked": pcap(113, bytes(14) + b"\x08\x00" + ipv4(udp(ALERT))),
    "Linux cooked, version 2": pcap(276, b"\x86\xdd" + bytes(18) + ipv6(udp(ALERT))),
    "pcapng": pcapng(1, bytes(12) + b"\x08\x00" + ipv4(udp(ALERT))),
}


class Decode(ToolCase):
    def decode(self, *words, stdin=b"", code=OK):
        done = flightplan("decode", *words, stdin=stdin)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.decode(), done.stderr

    def lines(self, *lines, code=OK):
        return self.decode(stdin="\n".join(lines).encode() + b"\n", code=code)

    def test_whole_handshakes(self):
        """The messages of browsers' handshakes, in order, put together again where they were cut, two Finished encrypted."""
        for name, retried in (("client_chromium-server_firefox", 0), ("client_chromium-server_openssl3-HVR", 1),
                              ("client_firefox-server_firefox", 0), ("client_firefox-server_openssl3-HVR", 1)):
            for form in ("txt", "pcap"):
                with self.subTest(capture=name, form=form):
                    shown, _ = self.decode(CAPTURES / f"dtls12-{name}.{form}")
                    whole = re.findall(r"^    ([a-z_]+), message ([0-9]+), [0-9]+ octets(?:.*: now complete)?$", shown, re.M)
                    said = ["client_hello 0"] + ["hello_verify_request 0", "client_hello 1"] * retried + [
                        f"{message} {number + retried}" for message, number in (
                            ("server_hello", 0), ("certificate", 1), ("server_key_exchange", 2), ("certificate_request", 3),
                            ("server_hello_done", 4), ("certificate", 1), ("client_key_exchange", 2), ("certificate_verify", 3))]
                    self.assertEqual([" ".join(w) for w in whole], said)
                    self.assertEqual(len(re.findall(r"handshake record, .* epoch 1, .* encrypted", shown)), 2)
                    self.assertEqual(len(re.findall(r"change_cipher_spec record", shown)), 2)
                    self.assertNotIn("malformed", shown)

    def test_fields(self):
        """What stands in the messages, by its names."""
        shown, _ = self.decode(f"{DTLS12}.txt")
        self.assertIn("client_hello, message 0, 1461 octets, of them 1383 from 0 on: more to come", shown)
        self.assertIn("      cookie: 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", shown)
        self.assertIn("      cipher_suite: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (0xc02b)", shown)
        self.assertIn("        named_curve: x25519 (0x1d)", shown)
        self.assertIn("            - SRTP_AEAD_AES_128_GCM (0x7)", shown)

    def test_capture_and_text_agree(self):
        """The capture holds what the text says, and other things besides."""
        from_text, _ = self.decode(f"{DTLS12}.txt")
        from_capture, notes = self.decode(f"{DTLS12}.pcap")
        self.assertEqual(messages(from_capture)[:len(messages(from_text))], messages(from_text))
        self.assertRegex(notes, "[0-9]+ datagrams were not DTLS")

    def test_dtls13(self):
        """What a later version hides is said to be hidden; the hellos are shown."""
        shown, _ = self.decode(f"{DTLS13}.txt")
        self.assertIn("extension_type: key_share (0x33)", shown)
        self.assertIn("  DTLS 1.3 record, epoch 2 modulo 4, 511 octets, encrypted\n", shown)

    def test_full(self):
        """Long fields are cut short, unless they are wanted whole."""
        short, _ = self.decode(f"{DTLS12}.txt")
        full, _ = self.decode("--full", f"{DTLS12}.txt")
        self.assertIn("... (274 octets)", short)
        self.assertNotIn("...", full)

    def test_links(self):
        """Every wrapping that is known comes off."""
        for name, capture in WRAPPED.items():
            with self.subTest(link=name):
                shown, _ = self.decode(stdin=capture)
                self.assertEqual(len(FLOW.findall(shown)), 1)
                self.assertIn("description: handshake_failure (0x28)", shown)
                self.assertIn(":4444 > ", shown)

    def test_ports(self):
        capture = WRAPPED["Ethernet, IPv4"]
        self.assertIn("handshake_failure", self.decode("--port", "5555", stdin=capture)[0])
        self.assertIn("there is no DTLS", self.decode("--port", "5556", stdin=capture, code=FAILED)[1])

    def test_unreadable(self):
        """A fragment of IP is left out, an unknown link and a broken file are named."""
        self.decode(stdin=pcap(101, ipv4(udp(ALERT), fragment=0x2000)), code=FAILED)
        self.assertIn("known are Ethernet", self.decode(stdin=pcap(105, bytes(40)), code=SYSTEM)[1])
        self.assertIn("breaks off", self.decode(stdin=WRAPPED["raw IP"][:-3], code=SYSTEM)[1])

    def test_text(self):
        """Directions and times may be left out, blanks and colons be put in."""
        self.assertIn("? > ?  +0.000000  15 octets", self.lines("# an alert", "", ALERT.hex())[0])
        self.assertIn("S > C  +0.250000", self.lines("S>C +0.25 " + ALERT.hex())[0])
        self.assertIn("15 octets", self.lines("C>S " + ALERT.hex(" "))[0])
        self.assertIn("15 octets", self.lines(ALERT.hex(":").upper())[0])
        for broken in ("16zz", "16f", "hello", "C>S"):
            with self.subTest(broken=broken):
                self.assertIn("/dev/stdin:2: `", self.lines(ALERT.hex(), broken, code=SYSTEM)[1])
        self.assertIn("there is no DTLS", self.decode(stdin=b"", code=FAILED)[1])

    def test_text_that_a_terminal_would_obey(self):
        """A bad line is shown by its octets where they do not print."""
        for line, shown in ((b"\x1b[2J", r"\x1b[2J"), (b"16zz\x1b]0;x\x07\x7f", r"zz\x1b]0;x\x07\x7f"),
                            ("zz\u00e4\u009b1m".encode(), r"zz\xc3\xa4\xc2\x9b1m"), (b"zz\r\0\\", r"zz\x0d\x00\x5c"),
                            (b"\xff" * 20, r"\xff" * 16)):
            with self.subTest(line=line):
                complaint = self.decode(stdin=line + b"\n", code=SYSTEM)[1]
                self.assertIn(f"/dev/stdin:1: `{shown}` is not hex", complaint)
                self.assertTrue(complaint.rstrip("\n").isprintable())

    def test_nothing_to_decode(self):
        """Malformed datagrams alone are a failure; one record that is whole, encrypted or not, is none."""
        for line in ("16", "16fefd00", "2f", ALERT.hex()[:-2], "2c0001"):
            with self.subTest(line=line):
                shown, said = self.lines(line, line, code=FAILED)
                self.assertEqual(shown.count("malformed"), 2)
                self.assertIn("nothing in /dev/stdin could be decoded", said)
                self.assertEqual(self.lines(line, ALERT.hex())[1], "")
        self.lines("2f0001" + "00" * 30)   # under keys
        self.lines("3f0001" + "00" * 30)   # with a connection ID

    def test_again(self):
        """A message that comes twice is shown once."""
        shown, _ = self.lines(HELLO_REQUEST.hex(), HELLO_REQUEST.hex())
        self.assertEqual(shown.count("hello_request, message 0, 0 octets"), 2)
        self.assertEqual(shown.count("seen before"), 1)

    def test_broken(self):
        """Whatever is cut off or changed, the tool says so and goes on to the next."""
        _, first = datagrams(Path(f"{DTLS12}.txt"))[3 - 1]
        beyond = bytearray(HELLO_REQUEST)
        beyond[13 + 6:13 + 9] = b"\0\0\x09"
        self.assertIn("reaches beyond its message", self.lines(bytes(beyond).hex())[0])
        lines = [first[:cut].hex() for cut in range(1, len(first))]
        shown, _ = self.lines(*lines, ALERT.hex())
        self.assertEqual(shown.count("the datagram ends within a record"), len(lines))
        self.assertIn("handshake_failure", shown)
        changed = []
        for _, datagram in datagrams(Path(f"{DTLS12}.txt"))[:8]:
            for at in range(13, len(datagram), 3):
                changed.append((datagram[:at] + bytes([datagram[at] ^ 0xff]) + datagram[at + 1:]).hex())
        self.assertEqual(len(FLOW.findall(self.lines(*changed)[0])), len(changed))
