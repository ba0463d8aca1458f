"""What `eval` and `instantiate` take and print, form by form: files, attributes, arguments, search paths."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from osconf.cli.app import guard, program

sys.path.insert(0, str(Path(__file__).parents[2] / "lang"))
from language import find_nix, is_recent

NIX = find_nix()
TREE = {
    "f.nix": """{ x ? 1, y ? x + 1, system ? "s" }: rec {
  list = [ { c = x; } y ];
  call = { z ? 3 }: { inherit z; };
  open = { ... }@all: { inherit all; };
  need = { q }: q;
  functor = { __functor = self: { k ? 1 }: k + 1; };
  drv = derivation { name = "d"; inherit system; builder = "/b"; };
  set = { recurseForDerivations = true; one = drv; two = both; deep = { three = drv; }; "no way" = both; };
  both = derivation { name = "d2"; inherit system; builder = "/b"; outputs = [ "out" "dev" ]; };
  dev = both.dev;
  drvs = [ drv both drv ];
  nothing = { a = 1; };
}
""",
    "dir/default.nix": "{ a = 1; b = ./x; }",
    "default.nix": '"the default"',
}
EVAL = [
    ("f.nix",),
    ("f.nix", "-A", "list"),
    ("f.nix", "-A", "list.0.c"),
    ("f.nix", "-A", "list.1", "-A", "call.z"),
    ("f.nix", "-A", "list.2"),
    ("f.nix", "-A", "list.c"),
    ("f.nix", "-A", "nope"),
    ("f.nix", "-A", "call"),
    ("f.nix", "-A", "call.z", "--arg", "z", "1 + 1"),
    ("f.nix", "-A", "open.all", "--argstr", "other", "o"),
    ("f.nix", "-A", "need"),
    ("f.nix", "-A", "need.length"),
    ("f.nix", "-A", "need", "--argstr", "q", "hello"),
    ("f.nix", "-A", "functor"),
    ("f.nix", "-A", "functor", "--arg", "k", "5"),
    ("f.nix", "-A", "list", "--arg", "x", "5"),
    ("dir",),
    ("dir/", "-A", "b"),
    ("dir", "dir/default.nix", "-A", "b", "-A", "a"),
    (),
    ("-",),
    ("-", "-A", "s"),
    ("<here>", "-I", "here=dir"),
    ("<here/default.nix>", "-A", "a", "-I", "here=dir"),
    ("-E", "<linked>", "-I", "."),
    ("-E", "builtins.length builtins.nixPath", "-I", "here=dir", "-I", "."),
    ("-E", "1", "-A", ""),
    ("-E", '{ "a.b" = { c = 1; }; }', "-A", '"a.b".c'),
    ("-E", "{ a = 1; }", "-A", "a."),
    ("-E", '{ a."".b = 1; }', "-A", "a..b"),
    ("-E", '{ "0" = 1; }', "-A", "0"),
    ("--raw", "-E", '"a\\nb"'),
    ("--raw", "-E", "./dir"),
    ("--xml", "-E", "{ a = 1; f = { x, y ? 1, ... }@z: x; }"),
    ("--xml", "f.nix", "-A", "drv"),
    ("--json", "-E", '{ a = [ 1.5 null ./dir ]; b = { outPath = "o"; }; }'),
    ("--restrict-eval", "-E", "builtins.readFile ./f.nix"),
    ("--restrict-eval", "-I", ".", "-E", "builtins.stringLength (builtins.readFile ./f.nix)"),
    ("--restrict-eval", "-E", 'builtins.pathExists ./f.nix || builtins.getEnv "HOME" != ""'),
    ("--pure-eval", "-E", "builtins.pathExists ./f.nix"),
]
INSTANTIATE = [
    ("f.nix",),
    *(("f.nix", "-A", name) for name in ("drv", "dev", "set", "drvs", "nothing", "call", "list", "list.1")),
    ("f.nix", "-A", "drv", "-A", "both", "--argstr", "system", "other"),
]
INPUT = '{ s = "read"; }'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "linked").symlink_to("dir")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OSCONF_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("OSCONF_STORE_DIR", "/nix/store")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(INPUT.encode())))
    return tmp_path


def run(command: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[bool, str]:
    code = guard(lambda: program([command, *arguments], standalone_mode=False), [command, *arguments])
    return code == 0, capsys.readouterr().out


def test_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("eval", ("f.nix",), capsys) == (True, "<LAMBDA>\n")
    assert run("eval", ("--strict", "f.nix", "-A", "list.1", "-A", "call.z"), capsys) == (True, "2\n3\n")
    assert run("eval", ("f.nix", "-A", "functor", "--arg", "k", "5"), capsys) == (True, "6\n")
    assert run("eval", ("--strict", "-", "-A", "s"), capsys) == (True, '"read"\n')
    assert run("eval", (), capsys) == (True, '"the default"\n')
    assert run("eval", ("--strict", "-E", "<linked>", "-I", "."), capsys) == (True, f"{folder}/dir\n")


def test_derivations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = run("instantiate", ("f.nix",), capsys)[1].splitlines()
    assert [path.partition("-")[2] for path in everything] == ["d2.drv", "d2.drv!dev", "d.drv"]
    assert len(run("instantiate", ("f.nix", "-A", "set"), capsys)[1].splitlines()) == 2
    assert run("instantiate", ("f.nix", "-A", "nothing"), capsys) == (True, "")
    assert run("instantiate", ("f.nix", "-A", "list"), capsys)[0] is False


def test_unknown_features_are_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "--extra-experimental-features", "flakes flying", "-E", "1"]
    assert guard(lambda: program(arguments, standalone_mode=False), arguments) == 0
    assert capsys.readouterr().err == "warning: unknown experimental feature 'flying'\n"


def ask_nix(arguments: tuple[str, ...], folder: Path) -> tuple[bool, str]:
    environment = {**os.environ, "NIX_STATE_DIR": f"{folder}/state", "NIX_PATH": ""}
    if "--eval" not in arguments:
        environment["NIX_REMOTE"] = f"{folder}/root"
    done = subprocess.run(
        [NIX, *arguments], input=INPUT, capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    return done.returncode == 0, done.stdout


@pytest.mark.oracle
@pytest.mark.skipif(not NIX or not is_recent(NIX), reason="there is no nix-instantiate of 2.26 ($NIX_INSTANTIATE)")
@pytest.mark.parametrize("arguments", EVAL, ids=" ".join)
def test_values_are_those_of_nix(arguments: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("eval", ("--strict", *arguments), capsys) == ask_nix(("--eval", "--strict", *arguments), folder)


@pytest.mark.oracle
@pytest.mark.skipif(not NIX or not is_recent(NIX), reason="there is no nix-instantiate of 2.26 ($NIX_INSTANTIATE)")
@pytest.mark.parametrize("arguments", INSTANTIATE, ids=" ".join)
def test_derivations_are_those_of_nix(
    arguments: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("instantiate", arguments, capsys) == ask_nix(arguments, folder)
