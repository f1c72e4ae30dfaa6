"""Extensions as tables: where each may stand, its form, its hooks and checks, in which order they run.

    files(spec)          # {path below generated/: text}
    hook_kinds(spec)     # {hook: build or accept}, as the extensions name them
    blocks(spec)         # the blocks that extensions stand in

What the kinds of policy add is the business of extension_policies.py.
"""

from dataclasses import dataclass

from . import emit, naming
from .c_text import cite, refuse
from .extension_policies import Check, Member, part_of
from .model import VERSIONS
from .table_text import block_id, broken, caps, function_name, string, version_id

MAX_EXTENSIONS = 63                # a mask of 64 bits has bit 0 for "none"
RULES = ("duplicate", "known_in_wrong_message", "answered_not_offered", "unknown_in_request", "malformed")


# ---- views

@dataclass(frozen=True)
class Use:
    """One extension in one block."""
    id: str
    fields: tuple
    checks_name: str
    checks: tuple


@dataclass(frozen=True)
class Block:
    name: str                       # dtls12_client_hello
    version: str
    id: str
    uses: tuple
    order: tuple
    fields: tuple


@dataclass(frozen=True)
class Known:
    id: str
    type: str
    name: str
    about: str


@dataclass(frozen=True)
class Offer:
    suite: str
    ids: tuple


@dataclass(frozen=True)
class Rule:
    id: str
    alert: str
    name: str
    ref: str


@dataclass(frozen=True)
class Form:
    """Whether a body has the form of a type; `nothing` has none."""
    name: str
    c_type: str
    decode: str


@dataclass(frozen=True)
class Typed:
    """A door from a body to a typed hook or check."""
    name: str
    c_type: str
    decode: str
    call: str


@dataclass(frozen=True)
class Extensions:
    format_check: str
    known: tuple
    rules: tuple
    settings: tuple
    results: tuple
    defaults: tuple
    api: tuple
    forms: tuple
    accepts: tuple
    checks: tuple
    parts: tuple
    blocks: tuple
    offers: tuple


# ---- small questions

def extension_id(name):
    return f"FPL_EXTENSION_{caps(name)}"


def blocks(spec):
    """Every extension block that an extension, a rule or a row names, in a fixed order."""
    named = [a.block for e in spec.extensions.values() for a in e.appears_in]
    named += list(spec.rules.requests) if spec.rules else []
    for machine in spec.machines.values():
        named += [o.extensions for row in machine.all_rows() for o in row.outcomes.values() if o.extensions]
    return tuple(sorted(set(named)))


def hook_kinds(spec):
    """How each hook is named; one that is named both ways has no prototype that fits."""
    kinds = {}
    for extension in spec.extensions.values():
        for hooks in extension.policy.hooks.values():
            for kind, name in (("build", hooks.build), ("accept", hooks.accept)):
                if name is not None and kinds.setdefault(name, kind) != kind:
                    refuse(hooks.src, f"hook `{name}` both builds and accepts; name two")
    return kinds


# ---- doors to typed functions

def typed(spec, kind, name, takes, prefix, src):
    """A static function that decodes the body and calls the author's."""
    function = spec.function(kind, name)
    if function is None:
        refuse(src, f"`{name}` is no {kind} of functions.yaml; define it there")
    if function.takes != takes:
        refuse(src, f"`{name}` takes {function.takes or 'none'}, but the body is {takes or 'nothing'}; split it or change `takes`")
    if takes is None:
        return Typed(prefix + name, "", "", f"{function_name(function)}(conn)")
    return Typed(prefix + name, naming.c_type(takes), f"fpl_decode_{naming.snake(takes)}", f"{function_name(function)}(conn, &ext)")


def doors(spec):
    """(accepts, checks) of all extensions, each once."""
    accepts, checks = {}, {}
    for extension in spec.extensions.values():
        for a in extension.appears_in:
            hooks = extension.policy.hooks.get(a.role)
            if hooks is not None and hooks.accept:
                door = typed(spec, "hook", hooks.accept, a.carries, "accept_", hooks.src)
                accepts[door.name] = door
            for check in extension.checks.get(a.role, ()):
                door = typed(spec, "extension_check", check.check, a.carries, "check_", check.src)
                checks[door.name] = door
    return tuple(accepts[n] for n in sorted(accepts)), tuple(checks[n] for n in sorted(checks))


def forms(spec):
    """One decoder of form for each type that is carried."""
    types = sorted({a.carries for e in spec.extensions.values() for a in e.appears_in if a.carries})
    return tuple(Form(f"form_{naming.snake(t)}", naming.c_type(t), f"fpl_decode_{naming.snake(t)}") for t in types)


# ---- blocks

def in_write_order(spec):
    """Extensions in the order in which we write them: that of their files, but for those that _rules.yaml puts first or last."""
    rules, files = spec.rules, list(spec.extensions)

    def place(extension):
        name = extension.name
        if name == rules.last_in_client_hello:
            return (3, 0)
        if name in rules.written_last:
            return (2, rules.written_last.index(name))
        return (0, rules.written_first.index(name)) if name in rules.written_first else (1, files.index(name))

    return sorted(spec.extensions.values(), key=place)


def accept_order(appearances):
    """Places of (extension, appearance) pairs such that each comes after those it names in process_after."""
    names, order = [e.name for e, _ in appearances], []
    while len(order) < len(appearances):
        ready = [i for i, (_, a) in enumerate(appearances) if i not in order
                 and all(n not in names or names.index(n) in order for n in a.process_after)]
        if not ready:
            refuse(appearances[0][1].src, "process_after runs in a circle; break it")
        order.append(ready[0])
    return tuple(order)


