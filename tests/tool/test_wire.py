"""What our own runs look like on the line, to `decode` with our key log, in both versions."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import OK, flightplan, has_hybrid  # noqa: E402
from recorded import SUITES12, SUITES13, Recorded  # noqa: E402


class Wire(Recorded):
    def decode(self, capture, log):
        done = flightplan("decode", "--full", "--keylog", log, capture)
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        shown = done.stdout.decode()
        self.assertNotRegex(shown, r"encrypted$|encrypted:|malformed|unknown record|no message")
        return shown

    def test_decode12(self):
        """All of a run in DTLS 1.2 opens with our key log, under every suite."""
        for suite in SUITES12:
            with self.subTest(suite=suite):
                shown = self.decode(*self.run_of(("--dtls12",), ("--dtls12", "--suites", suite)))
                self.assertIn(f"      cipher_suite: {suite} ", shown)
                self.assertEqual(len(re.findall(r"^    finished, message [0-9]+, 12 octets$", shown, re.M)), 2)
                self.assertEqual(shown.count('"what we say"'), 2)
                self.assertIn("      description: close_notify (0x0)\n", shown)

    def test_decode13(self):
        """And of one in DTLS 1.3, ACKs and all."""
        for suite in SUITES13:
            for words in ((), ("--no-cookie",)):
                with self.subTest(suite=suite, words=words):
                    shown = self.decode(*self.run_of(("--dtls13", *words), ("--dtls13", "--suites", suite)))
                    self.assertIn(f"      cipher_suite: {suite} ", shown)
                    names = re.findall(r"^    ([a-z_]+), message ([0-9]+), [0-9]+ octets(?:.*: now complete)?$", shown, re.M)
                    retry = ["client_hello", "server_hello"] if not words else []
                    self.assertEqual([name for name, _ in names], [
                        *retry, "client_hello", "server_hello", "encrypted_extensions", "certificate_request", "certificate",
                        "certificate_verify", "finished", "certificate", "certificate_verify", "finished"])
                    self.assertEqual("(a HelloRetryRequest, by its random)" in shown, not words)
                    self.assertRegex(shown, r"  ack record, DTLS 1\.3, epoch [23], number 0, ")
                    self.assertEqual(shown.count('"what we say"'), 2)

    def test_hybrid(self):
        """The large shares of X25519MLKEM768, where libcrypto has it: hellos in fragments, put together again."""
        if not has_hybrid():
            return
        groups = ("--dtls13", "--groups", "X25519MLKEM768,x25519")
        shown = self.decode(*self.run_of(groups, groups))
        self.assertRegex(shown, r"    client_hello, message 0, [0-9]+ octets, of them .*: now complete\n")
        self.assertRegex(shown, r"            group: X25519MLKEM768 \(0x11ec\)\n            key_exchange: [0-9a-f]{2240} \(1120 octets\)\n")

    def test_key_updates(self):
        """Generations of keys that either side began, and had the other begin."""
        block = bytes(range(256)) * 64
        capture, log = self.run_of(("--dtls13", "--update-keys", 5), ("--dtls13", "--update-keys", 3), stdin=block)
        shown = self.decode(capture, log)
        for side, other in (("4444", "5555"), ("5555", "4444")):
            sent = re.findall(rf"^[0-9.]+:{side} > [0-9.]+:{other} .*\n((?:  .*\n)+)", shown, re.M)
            epochs = [int(e) for text in sent for e in re.findall(r"^  \w+ record, DTLS 1\.3, epoch ([0-9]+),", text, re.M)]
            self.assertGreaterEqual(max(epochs), 4)
        self.assertIn("    key_update, message ", shown)
        self.assertIn("      request_update: update_requested (0x1)\n", shown)
