"""`flightplan decode` of DTLS 1.3, and with a key log: captures of browsers, every form of record, what is broken."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import records13 as r  # noqa: E402
from command import OK, SYSTEM, TOP, ToolCase, flightplan  # noqa: E402

CAPTURES = TOP / "tests" / "data" / "captures"
RECORD = re.compile(r"^  (\w+) record, DTLS 1\.3, epoch ([0-9]+), number ([0-9]+), [0-9]+ octets.*, decrypted to ([0-9]+)", re.M)
NO_SECRET = "encrypted: the key log has no secret for it"
NO_LUCK = "encrypted: the key log's secret does not open it"

# records of each epoch, both sides together
WHOLE = {
    "dtls13-client_chromium-server_firefox": {0: 3, 2: 11, 3: 17},
    "dtls13-client_firefox-server_boringssl-HRR_P256": {0: 5, 2: 4, 3: 6},
    "dtls13-client_firefox-server_chromium": {0: 3, 2: 4, 3: 19},
}


class Decode13(ToolCase):
    def decode(self, lines, log=None, code=OK, words=()):
        """Decodes lines of text with a key log; what it printed, what it noted."""
        if log is not None:
            path = self.room / "keys.log"
            path.write_text(log)
            words = [*words, "--keylog", path]
        done = flightplan("decode", *words, stdin="\n".join(lines).encode() + b"\n")
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.decode(), done.stderr

    def opened(self, lines, log=None):
        """What records of 1.3 were opened: (content, epoch, number, length)."""
        shown, _ = self.decode(lines, r.key_log() if log is None else log)
        return [(kind, int(epoch), int(number), int(size)) for kind, epoch, number, size in RECORD.findall(shown)]

    # ---- browsers

    def capture(self, name):
        done = flightplan("decode", "--keylog", CAPTURES / f"{name}.keylog", CAPTURES / f"{name}.txt")
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        return done.stdout.decode()

    def test_every_record(self):
        """Every record of the captured handshakes opens, whichever side wrote the key log."""
        for name, counts in WHOLE.items():
            with self.subTest(capture=name):
                shown = self.capture(name)
                self.assertNotRegex(shown, "encrypted$|encrypted:|malformed|unknown|no message")
                epochs = [int(e) for e in re.findall(r"^  \w+ record, .*?epoch ([0-9]+)", shown, re.M)]
                self.assertEqual({e: epochs.count(e) for e in sorted(set(epochs))}, counts)

    def test_a_handshake(self):
        """The messages of a handshake with a retry, and what is in them."""
        shown = self.capture("dtls13-client_firefox-server_boringssl-HRR_P256")
        names = re.findall(r"^    ([a-z_]+), message ([0-9]+), [0-9]+ octets(?:.*: now complete)?$", shown, re.M)
        self.assertEqual([" ".join(n) for n in names], [
            "client_hello 0", "server_hello 0", "client_hello 1", "server_hello 1", "encrypted_extensions 2",
            "certificate_request 3", "certificate 4", "certificate_verify 5", "finished 6", "certificate 2",
            "certificate_verify 3", "finished 4"])
        for text in ("""\
    server_hello, message 0, 52 octets
      (a HelloRetryRequest, by its random)
      legacy_version: dtls12 (0xfefd)
      random: cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c
      legacy_session_id_echo: (empty)
      cipher_suite: TLS_AES_128_GCM_SHA256 (0x1301)
      legacy_compression_method: null (0x0)
      extensions:
        - extension_type: supported_versions (0x2b)
          selected_version: dtls13 (0xfefc)
        - extension_type: key_share (0x33)
          selected_group: secp256r1 (0x17)
""", """\
        - extension_type: ec_point_formats (0xb)
          ec_point_format_list:
            - uncompressed (0x0)
""", """\
        - extension_type: key_share (0x33)
          client_shares:
            - group: secp256r1 (0x17)
              key_exchange: 04c23067b55fec12b95ecc2eac78c4dde117c41d8f6d73c23626b5bd75572b2cca8e81bbc2720c8670d375ab8d8f9c6f... (65 octets)
        - extension_type: supported_versions (0x2b)
          versions:
            - dtls13 (0xfefc)
            - dtls12 (0xfefd)
