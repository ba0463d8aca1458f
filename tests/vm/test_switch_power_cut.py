"""The power goes while a machine switches, goes back and forgets a generation: it always has a whole system to boot.

Every cut is looked at twice: as GRUB does, which reads the disk without replaying the journal, and as the kernel does.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from osconf.model.hashes import Hash, hash_bytes
from osconf.store.local import LocalStore
from osconf.store.profiles import Profile
from osconf.vm.block_log import BlockLog, DiskReplay, PowerCut, plan_power_cuts
from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import osconf
from tests.durability.disks import (
    first_partition,
    layered,
    missing_for_grub,
    missing_for_recording,
    mounted,
    read_as_grub,
    repair_file_system,
    run,
)
from tests.vm.outside import SshKey

MISSING = missing_for_recording() or missing_for_grub()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING != "", reason=MISSING)]

BASE = """{{ pkgs, ... }}: {{
  imports = [ <osconf/modules/virtualisation/disk-image.nix> ];
  networking.hostName = "cut";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/disk/by-label/osconf";
  virtualisation.testShell.enable = true;
  services.openssh.enable = true;
  users.users.root.openssh.authorizedKeys.keys = [ "{key}" ];
  system.stateVersion = "0.1";
  {extra}
}}"""
# Another initrd, so that the new menu names a new file.
SECOND = 'boot.initrd.availableKernelModules = [ "virtio_balloon" ]; environment.etc.page.text = "second";'
MENU = "/boot/grub/grub.cfg"
CUTS = 120


class Judge:
    """What must hold on the machine's disk."""

    def __init__(self, menus: list[str], built: Path) -> None:
        self.menus = menus
        self.built = built
        self.files: dict[str, Hash] = {}
        self.before: set[str] = set()
        self.problems: list[str] = []
        self.seen: Counter[str] = Counter()

    def judge_boot(self, read: Callable[[str], bytes | None], who: str, what: str) -> None:
        """The menu is one of the whole texts, and what it boots is there."""
        text = (read(MENU) or b"").decode(errors="replace")
        if text not in self.menus:
            self.problems.append(f"{what}: to {who} the menu is none of the whole texts, but {text[:200]!r}")
            return
        self.seen[f"{who}: menu {self.menus.index(text)}"] += 1
        for file in re.findall(r"^\s*(?:linux|initrd) (\S+)", text, re.MULTILINE):
            if file not in self.files:
                self.files[file] = hash_bytes("sha256", (self.built / file[1:]).read_bytes())
            data = read(file)
            if data is None:
                self.problems.append(f"{what}: to {who} '{file}', which the menu names, is not there")
            elif hash_bytes("sha256", data) != self.files[file]:
                self.problems.append(f"{what}: to {who} '{file}', which the menu names, is damaged")

    def judge_store(self, root: Path, what: str) -> None:
        """Generations lead to valid systems, and what the switch brought is whole."""
        with LocalStore.open(root, durable=False) as store:
            valid = set(store.valid_paths())
            profile = Profile(store.layout.profiles / "system")
            generations = profile.generations()
            if not any(generation.is_current for generation in generations):
                self.problems.append(f"{what}: the profile leads to no generation")
            for generation in generations:
                if generation.target not in valid:
                    self.problems.append(f"{what}: generation {generation.number} is not a valid system")
            report = store.verify()
            changed = store.verify(check_contents=True, paths=valid - self.before).changed
            wrong = [*report.missing, *report.database, *changed]
            self.problems += [f"{what}: {text} is not sound" for text in wrong]
            self.seen[f"{len(generations)} generations"] += 1
            self.seen["leftovers"] += bool(report.unregistered)


def read_below(root: Path, file: str) -> bytes | None:
    """A file of a mounted system; None when it is not there."""
    try:
        return (root / file[1:]).read_bytes()
    except FileNotFoundError:
        return None


def test_a_switch_survives_power_cuts(
    boot_image, build_system, vm_lock: Path, tmp_path: Path, ssh_key: SshKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = vm_lock / "cut-first.nix", vm_lock / "cut-second.nix"
    first.write_text(BASE.format(key=ssh_key.public, extra=""))
    second.write_text(BASE.format(key=ssh_key.public, extra=SECOND))
    record, raw = tmp_path / "disk.log", tmp_path / "base.raw"
    machine: Machine = boot_image(first, ports=(22,), log=record)
    (image,) = build_system(first, "image").glob("*.qcow2")
    run("qemu-img", "convert", "-O", "raw", str(image), str(raw))
    (port,) = machine.forwards
    monkeypatch.setenv("OSCONF_SSHOPTS", " ".join(ssh_key.options))

    def menu() -> str:
        return machine.succeed(f"cat {MENU}")

    machine.wait_for_running()
    machine.succeed("sync")
    begin = record.stat().st_size
    menus = [menu()]
    osconf("switch", "-c", str(second), "--target-host", f"root@127.0.0.1:{port}")
    menus.append(menu())
    assert "second" in machine.succeed("cat /etc/page")
    machine.succeed("osconf rollback", timeout=300)
    menus.append(menu())
    machine.succeed("osconf generations delete 2", "osconf gc", timeout=300)
    menus.append(menu())
    machine.succeed("sync")
    machine.kill()

    assert len(set(menus)) > 2
    judge = Judge(menus, Path(os.environ["OSCONF_STORE"]))
    cut_power(record, begin, raw, tmp_path, judge)
    print(dict(judge.seen))
    assert not judge.problems, f"{len(judge.problems)} problems:\n" + "\n".join(judge.problems[:40])


def cut_power(record: Path, begin: int, raw: Path, state: Path, judge: Judge) -> None:
    """Judge the disk that began as `raw` after power cuts from a size of the log on."""
    log = BlockLog.read(record)
    start = log.count_at(begin)
    replay = DiskReplay(log, raw)
    replay.advance(PowerCut(start))
    with (
        layered(raw, state) as disk,
        first_partition(disk) as partition,
        mounted(partition, state / "mount", "rw") as root,
        LocalStore.open(root, durable=False) as store,
    ):
        judge.before.update(store.valid_paths())
    for cut in plan_power_cuts(log, CUTS, start=start, seed=1):
        replay.advance(cut)
        with layered(raw, state) as disk:
            replay.add_survivors(cut, disk)
            with first_partition(disk) as partition:
                judge.judge_boot(partial(read_as_grub, partition), "GRUB", str(cut))
                judge.problems += [f"{cut}: e2fsck: {line}" for line in repair_file_system(partition).splitlines()]
                with mounted(partition, state / "mount", "rw") as root:
                    judge.judge_boot(partial(read_below, root), "Linux", str(cut))
                    judge.judge_store(root, str(cut))
