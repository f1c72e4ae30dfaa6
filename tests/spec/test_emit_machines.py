"""The generated tables: they compile under the users' warnings, say what the specs say, and a new extension needs no C.

What the tables say is read back by a C program (emitted/tables.c) that prints them, and compared with
the model: neither knows the templates. Two ends of a negotiation over new extensions are played by
another (emitted/negotiate.c), which has nothing of the library but engine/extensions.c.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from codegen import build, emit, emit_extensions, emit_machines, errors, lint, load, model  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wswitch-enum", "-Wstrict-prototypes", "-Werror"]
COMPILERS = [c for c in dict.fromkeys(["gcc", "clang", os.environ.get("CC", "cc")]) if shutil.which(c)]
CXX = next((c for c in ("g++", "clang++", "c++") if shutil.which(c)), None)
ALERT = {e.name: e.value for e in SPEC.registries["AlertDescription"].entries.values()}

ALPN = """extension: application_layer_protocol_negotiation
ref: rfc7301#3.1
doc: Chooses the application protocol.
types:
  ProtocolName:
    fields:
      - name: opaque<1..2^8-1>
  ProtocolNameList:
    fields:
      - protocol_name_list: ProtocolName<2..2^16-1>
appears_in:
  dtls12:
    client_hello: {carries: ProtocolNameList, as: offer}
    server_hello: {carries: ProtocolNameList, as: answer}
policy:
  kind: choose_one
  list: protocol_name_list
  local: config.application_protocols
  preference: server
  no_overlap: no_application_protocol
  result: session.application_protocol
