"""The language, case by case: `cases/X.nix` has the value in `X.expected`, `errors/X.nix` fails as `X.expected` says.

`ACCEPT=1 pytest tests/lang/test_cases.py` writes what comes out as expected, for review. With the real Nix at hand
(marker `oracle`), what is expected of the cases is what Nix prints.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from osconf.errors import OsconfError
from osconf.lang.diagnose import render_error
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.show import show_value

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from language import QuietWorld, find_nix, is_recent  # noqa: E402 - the folder is no package

CASES = sorted((HERE / "cases").glob("*.nix"))
ERRORS = sorted((HERE / "errors").glob("*.nix"))
NIX = find_nix()
REFUSED_SINCE_2_26 = {"integer-overflow"}
PLACE = "/tests"


def compare(file: Path, text: str) -> None:
    """Compare with the expected text, or accept it."""
    expected = file.with_suffix(".expected")
    text = text.replace(str(file.parent), PLACE) + "\n"
    if os.environ.get("ACCEPT"):
        expected.write_text(text)
    assert text == expected.read_text()


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_value(file: Path) -> None:
    evaluator = Evaluator(QuietWorld())
    compare(file, run_deep(lambda: str(show_value(evaluator.deep_force(evaluator.eval_file(file))))))


@pytest.mark.parametrize("file", ERRORS, ids=lambda file: file.stem)
def test_error(file: Path) -> None:
    evaluator = Evaluator(QuietWorld())
    with pytest.raises(OsconfError) as caught:
        run_deep(lambda: evaluator.deep_force(evaluator.eval_file(file)))
    compare(file, render_error(caught.value))


@pytest.mark.oracle
@pytest.mark.skipif(not NIX, reason="nix-instantiate is not installed (Debian package nix-bin)")
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_value_is_what_nix_gives(file: Path) -> None:
    done = subprocess.run(
        [str(NIX), "--eval", "--strict", str(file)], capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.replace(str(file.parent), PLACE) == file.with_suffix(".expected").read_text()


@pytest.mark.oracle
@pytest.mark.skipif(not NIX, reason="nix-instantiate is not installed (Debian package nix-bin)")
@pytest.mark.parametrize("file", ERRORS, ids=lambda file: file.stem)
def test_nix_refuses_the_same(file: Path) -> None:
    if file.stem in REFUSED_SINCE_2_26 and not is_recent(NIX):
        pytest.skip("older ones have a value for it")
    done = subprocess.run([str(NIX), "--eval", "--strict", str(file)], capture_output=True, check=False)
    assert done.returncode != 0
