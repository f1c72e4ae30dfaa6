"""Wire formats: every field is made of something, every constraint binds, every message has its place."""

from .model import Alias, SCALARS, Struct


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
    held = {f.type.base for s in spec.structs.values() if s.code for _, fields in s.field_sets() for f in fields}
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
                    if struct.code is None and struct.name not in held:
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
    if constraint.kind == "each_at_most":
        key = next((f for f in getattr(base, "fields", ()) if f.name == constraint.value[0]), None)
        if field.type.kind != "vector" or key is None or key.type.kind != "one":
            yield f"`each_at_most: {constraint.value[0]}` is no number in the elements of `{field.name}`; name one"
        if constraint.value[1] in fields:
            yield f"`{constraint.value[1]}` is a field too; name an argument of the decoder otherwise"
    elif constraint.while_below is not None:
        yield "`while_below` compares the argument of `each_at_most`; delete it"
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
        variants(spec, struct, add)
    for struct in all_structs(spec):
        if struct.select:
            select_cases(spec, struct, add)
        elif struct.cases:
            add(struct.src, f"`{struct.name}` has cases but no `select`; name the registry that chooses")


def variants(spec, struct, add):
    """A variant is told apart by a constant that its field can hold, and has a name that no message has."""
    registry = spec.registries.get("HandshakeType")
    for variant in struct.variants.values():
        field = next((f for f in struct.fields if f.name == variant.field), None)
        constant = spec.constants.get(variant.constant)
        shape = spec.types[field.type.base].type if field is not None and isinstance(spec.types.get(field.type.base), Alias) else getattr(field, "type", None)
        if struct.code is None:
            add(variant.src, f"`{struct.name}` is no handshake message, so it has no variants; delete them")
        if field is None or shape.kind != "array" or shape.base != "opaque":
            add(variant.src, f"`{variant.field}` is no field of fixed length in {struct.name}; name one")
        elif constant is None:
            add(variant.src, f"no constant `{variant.constant}`; write it under `constants`")
        elif len(constant.bytes) != shape.length:
            add(variant.src, f"`{variant.constant}` has {len(constant.bytes)} bytes and `{variant.field}` {shape.length}; correct one")
        if registry is not None and variant.name in registry.entries:
            add(variant.src, f"`{variant.name}` is an entry of HandshakeType too; name the variant otherwise")


def constants(spec, add):
    """Every constant tells some variant apart."""
    used = {v.constant for s in all_structs(spec) for v in s.variants.values()}
    for constant in spec.constants.values():
        if constant.name not in used:
            add(constant.src, f"nothing equals the constant `{constant.name}`; delete it, or the variant that used it is lost")


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


RULES = (field_types, constraints, messages, constants)
