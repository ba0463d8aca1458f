"""Evidence holds until something that it is about changes, in whichever way."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.lang.cache import DiskCache
from osconf.memo import evidence as evidence_module
from osconf.memo.devices import untimed_devices
from osconf.memo.evidence import LIFETIME, Evidence
from osconf.store.local import LocalStore
from osconf.store.roots import root_links

Look = Callable[[Evidence, Path], object]
Change = Callable[[Path], object]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files that were not changed just now."""
    tree = tmp_path / "tree"
    (tree / "folder").mkdir(parents=True)
    (tree / "other").mkdir()
    (tree / "file").write_text("one")
    (tree / "folder/below").write_text("below")
    (tree / "link").symlink_to("file")
    (tree / "way").symlink_to("folder")
    time.sleep(0.05)
    return tree


def rewrite_unseen(path: Path) -> None:
    """Another content of the same size, with the same time of change."""
    status = path.stat()
    path.write_text("two"[: status.st_size])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(path: Path) -> None:
    """Another file of the same size and time in its place."""
    other = path.with_name("other-file")
    other.write_text("two")
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


CHANGES: dict[str, tuple[Look, Change]] = {
    "content": (lambda e, t: e.content(str(t / "file")), lambda t: (t / "file").write_text("longer")),
    "content unseen": (lambda e, t: e.content(str(t / "file")), lambda t: rewrite_unseen(t / "file")),
    "file replaced": (lambda e, t: e.content(str(t / "file")), lambda t: replace(t / "file")),
    "file gone": (lambda e, t: e.content(str(t / "file")), lambda t: (t / "file").unlink()),
    "content of a link": (lambda e, t: e.content(str(t / "link")), lambda t: (t / "file").write_text("longer")),
    "link elsewhere": (lambda e, t: e.content(str(t / "link")), lambda t: relink(t / "link", "folder/below")),
    "link on the way": (lambda e, t: e.content(str(t / "way/below")), lambda t: relink(t / "way", "other")),
    "permissions": (lambda e, t: e.content(str(t / "file")), lambda t: (t / "file").chmod(0o755)),
    "name added": (lambda e, t: e.content(str(t / "folder")), lambda t: (t / "folder/new").touch()),
    "name removed": (lambda e, t: e.content(str(t / "folder")), lambda t: (t / "folder/below").unlink()),
    "kind of a name": (
        lambda e, t: e.content(str(t / "folder")),
        lambda t: ((t / "folder/below").unlink(), (t / "folder/below").mkdir()),
    ),
    "content in a tree": (lambda e, t: e.tree(str(t)), lambda t: (t / "folder/below").write_text("BELOW")),
    "name in a tree": (lambda e, t: e.tree(str(t)), lambda t: (t / "folder/new").touch()),
    "link in a tree": (lambda e, t: e.tree(str(t)), lambda t: relink(t / "link", "elif")),
    "executable in a tree": (lambda e, t: e.tree(str(t)), lambda t: (t / "folder/below").chmod(0o755)),
    "something appears": (lambda e, t: e.kind(str(t / "new")), lambda t: (t / "new").touch()),
    "something goes": (lambda e, t: e.kind(str(t / "file")), lambda t: (t / "file").unlink()),
    "a folder for a file": (
        lambda e, t: e.kind(str(t / "file")),
        lambda t: ((t / "file").unlink(), (t / "file").mkdir()),
    ),
    "behind a loop of links": (
        lambda e, t: ((t / "link").unlink(), (t / "link").symlink_to("link"), e.kind(str(t / "link/x"))),
        lambda t: relink(t / "link", "file"),
    ),
    "below a file": (
        lambda e, t: e.kind(str(t / "file/x")),
        lambda t: ((t / "file").unlink(), shutil.copytree(t / "folder", t / "file"), (t / "file/x").touch()),
    ),
    "resolved elsewhere": (
        lambda e, t: e.resolved(str(t / "way/x"), str(t / "folder/x")),
        lambda t: relink(t / "way", "other"),
    ),
    "target": (lambda e, t: e.link(str(t / "link"), "file"), lambda t: relink(t / "link", "folder")),
    "link gone": (lambda e, t: e.link(str(t / "link"), "file"), lambda t: (t / "link").unlink()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(tree: Path, name: str) -> None:
    look, change = CHANGES[name]
    evidence = Evidence()
    look(evidence, tree)
    assert evidence.objection == ""
    assert evidence.holds()
    assert Evidence.from_data(evidence.to_data()).holds()
    change(tree)
    assert not evidence.holds()
    assert not Evidence.from_data(evidence.to_data()).holds()


def test_what_does_not_count_may_change(tree: Path) -> None:
    evidence = Evidence()
    evidence.kind(str(tree))
    evidence.kind(str(tree / "file"))
    evidence.entry(str(tree / "folder"))
    (tree / "new").touch()
    (tree / "file").write_text("another")
    (tree / "folder/below").write_text("another")
    assert evidence.holds()


def test_what_changed_just_now_may_change_again_and_look_the_same(tree: Path) -> None:
    (tree / "file").write_text("new")
    evidence = Evidence()
    evidence.content(str(tree / "file"))
    assert "changed just now" in evidence.objection
    assert not evidence.holds()


def test_whole_seconds_are_waited_for(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system whose times have no fractions."""
    status = (tree / "file").stat()
    fields = [getattr(status, f"st_{name}") for name in ("mode", "ino", "dev", "nlink", "uid", "gid", "size")]
    changed = int(time.time()) - 1
    coarse = os.stat_result((*fields, changed, changed, changed, changed, changed, changed, *([changed * 10**9] * 3)))
    assert coarse.st_ctime_ns == changed * 10**9
    monkeypatch.setattr(evidence_module.os, "stat", lambda _path: coarse)
    evidence = Evidence()
    evidence.content(str(tree / "file"))
    assert "changed just now" in evidence.objection


def test_of_two_looks_the_first_counts(tree: Path) -> None:
    evidence = Evidence()
    evidence.content(str(tree / "file"))
    (tree / "file").write_text("changed between two looks")
    time.sleep(0.05)
    evidence.content(str(tree / "file"))
    assert not evidence.holds()


def test_what_cannot_be_looked_at_is_objected_to(tree: Path) -> None:
    for path in (str(tree / "missing"), "\0"):
        evidence = Evidence()
        evidence.content(path)
        assert "cannot be looked at" in evidence.objection
        assert not evidence.holds()


def test_what_does_not_tell_when_it_changed_is_objected_to(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    time.sleep(0.05)
    for path in ("/proc", "/proc/uptime", "/proc/self", "/sys/class", "/dev/null", str(tree / "pipe")):
        for look in (Evidence.content, Evidence.entry, Evidence.tree):
            if path == "/proc" and look is Evidence.tree:
                continue
            evidence = Evidence()
            look(evidence, path)
            assert "does not tell" in evidence.objection, path


def test_file_systems_that_others_write(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 254:0 / / rw,relatime - ext4 /dev/root rw\n"
        "23 22 0:40 / /home rw,relatime shared:7 master:1 - nfs4 server:/home rw\n"
        "24 22 0:41 / /a\\040-\\040proc rw - tmpfs tmpfs rw\n"
        "25 22 0:42 / /mnt rw shared:3 - fuse.sshfs someone@there: rw\n"
        "26 22 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n"
    )
    assert untimed_devices(mounts) == {os.makedev(0, 40), os.makedev(0, 42), os.makedev(8, 1)}
    assert untimed_devices(tmp_path / "missing") == frozenset()


def test_a_link_that_another_call_made_meanwhile_is_not_ours(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "store") as store:
        ours, others = (store.add_text(name, b"x") for name in ("ours", "others"))
        for link in (tmp_path / "result", store.layout.roots / "result"):
            store.add_root(link, ours)
            evidence = Evidence()
            for part, target in root_links(store.layout, link, ours).items():
                evidence.link(str(part), target)
            assert evidence.holds()
            store.add_root(link, others)
            assert not evidence.holds()


def test_a_day_later_it_no_longer_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = Evidence()
    now = time.time()
    for moment, holds in ((now + LIFETIME - 60, True), (now + LIFETIME + 60, False), (now - 60, False)):
        monkeypatch.setattr(evidence_module.time, "time", lambda moment=moment: moment)
        assert evidence.holds() is holds


def test_a_file_that_must_not_be_older(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    os.utime(tree / "file", (now - 100, now - 100))
    evidence = Evidence()
    evidence.age(str(tree / "file"), 200)
    assert evidence.holds()
    monkeypatch.setattr(evidence_module.time, "time", lambda: now + 101)
    assert not evidence.holds()


@pytest.mark.parametrize("name", ["store", "store with ? and # and 100%"])
def test_store_paths_have_to_be_valid(tmp_path: Path, name: str) -> None:
    with LocalStore.open(tmp_path / name) as store:
        path = store.add_text("x", b"x")
        store.flush()
        evidence = Evidence()
        evidence.valid(path)
        assert not evidence.holds(), "no store was named"
        evidence.store(str(store.layout.database))
        assert evidence.holds()
        store.delete([path], ignore_liveness=True)
        assert not evidence.holds()
    shutil.rmtree(tmp_path / name)
    assert not evidence.holds()
    assert not (tmp_path / name).exists(), "looking made a database"


def test_a_database_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    file.write_text("no database at all, but long enough to be one" * 100)
    evidence = Evidence()
    evidence.store(str(file))
    evidence.valid("/osconf/store/x")
    assert not evidence.holds()


def test_what_another_user_wrote_is_not_read(tmp_path: Path) -> None:
    """It is code, or an answer that somebody would trust."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to give a file away")
    cache = DiskCache(tmp_path)
    key = cache.key(["x"])
    cache.save(key, "answer")
    assert cache.load(key) == "answer"
    os.chown(tmp_path / key[:2] / key, 65534, 65534)
    assert cache.load(key) is None
