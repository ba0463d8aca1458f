"""Many processes on one store: 16 build what overlaps, one collects garbage all the while."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from osconf.store.local import LocalStore

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("builders", "rounds", "durable", "limit"),
    [
        pytest.param(6, 2, False, 120, id="short"),
        pytest.param(16, 25, True, 1500, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_builders_and_a_collector(tmp_path: Path, builders: int, rounds: int, durable: bool, limit: float) -> None:
    root = tmp_path / "root"

    def start(kind: str, seed: int) -> subprocess.Popen[str]:
        module = [sys.executable, "-m", "tests.functional.contention_process"]
        arguments = [kind, root, tmp_path, seed, rounds, durable]
        with (tmp_path / f"{kind}-{seed}.log").open("w") as log:
            return subprocess.Popen([*module, *map(str, arguments)], cwd=ROOT, stdout=log, stderr=log, text=True)

    started = time.monotonic()
    collector = start("collect", 0)
    processes = [start("build", seed) for seed in range(builders)]
    try:
        for seed, process in enumerate(processes):
            left = max(1, limit - (time.monotonic() - started))
            assert process.wait(left) == 0, (tmp_path / f"build-{seed}.log").read_text()
    finally:
        (tmp_path / "stop").touch()
        for process in processes:
            process.kill()
            process.wait()
    assert collector.wait(120) == 0, (tmp_path / "collect-0.log").read_text()

    found = json.loads((tmp_path / "removed.json").read_text())
    runs = Counter((tmp_path / "runs").read_text().splitlines())
    assert runs and found["rounds"] > 1
    # One output of two may be removed alone; then both are built again.
    removed = {outputs: sum(found["removed"].get(path, 0) for path in outputs.split()) for outputs in runs}
    twice = {outputs: number for outputs, number in runs.items() if number > 1 + removed[outputs]}
    assert not twice, f"built more often than it was removed: {twice}"
    said = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    assert "Traceback" not in said and "database" not in said, said
    with LocalStore.open(root, durable=False) as store:
        report = store.verify(check_contents=True)
        assert report.is_sound and not report.unregistered
        store.collect_garbage()
        assert store.valid_paths() == []
        for leftovers in (store.layout.temporary, store.layout.trash, store.layout.locks, store.layout.temporary_roots):
            assert [file for file in leftovers.iterdir() if not file.name.startswith(str(os.getpid()))] == []
