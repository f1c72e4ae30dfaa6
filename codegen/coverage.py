"""`coverage`: which rows the tests took, which `require` lines refused, and which never did.

Trace files have one line for each row taken and one for each refusal, words separated by spaces, `-` for none:

    MACHINE STATE EVENT OUTCOME FILE:LINE            dtls12_client WAIT_SH message:server_hello - spec/...:69
    refused MACHINE STATE CHECK FILE:LINE

They may be gzipped, repeat themselves and be many. A row outcome is known by its machine and line. CHECK is a
`require`, `ends_record`, or a check of an extension; the latter count once, in whatever row they refuse. The list
of exclusions names what no test can reach, by the same words without the place, and gives the reason:

    dtls12_client WAIT_SIGNATURE api:signature_failed -   # no external signer in the tests yet
    refused dtls12_client WAIT_SKE ske_signature_valid    # covered by the interop runner
    refused use_srtp answer srtp_profile_was_offered      # extension and role
"""

import fnmatch
import gzip
import sys
from dataclasses import dataclass

from . import words

ANY_STATE = "any_state"


def add_arguments(parser):
    parser.add_argument("traces", nargs="+", metavar="TRACE", help="trace files of the tests, .gz or not")
    parser.add_argument("--fail-under", type=float, metavar="PERCENT", help="exit status 1 if rows or refusals are below this")
    parser.add_argument("--exclude", metavar="FILE", help="what no test can reach, one a line, with `# reason`")


