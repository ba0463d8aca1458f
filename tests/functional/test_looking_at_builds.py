"""What a person does with builds that fail, take too long or differ; and what a terminal shows."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import pytest

from tests.functional.test_commands import PKGS, Program

pytestmark = pytest.mark.archive

SOURCE = 'source = runCommand "work" { } "mkdir p-1; echo data > p-1/file; tar czf $out p-1";'


def recipe(command: str) -> str:
    """A build; all have one name, and with that one environment."""
    return PKGS + f'runCommand "work" {{ FOO = "a value"; }} {command!r}'.replace("'", '"')


@pytest.fixture(scope="module")
def osconf(tmp_path_factory: pytest.TempPathFactory) -> Program:
    directory = tmp_path_factory.mktemp("builds")
    return Program(directory, directory / "store")


def talk(argv: list[str], answers: list[tuple[str, str]], environment: dict[str, str]) -> tuple[str, int]:
    """Run a program in a terminal; for each (awaited, typed) wait for a text and type another. Output and exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, environment)
    seen, since, limit = "", 0, time.monotonic() + 60
    while time.monotonic() < limit:
        if answers and answers[0][0] in seen[since:]:
            since = len(seen)
            os.write(terminal, answers.pop(0)[1].encode())
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:
                break
            if not data:
                break
            seen += data.decode("utf-8", "replace")
    os.close(terminal)
    return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_shell_inside_a_failed_build(osconf: Program) -> None:
    outcome = osconf.run("build", "--keep-failed", "-E", recipe("echo state > made; false"))
    assert outcome.code == 3
    found = re.search(r"sh (\S+/enter)", outcome.stderr)
    assert found, outcome.stderr
    answers = [
        ("$ ", 'cat made; echo "is $FOO at $PWD as $(id -un)"; ls /home 2>&1\r'),
        # What is typed is shown, too: only the job itself says when there is something to interrupt.
        ("No such file", '(echo "went to" sleep; exec sleep 100)\r'),
        ("went to sleep", "\x03"),
        ("$ ", "echo still $((40 + 2))\r"),
        ("still 42", "exit 3\r"),
    ]
    shown, code = talk(["sh", found[1]], answers, {**osconf.environment, "TERM": "dumb"})
    assert "state" in shown
    assert "is a value at /build as builder" in shown
    assert (answers, code) == ([], 3)


def test_check_names_what_differs(osconf: Program) -> None:
    random = recipe("head -c 8 /dev/urandom | od -x > $out")
    osconf.line("build", "--no-link", "-E", random)
    outcome = osconf.run("build", "--no-link", "--check", "--keep-failed", "-E", random)
    assert outcome.code == 3
    assert "is not the same when it is built again" in outcome.stderr
    found = re.search(r"diff -r (\S+) ([^\s;]+)", outcome.stderr)
    assert found
    assert Path(found[1]).read_text() != Path(found[2]).read_text()
    stable = recipe("echo same > $out")
    assert osconf.line("build", "--no-link", "-E", stable) == osconf.line("build", "--no-link", "--check", "-E", stable)


@pytest.mark.parametrize(
    ("option", "words"),
    [("--timeout", "took longer than 1 seconds"), ("--max-silent-time", "said nothing for 1 seconds")],
)
def test_limits(osconf: Program, option: str, words: str) -> None:
    outcome = osconf.run("build", option, "1", "-E", recipe("echo begun; sleep 50"))
    assert outcome.code == 3
    assert words in outcome.stderr
    assert "| begun" in outcome.stderr


def test_logs_are_compressed(osconf: Program) -> None:
    talkative = recipe("for i in $(seq 20000); do echo line; done; touch $out")
    path = osconf.line("build", "--no-link", "-E", talkative)
    assert osconf.lines("log", path) == ["line"] * 20000
    name = osconf.line("instantiate", "-E", talkative).rpartition("/")[2]
    (file,) = osconf.store.glob(f"osconf/var/log/{name[:2]}/{name[2:]}.zst")
    assert file.stat().st_size < 5000


def test_logs_go_through_binary_caches(osconf: Program, tmp_path: Path) -> None:
    expression = recipe("echo said; touch $out")
    path = osconf.line("build", "--no-link", "-E", expression)
    drv = osconf.line("instantiate", "-E", expression)
    cache, elsewhere = f"file://{tmp_path}/cache", ("--store", str(tmp_path / "elsewhere"))
    osconf.run("copy", "--to", cache, path)
    outcome = osconf.run("store", "copy-log", "--to", cache, "/osconf/store/00000000000000000000000000000000-x", path)
    assert outcome.code == 1 and "there is no log of '/osconf/store/0000" in outcome.stderr
    assert (tmp_path / "cache/log" / Path(drv).name).read_bytes() == b"said\n"

    # Neither the derivation nor the output is there: the cache tells which derivation made it.
    assert osconf.run(*elsewhere, "log", path).code == 1
    dead = ("--cache", "http://127.0.0.1:9")
    for what in (path, drv):
        assert osconf.lines(*elsewhere, "log", *dead, "--cache", cache, what) == ["said"]
    assert osconf.run(*elsewhere, "log", path).code == 1
    osconf.run(*elsewhere, "store", "copy-log", "--from", cache, path)
    assert osconf.lines(*elsewhere, "log", drv) == ["said"]


