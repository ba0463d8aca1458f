"""`lib.fileset.trace` prints the files of a set as a tree: only what is there, whole directories in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.world import PureWorld


class TracingWorld(PureWorld):
    """Keeps what is traced."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def trace(self, text: str) -> None:
        self.lines.append(text.removeprefix("trace: "))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for folder in ("a/b", "empty", "whole/x"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("Makefile", "a/one", "a/b/two", "a/b/three", "whole/x/y", "whole/z"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("fileset", "shown"),
    [
        ("./.", [" (all files in directory)"]),
        ("./Makefile", ["", "- Makefile (regular)"]),
        ("union ./a/b ./whole", ["", "- a", "  - b (all files in directory)", "- whole (all files in directory)"]),
        ("union ./a/b/two ./a/one", ["/a", "- b", "  - two (regular)", "- one (regular)"]),
        ("union ./a/one ./a/b", ["/a (all files in directory)"]),
        ("./empty", ["(empty)"]),
        ("unions [ ]", ["(empty)"]),
        ("difference ./. ./.", ["(empty)"]),
    ],
)  # fmt: skip
def test_trace_shows_a_tree(files: Path, fileset: str, shown: list[str]) -> None:
    world = TracingWorld()
    text = f"let inherit (import <osconf/lib>) fileset; in with fileset; trace ({fileset}) 1"
    assert run_deep(lambda: Evaluator(world).eval_text(text, base_dir=str(files))) == 1
    first, *rest = shown
    assert world.lines == [first if first == "(empty)" else f"{files}{first}", *rest]
