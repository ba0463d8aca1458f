"""Copying 500 paths over a line with 50 ms of delay each way: a few messages, however many paths there are."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from osconf.store.local import LocalStore

ROOT = Path(__file__).parents[2]
COUNT = 500
DELAY = 0.05


def fill(root: Path, count: int = COUNT) -> str:
    """A closure of small paths, half of them below others; its top."""
    with LocalStore.open(root, durable=False) as store:
        paths: list[str] = []
        for number in range(count - 1):
            references = paths[number // 2 : number // 2 + 2]
            paths.append(store.add_text(f"p{number}", " ".join([str(number), *references]).encode(), references))
        return store.add_text("top", " ".join(paths).encode(), paths)


class Line:
    """Two stores, and an `ssh` from the one to the other."""

    def __init__(self, directory: Path) -> None:
        self.here, self.there = directory / "here", directory / "there"
        self.log = directory / "turns"
        programs = directory / "bin"
        programs.mkdir()
        python = shlex.quote(sys.executable)
        for name, words in (
            ("osconf", "-m osconf.cli"),
            ("ssh", shlex.quote(str(ROOT / "tests/functional/slow_ssh.py"))),
        ):
            (programs / name).write_text(f'#!/bin/sh\nexec {python} {words} "$@"\n')
            (programs / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "OSCONF_STORE": str(self.here),
            "SLOW_STORE": str(self.there),
            "SLOW_LOG": str(self.log),
        }

    def copy(self, *arguments: str, delay: float = DELAY, code: int = 0) -> tuple[float, int, str]:
        """Seconds, turns of the conversation, and what was said."""
        environment = {**self.environment, "SLOW_DELAY": str(delay)}
        started = time.monotonic()
        done = subprocess.run(
            ["osconf", "copy", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        return time.monotonic() - started, int(self.log.read_text().split()[-1]), done.stderr


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


@pytest.mark.parametrize("direction", ["--to", "--from"])
def test_five_hundred_paths_cost_a_few_messages(line: Line, direction: str, tmp_path: Path) -> None:
    source, target = (line.here, line.there) if direction == "--to" else (line.there, line.here)
    top = fill(source)
    took, turns, said = line.copy(direction, "ssh://there", top)
    assert turns <= 5
    assert said.count("copied ") == COUNT
    assert took < COUNT * DELAY, "less than one delay for each path"
    with LocalStore.open(target, durable=False) as store, LocalStore.open(source, durable=False) as original:
        assert store.closure([top]) == original.closure([top])
        assert store.verify(check_contents=True).is_sound
    _, turns, said = line.copy(direction, "ssh://there", top)
    assert turns <= 5 and "copied" not in said


def test_only_what_is_missing_travels(line: Line) -> None:
    fill(line.there, 20)
    fill(line.here, 20)
    top = fill(line.there, 30)
    _, _, said = line.copy("--from", "ssh://there", top, delay=0)
    assert said.count("copied ") == 11


def test_a_path_that_is_not_there_is_named(line: Line) -> None:
    top = fill(line.here, 2)
    _, _, said = line.copy("--from", "ssh://there", top, delay=0, code=1)
    assert f"'{top}' is not valid" in said
