"""`explain`: what happens in a state, in words, with RFC sections and C functions.

    explain dtls12_client                        the states of a machine
    explain dtls12_client WAIT_SKE               everything that can happen in a state
    explain dtls12_client WAIT_SH server_hello   one event (also `timer:resend`, `api:close`, `immediate`)
    explain --message finished                   what becomes of a message in every state
"""

import sys

from . import words
from .explain_row import RowText, end_in_brief, properties_naming, row_in_brief, write_flight
from .fate import fate_of_message, listened_epochs, unlisted_words
from .words import NotThere, Page, cite, pick


def add_arguments(parser):
    parser.add_argument("machine", nargs="?", help="a machine, or MACHINE.STATE")
    parser.add_argument("state", nargs="?", help="a state of it")
    parser.add_argument("event", nargs="?", help="an event there: server_hello, change_cipher_spec, timer:resend, api:close")
    parser.add_argument("--message", metavar="M", help="instead: what becomes of message M in every state")


def run(args, spec):
    """Prints the explanation; 2 if the spec has nothing of that name."""
    try:
        print(explain(spec, args.machine, args.state, args.event, args.message), end="")
    except NotThere as problem:
        print(f"explain: {problem}", file=sys.stderr)
        return 2
    return 0


def explain(spec, machine=None, state=None, event=None, message=None):
    """The text for any of the forms; raises NotThere."""
    if message is not None:
        return str(explain_message(spec, message))
    if machine is None:
        return str(explain_spec(spec))
    if "." in machine and machine not in spec.machines:
        machine, dotted = machine.split(".", 1)
        state, event = dotted, event or state
    found = pick(spec.machines, machine, "machine")
    if state is None:
        return str(explain_machine(spec, found))
    if state in ("CLOSED", "FAILED"):
        return f"{state} is implicit in every machine: the whole connection has ended, and nothing leads on.\n"
    if state in found.handed_over:
        return str(explain_hand_over(spec, found, found.handed_over[state]))
    pick(found.states, state, f"state in {found.name} called")
    return str(explain_state(spec, found, state, event))


def explain_spec(spec):
    """All machines, for `explain` without a name."""
    page = Page()
    for title, wanted in (("Handshakes", lambda m: m.is_handshake or m.one_per == "datagram"),
                          ("One for every flight", lambda m: m.one_per == "flight"),
                          ("Beside a handshake", lambda m: bool(m.runs_in))):
        machines = [m for m in spec.machines.values() if wanted(m)]
        if machines:
            page.gap()
            page.add(title)
        for machine in machines:
            page.pair(machine.name, machine.doc, 2, 16)
    page.gap()
    page.add("`explain MACHINE`, `explain MACHINE STATE` and `explain --message NAME` say more.")
    return page


# ---- a machine

def explain_machine(spec, machine):
    """An overview: what the machine is, and a line or two for each of its states."""
    page = Page()
    page.headed(machine.name, str(machine.src))
    page.add(machine.doc)
    page.gap()
    page.pair("drawn after", cite(spec, machine.ref), 0, 18)
    page.pair("how many", _kind_of_machine(machine), 0, 18)
    page.pair("begins in", machine.initial, 0, 18)
    page.pair("owes nothing in", ", ".join(machine.final) or "no state, for it keeps none", 0, 18)
    for over in machine.handed_over.values():
        page.pair("hands over", f"in {over.state}: goes on as {over.machine}.{over.at}, one way; the event that led there is "
                                "delivered again", 0, 18)
    if machine.unlisted_message:
        page.pair("unlisted", unlisted_words(spec, machine), 0, 18)
    page.gap()
    page.add("STATES")
    for name in machine.states:
        page.gap()
        _overview_of_state(spec, machine, name, page)
    if machine.any_state:
        page.gap()
        page.add("in every state that takes events and does not list the same itself", 2)
        for row in machine.any_state:
            row_in_brief(row, "same", page, machine)
    if machine.flights:
        page.gap()
        page.add("FLIGHTS")
        for flight in machine.flights.values():
            page.gap()
            write_flight(spec, flight, page, 2)
    return page


def _kind_of_machine(machine):
    if machine.one_per == "datagram":
        return "at a listener a scratch connection for each datagram, wiped after it; a server without one begins here itself"
    if machine.one_per == "flight":
        return "one for each flight and those that extend it"
    if machine.runs_in:
        where = [m if states == "all" else f"{m} ({', '.join(states)})" for m, states in machine.runs_in.items()]
        return f"one per connection, a companion: it runs beside {'; '.join(where)}"
    return f"one per connection, {words.VERSIONS[machine.version]}, {machine.role}"


