"""The batch of paths that wait for registration: when it is synced, what is kept, whom it holds up."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.store import registrar
from osconf.store.local import LocalStore
from osconf.store.locks import hold_lock


def test_nothing_has_a_row_before_it_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalStore.open(tmp_path) as store:
        paths = [store.add_text(name, b"content") for name in ("a", "b")]
        found: list[object] = []

        def sync(place: Path) -> None:
            found.append((place, store.database.valid_paths(), [store.real_path(path).read_bytes() for path in paths]))

        monkeypatch.setattr(registrar, "sync_filesystem", sync)
        store.flush()
        assert found == [(store.layout.store, [], [b"content", b"content"])]
        assert store.database.valid_paths() == sorted(paths)
        store.flush()
        assert len(found) == 1


def test_what_cannot_be_synced_waits_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_place: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with LocalStore.open(tmp_path) as store:
        path = store.add_text("a", b"a")
        with monkeypatch.context() as patch:
            patch.setattr(registrar, "sync_filesystem", fail)
            with pytest.raises(StoreError, match="no space left") as caught:
                store.flush()
        assert caught.value.code == "no-space"
        assert store.is_valid(path) and not store.database.is_valid(path)
        store.flush()
        assert store.database.is_valid(path)


def test_registering_does_not_wait_for_a_collection_of_garbage(store: LocalStore) -> None:
    path = store.add_text("a", b"a")
    with hold_lock(store.layout.gc_lock, exclusive=True):
        keeps = threading.Thread(target=store.add_temp_root, args=(f"{store.store_dir}/{'0' * 32}-other",))
        keeps.start()
        keeps.join(0.2)
        assert keeps.is_alive()
        registers = threading.Thread(target=store.flush)
        registers.start()
        registers.join(10)
        assert store.database.is_valid(path)
    keeps.join(10)
    registers.join(10)


def test_what_is_registered_meanwhile_stays_valid(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.add_text("a", b"a")
    ask = store.database.valid_among

    def ask_and_register(paths: Iterable[str]) -> set[str]:
        found = ask(paths)
        store.flush()
        return found

    monkeypatch.setattr(store.database, "valid_among", ask_and_register)
    assert store.valid_among([path]) == {path}
