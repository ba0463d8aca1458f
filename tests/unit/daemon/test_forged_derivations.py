"""What a client who is not trusted cannot make the daemon believe of derivations."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from osconf.daemon.client import DaemonStore
from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths, hash_modulo, parse, serialize
from osconf.model.hashes import hash_bytes
from osconf.model.path_info import PathInfo, fixed_content_address
from osconf.model.store_path import make_fixed_output_path
from tests.contract.store_kinds import STORE_DIR, run_daemon

VICTIM = f"{STORE_DIR}/{'a' * 32}-victim"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DaemonStore]:
    """A store behind a daemon that does not trust us."""
    with run_daemon(tmp_path / "root", trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as found:
        yield found


def make(inputs: dict[str, tuple[str, ...]] | None = None, output: str = "out", path: str = "") -> Derivation:
    return Derivation(
        {output: DerivationOutput(path)}, inputs or {}, (), "x86_64-linux", "/bin/sh", (), {"name": "x", output: path}
    )


FORGED = serialize(make(path=VICTIM))


def hash_of(drv: Derivation) -> str:
    return hash_modulo(drv, lambda _path: "")


def expect_refusal(store: DaemonStore, name: str, drv: Derivation, references: frozenset[str]) -> None:
    with pytest.raises(StoreError) as caught:
        store.add_text(name, serialize(drv), references)
        store.flush()
    assert caught.value.code == "bad-derivation"


def test_right_derivations_are_believed(store: DaemonStore) -> None:
    inner = store.write_derivation(fill_output_paths(make(), lambda _path: "", STORE_DIR, "x"), "x")
    store.flush()
    assert store.is_valid(inner)


@pytest.mark.parametrize("recursive", [True, False])
def test_source_is_no_derivation(store: DaemonStore, tmp_path: Path, recursive: bool) -> None:
    file = tmp_path / "file"
    file.write_bytes(FORGED)
    with pytest.raises(StoreError) as caught:
        store.add_path(file, "x.drv", recursive=recursive)
    assert caught.value.code == "bad-derivation"


def test_link_to_a_derivation_is_none(store: DaemonStore, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(FORGED)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    data = bytearray()
    nar.dump_path(tmp_path / "link", data.extend)
    content = hash_bytes("sha256", bytes(data))
    path = make_fixed_output_path("x.drv", content, True, (), STORE_DIR)
    info = PathInfo(path, content, len(data), content_address=fixed_content_address(content, True))
    with pytest.raises(StoreError) as caught:
        store.import_archive(info, io.BytesIO(bytes(data)))
    assert caught.value.code == "bad-derivation"
    assert not store.is_valid(path)
    other = make_fixed_output_path("x", content, True, (), STORE_DIR)
    store.import_archive(replace(info, path=other), io.BytesIO(bytes(data)))
    assert store.is_valid(other)


def test_inputs_are_derivations(store: DaemonStore) -> None:
    text = store.add_text("x", FORGED)
    store.flush()
    outer = fill_output_paths(make({text: ("out",)}), lambda _path: hash_of(parse(FORGED)), STORE_DIR, "x")
    expect_refusal(store, "x.drv", outer, outer.references())


def test_outputs_are_no_derivations(store: DaemonStore) -> None:
    drv = fill_output_paths(make(output="a.drv"), lambda _path: "", STORE_DIR, "x")
    expect_refusal(store, "x.drv", drv, drv.references())


def test_derivations_refer_to_what_they_need(store: DaemonStore) -> None:
    drv = fill_output_paths(make(), lambda _path: "", STORE_DIR, "x")
    inner = store.write_derivation(drv, "x")
    store.flush()
    outer = fill_output_paths(make({inner: ("out",)}), lambda _path: hash_of(drv), STORE_DIR, "x")
    expect_refusal(store, "x.drv", outer, frozenset())


def test_files_elsewhere_are_not_told_of(store: DaemonStore, tmp_path: Path) -> None:
    for name in ("there", "nowhere"):
        (tmp_path / "there").touch()
        with pytest.raises(StoreError) as caught:
            store.request("query-path-info", {"path": f"/../{name}"})
        assert caught.value.hint is None
