"""Other people's projects: the library installed, static, embedded, and built where there is no Python."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["FLIGHTPLAN_BUILD"])
CMAKE = os.environ.get("CMAKE_COMMAND", "cmake")
CC = os.environ.get("CC", "cc")
BORINGSSL = [f"-DFLIGHTPLAN_BORINGSSL_ROOT={os.environ['BORINGSSL_ROOT']}"] if os.environ.get("BORINGSSL_ROOT") else []
SAYS = re.compile(r"flightplan [0-9.]+: connected, server heard `hello`")
JUDGES = re.compile(r"first refused \([a-z ]+\), then trusted")
EXPORTED = re.compile(r"^fpl_[a-z0-9_]+$")
NEEDED_TO_BUILD = ("cc gcc c++ g++ clang clang++ as ld ar ranlib nm objdump strip cmake ninja make pkg-config sh bash "
                   "env uname rm mkdir ccache").split()


def run(*command, **keywords):
    """Runs a command, returns what it printed; its output is the failure's message."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **keywords)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def build(source, where, *options, **keywords):
    run(CMAKE, "-S", source, "-B", where, "-DCMAKE_BUILD_TYPE=Release", *options, **keywords)
    run(CMAKE, "--build", where, "--parallel", "2", **keywords)


def clean_copy(where):
    """The sources as `git archive` would give them, with what has changed since the last commit."""
    listed = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if listed.returncode != 0:   # already a tree without history
        shutil.copytree(TOP, where, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
        return
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = TOP / name, where / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def path_without_python(where):
    """A PATH with the tools of a build, and no interpreter."""
    where.mkdir()
    for name in NEEDED_TO_BUILD:
        found = shutil.which(name)
        if found:
            (where / name).symlink_to(found)
    return {**os.environ, "PATH": str(where), "CC": shutil.which(CC) or CC}


class Installed(unittest.TestCase):
    """The build that these tests belong to, installed to a prefix of its own."""

    @classmethod
    def setUpClass(cls):
        cls.room = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.room.cleanup)
        cls.work = Path(cls.room.name)
        cls.prefix = cls.work / "prefix"
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix)
        cls.library = next(p for p in cls.prefix.rglob("libflightplan.*") if p.suffix in (".so", ".a"))
        cls.x509 = next((p for p in cls.prefix.rglob("libflightplan-x509.*") if p.suffix in (".so", ".a")), None)

    def need_x509(self):
        if self.x509 is None:
            self.skipTest("built without flightplan::x509")

    def test_find_package(self):
        """CMake finds it, from C and from C++."""
        build(HERE / "consumer", self.work / "consumer", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        for program in ("pair_c", "pair_cxx"):
            self.assertRegex(run(self.work / "consumer" / program), SAYS)

    def test_find_package_x509(self):
        """The component is there when it was built, and brings the library."""
        self.need_x509()
        build(HERE / "consumer", self.work / "judges", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DWANTED_COMPONENTS=x509")
        for program in ("judge_c", "judge_cxx"):
            self.assertRegex(run(self.work / "judges" / program), JUDGES)

    def test_find_package_component_that_is_none(self):
        with self.assertRaisesRegex(AssertionError, "flightplan"):
            build(HERE / "consumer", self.work / "none", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DWANTED_COMPONENTS=x510")

    def test_wrong_version(self):
        """Asking for a version that this is not is refused by name."""
        with self.assertRaisesRegex(AssertionError, "flightplan"):
            build(HERE / "consumer", self.work / "wrong", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DWANTED_VERSION=99.0")

    def test_pkg_config(self):
        """A makefile's way, without a rpath for libcrypto: the library carries its own."""
        self.assertRegex(run(self.by_pkg_config("flightplan", "pair.c")), SAYS)

    def test_pkg_config_x509(self):
        """The helper's file brings the library's."""
        self.need_x509()
        self.assertRegex(run(self.by_pkg_config("flightplan-x509", "judge.c")), JUDGES)

    def by_pkg_config(self, package, source):
        pc = next(self.prefix.rglob(f"{package}.pc"))
        environment = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}
        flags = run("pkg-config", "--cflags", "--libs", package, env=environment).split()
        program = self.work / f"by_pkg_config_{package}"
        run(CC, "-Wall", "-Wextra", "-Werror", HERE / "consumer" / source, "-o", program, *flags,
            f"-Wl,-rpath,{self.library.parent}")
        return program

    def test_headers_stand_alone(self):
        """Each public header compiles by itself, with a user's warnings, as C and as C++."""
        headers = sorted((self.prefix / "include" / "flightplan").glob("*.h"))
        self.assertGreaterEqual(len(headers), 6)
        for header in headers:
            for language in ("c", "c++"):
                with self.subTest(header=header.name, language=language):
                    standard = "c11" if language == "c" else "c++11"
                    run(CC, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror",
                        "-fsyntax-only", "-I", self.prefix / "include", "-",
                        input=f"#include <flightplan/{header.name}>\ntypedef int something;\n")

    def test_readme(self):
        """The lines that the README shows to embedders compile without a warning."""
        programs = re.findall(r"^```c\n(.*?)^```$", (TOP / "README.md").read_text(), re.M | re.S)
        self.assertGreater(len(programs), 0, "README.md shows no C")
        for number, program in enumerate(programs):
            with self.subTest(program=number):
                run(CC, "-x", "c", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-c", "-o",
                    self.work / f"readme_{number}.o", "-I", self.prefix / "include", "-", input=program)

    def test_exports(self):
        """Nothing but fpl_ leaves the libraries, and everything that the headers promise does, each its own."""
        if self.library.suffix != ".so":
            self.skipTest("a static build exports nothing")
        headers = set((self.prefix / "include" / "flightplan").glob("*.h"))
        of_x509 = {header for header in headers if header.name == "x509.h"}
        self.assertEqual(len(of_x509), 0 if self.x509 is None else 1)
        self.check_exports(self.library, headers - of_x509, 50)
        if self.x509 is not None:
            self.check_exports(self.x509, of_x509, 4)

    def check_exports(self, library, headers, at_least):
        lines = run("nm", "-D", "--defined-only", library).splitlines()
        exported = {line.split()[-1] for line in lines if line.split()[-2] != "A"}
        self.assertEqual([name for name in exported if not EXPORTED.match(name)], [])
        text = "".join(h.read_text() for h in headers)
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        promised = set(re.findall(r"FPL_EXPORT\s[^;(]*?\b(fpl_[a-z0-9_]+)\s*\(", text))
        self.assertGreaterEqual(len(promised), at_least)
        self.assertEqual(promised - exported, set(), "in a header, but not in the library")
        self.assertEqual(exported - promised, set(), "in the library, but in no header")

    def test_libcrypto_is_found(self):
        """The library names BoringSSL, and knows the way to it."""
        if self.library.suffix != ".so":
            self.skipTest("static")
        for library in filter(None, (self.library, self.x509)):
            with self.subTest(library=library.name):
                dynamic = run("readelf", "-d", library)
                self.assertRegex(dynamic, rf"SONAME.*{library.name}\.0\.[0-9]+")
                self.assertNotRegex(dynamic, r"NEEDED.*libcrypto\.so\.(1|3)")
                self.assertNotIn("not found", run("ldd", library))

    def test_the_library_knows_nothing_of_x509(self):
        """Who pins fingerprints carries nothing of the helper, and it nothing of the library."""
        if self.library.suffix != ".so":
            self.skipTest("static")
        self.need_x509()
        self.assertNotIn("X509_", run("nm", "-D", "--undefined-only", self.library))
        self.assertNotRegex(run("readelf", "-d", self.x509), r"NEEDED.*libflightplan")

    def test_tool(self):
        """The installed command finds the installed library."""
        tool = self.prefix / "bin" / "flightplan"
        if not tool.exists():
            self.skipTest("built without the tool")
        self.assertRegex(run(tool, "--version"), r"^flightplan [0-9.]+\n$")
        self.assertIn(str(self.prefix), run("ldd", tool))


class FromSource(unittest.TestCase):
    """A clean copy of the sources, where there is no Python."""

    def setUp(self):
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        self.work = Path(room.name)
        clean_copy(self.work / "source")
        self.environment = path_without_python(self.work / "path")

    def test_static_and_installed(self):
        """A C compiler is enough; the static package names libcrypto again."""
        build(self.work / "source", self.work / "build", "-DBUILD_SHARED_LIBS=OFF", "-DFLIGHTPLAN_BUILD_TESTS=OFF",
              "-DFLIGHTPLAN_BUILD_TOOL=OFF", "-DFLIGHTPLAN_PYTHON=/nowhere/python3", *BORINGSSL, env=self.environment)
        prefix = self.work / "prefix"
        run(CMAKE, "--install", self.work / "build", "--prefix", prefix)
        build(HERE / "consumer", self.work / "consumer", f"-DCMAKE_PREFIX_PATH={prefix}")
        self.assertRegex(run(self.work / "consumer" / "pair_c"), SAYS)
        flags = run("pkg-config", "--cflags", "--libs", "flightplan",
                    env={**os.environ, "PKG_CONFIG_PATH": str(next(prefix.rglob("flightplan.pc")).parent)}).split()
        run(CC, HERE / "consumer" / "pair.c", "-o", self.work / "static_pair", *flags)
        self.assertRegex(run(self.work / "static_pair"), SAYS)
        self.assertRegex(run(self.work / "consumer" / "judge_c"), JUDGES)
        flags = run("pkg-config", "--cflags", "--libs", "flightplan-x509",
                    env={**os.environ, "PKG_CONFIG_PATH": str(next(prefix.rglob("flightplan.pc")).parent)}).split()
        run(CC, HERE / "consumer" / "judge.c", "-o", self.work / "static_judge", *flags)
        self.assertRegex(run(self.work / "static_judge"), JUDGES)

    def test_embedded(self):
        """add_subdirectory brings the library, without tool, tests, install or Python."""
        build(HERE / "embedder", self.work / "build", f"-DFLIGHTPLAN_SOURCE={self.work / 'source'}",
              f"-DPAIR={HERE / 'consumer' / 'pair.c'}", *BORINGSSL, env=self.environment)
        self.assertRegex(run(self.work / "build" / "pair_c"), SAYS)
        self.assertNotIn("FLIGHTPLAN_PYTHON", (self.work / "build" / "CMakeCache.txt").read_text())

    def test_without_boringssl(self):
        """A BoringSSL that is not there is named, and so is what was looked for."""
        with self.assertRaisesRegex(AssertionError, r"(?s)/nowhere/boringssl.*install prefix"):
            build(self.work / "source", self.work / "build", "-DFLIGHTPLAN_BUILD_TESTS=OFF",
                  "-DFLIGHTPLAN_BORINGSSL_ROOT=/nowhere/boringssl", env=self.environment)


if __name__ == "__main__":
    unittest.main()
