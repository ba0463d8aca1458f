"""A call that has nothing to do is repeated without an evaluator, and never when something changed."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.lang.cache import DiskCache
from osconf.store.local import LocalStore

ROOT = Path(__file__).parents[2]

FETCH = """
let fetch = name: derivation {
  inherit name; system = "builtin"; builder = "builtin:fetchurl"; url = "file://%s";
  outputHashMode = "flat"; outputHashAlgo = "sha256";
  outputHash = "sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";
}; in """


class Machine:
    """A directory with a store, a cache and some sources, and the program called in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sources = directory / "sources"
        self.sources.mkdir()
        self.store = directory / "store"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
            "OSCONF_STORE": str(self.store),
            "XDG_CACHE_HOME": str(directory / "cache"),
        }
        (self.sources / "x").write_text("x")
        self.fetch = FETCH % (self.sources / "x")

    def write(self, text: str, name: str = "all.nix") -> None:
        """Write an expression, which may use `fetch`."""
        (self.sources / name).write_text(self.fetch + text)
        self.settle()

    @staticmethod
    def settle() -> None:
        """Wait until a change now would have another time than one before."""
        time.sleep(0.05)

    def call(self, *words: str, **variables: str) -> tuple[int, str, str]:
        """Exit code, output and messages of a call."""
        done = self._run([], words, variables)
        return done.returncode, done.stdout, done.stderr

    def is_repeated(self, *words: str, **variables: str) -> bool:
        """Call once more; whether no command was loaded for it."""
        done = self._run(["-X", "importtime"], words, variables)
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "osconf.memo.outcome" in loaded
        assert done.returncode == 0, done.stderr
        return "osconf.cli.app" not in loaded

    def _run(
        self, flags: list[str], words: tuple[str, ...], variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *flags, "-m", "osconf.cli", *words],
            cwd=self.sources,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_build_with_nothing_to_do_is_repeated(machine: Machine) -> None:
    machine.write('[ (fetch "a") (fetch "b") ]')
    first = machine.call("build", "all.nix")
    assert first[0] == 0
    assert len(first[1].splitlines()) == 2
    machine.call("build", "all.nix")
    assert machine.is_repeated("build", "all.nix")
    assert machine.call("build", "all.nix") == (0, first[1], "")
    # Another call is another one.
    assert not machine.is_repeated("build", "./all.nix")
    assert not machine.is_repeated("build", "all.nix", OSCONF_MEMO="0")
    assert not machine.is_repeated("build", "all.nix", SOMETHING="else")
    assert machine.is_repeated("build", "all.nix", SHLVL="7")


def test_a_result_link_that_is_gone_is_made_again(machine: Machine) -> None:
    machine.write('fetch "a"')
    for undo in (
        (machine.sources / "result").unlink,
        lambda: [link.unlink() for link in (machine.store / "osconf/var/gcroots/auto").iterdir()],
    ):
        machine.call("build", "all.nix")
        machine.call("build", "all.nix")
        assert machine.is_repeated("build", "all.nix")
        undo()
        assert not machine.is_repeated("build", "all.nix")
        assert (machine.sources / "result").read_text() == "x"
        assert list((machine.store / "osconf/var/gcroots/auto").iterdir())


def test_what_was_collected_is_built_again(machine: Machine) -> None:
    machine.write('fetch "a"')
    for _ in range(2):
        path = machine.call("build", "--no-link", "all.nix")[1].strip()
    assert machine.is_repeated("build", "--no-link", "all.nix")
    assert machine.call("gc")[0] == 0
    place = Path(f"{machine.store}{path}")
    assert not place.exists()
    assert machine.call("build", "--no-link", "all.nix")[1].strip() == path
    assert place.read_text() == "x"


def test_a_store_that_is_gone_is_made_again(machine: Machine) -> None:
    machine.write('fetch "a"')
    for _ in range(2):
        first = machine.call("build", "all.nix")
    shutil.rmtree(machine.store)
    assert machine.call("build", "all.nix")[:2] == first[:2]
    assert (machine.sources / "result").read_text() == "x"


