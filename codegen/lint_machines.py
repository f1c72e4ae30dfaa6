"""Machines: their graphs, flights, timers, and the company they keep."""

from .lint_rows import versions_of
from .model import row_target

IMPLICIT = ("CLOSED", "FAILED")
SHARED_EVENTS = ("message", "record", "alert", "api", "limit", "association")


def names_of_states(spec, add):
    """Every state that is named is defined, and none is defined that is implicit."""
    for machine in spec.machines.values():
        known = {*machine.states, *machine.handed_over, "CLOSED"}
        for state in machine.states.values():
            if state.name in IMPLICIT:
                add(state.src, f"`{state.name}` is implicit in every machine; delete it")
            if state.name in machine.handed_over:
                add(state.src, f"`{state.name}` is handed over, so it has no rows; delete it here or there")
        for name in (machine.initial, *machine.final):
            if name not in machine.states:
                add(machine.src, f"`{name}` is no state of {machine.name}; name one in `initial` and `final`")
        for row in machine.all_rows():
            for outcome in row.outcomes.values():
                if outcome.goto not in (None, "same") and outcome.goto not in known:
                    add(outcome.src_of("goto"), f"no state `{outcome.goto}` in {machine.name}; add it, or go elsewhere")
        for hand in machine.handed_over.values():
            heir = spec.machines.get(hand.machine)
            if heir is None or hand.at not in heir.states:
                add(hand.src, f"`{hand.machine}.{hand.at}` is no state; hand over to one that exists")
            elif heir.role not in (machine.role, "any"):
                add(hand.src, f"a {machine.role} cannot go on as {heir.name}, which is a {heir.role}; hand over to its own role")
        for companion, states in machine.runs_in.items():
            host = spec.machines.get(companion)
            if host is None:
                add(machine.src, f"`runs_in` names `{companion}`, which is no machine; name one")
                continue
            for state in () if states == "all" else states:
                if state not in host.states:
                    add(machine.src, f"`runs_in` names `{companion}.{state}`, which is no state; name one")


def names_are_sound(machine):
    """Do all rows lead somewhere? Otherwise one wrong name would make half of the states unreachable."""
    known = {None, "same", "CLOSED", *machine.states, *machine.handed_over}
    return all(o.goto in known for r in machine.all_rows() for o in r.outcomes.values()) and machine.initial in known


def edges(machine):
    """state -> set of states one row away, CLOSED and FAILED among them."""
    return {name: {row_target(machine, name, outcome) for _, outcome in machine.outcomes_of(name)} for name in machine.states}


def closure(graph, start):
    """All states that can be reached from some."""
    found, todo = set(), list(start)
    while todo:
        state = todo.pop()
        if state not in found:
            found.add(state)
            todo += graph.get(state, ())
    return found


def reachable_states(spec, add):
    """Every state is reached from where its machine begins, and hand-overs happen."""
    for machine in filter(names_are_sound, spec.machines.values()):
        entries = {machine.initial} | {h.at for m in spec.machines.values() for h in m.handed_over.values() if h.machine == machine.name}
        reached = closure(edges(machine), entries)
        for state in machine.states.values():
            if state.name not in reached:
                add(state.src, f"nothing leads to `{state.name}`; delete it, or the row that led there is lost")
        for hand in machine.handed_over.values():
            if hand.state not in reached:
                add(hand.src, f"nothing leads to `{hand.state}`; delete it, or the row that led there is lost")


def states_can_end(spec, add):
    """From every state a final one, a hand-over or CLOSED can be reached; only the decision to fail is exempt."""
    for machine in filter(names_are_sound, spec.machines.values()):
        graph = edges(machine)
        goals = {*machine.final, *machine.handed_over, "CLOSED"}
        if not machine.final and machine.one_per != "datagram":
            add(machine.src, f"{machine.name} says of no state that nothing is owed there; name one in `final`")
        for state in machine.states.values():
            decided = state.immediate and graph[state.name] <= set(IMPLICIT)
            if not decided and not goals & closure(graph, [state.name]):
                add(state.src, f"no way from `{state.name}` to a final state; add the row that ends it")


def immediate_states(spec, add):
    """An immediate row stands alone, moves on, and never in a circle."""
    for machine in spec.machines.values():
        for row in machine.any_state:
            if row.event.kind == "immediate":
                add(row.src, "`immediate` in any_state; write it in a state of its own")
        immediate = {s.name for s in machine.states.values() if s.immediate}
        graph = {s: targets & immediate for s, targets in edges(machine).items() if s in immediate}
        for name in immediate:
            state = machine.states[name]
            if len(state.rows) > 1:
                add(state.src, f"`{name}` is immediate and has other rows; give those a state of their own")
            if name in closure(graph, graph[name]):
                add(state.src, f"`{name}` comes back to itself without an event; wait for one")


