"""The walker of the `decode` tool, fpl_visit.*: every field of every message, by name."""

from dataclasses import dataclass

from . import naming
from .wire import EXTENSION, SCALARS, ListView


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
