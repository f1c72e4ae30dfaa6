"""Registries: code points fit and are unique, columns hold what they say."""

NOTHING = "none"               # in a column: the entry has none, and says so
WIDTHS = {"uint8": 0xff, "uint16": 0xffff, "internal": 0xff}


def code_points(spec, add):
    """Values fit and are unique; 0 is never an internal value; columns hold what they say."""
    for registry in spec.registries.values():
        seen = {}
        for entry in registry.entries.values():
            if entry.value > WIDTHS[registry.width]:
                add(entry.src, f"value {entry.value:#x} of `{entry.name}` does not fit {registry.width}; correct it")
            if registry.width == "internal" and entry.value == 0:
                add(entry.src, f"value 0 of `{entry.name}`; internal registries begin with 1, 0 means none")
            if entry.value in seen:
                add(entry.src, f"value {entry.value:#x} of `{entry.name}` is also that of `{seen[entry.value]}`; correct one")
            seen[entry.value] = entry.name
            entry_columns(spec, registry, entry, add)
        for column, kind in registry.columns.items():
            if kind != "number" and kind not in spec.registries:
                add(registry.src, f"column `{column}` holds entries of `{kind}`, which is no registry; name one, or number")


def entry_columns(spec, registry, entry, add):
    """One entry's columns: declared, filled where the entry is in use, and of the right kind."""
    for column, value in entry.columns.items():
        kind = registry.columns.get(column)
        if kind is None:
            add(entry.src, f"unknown key `{column}` of `{entry.name}`; declare it under `columns`, or delete it")
        elif kind == "number":
            if not isinstance(value, int):
                add(entry.src, f"`{column}: {value}` of `{entry.name}`; the column holds numbers")
        elif kind in spec.registries and value not in spec.registries[kind].entries and (value != NOTHING or spec.registries[kind].width != "internal"):
            add(entry.src, f"`{column}: {value}` of `{entry.name}` is no entry of {kind}; write one of {', '.join(spec.registries[kind].entries)}")
    if entry.use != ():
        for column in registry.columns:
            if column not in entry.columns:
                add(entry.src, f"`{entry.name}` is in use but has no `{column}`; add it, or `use: []`")


RULES = (code_points,)
