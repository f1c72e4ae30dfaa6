#!/usr/bin/env python3
"""Runs every fuzz target of a -DFLIGHTPLAN_FUZZ=ON build for a while, two at a time.

    run.py BUILD [--seconds N | --total-cpu-minutes M] [--jobs J] [--corpus FOLDER] [--only TARGET ...]

BUILD is the build folder. Each target starts from corpus/<target> and keeps what it finds in FOLDER (one that is
thrown away, unless given). With --total-cpu-minutes the time is spread: whole connections get six shares, all others
one, and none less than ten seconds. Inputs that break something are kept in BUILD/crashes. For each target one line
with executions and covered edges; then the CPU minutes of all; the last line is `N passed, N failed`.
"""

import argparse
import collections
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
DEEP = {"client", "server", "listener", "network", "client13", "server13", "listener13", "network13", "api"}
LEAST_SECONDS = 10
SHARES_OF_DEEP = 6
# Memory that libFuzzer may use, and seconds that one input may take: more is a bug, not a slow machine.
RSS_MB = 1024
ONE_INPUT_SECONDS = 60
LINES_SHOWN = 60


def longest_input(target):
    return 4096 if target in DEEP or target in {"record", "decode", "reassembly"} else 1024


def seconds_of(targets, arguments):
    if arguments.total_cpu_minutes is None:
        return {target: arguments.seconds for target in targets}
    shares = {target: SHARES_OF_DEEP if target in DEEP else 1 for target in targets}
    total = arguments.total_cpu_minutes * 60
    left = total
    result = {}
    # Those whose share is less than the least get the least; the others share what is left.
    for target in sorted(targets, key=lambda t: shares[t]):
        rest = sum(shares[t] for t in targets if t not in result)
        result[target] = max(LEAST_SECONDS, int(left * shares[target] / rest))
        left -= result[target]
    return result


def run(target, seconds, arguments, scratch):
    binary = arguments.build / "tests" / "fuzz" / f"fuzz_{target}"
    seeds = HERE / "corpus" / target
    kept = (arguments.corpus or scratch) / target
    crashes = arguments.build / "crashes"
    kept.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    command = [str(binary), f"-max_total_time={seconds}", f"-max_len={longest_input(target)}", f"-rss_limit_mb={RSS_MB}",
               f"-timeout={ONE_INPUT_SECONDS}", "-print_final_stats=1", f"-artifact_prefix={crashes}/{target}-", str(kept)]
    if target in DEEP:
        command.append("-entropic=0")  # its bookkeeping costs more than it brings at a thousand executions a second
    if seeds.is_dir():
        command.append(str(seeds))
    # Into a file: what this process holds is counted as the next target's by the kernel's ru_maxrss, and libFuzzer
    # takes that for its own.
    told = scratch / f"{target}.log"
    with told.open("w") as log:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=log, check=False)
    runs = edges = 0
    last = collections.deque(maxlen=LINES_SHOWN)
    with told.open(errors="replace") as log:
        for line in log:
            if not re.match(r"#\d+\s", line):  # progress
                last.append(line.rstrip("\n"))
            if found := re.search(r"stat::number_of_executed_units:\s*(\d+)", line):
                runs = int(found.group(1))
            if found := re.search(r"cov: (\d+)", line):
                edges = int(found.group(1))
    return done.returncode, runs, edges, last


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=LEAST_SECONDS)
    parser.add_argument("--total-cpu-minutes", type=float)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--corpus", type=pathlib.Path)
    parser.add_argument("--only", nargs="+")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()

    listed = (arguments.build / "tests" / "fuzz" / "targets.txt").read_text().split()
    targets = [target for target in listed if not arguments.only or target in arguments.only]
    if not targets:
        print("no such targets")
        return 2
    seconds = seconds_of(targets, arguments)
    failed = 0
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-"))
    with ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        longest_first = sorted(targets, key=lambda t: -seconds[t])
        running = {target: pool.submit(run, target, seconds[target], arguments, scratch) for target in longest_first}
        for target in longest_first:
            code, runs, edges, log = running[target].result()
            verdict = "ok" if code == 0 and runs > 0 else "FAILED"
            print(f"{target:32} {seconds[target]:5} s {runs:12} executions {edges:6} edges  {verdict}", flush=True)
            if verdict != "ok":
                failed += 1
                print("\n".join("    " + line for line in log), flush=True)
    shutil.rmtree(scratch, ignore_errors=True)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{(spent.ru_utime + spent.ru_stime) / 60:.1f} CPU minutes")
    print(f"{len(targets) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
