#!/usr/bin/env python3
"""Measure Flightplan next to other libraries, in DTLS 1.2 and 1.3, and print the tables of the README.

    tests/bench/run.py [--newer PREFIX] [--build FOLDER] [--rounds N] [--seconds S] [--json FILE] [--quick] [--scale N]
    tests/bench/run.py --size FOLDER       only the size of the library in a release build, against its target

Builds target `bench` as a release, then runs one process per library and measure. PREFIX is where a current
BoringSSL has been installed, with its libssl: then everything is measured on that libcrypto as well, and there
is another library that speaks DTLS 1.3. Times are medians of interleaved rounds, and only their ratios mean
anything elsewhere; instruction counts (callgrind, the difference of two runs, so that what happens once drops
out) repeat.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GROUPS = ("x25519", "p256", "mlkem")
GROUP_NAMES = {"mlkem": "X25519MLKEM768"}
SUITES = ("aes", "chacha")
VERSIONS = ("12", "13")
# Library -> how it is named, and how many handshakes callgrind has patience for.
LIBRARIES = {
    "flightplan": ("Flightplan", 32),
    "boringssl": ("BoringSSL libssl", 32),
    "openssl": ("OpenSSL", 32),
    "gnutls": ("GnuTLS", 32),
    "mbedtls": ("Mbed TLS", 4),
}
# Those whose public-key operations are those of the bare program.
SAME_LIBCRYPTO = ("flightplan", "boringssl")
# The most that Flightplan may take, per handshake pair, record pair or connection, in DTLS 1.2 and 1.3.
TARGETS = {
    "instructions over bare per handshake": (450_000, 650_000),
    "the same without SRTP keys and fingerprints": (450_000, 650_000),
    "instructions over bare per record, AES-GCM": (700, 700),
    "instructions over bare per record, ChaCha20": (None, 1_800),
    "own allocations per connection": (20, 20),
    "allocations per 100 records": (0, 0),
    "idle bytes per connection": (2560, 3584),
    "peak bytes per connection": (14 * 1024, 14 * 1024),
    "datagrams per handshake": (4, 4),
    "bytes on the wire": (None, 1_435),
    "bytes added to a record": (37, 22),
    "share of interpreter, tables and codecs, %": (3, 3),
    "text and rodata": (120_000, 120_000),
    "scale ratio": (1.2, None),
}


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class Row:
    """One line of a table: a library with one version, on one libcrypto. The library `bare` is no library."""
    bench: "Bench" = field(repr=False, compare=False)
    libcrypto: str
    library: str
    version: str

    @property
    def key(self):
        return f"{self.library} {self.version} {self.libcrypto}"

    @property
    def same_libcrypto(self):
        return self.library in SAME_LIBCRYPTO

    @property
    def bare(self):
        return Row(self.bench, self.libcrypto, "bare", "12")

    def command(self, group, suite, what, number=1, heap=False):
        program = f"bench_{self.library}" + ("_heap" if heap else "")
        return [self.bench.folder / program, self.bench.folder / "identities", self.version, group, suite, what, number]

    def can(self, group, suite):
        return subprocess.run([str(part) for part in self.command(group, suite, "can")], capture_output=True).returncode == 0

    def figures(self, group, suite, what, number=1, heap=False):
        return figures_of(self.command(group, suite, what, number, heap))

    def per_second(self, group, suite, what, seconds):
        told = self.figures(group, suite, what, seconds)
        return told[what] / told["seconds"]

    def instructions(self, group, suite, what, few, many):
        counts = [callgrind(self.command(group, suite, what, number)) for number in (few, many)]
        return (counts[1] - counts[0]) / (many - few)


def figures_of(command):
    lines = run(*command).stdout.split("\n")
    return {name: float(value) for name, value in (line.split() for line in lines if line)}


def callgrind(command, *options):
    told = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *options, *command).stderr
    return int(re.search(r"Collected : (\d+)", told).group(1))


class Bench:
    """The programs built on one libcrypto."""

    def __init__(self, libcrypto, build, *options):
        self.libcrypto = libcrypto
        self.build = build
        self.options = options
        self.folder = build / "tests" / "bench"

    def make(self):
        run("cmake", "-G", "Ninja", "-S", TOP, "-B", self.build, "-DCMAKE_BUILD_TYPE=Release", *self.options)
        run("cmake", "--build", self.build, "--target", "bench")

    def rows(self, with_others):
        names = LIBRARIES if with_others else SAME_LIBCRYPTO
        return [Row(self, self.libcrypto, name, version)
                for name in names if (self.folder / f"bench_{name}").exists() for version in VERSIONS]

    def profile(self, version):
        """What part of a handshake's instructions the library spends outside of libcrypto and libc, and what a pair
        spends on SRTP keys and on fingerprints of certificates, which no other library makes unasked."""
        profile = self.build / "callgrind.handshakes"
        handshakes = 32
        row = Row(self, self.libcrypto, "flightplan", version)
        run("valgrind", "--tool=callgrind", "--toggle-collect=handshakes", f"--callgrind-out-file={profile}",
            *row.command("x25519", "aes", "count", handshakes))
        alone = self.annotated(profile)
        ours = sum(count for count, _, place in alone if "libflightplan" in place)
        # libcrypto's SHA256 by that name is called for fingerprints only.
        fingerprints = [count for count, name, _ in self.annotated(profile, "--inclusive=yes") if name == "SHA256"]
        profile.unlink()
        counted = [row.instructions("x25519", "aes", what, 16, 48) for what in ("count", "count-plain")]
        return {"share": 100 * ours / sum(count for count, _, _ in alone), "srtp_export": counted[0] - counted[1],
                "fingerprints": sum(fingerprints) / handshakes}

    @staticmethod
    def annotated(profile, *options):
        told = run("callgrind_annotate", "--threshold=100", *options, profile).stdout
        lines = re.findall(r"^\s*([\d,]+) \(.*?\)\s+\S*?:(\S+).*\[(.*)\]$", told, re.M)
        return [(int(count.replace(",", "")), name, place) for count, name, place in lines]

    def scale(self, connections, datagrams):
        command = [self.folder / "bench_scale", self.folder / "identities", connections, datagrams]
        counted = callgrind(command, "--instr-atstart=no") / datagrams
        return counted, figures_of(command)["seconds"] / datagrams * 1e9


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


def size_fits(build):
    """Says how large the code of a release build is; whether that is within the target."""
    sizes, target = library_size(build), TARGETS["text and rodata"][0]
    total = sizes["text"] + sizes["rodata"]
    print(f"text and rodata: {total:,} bytes of at most {target:,}")
    return 0 < sizes["text"] and 0 < sizes["rodata"] and total <= target


def measure_handshakes(rows, group, options, found):
    rows = [row for row in rows if row.can(group, "aes")]
    bare = list(dict.fromkeys(row.bare for row in rows if row.same_libcrypto))
    rates = medians({row: (lambda row=row: row.per_second(group, "aes", "handshakes", options.seconds))
                     for row in bare + rows}, options.rounds)
    for row in bare + rows:
        print(f"{row.key} {group}", file=sys.stderr)
        entry = found.setdefault(row.key, {}).setdefault(group, {})
        entry["per_second"] = rates[row]
        many = 32
        if row not in bare:
            entry.update(row.figures(group, "aes", "wire"))
            entry.update(row.figures(group, "aes", "heap", heap=True))
            many = LIBRARIES[row.library][1]
        if options.valgrind and not (options.quick and row not in bare and not row.same_libcrypto):
            entry["instructions"] = row.instructions(group, "aes", "count", many, 3 * many)
    return rows


def measure_records(rows, suite, options, found):
    rows = [row for row in rows if row.can("x25519", suite)]
    bare = list(dict.fromkeys(row.bare for row in rows if row.same_libcrypto))
    rates = medians({row: (lambda row=row: row.per_second("x25519", suite, "records", options.seconds))
                     for row in bare + rows}, options.rounds)
    for row in bare + rows:
        entry = found.setdefault(row.key, {}).setdefault("records", {}).setdefault(suite, {})
        entry["per_second"] = rates[row]
        if options.valgrind:
            entry["instructions"] = row.instructions("x25519", suite, "count-records", 100, 2100)


def measure_all(benches, options):
    """found: "rows" -> key of a row -> group or "records" -> figures; what is of no row beside it."""
    first = benches[0]
    found = {"rows": {}, "tables": {}, "size": library_size(first.build)}
    rows = [row for bench in benches for row in bench.rows(with_others=bench is first)]
    for group in GROUPS:
        found["tables"][group] = [row.key for row in measure_handshakes(rows, group, options, found["rows"])]
    for suite in SUITES:
        measure_records(rows, suite, options, found["rows"])
    if options.valgrind:
        found["copies"] = first_bare(first).instructions("x25519", "aes", "count-copies", 100, 2100)
        found["profile"] = {version: first.profile(version) for version in VERSIONS}
    if options.scale:
        found["scale"] = []
        for connections in (1000, options.scale):
            print(f"scale {connections}", file=sys.stderr)
            # Each connection gets one at most, so that the work is the same however many there are.
            counted, nanoseconds = first.scale(connections, 1000)
            found["scale"].append({"connections": connections, "instructions": counted, "ns": nanoseconds})
    return found


def first_bare(bench):
    return Row(bench, bench.libcrypto, "bare", "12")


# --- what is told ------------------------------------------------------------------------------------------

def parts(key):
    return key.split(" ")


def bare_key(key):
    return f"bare 12 {parts(key)[2]}"


def over_bare(found, key, group):
    entry = found["rows"].get(key, {}).get(group, {})
    if parts(key)[0] not in SAME_LIBCRYPTO or "instructions" not in entry:
        return None
    return entry["instructions"] - found["rows"][bare_key(key)][group]["instructions"]


def record_over_bare(found, key, suite):
    """The two copies on and off the wire are the driver's, for those who make them."""
    entry = found["rows"].get(key, {}).get("records", {}).get(suite, {})
    if parts(key)[0] not in SAME_LIBCRYPTO or "instructions" not in entry:
        return None
    copies = 0 if parts(key)[0] == "flightplan" else found["copies"]
    return entry["instructions"] - found["rows"][bare_key(key)]["records"][suite]["instructions"] - copies


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def title_cells(key):
    library, version, libcrypto = parts(key)
    return [LIBRARIES[library][0], f"1.{int(version) - 10}", libcrypto if library in SAME_LIBCRYPTO else ""]


