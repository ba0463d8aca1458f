"""Packages of another suite among those of this one."""

from __future__ import annotations

import pytest

from osconf.archive.mixed import ForeignRoot, resolve_mixed
from osconf.archive.resolver import Root
from osconf.archive.universe import Universe
from osconf.errors import ArchiveError
from tests.unit.archive.repository import make_universe, package

STABLE = (
    package("libc", "1", essential=True),
    package("libc-bin", "1", depends="libc (<< 2)", essential=True),
    package("ssl", "1"),
    package("web", "1", depends="ssl"),
    package("git", "1"),
)


def resolve(foreign: Universe, *names: str, roots: tuple[str, ...] = ("web",)) -> dict[str, str]:
    base = make_universe(*STABLE)
    mixed = resolve_mixed(base, [Root(name) for name in roots], [ForeignRoot(Root(name), foreign) for name in names])
    versions = {name: mixed.universe.find(name).version for name in mixed.resolution.names}  # type: ignore[union-attr]
    assert {name for name, version in versions.items() if version != "1"} == set(mixed.foreign)
    return versions


def test_what_fits_brings_nothing_else() -> None:
    versions = resolve(make_universe(package("git", "2", depends="ssl (>= 1)"), package("ssl", "2")), "git")
    assert versions == {"git": "2", "libc": "1", "libc-bin": "1", "ssl": "1", "web": "1"}


def test_a_dependency_that_is_too_old_comes_along() -> None:
    versions = resolve(make_universe(package("git", "2", depends="ssl (>= 2)"), package("ssl", "2")), "git")
    assert versions["ssl"] == "2"
    assert versions["web"] == "1"


def test_what_no_longer_fits_comes_along_too() -> None:
    testing = make_universe(
        package("git", "2", depends="libc (>= 2)"),
        package("libc", "2", essential=True),
        package("libc-bin", "2", depends="libc (>= 2)", essential=True),
    )
    assert resolve(testing, "git") == {"git": "2", "libc": "2", "libc-bin": "2", "ssl": "1", "web": "1"}


def test_what_a_new_package_breaks_comes_along() -> None:
    testing = make_universe(package("git", "2", breaks="ssl (<< 2)"), package("ssl", "2"))
    assert resolve(testing, "git")["ssl"] == "2"


def test_what_cannot_fit_is_an_error() -> None:
    with pytest.raises(ArchiveError, match="conflicts with ‘web’"):
        resolve(make_universe(package("git", "2", conflicts="web")), "git")
