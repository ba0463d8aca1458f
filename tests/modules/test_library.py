"""The library in the language does what it documents, in osconf's evaluator and in the real one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import osconf

sys.path.insert(0, str(Path(__file__).parent))
from module_language import evaluate

HERE = Path(__file__).parent / "library"
TREE = Path(osconf.__file__).parent.parent
THEMES = sorted(path.stem for path in HERE.glob("*.nix"))


def failures(theme: str, lib: str) -> str:
    return f"let lib = {lib}; in lib.runTests (import {HERE / f'{theme}.nix'} {{ inherit lib; }})"


@pytest.mark.parametrize("theme", THEMES)
def test_library_does_what_it_documents(theme: str) -> None:
    assert json.loads(evaluate(failures(theme, "import <osconf/lib>"))) == []


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("nix-instantiate") is None, reason="needs the real nix-instantiate")
@pytest.mark.parametrize("theme", THEMES)
def test_real_nix_agrees(theme: str) -> None:
    command = ["nix-instantiate", "--eval", "--strict", "--json", "-E", failures(theme, f"import {TREE / 'lib'}")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == []
