"""What is on the wire, and what bounds it: registries, codecs, limits, and the walker of the `decode` tool.

    files = emit_wire.files(spec)           # {path below generated/: text}
    table = emit_wire.limits_markdown(spec) # the README's table of settings

Each template has one view, a dataclass made here; whatever needs a decision is decided here, and
templates only loop. A field of the spec becomes one member of a C struct:

    T, an integer or a registry      that integer              array opaque[n], rest    fpl_bytes
    T, a struct                      the struct                T<a..b>                  fpl_bytes and an iterator
    optional T<a..b>                 bool has_NAME besides

Views point into the caller's bytes. Decoders validate every element of every list, so iterators
cannot fail midway. What a spec may say and nobody has needed yet is refused (`refuse`), not guessed.
"""

import re
import textwrap
from dataclasses import dataclass
from typing import Optional

from . import emit, model, naming
from .errors import Problem, SpecError

SCALARS = {"uint8": (1, "uint8_t"), "uint16": (2, "uint16_t"), "uint24": (3, "uint32_t"),
           "uint32": (4, "uint32_t"), "uint64": (8, "uint64_t")}
EXTENSION = "Extension"
SENT_BY = {"client": "FPL_SENT_BY_CLIENT", "server": "FPL_SENT_BY_SERVER", "both": "FPL_SENT_BY_BOTH"}


def refuse(src, message):
    """A spec that this emitter does not understand."""
    raise SpecError([Problem(src, message)])


def cite(ref):
    """`rfc8446#4.2` -> `RFC 8446 section 4.2`."""
    if not ref:
        return ""
    document, section = ref.split("#")
    rfc = re.fullmatch(r"rfc([0-9]+)(bis)?", document)
    name = f"RFC {rfc[1]}{rfc[2] or ''}" if rfc else document
    return f"{name} {'appendix' if section[:1].isalpha() else 'section'} {section}"


def place(src):
    """`hello.yaml:15`: the directory is in the banner."""
    return f"{src.file.rsplit('/', 1)[-1]}:{src.line}"