def run(args, spec):
    """Prints the summary and what is missing; 1 below --fail-under or for a stale exclusion, 2 if a file cannot be read."""
    try:
        lines = read_traces(args.traces)
        exclusions = read_exclusions(args.exclude) if args.exclude else []
    except (OSError, EOFError, ValueError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 2
    result = Coverage(spec, lines, exclusions)
    print(result.text(), end="")
    if result.complaints:
        return 1
    return 1 if args.fail_under is not None and result.percent() < args.fail_under else 0


# ---- what there is

@dataclass(frozen=True)
class Item:
    """Something a test can do: take a row's outcome, or make a check refuse."""
    kind: str                       # row or refused
    machine: str                    # or extension
    state: str                      # any_state for rows that stand there; the role of an extension
    event: str
    outcome: str                    # `-` without a classifier
    check: str                      # `-` for rows
    src: object

    @property
    def words(self):
        """The words that traces and exclusions use for it."""
        if self.kind == "row":
            return f"{self.machine} {self.state} {self.event} {self.outcome}"
        return f"refused {self.machine} {self.state} {self.check}"


def items_of(spec):
    """Every row outcome, every `require` and `ends_record`, and every check of an extension, in the spec's order."""
    rows, checks = [], []
    for machine in spec.machines.values():
        for row in machine.all_rows():
            state, event = row.state or ANY_STATE, words.event_name(row.event)
            for outcome in row.outcomes.values():
                rows.append(Item("row", machine.name, state, event, outcome.name or "-", "-", outcome.src))
                names = [(c.check, c.src) for c in outcome.require]
                names += [("ends_record", outcome.src_of("ends_record"))] if outcome.ends_record else []
                checks += [Item("refused", machine.name, state, event, outcome.name or "-", n, src) for n, src in names]
    extensions = [Item("refused", e.name, role, "-", "-", c.check, c.src)
                  for e in spec.extensions.values() for role, checks_ in e.checks.items() for c in checks_]
    return rows, checks, extensions


# ---- what was traced

def read_traces(paths):
    """The different lines of all files, as bytes; repeated ones never pile up in memory."""
    lines = set()
    for path in paths:
        with open(path, "rb") as start:
            packed = start.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            lines.update(file)
    return lines


def read_exclusions(path):
    """[(line number, pattern, reason)]; a line without a reason is refused."""
    result = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            pattern, _, reason = line.partition("#")
            pattern = " ".join(pattern.split())
            if pattern and not reason.strip():
                raise ValueError(f"{path}:{number}: no reason; write `{pattern}   # why no test can do it`")
            if pattern:
                result.append((number, pattern, reason.strip()))
    return result


class Coverage:
    """The items of a spec beside the lines of traces."""

    def __init__(self, spec, lines, exclusions=()):
        self.rows, self.checks, self.extension_checks = items_of(spec)
        self.all = self.rows + self.checks + self.extension_checks
        self.taken, self.unknown = set(), []
        self._index()
        for line in sorted(lines):
            self._count(line.decode("utf-8", "replace").split())
        self.excluded, self.complaints = {}, []
        self._exclude(exclusions)

    def _index(self):
        """Where to find an item by machine and line: rows by that of the outcome, checks by their own or the outcome's."""
        self.by_place = {}
        outcome_line = {(i.machine, i.state, i.event, i.outcome): i.src.line for i in self.rows}
        for item in self.rows:
            self.by_place.setdefault(("row", item.machine, item.src.line), []).append(item)
        self.by_check = {}
        for item in self.extension_checks:
            self.by_check.setdefault(item.check, []).append(item)
        for item in self.checks:
            of_row = outcome_line[item.machine, item.state, item.event, item.outcome]
            for line in {item.src.line, of_row}:
                self.by_place.setdefault(("refused", item.machine, line), []).append(item)

    def _count(self, fields):
        if not fields:
            return
        kind = "refused" if fields[0] == "refused" and len(fields) == 5 else "row"
        fields = fields[1:] if kind == "refused" else fields
        if len(fields) != (4 if kind == "refused" else 5):
            self.unknown.append(" ".join(fields))
            return
        line = fields[-1].rpartition(":")[2]
        found = self.by_place.get((kind, fields[0], int(line))) if line.isdigit() else None
        if kind == "refused":
            known_row = (("row", fields[0], int(line)) in self.by_place) if line.isdigit() else False
            found = [i for i in found or () if i.check == fields[2]] or self.by_check.get(fields[2])
            if known_row and not found:
                return                                # a rule for all extensions, or the decoder of a block
        elif found and len(found) > 1:                # several outcomes in one line of the spec
            found = [i for i in found if i.outcome == fields[3]]
        if found:
            self.taken.update(found)
        else:
            self.unknown.append(" ".join(fields))

    def _exclude(self, exclusions):
        for number, pattern, reason in exclusions:
            found = [i for i in self.all if fnmatch.fnmatchcase(i.words, pattern)]
            if not found:
                self.complaints.append(f"line {number} of the exclusions: `{pattern}` names nothing in the spec; correct or delete it")
            for item in found:
                if item in self.taken and "*" not in pattern:
                    self.complaints.append(f"line {number} of the exclusions: tests reach `{pattern}` after all; delete it")
                elif item not in self.taken:
                    self.excluded[item] = reason

    # -- what to say

    def numbers(self, items):
        """(taken, counted): how many of the items that count were taken."""
        counted = [i for i in items if i not in self.excluded]
        return sum(i in self.taken for i in counted), len(counted)

    def percent(self):
        """The lowest of the percentages."""
        return min(_percent(*self.numbers(items)) for items in (self.rows, self.checks, self.extension_checks))

    def missing(self, items):
        return [i for i in items if i not in self.taken and i not in self.excluded]

    def text(self):
        """The whole report: numbers first, then what is missing."""
        page = words.Page(120)
        page.add(f"rows taken                {_share(*self.numbers(self.rows))}")
        page.add(f"checks refused            {_share(*self.numbers(self.checks))}")
        page.add(f"extension checks refused  {_share(*self.numbers(self.extension_checks))}")
        if self.excluded:
            page.add(f"excluded                  {len(self.excluded)}, each with its reason")
        machines = dict.fromkeys(i.machine for i in self.rows)
        page.gap()
        for machine in machines:
            rows, checks = ([i for i in items if i.machine == machine] for items in (self.rows, self.checks))
            page.add(f"{machine:16}rows {_share(*self.numbers(rows)):24}refused {_share(*self.numbers(checks))}", 2)
        self._list(page, "Rows that no test took", self.missing(self.rows), lambda i: f"{i.state} {i.event}"
                   + (f" = {i.outcome}" if i.outcome != "-" else ""))
        self._list(page, "Checks that no test made refuse", self.missing(self.checks), lambda i: f"{i.state} {i.check}")
        self._list(page, "Extension checks that no test made refuse", self.missing(self.extension_checks), lambda i: f"{i.state} {i.check}")
        self._list(page, "Excluded", [i for i in self.all if i in self.excluded],
                   lambda i: f"{i.words.partition(i.machine)[2].strip()}: {self.excluded[i]}")
        if self.unknown:
            page.gap()
            page.add(f"{len(self.unknown)} lines of the traces fit nothing in this spec; were the tests built from it? The first:")
            for line in self.unknown[:5]:
                page.add(line, 2)
        for complaint in self.complaints:
            page.gap()
            page.add(complaint)
        return str(page)

    @staticmethod
    def _list(page, title, items, describe):
        if not items:
            return
        page.gap()
        page.add(f"{title}: {len(items)}")
        machine = None
        for item in items:
            if item.machine != machine:
                machine = item.machine
                page.add(machine, 2)
            page.add(f"{item.src}  {describe(item)}", 4, 4)


def _percent(part, whole):
    return 100.0 if whole == 0 else 100.0 * part / whole


def _share(part, whole):
    """`12 of 14, 85.7 %`; never rounded up to a hundred."""
    percent = int(_percent(part, whole) * 10) / 10
    return f"{part} of {whole}, {percent:.1f} %"
