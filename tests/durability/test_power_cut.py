"""Power cuts while a store works, on a recorded disk: after any of them the store is sound and the next run cleans up.

The store works on a file system whose disk QEMU records; then the disk is made as each of many power cuts would have
left it, and looked at. The same with a real machine is in tests/vm.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from osconf.vm.block_log import BlockLog, DiskReplay, copy_sparse, plan_power_cuts
from tests.durability.disks import make_file_system, missing_for_recording, mounted, recorded, repair_file_system
from tests.durability.judge import judge_store
from tests.durability.work import Promises, work

pytestmark = pytest.mark.skipif(missing_for_recording() != "", reason=missing_for_recording())
MEMORY = Path("/dev/shm")


@pytest.mark.parametrize(
    ("cuts", "turns", "sandbox"), [(20, 1, False), pytest.param(400, 3, True, marks=pytest.mark.slow)]
)
def test_a_store_survives_power_cuts(tmp_path: Path, cuts: int, turns: int, sandbox: bool) -> None:
    base, image = tmp_path / "base.img", tmp_path / "disk.img"
    make_file_system(base, 64)
    copy_sparse(base, image)
    promised: list[tuple[int, frozenset[str]]] = [(0, frozenset())]
    with recorded(image, tmp_path) as disk:

        def listen(paths: frozenset[str]) -> None:
            promised.append((disk.log.stat().st_size, paths))

        promises = Promises(listen)
        for turn in range(turns):
            work(disk.root, turn, promises, sandbox=sandbox)
    log = BlockLog.read(tmp_path / "log")
    since = [(log.count_at(size), paths) for size, paths in promised]

    replay = DiskReplay(log, base)
    memory = MEMORY if MEMORY.is_dir() else tmp_path
    copy = memory / f"osconf-power-cut-{os.getpid()}.img"
    seen: Counter[str] = Counter()
    problems = []
    try:
        for number, cut in enumerate(plan_power_cuts(log, cuts, seed=1)):
            replay.write_image(cut, copy)
            broken = repair_file_system(copy)
            assert not broken, f"{cut}: {broken}"
            wanted = next(paths for count, paths in reversed(since) if count <= cut.at)
            with mounted(copy, disk.root) as root:
                verdict = judge_store(root, wanted, turns - 1, build_first=number % 2 == 0, sandbox=False)
            problems += [f"{cut}: {problem}" for problem in verdict.problems]
            seen.update(cuts=1, valid=bool(verdict.valid), leftovers=bool(verdict.leftovers), torn=cut.torn is not None)
    finally:
        copy.unlink(missing_ok=True)
    print(f"{len(log.requests)} requests, {len(log.flushes)} flushes: {dict(seen)}")
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])
    assert seen["cuts"] == cuts and seen["leftovers"] > 0
