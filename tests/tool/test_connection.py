"""`flightplan client` and `flightplan server` over UDP on the loopback interface."""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import FAILED, OK, TOP, ToolCase, flightplan, has_hybrid  # noqa: E402

KEYS = re.compile(r"SRTP keys for (\S+), their hash: (\S+)")
CONNECTED = re.compile(r"connected with [^:]+:[0-9]+: DTLS 1\.([23]), (\S+), (\S+?)(?:,|$)", re.M)
TRACED = re.compile(r"^  (\w+)\.(\w+)  (\S+?)(?: \((\w+)\))?  (?:-> (\w+)|refused by (\w+))  (spec/\S+?):([0-9]+)(?:  (\S+))?$", re.M)


SUITES = {"2": ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
          "3": ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")}
VERSIONS = ("2", "3")


class Connection(ToolCase):
    def test_echo(self):
        """What goes in comes back; both ends end in order."""
        server = self.serve("--once", "--echo")
        done = self.call(server, "--fingerprint", server.pin)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(done.stdout, b"hello\n")
        self.assertEqual(server.wait(), OK, server.stderr)
        self.assertEqual(server.output, b"hello\n")

    def test_mutual_authentication_and_srtp(self):
        """Each pins the other; the negotiated parameters and the SRTP keys are the same at both ends."""
        cert, key, pin = self.pair("client")
        for version in VERSIONS:
            server = self.serve("--once", "--srtp", "--fingerprint", pin)
            done = self.call(server, "--srtp", "--fingerprint", server.pin, "--cert", cert, "--key", key,
                             f"--dtls1{version}")
            self.assertEqual(done.returncode, OK, done.stderr)
            self.assertEqual(server.wait(), OK, server.stderr)
            self.assertEqual(KEYS.search(done.stderr).groups(), KEYS.search(server.stderr).groups())
            self.assertEqual(CONNECTED.search(done.stderr).groups(), CONNECTED.search(server.stderr).groups())
            self.assertIn(pin, server.stderr)

    def test_shown_keys_are_hashed(self):
        """--show-keys shows what the hash was made of."""
        server = self.serve("--once", "--srtp")
        done = self.call(server, "--srtp=SRTP_AES128_CM_HMAC_SHA1_80", "--show-keys", "--insecure")
        self.assertEqual(done.returncode, OK, done.stderr)
        shown = dict(re.findall(r"  ((?:client|server) (?:key |salt)) ([0-9a-f]+)$", done.stderr, re.M))
        self.assertEqual({k: len(v) // 2 for k, v in shown.items()},
                         {"client key ": 16, "server key ": 16, "client salt": 14, "server salt": 14})
        whole = b"\0\1" + b"".join(bytes.fromhex(shown[k]) for k in ("client key ", "server key ", "client salt", "server salt"))
        self.assertEqual(KEYS.search(done.stderr)[2].replace(":", "").lower(), hashlib.sha256(whole).hexdigest())

    def test_wrong_pin(self):
        """A certificate that is not the one pinned ends the handshake at both ends, and says so."""
        server = self.serve("--once")
        done = self.call(server, "--fingerprint", "00" * 32)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("no connection with 127.0.0.1", done.stderr)
        self.assertIn("spec/machines/", done.stderr)
        self.assertEqual(server.wait(), FAILED)
        self.assertIn("certificate", server.stderr)

    def test_wrong_client(self):
        """Nor does a server take a client that is another than it was told."""
        cert, key, _ = self.pair("somebody")
        server = self.serve("--once", "--fingerprint", "11" * 32)
        done = self.call(server, "--insecure", "--cert", cert, "--key", key)
        self.assertEqual(server.wait(), FAILED)
        self.assertEqual(done.returncode, FAILED)

    def test_client_without_certificate(self):
        """`required` means it; `optional` does not."""
        server = self.serve("--once", "--client-auth", "required", "--insecure")
        self.assertEqual(self.call(server, "--insecure").returncode, FAILED)
        self.assertEqual(server.wait(), FAILED)
        server = self.serve("--once", "--client-auth", "optional", "--insecure")
        self.assertEqual(self.call(server, "--insecure").returncode, OK)
        self.assertEqual(server.wait(), OK)

    def test_trace(self):
        """Every line of a trace names a row of the spec, and the way is whole from start to CONNECTED."""
        for version in VERSIONS:
            server = self.serve("--once", "--trace", f"--dtls1{version}")
            done = self.call(server, "--insecure", "--trace", f"--dtls1{version}")
            self.assertEqual(server.wait(), OK)
            for text, last in ((done.stderr, f"dtls1{version}_client"), (server.stderr, f"dtls1{version}_server")):
                with self.subTest(machine=last):
                    rows = TRACED.findall(text)
                    self.assertTrue(any(row[0] == last and row[4] == "CONNECTED" for row in rows), text)
                    for machine, state, _event, _outcome, _next, _check, file, line, _ref in rows:
                        lines = (TOP / file).read_text().splitlines()
                        self.assertLessEqual(int(line), len(lines))
                        self.assertTrue(file.endswith(f"/{machine}.yaml"))
                        self.assertTrue(any(re.match(rf"\s*{state}:", text) for text in lines), f"{state} is not in {file}")

    def test_parameters(self):
        """Suites and groups are those that were asked for, in either version; a group may take a second hello."""
        for version in VERSIONS:
            for suite in SUITES[version]:
                for group in ("x25519", "secp256r1", "secp384r1"):
                    with self.subTest(suite=suite, group=group):
                        server = self.serve("--once", "--echo", f"--dtls1{version}", "--groups", group)
                        done = self.call(server, "--insecure", f"--dtls1{version}", "--suites", suite)
                        self.assertEqual(done.returncode, OK, done.stderr)
                        self.assertEqual(done.stdout, b"hello\n")
                        self.assertEqual(CONNECTED.search(done.stderr).groups(), (version, suite, group))
                        self.assertEqual(server.wait(), OK)

    def test_versions(self):
        """Two ends that share a version connect with the newest one that they share, others part and say why."""
        allows = {(): "23", ("--dtls12",): "2", ("--dtls13",): "3", ("--dtls12", "--dtls13"): "23"}
        for ours, client in allows.items():
            for theirs, words in allows.items():
                with self.subTest(client=ours, server=theirs):
                    server = self.serve("--once", "--echo", *theirs)
                    done = self.call(server, "--insecure", *ours)
                    shared = set(client) & set(words)
                    if shared:
                        self.assertEqual((done.returncode, done.stdout), (OK, b"hello\n"), done.stderr)
                        self.assertEqual(CONNECTED.search(done.stderr)[1], max(shared))
                        self.assertEqual(server.wait(), OK)
                    else:
                        self.assertEqual(done.returncode, FAILED)
                        self.assertIn("no version in common: --dtls12 and --dtls13 say which", done.stderr)
                        server.stop()

    def test_suites_choose_the_version(self):
        """Suites of one version leave that one."""
        for version in VERSIONS:
            server = self.serve("--once")
            done = self.call(server, "--insecure", "--dtls12", "--dtls13", "--suites", SUITES[version][1])
            self.assertEqual(done.returncode, OK, done.stderr)
            self.assertEqual(CONNECTED.search(done.stderr).groups()[:2], (version, SUITES[version][1]))
            server.stop()

    def test_hybrid_group(self):
        """X25519MLKEM768, where libcrypto has it; where not, that is what the tool says."""
        if not has_hybrid():
            done = flightplan("client", "--insecure", "--groups", "X25519MLKEM768", "127.0.0.1", "9")
            self.assertIn("the libcrypto that this was built with has no X25519MLKEM768", done.stderr)
            return
        server = self.serve("--once", "--echo", "--groups", "X25519MLKEM768,x25519")
        done = self.call(server, "--insecure", "--dtls13", "--groups", "X25519MLKEM768,x25519")
        self.assertEqual((done.returncode, done.stdout), (OK, b"hello\n"), done.stderr)
        self.assertEqual(CONNECTED.search(done.stderr)[3], "X25519MLKEM768")
        self.assertEqual(server.wait(), OK)

    def test_update_keys(self):
        """Keys are renewed as often as was asked for, at both ends, and no octet is lost over it."""
        data = os.urandom(100000)
        server = self.serve("--once", "--echo", "--dtls13", "--update-keys", 20, "--trace")
        done = self.call(server, "--insecure", "--dtls13", "--update-keys", 30, "--trace", stdin=data)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(sorted(done.stdout), sorted(data))
        self.assertEqual(server.wait(), OK, server.stderr)
        for text in (done.stderr, server.stderr):
            self.assertIn("renewing the keys", text)
            self.assertIn("  key_update13.", text)

    def test_server_name(self):
        """The host that a client asks for is what the server hears."""
        server = self.serve("--once")
        self.assertEqual(self.call(server, "--insecure", "--server-name", "example.org").returncode, OK)
        self.assertEqual(server.wait(), OK)
        self.assertIn("asked for host `example.org`", server.stderr)

    def test_server_name_that_a_terminal_would_obey(self):
        """What a stranger puts into its ClientHello does not get to the server's terminal as it is."""
        server = self.serve("--once")
        self.assertEqual(self.call(server, "--insecure", "--server-name", "\x1b[2Ja").returncode, OK)
        self.assertEqual(server.wait(), OK)
        self.assertIn(r"asked for host `\x1b[2Ja`", server.stderr)
        self.assertNotIn("\x1b", server.stderr)

    def test_nothing_in_common(self):
        """Two ends without a common suite part with an alert, soon."""
        server = self.serve("--suites", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
        begin = time.monotonic()
        done = self.call(server, "--insecure", "--suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("handshake_failure", done.stderr)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(server.stop(), OK)

    def test_many_clients(self):
        """One server, several clients at a time, each with its own echo."""
        server = self.serve("--echo")
        clients = [subprocess.Popen([os.environ["FLIGHTPLAN"], "client", "--insecure", "--linger", "0.3", "127.0.0.1", str(server.port)],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
        for number, client in enumerate(clients):
            out, err = client.communicate(f"client {number}".encode(), timeout=60)
            self.assertEqual((client.returncode, out), (OK, f"client {number}".encode()), err)
        self.assertEqual(server.stop(), OK)
        self.assertEqual(server.stderr.count("connected with"), 8)

    def test_standard_input_of_the_server(self):
        """What a server reads goes to the client heard of last."""
        server = self.serve("--once", stdin=subprocess.PIPE)
        self.addCleanup(server.process.stdin.close)
        client = subprocess.Popen([os.environ["FLIGHTPLAN"], "client", "--insecure", "127.0.0.1", str(server.port)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        client.stdin.write(b"are you there?")
        client.stdin.flush()
        for _ in range(600):
            if server.output:
                break
            time.sleep(0.05)
        self.assertEqual(server.output, b"are you there?")
        server.process.stdin.write(b"yes")
        server.process.stdin.close()
        self.assertEqual(client.stdout.read(3), b"yes")
        client.stdin.close()
        self.assertEqual(client.wait(60), OK)
        client.stdout.close()
        self.assertEqual(server.wait(), OK)

    def test_no_cookie(self):
        """Without a cookie the handshake is a round trip shorter."""
        for version, asks in (("2", "message:hello_verify_request"), ("3", "message:server_hello (hello_retry)")):
            counts = []
            for words in ((), ("--no-cookie",)):
                server = self.serve("--once", *words)
                done = self.call(server, "--insecure", "--trace", f"--dtls1{version}")
                self.assertEqual(done.returncode, OK, done.stderr)
                self.assertEqual(server.wait(), OK)
                counts.append(done.stderr.count(asks))
            self.assertEqual(counts, [1, 0])

    def test_small_mtu(self):
        """Records are cut to the path: 4 KB come back through 300-byte datagrams."""
        for version in VERSIONS:
            data = os.urandom(4096)
            server = self.serve("--once", "--echo", "--mtu", 300)
            done = self.call(server, "--insecure", "--mtu", 300, f"--dtls1{version}", stdin=data)
            self.assertEqual(done.returncode, OK, done.stderr)
            self.assertEqual(done.stdout, data)
            self.assertEqual(server.wait(), OK)

    def test_key_log(self):
        """Both ends log the same secrets, to a file that nobody else reads."""
        logs = {"2": r"CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n",
                "3": "".join(rf"{label} [0-9a-f]{{64}} [0-9a-f]{{64}}\n" for label in (
                    "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
                    "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"))}
        for version, says in logs.items():
            with self.subTest(version=version):
                ours, theirs = self.room / f"client{version}.log", self.room / f"server{version}.log"
                server = self.serve("--once", "--keylog", theirs)
                self.assertEqual(self.call(server, "--insecure", f"--dtls1{version}", "--keylog", ours).returncode, OK)
                self.assertEqual(server.wait(), OK)
                self.assertRegex("".join(sorted(ours.read_text().splitlines(keepends=True))), f"^{says}$")
                self.assertEqual(sorted(ours.read_text().splitlines()), sorted(theirs.read_text().splitlines()))
                self.assertEqual(ours.stat().st_mode & 0o777, 0o600)

    def test_nobody_there(self):
        """Where nobody answers, the deadline counts, and the advice is to look at the address."""
        for words, peer in (((), "a DTLS peer"), (("--dtls12",), "a DTLS 1.2 peer"), (("--dtls13",), "a DTLS 1.3 peer")):
            begin = time.monotonic()
            done = flightplan("client", "--insecure", *words, "--timeout", "1.5", "127.0.0.1", "9")
            self.assertEqual(done.returncode, FAILED)
            self.assertIn(f"is there {peer} at this address and port", done.stderr)
            self.assertLess(time.monotonic() - begin, 10)

    def test_quiet(self):
        """--quiet leaves the data, and nothing else."""
        server = self.serve("--once", "--echo")
        done = self.call(server, "--insecure", "--quiet")
        self.assertEqual((done.stdout, done.stderr), (b"hello\n", ""))
        self.assertEqual(server.wait(), OK)

    def test_interrupted_server(self):
        """SIGINT ends a server in order: its clients hear of it."""
        server = self.serve()
        client = subprocess.Popen([os.environ["FLIGHTPLAN"], "client", "--insecure", "127.0.0.1", str(server.port)],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        client.stdin.write(b"x")
        client.stdin.flush()
        for _ in range(600):
            if server.output:
                break
            time.sleep(0.05)
        self.assertEqual(server.stop(), OK)
        self.assertEqual(client.wait(60), OK)
        self.assertIn(b"closed by the peer", client.stderr.read())
        client.stdin.close()
        client.stderr.close()
