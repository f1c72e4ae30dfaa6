"""Strict reader of spec files: a small, surprise-free part of YAML, with a line for every value.

It works on PyYAML's events, so that nothing is resolved behind our back: no anchors, no tags,
no merge keys, no duplicate keys, and `010`, `1:30`, `1.0`, `on` are just strings.

* `read_tree(root)` gives `{name: Map}` for all spec files below `root`, names as in `spec/limits.yaml`.
* `Map` is a dict and `Seq` a list that know their places: `src`, `src_of(key or index)`.
"""

import hashlib
import re
from pathlib import Path

import yaml

from .errors import Problem, Src, SpecError

INTEGER = re.compile(r"(0|[1-9][0-9]*|0x[0-9a-fA-F]+)\Z")
BOOLEANS = {"true": True, "false": False}
CONFUSING_KEYS = {"on", "off", "yes", "no", "y", "n", "true", "false", "null", "~"}
NULLS = {"", "~", "null", "Null", "NULL"}


class Map(dict):
    """A map of the spec, in the order written."""

    def __init__(self, src):
        super().__init__()
        self.src = src
        self.places = {}

    def src_of(self, key):
        """Where `key` stands; where the map begins if it does not."""
        return self.places.get(key, self.src)


class Seq(list):
    """A list of the spec."""

    def __init__(self, src):
        super().__init__()
        self.src = src
        self.places = []

    def src_of(self, index):
        """Where item `index` begins."""
        return self.places[index]


def read_tree(root):
    """Reads every spec file below `root`; raises SpecError with all that is wrong in them."""
    root = Path(root)
    tree, problems = {}, []
    if not root.is_dir():
        raise SpecError([Problem(Src("spec", 0), f"no such directory: {root}; name the spec tree with --spec")])
    for path in sorted(root.rglob("*")):
        if path.is_dir() or path.name.startswith("."):
            continue
        name = "spec/" + path.relative_to(root).as_posix()
        if path.suffix != ".yaml":
            problems.append(Problem(Src(name, 1), "not a spec file; only *.yaml may stand in the spec tree"))
            continue
        try:
            tree[name] = read_text(name, path.read_bytes())
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return tree


def digests(root):
    """SHA-256 of each spec file, for banners: `{name: hex}`."""
    root = Path(root)
    paths = sorted(p for p in root.rglob("*.yaml") if not p.name.startswith("."))
    return {"spec/" + p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def read_text(name, data):
    """Reads one file (`data`: bytes) into a Map; raises SpecError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SpecError([Problem(Src(name, line), "not UTF-8; save the file as UTF-8")]) from None
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            raise SpecError([Problem(Src(name, number), "tab character; write spaces")])
        if "\r" in line:
            raise SpecError([Problem(Src(name, number), "carriage return; end lines with a line feed alone")])
    try:
        return _Reader(name, text).read()
    except yaml.MarkedYAMLError as error:
        raise SpecError([_syntax_problem(name, text, error)]) from None
    except yaml.YAMLError as error:
        raise SpecError([Problem(Src(name, 1), f"not YAML: {error}".split("\n")[0])]) from None


def _syntax_problem(name, text, error):
    """PyYAML's complaint as one of ours, with the cure for the commonest cause."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    what = f"not YAML: {error.problem or error.context}"
    written = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
    if re.search(r"\{[^}]*[A-Za-z0-9]\[", written):
        what += "; a type such as opaque[32] cannot stand inside {}: give it a line of its own"
    return Problem(Src(name, line), what)


class _Reader:
    """Builds one document from PyYAML's events."""

    def __init__(self, name, text):
        self.name = name
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)

    def read(self):
        """The file's only document, which must be a map."""
        value = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if event.version or event.tags:
                    self.refuse(event, "a % directive; specs have none, delete the line")
                if value is not None:
                    self.refuse(event, "a second document; one file holds one, delete the `---`")
                value = self.node(next(self.events))
        if not isinstance(value, Map):
            raise SpecError([Problem(Src(self.name, 1), "not a map; a spec file is a map of keys")])
        return value

    def src(self, event):
        return Src(self.name, event.start_mark.line + 1)

    def refuse(self, event, message):
        raise SpecError([Problem(self.src(event), message)])

    def node(self, event):
        """A value of any kind; anchors, aliases and tags end here."""
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, f"alias *{event.anchor}; write the value out, repetition is cheaper to audit")
        if event.anchor is not None:
            self.refuse(event, f"anchor &{event.anchor}; delete it, specs have no anchors or aliases")
        if event.tag is not None:
            self.refuse(event, f"tag {event.tag}; delete it, specs have no tags")
        if isinstance(event, yaml.MappingStartEvent):
            return self.map(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.seq(event)
        return self.scalar(event)

    def map(self, start):
        result = Map(self.src(start))
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event)
            if key in result:
                self.refuse(event, f"key `{key}` again; it stands first in line {result.places[key].line}, keep one of the two")
            result.places[key] = self.src(event)
            result[key] = self.node(next(self.events))
        return result

    def seq(self, start):
        result = Seq(self.src(start))
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            result.places.append(self.src(event))
            result.append(self.node(event))
        return result

    def key(self, event):
        """A key is always a string; those that YAML 1.1 reads as something else are refused."""
        if not isinstance(event, yaml.ScalarEvent):
            if isinstance(event, yaml.AliasEvent):
                self.node(event)
            self.refuse(event, "a key that is a list or a map; keys are plain words")
        if event.anchor is not None or event.tag is not None:
            self.node(event)
        if event.value == "<<":
            self.refuse(event, "merge key <<; write the keys out")
        if event.style is None and event.value.lower() in CONFUSING_KEYS:
            self.refuse(event, f"key `{event.value}` is a boolean or null to other YAML readers; choose another word")
        return event.value

    def scalar(self, event):
        if event.style is not None:
            return event.value
        if event.value in NULLS:
            self.refuse(event, "no value here; write one, or delete the key")
        if event.value in BOOLEANS:
            return BOOLEANS[event.value]
        if INTEGER.match(event.value):
            return int(event.value, 0)
        return event.value
