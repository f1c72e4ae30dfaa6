"""`paths`: all simple ways, none that a fixed classifier forbids, across hand-overs."""

import contextlib
import io
import sys
import tempfile
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import build, load, model, paths, words  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))

# A client that hands over, a fixed classifier that may contradict itself, and a loop.
FIRST = """machine: first
version: dtls12
role: client
one_per: connection
ref: rfc1#1
doc: d
initial: A
final: [E]
handed_over:
  OTHER: {machine: second, at: S}
unlisted:
  message: {discard: true, ref: rfc1#1}
flights: {}
states:
  A:
    transitions:
      - event: {message: m, epoch: 0}
        select: kind
        cases:
          one: {goto: B}
          two: {goto: OTHER}
      - event: {message: n, epoch: 0}
        goto: OTHER
      - event: {message: o, epoch: 0}
        goto: same
  B:
    transitions:
      - event: immediate
        select: kind
        cases:
          one:
            require:
              - {check: c, alert: x, ref: rfc1#1}
            goto: E
          two: {goto: OTHER}
  E:
    transitions: []
"""
SECOND = """machine: second
version: dtls12
role: client
one_per: connection
ref: rfc1#1
doc: d
initial: S
final: [T]
handed_over: {}
unlisted:
  message: {discard: true, ref: rfc1#1}
flights: {}
states:
  S:
    transitions:
      - event: {message: m, epoch: 0}
        goto: T
      - event: {message: n, epoch: 0}
        goto: same
  T:
    transitions: []
"""
FUNCTIONS = """functions:
  classify:
    kind: {takes: none, outcomes: [one, two], fixed: true, doc: d}
"""


def small():
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("machines/first", FIRST), ("machines/second", SECOND), ("functions", FUNCTIONS)):
            path = Path(directory) / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return build.build(load.read_tree(directory), directory)


def states(way):
    return [step.state for step in way] + [way[-1].target[1]]


class Search(unittest.TestCase):
    def test_what_is_fixed_rules_ways_out(self):
        ways, loops = paths.find(small(), "first", "A", "E")
        self.assertEqual([states(w) for w, _ in ways], [["A", "B", "E"]])
        self.assertEqual([s.row.event.name for s in loops], ["o"])
        ways, _ = paths.find(small(), "first", "B", "OTHER")
        self.assertEqual(len(ways), 1)

    def test_a_hand_over_delivers_the_same_event(self):
        ways, _ = paths.find(small(), "first", "A", "second.T")
        self.assertEqual([states(w) for w, _ in ways], [["A", "OTHER", "S", "T"], ["A", "OTHER", "S", "S", "T"]])
        self.assertEqual([w[2].row.event.name for w, _ in ways], ["m", "n"])

    def test_there_and_back_is_no_way(self):
        self.assertEqual(paths.find(small(), "first", "E", "A")[0], [])

    def test_every_way_of_the_client_ends_with_finished(self):
        ways, _ = paths.find(SPEC, "dtls12_client", None, "CONNECTED")
        self.assertGreater(len(ways), 1)
        for way, _ in ways:
            self.assertEqual(len(set(states(way))), len(states(way)))
            self.assertIn("finished12_valid", [c.check for s in way for c in s.outcome.require])

    def test_from_the_listener_on(self):
        ways, _ = paths.find(SPEC, "listen", None, "dtls12_server.CONNECTED")
        self.assertTrue(ways)
        self.assertTrue(all(any(s.row is None for s in way) for way, _ in ways))

    def test_failed_can_be_asked_for(self):
        ways, _ = paths.find(SPEC, "dtls12_client", "WAIT_TRUST", "FAILED")
        self.assertIn(["WAIT_TRUST", "FAILED"], [states(w) for w, _ in ways])


class Text(unittest.TestCase):
    def test_it_is_readable(self):
        text = paths.paths(SPEC, "dtls12_client", "WAIT_SH", "CONNECTED")
        self.assertIn("WAY 1", text)
        self.assertIn("every way passes", text)
        self.assertIn("Loops on these ways", text)
        self.assertEqual(text, paths.paths(SPEC, "dtls12_client", "WAIT_SH", "CONNECTED"))
        self.assertIn("->", paths.paths(SPEC, "dtls12_client", "WAIT_SH", "CONNECTED", brief=True))

    def test_wrong_names_get_help(self):
        with self.assertRaises(words.NotThere):
            paths.paths(SPEC, "dtls12_client", "WAIT_SH", "CONECTED")
        args = types.SimpleNamespace(machine="dtls12_client", start="WAIT_SHH", target="CONNECTED", brief=False)
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            self.assertEqual(paths.run(args, SPEC), 2)
        self.assertIn("WAIT_SH", errors.getvalue())


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
