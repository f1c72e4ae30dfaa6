"""A certificate and a key that are none, or no pair: which of the two is wrong, how, and what would be right."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import SYSTEM, ToolCase, flightplan  # noqa: E402

CERT = "--cert wants an X.509 certificate"
KEY = "--key wants the certificate's private key"


class Credentials(ToolCase):
    def setUp(self):
        super().setUp()
        self.cert, self.key, _ = self.pair("good")

    def file(self, name, content):
        path = self.room / name
        path.write_bytes(content)
        return path

    def refused(self, cert, key, *says):
        for command in (["client", "--insecure", "--cert", cert, "--key", key, "127.0.0.1", "9"],
                        ["server", "--cert", cert, "--key", key, "0"]):
            done = flightplan(*command)
            self.assertEqual(done.returncode, SYSTEM, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
            for text in says:
                self.assertIn(text, done.stderr)

    def test_files_that_are_neither(self):
        """What is wrong with one file shows whichever it is, and it is named."""
        for name, content, says in (("empty", b"", "is empty"), ("text", b"nothing", "is neither PEM nor DER"),
                                    ("half", self.cert.read_bytes()[:200], "is cut off"),
                                    ("csr", b"-----BEGIN X-----\nMAA=\n-----END X-----\n", "is PEM, and holds no")):
            path = self.file(name, content)
            with self.subTest(file=name):
                self.refused(path, self.key, f"the certificate {path} {says}", CERT)
                self.refused(self.cert, path, f"the private key {path} {says}", KEY)

    def test_swapped(self):
        """Each in the other's place is told from either in both places."""
        self.refused(self.key, self.cert, "the other way round", str(self.cert), str(self.key))
        self.refused(self.key, self.key, f"the certificate {self.key} holds a private key, and no certificate", CERT)
        self.refused(self.cert, self.cert, f"the private key {self.cert} holds a certificate, and no private key", KEY)

    def test_no_pair(self):
        """A key that is another's leaves the certificate blameless."""
        _, other, _ = self.pair("other")
        self.refused(self.cert, other, f"{self.cert} is a certificate, but {other} is not its key", "another one", KEY)

    def test_damaged(self):
        """What has the right labels, and the wrong things between them."""
        cert = self.file("c", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
        self.refused(cert, self.key, f"the certificate {cert} is damaged, or", CERT)
        key = self.file("k", b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n")
        self.refused(self.cert, key, f"{key} is not its key", "or is damaged", KEY)
        der = self.file("d", b"\x30\x00")
        self.refused(der, self.key, f"the certificate {der} is damaged, or", CERT)
        self.refused(self.cert, der, f"{der} is not its key", KEY)

    def test_other_kinds(self):
        """Keys that are encrypted, or of RSA, by the labels that openssl gives them."""
        for name, label, says in (("locked", "ENCRYPTED PRIVATE KEY", "is encrypted: take the passphrase off"),
                                  ("rsa", "RSA PRIVATE KEY", "holds a private key of another kind")):
            key = self.file(name, f"-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n".encode())
            with self.subTest(label=label):
                self.refused(self.cert, key, f"the private key {key} {says}", KEY)
