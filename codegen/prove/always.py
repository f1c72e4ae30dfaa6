"""What holds of every spec without being asked, and needs the search to be seen.

`lint` does what a look at the files can decide. Here: whether keys are there when something is sealed or
read, whether functions get the message they take, where application data begins, who waits for a timer
that nobody started, what is never reached and what never ends.
"""

from ..errors import Problem
from .search import APPLICATION_EPOCH, tell

IN_PROPERTIES = {"read_keys_go_back", "write_keys_go_back", "messages_go_back"}     # said by `monotonic`


def problems(spec, graph):
    """All complaints about one graph, each rule at each place once."""
    found = {}
    for rule in (faults, types, application_data, timers_started, timers_stopped, last_flights, hands_over, ends):
        for name, src, message in rule(spec, graph):
            found.setdefault((name, src), Problem(src, f"{name}: {message}"))
    return list(found.values())


def alerts_heard(spec):
    """What some machine does at an alert, some machine does beside every state of every handshake."""
    listed = {}
    for machine in spec.machines.values():
        for row in machine.all_rows():
            if row.event.kind == "alert" and machine.runs_in:
                listed.setdefault(row.event.key, row)
    for machine in spec.machines.values():
        for state in machine.states.values() if machine.is_handshake else ():
            company = [machine, *spec.companions_of(machine.name, state.name)]
            heard = {row.event.key for m in company for row in m.all_rows()}
            for key, row in listed.items():
                if key not in heard:
                    yield Problem(state.src, f"alerts_heard: nothing is done in {machine.name}.{state.name} at `{row.event}`, which {row.machine} takes elsewhere")


def unreached(spec, graphs):
    """States and rows that no search comes to."""
    places = {place for graph in graphs for place in graph.places}
    outcomes = {step.outcome for graph in graphs for step in graph.all_steps()}
    for machine in spec.machines.values():
        for name, state in machine.states.items():
            if f"{machine.name}.{name}" not in places:
                yield Problem(state.src, f"unreachable: no way leads to {machine.name}.{name}; delete it or lead one there")
        for row in machine.all_rows():
            reached = row.state is None or f"{machine.name}.{row.state}" in places
            for outcome in row.outcomes.values():
                if reached and outcome not in outcomes:
                    chosen = f"={outcome.name}" if outcome.name else ""
                    yield Problem(outcome.src, f"unreachable: the row `{row.event}{chosen}` of {machine.name}.{row.state or 'any_state'} is never taken")


def faults(spec, graph):
    """Steps that could not be carried out."""
    for step in graph.all_steps():
        for name, src, message in step.faults:
            if name not in IN_PROPERTIES:
                yield name, src, f"{message}: {tell(graph.way_to(step.source) + [step])}"


def types(spec, graph):
    """A function takes the message in hand, or none; the message in hand is that of the event, also in the immediate rows after it."""
    for step in graph.all_steps():
        if step.row is None:
            continue
        struct = step.source.struct if step.row.event.kind == "immediate" else struct_of(spec, step)
        names = ([(step.row.select, step.row.src_of("select"))] if step.row.select else [])
        names += [(c.check, c.src) for c in step.outcome.require] + [(a, step.outcome.src_of("do")) for a in step.outcome.do]
        for name, src in names:
            function = spec.functions.get(name)
            if function is not None and function.takes is not None and function.takes != struct:
                yield "function_takes", src, (f"`{name}` takes {function.takes}, and {struct or 'no message'} is in hand: "
                                              f"{tell(graph.way_to(step.source) + [step])}")
        for name, src in silent_functions(spec, step):
            function = spec.functions.get(name)
            if function is not None and function.takes is not None:
                yield "function_takes", src, f"`{name}` takes {function.takes}; in a flight there is no message in hand"


def struct_of(spec, step):
    """The message of a step's own event."""
    event, machine = step.row.event, spec.machines[step.source.machine]
    if event.kind != "message":
        return None
    structs = {s.name for v in machine.versions if (s := spec.message(event.name, v))}
    return structs.pop() if len(structs) == 1 else None


def silent_functions(spec, step):
    """The functions of the flight that a step sends."""
    flight = spec.machines[step.source.machine].flights.get(step.outcome.send)
    return [(name, line.src) for line in (flight.lines if flight else ()) for name in (*line.when, *line.then)]


