"""Client x server x network for DTLS 1.2, within bounds: what loss and repetition do to a handshake.

The network holds datagrams of one item each and delivers them in any order; it may lose some and deliver
some twice, both within bounds. Timers ring when nothing is on the way and the applications have spoken
(`early` of them at any time). All runs within the bounds are searched, in several modes, and shown is:

* both_connect (P58, P59): with at most `losses` and `repeats`, and a resend budget above them, neither end
  ever fails or sends an alert;
* no_deadlock (P61): an end that still waits has something on the way or a timer that will ring;
* gives_up (P50, P62): from every situation, if the network falls silent for ever, each end comes to rest:
  connected, or ended by its resend budget or its deadline.

A violation is told as a script: what was delivered, lost, repeated, and when timers rang. Bounds are
bounds: this is no proof for more losses than were tried.
"""

from typing import NamedTuple

from ..errors import Problem
from .endpoint import IMPATIENT, End, Player

PLAIN = {"cookie12": "proceed", "version_of_hello": "dtls12", "plan12": "accept", "suite_auth": "certificate", "server_kx": "needed",
         "ask_client": "not_asked", "client_auth": "not_requested", "client_certificate12": "given", "trust_policy": "accepted", "signer": "ours"}
MODES = {
    "cookie, server authenticated": {"cookie12": "send_cookie"},
    "client certificate": {"ask_client": "asked", "client_auth": "with_cert"},
    "applications decide and sign": {"ask_client": "asked", "client_auth": "with_cert", "trust_policy": "ask", "signer": "external"},
    "client has no certificate": {"cookie12": "send_cookie", "ask_client": "asked", "client_auth": "without_cert", "client_certificate12": "empty"},
}
PSK = {"plain PSK": {"suite_auth": "psk", "server_kx": "not_needed"}, "PSK with hint": {"suite_auth": "psk", "server_kx": "needed"}}


class Bounds(NamedTuple):
    losses: int
    repeats: int
    early: int                          # timers that ring although something is on the way


TINY = (Bounds(1, 0, 0),)               # for the many copies that the tests make
SMALL = (Bounds(2, 0, 0), Bounds(1, 1, 0))
DEEP = (Bounds(2, 1, 0), Bounds(1, 0, 1), Bounds(0, 2, 0))


class World(NamedTuple):
    """A situation. Ends and datagrams are numbers (see `Numbers`), the network is a bit for each datagram: there are many of these."""
    client: int
    server: int
    network: int
    losses: int                         # how many may still happen
    repeats: int
    early: int


class Numbers:
    """Numbers for values, in order of appearance."""

    def __init__(self):
        self.values, self.of = [], {}

    def number(self, value):
        if value not in self.of:
            self.of[value] = len(self.values)
            self.values.append(value)
        return self.of[value]


def problems(spec, tries=SMALL):
    """The complaints of all modes; nothing where the spec has no DTLS 1.2 pair."""
    pair = roles(spec)
    if pair is None:
        return []
    modes = dict(MODES, **(PSK if "suite_auth" in spec.functions else {}))
    found = {}
    for name, mode in modes.items():
        for bounds in tries:
            for rule, src, message in play(spec, pair, {**PLAIN, **mode}, bounds):
                found.setdefault((rule, src), Problem(src, f"{rule}: {name}, {words(bounds)}: {message}"))
    return list(found.values())


def words(bounds):
    return f"{bounds.losses} lost, {bounds.repeats} repeated, {bounds.early} early timers"


def roles(spec):
    """(client, server or listener, resend machine) of DTLS 1.2, or None."""
    machines = list(spec.machines.values())
    client = next((m for m in machines if m.is_handshake and m.version == "dtls12" and m.role == "client"), None)
    server = next((m for m in machines if m.is_handshake and m.version == "dtls12" and m.role == "server"), None)
    listener = next((m for m in machines if m.one_per == "datagram" and server and any(h.machine == server.name for h in m.handed_over.values())), None)
    resend = next((m for m in machines if m.one_per == "flight" and m.version == "dtls12"), None)
    if not (client and server and resend and "dtls12" in spec.records):
        return None
    return client, listener or server


def play(spec, pair, mode, bounds):
    """Searches all runs of one mode; yields the first violation."""
    game = Game(spec, pair, mode, bounds)
    start = World(*(game.ends.number(End(m.role, m.name, m.initial)) for m in pair), 0, *bounds)
    came_by, queue = {start: None}, [start]
    for world in queue:
        bad = game.judge(world)
        after = game.moves(world) if bad is None else ()
        if bad is None and not after:
            bad = game.stuck(world)
        if bad is not None:
            rule, end, sentence = bad
            yield rule, spec.machines[end.machine].src, f"{sentence}: {script(came_by, world)}"
            return
        for told, following in after:
            if following not in came_by:
                came_by[following] = (world, told)
                queue.append(following)


