"""`activate boot` on empty and used roots."""

from __future__ import annotations

import json

from osconf.activation import journal
from osconf.activation.boot import activate_boot
from osconf.activation.install import install_generation


def test_first_boot_makes_a_root(world) -> None:
    closure = world.make_closure(
        "one",
        etc={"hostname": "machine\n", "fstab": "# none\n", "skel/.profile": "# profile\n"},
        copies={"fstab": "0644"},
        extra_entries=[{"path": "localtime", "mode": "direct-symlink", "target": "/usr/share/zoneinfo/UTC"}],
        users=[{"name": "alice", "isNormalUser": True, "initialHashedPassword": "$y$a", "extraGroups": ["sudo"]}],
    )
    assert activate_boot(world.host, closure.path, world.report) == 0, world.messages
    etc = world.root / "etc"
    assert (etc / "hostname").readlink().as_posix() == "static/hostname"
    assert (etc / "static").readlink().as_posix() == "../osconf/store/one-etc"
    assert not (etc / "fstab").is_symlink()
    assert (etc / "localtime").readlink().as_posix() == "/usr/share/zoneinfo/UTC"
    assert (etc / "systemd/system").readlink().as_posix() == "../static/systemd/system"
    assert "alice:x:1000:100::/home/alice:/bin/bash" in world.read("/etc/passwd")
    assert "root:x:0:0:root:/root:/bin/bash" in world.read("/etc/passwd")
    assert "alice:$y$a:" in world.read("/etc/shadow")
    assert "sudo:x:27:alice" in world.read("/etc/group")
    assert (world.root / "home/alice/.profile").read_text() == "# profile\n"
    assert len(world.read("/etc/machine-id").strip()) == 32
    assert world.host.files.resolve("/osconf/current-system") == closure.path
    assert world.host.files.resolve("/run/booted-system") == closure.path
    assert "run /usr/bin/systemd-sysusers" not in world.host.log, "the root has no /usr yet"


def test_second_boot_changes_nothing(world) -> None:
    closure = world.make_closure("one", etc={"hostname": "machine\n"}, users=[{"name": "bob", "isNormalUser": True}])
    activate_boot(world.host, closure.path, world.report)
    before = {path: path.lstat().st_mtime_ns for path in (world.root / "etc").rglob("*")}
    assert activate_boot(world.host, closure.path, world.report) == 0
    after = {path: path.lstat().st_mtime_ns for path in (world.root / "etc").rglob("*")}
    assert before == after


def test_what_is_broken_does_not_stop_the_boot(world) -> None:
    closure = world.make_closure(
        "one",
        etc={"hostname": "machine\n", "motd": "hello\n"},
        copies={"hostname": "9x9"},
        extra_entries=[{"path": "missing", "mode": "0644"}],
        wrappers=[{"name": "su", "source": "/no"}],
    )
    world.host.files.make_dirs("/var/lib")
    world.write("/etc/machine-id", "0" * 32)
    (world.root / "run").write_text("not a directory")
    assert activate_boot(world.host, closure.path, world.report) == 4
    text = "\n".join(world.messages)
    for expected in ("/etc/hostname is left out", "/etc/missing is left out", "wrappers: ", "booted-system: "):
        assert expected in text
    assert world.read("/etc/motd") == "hello\n"
    assert "root:x:0:0" in world.read("/etc/passwd")


def test_boot_keeps_foreign_files_aside(world) -> None:
    closure = world.make_closure("one", etc={"motd": "ours\n"})
    world.write("/etc/motd", "theirs\n")
    assert activate_boot(world.host, closure.path, world.report) == 0
    assert world.read("/etc/motd") == "ours\n"
    assert world.read("/etc/motd.osconf-saved") == "theirs\n"


def test_boot_closes_an_interrupted_switch(world) -> None:
    closure = world.make_closure("one")
    open_journal = journal.Journal(world.host.files)
    open_journal.begin(action="switch", source="a", target="b", boot="x", time=1, units={})
    open_journal.start("etc")
    activate_boot(world.host, closure.path, world.report)
    record = journal.read_journal(world.host.files)
    assert record is not None
    assert record.result == "interrupted"
    assert any("interrupted in step etc" in message for message in world.messages)


def test_install_makes_generation_one(world) -> None:
    closure = world.make_closure("one", boot={"loader": "grub", "timeout": 3})
    assert install_generation(world.host, closure.path, world.report) == 0
    profiles = world.root / "osconf/var/profiles"
    assert (profiles / "system").readlink().as_posix() == "system-1-link"
    assert (profiles / "system-1-link").readlink().as_posix() == closure.path
    config = world.read("/boot/grub/grub.cfg")
    assert (
        f"linux /osconf/store/one-kernel/vmlinuz root=LABEL=osroot console=ttyS0 osconf.system={closure.path}" in config
    )
    assert "search --no-floppy --set=root --label osroot" in config
    block = (world.root / "boot/grub/grubenv").read_bytes()
    assert len(block) == 1024
    assert b"saved_entry=osconf-1\n" in block
    assert json.loads((world.root / closure.path.lstrip("/") / "boot.json").read_text())["version"] == 1
