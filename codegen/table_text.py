"""Text of C that all emitters of tables need: comments, initialisers, and the names of what tables refer to."""

import textwrap

from . import c_text, naming

WIDTH = 112
PREFIX = {"classify": "fpl_classify_", "check": "fpl_check_", "act": "fpl_act_", "hook": "fpl_hook_",
          "extension_check": "fpl_extension_check_", "build": "fpl_build_"}


def caps(name):
    return naming.upper(name)


def comment(text):
    """Text of the spec inside a C comment, on one line."""
    return c_text.comment(" ".join(str(text).split()))


def wrapped(text):
    """Text as the lines of one C comment."""
    lines = textwrap.wrap(comment(text), WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    lines = ["/* " + lines[0]] + [" * " + line for line in lines[1:]]
    return tuple(lines[:-1]) + (lines[-1] + " */",)


def string(text):
    return 'FPL_NAME("' + text.replace("\\", "\\\\").replace('"', '\\"') + '")'


def packed(items, width=WIDTH):
    """Initialisers, packed into as few lines as fit; a mask that fits in none is broken behind its bars."""
    lines = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= width:
            lines[-1] += f", {item}"
        else:
            if lines:
                lines[-1] += ","
            lines += broken(item, width)
    return tuple(lines)


def broken(item, width=WIDTH):
    """A mask as lines."""
    lines = []
    for part in item.split(" | "):
        if lines and len(lines[-1]) + len(part) + 5 <= width:
            lines[-1] += f" | {part}"
        else:
            if lines:
                lines[-1] += " |"
            lines.append(("    " if lines else "") + part)
    return lines


def bits(enumerators, suffix="u"):
    """A mask with one bit for each enumerator."""
    return " | ".join(f"1{suffix} << {e}" for e in enumerators) or "0"


def machine_id(name):
    return f"FPL_MACHINE_{caps(name)}"


def state_id(machine, state):
    return f"FPL_{caps(machine)}_{caps(state)}"


def flight_id(machine, flight):
    return f"FPL_{caps(machine)}_FLIGHT_{caps(flight)}"


def block_id(block):
    return f"FPL_BLOCK_{caps(block)}" if block else "FPL_BLOCK_NONE"


def outcome_id(classifier, outcome):
    """In a space of its own: a classifier may be called like a message struct or a type of the API."""
    return f"FPL_ANSWER_{caps(classifier)}_{caps(outcome)}"


def version_id(version):
    return f"FPL_VERSION_{caps(version)}"


def function_name(function):
    return PREFIX[function.kind] + function.name


def thunk_name(kind, name):
    return f"fpl_thunk_{kind}_{name}"
