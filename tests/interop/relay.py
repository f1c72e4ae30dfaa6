"""A small UDP relay on the loopback interface that loses, doubles, holds back and damages datagrams, by a seed.

Each direction draws from a generator of its own, as many numbers for each datagram, so that a seed has the same fate for
the n-th datagram whatever the other direction does.
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
    damage: int = 0    # and how many have one octet that is another


def records(datagram):
    """(start, end, whether keys protect it) of each record, in either form."""
    at = 0
    while at < len(datagram):
        first = datagram[at]
        if first & 0xe0 == 0x20:  # RFC 9147 section 4
            body = at + 2 + (first >> 3 & 1)
            size = len(datagram) - body
            if first & 4:
                size = int.from_bytes(datagram[body:body + 2], "big")
                body += 2
            end, protected = body + size, True
        else:
            end = at + 13 + int.from_bytes(datagram[at + 11:at + 13], "big")
            protected = datagram[at + 3:at + 5] != bytes(2)
        yield at, min(end, len(datagram)), protected
        at = end


def damaged(datagram, where, bits):
    """One octet is another one: any of a protected record; of one in the clear the length, so that it is seen to be no
    record. What else is in the clear nobody can tell from the truth, and a handshake with it is meant to fail."""
    found = list(records(datagram))
    start, end, protected = found[int(where * len(found))]
    at = start + int(where * 7919 % 1 * (end - start)) if protected else start + 11
    return datagram[:at] + bytes([datagram[at] ^ (bits if protected else 0x40)]) + datagram[at + 1:]


class Relay:
    def __init__(self, target, weather, seed, record=None):
        """`record` is a file for what arrives, in the form that `flightplan decode` reads."""
        self.weather, self.record, self.began = weather, record, time.monotonic()
        self.damages = weather.damage > 0
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(("127.0.0.1", target))
        self.port = self.front.getsockname()[1]
        self.client = None
        self.fates = {self.front: random.Random(f"{seed} client"), self.back: random.Random(f"{seed} server")}
        self.held = []
        self.lost = self.doubled = self.late = self.spoilt = self.passed = self.from_client = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def last_touch(self, source, datagram):
        """For who has a fate of his own for one datagram: it may be changed here."""
        return datagram

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
        lose, double, hold, damage = (fate.randrange(100) for _ in range(4))
        where, bits = fate.random(), fate.randrange(1, 256)
        if damage < weather.damage:
            self.spoilt += 1
            datagram = damaged(datagram, where, bits)
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
        datagram = self.last_touch(source, datagram)
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
        return f"relay: {self.passed} passed, {self.lost} lost, {self.doubled} doubled, {self.late} held back, {self.spoilt} damaged"


def main():
    parser = argparse.ArgumentParser(description="Relay UDP from a free port to TARGET on 127.0.0.1, badly.")
    parser.add_argument("target", type=int)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--lose", type=int, default=20, help="per cent")
    parser.add_argument("--double", type=int, default=10, help="per cent")
    parser.add_argument("--hold", type=int, default=10, help="per cent")
    parser.add_argument("--damage", type=int, default=0, help="per cent")
    args = parser.parse_args()
    relay = Relay(args.target, Weather(args.lose, args.double, args.hold, damage=args.damage), args.seed)
    print(f"listening {relay.port}", flush=True)
    try:
        relay.thread.join()
    except KeyboardInterrupt:
        relay.end()
    print(relay)


if __name__ == "__main__":
    main()
