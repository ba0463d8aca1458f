"""Unpacking what evaluations fetch."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from osconf.errors import EvalError
from osconf.rebuild.unpacking import unpack_tree
from tests.unit.archive.repository import make_directory, make_file, make_link, make_member, pack_tar


def unpack(tmp_path: Path, *members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]) -> Path:
    (tmp_path / "download").write_bytes(pack_tar(members))
    return unpack_tree(tmp_path / "download", tmp_path / "tree", "the tarball").path


def test_a_single_directory_is_the_tree(tmp_path: Path) -> None:
    tree = unpack(
        tmp_path,
        make_directory("top", 0o555),
        make_file("top/run", b"run", 0o4777),
        make_link("top/link", "/etc/hosts"),
    )
    assert tree == tmp_path / "tree/top"
    assert (tree / "run").stat().st_mode & 0o7777 == 0o755
    assert (tree / "link").readlink() == Path("/etc/hosts")


@pytest.mark.parametrize("name", ["../out", "top/../../out", "link/out"])
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvalError, match="leads out of the archive"):
        unpack(tmp_path, make_link("link", ".."), make_file(name))
    assert not (tmp_path / "out").exists()


def test_absolute_names_are_inside(tmp_path: Path) -> None:
    assert (unpack(tmp_path, make_file("/a", b"1"), make_file("/b")) / "a").read_bytes() == b"1"


def test_devices_and_foreign_hard_links_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="is a device"):
        unpack(tmp_path, make_member("null", tarfile.CHRTYPE))
    with pytest.raises(EvalError, match="leads out"):
        unpack(tmp_path, make_member("passwd", tarfile.LNKTYPE, target="../../../../../../etc/passwd"))


def test_no_tarball(tmp_path: Path) -> None:
    (tmp_path / "download").write_bytes(b"text")
    with pytest.raises(EvalError, match="cannot unpack the tarball"):
        unpack_tree(tmp_path / "download", tmp_path / "tree", "the tarball")


def test_other_packings(tmp_path: Path) -> None:
    download = tmp_path / "download"
    with zipfile.ZipFile(download, "w") as archive:
        entry = zipfile.ZipInfo("top/run", (2020, 9, 13, 12, 26, 40))
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, "run")
        link = zipfile.ZipInfo("top/link", (2010, 1, 1, 0, 0, 0))
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "run")
    unpacked = unpack_tree(download, tmp_path / "zip", "the archive")
    assert unpacked.last_modified == 1600000000
    assert (unpacked.path / "run").stat().st_mode & 0o777 == 0o755
    assert (unpacked.path / "link").readlink() == Path("run")

    download.write_bytes(zstandard.compress(pack_tar([make_file("top/a", b"text")])))
    assert (unpack_tree(download, tmp_path / "zstd", "the archive").path / "a").read_bytes() == b"text"

    with zipfile.ZipFile(download, "w") as archive:
        archive.writestr("../out", "x")
    with pytest.raises(EvalError, match="leads out of the archive"):
        unpack_tree(download, tmp_path / "bad", "the archive")
