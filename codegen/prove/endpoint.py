"""One end of an association, run by its tables: handshake machine, listener, companions, resend machines.

An `End` is a value: all that one side remembers. `Player(spec, mode).react(end, stimulus)` gives the End after
a stimulus and the datagrams that it sends. What tables do not say is played in the least favourable honest way,
as sections 4 to 7 of the DSL say: in 1.2 every message and record is a datagram of its own; in 1.3, where ACKs
multiply what can happen, messages of one epoch that are prepared at once travel together. What comes early is kept.

What C would answer comes from a `mode` ({classifier: outcome}) or from the messages: an honest peer, checks pass.
Cryptography is left out: an item of an epoch above 0 is authentic.
"""

from typing import NamedTuple

from ..model import HANDSHAKE_EPOCH

IMPATIENT = ("resend", "ack_delay", "ack_again")   # timers that ring while the peer is alive; the others outlast a handshake
HELPFUL = ("connect", "certificate_trusted", "signature_ready")     # what an application says that wants to go on
TWO_HELLOS = 4                          # verify requests that a client obeys
HANDSHAKE = -1                          # in the place of a flight or a companion: the end's own timers


class Item(NamedTuple):
    """A handshake message, or a record of another type (`seq` -1)."""
    name: str
    seq: int
    epoch: int
    cookie: bool = False                # of a ClientHello, a HelloRetryRequest: it carries one
    kind: str = ""                      # of a ServerHello: what it is; of a KeyUpdate: whether it asks for another
    fits: bool = True                   # of a ClientHello: there is a share for a group of the server's
    part: str = ""                      # the flight it was prepared for: with whom it travels
    acks: frozenset = frozenset()       # of an ACK: the message_seq it names

    def __str__(self):
        if self.name == "ack":
            return f"ack of {', '.join(map(str, sorted(self.acks))) or 'nothing'}"
        name = {"hello_retry": "hello_retry_request", "asks": "key_update that asks for another"}.get(self.kind, self.name)
        return name + (f" {self.seq}" if self.seq >= 0 else "") + (" with cookie" if self.cookie else "")


class Out(NamedTuple):
    """A flight that is out: one instance of the resend machine of its version."""
    machine: str
    name: str
    items: tuple
    state: str
    answers: tuple                      # message_seq of the messages by whose coming again the peer asks for this flight
    version: str
    acked: frozenset = frozenset()      # message_seq of what the peer has
    spent: int = 0                      # timer resends
    fresh: bool = True                  # half a timer has passed since the peer's last asking
    timers: frozenset = frozenset()

    @property
    def seqs(self):
        return frozenset(i.seq for i in self.items if i.seq >= 0)


class Companion(NamedTuple):
    machine: str
    state: str
    timers: frozenset = frozenset()


class End(NamedTuple):
    role: str
    machine: str
    state: str
    companions: tuple = ()
    expected: int = 0                   # message_seq of the next message from the peer
    used: int = 0                       # our next message_seq
    held: frozenset = frozenset()       # items that came early
    early_ccs: bool = False
    reads: frozenset = frozenset()      # epochs above 0 with read keys
    write: int = 0
    keyed: bool = False                 # an authenticated record was taken
    cookie: bool = False
    fits: bool = True                   # our share is for a group of the server's
    verify_requests: int = 0
    heard: frozenset = frozenset()      # message_seq that an ACK would name
    acked: int = -1                     # the newest message that a row acknowledged
    answered: int = -1                  # the newest message that a flight of ours answered
    asks: bool = False                  # our next KeyUpdate asks for another
    updates: int = 0                    # times that the application may still renew keys
    timers: frozenset = frozenset()
    flights: tuple = ()
    fate: str = ""                      # why it has failed

    @property
    def read(self):
        return max(self.reads, default=0)

    def __str__(self):
        return f"{self.role} in {self.machine}.{self.state}" + (f" ({self.fate})" if self.fate else "")


