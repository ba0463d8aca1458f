"""One contract for everything that carries closures from store to store: caches in every compression, streams."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.store.binary_cache import FileCache, open_cache
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey, parse_public_keys
from osconf.store.stream import export_paths, import_paths

KEY = SecretKey.generate("test-1")
KEYS = parse_public_keys([KEY.render_public()])

Carry = Callable[[LocalStore, LocalStore, list[str]], None]


def carry_by_cache(directory: Path, compression: str) -> Carry:
    def carry(source: LocalStore, target: LocalStore, paths: list[str]) -> None:
        cache = FileCache(directory, source.store_dir)
        for path in source.closure(paths):
            cache.add(source, path, key=KEY, compression=compression)
        reader = open_cache(f"file://{directory}", target.store_dir)
        for narinfo in reader.closure(paths, target.is_valid) or []:
            reader.fetch(target, narinfo, KEYS)

    return carry


def carry_by_stream(source: LocalStore, target: LocalStore, paths: list[str]) -> None:
    buffer = io.BytesIO()
    export_paths(source, source.closure(paths), buffer)
    buffer.seek(0)
    import_paths(target, buffer)


@pytest.fixture(params=["none", "zstd", "xz", "stream"])
def carry(request: pytest.FixtureRequest, tmp_path: Path) -> Carry:
    """A way from store to store."""
    return carry_by_stream if request.param == "stream" else carry_by_cache(tmp_path / "cache", request.param)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "source", durable=False) as store:
        yield store


@pytest.fixture
def target(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "target", durable=False) as store:
        yield store


def fill(store: LocalStore, tmp_path: Path) -> tuple[str, list[str]]:
    """A closure with a file, a tree and a reference; its top and all of it."""
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/run").write_text("#!" + "x" * 100_000)
    (tmp_path / "tree/bin/run").chmod(0o755)
    (tmp_path / "tree/link").symlink_to("bin/run")
    tree = store.add_path(tmp_path / "tree", "tree")
    top = store.add_text("top", tree.encode(), [tree])
    return top, [tree, top]


def test_closure_arrives_whole(carry: Carry, source: LocalStore, target: LocalStore, tmp_path: Path) -> None:
    top, everything = fill(source, tmp_path)
    carry(source, target, [top])
    assert sorted(target.closure([top])) == sorted(everything)
    for path in everything:
        ours, theirs = source.query_path_info(path), target.query_path_info(path)
        assert (ours.nar_hash, ours.nar_size, ours.references) == (theirs.nar_hash, theirs.nar_size, theirs.references)
    assert target.verify(check_contents=True).is_sound


def test_carrying_twice_changes_nothing(carry: Carry, source: LocalStore, target: LocalStore, tmp_path: Path) -> None:
    top, _ = fill(source, tmp_path)
    carry(source, target, [top])
    before = target.query_path_info(top)
    carry(source, target, [top])
    assert target.query_path_info(top) == before
    assert list(target.layout.temporary.iterdir()) == []


def test_damaged_source_is_refused(carry: Carry, source: LocalStore, target: LocalStore, tmp_path: Path) -> None:
    top, (tree, _) = fill(source, tmp_path)
    source.flush()
    run = source.real_path(tree) / "bin/run"
    run.chmod(0o755)
    run.write_text("#!" + "y" * 100_000)
    with pytest.raises(StoreError, match="damaged"):
        carry(source, target, [top])
    assert not target.is_valid(top)
