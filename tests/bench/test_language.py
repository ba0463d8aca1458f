"""The language beside the real Nix on the same files: processor time, start-up subtracted, the best of three."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "language").glob("*.nix"))
NIX = shutil.which("nix-instantiate")
BARS = {"fib": 3.0, "lazy": 4.0, "attrs": 4.0, "select": 6.0, "sort": 6.0, "strings": 6.0, "fold": 8.0}
"""How many times longer than Nix each may take; twice the aim, for a machine that has other work."""


def measure(command: list[str]) -> tuple[float, str]:
    """Processor seconds and output of a command."""
    best, output = float("inf"), ""
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best, output


def evaluate_with_osconf(file: str) -> list[str]:
    return [sys.executable, "-m", "osconf.cli", "eval", "--strict", file]


@pytest.mark.skipif(NIX is None, reason="nix-instantiate is not installed (Debian package nix-bin)")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_time_beside_nix(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.nix"
    empty.write_text("1")
    nix = [str(NIX), "--eval", "--strict"]
    theirs, expected = measure([*nix, str(file)])
    ours, given = measure(evaluate_with_osconf(str(file)))
    theirs -= measure([*nix, str(empty)])[0]
    ours -= measure(evaluate_with_osconf(str(empty)))[0]
    with capsys.disabled():
        print(f"\n{file.stem:10} nix {theirs:6.2f} s   osconf {ours:6.2f} s   {ours / max(theirs, 0.01):5.1f}x")
    assert given == expected
    assert ours <= max(theirs, 0.02) * BARS[file.stem]