def _overview_of_state(spec, machine, name, page):
    state = machine.states[name]
    page.headed(f"  {name}", f"line {state.src.line}")
    remark = words.comment_at(spec, state.src)
    if remark:
        page.add(f"({remark})", 4)
    if state.application_data:
        page.add(_application_data(state), 4)
    for row in state.rows:
        row_in_brief(row, name, page, machine)


def _application_data(state):
    return {"both": "application data may be sent and received", "receive": "application data may be received, not sent"}[
        state.application_data]


# ---- a state

def explain_state(spec, machine, name, event=None):
    """Everything that can happen in one state, or what happens at one event."""
    page = Page()
    rows = machine.rows_of(name)
    if event is not None:
        found = _rows_named(rows, event)
        if not found:
            return _unlisted_event(spec, machine, name, event)
        rows = found
    page.headed(f"{machine.name}.{name}", str(machine.states[name].src))
    if event is None:
        _introduction(spec, machine, name, page)
    for row in rows:
        page.gap()
        RowText(spec, machine, name, row, page).write()
    if event is None:
        _anything_else(spec, machine, name, page)
        _beside(spec, machine, name, page)
        _proven(spec, machine, name, page)
    return page


def explain_hand_over(spec, machine, over):
    """A state in which a machine ends and another goes on."""
    page = Page()
    page.headed(f"{machine.name}.{over.state}", str(over.src))
    remark = words.comment_at(spec, over.src)
    if remark:
        page.add(f"({remark})")
    page.gap()
    page.pair("entered", _ways_in(spec, machine, over.state), 0, 18)
    page.pair("handed over", f"goes on as {over.machine}.{over.at}, one way", 0, 18)
    page.pair("", "the event that led here is delivered again there", 0, 18)
    page.pair("", "what classifiers settled goes along", 0, 18)
    if machine.one_per == "connection":
        page.pair("", "the outstanding flight moves to the resend machine of that version", 0, 18)
    return page


def _rows_named(rows, wanted):
    """The rows of an event as the user calls it: `server_hello`, `message:server_hello`, `timer:resend`, `immediate`."""
    kind, _, name = wanted.replace(" ", ":").rpartition(":")
    return [r for r in rows if r.event.name == name and kind in ("", r.event.kind) or not kind and r.event.kind == name]


def _unlisted_event(spec, machine, state, wanted):
    """The answer for an event that no row of the state lists: the fate of a message, else NotThere."""
    kind, _, name = wanted.rpartition(":")
    messages = sorted({s.code for s in spec.structs.values() if s.code})
    if name in messages and kind in ("", "message"):
        page = Page()
        page.headed(f"{machine.name}.{state}", str(machine.states[state].src))
        page.gap()
        page.add(f"{name} is not listed in this state: it {fate_of_message(spec, machine, state, name).sentence}.")
        return page
    listed = [words.event_name(r.event) for r in machine.rows_of(state)]
    names = dict.fromkeys(listed + messages)
    raise NotThere(f"no event `{wanted}` in {machine.name}.{state}{words.near(wanted, names)}\n"
                   f"  it lists {', '.join(listed) or 'nothing'}")


def _introduction(spec, machine, name, page):
    state = machine.states[name]
    page.add(machine.doc)
    remark = words.comment_at(spec, state.src)
    if remark:
        page.add(f"({remark})")
    page.gap()
    page.pair("entered", _ways_in(spec, machine, name), 0, 18)
    if state.immediate:
        page.pair("stays", "never: it decides at once, about the message that led here", 0, 18)
    elif state.waits and not state.application_data:
        page.pair("meanwhile", "messages and held records wait: only the application or a timer leads on", 0, 18)
    if machine.is_handshake:
        page.pair("application data", _application_data(state) if state.application_data else "none", 0, 18)
    if name in machine.final:
        page.pair("final", "nothing is owed any more", 0, 18)


def _ways_in(spec, machine, name):
    """Who leads here."""
    ways = ["it begins here"] if name == machine.initial else []
    for state in machine.states:
        ways += [f"from {state} on {words.step_brief(row, outcome)}" for row, outcome in machine.outcomes_of(state)
                 if outcome.goto == name and state != name]
    for other in spec.machines.values():
        ways += [f"handed over by {other.name} in {over.state}" for over in other.handed_over.values()
                 if (over.machine, over.at) == (machine.name, name)]
    return "; ".join(dict.fromkeys(ways)) or "never"


