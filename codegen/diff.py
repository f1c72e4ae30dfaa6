"""`diff REV [REV]`: what changed in meaning between two revisions, or between one and the working tree.

It compares what the specs say (meaning.py), so layout, comments, reasons and moved rows never show.
Signs: `+` there now, `-` gone, `~` changed, `^` moved to another place in an order that counts.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import build, errors, load
from .meaning import Ordered, meaning
from .words import Page, cite


def add_arguments(parser):
    parser.add_argument("old", metavar="REV", help="the revision before: a git revision, or a directory with a spec tree")
    parser.add_argument("new", metavar="REV", nargs="?", help="the revision after (default: the working tree)")
    parser.add_argument("--exit-code", action="store_true", help="exit status 1 if something differs")


def run(args, spec):
    """Prints the changes; 2 if a revision cannot be read."""
    try:
        old = load_revision(args.old, spec.root)
        new = load_revision(args.new, spec.root) if args.new else spec
    except (DiffError, errors.SpecError) as problem:
        print(f"diff: {problem}", file=sys.stderr)
        return 2
    changes = compare(meaning(old), meaning(new))
    print(text(changes, new, args.old, args.new or "the working tree"), end="")
    return 1 if changes and args.exit_code else 0


class DiffError(Exception):
    """A revision that git does not know, or that has no specs."""


# ---- revisions

def load_revision(revision, root):
    """The Spec of a git revision, or of a directory. Today's schemas may not fit yesterday's specs, so they are not asked."""
    if Path(revision).is_dir() and not _git_knows(root, revision):
        return build.build(load.read_tree(revision), revision)
    with tempfile.TemporaryDirectory() as directory:
        _unpack(revision, root, Path(directory))
        try:
            return build.build(load.read_tree(directory), directory)
        except (KeyError, TypeError, AttributeError) as error:
            raise DiffError(f"the specs of {revision} are written in another language than this generator reads ({error!r})") from None


def _git(root, *arguments):
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)


def _git_knows(root, revision):
    return _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode == 0


def _unpack(revision, root, directory):
    """Writes the spec tree of a revision below `directory`."""
    prefix = _git(root, "rev-parse", "--show-prefix")
    if prefix.returncode != 0:
        raise DiffError(f"{root} is not in a git repository; name two directories instead")
    if not _git_knows(root, revision):
        raise DiffError(f"git knows no revision `{revision}`")
    tree = prefix.stdout.decode().strip().rstrip("/")
    top = _git(root, "rev-parse", "--show-toplevel").stdout.decode().strip()
    packed = _git(top, "archive", "--format=tar", f"{revision}:{tree}")
    if packed.returncode != 0:
        raise DiffError(f"revision {revision} has no {tree or 'spec tree'}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        for member in archive:
            if member.isfile():
                path = directory / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())


# ---- comparing

def compare(old, new, path=()):
    """[(path, sign, before, after)], path being the names on the way to what changed."""
    changes = []
    for name in [*new, *(n for n in old if n not in new)]:
        where = path + (name,)
        if name not in old:
            changes.append((where, "+", None, new[name]))
        elif name not in new:
            changes.append((where, "-", old[name], None))
        elif isinstance(old[name], dict) and isinstance(new[name], dict):
            changes += compare(old[name], new[name], where)
        elif old[name] != new[name]:
            changes.append((where, "~", old[name], new[name]))
    if isinstance(new, Ordered) and isinstance(old, Ordered):
        before, after = [n for n in old if n in new], [n for n in new if n in old]
        if before != after:
            changes.append((path, "^", before, after))
    return changes


# ---- in words

def text(changes, spec, old, new):
    """The changes, grouped by the thing they are in."""
    page = Page(110)
    if not changes:
        page.add(f"Nothing differs in meaning between {old} and {new}.")
        return str(page)
    count = {sign: sum(c[1] == sign for c in changes) for sign in "+-~^"}
    page.add(f"From {old} to {new}: {count['+']} added, {count['-']} gone, {count['~']} changed"
             + (f", {count['^']} moved" if count["^"] else "") + ".")
    heading, part = None, None
    for path, sign, before, after in changes:
        if path[:2] != heading:
            heading, part = path[:2], None
            page.gap()
            page.add(" ".join(path[:2]) + (" (new)" if len(path) == 2 and sign == "+" else " (gone)" if len(path) == 2 and sign == "-" else ""))
            if len(path) == 2 and sign == "+":
                _contents(after, spec, page, 4)
        if len(path) == 2 and sign in "+-":
            continue
        group, rest = _split(path[2:])
        if group and group != part:
            part = group
            page.add(group, 2)
        _change(rest, sign, before, after, spec, page, 4 if group else 2)
    return str(page)


def _split(path):
    """The row or flight a change is in, as a line of its own, and what is left of the path."""
    if path[:1] == ("state",) and len(path) > 2:
        if path[2] == "row" and len(path) > 4:
            if path[4] == "outcome" and len(path) > 6:
                return f"{path[1]}, on {path[3]}, if {path[5]}", path[6:]
            return f"{path[1]}, on {path[3]}", path[4:]
        return path[1], path[2:]
    if path[:1] == ("flight",) and len(path) > 2:
        return f"flight {path[1]}", path[2:]
    return "", path


def _change(path, sign, before, after, spec, page, indent):
    name = " ".join(path)
    if sign == "^":
        page.add(f"^ order of {path[-1] + 's' if path else 'lines'}: {', '.join(after)}", indent, 4)
        page.add(f"was {', '.join(before)}", indent + 4, 4)
    elif sign == "~":
        page.add(f"~ {name}: {_said(path, before, spec)} -> {_said(path, after, spec)}", indent, 4)
    else:
        value = after if sign == "+" else before
        if _is_deep(value):
            page.add(f"{sign} {name}", indent)
            _contents(value, spec, page, indent + 4)
        else:
            said = _said(path, value, spec)
            page.add(f"{sign} {name}{': ' + said if said else ''}", indent, 4)


def _is_deep(value):
    """Too much for one line."""
    return isinstance(value, dict) and any(isinstance(v, dict) and v for v in value.values())


def _contents(value, spec, page, indent):
    """What a new thing says, in full: every line of it is news."""
    if not isinstance(value, dict):
        page.add(_said((), value, spec), indent)
        return
    for name, inner in value.items():
        if _is_deep(inner):
            page.add(f"{name}:", indent)
            _contents(inner, spec, page, indent + 2)
        else:
            page.add(f"{name}: {_said((name,), inner, spec)}" if inner else name, indent, 4)


def _said(path, value, spec):
    """A value in words; refs get their titles."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {said}" if (said := _said((k,), v, spec)) else str(k) for k, v in value.items())
    if value is True:
        return "yes"
    if path and path[-1] == "ref":
        return cite(spec, value)
    return str(value)