def comment(text):
    """Text of the spec inside a C comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def version_bits(versions):
    """('dtls12', 'dtls13') -> `FPL_USE_DTLS12 | FPL_USE_DTLS13`."""
    return " | ".join(f"FPL_USE_{v.upper()}" for v in model.VERSIONS if v in versions) or "0"


# ---- registries

@dataclass(frozen=True)
class EntryView:
    name: str                       # as the spec writes it
    enumerator: str
    value: str
    ref: str
    cells: tuple                    # of CellView: the row, from .value on


@dataclass(frozen=True)
class CellView:
    name: str
    value: str


@dataclass(frozen=True)
class ColumnView:
    name: str
    c_type: str
    comment: str


@dataclass(frozen=True)
class RegistryView:
    name: str
    snake: str
    upper: str
    c_type: str
    int_type: str
    ref: str
    about: str
    none: tuple                     # enumerators with value 0 that are "none"; internal registries only
    entries: tuple
    columns: tuple


@dataclass(frozen=True)
class RegistriesView:
    format_check: str
    versions: tuple                 # of CellView
    public: tuple
    internal: tuple
    all: tuple


def registries_view(spec):
    """Every registry, as C sees it."""
    views = [registry_view(spec, r) for r in spec.registries.values()]
    public = tuple(v for v, r in zip(views, spec.registries.values()) if r.width != "internal")
    internal = tuple(v for v, r in zip(views, spec.registries.values()) if r.width == "internal")
    versions = tuple(CellView(f"FPL_USE_{v.upper()}", str(1 << i)) for i, v in enumerate(model.VERSIONS))
    return RegistriesView(emit.format_check("engine/table.h"), versions, public, internal, internal + public)


def registry_view(spec, registry):
    """One registry."""
    internal = registry.width == "internal"
    digits = 4 if registry.width == "uint16" else 2
    entries = []
    for e in registry.entries.values():
        if internal and e.value == 0:
            refuse(e.src, "an internal registry counts from 1: 0 is nothing")
        if e.value >= 1 << (16 if registry.width == "uint16" else 8):
            refuse(e.src, f"{e.value} does not fit the registry's width")
        name = naming.enumerator(registry.name, e.name)
        cells = [CellView("value", name), CellView("name", f'FPL_NAME("{e.name}")')]
        cells += [CellView(c, cell(spec, registry, e, c)) for c in registry.columns if c in e.columns]
        cells.append(CellView("use", version_bits(model.VERSIONS if e.use is None else e.use)))
        entries.append(EntryView(e.name, name, str(e.value) if internal else f"0x{e.value:0{digits}x}", cite(e.ref), tuple(cells)))
    columns = [ColumnView(naming.snake(c), "uint16_t" if kind == "number" else naming.c_type(kind), "0 = does not apply")
               for c, kind in registry.columns.items()]
    none = f"FPL_{naming.upper(registry.name)}_NONE"
    about = registry.doc or ("Never on the wire." if internal else "Other values occur on the wire.")
    return RegistryView(
        registry.name, naming.snake(registry.name), naming.upper(registry.name), naming.c_type(registry.name),
        "uint8_t" if internal else f"{registry.width}_t", cite(registry.ref), comment(about),
        (none,) if internal and none not in [e.enumerator for e in entries] else (), tuple(entries), tuple(columns))


def cell(spec, registry, entry, column):
    """The value of a column as C: a number, or an enumerator of the registry it names."""
    kind, value = registry.columns[column], entry.columns[column]
    if kind == "number":
        if not isinstance(value, int) or value > 0xffff:
            refuse(entry.src, f"`{column}` is a number below 2^16")
        return str(value)
    if kind not in spec.registries or value not in spec.registries[kind].entries:
        refuse(entry.src, f"`{column}: {value}` names no entry of {kind}")
    return naming.enumerator(kind, value)


# ---- wire formats: from types of the spec to shapes of C

@dataclass(frozen=True)
class Shape:
    """What a field is to C. `what` is int, octets (fixed), vector (of octets), ints, structs, struct or rest."""
    what: str
    c_type: str
    width: int = 0                  # of the integer, or of a list's integers
    prefix: int = 0                 # octets of the length prefix
    length: int = 0
    low: int = 0
    high: int = 0
    base: str = ""                  # registry, alias or struct of the value or the elements
    optional: bool = False


@dataclass(frozen=True)
class MemberView:
    c_type: str
    name: str
    comment: str


@dataclass(frozen=True)
class TestView:
    """`if (condition) return result;`"""
    condition: str
    result: str


@dataclass(frozen=True)
class StepView:
    """Decoding one field, or testing one constraint."""
    comment: str
    before: tuple
    tests: tuple


@dataclass(frozen=True)
class RecordView:
    """A C struct with its reader and writer: a type, a message, or one case of either."""
    name: str
    snake: str
    c_type: str
    about: str
    storage: str                    # `static ` where only this file calls the reader
    writer_storage: str
    external: tuple                 # one item where reader and writer are not static
    arguments: str                  # of the reader, between `out` and `r`
    members: tuple
    discards: tuple                 # statements that say which arguments are not used
    steps: tuple
    writes: tuple


@dataclass(frozen=True)
class CaseView:
    name: str
    label: str
    c_type: str
    snake: str                      # of the case's record
    comment: str


@dataclass(frozen=True)
class ChoiceView:
    """A struct whose shape is chosen by an argument of the decoder."""
    name: str
    snake: str
    c_type: str
    about: str
    tag: str
    tag_type: str
    cases: tuple


@dataclass(frozen=True)
class DecodeView:
    """A decoder of something whole."""
    name: str
    snake: str
    c_type: str
    parameters: str                 # `fpl_key_exchange_algorithm key_exchange_algorithm, `
    arguments: str
    about: str


@dataclass(frozen=True)
class ListView:
    """Lists of structs: a check of all elements, and an iterator."""
    snake: str
    c_type: str


@dataclass(frozen=True)
class IntListView:
    snake: str
    c_type: str
    next: str                       # fpl_u16_next


@dataclass(frozen=True)
class UniqueView:
    """No two elements of a list with the same key."""
    function: str
    element: str
    c_type: str
    key: str
    octets: int


@dataclass(frozen=True)
class KnownView:
    """Every integer of a list is listed in a registry that refuses others."""
    function: str
    snake: str
    c_type: str


@dataclass(frozen=True)
class StructBlock:
    """Text of a struct definition is either a plain one or a choice; exactly one list holds an item."""
    plain: tuple
    choice: tuple


class Wire:
    """All wire formats of a spec, with the built-in Extension."""

    def __init__(self, spec):
        self.spec = spec
        self.types = dict(spec.types)
        if EXTENSION not in self.types:
            self.types[EXTENSION] = self.extension()
        self.carried = {a.carries for e in spec.extensions.values() for a in e.appears_in if a.carries}
        self.extension_types = [t for e in spec.extensions.values() for t in e.types]
        self.message_types = [t for t in self.types if t not in self.extension_types]

    def extension(self):
        """`struct { ExtensionType extension_type; opaque extension_data<0..2^16-1>; } Extension;` of RFC 5246."""
        registry = self.spec.registries.get("ExtensionType")
        src = registry.src if registry else next(iter(self.spec.structs.values())).src
        fields = (model.Field("extension_type", model.Type("ExtensionType" if registry else "uint16", "one",
                                                           text="ExtensionType"), src),
                  model.Field("extension_data", model.Type("opaque", "vector", low=0, high=2 ** 16 - 1,
                                                           text="opaque<0..2^16-1>"), src))
        return model.Struct(EXTENSION, "rfc5246#7.4.1.4", "", None, None, (), None, {}, fields, None, {}, (), {}, src.file, src)

    def integer(self, base, src):
        """(width, C type) of an integer type, or None."""
        if base in SCALARS:
            return SCALARS[base]
        registry = self.spec.registries.get(base)
        if registry is not None:
            if registry.width == "internal":
                refuse(src, f"{base} is internal: it is an argument, never a field")
            return SCALARS[registry.width][0], naming.c_type(base)
        alias = self.types.get(base)
        if isinstance(alias, model.Alias) and alias.type.kind == "one":
            inner = self.integer(alias.type.base, src)
            return inner and (inner[0], naming.c_type(base))
        return None

    def shape(self, type_, src):
        """What C makes of a type of the spec."""
        base = self.types.get(type_.base)
        if isinstance(base, model.Alias) and type_.kind == "one" and self.integer(type_.base, src) is None:
            return self.shape(base.type, src)
        number = self.integer(type_.base, src)
        if type_.kind == "rest":
            return Shape("rest", "fpl_bytes")
        if type_.kind == "array":
            if type_.base not in ("opaque", "uint8"):
                refuse(src, f"`{type_.text}`: only opaque[n] is implemented")
            return Shape("octets", "fpl_bytes", length=type_.length)
        if type_.kind == "one":
            if number is not None:
                return Shape("int", number[1], width=number[0], base=type_.base)
            if not isinstance(base, model.Struct):
                refuse(src, f"`{type_.base}` is no type, registry or integer")
            if base.select is not None:
                refuse(src, f"`{type_.base}` needs an argument and cannot be a field")
            return Shape("struct", naming.c_type(type_.base), base=type_.base)
        prefix = 1 if type_.high < 1 << 8 else 2 if type_.high < 1 << 16 else 3
        bounds = {"prefix": prefix, "low": type_.low, "high": type_.high, "optional": type_.optional}
        if type_.base == "opaque":
            return Shape("vector", "fpl_bytes", **bounds)
        if number is not None:
            if number[0] > 2:
                refuse(src, f"`{type_.text}`: lists of uint8 and uint16 are implemented, not of wider integers")
            return Shape("ints", "fpl_bytes", width=number[0], base=type_.base, **bounds)
        if not isinstance(base, model.Struct) or base.select is not None:
            refuse(src, f"`{type_.text}`: elements are integers or structs without select")
        return Shape("structs", "fpl_bytes", base=type_.base, **bounds)

    def rejects(self, base):
        """Whether unlisted values of an integer type are refused."""
        registry = self.spec.registries.get(base)
        return registry is not None and registry.unknown == "reject"

    # structs and messages

    def records(self, struct, nested):
        """The RecordViews of a struct: itself, or one for each case."""
        about = f"{cite(struct.ref)}; {place(struct.src)}" if struct.ref else place(struct.src)
        if struct.select is None:
            return (self.record(struct, struct.name, struct.fields, about, nested),)
        return tuple(self.record(struct, f"{struct.name}_{case}", fields, f"{struct.name} of {case}: {about}", False)
                     for case, fields in struct.cases.items())

    def record(self, struct, name, fields, about, nested):
        """A C struct and the steps that read and write it."""
        snake = "_".join(naming.snake(part) for part in name.split("_", 1))
        members, steps, writes = [], [], []
        names = [f.name for f in fields]
        parameters = self.parameters(struct)
        for number, field in enumerate(fields):
            if field.name in naming.KEYWORDS:
                refuse(field.src, f"`{field.name}` is a word of C; choose another")
            shape = self.shape(field.type, field.src)
            if shape.what == "rest" and number + 1 < len(fields):
                refuse(field.src, "`rest` takes everything: it can only be the last field")
            if shape.optional:
                if number + 1 < len(fields):
                    refuse(field.src, "an `optional` field is absent when no bytes are left: it can only be the last")
                if f"has_{field.name}" in names:
                    refuse(field.src, f"`has_{field.name}` says in C whether this field is there; rename one")
                members.append(MemberView("bool", f"has_{field.name}", "absent = no bytes at all"))
            members.append(MemberView(shape.c_type, field.name, comment(self.member_comment(field, shape))))
            steps.append(self.step(struct, field, shape))
            writes.append(self.write(field, shape))
        for constraint in struct.constraints:
            if constraint.field in names:
                steps.append(self.constraint(struct, constraint, fields))
        if not members:
            members.append(MemberView("uint8_t", "nothing", "no fields; C wants one"))
        used = {p for p in parameters for s in steps for t in s.tests if p in t.condition}
        discards = tuple(f"(void){p};" for p in parameters if p not in used)
        if not fields:
            discards += ("(void)r;", "out->nothing = 0;")
            writes.append("(void)in;")
        arguments = "".join(f"{kind} {p}, " for p, kind in parameters.items())
        writer_storage = "static " if struct.select is not None else ""
        return RecordView(struct.name, snake, f"fpl_{snake}", comment(about), "" if nested else "static ", writer_storage,
                          ("",) if nested else (), arguments,
                          tuple(members), discards, tuple(steps), tuple(writes))

    def member_comment(self, field, shape):
        """The type as the spec writes it, and how to walk a list."""
        text = field.type.text
        if shape.what == "structs":
            return f"{text}; fpl_{naming.snake(shape.base)}_next"
        if shape.what == "ints":
            return f"{text}; {self.int_next(shape)}"
        return text

    def int_next(self, shape):
        """The iterator of a list of integers."""
        if shape.base in SCALARS:
            return f"fpl_u{8 * shape.width}_next"
        return f"fpl_{naming.snake(shape.base)}_next"

    def parameters(self, struct):
        """Arguments of a decoder besides the reader: {name: C type}."""
        result = {}
        for c in struct.constraints:
            if c.kind == "each_at_most":
                result[c.value[1]] = "uint64_t"
        return result

    def step(self, struct, field, shape):
        """Reading one field."""
        where = f'FPL_NAME("{struct.name}.{field.name}")'
        malformed = f"malformed(r, {where})"
        out = f"out->{field.name}"
        before, tests = [], []
        if shape.what == "int":
            tests.append(TestView(f"!fpl_read_u{8 * shape.width}(r, &{out})", malformed))
            if self.rejects(shape.base):
                tests.append(TestView(f"fpl_{naming.snake(shape.base)}_find({out}) == NULL", self.fail(where, "illegal_parameter")))
        elif shape.what == "octets":
            tests.append(TestView(f"!fpl_read_bytes(r, {shape.length}, &{out})", malformed))
        elif shape.what == "rest":
            tests.append(TestView(f"!fpl_read_bytes(r, r->len, &{out})", malformed))
        elif shape.what == "struct":
            tests.append(TestView(f"!fpl_read_{naming.snake(shape.base)}(&{out}, r)", "false"))
        else:
            read = f"!fpl_read_within(r, {shape.prefix}, {shape.low}, {shape.high}, &{out})"
            if shape.optional:
                before = [f"out->has_{field.name} = r->len > 0;", f"{out} = fpl_bytes_none();"]
                read = f"out->has_{field.name} && {read}"
            tests.append(TestView(read, malformed))
            tests += self.element_tests(struct, field, shape, where)
        return StepView(f"{place(field.src)}  {field.name}: {comment(field.type.text)}", tuple(before), tuple(tests))

    def element_tests(self, struct, field, shape, where):
        """What must hold for the elements of a list."""
        out = f"out->{field.name}"
        if shape.what == "structs":
            return [TestView(f"!fpl_{naming.snake(shape.base)}_list_ok({out}, r)", "false")]
        if shape.what != "ints":
            return []
        tests = []
        said = any(c.field == field.name and c.kind == "multiple_of" for c in struct.constraints)
        if shape.width > 1 and not said:
            tests.append(TestView(f"{out}.len % {shape.width} != 0", f"malformed(r, {where})"))
        if self.rejects(shape.base):
            tests.append(TestView(f"!all_of_{naming.snake(shape.base)}({out})", self.fail(where, "illegal_parameter")))
        return tests

    def fail(self, where, alert):
        return f"fpl_reader_fail(r, {where}, {naming.alert(alert)})"

    def constraint(self, struct, constraint, fields):
        """One rule of `constraints:`; the condition is that it is broken."""
        field = next(f for f in fields if f.name == constraint.field)
        shape = self.shape(field.type, field.src)
        out, kind, value = f"out->{field.name}", constraint.kind, constraint.value
        if constraint.alert not in self.spec.registries["AlertDescription"].entries:
            refuse(constraint.src, f"`{constraint.alert}` is no alert")
        if kind in ("equals", "at_least", "at_most"):
            if shape.what != "int":
                refuse(constraint.src, f"`{kind}` compares integers, and {field.name} is none")
            if isinstance(value, str):
                value = naming.enumerator(shape.base, value)
            broken = f"{out} {dict(equals='!=', at_least='<', at_most='>')[kind]} {value}"
        elif kind == "multiple_of":
            broken = f"{out}.len % {value} != 0" if shape.c_type == "fpl_bytes" else f"{out} % {value} != 0"
        elif kind == "unique_by" and shape.what == "structs":
            broken = f"!{self.unique_name(shape.base, value)}({out})"
        elif kind == "each_at_most" and shape.what == "structs":
            broken = f"!{self.each_name(shape.base, value[0])}({out}, {value[1]})"
        elif kind == "length_from_registry" and shape.c_type == "fpl_bytes":
            broken = self.length_broken(constraint, field, fields)
        else:
            refuse(constraint.src, f"`{kind}` of a field like {field.name} is not implemented")
        where = f'FPL_NAME("{struct.name}.{field.name}")'
        text = f"{place(constraint.src)}  {field.name} {kind.replace('_', ' ')} {self.value_text(constraint.value)}: {cite(constraint.ref)}"
        return StepView(comment(text), (), (TestView(broken, self.fail(where, constraint.alert)),))

    def value_text(self, value):
        return ".".join(value) if isinstance(value, tuple) else str(value)

    def length_broken(self, constraint, field, fields):
        """`[named_curve, share_length]`: the length stands in that column, where the value is known and has one."""
        key, column = constraint.value
        other = next((f for f in fields if f.name == key), None)
        registry = self.spec.registries.get(other.type.base) if other else None
        if registry is None or registry.columns.get(column) != "number":
            refuse(constraint.src, f"`{key}` is a field of a registry with a number `{column}`")
        return f"!fits({column}_of_{naming.snake(registry.name)}(out->{key}), out->{field.name}.len)"

    def unique_name(self, base, key):
        return f"unique_{naming.snake(base)}_{key}"

    def each_name(self, base, key):
        return f"each_{naming.snake(base)}_{key}_at_most"

    def write(self, field, shape):
        """Writing one field."""
        value = f"in->{field.name}"
        if shape.what == "int":
            return f"(void)fpl_write_uint(w, {shape.width}, {value});"
        if shape.what == "octets":
            return f"(void)fpl_write_exactly(w, {shape.length}, {value});"
        if shape.what == "rest":
            return f"(void)fpl_write_bytes(w, {value}.data, {value}.len);"
        if shape.what == "struct":
            return f"(void)fpl_encode_{naming.snake(shape.base)}(w, &{value});"
        call = f"(void)fpl_write_within(w, {shape.prefix}, {shape.low}, {shape.high}, {value});"
        return f"if (in->has_{field.name}) {{\n        {call}\n    }}" if shape.optional else call

    def choice(self, struct):
        """A struct with `select`."""
        registry = self.spec.registries.get(struct.select)
        if registry is None:
            refuse(struct.src, f"`select: {struct.select}` names no registry")
        snake = naming.snake(struct.name)
        cases = []
        for case in struct.cases:
            if case not in registry.entries:
                refuse(struct.src, f"case `{case}` is no entry of {struct.select}")
            if case in naming.KEYWORDS:
                refuse(struct.src, f"`{case}` is a word of C; choose another")
            cases.append(CaseView(case, naming.enumerator(struct.select, case), f"fpl_{snake}_{naming.snake(case)}",
                                  f"{snake}_{naming.snake(case)}", case))
        return ChoiceView(struct.name, snake, naming.c_type(struct.name), comment(f"{cite(struct.ref)}; {place(struct.src)}"),
                          naming.snake(struct.select), naming.c_type(struct.select), tuple(cases))

    def decode(self, struct):
        """The decoder of a whole."""
        parameters = dict(self.parameters(struct))
        if struct.select is not None:
            if parameters:
                refuse(struct.src, "select and each_at_most in one struct are not implemented together")
            parameters = {naming.snake(struct.select): naming.c_type(struct.select)}
        return DecodeView(struct.name, naming.snake(struct.name), naming.c_type(struct.name),
                          "".join(f"{kind} {p}, " for p, kind in parameters.items()),
                          "".join(f"{p}, " for p in parameters), f"{place(struct.src)}")

    # a pair of files

    def ordered(self, names):
        """Struct types, each after those it contains by value."""
        done, result = set(), []

        def visit(name):
            if name in done or name not in names:
                return
            done.add(name)
            struct = self.types[name]
            if not isinstance(struct, model.Struct):
                return
            for _, fields in struct.field_sets():
                for f in fields:
                    if f.type.kind == "one":
                        visit(f.type.base)
            result.append(struct)
        for name in names:
            visit(name)
        return result

    def fields_of(self, structs):
        return [(s, f) for s in structs for _, fields in s.field_sets() for f in fields]

    def int_lists(self, structs):
        """Bases of lists of integers with a name, in order of use."""
        result = {}
        for _, f in self.fields_of(structs):
            shape = self.shape(f.type, f.src)
            if shape.what == "ints" and shape.base not in SCALARS:
                result[shape.base] = IntListView(naming.snake(shape.base), naming.c_type(shape.base), f"fpl_u{8 * shape.width}_next")
        return result

    def uniques(self, structs):
        """Functions for `unique_by`, each once."""
        result = {}
        for s in structs:
            for c in s.constraints:
                if c.kind != "unique_by":
                    continue
                field = next(f for _, fs in s.field_sets() for f in fs if f.name == c.field)
                element = self.types[field.type.base]
                key = next((f for f in element.fields if f.name == c.value), None)
                shape = key and self.shape(key.type, key.src)
                if shape is None or shape.what != "int" or shape.width > 2:
                    refuse(c.src, f"`unique_by: {c.value}` names a field of one or two octets in {element.name}")
                name = self.unique_name(element.name, c.value)
                result[name] = UniqueView(name, naming.snake(element.name), naming.c_type(element.name), c.value,
                                          32 if shape.width == 1 else 8192)
        return tuple(result.values())

    def knowns(self, structs):
        """Lists of integers of which none may be unknown."""
        bases = dict.fromkeys(b for b in self.int_lists(structs) if self.rejects(b))
        return tuple(KnownView(f"all_of_{naming.snake(b)}", naming.snake(b), naming.c_type(b)) for b in bases)


@dataclass(frozen=True)
class EachView:
    """No element of a list with a greater value than an argument of the decoder."""
    function: str
    element: str
    c_type: str
    key: str


@dataclass(frozen=True)
class LengthView:
    """A column of a registry that gives a field's length."""
    function: str
    registry: str
    c_type: str
    column: str


