"""The spec as typed, frozen objects: what lint, prover, emitter, explain and report work on.

    spec = model.load("spec")          # strict load + schemas + build; raises errors.SpecError

`Spec` holds dicts by name, in the order of the sorted files and, inside a file, as written:

    spec.registries   Registry   (.entries: Entry with .value, .use, .columns)
    spec.structs      Struct     handshake messages, record bodies, cookies (`structs:` of messages/)
    spec.types        Struct or Alias   helper types of messages/ and of the extensions' `types:`
    spec.constants    Constant
    spec.extensions   Extension  (.appears_in: [Appearance], .policy: Policy, .checks: {role: [Check]})
    spec.rules        ExtensionRules, or None
    spec.machines     Machine -> State -> Row -> Outcome; Flight -> FlightLine
    spec.records      Records    (.rows: RecordRow; .breaches: Breach)
    spec.limits, spec.timers, spec.functions, spec.properties (PropertyFile), spec.documents, spec.errata

Rows. `Row.outcomes` maps classifier outcome -> Outcome; a row without `select` has exactly one,
under the key None. An `Outcome` has every key of section 4.3 of the DSL, empty when not written,
and exactly one of `goto`, `alert`, `fail` (`goto: same` is resolved by `row_target`).
`machine.any_state` are the rows written there; `machine.rows_of(state)` is what really counts in a
state: its own rows, then those of any_state that it does not list itself and that it can take.

Events. `Event(kind, name, epoch, seq_any, flight)`; str(event) is the wording used in facts and
properties: `message finished`, `record change_cipher_spec`, `api connect`, `immediate`,
`timer resend`, `flight this written`, `peer resent_its_flight`, `alert error`, `limit seal`.
The identity of an event (one row per event) is `event.key`: all but seq_any.

Types. `Type(base, kind, length, low, high, optional, text)`: kind is one, array (T[n], n elements
or bytes), vector (T<a..b>, bounds in bytes) or rest (to the end). `base` is opaque, uint8, uint16,
uint24, uint32, uint64, a registry, or a name in spec.types.

Every object has `src` (file and line, errors.Src). Objects that own other objects compare by
identity; the small ones (Src, Event, Keys, Type) compare by value.
"""

from dataclasses import dataclass, field
from typing import Optional

from . import naming
from .errors import Src, SpecError

VERSIONS = ("dtls12", "dtls13")
# What record tables tell apart: how an epoch stands to our read keys, and how far the association is.
EPOCH_CLASSES = {"dtls12": ("zero", "readable", "next", "other"),
                 "dtls13": ("zero", "handshake", "readable", "older", "next", "other")}
HANDSHAKE_EPOCH = 2     # of 1.3: a class of its own, rfc9147#6.1
PHASES = ("plain", "keyed", "connected")
SCALARS = ("opaque", "uint8", "uint16", "uint24", "uint32", "uint64")
FUNCTION_KINDS = ("classify", "check", "act", "hook", "extension_check", "build")
EVENT_KINDS = ("message", "record", "api", "immediate", "timer", "flight", "ack", "peer", "alert", "limit", "association")


# ---- registries and wire formats

@dataclass(frozen=True, eq=False)
class Entry:
    """One code point. `use` is None where the file gives no `use` (it counts as used)."""
    name: str
    value: int
    ref: str
    use: Optional[tuple]
    columns: dict
    src: Src


@dataclass(frozen=True, eq=False)
class Registry:
    name: str
    width: str                      # uint8 uint16 internal
    ref: str
    unknown: str                    # preserve reject
    iana: Optional[str]
    doc: str
    columns: dict                   # name -> registry whose entry it names, or "number"
    entries: dict
    file: str
    src: Src


@dataclass(frozen=True)
class Type:
    base: str
    kind: str                       # one array vector rest
    length: Optional[int] = None
    low: Optional[int] = None
    high: Optional[int] = None
    optional: bool = False
    text: str = field(default="", compare=False)


@dataclass(frozen=True, eq=False)
class Field:
    name: str
    type: Type
    src: Src


@dataclass(frozen=True, eq=False)
class Constraint:
    """`kind` is equals, at_least, at_most, each_at_most, multiple_of, unique_by or length_from_registry."""
    field: str
    kind: str
    value: object                   # int, or a field name (unique_by), or a pair of names
    alert: str
    ref: str
    src: Src
    while_below: Optional[int] = None   # each_at_most: it binds while the decoder's argument is below this


