"""Merging trees that osconf built."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.environment.extra import merge_extra_trees
from osconf.environment.plan import TreePlan, plan_tree
from osconf.errors import BuildError

from .conftest import PackageMaker


def make_tree(place: Path, files: dict[str, str]) -> tuple[str, Path]:
    base = place.parent / "osconf/store" / place.name
    for path, content in files.items():
        place = base / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return f"/osconf/store/{base.name}", base


def test_a_directory_of_one_tree_is_one_link(tmp_path: Path) -> None:
    plan = TreePlan(directories={"usr", "usr/share"})
    merge_extra_trees(plan, [make_tree(tmp_path / "t", {"share/app/deep/x": "", "bin/app": ""})])
    assert plan.links["usr/share/app/deep"] == "/osconf/store/t/share/app/deep"
    assert plan.links["usr/bin/app"] == "/osconf/store/t/bin/app"
    assert len(plan.links) == 2


def test_shared_directories_are_merged(tmp_path: Path, make_package: PackageMaker) -> None:
    plan = plan_tree([make_package("p", {"usr/share/man/man1/p.1": ""})])
    trees = [make_tree(tmp_path / name, {f"share/man/man1/{name}.1": ""}) for name in ("a", "b")]
    merge_extra_trees(plan, trees)
    assert plan.links["usr/share/man/man1/a.1"] == "/osconf/store/a/share/man/man1/a.1"
    assert plan.links["usr/share/man/man1/b.1"] == "/osconf/store/b/share/man/man1/b.1"
    assert "usr/share/man/man1/p.1" in plan.files


def test_a_built_program_wins_over_a_package_and_that_is_noted(tmp_path: Path, make_package: PackageMaker) -> None:
    plan = plan_tree([make_package("p", {"usr/bin/x": "old"})])
    merge_extra_trees(plan, [make_tree(tmp_path / "t", {"bin/x": "new"})])
    assert plan.links["usr/bin/x"] == "/osconf/store/t/bin/x"
    assert "usr/bin/x" not in plan.files
    assert plan.overrides == ["usr/bin/x: /osconf/store/t/bin/x instead of p's"]


def test_etc_and_usr_of_a_tree_are_merged_too(tmp_path: Path) -> None:
    plan = TreePlan(directories={"usr", "etc"})
    merge_extra_trees(plan, [make_tree(tmp_path / "t", {"etc/x.conf": "", "usr/bin/y": ""})])
    assert plan.links == {"etc/x.conf": "/osconf/store/t/etc/x.conf", "usr/bin/y": "/osconf/store/t/usr/bin/y"}


def test_two_trees_with_different_files_clash(tmp_path: Path) -> None:
    trees = [make_tree(tmp_path / name, {"bin/x": name}) for name in ("a", "b")]
    with pytest.raises(BuildError) as caught:
        merge_extra_trees(TreePlan(), trees)
    assert caught.value.code == "file-clash"


def test_two_trees_with_equal_files_do_not(tmp_path: Path) -> None:
    plan = TreePlan()
    merge_extra_trees(plan, [make_tree(tmp_path / name, {"bin/x": "same"}) for name in ("a", "b")])
    assert plan.links == {"usr/bin/x": "/osconf/store/a/bin/x"}


def test_a_view_of_a_package_adds_nothing(tmp_path: Path, make_package: PackageMaker) -> None:
    package = make_package("p", {"usr/bin/x": "x", "usr/share/doc/x": "x"})
    plan = plan_tree([package])
    before = dict(plan.links)
    name, base = make_tree(tmp_path / "view", {})
    (base / "bin").mkdir(parents=True)
    (base / "bin/x").symlink_to("/usr/bin/x")
    (base / "share/doc").mkdir(parents=True)
    (base / "share/doc/x").symlink_to(f"{package.contents}/usr/share/doc/x")
    merge_extra_trees(plan, [(name, base)])
    assert plan.links == before
    assert plan.overrides == []


def test_directories_behind_links_of_a_tree_are_merged(tmp_path: Path, make_package: PackageMaker) -> None:
    plan = plan_tree([make_package("p", {"usr/share/doc/p": ""})])
    make_tree(tmp_path / "inner", {"share/doc/inner": ""})
    name, base = make_tree(tmp_path / "outer", {})
    base.mkdir()
    (base / "share").symlink_to("/osconf/store/inner/share")
    merge_extra_trees(plan, [(name, base)])
    assert plan.links["usr/share/doc/inner"] == "/osconf/store/outer/share/doc/inner"


def test_directories_that_generators_write_to_are_never_links(tmp_path: Path) -> None:
    plan = TreePlan(directories={"usr"})
    merge_extra_trees(plan, [make_tree(tmp_path / "t", {"share/icons/hicolor/48x48/x.png": "", "lib/udev/x": ""})])
    assert {"usr/share/icons/hicolor", "usr/lib/udev"} <= plan.directories


def test_directories_of_this_machine_are_not_merged(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    trees = [make_tree(tmp_path / name, {"share/x/y": ""}) for name in ("a", "b")]
    for _, root in trees:
        for name in ("bin", "share/x/z", "share/x/same"):
            (root / name).symlink_to(tmp_path / "outside")
        (root / "usr").symlink_to(tmp_path)
    (trees[1][1] / "share/x/z").unlink()
    (trees[1][1] / "share/x/z").symlink_to(tmp_path)
    plan = TreePlan()
    with pytest.raises(BuildError, match="different files at /usr/share/x/z"):
        merge_extra_trees(plan, trees)
    assert not [path for path in plan.links if "secret" in path or "outside" in path or "usr/bin" in path]
    (trees[1][1] / "share/x/z").unlink()
    plan = TreePlan()
    merge_extra_trees(plan, trees)
    # What leads to the same place is the same, whatever is there.
    assert plan.links["usr/share/x/same"] == "/osconf/store/a/share/x/same"
