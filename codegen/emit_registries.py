"""Registries as integers, enumerators and rows: registries.h for everybody, fpl_registries.* for us."""

from dataclasses import dataclass

from . import emit, model, naming
from .c_text import CellView, cite, comment, refuse, version_bits
from .lint_registries import NOTHING


@dataclass(frozen=True)
class EntryView:
    name: str                       # as the spec writes it
    enumerator: str
    value: str
    ref: str
    cells: tuple                    # of CellView: the row, from .value on


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
    if value == NOTHING and spec.registries[kind].width == "internal":
        return f"FPL_{naming.upper(kind)}_NONE"
    if kind not in spec.registries or value not in spec.registries[kind].entries:
        refuse(entry.src, f"`{column}: {value}` names no entry of {kind}")
    return naming.enumerator(kind, value)