@dataclass(frozen=True)
class HelpersView:
    """Static functions that only some codec files need."""
    uniques: tuple
    eaches: tuple
    lengths: tuple
    fits: tuple                     # one item where some length stands in a registry
    knowns: tuple


def helpers(wire, structs):
    """The helpers that these structs' decoders call."""
    eaches, lengths = {}, {}
    for s in structs:
        for c in s.constraints:
            if c.kind == "each_at_most":
                field = next(f for _, fs in s.field_sets() for f in fs if f.name == c.field)
                name = wire.each_name(field.type.base, c.value[0])
                eaches[name] = EachView(name, naming.snake(field.type.base), naming.c_type(field.type.base), c.value[0])
            if c.kind == "length_from_registry":
                for _, fields in s.field_sets():
                    for f in fields:
                        if f.name == c.value[0]:
                            registry = naming.snake(f.type.base)
                            name = f"{c.value[1]}_of_{registry}"
                            lengths[name] = LengthView(name, registry, naming.c_type(f.type.base), c.value[1])
    return HelpersView(wire.uniques(structs), tuple(eaches.values()), tuple(lengths.values()),
                       ("fits",) if lengths else (), wire.knowns(structs))


# ---- the two codec files

@dataclass(frozen=True)
class MessageView:
    """One struct with a code or a content."""
    name: str
    snake: str
    c_type: str
    id: str
    code: str                       # enumerator of the handshake type or the content type
    handshake: str                  # true or false
    versions: str
    sent_by: str
    epochs: tuple                   # of CellView: version, value
    wire_name: str
    argument: str                   # how fpl_message_decode hands its argument on
    comment: str