def unlisted(spec, add):
    """A handshake machine says what happens to what it does not list; in 1.2 an early CCS is held."""
    for machine in spec.machines.values():
        takes_messages = machine.is_handshake or machine.one_per == "datagram"
        if takes_messages and machine.unlisted_message is None:
            add(machine.src, f"{machine.name} does not say what happens to an unlisted message; write `unlisted: {{message: ...}}`")
        if machine.unlisted_message and machine.unlisted_message.alert is None and not machine.unlisted_message.discard:
            add(machine.unlisted_message.src, "an unlisted message has neither `alert` nor `discard: true`; write one")
        if machine.is_handshake and machine.version == "dtls12":
            if machine.unlisted_change_cipher_spec is None:
                add(machine.src, f"{machine.name} loses a ChangeCipherSpec that comes early; write `change_cipher_spec: {{hold: once, ...}}` under `unlisted`")
            elif machine.unlisted_change_cipher_spec.hold is None:
                add(machine.unlisted_change_cipher_spec.src, "an early ChangeCipherSpec is held; write `hold: once`")
        if machine.version != "dtls12" and machine.unlisted_change_cipher_spec is not None:
            add(machine.unlisted_change_cipher_spec.src, "only a 1.2 machine meets a ChangeCipherSpec; delete it")
        if not takes_messages and machine.unlisted_message is not None:
            add(machine.unlisted_message.src, f"{machine.name} is no handshake machine, its unlisted messages are not its own; delete it")


def flight_keys(spec, add):
    """A flight says how it is sent again, and the keys that say so agree."""
    for machine in spec.machines.values():
        for flight in machine.flights.values():
            src, name = flight.src, flight.name
            if flight.resend == "timed" and flight.on_give_up is None:
                add(src, f"flight `{name}` is resent by timer but has no `on_give_up`; write fail")
            if flight.resend != "timed" and flight.on_give_up is not None:
                add(src, f"flight `{name}` has `on_give_up`, which only a timed one needs; delete it")
            if flight.resend == "timed" and flight.done_when == "sent":
                add(src, f"flight `{name}` is resent by timer but done when sent; write `done_when: answered`")
            asks_again = flight.resend == "asked" and flight.done_when == "answered" and flight.numbers == "of_request"
            if flight.resend != "timed" and flight.done_when != "sent" and not asks_again:
                add(src, f"flight `{name}` waits for an answer without a timer; write `resend: timed`, or `done_when: sent`")
            if machine.one_per != "datagram" and flight.resend == "never":
                add(src, f"a last flight that is lost is lost for ever; write `resend: asked` for `{name}`")
            if machine.one_per == "datagram":
                stateless_flight(flight, add)
            for other_name in flight.extends:
                other = machine.flights.get(other_name)
                if other is None or other_name == name:
                    add(src, f"flight `{name}` extends `{other_name}`, which is no other flight of {machine.name}; name one")
                elif (other.resend, other.done_when, other.on_give_up) != (flight.resend, flight.done_when, flight.on_give_up):
                    add(src, f"flight `{name}` and `{other_name}`, which it extends, are resent differently; write both alike")


def stateless_flight(flight, add):
    """A stateless reply keeps nothing and is numbered by its request."""
    if flight.resend != "never":
        add(flight.src, f"flight `{flight.name}` of a stateless machine cannot be resent; write `resend: never`")
    if flight.numbers is None:
        add(flight.src, f"flight `{flight.name}` of a stateless machine has no numbers of its own; write `numbers: of_request`")
    for line in flight.lines:
        if line.transcript != "none" or line.then or line.keys:
            add(line.src, "a stateless machine has no transcript, actions or keys; write `transcript: none`")


def flight_lines(spec, add):
    """Lines send what this role sends in this version, under the epoch it belongs to, never going back."""
    for machine in spec.machines.values():
        for flight in machine.flights.values():
            epoch = None
            for line in flight.lines:
                if line.send:
                    sent_message(spec, machine, line, add)
                elif machine.version == "dtls13":
                    add(line.src, "1.3 has no ChangeCipherSpec; delete the line")
                if isinstance(line.epoch, int):
                    if epoch is not None and line.epoch < epoch:
                        add(line.src, f"epoch {line.epoch} after epoch {epoch}; a flight never goes back, move the line up")
                    epoch = max(line.epoch, epoch or 0)
                if isinstance(line.keys.write, int):
                    if epoch is not None and line.keys.write <= epoch:
                        add(line.src, f"write keys of epoch {line.keys.write} after epoch {epoch} was used; keys only move on")
                    epoch = line.keys.write


def sent_message(spec, machine, line, add):
    """One message of a flight."""
    structs = [s for s in (spec.message(line.send, v) for v in versions_of(spec, machine)) if s]
    if not structs:
        add(line.src, f"no message `{line.send}` in {machine.version}; name one of messages/")
        return
    struct = structs[0]
    if machine.role != "any" and struct.sent_by not in (machine.role, "both"):
        add(line.src, f"a {machine.role} never sends `{line.send}`; delete the line")
    belongs = {struct.epochs[v] for v in versions_of(spec, machine) if v in struct.epochs}
    if belongs and line.epoch not in belongs:
        epochs = ", ".join(sorted(map(str, belongs)))
        add(line.src, f"`{line.send}` belongs to epoch {epochs}, not {line.epoch}; correct one")


