"""python3 -m codegen prove: the properties of spec/properties/, on the composed machines.

    violations(spec)        all that is wrong, as errors.Problem, sorted by place
    run(args, spec)         the command; returns its exit status

`search` builds the graph of configurations, `kinds` decides the properties, `always` what holds unasked,
`product` plays client and server against each other across a network that loses and repeats datagrams.
"""

import sys

from ..errors import Problem
from . import always, product
from .kinds import KINDS, Case
from .search import Graph


def violations(spec, network=product.SMALL):
    """Every violated property and always-on rule; `network`: the bounds of client and server together, () for none."""
    graphs, problems = {}, []
    for file in spec.properties.values():
        starts, bad = legal_starts(spec, file)
        problems += bad
        graph = graphs.get(starts) or graphs.setdefault(starts, Graph(spec, starts))
        for prop in file.properties.values():
            problems += [Problem(prop.src, f"{prop.name}: {message}") for message in decide(spec, graph, prop)]
    seen = {m for graph in graphs.values() for m in graph.machines}
    for machine in spec.machines.values():
        if machine.name not in seen:
            starts = (f"{machine.name}.{machine.initial}",)
            graphs[starts] = Graph(spec, starts)
    for graph in graphs.values():
        problems += always.problems(spec, graph)
    problems += always.alerts_heard(spec)
    problems += always.unreached(spec, list(graphs.values()))
    problems += product.problems(spec, network)
    return sorted(set(problems))


def legal_starts(spec, file):
    """The start states that exist, and complaints about the others."""
    starts, problems = [], []
    for start in file.start:
        machine, _, state = start.partition(".")
        if machine in spec.machines and state in spec.machines[machine].states:
            starts.append(start)
        else:
            problems.append(Problem(file.src, f"start: `{start}` is no state; name one as machine.STATE"))
    return tuple(starts), problems


def decide(spec, graph, prop):
    """The complaints of one property."""
    kind = KINDS.get(prop.kind)
    if kind is None:
        return [f"`{prop.kind}` is no kind of property; there are {', '.join(sorted(KINDS))}"]
    return list(kind(Case(prop.body, graph, spec)))


def add_arguments(parser):
    """What this command wants beside --spec."""
    parser.add_argument("--deep", action="store_true", help="more losses and repetitions between client and server (about a minute)")


def run(args, spec):
    """Prints what is violated; 0 if nothing is."""
    found = violations(spec, product.DEEP if args.deep else product.SMALL)
    for problem in found:
        print(problem, file=sys.stderr)
    properties = sum(len(f.properties) for f in spec.properties.values())
    print(f"properties held: {properties - len(violated(spec, found))} of {properties}; violations: {len(found)}")
    return 1 if found else 0


def violated(spec, found):
    """The properties among some problems."""
    places = {p.src for p in found}
    return [p for f in spec.properties.values() for p in f.properties.values() if p.src in places]
