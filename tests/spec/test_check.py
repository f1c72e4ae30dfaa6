"""Bad specs, and the exact complaint each must draw.

Every file of bad/ describes one change to a copy of spec/ and all that `check` must say about it:

    why:      what is wrong, in a sentence
    file:     the spec file that changes, below spec/
    replace:  text of it that occurs exactly once          } or  append: text at its end
    with:     what stands there instead                    } or  delete: true
    expect:                                                } or  create: the whole new file
      - {at: text of the line complained about, message: the complaint}

`at` must occur in one line of the changed file (`nth: 2` takes the second such line), so that a spec
may grow without moving forty expected numbers; `in` names the file if it is another one; the number
asserted is the exact one. A message that names a second line says LINE, and `other` (`other_nth`) gives
its text. The complaints must be these and no others.
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from codegen import errors, lint, load, model, schema  # noqa: E402


def complaints(root):
    """Everything `check` says about a spec tree, drift excepted."""
    try:
        return [str(p) for p in lint.problems(model.load(root))]
    except errors.SpecError as error:
        return [str(p) for p in error.problems]


def change(root, case):
    """Applies a case to the tree below root."""
    path = root / case["file"]
    if "create" in case:
        assert not path.exists(), f"{path.name} exists"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(case["create"], encoding="utf-8")
    elif case.get("delete"):
        path.unlink()
    elif "append" in case:
        path.write_text(path.read_text(encoding="utf-8") + case["append"], encoding="utf-8")
    else:
        text = path.read_text(encoding="utf-8")
        assert text.count(case["replace"]) == 1, f"`{case['replace']}` occurs {text.count(case['replace'])} times in {case['file']}"
        path.write_text(text.replace(case["replace"], case["with"]), encoding="utf-8")


def line_of(root, file, text, nth):
    """The number of the line that holds a text: the only one, or the nth."""
    lines = [n for n, line in enumerate((root / file).read_text(encoding="utf-8").split("\n"), 1) if text in line]
    assert nth or len(lines) == 1, f"`{text}` stands in {len(lines)} lines of {file}; say nth"
    return lines[(nth or 1) - 1]


def expected(root, case):
    """The complaints of a case, with their line numbers."""
    result = []
    for item in case["expect"]:
        file = item.get("in", case["file"])
        line = line_of(root, file, item["at"], item.get("nth")) if "at" in item else 1
        message = item["message"]
        if "other" in item:
            message = message.replace("LINE", str(line_of(root, file, item["other"], item.get("other_nth"))))
        result.append(f"spec/{file}:{line}: {message}")
    return result


class BadSpecs(unittest.TestCase):
    """One test for each file of bad/, made below."""

    maxDiff = None

    def check(self, path):
        case = load.read_text(path.name, path.read_bytes())
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory) / "spec"
            shutil.copytree(ROOT / "spec", root)
            change(root, case)
            self.assertEqual(sorted(complaints(root)), sorted(expected(root, case)))


def make_test(path):
    return lambda self: self.check(path)


for bad in sorted((HERE / "bad").glob("*.yaml")):
    setattr(BadSpecs, "test_" + bad.stem, make_test(bad))


class GoodSpec(unittest.TestCase):
    """The real spec, and the command itself."""

    def test_spec_is_sound(self):
        self.assertEqual(complaints(ROOT / "spec"), [])

    def test_every_lint_rule_has_a_bad_spec(self):
        """Mentioned by name in `rule:` of some case; loader and schema cases say loader and schema."""
        cases = [load.read_text(p.name, p.read_bytes()) for p in (HERE / "bad").glob("*.yaml")]
        named = {case["rule"] for case in cases}
        rules = {r.__name__ for m in lint.MODULES for r in m.RULES}
        self.assertEqual(named - {"loader", "schema", "build"}, rules)

    def test_every_key_is_described(self):
        """Schemas are closed and say what each key means; they are the reference page of the language."""
        kinds = {schema.kind_of(f"spec/{p.relative_to(ROOT / 'spec').as_posix()}") for p in (ROOT / "spec").rglob("*.yaml")}
        self.assertNotIn(None, kinds)
        for kind in [*kinds]:
            for place, part in properties_of(schema.schema(kind), kind):
                self.assertTrue("description" in part, f"{place} has no description")

    def test_files_are_named_from_spec_down(self):
        """Wherever the tree lies: generated files must not know this machine."""
        spec = model.load(ROOT / "spec")
        self.assertTrue(all(f.startswith("spec/") for f in spec.files))

    def test_command(self):
        done = subprocess.run([sys.executable, "-m", "codegen", "check", "--no-drift"], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\A\d+ spec files, \d+ machines, \d+ rows: 0 problems\n\Z")

    def test_command_fails(self):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory) / "spec"
            shutil.copytree(ROOT / "spec", root)
            (root / "refs.yaml").unlink()
            done = subprocess.run([sys.executable, "-m", "codegen", "check", "--spec", str(root)], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "spec/refs.yaml:1: the file is missing; every spec tree has it\nproblems: 1\n")


def properties_of(part, place):
    """(place, schema) for every key that a schema names; every such map must be closed."""
    if isinstance(part, list):
        for value in part:
            yield from properties_of(value, place)
    elif isinstance(part, dict):
        keys = part.get("properties", {})
        assert not keys or "additionalProperties" in part, f"{place} is open"
        for key, value in keys.items():
            yield f"{place}.{key}", value
            yield from properties_of(value, f"{place}.{key}")
        for word, value in part.items():
            if word == "$defs":
                for name, definition in value.items():
                    yield from properties_of(definition, name)
            elif word != "properties":
                yield from properties_of(value, place)


def main():
    """Runs all tests; the last line counts them."""
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