@dataclass(frozen=True, eq=False)
class Variant:
    """Same bytes, other extension rules: hello_retry_request in ServerHello."""
    name: str
    field: str
    constant: str
    ref: str
    src: Src


@dataclass(frozen=True, eq=False)
class Struct:
    """A message (code), a record body (content), or a plain type (neither)."""
    name: str
    ref: Optional[str]
    doc: str
    code: Optional[str]             # entry of HandshakeType
    content: Optional[str]          # entry of ContentType
    versions: tuple
    sent_by: Optional[str]          # client server both
    epochs: dict                    # version -> int or "current"
    fields: tuple                   # of Field; empty when there is a select
    select: Optional[str]           # registry whose value is a decoder argument
    cases: dict                     # entry name -> tuple of Field
    constraints: tuple
    variants: dict
    file: str
    src: Src

    def field_sets(self):
        """(case or None, fields) for every shape the struct can have."""
        return [(None, self.fields)] if self.select is None else list(self.cases.items())

    @property
    def has_extensions(self):
        return any(f.type.base == "Extension" for _, fields in self.field_sets() for f in fields)


@dataclass(frozen=True, eq=False)
class Alias:
    """A helper type that is another name for a type string (ProtocolVersion: uint16)."""
    name: str
    type: Type
    file: str
    src: Src


@dataclass(frozen=True, eq=False)
class Constant:
    name: str
    bytes: bytes
    ref: str
    file: str
    src: Src


# ---- extensions

@dataclass(frozen=True, eq=False)
class Check:
    """`require` of a row, or a check of an extension: false means this alert."""
    check: str
    alert: str
    ref: str
    src: Src


@dataclass(frozen=True, eq=False)
class Appearance:
    """Where an extension may stand, and as what."""
    version: str
    block: str                      # client_hello, server_hello, ...
    carries: Optional[str]          # name of a type; None = nothing
    role: str                       # `as`: offer, answer, ...
    absent: Optional[str]           # alert when it is missing
    unsolicited: bool
    only_after: Optional[str]
    process_after: tuple
    also_offered_by: Optional[str]  # a cipher suite value that counts as an offer
    src: Src


@dataclass(frozen=True, eq=False)
class Hooks:
    build: Optional[str]
    accept: Optional[str]
    src: Src


@dataclass(frozen=True, eq=False)
class Policy:
    """`options` are the remaining keys of the kind, plain: list, field, preference, no_overlap, ..."""
    kind: str                       # flag choose_one announce opaque custom
    local: Optional[str]
    result: Optional[str]
    hooks: dict                     # role -> Hooks, for custom
    options: dict
    src: Src


@dataclass(frozen=True, eq=False)
class Extension:
    name: str
    ref: str
    doc: str
    types: tuple                    # names of the types this file defines
    appears_in: tuple
    policy: Policy
    checks: dict
    conflicts: tuple                # plain maps
    file: str
    src: Src

    def appearance(self, version, block):
        """Its Appearance in that block of that version, or None."""
        return next((a for a in self.appears_in if (a.version, a.block) == (version, block)), None)


@dataclass(frozen=True, eq=False)
class Rule:
    name: str
    alert: Optional[str]            # None = ignore
    ref: str
    src: Src


@dataclass(frozen=True, eq=False)
class ExtensionRules:
    rules: dict
    requests: tuple
    last_in_client_hello: Optional[str]
    src: Src
    written_first: tuple = ()       # extensions in the blocks we write
    written_last: tuple = ()


# ---- machines

@dataclass(frozen=True)
class Event:
    kind: str                       # message record api immediate timer flight ack peer alert limit association
    name: str = ""
    epoch: object = None            # int, "current", "keyed", or None
    seq_any: bool = False
    flight: Optional[str] = None    # this, any, or a flight's name

    @property
    def key(self):
        """What makes two events the same event."""
        return (self.kind, self.name, self.epoch, self.flight)

    @property
    def takes_message(self):
        return self.kind == "message"

    def __str__(self):
        return " ".join(w for w in (self.kind, self.flight, self.name) if w)


@dataclass(frozen=True)
class Keys:
    read: object = None             # int, "next", "previous", or None
    write: object = None

    def __bool__(self):
        return self.read is not None or self.write is not None


