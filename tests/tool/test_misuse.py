"""A command line that makes no sense gets an answer that names what is wrong, and the cure."""

import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import MISUSE, OK, SYSTEM, TOP, ToolCase, flightplan  # noqa: E402

PIN = "00" * 32

NO_PORTS = ["99999", "65536", "", "4294967297", "18446744073709551617", "abc", "domain", "1x", "+1", " 1"]
PORTS = ([(["client", "--insecure", "127.0.0.1", port], f"PORT wants a whole number from 1 to 65535, the port that the server "
           f"listens on, not `{port}`") for port in ["0", *NO_PORTS]] +
         [(["server", port], f"PORT wants a whole number from 0 to 65535 (0: any free port), not `{port}`") for port in NO_PORTS])

# words on the line, and what the answer has to say
MISUSES = PORTS + [
    ([], "say what to do: client, server, cert or decode"),
    (["clint"], "there is no command `clint`"),
    (["help", "clint"], "there is no command `clint`"),
    (["client", "--insecure"], "`client` wants a HOST and a PORT"),
    (["client", "--insecure", "a", "1", "more"], "not `more`"),
    (["client", "a", "1"], "--fingerprint (the server prints it), or --insecure"),
    (["client", "--insecure", "--fingerprint", PIN, "a", "1"], "say which of the two"),
    (["client", "--ca", "x", "--fingerprint", PIN, "a", "1"], "--fingerprint only the ones named: say which of the two"),
    (["client", "--ca", "x", "--insecure", "a", "1"], "--insecure any: say which of the two"),
    (["server", "--ca", "x", "--insecure", "1"], "--insecure any: say which of the two"),
    (["server", "--client-auth", "off", "--ca", "x", "1"], "--ca judges clients, which --client-auth off does not ask"),
    (["cert", "--ca", "x", "a", "b"], "--ca is not an option of `cert`"),
    (["client", "--fingerprint", "AA:BB", "a", "1"], "64 hex digits, with or without colons"),
    (["client", *["--fingerprint", PIN] * 5, "a", "1"], "4 times at most"),
    (["client", "--echo", "a", "1"], "--echo is not an option of `client`"),
    (["client", "--colour", "a", "1"], "there is no option `--colour`"),
    (["client", "--t", "a", "1"], "--t may be --timeout or --trace: write more of it"),
    (["client", "--insecure=yes", "a", "1"], "--insecure takes no value"),
    (["client", "--mtu"], "--mtu wants a value"),
    (["client", "--insecure", "--mtu", "100", "a", "1"], "--mtu wants a whole number from 200 to 65507, not `100`"),
    (["client", "--insecure", "--mtu", "1200x", "a", "1"], "not `1200x`"),
    (["client", "--insecure", "--mtu", " -18446744073709550416", "a", "1"], "not ` -18446744073709550416`"),
    (["client", "--insecure", "--timeout", "0x2", "a", "1"], "--timeout wants seconds from 1 to 3600, not `0x2`"),
    (["client", "--insecure", "--linger", "nan", "a", "1"], "--linger wants seconds from 0 to 3600, not `nan`"),
    (["client", "--insecure", "", "1"], "HOST is empty"),
    (["server", "--bind", "", "1"], "--bind wants an address of this machine"),
    (["client", "--insecure", "--timeout", "soon", "a", "1"], "--timeout wants seconds from 1 to 3600"),
    (["client", "--insecure", "--suites", "TLS_NULL", "a", "1"], "choose from TLS_AES_128_GCM_SHA256"),
    (["client", "--insecure", "--groups", "x25519,x25519", "a", "1"], "names `x25519` twice"),
    (["client", "--insecure", "--groups", "", "a", "1"], "choose from secp256r1, secp384r1, x25519"),
    (["client", "--insecure", "--suites", "TLS_AES_128_CCM_SHA256", "a", "1"], "there is no cipher suite `TLS_AES_128_CCM_SHA256`; choose from"),
    (["client", "--insecure", "--dtls13", "--suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "a", "1"],
     "no suite of --suites is of DTLS 1.3, which --dtls13 asks for"),
    (["server", "--dtls12", "--suites", "TLS_AES_128_GCM_SHA256,TLS_CHACHA20_POLY1305_SHA256", "1"],
     "no suite of --suites is of DTLS 1.2, which --dtls12 asks for: name others, or allow the other version"),
    (["client", "--insecure", "--dtls12", "--groups", "X25519MLKEM768", "a", "1"], "no group of --groups is of DTLS 1.2"),
    (["client", "--insecure", "--suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "--groups", "X25519MLKEM768", "a", "1"],
     "the suites of --suites are of one version, the groups of --groups of the other"),
    (["client", "--insecure", "--dtls13=yes", "a", "1"], "--dtls13 takes no value"),
    (["client", "--insecure", "--update-keys", "0", "a", "1"], "--update-keys wants a whole number from 1"),
    (["client", "--insecure", "--dtls12", "--update-keys", "9", "a", "1"], "--update-keys is for DTLS 1.3"),
    (["client", "--insecure", "--suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "--update-keys", "9", "a", "1"],
     "leave one of the two out"),
    (["decode", "--dtls13", "a"], "--dtls13 is not an option of `decode`"),
    (["cert", "--keylog", "x", "a", "b"], "--keylog is not an option of `cert`"),
    (["decode", "--keylog"], "--keylog wants a value"),
    (["client", "--insecure", "--srtp=SRTP_NULL", "a", "1"], "there is no SRTP profile `SRTP_NULL`"),
    (["client", "--insecure", "--show-keys", "a", "1"], "say --srtp too"),
    *((["client", "--insecure", "--server-name", name, "a", "1"],
       f"--server-name wants a host's name of 1 to 255 octets, without a dot at its end, not `{name}`")
      for name in ("", "a.", "example.org.", ".", "x" * 256)),
    (["client", "--insecure", "--cert", "x", "a", "1"], "--cert goes with --key"),
    (["server"], "`server` wants a PORT"),
    (["server", "--client-auth", "maybe", "1"], "off, optional or required"),
    (["server", "--client-auth", "required", "1"], "give a --fingerprint for each"),
    (["server", "--client-auth", "off", "--fingerprint", PIN, "1"], "leave one of the two out"),
    (["cert", "only.pem"], "two files to write, CERT and KEY"),
    (["cert", "same", "same"], "they are two files"),
    (["cert", "--curve", "p256", "a", "b"], "secp256r1 or secp384r1"),
    (["cert", "--name", "x" * 65, "a", "b"], "1 to 64 characters"),
    (["decode", "a", "b"], "one FILE at most"),
    (["decode", "--port", "0", "a"], "--port wants a whole number from 1"),
]


class Misuse(ToolCase):
    def test_every_misuse(self):
        for words, says in MISUSES:
            with self.subTest(words=words):
                done = flightplan(*words)
                self.assertEqual(done.returncode, MISUSE)
                self.assertEqual(done.stdout, b"")
                self.assertIn(says, done.stderr)
                self.assertIn("--help`", done.stderr)

    def test_system(self):
        """What the machine refuses is told apart from misuse."""
        for words, says in [
            (["client", "--insecure", "--cert", "/nowhere/c", "--key", "/nowhere/k", "localhost", "1"],
             "cannot read the certificate /nowhere/c"),
            (["client", "--ca", "/nowhere/ca", "localhost", "1"], "cannot read the certificates to trust /nowhere/ca"),
            (["server", "--ca", "/dev/null", "1"], "/dev/null holds no certificates"),
            (["client", "--insecure", "no-such-host.invalid", "1"], "cannot find `no-such-host.invalid`"),
            (["client", "--insecure", "no-such-host.invalid", "65535"], "cannot find `no-such-host.invalid`"),
            (["server", "--bind", "192.0.2.1", "65535"], "cannot listen on 192.0.2.1 port 65535"),
            (["client", "--insecure", "localhost:4444", "4444"], "cannot find `localhost:4444`"),
            (["client", "--insecure", "[::1]", "4444"], "no brackets, no port"),
            (["client", "--insecure", "--keylog", "/nowhere/log", "127.0.0.1", "1"], "cannot write the key log /nowhere/log"),
            (["server", "--bind", "192.0.2.1", "0"], "cannot listen on 192.0.2.1"),
            (["cert", "/nowhere/c", "/nowhere/k"], "cannot write the certificate /nowhere/c"),
            (["decode", "/nowhere/pcap"], "cannot read the capture /nowhere/pcap"),
            (["decode", ""], "the name of the capture is empty"),
            (["cert", "", "k"], "the name of the certificate is empty"),
            (["server", "--cert", "", "--key", "k", "0"], "the name of the certificate is empty"),
            (["client", "--insecure", "--keylog", "", "127.0.0.1", "1"], "the name of the key log is empty"),
        ]:
            with self.subTest(words=words):
                done = flightplan(*words)
                self.assertEqual(done.returncode, SYSTEM, done.stderr)
                self.assertIn(says, done.stderr)

    def test_bounds_are_those_of_the_spec(self):
        """What the library takes the command takes, and no more."""
        limits = yaml.safe_load((TOP / "spec" / "limits.yaml").read_text())["limits"]
        pins = limits["pinned_fingerprints"]["value"]
        tried = [([*["--fingerprint", PIN] * pins], [*["--fingerprint", PIN] * (pins + 1)], f"{pins} times at most")]
        for option, limit, unit in (("--mtu", "mtu", 1), ("--timeout", "handshake_deadline", 1000)):
            low, high = (bound // unit for bound in limits[limit]["range"])
            tried += [(["--insecure", option, str(good)], ["--insecure", option, str(bad)], f"from {low} to {high}")
                      for good, bad in ((low, low - 1), (high, high + 1))]
        for good, bad, says in tried:
            with self.subTest(words=bad):
                self.assertEqual(flightplan("client", *good, "no-such-host.invalid", "1").returncode, SYSTEM)
                done = flightplan("client", *bad, "no-such-host.invalid", "1")
                self.assertEqual(done.returncode, MISUSE)
                self.assertIn(says, done.stderr)

    def test_help(self):
        """Each command explains itself, within 100 columns, and no option is left unexplained."""
        for command in ("client", "server", "cert", "decode"):
            done = flightplan(command, "--help")
            self.assertEqual(done.returncode, OK)
            self.assertTrue(done.stdout.startswith(f"Usage: flightplan {command} ".encode()))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
            self.assertEqual(flightplan("help", command).stdout, done.stdout)
        self.assertIn(b"Exit codes:", flightplan("--help").stdout)
        self.assertEqual(flightplan("help").stdout, flightplan("--help").stdout)
        self.assertRegex(flightplan("--version").stdout, rb"^flightplan [0-9]+\.[0-9]+\.[0-9]+\n$")