def test_what_is_said_is_said_every_time(machine: Machine) -> None:
    for text, said in (
        ('builtins.trace "look" (fetch "a")', "look"),
        ('builtins.warn "careful" (fetch "a")', "careful"),
    ):
        machine.write(text)
        for _ in range(3):
            assert said in machine.call("instantiate", "all.nix")[2]
    machine.write('fetch "a"')
    for _ in range(3):
        words = ("--experimental-features", "no-such-feature")
        assert "no-such-feature" in machine.call("instantiate", "all.nix", *words)[2]


def test_errors_are_errors_every_time(machine: Machine) -> None:
    machine.write("throw ''no''")
    assert [machine.call("build", "all.nix")[0] for _ in range(3)] == [1, 1, 1]
    machine.write('fetch "a"')
    assert machine.call("build", "all.nix")[0] == 0


def test_the_clock_is_asked_every_time(machine: Machine) -> None:
    machine.write("fetch (toString builtins.currentTime)")
    first = machine.call("instantiate", "all.nix")[1]
    time.sleep(1.1)
    assert machine.call("instantiate", "all.nix")[1] != first


def test_expressions_and_standard_input(machine: Machine) -> None:
    machine.write('fetch "a"')
    for words in (("instantiate", "-E", "import ./all.nix"), ("build", "--no-link", "-E", "import ./all.nix")):
        assert machine.call(*words)[0] == 0
        machine.call(*words)
        assert machine.is_repeated(*words)
    outputs = []
    for name in ("one", "two"):
        command = [sys.executable, "-m", "osconf.cli", "instantiate", "-"]
        text = f'{machine.fetch} fetch "{name}"'
        for _ in range(2):
            outputs.append(
                subprocess.run(
                    command,
                    input=text,
                    cwd=machine.sources,
                    env=machine.environment,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )
    assert outputs[0] == outputs[1] != outputs[2] == outputs[3]


def test_what_is_behind_a_loop_of_links(machine: Machine) -> None:
    (machine.sources / "loop").symlink_to("loop")
    machine.write('fetch (if builtins.pathExists ./loop/x then "yes" else "no")')
    words = ("instantiate", "all.nix")
    for _ in range(2):
        assert "-no.drv" in machine.call(*words)[1]
    assert machine.is_repeated(*words)
    (machine.sources / "loop").unlink()
    (machine.sources / "loop").mkdir()
    (machine.sources / "loop/x").touch()
    assert "-yes.drv" in machine.call(*words)[1]


def test_a_module_that_nothing_enables(machine: Machine) -> None:
    """It is not read, its outline is enough: as long as the file is the same."""
    modules = machine.sources / "modules"
    modules.mkdir()
    (modules / "main.nix").write_text("{ lib, ... }: { options.name = lib.mkOption { default = ''a''; }; }")
    text = "{ lib, config, ... }: { options.x.enable = lib.mkEnableOption ''x''; config = %s { name = ''b''; }; }"
    (modules / "other.nix").write_text(text % "lib.mkIf config.x.enable")
    machine.write(
        """let lib = import <osconf/lib>; in
        fetch (lib.evalModules { modules = [ ./modules/main.nix ./modules/other.nix ]; }).config.name"""
    )
    time.sleep(0.2)
    words = ("instantiate", "all.nix")
    for memo in "00011":
        assert "-a.drv" in machine.call(*words, OSCONF_MEMO=memo)[1]
    assert machine.is_repeated(*words, OSCONF_MEMO="1")
    (modules / "other.nix").write_text(text % "")
    assert "-b.drv" in machine.call(*words, OSCONF_MEMO="1")[1]


def test_import_from_derivation(machine: Machine) -> None:
    machine.write('fetch (builtins.readFile (fetch "inner"))')
    for _ in range(2):
        path = machine.call("build", "--no-link", "all.nix")[1].strip()
    assert path.endswith("-x")
    assert machine.is_repeated("build", "--no-link", "all.nix")
    with LocalStore.open(machine.store) as store:
        inner = next(path for path in store.valid_paths() if path.endswith("-inner"))
        store.delete([inner], ignore_liveness=True)
    assert not machine.is_repeated("build", "--no-link", "all.nix")
    assert Path(f"{machine.store}{inner}").read_text() == "x"


def test_derivations_that_nothing_refers_to_are_written_again(machine: Machine) -> None:
    machine.write('builtins.seq (fetch "aside").drvPath (fetch "a")')
    words = ("instantiate", "--add-root", "root", "all.nix")
    for _ in range(2):
        machine.call(*words)
    assert machine.is_repeated(*words)
    (aside,) = (machine.store / "osconf/store").glob("*-aside.drv")
    assert machine.call("gc")[0] == 0
    assert not aside.exists()
    assert machine.call(*words)[0] == 0
    assert aside.exists()


def test_a_store_behind_a_link_that_leads_elsewhere(machine: Machine) -> None:
    machine.write('fetch "a"')
    place = machine.directory / "place"
    words = ("--store", str(place), "build", "all.nix")
    for name in ("one", "two", "one"):
        place.unlink(missing_ok=True)
        place.symlink_to(name)
        for _ in range(3):
            path = machine.call(*words)[1].strip()
            assert Path(f"{machine.directory}/{name}{path}").read_text() == "x"
            assert (machine.sources / "result").resolve() == Path(f"{machine.directory}/{name}{path}")
        assert machine.is_repeated(*words)


@pytest.mark.skipif(shutil.which("setarch") is None, reason="no setarch here")
def test_the_platform_of_the_process_counts(machine: Machine) -> None:
    machine.write('derivation { name = "a"; builder = "/bin/sh"; system = builtins.currentSystem; }')

    def call(platform: str, memo: str) -> str:
        words = ["setarch", platform, sys.executable, "-m", "osconf.cli", "instantiate", "all.nix"]
        environment = {**machine.environment, "OSCONF_MEMO": memo}
        done = subprocess.run(words, cwd=machine.sources, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    here = os.uname().machine
    for platform in (here, here, "linux32", "linux32", here):
        assert call(platform, "1") == call(platform, "0")
    assert call(here, "1") != call("linux32", "1")


def test_names_of_links_are_bytes(machine: Machine) -> None:
    machine.write('fetch "a"')
    command = [sys.executable, "-m", "osconf.cli", "instantiate", "--add-root", b"link-\xc3\xb6-\xff", "all.nix"]
    for encoding in ("utf-8", "latin-1", "ascii"):
        environment = {**machine.environment, "PYTHONIOENCODING": encoding}
        for _ in range(3):
            done = subprocess.run(command, cwd=machine.sources, env=environment, capture_output=True, check=True)
            assert done.stdout == os.fsencode(machine.sources) + b"/link-\xc3\xb6-\xff\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_without_input_or_output(machine: Machine, closed: str) -> None:
    machine.write('fetch "a"')
    command = f"{sys.executable} -m osconf.cli build all.nix {closed}"
    for memo in "011":
        (machine.sources / "result").unlink(missing_ok=True)
        environment = {**machine.environment, "OSCONF_MEMO": memo}
        done = subprocess.run(
            ["sh", "-c", command], cwd=machine.sources, env=environment, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)
        assert (machine.sources / "result").read_text() == "x"


def test_output_that_nobody_takes(machine: Machine) -> None:
    machine.write('fetch "a"')
    for _ in range(2):
        machine.call("build", "--no-link", "all.nix")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "osconf.cli", "build", "--no-link", "all.nix"],
            cwd=machine.sources,
            env=machine.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr


TREE = """
let make = args: derivation ({ system = "x86_64-linux"; builder = "/bin/sh"; } // args); in
{ thing ? "none" }:
[
  (make { name = "import"; value = import ./part.nix; other = import ./folder; })
  (make { name = "read"; value = builtins.readFile ./data; lines = builtins.readFile ./link; })
  (make { name = "names"; value = builtins.attrNames (builtins.readDir ./names); })
  (make { name = "exists"; value = map builtins.pathExists [ ./maybe ./names/a ./maybe/below ]; })
  (make { name = "copy"; value = ./copied; one = ./data; })
  (make {
    name = "filtered";
    value = builtins.filterSource (path: kind: kind == "directory" || builtins.match ".*[.]keep" path != null) ./source;
  })
  (make { name = "variable"; value = builtins.getEnv "THING"; inherit thing; })
  (make { name = "search"; value = import <found>; })
  (make { name = "hash"; value = builtins.hashFile "sha256" ./data; kind = builtins.readFileType ./maybe-link; })
]
"""


def plant(top: Path) -> None:
    """The files of TREE."""
    for folder in ("folder", "names", "copied/deep", "source/deep", "one", "two"):
        (top / folder).mkdir(parents=True)
    (top / "all.nix").write_text(TREE)
    for file in ("data", "names/a", "copied/deep/x", "source/x.keep", "source/deep/y.keep", "source/deep/z", "other"):
        (top / file).write_text("0")
    for file in ("part.nix", "folder/default.nix", "one/found.nix", "two/found.nix"):
        (top / file).write_text("''0''")
    (top / "link").symlink_to("data")
    (top / "maybe-link").symlink_to("data")


def mutations(top: Path, chance: random.Random) -> list[Callable[[], object]]:
    """Things that people and programs do to files."""
    content = f"{chance.randrange(10)}"

    def file() -> Path:
        names = ("data", "names/a", "copied/deep/x", "source/x.keep", "source/deep/y.keep", "source/deep/z", "other")
        return top / chance.choice(names)

    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def keep_time(path: Path) -> None:
        status = path.stat() if path.exists() else top.stat()
        write(path, content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def replace(path: Path) -> None:
        write(top / "new", content)
        path.parent.mkdir(parents=True, exist_ok=True)
        (top / "new").replace(path)

    def flip(path: Path) -> None:
        path.unlink() if path.exists() else write(path, content)

    def relink(path: Path) -> None:
        path.unlink()
        path.symlink_to(chance.choice(("data", "other", "names/a")))

    def swap(one: Path, two: Path) -> None:
        one.rename(top / "swapped")
        two.rename(one)
        (top / "swapped").rename(two)

    nix = top / chance.choice(("part.nix", "folder/default.nix", "one/found.nix", "two/found.nix"))
    return [
        lambda: None,
        lambda: write(file(), content),
        lambda: keep_time(file()),
        lambda: replace(file()),
        lambda: file().touch(),
        lambda: file().chmod(chance.choice((0o644, 0o755))),
        lambda: write(nix, f"''{content}''"),
        lambda: flip(top / "maybe"),
        lambda: flip(top / "names/b"),
        lambda: flip(top / "source/deep/new.keep"),
        lambda: flip(top / "source/deep/new"),
        lambda: flip(top / "copied/new"),
        lambda: flip(top / "unrelated"),
        lambda: relink(top / "link"),
        lambda: relink(top / "maybe-link"),
        lambda: swap(top / "one", top / "two"),
        lambda: swap(top / "names", top / "copied"),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_changes_the_outcome_is_that_of_a_new_evaluation(machine: Machine, seed: int) -> None:
    chance = random.Random(seed)
    plant(machine.sources)
    words = ("instantiate", "-I", "found=one/found.nix", "--argstr", "thing", "1", "all.nix")
    repeated = changed = 0
    last = ""
    for step in range(25):
        mutation = chance.choice(mutations(machine.sources, chance))
        try:
            mutation()
        except FileNotFoundError:
            continue
        machine.settle()
        variables = {"THING": chance.choice("ab")}
        if step % 2:
            machine.call(*words, **variables)
        got, wanted = machine.call(*words, **variables), machine.call(*words, **variables, OSCONF_MEMO="0")
        assert got == wanted, f"step {step}"
        assert got[0] == 0 or re.search("does not exist|No such file|cannot read|not a directory", got[2]), got[2]
        changed += got[1] != last
        last = got[1]
        if got[0] == 0:
            repeated += machine.is_repeated(*words, **variables)
    assert changed > 5
    assert repeated > 15


PROGRAM_PLACES = ("/dev/", "/etc/ld.so", "/etc/localtime", "/lib", "/proc/", "/sys/", "/usr/")
"""What Python, the C library and the kernel look at, whatever is evaluated."""


def untold(machine: Machine, trace: Path) -> set[str]:
    """The paths that system calls touched and that are neither in the one outcome that was kept, nor above one that is,
    nor the program's, the store's or the cache's."""
    (entry,) = (path for path in (machine.directory / "cache/osconf/outcomes").rglob("*") if len(path.name) == 40)
    _, (_, *looks, _, _) = DiskCache(machine.directory / "cache/osconf/outcomes").load(entry.name)
    told = {path for look in looks for path in look}
    told |= {str(above) for path in told for above in Path(path).parents}
    own = (str(machine.store), str(machine.directory / "cache"), sys.prefix, sys.base_prefix, str(ROOT / "osconf"))
    touched = {
        os.path.normpath(machine.sources / found[1])
        for found in re.finditer(r'^(?:\d+ +)?(?!execve|chdir)\w+\((?:AT_FDCWD, )?"([^"]+)"', trace.read_text(), re.M)
    }
    return {
        path for path in touched - told if not path.startswith((*PROGRAM_PLACES, *own)) and "/lib/python3" not in path
    }


def trace_calls(machine: Machine, trace: Path, *words: str) -> None:
    subprocess.run(
        ["strace", "-f", "-o", str(trace), "-e", "trace=%file", sys.executable, "-m", "osconf.cli", *words],
        cwd=machine.sources,
        env=machine.environment,
        capture_output=True,
        check=True,
    )


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here: `make setup-test` brings it")
def test_nothing_is_looked_at_that_is_not_written_down(machine: Machine, tmp_path: Path) -> None:
    plant(machine.sources)
    machine.settle()
    trace_calls(machine, tmp_path / "trace", "instantiate", "-I", "found=one/found.nix", "all.nix")
    seen = (tmp_path / "trace").read_text()
    for name in ("part.nix", "data", "names", "maybe", "source/deep/y.keep", "one/found.nix"):
        assert f"{machine.sources}/{name}" in seen
    assert untold(machine, tmp_path / "trace") == set()


@pytest.mark.archive
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here: `make setup-test` brings it")
def test_nothing_of_a_system_is_looked_at_that_is_not_written_down(machine: Machine, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/webserver.nix", machine.sources)
    (machine.sources / "configuration.nix").write_text("{ imports = [ ./webserver.nix ./unused.nix ]; }")
    unused = "options.x.enable = lib.mkEnableOption ''x''; config = lib.mkIf config.x.enable { };"
    (machine.sources / "unused.nix").write_text(f"{{ lib, config, ... }}: {{ {unused} }}")
    time.sleep(0.2)
    downloads = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "osconf/blobs")
    downloads.mkdir(parents=True, exist_ok=True)
    (machine.directory / "cache/osconf").mkdir(parents=True)
    (machine.directory / "cache/osconf/blobs").symlink_to(downloads)
    words = ("instantiate", "-c", "configuration.nix")
    for _ in range(3):
        assert machine.call(*words, OSCONF_MEMO="0")[2] == ""
    machine.settle()
    trace_calls(machine, tmp_path / "trace", *words)
    # Mirrors say from where, the lock says what.
    told = ("/etc/apt/", "/etc/osconf/mirrors", str(downloads))
    assert not [path for path in untold(machine, tmp_path / "trace") if not path.startswith(told)]
    assert machine.is_repeated(*words)
    lock = machine.sources / "osconf.lock"
    lock.write_text(lock.read_text() + " ")
    assert not machine.is_repeated(*words)
