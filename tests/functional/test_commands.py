"""The commands in their plain form, called as a person calls them."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from osconf import __version__
from osconf.archive.acquire import Access
from osconf.archive.archive import Archive, LockFile
from osconf.archive.mirror import Mirrors
from osconf.archive.resolver import Root
from osconf.archive.source import Source
from tests.unit.archive.repository import write_deb

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/webserver.nix"
PKGS = "with import <osconf/pkgs> { }; "
PORTS = "networking.firewall.allowedTCPPorts"

pytestmark = pytest.mark.archive


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """The lines of the standard output."""
        return self.stdout.splitlines()


class Program:
    """Runs osconf on a store of its own, in an empty directory; downloads come from the shared cache."""

    def __init__(self, directory: Path, store: Path) -> None:
        self.directory = directory
        self.store = store
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "OSCONF_STORE": str(store)}
        self.environment.pop("OSCONF_CONFIG", None)

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "osconf.cli", *map(str, arguments)]

    def run(self, *arguments: str | Path, **environment: str) -> Outcome:
        """Call the program and wait for its end."""
        done = subprocess.run(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            cwd=self.directory,
            env={**self.environment, **environment},
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def lines(self, *arguments: str | Path) -> list[str]:
        """The lines that a call prints; it must succeed."""
        outcome = self.run(*arguments)
        assert outcome.code == 0, outcome.stderr
        return outcome.lines

    def line(self, *arguments: str | Path) -> str:
        """The only line that a call prints."""
        (line,) = self.lines(*arguments)
        return line

    def real(self, path: str) -> Path:
        """Where a store path lies."""
        return Path(f"{self.store}{path}")


@pytest.fixture(scope="session")
def session_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `make test`, or one for this run."""
    given = os.environ.get("OSCONF_STORE")
    return Path(given) if given else tmp_path_factory.mktemp("commands")


@pytest.fixture
def osconf(tmp_path: Path, session_store: Path) -> Program:
    return Program(tmp_path, session_store)


