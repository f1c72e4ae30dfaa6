"""`new-extension NAME`: a commented starting file spec/extensions/NAME.yaml, and a list of what else to touch.

The file passes `check` once its capitals are filled in: rfcNNNN#SECTION, and whatever says TODO.
"""

import re
import sys
from pathlib import Path

from . import schema, words

KINDS = {
    "flag": "an empty body; answered whenever it is offered (extended_master_secret)",
    "choose_one": "the client lists, the server picks one (use_srtp)",
    "announce": "each side states its own bound (record_size_limit)",
    "opaque": "the application's bytes, in and out",
    "custom": "C hooks build it and take it in (server_name)",
}
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
UNKNOWN_REF = "rfcNNNN#SECTION"


def add_arguments(parser):
    parser.add_argument("name", help="its IANA name in lower case: max_fragment_length")
    parser.add_argument("--kind", choices=list(KINDS), default="custom", help="how it is negotiated (default: custom); "
                        + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()))
    parser.add_argument("--ref", metavar="RFC#SECTION", help="the section that defines it, as rfc6066#4")


def run(args, spec):
    """Writes the file; 2 if the name or the kind will not do, 1 if there is such a file."""
    problem = objection(args.name, args.kind, spec)
    path = Path(spec.root) / "extensions" / f"{args.name}.yaml"
    if problem:
        print(f"new-extension: {problem}", file=sys.stderr)
        return 2
    if path.exists():
        print(f"new-extension: {path} is there already; edit it", file=sys.stderr)
        return 1
    entry = _entry(spec, args.name)
    ref = args.ref or (entry.ref if entry else UNKNOWN_REF)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(args.name, args.kind, ref, versions(spec)), encoding="utf-8")
    print(f"wrote {path}")
    print(next_steps(args.name, args.kind, ref, spec), end="")
    return 0


def objection(name, kind, spec):
    """Why this cannot be done, or None."""
    if not NAME.match(name):
        return f"`{name}` is no name; write it as IANA does, in lower case with underscores"
    if name in spec.extensions:
        return f"there is an extension `{name}`: {spec.extensions[name].src}"
    kinds = schema.schema("extension")["properties"]["policy"]["properties"]["kind"]
    if kind in kinds.get("notYet", ()):
        return f"kind `{kind}` is part of the language but not built yet; `--kind custom` does the same with hooks in C"
    return None


def _entry(spec, name):
    registry = spec.registries.get("ExtensionType")
    return registry.entries.get(name) if registry else None


def versions(spec):
    """The versions that this spec speaks."""
    spoken = {v for m in spec.machines.values() if m.is_handshake for v in m.versions}
    return tuple(v for v in ("dtls12", "dtls13") if v in spoken) or ("dtls12",)


# ---- the file

def text(name, kind, ref, spoken):
    """The starting file."""
    body = "nothing" if kind == "flag" else words_to_type(name)
    roles = ("announcement", "reply") if kind == "announce" else ("offer", "answer")
    lines = [f"extension: {name} ## an entry of ExtensionType in registries/extension_type.yaml",
             f"ref: {ref}",
             "doc: TODO - one sentence, what it is for."]
    if body != "nothing":
        lines += ["types: ## its body, in the notation of RFC 8446 section 3",
                  f"  {body}:", *_fields(kind)]
    lines += ["appears_in: ## the messages it may stand in, by version; anywhere else it is refused"]
    for version in spoken:
        answer = "server_hello" if version == "dtls12" else "encrypted_extensions"
        lines += [f"  {version}:",
                  f"    client_hello: {{carries: {body}, as: {roles[0]}}}",
                  f"    {answer}: {{carries: {body}, as: {roles[1]}}}" + _answer_hint(kind)]
    lines += ["policy:", f"  kind: {kind} ## {KINDS[kind].split(' (')[0]}", *_policy(name, kind)]
    lines += _checks(name, kind, ref, roles[1])
    return "\n".join(_aligned(line) for line in lines) + "\n"


def _aligned(line):
    """A line with its comment, if it has one (after ` ## `), in a column of its own."""
    said, _, comment = line.partition(" ## ")
    return f"{said.rstrip():38} # {comment}" if comment else said.rstrip()


def words_to_type(name):
    """`max_fragment_length` -> `MaxFragmentLength`."""
    return "".join(part.capitalize() for part in name.split("_") if part)


def _answer_hint(kind):
    return " ## delete the line if the server never answers" if kind == "custom" else ""


