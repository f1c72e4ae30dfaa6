"""One end of a DTLS 1.2 association, run by its tables: handshake machine, listener, resend machine.

An `End` is a value: all that one side remembers. `Player(spec, mode).react(end, stimulus)` gives the End after
a stimulus and the items that it sends. What tables do not say is played in the least favourable honest way:
every message and record is a datagram of its own, kept when it comes early, as sections 4 to 7 of the DSL say.

What C would answer comes from a `mode` ({classifier: outcome}): an honest peer, checks pass. Cryptography
is left out: an item of epoch 1 is authentic.
"""

from typing import NamedTuple

IMPATIENT = ("resend",)                 # timers that ring while the peer is alive; the others outlast a handshake
HELPFUL = ("connect", "certificate_trusted", "signature_ready")     # what an application says that wants to go on
TWO_HELLOS = 4                          # verify requests that a client obeys


class Item(NamedTuple):
    """A handshake message, or a record of another type (`seq` -1)."""
    name: str
    seq: int
    epoch: int
    cookie: bool = False                # of a ClientHello: it carries one

    def __str__(self):
        return self.name + (f" {self.seq}" if self.seq >= 0 else "") + (" with cookie" if self.cookie else "")


class Out(NamedTuple):
    """A flight that is out: one instance of the resend machine."""
    name: str
    items: tuple
    state: str
    answers: int                        # message_seq of the message that this flight answers, -1 if none
    spent: int = 0                      # timer resends
    fresh: bool = True                  # half a timer has passed since the peer's last asking
    timers: frozenset = frozenset()


class End(NamedTuple):
    role: str
    machine: str
    state: str
    expected: int = 0                   # message_seq of the next message from the peer
    used: int = 0                       # our next message_seq
    held: frozenset = frozenset()       # items that came early
    early_ccs: bool = False
    read: int = 0                       # newest epoch with read keys
    keyed: bool = False                 # an authenticated record was taken
    cookie: bool = False
    verify_requests: int = 0
    timers: frozenset = frozenset()
    flights: tuple = ()
    fate: str = ""                      # why it has failed

    def __str__(self):
        return f"{self.role} in {self.machine}.{self.state}" + (f" ({self.fate})" if self.fate else "")


class Player:
    """Runs the tables for both ends in one mode; what was worked out is remembered."""

    def __init__(self, spec, mode, budget):
        self.spec, self.mode, self.budget = spec, mode, budget
        self.resend = next(m for m in spec.machines.values() if m.one_per == "flight" and m.version == "dtls12")
        self.known = {}

    def react(self, end, stimulus):
        """(End, items sent). A stimulus is ("item", Item), ("api", name), ("ring", flight index, timer), ("ring", -1, timer) or ("later",)."""
        key = (end, stimulus)
        if key not in self.known:
            self.known[key] = _Turn(self, end).take(stimulus)
        return self.known[key]

    def is_connected(self, end):
        machine = self.spec.machines[end.machine]
        return not end.fate and end.state in machine.final

    def listens(self, end):
        """Whether this end remembers nothing yet."""
        machine = self.spec.machines[end.machine]
        return end.role == "server" and end.state == machine.initial and not end.flights

    def wishes(self, end):
        """The api calls that a helpful application makes now."""
        if end.fate:
            return []
        rows = self.spec.machines[end.machine].states[end.state].rows
        return [r.event.name for r in rows if r.event.kind == "api" and r.event.name in HELPFUL]