class Game:
    """The moves of one mode, each worked out once."""

    def __init__(self, spec, pair, mode, bounds):
        self.player = Player(spec, mode, budget=sum(bounds) + 3)
        self.ends, self.datagrams = Numbers(), Numbers()
        self.judged, self.reactions, self.calls, self.bells = {}, {}, {}, {}

    def judge(self, world):
        """(rule, end, sentence) if a world may not be."""
        for number in (world.client, world.server):
            if number not in self.judged:
                end = self.ends.values[number]
                self.judged[number] = (("both_connect", end, str(end)) if end.fate else None if comes_to_rest(self.player, end)
                                       else ("gives_up", end, f"{end} waits for ever once nothing comes any more"))
            if self.judged[number]:
                return self.judged[number]
        return None

    def stuck(self, world):
        """The same where nothing can happen any more."""
        ends = [self.ends.values[n] for n in (world.client, world.server)]
        if all(self.player.is_connected(end) for end in ends):
            return None
        return "no_deadlock", ends[0], f"nothing is on the way and no timer runs: {ends[0]}, {ends[1]}"

    def moves(self, world):
        """[(what happens, the World after it)]. What happens is told by `in_words`."""
        result, network = [], world.network
        for number in bits(network):
            datagram = 1 << number
            to, item = self.datagrams.values[number]
            arrives = self.act(world, to, ("item", item))
            result.append((("arrives", to, item), arrives._replace(network=arrives.network & ~datagram | self.sent(world, to, item))))
            if world.repeats:
                result.append((("repeats", to, item), arrives._replace(network=arrives.network | datagram, repeats=world.repeats - 1)))
            if world.losses:
                result.append((("loses", to, item), world._replace(network=network & ~datagram, losses=world.losses - 1)))
        calls = [(role, call) for role in ("client", "server") for call in self.wishes(getattr(world, role))]
        result += [(("calls", role, call), self.act(world, role, ("api", call))) for role, call in calls]
        if network or calls:
            if not world.early:
                return result
            world = world._replace(early=world.early - 1)
        for role in ("client", "server"):
            for index, timer in self.ringing(getattr(world, role)):
                after = self.act(world, role, ("ring", index, timer))
                after = self.act(self.act(after, "client", ("later",)), "server", ("later",))
                result.append((("rings", role, timer), after))
        return result

    def act(self, world, role, stimulus):
        """One end's reaction; what it sends is on the way."""
        end, sent = self.reaction(getattr(world, role), role, stimulus)
        if role == "client":
            return world._replace(client=end, network=world.network | sent)
        return world._replace(server=end, network=world.network | sent)

    def sent(self, world, role, item):
        """The datagrams that an item draws at once."""
        return self.reaction(getattr(world, role), role, ("item", item))[1]

    def reaction(self, number, role, stimulus):
        key = (number, stimulus)
        if key not in self.reactions:
            end, items = self.player.react(self.ends.values[number], stimulus)
            other = "server" if role == "client" else "client"
            bitmap = sum({1 << self.datagrams.number((other, item)) for item in items})
            self.reactions[key] = (self.ends.number(end), bitmap)
        return self.reactions[key]

    def wishes(self, number):
        if number not in self.calls:
            self.calls[number] = self.player.wishes(self.ends.values[number])
        return self.calls[number]

    def ringing(self, number):
        """(flight, timer) of the timers that may ring."""
        if number not in self.bells:
            flights = self.ends.values[number].flights
            self.bells[number] = [(i, t) for i, f in enumerate(flights) for t in sorted(f.timers & set(IMPATIENT))]
        return self.bells[number]


def bits(number):
    """The positions of the bits that are set."""
    return [i for i in range(number.bit_length()) if number >> i & 1]


def comes_to_rest(player, end):
    """Whether an end that hears nothing any more ends, is connected, or was never begun."""
    for _ in range(100):
        if end.fate or player.listens(end) or (player.is_connected(end) and not end.flights) or "connect" in player.wishes(end):
            return True
        bells = [("ring", index, timer) for index, flight in enumerate(end.flights) for timer in sorted(flight.timers)]
        bells += [("ring", -1, timer) for timer in sorted(end.timers)]
        if not bells:
            return False
        end, _ = player.react(end, bells[0])
    return False


WORDS = {"arrives": "{1} to {0}", "repeats": "{1} to {0}, and it stays on the way", "loses": "{1} to {0} is lost",
         "calls": "{0}: {1}", "rings": "{0}: timer {1}"}


def script(came_by, world):
    """How a world came about."""
    told = []
    while came_by[world] is not None:
        world, (kind, *what) = came_by[world]
        told.append(WORDS[kind].format(*what))
    return "; ".join(told[::-1]) or "at the start"
