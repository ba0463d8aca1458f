"""Every builtin against what Nix 2.26.3 is known to give."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from osconf.lang.primops import catalogue  # noqa: F401 - registers the builtins
from osconf.lang.primops.registry import CONSTANTS, PRIMOPS

sys.path.insert(0, str(Path(__file__).parent))
from language import QuietWorld, evaluate, show, try_show
from primop_cases import ERRORS, EXPECTED, FILES, VALUES, wrap

KNOWN = json.loads(EXPECTED.read_text())


@pytest.mark.parametrize("theme", VALUES)
def test_values(theme: str) -> None:
    wrong = {}
    for expression in VALUES[theme]:
        kind, text = try_show(wrap(expression))
        if {kind: text.replace(str(FILES), "FILES")} != KNOWN[expression]:
            wrong[expression] = (text, KNOWN[expression])
    assert not wrong


@pytest.mark.parametrize("theme", ERRORS)
def test_errors(theme: str) -> None:
    given = {expression: try_show(wrap(expression)) for expression in ERRORS[theme]}
    assert not {expression: text for expression, (kind, text) in given.items() if kind == "value"}


def test_every_builtin_is_in_the_table() -> None:
    table = " ".join(text for cases in (VALUES, ERRORS) for texts in cases.values() for text in texts)
    fetching = {"fetchurl", "fetchTarball", "fetchGit", "fetchMercurial", "fetchTree"}
    ambient = {"currentSystem", "nixVersion", "nixPath"}
    assert not {name for name in (*PRIMOPS, *CONSTANTS) if name not in table} - fetching - ambient


def test_every_builtin_is_documented() -> None:
    for name, primop in PRIMOPS.items():
        first, _, rest = primop.documentation.partition("\n")
        assert first.startswith("`"), name
        assert "=>" in rest, name


def test_trace_and_warn_say_what_they_are_told() -> None:
    text = 'builtins.trace [ 1 { a = "x"; } (1 + 1) ] (builtins.warn "w" (builtins.trace "t" 1))'
    world = evaluate(text, lambda evaluator, _value: evaluator.world)
    assert isinstance(world, QuietWorld)
    assert world.said[1:] == ["warning: w", "trace: t"]
    assert world.said[0].startswith("trace: [ 1 ")


def test_deep_recursion_survives() -> None:
    assert show("builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 100000)") == "4999950000"
    assert show("let f = n: if n == 0 then 0 else 1 + builtins.head (map f [ (n - 1) ]); in f 20000") == "20000"
    assert (
        show("let f = n: if n == 0 then [ ] else builtins.sort (a: b: f (n - 1) == [ ]) [ n 1 ]; in f 2000 != 1")
        == "true"
    )


def test_json_of_deep_values() -> None:
    assert (
        show("builtins.stringLength (builtins.toJSON (builtins.foldl' (a: b: [ a ]) 1 (builtins.genList (x: x) 5000)))")
        == "10001"
    )
