"""What was printed and did not arrive is no success: full disks, streams that are closed."""

import fcntl
import os
import re
import subprocess
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from command import FAILED, MISUSE, OK, PATIENCE, SYSTEM, TOOL, TOP, ToolCase  # noqa: E402

CAPTURE = TOP / "tests" / "data" / "captures" / "dtls12-client_firefox-server_openssl3-HVR.pcap"
STDIN, STDOUT, STDERR = 0, 1, 2
LOST = "cannot write to standard output: "


def run(*words, stdin=b"x\n", full=None, closed=None):
    """Runs the command with one of its streams on a full disk, or closed; what was printed on the others."""
    with open("/dev/full", "wb") as disk:
        streams = {STDOUT: subprocess.PIPE, STDERR: subprocess.PIPE}
        if full is not None:
            streams[full] = disk
        return subprocess.run([TOOL, *map(str, words)], input=stdin, stdout=streams[STDOUT], stderr=streams[STDERR],
                              preexec_fn=None if closed is None else lambda: os.close(closed), timeout=PATIENCE, check=False)


class Streams(ToolCase):
    def call_with(self, *words, server=None, **streams):
        server = server or self.serve("--once", "--echo")
        done = run("client", "--insecure", "--timeout", 20, "--linger", 0.3, *words, "127.0.0.1", server.port, **streams)
        self.assertEqual(server.wait(), OK, server.stderr)   # the client says goodbye all the same
        return done

    def test_client(self):
        """Data that cannot be written end a client, with a complaint and the exit code for it."""
        for streams, why in (({"full": STDOUT}, "No space left on device"), ({"closed": STDOUT}, "Bad file descriptor")):
            with self.subTest(streams=streams):
                done = self.call_with(**streams)
                self.assertEqual(done.returncode, SYSTEM, done.stderr)
                self.assertEqual(done.stderr.decode().count(LOST + why), 1)

    def test_server(self):
        """So do they a server: its client hears a close_notify."""
        with open("/dev/full", "wb") as disk:
            server = subprocess.Popen([TOOL, "server", "--bind", "127.0.0.1", "0"], stdin=subprocess.DEVNULL, stdout=disk,
                                      stderr=subprocess.PIPE)
        said = b""
        while not (found := re.search(rb"listening on 127\.0\.0\.1:([0-9]+)\n", said)):
            said += server.stderr.readline()
        done = run("client", "--insecure", "--timeout", 20, "--linger", 20, "127.0.0.1", int(found[1]))
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertIn(b"closed by the peer", done.stderr)
        _, said = server.communicate(timeout=PATIENCE)
        self.assertEqual(server.returncode, SYSTEM, said)
        self.assertIn(LOST, said.decode())

    def test_nobody_reads(self):
        """A reader that stopped holds nobody who is told to end."""
        server = self.serve("--once", "--echo")
        (self.room / "much").write_bytes(b"x" * 1000 * 300)  # more than a pipe takes
        with (self.room / "much").open("rb") as much:
            client = subprocess.Popen([TOOL, "client", "--insecure", "--linger", "60", "127.0.0.1", str(server.port)],
                                      stdin=much, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        before, full = -1, 0
        for _ in range(40):                                  # FIONREAD: how much lies there unread
            if full == before > 32768:
                break
            time.sleep(0.5)
            before, full = full, int.from_bytes(fcntl.ioctl(client.stdout, termios.FIONREAD, bytes(4)), sys.byteorder)
        self.assertGreater(full, 32768)
        client.terminate()
        client.wait(timeout=PATIENCE)
        server.wait()

    def test_notes(self):
        """A trace that nobody got is no success either; where nothing had to be said, nothing is missing."""
        for streams in ({"full": STDERR}, {"closed": STDERR}):
            with self.subTest(streams=streams):
                done = self.call_with("--trace", **streams)
                self.assertEqual((done.returncode, done.stdout), (SYSTEM, b"x\n"))
                done = self.call_with("--quiet", **streams)
                self.assertEqual((done.returncode, done.stdout), (OK, b"x\n"))

    def test_no_input(self):
        """Standard input that is closed is one that has ended: the socket does not take its place."""
        done = self.call_with(stdin=None, closed=STDIN)
        self.assertEqual((done.returncode, done.stdout), (OK, b""), done.stderr)

    def test_unreadable_input(self):
        """Input that cannot be read is not taken for none."""
        server = self.serve("--once")
        with open("/proc/self/mem", "rb") as mem:   # whose first octets nobody can read
            done = subprocess.run([TOOL, "client", "--insecure", "--linger", "0.3", "127.0.0.1", str(server.port)], stdin=mem,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, SYSTEM)
        self.assertIn(b"cannot read standard input: ", done.stderr)
        self.assertEqual((server.wait(), server.output), (OK, b""))

    def test_key_log(self):
        """At either end, secrets that could not be logged are missed, once and by name; the data still arrive."""
        done = self.call_with("--keylog", "/dev/full")
        self.assertEqual((done.returncode, done.stdout), (SYSTEM, b"x\n"))
        self.assertEqual(done.stderr.count(b"cannot write the key log /dev/full: No space left on device"), 1)
        server = self.serve("--once", "--keylog", "/dev/full")
        self.assertEqual(self.call(server, "--insecure").returncode, OK)
        self.assertEqual(server.wait(), SYSTEM)
        self.assertIn("cannot write the key log /dev/full", server.stderr)

    def test_everything_else_that_prints(self):
        """A fingerprint, a decoded capture, help: the same."""
        for words in (["cert", "--force", self.room / "c.pem", self.room / "c.key"], ["decode", CAPTURE], ["--help"],
                      ["client", "--help"], ["--version"]):
            for streams in ({"full": STDOUT}, {"closed": STDOUT}):
                with self.subTest(words=words, streams=streams):
                    done = run(*words, **streams)
                    self.assertEqual(done.returncode, SYSTEM)
                    self.assertEqual(done.stderr.decode().count(LOST), 1)

    def test_worse_counts(self):
        """What went wrong before keeps its exit code."""
        self.assertEqual(run("server", "no port", full=STDERR).returncode, MISUSE)
        self.assertEqual(run("decode", stdin=b"", full=STDERR).returncode, FAILED)
