"""What nothing would miss: each deletion that `check` and `prove` let pass is built, and the tests are run on it.

deletions_noticed_by_tests.txt has those that a test notices, each behind the name of one that does; those in
deletions_unnoticed.txt and deletions_unnoticed13.txt survive the tests too, for the reason that stands above them. Both are
held true. The library is built anew for each line, so this is a command of its own, of half a minute for each:
python3 tests/spec/deletions_survivors.py [TEXT]; with TEXT only the lines that have it in them.
"""

import sys

import built_copy
import copies
import deletions13
import test_deletions

LISTS = {machine: list_ for machines, list_ in ((test_deletions.MACHINES, test_deletions.LIST), (deletions13.MACHINES, deletions13.LIST)) for machine in machines}


def in_place(before, number, after):
    """The text after a deletion, with empty lines for what is gone: tests that ask for lines must not notice for that alone."""
    lines = after.split("\n")
    return "\n".join(lines[:number - 1] + [""] * (before.count("\n") + 1 - len(lines)) + lines[number - 1:])


def verdict(line, failed, noticed):
    """(whether the lists have it right, what to say)."""
    if not failed:
        return line not in noticed, "SURVIVED" + (f", and {noticed[line]} is said to notice it" if line in noticed else ", as listed")
    named = noticed.get(line)
    first = named if named in failed else failed[0]
    said = f"noticed by {first}" + (f" and {len(failed) - 1} more" if failed[1:] else "")
    if named is None:
        return False, f"{said}; move it to {test_deletions.NOTICED_BY_TESTS.name}"
    return named in failed, said + ("" if named in failed else f", and not by {named}")


def main(wanted):
    noticed = test_deletions.noticed_by_tests()
    listed = {*noticed, *(line for list_ in set(LISTS.values()) for line in test_deletions.lines_of(list_))}
    built_copy.renew()
    failed = built_copy.failures()
    if failed:
        sys.exit(f"with nothing deleted these fail already: {', '.join(failed)}")
    right = wrong = 0
    for machine in LISTS:
        file = f"machines/{machine}.yaml"
        text = copies.text_of(file)
        for number, what, shorter in test_deletions.deletions(text):
            line = test_deletions.name_of(file, text, number, what)
            if line not in listed or wanted not in line:
                continue
            good, said = verdict(line, built_copy.failures_with(file, in_place(text, number, shorter)), noticed)
            right, wrong = right + good, wrong + (not good)
            print(f"{line}\n    {said}", flush=True)
    print(f"{right} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else ""))
