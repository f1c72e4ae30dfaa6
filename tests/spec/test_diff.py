"""`diff`: every change of meaning shows, and nothing else does."""

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import build, diff, load  # noqa: E402
from codegen.meaning import meaning  # noqa: E402

CLIENT = "machines/dtls12_client.yaml"


def read(directory):
    return build.build(load.read_tree(directory), str(directory))


class Trees(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)
        shutil.copytree(ROOT / "spec", self.dir / "spec")

    def edit(self, file, *changes):
        path = self.dir / "spec" / file
        text = path.read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        path.write_text(text)


class Compared(Trees):
    def changes(self):
        self.old, self.new = read(ROOT / "spec"), read(self.dir / "spec")
        return diff.compare(meaning(self.old), meaning(self.new))

    def said(self):
        return diff.text(self.changes(), self.new, "A", "B")

    def check_line(self, name):
        lines = (self.dir / "spec" / CLIENT).read_text().split("\n")
        return next(line for line in lines if f"check: {name}," in line) + "\n"

    def test_comments_and_layout_say_nothing(self):
        self.edit(CLIENT, ("states:\n", "# here they come\n\nstates:   # all of them\n"))
        self.assertEqual(self.changes(), [])
        self.assertIn("Nothing differs", self.said())

    def test_the_order_of_files_and_states_says_nothing(self):
        (self.dir / "spec" / CLIENT).rename(self.dir / "spec" / "machines" / "zzz.yaml")
        self.assertEqual(self.changes(), [])

    def test_a_check_gone(self):
        self.edit(CLIENT, (self.check_line("ske_signature_valid"), ""))
        (change,) = self.changes()
        self.assertEqual(change[1], "-")
        text = self.said()
        self.assertIn("- check ske_signature_valid", text)
        self.assertIn("WAIT_SKE, on server_key_exchange", text)

    def test_another_alert(self):
        line = self.check_line("ske_signature_valid")
        self.edit(CLIENT, (line, line.replace("decrypt_error", "decode_error")))
        self.assertIn("~ check ske_signature_valid alert: decrypt_error -> decode_error", self.said())

    def test_another_order(self):
        first, second = self.check_line("ske_scheme_was_offered"), self.check_line("ske_signature_valid")
        self.edit(CLIENT, (first + second, second + first))
        ((path, sign, before, after),) = self.changes()
        self.assertEqual((sign, sorted(before)), ("^", sorted(after)))
        self.assertIn("^ order of checks", self.said())

    def test_a_flight_a_target_and_a_limit(self):
        self.edit(CLIENT, ("resend: timed", "resend: asked"))
        self.assertIn("~ resend: timed -> asked", self.said())
        self.edit("limits.yaml", ("range: [0, 65536]", "range: [0, 65535]"))
        self.assertIn("0 to 65536 bytes -> 0 to 65535 bytes", self.said())

    def test_code_points_extensions_and_functions(self):
        self.edit("registries/named_group.yaml", ("0x001d", "0x001e"))
        self.assertIn("0x1d -> 0x1e", self.said())
        self.edit("extensions/use_srtp.yaml", ("no_overlap: omit", "no_overlap: handshake_failure"))
        self.assertIn("no_overlap: omit -> handshake_failure", self.said())
        self.edit("functions.yaml", ("fixed: true", "fixed: false"))
        self.assertIn("- fixed: yes", self.said())

    def test_properties_and_record_rows(self):
        file = next(p for p in sorted((self.dir / "spec" / "properties").glob("*.yaml")) if "passes_all" in p.read_text())
        self.edit(f"properties/{file.name}", ("passes_all", "passes_any"))
        self.assertIn("property ", self.said())
        self.edit("records/dtls12.yaml", ("do: drop", "do: hold"))
        self.assertIn("do: drop -> hold", self.said())


class Revisions(Trees):
    def setUp(self):
        super().setUp()
        self.git("init", "-q")
        self.commit()

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-C", str(self.dir), *arguments],
                       check=True, capture_output=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def run_it(self, old, new=None, exit_code=True):
        args = types.SimpleNamespace(old=old, new=new, exit_code=exit_code)
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as errors:
            status = diff.run(args, read(self.dir / "spec"))
        return status, out.getvalue() + errors.getvalue()

    def test_a_revision_against_the_working_tree_and_another(self):
        self.assertEqual(self.run_it("HEAD")[0], 0)
        self.edit(CLIENT, ("goto: WAIT_SKE", "goto: WAIT_DONE"))
        status, text = self.run_it("HEAD")
        self.assertEqual(status, 1)
        self.assertIn("goto: WAIT_SKE -> WAIT_DONE", text)
        self.commit()
        self.assertEqual(self.run_it("HEAD")[0], 0)
        self.assertEqual(self.run_it("HEAD~1", "HEAD")[0], 1)
        self.assertEqual(self.run_it("HEAD~1", "HEAD", exit_code=False)[0], 0)
        self.assertEqual(self.run_it("HEAD", "HEAD")[0], 0)

    def test_a_directory_is_a_revision_too(self):
        self.assertEqual(self.run_it(str(ROOT / "spec"))[0], 0)

    def test_what_cannot_be_read(self):
        status, text = self.run_it("no-such-thing")
        self.assertEqual(status, 2)
        self.assertIn("no-such-thing", text)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
