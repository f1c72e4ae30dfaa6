"""A program under test: what it is told, what it says, and that it is gone afterwards."""

import os
import re
import subprocess
import threading
import time


class Failure(Exception):
    """A case that did not do what it should."""


class Process:
    """Reads both outputs all the time, so that the program never waits for us."""

    def __init__(self, words, name):
        self.words = [str(word) for word in words]
        self.name = name
        self.said = {"out": bytearray(), "err": bytearray()}
        self.news = threading.Condition()
        try:
            self.child = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise Failure(f"{self.name} does not start: {error}") from None
        self.readers = [threading.Thread(target=self._read, args=(stream, kept), daemon=True)
                        for stream, kept in ((self.child.stdout, "out"), (self.child.stderr, "err"))]
        self.open = len(self.readers)
        for reader in self.readers:
            reader.start()

    def _read(self, stream, kept):
        while chunk := os.read(stream.fileno(), 1 << 16):
            with self.news:
                self.said[kept] += chunk
                self.news.notify_all()
        with self.news:
            self.open -= 1
            self.news.notify_all()

    def wait_for(self, look, what, seconds):
        """Calls look() at all news until it returns something."""
        end = time.monotonic() + seconds
        with self.news:
            while True:
                found = look()
                if found is not None and found is not False:
                    return found
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"{self.name}: no {what} within {seconds:g} s")
                if self.open == 0:
                    raise Failure(f"{self.name} ended without {what}")
                self.news.wait(left)

    def wait_text(self, pattern, what, seconds, stream="out", start=0):
        """The first match of a regular expression of bytes."""
        compiled = re.compile(pattern, re.M | re.S)
        return self.wait_for(lambda: compiled.search(self.said[stream], start), what, seconds)

    def write(self, data):
        try:
            self.child.stdin.write(data)
            self.child.stdin.flush()
        except (OSError, ValueError) as error:
            raise Failure(f"{self.name} does not listen any more: {error}") from None

    def end_input(self):
        try:
            self.child.stdin.close()
        except OSError:
            pass

    def wait_exit(self, seconds):
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} is still running after {seconds:g} s") from None
        for reader in self.readers:
            reader.join(seconds)
        return status

    def end(self):
        """Whatever came before, nothing of it is left running."""
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for reader in self.readers:
            reader.join(5)
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            try:
                stream.close()
            except OSError:
                pass

    def story(self, most=6000):
        """All of it, for whoever has to find out why."""
        parts = [f"--- {self.name}: {' '.join(self.words)}", f"    exit status {self.child.poll()}"]
        for kept in ("out", "err"):
            text = re.sub(rb"[0-9a-f]{200,}", b"<long>", bytes(self.said[kept])).decode("utf-8", "replace")
            if len(text) > most:
                text = text[:most // 2] + "\n[...]\n" + text[-most // 2:]
            parts += [f"    [{kept}] {line}" for line in text.splitlines()]
        return "\n".join(parts)
