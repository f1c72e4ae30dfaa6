"""Rows: one per event, every outcome, and functions that are given what they take."""

from .model import VERSIONS

STATELESS_KEYS = ("do", "transcript", "keys", "drop_keys", "timers", "report")


def rows_with_place(spec):
    """(machine, row) for every row as written."""
    for machine in spec.machines.values():
        for row in machine.all_rows():
            yield machine, row


def versions_of(spec, machine):
    """The versions a machine meets: its own, or all that some handshake machine speaks."""
    if machine.version != "any":
        return (machine.version,)
    return tuple(v for v in VERSIONS if any(m.version == v for m in spec.machines.values() if m.is_handshake))


def struct_of(spec, machine, event):
    """The struct of a message event in this machine, or None: in its version, else in one that it can hand over to."""
    heirs = [spec.machines[h.machine] for h in machine.handed_over.values() if h.machine in spec.machines]
    versions = [*versions_of(spec, machine), *(v for heir in heirs for v in heir.versions)]
    return next((s for s in (spec.message(event.name, v) for v in versions) if s), None)


def exhaustive_cases(spec, add):
    """A classifier's outcomes and a row's cases are the same set."""
    for machine, row in rows_with_place(spec):
        function = spec.functions.get(row.select) if row.select else None
        if function is None or function.kind != "classify":
            continue
        for outcome in function.outcomes:
            if outcome not in row.outcomes:
                add(row.src, f"no case for `{outcome}` of `{row.select}`; add it")
        for case, outcome in row.outcomes.items():
            if case not in function.outcomes:
                add(outcome.src, f"`{row.select}` never answers `{case}`; write one of {', '.join(function.outcomes)}")


def one_row_per_event(spec, add):
    """No event has two rows in one state, not even by way of `any`."""
    for machine in spec.machines.values():
        for rows in [machine.any_state, *(s.rows for s in machine.states.values())]:
            seen = {}
            for row in rows:
                event = row.event
                if event.key in seen:
                    add(row.src, f"`{event}` has a row already in line {seen[event.key].src.line}; put the choice into a classifier")
                for other in seen.values():
                    same = (event.kind, event.epoch) == (other.event.kind, other.event.epoch)
                    if same and "any" in (event.name, other.event.name) and event.name != other.event.name:
                        add(row.src, f"`{event}` overlaps with `{other.event}` in line {other.src.line}; name each, or only any")
                seen.setdefault(event.key, row)


def refs_of_rows(spec, add):
    """Every row cites its section: itself, or in each of its cases. What wants an alert is seldom what the row draws, so its case cites that."""
    for machine, row in rows_with_place(spec):
        for outcome in row.outcomes.values():
            if not outcome.ref:
                add(outcome.src, "a row without `ref`; cite the section it draws, here or for the whole row")
            elif outcome.name and outcome.alert and "ref" not in outcome.places:
                add(outcome.src, "a case that answers with an alert, without `ref`; cite the section that wants this alert")


def message_rows(spec, add):
    """The message exists in this version, comes from the other side, and belongs to this epoch."""
    for machine, row in rows_with_place(spec):
        event = row.event
        if event.kind == "record" and machine.version == "dtls13":
            add(row.src, "1.3 has no ChangeCipherSpec; delete the row")
        if event.kind != "message":
            continue
        struct = struct_of(spec, machine, event)
        if machine.one_per == "flight":
            add(row.src, "a machine per flight takes events, never messages; let the handshake machine take it")
        if struct is None:
            add(row.src, f"no message `{event.name}` in {machine.version}; name one of messages/")
            continue
        if machine.role != "any" and struct.sent_by == machine.role:
            add(row.src, f"a {machine.role} never receives `{event.name}`, it sends it; delete the row")
        epochs = {struct.epochs[v] for v in versions_of(spec, machine) if v in struct.epochs} or set(struct.epochs.values())
        if epochs and event.epoch not in epochs and not event.seq_any:
            add(row.src, f"`{event.name}` belongs to epoch {', '.join(map(str, sorted(epochs, key=str)))}, not {event.epoch}; correct one")
        if event.seq_any:
            for outcome in row.outcomes.values():
                if outcome.transcript != "none" or outcome.goto != "same":
                    add(outcome.src, "`seq: any` is for messages that change nothing; write `transcript: none` and `goto: same`")


def transcripts(spec, add):
    """A message row says what becomes of the transcript; no other row does."""
    for machine, row in rows_with_place(spec):
        for outcome in row.outcomes.values():
            kept = machine.one_per != "datagram" and outcome.goto is not None and outcome.goto not in machine.handed_over
            if row.event.kind == "message" and kept and outcome.transcript is None:
                add(outcome.src, f"`{row.event.name}` goes on without `transcript`; write append or none")
            if row.event.kind != "message" and outcome.transcript is not None:
                add(outcome.src_of("transcript"), "`transcript` on a row that takes no message; delete it")
            if row.event.kind == "message" and not kept and outcome.transcript is not None and machine.one_per != "datagram":
                add(outcome.src_of("transcript"), "`transcript` on a row that ends here; delete it")


