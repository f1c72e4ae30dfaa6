"""What authors define, fpl_functions.h, and the doors through which tables reach it, fpl_thunks.h and .c.

A function is typed by its key `takes`; tables hand every function the whole message. The thunk between
them hands over the one member of the union that the function takes.
"""

from dataclasses import dataclass

from . import emit, naming
from .c_text import cite, refuse
from .table_text import caps, function_name, outcome_id, string, thunk_name, wrapped

FILE = "spec/functions.yaml"


# ---- which functions tables name

@dataclass(frozen=True)
class Used:
    """Names that machines and flights call, sorted."""
    classify: tuple
    check: tuple
    act: tuple


def used(spec):
    """The functions that tables reach; every one of them has its line in functions.yaml."""
    named = {"classify": {}, "check": {}, "act": {}}

    def note(kind, names, src):
        for name in names:
            named[kind].setdefault(name, src)

    for machine in spec.machines.values():
        for row in machine.all_rows():
            note("classify", [row.select] if row.select else [], row.src)
            for outcome in row.outcomes.values():
                note("classify", outcome.settles, outcome.src_of("settles"))
                note("check", [c.check for c in outcome.require], outcome.src_of("require"))
                note("act", outcome.do, outcome.src_of("do"))
        for flight in machine.flights.values():
            for line in flight.lines:
                note("classify", line.when, line.src)
                note("act", line.then, line.src)
    for kind, names in named.items():
        for name, src in names.items():
            if spec.function(kind, name) is None:
                refuse(src, f"no {kind} function `{name}` in functions.yaml; add it there")
    return Used(*(tuple(sorted(names)) for names in named.values()))


# ---- prototypes

@dataclass(frozen=True)
class Prototype:
    words: tuple                    # comment lines
    text: str
    outcomes: tuple = ()
    tag: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    prototypes: tuple


@dataclass(frozen=True)
class FunctionsHeader:
    groups: tuple


def contract(function):
    """The comment of a prototype: name, contract, section."""
    words = f"{function_name(function)}: {function.doc}" if function.doc else function_name(function)
    if function.ref:
        words += f" ({cite(function.ref)})"
    return wrapped(words)


def parameters(first, pointer, name):
    return f"({first}" + (f", const {naming.c_type(pointer)} *{name})" if pointer else ")")


def prototypes(spec, hooks):
    """The groups of fpl_functions.h; `hooks` maps each hook named by an extension to build or accept."""
    enums, groups = {}, []
    for f in spec.functions_of("classify"):
        enums[f.name] = tuple([outcome_id(f.name, "none")] + [outcome_id(f.name, o) for o in f.outcomes])
    groups.append(Group("Classifiers: pure; the answer picks the outcome of the row.", tuple(
        Prototype(contract(f), f"fpl_{f.name}_answer {function_name(f)}{parameters('const fpl_conn *conn', f.takes, 'msg')};",
                  enums[f.name], f"fpl_{f.name}_answer") for f in spec.functions_of("classify"))))
    groups.append(Group("Checks: pure; true means that the peer obeyed, false the alert beside it.", tuple(
        Prototype(contract(f), f"bool {function_name(f)}{parameters('const fpl_conn *conn', f.takes, 'msg')};")
        for f in spec.functions_of("check"))))
    groups.append(Group("Actions: they fail only with what is no fault of the peer.", tuple(
        Prototype(contract(f), f"fpl_status {function_name(f)}{parameters('fpl_conn *conn', f.takes, 'msg')};")
        for f in spec.functions_of("act"))))
    groups.append(Group("Builders of extensions: write the body, or say FPL_OMIT.", tuple(
        Prototype(contract(f), f"fpl_presence {function_name(f)}(const fpl_conn *conn, fpl_writer *w);")
        for f in spec.functions_of("hook") if hooks.get(f.name) == "build")))
    groups.append(Group("Takers of extensions that passed every check; run at the row's `do`.", tuple(
        Prototype(contract(f), f"fpl_status {function_name(f)}{parameters('fpl_conn *conn', f.takes, 'ext')};")
        for f in spec.functions_of("hook") if hooks.get(f.name) == "accept")))
    groups.append(Group("Checks of extensions, like the others.", tuple(
        Prototype(contract(f), f"bool {function_name(f)}{parameters('const fpl_conn *conn', f.takes, 'ext')};")
        for f in spec.functions_of("extension_check"))))
    groups.append(Group("Builders of messages: write the body without the handshake header; false when it did not fit.", tuple(
        Prototype(contract(f), f"bool {function_name(f)}(const fpl_conn *conn, fpl_writer *w);")
        for f in spec.functions_of("build"))))
    return tuple(groups)


# ---- thunks

@dataclass(frozen=True)
class Thunk:
    name: str
    call: str                       # fpl_check_x(conn, &msg->as.server_hello)
    ignores_message: bool
    classifier: str = ""
    fixed: str = ""
    outcomes: tuple = ()            # (enumerator, name) pairs as Choice


@dataclass(frozen=True)
class Choice:
    id: str
    text: str


@dataclass(frozen=True)
class Thunks:
    format_check: str
    classifiers: tuple
    checks: tuple
    actions: tuple


def thunk(spec, kind, name):
    f = spec.function(kind, name)
    call = f"{function_name(f)}(conn, &msg->as.{naming.snake(f.takes)})" if f.takes else f"{function_name(f)}(conn)"
    fixed = f"FPL_FIXED_{caps(name)} + 1" if f.fixed else "0"
    return Thunk(thunk_name(kind, name), call, f.takes is None, f"fpl_classifier_{name}", fixed,
                 tuple(Choice(outcome_id(name, o), string(o)) for o in f.outcomes))


def thunks(spec):
    names = used(spec)
    return Thunks(emit.format_check("engine/table.h"), tuple(thunk(spec, "classify", n) for n in names.classify),
                  tuple(thunk(spec, "check", n) for n in names.check), tuple(thunk(spec, "act", n) for n in names.act))


def files(spec, hooks):
    """{path below generated/: text}; `hooks` as for prototypes."""
    everything = [m.file for m in spec.machines.values()] + [FILE] + [e.file for e in spec.extensions.values()]
    reached = [m.file for m in spec.machines.values()] + [FILE]
    return {
        "fpl_functions.h": emit.c_source(spec, everything, "functions.h.j2", FunctionsHeader(prototypes(spec, hooks))),
        "fpl_thunks.h": emit.c_source(spec, reached, "thunks.h.j2", thunks(spec)),
        "fpl_thunks.c": emit.c_source(spec, reached, "thunks.c.j2", thunks(spec)),
    }
