"""From the wire formats of the spec to structs, readers and writers of C.

A field of the spec becomes one member of a C struct:

    T, an integer or a registry      that integer              array opaque[n], rest    fpl_bytes
    T, a struct                      the struct                T<a..b>                  fpl_bytes and an iterator
    optional T<a..b>                 bool has_NAME besides

Views point into the caller's bytes. Decoders validate every element of every list, so iterators
cannot fail midway. What a spec may say and nobody has needed yet is refused, not guessed.
"""

from dataclasses import dataclass

from . import model, naming
from .c_text import cite, comment, place, refuse
from .errors import Src

SCALARS = {"uint8": (1, "uint8_t"), "uint16": (2, "uint16_t"), "uint24": (3, "uint32_t"),
           "uint32": (4, "uint32_t"), "uint64": (8, "uint64_t")}
EXTENSION = "Extension"


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


def bound_text(constraint):
    """When a constraint binds, if not always."""
    return f" while that is below {constraint.while_below}" if constraint.while_below is not None else ""


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
        src = Src("codegen/wire.py", 0)
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
            if constraint.while_below is not None:
                broken = f"{value[1]} < {constraint.while_below} && {broken}"
        elif kind == "length_from_registry" and shape.c_type == "fpl_bytes":
            broken = self.length_broken(constraint, field, fields)
        else:
            refuse(constraint.src, f"`{kind}` of a field like {field.name} is not implemented")
        where = f'FPL_NAME("{struct.name}.{field.name}")'
        text = f"{place(constraint.src)}  {field.name} {kind.replace('_', ' ')} {self.value_text(constraint.value)}{bound_text(constraint)}: {cite(constraint.ref)}"
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
