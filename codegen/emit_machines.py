"""Machines and flights as C tables in the shape of src/engine/table.h.

    files(spec)      # {path below generated/: text}

    fpl_machines.h          ids of machines, states, flights, blocks and fixed classifiers
    machine_NAME.c          one machine, to be read beside spec/machines/NAME.yaml
    fpl_functions.h, ...    emit_functions.py: what authors define, and the doors to it
    fpl_records.h, .c       emit_records.py: what becomes of a record, for each version
    fpl_extensions.h, .c    emit_extensions.py, with include/flightplan/extensions.h

The functions below turn objects of model.py into small dataclasses whose fields are C text; the
templates put them in their places and contain nothing but loops.
"""

from dataclasses import dataclass

from . import emit, emit_extensions, emit_functions, emit_records, lint_versions, naming
from .c_text import cite, refuse
from .emit_extensions import blocks
from .table_text import (WIDTH, bits, block_id, caps, comment, flight_id, machine_id, outcome_id, packed, state_id, string,
                         thunk_name, version_id, wrapped)

EPOCHS = {None: "FPL_EPOCH_ANY", "current": "FPL_EPOCH_CURRENT", "keyed": "FPL_EPOCH_KEYED"}
CURRENT_EPOCH_BIT = 15
TRANSCRIPT = {None: "NOTHING", "append": "APPEND", "none": "NO", "restart": "RESTART",
              "as_message_hash": "AS_MESSAGE_HASH", "from_cookie": "FROM_COOKIE"}
EVENT_CODES = {"api": "FPL_API_", "timer": "FPL_TIMER_ID_", "flight": "FPL_FLIGHT_", "ack": "FPL_ACK_", "peer": "FPL_PEER_",
               "alert": "FPL_ALERT_EVENT_", "limit": "FPL_LIMIT_EVENT_", "association": "FPL_ASSOCIATION_"}


# ---- what a message name means

def struct_of(spec, machine, name, src):
    """The one struct that a message name means to a machine: in its version, else in those it can hand over to."""
    further = [spec.machines[h.machine].versions for h in machine.handed_over.values()]
    for versions in [machine.versions, *further]:
        found = {s.name: s for v in versions if (s := spec.message(name, v)) is not None}
        if len(found) == 1:
            return next(iter(found.values()))
        if len(found) > 1:
            break
    refuse(src, f"`{name}` means {len(found)} structs to {machine.name} ({machine.version}); one message, one struct")


def builder_of(spec, struct, name, src):
    """The function of group `build` that writes a message: by what it makes; a variant by its own name."""
    found = [f for f in spec.functions_of("build") if f.name == spec.builder_name(struct, name)]
    if len(found) != 1:
        refuse(src, f"{len(found)} functions of group `build` make {name} ({struct.name}); name exactly one in functions.yaml")
    return found[0]


# ---- machines

@dataclass(frozen=True)
class Element:
    """One element of an array: `[INDEX] = {fields}`; a comment puts the fields on lines of their own."""
    comment: str
    fields: tuple                   # lines of initialisers
    index: str = ""                 # `[INDEX] = `, or nothing

    @property
    def lines(self):
        fields = self.fields[:-1] + (self.fields[-1] + "},",)
        if not self.comment and not self.index:
            return ("{" + fields[0],) + tuple(" " + f for f in fields[1:])
        words = f" /* {comment(self.comment)} */" if self.comment else ""
        return (self.index + "{" + words,) + tuple("    " + f for f in fields)


@dataclass(frozen=True)
class Table:
    """A static array of its own."""
    declaration: str
    elements: tuple


@dataclass(frozen=True)
class Place:
    """A row, a state or a flight, with the arrays that it needs."""
    title: str
    tables: tuple


@dataclass(frozen=True)
class MachineFile:
    name: str
    about: tuple                    # comment lines
    places: tuple
    fields: tuple


