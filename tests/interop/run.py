#!/usr/bin/env python3
"""Handshakes of this library with other implementations, as their client and as their server.

    run.py                       all pairs of values, with each peer in each role; SRTP, loss, refusals, versions
    run.py --full                the whole product instead of its pairs
    run.py --peer P --role R     a part of it
    run.py --case NAME           one line of the table again
    run.py --list                the cases, without running them

Prints a table of peer x role x case, then `N passed, N failed`; the exit status is 0 when none failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import cases
import credentials
import table
from ports import Ports
from probes import PROBES
from talk import CRATES, LIBRARIES, Room, play

TOOLS = {"openssl": ("openssl", "openssl"), "gnutls-serv": ("gnutls-bin", "gnutls"), "gnutls-cli": ("gnutls-bin", "gnutls"),
         "stdbuf": ("coreutils", "gnutls"), "tstclnt": ("libnss3-tools", "tstclnt")}
BUILD_CRATES = Path(__file__).parent / "peers" / "build"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=os.environ.get("FPL_INTEROP_PROGRAMS"),
                        help="where fpl_peer and the others were built")
    parser.add_argument("--peer", choices=cases.PEERS, action="append")
    parser.add_argument("--role", choices=cases.ROLES, action="append", help="ours")
    parser.add_argument("--full", action="store_true", help="the whole product of the dimensions")
    parser.add_argument("--hybrid", action="store_true", help="the hybrid group too: libcrypto has ML-KEM")
    parser.add_argument("--case", action="append", default=[], metavar="NAME")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with this in their names")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of pairs")
    parser.add_argument("--loss-seeds", type=int, default=2, metavar="N", help="seeds for each kind of bad weather")
    parser.add_argument("--capture", type=Path, metavar="FOLDER",
                        help="keep each case's datagrams and our keys there, for `flightplan decode --keylog`")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1), help="cases at once; they mostly wait")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="no line for a case that passed")
    return parser.parse_args()


def chosen(args):
    if args.case:
        return [cases.case_named(name) for name in args.case]
    found = []
    for peer in args.peer or cases.PEERS:
        for role in args.role or cases.ROLES:
            found += cases.whole(peer, role) if args.full else cases.pairs(peer, role, args.seed)
            found += cases.others(peer, role, args.loss_seeds)
            found += cases.hybrid(peer, role) if args.hybrid else []
    return [case for case in found if args.only in case.name]


def need_programs(args, wanted):
    """A missing peer is an error, never a shorter table."""
    peers = {case.peer for case in wanted}
    missing = {package for tool, (package, peer) in TOOLS.items()
               if (peer in peers or tool == "openssl") and not shutil.which(tool)}
    if missing:
        sys.exit(f"run.py: missing peers; on Debian: apt-get install {' '.join(sorted(missing))}")
    if not args.programs:
        sys.exit("run.py: say with --programs where fpl_peer and the others were built (<build>/tests/interop)")
    for program in ("fpl_peer", *(f"{peer}_peer" for peer in LIBRARIES if peer in peers)):
        if not (args.programs / program).exists():
            sys.exit(f"run.py: {args.programs / program} has not been built")


def crates_of(wanted):
    """The folder of the peers that come as crates, if any of them is wanted."""
    if not any(case.peer in CRATES for case in wanted):
        return None
    told = subprocess.run([BUILD_CRATES, "--where"], capture_output=True, text=True)
    if told.returncode != 0:
        sys.exit(f"run.py: {told.stderr.strip()}")
    return Path(told.stdout.strip())


def play_all(room, wanted, args, report):
    with ThreadPoolExecutor(args.jobs) as pool:
        # Cases under loss take longest: begin with them.
        ordered = sorted(wanted, key=lambda case: not case.loss)
        running = {pool.submit(play, room, case): case for case in ordered}
        for done in as_completed(running):
            report.add(running[done], *done.result())


def main():
    args = arguments()
    wanted = chosen(args)
    if args.list:
        print("\n".join(case.name for case in wanted))
        return 0
    if not wanted:
        sys.exit("run.py: no such case")
    need_programs(args, wanted)
    crates = crates_of(wanted)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fpl-interop-") as folder:
        if args.capture:
            args.capture.mkdir(parents=True, exist_ok=True)
        room = Room(args.programs, credentials.make(folder), Ports(), crates, args.capture)
        report = table.Report(args.quiet)
        play_all(room, wanted, args, report)
        if not args.case and not args.only:
            for rule in cases.IMPOSSIBLE:
                if any((case.peer, case.role) == (rule.peer, rule.role) for case in wanted):
                    report.add_probe(rule, *PROBES[rule.probe](room, rule.role))
    report.print(time.monotonic() - began)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
