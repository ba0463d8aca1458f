"""What a stranger may make the daemon keep, read, wait for and believe has bounds."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import resource
import struct
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from osconf.daemon import checks, limits, service
from osconf.daemon.access import Peer
from osconf.daemon.client import DaemonStore
from osconf.errors import OsconfError, StoreError
from osconf.model import nar
from osconf.model.derivation import fill_output_paths
from osconf.model.hashes import hash_bytes
from osconf.model.path_info import PathInfo, fixed_content_address
from osconf.model.store_path import make_fixed_output_path
from osconf.store import registrar, roots, transfer
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey
from tests.contract.store_kinds import STORE_DIR, run_daemon
from tests.unit.daemon.test_forged_derivations import make

KEY = SecretKey.generate("machine-1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def store(root: Path) -> Iterator[DaemonStore]:
    """A store behind a daemon that does not trust us, but a key."""
    daemon = run_daemon(root, trusts=False, trusted_keys=(KEY.render_public(),))
    with daemon as socket, DaemonStore.connect(socket, STORE_DIR) as found:
        yield found


def refusal(act: object) -> str:
    assert callable(act)
    with pytest.raises(OsconfError) as caught:
        act()
    return caught.value.code


def make_path(number: int) -> str:
    return f"{STORE_DIR}/{number:032}-x"


# Memory


def test_conversations_have_bounded_memory_and_builders_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MEMORY", 200 << 20)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            limits.limit_memory()
            try:
                bytearray(400 << 20)
            except MemoryError:
                limits.lift_memory_limit()
                code = len(bytearray(400 << 20)) == 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


def ask_for_too_much(root: Path) -> None:
    """Ask for what needs 56 MB when read: four bytes for a character."""
    limits._MEMORY = 48 << 20
    path = make_path(1)
    with run_daemon(root, trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
        assert refusal(lambda: store.request("valid-among", {"paths": ["x" * 14_000_000 + "😀", path]})) == "too-much"
    with run_daemon(root, trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
        assert store.valid_among([path]) == set()


def test_too_much_is_told(root: Path) -> None:
    # In a process of its own: what earlier tests left of memory and stacks would serve a daemon made of this one.
    asking = multiprocessing.get_context("spawn").Process(target=ask_for_too_much, args=(root,))
    asking.start()
    asking.join(60)
    assert asking.exitcode == 0


def test_large_files_pass_through_little_memory(monkeypatch: pytest.MonkeyPatch, root: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(limits, "_MEMORY", 64 << 20)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(300 << 20)
    with run_daemon(root, trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
        path = store.add_path(tmp_path / "large", "large")
        assert store.real_path(path).stat().st_size == 300 << 20


def test_long_derivations_are_refused(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(checks, "_MAX_DERIVATION", 1000)
    with run_daemon(root, trusts=True) as socket, DaemonStore.connect(socket, STORE_DIR) as found:
        archive = nar.dump_bytes(b"x" * 2000)
        info = PathInfo(f"{STORE_DIR}/{'0' * 32}-x.drv", hash_bytes("sha256", archive), len(archive))
        with pytest.raises(StoreError, match=r"too long: 2000 bytes, allowed are 1000"):
            found.import_archive(info, io.BytesIO(archive))
        found.add_text("x.drv", b"x" * 2000)
        with pytest.raises(StoreError, match="too long"):
            found.flush()


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data + bytes(-len(data) % 8)


def test_streams_of_made_up_references_are_refused_at_once(store: DaemonStore) -> None:
    """Each is looked at when it comes: a million of them would be 64 GB."""
    start = struct.pack("<Q", 1) + nar.dump_bytes(b"x") + struct.pack("<Q", 0x4558494E)
    stream = start + text(make_path(0)) + struct.pack("<Q", 1 << 20) + text(make_path(1))
    with pytest.raises(StoreError, match=f"before '{make_path(1)}'"):
        store.import_stream(io.BytesIO(stream))


def receive(root: Path, lines: list[object], rest: bytes = b"", **options: object) -> None:
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + rest
    with LocalStore.open(root, STORE_DIR, durable=False) as store:
        transfer.receive_closure(store, io.BytesIO(data), io.BytesIO(), **options)  # type: ignore[arg-type]


def request_of(*paths: str) -> dict[str, object]:
    return {"format": 1, "storeDir": STORE_DIR, "closure": list(paths)}


def info_of(path: str, **changes: object) -> dict[str, object]:
    archive = nar.dump_bytes(b"x")
    hash_ = hash_bytes("sha256", archive).sri()
    return {"path": path, "narHash": hash_, "narSize": len(archive), "references": [], **changes}


def make_tar(path: str, **changes: object) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo(path.lstrip("/"))
        member.size, member.mode = 1, 0o444
        for name, value in changes.items():
            setattr(member, name, value)
        archive.addfile(member, io.BytesIO(b"x"))
    return sink.getvalue()


def test_closures_with_long_messages_and_headers_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_path(1)
    receive(root, [request_of(path), {"infos": [info_of(path)]}], make_tar(path, pax_headers={"comment": "x" * 1000}))
    path = make_path(2)
    long = make_tar(path, pax_headers={"comment": "x" * 1_000_000})
    with pytest.raises(StoreError, match="header that is too long"):
        receive(root, [request_of(path), {"infos": [info_of(path)]}], long)
    monkeypatch.setattr(transfer, "_MAX_MESSAGE", 1000)
    with pytest.raises(StoreError, match="more than 1000 bytes"):
        receive(root, [request_of(*map(make_path, range(50)))])
    for line in ("[]", "{", "[" * 900):
        with pytest.raises(StoreError, match=r"not JSON|not an object"):
            transfer._read_message(io.BytesIO(f"{line}\n".encode()))


def test_closures_name_what_they_refer_to_first(root: Path) -> None:
    path = make_path(1)
    info = info_of(path, references=[make_path(2)])
    with pytest.raises(StoreError, match=f"before '{make_path(2)}'"):
        receive(root, [request_of(path), {"infos": [info]}], make_tar(path))


# Roots and builds


def test_roots_of_a_conversation_have_a_bound(monkeypatch: pytest.MonkeyPatch, root: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(service, "_MAX_ROOTS", 5)
    paths = [make_path(number) for number in range(6)]
    source = io.BytesIO(json.dumps(request_of(*paths)).encode() + b"\n")
    (tmp_path / "source").write_text("x")

    def add_texts(store: DaemonStore) -> None:
        for number in range(6):
            store.add_text(f"text-{number}", b"")
        store.flush()

    for act in (
        lambda store: store.request("add-temp-roots", {"paths": paths}),
        lambda store: store.receive_closure(source, io.BytesIO()),
        lambda store: [store.add_path(tmp_path / "source", f"name-{number}") for number in range(6)],
        add_texts,
    ):
        with run_daemon(root, trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
            assert refusal(lambda act=act, store=store: act(store)) == "too-many-roots"


def test_roots_are_counted_once(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(service, "_MAX_ROOTS", 5)
    with run_daemon(root, trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
        for _ in range(3):
            store.request("add-temp-roots", {"paths": [make_path(number) for number in range(5)]})


def test_links_of_a_user_have_a_bound(monkeypatch: pytest.MonkeyPatch, root: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(roots, "MAX_ROOTS_OF_USER", 3)
    with run_daemon(root, trusts=False) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
        path = store.add_text("x", b"x")
        for number in range(3):
            store.add_root(tmp_path / str(number), path)
        assert refusal(lambda: store.add_root(tmp_path / "3", path)) == "too-many-roots"
        store.add_root(tmp_path / "2", path)
        (tmp_path / "0").unlink()
        store.add_root(tmp_path / "3", path)
        other = store.add_text("y", b"y")
        store.flush()
        assert f"{tmp_path / '3'}" in "".join(store.roots()[path])
    with LocalStore.open(root, STORE_DIR, durable=False) as own:
        assert own.collect_garbage().paths == (other,)
        for number in (1, 2, 3):
            (tmp_path / str(number)).unlink()
        assert own.collect_garbage().paths == (path,)
        # What is gone is forgotten.
        assert not [entry for entry in (own.layout.roots / "auto").rglob("*") if entry.is_symlink()]


def test_links_of_others_are_not_told_of(store: DaemonStore, tmp_path: Path) -> None:
    """What is not there, what is there and whose it is look the same to who may not know."""
    path = store.add_text("x", b"x")
    store.flush()
    (tmp_path / "file").write_text("")
    (tmp_path / "away").symlink_to("/etc")
    (tmp_path / "indirect").symlink_to(tmp_path / "link")
    (tmp_path / "link").symlink_to(store.real_path(path))
    (tmp_path / "folder").mkdir()
    told = set()
    for name in ("nothing", "file", "folder", "away", "indirect", "file/below", "x" * 300):
        with pytest.raises(StoreError) as caught:
            store.request("add-root", {"link": str(tmp_path / name)})
        told.add((caught.value.code, caught.value.message.replace(name, "NAME"), caught.value.hint))
    assert len(told) == 1
    store.request("add-root", {"link": str(tmp_path / "link")})


def test_builds_of_a_user_have_a_bound(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(service, "_MAX_BUILDS_OF_USER", 2)
    made = []
    for _ in range(2):
        one = service.Service.__new__(service.Service)
        one.is_trusted, one.peer = False, replace(Peer.of_process(), uid=7)
        one.store = LocalStore.open(root, STORE_DIR, durable=False)
        made.append(one)
    with made[0]._build_slot(), made[1]._build_slot():
        assert refusal(made[0]._build_slot().__enter__) == "too-many-builds"
        made[1].peer = replace(made[1].peer, uid=8)
        with made[1]._build_slot():
            pass
    with made[0]._build_slot():
        pass
    assert not list(made[0].store.layout.locks.iterdir())
    for one in made:
        one.store.close()


# What is said of paths


def sign(info: PathInfo) -> PathInfo:
    return replace(info, signatures=(*info.signatures, KEY.sign(info.fingerprint())))


def test_claims_beside_a_signature_are_kept_when_they_can_be_true(store: DaemonStore) -> None:
    archive = nar.dump_bytes(b"content")
    content = hash_bytes("sha256", archive)
    wrong = fixed_content_address(hash_bytes("sha256", b"other"), True)
    right = fixed_content_address(content, True)
    named = make_fixed_output_path("x", content, True, (), STORE_DIR)
    drv = f"{STORE_DIR}/{'1' * 32}-y.drv"
    cases = [
        (make_path(1), wrong, f"{STORE_DIR}/{'1' * 32}-y", None, None),
        (make_path(2), right, drv, None, drv),
        (named, right, None, right, None),
    ]
    for path, address, deriver, address_kept, deriver_kept in cases:
        junk = ("no signature", "x:", "x:%%", "a b:eA==", f"x:{'A' * 1000}")
        info = PathInfo(path, content, len(archive), deriver=deriver, signatures=junk, content_address=address)
        store.import_archive(sign(info), io.BytesIO(archive))
        store.flush()
        found = store.query_path_info(path)
        assert (found.content_address, found.deriver) == (address_kept, deriver_kept)
        assert [each.partition(":")[0] for each in found.signatures] == ["machine-1"]


def test_derivation_that_is_here_says_itself_what_it_makes(store: DaemonStore) -> None:
    drv = fill_output_paths(make(), lambda _path: "", STORE_DIR, "x")
    path = store.write_derivation(drv, "x")
    store.flush()
    archive = nar.dump_bytes(b"content")
    for output, kept in ((drv.output_path(), path), (make_path(3), None)):
        info = PathInfo(output, hash_bytes("sha256", archive), len(archive), deriver=path)
        store.import_archive(sign(info), io.BytesIO(archive))
        assert store.query_path_info(output).deriver == kept


def test_flat_sources_are_the_same_whoever_adds_them(store: DaemonStore, tmp_path: Path) -> None:
    """The name does not tell whether a file can be executed, so it cannot be."""
    program = tmp_path / "program"
    program.write_text("#!")
    program.chmod(0o755)
    sink = bytearray()
    nar.dump_path(program, sink.extend)
    arguments = {"name": "program", "recursive": False, "algorithm": "sha256"}
    path = store.request("add-path", arguments, send=lambda channel: channel.send_data(bytes(sink)))
    assert store.real_path(path).stat().st_mode & 0o777 == 0o444
    info = PathInfo(path, hash_bytes("sha256", bytes(sink)), len(sink))
    address = fixed_content_address(hash_bytes("sha256", b"#!"), False)
    other = make_fixed_output_path("other", hash_bytes("sha256", b"#!"), False, (), STORE_DIR)
    forged = replace(info, path=other, content_address=address)
    assert refusal(lambda: store.import_archive(forged, io.BytesIO(bytes(sink)))) == "not-trusted"


# Locks


def test_names_are_locked_for_a_short_time_while_a_client_says_nothing(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setattr(registrar, "_LOCK_SECONDS", 0.3)
    archive = nar.dump_bytes(b"content")
    info = sign(PathInfo(make_path(1), hash_bytes("sha256", archive), len(archive)))
    daemon = run_daemon(root, trusts=False, trusted_keys=(KEY.render_public(),))
    with daemon as socket, DaemonStore.connect(socket, STORE_DIR) as silent:
        silent.import_archive(info, io.BytesIO(archive))
        started = time.monotonic()
        with LocalStore.open(root, STORE_DIR, durable=False) as other:
            other.import_archive(info, io.BytesIO(archive))
            assert other.database.is_valid(info.path) and other.is_valid(info.path)
        assert time.monotonic() - started < 5


def test_memory_limit_is_not_ours() -> None:
    """The tests above limited processes of their own."""
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    assert threading.active_count() < 20
