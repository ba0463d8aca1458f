"""Sending a closure between stores: complete, with hard links kept, checked, and never outside a store path."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.model.path_info import PathInfo
from osconf.rebuild.transfer import receive_closure, send_closure
from osconf.store.local import LocalStore


@pytest.fixture
def stores(tmp_path: Path):
    with (
        LocalStore.open(tmp_path / "here", durable=False) as here,
        LocalStore.open(tmp_path / "there", durable=False) as there,
    ):
        yield here, there


def make_tree(store: LocalStore, tmp_path: Path) -> tuple[str, str]:
    """A package, and an environment whose files are hard links to it, named so that walking orders could differ."""
    source = tmp_path / "package"
    (source / "usr/bin").mkdir(parents=True)
    (source / "usr/bin/tool").write_text("#!/bin/sh\n")
    (source / "usr/bin/tool").chmod(0o755)
    (source / "usr/zlib").write_text("a library")
    package = store.add_path(source, "package")
    store.flush()
    place = store.temporary_path()
    (place / "a/deep").mkdir(parents=True)
    for name in ("a/deep/tool", "z-first", "b"):
        (place / name).hardlink_to(store.real_path(package) / "usr/bin/tool")
    (place / "own").write_text(package)
    (place / "same").hardlink_to(place / "own")
    (place / "link").symlink_to("own")
    digest, size, references = store.scan_content(place, [package])
    path = package[:-7] + "environment"
    store.install(place, PathInfo(path, digest, size, references))
    store.flush()
    return package, path


def transfer(here: LocalStore, there: LocalStore, path: str) -> list[str]:
    """Run both sides over pipes."""
    forward_read, forward_write = os.pipe()
    back_read, back_write = os.pipe()
    failure: list[BaseException] = []

    def receive() -> None:
        try:
            with os.fdopen(forward_read, "rb") as source, os.fdopen(back_write, "wb") as answers:
                receive_closure(there, source, answers)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=receive)
    thread.start()
    with os.fdopen(forward_write, "wb") as to, os.fdopen(back_read, "rb") as answers:
        sent = send_closure(here, [path], to, answers)
    thread.join()
    if failure:
        raise failure[0]
    return sent


def test_everything_arrives_with_its_hard_links(stores, tmp_path: Path) -> None:
    here, there = stores
    package, environment = make_tree(here, tmp_path)
    assert sorted(transfer(here, there, environment)) == sorted([package, environment])
    assert there.closure([environment]) == here.closure([environment])
    assert there.query_path_info(environment).nar_hash == here.query_path_info(environment).nar_hash
    original = there.real_path(package) / "usr/bin/tool"
    assert original.samefile(there.real_path(environment) / "z-first")
    assert (there.real_path(environment) / "own").samefile(there.real_path(environment) / "same")


def test_what_is_there_is_not_sent_again(stores, tmp_path: Path) -> None:
    here, there = stores
    package, environment = make_tree(here, tmp_path)
    transfer(here, there, package)
    assert transfer(here, there, environment) == [environment]
    assert (there.real_path(package) / "usr/bin/tool").samefile(there.real_path(environment) / "b")
    assert transfer(here, there, environment) == []


def test_a_damaged_stream_registers_nothing(stores, tmp_path: Path) -> None:
    here, there = stores
    package, _ = make_tree(here, tmp_path)
    info = here.query_path_info(package)
    stream = io.BytesIO()
    lines = (
        f'{{"format": 1, "storeDir": "{here.store_dir}", "closure": ["{package}"]}}\n'
        f'{{"infos": [{{"path": "{package}", "narHash": "{info.nar_hash.sri()}", "narSize": {info.nar_size}, '
        '"references": []}]}\n'
    )
    stream.write(lines.encode())
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        member = tarfile.TarInfo(package.lstrip("/"))
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    stream.seek(0)
    with pytest.raises(StoreError, match="arrived damaged"):
        receive_closure(there, stream, io.BytesIO())
    assert not there.is_valid(package)


@pytest.mark.parametrize("name", ["{path}/../escape", "osconf/store/other-name"])
def test_a_stream_that_leaves_its_path_is_refused(stores, tmp_path: Path, name: str) -> None:
    here, there = stores
    package, _ = make_tree(here, tmp_path)
    info = here.query_path_info(package)
    stream = io.BytesIO()
    stream.write(
        (
            f'{{"format": 1, "storeDir": "{here.store_dir}", "closure": ["{package}"]}}\n'
            f'{{"infos": [{{"path": "{package}", "narHash": "{info.nar_hash.sri()}", "narSize": {info.nar_size}, '
            '"references": []}]}\n'
        ).encode()
    )
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.addfile(tarfile.TarInfo(name.format(path=package.lstrip("/"))), io.BytesIO(b""))
    stream.seek(0)
    with pytest.raises(StoreError):
        receive_closure(there, stream, io.BytesIO())
    assert not (there.root / "escape").exists()
