"""Lays out a directed graph in layers, top to bottom, so that state diagrams need no Graphviz.

The usual four steps: turn back edges round, give each node a layer (longest path), order the layers by barycentres,
and place each layer as near as it can be to its neighbours. An edge runs through one point in every layer between its
ends; its label takes room in the first of them. Same graph, same picture: nothing depends on hashes or chance.
"""

from dataclasses import dataclass, field

LAYER_GAP = 26
NODE_GAP = 24
SWEEPS = 24


@dataclass
class Node:
    """`width` and `height` go in; `x`, `y` (the middle) come out."""
    name: object
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    layer: int = 0
    helper: bool = False            # a bend or a label of an edge


@dataclass
class Edge:
    """`label_width`, `label_height` go in (0 = none); `points` and `label_at` come out."""
    start: object
    end: object
    label_width: float = 0.0
    label_height: float = 0.0
    points: list = field(default_factory=list)
    label_at: tuple = (0.0, 0.0)


@dataclass
class Graph:
    nodes: list
    edges: list
    width: float = 0.0
    height: float = 0.0


def lay_out(graph):
    """Fills in all positions; edges that begin and end in the same node are left alone."""
    edges = [e for e in graph.edges if e.start != e.end]
    by_name = {n.name: n for n in graph.nodes}
    reversed_ = _back_edges(graph.nodes, edges)
    _assign_layers(by_name, [(e.end, e.start) if id(e) in reversed_ else (e.start, e.end) for e in edges])
    chains = _chains(by_name, edges, reversed_)
    layers = _layers(graph.nodes, chains)
    links = [(a, b) for chain in chains for a, b in zip(chain, chain[1:])]
    layers = _order(layers, links)
    _place(layers, links)
    _measure(graph, layers)
    for edge, chain in zip(edges, chains):
        _draw(edge, chain, id(edge) in reversed_)
    _spread(edges, by_name)
    return graph


def _back_edges(nodes, edges):
    """Ids of the edges that close a cycle, found depth first in the order given."""
    out = {n.name: [] for n in nodes}
    for edge in edges:
        out[edge.start].append(edge)
    state, found = {}, set()
    for root in nodes:
        if root.name in state:
            continue
        state[root.name] = "open"
        stack = [(root.name, iter(out[root.name]))]
        while stack:
            name, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                state[name] = "done"
                stack.pop()
            elif state.get(edge.end) == "open":
                found.add(id(edge))
            elif edge.end not in state:
                state[edge.end] = "open"
                stack.append((edge.end, iter(out[edge.end])))
    return found


def _assign_layers(by_name, pairs):
    """Longest path; two layers for each step, so that labels have layers of their own. Then roots sink to their successors."""
    before = {name: [a for a, b in pairs if b == name] for name in by_name}
    after = {name: [b for a, b in pairs if a == name] for name in by_name}
    depth = {}

    def depth_of(name):
        if name not in depth:
            depth[name] = max((depth_of(b) + 1 for b in before[name]), default=0)
        return depth[name]

    for name in by_name:
        by_name[name].layer = 2 * depth_of(name)
    for name, node in by_name.items():
        if not before[name] and after[name]:
            node.layer = min(by_name[a].layer for a in after[name]) - 2


def _chains(by_name, edges, reversed_):
    """For each edge the nodes it runs through, from the upper end to the lower."""
    chains = []
    for number, edge in enumerate(edges):
        upper, lower = by_name[edge.start], by_name[edge.end]
        if id(edge) in reversed_:
            upper, lower = lower, upper
        chain = [upper]
        label_layer = lower.layer - 1 if id(edge) in reversed_ else upper.layer + 1
        for layer in range(upper.layer + 1, lower.layer):
            labelled = layer == label_layer
            chain.append(Node((number, layer), edge.label_width if labelled else 0, edge.label_height if labelled else 0,
                              layer=layer, helper=True))
        chains.append(chain + [lower])
    return chains


def _layers(nodes, chains):
    count = max((n.layer for n in nodes), default=0) + 1
    layers = [[] for _ in range(count)]
    seen = set()
    for node in [*nodes, *(n for chain in chains for n in chain)]:
        if id(node) not in seen:
            seen.add(id(node))
            layers[node.layer].append(node)
    return layers


