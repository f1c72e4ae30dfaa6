"""The kinds of properties (section 9 of the DSL): one function for each.

Each takes a `Case` (the property, its graph, the spec) and yields complaints: sentences without a place;
the caller adds the property's name, file and line. A property that speaks of something that never
happens is violated too: it would go on holding when what it protects is gone.
"""

from typing import NamedTuple

from ..model import Spec
from .search import Caught, Graph, tell


class Case(NamedTuple):
    body: object
    graph: Graph
    spec: Spec

    def rows(self):
        """(row, outcome) of all machines that this property's search visits, each as written once."""
        return [(row, outcome) for m in self.graph.machines for row in self.spec.machines[m].all_rows()
                for outcome in row.outcomes.values()]

    def states(self):
        """(place, State) of all machines visited."""
        return [(f"{m}.{name}", s) for m in self.graph.machines for name, s in self.spec.machines[m].states.items()]


def as_list(value):
    """One name or a list of names as a list."""
    return list(value) if isinstance(value, list) else [value]


def all_facts(graph):
    """Every fact that some step brings about."""
    return {fact for step in graph.all_steps() for fact in step.facts}


# ---- ways

def every_path(case):
    """Every way to the target, by way of `via`, passes what is listed."""
    body, graph = case.body, case.graph
    begin = graph.starts
    if "from_state" in body:
        begin = graph.places.get(body["from_state"], [])
        if not begin:
            yield f"no way leads to {body['from_state']}"
            return
    happening = all_facts(graph)
    for fact in body.get("via", ()):
        if fact not in happening:
            yield f"`{fact}` never happens; say in `via` what does"
            return
    for target in targets(body):
        found, violated = yield_path(case, begin, target, happening)
        if violated:
            yield violated
        elif not found:
            yield f"the target `{target[1]}` is never reached{by_way_of(body)}"


def targets(body):
    """(kind, what): a state, or the fact that the target is."""
    if "to_state" in body:
        return [("state", s) for s in as_list(body["to_state"])]
    if "to_report" in body:
        return [("fact", f"report {body['to_report']}")]
    if "to_do" in body:
        return [("fact", a) for a in as_list(body["to_do"])]
    return [("fact", f"keys {way} {epoch}") for way, epoch in body["to_keys"].items()]


def by_way_of(body):
    return f" by way of {list(body['via'])}" if body.get("via") else ""


def yield_path(case, begin, target, happening):
    """(does the target happen by way of `via`, the complaint or None)."""
    body, graph = case.body, case.graph
    via, needed = set(body.get("via", ())), set(body.get("passes_all", ()))
    choice, order = set(body.get("passes_any", ())), list(body.get("passes_in_order", ()))
    watched = via | needed | choice
    found = []

    def missing(memory):
        """What the way to the target lacks; None if nothing, or if it did not go by way of `via`."""
        seen, passed = memory
        if not via <= seen:
            return None
        found.append(True)
        if not needed <= seen:
            return f"without {sorted(needed - seen)}"
        if choice and not choice & seen:
            return f"with none of {sorted(choice)}"
        return f"without {order[passed:]} in this order" if passed < len(order) else None

    def advance(memory, step):
        seen, passed = memory
        for fact in step.facts:
            if target == ("fact", fact) and (lack := missing((seen, passed))):
                return Caught(lack)
            if fact in watched:
                seen = seen | {fact}
            if passed < len(order) and fact == order[passed]:
                passed += 1
        if target == ("state", step.target.place) and (lack := missing((seen, passed))):
            return Caught(lack)
        return seen, passed

    caught = graph.hunt(begin, (frozenset(), 0), advance)
    if not caught:
        return bool(found), None
    unknown = sorted((needed | choice | set(order)) - happening)
    hint = f"; no row does {unknown}" if unknown else ""
    return True, f"{tell(caught[0])}: {caught[1]}{hint}"


def transcripts(case):
    """The transcripts with which a state is entered are exactly those listed."""
    place, wanted = case.body["at"], {tuple(t) for t in case.body["are"]}
    found = {}
    for config in case.graph.places.get(place, ()):
        found.setdefault(config.transcript, config)
    if not found:
        yield f"no way leads to {place}"
        return
    for transcript, config in found.items():
        if transcript not in wanted:
            yield f"{tell(case.graph.way_to(config))}: with the transcript [{', '.join(transcript)}], which is not listed"
    for transcript in sorted(wanted - set(found)):
        yield f"no way enters {place} with the transcript [{', '.join(transcript)}]"