def flights_are_sent(spec, add):
    """Every flight that is named exists, and every flight is sent."""
    for machine in spec.machines.values():
        sent = set()
        for row in machine.all_rows():
            for outcome in row.outcomes.values():
                if outcome.send is None:
                    continue
                sent.add(outcome.send)
                if outcome.send not in machine.flights:
                    add(outcome.src_of("send"), f"no flight `{outcome.send}` in {machine.name}; add it under `flights`, or send another")
        for flight in machine.flights.values():
            if flight.name not in sent:
                add(flight.src, f"nothing sends the flight `{flight.name}`; delete it, or the row that sent it is lost")


def timers(spec, add):
    """A timer is started and awaited by the same machine; every timer is used."""
    started, awaited = {}, {}
    for machine in spec.machines.values():
        for row in machine.all_rows():
            if row.event.kind == "timer":
                awaited.setdefault((machine.name, row.event.name), row.src_of("event"))
            for outcome in row.outcomes.values():
                for timer, order in outcome.timers.items():
                    if timer not in spec.timers:
                        add(outcome.src_of("timers"), f"no timer `{timer}`; add it to limits.yaml, or order another")
                    if order in ("start", "reset"):
                        started.setdefault((machine.name, timer), outcome.src_of("timers"))
    for (machine, timer), src in awaited.items():
        if timer not in spec.timers:
            add(src, f"no timer `{timer}`; add it to limits.yaml, or wait for another")
        elif (machine, timer) not in started:
            add(src, f"{machine} waits for the timer `{timer}` and never starts it; start it on the way here")
    for (machine, timer), src in started.items():
        if timer in spec.timers and (machine, timer) not in awaited:
            add(src, f"{machine} starts the timer `{timer}` and never waits for it; add the row")
    for timer in spec.timers.values():
        if timer.name not in {t for _, t in started}:
            add(timer.src, f"no row starts the timer `{timer.name}`; delete it")


def one_machine_per_event(spec, add):
    """Of the machines that run side by side only one lists an event."""
    told = set()
    for machine in spec.machines.values():
        for state in machine.states if machine.is_handshake else ():
            owners = {}
            for other in [machine, *spec.companions_of(machine.name, state)]:
                rows = machine.rows_of(state) if other is machine else other.all_rows()
                for row in rows:
                    if row.event.kind not in SHARED_EVENTS:
                        continue
                    owner = owners.setdefault(row.event.key, (other, row))
                    if row.event.kind == "api" and not owner[0].is_handshake and not other.is_handshake:
                        continue  # each companion has its own part to end: closing concerns more than alerts
                    if owner[0] is not other and (owner[0].name, row) not in told:
                        told.add((owner[0].name, row))
                        add(row.src, f"`{row.event}` is also {owner[0].name}'s while {machine.name} is in {state}; only one machine takes an event")


def application_data(spec, add):
    """Application data begins with a report and the end of the deadline, and in no other machine."""
    for machine in spec.machines.values():
        granting = {s.name for s in machine.states.values() if s.application_data}
        if granting and not machine.is_handshake and not machine.runs_in:
            add(machine.src, f"{machine.name} has no say in application data; delete `application_data`")
        if not machine.is_handshake:
            continue
        for state in machine.states:
            if state in granting:
                continue
            for row, outcome in machine.outcomes_of(state):
                if outcome.goto in granting:
                    if outcome.report != "connected":
                        add(outcome.src, f"application data begins in `{outcome.goto}` unreported; write `report: connected`")
                    if outcome.timers.get("handshake_deadline") != "stop":
                        add(outcome.src, f"application data begins in `{outcome.goto}` under the handshake's deadline; stop it")
        for row in machine.all_rows():
            for outcome in row.outcomes.values():
                if outcome.report == "connected" and outcome.goto not in granting:
                    add(outcome.src_of("report"), "`connected` is reported where no application data begins; report it on the way there")


def flight_events(spec, add):
    """Machines per flight speak of `this` flight, others of a flight of theirs or any."""
    for machine in spec.machines.values():
        for row in machine.all_rows():
            if row.event.kind != "flight":
                continue
            if machine.one_per == "flight" and row.event.flight != "this":
                add(row.src, f"{machine.name} lives for one flight; write `flight: this`")
            if machine.one_per != "flight" and row.event.flight not in ("any", *machine.flights):
                add(row.src, f"`{row.event.flight}` is no flight of {machine.name}; name one, or any")


RULES = (names_of_states, reachable_states, states_can_end, immediate_states, unlisted, flight_keys, flight_lines,
         flights_are_sent, timers, one_machine_per_event, application_data, flight_events)
