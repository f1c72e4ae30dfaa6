#!/usr/bin/env python3
"""Measure Flightplan next to other libraries and print the table of the README.

    tests/bench/run.py [--build FOLDER] [--rounds N] [--seconds S] [--json FILE] [--quick] [--scale N]

Builds target `bench` as a release, then runs one process per library and measure. Times are medians of
interleaved rounds, and only their ratios mean anything elsewhere; instruction counts (callgrind, the
difference of two runs, so that what happens once drops out) repeat.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GROUPS = ("x25519", "p256")
# Library -> how it is named, and how many handshakes callgrind has patience for.
LIBRARIES = {
    "flightplan": ("Flightplan", 64),
    "boringssl": ("BoringSSL libssl", 64),
    "openssl": ("OpenSSL", 32),
    "gnutls": ("GnuTLS", 32),
    "mbedtls": ("Mbed TLS", 4),
}
# Those whose public-key operations are those of the bare program.
SAME_LIBCRYPTO = ("flightplan", "boringssl")
# The most that Flightplan may take, per handshake pair, record pair or connection.
TARGETS = {
    "instructions over bare per handshake": 450_000,
    "instructions over bare per record": 700,
    "own allocations per connection": 20,
    "allocations per 100 records": 0,
    "idle bytes per connection": 2560,
    "peak bytes per connection": 14 * 1024,
    "text and rodata": 120_000,
    "share of interpreter, tables and codecs, %": 3,
    "scale ratio": 1.2,
}


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


class Bench:
    def __init__(self, build):
        self.build = build
        self.folder = build / "tests" / "bench"

    def make(self):
        run("cmake", "-G", "Ninja", "-S", TOP, "-B", self.build, "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", self.build, "--target", "bench")

    def libraries(self):
        return [name for name in LIBRARIES if (self.folder / f"bench_{name}").exists()]

    def command(self, program, group, suite, what, number):
        return [self.folder / f"bench_{program}", self.folder / "identities", group, suite, what, number]

    def figures(self, program, group, suite, what, number=1):
        lines = run(*self.command(program, group, suite, what, number)).stdout.split("\n")
        return {name: float(value) for name, value in (line.split() for line in lines if line)}

    def per_second(self, program, group, suite, what, seconds):
        told = self.figures(program, group, suite, what, seconds)
        return told[what] / told["seconds"]

    def callgrind(self, command, *options):
        told = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *options, *command).stderr
        return int(re.search(r"Collected : (\d+)", told).group(1))

    def instructions(self, program, group, suite, what, few, many):
        counts = [self.callgrind(self.command(program, group, suite, what, number)) for number in (few, many)]
        return (counts[1] - counts[0]) / (many - few)

    def profile(self, group):
        """What part of a handshake's instructions the library spends outside of libcrypto and libc, and what a pair
        spends on handing out SRTP keys, which no other library does unasked."""
        profile = self.build / "callgrind.handshakes"
        handshakes = 32
        run("valgrind", "--tool=callgrind", "--toggle-collect=handshakes", f"--callgrind-out-file={profile}",
            *self.command("flightplan", group, "aes", "count", handshakes))
        alone = self.annotated(profile)
        ours = sum(count for count, _, place in alone if "libflightplan" in place)
        export = [count for count, name, _ in self.annotated(profile, "--inclusive=yes") if name == "fpl_keying_srtp"]
        profile.unlink()
        return {"share": 100 * ours / sum(count for count, _, _ in alone), "srtp_export": sum(export) / handshakes}

    @staticmethod
    def annotated(profile, *options):
        told = run("callgrind_annotate", "--threshold=100", *options, profile).stdout
        lines = re.findall(r"^\s*([\d,]+) \(.*?\)\s+\S*?:(\S+).*\[(.*)\]$", told, re.M)
        return [(int(count.replace(",", "")), name, place) for count, name, place in lines]

    def scale(self, connections, datagrams):
        command = [self.folder / "bench_scale", self.folder / "identities", connections, datagrams]
        counted = self.callgrind(command, "--instr-atstart=no") / datagrams
        lines = run(*command).stdout.split("\n")
        told = {name: float(value) for name, value in (line.split() for line in lines if line)}
        return counted, told["seconds"] / datagrams * 1e9


def medians(measures, rounds):
    """measures: name -> function. Interleaved, so that what else the machine does hits all alike."""
    found = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}


def section_sizes(path):
    told = run("size", "-A", path).stdout
    sizes = dict(re.findall(r"^(\.\S+)\s+(\d+)", told, re.M))
    return {name: int(sizes.get(f".{name}", 0)) for name in ("text", "rodata", "data.rel.ro")}


def library_size(build):
    library = next(path for path in sorted((build / "src").glob("libflightplan.so*")) if not path.is_symlink())
    stripped = build / "libflightplan.stripped"
    run("strip", "-o", stripped, library)
    sizes = section_sizes(library) | {"stripped_file": stripped.stat().st_size}
    stripped.unlink()
    return sizes


def measure_all(bench, rounds, seconds, quick, scale):
    found = {"libraries": {}, "bare": {}, "size": library_size(bench.build)}
    names = bench.libraries()
    with_valgrind = shutil.which("valgrind") is not None
    for group in GROUPS:
        rates = medians({name: (lambda name=name, group=group: bench.per_second(name, group, "aes", "handshakes", seconds))
                         for name in ["bare"] + names}, rounds)
        found["bare"][group] = {"per_second": rates["bare"]}
        if with_valgrind:
            found["bare"][group]["instructions"] = bench.instructions("bare", group, "aes", "count", 32, 160)
        for name in names:
            print(f"{name} {group}", file=sys.stderr)
            entry = found["libraries"].setdefault(name, {}).setdefault(group, {})
            entry["per_second"] = rates[name]
            entry.update(bench.figures(name, group, "aes", "wire"))
            entry.update(bench.figures(f"{name}_heap", group, "aes", "heap"))
            many = LIBRARIES[name][1]
            if with_valgrind and not (quick and name not in SAME_LIBCRYPTO):
                entry["instructions"] = bench.instructions(name, group, "aes", "count", many, 3 * many)
    for suite in ("aes", "chacha"):
        rates = medians({name: (lambda name=name, suite=suite: bench.per_second(name, "x25519", suite, "records", seconds))
                         for name in ["bare"] + names}, rounds)
        for name in ["bare"] + names:
            entry = found["bare"] if name == "bare" else found["libraries"][name]
            entry = entry.setdefault("records", {}).setdefault(suite, {})
            entry["per_second"] = rates[name]
            if with_valgrind:
                entry["instructions"] = bench.instructions(name, "x25519", suite, "count-records", 100, 2100)
    if with_valgrind:
        found["bare"]["copies"] = bench.instructions("bare", "x25519", "aes", "count-copies", 100, 2100)
        found |= bench.profile("x25519")
    if scale:
        found["scale"] = []
        for connections in (1000, scale):
            print(f"scale {connections}", file=sys.stderr)
            # Each connection gets one at most, so that the work is the same however many there are.
            counted, nanoseconds = bench.scale(connections, 1000)
            found["scale"].append({"connections": connections, "instructions": counted, "ns": nanoseconds})
    return found


# --- what is told ------------------------------------------------------------------------------------------

def over_bare(found, name, group):
    entry = found["libraries"][name][group]
    if name not in SAME_LIBCRYPTO or "instructions" not in entry:
        return None
    return entry["instructions"] - found["bare"][group]["instructions"]


def record_over_bare(found, name, suite):
    """The two copies on and off the wire are the driver's, for those who make them."""
    if name not in SAME_LIBCRYPTO or "copies" not in found["bare"]:
        return None
    copies = 0 if name == "flightplan" else found["bare"]["copies"]
    return found["libraries"][name]["records"][suite]["instructions"] - found["bare"]["records"][suite]["instructions"] - copies


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def handshake_table(found, group):
    lines = [f"| {group} | handshakes per CPU second | of the bare operations | instructions, M | over the bare ones, M "
             "| allocations | peak KB | idle KB | bytes on the wire | datagrams |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for name, by_group in found["libraries"].items():
        entry = by_group[group]
        same = name in SAME_LIBCRYPTO
        ratio = entry["per_second"] / found["bare"][group]["per_second"]
        instructions = entry.get("instructions")
        over = over_bare(found, name, group)
        lines.append("| " + " | ".join([
            LIBRARIES[name][0], number(entry["per_second"]), f"{100 * ratio:.0f} %" if same else "",
            number(instructions and instructions / 1e6, 2), number(over and over / 1e6, 3),
            number(entry["allocations_per_handshake"] / 2), number(entry["peak_bytes"] / 2048, 1),
            number(entry["idle_bytes"] / 2048, 1), number(entry["client_bytes"] + entry["server_bytes"]),
            number(entry["client_datagrams"] + entry["server_datagrams"])]) + " |")
    return lines


def record_table(found):
    lines = ["| 1200-byte records | AES-128-GCM, ns | instructions | over the bare AEAD | ChaCha20-Poly1305, ns "
             "| instructions | over the bare AEAD | allocations |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    rows = [("bare AEAD", None, found["bare"])] + [(LIBRARIES[name][0], name, entry)
                                                  for name, entry in found["libraries"].items()]
    for title, name, entry in rows:
        cells = [title]
        for suite in ("aes", "chacha"):
            record = entry["records"][suite]
            cells += [number(1e9 / record["per_second"]), number(record.get("instructions")),
                      number(record_over_bare(found, name, suite)) if name else ""]
        cells.append("" if name is None else number(entry["x25519"]["allocations_per_100_records"] / 100))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def against_targets(found):
    ours = found["libraries"]["flightplan"]["x25519"]
    size = found["size"]
    values = {
        "instructions over bare per handshake": over_bare(found, "flightplan", "x25519"),
        "instructions over bare per record": record_over_bare(found, "flightplan", "aes"),
        "own allocations per connection": ours["own_allocations_per_handshake"] / 2,
        "allocations per 100 records": ours["allocations_per_100_records"],
        "idle bytes per connection": ours["idle_bytes"] / 2,
        "peak bytes per connection": ours["peak_bytes"] / 2,
        "text and rodata": size["text"] + size["rodata"],
        "share of interpreter, tables and codecs, %": found.get("share"),
    }
    if "scale" in found:
        few, many = found["scale"]
        values["scale ratio"] = many["instructions"] / few["instructions"]
    lines = ["| measure | Flightplan | target |", "|---|--:|--:|"]
    for name, value in values.items():
        if value is not None:
            digits = 2 if value < 10 else 0
            lines.append(f"| {name} | {number(value, digits)} | {TARGETS[name]:,} |")
    return lines


def markdown(found):
    lines = ["Both ends in one process and thread; mutual P-256 certificates, EMS, use_srtp, one suite, MTU 1200, no cookie.",
             "Handshakes, instructions, bytes and datagrams are of client and server together; allocations, peak and idle",
             "of one of them. Times are this machine's. Made by `tests/bench/run.py`.", ""]
    for group in GROUPS:
        lines += handshake_table(found, group) + [""]
    lines += record_table(found) + [""] + against_targets(found)
    if "srtp_export" in found:
        lines += ["", f"Flightplan's handshake pair includes {number(found['srtp_export'])} instructions for the SRTP keys that it "
                      "hands out; the others are not asked for theirs."]
    size = found["size"]
    lines += ["", f"The shared library, bytes: .text {number(size['text'])}, .rodata {number(size['rodata'])}, .data.rel.ro "
                  f"(tables with pointers) {number(size['data.rel.ro'])}, the stripped file {number(size['stripped_file'])}."]
    for step in found.get("scale", []):
        lines += ["", f"A listener with {step['connections']:,} connections: {number(step['instructions'])} instructions and "
                      f"{number(step['ns'])} ns per datagram."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=TOP / "build" / "bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of CPU time for each run")
    parser.add_argument("--json", type=Path, help="write all figures there as well")
    parser.add_argument("--quick", action="store_true", help="count instructions only where the libcrypto is the same")
    parser.add_argument("--scale", type=int, default=0, metavar="CONNECTIONS",
                        help="also a listener with so many; a million takes some GB and minutes")
    options = parser.parse_args()
    bench = Bench(options.build.resolve())
    bench.make()
    found = measure_all(bench, options.rounds, options.seconds, options.quick, options.scale)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(markdown(found))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{' '.join(failed.cmd)}\n{failed.stdout}{failed.stderr}")
