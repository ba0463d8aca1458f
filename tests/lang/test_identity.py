"""What is the same thing, as Nix 2.26 sees it: functions under one variable are equal, what repeats is printed once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from language import find_nix, is_recent, show
from primop_cases import run_nix

NIX = find_nix()
CASES = [
    ("let f = x: x; in { a = f; } == { a = f; }", "true"),
    ("let f = x: x; in { inherit f; } == { inherit f; }", "true"),
    ("let f = x: x; in [ f ] == [ f ]", "true"),
    ("let f = x: x; in f == f", "false"),
    ("let f = x: x; a.y = f; b.y = f; in [ (a == b) (a // { } == b) (builtins.elem a [ b ]) ]", "[ true true true ]"),
    ("let s.f = x: x; in { a = s.f; } == { a = s.f; }", "false"),
    ("let s.f = x: x; in { inherit (s) f; } == { inherit (s) f; }", "false"),
    ("let s.f = x: x; in s == s", "true"),
    ("(f: { a = f; } == { a = f; }) (x: x)", "true"),
    ("{ a = map; } == { a = map; }", "true"),
    ("{ a = builtins.map; } == { a = builtins.map; }", "false"),
    ("let big = 1.0e200 * 1.0e200; nan = big - big; in { a = nan; } == { a = nan; }", "true"),
    ("let l = [ 1 2 3 ]; in { a = l; b = l; c = [ l ]; }", "{ a = [ 1 2 3 ]; b = «repeated»; c = [ «repeated» ]; }"),
    (
        "rec { s.l = [ 1 2 ]; a = s.l; b = s.l; c = [ a b ]; }",
        "{ a = [ 1 2 ]; b = [ 1 2 ]; c = [ «repeated» «repeated» ]; s = { l = [ 1 2 ]; }; }",
    ),
    ("let l = [ 1 ]; in [ l l (if true then l else 1) (l ++ [ ]) ]", "[ [ 1 ] «repeated» [ 1 ] [ 1 ] ]"),
    ("let l = [ 1 ]; in map (x: x) [ l l ]", "[ [ 1 ] [ 1 ] ]"),
    ("let x = [ x ]; in x", "[ [ «repeated» ] ]"),
    ("let x = [ 1 2 x ]; in x", "[ 1 2 «repeated» ]"),
    ("let x = { a = [ x.a ]; }; in x", "{ a = [ [ «repeated» ] ]; }"),
    ("let x = { a = x; }; in x", "{ a = «repeated»; }"),
    ("let l = [ 1 2 3 ]; in [ l (builtins.concatLists [ [ ] l ]) ]", "[ [ 1 2 3 ] «repeated» ]"),
    ("let s.v = 1; in [ s (s // { }) (removeAttrs s [ ]) ]", "[ { v = 1; } «repeated» { v = 1; } ]"),
    (
        '(import <nix/fetchurl.nix> { url = "http://x.org/a"; executable = true; sha1 = '
        '"0000000000000000000000000000000000000000"; }).drvPath',
        '"/nix/store/1arbp9439zxgb670xzkqq1q5cfx35kny-a.drv"',
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_identity(text: str, expected: str) -> None:
    assert show(text) == expected


def test_arguments_of_a_function_know_their_places(tmp_path: Path) -> None:
    (tmp_path / "f.nix").write_text("{ a, b ? 1 }: a")
    text = f'builtins.unsafeGetAttrPos "b" (builtins.functionArgs (import {tmp_path}/f.nix))'
    assert show(text) == f'{{ column = 6; file = "{tmp_path}/f.nix"; line = 1; }}'


@pytest.mark.oracle
@pytest.mark.skipif(not NIX, reason="nix is not installed")
@pytest.mark.parametrize(("text", "expected"), CASES)
def test_identity_in_nix(text: str, expected: str) -> None:
    if not is_recent(NIX):
        pytest.skip("older ones print some of these otherwise")
    assert run_nix(NIX, text).stdout.rstrip("\n") == expected
