"""`coverage`: rows and refusals are counted by machine and line, exclusions need reasons."""

import contextlib
import gzip
import io
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import coverage, model  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))
ROWS, OF_ROWS, OF_EXTENSIONS = coverage.items_of(SPEC)
CHECKS = OF_ROWS + OF_EXTENSIONS


def trace_of(item):
    """The line that a test writes for an item."""
    return f"{item.words} {item.src}\n".encode()


def words_as_lines(items):
    return {trace_of(i) for i in items}


class Counting(unittest.TestCase):
    def test_all_rows_and_checks_are_there(self):
        expected = sum(len(r.outcomes) for m in SPEC.machines.values() for r in m.all_rows())
        self.assertEqual(len(ROWS), expected)
        self.assertEqual(len(OF_ROWS), sum(len(o.require) + o.ends_record for m in SPEC.machines.values() for r in m.all_rows() for o in r.outcomes.values()))

    def test_everything_taken_is_a_hundred_percent(self):
        result = coverage.Coverage(SPEC, words_as_lines(ROWS + CHECKS))
        self.assertEqual(result.percent(), 100)
        self.assertEqual(result.unknown, [])
        self.assertIn("100.0 %", result.text())

    def test_one_missing_is_named_with_its_line_and_never_rounded_away(self):
        for missing in (ROWS[3], CHECKS[-1]):
            result = coverage.Coverage(SPEC, words_as_lines(set(ROWS + CHECKS) - {missing}))
            self.assertLess(result.percent(), 100)
            self.assertIn(str(missing.src), result.text())
            self.assertEqual(result.missing(ROWS + CHECKS), [missing])

    def test_the_state_of_an_any_state_row_may_be_the_one_it_was_taken_in(self):
        row = next(i for i in ROWS if i.state == coverage.ANY_STATE)
        line = f"{row.machine} WAIT_CERT {row.event} {row.outcome} {row.src}\n".encode()
        self.assertIn(row, coverage.Coverage(SPEC, {line}).taken)

    def test_a_refusal_may_bear_the_line_of_its_row(self):
        check = CHECKS[0]
        row = next(i for i in ROWS if (i.machine, i.state, i.event, i.outcome) == (check.machine, check.state, check.event, check.outcome))
        line = f"refused {check.machine} {check.state} {check.check} {row.src}\n".encode()
        self.assertEqual(coverage.Coverage(SPEC, {line}).taken, {check})

    def test_lines_of_another_spec_are_reported(self):
        result = coverage.Coverage(SPEC, {b"dtls12_client WAIT_SH message:x - spec/machines/dtls12_client.yaml:99999\n", b"nonsense\n", b"\n"})
        self.assertEqual(len(result.unknown), 2)
        self.assertIn("fit nothing", result.text())


class Files(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)

    def run_it(self, traces, fail_under=None, exclude=None):
        args = types.SimpleNamespace(traces=[str(t) for t in traces], fail_under=fail_under, exclude=exclude and str(exclude))
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as errors:
            status = coverage.run(args, SPEC)
        return status, out.getvalue() + errors.getvalue()

    def write(self, name, items):
        path = self.dir / name
        with (gzip.open if name.endswith(".gz") else open)(path, "wb") as file:
            file.write(b"".join(trace_of(i) for i in items))
        return path

    def test_many_files_packed_or_not(self):
        half = len(ROWS) // 2
        traces = [self.write("a", ROWS[:half]), self.write("b.gz", ROWS[half:]), self.write("c", CHECKS)]
        self.assertEqual(self.run_it(traces, fail_under=100)[0], 0)
        self.assertEqual(self.run_it(traces[:2], fail_under=100)[0], 1)
        self.assertEqual(self.run_it(traces[:2])[0], 0)
        self.assertEqual(self.run_it([self.dir / "none"])[0], 2)

    def test_exclusions(self):
        missing = ROWS[5]
        trace = self.write("t", set(ROWS + CHECKS) - {missing})
        listed = self.dir / "exclude"
        listed.write_text(f"# what tests cannot do\n\n{missing.words}   # needs a second address\n")
        status, text = self.run_it([trace], 100, listed)
        self.assertEqual(status, 0, text)
        self.assertIn("needs a second address", text)
        listed.write_text(f"{missing.words}\n")
        self.assertEqual(self.run_it([trace], 100, listed)[0], 2)
        listed.write_text("dtls12_client NO_SUCH_STATE * # gone\n")
        self.assertEqual(self.run_it([trace], None, listed)[0], 1)
        listed.write_text(f"{ROWS[0].words} # thought unreachable\n")
        status, text = self.run_it([trace], None, listed)
        self.assertEqual(status, 1)
        self.assertIn("after all", text)

    def test_tens_of_megabytes_are_read_in_a_moment(self):
        path = self.dir / "long"
        block = b"".join(trace_of(i) for i in ROWS)
        path.write_bytes(block * (30_000_000 // len(block)))
        start = time.monotonic()
        self.run_it([path])
        self.assertLess(time.monotonic() - start, 5)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
