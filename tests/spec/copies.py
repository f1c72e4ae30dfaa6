"""Changed copies of the spec tree, kept in memory: what a copy would make `check` and `prove` say.

The tree is read once; of a copy only the changed file is read and validated again.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import build, lint, load, prove, schema  # noqa: E402
from codegen.errors import SpecError  # noqa: E402

# Complaints that something is left over. They do not count: they would fall silent if it were used anywhere else.
LEFT_OVER = re.compile(r"unreachable: |.* is cited nowhere|nothing (names|leads to|sends|is made of) |no row starts the timer|no machine receives or sends|no record table has a row")

SPEC = ROOT / "spec"
TREE = load.read_tree(SPEC)


def text_of(file):
    """The text of a file of the tree, named as in `machines/listen.yaml`."""
    return (SPEC / file).read_text(encoding="utf-8")


def spec_with(file, text):
    """The Spec in which one file reads `text`; SpecError if that is none."""
    name = f"spec/{file}"
    content = load.read_text(name, text.encode())
    errors = schema.validator(schema.kind_of(name)).iter_errors(content)
    problems = [problem for error in errors for problem in schema.translate(error, content)]
    if problems:
        raise SpecError(problems)
    return build.build({**TREE, name: content}, "spec")


def complaints(spec, network):
    """What `check` says of the specs (not of generated/), and what `prove` says; what is merely left over is left out."""
    return [[p for p in problems if not LEFT_OVER.match(p.message)] for problems in (lint.problems(spec), prove.violations(spec, prove.product.TINY if network else ()))]