def at_most_once(case):
    """No way brings a fact about twice; a row that answers it with an alert does not count."""
    fact = case.body

    def advance(times, step):
        if step.outcome is not None and step.outcome.alert:
            return None
        times += step.facts.count(fact)
        return Caught(f"`{fact}` twice") if times > 1 else times

    if fact not in all_facts(case.graph):
        yield f"`{fact}` never happens"
    elif caught := case.graph.hunt(case.graph.starts, 0, advance):
        yield f"{tell(caught[0])}: {caught[1]}"


def no_path(case):
    """No way leads from one state to another."""
    begin, end = case.body["from_state"], case.body["to_state"]
    if not case.graph.places.get(begin):
        yield f"no way leads to {begin}"
        return
    machine, state = end.split(".")
    owner = case.spec.machines.get(machine)
    if owner is None or (state not in owner.states and state not in owner.handed_over):
        yield f"{end} is no state"
        return
    caught = case.graph.hunt(case.graph.places[begin], 0, lambda m, s: Caught("leads there") if s.target.place == end else m)
    if caught:
        yield f"{tell(caught[0])}: {caught[1]}"


def reaches(case):
    """These states are reached."""
    for place in case.body["states"]:
        if place not in case.graph.places:
            yield f"no way leads to {place}"


# ---- order

STEPS = {"dtls12": (0, 1), "dtls13": (0, 2, 3)}


def monotonic(case):
    """Keys and messages of ever newer epochs; the epochs are those of the version, one after the other."""
    for what in case.body:
        rule = "messages_go_back" if what == "messages" else f"{what}_keys_go_back"
        for step in case.graph.all_steps():
            for name, _, message in step.faults:
                if name == rule:
                    yield f"{tell(case.graph.way_to(step.source) + [step])}: {message}"
                    return
            if what != "messages" and (message := jump(case.spec, step, what)):
                yield f"{tell(case.graph.way_to(step.source) + [step])}: {message}"
                return


def jump(spec, step, way):
    """The complaint if a step skips an epoch."""
    version = spec.machines[step.source.machine].version
    if version not in STEPS or not spec.machines[step.source.machine].is_handshake:
        return None
    epoch = step.source._asdict()[way][-1]
    for fact in step.facts:
        if fact.startswith(f"keys {way} ") and fact.split()[-1].isdigit():
            legal = STEPS[version][STEPS[version].index(epoch) + 1:][:1] if epoch in STEPS[version] else ()
            if int(fact.split()[-1]) not in legal:
                return f"{way} keys go from epoch {epoch} to {fact.split()[-1]}"
            epoch = legal[0]
    return None


# ---- rows

def only_in(case):
    """Something is written in the states or at the events listed, and nowhere else."""
    body = case.body
    if "application_data" in body:
        where = {place for place, s in case.states() if s.application_data == body["application_data"]}
        yield from held_against(where, set(body["states"]), f"application_data: {body['application_data']}", "state")
        return
    chosen = [(row, outcome) for row, outcome in case.rows() if matches_only(body, row, outcome)]
    if not chosen:
        yield "no row has it"
        return
    for key, name_of in (("states", place_of), ("from_states", place_of), ("events", lambda row: str(row.event))):
        if key in body:
            wanted = set(body[key])
            places = {}
            for row, _ in chosen:
                places.setdefault(name_of(row), row)
            for name in sorted(set(places) - wanted):
                yield f"{places[name].src}: stands {'at' if key == 'events' else 'in'} `{name}` too"
            for name in sorted(wanted - set(places)):
                yield f"`{name}` does not have it"


def held_against(found, wanted, what, kind):
    for name in sorted(found - wanted):
        yield f"`{name}` has `{what}` too"
    for name in sorted(wanted - found):
        yield f"the {kind} `{name}` has no `{what}`"


def place_of(row):
    return f"{row.machine}.{row.state or 'any_state'}"


def matches_only(body, row, outcome):
    """Whether a row is what an `only_in` speaks of."""
    if "event" in body:
        return event_matches(body["event"], row.event) and outcome is next(iter(row.outcomes.values()))
    if "select" in body:
        return row.select == body["select"]
    if "send" in body:
        return outcome.send == body["send"]
    return all(outcome.timers.get(t) == w for t, w in body["timers"].items())


