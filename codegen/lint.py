"""What every spec must be, without being asked: the rules that need no search over paths.

    problems = lint.problems(spec)       # sorted; empty = sound

The rules live by subject in lint_names (names, refs, what nobody uses), lint_registries,
lint_formats, lint_extensions, lint_records, lint_rows (rows and their functions), lint_machines (states,
flights, timers, companions), lint_versions (what only 1.3 has) and lint_properties (what properties speak of); each rule is one function `rule(spec, add)`.
`run` is the command `check`: these, and whether generated/ says what the specs say.
"""

import importlib
import importlib.util

from . import (lint_extensions, lint_formats, lint_machines, lint_names, lint_properties, lint_records, lint_registries, lint_rows,
               lint_versions)
from .errors import Problem

MODULES = (lint_names, lint_registries, lint_formats, lint_extensions, lint_records, lint_rows, lint_machines, lint_versions, lint_properties)


def problems(spec):
    """All problems of a built spec."""
    found = []

    def add(src, message):
        found.append(Problem(src, message))

    for module in MODULES:
        for rule in module.RULES:
            rule(spec, add)
    return sorted(set(found))


def add_arguments(parser):
    """Arguments of `check`."""
    parser.add_argument("--no-drift", action="store_true", help="do not compare generated/ with the specs")


def run(args, spec):
    """The `check` command: prints every problem, answers 1 if there is one."""
    found = problems(spec)
    if not found and not args.no_drift and importlib.util.find_spec(f"{__package__}.emit"):
        found = importlib.import_module(f"{__package__}.emit").drift(spec)
    for problem in found:
        print(problem)
    rows = sum(len(m.all_rows()) for m in spec.machines.values())
    print(f"{len(spec.files)} spec files, {len(spec.machines)} machines, {rows} rows: {len(found)} problems")
    return 1 if found else 0
