"""`flightplan cert`: the pair that it writes is one that others can read."""

import base64
import hashlib
import re
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import OK, SYSTEM, ToolCase, flightplan  # noqa: E402


def der_of(path, label):
    """The DER inside a PEM file that holds one thing."""
    found = re.fullmatch(rf"-----BEGIN {label}-----\n((?:[A-Za-z0-9+/]{{64}}\n)*[A-Za-z0-9+/]{{1,64}}={{0,2}}\n)-----END {label}-----\n",
                         path.read_text())
    assert found, f"{path} is no {label} in PEM with lines of 64"
    return base64.b64decode(found[1])


class Cert(ToolCase):
    def test_pair(self):
        """The fingerprint is the certificate's, the key is for its owner only."""
        for curve in ("secp256r1", "secp384r1"):
            with self.subTest(curve=curve):
                cert, key, pin = self.pair(curve, "--curve", curve, "--name", "who is it")
                der = der_of(cert, "CERTIFICATE")
                self.assertEqual(pin, ":".join(f"{b:02X}" for b in hashlib.sha256(der).digest()))
                self.assertIn(b"who is it", der)
                self.assertGreater(len(der_of(key, "PRIVATE KEY")), 60)
                self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)

    def test_each_is_another(self):
        self.assertNotEqual(self.pair("a")[2], self.pair("b")[2])

    def test_overwriting_must_be_asked_for(self):
        """A key that exists is kept, and --force is the way."""
        cert, key, pin = self.pair("pair")
        before = key.read_bytes()
        done = flightplan("cert", cert, key)
        self.assertEqual(done.returncode, SYSTEM)
        self.assertIn("--force", done.stderr)
        self.assertEqual(key.read_bytes(), before)
        done = flightplan("cert", "--force", cert, key)
        self.assertEqual(done.returncode, OK)
        self.assertNotEqual(done.stdout.decode().strip(), pin)

    def test_no_certificate_without_its_key(self):
        """When the key cannot be written, no certificate is left lying about."""
        done = flightplan("cert", self.room / "c.pem", "/nowhere/key")
        self.assertEqual(done.returncode, SYSTEM)
        self.assertFalse((self.room / "c.pem").exists())
