"""A copy of the tree that is built and tested, and what of its tests fails once one of its specs reads otherwise.

It stands in build/copy, and stays there: only what changed is copied, generated and built again. Of the tests those are
played that go by the machines: unit programs, transcripts, a part of the simulated network, and whether all rows are taken.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "build" / "copy"
TESTS = TREE / "build" / "dev" / "tests"
TRACE = TREE / "build" / "dev" / "traces" / "rows.txt"
SEEDS = "1..500"
PATIENCE = 300  # seconds for a test program; what takes longer will not end


def renew():
    """Makes the copy like the tree, but for its folder `build`."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    files = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    for old in [p for p in TREE.rglob("*") if p.is_file() and p.relative_to(TREE).parts[0] != "build"]:
        if str(old.relative_to(TREE)) not in files:
            old.unlink()
    for name in files:
        write(TREE / name, (ROOT / name).read_bytes())
        shutil.copymode(ROOT / name, TREE / name)


def write(path, content):
    """Writes what is new; a file that is as it was keeps its time, and nothing is built again for it."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def run(*command, patience=None):
    """(exit status, all it said) of a command in the copy; None for one that did not end."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=TREE, env=environment, timeout=patience, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def build():
    """Generates and builds; the complaint if that fails."""
    units = [path.stem for path in sorted((TREE / "tests" / "unit").glob("test_*.c"))]
    steps = [(sys.executable, "-m", "codegen", "generate"), ("cmake", "--preset", "dev"),
             ("cmake", "--build", "--preset", "dev", "--target", "transcripts", "net_sim", "losses", "api_walk", *units)]
    if (TREE / "build" / "dev" / "build.ninja").is_file():
        del steps[1]
    for step in steps:
        status, said = run(*step)
        if status != 0:
            return f"`{' '.join(step[:4])}` fails: {said.strip().splitlines()[-1]}"
    return None


def programs():
    """(name, command) of each test program; that of the transcripts tells itself which of them failed."""
    yield "transcripts", [TESTS / "transcripts" / "transcripts"]
    for sweep in ("two", "one", "late", "acks", "last", "updates"):
        yield f"losses {sweep}", [TESTS / "net" / "losses", sweep]
    for versions in ("12", "13", "mixed"):
        for mode in "AB":
            yield f"net_sim {versions} {mode}", [TESTS / "net" / "net_sim", "--seeds", SEEDS, "--mode", mode, "--versions", versions]
    yield "api_walk", [TESTS / "net" / "api_walk", "--seeds", SEEDS]
    for path in sorted((TREE / "tests" / "unit").glob("test_*.c")):
        yield f"unit.{path.stem.removeprefix('test_')}", [TESTS / path.stem]


def failures_of(program):
    """The names of what fails in a test program."""
    name, command = program
    status, said = run(*command, patience=PATIENCE)
    if status == 0:
        return []
    return (re.findall(r"^FAILED (\w+) ", said, re.M) if name == "transcripts" else []) or [name]


def failures():
    """Builds the copy as it stands and gives the names of all tests that fail."""
    complaint = build()
    if complaint:
        return [complaint]
    TRACE.unlink(missing_ok=True)
    with ThreadPoolExecutor(2) as pool:
        failed = [name for names in pool.map(failures_of, programs()) for name in names]
    status, _ = run(sys.executable, "tests/common/rows_covered.py", TRACE, "tests/common/rows_excluded.txt")
    return failed + (["rows.covered"] if status != 0 else [])


def failures_with(file, text):
    """The same once a spec, named as in `machines/listen.yaml`, reads `text`."""
    path = TREE / "spec" / file
    before = path.read_bytes()
    try:
        write(path, text.encode())
        return failures()
    finally:
        write(path, before)
