"""Free UDP ports for programs that cannot choose one themselves."""

import os
import socket
import threading


class Ports:
    """Below the range from which the kernel takes ports for clients, so that none of those comes in between."""

    FIRST, LAST = 20000, 32000

    def __init__(self):
        self.next = self.FIRST + os.getpid() % (self.LAST - self.FIRST)
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            while True:
                port, self.next = self.next, self.next + 1 if self.next < self.LAST else self.FIRST
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
                    try:
                        trial.bind(("0.0.0.0", port))
                    except OSError:
                        continue
                return port
