"""Bytes: registries, wire formats, extensions, and what becomes of records."""

from .model import Alias, SCALARS, Struct, VERSIONS

WIDTHS = {"uint8": 0xff, "uint16": 0xffff, "internal": 0xff}
EPOCH_CLASSES = {"dtls12": ("zero", "readable", "next", "other"), "dtls13": ("zero", "readable", "older", "next", "other")}
PHASES = ("plain", "keyed", "connected")
DEEDS = {"reassemble": ("handshake",), "new_association": ("handshake",), "duplicates_only": ("handshake",),
         "deliver": ("application_data",), "machine": ("alert", "change_cipher_spec", "ack")}


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
        elif kind in spec.registries and value not in spec.registries[kind].entries:
            add(entry.src, f"`{column}: {value}` of `{entry.name}` is no entry of {kind}; write one of {', '.join(spec.registries[kind].entries)}")
    if entry.use != ():
        for column in registry.columns:
            if column not in entry.columns:
                add(entry.src, f"`{entry.name}` is in use but has no `{column}`; add it, or `use: []`")


def all_structs(spec):
    """Structs and struct types alike."""
    return [*spec.structs.values(), *(t for t in spec.types.values() if isinstance(t, Struct))]


def resolve(spec, name):
    """Follows aliases: what a base name finally is (a Struct, a Registry, or a scalar's name)."""
    seen = set()
    while isinstance(spec.types.get(name), Alias) and name not in seen:
        seen.add(name)
        name = spec.types[name].type.base
    return spec.types.get(name) or spec.registries.get(name) or (name if name in SCALARS else None)


def field_types(spec, add):
    """Every field is made of something; `rest` and `optional` stand last; no type contains itself."""
    for alias in spec.types.values():
        if isinstance(alias, Alias) and resolve(spec, alias.type.base) is None:
            add(alias.src, f"no type `{alias.type.base}`; write a scalar, a registry or a type of `types`")
    for name in set(spec.types) & set(spec.registries):
        add(spec.types[name].src, f"`{name}` is a registry too; rename the type")
    for struct in all_structs(spec):
        for _, fields in struct.field_sets():
            for index, field in enumerate(fields):
                base = field.type.base
                if base == "Extension":
                    if struct.code is None:
                        add(field.src, f"`{field.name}`: only a handshake message holds extensions; use another type")
                elif resolve(spec, base) is None:
                    add(field.src, f"no type `{base}`; write a scalar, a registry or a type of `types`")
                elif base in spec.registries and spec.registries[base].width == "internal":
                    add(field.src, f"`{base}` is internal, it never stands on the wire; use another type")
                if (field.type.optional or field.type.kind == "rest") and index != len(fields) - 1:
                    add(field.src, f"`{field.name}` is {field.type.text.split(' ')[0]} but not last; it must be the last field")
    for struct in all_structs(spec):
        if contains(spec, struct.name, struct, set()):
            add(struct.src, f"`{struct.name}` contains itself; a type must end somewhere")


def contains(spec, name, struct, seen):
    """Does a struct contain the type `name`, at any depth?"""
    for _, fields in struct.field_sets():
        for field in fields:
            if field.type.base == name:
                return True
            inner = resolve(spec, field.type.base)
            if isinstance(inner, Struct) and inner.name not in seen:
                seen.add(inner.name)
                if contains(spec, name, inner, seen):
                    return True
    return False


def constraints(spec, add):
    """Each constraint binds a field that it can bind."""
    for struct in all_structs(spec):
        for constraint in struct.constraints:
            for message in constraint_problems(spec, struct, constraint):
                add(constraint.src, message)