def machine_file(spec, machine):
    """machine_NAME.c as a view."""
    places = []
    for flight in machine.flights.values():
        places.append(flight_place(spec, machine, flight))
    if machine.flights:
        elements = tuple(flight_element(machine, f) for f in machine.flights.values())
        places.append(Place("flights, by id", (Table("static const fpl_flight_spec flights[] =", elements),)))
    for row in machine.any_state:
        places.append(row_place(spec, machine, row))
    if machine.any_state:
        places.append(rows_place(spec, machine, None, machine.any_state))
    for state in machine.states.values():
        for row in state.rows:
            places.append(row_place(spec, machine, row))
        if state.rows:
            places.append(rows_place(spec, machine, state.name, state.rows))
    states = tuple(state_element(spec, machine, s) for s in machine.states.values())
    states += tuple(handed_over_element(machine, h) for h in machine.handed_over.values())
    places.append(Place("states, by id; 0 is none", (Table("static const fpl_state states[] =", states),)))
    if machine.runs_in:
        elements = tuple(Element(f"beside {m}: {'all' if s == 'all' else f'{len(s)} states'}", packed((
            f".machine = {machine_id(m)}",
            ".states = " + ("UINT64_MAX" if s == "all" else bits([state_id(m, x) for x in s], "ull")))))
            for m, s in machine.runs_in.items())
        places.append(Place("where it runs", (Table("static const fpl_runs_in runs_in[] =", elements),)))
    return MachineFile(machine.name, wrapped(f"{machine.doc} ({cite(machine.ref)})"), tuple(places), machine_fields(machine))


def machine_fields(machine):
    unlisted, ccs = machine.unlisted_message, machine.unlisted_change_cipher_spec
    last = list(machine.states) + list(machine.handed_over)
    fields = [f".name = {string(machine.name)}", f".file = {string(machine.file)}", f".ref = {string(machine.ref)}",
              ".states = states", f".num_states = {state_id(machine.name, last[-1])}"]
    if machine.any_state:
        fields += [".any_rows = any_rows", f".num_any_rows = {len(machine.any_state)}"]
    if machine.flights:
        fields += [".flights = flights", f".num_flights = {len(machine.flights)}"]
    if machine.runs_in:
        fields += [".runs_in = runs_in", f".num_runs_in = {len(machine.runs_in)}"]
    fields += [f".version = {version_id(machine.version)}", f".role = FPL_MACHINE_ROLE_{caps(machine.role)}",
               f".one_per = FPL_ONE_PER_{caps(machine.one_per)}", f".initial = {state_id(machine.name, machine.initial)}"]
    if unlisted is not None and unlisted.discard:
        fields.append(".discards_unlisted = true")
    if ccs is not None and ccs.hold == "once":
        fields.append(".holds_early_ccs = true")
    alert = unlisted.alert if unlisted is not None else None
    fields.append(".unlisted_alert = " + (naming.alert(alert) if alert else "FPL_NO_ALERT"))
    if unlisted is not None:
        fields.append(f".unlisted_ref = {string(unlisted.ref)}")
        fields.append(f".unlisted_line = {unlisted.src.line}")
    return packed(fields)


# rows

def row_name(row):
    """The start of the names of a row's arrays: wait_sh_0, any_1."""
    return f"{naming.snake(row.state) if row.state else 'any'}_{row.index}"


def event_words(event):
    """`message server_hello, epoch 0` for comments."""
    return str(event) + ("" if event.epoch is None else f", epoch {event.epoch}") + (", any seq" if event.seq_any else "")


def event_fields(spec, machine, row):
    event = row.event
    fields = [f".kind = FPL_EVENT_{caps(event.kind)}"]
    if event.kind == "message":
        fields.append(f".code = {naming.message_id(struct_of(spec, machine, event.name, row.src).name)}")
    elif event.kind == "record":
        fields.append(f".code = {naming.enumerator('ContentType', event.name)}")
    elif event.kind != "immediate":
        fields.append(f".code = {EVENT_CODES[event.kind]}{caps(event.name)}")
    if event.kind == "flight" and event.flight not in ("this", "any"):
        fields.append(f".flight = {flight_id(machine.name, event.flight)} + 1")
    if event.seq_any:
        fields.append(".seq_any = true")
    fields.append(f".epoch = {EPOCHS.get(event.epoch, event.epoch)}")
    return ", ".join(fields)