class Player:
    """Runs the tables for both ends in one mode; what was worked out is remembered."""

    def __init__(self, spec, mode, budget):
        self.spec, self.mode, self.budget = spec, mode, budget
        self.resends = {m.version: m for m in spec.machines.values() if m.one_per == "flight"}
        self.known = {}

    def begin(self, machine):
        """An end before anything has happened."""
        beside = [m for m in self.spec.machines.values() if m.runs_in and m.version == "dtls13"] if self.mode["plays13"] else []
        return End(machine.role, machine.name, machine.initial, tuple(Companion(m.name, m.initial) for m in beside),
                   fits=self.mode["share"] == "fits", updates=self.mode["updates"].count(machine.role))

    def react(self, end, stimulus):
        """(End, datagrams sent). A stimulus is ("datagram", items), ("api", name), ("ring", place, timer) or ("later",);
        the place is the number of a flight, HANDSHAKE, or HANDSHAKE - 1 - the number of a companion."""
        key = (end, stimulus)
        if key not in self.known:
            self.known[key] = _Turn(self, end).take(stimulus)
        return self.known[key]

    def is_connected(self, end):
        at_rest = all(c.state in self.spec.machines[c.machine].final for c in end.companions)
        return not end.fate and at_rest and not any(f.version == "dtls13" for f in end.flights) and end.state in self.spec.machines[end.machine].final

    def listens(self, end):
        """Whether this end remembers nothing yet."""
        machine = self.spec.machines[end.machine]
        return end.role == "server" and end.state == machine.initial and not end.flights

    def wishes(self, end):
        """The api calls that a helpful application makes now."""
        if end.fate:
            return []
        rows = self.spec.machines[end.machine].states[end.state].rows
        calls = [r.event.name for r in rows if r.event.kind == "api" and r.event.name in HELPFUL]
        settled = end.state in self.spec.machines[end.machine].final or self.mode["hasty"]
        for companion in end.companions if end.updates and settled else ():
            machine = self.spec.machines[companion.machine]
            if runs_beside(machine, end):
                calls += [r.event.name for r in machine.states[companion.state].rows if (r.event.kind, r.event.name) == ("api", "update_keys")]
        return calls

    def bells(self, end):
        """(place, timer) of all timers that may ring. Flights of one end have like timers: one that was sent more often waits longer."""
        least = min((f.spent for f in end.flights if f.timers), default=0)
        running = [(i, t) for i, f in enumerate(end.flights) for t in sorted(f.timers) if f.version == "dtls12" or f.spent == least]
        running += [(HANDSHAKE - 1 - i, t) for i, c in enumerate(end.companions) for t in sorted(c.timers)]
        return running + [(HANDSHAKE, t) for t in sorted(end.timers)]


def runs_beside(machine, end):
    """Whether a companion lives beside the state an end is in."""
    states = machine.runs_in.get(end.machine, ())
    return states == "all" or end.state in states


