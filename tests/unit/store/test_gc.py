"""What garbage collection keeps and removes."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.store.gc import GcOptions
from osconf.store.local import LocalStore
from osconf.store.optimise import optimise_store
from osconf.store.profiles import Profile


def collect(store: LocalStore, **options: object) -> set[str]:
    """Names of what a collection by another process removes, when this one needs nothing."""
    store.flush()
    with LocalStore.open(store.root, durable=False) as other:
        return {path.rpartition("-")[2] for path in other.collect_garbage(GcOptions(**options)).paths}


@pytest.fixture
def graph(tmp_path: Path) -> LocalStore:
    """a <- b, and c alone; nobody needs them."""
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        a = store.add_text("a", b"a")
        store.add_text("b", a.encode(), [a])
        store.add_text("c", b"c")
    reopened = LocalStore.open(tmp_path / "root", durable=False)
    yield reopened
    reopened.close()


def path_of(store: LocalStore, name: str) -> str:
    return next(path for path in store.valid_paths() if path.endswith("-" + name))


def test_everything_without_roots_goes(graph: LocalStore) -> None:
    assert collect(graph) == {"a", "b", "c"}
    assert [entry for entry in graph.layout.store.iterdir() if not entry.name.startswith(".")] == []


def test_roots_keep_closures(graph: LocalStore, tmp_path: Path) -> None:
    graph.add_root(tmp_path / "result", path_of(graph, "b"))
    assert collect(graph) == {"c"}
    (tmp_path / "result").unlink()
    assert collect(graph) == {"a", "b"}
    assert list((graph.layout.roots / "auto").iterdir()) == []


@pytest.mark.parametrize("name", ["other-name", "root/../other-name", "root/../root"])
def test_roots_made_under_another_name_of_the_store_count(graph: LocalStore, tmp_path: Path, name: str) -> None:
    (tmp_path / "other-name").symlink_to("root")
    with LocalStore.open(tmp_path / name, durable=False) as renamed:
        renamed.add_root(tmp_path / "result", path_of(graph, "b"))
    assert collect(graph) == {"c"}
    assert graph.resolve(tmp_path / "result") == path_of(graph, "b")


def test_only_remembered_links_are_tidied(graph: LocalStore) -> None:
    own = graph.layout.user_profiles("alice") / "auto" / "passwd"
    own.parent.mkdir(parents=True)
    own.symlink_to("/nowhere")
    collect(graph)
    # Removing it would be removing whatever is there by then: the directory is the user's.
    assert own.is_symlink()


def test_profiles_are_roots(graph: LocalStore) -> None:
    profile = Profile(graph.layout.profiles / "system")
    profile.add_generation(path_of(graph, "b"))
    assert collect(graph) == {"c"}


def test_temporary_roots_of_living_processes_count(graph: LocalStore) -> None:
    graph.add_temp_root(path_of(graph, "b"))
    assert collect(graph) == {"c"}


def test_temporary_roots_of_the_dead_do_not(graph: LocalStore) -> None:
    script = (
        "import sys, os; from pathlib import Path; from osconf.store.local import LocalStore\n"
        "store = LocalStore.open(Path(sys.argv[1]), durable=False)\n"
        "store.add_temp_root(sys.argv[2]); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(graph.root), path_of(graph, "b")], check=False)
    assert len(list(graph.layout.temporary_roots.iterdir())) == 1
    assert collect(graph) == {"a", "b", "c"}


def test_dry_run_removes_nothing(graph: LocalStore) -> None:
    assert collect(graph, dry_run=True) == {"a", "b", "c"}
    assert len(graph.valid_paths()) == 3


def test_max_freed_stops_early_and_keeps_the_rest_sound(graph: LocalStore) -> None:
    removed = collect(graph, max_freed=1)
    assert len(removed) == 1
    assert "a" not in removed
    graph.closure(graph.valid_paths())


def fill_with_links(store: LocalStore, tmp_path: Path) -> list[str]:
    """Trees with equal files, which optimising made one, and what processes and a collector left that died."""
    for name in ("one", "two", "three"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep/same").write_bytes(b"same" * 250_000)
        (tmp_path / name / "own").write_bytes(name.encode() * 5000)
    paths = [store.add_path(tmp_path / name, name) for name in ("one", "two", "three")]
    store.flush()
    assert optimise_store(store).linked == 2
    for place in (store.layout.store / f"{'0' * 32}-left", store.layout.temporary / "9.9-0", store.layout.trash / "x"):
        place.mkdir()
        (place / "file").write_bytes(b"x" * 20_000)
    return paths


@pytest.mark.parametrize("kept", ["one", ""])
def test_dry_run_tells_what_the_run_frees(tmp_path: Path, kept: str) -> None:
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        paths = fill_with_links(store, tmp_path)
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        if kept:
            store.add_temp_root(paths[0])
        foreseen = store.collect_garbage(GcOptions(dry_run=True))
        assert len(list(store.layout.trash.iterdir())) == 1 and set(store.valid_paths()) == set(paths)
        assert foreseen == store.collect_garbage()
        assert foreseen.leftovers == 2 and len(foreseen.paths) == (2 if kept else 3)
        # A file of which a link stays is not freed, one of which all go is freed once.
        assert foreseen.freed // 500_000 == (0 if kept else 2)


def test_max_freed_counts_what_is_freed(tmp_path: Path) -> None:
    """Archives that are large, but links to files that stay, free nothing."""
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        kept = fill_with_links(store, tmp_path)[0]
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        store.add_temp_root(kept)
        assert len(store.collect_garbage(GcOptions(max_freed=500_000)).paths) == 2


def test_leftovers_are_removed(graph: LocalStore) -> None:
    leftover = graph.layout.store / ("0" * 32 + "-left")
    leftover.mkdir()
    (leftover / "x").write_text("x")
    (graph.layout.temporary / "999999999-0").mkdir()
    graph.flush()
    with LocalStore.open(graph.root, durable=False) as other:
        assert other.collect_garbage().leftovers == 2
    assert not leftover.exists()


def test_pending_paths_survive(store: LocalStore) -> None:
    path = store.add_text("new", b"new")
    with LocalStore.open(store.root, durable=False) as other:
        other.collect_garbage()
    assert store.real_path(path).exists()
    store.flush()


def test_delete_refuses_what_is_used(graph: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        graph.delete([path_of(graph, "a")])
    assert caught.value.code == "path-in-use"
    graph.add_root(tmp_path / "result", path_of(graph, "b"))
    with pytest.raises(StoreError) as caught:
        graph.delete([path_of(graph, "b")])
    assert caught.value.code == "path-alive" and str(tmp_path / "result") in (caught.value.hint or "")
    graph.delete([path_of(graph, "c")])
    assert len(graph.valid_paths()) == 2


def test_self_reference_is_no_obstacle(graph: LocalStore) -> None:
    info = graph.query_path_info(path_of(graph, "c"))
    graph.database.register([info.__class__(**{**info.__dict__, "references": frozenset([info.path])})], {})
    assert "c" in collect(graph)


@pytest.mark.parametrize("how", ["open", "cwd", "mapped", "environment", "executed"])
def test_what_processes_use_stays(graph: LocalStore, tmp_path: Path, how: str) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used/data").write_bytes(b"x" * 5000)
    shutil.copy("/bin/sleep", tmp_path / "used/program")
    path = graph.add_path(tmp_path / "used", "used")
    graph.close()
    real = graph.real_path(path)
    wait = "print('ready', flush=True); import time; time.sleep(60)"
    scripts = {
        "open": f"file = open({str(real / 'data')!r}); {wait}",
        "cwd": f"import os; os.chdir({str(real)!r}); {wait}",
        "mapped": f"import mmap, os; fd = os.open({str(real / 'data')!r}, 0);"
        f" area = mmap.mmap(fd, 0, prot=mmap.PROT_READ); os.close(fd); {wait}",
        "environment": wait,
    }
    argv = [str(real / "program"), "60"] if how == "executed" else [sys.executable, "-c", scripts[how]]
    variables = {"PATH": f"{path}/bin"} if how == "environment" else {}
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, env=variables)
        try:
            if how != "executed":
                assert child.stdout is not None
                assert child.stdout.readline() == b"ready\n"
            assert any(f"process {child.pid}" in reason for reason in store.roots()[path])
            assert path not in store.collect_garbage().paths
        finally:
            child.kill()
            child.wait()
        assert path in store.collect_garbage().paths


def test_the_running_and_the_booted_system_stay(graph: LocalStore, tmp_path: Path) -> None:
    current, booted = path_of(graph, "b"), path_of(graph, "c")
    (graph.root / "run").mkdir()
    (graph.root / "run/current-system").symlink_to(current)
    (graph.root / "run/booted-system").symlink_to(booted)
    assert collect(graph) == set()
    (graph.root / "run/current-system").unlink()
    assert collect(graph) == {"a", "b"}


def fill_with_equal_files(store: LocalStore, tmp_path: Path, count: int) -> list[str]:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").write_text("x" * 1000)
    paths = [store.add_path(tmp_path / "tree", f"tree-{number}") for number in range(count)]
    store.flush()
    return paths


def test_nothing_is_collected_while_files_are_linked(
    store: LocalStore, other: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_with_equal_files(store, tmp_path, 3)
    store.close()
    collected = []

    def collect(real: Path, target: Path) -> None:
        collected.append(LocalStore.open(other.root, durable=False).collect_garbage().paths)
        os.link(target, real)

    monkeypatch.setattr(Path, "hardlink_to", collect)
    assert optimise_store(other).linked == 2
    assert collected == [(), ()]


def test_files_with_as_many_names_as_can_be_begin_another(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = fill_with_equal_files(store, tmp_path, 5)

    def link(real: Path, target: Path) -> None:
        if target.stat().st_nlink >= 2:
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))
        os.link(target, real)

    monkeypatch.setattr(Path, "hardlink_to", link)
    assert optimise_store(store).linked == 2
    assert sorted((store.real_path(path) / "file").stat().st_nlink for path in paths) == [1, 2, 2, 2, 2]
    assert store.verify(check_contents=True).is_sound