def use_of(spec, extension, appearance, part, name):
    """One row of a block's table."""
    key = (appearance.version, appearance.block)
    checks = tuple(Check(f"check_{c.check}", naming.alert(c.alert), c.check, c.ref)
                   for c in extension.checks.get(appearance.role, ())) + tuple(part.checks.get(key, ()))
    fields = [f".extension = {extension_id(extension.name)}"]
    if key in part.build:
        fields.append(f".build = {part.build[key]}")
    fields.append(f".decode = form_{naming.snake(appearance.carries) if appearance.carries else 'nothing'}")
    if key in part.accept:
        fields.append(f".accept = {part.accept[key]}")
    table = f"checks_{name}_{extension.name}"
    if checks:
        fields += [f".checks = {table}", f".num_checks = {len(checks)}"]
    fields.append(".absent_alert = " + (naming.alert(appearance.absent) if appearance.absent else "FPL_NO_ALERT"))
    if appearance.unsolicited:
        fields.append(".unsolicited = true")
    if appearance.only_after:
        fields.append(f".only_after = {block_id(appearance.only_after)}")
    fields.append(f".ref = {string(extension.ref)}")
    return Use(extension_id(extension.name), tuple(f + "," for f in fields), table, checks)


def block_view(spec, version, block, parts):
    """The table of one block. FPL_VERSION_ANY has the requests of a client that starts both versions."""
    name = f"{version}_{block}"
    wanted = tuple(reversed(VERSIONS)) if version == "any" else (version,)
    here = []
    for extension in in_write_order(spec):
        found = [a for v in wanted if (a := extension.appearance(v, block)) is not None]
        here += [(extension, a) for a in found[:1]]
    request = block in spec.rules.requests
    known = {e.name for e, _ in here}
    others = [extension_id(e.name) for e in spec.extensions.values()
              if request and e.name not in known and any(a.block == block for a in e.appears_in)]
    structs = [s for v in wanted if (s := spec.message(block, v)) is not None]
    optional = any(f.type.base == "Extension" and f.type.optional for s in structs for _, fields in s.field_sets() for f in fields)
    fields = [f".name = {string(block)}"]
    if here:
        fields += [f".uses = uses_{name}", f".num_uses = {len(here)}", f".accept_order = order_{name}"]
    if others:
        *bars, last = broken(".other_version = " + " | ".join(f"UINT64_C(1) << {o}" for o in others))
        fields += [*bars, last]
    if block == "client_hello" and spec.rules.last_in_client_hello in known:
        fields.append(f".last = {extension_id(spec.rules.last_in_client_hello)}")
    if request:
        fields.append(".request = true")
    if optional:
        fields.append(".omit_when_empty = true")
    uses = tuple(use_of(spec, e, a, parts[e.name], name) for e, a in here)
    return Block(name, version_id(version), block_id(block), uses, accept_order(here) if here else (),
                 tuple(f if f.endswith(" |") else f + "," for f in fields))


def has_block(spec, version, block):
    """Does a version have it? A message with extensions may have an empty one; a variant stands where some extension does."""
    struct = spec.message(block, version)
    return (any(e.appearance(version, block) for e in spec.extensions.values())
            or struct is not None and struct.code == block and struct.has_extensions)


def block_views(spec, parts):
    """Every block that a version has a message or an extension for."""
    views = []
    for block in blocks(spec):
        having = [v for v in VERSIONS if has_block(spec, v, block)]
        views += [block_view(spec, v, block, parts) for v in having]
        if len(having) > 1 and block in spec.rules.requests:
            views.append(block_view(spec, "any", block, parts))
    return tuple(views)


# ---- all

def members(groups):
    """The members of a struct, which has at least one."""
    return sum(groups, ()) or (Member("char nothing", "an empty struct is no C"),)


def view(spec):
    """What both headers and the source see."""
    extensions = list(spec.extensions.values())
    if len(extensions) > MAX_EXTENSIONS:
        refuse(extensions[MAX_EXTENSIONS].src, f"more than {MAX_EXTENSIONS} extensions; widen the masks of engine/extensions.h")
    parts = {e.name: part_of(spec, e) for e in extensions}
    made = list(parts.values())
    accepts, checks = doors(spec)
    rules = []
    for name in RULES:
        rule = spec.rules.rules.get(name)
        if rule is None:
            refuse(spec.rules.src, f"rule `{name}` is missing; say its alert, or ignore")
        alert = naming.alert(rule.alert) if rule.alert else "FPL_NO_ALERT"
        rules.append(Rule(f"FPL_EXTENSION_RULE_{caps(name)}", alert, string(name), string(rule.ref)))
    offers = {}
    for e in extensions:
        for a in e.appears_in:
            if a.also_offered_by:
                offers.setdefault(naming.enumerator("CipherSuite", a.also_offered_by), []).append(extension_id(e.name))
    return Extensions(
        emit.format_check("engine/table.h"),
        tuple(Known(extension_id(e.name), naming.enumerator("ExtensionType", e.name), string(e.name), cite(e.ref))
              for e in extensions),
        tuple(rules), members(p.settings for p in made), members(p.results for p in made), sum((p.defaults for p in made), ()),
        sum((p.api for p in made), ()), forms(spec), accepts, checks, tuple(p.code for p in made if p.code),
        block_views(spec, parts), tuple(Offer(s, tuple(dict.fromkeys(ids))) for s, ids in offers.items()))


def files(spec):
    """{path below generated/: text}"""
    if spec.rules is None:
        return {}
    shown = view(spec)
    sources = sorted({e.file for e in spec.extensions.values()} | {spec.rules.src.file})
    return {path: emit.c_source(spec, sources, template, shown) for path, template in (
        ("include/flightplan/extensions.h", "extensions_public.h.j2"),
        ("fpl_extensions.h", "extensions.h.j2"),
        ("fpl_extensions.c", "extensions.c.j2"))}