@dataclass(frozen=True, eq=False)
class Outcome:
    """One row body. Tuples and dicts are empty, the rest None or False, where nothing was written."""
    name: Optional[str]             # the classifier's outcome, None without select
    settles: dict                   # fixed classifier -> tuple of outcomes
    extensions: Optional[str]
    require: tuple                  # of Check
    ends_record: bool
    transcript: Optional[str]       # append none restart as_message_hash from_cookie
    do: tuple
    keys: Keys
    drop_keys: Keys
    timers: dict                    # timer -> start stop back_off reset
    send: Optional[str]
    ack: bool
    notify: Optional[str]
    report: Optional[str]
    goto: Optional[str]
    alert: Optional[str]
    fail: Optional[str]
    ref: str                        # its own, else the row's; "" if neither (lint refuses that)
    src: Src
    places: dict = field(default_factory=dict)   # key -> Src

    @property
    def line(self):
        return self.src.line

    def src_of(self, key):
        return self.places.get(key, self.src)


@dataclass(frozen=True, eq=False)
class Row:
    machine: str
    state: Optional[str]            # None: an any_state row
    index: int                      # place among the rows of its state
    event: Event
    select: Optional[str]
    outcomes: dict
    ref: Optional[str]
    src: Src
    places: dict = field(default_factory=dict)

    def src_of(self, key):
        return self.places.get(key, self.src)


@dataclass(frozen=True, eq=False)
class State:
    name: str
    rows: tuple
    application_data: Optional[str]  # both, receive
    src: Src

    @property
    def immediate(self):
        return any(r.event.kind == "immediate" for r in self.rows)

    @property
    def waits(self):
        """Messages and held records wait: nothing here comes from the peer."""
        return bool(self.rows) and all(r.event.kind in ("immediate", "api", "timer") for r in self.rows)


@dataclass(frozen=True, eq=False)
class HandOver:
    state: str
    machine: str
    at: str
    src: Src


@dataclass(frozen=True, eq=False)
class Unlisted:
    """What happens to something no row lists: one of alert, discard, hold."""
    alert: Optional[str]
    discard: bool
    hold: Optional[str]
    ref: str
    src: Src


@dataclass(frozen=True, eq=False)
class FlightLine:
    send: Optional[str]             # a handshake message or a variant's name
    record: Optional[str]           # change_cipher_spec
    epoch: object
    transcript: str                 # append unless the line says none or as_message_hash; none for records
    when: dict                      # fixed classifier -> tuple of outcomes
    then: tuple
    keys: Keys
    src: Src


@dataclass(frozen=True, eq=False)
class Flight:
    machine: str
    name: str
    ref: str
    lines: tuple
    extends: tuple
    numbers: Optional[str]
    resend: str                     # timed asked never
    done_when: str                  # answered acked sent
    on_give_up: Optional[str]       # fail forget
    src: Src


@dataclass(frozen=True, eq=False)
class Machine:
    name: str
    version: str                    # dtls12 dtls13 any
    role: str                       # client server any
    one_per: str                    # connection flight datagram
    ref: str
    doc: str
    runs_in: dict                   # machine -> "all" or tuple of states
    initial: str
    final: tuple
    handed_over: dict               # state -> HandOver
    unlisted_message: Optional[Unlisted]
    unlisted_change_cipher_spec: Optional[Unlisted]
    flights: dict
    any_state: tuple
    states: dict
    file: str
    src: Src

    @property
    def is_handshake(self):
        """One per connection and nobody's companion."""
        return self.one_per == "connection" and not self.runs_in

    @property
    def versions(self):
        return VERSIONS if self.version == "any" else (self.version,)

    def rows_of(self, state):
        """The rows that count in a state: its own, then the any_state rows it can take and does not list."""
        own = self.states[state]
        if own.immediate:
            return own.rows
        listed = {r.event.key for r in own.rows}
        return own.rows + tuple(
            r for r in self.any_state
            if r.event.key not in listed and not (own.waits and r.event.kind in ("message", "record")))

    def outcomes_of(self, state):
        """(row, outcome) for every way on from a state."""
        return [(row, outcome) for row in self.rows_of(state) for outcome in row.outcomes.values()]

    def all_rows(self):
        """Every row as written, any_state first."""
        return list(self.any_state) + [r for s in self.states.values() for r in s.rows]


def row_target(machine, state, outcome):
    """Where an outcome leads: a state, CLOSED or FAILED. What keeps nothing has nothing to end: it begins anew."""
    if outcome.goto is None:
        return machine.initial if machine.one_per == "datagram" else "FAILED"
    return state if outcome.goto == "same" else outcome.goto


# ---- the rest

