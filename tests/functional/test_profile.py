"""`osconf profile`, called as a person calls it, with real packages of the archive."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from osconf.archive.acquire import Access, open_indexes
from osconf.archive.lock import LockedPackage, load_lock, save_lock
from osconf.archive.mirror import read_machine_mirrors
from osconf.archive.universe import Universe

ROOT = Path(__file__).parents[2]
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")

pytestmark = pytest.mark.archive

TOOL = 'with import <osconf/pkgs> { }; writeShellScriptBin "tool" "echo tool%s; hello"'


class Person:
    """Somebody with a home directory and a store of his own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = home / "store"
        self.errors = ""

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run osconf; its standard output. It must end with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "osconf.cli", "--store", str(self.store), *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.variables(),
            check=False,
        )
        self.errors = done.stderr
        assert done.returncode == code, done.stderr
        return done.stdout

    def variables(self) -> dict[str, str]:
        path = f"{self.home}/.osconf-profile/bin:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.home), "XDG_CACHE_HOME": CACHE, "NO_COLOR": "1", "LANG": "C.UTF-8"}

    def call(self, *argv: str, data: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the profile."""
        return subprocess.run(
            argv, input=data, capture_output=True, text=True, cwd=self.home, env=self.variables(), check=False
        )

    def names(self) -> list[str]:
        """What the profile holds."""
        return [element["name"] for element in json.loads(self.run("profile", "list", "--json"))["elements"]]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody with two generations: hello, and hello with more."""
    person = Person(tmp_path_factory.mktemp("home"))
    person.run("profile", "install", "hello")
    person.run("profile", "install", "python3", "-E", TOOL % "")
    return person


@pytest.fixture
def hello(person: Person) -> Person:
    """The person with nothing but hello in the current generation."""
    person.run("profile", "rollback", "--to", "1")
    return person


@pytest.fixture
def full(person: Person) -> Person:
    """The person with hello, python3 and a tool that calls hello."""
    person.run("profile", "rollback", "--to", "2")
    return person


def test_an_installed_program_runs(hello: Person) -> None:
    done = hello.call("hello", "--greeting=hi")
    assert (done.stdout, done.returncode) == ("hi\n", 0)
    listed = hello.run("profile", "list").split()
    assert listed[0] == "hello"
    assert listed[1].startswith("2.")
    assert (hello.home / ".osconf-profile").is_symlink()


def test_the_command_keeps_terminal_signals_and_exit_code(full: Person) -> None:
    assert full.call("python3", "-c", "raise SystemExit(41)").returncode == 41
    assert full.call("python3", "-c", "print(input())", data="typed\n").stdout == "typed\n"
    child = subprocess.Popen(
        ["python3", "-c", "import time; print('up', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        env=full.variables(),
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == -signal.SIGTERM
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("python3", ["python3", "-c", "import os; print(os.isatty(0), os.ttyname(1))"], full.variables())
    shown = b""
    while b"\n" not in shown:
        shown += os.read(terminal, 1000)
    os.waitpid(pid, 0)
    assert shown.startswith(b"True /dev/")


def test_commands_of_a_profile_see_each_other(full: Person) -> None:
    assert full.call("tool").stdout == "tool\nHello, world!\n"
    code = "import subprocess; print(subprocess.check_output(['tool'], text=True))"
    assert "Hello" in full.call("python3", "-c", code).stdout


def test_links_to_a_command_work(hello: Person) -> None:
    link = hello.home / "greet"
    link.unlink(missing_ok=True)
    link.symlink_to(hello.home / ".osconf-profile/bin/hello")
    assert hello.call(str(link)).stdout == "Hello, world!\n"
    assert hello.call("./.osconf-profile/bin/hello").stdout == "Hello, world!\n"


def test_only_what_was_asked_for_is_offered(hello: Person) -> None:
    assert sorted(path.name for path in (hello.home / ".osconf-profile/bin").iterdir()) == ["hello"]
    assert (hello.home / ".osconf-profile/share/man").is_dir()


def test_remove_and_rollback(full: Person) -> None:
    assert full.run("profile", "remove", "hello").startswith("- hello")
    assert full.names() == ["python3", "tool"]
    assert full.run("profile", "rollback", "--to", "2").startswith("+ hello")
    assert full.names() == ["hello", "python3", "tool"]
    assert full.run("profile", "rollback").startswith("- python3")
    rows = json.loads(full.run("profile", "history", "--json"))
    assert [row["current"] for row in rows].index(True) == 0
    assert rows[0]["changes"][0]["name"] == "hello"


def test_mistakes_are_explained_and_change_nothing(hello: Person) -> None:
    before = hello.run("profile", "list", "--json")
    hello.run("profile", "install", "helo", code=1)
    assert "there is no package ‘helo’" in hello.errors
    assert "did you mean 'hello'" in hello.errors
    hello.run("profile", "remove", "hullo", code=1)
    assert "‘hullo’ is not in the profile" in hello.errors
    assert "did you mean ‘hello’" in hello.errors
    hello.run("profile", "install", "-E", '(import <osconf/pkgs> { }).runCommand "bad" { } "exit 7"', code=3)
    assert "exit code 7" in hello.errors
    hello.run("profile", "rollback", "--to", "999", code=1)
    assert "has no generation 999" in hello.errors
    hello.run("profile", "install", "-E", "1 + 1", code=1)
    assert "‘1 + 1’ is an integer, not a derivation" in hello.errors
    assert hello.run("profile", "list", "--json") == before


def test_what_is_installed_stays_until_it_is_upgraded(hello: Person) -> None:
    file = hello.home / "tool.nix"
    file.write_text(TOOL % " old")
    hello.run("profile", "install", "-E", f"import {file}")
    file.write_text(TOOL % " new")
    hello.run("build", "-E", (TOOL % " built").replace('"tool"', '"linked"'), "-o", str(hello.home / "result"))
    hello.run("profile", "install", str(hello.home / "result"))
    assert hello.call("tool").stdout.startswith("tool old")
    assert hello.call("linked").stdout.startswith("tool built")
    assert "~ tool" in hello.run("profile", "upgrade", "tool")
    assert hello.call("tool").stdout.startswith("tool new")
    generation = json.loads(hello.run("profile", "list", "--json"))["generation"]
    hello.run("profile", "upgrade", "tool")
    assert "up to date" in hello.errors
    assert json.loads(hello.run("profile", "list", "--json"))["generation"] == generation


def test_two_changes_at_once_are_both_made(hello: Person) -> None:
    tools = [(TOOL % "").replace('"tool"', f'"{name}"') for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda tool: hello.run("profile", "install", "-E", tool), tools))
    assert sorted(hello.names()) == ["hello", "one", "two"]


def write_old_lock(person: Person, directory: Path, names: tuple[str, ...]) -> dict[str, str]:
    """A lock that holds packages at the versions of the suite itself, before its updates; the versions by name."""
    access = Access(read_machine_mirrors(), Path(CACHE) / "osconf")
    lock = load_lock(Path(CACHE) / "osconf/user.lock")
    assert lock is not None
    suite = Universe(open_indexes(access, lock.sources["trixie"]), "amd64")
    newest = Universe([index for item in lock.sources.values() for index in open_indexes(access, item)], "amd64")
    group = "+".join(sorted(lock.sources, key=len)) if len(lock.packages) != 1 else next(iter(lock.packages))
    wanted = [suite.find(name) for name in names]
    old = [
        package
        for member in wanted
        if member is not None
        for name in suite.find_built_from(member.source_name)
        if (package := suite.find(name)) is not None
    ]
    held = [LockedPackage(package, held=True) for package in old]
    save_lock(directory / "osconf.lock", replace(lock, packages={group: {}}).with_packages(group, held))
    (directory / "configuration.nix").write_text("{ }\n")
    versions = {package.name: package.version for package in wanted if package is not None}
    newer = {name: newest.find(name) for name in names}
    if any(found is None or found.version == versions[name] for name, found in newer.items()):
        pytest.skip(f"the archive has no updates of {' and '.join(names)} just now")
    return versions


@pytest.mark.slow
def test_an_upgrade_takes_newer_versions(hello: Person) -> None:
    old = write_old_lock(hello, hello.home, ("jq", "rsync"))
    configuration = str(hello.home / "configuration.nix")
    hello.run("profile", "install", "jq", "rsync", "-c", configuration)
    before = versions_of(hello)
    assert before.items() >= old.items()
    assert hello.call("jq", "--version").returncode == 0
    assert f"~ jq {old['jq']} -> " in hello.run("profile", "upgrade", "jq")
    assert versions_of(hello)["rsync"] == old["rsync"]
    assert f"~ rsync {old['rsync']} -> " in hello.run("profile", "upgrade")
    assert hello.call("rsync", "--version").returncode == 0
    hello.run("profile", "upgrade")
    assert "up to date" in hello.errors
    hello.run("profile", "rollback")
    assert versions_of(hello)["rsync"] == old["rsync"]


def versions_of(person: Person) -> dict[str, str]:
    return {item["name"]: item["version"] for item in json.loads(person.run("profile", "list", "--json"))["elements"]}
