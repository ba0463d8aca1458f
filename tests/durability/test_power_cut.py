"""Power cuts while a store works, on a recorded disk: after any of them the store is sound and the next run cleans up.

The store works on a file system whose disk QEMU records; then the disk is made as each of many power cuts would have
left it, and looked at. The same with a whole machine is in tests/vm.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.store import local
from osconf.vm.block_log import copy_sparse
from tests.durability.disks import make_file_system, missing_for_recording, recorded
from tests.durability.power_cuts import Timeline, judge_power_cuts
from tests.durability.work import Promises, work

pytestmark = pytest.mark.skipif(missing_for_recording() != "", reason=missing_for_recording())


def cut_power(tmp_path: Path, cuts: int, turns: int, *, sandbox: bool) -> str:
    """Let a store work on a recorded disk, then judge it after so many power cuts; gives the figures."""
    base, image = tmp_path / "base.img", tmp_path / "disk.img"
    make_file_system(base, 64)
    copy_sparse(base, image)
    with recorded(image, tmp_path) as disk:
        timeline = Timeline(disk.log)
        promises = Promises(timeline.note)
        for turn in range(turns):
            work(disk.root, turn, promises, sandbox=sandbox)
    return judge_power_cuts(timeline, base, cuts, disk.root, turn=turns)


@pytest.mark.parametrize(
    ("cuts", "turns", "sandbox"), [(20, 1, False), pytest.param(400, 3, True, marks=pytest.mark.slow)]
)
def test_a_store_survives_power_cuts(tmp_path: Path, cuts: int, turns: int, sandbox: bool) -> None:
    print(cut_power(tmp_path, cuts, turns, sandbox=sandbox))


def test_a_store_that_does_not_sync_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "sync_filesystem", lambda _path: None)
    with pytest.raises(AssertionError, match="is valid and damaged"):
        cut_power(tmp_path, 12, 1, sandbox=False)
