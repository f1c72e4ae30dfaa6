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
    spec.records      Records    (.rows: RecordRow)
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

import re
from dataclasses import dataclass, field
from typing import Optional

from . import load as loader
from .errors import Problem, Src, SpecError

VERSIONS = ("dtls12", "dtls13")
SCALARS = ("opaque", "uint8", "uint16", "uint24", "uint32", "uint64")
FUNCTION_KINDS = ("classify", "check", "act", "hook", "extension_check", "build")


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


def row_target(state, outcome):
    """Where an outcome leads: a state, CLOSED or FAILED."""
    if outcome.goto is None:
        return "FAILED"
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
class Records:
    version: str
    ref: str
    rows: tuple
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


# ---- building

NUMBER = r"(?:2\^[0-9]+(?:-[0-9]+)?|[0-9]+)"
TYPE = re.compile(rf"(?P<optional>optional )?(?P<base>[A-Za-z][A-Za-z0-9_]*)"
                  rf"(?:\[(?P<length>[0-9]+)\]|<(?P<low>{NUMBER})\.\.(?P<high>{NUMBER})>)?\Z")
EVENT_KEYS = {
    "message": {"epoch", "seq"}, "record": {"epoch"}, "api": set(), "timer": set(), "flight": {"is"},
    "ack": set(), "peer": set(), "alert": {"epoch"}, "limit": set(), "association": set(),
}


def number(text):
    """The value of `400`, `2^16` or `2^16-1`."""
    power = re.fullmatch(r"2\^([0-9]+)(?:-([0-9]+))?", text)
    return 2 ** int(power[1]) - int(power[2] or 0) if power else int(text)


def parse_type(text, src, problems):
    """A type string as a Type; complains and returns an opaque byte if it cannot be read."""
    if text == "rest":
        return Type("opaque", "rest", text=text)
    match = TYPE.match(text)
    if match is None:
        problems.append(Problem(src, f"`{text}` is not a type; write T, T[n], T<a..b>, optional T<a..b> or rest"))
        return Type("uint8", "one", text=text)
    optional = match["optional"] is not None
    if match["length"] is not None:
        result = Type(match["base"], "array", length=int(match["length"]), optional=optional, text=text)
    elif match["low"] is not None:
        low, high = number(match["low"]), number(match["high"])
        result = Type(match["base"], "vector", low=low, high=high, optional=optional, text=text)
        if low > high or high == 0 or high >= 2 ** 24:
            problems.append(Problem(src, f"bounds of `{text}`; the lower one comes first and the upper is at most 2^24-1"))
    else:
        result = Type(match["base"], "one", optional=optional, text=text)
        if result.base == "opaque":
            problems.append(Problem(src, "`opaque` alone has no length; write opaque[n], opaque<a..b> or rest"))
    if optional and result.kind != "vector":
        problems.append(Problem(src, f"`{text}`; only a vector T<a..b> can be optional"))
    return result


def load(root="spec"):
    """Loads, validates and builds the spec tree below `root`; raises SpecError."""
    from . import schema
    tree = loader.read_tree(root)
    problems = schema.validate(tree)
    if problems:
        raise SpecError(problems)
    return build(tree, root)


def build(tree, root="spec"):
    """Builds a Spec from a validated tree; raises SpecError for what no object can be made of."""
    builder = _Builder()
    for name in sorted(tree):
        builder.file(name, tree[name])
    if builder.problems:
        raise SpecError(builder.problems)
    return builder.spec(tuple(sorted(tree)), str(root))


