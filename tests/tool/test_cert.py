"""`flightplan cert`: the pair that it writes is one that others can read."""

import base64
import hashlib
import os
import re
import resource
import stat
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import MISUSE, OK, PATIENCE, SYSTEM, TOOL, ToolCase, flightplan  # noqa: E402


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

    def test_one_file_by_two_names(self):
        """The key must not take the certificate's place, there before or not, however the path is written."""
        os.mkdir(self.room / "x")
        for old in (False, True):
            with self.subTest(old=old):
                if old:
                    (self.room / "c.pem").write_text("old")
                done = flightplan("cert", "--force", self.room / "c.pem", f"{self.room}/x/../c.pem")
                self.assertEqual(done.returncode, MISUSE, done.stderr)
                self.assertIn("they are two files", done.stderr)
                self.assertEqual((self.room / "c.pem").exists(), old)
        self.assertEqual((self.room / "c.pem").read_text(), "old")

    def test_devices_are_left_alone(self):
        """--force replaces files: a pipe or a device is none."""
        pipe = self.room / "pipe"
        os.mkfifo(pipe)
        link = self.room / "link"
        link.symlink_to(pipe)
        for path in (pipe, link):
            for words in (["cert", "--force", path, self.room / "k"], ["cert", "--force", self.room / "c", path]):
                done = flightplan(*words)
                self.assertEqual(done.returncode, SYSTEM)
                self.assertIn(f"{path}: it is a device, a pipe or a socket; name a file", done.stderr)
        self.assertTrue(stat.S_ISFIFO(pipe.lstat().st_mode))
        self.assertTrue(link.is_symlink())
        self.assertFalse((self.room / "c").exists())

    def test_full_disk(self):
        """What could be written only in part is taken away: the next try need not be forced."""
        done = subprocess.run([TOOL, "cert", self.room / "c.pem", self.room / "c.key"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=PATIENCE, check=False, restore_signals=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assertEqual(done.returncode, SYSTEM)
        self.assertIn(b"cannot write the certificate", done.stderr)
        self.assertEqual(sorted(self.room.iterdir()), [])
