"""The specs and src/: every function that a table may name is written, named in functions.yaml and used by a spec, and
nothing else is; a machine's state is assigned in one file; who may only look is given nothing to change."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import model  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))
PREFIXES = {"classify": "classify", "check": "check", "act": "act", "hook": "hook", "extension_check": "extension_check",
            "build": "build"}
INTERPRETER = ROOT / "src" / "engine" / "interpret.c"


def without_comments(text):
    """C without what only people read, so that a word in a comment or a string is no code."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//[^\n]*", " ", text)
    return re.sub(r'"(\\.|[^"\\])*"', '""', text)


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / "src" / folder).glob("*.[ch]")):
            yield path, without_comments(path.read_text(encoding="utf-8"))


def defined_in_steps():
    """name -> (file, whole head) of every function with a table's prefix that src/steps defines."""
    found = {}
    pattern = re.compile(r"^(?!static)([a-z_0-9]+ \**)(fpl_(?:%s)_[a-z0-9_]+)\(([^;{}]*)\)\s*\{" % "|".join(PREFIXES.values()), re.M)
    for path, text in sources("steps"):
        for match in pattern.finditer(text):
            found[match.group(2)] = (path.name, match.group(1).strip(), " ".join(match.group(3).split()))
    return found


def declared():
    return {f"fpl_{PREFIXES[f.kind]}_{f.name}": f for f in SPEC.functions.values()}


def used_by_specs():
    """What rows, flights and extensions name, as C calls it."""
    used = set()

    def use(kind, name):
        if name is not None:
            used.add(f"fpl_{PREFIXES[kind]}_{name}")

    for machine in SPEC.machines.values():
        rows = list(machine.any_state) + [row for state in machine.states.values() for row in state.rows]
        for row in rows:
            use("classify", row.select)
            for outcome in row.outcomes.values():
                for check in outcome.require:
                    use("check", check.check)
                for action in outcome.do:
                    use("act", action)
                for classifier in outcome.settles:
                    use("classify", classifier)
        for flight in machine.flights.values():
            for line in flight.lines:
                for action in line.then:
                    use("act", action)
                for classifier in line.when:
                    use("classify", classifier)
                if line.send is not None:
                    struct = next(s for v in machine.versions if (s := SPEC.message(line.send, v)))
                    use("build", SPEC.builder_name(struct, line.send))
    for extension in SPEC.extensions.values():
        for hooks in extension.policy.hooks.values():
            use("hook", hooks.build)
            use("hook", hooks.accept)
        for checks in extension.checks.values():
            for check in checks if isinstance(checks, (tuple, list)) else [checks]:
                use("extension_check", check.check)
    return used


class Names(unittest.TestCase):
    def test_every_function_named_is_written(self):
        self.assertEqual(sorted(set(declared()) - set(defined_in_steps())), [])

    def test_every_function_written_is_named(self):
        self.assertEqual(sorted(set(defined_in_steps()) - set(declared())), [])

    def test_every_function_named_is_used(self):
        self.assertEqual(sorted(set(declared()) - used_by_specs()), [])

    def test_every_function_used_is_named(self):
        self.assertEqual(sorted(used_by_specs() - set(declared())), [])

    def test_no_function_is_written_twice(self):
        for path, text in sources("api", "crypto", "engine", "record"):
            for name in declared():
                self.assertNotRegex(text, r"^[a-z_0-9]+ \**%s\([^;{}]*\)\s*\{" % name, f"{path.name} defines {name}")


