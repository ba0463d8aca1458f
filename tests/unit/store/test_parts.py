"""Locks, scanning, profiles, verification, the database file."""

from __future__ import annotations

import itertools
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osconf.errors import StoreError
from osconf.store.database import Database, DatabaseDamaged
from osconf.store.local import LocalStore
from osconf.store.locks import OPTIMISE_LOCK, PathLock
from osconf.store.profiles import Profile
from osconf.store.scan import ReferenceScanner

HASHES = ["0123456789abcdfghijklmnpqrsvwxyz", "z" * 32, "0" * 32, "abcd" * 8]
PATHS = [f"/osconf/store/{digits}-x" for digits in HASHES]


@given(
    parts=st.lists(
        st.one_of(st.sampled_from([digits.encode() for digits in HASHES]), st.binary(max_size=40)), max_size=8
    ),
    cuts=st.lists(st.integers(0, 300), max_size=5),
)
def test_scanner_finds_what_a_plain_search_finds(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    scanner = ReferenceScanner(PATHS)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, stop in itertools.pairwise(edges):
        scanner(memoryview(data)[start:stop])
    assert scanner.references() == {path for path, digits in zip(PATHS, HASHES, strict=True) if digits.encode() in data}


def test_locks_exclude_threads_and_leave_no_file(tmp_path: Path) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with PathLock(tmp_path, "x"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert list(tmp_path.iterdir()) == []


def test_profile_generations(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "profiles/system")
    assert profile.generations() == [] and profile.current_number() is None
    first = profile.add_generation("/osconf/store/a")
    assert profile.add_generation("/osconf/store/a").number == first.number
    second = profile.add_generation("/osconf/store/b")
    profile.switch_to(first.number)
    profile.switch_to(second.number)
    assert profile.link.readlink() == Path("system-2-link")
    assert [generation.is_current for generation in profile.generations()] == [False, True]
    assert profile.previous_number() == 1
    with pytest.raises(StoreError, match="no generation 9"):
        profile.switch_to(9)
    with pytest.raises(StoreError, match="current generation"):
        profile.delete_generations([2])
    assert [old.number for old in profile.choose_old(keep=1)] == [1]
    assert profile.choose_old(protected=frozenset(["/osconf/store/a"])) == []
    assert profile.choose_old(older_than=3600) == []
    profile.delete_generations([1])
    assert [generation.number for generation in profile.generations()] == [2]


def test_verify_finds_missing_changed_and_unregistered(store: LocalStore) -> None:
    good, gone, bad = (store.add_text(name, name.encode()) for name in ("good", "gone", "bad"))
    store.flush()
    store.real_path(gone).unlink()
    store.real_path(bad).chmod(0o644)
    store.real_path(bad).write_text("BAD")
    stray = store.layout.store / ("0" * 32 + "-stray")
    stray.write_text("x")
    assert store.verify().changed == []
    report = store.verify(check_contents=True)
    assert (report.missing, report.changed) == ([gone], [bad])
    assert report.unregistered == [f"{store.store_dir}/{stray.name}"]
    assert not report.is_sound
    report = store.verify(check_contents=True, repair=lambda path: path in (gone, bad))
    assert report.is_sound
    assert store.verify(check_contents=True, paths=[good]).is_sound


def test_damaged_database_is_explained(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path, durable=False) as store:
        for number in range(50):
            store.add_text(f"t{number}", b"x" * 50)
        file = store.layout.database
    data = file.read_bytes()
    file.write_bytes(data[:100] + b"\xff" * 2000)
    with pytest.raises(DatabaseDamaged) as caught:
        LocalStore.open(tmp_path, durable=False)
    assert str(file) in caught.value.message and caught.value.hint


def test_newer_database_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "db", durable=False)
    with database.transaction() as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 0)")
    database.close()
    with pytest.raises(StoreError, match="version 99"):
        Database(tmp_path / "db")


def test_transaction_is_undone_as_a_whole(store: LocalStore) -> None:
    path = store.add_text("a", b"a")
    store.flush()
    info = store.query_path_info(path)
    bad = info.__class__(**{**info.__dict__, "path": path + "2", "references": frozenset(["/osconf/store/none"])})
    fine = info.__class__(**{**info.__dict__, "path": path + "3"})
    with pytest.raises(StoreError):
        store.registrar.register([fine, bad])
    assert store.valid_paths() == [path]


@pytest.mark.parametrize("left", ["", "sub"])
def test_verify_puts_modes_right(store: LocalStore, tmp_path: Path, left: str) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_text("x")
    path = store.add_path(tmp_path / "tree", "tree")
    # What `optimise` leaves when it is killed in a store of an ordinary user.
    directory = store.real_path(path) / left
    directory.chmod(0o755)
    assert store.verify(check_contents=True).is_sound
    assert stat.S_IMODE(directory.stat().st_mode) == 0o555


@pytest.mark.parametrize("check_contents", [False, True])
def test_verify_does_not_miss_what_is_collected_meanwhile(
    store: LocalStore, other: LocalStore, check_contents: bool
) -> None:
    store.add_text("a", b"a")
    store.add_text("b", b"b")
    store.close()

    def collect(done: int, _all: int) -> None:
        if done == 1:
            assert len(LocalStore.open(other.root, durable=False).collect_garbage().paths) == 2

    report = other.verify(check_contents=check_contents, progress=collect)
    assert (report.missing, report.changed) == ([], [])


def test_verify_leaves_the_modes_of_a_running_optimise(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    path = store.add_path(tmp_path / "tree", "tree")
    store.real_path(path).chmod(0o755)
    lock = PathLock(store.layout.locks, OPTIMISE_LOCK)
    lock.acquire()
    with ThreadPoolExecutor() as pool:
        report = pool.submit(store.verify, check_contents=True)
        time.sleep(0.3)
        assert stat.S_IMODE(store.real_path(path).stat().st_mode) == 0o755
        lock.release()
        assert report.result().is_sound
    assert stat.S_IMODE(store.real_path(path).stat().st_mode) == 0o555