@dataclass(frozen=True)
class ListFieldView:
    """The extension list of a message."""
    id: str
    snake: str
    list: str
    present: str


@dataclass(frozen=True)
class ConstantView:
    name: str
    length: int
    rows: tuple
    about: str


@dataclass(frozen=True)
class VariantView:
    snake: str
    c_type: str
    name: str
    field: str
    constant: str
    about: str


@dataclass(frozen=True)
class CodecFileView:
    """What codec.h.j2 and codec.c.j2 see; the message tables are empty for extension bodies."""
    guard: str
    header: str
    about: str
    format_check: str
    includes: tuple
    aliases: tuple
    int_lists: tuple
    blocks: tuple
    lists: tuple
    helpers: HelpersView
    records: tuple
    choices: tuple
    whole: tuple                    # of DecodeView: structs, whose writers have no reader beside them
    decodes: tuple
    malformed: tuple                # the alert of form errors


@dataclass(frozen=True)
class EnvelopeView:
    """What messages.h.j2 and messages.c.j2 add to the codecs."""
    header: str
    body: str                       # the codecs, rendered
    messages: tuple
    versions: tuple                 # of CellView: FPL_VERSION_x, bits
    epoch_names: tuple
    lists: tuple
    constants: tuple
    variants: tuple
    format_check: str


