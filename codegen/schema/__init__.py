"""Which schema a spec file answers to, and every violation as file, line and cure.

Each kind of file has one closed schema, `<kind>.json`, beside this file; `common.json` holds what
they share. Two things are ours: a description stands on every key, and is what a complaint quotes;
`notYet` marks what the language knows and the generator does not build (true = the key, a list =
these values), so that a spec cannot say something that nothing obeys.
"""

import functools
import json
from pathlib import Path

import jsonschema

from ..errors import Problem, Src

HERE = Path(__file__).resolve().parent
FOLDERS = {"registries": "registry", "messages": "messages", "extensions": "extension", "machines": "machine",
           "records": "records", "properties": "properties"}
ROOT_FILES = {"limits.yaml": "limits", "functions.yaml": "functions", "refs.yaml": "refs"}
WORDS = {"object": "a map", "array": "a list", "string": "a word", "integer": "a number that is not negative", "boolean": "true or false"}


def kind_of(name):
    """The kind of a spec file by its place in the tree, or None."""
    parts = name.split("/")[1:]
    if len(parts) == 1:
        return ROOT_FILES.get(parts[0])
    if len(parts) != 2:
        return None
    return "extension_rules" if parts == ["extensions", "_rules.yaml"] else FOLDERS.get(parts[0])


def validate(tree):
    """The problems of all files of a loaded tree."""
    problems = []
    for name, content in tree.items():
        kind = kind_of(name)
        if kind is None:
            places = ", ".join(f"{folder}/" for folder in FOLDERS) + ", " + ", ".join(ROOT_FILES)
            problems.append(Problem(Src(name, 1), f"no kind of spec file lives here; move it to one of {places}"))
            continue
        for error in validator(kind).iter_errors(content):
            problems += list(translate(error, content))
    for file in ROOT_FILES:
        if f"spec/{file}" not in tree:
            problems.append(Problem(Src(f"spec/{file}", 1), "the file is missing; every spec tree has it"))
    return problems


def schema(kind):
    """A schema with the common definitions in it."""
    text = json.loads((HERE / f"{kind}.json").read_text(encoding="utf-8"))
    text["$defs"] = json.loads((HERE / "common.json").read_text(encoding="utf-8"))["$defs"]
    return text


@functools.lru_cache(maxsize=None)
def validator(kind):
    """The validator of a kind."""
    extended = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"notYet": _not_yet})
    return extended(schema(kind))


def _not_yet(_, values, instance, schema):
    """The keyword notYet."""
    if values is True:
        yield jsonschema.ValidationError("not built yet", validator="notYet")
        return
    for value in instance if isinstance(instance, list) else [instance]:
        if value in values:
            yield jsonschema.ValidationError(f"`{value}` not built yet", validator="notYet")


def place_of(path, content):
    """Where the value at a path stands."""
    src, value = content.src, content
    for step in path:
        src, value = value.src_of(step), value[step]
    return src, value


def translate(error, content):
    """One violation as problems of ours."""
    path = list(error.absolute_path)
    src, value = place_of(path, content)
    key = next((step for step in reversed(path) if isinstance(step, str)), None)
    meaning = error.schema.get("description") if isinstance(error.schema, dict) else None
    what = f"`{key}`" if key is not None else "this file"
    shown = f"`{value}`" if isinstance(value, (str, int)) else WORDS.get(_type_name(value), "this")
    rule = error.validator
    if rule == "additionalProperties":
        known = ", ".join(error.schema.get("properties", {}))
        for extra in value:
            if extra not in error.schema["properties"]:
                yield Problem(value.src_of(extra), f"unknown key `{extra}`; known here: {known}")
    elif rule == "required":
        for missing in error.schema["required"]:
            if missing not in value:
                yield Problem(src, f"`{missing}` is missing; add it: {_description(error.schema['properties'][missing])}")
    elif rule == "dependentRequired":
        for present, others in error.schema[rule].items():
            for missing in others:
                if present in value and missing not in value:
                    yield Problem(value.src_of(present), f"`{present}` without `{missing}`; write both or neither")
    elif rule == "pattern" and "propertyNames" in error.absolute_schema_path:
        yield Problem(value.src_of(error.instance), f"name `{error.instance}`; write {meaning}")
    elif rule == "notYet":
        thing = f"`{value}`" if isinstance(error.validator_value, list) and isinstance(value, (str, int)) else what
        yield Problem(src, f"{thing} is part of the language but not built yet; the generator would ignore it, so leave it out")
    elif rule == "pattern":
        yield Problem(src, f"{shown} does not fit; write {meaning or 'it like ' + str(error.validator_value)}")
    elif rule in ("enum", "const"):
        allowed = error.validator_value if rule == "enum" else [error.validator_value]
        yield Problem(src, f"{shown} is not a value of {what}; write {_one_of(allowed)}")
    elif rule == "type":
        wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        yield Problem(src, f"{shown} where {what} is {' or '.join(WORDS[w] for w in wanted)}" + (f"; write {meaning}" if meaning else ""))
    elif rule in ("minimum", "maximum"):
        yield Problem(src, f"{shown} is too {'small' if rule == 'minimum' else 'great'} for {what}; the bound is {error.validator_value}")
    elif rule == "minLength":
        yield Problem(src, f"{what} is too short; write {meaning or 'a few words'}")
    elif rule in ("minItems", "minProperties", "maxItems", "maxProperties"):
        yield Problem(src, f"{what} has too {'few' if rule.startswith('min') else 'many'} entries; write {meaning or 'as many as it needs'}")
    elif rule == "uniqueItems":
        yield Problem(src, f"{what} says the same twice; delete one")
    else:
        yield Problem(src, f"{what}: {error.message}")


def _description(schema_part):
    return schema_part.get("description", "see the schema")


def _one_of(values):
    words = [("true" if v is True else str(v)) for v in values]
    return words[0] if len(words) == 1 else "one of " + ", ".join(words)


def _type_name(value):
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""
