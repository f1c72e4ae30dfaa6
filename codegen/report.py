"""`report [-o FILE]`: the whole spec as one self-contained HTML page.

State diagrams, rows, properties, the extension-by-message matrix, records, limits, code points, functions and
references; with traces of the tests, also which rows they took. The page asks the network for nothing. Everything
that needs thought happens here, in plain objects; templates/report.html.j2 only lays them out.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import jinja2

from . import coverage, diagram, load, model, words
from .explain_row import keys_added, keys_dropped, mentions, prototype
from .fate import unlisted_words

TEMPLATES = Path(__file__).parent / "templates"
PHASES = ("plain", "keyed", "connected")


def add_arguments(parser):
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--coverage", nargs="+", metavar="TRACE", default=[], help="traces of the tests, to mark rows with")
    parser.add_argument("--exclude", metavar="FILE", help="exclusions of `coverage`")


def run(args, spec):
    """Writes the page; 2 if a file cannot be read or written."""
    try:
        covered = None
        if args.coverage:
            exclusions = coverage.read_exclusions(args.exclude) if args.exclude else ()
            covered = coverage.Coverage(spec, coverage.read_traces(args.coverage), exclusions)
        page = render(spec, covered)
        if args.output:
            Path(args.output).write_text(page, encoding="utf-8", newline="\n")
        else:
            sys.stdout.write(page)
    except (OSError, EOFError, ValueError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    return 0


def render(spec, covered=None):
    """The page as text."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.globals.update(cite=lambda ref: Citation.of(spec, ref), place=short_place, version_name=words.VERSIONS.get,
                               short_epoch=words.short_epoch, when_words=words.when_words, limit_words=words.limit_words,
                               timer_words=lambda name: words.timer_words(spec, name), prototype=lambda function: prototype(spec, function),
                               keys_added=keys_added, resend_words=words.resend_words, give_up_words=words.give_up_words, done_words=words.DONE_WHEN.get,
                               transcript_words=words.TRANSCRIPTS.get)
    return environment.get_template("report.html.j2").render(page=Report(spec, covered))


def short_place(src):
    """`machines/listen.yaml:27`."""
    return str(src).removeprefix("spec/")


def anchor(*names):
    """An id of the page."""
    return "-".join(str(n).replace("#", "-").replace(".", "-").lower() for n in names)


@dataclass(frozen=True)
class Citation:
    """A ref, ready to print: short, with its title, and linked to the page's own list of references."""
    short: str
    title: str
    target: str

    @classmethod
    def of(cls, spec, ref):
        if "#" not in (ref or ""):
            return cls(ref or "", "", "")
        key, section = ref.split("#", 1)
        found = spec.documents.get(key)
        title = found.sections.get(section, "") if found else ""
        return cls(f"{words.document(key)} §{section}", title, anchor("ref", key, section) if title else "")


@dataclass(frozen=True)
class RowCell:
    """One outcome of one row, as the page shows it."""
    event: str
    epoch: str
    condition: str
    origin: str                     # "any state" for rows written there
    checks: tuple                   # of (Check, mark)
    extensions: str
    effects: tuple                  # of (label, text)
    end: str
    end_kind: str                   # goto, stay or bad
    end_target: str
    ref: str
    remark: str
    line: int
    mark: str                       # taken, missed, excluded or ""


