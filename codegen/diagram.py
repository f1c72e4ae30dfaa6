"""A machine as an SVG drawing: states as boxes, rows as arrows with their events.

In a box: the name; `classifier?` if it decides at once; what happens without leaving (a loop arrow); what ends the
connection (a cross). Colours come from the page's style sheet, so the drawing follows light and dark.
"""

from html import escape

from . import words
from .layout import Edge, Graph, Node, lay_out

NAME, SMALL = 12.5, 10.5            # font sizes
LINE = 13.5
MARGIN = 10
CHAR = 0.605                        # width of a character of a monospaced font, in font sizes


def draw(machine, anchor):
    """The SVG text; `anchor(state)` is the id a box links to."""
    boxes = {name: _box(machine, name) for name in machine.states}
    boxes.update({name: [(name, "name"), (f"→ {over.machine}.{over.at}", "note")] for name, over in machine.handed_over.items()})
    edges = _edges(machine)
    if any("CLOSED" in pair for pair in edges):
        boxes["CLOSED"] = [("CLOSED", "name")]
    nodes = [Node(name, *_size(lines)) for name, lines in boxes.items()]
    drawn = [Edge(start, end, max(len(t) for t in labels) * SMALL * CHAR + 10, len(labels) * LINE) for (start, end), labels in edges.items()]
    graph = lay_out(Graph(nodes, drawn))
    arrow = f"arrow-{machine.name}"
    parts = [_open(machine, graph, arrow)]
    parts += [f'<path class="edge" d="{_path(e.points)}" marker-end="url(#{arrow})"/>' for e in drawn]
    parts += [_label(e, labels) for e, labels in zip(drawn, edges.values())]
    parts += [_state(machine, node, boxes[node.name], anchor) for node in nodes]
    return "\n".join(parts + ["</g></svg>"])


def _box(machine, name):
    """The lines in a state's box: (text, class)."""
    state = machine.states[name]
    lines = [(name, "name")]
    for row in state.rows:
        if row.event.kind == "immediate" and row.select:
            lines.append((f"{row.select}?", "note"))
        for outcome in row.outcomes.values():
            what = outcome.name if row.event.kind == "immediate" else _short(row, outcome)
            if outcome.goto in ("same", name):
                lines.append((f"↻ {what}", "note"))
            elif outcome.alert and machine.one_per == "datagram":
                lines.append((f"↻ {what}: alert", "note"))
            elif outcome.alert or outcome.fail:
                lines.append((f"✕ {what}", "note bad"))
    return lines


def _short(row, outcome):
    text = words.event_brief(row.event)
    return f"{text} = {outcome.name}" if row.select else text


def _edges(machine):
    """{(state, state): [labels]} for every row that leads to another state."""
    edges = {}
    for name, state in machine.states.items():
        for row in state.rows:
            for outcome in row.outcomes.values():
                if outcome.goto and outcome.goto not in ("same", name):
                    label = (outcome.name or "at once") if row.event.kind == "immediate" else _short(row, outcome)
                    labels = edges.setdefault((name, outcome.goto), [])
                    if label not in labels:
                        labels.append(label)
    return edges


def _size(lines):
    width = max(len(text) * (NAME if kind == "name" else SMALL) * CHAR for text, kind in lines)
    return max(width + 22, 60), len(lines) * LINE + 13


def _open(machine, graph, arrow):
    width, height = graph.width + 2 * MARGIN, graph.height + 2 * MARGIN
    return (f'<svg class="diagram" role="img" aria-label="states of {escape(machine.name)}" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" xmlns="http://www.w3.org/2000/svg">'
            f'<defs><marker id="{arrow}" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
            f'<path class="head" d="M0,0.6 L8,4 L0,7.4 z"/></marker></defs><g transform="translate({MARGIN},{MARGIN})">')


def _path(points):
    """A smooth line through the points, vertical at both ends."""
    text = "M{:.1f},{:.1f}".format(*points[0])
    slopes = _slopes(points)
    for (x1, y1), (x2, y2), out, into in zip(points, points[1:], slopes, slopes[1:]):
        third = (y2 - y1) / 3 if len(points) > 2 else (y2 - y1) / 2
        text += f" C{x1 + out * third:.1f},{y1 + third:.1f} {x2 - into * third:.1f},{y2 - third:.1f} {x2:.1f},{y2:.1f}"
    return text


def _slopes(points):
    """dx/dy at each point: that of the line between its neighbours, none at the ends and where the line turns back."""
    slopes = [0.0]
    for (x0, y0), (x1, _), (x2, y2) in zip(points, points[1:], points[2:]):
        turns = (x1 - x0) * (x2 - x1) <= 0
        slopes.append(0.0 if turns or y2 == y0 else (x2 - x0) / (y2 - y0))
    return slopes + [0.0]


def _label(edge, labels):
    x, y = edge.label_at
    width, height = edge.label_width - 4, edge.label_height
    top = y - height / 2
    lines = "".join(f'<text class="event" x="{x:.1f}" y="{top + LINE * i + 10:.1f}">{escape(text)}</text>' for i, text in enumerate(labels))
    return f'<rect class="gap" x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>{lines}'


def _state(machine, node, lines, anchor):
    left, top = node.x - node.width / 2, node.y - node.height / 2
    state = machine.states.get(node.name)
    kinds = ["state", "decides" if state and state.immediate else "", "waits" if state and state.waits and not state.immediate and not state.application_data else "",
             "open" if state and state.application_data else "", "initial" if node.name == machine.initial else "",
             "elsewhere" if not state else ""]
    shape = (f'<rect class="{" ".join(k for k in kinds if k)}" x="{left:.1f}" y="{top:.1f}" width="{node.width:.1f}" '
             f'height="{node.height:.1f}" rx="{node.height / 2 if state and state.immediate and len(lines) < 3 else 5:.1f}"/>')
    if node.name in machine.final:
        shape += f'<rect class="final" x="{left + 3:.1f}" y="{top + 3:.1f}" width="{node.width - 6:.1f}" height="{node.height - 6:.1f}" rx="3"/>'
    texts = "".join(f'<text class="{kind}" x="{node.x:.1f}" y="{top + 18 + LINE * i:.1f}">{escape(text)}</text>'
                    for i, (text, kind) in enumerate(lines))
    drawn = f"<g>{shape}{texts}</g>"
    return f'<a href="#{anchor(node.name)}">{drawn}</a>' if state else drawn