def constraint_problems(spec, struct, constraint):
    """What is wrong with one constraint."""
    fields = {f.name: f for _, fs in struct.field_sets() for f in fs}
    field = fields.get(constraint.field)
    if field is None:
        yield f"`{struct.name}` has no field `{constraint.field}`; name one of {', '.join(fields)}"
        return
    base = resolve(spec, field.type.base)
    if constraint.kind in ("equals", "at_least", "at_most") and (field.type.kind != "one" or isinstance(base, Struct)):
        yield f"`{constraint.kind}` binds numbers, and `{field.name}` is {field.type.text}; bind another field"
    if constraint.kind in ("multiple_of", "unique_by") and field.type.kind != "vector":
        yield f"`{constraint.kind}` binds vectors, and `{field.name}` is {field.type.text}; bind another field"
    if constraint.kind == "unique_by" and field.type.kind == "vector":
        if not isinstance(base, Struct) or constraint.value not in {f.name for f in base.fields}:
            yield f"`unique_by: {constraint.value}` is no field of {field.type.base}; name one"
    if constraint.kind == "length_from_registry":
        key, column = constraint.value
        registry = resolve(spec, fields[key].type.base) if key in fields else None
        if key not in fields or getattr(registry, "columns", None) is None:
            yield f"`{key}` is no field that holds an entry of a registry; name one"
        elif registry.columns.get(column) != "number":
            yield f"{registry.name} has no column of numbers `{column}`; name one"


def messages(spec, add):
    """A message says who sends it, where it belongs and where the RFC is; versions share no code."""
    taken = {}
    for struct in spec.structs.values():
        if not struct.ref:
            add(struct.src, f"`{struct.name}` has no ref; cite the section that defines it")
        if struct.code and struct.content:
            add(struct.src, f"`{struct.name}` is a message and a record body; keep `code` or `content`")
        if struct.code or struct.content:
            if not struct.versions or not struct.sent_by:
                add(struct.src, f"`{struct.name}` does not say `versions` and `sent_by`; add them")
            registry = spec.registries.get("HandshakeType" if struct.code else "ContentType")
            if registry and (struct.code or struct.content) not in registry.entries:
                add(struct.src, f"`{struct.code or struct.content}` is no entry of {registry.name}; write one that is")
        if struct.code and set(struct.epochs) != set(struct.versions):
            add(struct.src, f"`{struct.name}` gives epochs for {', '.join(struct.epochs) or 'no version'}; give one for each of `versions`")
        for version in struct.versions if struct.code else ():
            if (version, struct.code) in taken:
                add(struct.src, f"`{struct.code}` of {version} is also {taken[version, struct.code]}; one struct per message and version")
            taken[version, struct.code] = struct.name
    for struct in all_structs(spec):
        if struct.select:
            select_cases(spec, struct, add)
        elif struct.cases:
            add(struct.src, f"`{struct.name}` has cases but no `select`; name the registry that chooses")


def select_cases(spec, struct, add):
    """`select` names an internal registry, and each of its entries has a case."""
    registry = spec.registries.get(struct.select)
    if registry is None or registry.width != "internal":
        add(struct.src, f"`select: {struct.select}` of `{struct.name}`; name an internal registry")
        return
    if struct.fields:
        add(struct.src, f"`{struct.name}` has `fields` beside `select`; write them in each case")
    for entry in registry.entries:
        if entry not in struct.cases:
            add(struct.src, f"`{struct.name}` has no case for `{entry}` of {registry.name}; add it")
    for case in struct.cases:
        if case not in registry.entries:
            add(struct.src, f"case `{case}` of `{struct.name}` is no entry of {registry.name}; delete it")