def row_place(spec, machine, row):
    """The arrays of one row: what each outcome settles, requires, does, and the outcomes themselves."""
    tables, elements = [], []
    for name, outcome in row.outcomes.items():
        prefix = row_name(row) + (f"_{naming.snake(name)}" if name else "")
        tables += outcome_tables(outcome, prefix)
        elements.append(Element(name or "", outcome_fields(machine, row, outcome, prefix),
                                f"[{outcome_id(row.select, name)}] = " if name else ""))
    tables.append(Table(f"static const fpl_outcome {row_name(row)}_outcomes[] =", tuple(elements)))
    where = row.state or "any state"
    chosen = f" -> {row.select}" if row.select else ""
    return Place(f"{where}: {event_words(row.event)}{chosen} (line {row.src.line})", tuple(tables))


def outcome_tables(outcome, prefix):
    tables = []
    if outcome.settles:
        tables.append(Table(f"static const fpl_settle {prefix}_settles[] =", settles(outcome.settles)))
    if outcome.require:
        tables.append(Table(f"static const fpl_requirement {prefix}_require[] =", tuple(
            Element("", packed((thunk_name("check", c.check), naming.alert(c.alert), string(c.check), string(c.ref)), WIDTH - 4))
            for c in outcome.require)))
    if outcome.do:
        tables.append(Table(f"static const fpl_action {prefix}_do[] =", actions(outcome.do)))
    if outcome.timers:
        tables.append(Table(f"static const fpl_timer_op {prefix}_timers[] =", tuple(
            Element("", (f"FPL_TIMER_ID_{caps(t)}, FPL_TIMER_{caps(what)}",)) for t, what in outcome.timers.items())))
    return tables


def settles(chosen):
    return tuple(Element("", (f"&fpl_classifier_{c}, {bits([outcome_id(c, o) for o in outcomes])}",))
                 for c, outcomes in chosen.items())


def actions(names):
    return tuple(Element("", (f"{thunk_name('act', name)}, {string(name)}",)) for name in names)


def keys_fields(name, keys):
    """`.keys = {.read = 2, .write = 2}`, or nothing."""
    words = {None: "FPL_KEYS_NONE", "next": "FPL_KEYS_NEXT", "previous": "FPL_KEYS_PREVIOUS"}
    parts = [f".{side} = {words.get(value, value)}"
             for side, value in (("read", keys.read), ("write", keys.write)) if value is not None]
    return [f".{name} = {{{', '.join(parts)}}}"] if parts else []


def outcome_fields(machine, row, outcome, prefix):
    """Every field of fpl_outcome that is not zero, in the order in which it takes effect."""
    fields = []
    if outcome.settles:
        fields += [f".settles = {prefix}_settles", f".num_settles = {len(outcome.settles)}"]
    if outcome.extensions:
        fields.append(f".extensions = {block_id(outcome.extensions)}")
    if outcome.require:
        fields += [f".require = {prefix}_require", f".num_require = {len(outcome.require)}"]
    if outcome.ends_record:
        fields.append(".ends_record = true")
    if outcome.transcript:
        fields.append(f".transcript = FPL_TRANSCRIPT_{TRANSCRIPT[outcome.transcript]}")
    if outcome.do:
        fields += [f".actions = {prefix}_do", f".num_actions = {len(outcome.do)}"]
    fields += keys_fields("keys", outcome.keys) + keys_fields("drop_keys", outcome.drop_keys)
    if outcome.timers:
        fields += [f".timers = {prefix}_timers", f".num_timers = {len(outcome.timers)}"]
    if outcome.send:
        fields.append(f".send = {flight_id(machine.name, outcome.send)} + 1")
    if outcome.ack:
        fields.append(".ack_now = true")
    fields.append(".notify = " + (naming.alert(outcome.notify) if outcome.notify else "FPL_NO_ALERT"))
    if outcome.report:
        fields.append(f".report = FPL_REPORT_{caps(outcome.report)}")
    fields += move_fields(machine, outcome)
    if outcome.ref:
        fields.append(f".ref = {string(outcome.ref)}")
    return packed(fields + [f".line = {outcome.line}"], WIDTH - 4)


