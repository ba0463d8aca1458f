import pytest

from osconf.errors import BuildError
from osconf.system.etc_tree import EtcEntry, declared_entry, plan_etc


def entry(path, target="/osconf/store/x", mode="symlink"):
    return EtcEntry(path, mode, target)


def paths(*arguments):
    return [item.path for item in plan_etc(*arguments)]


def test_declared_takes_the_place_of_packaged():
    planned = plan_etc([entry("a", "/p"), entry("b", "/p")], [entry("a", "/d")], {}, [])
    assert [(item.path, item.target) for item in planned] == [("a", "/d"), ("b", "/p")]


def test_declared_directory_hides_what_packages_have_below_it():
    assert paths([entry("d/x"), entry("e/x")], [entry("d")], {}, []) == ["d", "e/x"]


def test_declared_file_hides_a_packaged_link_in_its_way():
    assert paths([entry("d")], [entry("d/x")], {}, []) == ["d/x"]


def test_units_are_one_link():
    assert paths([entry("systemd/system/x.service")], [], {"systemd/system": "/units"}, []) == ["systemd/system"]


def test_removed():
    assert paths([entry("cron.d/x"), entry("y")], [], {}, ["cron.d"]) == ["y"]


def test_file_in_a_declared_link_is_a_conflict():
    with pytest.raises(BuildError) as caught:
        plan_etc([], [entry("d"), entry("d/x")], {}, [])
    assert caught.value.code == "etc-conflict"


@pytest.mark.parametrize("path", ["", "/", "../x", "a/./b"])
def test_path_must_be_below_etc(path):
    with pytest.raises(BuildError):
        declared_entry({"path": path, "mode": "symlink", "source": "/x", "user": "+0", "group": "+0"})