def extension_names(spec, add):
    """Extensions are entries of ExtensionType, one file each; the rules exist; blocks are messages."""
    registry = spec.registries.get("ExtensionType")
    entries = registry.entries if registry else {}
    for extension in spec.extensions.values():
        if extension.name not in entries:
            add(extension.src, f"`{extension.name}` is no entry of ExtensionType; add it with its RFC")
        elif entries[extension.name].use == ():
            add(extension.src, f"`{extension.name}` says `use: []` in ExtensionType but has a file; delete one of the two")
    for entry in entries.values():
        if entry.use != () and entry.name not in spec.extensions:
            add(entry.src, f"extension `{entry.name}` has no file in extensions/; write one, or `use: []`")
    if spec.extensions and spec.rules is None:
        some = next(iter(spec.extensions.values()))
        add(some.src, "extensions/_rules.yaml is missing; every spec with extensions has it")
    for extension in spec.extensions.values():
        for appearance in extension.appears_in:
            struct = spec.message(appearance.block, appearance.version)
            if struct is None or not struct.has_extensions:
                add(appearance.src, f"`{appearance.block}` is no message of {appearance.version} with extensions; name one")
            for other in appearance.process_after:
                if other not in spec.extensions:
                    add(appearance.src, f"`process_after` names `{other}`, which is no extension of the spec; delete it")
            if appearance.also_offered_by:
                entry = spec.registries["CipherSuite"].entries.get(appearance.also_offered_by)
                if entry is None or entry.use != ():
                    add(appearance.src, f"`also_offered_by: {appearance.also_offered_by}`; name an entry of CipherSuite with `use: []`")
    blocks = {a.block for e in spec.extensions.values() for a in e.appears_in}
    for block in spec.rules.requests if spec.rules else ():
        if block not in blocks:
            add(spec.rules.src, f"`requests` names `{block}`, in which no extension appears; delete it")


def extension_bodies(spec, add):
    """Bodies, hooks and checks fit each other."""
    for extension in spec.extensions.values():
        carried = {}
        for appearance in extension.appears_in:
            known = carried.setdefault(appearance.role, appearance.carries)
            if known != appearance.carries:
                add(appearance.src, f"role `{appearance.role}` carries `{known}` elsewhere; one role, one type")
            if appearance.carries and not isinstance(spec.types.get(appearance.carries), Struct):
                add(appearance.src, f"`{appearance.carries}` is no type with fields; write one under `types`, or nothing")
        policy_fits(spec, extension, carried, add)
        for role, checks in extension.checks.items():
            if role not in carried:
                add(checks[0].src, f"no message has `{extension.name}` as `{role}`; write one of {', '.join(carried)}")
            for check in checks:
                takes_body(spec, check.check, carried.get(role), role, check.src, add)


def policy_fits(spec, extension, carried, add):
    """The keys of a policy are those of its kind."""
    policy, name = extension.policy, extension.name
    if policy.kind == "flag" and any(carried.values()):
        add(policy.src, f"`{name}` is a flag but carries something; carry nothing, or take another kind")
    if policy.kind != "custom" and policy.hooks:
        add(policy.src, f"`{name}` has hooks, which only `kind: custom` calls; delete them")
    if policy.kind == "flag" and not (policy.local and policy.result):
        add(policy.src, f"`{name}` is a flag without `local` and `result`; name the config's and the connection's field")
    if policy.kind == "choose_one":
        for key in ("list", "preference", "no_overlap"):
            if key not in policy.options:
                add(policy.src, f"`{name}` chooses one but has no `{key}`; add it")
        if not (policy.local and policy.result):
            add(policy.src, f"`{name}` chooses one without `local` and `result`; name the config's and the connection's field")
        for carries in set(carried.values()):
            body = spec.types.get(carries)
            field = next((f for f in getattr(body, "fields", ()) if f.name == policy.options.get("list")), None)
            if field is None or field.type.kind != "vector":
                add(policy.src, f"`list: {policy.options.get('list')}` is no vector of `{carries}`; name one")
    elif policy.kind != "announce" and policy.options:
        add(policy.src, f"{', '.join(f'`{k}`' for k in policy.options)} says nothing about `kind: {policy.kind}`; delete it")
    if policy.kind == "custom":
        for role in carried:
            if role not in policy.hooks:
                add(policy.src, f"`{name}` has no hooks for the role `{role}`; add build and accept")
        for role, hooks in policy.hooks.items():
            if role not in carried:
                add(hooks.src, f"no message has `{name}` as `{role}`; write one of {', '.join(carried)}")
            if hooks.build in spec.functions and spec.functions[hooks.build].takes:
                add(hooks.src, f"`{hooks.build}` builds, so it takes none; correct functions.yaml")
            if hooks.accept:
                takes_body(spec, hooks.accept, carried.get(role), role, hooks.src, add)