@dataclass(frozen=True, eq=False)
class RecordRow:
    content: tuple                  # names of ContentType, or ("any",) or ("unknown",)
    epoch: tuple
    phase: tuple                    # plain keyed connected, or ("any",)
    do: str
    new_message: Optional[str]
    ref: str
    src: Src


@dataclass(frozen=True, eq=False)
class Breach:
    """What no authenticated record may hold."""
    name: str
    alert: Optional[str]            # None: the one that the failing field names
    ref: str
    src: Src


@dataclass(frozen=True, eq=False)
class Records:
    version: str
    ref: str
    rows: tuple
    breaches: dict                  # {name: Breach}
    file: str
    src: Src


@dataclass(frozen=True, eq=False)
class Limit:
    name: str
    value: int
    unit: str
    low: int
    high: int
    setting: Optional[str]          # None = fixed
    ref: str
    why: str
    src: Src


@dataclass(frozen=True, eq=False)
class Timer:
    name: str
    initial: Optional[str]          # a limit
    maximum: Optional[str]
    quarter_of: Optional[str]       # another timer
    src: Src


@dataclass(frozen=True, eq=False)
class Function:
    name: str
    kind: str                       # classify check act hook extension_check build
    takes: Optional[str]            # a struct or type; None = none
    outcomes: tuple
    fixed: bool
    makes: Optional[str]            # build: the struct it writes
    ref: Optional[str]
    doc: str
    src: Src

    @property
    def c_name(self):
        prefix = {"classify": "classify", "check": "check", "act": "act", "hook": "ext",
                  "extension_check": "ext_check", "build": "build"}[self.kind]
        return f"fpl_{prefix}_{self.name}"


@dataclass(frozen=True, eq=False)
class Property:
    """`body` is the value of the key `kind`, as loaded (load.Map, load.Seq or a scalar)."""
    name: str
    kind: str
    body: object
    ref: str
    why: str
    src: Src
    body_src: Src


@dataclass(frozen=True, eq=False)
class PropertyFile:
    name: str
    start: tuple                    # of "machine.STATE"
    properties: dict
    file: str
    src: Src
    start_src: Src


@dataclass(frozen=True, eq=False)
class Document:
    key: str                        # rfc6347
    title: str
    status: Optional[str]
    sections: dict
    section_srcs: dict
    src: Src


@dataclass(frozen=True, eq=False)
class Erratum:
    rfc: str
    id: str
    rule: str
    src: Src


@dataclass(frozen=True, eq=False)
class Spec:
    registries: dict
    structs: dict
    types: dict
    constants: dict
    extensions: dict
    rules: Optional[ExtensionRules]
    machines: dict
    records: dict
    limits: dict
    timers: dict
    functions: dict
    properties: dict
    documents: dict
    errata: tuple
    files: tuple                    # names of all spec files, sorted
    root: str
    refs: tuple                     # every (ref, Src) cited anywhere

    def message(self, name, version):
        """The Struct that a message name means in a version: by code, or by a variant's name. None if there is none."""
        for struct in self.structs.values():
            if version in struct.versions and (struct.code == name or name in struct.variants):
                return struct
        return None

    def builder_name(self, struct, message):
        """What the builder of a message is called: like the message, or like its struct where a code has several."""
        several = sum(s.code == struct.code for s in self.structs.values()) > 1
        return naming.snake(struct.name) if several and message == struct.code else message

    def functions_of(self, kind):
        """All functions of a kind, in order."""
        return [f for f in self.functions.values() if f.kind == kind]

    def function(self, kind, name):
        """A function by kind and name, or None. `client_hello` may be a builder and nothing else; names are unique."""
        found = self.functions.get(name)
        return found if found is not None and found.kind == kind else None

    def blocks(self, version):
        """Every extension block of a version that some extension appears in, in order of first use."""
        return tuple(dict.fromkeys(a.block for e in self.extensions.values() for a in e.appears_in if a.version == version))

    def companions_of(self, machine, state):
        """The machines that run beside that state."""
        return [m for m in self.machines.values()
                if m.runs_in.get(machine) == "all" or state in (m.runs_in.get(machine) or ())]

    def section_title(self, ref):
        """Title of the section a ref cites."""
        key, section = ref.split("#")
        return self.documents[key].sections[section]


def load(root="spec"):
    """Loads, validates and builds the spec tree below `root`; raises SpecError."""
    from . import build, load as loader, schema      # build needs the classes above
    tree = loader.read_tree(root)
    problems = schema.validate(tree)
    if problems:
        raise SpecError(problems)
    return build.build(tree, root)
