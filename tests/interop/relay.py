"""A small UDP relay on the loopback interface that loses, doubles and holds back datagrams, by a seed.

Each direction draws from a generator of its own, three numbers a datagram, so that a seed has the same fate for the
n-th datagram whatever the other direction does.
"""

import argparse
import random
import select
import socket
import threading
import time
from dataclasses import dataclass

LARGEST = 65536


@dataclass(frozen=True)
class Weather:
    lose: int = 0      # per cent of the datagrams
    double: int = 0
    hold: int = 0      # and how many are held back for a while, so that others overtake them
    hold_seconds: float = 0.05


class Relay:
    def __init__(self, target, weather, seed, record=None):
        """`record` is a file for what arrives, in the form that `flightplan decode` reads."""
        self.weather, self.record, self.began = weather, record, time.monotonic()
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(("127.0.0.1", target))
        self.port = self.front.getsockname()[1]
        self.client = None
        self.fates = {self.front: random.Random(f"{seed} client"), self.back: random.Random(f"{seed} server")}
        self.held = []
        self.lost = self.doubled = self.late = self.passed = self.from_client = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def clear_up(self):
        """Fine weather from here on."""
        self.weather = Weather()

    def end(self):
        self.ended.set()
        self.thread.join()
        self.front.close()
        self.back.close()

    def _run(self):
        while not self.ended.is_set():
            now = time.monotonic()
            due = min((when for when, _, _ in self.held), default=now + 0.1)
            for source in select.select([self.front, self.back], [], [], max(0, min(due - now, 0.1)))[0]:
                self._take(source)
            now = time.monotonic()
            ready = [item for item in self.held if item[0] <= now]
            self.held = [item for item in self.held if item[0] > now]
            for _, source, datagram in ready:
                self._pass(source, datagram)

    def _take(self, source):
        try:
            datagram, sender = source.recvfrom(LARGEST)
        except ConnectionRefusedError:
            return
        if source is self.front:
            self.client = sender
            self.from_client += 1
        weather, fate = self.weather, self.fates[source]
        lose, double, hold = (fate.randrange(100) for _ in range(3))
        if lose < weather.lose:
            self.lost += 1
        elif hold < weather.hold:
            self.late += 1
            self.held.append((time.monotonic() + weather.hold_seconds, source, datagram))
        else:
            self._pass(source, datagram)
            if double < weather.double:
                self.doubled += 1
                self._pass(source, datagram)

    def _pass(self, source, datagram):
        self.passed += 1
        if self.record:
            way = "C>S" if source is self.front else "S>C"
            print(way, f"+{time.monotonic() - self.began:.3f}", datagram.hex(), file=self.record, flush=True)
        try:
            if source is self.front:
                self.back.send(datagram)
            elif self.client:
                self.front.sendto(datagram, self.client)
        except (ConnectionRefusedError, OSError):
            pass

    def __str__(self):
        return f"relay: {self.passed} passed, {self.lost} lost, {self.doubled} doubled, {self.late} held back"


def main():
    parser = argparse.ArgumentParser(description="Relay UDP from a free port to TARGET on 127.0.0.1, badly.")
    parser.add_argument("target", type=int)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--lose", type=int, default=20, help="per cent")
    parser.add_argument("--double", type=int, default=10, help="per cent")
    parser.add_argument("--hold", type=int, default=10, help="per cent")
    args = parser.parse_args()
    relay = Relay(args.target, Weather(args.lose, args.double, args.hold), args.seed)
    print(f"listening {relay.port}", flush=True)
    try:
        relay.thread.join()
    except KeyboardInterrupt:
        relay.end()
    print(relay)


if __name__ == "__main__":
    main()