def _tuple(value):
    """A single name or a list of names as a tuple."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


class _Builder:
    """Turns loaded maps into objects, one method per kind of file."""

    def __init__(self):
        self.problems = []
        self.registries, self.structs, self.types, self.constants = {}, {}, {}, {}
        self.extensions, self.rules = {}, None
        self.machines, self.records, self.limits, self.timers = {}, {}, {}, {}
        self.functions, self.properties, self.documents, self.errata = {}, {}, {}, []
        self.refs = []

    def file(self, name, tree):
        self.cite(tree)
        first = next(iter(tree))
        getattr(self, "file_" + first)(name, tree)

    def spec(self, files, root):
        return Spec(self.registries, self.structs, self.types, self.constants, self.extensions, self.rules,
                    self.machines, self.records, self.limits, self.timers, self.functions, self.properties,
                    self.documents, tuple(self.errata), files, root, tuple(self.refs))

    def put(self, table, name, value, what):
        """Adds to a table; a name that is there already is a problem."""
        if name in table:
            self.problems.append(Problem(value.src, f"{what} `{name}` is also defined at {table[name].src}; rename one"))
        table[name] = value

    def cite(self, tree):
        """Collects every `ref` below a map."""
        if isinstance(tree, loader.Map):
            for key, value in tree.items():
                if key == "ref" and isinstance(value, str):
                    self.refs.append((value, tree.src_of(key)))
                else:
                    self.cite(value)
        elif isinstance(tree, loader.Seq):
            for value in tree:
                self.cite(value)

    # registries/
    def file_registry(self, name, tree):
        entries = {}
        for entry, body in tree["entries"].items():
            columns = {k: v for k, v in body.items() if k not in ("value", "ref", "use")}
            use = tuple(body["use"]) if "use" in body else None
            entries[entry] = Entry(entry, body["value"], body["ref"], use, columns, tree["entries"].src_of(entry))
        self.put(self.registries, tree["registry"], Registry(
            tree["registry"], tree["width"], tree["ref"], tree["unknown"], tree.get("iana"), tree.get("doc", ""),
            dict(tree.get("columns", {})), entries, name, tree.src_of("registry")), "registry")

    # messages/
    def file_messages(self, name, tree):
        self.add_types(tree, name)
        structs = tree.get("structs", {})
        for struct, body in structs.items():
            self.put(self.structs, struct, self.struct(struct, body, structs.src_of(struct), name), "struct")
        constants = tree.get("constants", {})
        for constant, body in constants.items():
            self.put(self.constants, constant, Constant(
                constant, bytes.fromhex(body["hex"]), body["ref"], name, constants.src_of(constant)), "constant")

    def add_types(self, tree, name):
        types = tree.get("types", {})
        for type_name, body in types.items():
            src = types.src_of(type_name)
            made = (Alias(type_name, parse_type(body, src, self.problems), name, src) if isinstance(body, str)
                    else self.struct(type_name, body, src, name))
            self.put(self.types, type_name, made, "type")
        return tuple(types)

    def fields(self, lines):
        result = []
        for line in lines:
            (field_name, text), = line.items()
            src = line.src_of(field_name)
            if any(f.name == field_name for f in result):
                self.problems.append(Problem(src, f"field `{field_name}` again; rename one"))
            result.append(Field(field_name, parse_type(str(text), src, self.problems), src))
        return tuple(result)

    def struct(self, name, body, src, file):
        constraints = []
        for index, c in enumerate(body.get("constraints", [])):
            where = body["constraints"].src_of(index)
            kinds = [k for k in c if k not in ("field", "alert", "ref")]
            if len(kinds) != 1:
                self.problems.append(Problem(where, f"{len(kinds)} rules in one constraint; write one constraint for each"))
                continue
            value = c[kinds[0]]
            constraints.append(Constraint(c["field"], kinds[0], tuple(value) if isinstance(value, list) else value,
                                          c["alert"], c["ref"], where))
        variants = body.get("variants", {})
        return Struct(
            name, body.get("ref"), body.get("doc", ""), body.get("code"), body.get("content"),
            tuple(body.get("versions", ())), body.get("sent_by"), dict(body.get("epoch", {})),
            self.fields(body.get("fields", ())), body.get("select"),
            {case: self.fields(lines) for case, lines in body.get("cases", {}).items()}, tuple(constraints),
            {v: Variant(v, b["field"], b["equals_constant"], b["ref"], variants.src_of(v)) for v, b in variants.items()},
            file, src)

    # extensions/
    def file_rules(self, name, tree):
        rules = {rule: Rule(rule, body.get("alert"), body["ref"], tree["rules"].src_of(rule))
                 for rule, body in tree["rules"].items()}
        self.rules = ExtensionRules(rules, tuple(tree["requests"]), tree.get("last_in_client_hello"), tree.src)

    def file_extension(self, name, tree):
        appears = []
        for version, blocks in tree["appears_in"].items():
            for block, body in blocks.items():
                appears.append(Appearance(
                    version, block, None if body["carries"] == "nothing" else body["carries"], body["as"],
                    body.get("absent"), body.get("unsolicited") == "allowed", body.get("only_after"),
                    tuple(body.get("process_after", ())), body.get("also_offered_by"), blocks.src_of(block)))
        policy = tree["policy"]
        hooks = {role: Hooks(body.get("build"), body.get("accept"), policy.src_of(role))
                 for role, body in policy.items() if isinstance(body, loader.Map) and ("build" in body or "accept" in body)}
        options = {k: v for k, v in policy.items() if k not in ("kind", "local", "result") and k not in hooks}
        checks = {role: self.checks(lines) for role, lines in tree.get("checks", {}).items()}
        self.put(self.extensions, tree["extension"], Extension(
            tree["extension"], tree["ref"], tree["doc"], self.add_types(tree, name), tuple(appears),
            Policy(policy["kind"], policy.get("local"), policy.get("result"), hooks, options, tree.src_of("policy")),
            checks, tuple(tree.get("conflicts", ())), name, tree.src_of("extension")), "extension")

    def checks(self, lines):
        return tuple(Check(c["check"], c["alert"], c["ref"], lines.src_of(i)) for i, c in enumerate(lines or ()))

    # machines/
    def file_machine(self, name, tree):
        machine = tree["machine"]
        unlisted = tree["unlisted"]
        flights = tree["flights"]
        states = tree["states"]
        runs_in = tree.get("runs_in", {})
        self.put(self.machines, machine, Machine(
            machine, tree["version"], tree["role"], tree["one_per"], tree["ref"], tree["doc"],
            {m: s if s == "all" else tuple(s) for m, s in runs_in.items()},
            tree["initial"], tuple(tree["final"]),
            {s: HandOver(s, b["machine"], b["at"], tree["handed_over"].src_of(s)) for s, b in tree["handed_over"].items()},
            self.unlisted(unlisted, "message"), self.unlisted(unlisted, "change_cipher_spec"),
            {f: self.flight(machine, f, b, flights.src_of(f)) for f, b in flights.items()},
            self.rows(machine, None, tree.get("any_state")),
            {s: State(s, self.rows(machine, s, b["transitions"]), b.get("application_data"), states.src_of(s))
             for s, b in states.items()},
            name, tree.src_of("machine")), "machine")

    def unlisted(self, tree, key):
        if key not in tree:
            return None
        body = tree[key]
        return Unlisted(body.get("alert"), body.get("discard", False), body.get("hold"), body["ref"], tree.src_of(key))

    def rows(self, machine, state, lines):
        return tuple(self.row(machine, state, i, body, lines.src_of(i)) for i, body in enumerate(lines or ()))

    def row(self, machine, state, index, body, src):
        ref = body.get("ref")
        if "select" in body:
            cases = body["cases"]
            extra = [k for k in body if k not in ("event", "select", "cases", "ref")]
            for key in extra:
                self.problems.append(Problem(body.src_of(key), f"`{key}` beside `select`; write it in each case that wants it"))
            outcomes = {c: self.outcome(c, b, ref, cases.src_of(c)) for c, b in cases.items()}
        else:
            outcomes = {None: self.outcome(None, body, ref, src)}
        return Row(machine, state, index, self.event(body["event"], body.src_of("event")), body.get("select"),
                   outcomes, ref, src, dict(body.places))

    def event(self, value, src):
        if value == "immediate":
            return Event("immediate")
        kinds = [k for k in EVENT_KEYS if k in value]
        if len(kinds) != 1:
            self.problems.append(Problem(src, f"an event names exactly one of {', '.join(EVENT_KEYS)}, or is `immediate`"))
            return Event("immediate")
        kind = kinds[0]
        for key in value:
            if key != kind and key not in EVENT_KEYS[kind]:
                self.problems.append(Problem(src, f"`{key}` says nothing about a {kind} event; delete it"))
        for key in EVENT_KEYS[kind] - {"seq"}:
            if key not in value:
                self.problems.append(Problem(src, f"a {kind} event says its `{key}`; add it"))
        if kind == "flight":
            return Event("flight", value.get("is", ""), flight=value["flight"])
        return Event(kind, value[kind], value.get("epoch"), value.get("seq") == "any")

    def outcome(self, name, body, ref, src):
        ends = [k for k in ("goto", "alert", "fail") if k in body]
        if len(ends) != 1:
            found = " and ".join(f"`{e}`" for e in ends) or "neither goto, alert nor fail"
            self.problems.append(Problem(src, f"{found}; a row has exactly one of goto, alert and fail"))
        return Outcome(
            name, {c: tuple(o) for c, o in body.get("settles", {}).items()}, body.get("extensions"),
            self.checks(body.get("require")), body.get("ends_record", False), body.get("transcript"),
            tuple(body.get("do", ())), self.keys(body.get("keys")), self.keys(body.get("drop_keys")),
            dict(body.get("timers", {})), body.get("send"), body.get("ack") == "now", body.get("notify"),
            body.get("report"), body.get("goto"), body.get("alert"), body.get("fail"),
            body.get("ref") or ref or "", src, dict(body.places))

    def keys(self, value):
        if value is None:
            return Keys()
        if isinstance(value, str):
            return Keys(value, value)
        return Keys(value.get("read"), value.get("write"))

    def flight(self, machine, name, body, src):
        lines = []
        for index, line in enumerate(body["messages"]):
            where = body["messages"].src_of(index)
            if ("send" in line) == ("record" in line):
                self.problems.append(Problem(where, "a flight line has exactly one of send and record"))
            lines.append(FlightLine(
                line.get("send"), line.get("record"), line["epoch"],
                line.get("transcript", "append" if "send" in line else "none"),
                {c: tuple(o) for c, o in line.get("when", {}).items()}, tuple(line.get("then", ())),
                self.keys(line.get("keys")), where))
        return Flight(machine, name, body["ref"], tuple(lines), tuple(body.get("extends", ())), body.get("numbers"),
                      body["resend"], body["done_when"], body.get("on_give_up"), src)

    # the rest
    def file_records(self, name, tree):
        rows = tuple(RecordRow(_tuple(r["content"]), _tuple(r["epoch"]), _tuple(r["phase"]), r["do"],
                               r.get("new_message"), r["ref"], tree["rows"].src_of(i))
                     for i, r in enumerate(tree["rows"]))
        self.put(self.records, tree["records"], Records(tree["records"], tree["ref"], rows, name, tree.src), "record table")

    def file_limits(self, name, tree):
        for limit, b in tree["limits"].items():
            setting = None if b["setting"] == "none" else b["setting"]
            self.put(self.limits, limit, Limit(limit, b["value"], b["unit"], *b["range"], setting, b["ref"], b["why"],
                                               tree["limits"].src_of(limit)), "limit")
        timers = tree.get("timers", {})
        for timer, b in timers.items():
            self.put(self.timers, timer, Timer(timer, b.get("initial"), b.get("maximum"), b.get("quarter_of"),
                                               timers.src_of(timer)), "timer")

    def file_functions(self, name, tree):
        for kind, group in tree["functions"].items():
            for function, b in group.items():
                takes = b.get("takes")
                self.put(self.functions, function, Function(
                    function, kind, None if takes == "none" else takes, tuple(b.get("outcomes", ())),
                    b.get("fixed", False), b.get("makes"), b.get("ref"), b["doc"], group.src_of(function)), "function")

    def file_properties(self, name, tree):
        properties = {}
        for prop, body in tree.items():
            if prop in ("properties", "start"):
                continue
            kinds = [k for k in body if k not in ("why", "ref")]
            if len(kinds) != 1:
                self.problems.append(Problem(tree.src_of(prop), f"property `{prop}` has {len(kinds)} rules; write exactly one"))
                continue
            properties[prop] = Property(prop, kinds[0], body[kinds[0]], body["ref"], body.get("why", ""),
                                        tree.src_of(prop), body.src_of(kinds[0]))
        self.put(self.properties, tree["properties"], PropertyFile(
            tree["properties"], tuple(tree["start"]), properties, name, tree.src), "property file")

    def file_refs(self, name, tree):
        for key, body in tree["refs"].items():
            sections = body["sections"]
            self.put(self.documents, key, Document(
                key, body["title"], body.get("status"), dict(sections),
                {s: sections.src_of(s) for s in sections}, tree["refs"].src_of(key)), "document")
        for index, e in enumerate(tree.get("errata", ())):
            self.errata.append(Erratum(e["rfc"], str(e["id"]), e["rule"], tree["errata"].src_of(index)))
