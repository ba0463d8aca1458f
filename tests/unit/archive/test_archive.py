"""A whole archive in a directory: lock, replay, update, directories of .debs."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from osconf.archive.acquire import Access
from osconf.archive.archive import Archive, LockFile, refresh_lock, update_lock
from osconf.archive.fetch import Fetcher, FetchSettings
from osconf.archive.lock import load_lock, parse_lock, save_lock
from osconf.archive.mirror import Mirrors
from osconf.archive.resolver import Root
from osconf.archive.source import Source
from osconf.errors import ArchiveError
from tests.unit.archive.repository import write_deb, write_suite

STANZA = """\
Package: {name}
Version: {version}
Architecture: amd64
Size: 1
SHA256: {sha}
Filename: pool/{name}.deb
{more}
"""


def stanza(name: str, version: str, **more: str) -> str:
    lines = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in more.items())
    return STANZA.format(name=name, version=version, sha="0" * 64, more=lines)


class Place:
    """A mirror, a cache and a lock in one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mirror = root / "mirror"
        self.sources = [
            Source("demo", "demo", "mirror:debian", trusted=True),
            Source("demo-security", "demo-security", "mirror:debian", trusted=True),
        ]
        self.publish("demo", stanza("a", "1", Depends="b") + stanza("b", "1") + stanza("c", "1"), day=1)
        self.publish("demo-security", stanza("b", "1+s1"), day=1)

    def publish(self, suite: str, packages: str, *, day: int, extra: str = "") -> None:
        write_suite(self.mirror, suite, packages, date=f"Mon, {day:02} Sep 2025 00:00:00 UTC", extra=extra)

    def access(self, *, mirror: bool = True) -> Access:
        locations = {"debian": (f"file://{self.mirror}",)} if mirror else {}
        fetcher = Fetcher(FetchSettings(attempts=1))
        return Access(Mirrors(locations), self.root / "cache", fetcher, now=lambda: datetime(2025, 9, 5, tzinfo=UTC))

    @property
    def lock_path(self) -> Path:
        return self.root / "osconf.lock"

    def open(self, *, mirror: bool = True) -> Archive:
        return Archive(self.access(mirror=mirror), self.sources, LockFile(self.lock_path))

    def resolve(self, *names: str, mirror: bool = True) -> dict[str, str]:
        archive = self.open(mirror=mirror)
        closure = archive.resolve([Root(name, "test") for name in names]).names
        archive.lock_file.save()
        return {name: archive.universe.find(name).version for name in closure}  # type: ignore[union-attr]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_newest_version_over_all_sources_is_chosen(place: Place) -> None:
    assert place.resolve("a") == {"a": "1", "b": "1+s1"}


def test_a_lock_pins_until_it_is_updated(place: Place) -> None:
    place.resolve("a")
    place.publish("demo", stanza("a", "2"), day=2)
    assert place.resolve("a") == {"a": "1", "b": "1+s1"}
    update = update_lock(place.access(), LockFile(place.lock_path).lock)
    assert [(change.name, change.old, change.new, change.kind) for change in update.changes] == [
        ("a", "1", "2", "upgraded")
    ]
    save_lock(place.lock_path, update.lock)
    assert place.resolve("a") == {"a": "2"}


def test_a_lock_replays_without_any_mirror(place: Place) -> None:
    before = place.resolve("a")
    shutil.rmtree(place.mirror)
    assert place.resolve("a", mirror=False) == before


def test_the_records_replace_an_index_that_is_lost(place: Place) -> None:
    before = place.resolve("a")
    shutil.rmtree(place.mirror)
    shutil.rmtree(place.root / "cache")
    assert place.resolve("a", mirror=False) == before


def test_a_partial_update_holds_the_others(place: Place) -> None:
    place.resolve("a", "c")
    place.publish("demo", stanza("a", "2", Depends="b") + stanza("b", "1") + stanza("c", "2"), day=2)
    update = update_lock(place.access(), LockFile(place.lock_path).lock, names=["c"])
    assert [(change.name, change.new) for change in update.changes] == [("c", "2")]
    save_lock(place.lock_path, update.lock)
    assert place.resolve("a", "c") == {"a": "1", "b": "1+s1", "c": "2"}


def test_a_security_update_takes_only_security(place: Place) -> None:
    place.resolve("a", "c")
    place.publish("demo", stanza("a", "2", Depends="b") + stanza("b", "1") + stanza("c", "2"), day=2)
    place.publish("demo-security", stanza("b", "1+s2"), day=2)
    update = update_lock(place.access(), LockFile(place.lock_path).lock, security_only=True)
    assert [(change.name, change.new) for change in update.changes] == [("b", "1+s2")]


def test_an_update_of_an_unused_package_is_refused(place: Place) -> None:
    place.resolve("a")
    with pytest.raises(ArchiveError, match="not among the packages of the lock"):
        update_lock(place.access(), LockFile(place.lock_path).lock, names=["zsh"])


def test_a_rollback_of_the_mirror_is_refused(place: Place) -> None:
    place.publish("demo", stanza("a", "2"), day=3)
    place.resolve("a")
    place.publish("demo", stanza("a", "1"), day=2)
    with pytest.raises(ArchiveError, match="older than the one that is locked"):
        update_lock(place.access(), LockFile(place.lock_path).lock)