def table(heading, rows):
    return ["| " + " | ".join(heading) + " |", "|---|---|---|" + "--:|" * (len(heading) - 3)] + [
        "| " + " | ".join(cells) + " |" for cells in rows]


def handshake_table(found, group):
    rows = []
    for key in found["tables"][group]:
        entry = found["rows"][key][group]
        same = parts(key)[0] in SAME_LIBCRYPTO
        ratio = entry["per_second"] / found["rows"][bare_key(key)][group]["per_second"] if same else None
        instructions = entry.get("instructions")
        over = over_bare(found, key, group)
        rows.append(title_cells(key) + [
            number(entry["per_second"]), f"{100 * ratio:.0f} %" if same else "",
            number(instructions and instructions / 1e6, 2), number(over and over / 1e6, 3),
            number(entry["allocations_per_handshake"] / 2), number(entry["peak_bytes"] / 2048, 1),
            number(entry["idle_bytes"] / 2048, 1), number(entry["client_bytes"] + entry["server_bytes"]),
            number(entry["client_datagrams"] + entry["server_datagrams"])])
    return table([GROUP_NAMES.get(group, group), "DTLS", "libcrypto", "handshakes per CPU second", "of the bare operations",
                  "instructions, M", "over the bare ones, M", "allocations", "peak KB", "idle KB", "bytes on the wire",
                  "datagrams"], rows)


