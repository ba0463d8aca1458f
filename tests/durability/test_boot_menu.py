"""Power cuts while the boot menu is replaced, seen by GRUB's own code, which knows no journal.

Kernels come and go beside the menu, as they do when a machine switches and collects garbage.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from osconf.activation import bootmenu
from osconf.host.files import Files
from osconf.host.mounts import RealMounts
from osconf.store.canonical import sync_filesystem
from osconf.vm.block_log import BlockLog, DiskReplay, copy_sparse, plan_power_cuts
from tests.durability.disks import make_file_system, missing_for_grub, missing_for_recording, read_as_grub, recorded

MISSING = missing_for_recording() or missing_for_grub()
pytestmark = pytest.mark.skipif(MISSING != "", reason=MISSING)
MENU = "/boot/grub/grub.cfg"
FIRST = b"first\n"


def kernel(number: int) -> bytes:
    """What is in the kernel of a generation."""
    return hashlib.sha256(bytes([number])).digest() * 9000


def replace_menus(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, *, checkpoint: bool) -> int:
    """Record menus being replaced; gives the size of the log when the first one was in place."""
    image = tmp_path / "disk.img"
    copy_sparse(base, image)
    with recorded(image, tmp_path) as disk:
        files = Files(str(disk.root))
        if checkpoint:
            monkeypatch.setattr(bootmenu, "_reach_disk", lambda _host: RealMounts().checkpoint(f"{disk.root}/boot"))
        for folder in ("/boot/grub", "/store", "/var"):
            files.make_dirs(folder)
        files.write(MENU, FIRST, sync=True)
        RealMounts().checkpoint(str(disk.root))
        begin = disk.log.stat().st_size
        for number in range(8):
            folder = disk.root / f"store/{number}"
            folder.mkdir()
            (folder / "kernel").write_bytes(kernel(number))
            sync_filesystem(disk.root)
            text = f"{number}\n".encode() * 3000
            bootmenu._replace_menu(SimpleNamespace(files=files), MENU, text)  # type: ignore[arg-type]
            shutil.rmtree(disk.root / f"store/{number - 1}", ignore_errors=True)
            for other in range(20):
                (disk.root / f"var/{number}-{other}").write_bytes(os.urandom(9000))
            if number % 3 == 0:
                sync_filesystem(disk.root)
    return begin


def boot_after(tmp_path: Path, base: Path, begin: int, count: int) -> Counter[str]:
    """What GRUB finds after so many power cuts."""
    log = BlockLog.read(tmp_path / "log")
    replay = DiskReplay(log, base)
    image = tmp_path / "cut.img"
    found: Counter[str] = Counter()
    for cut in plan_power_cuts(log, count, start=log.count_at(begin), seed=1):
        replay.write_image(cut, image)
        menu = read_as_grub(image, MENU)
        number = (menu or b"").partition(b"\n")[0].decode(errors="replace")
        if menu is None:
            found["no menu"] += 1
        elif menu == FIRST:
            found["first menu"] += 1
        elif not number.isdigit() or menu != f"{number}\n".encode() * 3000:
            found["torn menu"] += 1
        elif read_as_grub(image, f"/store/{number}/kernel") != kernel(int(number)):
            found["no kernel"] += 1
        else:
            found["whole"] += 1
    return found


@pytest.mark.parametrize("cuts", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_grub_always_finds_a_whole_menu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: int) -> None:
    base = tmp_path / "base.img"
    make_file_system(base, 64)
    begin = replace_menus(tmp_path, base, monkeypatch, checkpoint=True)
    found = boot_after(tmp_path, base, begin, cuts)
    print(dict(found))
    assert found["whole"] > cuts / 2
    assert found["whole"] + found["first menu"] == cuts


def test_a_menu_in_the_journal_alone_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # When the kernel brings the journal home by itself, in good time, nothing is wrong: not in five recordings.
    for attempt in range(5):
        place = tmp_path / str(attempt)
        place.mkdir()
        base = place / "base.img"
        make_file_system(base, 64)
        begin = replace_menus(place, base, monkeypatch, checkpoint=False)
        found = boot_after(place, base, begin, 30)
        if found["torn menu"] + found["no menu"] + found["no kernel"]:
            return
    pytest.fail(f"no menu was damaged, though nothing brought it home: {dict(found)}")
