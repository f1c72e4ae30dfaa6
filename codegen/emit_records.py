"""What becomes of a record before any machine sees it: one cell for each content, epoch class and phase."""

from dataclasses import dataclass

from . import emit, naming
from .c_text import cite, refuse
from .model import EPOCH_CLASSES, PHASES
from .table_text import caps

CONTENTS = ("change_cipher_spec", "alert", "handshake", "application_data", "ack", "unknown")


@dataclass(frozen=True)
class Cell:
    index: str
    value: str


@dataclass(frozen=True)
class Content:
    index: str
    cells: tuple


@dataclass(frozen=True)
class RecordTable:
    name: str
    version: str
    about: str
    file: str
    contents: tuple
    breaches: tuple


@dataclass(frozen=True)
class RecordTables:
    format_check: str
    tables: tuple


def expand(words, everything):
    """`any` as all of them."""
    return everything if "any" in words else words


def record_table(spec, records):
    """One cell for each content, epoch and phase; a content type of another version is as unknown as any number."""
    entries = spec.registries["ContentType"].entries
    named = {c for row in records.rows for c in row.content}
    strange = tuple(c for c in CONTENTS if c not in named and (
        c not in entries or entries[c].use is not None and records.version not in entries[c].use))
    cells = {}
    for row in records.rows:
        contents = expand(row.content, CONTENTS)
        contents += strange if "unknown" in contents else ()
        for content in dict.fromkeys(contents):
            for epoch in expand(row.epoch, EPOCH_CLASSES[records.version]):
                for phase in expand(row.phase, PHASES):
                    if (content, epoch, phase) in cells:
                        refuse(row.src, f"{content} x {epoch} x {phase} has a row already; each has exactly one")
                    cells[content, epoch, phase] = Cell(f"[FPL_EPOCH_CLASS_{caps(epoch)}][FPL_PHASE_{caps(phase)}]",
                                                        f"{{FPL_RECORD_{caps(row.do)}, {row.src.line}}}")
    classes = [(epoch, phase) for epoch in EPOCH_CLASSES[records.version] for phase in PHASES]
    missing = [(c, *rest) for c in CONTENTS for rest in classes if (c, *rest) not in cells]
    if missing:
        refuse(records.src, f"no row for {' x '.join(missing[0])}; each content, epoch and phase has exactly one")
    contents = tuple(Content(f"[FPL_CONTENT_{caps(c)}]", tuple(cells[(c, *rest)] for rest in classes)) for c in CONTENTS)
    return RecordTable(f"fpl_records_{records.version}", records.version, cite(records.ref), records.file, contents,
                       tuple(breaches(records)))


def breaches(records):
    """The answers to breaches; to a message of an old epoch, as the row says that takes only duplicates there."""
    found = [(b.name, b.alert, b.ref, b.src.line) for b in records.breaches.values()]
    found += [("old_epoch", row.new_message, row.ref, row.src.line) for row in records.rows if row.new_message][:1]
    for name, alert, ref, line in found:
        said = naming.alert(alert) if alert else "FPL_NO_ALERT"
        yield Cell(f"[FPL_BREACH_{caps(name)}]", f'{{FPL_NAME("{name.replace("_", " ")}"), FPL_NAME("{ref}"), {said}, {line}}}')


def files(spec):
    """{path below generated/: text}"""
    tables = RecordTables(emit.format_check("engine/table.h"), tuple(record_table(spec, r) for r in spec.records.values()))
    sources = [r.file for r in spec.records.values()]
    return {"fpl_records.h": emit.c_source(spec, sources, "records.h.j2", tables),
            "fpl_records.c": emit.c_source(spec, sources, "records.c.j2", tables)}
