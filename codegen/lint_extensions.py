"""Extensions: where they stand, what they carry, and hooks and checks that take just that."""

from .model import Struct


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
                if other not in spec.extensions or spec.extensions[other].appearance(appearance.version, appearance.block) is None:
                    add(appearance.src, f"`process_after` names `{other}`, which never stands in {appearance.block} of {appearance.version}; delete it")
            if appearance.only_after and spec.message(appearance.only_after, appearance.version) is None:
                add(appearance.src, f"`only_after: {appearance.only_after}` is no message of {appearance.version}; name one")
            if appearance.unsolicited and spec.rules and appearance.block in spec.rules.requests:
                add(appearance.src, f"`unsolicited` in {appearance.block}, which asks and answers nothing; delete it")
            if appearance.also_offered_by:
                entry = spec.registries["CipherSuite"].entries.get(appearance.also_offered_by)
                if entry is None or entry.use != ():
                    add(appearance.src, f"`also_offered_by: {appearance.also_offered_by}`; name an entry of CipherSuite with `use: []`")
    blocks = {a.block for e in spec.extensions.values() for a in e.appears_in}
    blocks |= {o.extensions for m in spec.machines.values() for row in m.all_rows() for o in row.outcomes.values()}
    for block in spec.rules.requests if spec.rules else ():
        if block not in blocks:
            add(spec.rules.src, f"`requests` names `{block}`, in which no extension appears; delete it")


def write_order(spec, add):
    """What is written first or last is an extension, and stands in one of the two lists."""
    rules = spec.rules
    for name in (*rules.written_first, *rules.written_last) if rules else ():
        if name not in spec.extensions:
            add(rules.src, f"`{name}` has a place in what we write, but is no extension of the spec; delete it")
        elif name in rules.written_first and name in rules.written_last:
            add(rules.src, f"`{name}` is written first and last; delete it from one of the two")


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


RULES = (extension_names, write_order, extension_bodies)