def codec_view(wire, structs, types, header, includes, about, exclude_lists=()):
    """Structs (whole) and types (nested), with everything their codecs need."""
    ordered = wire.ordered(types)
    records, choices, blocks, decodes = [], [], [], []
    for struct in ordered + structs:
        nested = struct.name in wire.types
        made = wire.records(struct, nested)
        records += made
        blocks += [StructBlock((r,), ()) for r in made]
        if struct.select is not None:
            choices.append(wire.choice(struct))
            blocks.append(StructBlock((), (choices[-1],)))
        if not nested or struct.name in wire.carried:
            decodes.append(wire.decode(struct))
    listed = {wire.shape(f.type, f.src).base for s in list(wire.types.values()) + list(wire.spec.structs.values())
              if isinstance(s, model.Struct) for _, f in wire.fields_of([s]) if wire.shape(f.type, f.src).what == "structs"}
    lists = tuple(ListView(naming.snake(s.name), naming.c_type(s.name)) for s in ordered if s.name in listed)
    ints = {k: v for k, v in wire.int_lists(ordered + structs).items() if k not in exclude_lists}
    aliases = tuple(MemberView(wire.integer(t.type.base, t.src)[1], naming.c_type(name), f"{comment(t.type.text)}; {place(t.src)}")
                    for name, t in ((n, wire.types[n]) for n in types)
                    if isinstance(t, model.Alias) and wire.integer(name, t.src) is not None)
    return CodecFileView(header.upper().replace(".", "_"), header, about, emit.format_check("engine/table.h"), tuple(includes),
                         aliases, tuple(ints.values()), tuple(blocks), lists, helpers(wire, ordered + structs),
                         tuple(records), tuple(choices), tuple(d for d in decodes if d.name not in wire.types),
                         tuple(decodes), (naming.alert("decode_error"),))


