"""What goes wrong in a spec, and where.

Every complaint about a spec is a `Problem`: a place and a sentence that says what is wrong
and what to write instead. `SpecError` carries the problems that stop the work at once.
"""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Src:
    """A place in the spec: file (always written `spec/...`, wherever the tree lies) and line."""

    file: str
    line: int

    def __str__(self):
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Problem:
    """One complaint."""

    src: Src
    message: str

    def __str__(self):
        return f"{self.src}: {self.message}"


class SpecError(Exception):
    """The spec cannot be used; `problems` says why."""

    def __init__(self, problems):
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(p) for p in self.problems))
