"""The machine's apt sources as mirrors."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.archive.mirror import Mirrors, parse_mirrors, read_apt_mirrors, read_machine_mirrors
from osconf.errors import ArchiveError

SOURCES = """\
Types: deb deb-src
# a comment
URIs: http://one.example/debian/
 http://two.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: https://security.example/debian-security
Suites: bookworm-security

Types: deb
URIs: https://packages.example/node
Suites: nodistro

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
"""


def test_both_forms_are_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(SOURCES)
    (tmp_path / "sources.list").write_text(
        "# deb http://no.example/debian trixie main\n"
        "deb [arch=amd64 signed-by=/x] http://three.example/debian stable main\n"
        "deb http://one.example/debian trixie main\n"
        "deb http://third.example/ubuntu noble main\n"
        "deb http://four.example/debian-security buster/updates main\n"
    )
    mirrors = read_apt_mirrors(tmp_path)
    assert mirrors.resolve("mirror:debian") == (
        "http://one.example/debian",
        "http://two.example/debian",
        "http://three.example/debian",
    )
    assert mirrors.resolve("mirror:debian-security") == ("https://security.example/debian-security",)


def test_settings_override(tmp_path: Path) -> None:
    mirrors = read_apt_mirrors(tmp_path).override({"debian": ["file:///srv/mirror/"]})
    assert mirrors.resolve("mirror:debian") == ("file:///srv/mirror",)
    assert mirrors.resolve("https://direct.example/x/") == ("https://direct.example/x",)


def test_an_unknown_mirror_says_what_to_do() -> None:
    with pytest.raises(ArchiveError) as caught:
        Mirrors({}).resolve("mirror:debian")
    assert caught.value.code == "no-mirror"


def test_mirrors_can_be_given_as_text() -> None:
    text = "debian=http://a.example/debian, file:///srv/d; debian-security=https://s.example/x"
    assert parse_mirrors(text) == {
        "debian": ["http://a.example/debian", "file:///srv/d"],
        "debian-security": ["https://s.example/x"],
    }
    assert parse_mirrors("") == {}
    with pytest.raises(ArchiveError, match="is not NAME=ADDRESS"):
        parse_mirrors("debian")


def test_declared_mirrors_replace_those_of_apt(tmp_path: Path) -> None:
    (tmp_path / "apt").mkdir()
    (tmp_path / "apt/sources.list").write_text("deb http://apt.example/debian trixie main\n")
    assert read_machine_mirrors(tmp_path).resolve("mirror:debian") == ("http://apt.example/debian",)
    (tmp_path / "osconf").mkdir()
    (tmp_path / "osconf/mirrors").write_text("http://a.example/debian\nother=http://b.example/x\n")
    mirrors = read_machine_mirrors(tmp_path)
    assert mirrors.resolve("mirror:debian") == ("http://a.example/debian",)
    assert mirrors.resolve("mirror:other") == ("http://b.example/x",)
    assert mirrors.resolve("mirror:debian-security") == ("http://a.example/debian-security",)
