"""`paths M --from A --to B`: every simple way from one state to another, with its events and checks.

A way visits no state twice. It goes on where a machine hands over, and obeys what is fixed: a fixed classifier
answers once and for all, a row that settles one rules out the other answers, and a hand-over delivers the same
event again (the row that takes it up may stay where it is). Other rows that lead back to a state of the way are
loops, listed once at the end.

FAILED and CLOSED may stand for B; `--from` may be left out for the initial state.
"""

import sys
from dataclasses import dataclass

from . import words
from .model import row_target
from .words import NotThere, Page, pick

ENDS = ("CLOSED", "FAILED")


def add_arguments(parser):
    parser.add_argument("machine", help="the machine to begin in")
    parser.add_argument("--from", dest="start", metavar="STATE", help="the state to begin in (default: the initial one)")
    parser.add_argument("--to", dest="target", metavar="STATE", required=True, help="STATE, MACHINE.STATE, CLOSED or FAILED")
    parser.add_argument("--brief", action="store_true", help="one line for each way: its states")


def run(args, spec):
    """Prints the ways; 2 if the spec has nothing of that name."""
    try:
        print(paths(spec, args.machine, args.start, args.target, args.brief), end="")
    except NotThere as problem:
        print(f"paths: {problem}", file=sys.stderr)
        return 2
    return 0


@dataclass(frozen=True)
class Step:
    """One edge: in `machine.state`, `row` is taken with `outcome` and leads to `target`. A hand-over has no row."""
    machine: str
    state: str
    row: object
    outcome: object
    target: tuple                   # (machine, state)

    @property
    def place(self):
        return (self.machine, self.state)


class _Search:
    """Depth first over (machine, state), with what is known of the fixed classifiers."""

    def __init__(self, spec, target):
        self.spec, self.target = spec, target
        self.ways, self.loops = [], {}

    def ways_from(self, place):
        self.visit(place, (), {}, None)
        return self.ways

    def visit(self, place, way, known, event):
        """`event` is the last one that was not `immediate`: what a hand-over delivers again."""
        if place == self.target and way:
            self.ways.append((way, known))
            return
        if place[1] in ENDS:
            return
        visited = {step.place for step in way} | {place}
        for step, after, next_event in self.steps(place, known, event):
            taken_up = isinstance(event, tuple) and step.target == place      # what was handed over may leave us where we are
            if taken_up or step.target not in visited:
                self.visit(step.target, way + (step,), after, next_event)
            else:
                self.loops.setdefault((step.place, step.row and step.row.event.key, step.outcome and step.outcome.name), step)

    def steps(self, place, known, event):
        """The edges that can be taken, each with what is known after it."""
        machine = self.spec.machines[place[0]]
        over = machine.handed_over.get(place[1])
        if over:
            yield Step(*place, None, None, (over.machine, over.at)), known, ("again", event)
            return
        again = isinstance(event, tuple)
        for row, outcome in machine.outcomes_of(place[1]):
            if again and event[1] and (row.event.kind, row.event.name) != (event[1].kind, event[1].name):
                continue
            after = self.learn(known, row, outcome)
            if after is not None:
                target = row_target(machine, place[1], outcome)
                next_event = (event[1] if again else event) if row.event.kind == "immediate" else row.event
                yield Step(*place, row, outcome, self.place_of(machine, target)), after, next_event

    def place_of(self, machine, state):
        return (self.target[0], state) if state in ENDS and self.target[1] == state else (machine.name, state)

    def learn(self, known, row, outcome):
        """What is known after an outcome, or None if it contradicts what was known."""
        after = dict(known)
        function = self.spec.functions.get(row.select)
        answers = [(row.select, (outcome.name,))] if function and function.fixed else []
        for classifier, values in answers + list(outcome.settles.items()):
            both = [v for v in after.get(classifier, values) if v in values]
            if not both:
                return None
            after[classifier] = tuple(both)
        return after


def find(spec, machine, start, target):
    """(ways, loops): each way a tuple of Steps with what is known of fixed classifiers at its end. Raises NotThere."""
    begin = _place(spec, machine, start or pick(spec.machines, machine, "machine").initial)
    search = _Search(spec, _place(spec, machine, target, begin))
    ways = search.ways_from(begin)
    order = {place: n for n, place in enumerate(dict.fromkeys(step.place for way, _ in ways for step in way))}
    loops = [step for step in search.loops.values() if step.place in order]
    return ways, sorted(loops, key=lambda step: order[step.place])


