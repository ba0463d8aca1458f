"""Choosing and baking alternatives."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.environment.alternatives import bake_alternatives, choose_alternatives
from osconf.environment.facts import Alternative
from osconf.errors import BuildError

from .conftest import FarmMaker, File, Link, PackageMaker

MAWK = Alternative("awk", "/usr/bin/awk", "/usr/bin/mawk", 5, (("/usr/bin/nawk", "nawk", "/usr/bin/mawk"),))
GAWK = Alternative("awk", "/usr/bin/awk", "/usr/bin/gawk", 10)


def test_the_highest_priority_wins() -> None:
    assert choose_alternatives([GAWK, MAWK], {})["awk"] is GAWK


def test_the_path_breaks_ties() -> None:
    first = Alternative("x", "/usr/bin/x", "/usr/bin/x1", 1)
    second = Alternative("x", "/usr/bin/x", "/usr/bin/x2", 1)
    assert choose_alternatives([second, first], {}) == choose_alternatives([first, second], {}) == {"x": second}


@pytest.mark.parametrize("choice", ["/usr/bin/mawk", "mawk"])
def test_an_override_wins(choice: str) -> None:
    assert choose_alternatives([GAWK, MAWK], {"awk": choice})["awk"] is MAWK


def test_an_override_that_nobody_offers_lists_what_is_offered() -> None:
    with pytest.raises(BuildError, match=r"offered: /usr/bin/gawk, /usr/bin/mawk"):
        choose_alternatives([GAWK, MAWK], {"awk": "busybox"})


def test_links_are_baked_with_their_slaves(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("mawk", {"usr/bin/mawk": File("elf", mode="0755")}))
    paths = bake_alternatives(farm, {"awk": MAWK})
    assert farm.path("usr/bin/awk").readlink() == Path("mawk")
    assert farm.path("usr/bin/nawk").readlink() == Path("mawk")
    assert paths == {"awk": "/usr/bin/mawk", "nawk": "/usr/bin/mawk"}


def test_a_slave_that_is_not_there_makes_no_link(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("p", {"usr/bin/p": ""}))
    chosen = Alternative("x", "/usr/bin/x", "/usr/bin/p", 1, (("/usr/share/man/x.gz", "x.gz", "/usr/share/man/p.gz"),))
    bake_alternatives(farm, {"x": chosen})
    assert not farm.has("usr/share/man/x.gz")


def test_old_paths_land_in_usr(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("p", {"usr/sbin/p": ""}))
    bake_alternatives(farm, {"x": Alternative("x", "/sbin/x", "/sbin/p", 1)})
    assert farm.path("usr/sbin/x").readlink() == Path("p")


def test_packages_links_into_etc_alternatives_get_the_real_target(
    make_package: PackageMaker, make_farm: FarmMaker
) -> None:
    tree = {"usr/bin/mawk": "", "usr/share/p/awk": Link("/etc/alternatives/awk")}
    farm = make_farm(make_package("p", tree))
    bake_alternatives(farm, {"awk": MAWK})
    assert farm.path("usr/share/p/awk").readlink() == Path("/usr/bin/mawk")
