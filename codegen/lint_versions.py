"""What only DTLS 1.3 has, and what two versions in one connection must agree on."""

from .model import VERSIONS

ONLY_13 = {
    "ack": None,                                     # every event of the kind
    "peer": ("next_flight_started", "flight_continues", "out_of_order", "repeats_acked_message", "used_new_epoch"),
    "flight": ("acked", "partly_written"),
    "limit": ("seal_soon", "forgery_soon"),
    "api": ("update_keys",),
}
RETRY = "hello_retry_request"


def newer_events(spec, add):
    """Events, keys and flights that 1.2 does not know stand in machines of 1.3 only."""
    for machine in spec.machines.values():
        if machine.version == "dtls13":
            continue
        for row in machine.all_rows():
            names = ONLY_13.get(row.event.kind, ())
            if names is None or row.event.name in names:
                add(row.src, f"only 1.3 has `{row.event}`; delete the row, or move it to a machine of 1.3")
            for outcome in row.outcomes.values():
                if outcome.ack:
                    add(outcome.src_of("ack"), "only 1.3 has ACKs; delete `ack`")
                if "next" in (outcome.keys.read, outcome.keys.write) or outcome.drop_keys:
                    add(outcome.src, "only 1.3 has keys after those of the handshake; delete `keys: next` and `drop_keys`")
                if outcome.transcript in ("as_message_hash", "from_cookie"):
                    add(outcome.src_of("transcript"), f"only the transcript of 1.3 has `{outcome.transcript}`; write append, none or restart")
        for flight in machine.flights.values():
            if flight.done_when == "acked":
                add(flight.src, f"only 1.3 has ACKs, so nothing acknowledges the flight `{flight.name}`; write another `done_when`")


def retries(spec, add):
    """A HelloRetryRequest, and nothing else, turns what was said so far into message_hash (RFC 8446 section 4.4.1)."""
    for machine in spec.machines.values():
        if machine.one_per == "datagram":
            continue
        for row in machine.all_rows():
            for outcome in row.outcomes.values():
                taken = outcome.transcript not in (None, "none")
                if taken and (outcome.extensions == RETRY) != (outcome.transcript == "as_message_hash"):
                    add(outcome.src, f"`extensions: {RETRY}` and `transcript: as_message_hash` belong together; write both or neither")
                if outcome.transcript == "from_cookie" and (row.event.name != "client_hello" or machine.role != "server"):
                    add(outcome.src_of("transcript"), "only a server that takes a ClientHello rebuilds the transcript from a cookie; write append")
                if outcome.transcript == "restart" and machine.version == "dtls13":
                    add(outcome.src_of("transcript"), "1.3 forgets no message; write as_message_hash, with the retry's block")
        for flight in machine.flights.values():
            for line in flight.lines:
                if (line.send == RETRY) != (line.transcript == "as_message_hash"):
                    add(line.src, f"`{RETRY}` and `transcript: as_message_hash` belong together; write both or neither")


def keys_of_rows(spec, add):
    """Keys are added by number or as the next; they are dropped by number or as the one before."""
    places = []
    for machine in spec.machines.values():
        for row in machine.all_rows():
            for outcome in row.outcomes.values():
                places.append((outcome.keys, "previous", outcome.src_of("keys"), "keys are added as a number or `next`"))
                places.append((outcome.drop_keys, "next", outcome.src_of("drop_keys"), "keys are dropped as a number or `previous`"))
        for flight in machine.flights.values():
            for line in flight.lines:
                places.append((line.keys, "previous", line.src, "keys are added as a number or `next`"))
    for keys, wrong, src, message in places:
        if wrong in (keys.read, keys.write):
            add(src, f"`{wrong}` here; {message}")


def company(spec, add):
    """A companion runs beside machines of its own version, in their role."""
    for machine in spec.machines.values():
        for name in machine.runs_in:
            host = spec.machines.get(name)
            if host is None:
                continue
            if machine.version not in ("any", host.version):
                add(machine.src, f"{machine.name} is of {machine.version} and runs in {name}, which is of {host.version}; delete one of the two")
            if machine.role not in ("any", host.role):
                add(machine.src, f"{machine.name} is a {machine.role}'s and runs in {name}, which is a {host.role}; delete one of the two")


def flights_heard(spec, add):
    """Who acts at any flight of ours runs beside the states that send one on the way from where it runs."""
    for machine in spec.machines.values():
        if not any(row.event.kind == "flight" and row.event.flight == "any" for row in machine.all_rows()):
            continue
        for name, states in machine.runs_in.items():
            host = spec.machines.get(name)
            if host is None or states == "all":
                continue
            reached = {o.goto for s in states if s in host.states for _, o in host.outcomes_of(s)}
            for state in host.states.values():
                sends = any(o.send for _, o in host.outcomes_of(state.name))
                if state.immediate and sends and state.name in reached and state.name not in states:
                    add(machine.src, f"{machine.name} acts at any flight, but does not run in {name}.{state.name}, which sends one; add it to `runs_in`")


def resend_machine(spec, version):
    """The machine that resends the flights of a version, or None."""
    return next((m for m in spec.machines.values() if m.one_per == "flight" and m.version == version), None)


def twin_of(spec, machine, state):
    """The machine and state of the same name that resends in the other version, or None."""
    for version in VERSIONS:
        other = resend_machine(spec, version) if machine.one_per == "flight" and version != machine.version else None
        if other is not None and state in other.states:
            return other, state
    return None


def twins(spec, add):
    """Where a handshake goes on in another version, its flight can go on waiting there."""
    handed = {(m.version, spec.machines[h.machine].version) for m in spec.machines.values() if m.one_per == "connection"
              for h in m.handed_over.values() if h.machine in spec.machines}
    for before, after in handed:
        machine = resend_machine(spec, before)
        if machine is None or before == after:
            continue
        for state in machine.states.values():
            waits = any(r.event.kind == "timer" or r.event.kind == "flight" and r.event.name == "written" for r in machine.rows_of(state.name))
            if waits and twin_of(spec, machine, state.name) is None:
                add(state.src, f"a flight in `{state.name}` cannot go on in {after}, whose resending has no state of that name; name them alike")


def one_resend_machine(spec, add):
    """Each version that sends flights has one machine that resends them."""
    for version in VERSIONS:
        found = [m for m in spec.machines.values() if m.one_per == "flight" and m.version == version]
        speaking = [m for m in spec.machines.values() if m.is_handshake and m.version == version]
        if len(found) > 1:
            add(found[1].src, f"{found[0].name} resends the flights of {version} already; delete one of the two")
        if speaking and not found:
            add(speaking[0].src, f"nothing resends the flights of {version}; write a machine with `one_per: flight`")


RULES = (newer_events, retries, keys_of_rows, company, flights_heard, twins, one_resend_machine)
