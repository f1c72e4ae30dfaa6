"""What would go unnoticed if it were lost: every copy of a machine with one piece deleted.

A piece is a line, a line with all that is indented below it (a row, a case, a state, a flight), or an entry
of a flow map or list. A deletion is noticed when
the copy no longer loads, or when `check` or `prove` complain. Those that neither notices are held against two lists,
in which each line is `file: what stands around it: text that may be deleted`: deletions_noticed_by_tests.txt, of which
deletions_survivors.py knows that it is true, and deletions_unnoticed.txt;
`python3 tests/spec/test_deletions.py --write` writes the latter anew.
"""

import re
import sys
import unittest
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import copies
from codegen.errors import SpecError

MACHINES = ("closure", "dtls12_client", "dtls12_server", "listen", "resend12")     # deletions13.py has the others
LIST = Path(__file__).with_name("deletions_unnoticed.txt")
NOTICED_BY_TESTS = Path(__file__).with_name("deletions_noticed_by_tests.txt")


def code_of(line):
    """A line without its comment."""
    return re.sub(r"(^|\s+)#.*", "", line)


def deletions(text):
    """(line number, what is deleted, the text without it) of every piece, in order."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        code = code_of(line)
        if not code.strip():
            continue
        yield number + 1, code.strip(), "\n".join(lines[:number] + lines[number + 1:])
        end = end_of_block(lines, number)
        if end > number + 1:
            yield number + 1, f"all of {code.strip()}", "\n".join(lines[:number] + lines[end:])
        for start, end in flow_items(code):
            shorter = code[:start] + code[end:]
            yield number + 1, f"{code[start:end].strip(', ')} of {code.strip()}", "\n".join(lines[:number] + [shorter] + lines[number + 1:])


def end_of_block(lines, number):
    """The number of the first line after what a line is the head of."""
    def indent(line):
        return len(line) - len(line.lstrip())

    for after in range(number + 1, len(lines)):
        if code_of(lines[after]).strip() and indent(lines[after]) <= indent(lines[number]):
            return after
    return len(lines)


def flow_items(code):
    """(start, end) of every item of the flow maps and lists in a line, each with one of the commas beside it."""
    for opening in [m.start() for m in re.finditer(r"[\[{]", code)]:
        depth, begin, pieces = 0, opening + 1, []
        for place in range(opening, len(code)):
            depth += (code[place] in "[{") - (code[place] in "]}")
            if depth == 0 or (depth == 1 and code[place] == ","):
                pieces.append((begin, place))
                begin = place + 1
            if depth == 0:
                break
        for index, (start, end) in enumerate(pieces):
            if not code[start:end].strip():
                continue
            yield (start - 1, end) if index else (start, end + 1 if len(pieces) > 1 else end)


def block_of(text, number):
    """Where a line stands, by the nearest heading above it with less indentation than an item of a list."""
    lines = text.split("\n")
    heads, indent = [], len(lines[number - 1]) - len(lines[number - 1].lstrip())
    for line in reversed(lines[:number - 1]):
        code = code_of(line)
        if code.strip() and len(code) - len(code.lstrip()) < indent:
            indent = len(code) - len(code.lstrip())
            heads.append(code.strip().removeprefix("- ").rstrip(":"))
    return " / ".join(h for h in heads[::-1] if h not in ("states", "transitions"))


def name_of(file, text, number, what):
    """A piece as the lists have it."""
    around = block_of(text, number)
    return f"{file}: {around}: {what}" if around else f"{file}: {what}"


def judge(job):
    """(noticed by `load`, `check`, `prove`, `network` or None, the job)."""
    file, number, what, text = job
    try:
        spec = copies.spec_with(file, text)
    except SpecError:
        return "load", job
    for network in (False, True):
        lint, proof = copies.complaints(spec, network)
        if proof or lint:
            return "network" if network else "check" if lint else "prove", job
    return None, job


def survey(machines=MACHINES):
    """(how many pieces, how many each tool noticed, the lines of those that nothing noticed)."""
    jobs = [(f"machines/{m}.yaml", n, what, text) for m in machines for n, what, text in deletions(copies.text_of(f"machines/{m}.yaml"))]
    noticed, unnoticed = {}, []
    with ProcessPoolExecutor(2) as pool:
        for who, (file, number, what, _) in pool.map(judge, jobs, chunksize=8):
            noticed[who] = noticed.get(who, 0) + 1
            if who is None:
                unnoticed.append(name_of(file, copies.text_of(file), number, what))
    return len(jobs), noticed, unnoticed


def lines_of(file):
    """The lines of a list that are not people's."""
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def noticed_by_tests():
    """{line: the test that notices it}: what deletions_survivors.py holds true."""
    return {line: test for test, _, line in (entry.partition(": ") for entry in lines_of(NOTICED_BY_TESTS))}


class Deletions(unittest.TestCase):
    machines, list = MACHINES, LIST

    def test_nothing_else_can_vanish_unseen(self):
        total, noticed, unnoticed = survey(self.machines)
        told = ", ".join(f"{who} {noticed[who]}" for who in ("load", "check", "prove", "network") if who in noticed)
        print(f"deletions noticed: {total - len(unnoticed)} of {total} ({told})")
        expected = lines_of(self.list) + [line for line in noticed_by_tests() if line.startswith(tuple(f"machines/{m}." for m in self.machines))]
        self.assertEqual(sorted(unnoticed), sorted(expected))


def write(machines, file):
    """Writes the list anew, below what people wrote above it."""
    head = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")] if file.exists() else []
    total, noticed, unnoticed = survey(machines)
    file.write_text("\n".join(head + [line for line in unnoticed if line not in noticed_by_tests()]) + "\n", encoding="utf-8")
    print(f"{total} pieces, {noticed}, {len(unnoticed)} unnoticed")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        sys.exit(write(MACHINES, LIST))
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
