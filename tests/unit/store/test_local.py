"""Adding, registering and asking."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths
from osconf.model.hashes import Hash, hash_bytes
from osconf.model.nar import hash_path
from osconf.model.path_info import PathInfo
from osconf.store import local
from osconf.store.local import LocalStore
from osconf.store.places import NotValid


def test_text_is_canonical_and_valid(store: LocalStore) -> None:
    path = store.add_text("note", b"hello")
    status = store.real_path(path).stat()
    assert stat.S_IMODE(status.st_mode) == 0o444
    assert status.st_mtime == 1
    assert store.is_valid(path)
    assert store.query_path_info(path).nar_hash == hash_path(store.real_path(path))[0]
    assert store.add_text("note", b"hello") == path


def test_tree_is_copied_and_filtered(store: LocalStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "run").write_text("x")
    (source / "run").chmod(0o4755)
    (source / "skip").write_text("x")
    (source / "sub/link").symlink_to("../run")
    os.setxattr(source / "run", "user.note", b"x")
    asked: list[str] = []

    def keep(name: str, _kind: str) -> bool:
        asked.append(name)
        return name != "skip"

    path = store.add_path(source, "tree", keep=keep)
    assert len(asked) == len(set(asked))
    real = store.real_path(path)
    assert sorted(entry.name for entry in real.iterdir()) == ["run", "sub"]
    assert stat.S_IMODE((real / "run").stat().st_mode) == 0o555
    assert stat.S_IMODE(real.stat().st_mode) == 0o555
    assert os.listxattr(real / "run") == []
    assert (real / "sub/link").lstat().st_mtime == 1


def test_expected_hash_is_compared(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(StoreError, match="hash mismatch") as caught:
        store.add_path(tmp_path / "f", "f", recursive=False, expected=hash_bytes("sha256", b"y"))
    assert "expected: sha256-" in caught.value.message and "got:      sha256-" in caught.value.message


def test_others_see_what_is_flushed(store: LocalStore, other: LocalStore) -> None:
    path = store.add_text("note", b"hello")
    assert not other.is_valid(path)
    store.flush()
    assert other.is_valid(path)


def test_two_processes_may_add_the_same(store: LocalStore, other: LocalStore) -> None:
    path = store.add_text("note", b"hello")
    assert other.add_text("note", b"hello") == path
    other.flush()
    store.flush()
    assert store.database.is_valid(path)


def test_leftover_with_other_content_is_replaced(store: LocalStore) -> None:
    path = store.add_text("note", b"hello")
    store.flush()
    store.delete([path], ignore_liveness=True)
    store.real_path(path).write_text("garbage of an interrupted write")
    store.add_text("note", b"hello")
    assert store.real_path(path).read_text() == "hello"


def test_closure_is_ordered_references_first(store: LocalStore) -> None:
    a = store.add_text("a", b"a")
    b = store.add_text("b", a.encode(), [a])
    store.flush()
    c = store.add_text("c", b.encode(), [b, a])
    assert store.closure([c]) == [a, b, c]
    assert store.referrers(a) == sorted([b, c])
    with pytest.raises(NotValid):
        store.closure([c + "x"])


def test_references_must_be_valid(store: LocalStore) -> None:
    path = store.add_text("a", b"a")
    ghost = path.replace("-a", "-ghost")
    with pytest.raises(StoreError) as caught:
        store.registrar.register([PathInfo(path + "2", hash_bytes("sha256", b""), 1, frozenset([ghost]))])
    assert caught.value.code == "reference-not-valid"


def test_derivations_are_read_back(store: LocalStore) -> None:
    drv = Derivation(
        {"out": DerivationOutput("")}, {}, (), "x", "/b", (), {"name": "d", "v": "é".encode().decode("latin-1")}
    )
    drv = fill_output_paths(drv, store.derivation_hash, store.store_dir)
    path = store.write_derivation(drv)
    assert path.endswith("-d.drv")
    store.flush()
    with LocalStore.open(store.root, durable=False) as other:
        assert other.read_derivation(path) == drv
        assert other.database.derivers_of(drv.output_path()) == [path]


def test_registration_of_an_image_is_loaded_once(store: LocalStore, tmp_path: Path) -> None:
    path = store.add_text("a", b"a")
    user = store.add_text("b", b"b", [path])
    entries = [
        {
            "path": info.path,
            "narHash": info.nar_hash.prefixed(),
            "narSize": info.nar_size,
            "references": sorted(info.references),
        }
        for info in map(store.query_path_info, (user, path))
    ]
    store.flush()
    store.invalidate([user, path])
    assert sorted(store.load_registration([*entries, {**entries[0], "path": path.replace("-a", "-gone")}])) == sorted(
        [path, user]
    )
    assert store.load_registration(entries) == []
    assert store.closure([user]) == [path, user]


def test_resolve_follows_links_into_the_store(store: LocalStore, tmp_path: Path) -> None:
    path = store.add_text("a", b"a")
    store.add_root(tmp_path / "result", path)
    (tmp_path / "again").symlink_to("result")
    assert store.resolve(tmp_path / "again") == path
    assert store.resolve(path + "/bin") == path
    with pytest.raises(NotValid):
        store.resolve(tmp_path)


def test_full_disk_is_explained_and_leaves_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    monkeypatch.setattr("osconf.store.copying.copy_hashed", full)
    (tmp_path / "f").write_text("x")
    with pytest.raises(StoreError, match="no space left") as caught:
        store.add_path(tmp_path / "f", "f")
    assert caught.value.code == "no-space" and "osconf gc" in (caught.value.hint or "")
    assert list(store.layout.temporary.iterdir()) == []
    assert store.valid_paths() == []


def test_reading_a_store_of_another(store: LocalStore) -> None:
    path = store.add_text("a", b"a")
    store.flush()
    with LocalStore.open(store.root, read_only=True) as reader:
        assert reader.closure([path]) == [path]
        with pytest.raises(StoreError):
            reader.database.invalidate([path])


def test_logical_directory_is_part_of_paths(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path, "/nix/store", durable=False) as store:
        path = store.add_text("t", b"text")
        assert path.startswith("/nix/store/")
        assert store.real_path(path) == Path(f"{tmp_path}{path}")
        assert store.state_dir == tmp_path / "nix/var"


def test_declared_hash_is_kept(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    path = store.add_path(tmp_path / "f", "f", recursive=False, algorithm="sha1")
    info = store.query_path_info(path)
    assert info.content_address == f"fixed:{hash_bytes('sha1', b'x').prefixed()}"
    assert isinstance(info.nar_hash, Hash)


def test_large_trees_are_added_in_one_reading(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_LARGE_BYTES", 1000)
    tree = tmp_path / "tree"
    (tree / "a/deep").mkdir(parents=True)
    (tree / "a/deep/run").write_bytes(b"#!" + b"x" * 200_000)
    (tree / "a/deep/run").chmod(0o755)
    (tree / "a/empty").touch()
    (tree / "a/left-out").write_text("no")
    (tree / "link").symlink_to("a/deep/run")
    (tree / os.fsdecode(b"\xff")).write_text("not text")
    path = store.add_path(tree, "tree", keep=lambda name, _kind: name != "a/left-out")
    monkeypatch.setattr(local, "_LARGE_BYTES", 1 << 30)
    assert store.add_path(tree, "tree", keep=lambda name, _kind: name != "a/left-out") == path
    real = store.real_path(path)
    assert hash_path(real)[0] == store.query_path_info(path).nar_hash
    assert not (real / "a/left-out").exists() and os.access(real / "a/deep/run", os.X_OK)
    assert store.verify(check_contents=True).is_sound
    assert list(store.layout.temporary.iterdir()) == []


def test_large_trees_that_are_here_are_not_copied_again(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    monkeypatch.setattr(local, "_LARGE_BYTES", 1000)
    path = store.add_path(tmp_path / "file", "file")
    monkeypatch.setattr("osconf.store.copying.copy_hashed", lambda *_: pytest.fail("copied"))
    assert store.add_path(tmp_path / "file", "file") == path
