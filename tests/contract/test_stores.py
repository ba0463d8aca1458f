"""One contract for every kind of store: local, below a directory, behind the daemon, in memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from osconf.errors import OsconfError, StoreError
from osconf.model import nar
from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths
from osconf.model.hashes import Hash, hash_bytes
from osconf.model.path_info import PathInfo
from osconf.model.store_path import make_fixed_output_path, make_text_path
from osconf.store.interface import Store
from osconf.store.places import NotValid
from tests.contract.store_kinds import KINDS, Open


@pytest.fixture(params=sorted(KINDS))
def opened(request: pytest.FixtureRequest) -> Open:
    return KINDS[request.param]


@pytest.fixture
def store(opened: Open, tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "root") as found:
        yield found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    (place / "bin").mkdir(parents=True)
    (place / "bin/run").write_text("#!" + "x" * 100_000)
    (place / "bin/run").chmod(0o755)
    (place / "empty").write_bytes(b"")
    (place / "link").symlink_to("bin/run")
    os.mkdir(os.fsencode(place) + b"/\xff odd \n name")  # noqa: PTH102 - not text
    return place


def archive_of(store: Store, path: str) -> bytes:
    data = io.BytesIO()
    store.dump_archive(path, data.write)
    return data.getvalue()


def dump(place: Path) -> bytes:
    data = io.BytesIO()
    nar.dump_path(place, data.write)
    return data.getvalue()


def make_info(store: Store, data: bytes, name: str = "given", references: frozenset[str] = frozenset()) -> PathInfo:
    """Information of a path that content does not prove."""
    path = f"{store.store_dir}/{'1' * 32}-{name}"
    return PathInfo(path, hash_bytes("sha256", data), len(data), references)


def test_text_has_its_path_content_and_references(store: Store) -> None:
    first = store.add_text("first", b"one")
    second = store.add_text("second", first.encode(), [first])
    assert second == make_text_path("second", hash_bytes("sha256", first.encode()), [first], store.store_dir)
    store.flush()
    info = store.query_path_info(second)
    assert (info.references, info.nar_size) == (frozenset({first}), len(nar.dump_bytes(first.encode())))
    assert info.nar_hash == hash_bytes("sha256", nar.dump_bytes(first.encode()))
    assert info.content_address == f"text:{hash_bytes('sha256', first.encode()).prefixed()}"
    assert archive_of(store, second) == nar.dump_bytes(first.encode())


def test_tree_has_the_path_of_its_content(store: Store, tree: Path) -> None:
    path = store.add_path(tree, "tree")
    content = hash_bytes("sha256", dump(tree))
    assert path == make_fixed_output_path("tree", content, True, (), store.store_dir)
    assert store.add_path(tree, "tree") == path
    assert archive_of(store, path) == dump(tree)
    info = store.query_path_info(path)
    assert info.nar_hash == content and info.references == frozenset()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("recursive", [True, False])
def test_files_by_every_hash(store: Store, tmp_path: Path, algorithm: str, recursive: bool) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    content = hash_bytes(algorithm, dump(file) if recursive else b"content")
    path = store.add_path(file, "file", recursive=recursive, algorithm=algorithm, expected=content)
    assert path == make_fixed_output_path("file", content, recursive, (), store.store_dir)
    assert archive_of(store, path) == nar.dump_bytes(b"content")
    assert store.query_path_info(path).content_address == f"fixed:{'r:' if recursive else ''}{content.prefixed()}"


def test_filter_leaves_files_out(store: Store, tree: Path, tmp_path: Path) -> None:
    path = store.add_path(tree, "tree", keep=lambda name, kind: name != "empty" and kind != "symlink")
    (tree / "empty").unlink()
    (tree / "link").unlink()
    assert path == store.add_path(tree, "tree")


def test_wrong_expectation_is_refused(store: Store, tree: Path) -> None:
    with pytest.raises(StoreError, match="expected") as raised:
        store.add_path(tree, "tree", expected=Hash("sha256", bytes(32)))
    assert raised.value.code == "hash-mismatch"
    assert store.valid_paths() == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "x" * 212, ".drv\0"])
def test_bad_names_are_refused(store: Store, tree: Path, name: str) -> None:
    with pytest.raises(StoreError):
        store.add_text(name, b"")
    with pytest.raises(StoreError):
        store.add_path(tree, name)
    assert store.valid_paths() == []


def test_what_is_no_file_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    os.mkfifo(tmp_path / "odd/pipe")
    with pytest.raises(OsconfError) as raised:
        store.add_path(tmp_path / "odd", "odd")
    assert raised.value.code == "unsupported-file"
    with pytest.raises(OSError, match="No such file"):
        store.add_path(tmp_path / "missing", "missing")


def test_references_must_be_valid(store: Store) -> None:
    missing = f"{store.store_dir}/{'0' * 32}-missing"

    def add() -> None:
        store.add_text("text", b"", [missing])
        store.flush()

    kept = store.add_text("kept", b"")
    with pytest.raises(StoreError) as raised:
        add()
    assert raised.value.code == "reference-not-valid"
    store.flush()
    assert store.valid_paths() == [kept]


def fill(store: Store, tree: Path) -> tuple[str, str, str]:
    base = store.add_path(tree, "tree")
    middle = store.add_text("middle", b"m", [base])
    top = store.add_text("top", b"t", [base, middle])
    return base, middle, top


def test_closures_and_who_refers(store: Store, tree: Path) -> None:
    base, middle, top = fill(store, tree)
    other = store.add_text("other", b"")
    assert store.closure([top]) == [base, middle, top]
    assert store.closure([middle, other]) in ([base, middle, other], [other, base, middle], [base, other, middle])
    edges = {path: sorted(references) for path, references in store.closure_edges([top]).items()}
    assert edges == {top: sorted([base, middle]), middle: [base], base: []}
    assert store.references(top) == sorted([base, middle])
    assert store.referrers(base) == sorted([middle, top])
    assert store.valid_paths() == sorted([base, middle, top, other])
    assert store.valid_among([top, f"{store.store_dir}/{'0' * 32}-no"]) == {top}
    assert store.is_valid(top) and not store.is_valid(f"{store.store_dir}/{'0' * 32}-no")
    assert store.path_with_hash_part(top.rpartition("/")[2][:32]) == top
    assert store.path_with_hash_part("0" * 32) is None


def test_what_is_not_valid_has_no_answers(store: Store) -> None:
    missing = f"{store.store_dir}/{'0' * 32}-missing"
    for ask in (
        lambda: store.query_path_info(missing),
        lambda: store.closure([missing]),
        lambda: store.references(missing),
        lambda: store.dump_archive(missing, lambda _: None),
        lambda: store.read_derivation(missing + ".drv"),
        lambda: store.add_signatures({missing: ["key:sig"]}),
        lambda: store.delete([missing]),
    ):
        with pytest.raises(StoreError) as raised:
            ask()
        assert raised.value.code == "path-not-valid"
    with pytest.raises(NotValid):
        store.query_path_info(missing)


def make_derivation(store: Store, name: str, *inputs: str) -> Derivation:
    drv = Derivation(
        {"out": DerivationOutput("")}, dict.fromkeys(inputs, ("out",)), (), "x86_64-linux", "/bin/sh", ("-c", "é\n"),
        {"name": name},
    )  # fmt: skip
    from osconf.model.derivation import hash_modulo

    def hash_of(path: str) -> str:
        return hash_modulo(store.read_derivation(path), hash_of)

    return fill_output_paths(drv, hash_of, store.store_dir)


def test_derivations_are_kept_and_found(store: Store) -> None:
    inner = store.write_derivation(make_derivation(store, "inner"))
    drv = make_derivation(store, "outer", inner)
    path = store.write_derivation(drv)
    assert path.endswith("-outer.drv")
    assert store.read_derivation(path) == drv
    assert store.references(path) == [inner]
    assert store.derivers_of(drv.output_path()) == [path]
    assert store.derivers_of(path) == []


def test_archives_arrive(store: Store, tree: Path) -> None:
    base = store.add_path(tree, "tree")
    data = dump(tree)
    info = replace(make_info(store, data, references=frozenset({base})), deriver=None, signatures=("key:c2ln",))
    store.import_archive(info, io.BytesIO(data))
    store.flush()
    found = store.query_path_info(info.path)
    assert (found.nar_hash, found.references, found.signatures) == (info.nar_hash, info.references, info.signatures)
    assert archive_of(store, info.path) == data
    store.add_signatures({info.path: ["other:c2ln"]})
    assert set(store.query_path_info(info.path).signatures) == {"key:c2ln", "other:c2ln"}


@pytest.mark.parametrize("damage", ["truncated", "longer", "flipped", "garbage", "empty"])
def test_damaged_archives_leave_nothing(store: Store, tree: Path, damage: str) -> None:
    data = dump(tree)
    info = make_info(store, data)
    sent = {
        "truncated": data[:-100],
        "longer": nar.dump_bytes(bytes(len(data) + 100)),
        "flipped": data.replace(b"xxx", b"xyx", 1),
        "garbage": b"\xff" * len(data),
        "empty": b"",
    }[damage]
    with pytest.raises(StoreError) as raised:
        store.import_archive(info, io.BytesIO(sent))
    assert raised.value.code == "bad-archive"
    assert not store.is_valid(info.path)
    store.import_archive(info, io.BytesIO(data))
    store.flush()
    assert store.verify(check_contents=True).is_sound


def test_archive_with_missing_references_is_refused(store: Store, tree: Path) -> None:
    data = dump(tree)
    info = make_info(store, data, references=frozenset({f"{store.store_dir}/{'0' * 32}-missing"}))

    def add() -> None:
        store.import_archive(info, io.BytesIO(data))
        store.flush()

    with pytest.raises(StoreError) as raised:
        add()
    assert raised.value.code == "reference-not-valid"


def test_importing_again_changes_nothing(store: Store, tree: Path) -> None:
    data = dump(tree)
    info = make_info(store, data)
    store.import_archive(info, io.BytesIO(data))
    store.flush()
    other = nar.dump_bytes(b"other")
    store.import_archive(replace(info, nar_hash=hash_bytes("sha256", other), nar_size=len(other)), io.BytesIO(other))
    store.flush()
    assert store.query_path_info(info.path).nar_hash == info.nar_hash
    assert archive_of(store, info.path) == data


def test_roots_keep_closures(opened: Open, tmp_path: Path, tree: Path) -> None:
    with opened(tmp_path / "root") as store:
        base, middle, top = fill(store, tree)
        link = tmp_path / "result"
        store.add_root(link, middle)
        assert any(str(link) in reason for reason in store.roots()[middle])
        assert store.collect_garbage().paths == ()  # what this process added is kept while it runs
        with pytest.raises(StoreError) as raised:
            store.delete([base])
        assert raised.value.code == "path-alive"
    with opened(tmp_path / "root") as store:
        assert store.valid_paths() == sorted([base, middle, top])
        result = store.collect_garbage()
        assert result.paths == (top,)
        assert store.valid_paths() == sorted([base, middle])
        assert store.verify(check_contents=True).is_sound


def test_used_paths_are_not_deleted(opened: Open, tmp_path: Path, tree: Path) -> None:
    with opened(tmp_path / "root") as store:
        base, middle, top = fill(store, tree)
    with opened(tmp_path / "root") as store:
        with pytest.raises(StoreError) as raised:
            store.delete([middle])
        assert raised.value.code == "path-in-use"
        assert set(store.delete([middle, top]).paths) == {middle, top}
        assert store.valid_paths() == [base]


def test_dry_run_removes_nothing(opened: Open, tmp_path: Path) -> None:
    from osconf.store.gc import GcOptions

    with opened(tmp_path / "root") as store:
        path = store.add_text("text", b"")
    with opened(tmp_path / "root") as store:
        assert store.collect_garbage(GcOptions(dry_run=True)).paths == (path,)
        assert store.is_valid(path)


def test_temporary_roots_keep(opened: Open, tmp_path: Path) -> None:
    with opened(tmp_path / "root") as store:
        path = store.add_text("text", b"")
    with opened(tmp_path / "root") as store:
        store.add_temp_root(path)
        assert store.collect_garbage().paths == ()
        assert store.is_valid(path)


def test_many_texts_at_once(store: Store) -> None:
    """More than any batch holds."""
    paths = [store.add_text(f"text-{number}", str(number).encode()) for number in range(700)]
    last = store.add_text("all", b"", paths)
    assert set(store.closure([last])) == {*paths, last}
