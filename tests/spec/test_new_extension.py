"""`new-extension`: the file it writes passes `check` once it is filled in, and not before."""

import contextlib
import io
import shutil
import sys
import tempfile
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import errors, lint, model, new_extension, schema  # noqa: E402

REF = "rfc6066#4"                                   # some section that refs.yaml has
NOT_YET = schema.schema("extension")["properties"]["policy"]["properties"]["kind"].get("notYet", ())


class Trees(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name) / "spec"
        shutil.copytree(ROOT / "spec", self.root)
        self.before = set(lint.problems(model.load(str(self.root))))

    def run_it(self, name, kind="custom", ref=None):
        args = types.SimpleNamespace(name=name, kind=kind, ref=ref)
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as problems:
            status = new_extension.run(args, model.load(str(self.root)))
        return status, out.getvalue() + problems.getvalue()

    def replace(self, file, old, new):
        path = self.root / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))

    def fill_in(self, name, kind):
        """What the printed steps ask for."""
        body = new_extension.words_to_type(name)
        self.replace("registries/extension_type.yaml", "entries:\n", f"entries:\n  {name}: {{value: {0xfe00 + list(new_extension.KINDS).index(kind)}, ref: {REF}, second_hello: same}}\n")
        file = self.root / "extensions" / f"{name}.yaml"
        file.write_text(file.read_text().replace(new_extension.UNKNOWN_REF, REF).replace("TODO - one", "One"))
        for group, function in new_extension.functions_of(name, kind):
            takes = "none" if function.endswith(("_offer", "_answer")) else body
            self.replace("functions.yaml", f"  {group}:", f"  {group}:\n    {function}: {{takes: {takes}, doc: \"does it\"}}\n  #")

    def test_a_filled_in_file_passes(self):
        for kind in new_extension.KINDS:
            name = f"new_{kind}"
            if kind in NOT_YET:
                self.assertEqual(self.run_it(name, kind)[0], 2)
                continue
            with self.subTest(kind):
                status, text = self.run_it(name, kind)
                self.assertEqual(status, 0, text)
                self.fill_in(name, kind)
                spec = model.load(str(self.root))
                self.assertEqual(spec.extensions[name].policy.kind, kind)
                new = {p.message for p in lint.problems(spec)} - {p.message for p in self.before}
                self.assertEqual(new, set())

    def test_an_empty_one_does_not(self):
        self.run_it("new_one")
        try:
            found = lint.problems(model.load(str(self.root)))
        except errors.SpecError as error:
            found = error.problems
        self.assertTrue(any("extensions/new_one.yaml" in str(p) for p in found))

    def test_it_says_what_is_next(self):
        text = self.run_it("new_one")[1]
        for word in ("extension_type.yaml", "second_hello: one of same, may_change", "refs.yaml", "functions.yaml", "new_one_offer", "codegen check", "codegen generate"):
            self.assertIn(word, text)
        spec = model.load(str(ROOT / "spec"))
        recognised = next((e for e in spec.registries["ExtensionType"].entries.values() if e.use == ()), None)
        (self.root / "extensions" / "new_one.yaml").unlink()
        if recognised:
            text = self.run_it(recognised.name)[1]
            self.assertIn("use: []", text)
            self.assertIn("add `second_hello`", text)

    def test_only_custom_ones_want_c(self):
        for kind in new_extension.KINDS:
            if kind not in NOT_YET:
                self.assertEqual("in C" in self.run_it(f"new_{kind}", kind, REF)[1], kind == "custom", kind)
                (self.root / "extensions" / f"new_{kind}.yaml").unlink()

    def test_what_is_refused(self):
        self.assertEqual(self.run_it("use_srtp")[0], 2)
        self.assertEqual(self.run_it("../evil")[0], 2)
        self.assertEqual(self.run_it("Upper")[0], 2)
        self.assertEqual(self.run_it("again")[0], 0)
        (self.root / "extensions" / "again.yaml").write_text(
            (ROOT / "spec/extensions/use_srtp.yaml").read_text().replace("extension: use_srtp", "extension: other").replace("UseSRTPData", "Other"))
        self.assertEqual(self.run_it("again")[0], 1)

    def test_no_trailing_blanks(self):
        for kind in new_extension.KINDS:
            for line in new_extension.text("x", kind, REF, ("dtls12", "dtls13")).split("\n"):
                self.assertEqual(line, line.rstrip())


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