def test_a_builder_script_unpacks_a_tarball(osconf: Program) -> None:
    (osconf.directory / "builder.sh").write_text("tar xzf $src\nmkdir -p $out\ncp -r p-1/* $out/\n")
    (osconf.directory / "setup.sh").write_text(
        "source $stdenv/setup\ncp $src p.tar.gz\nsrc=$PWD/p.tar.gz unpackPhase\nmkdir $out\ncp file $out/\n"
    )
    for script in ("builder.sh", "setup.sh"):
        text = f'stdenvNoCC.mkDerivation {{ name = "work"; src = source; builder = ./{script}; }}'
        path = osconf.line("build", "--no-link", "-E", f"{PKGS}let {SOURCE} in {text}")
        assert osconf.real(f"{path}/file").read_text() == "data\n"


def test_a_plain_derivation_may_name_programs_of_packages(osconf: Program) -> None:
    (osconf.directory / "plain.sh").write_text("tar xzf $src\nmkdir -p $out\ncp -r p-1/* $out/\n")
    text = """derivation {
      name = "work"; system = builtins.currentSystem; src = source;
      builder = "${bash}/bin/bash"; args = [ ./plain.sh ];
      PATH = "${coreutils}/bin:${gnutar}/bin:${gzip}/bin";
    }"""
    path = osconf.line("build", "--no-link", "-E", f"{PKGS}let {SOURCE} in {text}")
    assert osconf.real(f"{path}/file").read_text() == "data\n"


def test_a_plain_derivation_has_a_shell(osconf: Program) -> None:
    text = """derivation {
      name = "plain"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo from $0 > $out" ];
    }"""
    path = osconf.line("build", "--no-link", "-E", text)
    assert osconf.real(path).read_text() == "from /bin/sh\n"
    # It is no input: the derivation is what Nix makes of the expression.
    named = osconf.run("eval", "--raw", "-E", f"({text}).outPath", OSCONF_STORE_DIR="/nix/store").stdout
    assert named == "/nix/store/id807y1hhbijwnrfn085i3lmnm91341z-plain"


def test_a_shell_as_the_builder_has_it(osconf: Program) -> None:
    text = PKGS + 'runCommand "work" { FOO = "a value"; shellHook = "hook=ran"; } "exit 1"'
    (osconf.directory / "shell.nix").write_text(text)
    script = "echo $hook $FOO; type -t unpackPhase runHook; pwd"
    outcome = osconf.run("shell", "--run", f"{script}; exit 6")
    assert outcome.lines == ["ran a value", "function", "function", str(osconf.directory)]
    assert outcome.code == 6
    assert osconf.run("shell", "--pure", "--run", "echo $SECRET$IN_NIX_SHELL", SECRET="x").lines == ["pure"]
    answers = [("[work:", "echo is $FOO here\r"), ("is a value here", "exit 4\r")]
    environment = {**osconf.environment, "TERM": "dumb", "HOME": str(osconf.directory)}
    _, code = talk(osconf.command("shell", str(osconf.directory / "shell.nix")), answers, environment)
    assert (answers, code) == ([], 4)
    outcome = osconf.run("shell", "-E", 'derivation { name = "x"; system = "s"; builder = "/bin/sh"; }')
    assert "has no environment to work in" in outcome.stderr


def test_a_wrong_hash_gives_expected_and_got(osconf: Program) -> None:
    (osconf.directory / "file").write_text("content\n")
    url = f"file://{osconf.directory}/file"
    outcome = osconf.run("build", "-E", PKGS + f'fetchurl {{ url = "{url}"; sha256 = lib.fakeSha256; }}')
    assert outcome.code == 3
    assert "specified: sha256-AAAAAAAAAAAAAAAA" in outcome.stderr
    got = re.search(r"got: +(sha256-\S+)", outcome.stderr)
    assert got
    path = osconf.line("build", "--no-link", "-E", PKGS + f'fetchurl {{ url = "{url}"; sha256 = "{got[1]}"; }}')
    assert osconf.real(path).read_text() == "content\n"


def test_a_terminal_shows_a_tree(osconf: Program) -> None:
    text = f"""{PKGS}let
      dep = runCommand "work" {{ }} "echo phase one; sleep 2; echo dep > $out";
    in runCommand "work" {{ inherit dep; }} "cat $dep > $out"
    """
    environment = {**osconf.environment, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    argv = [sys.executable, "-m", "osconf.cli", "build", "--no-link", "-E", text]
    shown, code = talk(argv, [], environment)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "0 of 2 built" in plain
    assert "work waits" in plain
    assert re.search(r"work  \d\.\d s  phase one", plain)
    assert "✓ work (2." in plain or "✓ work (3." in plain
    assert plain.rstrip().splitlines()[-1].startswith("/osconf/store/")