class Report:
    """Everything the template shows, in its order."""

    def __init__(self, spec, covered=None):
        self.spec, self.covered = spec, covered
        self.handshakes = [m for m in spec.machines.values() if m.is_handshake or m.one_per == "datagram"]
        self.others = [m for m in spec.machines.values() if m not in self.handshakes]
        self.machines = self.handshakes + self.others
        self.digests = list(load.digests(spec.root).items())
        self.marks = self._marks()
        self.named = self._named_by_properties()

    # -- numbers and tests

    def numbers(self):
        """(how many, of what) for the head of the page."""
        rows, checks, extension_checks = coverage.items_of(self.spec)
        properties = sum(len(f.properties) for f in self.spec.properties.values())
        return [(len(self.machines), "machines"), (sum(len(m.states) for m in self.machines), "states"), (len(rows), "row outcomes"),
                (len(checks) + len(extension_checks), "checks"), (properties, "properties"), (len(self.spec.extensions), "extensions"),
                (len({ref for ref, _ in self.spec.refs}), "sections of RFCs")]

    def _marks(self):
        if self.covered is None:
            return {}
        marks = {}
        for item in self.covered.all:
            mark = "taken" if item in self.covered.taken else "excluded" if item in self.covered.excluded else "missed"
            marks[item.kind, item.machine, str(item.src), item.outcome if item.kind == "row" else item.check] = mark
        return marks

    def coverage_numbers(self):
        """[(what, taken, counted, percent)], empty without traces."""
        if self.covered is None:
            return []
        kinds = (("rows taken", self.covered.rows), ("checks refused", self.covered.checks),
                 ("extension checks refused", self.covered.extension_checks))
        return [(what, *self.covered.numbers(items), self._percent(items)) for what, items in kinds]

    def _percent(self, items):
        taken, counted = self.covered.numbers(items)
        return int(1000 * taken / counted) / 10 if counted else 100.0

    def check_mark(self, owner, check):
        return self.marks.get(("refused", owner, str(check.src), check.check), "")

    def wire_types(self):
        """Messages, then the types that they and extensions are made of."""
        messages = list(self.spec.structs.values())
        return messages + [t for t in self.spec.types.values() if isinstance(t, model.Struct) and t not in messages]

    # -- machines

    def diagram(self, machine):
        return diagram.draw(machine, lambda state: anchor(machine.name, state))

    def anchor(self, *names):
        return anchor(*names)

    def remark(self, src):
        return words.comment_at(self.spec, src)

    def facts(self, machine):
        """[(label, text)] about a machine."""
        kind = {"connection": "one per connection", "flight": "one for each flight and those that extend it",
                "datagram": "at a listener a scratch connection for each datagram, wiped after it; a server without one begins here "
                            "itself"}[machine.one_per]
        beside = "; ".join(m if s == "all" else f"{m} ({', '.join(s)})" for m, s in machine.runs_in.items())
        overs = "; ".join(f"in {o.state} to {o.machine}.{o.at}" for o in machine.handed_over.values())
        facts = [("version, role", f"{words.VERSIONS[machine.version]}, {machine.role}"), ("instances", kind), ("runs beside", beside),
                 ("begins in", machine.initial), ("owes nothing in", ", ".join(machine.final)), ("hands over", overs),
                 ("otherwise", unlisted_words(self.spec, machine) if machine.unlisted_message else "")]
        return [(label, text) for label, text in facts if text]

    def state_note(self, machine, state):
        """What kind of state it is."""
        notes = []
        if state.name == machine.initial:
            notes.append("begins here")
        if state.immediate:
            notes.append("decides at once")
        elif state.waits and not state.application_data:
            notes.append("messages and held records wait")
        if state.application_data:
            notes.append({"both": "application data both ways", "receive": "application data received only"}[state.application_data])
        if state.name in machine.final:
            notes.append("final")
        return ", ".join(notes)

    def rows(self, machine, state=None):
        """The RowCells of a state, or those of any_state."""
        rows = machine.states[state].rows if state else machine.any_state
        return [self._cell(machine, state, row, outcome) for row in rows for outcome in row.outcomes.values()]

    def _cell(self, machine, state, row, outcome):
        ends, kind, target = self._end(machine, state, outcome)
        epoch = "" if row.event.epoch is None else words.short_epoch(row.event.epoch)
        mark = self.marks.get(("row", machine.name, str(outcome.src), outcome.name or "-"), "")
        remarks = [self.remark(row.src)] if next(iter(row.outcomes.values())) is outcome else []
        if outcome.src != row.src:
            remarks.append(self.remark(outcome.src))
        return RowCell(words.event_name(row.event).replace("message:", "").replace(":", " "),
                       epoch + (", any message_seq" if row.event.seq_any else ""),
                       f"{row.select} = {outcome.name}" if row.select else "", "" if row.state else "any state",
                       tuple((c, self.check_mark(machine.name, c)) for c in outcome.require), outcome.extensions or "",
                       tuple(self._effects(outcome)), ends, kind, target, outcome.ref, " ".join(r for r in remarks if r), outcome.line, mark)

    def _end(self, machine, state, outcome):
        if outcome.alert and machine.one_per == "datagram":
            return f"alert {outcome.alert}, which ends nothing", "stay", ""
        if outcome.alert:
            return f"alert {outcome.alert}", "bad", ""
        if outcome.fail:
            return f"fails: {outcome.fail}", "bad", ""
        if outcome.goto in ("same", state):
            return "stays", "stay", ""
        return outcome.goto, "goto", anchor(machine.name, outcome.goto) if outcome.goto in machine.states else ""

    def _effects(self, outcome):
        """What a row does, in the order in which it does it."""
        for classifier, values in outcome.settles.items():
            yield "settled", f"{classifier} is {' or '.join(values)}"
        if outcome.ends_record:
            yield "record", "ends with this message"
        if outcome.transcript:
            yield "hashed", outcome.transcript.replace("_", " ")
        for name in outcome.do:
            yield "done", name
        if outcome.keys:
            yield "keys", keys_added(outcome.keys)
        if outcome.drop_keys:
            yield "keys", keys_dropped(outcome.drop_keys)
        for timer, verb in outcome.timers.items():
            yield "timer", f"{timer}: {verb.replace('_', ' ')}"
        if outcome.send:
            yield "sent", f"flight {outcome.send}"
        if outcome.ack:
            yield "sent", "ACK"
        if outcome.notify:
            yield "sent", f"alert {outcome.notify}"
        if outcome.report:
            yield "reported", outcome.report

    # -- extensions

    def blocks(self):
        """[(version, block)] in which extensions appear, in order of first use."""
        return [(v, b) for v in ("dtls12", "dtls13") for b in self.spec.blocks(v)]

    # -- records

    def record_classes(self, records):
        """(epochs, [(content, {(epoch, phase): RecordRow})]) of a record table."""
        registry = self.spec.registries.get("ContentType")
        known = [e.name for e in registry.entries.values() if e.use is None or records.version in e.use] if registry else []
        named = dict.fromkeys(c for row in records.rows for c in row.content if c != "any")
        contents = list(dict.fromkeys([*known, *named, "unknown"]))
        epochs = list(dict.fromkeys(e for row in records.rows for e in row.epoch if e != "any"))
        table = []
        for content in contents:
            cells = {(e, p): row for row in records.rows for e in epochs for p in PHASES
                     if _in(row.content, content) and _in(row.epoch, e) and _in(row.phase, p)}
            table.append((content, cells))
        return epochs, table

    # -- functions and properties

    def _named_by_properties(self):
        """{word: [property names]} for every word that a property mentions."""
        named = {}
        for file in self.spec.properties.values():
            for prop in file.properties.values():
                for word in mentions(prop.body):
                    named.setdefault(word, []).append(f"{file.name}.{prop.name}")
        return named

    def users(self, function):
        """Where a function is named, as places."""
        found = []
        for machine in self.spec.machines.values():
            for row in machine.all_rows():
                for outcome in row.outcomes.values():
                    if function.name in (row.select, *(c.check for c in outcome.require), *outcome.do, *outcome.settles):
                        found.append(f"{machine.name}.{row.state or 'any state'}")
            for flight in machine.flights.values():
                if any(function.name in (*line.then, *line.when) or function.kind == "build" and function.name == line.send
                       for line in flight.lines):
                    found.append(f"{machine.name} flight {flight.name}")
        for extension in self.spec.extensions.values():
            checks = [c.check for checks in extension.checks.values() for c in checks]
            hooks = [h for hooks in extension.policy.hooks.values() for h in (hooks.build, hooks.accept)]
            if function.name in (*checks, *hooks):
                found.append(f"extension {extension.name}")
        return list(dict.fromkeys(found))

    def properties_of(self, name):
        return self.named.get(name, [])

    def says(self, prop):
        """[(key, value)] of a property's rule."""
        return _says(prop.kind, prop.body)

    # -- references

    def sections(self, document):
        """[(section, title, places that cite it)]."""
        cited = {}
        for ref, src in self.spec.refs:
            cited.setdefault(ref, []).append(short_place(src))
        return [(section, title, list(dict.fromkeys(cited.get(f"{document.key}#{section}", ()))))
                for section, title in document.sections.items()]


def _in(listed, wanted):
    """Whether a row stands for a class."""
    return wanted in listed or "any" in listed


def _says(kind, body):
    """A property's rule as pairs of a label and lines: `every path to report` connected, `passes all` finished12_valid."""
    if isinstance(body, dict):
        return [((f"{kind} {key}" if index == 0 else key).replace("_", " "), _flat(value)) for index, (key, value) in enumerate(body.items())]
    return [(kind.replace("_", " "), _flat(body))]


def _flat(value):
    """A value of a property as lines."""
    if isinstance(value, dict):
        return [", ".join(f"{k}: {' '.join(_flat(v))}" for k, v in value.items())]
    if isinstance(value, (list, tuple)):
        if any(isinstance(v, (list, tuple)) for v in value):
            return [" → ".join(str(w) for w in v) for v in value]
        return [", ".join(str(v) for v in value)]
    return [str(value)]
