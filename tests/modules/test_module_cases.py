"""Pairs of a configuration and what comes of it: `cases/X.nix` with `X.json`, `errors/X.nix` with `X.txt`.

`ACCEPT=1` writes what comes out as what is expected; review it like code.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

import osconf
from osconf.errors import OsconfError
from osconf.lang.diagnose import render_error

sys.path.insert(0, str(Path(__file__).parent))
from module_language import evaluate

HERE = Path(__file__).parent
TREE = str(Path(osconf.__file__).resolve().parent.parent)
CASES = sorted(path for path in (HERE / "cases").glob("*.nix"))
MISTAKES = sorted(path for path in (HERE / "errors").glob("*.nix"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_configuration_gives_expected_value(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    shutil.copytree(case.parent, folder)
    value = json.loads(evaluate(f"import {folder / case.name} {{ lib = import <osconf/lib>; }}", str(folder)))
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    compare_or_accept(case.with_suffix(".json"), text)


@pytest.mark.parametrize("case", MISTAKES, ids=lambda path: path.stem)
def test_mistake_is_explained(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "errors"
    shutil.copytree(case.parent, folder)
    with pytest.raises(OsconfError) as raised:
        evaluate(f"import {folder / case.name} {{ lib = import <osconf/lib>; }}", str(folder))
    text = render_error(raised.value, show_trace=False, color=False).replace(str(folder), "DIR").replace(TREE, "TREE")
    assert "Traceback" not in text
    assert len(text.splitlines()) < 24, "an error fits on one screen"
    compare_or_accept(case.with_suffix(".txt"), text.rstrip("\n") + "\n")


def compare_or_accept(expected: Path, actual: str) -> None:
    """Fail when the expected file differs; write it when the run accepts."""
    if os.environ.get("ACCEPT"):
        expected.write_text(actual)
    assert actual == expected.read_text()