def _fields(kind):
    if kind == "choose_one":
        return ["    fields:",
                "      - choices: uint16<2..2^16-2> ## TODO: a registry instead of uint16, if its values have names",
                "    constraints: ## what the type alone cannot say",
                f"      - {{field: choices, multiple_of: 2, alert: decode_error, ref: {UNKNOWN_REF}}}"]
    if kind == "announce":
        return ["    fields:", "      - limit: uint16",
                "    constraints: ## what the type alone cannot say",
                f"      - {{field: limit, at_least: 1, alert: illegal_parameter, ref: {UNKNOWN_REF}}}"]
    return ["    fields:", "      - data: opaque<0..2^16-1> ## TODO: the RFC's fields, `name: type`"]


def _policy(name, kind):
    local = f"  local: config.{name}"
    result = f"  result: session.{name}"
    both = [f"{local} ## makes fpl_config_set_{name}()", f"{result} ## makes fpl_conn_{name}()"]
    if kind == "choose_one":
        return ["  list: choices ## the field that is the list", "  preference: server ## whose order counts",
                "  no_overlap: omit ## or the alert that answers when nothing fits", *both]
    if kind == "announce":
        return ["  field: limit", "  protocol_maximum: {dtls12: 16384} ## TODO", "  above_maximum: {client: clamp, server: clamp}", *both,
                "  takes_effect: protected_records"]
    if kind == "custom":
        return [f"  offer:  {{build: {name}_offer,  accept: {name}_note}} ## C hooks: write ours, take in a checked one",
                f"  answer: {{build: {name}_answer, accept: {name}_seen}}"]
    return both


def _checks(name, kind, ref, role):
    """The other kinds bring what they have to check."""
    if kind != "custom":
        return []
    return ["checks: ## true means the peer obeyed, false is the alert; in this order",
            f"  {role}:", f"    - {{check: {name}_is_acceptable, alert: illegal_parameter, ref: {ref}}}"]


# ---- what else

def next_steps(name, kind, ref, spec):
    """What to touch besides the new file, and what to run."""
    page = words.Page()
    steps = ["fill in what says TODO or NNNN in the new file"]
    entry, registry = _entry(spec, name), spec.registries.get("ExtensionType")
    columns = [c for c in (registry.columns if registry else ()) if entry is None or c not in entry.columns]
    if entry is None:
        where = registry.file if registry else "spec/registries/extension_type.yaml"
        body = ", ".join(["value: TODO", f"ref: {ref}", *(f"{c}: TODO" for c in columns)])
        steps.append(f"{where}: add `{name}: {{{body}}}` with IANA's value")
    elif entry.use == ():
        also = "".join(f"; add `{c}`" for c in columns)
        steps.append(f"{entry.src}: delete `use: []`, which says that `{name}` is only recognised{also}")
    steps += [f"{c}: one of {', '.join(spec.registries[registry.columns[c]].entries)} ({spec.registries[registry.columns[c]].file})"
              for c in columns if registry.columns[c] in spec.registries]
    if not _is_cited(spec, ref):
        steps.append(f"spec/refs.yaml: add the section of {ref} with its title, if it is not there")
    functions = functions_of(name, kind)
    if functions:
        groups = dict.fromkeys(group for group, _ in functions)
        listed = "; ".join(f"under `{g}` " + ", ".join(f for group, f in functions if group == g) for g in groups)
        steps.append(f"spec/functions.yaml: add, each with what it takes and a line that says what it must do, {listed}")
        steps.append("write these functions in C; the generated header has their prototypes")
    steps += ["python3 -m codegen check --no-drift      until it is silent",
              "python3 -m codegen generate              writes the tables",
              f"python3 -m codegen report -o report.html  shows `{name}` in the extension matrix",
              "a test for each check, then: python3 -m codegen coverage TRACE"]
    page.add("Next:")
    for number, step in enumerate(steps, 1):
        page.pair(f"{number}.", step, 2, 4)
    return str(page)


def functions_of(name, kind):
    """[(group of functions.yaml, function)] that the starting file names."""
    if kind != "custom":
        return []
    hooks = [("hook", f"{name}_{what}") for what in ("offer", "note", "answer", "seen")]
    return hooks + [("extension_check", f"{name}_is_acceptable")]


def _is_cited(spec, ref):
    key, _, section = ref.partition("#")
    return key in spec.documents and section in spec.documents[key].sections
