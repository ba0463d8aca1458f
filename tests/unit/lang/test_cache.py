"""The cache of compiled code: used when it fits, ignored when it does not, never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from osconf.lang import evaluator as evaluator_module
from osconf.lang.cache import DAY, MAGIC, DiskCache
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


@pytest.mark.parametrize("damage", [b"", b"garbage", MAGIC + b"x" * 200])
def test_damaged_entries_are_ignored(file: Path, tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "cache"
    evaluate(file, cache)
    entries = [entry for entry in cache.rglob("*") if len(entry.name) == 40]
    assert entries
    for entry in entries:
        entry.write_bytes(damage)
    assert evaluate(file, cache) == 42
    assert all(entry.read_bytes() != damage for entry in entries)


def test_a_folder_that_cannot_be_written_is_no_error(file: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    assert evaluate(file, blocked / "cache") == 42


def test_an_entry_of_another_text_is_ignored(file: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    evaluate(file, cache)
    other = tmp_path / "other.nix"
    other.write_text("43")
    evaluate(other, tmp_path / "other-cache")
    foreign = next(path for path in (tmp_path / "other-cache").rglob("*") if len(path.name) == 40)
    for entry in [path for path in cache.rglob("*") if len(path.name) == 40]:
        entry.write_bytes(foreign.read_bytes())
    assert evaluate(file, cache) == 42


def test_processes_share_a_cache(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.nix").write_text(f"let f = x: x + {number}; in f 1")
    (tmp_path / "all.nix").write_text(f"[ {' '.join(f'(import ./{number}.nix)' for number in range(30))} ]")
    program = (
        "from pathlib import Path; import sys; sys.path[:] = sys.argv[3:]\n"
        "from osconf.lang.evaluator import *; from osconf.lang.world import PureWorld\n"
        "from osconf.lang.show import show_value\n"
        "e = Evaluator(PureWorld(), settings=EvalSettings(cache_dir=Path(sys.argv[1])))\n"
        "print(run_deep(lambda: show_value(e.eval_file(sys.argv[2]))))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache"), str(tmp_path / "all.nix"), *sys.path]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    expected = f"[ {' '.join(str(number + 1) for number in range(30))} ]\n"
    assert [process.communicate(timeout=60)[0] for process in processes] == [expected] * 3
    assert len([entry for entry in (tmp_path / "cache").rglob("*") if len(entry.name) == 40]) == 31
    assert not list(tmp_path.rglob(".new-*"))


def test_what_is_old_or_too_much_goes(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=2500)
    names = [cache.key([str(number)]) for number in range(4)]
    for age, name in enumerate(names):
        cache.save(name, "x" * 1000)
        used = time.time() - 2 * DAY * age
        os.utime(tmp_path / name[:2] / name, (used, used))
    cache.prune()
    assert [cache.load(name) is not None for name in names] == [True, True, False, False]
    # What was read counts as used; nothing is looked at again on the same day.
    assert (tmp_path / names[1][:2] / names[1]).stat().st_mtime > time.time() - DAY
    cache.save(names[2], "x" * 2000)
    cache.prune()
    assert cache.load(names[2]) is not None
