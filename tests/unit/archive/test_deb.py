"""Unpacking .debs: normal ones come out normalised, hostile ones not at all."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from osconf.archive.deb import unpack_deb
from osconf.errors import ArchiveError
from tests.unit.archive.repository import make_deb, make_directory, make_file, make_link, make_member

CONTROL = "Package: demo\nVersion: 1:2~rc-3\nArchitecture: amd64\nSource: demo-src (2)\nDescription: d\n long\n"


def unpack(tmp_path: Path, *members: object, form: str = ".xz", **more: object) -> Path:
    deb = tmp_path / "demo.deb"
    deb.write_bytes(make_deb(CONTROL, members, form=form, **more))  # type: ignore[arg-type]
    out = tmp_path / "out"
    unpack_deb(deb, out)
    return out


def manifest(out: Path) -> dict[str, dict[str, object]]:
    data = json.loads((out / "DEBIAN/manifest.json").read_text())
    assert [entry["path"] for entry in data["entries"]] == sorted(entry["path"] for entry in data["entries"])
    return {entry["path"]: entry for entry in data["entries"]}


@pytest.mark.parametrize("form", [".xz", ".gz", ".zst", ""])
def test_every_compression_is_read(tmp_path: Path, form: str) -> None:
    out = unpack(tmp_path, make_file("./usr/bin/demo", b"hello" * 100_000, 0o755), form=form)
    assert (out / "usr/bin/demo").read_bytes() == b"hello" * 100_000


def test_modes_are_canonical_and_the_manifest_remembers(tmp_path: Path) -> None:
    out = unpack(tmp_path, make_file("./usr/bin/sudo", b"s", 0o4755), make_file("./etc/secret", b"", 0o640))
    assert (out / "usr/bin/sudo").stat().st_mode & 0o7777 == 0o555
    assert (out / "etc/secret").stat().st_mode & 0o7777 == 0o444
    entries = manifest(out)
    assert entries["usr/bin/sudo"]["mode"] == "4755"
    assert entries["etc/secret"]["mode"] == "0640"
    assert entries["usr"]["type"] == "dir"


def test_control_files_are_kept(tmp_path: Path) -> None:
    out = unpack(tmp_path, scripts={"postinst": b"#!/bin/sh\n", "conffiles": b"/etc/x\n"})
    assert (out / "DEBIAN/postinst").stat().st_mode & 0o111
    data = json.loads((out / "DEBIAN/manifest.json").read_text())
    assert (data["package"], data["version"], data["source"]) == ("demo", "1:2~rc-3", "demo-src")


def test_an_unmerged_package_is_merged(tmp_path: Path) -> None:
    out = unpack(
        tmp_path,
        make_directory("./bin/"),
        make_file("./bin/sh", b"sh", 0o755),
        make_directory("./lib/"),
        make_file("./lib/x/libz.so.1", b"z"),
        make_link("./lib/x/up", "../../usr/lib/y/other"),
        make_link("./usr/lib/x/libz.so", "../../../lib/x/libz.so.1"),
        make_link("./lib/x/near", "libz.so.1"),
        make_link("./usr/bin/sh", "/bin/sh"),
    )
    assert sorted(path.name for path in out.iterdir()) == ["DEBIAN", "usr"]
    assert (out / "usr/lib/x/up").readlink() == Path("../y/other")
    assert (out / "usr/lib/x/near").readlink() == Path("libz.so.1")
    assert manifest(out)["usr/lib/x/libz.so"]["target"] == "../../../lib/x/libz.so.1"


def test_a_link_that_the_merge_turns_upon_itself_is_dropped(tmp_path: Path) -> None:
    out = unpack(tmp_path, make_file("./bin/tool", b"t", 0o755), make_link("./usr/bin/tool", "../../usr/bin/tool"))
    assert (out / "usr/bin/tool").read_bytes() == b"t"


def test_the_links_of_the_merge_itself_are_dropped(tmp_path: Path) -> None:
    out = unpack(tmp_path, make_link("./bin", "usr/bin"), make_directory("./usr/bin"))
    assert not (out / "bin").exists()
    assert (out / "usr/bin").is_dir()


def test_hard_links_share_the_content(tmp_path: Path) -> None:
    out = unpack(
        tmp_path,
        make_file("./usr/bin/perl", b"p", 0o755),
        make_member("./usr/bin/perl5", tarfile.LNKTYPE, 0o755, "./usr/bin/perl"),
    )
    assert (out / "usr/bin/perl").samefile(out / "usr/bin/perl5")
    assert manifest(out)["usr/bin/perl5"]["sha256"] == manifest(out)["usr/bin/perl"]["sha256"]


def test_empty_directories_are_listed(tmp_path: Path) -> None:
    out = unpack(tmp_path, make_directory("./var/lib/demo", 0o750))
    assert manifest(out)["var/lib/demo"]["mode"] == "0750"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([make_file("../escape")], "climbs out"),
        ([make_file("./usr/../../escape")], "climbs out"),
        ([make_link("./usr/lib/x", "/etc"), make_file("./usr/lib/x/passwd")], "link and a directory"),
        ([make_file("./usr/x"), make_file("./usr/x/y")], "file and a directory"),
        ([make_file("./DEBIAN/manifest.json")], "control files"),
        ([make_member("./dev/null", tarfile.CHRTYPE)], "neither file"),
        ([make_member("./usr/bin/a", tarfile.LNKTYPE, 0o755, "/etc/shadow")], "no file of the package"),
        ([make_file("./usr/" + "d/" * 1500 + "f")], "nests too deep"),
        ([make_file("./usr/" + ("d" * 50 + "/") * 100 + "f")], "nests too deep"),
        ([make_file("./usr/" + "x" * 256)], "name that is too long"),
    ],
)
def test_tricks_are_refused(tmp_path: Path, members: list[object], words: str) -> None:
    with pytest.raises(ArchiveError, match=words):
        unpack(tmp_path, *members)
    assert not (tmp_path / "escape").exists()


def test_an_absolute_name_stays_inside(tmp_path: Path) -> None:
    out = unpack(tmp_path, make_file("/usr/share/x"))
    assert (out / "usr/share/x").exists()


@pytest.mark.parametrize("damage", [slice(0, 100), slice(8, None), slice(0, -40)])
def test_damage_is_an_error_and_no_traceback(tmp_path: Path, damage: slice) -> None:
    deb = tmp_path / "demo.deb"
    deb.write_bytes(make_deb(CONTROL, [make_file("./usr/x", b"abc" * 999)])[damage])
    with pytest.raises(ArchiveError):
        unpack_deb(deb, tmp_path / "out")


def test_a_control_file_that_begins_in_a_field_is_damaged(tmp_path: Path) -> None:
    deb = tmp_path / "demo.deb"
    deb.write_bytes(make_deb(" long\nPackage: demo\n", []))
    with pytest.raises(ArchiveError, match="in the middle of a field"):
        unpack_deb(deb, tmp_path / "out")