def _anything_else(spec, machine, name, page):
    """What no row says."""
    state = machine.states[name]
    if state.immediate:
        return
    page.gap()
    page.add("ANYTHING ELSE")
    takes_messages = not state.waits or state.application_data
    if machine.unlisted_message and takes_messages:
        epochs = ", ".join(words.short_epoch(e) for e in listened_epochs(spec, machine, name))
        if epochs:
            page.pair("messages", unlisted_words(spec, machine), 2, 12)
        page.pair("epochs", f"messages are taken of {epochs or 'no epoch'}; a fragment of another one is dropped and consumes no "
                            "message_seq", 2, 12)
    hold = machine.unlisted_change_cipher_spec
    if hold and takes_messages and not state.application_data and not any(r.event.kind == "record" for r in machine.rows_of(name)):
        page.pair("early CCS", "is kept, as one bit, until a state lists it; a second one is dropped "
                               f"({cite(spec, hold.ref)})", 2, 12)
    calls = "closing ends it without a word" if machine.one_per == "datagram" else "a call not listed is FPL_MISUSE or FPL_NOT_YET"
    page.pair("the rest", f"events not listed do nothing; {calls}", 2, 12)


def _beside(spec, machine, name, page):
    """Companions, and the machines that resend."""
    beside = list(spec.companions_of(machine.name, name))
    if machine.is_handshake and machine.flights:
        beside += [m for m in spec.machines.values() if m.one_per == "flight" and m.version in ("any", *machine.versions)]
    if not beside or machine.states[name].immediate:
        return
    page.gap()
    page.add("BESIDE IT")
    for companion in beside:
        events = dict.fromkeys(words.event_brief(r.event) for r in companion.all_rows() if r.event.kind != "immediate")
        page.pair(companion.name, f"{companion.doc} Takes: {', '.join(events)}.", 2, 16)


def _proven(spec, machine, name, page):
    found = properties_naming(spec, f"{machine.name}.{name}")
    if not found:
        return
    page.gap()
    page.add("PROVEN ABOUT IT")
    for prop in found:
        why = f": {prop.why}" if prop.why else ""
        page.add(f"{prop.name}{why} {cite(spec, prop.ref)} ({prop.src})" if why.endswith((".", "!"))
                 else f"{prop.name}{why or ''}; {cite(spec, prop.ref)} ({prop.src})", 2, 2)


# ---- a message in every state

def explain_message(spec, message):
    """What becomes of a message in each state of each machine that takes messages."""
    codes = {s.code: s for s in spec.structs.values() if s.code}
    variants = {v: s.code for s in spec.structs.values() for v in s.variants}
    page = Page()
    if message in variants:
        page.add(f"{message} is a {variants[message]} with other extension rules; it arrives as a {variants[message]}.")
        page.gap()
        message = variants[message]
    pick(codes, message, "message")
    page.add(f"message {message}")
    for struct in spec.structs.values():
        if struct.code == message:
            where = ", ".join(f"{words.short_epoch(e)} in {words.VERSIONS[v]}" for v, e in struct.epochs.items())
            page.pair(struct.name, f"sent by {struct.sent_by}, in {where}: {cite(spec, struct.ref)} ({struct.src})", 2, 22)
    for machine in spec.machines.values():
        if machine.unlisted_message is not None:
            page.gap()
            _message_in_machine(spec, machine, message, page)
    return page


def _message_in_machine(spec, machine, message, page):
    page.headed(machine.name, machine.file)
    same = {}
    for state in machine.states:
        fate = fate_of_message(spec, machine, state, message)
        if fate.kind == "row":
            page.add(f"in {state} it is taken", 2)
            for row in fate.rows:
                _row_of_message(row, state, page, machine)
        else:
            same.setdefault(fate.sentence, []).append(state)
    for sentence, states in same.items():
        page.add(f"in {', '.join(states)}", 2, 5)
        page.add(f"it {sentence}", 4, 2)
    flights = [f.name for f in machine.flights.values() if any(line.send == message for line in f.lines)]
    if flights:
        page.add(f"and it is sent by this machine, in flight {' and '.join(flights)}", 2)


def _row_of_message(row, state, page, machine):
    for outcome in row.outcomes.values():
        text = words.short_epoch(row.event.epoch)
        if row.select:
            text += f", {row.select} = {outcome.name}"
        if outcome.require:
            text += "; checked: " + ", ".join(f"{c.check} (else {c.alert})" for c in outcome.require)
        page.add(f"{text} -> {end_in_brief(outcome, state, machine)} (line {outcome.line})", 4, 2)