class _Turn:
    """One stimulus to one end."""

    def __init__(self, player, end):
        self.player, self.spec, self.end, self.sent = player, player.spec, end, []
        self.request = None             # the item that is being answered

    def set(self, **changes):
        self.end = self.end._replace(**changes)

    @property
    def machine(self):
        return self.spec.machines[self.end.machine]

    @property
    def state(self):
        return self.machine.states[self.end.state]

    def take(self, stimulus):
        what, *rest = stimulus
        if what == "later":
            self.set(flights=tuple(f._replace(fresh=True) for f in self.end.flights))
        elif what == "api":
            self.event("api", rest[0])
        elif what == "ring" and rest[0] >= 0:
            self.flight_event(rest[0], "timer", rest[1])
        elif what == "ring":
            self.set(timers=self.end.timers - {rest[1]})
            self.event("timer", rest[1])
        else:
            self.item(rest[0])
        self.settle()
        return self.end, tuple(self.sent)

    # ---- what comes in

    def item(self, item):
        """A datagram with one item: the table of records, then the sequence of messages."""
        do = self.treatment(item)
        if do == "hold":
            self.set(held=self.end.held | {item})
        elif do == "machine":
            if self.row("record", item.name):
                self.event("record", item.name)
            else:
                self.set(early_ccs=True)
        elif do == "reassemble":
            if item.epoch > 0:
                self.set(keyed=True)
            self.message(item)

    def treatment(self, item):
        """What the record table does with it."""
        end = self.end
        content = "change_cipher_spec" if item.seq < 0 else "handshake"
        epoch = "zero" if item.epoch == 0 else "readable" if item.epoch <= end.read else "next" if item.epoch == end.read + 1 else "other"
        phase = "connected" if self.state.application_data else "keyed" if end.keyed else "plain"
        for row in self.spec.records["dtls12"].rows:
            if all(have in said or said == ("any",) for have, said in ((content, row.content), (epoch, row.epoch), (phase, row.phase))):
                return row.do
        return "drop"

    def message(self, item):
        end = self.end
        if self.machine.one_per == "datagram":
            self.listen(item)
        elif item.seq < end.expected and end.state != self.machine.initial:
            for index, flight in enumerate(end.flights):
                if item.seq == flight.answers:
                    self.flight_event(index, "peer", "resent_its_flight")
        elif self.state.waits or (item.seq > end.expected and self.takes(item.epoch)):
            self.set(held=end.held | {item})
        elif item.seq == end.expected and self.takes(item.epoch):
            self.accept(item)

    def takes(self, epoch):
        """Whether the present state takes messages of an epoch at all."""
        return any(r.event.kind == "message" and r.event.epoch == epoch and not r.event.seq_any for r in self.state.rows)

    def accept(self, item):
        self.request = item
        self.set(expected=item.seq + 1)
        if not self.event("message", item.name):
            self.set(fate=f"unexpected_message at {item.name}")

    def listen(self, item):
        """A scratch connection for one datagram; only a hand-over leaves something behind."""
        before = self.end
        self.request = item
        self.event("message", item.name)
        self.run()
        if self.end.state in self.machine.handed_over and not self.end.fate:
            to = self.machine.handed_over[self.end.state]
            self.end = End(before.role, to.machine, to.at, item.seq, 0)
            self.accept(item)
        else:
            self.end = before

    def settle(self):
        """Immediate rows, then whatever came early and is due now."""
        while not self.end.fate:
            self.run()
            if self.end.fate or self.end.state in ("CLOSED", "FAILED"):
                return
            if self.end.early_ccs and self.row("record", "change_cipher_spec"):
                self.set(early_ccs=False)
                self.event("record", "change_cipher_spec")
                continue
            due = [i for i in sorted(self.end.held) if i.epoch <= self.end.read and not self.state.waits and i.seq <= self.end.expected]
            due = [i for i in due if i.seq < self.end.expected or self.takes(i.epoch)]
            if not due:
                return
            self.set(held=self.end.held - {due[0]})
            self.item(due[0])

    # ---- rows of the handshake machine

    def row(self, kind, name):
        return next((r for r in self.machine.rows_of(self.end.state) if r.event.kind == kind and r.event.name == name), None)

    def event(self, kind, name):
        """Takes the row of an event; False if there is none."""
        row = self.row(kind, name)
        if row is not None:
            self.obey(row)
        return row is not None

    def run(self):
        """Immediate rows until a state that waits for something."""
        for _ in range(50):
            if self.end.fate or self.end.state not in self.machine.states or not self.state.immediate:
                return
            self.obey(self.state.rows[0])
        self.set(fate="runs in a circle")

    def obey(self, row):
        answer = self.answer(row.select) if row.select else None
        outcome = row.outcomes[answer]
        if outcome.alert or outcome.fail:
            self.set(fate=outcome.alert or outcome.fail)
            return
        if row.event.name == "hello_verify_request":
            self.set(verify_requests=self.end.verify_requests + 1, cookie=self.end.cookie or "keep_verify_cookie" in outcome.do)
        if isinstance(outcome.keys.read, int):
            self.set(read=outcome.keys.read)
        for timer, order in outcome.timers.items():
            self.set(timers=self.end.timers - {timer} if order == "stop" else self.end.timers | {timer})
        if outcome.send:
            self.prepare(self.machine.flights[outcome.send])
        target = self.end.state if outcome.goto == "same" else outcome.goto
        if target in self.machine.final and target != self.end.state:
            self.answered(except_for=outcome.send)
        self.set(state=target)

    def answer(self, classifier):
        if classifier == "cookie12":
            return "proceed" if self.player.mode["cookie12"] == "proceed" or self.request.cookie else "send_cookie"
        if classifier == "verify_request_budget":
            return "left" if self.end.verify_requests < TWO_HELLOS else "spent"
        if classifier in self.player.mode:
            return self.player.mode[classifier]
        return self.spec.functions[classifier].outcomes[0]

    # ---- flights

    def prepare(self, flight):
        """Numbers and writes a flight; an earlier one that it does not extend has been answered."""
        joins = next((i for i, f in enumerate(self.end.flights) if f.name in flight.extends), None)
        if joins is None:
            self.answered(except_for=flight.name if self.machine.one_per == "datagram" else None)
        if flight.numbers == "of_request":
            self.set(used=max(self.end.used, self.request.seq))
        items = []
        for line in flight.lines:
            if all(self.answer(c) in allowed for c, allowed in line.when.items()):
                seq = self.end.used if line.send else -1
                self.set(used=self.end.used + (1 if line.send else 0))
                items.append(Item(line.send or line.record, seq, line.epoch, line.send == "client_hello" and self.end.cookie))
        if self.machine.one_per == "datagram":
            self.sent += items
        elif joins is not None:
            old = self.end.flights[joins]
            self.replace(joins, old._replace(name=flight.name, items=old.items + tuple(items)))
            self.flight_event(joins, "flight", "extended", items)
        else:
            answers = self.end.expected - 1
            self.set(flights=self.end.flights + (Out(flight.name, tuple(items), self.player.resend.initial, answers),))
            self.flight_event(len(self.end.flights) - 1, "flight", "buffered")

    def answered(self, except_for):
        """The peer's next flight has come whole: all that was out is answered."""
        for flight in self.end.flights:
            if flight.name != except_for and flight in self.end.flights:
                self.flight_event(self.end.flights.index(flight), "peer", "next_flight_complete")

    def replace(self, index, flight):
        """Puts a flight back; a finished one is freed."""
        kept = () if flight.state in self.player.resend.final else (flight,)
        self.set(flights=self.end.flights[:index] + kept + self.end.flights[index + 1:])

    def flight_event(self, index, kind, name, part=None):
        """An event for one instance of the resend machine, and what follows from it at once."""
        flight = self.end.flights[index]
        while flight.state not in self.player.resend.final:
            row = next((r for r in self.player.resend.rows_of(flight.state) if r.event.kind == kind and r.event.name == name), None)
            if row is None:
                break
            if kind == "timer":
                flight = flight._replace(timers=flight.timers - {name})
            answer = self.about(flight, row.select)
            outcome = row.outcomes[answer]
            if outcome.alert or outcome.fail:
                self.set(fate=outcome.alert or outcome.fail, flights=())
                return
            changes = {"state": flight.state if outcome.goto == "same" else outcome.goto}
            if row.select == "resend_budget":
                changes["spent"] = flight.spent + 1
            if row.select == "resend_now" and answer == "now":
                changes["fresh"] = False
            stopped = {t for t, o in outcome.timers.items() if o == "stop"}
            changes["timers"] = (flight.timers | set(outcome.timers)) - stopped
            flight = flight._replace(**changes)
            if flight.state in self.player.resend.final:
                break
            rows = self.player.resend.states[flight.state].rows
            if any(r.event.kind == "flight" and r.event.name == "written" for r in rows):
                self.sent += flight.items if part is None else part
                kind, name, part = "flight", "written", None
            elif self.player.resend.states[flight.state].immediate:
                kind, name = "immediate", ""
            else:
                break
        self.replace(index, flight)

    def about(self, flight, classifier):
        """What the resend machine's classifiers answer about a flight."""
        if classifier is None:
            return None
        if classifier == "resend_style":
            return self.machine.flights[flight.name].resend
        if classifier == "resend_budget":
            return "left" if flight.spent < self.player.budget else "spent"
        if classifier == "resend_now":
            return "now" if flight.fresh else "later"
        if classifier == "on_give_up":
            return self.machine.flights[flight.name].on_give_up
        return self.spec.functions[classifier].outcomes[0]