@pytest.fixture(scope="session")
def webserver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, so that the lock that evaluations make lies beside it."""
    return Path(shutil.copy(EXAMPLE, tmp_path_factory.mktemp("webserver")))


@pytest.fixture
def own_store(tmp_path: Path) -> Program:
    """The program with a store that a test may empty."""
    return Program(tmp_path, tmp_path / "store")


def test_version(osconf: Program) -> None:
    assert osconf.line("--version") == f"osconf, version {__version__}"


# The language


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["-E", "1 + 2"], "3\n"),
        (["-E", "{ a.b = [ 1 { } ]; }", "-A", "a.b", "--strict"], "[ 1 { } ]\n"),
        (["-E", "{ a = 1; b = null; }", "--json"], '{"a":1,"b":null}\n'),
        (["-E", '"text"', "--raw"], "text"),
        (["-E", "{ x, y }: x + y", "--arg", "x", "1 + 1", "--arg", "y", "3"], "5\n"),
        (["-E", "{ name }: name", "--argstr", "name", "é"], '"é"\n'),
        (["-E", "<here/x>", "-I", "here=/somewhere"], None),
        (["-E", "x: x"], "<LAMBDA>\n"),
    ],
)
def test_eval(osconf: Program, arguments: Sequence[str], printed: str | None) -> None:
    outcome = osconf.run("eval", *arguments)
    if printed is None:
        assert (outcome.code, outcome.stdout) == (1, "")
        assert "here/x" in outcome.stderr
    else:
        assert (outcome.code, outcome.stdout, outcome.stderr) == (0, printed, "")


def test_eval_of_a_file(osconf: Program) -> None:
    (osconf.directory / "default.nix").write_text("{ n ? 1 }: { twice = n * 2; }")
    assert osconf.line("eval", ".", "-A", "twice") == "2"
    assert osconf.line("eval", "default.nix", "--arg", "n", "21", "-A", "twice") == "42"
    missing = osconf.run("eval", "other.nix")
    assert missing.code == 1
    assert f"path '{osconf.directory}/other.nix' does not exist" in missing.stderr


def test_eval_of_a_configuration(osconf: Program, webserver: Path) -> None:
    text = f"import <osconf/modules> {{ configuration = {webserver}; }}"
    assert osconf.line("eval", "-E", text, "-A", "config.networking.hostName") == '"webserver"'


def test_parse(osconf: Program) -> None:
    (osconf.directory / "good.nix").write_text("{ a = 1; }")
    (osconf.directory / "bad.nix").write_text("{\n  a = 1\n}")
    assert osconf.lines("parse", "good.nix") == ["{ a = 1; }"]
    outcome = osconf.run("parse", "good.nix", "bad.nix")
    assert (outcome.code, outcome.stdout) == (1, "{ a = 1; }\n")
    assert re.search(r"bad\.nix:\d+:\d+", outcome.stderr)


def test_exit_codes(osconf: Program) -> None:
    assert osconf.run("eval", "-E", "1 + true").code == 1
    assert osconf.run("eval").code == 2
    assert osconf.run("eval", "--no-such-option").code == 2
    unknown = osconf.run("biuld")
    assert unknown.code == 2
    assert "Did you mean `osconf build`?" in unknown.stderr


@pytest.mark.parametrize("plain", [False, True])
def test_no_color(osconf: Program, plain: bool) -> None:
    ours, theirs = pty.openpty()
    environment = {**osconf.environment, "TERM": "xterm"} | ({"NO_COLOR": "1"} if plain else {})
    command = osconf.command("eval", "-E", "1 + true")
    subprocess.run(command, stderr=theirs, stdout=subprocess.DEVNULL, env=environment, check=False)
    os.close(theirs)
    shown = os.read(ours, 10_000)
    os.close(ours)
    assert b"error" in shown
    assert (b"\x1b[" not in shown) == plain


# Building


def test_build_and_look_at_the_result(osconf: Program) -> None:
    text = PKGS + 'let inner = writeText "inner" "deep"; in { top = writeText "top" "see ${inner}"; inherit inner; }'
    top = osconf.line("build", "-E", text, "-A", "top", "-o", "found")
    inner = osconf.line("build", "-E", text, "-A", "inner", "--no-link")
    assert (osconf.directory / "found").readlink() == osconf.real(top)
    assert not (osconf.directory / "result").exists()
    assert osconf.real(top).read_text() == f"see {inner}"
    assert osconf.lines("store", "references", "found") == [inner]
    assert osconf.lines("store", "closure", "found") == [inner, top]
    assert osconf.lines("store", "referrers", inner).count(top) == 1
    assert osconf.lines("store", "tree", "found") == [top, f"└── {inner}"]
    assert osconf.lines("store", "why-depends", "found", inner) == [top, f"  └── {inner}"]
    assert osconf.lines("store", "why-depends", "--precise", "found", inner) == [top, "  in .", f"  └── {inner}"]
    assert osconf.run("store", "why-depends", inner, top).code == 1
    (size,) = json.loads(osconf.line("store", "size", "found", "--json"))
    assert size["path"] == top
    assert size["closureSize"] > size["size"] > 0
    assert osconf.line("store", "size", "found").endswith(top)
    assert osconf.run("store", "cat", inner).stdout == "deep"
    assert f"{osconf.directory}/found -> {top}" in osconf.lines("store", "roots")
    assert str(osconf.directory / "found") in json.loads(osconf.line("store", "roots", "--json"))[top]


def test_dry_run(osconf: Program) -> None:
    text = PKGS + f'let a = writeText "a" "{time.time()}"; in writeText "b" "${{a}}"'
    drvs = osconf.lines("build", "--dry-run", "-E", text)
    assert [drv[-6:] for drv in drvs] == ["-a.drv", "-b.drv"]
    assert list(osconf.directory.iterdir()) == []
    osconf.lines("build", "-E", text)
    assert osconf.lines("build", "--dry-run", "-E", text) == []


def test_link_that_cannot_be_made(osconf: Program) -> None:
    (osconf.directory / "file").write_text("mine")
    text = PKGS + 'writeText "x" "y"'
    for place in ("file", "file/below"):
        outcome = osconf.run("build", "-E", text, "-o", place)
        assert outcome.code == 1
        assert f"'{osconf.directory}/{place}'" in outcome.stderr
    assert (osconf.directory / "file").read_text() == "mine"


def test_build_several(osconf: Program) -> None:
    paths = osconf.lines("build", "-E", PKGS + '{ a = writeText "a" "1"; b = writeText "b" "2"; }')
    assert [path[-2:] for path in paths] == ["-a", "-b"]
    assert (osconf.directory / "result").readlink() == osconf.real(paths[0])
    assert (osconf.directory / "result-2").readlink() == osconf.real(paths[1])


def test_build_directory(osconf: Program) -> None:
    path = osconf.line("build", "-E", PKGS + 'writeScriptBin "hi" "#!/bin/sh\necho hi"')
    assert osconf.lines("store", "ls", path) == ["bin"]
    assert osconf.lines("store", "ls", "result/bin") == ["hi"]
    assert osconf.line("store", "ls", "-l", f"{path}/bin").startswith("program ")
    assert osconf.lines("store", "cat", "result/bin/hi")[-1] == "echo hi"


def test_quiet_prints_the_result_alone(osconf: Program) -> None:
    outcome = osconf.run("--quiet", "build", "-E", PKGS + f'writeText "quiet" "{time.time()}"', "--no-link")
    assert (outcome.code, outcome.stderr, len(outcome.lines)) == (0, "", 1)


def test_log_of_a_build(osconf: Program) -> None:
    recipe = PKGS + f'runCommand "speaks" {{ }} "echo {time.time()}; echo fine > $out"'
    path = osconf.line("build", "-E", recipe)
    (spoken,) = osconf.lines("log", "result")
    assert spoken in recipe
    assert osconf.lines("log", path) == [spoken]
    assert osconf.lines("store", "cat", path) == ["fine"]


def test_failed_build(osconf: Program) -> None:
    recipe = PKGS + 'runCommand "breaks" { } "echo the reason; exit 4"'
    outcome = osconf.run("build", "-E", recipe)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert "exit code 4" in outcome.stderr
    assert "the reason" in outcome.stderr
    assert osconf.lines("log", osconf.line("instantiate", "-E", recipe)) == ["the reason"]
    assert not (osconf.directory / "result").exists()


def test_instantiate(osconf: Program) -> None:
    drv = osconf.line("instantiate", "-E", PKGS + 'writeText "x" "y"')
    assert drv.endswith("-x.drv")
    assert osconf.real(drv).read_text().startswith("Derive(")
    assert osconf.real(osconf.line("build", drv)).read_text() == "y"


# Systems


def test_instantiate_a_system(osconf: Program, webserver: Path) -> None:
    drv = osconf.line("instantiate", "-c", webserver)
    assert "-webserver-" in drv
    assert drv.endswith(".drv")
    assert osconf.run("instantiate", OSCONF_CONFIG=str(webserver)).lines == [drv]


def test_option(osconf: Program, webserver: Path) -> None:
    text = "\n".join(osconf.lines("option", PORTS, "-c", webserver))
    line = 1 + next(n for n, text in enumerate(webserver.read_text().splitlines()) if "allowedTCPPorts" in text)
    assert "[ 22 80 ]" in text
    assert re.search(rf"webserver\.nix:{line}:\d+\n +\[ 80 \]", text)
    assert re.search(r"openssh\.nix:\d+:\d+\n +\[ 22 \]", text)
    data = json.loads(osconf.run("option", PORTS, "-c", webserver, "--json").stdout)
    assert data["path"] == PORTS
    assert data["value"] == [22, 80]
    places = {(Path(item["file"]).name, *item["value"]): item["line"] for item in data["definitions"]}
    assert places["webserver.nix", 80] == line
    assert ("openssh.nix", 22) in places


def test_options_below_a_prefix(osconf: Program, webserver: Path) -> None:
    assert any(PORTS in line for line in osconf.lines("option", "networking.firewall", "-c", webserver))
    outcome = osconf.run("option", "networking.firewal", "-c", webserver)
    assert outcome.code == 1
    assert "networking.firewall" in outcome.stderr


def test_search(osconf: Program) -> None:
    assert osconf.lines("search", "tmux")[0] == "tmux"
    found = json.loads(osconf.line("search", "tmux", "--json"))
    assert found[0]["name"] == "tmux"
    assert found[0]["description"]
    assert "services.nginx.enable" in osconf.lines("search", "--options", "nginx")
    assert osconf.run("search", "no-such-package-anywhere").code == 1


# Shells


def test_shell(osconf: Program) -> None:
    assert osconf.line("shell", "-p", "git", "--run", "git --version").startswith("git version ")
    both = osconf.lines("shell", "-p", "git", "-p", "tmux", "--run", "git --version && tmux -V")
    assert [line.split()[0] for line in both] == ["git", "tmux"]
    assert osconf.run("shell", "-p", "git", "--run", "exit 7").code == 7
    assert osconf.run("shell", "-p", "git", "--run", "tmux -V").code == 127
    assert osconf.run("shell", "-p", "gti", "--run", "true").code == 1


# The archive's state


def test_lock(osconf: Program, webserver: Path) -> None:
    fresh = Path(shutil.copy(EXAMPLE, osconf.directory))
    missing = osconf.run("lock", "-c", fresh)
    assert missing.code == 1
    assert "there is no lock yet" in missing.stderr
    osconf.line("instantiate", "-c", webserver)
    assert "trixie-security" in "\n".join(osconf.lines("lock", "-c", webserver))
    packages = json.loads(osconf.run("lock", "-c", webserver, "--json").stdout)["packages"]
    assert {"nginx", "openssh-server", "systemd"} <= packages.keys()


def test_lock_update(osconf: Program) -> None:
    served = osconf.directory / "served"
    write_deb(served, "hello", "1.0")
    (osconf.directory / "configuration.nix").write_text("{ }")
    lock = osconf.directory / "osconf.lock"
    source = Source("served", "", f"file://{served}", components=(), trusted=True)
    archive = Archive(Access(Mirrors({}), osconf.directory / "cache"), [source], LockFile(lock))
    archive.resolve([Root("hello", "a test")])
    archive.lock_file.save()
    assert osconf.line("lock", "update", "-c", ".") == "the lock is up to date: no package in use changes"
    before = lock.read_bytes()
    write_deb(served, "hello", "2.0")
    assert osconf.line("lock", "update", "hello", "-c", ".").split() == ["upgraded", "hello", "1.0", "->", "2.0"]
    assert lock.read_bytes() != before


# Garbage


def test_garbage(own_store: Program) -> None:
    text = PKGS + '{ kept = writeText "kept" "1"; lost = writeText "lost" "2"; }'
    kept = own_store.line("build", "-E", text, "-A", "kept", "-o", "kept")
    lost = own_store.line("build", "-E", text, "-A", "lost", "--no-link")
    would_go = own_store.lines("gc", "--dry-run")
    assert lost in would_go
    assert kept not in would_go
    assert own_store.real(lost).exists()
    went = json.loads(own_store.line("gc", "--json"))
    assert went["deleted"] == would_go
    assert went["freed"] > 0
    assert not own_store.real(lost).exists()
    assert own_store.real(kept).read_text() == "1"
    (own_store.directory / "kept").unlink()
    assert kept in own_store.lines("gc")
    assert own_store.lines("store", "roots") == []


# Interruptions


def interrupt_process(process: subprocess.Popen[str]) -> None:
    """As `kill -INT` does."""
    process.send_signal(signal.SIGINT)


def interrupt_group(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C in a terminal does."""
    os.killpg(process.pid, signal.SIGINT)


