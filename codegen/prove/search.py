"""The graph of all configurations of composed machines.

A `Config` is where one endpoint can be: machine and state, the outcomes that fixed classifiers still
have, the transcript, the epochs it can read and write, its running timers, its outstanding flight.
A `Step` is one row taken with one outcome; its `facts` are what became true, in the order in which a
row takes effect (section 4.3 of the DSL): event, choice, checks, transcript, actions, keys, flight,
report. Steps that could not be carried out in the library carry `faults`: (rule, place, sentence).

The facts of a way are not part of a configuration. Each property walks the graph with a small memory
of its own (`hunt`), so every property is decided exactly and no property pays for another.
"""

from itertools import product
from typing import NamedTuple, Optional

from ..model import HANDSHAKE_EPOCH, Event

OFTEN = 3                               # no transcript holds a message more often; more can only be a loop that hashes
KEYS_OF_FLIGHTS = ("resend_style", "on_give_up")
APPLICATION_EPOCH = {"dtls12": 1, "dtls13": 3}


class Config(NamedTuple):
    """One configuration. `event` is kept only where it still matters: in immediate rows and at a hand-over."""
    machine: str
    state: str
    fixed: tuple = ()                   # ((classifier, outcomes still possible), ...), sorted
    transcript: tuple = ()
    read: tuple = (0,)                  # epochs with read keys, ascending; 0 is plaintext
    write: tuple = (0,)
    heard: int = 0                      # the newest epoch of which a message was taken
    timers: tuple = ()                  # running, sorted
    flight: Optional[tuple] = None      # (machine, flight) prepared last
    connected: bool = False             # `connected` was reported
    event: Optional[Event] = None       # what led here, while immediate rows follow
    struct: Optional[str] = None        # of the message in `event`
    again: bool = False                 # just handed over: `event` is delivered once more

    @property
    def place(self):
        return f"{self.machine}.{self.state}"


class Step(NamedTuple):
    source: Config
    target: Config
    facts: tuple
    row: object                         # model.Row; None for a hand-over
    outcome: object                     # model.Outcome; None for a hand-over
    faults: tuple = ()
    wipes: bool = False                 # the scratch connection of a datagram ends: nothing is remembered

    def __str__(self):
        if self.row is None:
            return "[handed over]"
        chosen = f"={self.outcome.name}" if self.outcome.name else ""
        return f"[{self.row.event}{chosen}]"


class Graph:
    """All configurations reachable from some start states, and the steps between them."""

    def __init__(self, spec, starts):
        self.spec = spec
        self.starts = [start_config(spec, s) for s in starts]
        self.steps = {}                 # Config -> [Step], in order of discovery
        self.came_by = {}               # Config -> the Step that found it first
        queue = list(dict.fromkeys(self.starts))
        for config in queue:
            self.steps[config] = []
        for config in queue:
            self.steps[config] = list(steps_from(spec, config))
            for step in self.steps[config]:
                if step.target not in self.steps:
                    self.steps[step.target] = []
                    self.came_by[step.target] = step
                    queue.append(step.target)
        self.configs = queue
        self.machines = tuple(dict.fromkeys(c.machine for c in queue))
        self.places = {}                # "machine.STATE" -> its configurations
        for config in queue:
            self.places.setdefault(config.place, []).append(config)

    def all_steps(self):
        return [step for config in self.configs for step in self.steps[config]]

    def way_to(self, config):
        """A shortest way from a start: a list of steps."""
        way = []
        while config in self.came_by:
            way.append(self.came_by[config])
            config = way[-1].source
        return way[::-1]

    def entering(self, place):
        """The steps that lead into a state from elsewhere."""
        return [s for c in self.places.get(place, ()) for s in self.into(c) if s.source.place != place]

    def into(self, config):
        """The steps that lead to a configuration."""
        if not hasattr(self, "_into"):
            self._into = {}
            for step in self.all_steps():
                self._into.setdefault(step.target, []).append(step)
        return self._into.get(config, [])

    def hunt(self, begin, memory, advance):
        """Walks all ways from the configurations `begin`, with a memory that `advance(memory, step)` carries on.

        `advance` returns the next memory, None to leave the way, or Caught. The way of the first Caught is
        returned as (steps, what), else None.
        """
        seen, queue = {}, []
        for config in begin:
            if (config, memory) not in seen:
                seen[config, memory] = None
                queue.append((config, memory))
        for here in queue:
            for step in self.steps[here[0]]:
                after = advance(here[1], step)
                if after is None:
                    continue
                if isinstance(after, Caught):
                    way = [step]
                    while seen[here] is not None:
                        here, earlier = seen[here]
                        way.append(earlier)
                    return self.way_to(way[-1].source) + way[::-1], after.what
                there = (step.target, after)
                if there not in seen and not step.wipes:
                    seen[there] = (here, step)
                    queue.append(there)
        return None


