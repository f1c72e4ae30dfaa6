"""`--ca`: client and server judge each other by an authority, and say whom they refuse, and why."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import FAILED, OK, ToolCase  # noqa: E402

AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")
HOST = "subjectAltName=DNS:example.org,IP:127.0.0.1"


class Authority(ToolCase):
    def setUp(self):
        super().setUp()
        self.issue("root", None, *AUTHORITY)
        self.issue("middle", "root", *AUTHORITY)

    def issue(self, name, issuer, *extensions):
        """Makes NAME.pem and NAME.key, signed by ISSUER or by itself; the paths of both, the chain in the first."""
        cert, key = self.room / f"{name}.pem", self.room / f"{name}.key"
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-config", "/dev/null", "-subj", f"/CN={name}", "-out", cert, "-keyout", key]
        if issuer is not None:
            words += ["-CA", self.room / f"{issuer}.pem", "-CAkey", self.room / f"{issuer}.key"]
        for extension in extensions:
            words += ["-addext", extension]
        done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        if issuer is not None and issuer != "root":
            cert.write_text(cert.read_text() + (self.room / f"{issuer}.pem").read_text())
        return cert, key

    def server_of(self, *extensions, issuer="middle"):
        cert, key = self.issue("server", issuer, *extensions)
        return self.serve("--once", "--echo", "--cert", cert, "--key", key)

    def call_with(self, server, *words, ca="root"):
        return self.call(server, "--ca", self.room / f"{ca}.pem", *words)

    def refused(self, server, done, *says):
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertEqual(done.stdout, b"")
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertNotIn("give it to --fingerprint", done.stderr)
        self.assertEqual(server.wait(), FAILED)

    def test_trusted(self):
        """By the name that was asked for, or by the address that was called; in both versions."""
        for words in (("--server-name", "example.org"), (), ("--dtls12",)):
            server = self.server_of(HOST, "extendedKeyUsage=serverAuth")
            done = self.call_with(server, *words)
            self.assertEqual((done.returncode, done.stdout), (OK, b"hello\n"), done.stderr)
            self.assertIn(f"is vouched for by {self.room}/root.pem, as {words[1] if len(words) > 1 else '127.0.0.1'}", done.stderr)
            self.assertEqual(server.wait(), OK, server.stderr)

    def test_wrong_host(self):
        server = self.server_of(HOST)
        done = self.call_with(server, "--server-name", "example.com")
        self.refused(server, done, "is not trusted: certificate 1 of the 2 shown:", "and for the host example.com")

    def test_strange_host(self):
        server = self.server_of(HOST)
        done = self.call_with(server, "--server-name", "example..com")
        self.refused(server, done, "no certificate names a host like `example..com`", "--server-name")

    def test_another_authority(self):
        self.issue("other", None, *AUTHORITY)
        server = self.server_of(HOST)
        self.refused(server, self.call_with(server, ca="other"), "issuer certificate", "other.pem")

    def test_a_client_is_no_server(self):
        server = self.server_of(HOST, "extendedKeyUsage=clientAuth")
        self.refused(server, self.call_with(server), "purpose")

    def test_self_signed(self):
        """What `flightplan cert` makes vouches for itself, where it is in the file."""
        cert, key, _ = self.pair("client")
        for ca, code in ((cert, OK), (self.room / "root.pem", FAILED)):
            server = self.serve("--once", "--echo", "--ca", ca)
            done = self.call(server, "--insecure", "--cert", cert, "--key", key)
            self.assertEqual(server.wait(), code, server.stderr)
            self.assertEqual(done.returncode, code)
            self.assertIn("is vouched for by" if code == OK else "is not trusted: certificate 1 of the 1 shown:", server.stderr)

    def test_server_wants_a_certificate(self):
        """--ca asks clients for one; a chain with the right purpose passes, none does not."""
        cert, key = self.issue("client", "middle", "extendedKeyUsage=clientAuth")
        server = self.serve("--once", "--echo", "--ca", self.room / "root.pem")
        self.assertEqual(self.call(server, "--insecure").returncode, FAILED)
        self.assertEqual(server.wait(), FAILED)
        server = self.serve("--once", "--echo", "--ca", self.room / "root.pem")
        done = self.call(server, "--insecure", "--cert", cert, "--key", key)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(server.wait(), OK, server.stderr)