"""
RECORD_SIZE_LIMIT = """extension: record_size_limit
ref: rfc8449#4
doc: Each side announces the largest protected record plaintext it will accept.
types:
  RecordSizeLimit:
    fields:
      - limit: uint16
    constraints:
      - {field: limit, at_least: 64, alert: illegal_parameter, ref: rfc8449#4}
appears_in:
  dtls12:
    client_hello: {carries: RecordSizeLimit, as: announcement}
    server_hello: {carries: RecordSizeLimit, as: reply}
policy:
  kind: announce
  field: limit
  local: config.max_record_plaintext
  protocol_maximum: {dtls12: 16384}
  above_maximum: {client: illegal_parameter, server: clamp}
  result: session.peer_record_limit
  takes_effect: protected_records
"""
# An identity of the application's (RFC 8844's external_session_id has this form), under a number not used otherwise.
OPAQUE = """extension: status_request
ref: rfc6066#8
doc: Octets of the application's.
types:
  SomeOctets:
    fields:
      - octets: opaque<4..255>
appears_in:
  dtls12:
    client_hello: {carries: SomeOctets, as: offer}
    server_hello: {carries: SomeOctets, as: answer}
policy:
  kind: opaque
  local: config.some_octets
  result: session.peer_octets
"""
# The client's order decides, elements are single octets, and fields stand around the list.
CLIENTS_CHOICE = """extension: compress_certificate
ref: rfc8879#3
doc: Numbers of which the client's first that we have is taken.
types:
  SmallNumbers:
    fields:
      - before: uint24
      - numbers: uint8<1..2^8-1>
      - after: opaque<0..2^16-1>
appears_in:
  dtls12:
    client_hello: {carries: SmallNumbers, as: offer}
    server_hello: {carries: SmallNumbers, as: answer}
policy:
  kind: choose_one
  list: numbers
  local: config.small_numbers
  preference: client
  no_overlap: omit
  result: session.small_number
"""
# Of the other version only: skipped in a hello of 1.2, offered by a client that starts both.
OTHER_VERSION = """extension: padding
ref: rfc7685#3
doc: Stands in a 1.3 hello only.
appears_in:
  dtls13:
    client_hello: {carries: nothing, as: offer}
policy:
  kind: flag
  result: session.padded
"""
CLIENTS_NAME = ALPN.replace("application_layer_protocol_negotiation", "signed_certificate_timestamp").replace(
    "rfc7301#3.1", "rfc8446#4.2").replace("ProtocolName", "OtherName").replace("protocol", "other").replace(
    "preference: server", "preference: client").replace("no_overlap: no_application_other", "no_overlap: omit")


def compile_c(compiler, source, target, includes, *flags):
    """The compiler's words; empty if it had nothing to say."""
    command = [compiler, "-std=c11", *WARNINGS, *flags, *(f"-I{i}" for i in includes), "-c", str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr or f"exit status {done.returncode}"


def stubs(functions_h):
    """A definition for each prototype of fpl_functions.h, found in its text."""
    values = {"bool": "true", "fpl_status": "FPL_STATUS_OK", "fpl_presence": "FPL_OMIT"}
    found = re.findall(r"^(\w+) (fpl_\w+)\((.+)\);$", functions_h, re.M)
    return '#include "fpl_functions.h"\n' + "".join(
        f"{kind} {name}({arguments})\n{{\n"
        + "".join(f"    (void){a.rsplit(' ', 1)[1].lstrip('*')};\n" for a in arguments.split(", "))
        + f"    return {values.get(kind, f'({kind})1')};\n}}\n" for kind, name, arguments in found)


class Trees(unittest.TestCase):
    """A directory with generated files, and programs made of them."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)

    def generate(self, spec):
        self.out = self.dir / "generated"
        self.text = emit.render(spec)
        emit.write(self.text, self.out)
        self.includes = [self.out, self.out / "include", ROOT / "src", ROOT / "include"]
        (self.dir / "stubs.c").write_text(stubs(self.text["fpl_functions.h"]))

    def program(self, *sources):
        """Builds a program of these sources and runs it."""
        objects = []
        for source in (self.dir / "stubs.c", *sources):
            objects.append(self.dir / (source.stem + ".o"))
            flags = ["-fsanitize=address,undefined"] if os.environ.get("FPL_TEST_SANITIZE") else []
            self.assertEqual(compile_c(COMPILERS[0], source, objects[-1], self.includes, *flags), "")
        target = self.dir / "program"
        subprocess.run([COMPILERS[0], *flags, *map(str, objects), "-o", str(target)], check=True)
        done = subprocess.run([str(target)], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def generated(self, *names):
        return [self.out / n for n in names]

    def copy(self, **extensions):
        """A copy of spec/ with more extensions, marked as used in the registry."""
        root = self.dir / "spec"
        shutil.copytree(ROOT / "spec", root)
        registry = root / "registries" / "extension_type.yaml"
        for name, text in extensions.items():
            (root / "extensions" / f"{name}.yaml").write_text(text)
            registry.write_text(re.sub(rf"(\b{name}:.*?), +use: \[\](, second_hello: \w+)?", r"\1, second_hello: same",
                                       registry.read_text()))
        return root


class Compiles(Trees):
    def test_every_file_under_every_compiler(self):
        self.generate(SPEC)
        for compiler in COMPILERS:
            for source in sorted(self.out.glob("*.c")) + [ROOT / "src/engine/extensions.c"]:
                for flags in ([], ["-DFPL_NO_NAMES"]):
                    self.assertEqual(compile_c(compiler, source, self.dir / "x.o", self.includes, *flags), "")

    def test_headers_stand_alone(self):
        self.generate(SPEC)
        for header in ("fpl_machines.h", "fpl_functions.h", "fpl_thunks.h", "fpl_records.h", "fpl_extensions.h",
                       "flightplan/extensions.h", "engine/extensions.h"):
            (self.dir / "alone.c").write_text(f'#include "{header}"\nint alone(void);\nint alone(void) {{ return 0; }}\n')
            self.assertEqual(compile_c(COMPILERS[0], self.dir / "alone.c", self.dir / "x.o", self.includes), "")

    @unittest.skipUnless(CXX, "no C++ compiler")
    def test_the_public_header_is_cpp_too(self):
        self.generate(SPEC)
        (self.dir / "public.cpp").write_text("#include <flightplan/extensions.h>\n")
        command = [CXX, "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Wold-style-cast", "-Werror", "-fsyntax-only",
                   *(f"-I{i}" for i in self.includes), str(self.dir / "public.cpp")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")

    def test_a_table_of_another_format_stops_the_build(self):
        self.generate(SPEC)
        shutil.copytree(ROOT / "src", self.dir / "src")
        table = self.dir / "src/engine/table.h"
        table.write_text(re.sub(r"#define FPL_TABLE_FORMAT \d+", "#define FPL_TABLE_FORMAT 999", table.read_text()))
        words = compile_c(COMPILERS[0], self.out / "fpl_machines.c", self.dir / "x.o", [self.dir / "src", *self.includes])
        self.assertIn(emit.COMMAND, words)

    def test_the_same_bytes_whatever_the_hash_seed(self):
        program = ("import hashlib; from codegen import emit, model; "
                   "print(hashlib.sha256(repr(emit.render(model.load('spec'))).encode()).hexdigest())")
        seen = {subprocess.run([sys.executable, "-B", "-c", program], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed},
                               capture_output=True, text=True, check=True).stdout for seed in ("1", "2", "3")}
        self.assertEqual(len(seen), 1)

    def test_no_line_is_out_of_sight(self):
        for path, text in emit_machines.files(SPEC).items():
            for number, line in enumerate(text.split("\n"), 1):
                self.assertLessEqual(len(line), 150, f"{path}:{number}")
                self.assertEqual(line, line.rstrip(), f"{path}:{number}")


class Tables(Trees):
    """What a C program reads in the tables is what the model says."""

    @classmethod
    def setUpClass(cls):
        cls.lines = None

    def read(self):
        self.generate(SPEC)
        machines = [f"machine_{m}.c" for m in SPEC.machines]
        return self.program(HERE / "emitted/tables.c", *self.generated(
            "fpl_machines.c", "fpl_thunks.c", "fpl_records.c", *machines)).splitlines()

    def test_tables(self):
        said = self.read()
        self.assertEqual(said, list(self.machines()) + list(self.records()))

    def machines(self):
        ids = {name: i for i, name in enumerate(SPEC.machines, 1)}
        for machine in SPEC.machines.values():
            version = {"any": 1, "dtls12": 2, "dtls13": 3}[machine.version]
            role = {"any": 1, "client": 2, "server": 3}[machine.role]
            per = {"connection": 1, "flight": 2, "datagram": 3}[machine.one_per]
            unlisted = machine.unlisted_message
            alert = ALERT[unlisted.alert] if unlisted and unlisted.alert else -1
            states = list(machine.states) + list(machine.handed_over)
            ccs = machine.unlisted_change_cipher_spec
            yield (f"machine {ids[machine.name]} {machine.name} {machine.file} {machine.ref} version {version} role {role} per {per}"
                   f" initial {1 + states.index(machine.initial)} discards {int(bool(unlisted and unlisted.discard))}"
                   f" holds {int(bool(ccs))} alert {alert}")
            for flight in machine.flights.values():
                yield from self.flight(machine, flight)
            yield from self.rows(machine, machine.any_state)
            for number, state in enumerate(machine.states.values(), 1):
                yield self.state(machine, number, state)
                yield from self.rows(machine, state.rows)
            for hand in machine.handed_over.values():
                target = list(SPEC.machines[hand.machine].states).index(hand.at) + 1
                yield (f"state {1 + states.index(hand.state)} {hand.state} epochs 0000 immediate 0 waits 0 writes 0 final 0 data 0"
                       f" hand {ids[hand.machine]} {target}")
            for name, where in machine.runs_in.items():
                there = list(SPEC.machines[name].states)
                mask = (1 << 64) - 1 if where == "all" else sum(1 << 1 + there.index(s) for s in where)
                yield f"runs in {ids[name]} {mask:016x}"

    def flight(self, machine, flight):
        names = list(machine.flights)
        extends = sum(1 << names.index(f) for f in flight.extends)
        resend = {"timed": 1, "asked": 2, "never": 3}[flight.resend]
        done = {"answered": 1, "acked": 2, "sent": 3}[flight.done_when]
        give_up = {None: 0, "fail": 1, "forget": 2}[flight.on_give_up]
        yield (f"flight {names.index(flight.name)} {flight.name} line {flight.src.line} extends {extends:x}"
               f" numbers {int(flight.numbers == 'of_request')} resend {resend} done {done} give up {give_up}")
        for line in flight.lines:
            when = "".join(f" when {c} {self.mask(c, outcomes):x}" for c, outcomes in line.when.items())
            then = "".join(f" then {a}" for a in line.then)
            yield (f"  line {'message' if line.send else 'record'} epoch {0xfffe if line.epoch == 'current' else line.epoch} transcript {self.transcript(line.transcript)}"
                   f" keys {self.keys(line.keys)}{when}{then}")

    def state(self, machine, number, state):
        epochs = 0
        beside = [r for c in SPEC.companions_of(machine.name, state.name) for r in c.all_rows()]
        for row in () if state.immediate else machine.rows_of(state.name) + tuple(beside):
            if row.event.kind == "message" and not row.event.seq_any:
                epochs |= 1 << (15 if row.event.epoch == "current" else row.event.epoch)
        kinds = {r.event.kind for r in state.rows}
        waits = bool(kinds) and kinds <= {"api", "timer"} and not epochs
        writes = any(str(r.event) == "flight this written" for r in state.rows)
        data = {None: 0, "both": 1, "receive": 2}[state.application_data]
        return (f"state {number} {state.name} epochs {epochs:04x} immediate {int(kinds == {'immediate'})} waits {int(waits)}"
                f" writes {int(writes)} final {int(state.name in machine.final)} data {data} hand 0 0")

    def mask(self, classifier, outcomes):
        all_of_them = SPEC.functions[classifier].outcomes
        return sum(1 << 1 + all_of_them.index(o) for o in outcomes)

    def transcript(self, word):
        return [None, "append", "none", "restart", "as_message_hash", "from_cookie"].index(word)

    def keys(self, keys):
        words = {None: 0, "next": 0xfffe, "previous": 0xfffd}
        return f"{words.get(keys.read, keys.read)} {words.get(keys.write, keys.write)}"

    def rows(self, machine, rows):
        kinds = ["", "message", "record", "api", "immediate", "timer", "flight", "ack", "peer", "alert", "limit", "association"]
        epochs = {None: 0xffff, "current": 0xfffe, "keyed": 0xfffd}
        for row in rows:
            event = row.event
            chosen = f" select {row.select}" if row.select else ""
            yield (f"  row line {row.src.line} kind {kinds.index(event.kind)} epoch {epochs.get(event.epoch, event.epoch)}"
                   f" any {int(event.seq_any)}{chosen}")
            order = [None] if row.select is None else list(SPEC.functions[row.select].outcomes)
            for name in order:
                yield "    " + self.outcome(machine, row.outcomes[name])
                yield from (f"      settles {c} {self.mask(c, o):x}" for c, o in row.outcomes[name].settles.items())
                yield from (f"      require {c.check} {ALERT[c.alert]} {c.ref}" for c in row.outcomes[name].require)
                yield from (f"      do {a}" for a in row.outcomes[name].do)
                what = ["", "start", "stop", "back_off", "reset"]
                timers = list(SPEC.timers)
                yield from (f"      timer {1 + timers.index(t)} {what.index(w)}" for t, w in row.outcomes[name].timers.items())

    def outcome(self, machine, outcome):
        states = list(machine.states) + list(machine.handed_over)
        moves = {"same": (2, 0), "CLOSED": (3, 0)}
        move, following = moves.get(outcome.goto, (1, 1 + states.index(outcome.goto) if outcome.goto in states else 0))
        if outcome.alert or outcome.fail:
            move, following = (4 if outcome.alert else 5), 0
        fails = [None, "timeout", "peer_alert", "replaced"]
        reports = [None, "connected", "peer_certificate", "signature_wanted", "close_notify"]
        send = 1 + list(machine.flights).index(outcome.send) if outcome.send else 0
        block = 1 + emit_machines.blocks(SPEC).index(outcome.extensions) if outcome.extensions else 0
        return (f"outcome line {outcome.line} ref {outcome.ref} block {block} ends {int(outcome.ends_record)}"
                f" transcript {self.transcript(outcome.transcript)} keys {self.keys(outcome.keys)} drop {self.keys(outcome.drop_keys)}"
                f" send {send} ack {int(outcome.ack)} notify {ALERT.get(outcome.notify, -1)} report {reports.index(outcome.report)}"
                f" move {move} {following} alert {ALERT.get(outcome.alert, -1)} ending {fails.index(outcome.fail)}")

    def records(self):
        """In 1.2 an ACK is a content type like any unknown one."""
        contents = ["change_cipher_spec", "alert", "handshake", "application_data", "ack", "unknown"]
        fates = ["", "reassemble", "machine", "deliver", "hold", "duplicates_only", "new_association", "drop"]
        epochs = ["zero", "handshake", "readable", "older", "next", "other"]
        for table in SPEC.records.values():
            for content in contents:
                entry = SPEC.registries["ContentType"].entries.get(content)
                known = entry is not None and (entry.use is None or table.version in entry.use)
                for epoch in epochs:
                    for phase in ("plain", "keyed", "connected"):
                        if epoch in ("handshake", "older") and table.version == "dtls12":
                            continue
                        wanted = content if known else "unknown"
                        (row,) = [r for r in table.rows if {wanted, "any"} & set(r.content) and {epoch, "any"} & set(r.epoch)
                                  and {phase, "any"} & set(r.phase)]
                        yield f"{table.version} {content} {epoch} {phase}: {fates.index(row.do)} line {row.src.line}"


class Extensions(Trees):
    def test_a_choice_passes_every_rule_and_needs_no_c(self):
        """ALPN as a file, and nothing else: the schemas, the lint and the compilers are content."""
        spec = model.load(str(self.copy(application_layer_protocol_negotiation=ALPN)))
        self.assertEqual([str(p) for p in lint.problems(spec)], [])
        before = emit.render(SPEC)["fpl_functions.h"]
        self.generate(spec)
        after = self.text["fpl_functions.h"]
        self.assertEqual(after[after.index("#ifndef"):], before[before.index("#ifndef"):])
        for compiler in COMPILERS:
            self.assertEqual(compile_c(compiler, self.out / "fpl_extensions.c", self.dir / "x.o", self.includes), "")

    def test_new_extensions_negotiate(self):
        """One of each kind but custom; `announce` and `opaque` are not in the schemas yet."""
        root = self.copy(application_layer_protocol_negotiation=ALPN, record_size_limit=RECORD_SIZE_LIMIT, status_request=OPAQUE,
                         compress_certificate=CLIENTS_CHOICE, signed_certificate_timestamp=CLIENTS_NAME, padding=OTHER_VERSION)
        self.generate(build.build(load.read_tree(root), str(root)))
        for compiler in COMPILERS:
            self.assertEqual(compile_c(compiler, self.out / "fpl_extensions.c", self.dir / "x.o", self.includes), "")
        self.assertEqual(self.program(HERE / "emitted/negotiate.c", ROOT / "src/engine/extensions.c", *self.generated(
            "fpl_extensions.c", "fpl_extension_types.c", "fpl_messages.c", "fpl_registries.c")), "ok\n")

    def refused(self, words, **extensions):
        root = self.copy(**extensions)
        with self.assertRaises(errors.SpecError) as caught:
            emit_machines.files(build.build(load.read_tree(root), str(root)))
        self.assertIn(words, str(caught.exception))
        self.assertIn("spec/extensions/", str(caught.exception))

    def test_what_no_code_can_be_made_for_is_refused(self):
        for words, text in (
                ("has no field `names`", ALPN.replace("list: protocol_name_list", "list: names")),
                ("needs `preference`", ALPN.replace("  preference: server\n", "")),
                ("needs `result`", ALPN.replace("  result: session.application_protocol\n", "")),
                ("one vector of octets", ALPN.replace("name: opaque<1..2^8-1>", "name: opaque[4]")),
                ("says nothing about a choose_one", ALPN.replace("  preference: server\n", "  preference: server\n  field: x\n")),
                ("carries one and the same type", ALPN.replace("server_hello: {carries: ProtocolNameList", "server_hello: {carries: nothing"))):
            with self.subTest(words):
                self.refused(words, application_layer_protocol_negotiation=text)
                shutil.rmtree(self.dir / "spec")
        self.refused("cannot fill `before`", compress_certificate=CLIENTS_CHOICE.replace("before: uint24", "before: opaque[3]"))

    def test_hooks_have_one_direction(self):
        self.refused("both builds and accepts", use_srtp=(ROOT / "spec/extensions/ec_point_formats.yaml").read_text().replace(
            "extension: ec_point_formats", "extension: use_srtp").replace("ECPointFormatList", "OtherList").replace(
            "accept: point_formats_note", "accept: point_formats_offer"))

    def test_accept_order_obeys_process_after(self):
        make = lambda name, *after: (type("E", (), {"name": name}), type("A", (), {"process_after": after, "src": errors.Src("f", 1)}))
        self.assertEqual(emit_extensions.accept_order((make("a", "c"), make("b"), make("c"))), (1, 2, 0))
        self.assertEqual(emit_extensions.accept_order((make("a", "absent"),)), (0,))
        with self.assertRaises(errors.SpecError):
            emit_extensions.accept_order((make("a", "b"), make("b", "a")))


class BothVersions(Trees):
    """What 1.2 alone does not use: names that mean another struct in the other version, and more."""

    def test_a_message_that_means_two_structs_to_one_machine_is_refused(self):
        root = self.copy()
        path = root / "machines/listen.yaml"
        path.write_text(path.read_text().replace("{message: client_hello, epoch: 0}", "{message: certificate_status, epoch: 0}"))
        with self.assertRaises(errors.SpecError) as caught:
            emit_machines.files(build.build(load.read_tree(root), str(root)))
        self.assertIn("`certificate_status` means 0 structs", str(caught.exception))

    def test_a_record_table_with_a_hole_or_an_overlap_is_refused(self):
        for old, new, words in (
                ("  - {content: unknown,", "  # - {content: unknown,", "no row for"),
                ("epoch: other,    phase: any,", "epoch: [other, zero], phase: any,", "has a row already")):
            with self.subTest(words):
                root = self.copy()
                path = root / "records/dtls12.yaml"
                self.assertIn(old, path.read_text())
                path.write_text(path.read_text().replace(old, new))
                with self.assertRaises(errors.SpecError) as caught:
                    emit_machines.files(build.build(load.read_tree(root), str(root)))
                self.assertIn(words, str(caught.exception))
                shutil.rmtree(root)


if __name__ == "__main__":
    unittest.main()
