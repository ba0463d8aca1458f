"""Random expressions give what the real Nix gives: the same values to the letter, errors where it has errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osconf.errors import OsconfError
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.show import show_value
from osconf.lang.world import PureWorld

sys.path.insert(0, str(Path(__file__).parent))
from expression_strategies import expressions
from language import find_nix

NIX = find_nix()

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not NIX, reason="nix-instantiate is not installed (Debian package nix-bin)"),
]


UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

SHOW = """
let
  show = v:
    let t = builtins.typeOf v; in
    if t == "set" then
      "{" + builtins.concatStringsSep ";" (map (n: "${n}=${show v.${n}}") (builtins.attrNames v)) + "}"
    else if t == "list" then "[" + builtins.concatStringsSep "," (map show v) + "]"
    else if t == "lambda" then "<function>"
    else if t == "string" then "'${v}'"
    else "${t}:${toString v}";
in
"""


def render_batch(texts: Sequence[str]) -> str:
    """One expression that shows the values of several, as strings."""
    return f"{SHOW} [\n" + "\n".join(f"(show (\n{text}\n))" for text in texts) + "\n]"


def evaluate(text: str) -> str | None:
    """What osconf prints for the deeply forced value; None for an error."""

    def work() -> str | None:
        evaluator = Evaluator(PureWorld())
        try:
            return str(show_value(evaluator.deep_force(evaluator.eval_text(text))))
        except OsconfError:
            return None

    return run_deep(work)


def ask_nix(text: str) -> str | None:
    """What Nix prints for the same; None for an error."""
    command = [str(NIX), "--eval", "--strict", "-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    return done.stdout.rstrip(b"\n").decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def compare(texts: Sequence[str]) -> None:
    """Compare each expression; those that have a value go to Nix in one batch."""
    valued = [text for text in texts if evaluate(render_batch([text])) is not None]
    if valued and evaluate(render_batch(valued)) != ask_nix(render_batch(valued)):
        for text in valued:
            assert evaluate(render_batch([text])) == ask_nix(render_batch([text])), text
        pytest.fail("the expressions differ only together")
    for text in texts:
        if text not in valued:
            assert ask_nix(render_batch([text])) is None, f"Nix has a value for: {text}"


@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=UNHURRIED,
)
@given(st.lists(expressions(), min_size=20, max_size=30))
def test_random_expressions(texts: list[str]) -> None:
    """A few hundred expressions, the same ones every time."""
    compare(texts)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, database=None, suppress_health_check=UNHURRIED)
@given(st.lists(expressions(), min_size=20, max_size=40))
def test_thousands_of_random_expressions(texts: list[str]) -> None:
    """Other expressions every time."""
    compare(texts)