class Purity(unittest.TestCase):
    def test_those_who_judge_cannot_change(self):
        """Classifiers, checks, builders and the hooks that build see a const connection."""
        for name, (file, returns, arguments) in defined_in_steps().items():
            looks = re.match(r"fpl_(classify|check|extension_check|build)_", name) or returns == "fpl_presence"
            if looks:
                self.assertTrue(arguments.startswith("const fpl_conn *"), f"{file}: {name}({arguments})")

    def test_nobody_casts_const_away(self):
        for path, text in sources("steps"):
            self.assertNotRegex(text, r"\(\s*fpl_conn\s*\*\s*\)", path.name)

    def test_steps_are_called_by_tables_only(self):
        """One step that calls another would hide it from the spec."""
        names = "|".join(map(re.escape, declared()))
        for path, text in sources("steps", "engine", "api", "record", "crypto"):
            for match in re.finditer(r"\b(%s)\(" % names, text):
                line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
                self.assertRegex(line, r"^[a-z_0-9]+ \**$", f"{path.name} calls {match.group(1)}")


class Alerts(unittest.TestCase):
    # Why C names an alert at all: its own failures; what an alert is, when it is read or written; what keys of the DSL mean
    # (`ends_record`, a decoder that names none, the extension that is the last).
    NAMED = {"alert.c": {"CLOSE_NOTIFY", "NO_RENEGOTIATION"}, "content.c": {"CLOSE_NOTIFY", "USER_CANCELED"},
             "extensions.c": {"DECODE_ERROR", "ILLEGAL_PARAMETER"}, "interpret.c": {"DECODE_ERROR", "UNEXPECTED_MESSAGE"}}

    def test_c_chooses_none(self):
        for path, text in sources("api", "crypto", "engine", "record", "steps"):
            named = set(re.findall(r"\bFPL_ALERT_DESCRIPTION_([A-Z_]+)\b", text))
            self.assertLessEqual(named - {"INTERNAL_ERROR"}, self.NAMED.get(path.name, set()), path.name)

    def test_sections_named_in_c_are_known(self):
        for folder in ("api", "crypto", "engine", "record", "steps"):
            for path in sorted((ROOT / "src" / folder).glob("*.[ch]")):
                for document, section in re.findall(r'"(rfc[0-9a-z]+)#([^"]+)"', path.read_text(encoding="utf-8")):
                    self.assertIn(section, SPEC.documents[document].sections, f"{path.name}: {document}#{section}")


class State(unittest.TestCase):
    # An instance's state, or a whole instance: `x->handshake = y->handshake`. What people read (`out`, `told`, `end`) has a
    # state too, which is a name.
    ASSIGNS = re.compile(r"(?<!\bout)(?<!\btold)(?<!\bend)(?:->|\.)state\s*(?:[-+|&^]|<<|>>)?=(?!=)|(?:->|\.)(?:handshake|resend|companions(?:\[[^\]]*\])?)\s*=(?!=)"
                         r"|\bmove\(run\b")

    def test_it_is_assigned_by_the_interpreter_only(self):
        for path, text in sources("api", "crypto", "engine", "record", "steps", "tool"):
            if path != INTERPRETER:
                match = self.ASSIGNS.search(text)
                self.assertIsNone(match, f"{path.name}: {match and match.group(0)}")

    def test_the_interpreter_does_assign_it(self):
        """Else the pattern above finds nothing anywhere."""
        self.assertRegex(without_comments(INTERPRETER.read_text(encoding="utf-8")), self.ASSIGNS)

    def test_the_interpreter_knows_no_handshake(self):
        """It obeys rows: no message, state, suite or extension is named in it but the alert for failures of our own."""
        text = without_comments(INTERPRETER.read_text(encoding="utf-8"))
        states = {state.lower() for machine in SPEC.machines.values() for state in machine.states}
        for word in re.findall(r"\bFPL_(?:MESSAGE|CIPHER_SUITE|NAMED_GROUP|EXTENSION)_[A-Z0-9_]+\b", text):
            self.assertEqual(word, "FPL_MESSAGE_NONE")
        for word in re.findall(r"\bFPL_(?:DTLS1[23]_[A-Z]+|LISTEN|CLOSURE|RESEND1[23]|ACK13|KEY_UPDATE13|TICKET13)_([A-Z0-9_]+)\b", text):
            self.assertNotIn(word.lower(), states)


if __name__ == "__main__":
    unittest.main()
