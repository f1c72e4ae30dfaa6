"""Builds the objects of model.py from loaded, validated maps.

It refuses what no object can be made of: a type string that cannot be read, a name defined twice,
a row with two ends. Everything about meaning is lint's.
"""

import re

from . import load as loader
from .errors import Problem, SpecError
from .model import (
    Alias, Appearance, Breach, Check, Constant, Constraint, Document, Entry, Erratum, Event, Extension, ExtensionRules, Field,
    Flight, FlightLine, Function, HandOver, Hooks, Keys, Limit, Machine, Outcome, Policy, Property, PropertyFile,
    RecordRow, Records, Registry, Row, Rule, Spec, State, Struct, Timer, Type, Unlisted, Variant)

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
            kinds = [k for k in c if k not in ("field", "alert", "ref", "while_below")]
            if len(kinds) != 1:
                self.problems.append(Problem(where, f"{len(kinds)} rules in one constraint; write one constraint for each"))
                continue
            value = c[kinds[0]]
            constraints.append(Constraint(c["field"], kinds[0], tuple(value) if isinstance(value, list) else value,
                                          c["alert"], c["ref"], where, c.get("while_below")))
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
        self.rules = ExtensionRules(rules, tuple(tree["requests"]), tree.get("last_in_client_hello"), tree.src,
                                    tuple(tree.get("written_first", ())), tuple(tree.get("written_last", ())))

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
                self.problems.append(Problem(src, f"`{key}` says nothing about the event `{kind}`; delete it"))
        for key in EVENT_KEYS[kind] - {"seq"}:
            if key not in value:
                self.problems.append(Problem(src, f"the event `{kind}` says its `{key}`; add it"))
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
        breaches = {b: Breach(b, body.get("alert"), body["ref"], tree["breaches"].src_of(b)) for b, body in tree.get("breaches", {}).items()}
        self.put(self.records, tree["records"], Records(tree["records"], tree["ref"], rows, breaches, name, tree.src), "record table")

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
            tree["properties"], tuple(tree["start"]), properties, name, tree.src_of("properties"),
            tree.src_of("start")), "property file")

    def file_refs(self, name, tree):
        for key, body in tree["refs"].items():
            sections = body["sections"]
            self.put(self.documents, key, Document(
                key, body["title"], body.get("status"), dict(sections),
                {s: sections.src_of(s) for s in sections}, tree["refs"].src_of(key)), "document")
        for index, e in enumerate(tree.get("errata", ())):
            self.errata.append(Erratum(e["rfc"], str(e["id"]), e["rule"], tree["errata"].src_of(index)))