def takes_body(spec, function_name, carries, role, src, add):
    """A hook or check of an extension takes the type of its role."""
    function = spec.functions.get(function_name)
    if function is not None and function.takes not in (None, carries):
        add(src, f"`{function_name}` takes {function.takes}, and the role `{role}` carries {carries or 'nothing'}; write a check of its own")


def record_tables(spec, add):
    """Every class of records has exactly one row; plaintext does not outlive the first authenticated record."""
    registry = spec.registries.get("ContentType")
    for version in VERSIONS:
        spoken = any(m.version == version and m.is_handshake for m in spec.machines.values())
        if spoken and version not in spec.records:
            machine = next(m for m in spec.machines.values() if m.version == version)
            add(machine.src, f"records/{version}.yaml is missing; every version has a record table")
    for records in spec.records.values():
        known = [e.name for e in registry.entries.values() if e.use is None or records.version in e.use]
        contents = [*known, "unknown"]
        seen = {}
        for row in records.rows:
            for content in row.content:
                if content not in (*contents, "any"):
                    add(row.src, f"`{content}` is no content type of {records.version}; write one of {', '.join(contents)}, any")
            for cell in cells(row, contents, records.version):
                if cell in seen:
                    add(row.src, f"{' x '.join(cell)} stands in line {seen[cell].src.line} too; one row for each class")
                seen[cell] = row
            row_fits(records, row, add)
        for content in contents:
            for epoch in EPOCH_CLASSES[records.version]:
                for phase in PHASES:
                    if (content, epoch, phase) not in seen:
                        add(records.src, f"no row for {content} x {epoch} x {phase}; add one")
        insisted(records, seen, add)


def cells(row, contents, version):
    """The classes a row stands for."""
    for content in contents if row.content == ("any",) else row.content:
        for epoch in row.epoch:
            for phase in PHASES if row.phase == ("any",) else row.phase:
                yield content, epoch, phase


def row_fits(records, row, add):
    """A deed fits the content and the phase."""
    for epoch in row.epoch:
        if epoch not in EPOCH_CLASSES[records.version]:
            add(row.src, f"{records.version} has no epochs `{epoch}`; write one of {', '.join(EPOCH_CLASSES[records.version])}")
    if row.do in DEEDS and not set(row.content) <= set(DEEDS[row.do]):
        add(row.src, f"`{row.do}` is for {', '.join(DEEDS[row.do])}; drop or hold the rest")
    if row.do == "deliver" and row.phase != ("connected",):
        add(row.src, "`deliver` before the handshake is done; deliver in phase connected only")


def insisted(records, seen, add):
    """What no table may say otherwise."""
    for (content, epoch, phase), row in seen.items():
        if epoch == "zero" and phase != "plain" and row.do not in ("drop", "new_association"):
            add(row.src, f"plaintext {content} in phase {phase} would reach a machine; drop it once a record was authenticated")
        if epoch == "zero" and content == "ack" and row.do != "drop":
            add(row.src, "a plaintext ACK is forgeable; drop it")
        if epoch == "zero" and content == "application_data" and row.do != "drop":
            add(row.src, "plaintext application data is forgeable; drop it")
        if content == "change_cipher_spec" and records.version == "dtls13" and row.do != "drop":
            add(row.src, "1.3 has no ChangeCipherSpec; drop it")


RULES = (code_points, field_types, constraints, messages, extension_names, extension_bodies, record_tables)
