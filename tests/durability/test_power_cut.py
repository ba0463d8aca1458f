"""Power cuts while a store works, on a recorded disk: after any of them the store is sound and the next run cleans up.

The store works on a file system whose disk QEMU records; then the disk is made as each of many power cuts would have
left it, and looked at. The same with a whole machine is in tests/vm.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.store import registrar
from osconf.store.local import LocalStore
from osconf.vm.block_log import BlockLog, DiskReplay, copy_sparse, plan_power_cuts
from tests.durability.disks import make_file_system, missing_for_recording, mounted, recorded, repair_file_system
from tests.durability.power_cuts import Timeline, judge_power_cuts
from tests.durability.work import Promises, work
from tests.unit.model.oracle import has_nix

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
    monkeypatch.setattr(registrar, "sync_filesystem", lambda _path: None)
    with pytest.raises(AssertionError, match="is valid and damaged"):
        cut_power(tmp_path, 12, 1, sandbox=False)


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.skipif(not has_nix(), reason="no nix-store here")
def test_the_real_nix_loses_paths_at_the_same_cuts(tmp_path: Path) -> None:
    """What this store has and Nix has not by default: both add the same trees on recorded disks."""
    trees = [tmp_path / f"tree-{number}" for number in range(5)]
    for tree in trees:
        tree.mkdir()
        for number in range(5):
            (tree / str(number)).write_bytes(os.urandom(30_000))

    def add_ours(root: Path, tree: Path) -> None:
        with LocalStore.open(root) as store:
            store.add_path(tree, tree.name)

    def damaged_ours(root: Path) -> bool:
        with LocalStore.open(root, durable=False) as store:
            return not store.verify(check_contents=True).is_sound

    def nix_store(root: Path, *words: str) -> str:
        command = ["nix-store", "--store", f"local?root={root}", *words]
        environment = {**os.environ, "NIX_CONF_DIR": str(tmp_path), "NIX_CONFIG": ""}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False).stderr

    def damaged_theirs(root: Path) -> bool:
        found = nix_store(root, "--verify", "--check-contents")
        assert "checking store hashes" in found, found
        return "was modified" in found or "disappeared" in found

    ours = count_damaged(tmp_path / "ours", trees, add_ours, damaged_ours)
    theirs = count_damaged(
        tmp_path / "theirs", trees, lambda root, tree: nix_store(root, "--add", str(tree)), damaged_theirs
    )
    print(f"valid and damaged paths at {ours} of 40 cuts, with nix at {theirs}")
    assert ours == 0 and theirs > 5


def count_damaged(
    state: Path, trees: list[Path], add: Callable[[Path, Path], object], is_damaged: Callable[[Path], bool]
) -> int:
    """At how many of 40 power cuts, while a store adds these trees, it has a valid path that is damaged.

    The first tree is there and safe before; a new store has other things to lose.
    """
    state.mkdir()
    base, image = state / "base.img", state / "disk.img"
    make_file_system(base, 64)
    with mounted(base, state / "root") as root:
        add(root, trees[0])
    copy_sparse(base, image)
    with recorded(image, state) as disk:
        for tree in trees[1:]:
            add(disk.root, tree)
    log = BlockLog.read(disk.log)
    replay = DiskReplay(log, base)
    count = 0
    for cut in plan_power_cuts(log, 40, seed=1):
        replay.write_image(cut, state / "cut.img")
        assert repair_file_system(state / "cut.img") == ""
        with mounted(state / "cut.img", disk.root) as root:
            count += is_damaged(root)
    return count
