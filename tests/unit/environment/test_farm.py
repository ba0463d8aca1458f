"""Linking: inodes are shared, and nothing is written through them."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from osconf.environment.alternatives import bake_alternatives
from osconf.environment.facts import Alternative
from osconf.environment.farm import link_farm
from osconf.environment.manifest import Entry, read_package
from osconf.environment.plan import TreePlan
from osconf.errors import BuildError

from .conftest import FarmMaker, File, Link, PackageMaker


def test_files_are_hard_links_and_links_are_verbatim(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    package = make_package("p", {"usr/bin/x": File("x", mode="0755"), "usr/bin/y": Link("x")})
    farm = make_farm(package)
    assert farm.path("usr/bin/x").stat().st_ino == (package.root / "usr/bin/x").stat().st_ino
    assert farm.path("usr/bin/y").readlink() == Path("x")


def test_replacing_a_file_leaves_the_package_alone(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    package = make_package("p", {"etc/x": "package"})
    farm = make_farm(package)
    farm.write("etc/x", "generated")
    assert farm.read("etc/x") == "generated"
    assert (package.root / "etc/x").read_text() == "package"


def test_taking_and_renaming_keep_the_plan_true(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    farm = make_farm(make_package("p", {"usr/bin/x": "package"}))
    made = tmp_path / "made"
    made.write_text("made")
    farm.take("usr/bin/new", made)
    farm.rename("usr/bin/x", "usr/lib/p/x")
    assert farm.has("usr/bin/new")
    assert not farm.has("usr/bin/x")
    assert farm.read("usr/lib/p/x") == "package"
    assert farm.path("usr/bin/new").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EMLINK, errno.EPERM])
def test_a_refused_link_becomes_a_copy(
    make_package: PackageMaker, make_farm: FarmMaker, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    package = make_package("p", {"usr/bin/x": File("x", mode="0755")})
    monkeypatch.setattr(os, "link", refuse)
    farm = make_farm(package)
    copy = farm.path("usr/bin/x").stat()
    assert copy.st_ino != (package.root / "usr/bin/x").stat().st_ino
    assert copy.st_mode & 0o777 == 0o555


def test_another_refusal_is_an_error(
    make_package: PackageMaker, make_farm: FarmMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    package = make_package("p", {"usr/bin/x": "x"})
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="full"):
        make_farm(package)


def test_nothing_is_generated_inside_a_built_package(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("p", {"usr/share/x": Link("/osconf/store/t/share/x")}))
    with pytest.raises(BuildError) as caught:
        farm.write("usr/share/x/cache", "")
    assert caught.value.code == "generated-in-store"


@pytest.mark.parametrize(
    "links",
    [
        {"usr/../../evil": "/x"},
        {"..": "/x"},
        {"usr/a": "AWAY", "usr/a/evil": "/x"},
        {"usr/a": "AWAY", "usr/a/b/evil": "/x"},
    ],
)
def test_nothing_is_made_elsewhere(tmp_path: Path, links: dict[str, str]) -> None:
    (tmp_path / "away/b").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    plan = TreePlan(directories={"usr"})
    plan.links.update({path: target.replace("AWAY", str(tmp_path / "away")) for path, target in links.items()})
    with pytest.raises(BuildError) as caught:
        link_farm(plan, tmp_path / "out")
    assert caught.value.code == "bad-package"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["away", "b", "out"]


@pytest.mark.parametrize("path", ["usr/bin/x", "usr/../../outside/x", "file"])
def test_files_of_this_machine_are_no_package(make_package: PackageMaker, tmp_path: Path, path: str) -> None:
    """A manifest may say what is not so: behind its paths may be links to what only root may read."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_text("secret")
    package = make_package("p", {"usr/share/x": ""})
    (package.root / "usr/bin").symlink_to(tmp_path / "outside")
    (package.root / "file").symlink_to(tmp_path / "outside/x")
    plan = TreePlan(directories={"usr", "usr/bin"}, files={"usr/bin/x": (package, Entry(path, "file"))})
    (tmp_path / "out").mkdir()
    with pytest.raises(BuildError) as caught:
        link_farm(plan, tmp_path / "out")
    assert caught.value.code == "bad-package"
    assert not (tmp_path / "out/usr/bin/x").exists() and (tmp_path / "outside/x").stat().st_nlink == 1


@pytest.mark.parametrize("name", ["DEBIAN/manifest.json", "DEBIAN/postinst", "DEBIAN"])
def test_control_files_are_behind_no_link(make_package: PackageMaker, tmp_path: Path, name: str) -> None:
    package = make_package("p", {"etc/x": "own"}, scripts={"postinst": "#!/bin/sh"})
    place = package.root / name
    place.rename(tmp_path / "outside")
    place.symlink_to(tmp_path / "outside")
    assert package.read_control_file("postinst") == ("" if name != "DEBIAN/manifest.json" else "#!/bin/sh")
    assert package.find_file("etc/x") is not None and package.find_file("../outside") is None
    if name != "DEBIAN/postinst":
        with pytest.raises(BuildError, match="no manifest"):
            read_package("p", package.contents, package.root)


@pytest.mark.parametrize("relative", ["usr/../../victim", "etc/../../victim", "/victim", "usr/up/../../victim"])
def test_nothing_is_generated_elsewhere(make_package: PackageMaker, make_farm: FarmMaker, relative: str) -> None:
    """Names come from what packages' scripts say, too."""
    farm = make_farm(make_package("p", {"usr/share/x": "", "usr/up": Link("share")}))
    victim = farm.root.parent / "victim"
    victim.write_text("valid")
    for act in (
        lambda: farm.link(relative, "/evil"),
        lambda: farm.write(relative, "evil"),
        lambda: farm.rename("usr/share/x", relative),
        lambda: farm.copy(relative, victim),
        lambda: bake_alternatives(farm, {"x": Alternative("x", f"/{relative}", "/usr/share/x", 1, ())}),
    ):
        with suppress(BuildError):
            act()
        assert victim.read_text() == "valid" and not victim.is_symlink()


@pytest.mark.parametrize("key", ["package", "architecture"])
def test_packages_have_names_that_are_names(make_package: PackageMaker, key: str) -> None:
    package = make_package("p", {"etc/x": ""})
    manifest = package.root / "DEBIAN/manifest.json"
    document = json.loads(manifest.read_text())
    for word in ("../../evil", "a/b", "", ".", "a\nb", "a\tb"):
        manifest.write_text(json.dumps({**document, key: word}))
        with pytest.raises(BuildError, match="calls itself"):
            read_package("p", package.contents, package.root)
    with pytest.raises(BuildError, match="calls itself"):
        read_package("../p", package.contents, package.root)
