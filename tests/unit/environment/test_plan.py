"""Merging manifests: who wins, what is left out, what moves."""

from __future__ import annotations

import pytest

from osconf.environment.plan import plan_tree
from osconf.errors import BuildError

from .conftest import Directory, File, Link, PackageMaker


def test_files_of_all_packages_are_merged(make_package: PackageMaker) -> None:
    plan = plan_tree([make_package("b", {"usr/bin/b": "b"}), make_package("a", {"usr/bin/a": "a", "etc/a": "1"})])
    assert set(plan.files) == {"usr/bin/a", "usr/bin/b", "etc/a"}
    assert plan.files["usr/bin/b"][0].name == "b"


def test_the_order_of_packages_does_not_matter(make_package: PackageMaker) -> None:
    packages = [make_package(name, {f"usr/bin/{name}": name, "usr/share/x": "same"}) for name in ("c", "a", "b")]
    forward, backward = plan_tree(packages), plan_tree(reversed(packages))
    assert forward.owners == backward.owners
    assert forward.directories == backward.directories


def test_equal_files_are_no_clash(make_package: PackageMaker) -> None:
    plan = plan_tree([make_package(name, {"usr/share/doc/x/changelog": "same"}) for name in ("a", "b")])
    assert plan.owners["usr/share/doc/x/changelog"] == "a"


def test_different_files_clash_with_both_names(make_package: PackageMaker) -> None:
    with pytest.raises(BuildError) as caught:
        plan_tree([make_package("a", {"usr/bin/x": "1"}), make_package("b", {"usr/bin/x": "2"})])
    assert caught.value.code == "file-clash"
    assert "a and b both ship /usr/bin/x" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("replacing", ["aa", "zz"])
def test_a_package_may_take_over_the_files_it_replaces(make_package: PackageMaker, replacing: str) -> None:
    old = make_package("mm", {"usr/bin/x": "old"})
    new = make_package(replacing, {"usr/bin/x": "new"}, control="Replaces: other, mm (<< 2)\n")
    assert plan_tree([old, new]).owners["usr/bin/x"] == replacing


def test_a_diverting_preinst_decides(make_package: PackageMaker) -> None:
    loser = make_package("a", {"usr/bin/x": "1"})
    winner = make_package("b", {"usr/bin/x": "2"}, scripts={"preinst": "dpkg-divert --add --rename /usr/bin/x"})
    plan = plan_tree([loser, winner])
    assert plan.owners["usr/bin/x"] == "b"
    assert plan.overrides


def test_entries_below_another_packages_directory_link_follow_it(make_package: PackageMaker) -> None:
    linking = make_package("a", {"usr/lib/real/one": "1", "usr/lib/alias": Link("real")})
    placing = make_package("b", {"usr/lib/alias/two": "2"})
    plan = plan_tree([linking, placing])
    assert "usr/lib/real/two" in plan.files
    assert plan.links["usr/lib/alias"] == "real"
    assert "usr/lib/alias" not in plan.directories


def test_kernel_modules_are_those_of_the_booted_kernel(make_package: PackageMaker) -> None:
    plan = plan_tree(
        [make_package("linux-image", {"usr/lib/modules/6.1/a.ko": "", "boot/vmlinuz": "", "usr/bin/x": ""})]
    )
    assert plan.links["usr/lib/modules"] == "/run/booted-system/modules"
    assert set(plan.files) == {"usr/bin/x"}


def test_setuid_programs_move_behind_wrappers(make_package: PackageMaker) -> None:
    package = make_package("sudo", {"usr/bin/sudo": File("elf", mode="4755")})
    plan = plan_tree([package])
    assert plan.links["usr/bin/sudo"] == "/run/wrappers/bin/sudo"
    wrapper = plan.wrappers["sudo"]
    assert wrapper.source == f"{package.contents}/usr/bin/sudo"
    assert wrapper.privilege.mode == 0o4755


def test_programs_whose_script_makes_them_setuid_are_known(make_package: PackageMaker) -> None:
    helper = "usr/lib/dbus-1.0/dbus-daemon-launch-helper"
    plan = plan_tree([make_package("dbus", {helper: File("elf", mode="0755")})])
    privilege = plan.wrappers["dbus-daemon-launch-helper"].privilege
    assert (privilege.mode, privilege.group) == (0o4754, "messagebus")


def test_two_wrappers_of_one_name_stay_apart(make_package: PackageMaker) -> None:
    files = {"usr/bin/x": File("1", mode="4755"), "usr/lib/p/x": File("2", mode="4755")}
    plan = plan_tree([make_package("p", files)])
    assert set(plan.wrappers) == {"x", "lib-p-x"}
    assert plan.links["usr/lib/p/x"] == "/run/wrappers/bin/lib-p-x"


def test_var_becomes_state(make_package: PackageMaker) -> None:
    tree = {"var/lib/x": Directory("0750"), "var/lib/y/seed": "1", "var/lib/z": Link("/srv/z"), "var/run": Directory()}
    plan = plan_tree([make_package("x", tree)])
    assert plan.state["var/lib/x"].mode == "0750"
    assert plan.state["var/lib/z"].target == "/srv/z"
    assert "usr/share/factory/var/lib/y/seed" in plan.files
    assert "var/run" not in plan.state


def test_resolve_follows_links_inside_the_tree(make_package: PackageMaker) -> None:
    tree = {"usr/bin/real": "", "usr/bin/a": Link("b"), "usr/bin/b": Link("/usr/bin/real"), "usr/bin/dead": Link("x")}
    plan = plan_tree([make_package("p", tree)])
    assert plan.resolve("usr/bin/a") == "usr/bin/real"
    assert plan.resolve("usr/bin/dead") is None


def test_a_loop_of_links_ends(make_package: PackageMaker) -> None:
    plan = plan_tree([make_package("p", {"usr/bin/a": Link("b"), "usr/bin/b": Link("a")})])
    assert plan.resolve("usr/bin/a") is None


def test_builds_and_shells_have_no_wrappers(make_package: PackageMaker) -> None:
    plan = plan_tree([make_package("mount", {"usr/bin/mount": File("elf", mode="4755")})], has_wrappers=False)
    assert "usr/bin/mount" in plan.files
    assert plan.wrappers["mount"].privilege.mode == 0o4755
