"""The checker is checked: every sabotaged copy of the specs must be caught, and by the rule that is meant to.

A file of sabotage/ says what is done (`what`), to which `file`, where (`at`: the heading before it), which
`lines` become which (`become`; indentation, spaces and comments do not matter), and who must complain:
`prove` lists rules and properties, each of which must; `check` is a part of what lint must say. That
something is merely left over does not count.
"""

import re
import sys
import unittest
from pathlib import Path

import copies
from codegen import load

FOLDER = Path(__file__).with_name("sabotage")


def plain(line):
    """A line without comment and needless spaces."""
    return re.sub(r" +", " ", re.sub(r"(^|\s+)#.*", "", line)).strip()


def sabotaged(text, at, lines, become):
    """The text with some lines replaced."""
    old, wanted = text.split("\n"), [plain(line) for line in lines.strip("\n").split("\n")]
    begin = 0
    if at:
        begin = next(i for i, line in enumerate(old) if plain(line) == f"{at}:")
    for first in range(begin, len(old)):
        found, rest = first, list(wanted)
        while rest and found < len(old) and plain(old[found]) in (rest[0], ""):
            rest = rest[1:] if plain(old[found]) == rest[0] else rest
            found += 1
        if not rest and plain(old[first]):
            indent = old[first][:len(old[first]) - len(old[first].lstrip())]
            return "\n".join(old[:first] + [indent + line for line in become.strip("\n").split("\n") if line] + old[found:])
    raise LookupError("these lines do not stand there; the specs have changed, so change this file too")


def missed(overlay):
    """The rules that should have complained of a sabotaged copy and did not."""
    file = overlay["file"]
    spec = copies.spec_with(file, sabotaged(copies.text_of(file), overlay.get("at"), overlay["lines"], overlay["become"]))
    for network in (False, True):
        lint, proof = copies.complaints(spec, network)
        missing = [rule for rule in overlay.get("prove", ()) if not any(p.message.startswith(f"{rule}: ") for p in proof)]
        if "check" in overlay and not any(overlay["check"] in p.message for p in lint):
            missing.append(overlay["check"])
        if not missing:
            break
    return missing


class Sabotage(unittest.TestCase):
    files, caught = sorted(FOLDER.glob("*.yaml")), 0

    @classmethod
    def tearDownClass(cls):
        print(f"sabotaged specs caught: {cls.caught} of {len(cls.files)}")

    def test_the_specs_themselves_are_sound(self):
        self.assertEqual([], sum(copies.complaints(copies.build.build(copies.TREE, "spec"), network=True), []))

    def test_there_are_many(self):
        self.assertGreaterEqual(len(self.files), 200)

    def catches(self, path):
        overlay = load.read_text(path.name, path.read_bytes())
        self.assertTrue(overlay.get("prove") or overlay.get("check"), "it does not say who must complain")
        self.assertEqual([], missed(overlay), f"{overlay['what']} Nobody said so")
        type(self).caught += 1


for file in Sabotage.files:
    setattr(Sabotage, f"test_{file.stem}", lambda self, path=file: self.catches(path))


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
