"""Files below a root: links stay inside, replacing is one rename, nothing half-made is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.host.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, apply_owners=False)


def test_absolute_links_are_followed_inside_the_root(files: Files, tmp_path: Path) -> None:
    (tmp_path / "store/env/usr").mkdir(parents=True)
    (tmp_path / "store/env/usr/file").write_text("inside")
    (tmp_path / "system").mkdir()
    (tmp_path / "system/environment").symlink_to("/store/env")
    (tmp_path / "system/usr").symlink_to("environment/usr")
    assert files.resolve("/system/usr/file") == "/store/env/usr/file"
    assert files.read_text("/system/usr/file") == "inside"
    assert files.resolve("/../../system/./missing/x") == "/system/missing/x"


def test_a_loop_of_links_is_an_error(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("/a")
    with pytest.raises(OSError, match="too many links"):
        files.resolve("/a")


def test_write_replaces_by_rename(files: Files, tmp_path: Path) -> None:
    files.write("/f", b"one", mode=0o640)
    opened = (tmp_path / "f").open()
    files.write("/f", b"two", mode=0o600, sync=True)
    assert opened.read() == "one"
    assert ((tmp_path / "f").read_text(), (tmp_path / "f").stat().st_mode & 0o777) == ("two", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_write_replaces_a_link_not_its_target(files: Files, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    files.link("/name", "target")
    files.write("/name", b"new")
    assert ((tmp_path / "target").read_text(), (tmp_path / "name").read_text()) == ("kept", "new")


def test_failed_write_leaves_nothing(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write("/f", b"one")

    def fail(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", fail)
    with pytest.raises(OSError, match="No space"):
        files.write("/f", b"two")
    monkeypatch.undo()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("f", "one")]


def test_link_replaces_files_and_links(files: Files, tmp_path: Path) -> None:
    files.write("/x", b"")
    for target in ("one", "two", "two"):
        files.link("/x", target)
        assert files.read_link("/x") == target
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_empty_directories_are_removed_upwards(files: Files, tmp_path: Path) -> None:
    files.make_dirs("/etc/a/b/c")
    files.write("/etc/a/keep", b"")
    files.remove_empty_dirs("/etc/a/b/c/gone", "/etc")
    assert sorted(path.name for path in (tmp_path / "etc/a").iterdir()) == ["keep"]
    files.remove("/etc/a/keep")
    files.remove_empty_dirs("/etc/a", "/etc")
    assert not (tmp_path / "etc/a").exists()
    assert (tmp_path / "etc").exists()


def test_remove_takes_trees_but_not_what_links_lead_to(files: Files, tmp_path: Path) -> None:
    files.make_dirs("/kept")
    files.write("/kept/f", b"")
    files.make_dirs("/tree/sub")
    files.link("/tree/sub/link", "/kept")
    files.remove("/tree")
    files.link("/link", "/kept")
    files.remove("/link")
    files.remove("/missing")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/f").exists()
