"""Words of the spec inside C: citations, comments, places; and how an emitter refuses what it cannot do."""

import re
from dataclasses import dataclass

from . import model
from .errors import Problem, SpecError


def refuse(src, message):
    """A spec that this emitter does not understand."""
    raise SpecError([Problem(src, message)])


def cite(ref):
    """`rfc8446#4.2` -> `RFC 8446 section 4.2`."""
    if not ref:
        return ""
    document, section = ref.split("#")
    rfc = re.fullmatch(r"rfc([0-9]+)(bis)?", document)
    name = f"RFC {rfc[1]}{rfc[2] or ''}" if rfc else document
    return f"{name} {'appendix' if section[:1].isalpha() else 'section'} {section}"


def place(src):
    """`hello.yaml:15`: the directory is in the banner."""
    return "built in" if src.line == 0 else f"{src.file.rsplit('/', 1)[-1]}:{src.line}"


def comment(text):
    """Text of the spec inside a C comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def version_bits(versions):
    """('dtls12', 'dtls13') -> `FPL_USE_DTLS12 | FPL_USE_DTLS13`."""
    return " | ".join(f"FPL_USE_{v.upper()}" for v in model.VERSIONS if v in versions) or "0"


@dataclass(frozen=True)
class CellView:
    """`.name = value` of an initialiser."""
    name: str
    value: str
