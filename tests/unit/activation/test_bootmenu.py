"""The boot menu: golden texts, the environment block, broken generations, separate and full /boot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from osconf.activation import grub, systemd_boot
from osconf.activation.bootmenu import bless_boot, write_boot_menu
from osconf.activation.closure import BootLoader
from osconf.activation.commit import forget_generations
from osconf.activation.generations import (
    add_generation,
    delete_generations,
    find_default,
    find_previous,
    list_generations,
    make_default,
)
from osconf.errors import ActivationError
from osconf.host.protocol import FileSystem

GOLDEN = Path(__file__).parent / "golden"
ENTRIES = [
    grub.MenuEntry("osconf-2", "osconf 2 (it's new)", "/osconf/store/b/vmlinuz", "/osconf/store/b/initrd",
                   ("root=LABEL=os root", "quiet"), ("--label", "os root")),
    grub.MenuEntry("osconf-1", "osconf 1", "/osconf/store/a/vmlinuz", "/osconf/store/a/initrd", ("quiet",)),
]  # fmt: skip


def check_golden(name: str, text: str) -> None:
    """Compare with the reviewed file; OSCONF_ACCEPT=1 writes it."""
    path = GOLDEN / name
    if os.environ.get("OSCONF_ACCEPT"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_grub_config() -> None:
    loader = BootLoader("grub", timeout=3, extra_config="set pager=1", extra_entries="menuentry memtest { true }")
    check_golden("grub.cfg", grub.render_config(ENTRIES, "osconf-2", loader))


def test_grub_accepts_the_config(tmp_path: Path) -> None:
    program = shutil.which("grub-script-check")
    if program is None:
        pytest.skip("grub-script-check is not installed")
    file = tmp_path / "grub.cfg"
    file.write_text(grub.render_config(ENTRIES, "osconf-2", BootLoader("grub")))
    subprocess.run([program, str(file)], check=True)


def test_systemd_boot_files() -> None:
    entry = systemd_boot.render_entry("osconf 2", 2, "/EFI/osconf/k", "/EFI/osconf/i", ("a", "b"), "0123")
    check_golden("entry.conf", entry)
    check_golden("loader.conf", systemd_boot.render_loader_config("osconf-2.conf", BootLoader(timeout=None)))


def test_grub_environment_is_one_block() -> None:
    block = grub.render_environment({"saved_entry": "osconf-2", "empty": ""})
    assert len(block) == 1024
    assert block.startswith(b"# GRUB Environment Block\nsaved_entry=osconf-2\n####")
    assert grub.parse_environment(block) == {"saved_entry": "osconf-2"}
    with pytest.raises(ValueError, match="no room"):
        grub.render_environment({"x": "y" * 1100})


def test_trial_and_blessing() -> None:
    first = grub.start_trial({}, "osconf-1", counted=True)
    assert first["saved_entry"] == "osconf-1"
    assert not first["osconf_trial"], "without a good entry there is nothing to fall back to"
    blessed = grub.bless(first, "osconf-1")
    second = grub.start_trial(blessed, "osconf-2", counted=True)
    assert (second["osconf_trial"], second["osconf_tries"], second["osconf_good"]) == ("osconf-2", "3", "osconf-1")
    assert grub.bless(second, "osconf-1")["osconf_trial"] == "osconf-2", "the fallback runs: the trial stays failed"
    done = grub.bless(second, "osconf-2")
    assert (done["osconf_trial"], done["osconf_good"]) == ("", "osconf-2")
    assert not grub.start_trial(blessed, "osconf-2", counted=False)["osconf_trial"]


def test_search_arguments() -> None:
    assert grub.find_search(["quiet", "root=LABEL=os"]) == ("--label", "os")
    assert grub.find_search(["root=/dev/disk/by-uuid/12-34"]) == ("--fs-uuid", "12-34")
    assert grub.find_search(["root=/dev/sda1"]) == ()


def menu_of(world) -> str:
    return world.read("/boot/grub/grub.cfg")


def test_menu_has_the_default_first_and_leaves_broken_generations_out(world) -> None:
    closures = [world.make_closure(name, boot={"loader": "grub", "configurationLimit": 3}) for name in "abcd"]
    for closure in closures:
        add_generation(world.host.files, closure.path)
    (world.root / "osconf/store/c-kernel/vmlinuz").unlink()
    make_default(world.host.files, 2)
    write_boot_menu(world.host, closures[1], world.report)
    positions = [menu_of(world).index(f"--id osconf-{number} ") for number in (2, 4, 1)]
    assert positions == sorted(positions)
    assert "osconf-3" not in menu_of(world)
    assert any("generation 3 is left out" in message for message in world.messages)
    assert b"saved_entry=osconf-2\n" in (world.root / "boot/grub/grubenv").read_bytes()


def test_specialisations_follow_their_generation(world) -> None:
    special = world.make_closure("special")
    one = world.make_closure("one", boot={"loader": "grub"})
    boot = json.loads(world.read(f"{one.path}/boot.json"))
    boot["specialisations"] = {"rescue": special.path, "broken": "/osconf/store/missing"}
    world.write(f"{one.path}/boot.json", json.dumps(boot))
    add_generation(world.host.files, one.path)
    write_boot_menu(world.host, one, world.report)
    assert menu_of(world).index("--id osconf-1 ") < menu_of(world).index("--id osconf-1-rescue ")
    assert f"osconf.system={special.path}" in menu_of(world)
    assert any("specialisation broken of generation 1 is left out" in message for message in world.messages)


def test_limit_keeps_the_default(world) -> None:
    closures = [world.make_closure(name, boot={"loader": "grub", "configurationLimit": 1}) for name in "ab"]
    for closure in closures:
        add_generation(world.host.files, closure.path)
    make_default(world.host.files, 1)
    write_boot_menu(world.host, closures[0], world.report)
    assert "osconf-1 " in menu_of(world)
    assert "osconf-2" not in menu_of(world)


def test_no_bootable_generation_changes_nothing(world) -> None:
    closure = world.make_closure("a", boot={"loader": "grub"})
    with pytest.raises(ActivationError, match="no generation"):
        write_boot_menu(world.host, closure, world.report)
    assert not (world.root / "boot/grub/grub.cfg").exists()


def test_systemd_boot_copies_kernels_and_cleans_up(world) -> None:
    boot = {"loader": "systemd-boot", "efiMountPoint": "/boot", "configurationLimit": 1, "timeout": 2}
    one, two = (world.make_closure(name, boot=boot) for name in ("one", "two"))
    add_generation(world.host.files, one.path)
    write_boot_menu(world.host, one, world.report)
    add_generation(world.host.files, two.path)
    write_boot_menu(world.host, two, world.report)
    boot_folder = world.root / "boot"
    assert sorted(path.name for path in (boot_folder / "loader/entries").iterdir()) == ["osconf-2.conf"]
    copies = sorted(path.name for path in (boot_folder / "EFI/osconf").iterdir())
    assert copies == ["two-initrd-initrd", "two-kernel-vmlinuz"]
    assert (boot_folder / "loader/loader.conf").read_text().startswith("default osconf-2.conf\ntimeout 2\n")
    assert "linux /EFI/osconf/two-kernel-vmlinuz\n" in (boot_folder / "loader/entries/osconf-2.conf").read_text()


def test_full_boot_partition_leaves_old_generations_out_and_refuses_a_new_one(world, monkeypatch) -> None:
    boot = {"loader": "systemd-boot", "efiMountPoint": "/boot"}
    one, two = (world.make_closure(name, boot=boot) for name in ("one", "two"))
    add_generation(world.host.files, one.path)
    write_boot_menu(world.host, one, world.report)
    before = (world.root / "boot/loader/loader.conf").read_text()
    add_generation(world.host.files, two.path)
    monkeypatch.setattr("os.statvfs", lambda _path: os.statvfs_result((1, 1, 0, 0, 0, 0, 0, 0, 0, 255)))
    with pytest.raises(ActivationError) as caught:
        write_boot_menu(world.host, two, world.report)
    assert caught.value.code == "boot-partition-full"
    assert (world.root / "boot/loader/loader.conf").read_text() == before


def test_grub_copies_kernels_when_it_cannot_read_the_store(world, monkeypatch) -> None:
    world.host.mounts.file_systems.append(FileSystem("/boot", "ext4", "/dev/sda2", "boot-uuid"))
    monkeypatch.setattr("osconf.activation.bootmenu._needs_copies", lambda _host: True)
    closure = world.make_closure("one", boot={"loader": "grub"})
    add_generation(world.host.files, closure.path)
    write_boot_menu(world.host, closure, world.report)
    assert "search --no-floppy --set=root --fs-uuid boot-uuid" in menu_of(world)
    assert "linux /osconf/one-kernel-vmlinuz root=LABEL=osroot" in menu_of(world)
    assert (world.root / "boot/osconf/one-initrd-initrd").read_text() == "initrd one"


def test_bless_marks_the_booted_generation(world) -> None:
    one, two = (world.make_closure(name, boot={"loader": "grub"}) for name in ("one", "two"))
    for closure in (one, two):
        add_generation(world.host.files, closure.path)
        write_boot_menu(world.host, closure, world.report)
    (world.root / "run").mkdir(exist_ok=True)
    world.host.files.link("/run/booted-system", one.path)
    assert bless_boot(world.host) == 0
    variables = grub.parse_environment((world.root / "boot/grub/grubenv").read_bytes())
    assert (variables["osconf_good"], variables["saved_entry"]) == ("osconf-1", "osconf-2")


def test_generations(world) -> None:
    files = world.host.files
    one, two = (world.make_closure(name) for name in ("one", "two"))
    assert find_default(files) is None
    assert add_generation(files, one.path).number == 1
    assert add_generation(files, one.path).number == 1
    assert add_generation(files, two.path).number == 2
    assert find_previous(files).number == 1
    assert add_generation(files, one.path).number == 1, "an existing generation is used again"
    assert find_default(files).number == 1
    with pytest.raises(ActivationError, match="go back"):
        find_previous(files)
    with pytest.raises(ActivationError, match="no generation 9"):
        make_default(files, 9)
    with pytest.raises(ActivationError, match="in use"):
        delete_generations(files, [1])
    with pytest.raises(ActivationError, match="in use"):
        delete_generations(files, [2], keep=[two.path])
    assert delete_generations(files, [2]) == [2]
    assert [item.number for item in list_generations(files)] == [1]


def test_forgotten_generations_leave_the_menu(world) -> None:
    closures = [world.make_closure(name, boot={"loader": "grub"}) for name in "abc"]
    for closure in closures:
        add_generation(world.host.files, closure.path)
    world.host.files.make_dirs("/run")
    world.host.files.link("/run/booted-system", closures[1].path)
    write_boot_menu(world.host, closures[2], world.report)
    with pytest.raises(ActivationError, match="in use"):
        forget_generations(world.host, [1, 2], world.report)
    assert "--id osconf-1 " in menu_of(world)
    assert forget_generations(world.host, [1], world.report) == [1]
    assert "--id osconf-1 " not in menu_of(world)
    assert menu_of(world).index("--id osconf-3 ") < menu_of(world).index("--id osconf-2 ")
