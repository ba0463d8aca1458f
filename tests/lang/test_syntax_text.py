"""What the parser understood, as text: the same as `nix-instantiate --parse` prints."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from osconf.lang.evaluator import run_deep
from osconf.lang.parser import parse
from osconf.lang.source import Source
from osconf.lang.syntax_text import write_syntax
from osconf.lang.values import from_latin, to_latin

sys.path.insert(0, str(Path(__file__).parent))
from language import find_nix, is_recent

NIX = find_nix()
HOME = "/home/me"
TEXTS = {
    "1 - 2 * 3 / x - 1": "(__sub (__sub 1 (__div (__mul 2 3) x)) 1)",
    "-a < b && a >= b || !(a == b)": "(((__lessThan (__sub 0 a) b) && (! (__lessThan a b))) || (! (a == b)))",
    "a > b -> a <= b -> a != b": "((__lessThan b a) -> ((! (__lessThan b a)) -> (a != b)))",
    "a ++ b ++ c": "(a ++ (b ++ c))",
    "a // b // c": "(a // (b // c))",
    'a ? b.c && a ? "b c".${d}': None,
    "a.b.c or d.e": "(a).b.c or ((d).e)",
    "f a.b (g c) d": "(f (a).b (g c) d)",
    "(f a) b": "(f a b)",
    "x: { a, c ? 1, b, ... }@args: [ x a (b c) ]": "(x: ({ a, b, c ? 1, ... } @ args: [ (x) (a) ((b c)) ]))",
    "{ }: { ... }: args@{ a }: 1": None,
    "let z = 1; inherit a; inherit (b) c d; in with z; assert a; if a then b else c": None,
    'rec { b.c = 1; b.d = 2; "e f" = 3; ${a} = 4; inherit g; inherit (c) x y; inherit (d) w; }': None,
    "let { body = 1; }": "(rec { body = 1; }).body",
    '"a${b}c" + "${d}"': '(("a" + b + "c") + (d))',
    '"\\n\\"\\\\\\${x}\\t$"': None,
    "''\n  a\n   ${b}\n''": None,
    "''a''${b}''": '("a" + "$" + "{b}")',
    "''a'''b ''\\n c''\\${d} $''${ ''$ ''": None,
    "''\n    a''${b}\n      ${c}''${d}\n  ''": None,
    "[ ./a ./b/../c /d /e ~/f <g/h> https://i.j/k ]": None,
    "./a${b}c + ./d": None,
    "[ 1.5 0.1 1000000.0 9223372036854775807 ]": "[ (1.5) (0.1) (1e+06) (9223372036854775807) ]",
    'a.${b}."c"."d e"': None,
    "{ a = { b = 1; }; a.c = 2; }": "{ a = { b = 1; c = 2; }; }",
    "(a |> b c) d": None,
    "[ __curPos.line null true ]": None,
    "(-a) b (c < d) e ((f > g) x) (a - b <| c)": "(__sub 0 a b (__lessThan c d) e (__lessThan g f x) (__sub a b c))",
    "<a> b (a <= b) c": None,
}
SCOPE = "a: b: c: d: e: f: g: x: "


def understand(text: str) -> str:
    tree = run_deep(lambda: parse(Source("«string»", to_latin(text)), pipes=True, is_split=True))
    return from_latin(write_syntax(tree, "/base", HOME))


@pytest.mark.parametrize(("text", "written"), [(text, written) for text, written in TEXTS.items() if written], ids=str)
def test_notation(text: str, written: str) -> None:
    assert understand(text) == written


@pytest.mark.oracle
@pytest.mark.skipif(not NIX or not is_recent(NIX), reason="there is no nix-instantiate of 2.26 ($NIX_INSTANTIATE)")
@pytest.mark.parametrize("text", TEXTS)
def test_notation_is_that_of_nix(text: str, tmp_path: Path) -> None:
    text = f"{SCOPE}{text}"
    done = subprocess.run(
        [NIX, "--parse", "--extra-experimental-features", "pipe-operators", "-E", text],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"HOME": HOME},
        check=False,
    )
    shown = understand(text).replace("/base", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"{shown}\n") or (done.returncode == 1 and "undefined" in done.stderr)


@pytest.mark.oracle
@pytest.mark.skipif(not NIX or not is_recent(NIX), reason="there is no nix-instantiate of 2.26 ($NIX_INSTANTIATE)")
@pytest.mark.parametrize("folder", ["lib", "modules", "pkgs", "examples", "tests/lang/cases"])
def test_files_are_understood_alike(folder: str) -> None:
    files = sorted((Path(__file__).parents[2] / folder).rglob("*.nix"))
    pipes = ["--extra-experimental-features", "pipe-operators"]
    done = subprocess.run(
        [NIX, "--parse", *pipes, *map(str, files)], capture_output=True, env={"HOME": HOME}, check=True
    )
    printed = done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
    for file, text in zip(files, printed, strict=True):
        source = Source(str(file), file.read_bytes().decode("latin-1"))
        tree = run_deep(partial(parse, source, pipes=True, is_split=True))
        assert from_latin(write_syntax(tree, str(file.parent), HOME)) == text, file