def envelope_view(wire, codecs_h):
    """The messages among the structs, and what is said about each."""
    spec = wire.spec
    known = tuple(v for v in model.VERSIONS if any(v in s.versions for s in spec.structs.values()))
    messages, lists = [], []
    for s in spec.structs.values():
        if s.code is None and s.content is None:
            continue
        code = naming.enumerator("HandshakeType", s.code) if s.code else naming.enumerator("ContentType", s.content)
        epochs = tuple(CellView(f"epoch_{v}", epoch(s.epochs.get(v))) for v in model.VERSIONS)
        argument = ""
        for p, kind in wire.parameters(s).items():
            argument = f"({kind})argument, "
        if s.select is not None:
            argument = f"({naming.c_type(s.select)})argument, "
        messages.append(MessageView(
            s.name, naming.snake(s.name), naming.c_type(s.name), naming.message_id(s.name), code,
            "true" if s.code else "false", version_bits(s.versions), SENT_BY[s.sent_by], epochs, s.code or s.content, argument,
            comment(f"{cite(s.ref)}")))
        for case, fields in s.field_sets():
            for f in fields:
                if f.type.base == EXTENSION and case is None:
                    path = f"msg->as.{naming.snake(s.name)}."
                    lists.append(ListFieldView(naming.message_id(s.name), naming.snake(s.name), path + f.name,
                                               path + f"has_{f.name}" if f.type.optional else "true"))
    versions = (CellView("FPL_VERSION_ANY", version_bits(known)),) + tuple(
        CellView(f"FPL_VERSION_{v.upper()}", f"FPL_USE_{v.upper()}") for v in known)
    constants = tuple(ConstantView(c.name, len(c.bytes), hex_rows(c.bytes), cite(c.ref)) for c in spec.constants.values())
    variants = tuple(VariantView(naming.snake(s.name), naming.c_type(s.name), v.name, v.field, v.constant, cite(v.ref))
                     for s in spec.structs.values() for v in s.variants.values())
    return EnvelopeView("fpl_messages.h", codecs_h, tuple(messages), versions,
                        tuple(f"epoch_{v}" for v in model.VERSIONS), tuple(lists), constants, variants,
                        emit.format_check("engine/table.h"))


def epoch(value):
    """An epoch of the spec as C."""
    if value is None:
        return "FPL_EPOCH_ANY"
    return "FPL_EPOCH_CURRENT" if value == "current" else str(value)


def hex_rows(data):
    """Bytes as lines of an initialiser."""
    return tuple(", ".join(f"0x{b:02x}" for b in data[i:i + 12]) + "," for i in range(0, len(data), 12))


