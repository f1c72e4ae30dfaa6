"""The same as test_deletions.py for the machines of DTLS 1.3; its list is deletions_unnoticed13.txt.

It takes some minutes more, so it is a command of its own: python3 tests/spec/deletions13.py [--write]
"""

import sys
import unittest
from pathlib import Path

import test_deletions

MACHINES = ("ack13", "dtls13_client", "dtls13_server", "key_update13", "resend13", "ticket13")
LIST = Path(__file__).with_name("deletions_unnoticed13.txt")


class Deletions13(test_deletions.Deletions):
    machines, list = MACHINES, LIST


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        sys.exit(test_deletions.write(MACHINES, LIST))
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
