"""Names: what is cited or called exists, and what exists is cited or called."""

from . import model

HAND_USED = {"ContentType", "HandshakeType", "ExtensionType"}      # the runtime reads these off the wire itself


def refs(spec, add):
    """Every ref is in refs.yaml, and every section there is cited."""
    cited = set()
    for ref, src in spec.refs:
        key, section = ref.split("#")
        cited.add((key, section))
        document = spec.documents.get(key)
        if document is None:
            add(src, f"`{ref}`: no document `{key}` in refs.yaml; add it there, or cite another")
        elif section not in document.sections:
            add(src, f"`{ref}`: refs.yaml has no section {section} of {key}; add it there after reading it")
    for document in spec.documents.values():
        for section, src in document.section_srcs.items():
            if (document.key, section) not in cited:
                add(src, f"{document.key}#{section} is cited nowhere; delete the line")
    for erratum in spec.errata:
        if erratum.rfc not in spec.documents:
            add(erratum.src, f"erratum of `{erratum.rfc}`, which refs.yaml does not have; add the document, or delete it")


def file_names(spec, add):
    """A file is called what it holds."""
    named = [*spec.machines.values(), *spec.properties.values(), *spec.extensions.values()]
    for thing in named:
        expected = thing.file.rsplit("/", 1)[1].removesuffix(".yaml")
        if thing.name != expected:
            add(thing.src, f"`{thing.name}` in a file called {expected}.yaml; rename one of the two")
    for records in spec.records.values():
        if not records.file.endswith(f"/{records.version}.yaml"):
            add(records.src, f"the record table of {records.version} belongs in records/{records.version}.yaml")


def named_alerts(spec):
    """(alert, Src) wherever a spec names one."""
    for struct in [*spec.structs.values(), *(t for t in spec.types.values() if isinstance(t, model.Struct))]:
        for constraint in struct.constraints:
            yield constraint.alert, constraint.src
    for extension in spec.extensions.values():
        for checks in extension.checks.values():
            for check in checks:
                yield check.alert, check.src
        for appearance in extension.appears_in:
            if appearance.absent:
                yield appearance.absent, appearance.src
        if extension.policy.options.get("no_overlap", "omit") != "omit":
            yield extension.policy.options["no_overlap"], extension.policy.src
    if spec.rules:
        for rule in spec.rules.rules.values():
            if rule.alert:
                yield rule.alert, rule.src
    for records in spec.records.values():
        for row in records.rows:
            if row.new_message:
                yield row.new_message, row.src
        for breach in records.breaches.values():
            if breach.alert:
                yield breach.alert, breach.src
    for machine in spec.machines.values():
        if machine.unlisted_message and machine.unlisted_message.alert:
            yield machine.unlisted_message.alert, machine.unlisted_message.src
        for row in machine.all_rows():
            for outcome in row.outcomes.values():
                for check in outcome.require:
                    yield check.alert, check.src
                for key in ("alert", "notify"):
                    if getattr(outcome, key):
                        yield getattr(outcome, key), outcome.src_of(key)


def alerts(spec, add):
    """Every alert that is named is in the registry."""
    registry = spec.registries.get("AlertDescription")
    known = registry.entries if registry else {}
    for alert, src in named_alerts(spec):
        if alert not in known:
            add(src, f"no alert `{alert}` in the registry AlertDescription; take one that is there, or add it with its RFC")


def builder_name(spec, machine, message):
    """The builder of a message that a flight of this machine sends."""
    struct = next((s for s in (spec.message(message, v) for v in machine.versions) if s), None)
    return message if struct is None else spec.builder_name(struct, message)


def function_uses(spec):
    """(kind, name, Src) wherever a spec names a C function."""
    for machine in spec.machines.values():
        for row in machine.all_rows():
            if row.select:
                yield "classify", row.select, row.src_of("select")
            for outcome in row.outcomes.values():
                for check in outcome.require:
                    yield "check", check.check, check.src
                for action in outcome.do:
                    yield "act", action, outcome.src_of("do")
                for classifier in outcome.settles:
                    yield "classify", classifier, outcome.src_of("settles")
        for flight in machine.flights.values():
            for line in flight.lines:
                for classifier in line.when:
                    yield "classify", classifier, line.src
                for action in line.then:
                    yield "act", action, line.src
                if line.send:
                    yield "build", builder_name(spec, machine, line.send), line.src
    for extension in spec.extensions.values():
        for hooks in extension.policy.hooks.values():
            for hook in (hooks.build, hooks.accept):
                if hook:
                    yield "hook", hook, hooks.src
        for checks in extension.checks.values():
            for check in checks:
                yield "extension_check", check.check, check.src


def functions(spec, add):
    """Used = catalogued, under the right kind."""
    used = set()
    for kind, name, src in function_uses(spec):
        used.add(name)
        function = spec.functions.get(name)
        if function is None:
            add(src, f"functions.yaml has no `{name}` under `{kind}`; add it there with its contract, or name another")
        elif function.kind != kind:
            add(src, f"`{name}` is under `{function.kind}` in functions.yaml but used as `{kind}`; name another, or move it")
    for function in spec.functions.values():
        if function.name not in used:
            add(function.src, f"nothing names the function `{function.name}`; delete the line, or the row that used it is lost")


