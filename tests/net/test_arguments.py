"""The programs of this folder refuse what they do not understand: a line of CMake that is mistyped must not pass."""

import os
import re
import subprocess
import unittest

SEEDS = [["--seed"], ["--seed", "x"], ["--seed", ""], ["--seed", "1x"], ["--seed", "-1"], ["--seed", "18446744073709551616"],
         ["--seeds", "5..1"], ["--seeds", "1"], ["--seeds", "1..x"], ["--seeds", "1..2..3"], ["--seeds", "..2"], ["--seeds", "1.."],
         ["--seeds", "x..2"], ["--seeds", "1-2"], ["--sead", "1"], ["1"]]
REFUSED = {
    "NET_SIM": [*SEEDS, ["--mode", "C"], ["--mode", "a"], ["--mode"], ["--versions", "14"], ["--versions", ""], ["--verbos"]],
    "API_WALK": [*SEEDS, ["--verbose"]],
    "LOSSES": [["three"], ["one", "two"], ["one", "--scene", "x"], ["one", "--scene", "18"], ["one", "--scene", "-1"], ["one", "--scene"],
               ["one", "--at", "x"], ["one", "--at"], ["--seed", "1"], [""]],
    "FAULTS": [["allocations"], ["clock", "random"], ["clock", "--at", "x"], ["clock", "--at", "-1"], ["clock", "--at"],
               ["--seed", "1"], [""]],
}
UNDERSTOOD = [("NET_SIM", "--seed 7 --mode B --versions mixed", "mode B, versions mixed: 1 handshakes"),
              ("NET_SIM", "--seeds 7..8", "mode A, versions 12: 2 handshakes"), ("API_WALK", "--seeds 1..2", "2 walks"),
              ("API_WALK", "--seed 3", "1 walks"), ("LOSSES", "one --scene 0 --at 1", " 0 failures"),
              ("FAULTS", "random --at 1", " 0 failures")]


def run(program, words):
    return subprocess.run([os.environ[program], *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


class Arguments(unittest.TestCase):
    def test_refused(self):
        for program, lines in REFUSED.items():
            for words in lines:
                with self.subTest(program=program, words=words):
                    done = run(program, words)
                    self.assertEqual((done.returncode, done.stdout), (2, b""))
                    self.assertRegex(done.stderr.decode(), f"^not understood: `([^`]* )?{re.escape(words[-1])}`\n")
                    self.assertIn(f"usage: {program.lower()} ", done.stderr.decode())

    def test_understood(self):
        for program, words, says in UNDERSTOOD:
            with self.subTest(program=program, words=words):
                done = run(program, words.split())
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(says, done.stdout.decode())