# ---- limits

@dataclass(frozen=True)
class LimitView:
    name: str
    id: str
    macro: str
    value: str
    low: str
    high: str
    setting: str
    unit: str
    about: str


@dataclass(frozen=True)
class SettingView:
    setting: str
    limit: str
    about: str


@dataclass(frozen=True)
class TimerView:
    name: str
    id: str
    initial: str
    maximum: str
    fraction_of: str
    divisor: int


@dataclass(frozen=True)
class LimitsView:
    format_check: str
    settings: tuple
    fixed: tuple
    limits: tuple
    timers: tuple


def literal(value):
    """A number as an unsigned constant."""
    return f"UINT64_C({value})" if value >= 1 << 32 else f"{value}u"


def limits_view(spec):
    """Limits, settings and timers."""
    limits, settings, fixed = [], [], []
    for limit in spec.limits.values():
        setting = f"FPL_SETTING_{naming.upper(limit.setting)}" if limit.setting else "FPL_SETTING_NONE"
        view = LimitView(limit.name, f"FPL_LIMIT_{naming.upper(limit.name)}", f"FPL_LIMIT_VALUE_{naming.upper(limit.name)}",
                         literal(limit.value), literal(limit.low), literal(limit.high), setting, limit.unit,
                         comment(f"{limit.unit}; {limit.why}; {cite(limit.ref)}".replace("; ;", ";")))
        limits.append(view)
        if limit.setting:
            if any(s.setting == setting for s in settings):
                refuse(limit.src, f"two limits with the setting `{limit.setting}`")
            settings.append(SettingView(setting, view.id, comment(setting_text(limit))))
        else:
            fixed.append(view)
    timers = tuple(timer_view(t) for t in spec.timers.values())
    return LimitsView(emit.format_check("engine/table.h"), tuple(settings), tuple(fixed), tuple(limits), timers)


def setting_text(limit):
    """Default, range, unit, why, ref."""
    text = f"Default {limit.value} {limit.unit}, from {limit.low} to {limit.high} ({cite(limit.ref)})"
    return "\n     * ".join(textwrap.wrap(f"{text}: {limit.why}." if limit.why else f"{text}.", 110))


def timer_view(timer):
    """A timer counts from a limit, or is a part of another."""
    name = lambda kind, x: f"FPL_{kind}_{naming.upper(x)}" if x else f"FPL_{kind}_NONE"
    return TimerView(timer.name, name("TIMER_ID", timer.name), name("LIMIT", timer.initial), name("LIMIT", timer.maximum),
                     name("TIMER_ID", timer.quarter_of), 4 if timer.quarter_of else 1)


def limits_markdown(spec):
    """The table of settings for the README."""
    lines = ["| setting | default | range | unit | why | RFC |", "|---|---|---|---|---|---|"]
    for limit in spec.limits.values():
        if limit.setting:
            why = limit.why.replace("|", "\\|")
            lines.append(f"| `FPL_SETTING_{naming.upper(limit.setting)}` | {limit.value} | {limit.low} to {limit.high} "
                         f"| {limit.unit} | {why} | {cite(limit.ref)} |")
    return "\n".join(lines) + "\n"


# ---- the walker

@dataclass(frozen=True)
class VisitListView:
    """A list of integers; `symbol` names the current `item`."""
    snake: str
    c_type: str
    next: str
    symbol: str


@dataclass(frozen=True)
class VisitRecordView:
    snake: str
    c_type: str
    lines: tuple
    unused: tuple


@dataclass(frozen=True)
class VisitBodyView:
    """One way for an extension's body to look."""
    snake: str
    c_type: str


@dataclass(frozen=True)
class VisitUseView:
    """Which body it is, where."""
    type: str
    block: str
    version: str
    visit: str


@dataclass(frozen=True)
class VisitMessageView:
    id: str
    snake: str
    blocks: tuple                   # statements that say which block its extensions are


@dataclass(frozen=True)
class VisitView:
    int_lists: tuple
    lists: tuple                    # of ListView, without Extension
    records: tuple
    choices: tuple
    bodies: tuple
    uses: tuple
    messages: tuple


def symbol(spec, base, value):
    """The name of an integer's value, as a C expression."""
    registry = spec.registries.get(base)
    return f"{naming.c_type(base)}_name({value})" if registry is not None and registry.width != "internal" else "NULL"


def visit_lines(wire, fields):
    """One statement for each field."""
    lines = []
    for f in fields:
        shape, value, name = wire.shape(f.type, f.src), f"in->{f.name}", f'"{f.name}"'
        if shape.what == "int":
            line = f"number(at, {name}, {value}, {symbol(wire.spec, shape.base, value)});"
        elif shape.what in ("octets", "vector", "rest"):
            line = f"octets(at, {name}, {value});"
        elif shape.what == "struct":
            lines.append(f"begin(at, {name});")
            lines.append(f"visit_{naming.snake(shape.base)}(at, &{value});")
            line = "end(at);"
        else:
            line = f"visit_list_of_{naming.snake(shape.base)}(at, {name}, {value});"
        lines.append(f"if (in->has_{f.name}) {{\n        {line}\n    }}" if shape.optional else line)
    return tuple(lines)


