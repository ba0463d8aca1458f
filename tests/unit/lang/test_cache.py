"""The cache of compiled code: used when it fits, ignored when it does not, never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.lang import evaluator as evaluator_module
from osconf.lang.evaluator import EvalSettings, Evaluator, run_deep
from osconf.lang.world import PureWorld


def evaluate(file: Path, cache: Path) -> object:
    def work() -> object:
        evaluator = Evaluator(PureWorld(), settings=EvalSettings(cache_dir=cache))
        return evaluator.deep_force(evaluator.eval_file(file))

    return run_deep(work)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.nix"
    path.write_text("let f = x: y: x * y; in (rec { a = f 6 7; }).a")
    return path


def test_a_second_run_compiles_nothing(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert evaluate(file, tmp_path / "cache") == 42

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(evaluator_module, "compile_source", refuse)
    monkeypatch.setattr("builtins.compile", refuse)
    assert evaluate(file, tmp_path / "cache") == 42


def test_a_changed_text_is_compiled(file: Path, tmp_path: Path) -> None:
    evaluate(file, tmp_path / "cache")
    file.write_text("43")
    assert evaluate(file, tmp_path / "cache") == 43


@pytest.mark.parametrize("damage", [b"", b"garbage", b"osconf-code-1\n" + b"x" * 200])
def test_damaged_entries_are_ignored(file: Path, tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "cache"
    evaluate(file, cache)
    entries = [entry for entry in cache.rglob("*") if entry.is_file()]
    assert entries
    for entry in entries:
        entry.write_bytes(damage)
    assert evaluate(file, cache) == 42
    assert all(entry.read_bytes() != damage for entry in entries)


def test_a_folder_that_cannot_be_written_is_no_error(file: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    assert evaluate(file, blocked / "cache") == 42
