"""What processes leave when they are killed: told from what living ones are making, and removed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from osconf.store.binary_cache import FileCache
from osconf.store.database import Database
from osconf.store.local import LocalStore


def test_a_process_with_the_id_of_a_dead_one_is_not_in_its_way(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path, durable=False) as dead:
        place = dead.temporary_path()
        place.mkdir()
    with LocalStore.open(tmp_path, durable=False) as store:
        # The same process id, as after a boot.
        own = store.temporary_path()
        own.mkdir()
        assert place.name.startswith(str(os.getpid())) and own.name.startswith(str(os.getpid()))
        with LocalStore.open(tmp_path, durable=False) as other:
            assert other.collect_garbage().leftovers == 1
        assert own.exists() and not place.exists()


def test_the_trash_of_a_killed_collector_is_not_in_the_way(store: LocalStore) -> None:
    for _ in range(2):
        path = store.add_path(_tree(store.root), "tree")
        store.flush()
        store.database.invalidate([path])
        # As when the collector dies between moving files away and removing them.
        store.real_path(path).rename(store.layout.trash / f"{os.getpid()}-{path.rpartition('/')[2]}")
        with LocalStore.open(store.root, durable=False) as other:
            other.collect_garbage()
        assert list(store.layout.trash.iterdir()) == []


def _tree(root: Path) -> Path:
    (root / "tree").mkdir(exist_ok=True)
    (root / "tree/file").write_text("x")
    return root / "tree"


def test_stale_locks_go_and_held_ones_stay(store: LocalStore) -> None:
    from osconf.store.locks import PathLock

    (store.layout.locks / "stale.lock").touch()
    with PathLock(store.layout.locks, "held"):
        store.collect_garbage()
        assert [file.name for file in store.layout.locks.iterdir()] == ["held.lock"]


@pytest.mark.parametrize("where", [0, 1], ids=["state", "store"])
def test_a_registration_that_a_kill_left_out_is_loaded_later(tmp_path: Path, where: int) -> None:
    with LocalStore.open(tmp_path, durable=False) as image:
        path = image.add_text("system", b"system")
        image.flush()
        info = image.query_path_info(path)
    entry = {"path": path, "narHash": info.nar_hash.sri(), "narSize": info.nar_size, "references": []}
    image.layout.registrations[where].write_text(json.dumps([entry]))
    image.layout.database.unlink()
    # Whoever made the database was killed before it read the registration.
    Database(image.layout.database, durable=False).close()
    with LocalStore.open(tmp_path, durable=False) as store:
        assert store.is_valid(path)


def test_an_archive_is_synced_before_its_narinfo(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.add_text("text", b"text")
    events: list[str] = []
    cache = FileCache(store.root / "cache", store.store_dir)
    monkeypatch.setattr("osconf.store.binary_cache.sync_file", lambda place: events.append(place.parent.name))
    real_replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: (events.append(to.suffix), real_replace(self, to))[1])
    cache.add(store, path)
    assert events[-3:] == ["nar", ".zst", ".narinfo"]
