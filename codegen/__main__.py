"""python3 -m codegen <command>: the front door of the generator.

Each command is one module with `run(args, spec)` (its answer is the exit status, None = 0) and, if it
wants arguments of its own, `add_arguments(parser)`. Modules are imported only when they are asked for.
"""

import argparse
import importlib
import importlib.util
import sys

NEEDS = {"yaml": "python3-yaml", "jinja2": "python3-jinja2", "jsonschema": "python3-jsonschema"}
COMMANDS = {
    "generate":      ("emit",          "write generated/ from the specs"),
    "check":         ("lint",          "load, validate and lint the specs; compare generated/ with them"),
    "prove":         ("prove",         "prove the properties of spec/properties/"),
    "explain":       ("explain",       "say in words what happens in a machine, a state, at an event"),
    "paths":         ("paths",         "list the ways between two states, with their checks"),
    "diff":          ("diff",          "what changed in meaning between two revisions"),
    "report":        ("report",        "write one self-contained HTML page about the specs"),
    "coverage":      ("coverage",      "rows that tests took, and rows that none took"),
    "new-extension": ("new_extension", "start a file for a new extension"),
}


def missing_modules():
    """The Debian packages whose modules this interpreter does not have."""
    return [package for module, package in NEEDS.items() if importlib.util.find_spec(module) is None]


def command_module(command):
    """The module of a command, or None if it is not there."""
    name = COMMANDS[command][0]
    if importlib.util.find_spec(f"{__package__}.{name}") is None:
        return None
    return importlib.import_module(f"{__package__}.{name}")


def build_parser(argv):
    """The parser; only the module of the command that is asked for adds its arguments."""
    parser = argparse.ArgumentParser(prog="python3 -m codegen", description="Flightplan's generator.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command, (_, purpose) in COMMANDS.items():
        sub = subparsers.add_parser(command, help=purpose, description=purpose)
        sub.add_argument("--spec", default="spec", metavar="DIR", help="the spec tree (default: spec)")
        if command in argv:
            module = command_module(command)
            if hasattr(module, "add_arguments"):
                module.add_arguments(sub)
    return parser


def main(argv=None):
    """Runs one command; answers its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    missing = missing_modules()
    if missing:
        print(f"this python3 lacks modules: run another (on Debian /usr/bin/python3) after `apt install {' '.join(missing)}`", file=sys.stderr)
        return 2
    args = build_parser(argv).parse_args(argv)
    module = command_module(args.command)
    if module is None:
        print(f"{args.command}: not built yet (codegen/{COMMANDS[args.command][0]}.py is missing)", file=sys.stderr)
        return 2
    from . import errors, lint, model
    try:
        spec = model.load(args.spec)
        if args.command in ("generate", "prove") and (found := lint.problems(spec)):
            raise errors.SpecError(found)          # no tables, and no proofs, of an unsound spec
        return module.run(args, spec) or 0
    except errors.SpecError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        print(f"problems: {len(error.problems)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