class _Turn:
    """One stimulus to one end."""

    def __init__(self, player, end):
        self.player, self.spec, self.end, self.sent = player, player.spec, end, []
        self.request = None             # the item that is being answered
        self.named = frozenset()        # by the ACK that is being judged
        self.prepared = False           # a flight of the handshake was, in answer to it

    def set(self, **changes):
        self.end = self.end._replace(**changes)

    @property
    def machine(self):
        return self.spec.machines[self.end.machine]

    @property
    def state(self):
        return self.machine.states[self.end.state]

    @property
    def is13(self):
        return self.machine.version == "dtls13"

    def take(self, stimulus):
        what, *rest = stimulus
        if what == "later":
            self.set(flights=tuple(f._replace(fresh=True) for f in self.end.flights))
        elif what == "api":
            if rest[0] == "update_keys":
                self.set(updates=self.end.updates - 1)
            self.event("api", rest[0])
        elif what == "ring" and rest[0] >= 0:
            self.flight_event(rest[0], "timer", rest[1])
        elif what == "ring" and rest[0] == HANDSHAKE:
            self.set(timers=self.end.timers - {rest[1]})
            self.event("timer", rest[1])
        elif what == "ring":
            self.companion_event(HANDSHAKE - 1 - rest[0], "timer", rest[1])
        else:
            for item in rest[0]:
                self.item(item)
                self.settle()
        self.settle()
        return self.end, tuple(datagrams(self.sent))

    # ---- what comes in

    def item(self, item):
        """One item: the table of records, then the sequence of messages."""
        if self.end.fate:
            return
        do, new_message = self.treatment(item)
        if do in ("reassemble", "duplicates_only", "machine") and item.epoch > 0:
            self.set(keyed=True)
        if do == "hold":
            self.set(held=self.end.held | {item})
        elif do == "machine" and item.name == "ack":
            self.ack_of_peer(item)
        elif do == "machine":
            if self.row("record", item.name):
                self.event("record", item.name)
            else:
                self.set(early_ccs=True)
        elif do == "reassemble":
            self.message(item)
        elif do == "duplicates_only" and item.seq < self.end.expected:
            self.repeated(item)
        elif do == "duplicates_only":
            self.set(fate=f"{new_message} at {item.name} of an old epoch")

    def treatment(self, item):
        """(what the record table does with it, the alert for a new message there)."""
        end = self.end
        content = "ack" if item.name == "ack" else "change_cipher_spec" if item.seq < 0 else "handshake"
        phase = "connected" if self.state.application_data else "keyed" if end.keyed else "plain"
        for row in self.spec.records["dtls13" if self.is13 else "dtls12"].rows:
            if all(have in said or said == ("any",) for have, said in ((content, row.content), (self.class_of(item.epoch), row.epoch), (phase, row.phase))):
                return row.do, row.new_message
        return "drop", None

    def class_of(self, epoch):
        end = self.end
        if epoch == 0:
            return "zero"
        if epoch in end.reads:
            if epoch == HANDSHAKE_EPOCH and self.is13:
                return "handshake"
            return "readable" if epoch == end.read or not self.is13 else "older"
        following = {0: 2, 2: 3}.get(end.read, end.read + 1) if self.is13 else end.read + 1
        return "next" if epoch == following else "other"

    def message(self, item):
        end = self.end
        if self.machine.one_per == "datagram":
            self.listen(item)
        elif item.seq < end.expected and end.state != self.machine.initial:
            self.repeated(item)
        elif self.waits() or (item.seq > end.expected and self.takes(item.epoch)):
            self.set(held=end.held | {item})
            if item.seq > end.expected and item.epoch > 0:
                self.set(heard=self.end.heard | {item.seq} if self.is13 else self.end.heard)
                self.next_flight_started(self.end.flights)
                self.beside("peer", "out_of_order")
        elif item.seq == end.expected and self.takes(item.epoch):
            self.accept(item)

    def repeated(self, item):
        """A message that was taken before has come again."""
        for flight in self.end.flights:
            if item.seq in flight.answers and flight in self.end.flights:
                self.flight_event(self.end.flights.index(flight), "peer", "resent_its_flight")
        if self.is13 and item.epoch > 0 and item.seq <= self.end.acked:
            self.set(heard=self.end.heard | {item.seq})
            self.beside("peer", "repeats_acked_message")

    def waits(self):
        """Whether messages wait: the present state leads on by calls and timers alone, and no companion takes one."""
        return self.state.waits and not self.message_rows()

    def message_rows(self):
        rows = list(self.machine.rows_of(self.end.state))
        for companion in self.running():
            rows += self.spec.machines[companion.machine].rows_of(companion.state)
        return [r for r in rows if r.event.kind == "message" and not r.event.seq_any]

    def takes(self, epoch):
        """Whether the present state takes messages of an epoch at all."""
        return any(r.event.epoch == epoch or (r.event.epoch == "current" and epoch == self.end.read) for r in self.message_rows())

    def accept(self, item):
        self.request, self.prepared = item, False
        post = not any(r.event.kind == "message" and r.event.name == item.name for r in self.machine.rows_of(self.end.state))
        self.set(expected=item.seq + 1, heard=self.end.heard | {item.seq} if self.is13 else self.end.heard)
        if not self.event("message", item.name):
            self.set(fate=f"unexpected_message at {item.name}")
        if self.end.fate or not self.is13 or post:
            return
        self.run()
        if not self.prepared and self.end.state not in self.machine.final:
            self.beside("peer", "flight_continues")

    def next_flight_started(self, flights):
        """Some of the peer's answer is here, though perhaps not in order; only 1.3 takes that for an acknowledgement."""
        for flight in flights:
            answered = self.spec.machines[flight.machine].flights[flight.name].done_when == "answered"
            if self.is13 and answered and flight in self.end.flights:
                self.flight_event(self.end.flights.index(flight), "peer", "next_flight_started")

    def listen(self, item):
        """A scratch connection for one datagram; only a hand-over leaves something behind."""
        before = self.end
        self.request = item
        self.event("message", item.name)
        self.run()
        if self.end.state in self.machine.handed_over and not self.end.fate:
            to = self.machine.handed_over[self.end.state]
            companions = before.companions if self.spec.machines[to.machine].version == "dtls13" else ()
            self.end = before._replace(machine=to.machine, state=to.at, companions=companions, expected=item.seq, used=0)
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
            waiting = self.waits()
            due = [i for i in sorted(self.end.held, key=order) if (i.epoch == 0 or i.epoch in self.end.reads) and not waiting
                   and i.seq <= self.end.expected]
            due = [i for i in due if i.seq < self.end.expected or self.takes(i.epoch)]
            if not due:
                return
            self.set(held=self.end.held - {due[0]})
            self.item(due[0])

    def ack_of_peer(self, item):
        """What an ACK says of each flight; a flight that is acknowledged as a whole is told to its machine."""
        self.named = item.acks
        for flight in self.end.flights:
            if flight not in self.end.flights or flight.version != "dtls13":
                continue
            new = (item.acks & flight.seqs) - flight.acked
            if item.acks and not new:
                continue
            whole = flight.acked | new == flight.seqs
            self.flight_event(self.end.flights.index(flight), "ack", "empty" if not item.acks else "all" if whole else "some")
            if new and whole and not self.awaits_half(flight):
                self.event("flight", "acked", flight.name)

    # ---- rows of the handshake machine and its companions

    def row(self, kind, name, flight=None):
        return find(self.machine.rows_of(self.end.state), kind, name, flight)

    def running(self):
        """The companions that live beside the present state."""
        return [c for c in self.end.companions if runs_beside(self.spec.machines[c.machine], self.end)]

    def event(self, kind, name, flight=None):
        """Takes the rows of an event; False if there is none."""
        row = self.row(kind, name, flight)
        if row is not None:
            self.obey(row)
            if self.end.state in self.machine.handed_over and self.machine.one_per != "datagram" and not self.end.fate:
                self.hand_over()
                return self.event(kind, name, flight)
        return self.beside(kind, name, flight) or row is not None

    def beside(self, kind, name, flight=None):
        """Takes the rows of an event in the companions."""
        taken = False
        for index, companion in enumerate(self.end.companions):
            if not self.end.fate and runs_beside(self.spec.machines[companion.machine], self.end):
                taken = self.companion_event(index, kind, name, flight) or taken
        return taken

    def companion_event(self, index, kind, name, flight=None):
        companion = self.end.companions[index]
        machine = self.spec.machines[companion.machine]
        row = find(machine.rows_of(companion.state), kind, name, flight)
        if kind == "timer":
            self.companion(index, timers=companion.timers - {name})
        if row is None or not runs_beside(machine, self.end):
            return False
        self.obey(row, index)
        return True

    def companion(self, index, **changes):
        companions = self.end.companions
        self.set(companions=companions[:index] + (companions[index]._replace(**changes),) + companions[index + 1:])

    def hand_over(self):
        """Goes on in another machine; a flight goes on in the resend machine of that version."""
        to = self.machine.handed_over[self.end.state]
        version = self.spec.machines[to.machine].version
        other = self.player.resends[version]
        for flight in self.end.flights:
            if flight.state not in other.states:
                self.set(fate=f"the flight {flight.name} cannot go on in {version}")
        self.set(machine=to.machine, state=to.at, flights=tuple(f._replace(version=version, machine=to.machine) for f in self.end.flights))

    def run(self):
        """Immediate rows until a state that waits for something."""
        for _ in range(50):
            if self.end.fate or self.end.state not in self.machine.states or not self.state.immediate:
                return
            self.obey(self.state.rows[0])
        self.set(fate="runs in a circle")

    def obey(self, row, place=None):
        """One row of the handshake machine, or of the companion with that number."""
        answer = self.answer(row.select) if row.select else None
        outcome = row.outcomes[answer]
        if outcome.alert or outcome.fail:
            self.set(fate=outcome.alert or outcome.fail)
            return
        if row.event.kind == "message" and place is None and outcome.goto not in self.machine.handed_over:
            self.next_flight_started(self.end.flights)
        if row.event.name == "hello_verify_request":
            self.set(verify_requests=self.end.verify_requests + 1, cookie=self.end.cookie or "keep_verify_cookie" in outcome.do)
        if "keep_hello_retry" in outcome.do:
            self.set(cookie=self.request.cookie, fits=True)
        if "ask_peer_to_update" in outcome.do:
            self.set(asks=True)
        self.add_keys(outcome.keys)
        self.drop_keys(outcome.drop_keys)
        timers = self.end.timers if place is None else self.end.companions[place].timers
        for timer, order_ in outcome.timers.items():
            timers = timers - {timer} if order_ == "stop" else timers | {timer}
        if place is None:
            self.set(timers=timers)
        else:
            self.companion(place, timers=timers)
        state = self.end.state if place is None else self.end.companions[place].state
        target = state if outcome.goto == "same" else outcome.goto
        if place is not None:
            self.companion(place, state=target)
        if outcome.send:
            owner = self.machine if place is None else self.spec.machines[self.end.companions[place].machine]
            self.prepare(owner, owner.flights[outcome.send])
        if outcome.ack:
            if row.event.kind == "message":
                self.set(acked=max(self.end.acked, self.request.seq))
            self.sent.append(Item("ack", -1, self.end.write, acks=self.end.heard))
        if place is None:
            if target in self.machine.final and target != self.end.state and not self.end.fate:
                self.answered(except_for=outcome.send)
            self.set(state=target)
        if outcome.ack:
            self.beside("ack", "sent")                  # when it is fetched

    def add_keys(self, keys):
        end = self.end
        if keys.read is not None:
            self.set(reads=end.reads | {end.read + 1 if keys.read == "next" else keys.read})
        if keys.write is not None:
            self.set(write=end.write + 1 if keys.write == "next" else keys.write)

    def drop_keys(self, keys):
        if keys.read is not None:
            gone = self.end.reads - {self.end.read, HANDSHAKE_EPOCH} if keys.read == "previous" else {keys.read}
            self.set(reads=self.end.reads - gone)

    def answer(self, classifier):
        mode, request = self.player.mode, self.request
        if classifier == "version_of_hello":
            both = [v for v in ("dtls13", "dtls12") if v in request.kind and v in mode["server"]]
            return both[0] if both else "neither"
        if classifier == "cookie12":
            return "proceed" if mode["cookie"] == "never" or request.cookie else "send_cookie"
        if classifier == "cookie13":
            return "not_needed" if mode["cookie"] == "never" else "valid" if request.cookie else "send_cookie"
        if classifier == "hello_origin":
            return "after_cookie" if request.cookie else "first"
        if classifier == "plan13":
            return "accept" if request.fits else "retry"
        if classifier == "server_hello_kind":
            return request.kind
        if classifier == "flight_arrives":
            return "complete" if self.state.application_data else "incomplete"
        if classifier == "key_update_wish":
            return "answer" if request.kind == "asks" else "no_answer"
        if classifier == "verify_request_budget":
            return "left" if self.end.verify_requests < TWO_HELLOS else "spent"
        if classifier in mode:
            return mode[classifier]
        return self.spec.functions[classifier].outcomes[0]

    # ---- flights

    def prepare(self, owner, flight):
        """Numbers and writes a flight; an earlier one of the handshake that it does not extend has been answered."""
        stateless = owner.one_per == "datagram"
        joins = next((i for i, f in enumerate(self.end.flights) if f.machine == owner.name and f.name in flight.extends), None)
        if owner.is_handshake:
            self.prepared = True
            if joins is None:
                self.answered(except_for=None)
        if flight.numbers == "of_request":
            self.set(used=max(self.end.used, self.request.seq))
        items = []
        for line in flight.lines:
            if all(self.answer(c) in allowed for c, allowed in line.when.items()):
                items.append(self.item_of(owner, flight, line))
                self.add_keys(line.keys)
        if stateless:
            self.sent += items
            return
        version = owner.version
        if owner.is_handshake and version == "dtls13":
            self.set(heard=frozenset())
        if joins is not None:
            old = self.end.flights[joins]
            self.replace(joins, old._replace(name=flight.name, items=old.items + tuple(items)))
            self.flight_event(joins, "flight", "extended", items)
        else:
            out = Out(owner.name, flight.name, tuple(items), self.player.resends[version].initial, self.answers(owner), version)
            self.set(flights=self.end.flights + (out,))
            self.flight_event(len(self.end.flights) - 1, "flight", "buffered")
        if owner.is_handshake:              # one of a companion answers nothing
            self.beside("flight", "buffered", flight.name)

    def answers(self, owner):
        """What the peer sends again if our flight is lost: in 1.2 the whole of its own, in 1.3 what we did not acknowledge."""
        if not owner.is_handshake:
            return ()
        last, first = self.end.expected - 1, self.end.answered + 1
        self.set(answered=last)
        return tuple(range(first, last + 1)) if owner.version == "dtls13" else (last,)

    def item_of(self, owner, flight, line):
        """What a line of a flight sends."""
        seq = self.end.used if line.send else -1
        if line.send:
            self.set(used=self.end.used + 1)
        name, kind, cookie = line.send or line.record, "", False
        if name == "client_hello":
            kind, cookie = self.player.mode["client"], self.end.cookie
        elif name == "hello_retry_request":
            name, kind, cookie = "server_hello", "hello_retry", owner.one_per == "datagram"
        elif name == "server_hello":
            kind = owner.version
        elif name == "key_update":
            kind = "asks" if self.end.asks else ""
            self.set(asks=False)
        epoch = self.end.write if line.epoch == "current" else line.epoch
        return Item(name, seq, epoch, cookie, kind, self.end.fits if name == "client_hello" else True,
                    flight.name if owner.version == "dtls13" else "")

    def answered(self, except_for):
        """The peer's next flight has come whole: all that was out of the handshake is answered."""
        for flight in self.end.flights:
            if flight.name != except_for and self.spec.machines[flight.machine].is_handshake and flight in self.end.flights:
                self.flight_event(self.end.flights.index(flight), "peer", "next_flight_complete")

    def replace(self, index, flight):
        """Puts a flight back; a finished one is freed."""
        kept = () if flight.state in self.player.resends[flight.version].final else (flight,)
        self.set(flights=self.end.flights[:index] + kept + self.end.flights[index + 1:])

    def awaits_half(self, flight):
        """Whether another flight can still join this one."""
        return any(flight.name in f.extends for f in self.spec.machines[flight.machine].flights.values())

    def flight_event(self, index, kind, name, part=None):
        """An event for one instance of the resend machine, and what follows from it at once."""
        flight, assumed = self.end.flights[index], False
        resend = self.player.resends[flight.version]
        while flight.state not in resend.final:
            row = find(resend.rows_of(flight.state), kind, name, "this")
            if kind == "timer":
                flight = flight._replace(timers=flight.timers - {name})
            if row is None:
                break
            answer = self.about(flight, row.select, kind)
            outcome = row.outcomes[answer]
            if outcome.alert or outcome.fail:
                self.set(fate=outcome.alert or outcome.fail, flights=())
                return
            changes = {"state": flight.state if outcome.goto == "same" else outcome.goto}
            if row.select == "resend_budget":
                changes["spent"] = flight.spent + 1
            if row.select == "resend_now" and answer == "now":
                changes["fresh"] = False
            if "mark_acked" in outcome.do:
                changes["acked"] = flight.acked | (flight.seqs if kind == "peer" else flight.seqs & self.named)
                changes["spent"] = 0
            assumed = assumed or "take_as_acked" in outcome.do
            stopped = {t for t, o in outcome.timers.items() if o == "stop"}
            changes["timers"] = (flight.timers | set(outcome.timers)) - stopped
            flight = flight._replace(**changes)
            if flight.state in resend.final or outcome.goto == "same":
                break
            rows = resend.states[flight.state].rows
            if any(r.event.kind == "flight" and r.event.name == "written" for r in rows):
                self.sent += [i for i in (flight.items if part is None else part) if i.seq not in flight.acked]
                kind, name, part = "flight", "written", None
            elif resend.states[flight.state].immediate:
                kind, name = "immediate", ""
            else:
                break
        self.replace(index, flight)
        if assumed:
            self.event("flight", "acked", flight.name)

    def about(self, flight, classifier, kind):
        """What the resend machine's classifiers answer about a flight."""
        if classifier is None:
            return None
        spec = self.spec.machines[flight.machine].flights[flight.name]
        if classifier == "resend_style":
            return spec.resend
        if classifier == "flight_heard":
            return "last_message" if spec.done_when == "acked" and flight.items[-1].seq in flight.acked else "less"
        if classifier == "resend_budget":
            return "left" if flight.spent < self.player.budget else "spent"
        if classifier == "resend_now":
            return "now" if flight.fresh and (kind == "ack" or not flight.acked) else "later"
        if classifier == "answered_by":
            return "not_whole" if self.awaits_half(flight) else {"acked": "ack", "answered": "flight"}.get(spec.done_when, "flight")
        return self.spec.functions[classifier].outcomes[0]


def find(rows, kind, name, flight=None):
    """The row of an event, or None."""
    for row in rows:
        if row.event.kind == kind and row.event.name == name and row.event.flight in (None, "any", flight):
            return row
    return None


def order(item):
    """Held items come out by epoch and number."""
    return item.epoch, item.seq, item.name, sorted(item.acks)


def datagrams(items):
    """What is sent at once, as tuples: messages of 1.3 that were prepared together in one epoch share one."""
    result = []
    for item in items:
        last = result[-1][-1] if result else None
        if item.part and last is not None and (last.part, last.epoch, last.seq + 1) == (item.part, item.epoch, item.seq):
            result[-1] = result[-1] + (item,)
        else:
            result.append((item,))
    return list(dict.fromkeys(result))
