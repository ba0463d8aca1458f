"""Trees that a store seldom sees: odd names, no bytes, very many bytes, directories deeper than paths reach."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from osconf.build.builtins import GENERIC_BUILDERS
from osconf.build.realise import realise
from osconf.build.settings import BuildSettings
from osconf.errors import OsconfError, StoreError
from osconf.model import nar
from osconf.store.binary_cache import FileCache
from osconf.store.canonical import canonicalise, remove_tree
from osconf.store.local import LocalStore
from tests.unit.build.conftest import HOST_PATHS, Workbench

NAMES = (b"\xff\xfe", "é".encode(), b"e\xcc\x81", b"A", b"a", b"new\nline", b" ", b"-rf", b"\\", b"x" * 255)


def make_deep(top: Path, levels: int = 400, name: bytes = b"d" * 30) -> None:
    """Nest directories deeper than any path reaches, as a program does that changes into each."""
    top.mkdir()
    at = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore.open(tmp_path / "store", durable=False)


def test_odd_names_go_everywhere_and_come_back(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for name in NAMES:
        (tmp_path / "tree" / os.fsdecode(name)).touch()
    (tmp_path / "tree/link").symlink_to(os.fsdecode(b"\xff nowhere"))
    path = store.add_path(tmp_path / "tree", "tree")
    found = [os.fsencode(entry.name) for entry in store.real_path(path).iterdir()]
    assert sorted(found) == sorted([*NAMES, b"link"])
    assert store.verify(check_contents=True).is_sound
    store.flush()
    cache = FileCache(tmp_path / "cache", store.store_dir)
    narinfo = cache.add(store, path)
    with LocalStore.open(tmp_path / "other", durable=False) as other:
        cache.fetch(other, narinfo, {})
        other.flush()
        assert nar.hash_path(other.real_path(path)) == nar.hash_path(tmp_path / "tree")
    store.close()
    with LocalStore.open(tmp_path / "store", durable=False) as again:
        assert again.collect_garbage().paths == (path,)
        assert not again.real_path(path).exists()


def test_directories_deeper_than_paths_are_refused_and_leave_nothing(store: LocalStore, tmp_path: Path) -> None:
    make_deep(tmp_path / "deep")
    with pytest.raises(OsconfError, match="too deep") as caught:
        store.add_path(tmp_path / "deep", "deep")
    assert "300 levels" in (caught.value.hint or "")
    assert [path for path in store.layout.temporary.rglob("*") if path.is_dir() and "d" * 30 in path.name] == []
    assert store.valid_paths() == []
    remove_tree(tmp_path / "deep")
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(("levels", "name"), [(3000, b"d"), (90, b"d" * 50), (301, b"d")])
def test_deep_archives_are_refused(tmp_path: Path, levels: int, name: bytes) -> None:
    archive = nar_of(b"(", b"type", b"regular", b")")
    for _ in range(levels):
        archive = nar_of(b"(", b"type", b"directory", b"entry", b"(", b"name", name, b"node")
        archive += nar_of(b"(", b"type", b"regular", b")")
    start = nar_of(b"nix-archive-1")
    opening = nar_of(b"(", b"type", b"directory", b"entry", b"(", b"name", name, b"node")
    with pytest.raises(StoreError, match="too deep"):
        nar.restore(io.BytesIO(start + opening * levels + archive), tmp_path / "out")
    remove_tree(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def nar_of(*tokens: bytes) -> bytes:
    return b"".join(len(token).to_bytes(8, "little") + token + bytes(-len(token) % 8) for token in tokens)


def test_a_builder_may_nest_as_it_likes_but_not_in_its_output(tmp_path: Path) -> None:
    nest = 'perl -e \'for (1..200) { mkdir "d" x 30; chdir "d" x 30 or die }\''
    with LocalStore.open(tmp_path / "store", durable=False) as store:
        bench = Workbench(store)
        fine = bench.shell("fine", f"{nest}; echo done > $out")
        assert bench.build(fine).read_text() == "done\n"
        bad = bench.shell("bad", f"mkdir $out; cd $out; {nest}")
        settings = BuildSettings(sandbox_paths=HOST_PATHS, keep_failed=True)
        with pytest.raises(OsconfError, match="too deep"):
            realise(store, [bad.path], GENERIC_BUILDERS, settings)
        with pytest.raises(OsconfError, match="too deep"):
            bench.build(bad)
        assert not store.is_valid(bad.out)
    # What was kept of the failed build goes with the next collection, however deep it is.
    with LocalStore.open(tmp_path / "store", durable=False) as store:
        store.collect_garbage()
        assert list(store.layout.temporary.iterdir()) == []
        assert list(store.layout.trash.iterdir()) == []


def test_trees_that_their_owner_may_not_enter(tmp_path: Path) -> None:
    """Root may everything, so that somebody else has to do it."""
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner/file").write_text("x")
    files = (tree / "inner/file", tree / "inner", tree)
    for path in (*files, tmp_path) if os.geteuid() == 0 else ():
        os.chown(path, 65534, 65534)
    for path in files:
        path.chmod(0)
    child = os.fork()
    if child == 0:
        # Where the directories above are closed to strangers, a short path is not.
        os.chdir(tmp_path)
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        with suppress(OSError):
            canonicalise(Path("tree"))
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o444, 0o555, 0o555]


def test_files_without_bytes(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "nothing").mkdir()
    paths = [store.add_path(tmp_path / "empty", "empty"), store.add_path(tmp_path / "nothing", "nothing")]
    paths.append(store.add_path(tmp_path / "empty", "flat", recursive=False))
    paths.append(store.add_text("text", b""))
    store.flush()
    cache = FileCache(tmp_path / "cache", store.store_dir)
    with LocalStore.open(tmp_path / "other", durable=False) as other:
        for path in paths[:2]:
            cache.fetch(other, cache.add(store, path), {})
        assert other.real_path(paths[0]).read_bytes() == b""
        assert list(other.real_path(paths[1]).iterdir()) == []
    assert store.verify(check_contents=True).is_sound


@pytest.mark.slow
def test_five_gigabytes(tmp_path: Path) -> None:
    size = 5 * 1000**3 + 3
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
        file.seek(4 * 1024**3 + 5)
        file.write(b"beyond four gigabytes")
    free = shutil.disk_usage(tmp_path).free
    if free < 2 * size:
        pytest.skip(f"needs {2 * size} bytes of disk, there are {free}")
    with LocalStore.open(tmp_path / "store", durable=False) as store:
        path = store.add_path(tmp_path / "large", "large")
        store.flush()
        assert store.real_path(path).stat().st_size == size
        assert store.query_path_info(path).nar_size > size
        assert store.verify(check_contents=True).is_sound
        cache = FileCache(tmp_path / "cache", store.store_dir)
        narinfo = cache.add(store, path)
        store.close()
        remove_tree(tmp_path / "store")
    with LocalStore.open(tmp_path / "other", durable=False) as other:
        cache.fetch(other, narinfo, {})
        assert other.real_path(path).stat().st_size == size
        with other.real_path(path).open("rb") as file:
            file.seek(4 * 1024**3 + 5)
            assert file.read(21) == b"beyond four gigabytes"
    for place in tmp_path.iterdir():
        remove_tree(place)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="mounts: needs root and unshare")
def test_a_store_on_a_read_only_filesystem(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "store", durable=False) as store:
        path = store.add_text("text", b"text")
    here = str(tmp_path / "store")
    script = f"mount --bind {here} {here} && mount -o remount,bind,ro {here} && exec $0 -m osconf.cli --store {here} "

    def run(arguments: str) -> subprocess.CompletedProcess[str]:
        argv = ["unshare", "--mount", "sh", "-c", script + arguments, sys.executable]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    done = run("store add /etc/hostname")
    assert done.returncode == 1
    assert "read-only" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 4
    assert store.layout.real_path(path).exists()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="mounts: needs root and unshare")
def test_garbage_is_collected_on_a_disk_without_any_room(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    for number in range(60):
        (tmp_path / f"file-{number}").write_text(f"{number}\n" * 200)
    script = f"""
        osconf() {{ {sys.executable} -m osconf.cli --store {tmp_path}/disk/store "$@"; }}
        mount -t tmpfs -o size=24M none {tmp_path}/disk
        osconf store add {tmp_path}/file-*
        dd if=/dev/zero of={tmp_path}/disk/filler bs=4k 2> /dev/null
        echo content > {tmp_path}/more
        osconf store add {tmp_path}/more
        echo "code $?"
        osconf gc > {tmp_path}/collected
        echo "code $?"
        osconf store add {tmp_path}/more && osconf store verify --check-contents
        echo "code $?"
    """
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert re.findall(r"code \d", done.stdout) == ["code 1", "code 0", "code 0"], done.stdout + done.stderr
    assert "no space left" in done.stderr
    assert "osconf gc" in done.stderr
    assert "damaged" not in done.stderr
    assert len((tmp_path / "collected").read_text().splitlines()) >= 60
