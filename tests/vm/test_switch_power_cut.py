"""The power goes while a machine switches, goes back and forgets a generation: it always has a whole system to boot.

Every cut is looked at twice: as GRUB does, which reads the disk without replaying the journal, and as the kernel does.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from osconf.model.hashes import hash_file
from osconf.store.local import LocalStore
from osconf.store.profiles import Profile
from osconf.vm.block_log import BlockLog, DiskReplay, PowerCut, plan_power_cuts
from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import osconf
from tests.durability.disks import (
    first_partition,
    layered,
    missing_for_recording,
    mounted,
    repair_file_system,
    run,
)
from tests.vm.outside import SshKey

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(missing_for_recording() != "", reason=missing_for_recording()),
]

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

    def __init__(self, menus: set[str], built: Path) -> None:
        self.menus = menus
        self.built = built
        self.before: set[str] = set()
        self.problems: list[str] = []
        self.seen: Counter[str] = Counter()

    def judge_boot(self, root: Path, what: str) -> None:
        """The menu is one of the whole texts, and what it boots is there."""
        text = (root / MENU[1:]).read_text(errors="replace")
        if text not in self.menus:
            self.problems.append(f"{what}: the menu is none of the whole texts, but {text[:200]!r}…")
            return
        self.seen[f"menu {sorted(self.menus).index(text)} ({what.rpartition(' ')[2]})"] += 1
        for file in re.findall(r"^\s*(?:linux|initrd) (\S+)", text, re.MULTILINE):
            good = self.built / file[1:]
            here = root / file[1:]
            if not here.is_file():
                self.problems.append(f"{what}: the menu names '{file}', which is not there")
            elif hash_file("sha256", here) != hash_file("sha256", good):
                self.problems.append(f"{what}: the menu names '{file}', which is damaged")

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
    menus = {menu()}
    osconf("switch", "-c", str(second), "--target-host", f"root@127.0.0.1:{port}")
    menus.add(menu())
    assert "second" in machine.succeed("cat /etc/page")
    machine.succeed("osconf rollback", timeout=300)
    menus.add(menu())
    machine.succeed("osconf generations delete 2", "osconf gc", timeout=300)
    menus.add(menu())
    machine.succeed("sync")
    machine.kill()

    log = BlockLog.read(record)
    start = log.count_at(begin)
    judge = Judge(menus, Path(os.environ["OSCONF_STORE"]))
    replay = DiskReplay(log, raw)
    replay.advance(PowerCut(start))
    with (
        layered(raw, tmp_path) as disk,
        first_partition(disk) as partition,
        mounted(partition, tmp_path / "mount", "rw") as root,
        LocalStore.open(root, durable=False) as store,
    ):
        judge.before.update(store.valid_paths())
    for cut in plan_power_cuts(log, CUTS, start=start, seed=1):
        replay.advance(cut)
        with layered(raw, tmp_path) as disk:
            replay.add_survivors(cut, disk)
            with first_partition(disk) as partition:
                with mounted(partition, tmp_path / "mount", "ro,noload") as root:
                    judge.judge_boot(root, f"{cut} as GRUB")
                judge.problems += [f"{cut}: e2fsck: {line}" for line in repair_file_system(partition).splitlines()]
                with mounted(partition, tmp_path / "mount", "rw") as root:
                    judge.judge_boot(root, f"{cut} as Linux")
                    judge.judge_store(root, str(cut))
    print(f"{len(log.requests) - start} requests: {dict(judge.seen)}")
    assert len(menus) >= 3
    assert not judge.problems, f"{len(judge.problems)} problems:\n" + "\n".join(judge.problems[:40])