""", """\
  handshake record, DTLS 1.3, epoch 2, number 0, 506 octets, decrypted to 489
    encrypted_extensions, message 2, 11 octets
      extensions:
        - extension_type: use_srtp (0xe)
          profiles:
            - SRTP_AEAD_AES_128_GCM (0x7)
          srtp_mki: (empty)
    certificate_request, message 3, 27 octets
      certificate_request_context: (empty)
      extensions:
        - extension_type: signature_algorithms (0xd)
          supported_signature_algorithms:
            - ecdsa_secp256r1_sha256 (0x403)
""", """\
    finished, message 4, 32 octets
      verify_data: e0e17bf89f52386c24661dd9329c023fc804cb68c370e82f25e03126dbfdef92
S > C  +0.004125  72 octets
  ack record, DTLS 1.3, epoch 3, number 0, 67 octets, decrypted to 50
      record_numbers:
        - epoch: 2 (0x2)
          sequence_number: 0 (0x0)
        - epoch: 2 (0x2)
          sequence_number: 1 (0x1)
        - epoch: 2 (0x2)
          sequence_number: 2 (0x2)
"""):
            self.assertIn(text, shown)
        self.assertTrue(shown.endswith("      level: warning (0x1)\n      description: close_notify (0x0)\n"))

    def test_dtls12(self):
        """The key log opens DTLS 1.2 as well."""
        for name, data in (("dtls12-client_chromium-server_firefox", "data: 138813889557f304eb31b1e7000300150b2386ad000000010000003368656c6c6f000000\n"),
                           ("dtls12-client_firefox-server_firefox", "data: 138813881b04779b08c29dc0820000100010000cec33544200000001\n"),
                           ("dtls12-client_firefox-server_openssl3-HVR", "data: 13881388000000008639")):
            with self.subTest(capture=name):
                shown = self.capture(name)
                self.assertNotRegex(shown, "encrypted|malformed")
                self.assertEqual(len(re.findall(r"^    finished, message [0-9]+, 12 octets$", shown, re.M)), 2)
                self.assertEqual(len(re.findall("^      verify_data: [0-9a-f]{24}$", shown, re.M)), 2)
                self.assertIn(data, shown)

    # ---- forms of records

    def test_forms(self):
        """Long and short numbers, with length and without, under every suite."""
        for suite in r.SUITES:
            for form, says in ((r.WHOLE, ""), (r.SHORT, ", its number in 8 bits"), (r.NO_LENGTH, ", without a length"),
                               (r.BARE, ", its number in 8 bits, without a length")):
                with self.subTest(suite=suite, form=hex(form)):
                    shown, _ = self.decode([*r.hellos(suite), r.line("S", r.seal("S", 3, 0, b"hello", form=form, suite=suite))],
                                           r.key_log(suite))
                    self.assertIn(f"  application_data record, DTLS 1.3, epoch 3, number 0, 22 octets{says}, decrypted to 5\n"
                                  '      data: 68656c6c6f "hello"\n', shown)

    def test_several_in_a_datagram(self):
        """One after the other, the last without a length; a plaintext record before them."""
        datagram = r.line("S", r.server_hello(), r.seal("S", 2, 0, b"\2\x28", r.ALERT), r.seal("S", 3, 0, b"one"),
                          r.seal("S", 3, 1, b"two", form=r.BARE))
        self.assertEqual(self.opened([r.line("C", r.client_hello()), datagram]),
                         [("alert", 2, 0, 2), ("application_data", 3, 0, 3), ("application_data", 3, 1, 3)])

    def test_padding(self):
        """Padding is counted apart, and an empty record has none of it for content."""
        shown, _ = self.decode([*r.hellos(), r.line("C", r.seal("C", 3, 0, b"x", padding=30), r.seal("C", 3, 1, b""))], r.key_log())
        self.assertIn("48 octets, decrypted to 1 and 30 of padding", shown)
        self.assertIn("17 octets, decrypted to 0\n      data: (empty)", shown)

    def test_long_data(self):
        """Data is cut short as other fields are, its text too, unless it is wanted whole."""
        lines = [*r.hellos(), r.line("C", r.seal("C", 3, 0, b"a" * 60))]
        self.assertIn(f'      data: {"61" * 48}... (60 octets) "{"a" * 48}..."\n', self.decode(lines, r.key_log())[0])
        self.assertIn(f'      data: {"61" * 60} (60 octets) "{"a" * 60}"\n', self.decode(lines, r.key_log(), words=["--full"])[0])

    def test_messages(self):
        """Alerts, ACKs, and messages after the handshake, field by field."""
        ack = b"\0\x20" + (2).to_bytes(8, "big") + (5).to_bytes(8, "big") + (3).to_bytes(8, "big") + (1).to_bytes(8, "big")
        shown, _ = self.decode([
            *r.hellos(),
            r.line("S", r.seal("S", 3, 0, r.message(24, 7, b"\1"), r.HANDSHAKE)),
            r.line("C", r.seal("C", 3, 0, ack, r.ACK)),
            r.line("C", r.seal("C", 3, 1, b"\1\0", r.ALERT)),
            r.line("C", r.seal("C", 3, 2, r.message(24, 2, b"\7"), r.HANDSHAKE)),
            r.line("C", r.seal("C", 3, 3, ack[:-1], r.ACK)),
        ], r.key_log())
        self.assertIn("    key_update, message 7, 1 octets\n      request_update: update_requested (0x1)\n", shown)
        self.assertIn("  ack record, DTLS 1.3, epoch 3, number 0, 51 octets, decrypted to 34\n      record_numbers:\n"
                      "        - epoch: 2 (0x2)\n          sequence_number: 5 (0x5)\n"
                      "        - epoch: 3 (0x3)\n          sequence_number: 1 (0x1)\n", shown)
        self.assertIn("      level: warning (0x1)\n      description: close_notify (0x0)\n", shown)
        self.assertIn("malformed: KeyUpdate.request_update; the answer is illegal_parameter", shown)
        self.assertIn("malformed: ACK.record_numbers; the answer is decode_error", shown)

    def test_fragments(self):
        """A message is put together across records and epochs of keys; what was seen is not shown again."""
        whole = r.message(24, 3, b"\0")
        body = r.message(20, 2, bytes(range(32)))
        cut = [body[:6] + bytes([0, 0, at]) + bytes([0, 0, 16]) + body[12 + at:12 + at + 16] for at in (16, 0)]
        shown, _ = self.decode([*r.hellos(), *[r.line("C", r.seal("C", 2, n, part, r.HANDSHAKE)) for n, part in enumerate(cut)],
                                r.line("C", r.seal("C", 3, 0, whole, r.HANDSHAKE)), r.line("C", r.seal("C", 3, 1, whole, r.HANDSHAKE))],
                               r.key_log())
        self.assertIn("finished, message 2, 32 octets, of them 16 from 16 on: more to come", shown)
        self.assertIn("finished, message 2, 32 octets, of them 16 from 0 on: now complete\n"
                      f"      verify_data: {bytes(range(32)).hex()}\n", shown)
        self.assertEqual(shown.count("key_update, message 3, 1 octets"), 2)
        self.assertEqual(shown.count("seen before"), 1)

    # ---- numbers and generations

    def test_record_numbers(self):
        """What a header leaves out of a number is found again, from either side of what came before."""
        for form, numbers in ((r.BARE, [0, 100, 200, 300, 250, 400, 527, 528, 402]),
                              (r.WHOLE, [0, 30000, 60000, 65535, 65536, 90000, 60001, 120000, 131071, 131072])):
            lines = [r.line("C", r.seal("C", 3, number, b"x", form=form)) for number in numbers]
            self.assertEqual([n for _, _, n, _ in self.opened([*r.hellos(), *lines])], numbers)

    def test_key_updates(self):
        """Each generation of keys follows from the one before, each side by itself; late records of the one before open."""
        steps = [("C", 3, 0), ("C", 4, 0), ("C", 3, 1), ("S", 3, 0), ("C", 5, 0), ("C", 6, 0), ("C", 4, 1), ("C", 7, 0), ("C", 8, 0),
                 ("S", 4, 0), ("C", 9, 0), ("C", 7, 1), ("C", 13, 0)]
        lines = [*r.hellos(), *[r.line(side, r.seal(side, epoch, number, b"x")) for side, epoch, number in steps]]
        self.assertEqual([(e, n) for _, e, n, _ in self.opened(lines)], [step[1:] for step in steps])

    def test_generation_gone(self):
        """A record of a generation whose bits a newer one has taken is not opened, nor is it mistaken."""
        lines = [*r.hellos(), *[r.line("C", r.seal("C", epoch, 0, b"x")) for epoch in (3, 4, 5, 6, 7)],
                 r.line("C", r.seal("C", 3, 1, b"x"))]
        shown, _ = self.decode(lines, r.key_log())
        self.assertEqual(len(RECORD.findall(shown)), 5)
        self.assertTrue(shown.rstrip().endswith(NO_LUCK), shown)

    # ---- what cannot be opened

    def test_without_log(self):
        """Without a key log nothing is said about one; records are told apart by their lengths."""
        shown, _ = self.decode([*r.hellos(), r.line("S", r.seal("S", 2, 0, b"x"), r.seal("S", 3, 0, b"", form=r.BARE))])
        self.assertIn("  DTLS 1.3 record, epoch 2 modulo 4, 18 octets, encrypted\n"
                      "  DTLS 1.3 record, epoch 3 modulo 4, 17 octets, its number in 8 bits, without a length, encrypted\n", shown)

    def test_secret_missing(self):
        """Of a secret that is not there, or another's, or of another length, it is said."""
        lines = [*r.hellos(), r.line("S", r.seal("S", 2, 0, b"x")), r.line("S", r.seal("S", 3, 0, b"x"))]
        for log, says in (
                (r.key_log(which=("C2", "C3", "S3")), [NO_SECRET, None]),
                (r.key_log(which=("C2", "C3", "S2")), [None, NO_SECRET]),
                (r.key_log(random=bytes(32)), [NO_SECRET, NO_SECRET]),
                (r.key_log("TLS_AES_256_GCM_SHA384"), [NO_SECRET, NO_SECRET]),
                (r.key_log().replace("5302", "5303"), [NO_LUCK, None]),
                ("", [NO_SECRET, NO_SECRET])):
            with self.subTest(log=log):
                shown, _ = self.decode(lines, log)
                found = re.findall(r"^  .*(?:epoch [23]).*$", shown, re.M)
                self.assertEqual(len(found), 2)
                for text, why in zip(found, says):
                    self.assertIn(why or "decrypted to 1", text)

    def test_no_hello(self):
        """Who has not heard the hellos knows neither the keys nor the suite."""
        record = r.line("S", r.seal("S", 3, 0, b"x"))
        self.assertIn("encrypted: no ServerHello before it says which keys", self.decode([record], r.key_log())[0])
        self.assertIn("encrypted: no ServerHello", self.decode([r.hellos()[0], record], r.key_log())[0])
        self.assertIn("encrypted: no ServerHello", self.decode([r.hellos()[1], record], r.key_log())[0])

    def test_forged(self):
        """A record changed in any octet is not opened, and does no harm to the next."""
        record = r.seal("C", 3, 0, b"hello")
        lines = [r.line("C", record[:at] + bytes([record[at] ^ 1]) + record[at + 1:]) for at in range(1, len(record))]
        shown, _ = self.decode([*r.hellos(), *lines, r.line("C", record)], r.key_log())
        self.assertEqual([m[2] for m in RECORD.findall(shown)], ["0"])
        self.assertIn("hello", shown)

    def test_strange_inside(self):
        """An authentic record without a type, or with one that cannot be, is left alone."""
        shown, _ = self.decode([*r.hellos(), r.line("C", r.seal("C", 3, 0, b"", kind=0, padding=20)),
                                r.line("C", r.seal("C", 3, 1, b"\1", kind=20)), r.line("C", r.seal("C", 3, 2, b"on"))], r.key_log())
        self.assertEqual(shown.count(NO_LUCK), 2)
        self.assertEqual([m[2] for m in RECORD.findall(shown)], ["2"])

    def test_broken_headers(self):
        """What is cut off, too short, too long, or has a connection ID is called that."""
        record = r.seal("S", 3, 0, b"hello")
        for datagram, says in ((record[:-1], "malformed: the datagram ends within a record"),
                               (record[:4], "malformed: the datagram ends within a record"),
                               (record[:1], "malformed: the datagram ends within a record"),
                               (b"\x2f\0\0\0\x0f" + bytes(15), "malformed: a DTLS 1.3 record of 20 octets has no room for its tag"),
                               (b"\x23\0", "malformed: a DTLS 1.3 record of 2 octets has no room for its tag"),
                               (b"\x2f\0\0\x41\x01" + bytes(0x4101), "is longer than records may be"),
                               (b"\x3f\0\0\0\x20" + bytes(32), "with a connection ID of unknown length, 37 octets to the end")):
            with self.subTest(datagram=datagram[:8].hex()):
                shown, _ = self.decode([*r.hellos(), r.line("S", datagram), r.line("S", record)], r.key_log())
                self.assertIn(says, shown)
                self.assertTrue(shown.endswith('data: 68656c6c6f "hello"\n'))

    def test_hellos_of_strangers(self):
        """Hellos that the key log does not know take nobody's keys away; those that it knows bring new ones."""
        record, other = r.line("C", r.seal("C", 3, 0, b"x")), bytes(range(200, 232))
        again = r.line("C", r.seal("C", 3, 1, b"x"))
        strangers = [r.line("C", r.client_hello(other)), r.line("S", r.server_hello("TLS_AES_256_GCM_SHA384", other))]
        self.assertEqual(len(self.opened([*r.hellos(), record, *strangers, again])), 2)
        both = r.key_log() + r.key_log(random=other)
        self.assertEqual(self.opened([*r.hellos(), again, *r.hellos(random=other), record], both),
                         [("application_data", 3, 1, 1), ("application_data", 3, 0, 1)])

    def test_nobody_said_who(self):
        """Without directions either side's keys are tried."""
        lines = [text[4:] for text in [*r.hellos(), r.line("C", r.seal("C", 3, 0, b"c")), r.line("S", r.seal("S", 3, 0, b"server"))]]
        self.assertEqual([size for _, _, _, size in self.opened(lines)], [1, 6])

    # ---- key logs

    def test_key_log_forms(self):
        """Comments, other labels, blanks and line ends of all kinds, either case; the first of two counts."""
        log = r.key_log()
        lines = [*r.hellos(), r.line("C", r.seal("C", 3, 0, b"x"))]
        for form in ("# text\n\n" + log, log.replace("\n", "\r\n"), log.replace(" ", "\t "), log.upper(), log.rstrip("\n"),
                     log + log.replace("C3".encode().hex()[:2], "ff"), f"EXPORTER_SECRET {bytes(32).hex()} 00\nOTHER 1 2 3\n" + log):
            with self.subTest(form=form):
                self.assertEqual(len(self.opened(lines, form)), 1)
                self.assertEqual(self.decode(lines, form)[1], "")

    def test_broken_key_logs(self):
        """Lines that make no sense are counted, the others used; one without secrets, or that is not there, is named."""
        lines = [*r.hellos(), r.line("C", r.seal("C", 3, 0, b"x"))]
        label, random, secret = r.key_log(which=("C3",)).split()
        bad = [label, f"{label} {random}", f"{label} {random} {secret}0", f"{label} {random[2:]} {secret}", f"{label} {random} {secret} 00",
               f"{label} {random} {secret}{secret}", f"{label} {random} zz{secret[2:]}", f"{label} {secret}", "what is it", "x"]
        for text in bad[:-2] + bad[-1:]:
            with self.subTest(line=text):
                shown, notes = self.decode(lines, text + "\n" + r.key_log())
                self.assertEqual(len(RECORD.findall(shown)), 1)
                self.assertIn("1 lines of", notes)
        shown, notes = self.decode(lines, "\0\xff" * 1000)
        self.assertIn("holds no secret that opens records", notes)
        self.assertIn(NO_SECRET, shown)
        done = flightplan("decode", "--keylog", self.room / "nowhere", stdin=b"")
        self.assertEqual(done.returncode, SYSTEM)
        self.assertIn("cannot read the key log", done.stderr)

    def test_anything(self):
        """Whatever octet of a captured handshake is changed, its datagram is shown."""
        name = "dtls13-client_firefox-server_boringssl-HRR_P256"
        lines = [text.split() for text in (CAPTURES / f"{name}.txt").read_text().splitlines()]
        log = (CAPTURES / f"{name}.keylog").read_text()
        total = 0
        for chosen, (_, _, text) in enumerate(lines):
            changed = []
            for at in range(0, len(text) // 2, 5):
                octets = bytearray.fromhex(text)
                octets[at] ^= 1 << at % 8
                changed.append(f"{lines[chosen][0]} {octets.hex()}")
            before = [f"{who} {octets}" for who, _, octets in lines[:chosen]]
            after = [f"{who} {octets}" for who, _, octets in lines[chosen:]]
            shown, notes = self.decode([*before, *changed, *after], log)
            skipped = re.search("([0-9]+) datagrams were not DTLS", notes)
            self.assertEqual(len(re.findall("^[CS] > ", shown, re.M)) + int(skipped[1] if skipped else 0), len(lines) + len(changed))
            total += len(changed)
        self.assertGreater(total, 400)