def visit_view(wire):
    """Every struct, list and extension body of the spec, for people to look at."""
    spec = wire.spec
    types = [t for t in wire.ordered(list(wire.types)) if t.name != EXTENSION]
    messages = [s for s in spec.structs.values() if s.code or s.content]
    records, choices, ints, listed = [], [], {}, set()
    for s in [wire.types[EXTENSION]] + types + messages:
        for _, f in wire.fields_of([s]):
            shape = wire.shape(f.type, f.src)
            if shape.what == "ints":
                snake = naming.snake(shape.base)
                c_type = SCALARS[shape.base][1] if shape.base in SCALARS else naming.c_type(shape.base)
                ints[snake] = VisitListView(snake, c_type, wire.int_next(shape), symbol(spec, shape.base, "item"))
            if shape.what == "structs":
                listed.add(shape.base)
        if s.name == EXTENSION:
            continue
        if s.select is not None:
            choices.append(wire.choice(s))
        for case, fields in s.field_sets():
            snake = naming.snake(s.name) + (f"_{naming.snake(case)}" if case else "")
            lines = visit_lines(wire, fields)
            records.append(VisitRecordView(snake, f"fpl_{snake}", lines, () if lines else ("(void)at;", "(void)in;")))
    uses = []
    for e in spec.extensions.values():
        for a in e.appears_in:
            visit = f"visit_body_{naming.snake(a.carries)}" if a.carries else "visit_nothing"
            uses.append(VisitUseView(naming.enumerator("ExtensionType", e.name), f"FPL_BLOCK_{naming.upper(a.block)}",
                                     f"FPL_VERSION_{a.version.upper()}", visit))
    bodies = tuple(VisitBodyView(naming.snake(c), naming.c_type(c)) for c in sorted(wire.carried))
    return VisitView(tuple(ints.values()),
                     tuple(ListView(naming.snake(t.name), naming.c_type(t.name)) for t in types if t.name in listed),
                     tuple(records), tuple(choices), bodies, tuple(uses),
                     tuple(VisitMessageView(naming.message_id(s.name), naming.snake(s.name), visit_blocks(spec, s)) for s in messages))


def visit_blocks(spec, struct):
    """Statements that set the block of a message's extensions: by its own name, or by its variant's."""
    known = {b for v in struct.versions for b in spec.blocks(v)}
    lines = []
    if struct.code in known:
        lines.append(f"at.block = FPL_BLOCK_{naming.upper(struct.code)};")
    for v in struct.variants.values():
        if v.name in known:
            snake = naming.snake(struct.name)
            lines.append(f"if (fpl_{snake}_is_{v.name}(&msg->as.{snake})) {{\n            "
                         f"at.block = FPL_BLOCK_{naming.upper(v.name)};\n        }}")
    return tuple(lines)


# ---- all files

def files(spec):
    """{path: text} of everything this module writes."""
    wire = Wire(spec)
    result = {}
    registry_sources = [r.file for r in spec.registries.values()]
    message_sources = registry_sources + [s.file for s in spec.structs.values()] + [t.file for t in spec.types.values()
                                                                                     if not t.file.startswith("spec/extensions/")]
    extension_sources = registry_sources + [e.file for e in spec.extensions.values()]
    limit_sources = [x.src.file for x in (*spec.limits.values(), *spec.timers.values())]

    registries = registries_view(spec)
    result["include/flightplan/registries.h"] = emit.c_source(spec, registry_sources, "registries_public.h.j2", registries)
    result["fpl_registries.h"] = emit.c_source(spec, registry_sources, "registries.h.j2", registries)
    result["fpl_registries.c"] = emit.c_source(spec, registry_sources, "registries.c.j2", registries)

    structs = list(spec.structs.values())
    messages = codec_view(wire, structs, wire.message_types, "fpl_messages.h", ["fpl_registries.h"],
                          "Messages and record bodies: structs of views, decoders, encoders, iterators.")
    result["fpl_messages.h"] = emit.c_source(spec, message_sources, "messages.h.j2",
                                             envelope_view(wire, emit.fill("codec.h.j2", messages).strip("\n")))
    result["fpl_messages.c"] = emit.c_source(spec, message_sources, "messages.c.j2",
                                             envelope_view(wire, emit.fill("codec.c.j2", messages).strip("\n")))
    types = codec_view(wire, [], wire.extension_types, "fpl_extension_types.h", ["fpl_messages.h"],
                       "Bodies of extensions: structs of views, decoders, encoders, iterators.",
                       exclude_lists=wire.int_lists(wire.ordered(wire.message_types) + structs))
    for name in ("h", "c"):
        result[f"fpl_extension_types.{name}"] = emit.c_source(spec, extension_sources + message_sources,
                                                              f"extension_types.{name}.j2", body_view(types, name))

    visit = visit_view(wire)
    for name in ("h", "c"):
        result[f"fpl_visit.{name}"] = emit.c_source(spec, extension_sources + message_sources, f"visit.{name}.j2", visit)

    limits = limits_view(spec)
    result["include/flightplan/limits.h"] = emit.c_source(spec, limit_sources, "limits_public.h.j2", limits)
    result["fpl_limits.h"] = emit.c_source(spec, limit_sources, "limits.h.j2", limits)
    result["fpl_limits.c"] = emit.c_source(spec, limit_sources, "limits.c.j2", limits)
    return result


@dataclass(frozen=True)
class BodyView:
    header: str
    body: str
    format_check: str


def body_view(codecs, name):
    """The codecs alone."""
    return BodyView(codecs.header, emit.fill(f"codec.{name}.j2", codecs).strip("\n"), codecs.format_check)
