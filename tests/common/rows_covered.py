"""Holds what the tests of one run took and refused against every row and `require` of the machines.

    rows_covered.py TRACE [EXCLUDED]

The trace is set aside afterwards, so that the next run starts from nothing; what no test can reach is listed, with
its reason, in EXCLUDED.
"""

import os
import subprocess
import sys


def main():
    trace, excluded = sys.argv[1], sys.argv[2:]
    if not os.path.isfile(trace):
        print(f"{trace} is missing: run the tests of transcripts and net first (ctest -L 'transcripts|net|rows')")
        return 1
    command = [sys.executable, "-m", "codegen", "coverage", trace, "--fail-under", "100"]
    result = subprocess.run(command + (["--exclude", excluded[0]] if excluded else []), check=False).returncode
    os.replace(trace, trace + ".last")
    return result


sys.exit(main())