def application_data(spec, graph):
    """Where application data begins, keys are there in both directions, `connected` was reported, the deadline stopped."""
    for step in graph.all_steps():
        config = step.target
        if step.row is None or not grants(spec, config) or grants(spec, step.source):
            continue
        src = step.outcome.src
        way = tell(graph.way_to(step.source) + [step])
        least = APPLICATION_EPOCH.get(spec.machines[config.machine].version, 1)
        if config.read[-1:] < (least,):
            yield "data_keys_read", src, f"{config.place} grants application data without read keys of epoch {least}: {way}"
        if config.write[-1:] < (least,):
            yield "data_keys_write", src, f"{config.place} grants application data without write keys of epoch {least}: {way}"
        if not config.connected:
            yield "data_connected", src, f"{config.place} grants application data and `connected` was not reported: {way}"
        if "handshake_deadline" in config.timers:
            yield "data_deadline", src, f"{config.place} grants application data while handshake_deadline runs: {way}"


def grants(spec, config):
    machine = spec.machines[config.machine]
    return machine.is_handshake and config.state in machine.states and machine.states[config.state].application_data is not None


def timers_started(spec, graph):
    """A state that waits for a timer is entered with one of those running."""
    for step in graph.all_steps():
        config = step.target
        machine = spec.machines[config.machine]
        if step.row is None or config.place == step.source.place or config.state not in machine.states:
            continue
        awaited = {r.event.name for r in machine.states[config.state].rows if r.event.kind == "timer"}
        kept_for_asking = step.row.select == "resend_style" and step.outcome.name != "timed" and not step.outcome.timers
        if awaited and not awaited & set(config.timers) and not (kept_for_asking and machine.version == "dtls13"):
            yield "timer_started", step.outcome.src, (f"{config.place} waits for {', '.join(sorted(awaited))}, which does not run: "
                                                      f"{tell(graph.way_to(step.source) + [step])}")


def timers_stopped(spec, graph):
    """Where nothing is owed any more, no timer runs that nobody waits for."""
    for step in graph.all_steps():
        config = step.target
        machine = spec.machines[config.machine]
        if step.row is None or config.state not in machine.final or config.state not in machine.states:
            continue
        if machine.one_per == "flight" and (step.row.event.kind == "immediate" or step.row.select == "resend_style"):
            continue                                    # given up, or never to be resent: it is freed with its timers
        awaited = {r.event.name for r in machine.rows_of(config.state) if r.event.kind == "timer"}
        for timer in sorted(set(config.timers) - awaited):
            yield "timer_stopped", step.outcome.src, f"{config.place} is entered while {timer} runs, for which it does not wait: {tell(graph.way_to(config))}"


def last_flights(spec, graph):
    """Nothing answers the last flight of DTLS 1.2: it is kept and sent again when asked."""
    for step in graph.all_steps():
        machine = spec.machines[step.source.machine]
        if (step.row is None or machine.version != "dtls12" or not machine.is_handshake or step.outcome.send is None
                or step.target.state not in machine.final or step.target.place == step.source.place):
            continue
        flight = machine.flights.get(step.outcome.send)
        if flight is not None and (flight.resend != "asked" or flight.done_when != "sent"):
            yield "last_flight_repeatable", flight.src, f"`{flight.name}` leads into {step.target.place} and nothing answers it; write `resend: asked`, `done_when: sent`"


def hands_over(spec, graph):
    """What is in the timers and epochs of a machine that takes over is what it would have itself: read and written at epoch 0."""
    for step in graph.all_steps():
        if step.row is None and step.source.state in spec.machines[step.source.machine].handed_over:
            config = step.target
            if config.read != (0,) or config.write != (0,):
                src = spec.machines[step.source.machine].handed_over[step.source.state].src
                yield "hand_over", src, f"{config.place} takes over with keys of epochs {list(config.read)} and {list(config.write)}: {tell(graph.way_to(config))}"


def ends(spec, graph):
    """From every configuration a final state can be reached, or another machine that can."""
    alive = set()
    queue = [c for c in graph.configs if is_final(spec, c)]
    alive.update(queue)
    for config in queue:
        for step in graph.into(config):
            if step.source not in alive:
                alive.add(step.source)
                queue.append(step.source)
    told = set()
    for config in graph.configs:
        if config not in alive and config.state not in ("CLOSED", "FAILED") and config.place not in told:
            told.add(config.place)
            state = spec.machines[config.machine].states.get(config.state)
            yield "never_ends", state.src if state else spec.machines[config.machine].src, f"no final state can be reached any more: {tell(graph.way_to(config))}"


def is_final(spec, config):
    machine = spec.machines[config.machine]
    if config.state in ("CLOSED", "FAILED"):
        return not machine.is_handshake             # a handshake must be able to succeed; the others may end the connection
    return config.state in machine.final or (machine.one_per == "datagram" and config.state == machine.initial)