class Caught(NamedTuple):
    """What `advance` found at the end of a way."""
    what: str


def tell(way):
    """A way in words: `listen.WAIT_CH -> [message client_hello=dtls12] listen.CHECK_COOKIE12 -> ...`."""
    if not way:
        return "at the start"
    return " -> ".join([way[0].source.place] + [f"{step} {step.target.place}" for step in way])


def start_config(spec, start):
    """Where a machine begins. A companion begins beside a finished handshake."""
    machine, state = start.split(".")
    owner = spec.machines[machine]
    if owner.is_handshake or owner.one_per == "datagram":
        return Config(machine, state)
    newest = APPLICATION_EPOCH.get(owner.version, 1)
    return Config(machine, state, read=(newest,), write=(newest,), heard=newest, connected=True)


def steps_from(spec, config):
    """Every step that can be taken in a configuration."""
    machine = spec.machines[config.machine]
    if config.state in ("CLOSED", "FAILED"):
        return
    if config.state in machine.handed_over:
        to = machine.handed_over[config.state]
        target = config._replace(machine=to.machine, state=to.at, again=True)
        yield Step(config, target, (), None, None)
        return
    if config.state not in machine.states:              # lint says so
        return
    rows = machine.rows_of(config.state)
    if config.again and not machine.states[config.state].immediate:
        rows = [r for r in rows if r.event.key == config.event.key]
        if not rows:
            owner = machine.states[config.state]
            fault = ("hand_over", owner.src, f"{config.place} is entered by a hand-over with `{config.event}`, which it does not list")
            yield Step(config, Config(config.machine, "FAILED"), (), None, None, (fault,))
            return
    for row in rows:
        if row.event.kind == "timer" and row.event.name not in config.timers and machine.one_per == "connection" and machine.is_handshake:
            continue                                # a timer that does not run cannot ring
        for outcome in row.outcomes.values():
            yield from _Taking(spec, machine, config, row, outcome).steps()


