"""The code that comes with osconf: used where it fits, left alone where it does not, never changed by reading."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import osconf

ROOT = Path(osconf.__file__).parents[1]
REPORT = """
import sys
from pathlib import Path
from osconf.lang import evaluator as e
from osconf.lang.world import PureWorld
translated = []
compile_source = e.compile_source
def watch(source, *arguments, **options):
    translated.append(source.label)
    return compile_source(source, *arguments, **options)
e.compile_source = watch
evaluator = e.Evaluator(PureWorld())
print(e.run_deep(lambda: evaluator.eval_text("(import <osconf/lib>).concatStringsSep \\", \\" [ \\"a\\" \\"b\\" ]")))
print(len([label for label in translated if label != "«string»"]))
"""


def run(tree: Path, *arguments: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=tree, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.splitlines()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An osconf with a library and no modules."""
    shutil.copytree(ROOT / "osconf", tmp_path / "osconf", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "lib", tmp_path / "lib")
    return tmp_path


def test_code_that_comes_along_is_used(tree: Path) -> None:
    without = run(tree, "-c", REPORT)
    assert without[0] == "a, b"
    assert int(without[1]) >= 3
    run(tree, "-m", "osconf.rebuild.precompile")
    entries = sorted(file for file in (tree / ".cache/code").rglob("*") if file.is_file())
    for entry in entries:
        os.utime(entry, (1, 1))
    assert run(tree, "-c", REPORT) == ["a, b", "0"]
    assert {entry.stat().st_mtime for entry in entries} == {1}
    # A text that was changed since is translated, the others are not.
    strings = tree / "lib/strings.nix"
    strings.write_text(strings.read_text() + "\n")
    assert run(tree, "-c", REPORT) == ["a, b", "1"]
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    assert run(tree, "-c", REPORT) == without
