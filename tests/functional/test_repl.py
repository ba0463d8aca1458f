"""The REPL as a program: answers line by line, survives Ctrl-C, obeys the switches of the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ENDLESS = "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }"


def start(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "osconf.cli", "repl", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "OSCONF_STORE": str(tmp_path / "store")},
    )


@pytest.fixture
def repl(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(tmp_path)
    yield process
    process.kill()
    process.wait()


def say(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def test_control_c_stops_the_evaluation_and_nothing_else(repl: subprocess.Popen[str]) -> None:
    say(repl, "x = 20")
    say(repl, ENDLESS)
    time.sleep(2.5)
    repl.send_signal(signal.SIGINT)
    time.sleep(0.5)
    output, _ = repl.communicate("x + 22\n:q\n", timeout=30)
    assert "interrupted" in output
    assert "42" in output
    assert repl.returncode == 0


def test_mistakes_do_not_end_it(repl: subprocess.Popen[str]) -> None:
    output, _ = repl.communicate("{ a = 1; }.b\n1 +\n\n[ 1\n2 ]\n", timeout=30)
    assert "attribute 'b' missing" in output
    assert "ends too early" in output
    assert "[\n  1\n  2\n]" in output
    assert repl.returncode == 0


def test_pipe_operators_are_allowed_on_request(tmp_path: Path) -> None:
    process = start(tmp_path, "--extra-experimental-features", "nix-command pipe-operators")
    output, _ = process.communicate("[ 1 2\n3 ] |> builtins.length\n", timeout=30)
    assert "3" in output.splitlines()[-2:][0]
    output, _ = start(tmp_path).communicate("1 |> toString\n", timeout=30)
    assert "experimental feature 'pipe-operators' is disabled" in output
