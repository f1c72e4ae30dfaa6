"""A listener on the line: it passes datagrams on between a client and a server, and keeps a copy."""

import select
import socket
import threading
import time


class Tap:
    """Clients talk to .port; .datagrams are triples of `C` or `S`, seconds since the first, octets."""

    def __init__(self, server_port):
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(("127.0.0.1", server_port))
        self.datagrams = []
        self.client = None
        self.begin = None
        self.ended = False
        self.thread = threading.Thread(target=self._pass_on)
        self.thread.start()

    def _take(self, side, octets):
        now = time.monotonic()
        self.begin = self.begin or now
        self.datagrams.append((side, now - self.begin, octets))
        try:
            if side == "C":
                self.back.send(octets)
            else:
                self.front.sendto(octets, self.client)
        except OSError:
            pass   # that end has gone

    def _pass_on(self):
        """Until it is told to stop and nothing is under way any more: the last word may lie here still."""
        while True:
            waiting = select.select([self.front, self.back], [], [], 0.05)[0]
            if not waiting and self.ended:
                return
            for ready in waiting:
                try:
                    octets, sender = ready.recvfrom(65536)
                except OSError:
                    continue
                if ready is self.front:
                    self.client = sender
                self._take("C" if ready is self.front else "S", octets)

    def stop(self):
        if not self.ended:
            self.ended = True
            self.thread.join()
            self.front.close()
            self.back.close()