def extension_blocks(spec, add):
    """A message with extensions that is taken in names its block."""
    for machine, row in rows_with_place(spec):
        struct = struct_of(spec, machine, row.event) if row.event.kind == "message" else None
        for outcome in row.outcomes.values():
            has = struct is not None and struct.has_extensions
            taken = outcome.transcript not in (None, "none") or struct is not None and row.event.epoch == "current"
            if has and taken and outcome.extensions is None:
                add(outcome.src, f"`{row.event.name}` has extensions; write `extensions: {row.event.name}`")
            if outcome.extensions is not None:
                names = {struct.code, *struct.variants} if has else set()
                if outcome.extensions not in names:
                    add(outcome.src_of("extensions"), f"`extensions: {outcome.extensions}` is no block of this message; write {' or '.join(sorted(names)) or 'none, it has no extensions'}")


def record_ends(spec, add):
    """Nothing follows in a record in which read keys change, nor after Finished."""
    for machine, row in rows_with_place(spec):
        for outcome in row.outcomes.values():
            taken = row.event.kind == "message" and outcome.goto is not None and outcome.transcript != "none"
            if taken and row.event.name == "finished" and not outcome.ends_record:
                add(outcome.src, "a Finished that is taken ends its record; write `ends_record: true`")
            elif row.event.kind == "message" and outcome.keys.read is not None and not outcome.ends_record:
                add(outcome.src, "read keys change here; write `ends_record: true`")
            if outcome.ends_record and row.event.kind != "message":
                add(outcome.src_of("ends_record"), "`ends_record` on a row that takes no message; delete it")


def stateless_rows(spec, add):
    """A machine per datagram keeps nothing."""
    for machine, row in rows_with_place(spec):
        if machine.one_per != "datagram":
            continue
        for outcome in row.outcomes.values():
            for key in STATELESS_KEYS:
                if key in outcome.places and (row.select is None or key != "ref"):
                    add(outcome.src_of(key), f"`{key}` in a machine that is wiped after each datagram; delete it, or do it where the machine hands over")


def settled_classifiers(spec, add):
    """`settles` and `when` speak of fixed classifiers and of outcomes they have."""
    for machine, row in rows_with_place(spec):
        for outcome in row.outcomes.values():
            check_fixed(spec, outcome.settles, outcome.src_of("settles"), "settles", add)
    for machine in spec.machines.values():
        for flight in machine.flights.values():
            for line in flight.lines:
                check_fixed(spec, line.when, line.src, "when", add)
                for classifier in line.when:
                    function = spec.functions.get(classifier)
                    if function is not None and function.takes and function.kind == "classify":
                        add(line.src, f"`when` asks `{classifier}`, which takes {function.takes}; a flight has no message to give")


def check_fixed(spec, answers, src, key, add):
    """One map of classifier to outcomes."""
    for classifier, outcomes in answers.items():
        function = spec.functions.get(classifier)
        if function is None or function.kind != "classify":
            if key == "when":
                add(src, f"`when` asks `{classifier}`, which is no classifier; name one of functions.yaml")
            continue
        if not function.fixed:
            add(src, f"`{key}` names `{classifier}`, which may answer differently each time; make it `fixed: true`")
        for outcome in outcomes:
            if outcome not in function.outcomes:
                add(src, f"`{classifier}` never answers `{outcome}`; write one of {', '.join(function.outcomes)}")
        if set(outcomes) == set(function.outcomes):
            add(src, f"`{key}` lists every outcome of `{classifier}`, which says nothing; delete it")


def message_at(spec, machine, state, seen=()):
    """The structs (None = no message) that can have led to an immediate state."""
    if state in seen:
        return set()
    found = {None} if state == machine.initial else set()
    for other in machine.states:
        for row, outcome in machine.outcomes_of(other):
            if outcome.goto == state:
                if row.event.kind == "immediate":
                    found |= message_at(spec, machine, other, (*seen, state))
                else:
                    struct = struct_of(spec, machine, row.event) if row.event.kind == "message" else None
                    found.add(struct.name if struct else None)
    return found


def given_message(spec, machine, row):
    """(names, why): the structs that functions of this row may take."""
    if row.event.kind == "message":
        struct = struct_of(spec, machine, row.event)
        return ({struct.name} if struct else set()), "the message is"
    if row.event.kind == "immediate" and row.state is not None:
        return message_at(spec, machine, row.state), "what leads here is"
    return {None}, "the event is no message but"


def takes_a_message(spec, function):
    """Does it take a message that exists? (What takes a struct that does not is complained about elsewhere.)"""
    struct = spec.structs.get(function.takes) if function is not None else None
    return struct is not None and struct.code is not None


def types_of_functions(spec, add):
    """A function gets the message it takes, whichever way led here."""
    for machine, row in rows_with_place(spec):
        given, why = given_message(spec, machine, row)
        named = [(row.select, row.src_of("select"))] if row.select else []
        for outcome in row.outcomes.values():
            named += [(c.check, c.src) for c in outcome.require]
            named += [(a, outcome.src_of("do")) for a in outcome.do]
        for name, src in named:
            function = spec.functions.get(name)
            if takes_a_message(spec, function) and given and given != {function.takes}:
                have = ", ".join(sorted(g or "nothing" for g in given)) or "nothing"
                add(src, f"`{name}` takes {function.takes}, and {why} {have}; write a function for it, or one that takes none")
    for machine in spec.machines.values():
        for flight in machine.flights.values():
            for line in flight.lines:
                for action in line.then:
                    function = spec.functions.get(action)
                    if function is not None and function.takes:
                        add(line.src, f"`{action}` takes {function.takes}, and a flight has no message to give; write one that takes none")


RULES = (exhaustive_cases, one_row_per_event, refs_of_rows, message_rows, transcripts, extension_blocks, record_ends,
         stateless_rows, settled_classifiers, types_of_functions)