def record_table(found):
    rows = []
    libcryptos = list(dict.fromkeys(parts(key)[2] for key in found["tables"]["x25519"]))
    for key in [f"bare 12 {libcrypto}" for libcrypto in libcryptos] + found["tables"]["x25519"]:
        bare = key.startswith("bare ")
        cells = ["bare AEAD", "", parts(key)[2]] if bare else title_cells(key)
        for suite in SUITES:
            record = found["rows"][key]["records"].get(suite)
            cells += ["", "", ""] if record is None else [
                number(1e9 / record["per_second"]), number(record.get("instructions")),
                "" if bare else number(record_over_bare(found, key, suite))]
        entry = {} if bare else found["rows"][key]["x25519"]
        cells += ["", ""] if bare else [number(entry["allocations_per_100_records"] / 100), number(entry["bytes_added"])]
        rows.append(cells)
    return table(["1200-byte records", "DTLS", "libcrypto", "AES-128-GCM, ns", "instructions", "over the bare AEAD",
                  "ChaCha20-Poly1305, ns", "instructions", "over the bare AEAD", "allocations", "bytes added"], rows)


def values_of(found, version):
    key = f"flightplan {version} packaged"
    ours = found["rows"][key]["x25519"]
    over = over_bare(found, key, "x25519")
    profile = found.get("profile", {}).get(version, {})
    values = {
        "instructions over bare per handshake": over,
        "the same without SRTP keys and fingerprints":
            None if over is None or not profile else over - profile["srtp_export"] - profile["fingerprints"],
        "instructions over bare per record, AES-GCM": record_over_bare(found, key, "aes"),
        "instructions over bare per record, ChaCha20": record_over_bare(found, key, "chacha"),
        "own allocations per connection": ours["own_allocations_per_handshake"] / 2,
        "allocations per 100 records": ours["allocations_per_100_records"],
        "idle bytes per connection": ours["idle_bytes"] / 2,
        "peak bytes per connection": ours["peak_bytes"] / 2,
        "datagrams per handshake": ours["client_datagrams"] + ours["server_datagrams"],
        "bytes on the wire": ours["client_bytes"] + ours["server_bytes"],
        "bytes added to a record": ours["bytes_added"],
        "share of interpreter, tables and codecs, %": profile.get("share"),
        "text and rodata": found["size"]["text"] + found["size"]["rodata"],
    }
    if "scale" in found and version == "12":
        few, many = found["scale"]
        values["scale ratio"] = many["instructions"] / few["instructions"]
    return values


