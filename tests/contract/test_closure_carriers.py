"""One contract for everything that carries closures from store to store: caches, web servers, streams, ssh."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.errors import OsconfError
from osconf.store.interface import Store
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey
from tests.contract.carriers import CARRIERS, KEY, Carry, carries_to_disk, make_carrier
from tests.contract.store_kinds import KINDS, STORE_DIR, run_daemon

# Into memory what is a conversation about files cannot go.
PAIRS = [
    (carrier, kind)
    for carrier in CARRIERS
    for kind in ("chroot", "daemon", "memory")
    if kind == "chroot" or not carries_to_disk(carrier)
    if kind != "memory" or carrier.startswith(("file-", "http"))
]


@pytest.fixture(params=PAIRS, ids="-to-".join)
def journey(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Carry, Store]]:
    """A way, and the store at its end."""
    carrier, kind = request.param
    with make_carrier(carrier, tmp_path, monkeypatch) as carry, KINDS[kind](tmp_path / "target") as target:
        yield carry, target


@pytest.fixture
def source(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "source", durable=False) as store:
        yield store


def fill(store: Store, tmp_path: Path) -> tuple[str, list[str]]:
    """A closure with a file, a tree and a reference; its top and all of it."""
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/run").write_text("#!" + "x" * 100_000)
    (tmp_path / "tree/bin/run").chmod(0o755)
    (tmp_path / "tree/link").symlink_to("bin/run")
    tree = store.add_path(tmp_path / "tree", "tree")
    top = store.add_text("top", tree.encode(), [tree])
    return top, [tree, top]


def test_closure_arrives_whole(journey: tuple[Carry, Store], source: LocalStore, tmp_path: Path) -> None:
    carry, target = journey
    top, everything = fill(source, tmp_path)
    carry(source, target, [top])
    assert sorted(target.closure([top])) == sorted(everything)
    for path in everything:
        ours, theirs = source.query_path_info(path), target.query_path_info(path)
        assert (ours.nar_hash, ours.nar_size, ours.references) == (theirs.nar_hash, theirs.nar_size, theirs.references)
        archives = io.BytesIO(), io.BytesIO()
        for store, archive in zip((source, target), archives, strict=True):
            store.dump_archive(path, archive.write)
        assert archives[0].getvalue() == archives[1].getvalue()
    assert target.verify(check_contents=True).is_sound


def test_carrying_twice_changes_nothing(journey: tuple[Carry, Store], source: LocalStore, tmp_path: Path) -> None:
    carry, target = journey
    top, _ = fill(source, tmp_path)
    carry(source, target, [top])
    before = target.query_path_info(top)
    carry(source, target, [top])
    assert target.query_path_info(top) == before
    place = target.layout.temporary
    assert not place.exists() or list(place.iterdir()) == []


def test_damaged_source_is_refused(journey: tuple[Carry, Store], source: LocalStore, tmp_path: Path) -> None:
    carry, target = journey
    top, (tree, _) = fill(source, tmp_path)
    source.flush()
    run = source.real_path(tree) / "bin/run"
    run.chmod(0o755)
    run.write_text("#!" + "y" * 100_000)
    with pytest.raises(OsconfError):
        carry(source, target, [top])
    assert not target.is_valid(tree) and not target.is_valid(top)


def make_unproved(source: LocalStore, tmp_path: Path) -> str:
    """A path whose name does not follow from its content."""
    from dataclasses import replace

    (tmp_path / "file").write_text("content")
    proved = source.add_path(tmp_path / "file", "file")
    path = f"{STORE_DIR}/{'1' * 32}-unproved"
    info = replace(source.query_path_info(proved), path=path, content_address=None)
    data = io.BytesIO()
    source.dump_archive(proved, data.write)
    source.import_archive(info, io.BytesIO(data.getvalue()))
    source.flush()
    return path


@pytest.mark.parametrize("kind", ["file-zstd", "http", "stream", "conversation"])
def test_who_is_not_trusted_brings_nothing_unproved(
    kind: str, source: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that does not trust its client takes what proves itself, and what a key of the machine signed."""
    from osconf.daemon.client import DaemonStore

    unproved = make_unproved(source, tmp_path)
    top, everything = fill(source, tmp_path)
    with (
        run_daemon(tmp_path / "target", trusts=False) as socket,
        make_carrier(kind, tmp_path / "way", monkeypatch) as carry,
    ):
        with DaemonStore.connect(socket, STORE_DIR) as target, pytest.raises(OsconfError, match=r"trust|signature"):
            carry(source, target, [unproved])
        with DaemonStore.connect(socket, STORE_DIR) as target:
            assert target.valid_paths() == []
        if kind != "stream":  # which carries no content addresses
            with DaemonStore.connect(socket, STORE_DIR) as target:
                carry(source, target, [top])
                assert target.valid_paths() == sorted(everything)


@pytest.mark.parametrize("kind", ["file-zstd", "http", "conversation"])
def test_signed_paths_are_taken_from_anybody(
    kind: str, source: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from osconf.daemon.client import DaemonStore

    unproved = make_unproved(source, tmp_path)
    source.add_signatures({unproved: [KEY.sign(source.query_path_info(unproved).fingerprint())]})
    stranger = SecretKey.generate("test-1")
    for trusted, is_taken in ((stranger, False), (KEY, True)):
        with (
            run_daemon(tmp_path / f"{is_taken}", trusts=False, trusted_keys=(trusted.render_public(),)) as socket,
            make_carrier(kind, tmp_path / f"way-{is_taken}", monkeypatch) as carry,
            DaemonStore.connect(socket, STORE_DIR) as target,
        ):
            if is_taken:
                carry(source, target, [unproved])
                assert target.is_valid(unproved)
            else:
                with pytest.raises(OsconfError, match="trust"):
                    carry(source, target, [unproved])
