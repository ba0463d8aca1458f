"""Two processes that bring one path, with different content: what is registered is what is on the disk."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.hashes import hash_bytes
from osconf.model.path_info import PathInfo
from osconf.store import registrar
from osconf.store.layout import StoreLayout
from osconf.store.local import LocalStore

PATH = f"/osconf/store/{'1' * 32}-same"
OTHER = f"/osconf/store/{'2' * 32}-other"


def bring(store: LocalStore, content: bytes, path: str = PATH) -> None:
    archive = nar.dump_bytes(content)
    store.import_archive(PathInfo(path, hash_bytes("sha256", archive), len(archive)), io.BytesIO(archive))


def open_store(root: Path) -> LocalStore:
    return LocalStore.open(root, durable=False)


def check(root: Path) -> bytes:
    with open_store(root) as store:
        assert store.verify(check_contents=True).is_sound
        assert not list(store.layout.locks.iterdir()) and not list(store.layout.temporary.iterdir())
        return store.real_path(PATH).read_bytes()


def test_second_content_waits_for_the_first(tmp_path: Path) -> None:
    with open_store(tmp_path) as first, open_store(tmp_path) as second:
        bring(first, b"first")
        thread = threading.Thread(target=bring, args=(second, b"second"))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        first.flush()
        thread.join(5)
        assert not thread.is_alive()
    assert check(tmp_path) == b"first"


def test_two_that_wait_for_each_other(tmp_path: Path) -> None:
    with open_store(tmp_path) as first, open_store(tmp_path) as second:
        bring(first, b"1")
        bring(second, b"2", OTHER)
        threads = [
            threading.Thread(target=bring, args=(first, b"3", OTHER)),
            threading.Thread(target=bring, args=(second, b"4", PATH)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
    assert check(tmp_path) == b"1"


def test_one_process_may_bring_a_path_twice(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, b"first")
        bring(store, b"second")
    assert check(tmp_path) == b"first"


def test_lock_goes_with_what_is_given_up(tmp_path: Path) -> None:
    archive = nar.dump_bytes(b"x")
    info = PathInfo(PATH, hash_bytes("sha256", archive), len(archive), frozenset({OTHER}))
    with open_store(tmp_path) as store:
        store.import_archive(info, io.BytesIO(archive))
        with pytest.raises(StoreError, match="not valid"):
            store.flush()
        assert not list(store.layout.locks.iterdir())
        bring(store, b"content")
    assert check(tmp_path) == b"content"


def test_many_paths_need_few_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registrar, "_MAX_LOCKS", 10)
    with open_store(tmp_path) as store:
        for number in range(35):
            bring(store, b"x", f"/osconf/store/{number:032}-x")
            assert len(store.registrar._path_locks) <= 10
        store.add_text("text", b"needs none")
        assert len(store.registrar._path_locks) == 5
    with open_store(tmp_path) as store:
        assert len(store.valid_paths()) == 36


def test_many_processes_bring_different_contents(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    pids = []
    for number in range(6):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with open_store(tmp_path) as store:
                    for name in range(30):
                        bring(store, b"content %d" % number, f"/osconf/store/{name:032}-x")
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 6
    with open_store(tmp_path) as store:
        assert store.verify(check_contents=True).is_sound and len(store.valid_paths()) == 30
    assert not list(StoreLayout(tmp_path).locks.iterdir())