def event_matches(pattern, event):
    """Whether an event is one of those a pattern speaks of; `any` stands for every name."""
    if pattern == "immediate":
        return event.kind == "immediate"
    for key, value in pattern.items():
        if key == "epoch":
            if event.epoch != value:
                return False
        elif key == "is":
            if event.name != value:
                return False
        elif key == "flight":
            if event.kind != "flight" or event.flight != value:
                return False
        elif event.kind != key or value not in ("any", event.name):
            return False
    return True


def every_edge(case):
    """Each row that the selectors choose has certain entries, or stands at certain events."""
    body = case.body
    chosen = [(row, outcome) for row, outcome in case.rows() if edge_matches(body, row, outcome)]
    if not chosen:
        yield "no row is chosen by it"
    for row, outcome in chosen:
        where = f"{outcome.src}: {place_of(row)} at `{row.event}`" + (f"={outcome.name}" if outcome.name else "")
        if "events" in body and str(row.event) not in body["events"]:
            yield f"{where}: not at one of {list(body['events'])}"
        for key, value in body.get("has", {}).items():
            if not has_entry(row, outcome, key, value):
                yield f"{where}: without `{key}: {plain(value)}`"


def edge_matches(body, row, outcome):
    if body.get("unless_from") == ("any_state" if row.state is None else f"{row.machine}.{row.state}"):
        return False
    if "event" in body and not event_matches(body["event"], row.event):
        return False
    if "outcome" in body and outcome.name != body["outcome"]:
        return False
    if "to_state" in body and f"{row.machine}.{outcome.goto}" not in as_list(body["to_state"]):
        return False
    return all(keys_match(body[k], getattr(outcome, k)) for k in ("keys", "drop_keys") if k in body)


def keys_match(pattern, keys):
    return all(getattr(keys, way) == epoch for way, epoch in pattern.items())


def has_entry(row, outcome, key, value):
    """Whether a row has an entry: maps and lists may hold more than is asked, lists in the order asked."""
    if key == "select":
        return row.select == value
    if key == "ack":
        return outcome.ack == (value == "now")
    if key in ("keys", "drop_keys"):
        return keys_match(value, getattr(outcome, key))
    if key == "timers":
        return all(outcome.timers.get(timer) == order for timer, order in value.items())
    if key == "do":
        have = iter(outcome.do)
        return all(wanted in have for wanted in as_list(value))         # `in` moves on: in this order
    return getattr(outcome, key) == value


