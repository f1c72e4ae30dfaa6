"""What came of the cases, for people."""

from collections import Counter

import cases


class Report:
    def __init__(self, quiet):
        self.quiet = quiet
        self.results = {}
        self.stories = []
        self.probes = []

    def add(self, case, wrong, story, seconds, notes):
        self.results[case] = wrong
        if wrong is None and not self.quiet:
            print(f"passed  {case.name}  {seconds:.1f} s{''.join('; ' + note for note in notes)}", flush=True)
        elif wrong is not None:
            print(f"FAILED  {case.name}  {seconds:.1f} s: {wrong}", flush=True)
            self.stories.append((case, wrong, story))

    def add_probe(self, rule, still_so, evidence):
        self.probes.append((rule, still_so, evidence))

    @property
    def failed(self):
        return sum(wrong is not None for wrong in self.results.values()) + sum(not so for _, so, _ in self.probes)

    def print(self, seconds):
        for case, wrong, story in self.stories[:20]:
            print(f"\n=== {case.name}\n    {wrong}\n{story}\n    again: run.py --case {case.name}")
        self._print_table()
        self._print_probes()
        passed = len(self.results) + len(self.probes) - self.failed
        print(f"\n{seconds:.0f} s")
        print(f"{passed} passed, {self.failed} failed")

    def _print_table(self):
        """One line for each value of each dimension, one column for each peer and role: passed/failed."""
        sides = sorted({(case.peer, case.role) for case in self.results})
        print("\npassed/failed by value; the role is ours")
        print(f"{'':24}" + "".join(f"{peer + ' ' + role:>18}" for peer, role in sides))
        for name, value, of_value in self._values():
            cells = []
            for side in sides:
                counts = Counter(self.results[case] is None for case in of_value if (case.peer, case.role) == side)
                cells.append(f"{counts[True]}/{counts[False]}" if counts else "-")
            print(f"{name + ' ' + str(value):24}" + "".join(f"{cell:>18}" for cell in cells))

    def _values(self):
        for name, values in {**cases.DIMENSIONS12, **cases.DIMENSIONS13}.items():
            for value in values:
                yield name, value, [case for case in self.results if getattr(case, name) == value]
        for name in ("srtp", "loss", "refuse", "we", "they"):
            for value in sorted({getattr(case, name) for case in self.results} - {""}):
                yield name, value, [case for case in self.results if getattr(case, name) == value]
        yield "all", "", list(self.results)

    def _print_probes(self):
        if self.probes:
            print("\ncannot be, and was looked at in this run:")
        for rule, still_so, evidence in self.probes:
            side = "server" if rule.role == "client" else "client"
            print(f"  {'so' if still_so else 'NO LONGER SO'}: {rule.peer} as {side}, {rule.what}\n      {rule.why}\n      seen: {evidence}")