ENDLESS = "{% for a in range(99999) %}" * 5 + "{% endfor %}" * 5


def endless_recipe(name: str) -> str:
    """A derivation that osconf itself makes, with a template that renders for days."""
    return f'derivation {{ name = "{name}"; system = "builtin"; builder = "builtin:render"; template = "{ENDLESS}"; }}'


@pytest.mark.parametrize("words", [("build", "--no-link"), ("eval", "--raw")], ids=lambda words: words[0])
def test_interrupted_builtin(own_store: Program, words: tuple[str, ...]) -> None:
    name = f"endless-{words[0]}"
    recipe = endless_recipe(name)
    process = subprocess.Popen(
        own_store.command(*words, "-E", f"builtins.readFile ({recipe})" if words[0] == "eval" else recipe),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=own_store.directory,
        env=own_store.environment,
    )
    locks = own_store.real("/osconf/var/locks")
    deadline = time.monotonic() + 60
    while not list(locks.glob(f"*-{name}.lock")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == 130 and stderr.endswith("\ninterrupted\n") and "Traceback" not in stderr, stderr
    own_store.run("gc")
    assert [*locks.iterdir(), *own_store.real("/osconf/store/.temporary").iterdir()] == []


def test_time_limit_of_builtins(osconf: Program) -> None:
    done = osconf.run("build", "--no-link", "--timeout", "1", "-E", endless_recipe("late"))
    assert done.code == 3
    assert "the build of 'late' took longer than 1 seconds" in done.stderr


@pytest.mark.parametrize("interrupt", [interrupt_process, interrupt_group])
@pytest.mark.parametrize("while_evaluating", [False, True])
def test_interrupted_build(
    osconf: Program, interrupt: Callable[[subprocess.Popen[str]], None], while_evaluating: bool
) -> None:
    seconds = 10_000 + os.getpid() % 10_000
    name = f"sleeper-{interrupt.__name__}"
    recipe = PKGS + f'runCommand "{name}" {{ }} "touch $out; echo started; sleep {seconds}"'
    drv = osconf.line("instantiate", "-E", recipe)
    out = osconf.run("eval", "--raw", "-E", f"({recipe}).outPath").stdout
    words = ["eval", "-E", f"builtins.readFile ({recipe})"] if while_evaluating else ["build", drv]
    process = subprocess.Popen(
        osconf.command("--verbose", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=osconf.directory,
        env=osconf.environment,
        start_new_session=True,
    )
    assert process.stderr is not None
    while "started" not in (line := process.stderr.readline()):
        assert line, "the builder did not start"
    asked = time.monotonic()
    interrupt(process)
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - asked < 5
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.split() == ["interrupted"]
    wait_until_gone(f"sleep\0{seconds}\0")
    assert not osconf.real(out).exists()
    assert osconf.run("store", "references", out).code == 1
    assert not (osconf.directory / "result").exists()


def wait_until_gone(command_line: str) -> None:
    """Wait for the end of every process with this command line: the kernel kills them a moment later."""
    for _ in range(50):
        if not any(_command_line(process) == command_line for process in Path("/proc").glob("[0-9]*")):
            return
        time.sleep(0.1)
    raise AssertionError(f"it still runs: {command_line!r}")


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