def plain(value):
    """A value of the spec as it may be written."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {plain(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(plain(v) for v in value) + "]" if isinstance(value, list) else str(value)


def runs_beside(case):
    """A companion lives beside exactly these states."""
    machine = case.spec.machines.get(case.body["machine"])
    if machine is None or not machine.runs_in:
        yield f"`{case.body['machine']}` is no companion"
        return
    found = set()
    for name, states in machine.runs_in.items():
        host = case.spec.machines.get(name)
        found |= {f"{name}.{s}" for s in (host.states if states == "all" and host else states)}
    yield from held_against(found, set(case.body["states"]), f"{machine.name} beside it", "state")


def ends_record(case):
    """These messages end the record that completed them, in every row that accepts them."""
    for message in case.body:
        rows = [(r, o) for r, o in case.rows() if r.event.kind == "message" and r.event.name == message and o.goto is not None]
        if not rows:
            yield f"no row takes `{message}`"
        for row, outcome in rows:
            if not outcome.ends_record:
                yield f"{outcome.src}: {place_of(row)} takes `{message}` without `ends_record: true`"


def dropped_by(case):
    """These keys are wiped by rows of a state, or by every row that leads into it."""
    place = case.body["state"]
    machine, state = place.split(".")
    owner = case.spec.machines.get(machine)
    if place not in case.graph.places:
        yield f"no way leads to {place}"
        return
    within = [o for _, o in owner.outcomes_of(state)]
    entering = [s.outcome for s in case.graph.entering(place) if s.outcome is not None]
    for way, epoch in case.body["keys"].items():
        if any(getattr(o.drop_keys, way) == epoch for o in within):
            continue
        if not entering or any(getattr(o.drop_keys, way) != epoch for o in entering):
            yield f"{way} keys of epoch {epoch} are wiped neither in {place} nor by every row that leads there"


# ---- timers and loss

def covered_by_timer(case):
    """Who waits for the peer has a timed flight out and a deadline; who waits for the application has a deadline."""
    for name in case.body:
        machine = case.spec.machines.get(name)
        if machine is None or name not in case.graph.machines:
            yield f"no way leads into {name}"
            continue
        if not any(r.event.kind == "timer" and r.event.name == "handshake_deadline" and o.fail
                   for r, o in case.rows() if r.machine == name):
            yield f"no row of {name} ends it at `timer handshake_deadline`"
        told = set()
        for config in case.graph.configs:
            if config.machine != name or config.state in told or config.state not in machine.states:
                continue
            if (message := uncovered(case.spec, machine, config)):
                told.add(config.state)
                yield f"{tell(case.graph.way_to(config))}: {message}"


def uncovered(spec, machine, config):
    """What is missing where an endpoint waits; None if nothing is."""
    state = machine.states[config.state]
    kinds = {r.event.kind for r in state.rows}
    if state.immediate or config.again or (config.state in machine.final and "flight" not in kinds):
        return None
    if config.state == machine.initial:
        return None                                 # before anything was sent or heard
    heard_next = {r.event.name for r in state.rows if r.event.kind == "message" and not r.event.seq_any}
    for_peer = bool(kinds & {"message", "record", "flight"}) and heard_next != {"client_hello"}
    flight = spec.machines[config.flight[0]].flights[config.flight[1]] if config.flight else None
    if for_peer and (flight is None or flight.resend != "timed"):
        return "waits for the peer, and no timed flight is out"
    if state.application_data is None and "handshake_deadline" not in config.timers:
        return "waits without a handshake deadline"
    return None


def last_flight(case):
    """What ends the handshake can be repeated: a flight kept and sent when asked, or an ACK now and again."""
    place, how = case.body["state"], case.body["repeated_by"]
    entering = [s for s in case.graph.entering(place) if s.row is not None]
    if not entering:
        yield f"no way leads to {place}"
    for step in entering:
        machine = case.spec.machines[step.source.machine]
        if how == "resend":
            flight = machine.flights.get(step.outcome.send)
            if flight is None:
                yield f"{step.outcome.src}: the row into {place} sends no flight"
            elif flight.resend != "asked" or flight.done_when != "sent":
                yield f"{flight.src}: `{flight.name}` is not kept and sent again when asked; write `resend: asked` and `done_when: sent`"
        elif not step.outcome.ack:
            yield f"{step.outcome.src}: the row into {place} does not say `ack: now`"
    for message in repeaters(case, place, how):
        yield message


def repeaters(case, place, how):
    """The companion rows that do the repeating must be there."""
    machine, state = place.split(".")
    version = case.spec.machines[machine].version
    if how == "resend":
        resenders = [m for m in case.spec.machines.values() if m.one_per == "flight" and m.version == version]
        asked = [o for m in resenders for r, o in all_outcomes(m) if r.event.kind == "peer" and r.event.name == "resent_its_flight"]
        kept = [o for m in resenders for r, o in all_outcomes(m) if r.select == "resend_style" and o.name == "asked" and o.timers.get("retention") == "start"]
        if not asked or not kept:
            yield f"no resend machine of {version} keeps a flight with `resend: asked` for `retention` and repeats it at `peer resent_its_flight`"
        return
    rows = [(r, o) for m in case.spec.companions_of(machine, state) for r, o in all_outcomes(m)
            if r.event.kind == "peer" and r.event.name == "repeats_acked_message"]
    if not rows or not all(o.ack for _, o in rows):
        yield f"no machine beside {place} answers `peer repeats_acked_message` with `ack: now`"


def all_outcomes(machine):
    return [(r, o) for r in machine.all_rows() for o in r.outcomes.values()]


def epoch0_can_fail(case):
    """Exactly these states can be ended by a message that nobody authenticated."""
    found = {place for place in case.graph.places if place.split(".")[1] not in ("CLOSED", "FAILED") and forgeable(case.spec, place)}
    for place in sorted(found - set(case.body)):
        yield f"{place} can be ended by an unauthenticated message too"
    for place in sorted(set(case.body) - found):
        yield f"{place} is not ended by an unauthenticated message, or never reached"


def forgeable(spec, place):
    """Whether a state takes messages of epoch 0 from the sequence of messages."""
    name, state = place.split(".")
    machine = spec.machines[name]
    if machine.one_per == "datagram" or state not in machine.states or machine.states[state].waits:
        return False    # what keeps nothing has nothing to end
    return any(r.event.kind == "message" and r.event.epoch == 0 and not r.event.seq_any for r in machine.rows_of(state))


KINDS = {f.__name__: f for f in (every_path, transcripts, at_most_once, no_path, reaches, monotonic, only_in, every_edge,
                                 runs_beside, ends_record, dropped_by, covered_by_timer, last_flight, epoch0_can_fail)}