def move_fields(machine, outcome):
    if outcome.alert:
        return [".move = FPL_MOVE_ALERT", f".alert = {naming.alert(outcome.alert)}"]
    none = [".alert = FPL_NO_ALERT"]
    if outcome.fail:
        return [".move = FPL_MOVE_FAIL", f".ending = FPL_ENDING_{caps(outcome.fail)}"] + none
    if outcome.goto == "same":
        return [".move = FPL_MOVE_SAME"] + none
    if outcome.goto == "CLOSED":
        return [".move = FPL_MOVE_CLOSED"] + none
    if outcome.goto not in machine.states and outcome.goto not in machine.handed_over:
        refuse(outcome.src_of("goto"), f"no state `{outcome.goto}` in {machine.name}; name one of its states, same or CLOSED")
    return [".move = FPL_MOVE_GOTO", f".next = {state_id(machine.name, outcome.goto)}"] + none


def rows_place(spec, machine, state, rows):
    name = f"{naming.snake(state)}_rows" if state else "any_rows"
    elements = []
    for row in rows:
        fields = [f".event = {{{event_fields(spec, machine, row)}}}"]
        if row.select:
            fields.append(f".select = &fpl_classifier_{row.select}")
        fields += [f".outcomes = {row_name(row)}_outcomes", f".line = {row.src.line}"]
        elements.append(Element("", packed(fields, WIDTH - 4)))
    title = f"{state}: its rows" if state else "rows of any state that lists nothing for the same event"
    return Place(title, (Table(f"static const fpl_row {name}[] =", tuple(elements)),))


# states

def message_rows(spec, machine, state):
    """Rows by which a message can be taken in a state: its own, any_state's, its companions'; `seq: any` ones too."""
    if machine.states[state].immediate:
        return []
    beside = [row for c in spec.companions_of(machine.name, state) for row in c.all_rows()]
    return [row for row in list(machine.rows_of(state)) + beside if row.event.takes_message]


def waits(spec, machine, state):
    """Whether messages and held records wait: only calls and timers lead on, and no companion takes a message."""
    own = machine.states[state]
    return own.waits and not own.immediate and not message_rows(spec, machine, state)


def message_epochs(spec, machine, state):
    """Bit e: takes messages of epoch e; bit 15: of the current one. A row with `seq: any` reassembles nothing."""
    mask = 0
    for row in message_rows(spec, machine, state):
        if not row.event.seq_any:
            mask |= 1 << (CURRENT_EPOCH_BIT if row.event.epoch == "current" else row.event.epoch)
    return mask


def state_element(spec, machine, state):
    fields = [f".name = {string(state.name)}"]
    if state.rows:
        fields += [f".rows = {naming.snake(state.name)}_rows", f".num_rows = {len(state.rows)}"]
    epochs = message_epochs(spec, machine, state.name)
    if epochs:
        fields.append(f".message_epochs = 0x{epochs:04x}u")
    if state.immediate:
        fields.append(".immediate = true")
    if waits(spec, machine, state.name):
        fields.append(".waits = true")
    if any(r.event.key == ("flight", "written", None, "this") for r in machine.rows_of(state.name)):
        fields.append(".writes = true")
    if state.name in machine.final:
        fields.append(".final = true")
    twin = lint_versions.twin_of(spec, machine, state.name)
    if twin is not None:
        fields.append(f".twin = {state_id(twin[0].name, twin[1])}")
    if state.application_data:
        fields.append(f".application_data = FPL_DATA_{caps(state.application_data)}")
    return Element(f"line {state.src.line}", packed(fields, WIDTH - 4), f"[{state_id(machine.name, state.name)}] = ")


def handed_over_element(machine, hand):
    fields = [f".name = {string(hand.state)}", f".hand_to_machine = {machine_id(hand.machine)}",
              f".hand_to_state = {state_id(hand.machine, hand.at)}"]
    return Element(f"line {hand.src.line}: goes on in {hand.machine}", packed(fields, WIDTH - 4),
                   f"[{state_id(machine.name, hand.state)}] = ")


# flights

