"""`report`: one page that names everything, asks the network for nothing, and is well-formed; and its drawings."""

import contextlib
import io
import re
import sys
import tempfile
import types
import unittest
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import coverage, diagram, layout, model, report  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))
PAGE = report.render(SPEC)
VOID = {"meta", "br", "link", "img", "hr"}


class Reader(HTMLParser):
    """Collects ids, links and words, and complains about tags that do not match."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.wrong, self.resources = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "a":
            self.links.append(attrs.get("href", ""))
        self.resources += [v for k, v in attrs.items() if k in ("src", "srcset", "data", "xlink:href")] + ([tag] if tag in ("script", "link", "iframe") else [])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open and tag not in VOID and self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))


class Page(unittest.TestCase):
    def setUp(self):
        self.reader = Reader()
        self.reader.feed(PAGE)

    def test_it_is_well_formed(self):
        self.assertEqual(self.reader.wrong, [])
        self.assertEqual(self.reader.open, [])
        self.assertEqual(len(self.reader.ids), len(set(self.reader.ids)))

    def test_every_link_leads_somewhere_in_the_page(self):
        self.assertEqual({link for link in self.reader.links if not link.startswith("#")}, set())
        self.assertEqual({link[1:] for link in self.reader.links} - set(self.reader.ids), set())

    def test_nothing_is_fetched(self):
        self.assertEqual(self.reader.resources, [])
        self.assertNotRegex(PAGE, r"@import|url\((?!#)")
        self.assertEqual(set(re.findall(r"https?://[^\"' <]+", PAGE)), {"http://www.w3.org/2000/svg"})

    def test_everything_is_named(self):
        names = [s for m in SPEC.machines.values() for s in m.states]
        names += [c.check for m in SPEC.machines.values() for r in m.all_rows() for o in r.outcomes.values() for c in o.require]
        names += [*SPEC.machines, *SPEC.extensions, *SPEC.limits, *SPEC.functions, *SPEC.registries, *SPEC.structs]
        names += [p.name.replace("_", " ") for f in SPEC.properties.values() for p in f.properties.values()]
        for name in names:
            self.assertIn(name, PAGE)

    def test_it_is_the_same_every_time_and_names_no_machine(self):
        self.assertEqual(PAGE, report.render(SPEC))
        self.assertNotIn(str(ROOT), PAGE)

    def test_coverage_marks_rows(self):
        rows, checks, _ = coverage.items_of(SPEC)
        lines = {f"{i.words} {i.src}\n".encode() for i in (rows + checks)[1:]}
        page = report.render(SPEC, coverage.Coverage(SPEC, lines))
        self.assertEqual(page.count('<tr class="missed">'), 1)
        self.assertIn('id="coverage"', page)
        self.assertNotIn('id="coverage"', PAGE)

    def test_the_command(self):
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "r.html"
            args = types.SimpleNamespace(output=str(out), coverage=[], exclude=None)
            self.assertFalse(report.run(args, SPEC))
            self.assertEqual(out.read_text(encoding="utf-8"), PAGE)
            args.coverage = [str(Path(directory) / "none")]
            with contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(report.run(args, SPEC), 2)


class Drawing(unittest.TestCase):
    def test_every_state_is_in_its_picture(self):
        for machine in SPEC.machines.values():
            svg = diagram.draw(machine, lambda state: state)
            ElementTree.fromstring(svg)
            for state in machine.states:
                self.assertIn(f">{state}<", svg)

    def test_boxes_do_not_overlap_and_edges_meet_them(self):
        nodes = [layout.Node(n, 40 + 10 * i, 20) for i, n in enumerate("abcdefg")]
        pairs = ["ab", "ac", "bd", "cd", "da", "de", "ae", "ef", "af", "ag", "fb"]
        edges = [layout.Edge(p[0], p[1], 30, 12) for p in pairs]
        graph = layout.lay_out(layout.Graph(nodes, edges))
        for i, a in enumerate(nodes):
            self.assertTrue(0 <= a.x - a.width / 2 and a.x + a.width / 2 <= graph.width + 0.01)
            for b in nodes[:i]:
                apart = abs(a.x - b.x) >= (a.width + b.width) / 2 - 0.01 or abs(a.y - b.y) >= (a.height + b.height) / 2 - 0.01
                self.assertTrue(apart, (a, b))
        by_name = {n.name: n for n in nodes}
        for edge in edges:
            for (x, y), name in ((edge.points[0], edge.start), (edge.points[-1], edge.end)):
                box = by_name[name]
                self.assertAlmostEqual(abs(y - box.y), box.height / 2)
                self.assertLessEqual(abs(x - box.x), box.width / 2)

    def test_small_graphs(self):
        alone = layout.lay_out(layout.Graph([layout.Node("a", 10, 10)], [layout.Edge("a", "a")]))
        self.assertEqual((alone.width, alone.height), (10, 10))
        there_and_back = layout.lay_out(layout.Graph([layout.Node("a", 10, 10), layout.Node("b", 10, 10)],
                                                     [layout.Edge("a", "b", 5, 5), layout.Edge("b", "a", 5, 5)]))
        self.assertGreater(there_and_back.height, 20)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