def _order(layers, links):
    """The best order that sweeping by barycentres finds."""
    above, below = _neighbours(links)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            near = above if down else below
            place = {id(n): i for other in layers for i, n in enumerate(other)}
            layer.sort(key=lambda n: _mean([place[id(m)] for m in near.get(id(n), ())], place[id(n)]))
        crossings = _crossings(layers, below)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _neighbours(links):
    above, below = {}, {}
    for upper, lower in links:
        above.setdefault(id(lower), []).append(upper)
        below.setdefault(id(upper), []).append(lower)
    return above, below


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _crossings(layers, below):
    count = 0
    for upper, lower in zip(layers, layers[1:]):
        place = {id(n): i for i, n in enumerate(lower)}
        ends = [(i, place[id(m)]) for i, n in enumerate(upper) for m in below.get(id(n), ())]
        count += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for i, a in enumerate(ends) for b in ends[:i])
    return count


def _place(layers, links):
    """x: each layer as near to its neighbours as order and gaps allow, sweeping down and up."""
    above, below = _neighbours(links)
    for layer in layers:
        x = 0.0
        for node in layer:
            node.x = x + node.width / 2
            x += node.width + NODE_GAP
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            both = sweep > SWEEPS // 2
            wishes = []
            for node in layer:
                near = (above if sweep % 2 == 0 or both else below).get(id(node), []) + (below.get(id(node), []) if both else [])
                wishes.append(_mean([m.x for m in near], node.x))
            _fit(layer, wishes)


def _fit(layer, wishes):
    """Least squares under the gaps between neighbours: pool those that would overlap (isotonic regression)."""
    offset, offsets = 0.0, []
    for index, node in enumerate(layer):
        if index:
            offset += (layer[index - 1].width + node.width) / 2 + NODE_GAP
        offsets.append(offset)
    pools = []                                       # [sum of wishes, weight, count]
    for node, wish, shift in zip(layer, wishes, offsets):
        weight = 1.0 if node.helper else 2.0
        pools.append([(wish - shift) * weight, weight, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last)]
    index = 0
    for total, weight, count in pools:
        for _ in range(count):
            layer[index].x = total / weight + offsets[index]
            index += 1


def _measure(graph, layers):
    """y, and the size of the picture."""
    y = 0.0
    for number, layer in enumerate(layers):
        height = max((n.height for n in layer), default=0)
        y += 0 if number == 0 else LAYER_GAP * (0.75 if height else 0.4)
        for node in layer:
            node.y = y + height / 2
        y += height
    everyone = [n for layer in layers for n in layer]
    left = min((n.x - n.width / 2 for n in everyone), default=0)
    for node in everyone:
        node.x -= left
    graph.width = max((n.x + n.width / 2 for n in everyone), default=0)
    graph.height = y


def _draw(edge, chain, is_reversed):
    """The points of an edge, from its start to its end, and where its label stands."""
    upper, lower = chain[0], chain[-1]
    points = [(upper.x, upper.y + upper.height / 2)]
    for node in chain[1:-1]:
        if node.height:
            edge.label_at = (node.x, node.y)
            points += [(node.x, node.y - node.height / 2), (node.x, node.y + node.height / 2)]
        else:
            points.append((node.x, node.y))
    points.append((lower.x, lower.y - lower.height / 2))
    edge.points = points[::-1] if is_reversed else points


def _spread(edges, by_name):
    """Edges that share a side of a box get ports of their own on it."""
    sides = {}
    for edge in edges:
        for index, name in ((0, edge.start), (-1, edge.end)):
            side = "below" if edge.points[index][1] > by_name[name].y else "above"
            sides.setdefault((name, side), []).append((edge, index))
    for (name, _), ends in sides.items():
        ends.sort(key=lambda e: e[0].points[1 if e[1] == 0 else -2][0])
        step = min(18.0, by_name[name].width / (len(ends) + 1))
        for place, (edge, index) in enumerate(ends):
            x, y = edge.points[index]
            edge.points[index] = (x + (place - (len(ends) - 1) / 2) * step, y)
