"""Properties: the states, facts, events and messages they speak of exist. Whether they hold is prove's."""

from . import load, model

IMPLICIT = ("CLOSED", "FAILED")
STATE_KEYS = ("to_state", "from_state", "at", "state", "states", "from_states", "epoch0_can_fail")
FACT_KEYS = ("via", "passes_all", "passes_any", "passes_in_order")


def state_exists(spec, qualified, where=None):
    """Is this machine.STATE a state, a hand-over, or one of the implicit ones? Rows of any_state stand in `states`."""
    machine_name, state = qualified.split(".")
    machine = spec.machines.get(machine_name)
    if state == "any_state":
        return where in ("states", "from_states") and machine is not None and machine.any_state != ()
    return machine is not None and (state in machine.states or state in machine.handed_over or state in IMPLICIT)


def sent_and_received(spec):
    """Names that may follow `sent` and `received`."""
    sent = {line.send for m in spec.machines.values() for f in m.flights.values() for line in f.lines if line.send}
    received = {row.event.name for m in spec.machines.values() for row in m.all_rows() if row.event.kind == "message"}
    return sent, received


def fact_problem(spec, fact):
    """What is wrong with a fact, or None."""
    sent, received = sent_and_received(spec)
    word, _, rest = fact.partition(" ")
    if rest:
        apis = {row.event.name for m in spec.machines.values() for row in m.all_rows() if row.event.kind == "api"}
        known = {"sent": sent, "received": received, "api": apis}.get(word)
        if known is None:
            return f"`{fact}` is no fact; write a check, an action, `received m`, `sent m`, `api x` or `classifier=outcome`"
        return None if rest in known else f"`{fact}` never happens; no row or flight has `{rest}`"
    classifier, equals, outcome = fact.partition("=")
    function = spec.functions.get(classifier)
    if equals:
        if function is None or function.kind != "classify":
            return f"`{classifier}` is no classifier; name one of functions.yaml"
        return None if outcome in function.outcomes else f"`{classifier}` never answers `{outcome}`; write one of {', '.join(function.outcomes)}"
    if function is None or function.kind not in ("check", "act"):
        return f"`{fact}` is no check or action; name one of functions.yaml"
    return None


def walk(value, src):
    """(key, value, src) for every key at any depth."""
    if isinstance(value, load.Map):
        for key, inner in value.items():
            yield key, inner, value.src_of(key)
            yield from walk(inner, value.src_of(key))
    elif isinstance(value, load.Seq):
        for index, inner in enumerate(value):
            yield from walk(inner, value.src_of(index))


def many(value):
    """A name, or a list of names, as a list."""
    return [value] if isinstance(value, str) else list(value)


def complaints(spec, prop):
    """(src, message) for every name that does not exist."""
    events = {str(row.event) for m in spec.machines.values() for row in m.all_rows()}
    reports = {o.report for m in spec.machines.values() for r in m.all_rows() for o in r.outcomes.values()}
    flights = {f for m in spec.machines.values() for f in m.flights}
    sent, received = sent_and_received(spec)
    entries = [(prop.kind, prop.body, prop.body_src), *walk(prop.body, prop.body_src)]
    for key, value, src in entries:
        if key in STATE_KEYS and not isinstance(value, load.Map):
            for state in many(value):
                if not state_exists(spec, state, key):
                    yield src, f"`{state}` is no state; write machine.STATE"
        elif key == "unless_from" and value != "any_state" and not state_exists(spec, value):
            yield src, f"`{value}` is no state; write machine.STATE, or any_state"
        elif key in FACT_KEYS or key == "at_most_once":
            for fact in many(value):
                problem = fact_problem(spec, fact)
                if problem:
                    yield src, problem
        elif key == "events":
            for event in value:
                if event not in events:
                    yield src, f"no row is at the event `{event}`; write it as in `timer resend`"
        elif key == "covered_by_timer":
            for machine in value:
                if machine not in spec.machines:
                    yield src, f"no machine `{machine}`; name one of {', '.join(spec.machines)}"
        elif key == "ends_record" and isinstance(value, load.Seq):
            for message in value:
                if message not in received:
                    yield src, f"no row receives `{message}`; name a message that one does"
        elif key == "are":
            for transcript in value:
                for message in transcript:
                    if message not in sent | received | {"message_hash"}:
                        yield src, f"`{message}` is neither sent nor received; correct the transcript"
        elif key == "to_report" and value not in reports:
            yield src, f"no row reports `{value}`; name a report that one does"
        elif key == "select" and value not in spec.functions:
            yield src, f"no classifier `{value}`; name one of functions.yaml"
        elif key in ("to_do", "do"):
            for action in many(value):
                if action not in spec.functions or spec.functions[action].kind != "act":
                    yield src, f"`{action}` is no action; name one of functions.yaml"
        elif key == "timers":
            for timer in value:
                if timer not in spec.timers:
                    yield src, f"no timer `{timer}`; name one of limits.yaml"
        elif key == "send" and value not in flights:
            yield src, f"no flight `{value}`; name one of a machine"
        elif key == "event":
            yield from pattern_complaints(spec, value, src)


def pattern_complaints(spec, pattern, src):
    """An event pattern (`any` stands for every name) must fit some row."""
    if pattern == "immediate":
        return
    kind = next((k for k in pattern if k in model.EVENT_KINDS), None)
    if kind is None:
        yield src, f"an event names one of {', '.join(k for k in model.EVENT_KINDS if k != 'immediate')}"
        return
    for machine in spec.machines.values():
        for row in machine.all_rows():
            event = row.event
            name = event.flight if kind == "flight" else event.name
            if event.kind == kind and pattern[kind] in ("any", name) and pattern.get("epoch", event.epoch) == event.epoch:
                return
    yield src, f"no row is at `{kind} {pattern[kind]}`; name an event that one is at"


def property_names(spec, add):
    """Properties speak of what exists."""
    for file in spec.properties.values():
        for state in file.start:
            if not state_exists(spec, state):
                add(file.start_src, f"start `{state}` is no state; write machine.STATE")
        for prop in file.properties.values():
            for src, message in complaints(spec, prop):
                add(src, message)


RULES = (property_names,)
