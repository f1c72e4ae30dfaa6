"""generated/: the same bytes every time, owned whole, and C that the users' compilers accept."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import build, emit, emit_wire, load, model, naming  # noqa: E402
from codegen.errors import SpecError  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))
CC = os.environ.get("CC", "cc")
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wswitch-enum", "-Wshadow", "-Werror"]

# Everything the language of wire formats has and DTLS 1.2 does not use.
EVERYTHING = """\
messages: everything
ref: rfc5246#7
types:
  Flag: uint8
  Serial: uint16
  Pair:
    fields:
      - key: uint16
      - value: opaque<0..2^16-1>
  Numbered:
    fields:
      - epoch: uint64
      - pair: Pair
structs:
  Everything:
    ref: rfc5246#7
    fields:
      - flag: Flag
      - wide: uint24
      - number: uint64
      - kind: ContentType
      - serials: Serial<2..254>
      - kinds: ContentType<1..16>
      - fixed: opaque[4]
      - pairs: Pair<0..2^16-1>
      - numbered: Numbered<0..2^16-1>
      - tail: optional Pair<0..2^24-1>
    constraints:
      - {field: wide, at_least: 3, alert: illegal_parameter, ref: rfc5246#7}
      - {field: number, at_most: 9, alert: illegal_parameter, ref: rfc5246#7}
      - {field: wide, multiple_of: 3, alert: illegal_parameter, ref: rfc5246#7}
      - {field: pairs, unique_by: key, alert: illegal_parameter, ref: rfc5246#7}
      - {field: numbered, each_at_most: [epoch, carrying_epoch], alert: illegal_parameter, ref: rfc5246#7}
    variants:
      everything_fixed: {field: fixed, equals_constant: four, ref: rfc5246#7}
constants:
  four:
    hex: 01020304
    ref: rfc5246#7
"""

# What EVERYTHING's decoder must answer: alert of each broken rule, 0 for what passes.
EVERYTHING_C = r"""
#include <stdio.h>
#include "fpl_messages.h"
static uint8_t out[256];
static size_t build(uint32_t wide, uint64_t number, uint8_t kind, uint16_t key, uint64_t epoch, size_t serial_octets)
{
    static const uint8_t zeros[8];
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    size_t at;
    fpl_write_uint(&w, 1, 1);
    fpl_write_uint(&w, 3, wide);
    fpl_write_uint(&w, 8, number);
    fpl_write_uint(&w, 1, kind);
    fpl_write_vector(&w, 1, fpl_bytes_of(zeros, serial_octets));
    fpl_write_uint(&w, 2, 0x0116);
    fpl_write_uint(&w, 4, 0x01020304);
    at = fpl_write_vector_begin(&w, 2);
    fpl_encode_pair(&w, &(fpl_pair){.key = 7, .value = fpl_bytes_none()});
    fpl_encode_pair(&w, &(fpl_pair){.key = key, .value = fpl_bytes_of(zeros, 3)});
    fpl_write_vector_end(&w, at, 2);
    at = fpl_write_vector_begin(&w, 2);
    fpl_encode_numbered(&w, &(fpl_numbered){.epoch = epoch, .pair = {.key = 1, .value = fpl_bytes_none()}});
    fpl_write_vector_end(&w, at, 2);
    return w.len;
}
static void show(size_t len)
{
    uint8_t again[256];
    fpl_writer w = fpl_writer_of(again, sizeof(again));
    fpl_reader r = fpl_reader_of(out, len);
    fpl_everything in;
    if (!fpl_decode_everything(&in, 5, &r)) {
        printf("%u %s\n", r.alert, r.where);
        return;
    }
    if (!fpl_encode_everything(&w, &in) || w.len != len || memcmp(out, again, len) != 0) {
        printf("differs\n");
    }
    printf("0 %d %d\n", in.has_tail, fpl_everything_is_everything_fixed(&in));
}
int main(void)
{
    show(build(3, 9, 22, 8, 5, 4));
    show(build(2, 9, 22, 8, 5, 4));
    show(build(4, 9, 22, 8, 5, 4));
    show(build(3, 10, 22, 8, 5, 4));
    show(build(3, 9, 99, 8, 5, 4));
    show(build(3, 9, 22, 7, 5, 4));
    show(build(3, 9, 22, 8, 6, 4));
    show(build(3, 9, 22, 8, 5, 3));
    return 0;
}
"""
EVERYTHING_ANSWERS = [
    "0 0 1", "47 Everything.wide", "47 Everything.wide", "47 Everything.number", "47 Everything.kind",
    "47 Everything.pairs", "47 Everything.numbered", "50 Everything.serials"]


def spec_with(directory, name, text):
    """A copy of the spec with one file more."""
    root = Path(directory) / "spec"
    shutil.copytree(ROOT / "spec", root)
    (root / name).write_text(text)
    # Past the schemas: they refuse what the emitter can do and the prover cannot yet.
    return build.build(load.read_tree(str(root)), str(root))


def includes(directory):
    return [f"-I{ROOT / 'src'}", f"-I{directory}", f"-I{directory / 'include'}", f"-I{ROOT / 'include'}"]


class Naming(unittest.TestCase):
    def test_words(self):
        for name, snake in {
                "ClientHello": "client_hello", "ServerECDHParams": "server_ecdh_params", "CipherSuite": "cipher_suite",
                "AlertDescription": "alert_description", "SRTPProtectionProfile": "srtp_protection_profile",
                "NamedGroup": "named_group", "ACK": "ack", "UseSRTPData": "use_srtp_data", "ECPointFormat": "ec_point_format",
                "Certificate12Entry": "certificate12_entry", "CookiePlaintext13": "cookie_plaintext13",
                "server_hello": "server_hello"}.items():
            self.assertEqual(naming.snake(name), snake)
            self.assertEqual(naming.upper(name), snake.upper())

    def test_entries_are_not_split(self):
        self.assertEqual(naming.enumerator("NamedGroup", "X25519MLKEM768"), "FPL_NAMED_GROUP_X25519MLKEM768")
        self.assertEqual(naming.enumerator("CipherSuite", "TLS_AES_128_GCM_SHA256"), "FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256")
        self.assertEqual(naming.alert("decode_error"), "FPL_ALERT_DESCRIPTION_DECODE_ERROR")


class Rendering(unittest.TestCase):
    def test_twice_is_identical(self):
        self.assertEqual(emit.render(SPEC), emit.render(model.load(str(ROOT / "spec"))))

    def test_hash_order_place_and_clock_do_not_show(self):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory) / "elsewhere"
            shutil.copytree(ROOT / "spec", root)
            code = (f"import sys; sys.path.insert(0, {str(ROOT)!r}); from codegen import emit, model;"
                    f"emit.write(emit.render(model.load({str(root)!r})), emit.Path(sys.argv[1]))")
            for seed in ("1", "2"):
                subprocess.run([sys.executable, "-B", "-c", code, f"{directory}/{seed}"], check=True, cwd=directory,
                               env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"})
            expected = emit.render(SPEC)
            for seed in ("1", "2"):
                self.assertEqual(emit.changes(expected, Path(directory) / seed), [])

    def test_banners_name_source_digest_and_command(self):
        for path, text in emit.render(SPEC).items():
            head = text[:1500]
            self.assertIn("do not edit", head, path)
            self.assertIn(emit.COMMAND, head, path)
            self.assertRegex(head, r"SHA-256 of these: [0-9a-f]{64} \*/", path)
            self.assertIn("From spec/", head, path)

    def test_nothing_of_this_machine_or_day(self):
        for path, text in emit.render(SPEC).items():
            self.assertNotIn(str(ROOT), text, path)
            self.assertNotRegex(text, r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b", path)
            self.assertTrue(text.isascii(), path)

    def test_the_digest_follows_the_spec(self):
        with tempfile.TemporaryDirectory() as directory:
            other = spec_with(directory, "limits.yaml", (ROOT / "spec/limits.yaml").read_text() + "# one line more\n")
            changed = {p for p, t in emit.render(other).items() if emit.render(SPEC)[p] != t}
            self.assertIn("fpl_limits.c", changed)
            self.assertNotIn("fpl_registries.c", changed)

    def test_templates_hold_loops_only(self):
        names = re.findall(r'"(\w+\.[ch]\.j2)"', (ROOT / "codegen/emit_wire.py").read_text())
        names += ["codec.h.j2", "codec.c.j2", "visit.h.j2", "visit.c.j2"]
        self.assertGreater(len(names), 10)
        for path in [ROOT / "codegen/templates" / n for n in names]:
            for tag in re.findall(r"{%-?\s*(\w+)", path.read_text()):
                self.assertIn(tag, ("for", "endfor"), f"{path.name}: {{% {tag} %}}")


class Drift(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.directory = Path(self.temporary.name) / "generated"
        self.files = emit.render(SPEC)
        emit.write(self.files, self.directory)

    def drift(self):
        return [str(p) for p in emit.drift(SPEC, self.directory)]

    def test_fresh_files_are_in_line(self):
        self.assertEqual(self.drift(), [])

    def test_an_edited_file(self):
        path = self.directory / "fpl_messages.c"
        path.write_text(path.read_text() + "\n")
        self.assertEqual(self.drift(), [f"generated/fpl_messages.c:1: not what the spec says; run `{emit.COMMAND}`"])

    def test_a_deleted_file(self):
        (self.directory / "include/flightplan/limits.h").unlink()
        self.assertEqual(self.drift(), [f"generated/include/flightplan/limits.h:1: missing; run `{emit.COMMAND}`"])

    def test_an_untracked_file(self):
        (self.directory / "mine").mkdir()
        (self.directory / "mine/notes.txt").write_text("keep")
        self.assertEqual(self.drift(), [f"generated/mine/notes.txt:1: nothing renders it any more; run `{emit.COMMAND}`"])

    def test_generate_repairs_and_touches_nothing_else(self):
        before = {p: (self.directory / p).stat().st_mtime_ns for p in self.files}
        (self.directory / "stray.c").write_text("")
        (self.directory / "fpl_limits.c").write_text("")
        self.assertEqual(emit.write(self.files, self.directory), ["fpl_limits.c", "stray.c"])
        self.assertEqual(self.drift(), [])
        for path, time in before.items():
            if path != "fpl_limits.c":
                self.assertEqual((self.directory / path).stat().st_mtime_ns, time, path)


class Compiling(unittest.TestCase):
    def compile(self, directory, sources, *more):
        command = [CC, *FLAGS, *more, *includes(directory), "-fsyntax-only", *map(str, sources)]
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        self.assertEqual(result.returncode, 0, result.stderr[:4000])

    def test_generated_files_are_clean(self):
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            emit.write(emit.render(SPEC), directory)
            sources = sorted(directory.glob("*.c"))
            self.assertTrue(sources)
            self.compile(directory, sources)
            self.compile(directory, sources, "-DFPL_NO_NAMES")
            for header in sorted(directory.rglob("*.h")):
                self.compile(directory, [header], "-x", "c")

    def test_public_headers_are_cxx(self):
        compiler = shutil.which("c++")
        if compiler is None:
            self.skipTest("no C++ compiler")
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            emit.write(emit.render(SPEC), directory)
            for header in sorted((directory / "include").rglob("*.h")):
                name = header.relative_to(directory / "include").as_posix()
                result = subprocess.run([compiler, "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                                         *includes(directory), "-x", "c++", "-"], input=f"#include <{name}>\n",
                                        capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stderr[:4000])

    def test_every_key_of_the_language_works(self):
        with tempfile.TemporaryDirectory() as directory:
            spec = spec_with(directory, "messages/everything.yaml", EVERYTHING)
            files = emit_wire.files(spec)
            out = Path(directory) / "generated"
            emit.write(files, out)
            sources = [out / f for f in ("fpl_registries.c", "fpl_messages.c", "fpl_extension_types.c")]
            self.compile(out, sources)
            main = Path(directory) / "main.c"
            main.write_text(EVERYTHING_C)
            program = Path(directory) / "main"
            result = subprocess.run([CC, "-std=c11", *includes(out), str(main), *map(str, sources), "-o", str(program)],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr[:4000])
            answers = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout.splitlines()
            self.assertEqual(answers, EVERYTHING_ANSWERS)

    def test_tables_of_another_format_stop_the_build(self):
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            emit.write(emit.render(SPEC), directory)
            (directory / "engine").mkdir()
            text = (ROOT / "src/engine/table.h").read_text()
            (directory / "engine/table.h").write_text(re.sub(r"#define FPL_TABLE_FORMAT \d+", "#define FPL_TABLE_FORMAT 99", text))
            for source in sorted(directory.glob("*.c")):
                result = subprocess.run([CC, f"-I{directory}", *includes(directory), "-fsyntax-only", str(source)],
                                        capture_output=True, text=True)
                self.assertNotEqual(result.returncode, 0, source.name)
                self.assertIn(emit.COMMAND, result.stderr, source.name)


class Refusing(unittest.TestCase):
    """What nobody has needed yet is an error with a line, never silence."""

    def refused(self, fields, words, types=""):
        text = f"messages: bad\nref: rfc5246#7\n{types}structs:\n  Bad:\n    ref: rfc5246#7\n    fields:\n"
        text += "".join(f"      - {f}\n" for f in fields)
        with tempfile.TemporaryDirectory() as directory:
            with self.assertRaises(SpecError) as caught:
                emit_wire.files(spec_with(directory, "messages/bad.yaml", text))
        self.assertIn(words, str(caught.exception))
        self.assertRegex(str(caught.exception), r"^spec/messages/bad.yaml:[0-9]+: ")

    def test_rest_before_the_end(self):
        self.refused(["a: rest", "b: uint8"], "can only be the last field")

    def test_optional_before_the_end(self):
        self.refused(["a: optional Extension<0..2^16-1>", "b: uint8"], "can only be the last")

    def test_lists_of_wide_integers(self):
        self.refused(["a: uint32<0..2^16-1>"], "not of wider integers")

    def test_arrays_of_other_things(self):
        self.refused(["a: uint16[4]"], "only opaque[n] is implemented")

    def test_an_internal_registry_as_a_field(self):
        self.refused(["a: Hash"], "internal")

    def test_words_of_c(self):
        self.refused(["default: uint8"], "a word of C")


class Markdown(unittest.TestCase):
    def test_limits_have_a_row_each(self):
        table = emit_wire.limits_markdown(SPEC)
        rows = table.splitlines()[2:]
        self.assertEqual(len(rows), sum(1 for l in SPEC.limits.values() if l.setting))
        for row in rows:
            self.assertEqual(row.count("|") - row.count("\\|"), 7, row)
        self.assertIn("| `FPL_SETTING_RESEND_INITIAL` | 1000 | 50 to 60000 | ms |", table)


if __name__ == "__main__":
    unittest.main()