def function_types(spec, add):
    """What a function takes or makes exists."""
    messages = {s.name for s in spec.structs.values() if s.code}
    for function in spec.functions.values():
        if function.kind in ("hook", "extension_check"):
            if function.takes and not isinstance(spec.types.get(function.takes), model.Struct):
                add(function.src, f"`{function.name}` takes `{function.takes}`, which is no type of an extension; write one, or none")
        elif function.takes and function.takes not in messages:
            add(function.src, f"`{function.name}` takes `{function.takes}`, which is no message; write a struct with `code`, or none")
        if function.kind == "build":
            struct = spec.structs.get(function.makes)
            names = {spec.builder_name(struct, n) for n in (struct.code, *struct.variants)} if struct is not None and struct.code else set()
            if function.name not in names:
                add(function.src, f"builder `{function.name}` makes `{function.makes}`, which is not that message; write its struct, or name it {' or '.join(sorted(names)) or 'otherwise'}")


def type_uses(spec):
    """Names of types and registries in any field, column, parameter or extension."""
    structs = [*spec.structs.values(), *(t for t in spec.types.values() if isinstance(t, model.Struct))]
    for struct in structs:
        for _, fields in struct.field_sets():
            for field in fields:
                yield field.type.base
        if struct.select:
            yield struct.select
    for alias in spec.types.values():
        if isinstance(alias, model.Alias):
            yield alias.type.base
    for registry in spec.registries.values():
        yield from registry.columns.values()
    for extension in spec.extensions.values():
        for appearance in extension.appears_in:
            if appearance.carries:
                yield appearance.carries
            if appearance.also_offered_by:
                yield "CipherSuite"


def unused_types(spec, add):
    """Types and registries that nothing is made of."""
    used = set(type_uses(spec)) | HAND_USED
    for table, what in ((spec.types, "type"), (spec.registries, "registry")):
        for name, thing in table.items():
            if name not in used:
                add(thing.src, f"nothing is made of the {what} `{name}`; delete it")


def messages_used(spec, add):
    """Every handshake message has its struct, and is received or sent; every record body has a record."""
    moved = set()
    for machine in spec.machines.values():
        moved |= {row.event.name for row in machine.all_rows() if row.event.kind in ("message", "record")}
        moved |= {line.send or line.record for f in machine.flights.values() for line in f.lines}
    handled = {content for records in spec.records.values() for row in records.rows for content in row.content}
    for struct in spec.structs.values():
        if struct.code and struct.code not in moved and not moved & set(struct.variants):
            add(struct.src, f"no machine receives or sends the message `{struct.code}`; delete {struct.name}, or a row is lost")
        if struct.content and struct.content not in handled:
            add(struct.src, f"no record table has a row for the content `{struct.content}`; delete {struct.name}, or add the row")
    codes = {struct.code for struct in spec.structs.values()}
    entries = spec.registries["HandshakeType"].entries if "HandshakeType" in spec.registries else {}
    for entry in entries.values():
        if entry.use != () and entry.name not in codes:
            add(entry.src, f"HandshakeType `{entry.name}` has no struct; write one in messages/, or `use: []`")
        if entry.use == () and entry.name in codes:
            add(entry.src, f"HandshakeType `{entry.name}` has a struct but says `use: []`; delete one of the two")


def settings(spec, add):
    """No two limits answer to the same setting; timers are made of limits."""
    seen = {}
    for limit in spec.limits.values():
        if limit.setting in seen:
            add(limit.src, f"setting `{limit.setting}` is also that of the limit `{seen[limit.setting]}`; name another")
        if limit.setting:
            seen[limit.setting] = limit.name
        if not limit.low <= limit.value <= limit.high:
            add(limit.src, f"value {limit.value} of `{limit.name}` lies outside its range [{limit.low}, {limit.high}]; correct one")
    for timer in spec.timers.values():
        for limit in (timer.initial, timer.maximum):
            if limit is not None and limit not in spec.limits:
                add(timer.src, f"timer `{timer.name}` is made of `{limit}`, which is no limit; name one of `limits`")
        if timer.quarter_of is not None:
            whole = spec.timers.get(timer.quarter_of)
            if whole is None or whole.quarter_of is not None:
                add(timer.src, f"timer `{timer.name}` is a quarter of `{timer.quarter_of}`, which is no timer of its own; name one")
            if timer.initial is not None or timer.maximum is not None:
                add(timer.src, f"timer `{timer.name}` is a quarter of another and has values of its own; delete one of the two")
        if timer.initial is None and timer.quarter_of is None:
            add(timer.src, f"timer `{timer.name}` has no first value; write `initial` with a limit")


RULES = (refs, file_names, alerts, functions, function_types, unused_types, messages_used, settings)
