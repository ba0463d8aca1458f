"""Recursion ends where memory ends, not where Python's own limits are: on this Python and on the one systems have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from depth_cases import CASES, text_of
from language import show, try_show

ROOT = Path(__file__).parents[2]
# Nix stops at 10000 calls unless it is told otherwise.
DEPTH = 20_000
# Its text grows with the square of the depth, for the indentation.
DEPTHS = {"toXML": 2_000}


@pytest.mark.parametrize("name", CASES)
def test_depth(name: str) -> None:
    text, value = text_of(name, DEPTHS.get(name, DEPTH))
    shown = show(text)
    assert shown.startswith(value.removesuffix("…")) if value.endswith("…") else shown == value


@pytest.mark.parametrize(
    "text",
    [
        "let f = n: 1 + f (n + 1); in f 0",
        "let f = { __functor = self: n: 1 + self n; }; in f 0",
        'let f = n: builtins.concatStringsSep "" (map f [ n ]); in f 0',
        "let f = n: { outPath = f n; }; in toString (f 0)",
    ],
)
def test_endless_recursion_is_a_mistake_like_others(text: str) -> None:
    kind, message = try_show(text)
    assert (kind, message.partition(";")[0]) == ("error", "stack overflow")


@pytest.mark.slow
@pytest.mark.archive
def test_the_language_on_the_python_of_the_systems(tmp_path: Path) -> None:
    packages = ("python3.13", "python3-pytest", "python3-hypothesis", "python3-click", "python3-lark")
    tests = "python3.13 -m pytest -q -p no:cacheprovider -c /dev/null --rootdir . --import-mode=importlib"
    chosen = "tests/lang tests/unit/lang -k 'not python_of_the_systems and not oracle and not nix'"
    command = [sys.executable, "-m", "osconf.cli", "shell"]
    command += [part for name in packages for part in ("-p", name)]
    command += ["--run", f"cd {ROOT} && PYTHONPATH=. {tests} {chosen}"]
    environment = {"OSCONF_STORE": str(tmp_path / "store"), **os.environ, "NIX_INSTANTIATE": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
