"""The real Nix reads what osconf writes, and the other way round, when both use /nix/store."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.store.binary_cache import FileCache, open_cache
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey, parse_public_keys
from osconf.store.stream import export_paths, import_paths
from tests.unit.model.oracle import NixOracle, has_nix

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not has_nix(), reason="no nix-store here")]

KEY = SecretKey.generate("interchange-1")


@pytest.fixture
def oracle(tmp_path: Path) -> NixOracle:
    return NixOracle(tmp_path / "oracle")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "ours", "/nix/store", durable=False) as opened:
        yield opened


def fill(store: LocalStore, tmp_path: Path) -> str:
    """A closure of two paths; its top."""
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/run").write_bytes(os.urandom(200_000))
    (tmp_path / "tree/bin/run").chmod(0o755)
    tree = store.add_path(tmp_path / "tree", "tree")
    return store.add_text("top", tree.encode(), [tree])


@pytest.mark.parametrize("compression", ["xz", "zstd", "none"])
def test_nix_substitutes_from_our_cache(store: LocalStore, oracle: NixOracle, tmp_path: Path, compression: str) -> None:
    top = fill(store, tmp_path)
    cache = FileCache(tmp_path / "cache", "/nix/store")
    for path in store.closure([top]):
        cache.add(store, path, key=KEY, compression=compression)
    oracle.environment["NIX_CONFIG"] += f"trusted-public-keys = {KEY.render_public()}\nrequire-sigs = true\n"
    oracle.run("nix", "copy", "--from", f"file://{tmp_path / 'cache'}", top)
    theirs = oracle.text("nix-store", "--query", "--requisites", top).splitlines()
    assert sorted(theirs) == sorted(store.closure([top]))
    assert oracle.text("nix-store", "--query", "--hash", top) == store.query_path_info(top).nar_hash.prefixed()


def test_we_read_the_cache_that_nix_wrote(store: LocalStore, oracle: NixOracle, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.render())
    top = oracle.text("nix-store", "--add", __file__)
    oracle.run("nix", "store", "sign", "--key-file", str(tmp_path / "key"), top)
    oracle.run("nix", "copy", "--to", f"file://{tmp_path / 'cache'}", top)
    cache = open_cache(str(tmp_path / "cache"), "/nix/store")
    for narinfo in cache.closure([top], store.is_valid) or []:
        assert narinfo.info.signatures
        cache.fetch(store, narinfo, parse_public_keys([KEY.render_public()]))
    assert store.real_path(top).read_bytes() == Path(__file__).read_bytes()


def test_streams_are_interchanged(store: LocalStore, oracle: NixOracle, tmp_path: Path) -> None:
    top = fill(store, tmp_path)
    buffer = io.BytesIO()
    export_paths(store, store.closure([top]), buffer)
    oracle.run("nix-store", "--import", data=buffer.getvalue())
    theirs = oracle.run("nix-store", "--export", *store.closure([top]))
    assert theirs == buffer.getvalue()
    with LocalStore.open(tmp_path / "again", "/nix/store", durable=False) as again:
        assert import_paths(again, io.BytesIO(theirs)) == store.closure([top])


def test_built_outputs_have_equal_paths(oracle: NixOracle, store: LocalStore) -> None:
    text = 'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; }'
    drv = oracle.text("nix-instantiate", "-E", text)
    exported = oracle.run("nix-store", "--export", drv)
    import_paths(store, io.BytesIO(exported))
    assert store.read_derivation(drv).output_path() == oracle.text("nix-store", "--query", "--outputs", drv)
