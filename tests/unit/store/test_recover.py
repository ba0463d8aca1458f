"""A store whose database is damaged: explained, and made anew from what is on the disk."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths
from osconf.model.path_info import PathInfo
from osconf.rebuild.recovery import recover_store
from osconf.store.database import Database, DatabaseDamaged
from osconf.store.layout import StoreLayout
from osconf.store.local import LocalStore
from osconf.store.recover import recover_database
from osconf.store.scan import ReferenceScanner, scan_tree

DIRECTORY = "/osconf/store"


def fill(root: Path) -> dict[str, str]:
    """A store with a source tree, texts that refer to each other, a derivation and its output; names to paths."""
    (root / "tree/deep").mkdir(parents=True)
    (root / "tree/deep/file").write_text("content")
    with LocalStore.open(root, durable=False) as store:
        made = {"tree": store.add_path(root / "tree", "tree")}
        made["flat"] = store.add_path(root / "tree/deep/file", "flat", recursive=False)
        made["text"] = store.add_text("text", made["tree"].encode(), [made["tree"]])
        drv = fill_output_paths(
            Derivation(
                outputs={"out": DerivationOutput("")},
                input_derivations={},
                input_sources=(made["text"],),
                system="x86_64-linux",
                builder="builtin:write",
                args=(),
                env={"name": "thing"},
            ),
            store.derivation_hash,
            store.store_dir,
        )
        made["drv"] = store.write_derivation(drv)
        made["out"] = drv.output_path()
        temporary = store.temporary_path()
        temporary.write_text(f"refers to {made['text']}")
        nar_hash, size, references = scan_tree(temporary, ReferenceScanner(made.values()))
        store.registrar.install(
            temporary, PathInfo(made["out"], nar_hash, size, references, deriver=made["drv"], ultimate=True)
        )
        for number in range(60):
            store.add_text(f"filler-{number}", b"x" * 100)
    leftover = root / f"osconf/store/{'0' * 32}-leftover"
    leftover.write_text("half of something")
    return made


def database_of(root: Path) -> Path:
    return StoreLayout(root, DIRECTORY).database


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])


def cut_to_nothing(file: Path) -> None:
    file.write_bytes(b"")


def remove(file: Path) -> None:
    file.unlink()


def spoil_header(file: Path) -> None:
    file.write_bytes(b"\xff" * 200 + file.read_bytes()[200:])


def spoil_at_random(file: Path) -> None:
    data = bytearray(file.read_bytes())
    places = random.Random(7)
    for _ in range(8):
        at = places.randrange(4096, len(data) - 600)
        data[at : at + 500] = places.randbytes(500)
    file.write_bytes(data)


def drop_tables(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE refs")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", [truncate, cut_to_nothing, remove, spoil_header, spoil_at_random, drop_tables])
def test_damage_is_explained_and_repaired(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    made = fill(tmp_path)
    damage(database_of(tmp_path))
    with pytest.raises(DatabaseDamaged) as caught, LocalStore.open(tmp_path, durable=False) as store:
        # Damage deep in the file shows when it is read.
        store.closure(store.valid_paths())
        store.database.derivers()
        if store.verify().database:
            raise DatabaseDamaged("found by verify", hint="osconf store recover")
    assert "osconf store recover" in (caught.value.hint or "")
    recovery = recover_store(tmp_path, DIRECTORY)
    assert recovery is not None
    # Everything that proves itself is back whatever happened; the output, where the old bytes still tell its hash.
    assert {made[name] for name in ("tree", "flat", "text", "drv")} <= set(recovery.kept)
    assert not any("leftover" in path for path in recovery.kept)
    with LocalStore.open(tmp_path, durable=False) as store:
        assert store.verify(check_contents=True).is_sound
        assert store.references(made["text"]) == [made["tree"]]
        assert store.database.derivers_of(made["out"]) == [made["drv"]]
        if damage in (spoil_header, drop_tables):
            assert store.query_path_info(made["out"]).deriver == made["drv"]
            assert store.references(made["out"]) == [made["text"]]


def test_a_sound_database_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path)
    before = database_of(tmp_path).stat().st_ino
    assert recover_store(tmp_path, DIRECTORY) is None
    assert database_of(tmp_path).stat().st_ino == before
    forced = recover_store(tmp_path, DIRECTORY, force=True)
    assert forced is not None
    assert forced.old is not None
    assert forced.old.exists()


@pytest.mark.parametrize("step", ["register", "checkpoint", "replace"])
def test_a_killed_recovery_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    made = fill(tmp_path)
    spoil_header(database_of(tmp_path))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step != "replace":
            patch.setattr(Database, step, die)
        else:
            # The old files have been set aside, the new one is not in place.
            real = Path.replace
            patch.setattr(Path, "replace", lambda file, to: die() if to == database_of(tmp_path) else real(file, to))
        with pytest.raises(KeyboardInterrupt):
            recover_store(tmp_path, DIRECTORY)
    assert step == "replace" or not list(database_of(tmp_path).parent.glob("*.new*"))
    with pytest.raises(DatabaseDamaged):
        LocalStore.open(tmp_path, durable=False)
    recovery = recover_store(tmp_path, DIRECTORY)
    assert recovery is not None
    assert set(made.values()) <= set(recovery.kept)


def test_changed_content_is_not_registered_again(tmp_path: Path) -> None:
    made = fill(tmp_path)
    out = StoreLayout(tmp_path, DIRECTORY).real_path(made["out"])
    out.chmod(0o644)
    out.write_text("something else")
    tree = StoreLayout(tmp_path, DIRECTORY).real_path(made["tree"]) / "deep/file"
    tree.chmod(0o644)
    tree.write_text("other")
    recovery = recover_database(StoreLayout(tmp_path, DIRECTORY), durable=False)
    # What refers to the changed tree cannot be valid either.
    assert {made[name] for name in ("out", "tree", "text", "drv")} <= set(recovery.unknown)
    assert made["flat"] in recovery.kept


def test_an_interrupted_first_run_is_no_loss(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path, durable=False) as store:
        store.add_text("a", b"a")
        (store.layout.store / f"{'0' * 32}-leftover").write_text("half")
    assert Database(database_of(tmp_path)).check_integrity() == []
    with LocalStore.open(tmp_path, durable=False) as store:
        assert len(store.valid_paths()) == 1
