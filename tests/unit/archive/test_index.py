"""Packages files and their databases."""

from __future__ import annotations

from pathlib import Path

from osconf.archive.index import Index, parse_packages
from osconf.archive.universe import Universe

TEXT = """\
Package: a
Version: 1
Architecture: amd64
Depends: b (>= 1),
 c | d
Description: first of all
Description-md5: 00
Size: 12
Essential: yes

Package: a
Version: 2
Architecture: amd64
Source: src (1.9)
Provides: virtual (= 3), other
Description: 50%_off

Package: arm
Version: 1
Architecture: arm64

Package: data
Architecture: all
Version: 1
Source: src
Tag: Package: nothing
"""


def open_index(tmp_path: Path) -> Index:
    text = tmp_path / "Packages"
    text.write_text(TEXT)
    return Index.open(tmp_path / "indexes", "key", "origin", text, "amd64")


def test_stanzas_of_the_architecture_are_read() -> None:
    packages = list(parse_packages(TEXT, "amd64"))
    assert [(package.name, package.version) for package in packages] == [("a", "1"), ("a", "2"), ("data", "1")]
    first = packages[0]
    assert (first.depends, first.size, first.essential) == ("b (>= 1), c | d", 12, True)
    assert first.description == "first of all"


def test_the_newest_version_of_a_name_is_kept(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    package = index.find("a")
    assert package is not None
    assert (package.version, package.source_name, package.origin) == ("2", "src", "origin")
    assert index.find("nothing") is None
    assert index.names() == ["a", "data"]
    assert index.essential_names() == []


def test_providers_and_sources(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    assert index.find_providers("virtual") == [("a", "3")]
    assert index.find_providers("other") == [("a", "")]
    assert index.find_built_from("src") == ["a", "data"]
    assert Universe([index], "amd64").find_providers("virtual") == [("a", "3")]


def test_search_takes_signs_as_they_are(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    assert [package.name for package in index.search("50%_")] == ["a"]
    assert index.search("5_%") == []
    assert [package.name for package in index.search("DAT")] == ["data"]


def test_the_database_is_made_once(tmp_path: Path) -> None:
    open_index(tmp_path)
    (tmp_path / "Packages").unlink()
    index = Index.open(tmp_path / "indexes", "key", "origin", tmp_path / "Packages", "amd64")
    assert index.names() == ["a", "data"]
    assert [path.suffix for path in (tmp_path / "indexes").iterdir()] == [".sqlite"]


def test_near_names(tmp_path: Path) -> None:
    universe = Universe([open_index(tmp_path)], "amd64")
    assert universe.near_names("dtaa") == ["data"]
    assert universe.near_names("Data") == ["data"]
    assert universe.near_names("zzz") == []
