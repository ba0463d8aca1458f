"""Sending a closure between stores: complete, with hard links kept, checked, and never outside a store path."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.model.path_info import PathInfo
from osconf.store.local import LocalStore
from osconf.store.scan import ReferenceScanner, scan_tree
from osconf.store.transfer import receive_closure, send_closure


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
    digest, size, references = scan_tree(place, ReferenceScanner([package]))
    path = package[:-7] + "environment"
    store.registrar.install(place, PathInfo(path, digest, size, references))
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


@pytest.mark.parametrize(
    "members",
    [
        [("link", tarfile.SYMTYPE, "{outside}"), ("link/planted", tarfile.REGTYPE, "")],
        [("planted", tarfile.REGTYPE, ""), ("planted", tarfile.REGTYPE, "")],
        [("link", tarfile.SYMTYPE, "{outside}/secret"), ("planted", tarfile.LNKTYPE, "{path}/link")],
        [("planted", tarfile.LNKTYPE, "{other}/link/secret")],
        [("planted", tarfile.LNKTYPE, "{other}/direct")],
        [("planted", tarfile.LNKTYPE, "{other}")],
        [("no/parent", tarfile.REGTYPE, "")],
        [("device", tarfile.CHRTYPE, "")],
    ],
    ids=["write-through-link", "twice", "link-to-link", "through-store", "store-link", "directory", "orphan", "device"],
)
def test_a_stream_reaches_nothing_through_links(stores, tmp_path: Path, members: list[tuple[str, bytes, str]]) -> None:
    """The receiver may be root, and the sender a stranger."""
    here, there = stores
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (outside / "secret").chmod(0o600)
    tree = tmp_path / "other"
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    (tree / "direct").symlink_to(outside / "secret")
    other = there.add_path(tree, "other")
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
    places = {"outside": str(outside), "path": package.lstrip("/"), "other": other.lstrip("/")}
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        top = tarfile.TarInfo(package.lstrip("/"))
        top.type = tarfile.DIRTYPE
        archive.addfile(top)
        for name, kind, target in members:
            member = tarfile.TarInfo(f"{package.lstrip('/')}/{name}")
            member.type, member.linkname = kind, target.format(**places)
            archive.addfile(member, io.BytesIO(b""))
    stream.seek(0)
    with pytest.raises(StoreError) as raised:
        receive_closure(there, stream, io.BytesIO())
    assert raised.value.code == "bad-stream"
    assert [entry.name for entry in outside.iterdir()] == ["secret"]
    assert (outside / "secret").stat().st_mode & 0o777 == 0o600 and (outside / "secret").stat().st_nlink == 1
    assert not there.is_valid(package)


def test_a_stream_of_foreign_paths_is_refused(stores) -> None:
    _, there = stores
    foreign = "/etc/cron.d/" + "0" * 32 + "-x"
    stream = io.BytesIO(f'{{"format": 1, "storeDir": "{there.store_dir}", "closure": ["{foreign}"]}}\n'.encode())
    with pytest.raises(StoreError, match="not in the store"):
        receive_closure(there, stream, io.BytesIO())


def test_what_is_valid_is_not_registered_anew(stores, tmp_path: Path) -> None:
    """Whoever sends a path that is here cannot change what is known of it."""
    _, there = stores
    (tmp_path / "file").write_text("content")
    path = there.add_path(tmp_path / "file", "file")
    there.flush()
    before = there.query_path_info(path)
    place = there.temporary_path()
    place.write_text("other")
    there.registrar.install(place, PathInfo(path, before.nar_hash, 1, frozenset({path})))
    there.flush()
    assert there.query_path_info(path) == before


PATH = f"/osconf/store/{'0' * 32}-x"


@pytest.mark.parametrize(
    ("closure", "infos"),
    [
        (5, []),
        ([PATH], {}),
        ([PATH], [5]),
        ([PATH], [{"path": PATH}]),
        ([PATH], [{"path": PATH, "references": None, "narHash": "sha256-", "narSize": 1}]),
        ([PATH], [{"path": PATH, "references": [], "narHash": f"sha256:{'0' * 64}", "narSize": "much"}]),
        ([PATH], [{"path": PATH, "references": [], "narHash": f"sha256:{'0' * 64}", "narSize": 1, "signatures": 1}]),
    ],
)
def test_what_is_not_the_protocol_is_an_error(store: LocalStore, closure: object, infos: object) -> None:
    request = {"format": 1, "storeDir": store.store_dir, "closure": closure}
    stream = "".join(json.dumps(message) + "\n" for message in (request, {"infos": infos}))
    answers = io.BytesIO()
    with pytest.raises(StoreError, match="the other side") as caught:
        receive_closure(store, io.BytesIO(stream.encode()), answers)
    assert caught.value.code == "bad-stream"
    assert b"the other side" in answers.getvalue()


def test_an_answer_that_is_not_the_protocol_is_an_error(store: LocalStore) -> None:
    path = store.add_text("a", b"a")
    with pytest.raises(StoreError, match="without the list 'missing'"):
        send_closure(store, [path], io.BytesIO(), io.BytesIO(b'{"missing": 7}\n'))
