"""Values that are shown as far as they are evaluated: `<CODE>` stands where Nix leaves a thunk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.show import show_value
from osconf.lang.xml import to_xml

sys.path.insert(0, str(Path(__file__).parent))
from language import QuietWorld, find_nix, is_recent

NIX = find_nix()
KNOWN: dict[str, str] = json.loads(Path(__file__).with_name("unevaluated_expected.json").read_text())
"""Expressions, and what Nix 2.26.3 prints without `--strict`."""


@pytest.mark.parametrize("expression", KNOWN)
def test_what_is_left_unevaluated(expression: str) -> None:
    evaluator = Evaluator(QuietWorld())
    value = run_deep(lambda: evaluator.eval_text(expression, is_exact=True))
    assert show_value(value, strict=False) == KNOWN[expression]


def test_imported_files_are_shown_so_on_request(tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_text("{ a = [ 1 ]; b = x: x; }")
    for is_exact, shown in ((True, "{ a = <CODE>; b = <CODE>; }"), (False, "{ a = [ 1 ]; b = <LAMBDA>; }")):
        evaluator = Evaluator(QuietWorld())
        value = run_deep(lambda: evaluator.import_value(f"{tmp_path}/a.nix", is_exact=is_exact))  # noqa: B023
        assert show_value(value, strict=False) == shown


def test_the_same_in_xml() -> None:
    evaluator = Evaluator(QuietWorld())
    value = run_deep(lambda: evaluator.eval_text("{ a = [ 1 ]; b = 1; }", is_exact=True))
    text = to_xml(value, strict=False, show_positions=False)
    assert "<unevaluated />" in text
    assert '<int value="1" />' in text


@pytest.mark.oracle
@pytest.mark.skipif(not NIX or not is_recent(NIX), reason="there is no nix-instantiate of 2.26 ($NIX_INSTANTIATE)")
@pytest.mark.parametrize("expression", KNOWN)
def test_nix_leaves_the_same(expression: str) -> None:
    command = [NIX, "--eval", "--readonly-mode", "--store", "dummy://", "-E", expression]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip("\n") == KNOWN[expression]
