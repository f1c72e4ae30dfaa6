"""The flightplan command, run for a test: once through, or as a server in the background."""

import os
import re
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from tap import Tap

TOOL = os.environ["FLIGHTPLAN"]
TOP = Path(__file__).resolve().parents[2]
OK, FAILED, MISUSE, SYSTEM = 0, 1, 2, 3
PATIENCE = 60


def flightplan(*words, stdin=b""):
    """Runs the command; what it printed is bytes in .stdout, text in .stderr."""
    done = subprocess.run([TOOL, *map(str, words)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=False)
    done.stderr = done.stderr.decode()
    return done


def has_hybrid():
    """Whether libcrypto has X25519MLKEM768; where not, the client says so before it does anything."""
    return flightplan("client", "--insecure", "--groups", "X25519MLKEM768", "--timeout", 1, "127.0.0.1", "9").returncode != MISUSE


class Server:
    """A server on a free port of the loopback interface, with what it prints gathered as it comes."""

    def __init__(self, *words, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen([TOOL, "server", "--bind", "127.0.0.1", *map(str, words), "0"],
                                        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []
        self.output = b""
        self.listening = threading.Event()
        self.port = None
        self.readers = [threading.Thread(target=self._errors), threading.Thread(target=self._data)]
        for reader in self.readers:
            reader.start()
        if not self.listening.wait(PATIENCE) or self.port is None:
            self.stop()
            raise AssertionError("the server does not listen:\n" + self.stderr)

    def _errors(self):
        for line in self.process.stderr:
            self.lines.append(line.decode())
            found = re.search(r"listening on 127\.0\.0\.1:([0-9]+)$", self.lines[-1].rstrip())
            if found:
                self.port = int(found[1])
                self.listening.set()
        self.listening.set()

    def _data(self):
        while chunk := self.process.stdout.read1(65536):
            self.output += chunk

    @property
    def stderr(self):
        return "".join(self.lines)

    @property
    def pin(self):
        """The fingerprint of the certificate that it made for itself."""
        return re.search(r"--fingerprint ([0-9A-F:]{95})", self.stderr)[1]

    def wait(self):
        """Waits for its end; its exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def stop(self):
        """Ends it as a person would, with SIGINT; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        return self.wait()


class ToolCase(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        self.room = Path(room.name)

    def serve(self, *words, **keywords):
        server = Server(*words, **keywords)
        self.addCleanup(server.stop)
        return server

    def tap(self, server):
        """What goes between this server and a client, for those who call the tap's port."""
        tap = Tap(server.port)
        self.addCleanup(tap.stop)
        return tap

    def call(self, server, *words, stdin=b"hello\n"):
        """Runs a client of a server, or of a tap on the line to it."""
        return flightplan("client", "--timeout", 20, "--linger", 0.3, *words, "127.0.0.1", server.port, stdin=stdin)

    def pair(self, name, *words):
        """Makes a certificate and its key; their paths, and the fingerprint."""
        cert, key = self.room / f"{name}.pem", self.room / f"{name}.key"
        done = flightplan("cert", *words, cert, key)
        self.assertEqual(done.returncode, OK, done.stderr)
        return cert, key, done.stdout.decode().strip()