def test_an_index_that_the_release_does_not_vouch_for_is_refused(place: Place) -> None:
    for path in place.mirror.rglob("by-hash/SHA256/*"):
        path.write_bytes(b"tampered")
    with pytest.raises(ArchiveError, match="wrong content"):
        place.resolve("a")
    assert not place.lock_path.exists()


def test_the_lock_says_why_a_package_is_there(place: Place) -> None:
    place.resolve("a")
    records = json.loads(place.lock_path.read_text())["packages"]["demo+demo-security"]
    assert (records["a"]["reason"], records["b"]["reason"]) == ("test", "needed by a")
    assert records["b"]["origin"] == "demo-security"


def test_replaying_does_not_touch_the_lock(place: Place) -> None:
    place.resolve("a")
    before = place.lock_path.stat().st_mtime_ns
    place.resolve("a")
    assert place.lock_path.stat().st_mtime_ns == before


def test_a_lock_reads_back_as_it_was(place: Place) -> None:
    place.resolve("a")
    lock = load_lock(place.lock_path)
    assert lock is not None
    assert parse_lock(json.dumps(lock.to_json())) == lock


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 99}'])
def test_a_damaged_lock_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "osconf.lock").write_text(text)
    with pytest.raises(ArchiveError) as caught:
        LockFile(tmp_path / "osconf.lock")
    assert caught.value.code == "bad-lock"


def test_a_frozen_lock_does_not_grow(place: Place) -> None:
    with pytest.raises(ArchiveError) as caught:
        Archive(place.access(), place.sources, LockFile(place.lock_path, frozen=True))
    assert caught.value.code == "lock-frozen"


def test_a_directory_of_debs_wins_with_a_higher_version(place: Place) -> None:
    write_deb(place.root / "local", "b", "9", Depends="c")
    place.sources.append(Source("local", "", f"file://{place.root}/local", trusted=True))
    assert place.resolve("a") == {"a": "1", "b": "9", "c": "1"}
    archive = place.open()
    archive.prefetch(["b"])
    package = archive.find("b")
    assert package is not None
    assert archive.access.cache.find(package.sha256) is not None


def test_a_changed_directory_waits_for_an_update(place: Place) -> None:
    write_deb(place.root / "local", "b", "9")
    place.sources.append(Source("local", "", f"file://{place.root}/local", trusted=True))
    place.resolve("b")
    write_deb(place.root / "local", "b", "10")
    assert place.resolve("b") == {"b": "9"}
    update = update_lock(place.access(), LockFile(place.lock_path).lock)
    assert [(change.name, change.new) for change in update.changes] == [("b", "10")]


def test_another_list_of_keys_does_not_move_the_lock(place: Place) -> None:
    place.resolve("a")
    place.publish("demo", stanza("a", "2"), day=2)
    lock = LockFile(place.lock_path).lock.sources["demo"]
    signed = dataclasses.replace(lock, fingerprint="A" * 40)
    definition = dataclasses.replace(lock.source, trusted=False, fingerprints=("B" * 40, "A" * 40))
    assert signed.answers(definition)
    assert not signed.answers(dataclasses.replace(definition, fingerprints=("B" * 40,)))
    assert not signed.answers(dataclasses.replace(definition, components=("main", "contrib")))


def test_a_damaged_blob_is_noticed(place: Place) -> None:
    cache = place.access().cache
    digest = cache.add_bytes(b"content")
    assert cache.find_intact(digest) is not None
    cache.path_of(digest).chmod(0o644)
    cache.path_of(digest).write_bytes(b"contend")
    assert cache.find_intact(digest) is None
    assert cache.find(digest) is None


def test_a_users_own_lock_moves_forward_when_it_is_old(place: Place) -> None:
    place.resolve("a")
    place.publish("demo", stanza("a", "2"), day=2)
    now = place.access().now().timestamp()
    os.utime(place.lock_path, (now, now - 3600))
    refresh_lock(place.access(), place.lock_path, timedelta(days=1))
    assert place.resolve("a")["a"] == "1"
    os.utime(place.lock_path, (now, now - 90_000))
    shutil.move(place.mirror, place.root / "away")
    refresh_lock(place.access(), place.lock_path, timedelta(days=1))
    assert place.resolve("a")["a"] == "1"
    shutil.move(place.root / "away", place.mirror)
    os.utime(place.lock_path, (now, now - 90_000))
    refresh_lock(place.access(), place.lock_path, timedelta(days=1))
    assert place.resolve("a")["a"] == "2"


def test_a_stale_mirror_is_passed_over(place: Place) -> None:
    place.publish("demo", stanza("a", "2"), day=3)
    place.resolve("a")
    other = place.root / "other"
    shutil.copytree(place.mirror, other)
    place.publish("demo", stanza("a", "3"), day=4)
    for path in (other / "dists/demo").glob("InRelease"):
        path.write_text(path.read_text().replace("03 Sep", "01 Sep"))
    locations = {"debian": (f"file://{place.root}/nowhere", f"file://{other}", f"file://{place.mirror}")}
    access = dataclasses.replace(place.access(), mirrors=Mirrors(locations))
    update = update_lock(access, LockFile(place.lock_path).lock)
    assert [(change.name, change.new) for change in update.changes] == [("a", "3")]
    stale = dataclasses.replace(access, mirrors=Mirrors({"debian": locations["debian"][:2]}))
    with pytest.raises(ArchiveError) as caught:
        update_lock(stale, LockFile(place.lock_path).lock)
    assert caught.value.code == "release-rollback"
