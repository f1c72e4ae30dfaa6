"""Client x server x network, within bounds: what loss and repetition do to a handshake of DTLS 1.2, of 1.3, and of a
client that offers both to a server of 1.2; and to key updates of both ends at once.

The network holds datagrams and delivers them in any order; it may lose some and deliver
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
from .endpoint import IMPATIENT, Player

# `client` and `server`: what is offered and what is allowed; `share`: whether the client's first one is for a group of the
# server's; `cookie`: whether a listener wants one; `updates`: whose
# application renews keys once, `hasty`: before its Finished is acknowledged. The rest are classifiers.
PLAIN = {"client": "dtls12", "server": "dtls12", "plays13": False, "cookie": "never", "share": "fits", "updates": "", "hasty": False, "plan12": "accept",
         "plan_of_retry": "group_and_suite", "ask_client": "not_asked", "client_auth": "not_requested", "client_certificate12": "given",
         "client_certificate13": "given", "trust_policy": "accepted", "signer": "ours"}
SHOWN = {"ask_client": "asked", "client_auth": "with_cert"}
EMPTY = {"ask_client": "asked", "client_auth": "without_cert", "client_certificate12": "empty", "client_certificate13": "empty"}
DECIDES = {**SHOWN, "trust_policy": "ask", "signer": "external"}
MODES = {
    "cookie, server authenticated": {"cookie": "always"},
    "client certificate": SHOWN,
    "applications decide and sign": DECIDES,
    "client has no certificate": {"cookie": "always", **EMPTY},
}
NEW = {"client": "dtls13", "server": "dtls13 dtls12", "plays13": True}
MODES13 = {
    "1.3, server authenticated": NEW,
    "1.3, cookie and another group": {**NEW, "cookie": "always", "share": "other", **SHOWN},
    "1.3, another group": {**NEW, "share": "other"},
    "1.3, applications decide and sign": {**NEW, **DECIDES},
    "1.3, client has no certificate": {**NEW, "cookie": "always", **EMPTY},
    "1.3, both renew their keys": {**NEW, "updates": "client server"},
    "1.3, client renews its keys at once": {**NEW, "updates": "client", "hasty": True},
}
WIDE = ("1.3, both renew their keys",)    # so much can happen at once that only losses are tried
OLD_SERVER = {"client": "dtls13 dtls12", "server": "dtls12", "plays13": True}
MODES_BOTH = {
    "client of both, server of 1.2": OLD_SERVER,
    "client of both, server of 1.2 with cookie": {**OLD_SERVER, "cookie": "always", **SHOWN},
    "client of both, server of both": {"client": "dtls13 dtls12", "server": "dtls13 dtls12", "plays13": True, "cookie": "always"},
}


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
    """The complaints of all modes that the spec has machines for."""
    found = {}
    for modes, version in ((MODES, "dtls12"), (MODES13, "dtls13"), (MODES_BOTH, "dtls13")):
        pair = roles(spec, version)
        for name, mode in modes.items() if pair else ():
            if tries == TINY and name in WIDE:
                continue
            for bounds in dict.fromkeys(b._replace(repeats=0, early=0) for b in tries) if name in WIDE else tries:
                for rule, src, message in play(spec, pair, {**PLAIN, **mode}, bounds):
                    found.setdefault((rule, src), Problem(src, f"{rule}: {name}, {words(bounds)}: {message}"))
    return list(found.values())


def words(bounds):
    return f"{bounds.losses} lost, {bounds.repeats} repeated, {bounds.early} early timers"


def roles(spec, version="dtls12"):
    """(client, server or listener) of a version, or None."""
    machines = list(spec.machines.values())
    client = next((m for m in machines if m.is_handshake and m.version == version and m.role == "client"), None)
    server = next((m for m in machines if m.is_handshake and m.version == version and m.role == "server"), None)
    listener = next((m for m in machines if m.one_per == "datagram" and server and any(h.machine == server.name for h in m.handed_over.values())), None)
    resend = next((m for m in machines if m.one_per == "flight" and m.version == version), None)
    if not (client and server and resend and version in spec.records):
        return None
    return client, listener or server


def play(spec, pair, mode, bounds):
    """Searches all runs of one mode; yields the first violation."""
    game = Game(spec, pair, mode, bounds)
    start = World(*(game.ends.number(game.player.begin(m)) for m in pair), 0, *bounds)
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
            arrives = self.act(world, to, ("datagram", item))
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
        return self.reaction(getattr(world, role), role, ("datagram", item))[1]

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
        """(place, timer) of the timers that may ring."""
        if number not in self.bells:
            self.bells[number] = [(place, t) for place, t in self.player.bells(self.ends.values[number]) if t in IMPATIENT]
        return self.bells[number]


def bits(number):
    """The positions of the bits that are set."""
    return [i for i in range(number.bit_length()) if number >> i & 1]


def comes_to_rest(player, end):
    """Whether an end that hears nothing any more ends, is connected, or was never begun."""
    rung = {}
    for _ in range(100):
        if end.fate or player.listens(end) or (player.is_connected(end) and not end.flights) or "connect" in player.wishes(end):
            return True
        bells = [("ring", place, timer) for place, timer in player.bells(end)]
        if not bells:
            return False
        bell = min(bells, key=lambda b: rung.get(b, 0))      # each in its turn: one that rings again and again hides no other
        rung[bell] = rung.get(bell, 0) + 1
        end, _ = player.react(end, bell)
    return False


WORDS = {"arrives": "{1} to {0}", "repeats": "{1} to {0}, and it stays on the way", "loses": "{1} to {0} is lost",
         "calls": "{0}: {1}", "rings": "{0}: timer {1}"}


def in_words(move):
    """What happened, as a clause."""
    kind, *what = move
    return WORDS[kind].format(*(", ".join(map(str, w)) if isinstance(w, tuple) else w for w in what))


def script(came_by, world):
    """How a world came about."""
    told = []
    while came_by[world] is not None:
        world, move = came_by[world]
        told.append(in_words(move))
    return "; ".join(told[::-1]) or "at the start"