def flight_place(spec, machine, flight):
    tables, elements = [], []
    for index, line in enumerate(flight.lines):
        prefix = f"flight_{naming.snake(flight.name)}_{index}"
        fields = []
        if line.send:
            struct = struct_of(spec, machine, line.send, line.src)
            fields += [f".build = fpl_build_{builder_of(spec, struct, line.send, line.src).name}",
                       f".message = {naming.message_id(struct.name)}"]
        if line.when:
            tables.append(Table(f"static const fpl_condition {prefix}_when[] =", settles(line.when)))
            fields += [f".when = {prefix}_when", f".num_when = {len(line.when)}"]
        fields += [f".transcript = FPL_TRANSCRIPT_{TRANSCRIPT[line.transcript]}"]
        if line.then:
            tables.append(Table(f"static const fpl_action {prefix}_then[] =", actions(line.then)))
            fields += [f".then = {prefix}_then", f".num_then = {len(line.then)}"]
        fields += keys_fields("keys", line.keys)
        fields.append(f".epoch = {EPOCHS.get(line.epoch, line.epoch)}")
        elements.append(Element(f"line {line.src.line}: {line.send or line.record}", packed(fields, WIDTH - 4)))
    tables.append(Table(f"static const fpl_flight_line flight_{naming.snake(flight.name)}[] =", tuple(elements)))
    return Place(f"flight {flight.name} (line {flight.src.line}, {cite(flight.ref)})", tuple(tables))


def flight_element(machine, flight):
    low = naming.snake(flight.name)
    fields = [f".name = {string(flight.name)}", f".lines = flight_{low}", f".num_lines = {len(flight.lines)}"]
    if flight.extends:
        fields.append(f".extends = {bits([flight_id(machine.name, f) for f in flight.extends])}")
    if flight.numbers == "of_request":
        fields.append(".numbers_of_request = true")
    fields += [f".resend = FPL_RESEND_{caps(flight.resend)}", f".done_when = FPL_DONE_{caps(flight.done_when)}"]
    if flight.on_give_up:
        fields.append(f".on_give_up = FPL_GIVE_UP_{caps(flight.on_give_up)}")
    fields.append(f".line = {flight.src.line}")
    return Element("", packed(fields, WIDTH - 4), f"[{flight_id(machine.name, flight.name)}] = ")


# fpl_machines.h

@dataclass(frozen=True)
class Enumeration:
    tag: str
    doc: str
    entries: tuple


@dataclass(frozen=True)
class MachinesHeader:
    format_check: str
    machines: tuple                 # names
    ids: tuple
    enumerations: tuple
    classifiers: tuple


def machines_header(spec):
    enums = []
    for m in spec.machines.values():
        states = [state_id(m.name, s) for s in list(m.states) + list(m.handed_over)]
        enums.append(Enumeration(f"fpl_{m.name}_state", f"States of {m.name} ({m.file}).",
                                 (f"FPL_{caps(m.name)}_NONE",) + tuple(states)))
        if m.flights:
            enums.append(Enumeration(f"fpl_{m.name}_flight", f"Flights of {m.name}, from 0: places in its table.",
                                     tuple(flight_id(m.name, f) for f in m.flights)))
    enums.append(Enumeration("fpl_block_id", "Extension blocks, named like the message they stand in.",
                             ("FPL_BLOCK_NONE",) + tuple(map(block_id, blocks(spec))) + ("FPL_NUM_BLOCKS",)))
    enums.append(Enumeration("fpl_fixed_slot", "Where a connection remembers the answers of fixed classifiers, from 0.",
                             tuple(f"FPL_FIXED_{caps(f.name)}" for f in spec.functions_of("classify") if f.fixed)
                             + ("FPL_NUM_FIXED",)))
    return MachinesHeader(emit.format_check("engine/table.h"), tuple(spec.machines), tuple(map(machine_id, spec.machines)),
                          tuple(enums), emit_functions.used(spec).classify)


# ---- files

def files(spec):
    """{path below generated/: text} of everything this module and those it names make."""
    machines = [m.file for m in spec.machines.values()]
    everything = machines + [emit_functions.FILE] + [e.file for e in spec.extensions.values()]
    result = {
        "fpl_machines.h": emit.c_source(spec, everything, "machines.h.j2", machines_header(spec)),
        "fpl_machines.c": emit.c_source(spec, machines, "machines.c.j2", machines_header(spec)),
    }
    for machine in spec.machines.values():
        result[f"machine_{machine.name}.c"] = emit.c_source(spec, [machine.file], "machine.c.j2", machine_file(spec, machine))
    result.update(emit_functions.files(spec, emit_extensions.hook_kinds(spec)))
    result.update(emit_records.files(spec))
    result.update(emit_extensions.files(spec))
    return result
