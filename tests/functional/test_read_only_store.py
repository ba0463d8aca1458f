"""A store that cannot be written can be read: mounted read-only, or somebody else's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.store.local import LocalStore
from tests.functional.many_users import ALICE, Site, open_site, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as found:
        (found.root / "tree/deep").mkdir(parents=True)
        (found.root / "tree/deep/file").write_text("content")
        yield found


@pytest.fixture
def path(site: Site) -> str:
    """A text that refers to a tree, in a root's store."""
    with LocalStore.open(site.store, durable=False) as store:
        tree = store.add_path(site.root / "tree", "tree")
        return store.add_text("text", tree.encode(), [tree])


def read_everything(site: Site, uid: int, path: str, why: str, wrap: tuple[str, ...] = ()) -> None:
    """Every command that reads, with what it must say."""

    def run(*words: str) -> str:
        done = subprocess.run(
            [*wrap, *site.command(*words)],
            user=uid,
            group=uid,
            extra_groups=[],
            cwd=site.home(uid) if uid else site.root,
            env=site.environment(uid),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout if done.returncode == 0 else f"{done.returncode}: {done.stderr}"

    tree = run("store", "references", path).strip()
    assert tree.endswith("-tree")
    assert run("store", "closure", path).split() == [tree, path]
    assert run("store", "referrers", tree).split() == [path]
    assert tree in run("store", "tree", path) and path in run("store", "size", path)
    assert tree in run("store", "why-depends", path, tree) and "digraph" in run("store", "graph", path)
    assert "deep" in run("store", "ls", tree) and run("store", "cat", f"{tree}/deep/file") == "content"
    assert run("store", "verify", "--check-contents") == ""
    assert "nix-archive-1" in run("store", "dump", tree)
    assert run("store", "hash", f"{site.store}{tree}").startswith("sha256-")
    assert run("store", "export", path) != "" and run("store", "roots") == ""
    cache = (site.home(uid) if uid else site.root) / "cache"
    run("copy", "--to", f"file://{cache}", path)
    assert len(list(cache.glob("*.narinfo"))) == 2
    shutil.rmtree(cache)
    assert run("eval", "-E", "1 + 1") == "2\n"
    assert run("eval", "-E", f'builtins.readFile (builtins.storePath {tree} + "/deep/file")') == '"content"\n'
    assert "text" in run("eval", "--raw", "-E", '(derivation { name = "text"; system = "x"; builder = "y"; }).drvPath')
    # What has to write says that it cannot, and how it could.
    for words in (
        ("store", "add", str(site.root / "tree/deep")),
        ("store", "delete", path),
        ("store", "optimise"),
        ("gc",),
        ("instantiate", "-E", 'derivation { name = "x"; system = "x"; builder = "y"; }'),
        ("build", "--no-link", "-E", 'derivation { name = "x"; system = builtins.currentSystem; builder = "/y"; }'),
    ):
        said = run(*words)
        assert said.startswith("1: error:") and f"cannot be written: {why}" in said and "hint" in said, (words, said)


def test_owned_by_another(site: Site, path: str) -> None:
    read_everything(site, ALICE, path, "permission denied")


def test_mounted_read_only(site: Site, path: str) -> None:
    """Root, too: a mount of the whole store cannot be made writable from inside."""
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    read_everything(
        site, 0, path, "its filesystem is read-only", ("unshare", "-m", "sh", "-c", script, "sh", str(site.store))
    )


FULL_DISK = """
cp -a "$1" "$1.copy" && mount -t tmpfs -o size=3M tmpfs "$1" && cp -a "$1.copy/." "$1" && rm -r "$1.copy" || exit 99
mkdir "$1/tmp"
cat /dev/zero > "$1/fill" 2> /dev/null
TMPDIR="$1/tmp"; export TMPDIR
shift
exec "$@"
"""


def test_full_disk(site: Site, path: str) -> None:
    """Not a byte is free, neither for the database's log nor for temporary files."""
    read_everything(
        site, 0, path, "no space left on the disk", ("unshare", "-m", "sh", "-c", FULL_DISK, "sh", str(site.store))
    )


def test_written_meanwhile(site: Site, path: str) -> None:
    """What another process has in its log alone is seen, and so is what it adds later."""
    with LocalStore.open(site.store, durable=False) as store:
        added = store.add_text("new", b"")
        store.flush()
        assert store.layout.database.with_name("store.sqlite-wal").stat().st_size > 0
        assert site.succeed(ALICE, "store", "closure", added) == added
    assert site.succeed(ALICE, "store", "closure", added) == added


def test_log_of_a_dead_process_is_read(site: Site, path: str, tmp_path: Path) -> None:
    """A crash leaves the log without the shared memory that a reader wants: its paths are valid nevertheless."""
    database = site.store / "osconf/var/db/store.sqlite"
    with LocalStore.open(site.store, durable=False) as store:
        added = store.add_text("new", b"")
        store.flush()
        for name in ("store.sqlite", "store.sqlite-wal"):
            shutil.copy(database.with_name(name), tmp_path / name)
    for name in ("store.sqlite", "store.sqlite-wal"):
        shutil.copy(tmp_path / name, database.with_name(name))
    assert not database.with_name("store.sqlite-shm").exists()
    assert site.succeed(ALICE, "store", "closure", added) == added
    # Nothing was left behind, nothing was changed.
    assert not database.with_name("store.sqlite-shm").exists()
    assert sorted(entry.name for entry in database.parent.iterdir()) == ["store.sqlite", "store.sqlite-wal"]


def test_copies_of_databases_are_not_left(
    site: Site, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from osconf.store import database as module

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    file = site.store / "osconf/var/db/store.sqlite"
    connection = module._open_copy(file, file.with_name("store.sqlite-wal"))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert connection.execute("SELECT count(*) FROM paths").fetchone() == (2,)
    connection.close()


def test_no_database_is_told(site: Site) -> None:
    (site.store / "osconf/store").mkdir(parents=True)
    done = site.run(ALICE, "store", "closure", f"/osconf/store/{'0' * 32}-x")
    assert done.returncode == 1 and "cannot" in done.stderr and "Traceback" not in done.stderr


def test_damaged_database_is_no_reason_to_read(site: Site, path: str) -> None:
    (site.store / "osconf/var/db/store.sqlite").write_bytes(b"x" * 10000)
    done = site.run(ALICE, "store", "closure", path)
    assert done.returncode == 1 and "is damaged" in done.stderr and "Traceback" not in done.stderr
