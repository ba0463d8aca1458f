"""Random calls of builtins and operators with ordinary and odd arguments give what Nix 2.26 gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from language import find_nix, is_recent, try_show
from primop_cases import FILES

from osconf.lang.primops.index import INDEX

NIX = find_nix()
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not NIX or not is_recent(NIX), reason="there is no nix-instantiate of 2.26 ($NIX_INSTANTIATE)"),
]

NUMBERS = ["0", "1", "(-1)", "9223372036854775807", "(-9223372036854775807 - 1)", "1.5", "(-0.0)", "1.0e300", "0.1"]
STRINGS = [
    *('""', '"a"', '"a.b-1.2"', '"1.10pre2"', '"é"', '"  12 "', '"a\\nb"', '"/etc/.."', '"[1,2.5]"', '"{\\"a\\":1}"'),
    *('"(a|b)*"', '"[[:alpha:]]+"', '"sha256"', '"out"', '"${./text}"', '(builtins.toFile "f" "t")'),
]
LISTS = [
    *("[ ]", "[ 1 ]", "[ 3 1 2 ]", '[ "b" "a" ]', "[ [ 1 ] [ ] ]", "[ null true 1.0 ]", '[ (throw "e") ]'),
    *("[ { a = 1; } { a = 2; b = 3; } ]", '[ { name = "x"; value = 1; } ]'),
]
SETS = [
    *("{ }", "{ a = 1; }", "{ a = 1; b = { c = 2; }; }", '{ a = throw "e"; }', '{ name = "x"; value = 2; }'),
    *('{ outPath = "/o"; }', '{ __toString = s: "ts"; }', "{ __functor = s: x: x; }", '{ type = "derivation"; }'),
    *("rec { x = 1; y = x; }", '{ "a b" = 1; "é" = 2; }', "{ startSet = [ { key = 1; } ]; operator = x: [ ]; }"),
    '(derivation { name = "d"; system = "s"; builder = "/b"; })',
]
FUNCTIONS = [
    *("(x: x)", "(x: y: x)", "(x: y: x + y)", "(x: true)", '(x: "a")', "(x: [ x ])", "({ a, b ? 1 }: a)"),
    *("({ ... }@z: z)", "builtins.add", "(builtins.add 1)", "builtins.lessThan"),
]
OTHERS = ["true", "false", "null", "./text", "./sub", "/", '(throw "boom")', "(assert false; 1)"]
OPERATORS = ["+", "-", "*", "/", "++", "//", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "->"]
# Those that ask for the world, the clock or the network, or end the program.
LEFT_OUT = {
    *("abort", "break", "currentTime", "derivation", "exec", "fetchGit", "fetchMercurial", "fetchTarball", "fetchTree"),
    *("fetchurl", "filterSource", "getEnv", "import", "path", "pathExists", "readFile", "scopedImport", "storePath"),
    *("trace", "traceVerbose", "warn"),
}
CALLED = sorted(set(INDEX) - LEFT_OUT)

values = st.one_of([st.sampled_from(kind) for kind in (NUMBERS, STRINGS, LISTS, SETS, FUNCTIONS, OTHERS)])
UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@st.composite
def calls(draw: st.DrawFn) -> str:
    """An operator between two values, or a builtin with as many arguments as it takes; some values are calls."""
    arguments = values if draw(st.integers(0, 4)) else st.one_of(values, calls())
    if draw(st.integers(0, 5)) == 0:
        return f"({draw(arguments)} {draw(st.sampled_from(OPERATORS))} {draw(arguments)})"
    name = draw(st.sampled_from(CALLED))
    return f"(builtins.{name} {' '.join(draw(arguments) for _ in INDEX[name][1])})"


def ask_nix(text: str) -> str | None:
    done = subprocess.run([NIX, "--eval", "--strict", "-E", text], capture_output=True, cwd=FILES, check=False)
    return done.stdout.rstrip(b"\n").decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def compare(texts: list[str]) -> None:
    shown = {}
    for text in texts:
        kind, value = try_show(text, str(FILES))
        shown[text] = value if kind == "value" else None
    valued = [text for text in texts if shown[text] is not None]
    if ask_nix(f"[ {' '.join(valued)} ]") != f"[ {' '.join(str(shown[text]) for text in valued)} ]":
        for text in valued:
            assert shown[text] == ask_nix(text), text
    for text in texts:
        if shown[text] is None:
            assert ask_nix(text) is None, f"Nix has a value for: {text}"


@settings(max_examples=6, derandomize=True, deadline=None, database=None, suppress_health_check=UNHURRIED)
@given(st.lists(calls(), min_size=30, max_size=40))
def test_random_calls(texts: list[str]) -> None:
    """The same ones every time."""
    compare(texts)


@pytest.mark.slow
@settings(max_examples=80, deadline=None, database=None, suppress_health_check=UNHURRIED)
@given(st.lists(calls(), min_size=30, max_size=40))
def test_thousands_of_random_calls(texts: list[str]) -> None:
    """Other calls every time."""
    compare(texts)