def against_targets(found):
    """Of the build on the packaged libcrypto."""
    values = {version: values_of(found, version) for version in VERSIONS}

    def told(value):
        return "" if value is None else number(value, 2 if 0 < value < 10 else 0)

    lines = ["| measure | DTLS 1.2 | target | DTLS 1.3 | target |", "|---|--:|--:|--:|--:|"]
    for name, targets in TARGETS.items():
        pair = [values[version].get(name) for version in VERSIONS]
        if any(value is not None for value in pair):
            cells = [cell for value, target in zip(pair, targets)
                     for cell in (told(value), "" if value is None or target is None else f"{target:,}")]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def markdown(found):
    lines = ["Both ends in one process and thread; mutual P-256 certificates, use_srtp, one suite, MTU 1200, no cookie, no ticket;",
             "with DTLS 1.2 the extended master secret. Handshakes, instructions, bytes and datagrams are of client and server",
             "together; allocations, peak and idle of one of them. Times are this machine's. Made by `tests/bench/run.py`.", ""]
    for group in GROUPS:
        if found["tables"][group]:
            lines += handshake_table(found, group) + [""]
    lines += record_table(found) + [""] + against_targets(found)
    if "profile" in found:
        told = [" and ".join(number(found["profile"][version][what]) for version in VERSIONS)
                for what in ("srtp_export", "fingerprints")]
        lines += ["", f"Flightplan's handshake pair includes, in DTLS 1.2 and 1.3, {told[0]} instructions for the SRTP keys and "
                      f"{told[1]} for the fingerprints that it hands out; the others are not asked for theirs."]
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
    parser.add_argument("--newer", type=Path, metavar="PREFIX", help="a current BoringSSL: include/, lib/libcrypto, lib/libssl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of CPU time for each run")
    parser.add_argument("--json", type=Path, help="write all figures there as well")
    parser.add_argument("--quick", action="store_true", help="count instructions only where the libcrypto is the same")
    parser.add_argument("--scale", type=int, default=0, metavar="CONNECTIONS",
                        help="also a listener with so many; a million takes some GB and minutes")
    parser.add_argument("--size", type=Path, metavar="FOLDER", help="only the size of the library in that release build")
    options = parser.parse_args()
    if options.size:
        return 0 if size_fits(options.size.resolve()) else 1
    options.valgrind = shutil.which("valgrind") is not None
    build = options.build.resolve()
    benches = [Bench("packaged", build)]
    if options.newer:
        benches.append(Bench("newer", build.with_name(build.name + "-newer"),
                             f"-DFLIGHTPLAN_BORINGSSL_ROOT={options.newer.resolve()}"))
    for bench in benches:
        bench.make()
    found = measure_all(benches, options)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(markdown(found))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{' '.join(failed.cmd)}\n{failed.stdout}{failed.stderr}")