class _Taking:
    """One row taken with one outcome. It may branch: a flight asks fixed classifiers."""

    def __init__(self, spec, machine, config, row, outcome):
        self.spec, self.machine, self.config, self.row, self.outcome = spec, machine, config, row, outcome
        self.facts, self.faults = [], []
        self.fixed = dict(config.fixed)
        self.transcript = config.transcript
        self.read, self.write = config.read, config.write
        self.heard, self.timers = config.heard, set(config.timers)
        self.event, self.struct = config.event, config.struct
        self.flight, self.connected = config.flight, config.connected
        self.endless = False            # the search must not follow

    def fault(self, rule, src, message):
        self.faults.append((rule, src, message))

    def steps(self):
        row, outcome = self.row, self.outcome
        self.take_event(row.event)
        if row.select and row.select in self.spec.functions and not self.choose(row.select, outcome.name):
            return
        for classifier, allowed in outcome.settles.items():
            if classifier not in self.spec.functions:
                continue
            left = tuple(o for o in self.possible(classifier) if o in allowed)
            if not left:
                return                              # the library's internal_error
            self.fixed[classifier] = left
            if len(left) == 1:
                self.facts.append(f"{classifier}={left[0]}")
        self.facts += [c.check for c in outcome.require]
        if outcome.alert or outcome.fail:
            end = f"alert {outcome.alert}" if outcome.alert else f"fail {outcome.fail}"
            yield self.end("FAILED", end)
            return
        self.hash(outcome.transcript, row.event.name)
        self.facts += outcome.do
        self.add_keys(outcome.keys, outcome.src_of("keys"))
        self.lose_keys(outcome.drop_keys)
        for timer, what in outcome.timers.items():
            self.facts.append(f"{what} {timer}")
            if what == "stop":
                self.timers.discard(timer)
            else:
                self.timers.add(timer)
        if outcome.send is None or outcome.send not in self.machine.flights:
            yield self.finish()
            return
        yield from self.prepare(self.machine.flights[outcome.send])

    def take_event(self, event):
        """The event's own fact and what it says about the message in hand."""
        if event.kind == "immediate":
            return
        self.facts.append(f"received {event.name}" if event.kind == "message" else str(event))
        self.event, self.struct = event, None
        if event.kind == "timer":
            self.timers.discard(event.name)
        if event.kind == "message":
            structs = {s.name for v in self.machine.versions if (s := self.spec.message(event.name, v))}
            self.struct = structs.pop() if len(structs) == 1 else None
        if event.kind in ("message", "record") and isinstance(event.epoch, int):
            if event.epoch not in self.read:
                self.fault("keys_to_read", self.row.src_of("event"), f"`{event}` comes under epoch {event.epoch}, and there are no read keys of it yet; "
                           f"keys there: {list(self.read)}")
            if event.kind == "message" and not event.seq_any:      # `seq: any` stands outside the sequence; records/ drops the late ones
                if event.epoch < self.heard:
                    self.fault("messages_go_back", self.row.src_of("event"), f"`{event}` is taken under epoch {event.epoch} after one of epoch {self.heard}")
                self.heard = max(self.heard, event.epoch)

    def possible(self, classifier):
        return self.fixed.get(classifier) or self.spec.functions[classifier].outcomes

    def choose(self, classifier, outcome):
        """Asks a classifier. False if a fixed one has already answered something else."""
        if self.is_fixed(classifier):
            if outcome not in self.possible(classifier):
                return False
            self.fixed[classifier] = (outcome,)
        self.facts.append(f"{classifier}={outcome}")
        return True

    def is_fixed(self, classifier):
        """Whether it answers the same for ever: for the connection, or for the flight whose key it reads."""
        function = self.spec.functions.get(classifier)
        return (function is not None and function.fixed) or (classifier in KEYS_OF_FLIGHTS and self.machine.one_per == "flight")

    def hash(self, how, message):
        if how == "append":
            self.transcript += (message,)
        elif how == "restart":
            self.transcript = ()
        elif how == "as_message_hash":
            self.transcript = ("message_hash", message)
        elif how == "from_cookie":
            self.transcript = ("message_hash", "hello_retry_request", message)
        if self.transcript.count(message) > OFTEN:
            self.fault("transcript_ends", self.outcome.src_of("transcript"), f"the transcript grows without end: a loop appends `{message}`")
            self.endless = True

    def add_keys(self, keys, src):
        for way, epoch in (("read", keys.read), ("write", keys.write)):
            if epoch is None:
                continue
            self.facts.append(f"keys {way} {epoch}")
            have = getattr(self, way)
            if epoch == "next":                     # numbered anew, so that updates do not count without end
                setattr(self, way, tuple(e - 1 for e in have if e > have[-1] - 2) + (have[-1],))
                continue
            if epoch in have:
                self.fault("keys_are_added", src, f"{way} keys of epoch {epoch} are there already; `keys` adds an epoch, it never replaces one")
            elif epoch < have[-1]:
                self.fault(f"{way}_keys_go_back", src, f"{way} keys of epoch {epoch} come after those of epoch {have[-1]}")
            setattr(self, way, tuple(sorted({*have, epoch})))

    def lose_keys(self, keys):
        for way, epoch in (("read", keys.read), ("write", keys.write)):
            if epoch is not None:
                self.facts.append(f"drop_keys {way} {epoch}")
                have = getattr(self, way)
                stays = (have[-1], HANDSHAKE_EPOCH) if way == "read" else have[-1:]
                setattr(self, way, tuple(e for e in have if (e in stays if epoch == "previous" else e != epoch)))

    def prepare(self, flight):
        """The flight is prepared, once for each way in which its `when` can turn out."""
        asked = list(dict.fromkeys(c for line in flight.lines for c in line.when))
        asked = [c for c in asked if c in self.spec.functions]
        before = (list(self.facts), list(self.faults), dict(self.fixed), self.transcript, self.read, self.write)
        for answers in product(*(self.possible(c) for c in asked)):
            self.facts, self.faults, self.fixed = list(before[0]), list(before[1]), dict(before[2])
            self.transcript, self.read, self.write = before[3:]
            for classifier, answer in zip(asked, answers):
                self.fixed[classifier] = (answer,)
                self.facts.append(f"{classifier}={answer}")
            self.facts.append(f"send {flight.name}")
            chosen = dict(zip(asked, answers))
            sealed = 0
            for line in flight.lines:
                if all(chosen.get(c) in allowed for c, allowed in line.when.items()):
                    sealed = self.line(line, sealed)
            self.flight = (flight.machine, flight.name)
            yield self.finish()

    def line(self, line, sealed):
        """One line of a flight; returns the epoch under which it is sealed."""
        epoch = self.write[-1] if line.epoch == "current" else line.epoch
        what = line.send or line.record
        if epoch not in self.write:
            self.fault("keys_to_seal", line.src, f"`{what}` is sealed under epoch {epoch}, and there are no write keys of it yet; keys there: {list(self.write)}")
        if epoch < sealed:
            self.fault("flight_goes_back", line.src, f"`{what}` is sealed under epoch {epoch}, and a line before it under epoch {sealed}")
        self.facts.append(f"sent {what}")
        if line.send:
            self.hash(line.transcript, line.send)
        self.facts += line.then
        self.add_keys(line.keys, line.src)
        return max(epoch, sealed)

    def finish(self):
        outcome = self.outcome
        if outcome.report:
            self.facts.append(f"report {outcome.report}")
            self.connected = self.connected or outcome.report == "connected"
        state = self.config.state if outcome.goto == "same" else outcome.goto
        return self.end(state)

    def end(self, state, fact=None):
        facts = tuple(self.facts) + ((fact,) if fact else ())
        machine, faults = self.machine, tuple(self.faults)
        if state in ("CLOSED", "FAILED") or self.endless:
            state = "CLOSED" if state == "CLOSED" else "FAILED"
            return Step(self.config, Config(machine.name, state), facts, self.row, self.outcome, faults)
        if state not in machine.states and state not in machine.handed_over:
            return Step(self.config, Config(machine.name, "FAILED"), facts, self.row, self.outcome,
                        faults + (("goto", self.outcome.src, f"`{state}` is no state of {machine.name}"),))
        handed = state in machine.handed_over
        if machine.one_per == "datagram" and not handed and not machine.states[state].immediate:
            return Step(self.config, Config(machine.name, state), facts, self.row, self.outcome, faults, True)
        keep = handed or machine.states[state].immediate
        target = Config(machine.name, state, tuple(sorted(self.fixed.items())), self.transcript, self.read, self.write, self.heard,
                        tuple(sorted(self.timers)), self.flight, self.connected,
                        self.event if keep else None, self.struct if keep else None)
        return Step(self.config, target, facts, self.row, self.outcome, faults)