def _place(spec, machine, name, begin=None):
    """(machine, state) for STATE or MACHINE.STATE; a state of a machine that it can hand over to is found too."""
    dotted, _, state = name.rpartition(".")
    if dotted:
        found = pick(spec.machines, dotted, "machine")
        if state not in ENDS and state not in found.handed_over:
            pick(found.states, state, f"state in {dotted} called")
        return (dotted, state)
    found = pick(spec.machines, machine, "machine")
    if name in found.states or name in found.handed_over or name in ENDS:
        return (machine, name)
    for over in found.handed_over.values() if begin else ():
        if name in spec.machines[over.machine].states:
            return (over.machine, name)
    pick(found.states, name, f"state in {machine} called")
    return None


# ---- in words

def paths(spec, machine, start, target, brief=False):
    """The text of the command."""
    ways, loops = find(spec, machine, start, target)
    begin = _place(spec, machine, start or spec.machines[machine].initial)
    end = _place(spec, machine, target, begin)
    page = Page(110)
    page.add(f"From {'.'.join(begin)} to {'.'.join(end) if end[1] not in ENDS else end[1]}: {_count(ways)}.")
    if end[1] == "FAILED":
        page.add("Not counted: checks that refuse, messages that no row lists, and what companions do.")
    if ways:
        _in_common(ways, page)
    page.gap()
    for number, (way, known) in enumerate(ways, 1):
        if not brief:
            page.gap()
        _way(spec, number, way, known, page, brief)
    _loops(loops, page)
    return str(page)


def _count(ways):
    return {0: "no way", 1: "one way"}.get(len(ways), f"{len(ways)} ways")


def _checks(way):
    return [c.check for step in way if step.outcome for c in step.outcome.require]


def _in_common(ways, page):
    """The checks that every way passes, and those that only some do."""
    first = dict.fromkeys(_checks(ways[0][0]))
    every = [c for c in first if all(c in _checks(way) for way, _ in ways)]
    some = [c for c in dict.fromkeys(c for way, _ in ways for c in _checks(way)) if c not in every]
    if len(ways) > 1:
        page.gap()
        page.pair("every way passes", ", ".join(every) or "no check", 0, 18)
        if some:
            page.pair("only some pass", ", ".join(some), 0, 18)


def _way(spec, number, way, known, page, brief):
    states = [step.state for step in way] + [way[-1].target[1]]
    if brief:
        page.pair(f"{number}.", " ".join(_joined(way, states)), 0, 4)
        return
    fixed = ", ".join(f"{c} = {' or '.join(v)}" for c, v in known.items())
    page.add(f"WAY {number}" + (f"  {fixed}" if fixed else ""), 0, 2)
    machine = None
    for step in way:
        if step.machine != machine:
            machine = step.machine
            page.add(machine, 2)
        page.pair(step.state, _step(step), 4, 18)
    page.pair(way[-1].target[1], "" if way[-1].target[1] not in ENDS else "the connection has ended", 4, 18)


def _joined(way, states):
    """State names with arrows; `=>` where another machine takes over."""
    parts = [states[0]]
    for step, name in zip(way, states[1:]):
        parts += ["->" if step.row else f"=> {step.target[0]}:", name]
    return parts


def _step(step):
    """What happens on one edge."""
    if step.row is None:
        return f"handed over to {step.target[0]}.{step.target[1]}; the event comes again"
    outcome = step.outcome
    parts = [words.step_brief(step.row, outcome)]
    if outcome.extensions:
        parts.append(f"extensions of {outcome.extensions}")
    if outcome.require:
        parts.append("checks " + ", ".join(c.check for c in outcome.require))
    if outcome.do:
        parts.append("does " + ", ".join(outcome.do))
    if outcome.send:
        parts.append(f"sends flight {outcome.send}")
    if outcome.keys:
        parts.append("keys " + ", ".join(f"{k} {v}" for k, v in (("read", outcome.keys.read), ("write", outcome.keys.write)) if v is not None))
    if outcome.report:
        parts.append(f"reports {outcome.report}")
    if outcome.alert:
        parts.append(f"alert {outcome.alert}")
    if outcome.fail:
        parts.append(f"fails: {outcome.fail}")
    return "; ".join(parts) + f" (line\u00a0{outcome.line})"


def _loops(loops, page):
    if not loops:
        return
    page.gap()
    page.add("Loops on these ways, any number of times unless a classifier counts:")
    for step in loops:
        where = "stays" if step.target == step.place else f"back to {step.target[1]}"
        if step.row:
            page.pair(step.state, f"{_step(step)}; {where}", 4, 18)
